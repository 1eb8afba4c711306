/* SPDX-License-Identifier: BSD-2-Clause */
/* Ramdisks: reading and writing. */
#include <libmach/string.h>

#include "disk.h"
#include "tests.h"

static char expected_byte(unsigned int at)
{
	static const char line[] = "byte 00000 of the disk\n";
	unsigned int in_line = at % 23, number = at - in_line;

	if (at >= FILE_SIZE)
		return 0;
	if (in_line < 5 || in_line > 9)
		return line[in_line];
	for (; in_line < 9; in_line++)
		number /= 10;
	return '0' + number % 10;
}

void expect_disk(const char *data, unsigned int at, unsigned int size)
{
	unsigned int i = 0;

	while (i < size && data[i] == expected_byte(at + i))
		i++;
	EXPECT(i, size);
}

void expect_zeros(const char *data, unsigned int size)
{
	unsigned int i = 0;

	while (i < size && data[i] == 0)
		i++;
	EXPECT(i, size);
}

/* Read, compare, and give the memory back. */
static void expect_read(mach_port_t disk, recnum_t recnum, unsigned int size)
{
	mach_msg_type_number_t count = 0;
	io_buf_ptr_t data = NULL;

	tap_about("record %u, %u bytes", (unsigned int) recnum, size);
	EXPECT(device_read(disk, 0, recnum, size, &data, &count), D_SUCCESS);
	if (EXPECT(count, size) && size > 0) {
		unsigned int span = (size + PAGE - 1) & ~(PAGE - 1);

		expect_disk(data, recnum * RECORD, size);
		expect_zeros(data + size, span - size);
		EXPECT(vm_deallocate(SELF, (vm_address_t) data, size), KERN_SUCCESS);
	}
	tap_about("%s", "");
}

/* IL-1: behind the file there are zeros up to the record's end, and nothing of the next disk. */
void test_ramdisk_contents(void)
{
	static const unsigned int sizes[] = { 0, 1, 127, 128, 511, 512, 513, 4095, 4096, 4097 };
	mach_port_t disk = open_device("rd0");
	char data[IO_INBAND_MAX];
	mach_msg_type_number_t count;

	for (recnum_t recnum = 0; recnum < RECORDS; recnum++) {
		for (unsigned int i = 0; i < COUNT_OF(sizes); i++)
			if (recnum * RECORD + sizes[i] <= DISK_SIZE)
				expect_read(disk, recnum, sizes[i]);
		expect_read(disk, recnum, DISK_SIZE - recnum * RECORD);
		count = sizeof data;
		EXPECT(device_read_inband(disk, 0, recnum, sizeof data, data, &count), D_SUCCESS);
		EXPECT(count, sizeof data);
		expect_disk(data, recnum * RECORD, sizeof data);
	}
	count = sizeof data;
	EXPECT(device_read_inband(disk, 0, 0, RECORD, data, &count), D_SUCCESS);
	EXPECT(count, IO_INBAND_MAX);
	close_device(disk);
}

void test_ramdisk_status(void)
{
	static const struct {
		const char	*name;
		unsigned int	size;
	} disks[] = { { "rd", DISK_SIZE }, { "rd0", DISK_SIZE }, { "rd1", DISK_SIZE },
		{ "rd2", EMPTY_SIZE } };
	int status[DEV_STATUS_MAX];

	for (unsigned int i = 0; i < COUNT_OF(disks); i++) {
		mach_port_t disk = open_device(disks[i].name);
		mach_msg_type_number_t count = DEV_GET_SIZE_COUNT;

		tap_about("%s", disks[i].name);
		EXPECT(device_get_status(disk, DEV_GET_SIZE, status, &count), D_SUCCESS);
		EXPECT(count, DEV_GET_SIZE_COUNT);
		EXPECT(status[DEV_GET_SIZE_DEVICE_SIZE], disks[i].size);
		EXPECT(status[DEV_GET_SIZE_RECORD_SIZE], RECORD);
		count = DEV_STATUS_MAX;
		EXPECT(device_get_status(disk, DEV_GET_RECORDS, status, &count), D_SUCCESS);
		EXPECT(count, DEV_GET_RECORDS_COUNT);
		EXPECT(status[DEV_GET_RECORDS_DEVICE_RECORDS], disks[i].size / RECORD);
		EXPECT(status[DEV_GET_RECORDS_RECORD_SIZE], RECORD);
		EXPECT(device_get_status(disk, DEV_FLUSH_CACHE, status, &count), D_SUCCESS);
		EXPECT(count, 0);
		for (count = 0; count < DEV_GET_SIZE_COUNT; count++)
			EXPECT(device_get_status(disk, DEV_GET_SIZE, status, &count),
				D_INVALID_OPERATION);
		count = DEV_STATUS_MAX;
		EXPECT(device_get_status(disk, 77, status, &count), D_INVALID_OPERATION);
		EXPECT(device_set_status(disk, DEV_GET_SIZE, status, 2), D_INVALID_OPERATION);
		close_device(disk);
	}
	tap_about("%s", "");
}

static const struct {
	recnum_t	recnum;
	int		size;
	io_return_t	code;
} limits[] = {
	{ RECORDS - 1, RECORD + 1, D_INVALID_SIZE },
	{ 0, DISK_SIZE + 1, D_INVALID_SIZE },
	{ 0, 0x7fffffff, D_INVALID_SIZE },
	{ RECORDS - 1, 0x7fffffff, D_INVALID_SIZE },
	{ RECORDS, 0, D_INVALID_RECNUM },
	{ RECORDS, 1, D_INVALID_RECNUM },
	{ 0x7fffff, 512, D_INVALID_RECNUM },	/* times 512: nearly 4 GiB, 4 GiB, beyond */
	{ 0x800000, 512, D_INVALID_RECNUM },
	{ 0x800001, 512, D_INVALID_RECNUM },
	{ 0x7fffffff, 512, D_INVALID_RECNUM },
	{ 0xffffffff, 0, D_INVALID_RECNUM },
	{ 0xffffffff, 0x7fffffff, D_INVALID_RECNUM },
};

/* MO-8: nothing outside. */
void test_ramdisk_limits(void)
{
	static char zeros[DISK_SIZE + RECORD];
	mach_port_t disk = open_device("rd0");
	mach_msg_type_number_t count;
	io_buf_ptr_t data;
	int done;

	for (unsigned int i = 0; i < COUNT_OF(limits); i++) {
		tap_about("record %u, %d bytes", (unsigned int) limits[i].recnum, limits[i].size);
		EXPECT(device_read(disk, 0, limits[i].recnum, limits[i].size, &data, &count),
			limits[i].code);
		if (limits[i].size <= (int) sizeof zeros)
			EXPECT(device_write(disk, 0, limits[i].recnum, zeros, limits[i].size,
				&done), limits[i].code);
	}
	tap_about("%s", "");
	EXPECT(device_read(disk, 0, 0, -1, &data, &count), D_INVALID_SIZE);
	EXPECT(device_read(disk, 0, 0, -0x7fffffff - 1, &data, &count), D_INVALID_SIZE);
	count = 0;
	EXPECT(device_read_inband(disk, 0, 0, -1, zeros, &count), D_INVALID_SIZE);
	EXPECT(device_read_inband(disk, 0, RECORDS, 1, zeros, &count), D_INVALID_RECNUM);
	EXPECT(device_write_inband(disk, 0, RECORDS, zeros, 1, &done), D_INVALID_RECNUM);
	expect_read(disk, 0, DISK_SIZE);
	EXPECT(device_open(MASTER, 0, "rd3", &disk), D_NO_SUCH_DEVICE);
	EXPECT(device_open(MASTER, 0, "rd00000000000000000003", &disk), D_NO_SUCH_DEVICE);
	EXPECT(device_open(MASTER, 0, "rd4294967296", &disk), D_NO_SUCH_DEVICE);
	EXPECT(device_open(MASTER, 0, "rd0s1", &disk), D_NO_SUCH_DEVICE);
	close_device(disk);
}

/* What is written is read again; the neighbours stay as they are. */
void test_ramdisk_write(void)
{
	mach_port_t disk = open_device("rd2"), other = open_device("rd1");
	static char data[EMPTY_SIZE];
	mach_msg_type_number_t count;
	io_buf_ptr_t got;
	int done;

	EXPECT(device_read(disk, 0, 0, EMPTY_SIZE, &got, &count), D_SUCCESS);
	expect_zeros(got, EMPTY_SIZE);
	EXPECT(vm_deallocate(SELF, (vm_address_t) got, EMPTY_SIZE), KERN_SUCCESS);
	for (unsigned int i = 0; i < EMPTY_SIZE; i++)
		data[i] = i * 7 + i / 256;
	EXPECT(device_write(disk, 0, 0, data, EMPTY_SIZE, &done), D_SUCCESS);
	EXPECT(done, EMPTY_SIZE);
	memset(data + 3 * RECORD, 'x', 100);
	EXPECT(device_write_inband(disk, 0, 3, data + 3 * RECORD, 100, &done), D_SUCCESS);
	EXPECT(done, 100);
	memset(data + 5 * RECORD, 'y', 700);
	EXPECT(device_write(disk, 0, 5, data + 5 * RECORD, 700, &done), D_SUCCESS);
	EXPECT(done, 700);
	EXPECT(device_write(disk, 0, 5, data, 0, &done), D_SUCCESS);
	EXPECT(done, 0);
	EXPECT(device_read(disk, 0, 0, EMPTY_SIZE, &got, &count), D_SUCCESS);
	EXPECT(memcmp(got, data, EMPTY_SIZE), 0);
	EXPECT(vm_deallocate(SELF, (vm_address_t) got, EMPTY_SIZE), KERN_SUCCESS);
	memset(data, 0, EMPTY_SIZE);
	EXPECT(device_write(disk, 0, 0, data, EMPTY_SIZE, &done), D_SUCCESS);
	expect_read(other, 0, DISK_SIZE);
	close_device(disk);
	close_device(other);
}

/* Opened for reading alone it is another port, which never writes. */
void test_ramdisk_read_only(void)
{
	mach_port_t disk = open_device("rd0"), reader, again;
	char data[IO_INBAND_MAX] = "nothing";
	int done;

	EXPECT(device_open(MASTER, D_READ, "rd0", &reader), D_SUCCESS);
	EXPECT_TRUE(reader != disk);
	EXPECT(device_open_new(MASTER, D_READ | D_NOWAIT, "rd0", &again), D_SUCCESS);
	EXPECT(again, reader);
	close_device(again);
	expect_read(reader, 0, DISK_SIZE);
	EXPECT(device_write(reader, D_WRITE, 0, data, 10, &done), D_READ_ONLY);
	EXPECT(device_write_inband(reader, D_WRITE, 0, data, 10, &done), D_READ_ONLY);
	EXPECT(device_write(reader, 0, 0, data, 0, &done), D_READ_ONLY);
	expect_read(disk, 0, DISK_SIZE);
	close_device(reader);
	close_device(disk);
}
