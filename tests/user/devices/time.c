/* SPDX-License-Identifier: BSD-2-Clause */
/* The devices `time' and `mem'. */
#include <mach/mach_host.h>
#include <mach/time_value.h>

#include "../common/fault.h"
#include "disk.h"
#include "tests.h"

/* As programs map it: the size of the structure as they know it, at offset 0. */
static volatile struct mapped_time_value *map_time(void)
{
	mach_port_t device = open_device("time"), pager;
	vm_address_t address = 0;

	EXPECT(device_map(device, VM_PROT_READ, 0, 12, &pager, 0), D_SUCCESS);
	EXPECT(vm_map(SELF, &address, 12, 0, TRUE, pager, 0, FALSE, VM_PROT_READ, VM_PROT_READ,
		VM_INHERIT_NONE), KERN_SUCCESS);
	close_device(device);
	close_device(pager);
	return (volatile struct mapped_time_value *) address;
}

static int64_t read_time(volatile const struct mapped_time_value *page)
{
	int64_t seconds;
	integer_t microseconds;

	do {
		seconds = page->seconds;
		microseconds = page->microseconds;
	} while (seconds != page->check_seconds);
	return seconds * TIME_MICROS_MAX + microseconds;
}

static int64_t host_time(void)
{
	time_value_t time;

	EXPECT(host_get_time(tap_host_priv, &time), KERN_SUCCESS);
	return (int64_t) time.seconds * TIME_MICROS_MAX + time.microseconds;
}

/* The page is behind the host's time by less than two ticks, and never ahead or going back. */
void test_time_runs(void)
{
	volatile struct mapped_time_value *page = map_time();
	int64_t before = 0, now, host;

	for (int i = 0; i < 2000; i++) {
		now = read_time(page);
		host = host_time();
		if (!EXPECT_TRUE(now >= before) || !EXPECT_TRUE(now <= host) ||
		    !EXPECT_TRUE(host - now < 30000))
			break;
		before = now;
		if (i % 100 == 0)
			sleep_for(30);
	}
	EXPECT(page->time_value.seconds, page->seconds);
	EXPECT(page->check_seconds64, page->seconds);
	EXPECT_TRUE(page->time_value.nanoseconds >= 0 &&
		page->time_value.nanoseconds < TIME_NANOS_MAX);
	EXPECT(page->check_upseconds64, page->uptime_value.seconds);
	EXPECT_TRUE(page->uptime_value.seconds < 1000);
	EXPECT(vm_deallocate(SELF, (vm_address_t) page, PAGE), KERN_SUCCESS);
}

void test_time_set(void)
{
	volatile struct mapped_time_value *page = map_time();
	time_value_t start, other = { 1234567890, 654321 };

	EXPECT(host_get_time(tap_host_priv, &start), KERN_SUCCESS);
	EXPECT(host_set_time(tap_host_priv, other), KERN_SUCCESS);
	EXPECT(page->seconds, other.seconds);
	EXPECT(page->check_seconds, other.seconds);
	EXPECT_TRUE(page->microseconds >= other.microseconds);
	EXPECT(page->time_value.seconds, other.seconds);
	EXPECT(host_set_time(tap_host_priv, start), KERN_SUCCESS);
	EXPECT_TRUE(page->seconds - start.seconds <= 1);
	EXPECT(vm_deallocate(SELF, (vm_address_t) page, PAGE), KERN_SUCCESS);
}

static void write_byte(void *address)
{
	*(volatile char *) address = 0;
}

/* IL-1: only the structure is in the page.  Nobody writes it, nor reads it as a file. */
void test_time_limits(void)
{
	volatile struct mapped_time_value *page = map_time();
	mach_port_t device = open_device("time"), pager;
	mach_msg_type_number_t count = IO_INBAND_MAX;
	char data[IO_INBAND_MAX] = { 0 };
	struct fault fault;
	io_buf_ptr_t got;
	int done, status[4];

	expect_zeros((const char *) (page + 1), PAGE - sizeof *page);
	fault_run(write_byte, (void *) page, &fault);
	EXPECT(fault.happened, TRUE);
	EXPECT(fault.code, KERN_PROTECTION_FAILURE);
	EXPECT(device_read(device, 0, 0, 12, &got, &count), D_INVALID_OPERATION);
	EXPECT(device_read(device, 0, 0, 0, &got, &count), D_INVALID_OPERATION);
	EXPECT(device_read_inband(device, 0, 0, 12, data, &count), D_INVALID_OPERATION);
	EXPECT(device_write(device, 0, 0, data, 12, &done), D_INVALID_OPERATION);
	EXPECT(device_write_inband(device, 0, 0, data, 12, &done), D_INVALID_OPERATION);
	count = COUNT_OF(status);
	EXPECT(device_get_status(device, DEV_GET_SIZE, status, &count), D_INVALID_OPERATION);
	EXPECT(device_map(device, VM_PROT_READ | VM_PROT_WRITE, 0, PAGE, &pager, 0), D_READ_ONLY);
	EXPECT(device_map(device, VM_PROT_READ, 0, PAGE + 1, &pager, 0), D_INVALID_SIZE);
	EXPECT(device_map(device, VM_PROT_READ, PAGE, PAGE, &pager, 0), D_INVALID_SIZE);
	close_device(device);
	EXPECT(vm_deallocate(SELF, (vm_address_t) page, PAGE), KERN_SUCCESS);
}

/* --- mem ---------------------------------------------------------------------------------- */

#define SCREEN		0xb8000
#define FIRMWARE	0xf0000

static volatile unsigned char *map_physical(mach_port_t device, vm_offset_t at, vm_size_t size,
	vm_prot_t prot)
{
	vm_address_t address = 0;
	mach_port_t pager;

	if (!EXPECT(device_map(device, prot, at, size, &pager, 0), D_SUCCESS))
		return NULL;
	EXPECT(vm_map(SELF, &address, size, 0, TRUE, pager, 0, FALSE, prot, VM_PROT_ALL,
		VM_INHERIT_SHARE), KERN_SUCCESS);
	close_device(pager);
	return (volatile unsigned char *) address;
}

/* The screen keeps what is written; the first instruction after a reset is a far jump. */
void test_mem(void)
{
	mach_port_t device = open_device("mem");
	volatile unsigned char *screen = map_physical(device, SCREEN, 0x8000, 3);
	volatile unsigned char *again = map_physical(device, SCREEN, PAGE, 1);
	volatile unsigned char *firmware = map_physical(device, FIRMWARE, 0x10000, 1);
	volatile unsigned char *first = map_physical(device, 0, PAGE, 1);

	if (screen == NULL || again == NULL || firmware == NULL || first == NULL)
		return;
	screen[0] = 'P';
	EXPECT(again[0], 'P');
	screen[0] = 'Q';
	EXPECT(again[0], 'Q');
	EXPECT(firmware[0xfff0], 0xea);
	EXPECT(first[0x413] + first[0x414] * 256 <= 640, TRUE);
	EXPECT(vm_deallocate(SELF, (vm_address_t) screen, 0x8000), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, (vm_address_t) again, PAGE), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, (vm_address_t) firmware, 0x10000), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, (vm_address_t) first, PAGE), KERN_SUCCESS);
	close_device(device);
}

/* RAM is never mapped, nor read or written. */
void test_mem_limits(void)
{
	static const struct {
		vm_offset_t	at;
		vm_size_t	size;
	} ram[] = {
		{ 0, 2 * PAGE }, { PAGE, PAGE }, { 0x9e000, PAGE }, { 0x9e000, 0x10000 },
		{ 0xff000, 2 * PAGE }, { 0x100000, PAGE }, { 0x1000000, PAGE },
		{ 0xa0000, 0x40000000 }, { 0, 0xfffff000 }, { PAGE, 0xfffff000 },
	};
	mach_port_t device = open_device("mem"), pager;
	mach_msg_type_number_t count = IO_INBAND_MAX;
	char data[IO_INBAND_MAX] = { 0 };
	int done;

	for (unsigned int i = 0; i < COUNT_OF(ram); i++) {
		tap_about("%x at %x", ram[i].size, ram[i].at);
		EXPECT(device_map(device, VM_PROT_READ, ram[i].at, ram[i].size, &pager, 0),
			D_INVALID_OPERATION);
	}
	tap_about("%s", "");
	EXPECT(device_map(device, VM_PROT_READ, 0xfffff000, PAGE + 1, &pager, 0), D_INVALID_SIZE);
	EXPECT(device_map(device, VM_PROT_READ, 0xffff0000, 0x10000, &pager, 0), D_SUCCESS);
	close_device(pager);
	EXPECT(device_read_inband(device, 0, 0, 12, data, &count), D_INVALID_OPERATION);
	EXPECT(device_write_inband(device, 0, 0, data, 12, &done), D_INVALID_OPERATION);
	close_device(device);
}
