/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of the host's routines. */
#include <libmach/string.h>
#include <mach.h>
#include <mach/mach_host.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF	mach_task_self()

static void release(mach_port_t port)
{
	EXPECT(mach_port_deallocate(SELF, port), KERN_SUCCESS);
}

static void try_info(mach_port_t host)
{
	struct host_basic_info basic;
	struct host_sched_info schedule;
	struct host_load_info load;
	mach_msg_type_number_t count;
	int slots[16];

	count = HOST_BASIC_INFO_COUNT;
	EXPECT(host_info(host, HOST_BASIC_INFO, (host_info_t) &basic, &count), KERN_SUCCESS);
	EXPECT(count, HOST_BASIC_INFO_COUNT);
	EXPECT(basic.avail_cpus, 1);
	EXPECT(basic.cpu_type, 19);
	EXPECT_TRUE(basic.memory_size > 8 * 1024 * 1024);
	count = HOST_SCHED_INFO_COUNT;
	EXPECT(host_info(host, HOST_SCHED_INFO, (host_info_t) &schedule, &count), KERN_SUCCESS);
	EXPECT(schedule.min_timeout, 10);
	EXPECT(schedule.min_quantum, 30);
	count = HOST_LOAD_INFO_COUNT;
	EXPECT(host_info(host, HOST_LOAD_INFO, (host_info_t) &load, &count), KERN_SUCCESS);
	count = 16;
	EXPECT(host_info(host, HOST_PROCESSOR_SLOTS, slots, &count), KERN_SUCCESS);
	EXPECT(count, 1);
	EXPECT(slots[0], 0);
}

/* The plain port and the privileged one answer alike. */
void test_info(void)
{
	mach_port_t host = mach_host_self();

	try_info(host);
	try_info(tap_host_priv);
	release(host);
}

void test_info_codes(void)
{
	mach_port_t host = mach_host_self();
	mach_msg_type_number_t count;
	integer_t words[HOST_INFO_MAX];

	count = HOST_BASIC_INFO_COUNT - 1;
	EXPECT(host_info(host, HOST_BASIC_INFO, words, &count), KERN_FAILURE);
	count = 0;
	EXPECT(host_info(host, HOST_SCHED_INFO, words, &count), KERN_FAILURE);
	count = 0;
	EXPECT(host_info(host, HOST_PROCESSOR_SLOTS, words, &count), KERN_INVALID_ARGUMENT);
	count = HOST_INFO_MAX;
	EXPECT(host_info(host, 99, words, &count), KERN_INVALID_ARGUMENT);
	EXPECT(host_info(SELF, HOST_BASIC_INFO, words, &count), KERN_INVALID_ARGUMENT);
	EXPECT(host_info(MACH_PORT_NULL, HOST_BASIC_INFO, words, &count),
		MACH_SEND_INVALID_DEST);
	release(host);
}

void test_versions(void)
{
	kernel_version_t version;
	mach_port_t host = mach_host_self();

	memset(version, 0xee, sizeof version);
	EXPECT(host_kernel_version(host, version), KERN_SUCCESS);
	EXPECT_TRUE(strnlen(version, sizeof version) < sizeof version);
	EXPECT_TRUE(version[0] >= 'A' && version[0] <= 'Z');
	release(host);
}

void test_time(void)
{
	mach_port_t host = mach_host_self();
	time_value_t time;

	EXPECT(host_get_time(host, &time), KERN_SUCCESS);
	EXPECT_TRUE(time.microseconds >= 0 && time.microseconds < 1000000);
	EXPECT_TRUE(time.seconds > 0);
	EXPECT(host_get_time(SELF, &time), KERN_INVALID_HOST);
	release(host);
}

static unsigned int milliseconds(mach_port_t host)
{
	time_value_t time = { 0 };

	EXPECT(host_get_time(host, &time), KERN_SUCCESS);
	return time.seconds * 1000u + time.microseconds / 1000;
}

/* A wait takes at least as long as was asked, by the kernel's own clock. */
void test_time_advances(void)
{
	mach_port_t host = mach_host_self();
	unsigned int begin = milliseconds(host), took;

	sleep_for(200);
	took = milliseconds(host) - begin;
	tap_about("a wait of 200 ms took %u", took);
	EXPECT_TRUE(took >= 195);
	EXPECT_TRUE(took < 2000);
	release(host);
}

void test_default_set(void)
{
	mach_port_t host = mach_host_self(), set = MACH_PORT_NULL;

	EXPECT(processor_set_default(host, &set), KERN_SUCCESS);
	EXPECT_TRUE(port_type(set) & MACH_PORT_TYPE_SEND);
	EXPECT(task_suspend(set), KERN_INVALID_ARGUMENT);
	release(set);
	release(host);
}
