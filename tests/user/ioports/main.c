/* SPDX-License-Identifier: BSD-2-Clause */
/* Permission to use I/O ports. */
#include <mach.h>
#include <mach/i386/mach_i386.h>
#include <mach/exception.h>
#include <mach/mach_traps.h>

#include "../common/fault.h"
#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"

#define SELF		mach_task_self()
#define PORT_COUNT	65536u
#define QUIET_PORT	0x80u		/* reads and writes of it do nothing */

static void read_port(void *argument)
{
	uint8_t value;

	__asm__ volatile("inb %w1, %b0" : "=a" (value) : "d" ((uintptr_t) argument));
}

/* Does reading the port fault?  It must do it in the documented way. */
static boolean_t is_refused(unsigned int port)
{
	struct fault fault;

	fault_run(read_port, (void *) (uintptr_t) port, &fault);
	if (fault.happened) {
		EXPECT(fault.exception, EXC_BAD_INSTRUCTION);
		EXPECT(fault.code, EXC_I386_GPFLT);
		EXPECT(fault.subcode, 0);
	}
	return fault.happened;
}

static mach_port_t range_new(unsigned int from, unsigned int to)
{
	mach_port_t range = MACH_PORT_NULL;

	EXPECT(i386_io_perm_create(tap_device_master, from, to, &range), KERN_SUCCESS);
	return range;
}

static void range_end(mach_port_t range)
{
	EXPECT(mach_port_deallocate(SELF, range), KERN_SUCCESS);
}

static void test_codes(void)
{
	mach_port_t range = range_new(0x80, 0x80), thread = mach_thread_self(), other = port_new();
	mach_port_t got;

	EXPECT(i386_io_perm_create(tap_device_master, 2, 1, &got), KERN_INVALID_ARGUMENT);
	EXPECT(i386_io_perm_create(SELF, 1, 2, &got), KERN_INVALID_ARGUMENT);
	EXPECT(i386_io_perm_create(range, 1, 2, &got), KERN_INVALID_ARGUMENT);
	EXPECT(i386_io_perm_modify(thread, range, TRUE), KERN_INVALID_ARGUMENT);
	EXPECT(i386_io_perm_modify(range, range, TRUE), KERN_INVALID_ARGUMENT);
	EXPECT(i386_io_perm_modify(SELF, SELF, TRUE), KERN_INVALID_ARGUMENT);
	EXPECT(i386_io_perm_modify(SELF, tap_device_master, TRUE), KERN_INVALID_ARGUMENT);
	EXPECT(i386_io_perm_modify(SELF, tap_host_priv, TRUE), KERN_INVALID_ARGUMENT);
	EXPECT(i386_io_perm_modify(SELF, MACH_PORT_NULL, TRUE), KERN_INVALID_ARGUMENT);
	port_make_send(other);
	EXPECT(i386_io_perm_modify(SELF, other, TRUE), KERN_INVALID_ARGUMENT);
	EXPECT_TRUE(is_refused(QUIET_PORT));
	range_end(range);
	port_destroy(other);
	EXPECT(mach_port_deallocate(SELF, thread), KERN_SUCCESS);
}

static void test_grant(void)
{
	mach_port_t range = range_new(QUIET_PORT, QUIET_PORT);

	EXPECT_TRUE(is_refused(QUIET_PORT));
	EXPECT(i386_io_perm_modify(SELF, range, TRUE), KERN_SUCCESS);
	EXPECT_TRUE(!is_refused(QUIET_PORT));
	EXPECT_TRUE(is_refused(QUIET_PORT - 1));
	EXPECT_TRUE(is_refused(QUIET_PORT + 1));
	sleep_for(20);			/* others have run */
	EXPECT_TRUE(!is_refused(QUIET_PORT));
	EXPECT(i386_io_perm_modify(SELF, range, FALSE), KERN_SUCCESS);
	EXPECT_TRUE(is_refused(QUIET_PORT));
	range_end(range);
	EXPECT_TRUE(is_refused(QUIET_PORT));
}

/* The permission stays when the range is given back, and goes to no child. */
static void test_inheritance(void)
{
	mach_port_t range = range_new(QUIET_PORT, QUIET_PORT);

	EXPECT(i386_io_perm_modify(SELF, range, TRUE), KERN_SUCCESS);
	range_end(range);
	EXPECT_TRUE(!is_refused(QUIET_PORT));
	EXPECT_TRUE(fault_kills_task(read_port, (void *) QUIET_PORT));
	EXPECT_TRUE(!is_refused(QUIET_PORT));
	range = range_new(0, PORT_COUNT - 1);
	EXPECT(i386_io_perm_modify(SELF, range, FALSE), KERN_SUCCESS);
	EXPECT_TRUE(is_refused(QUIET_PORT));
	range_end(range);
}

/* --- many ranges against a model ------------------------------------------------------------- */

static unsigned char model[PORT_COUNT];

/* Ports that can be read without harm: where no device of a PC is. */
static const unsigned int quiet[] = { 0x80, 0x81, 0x84, 0x85, 0x86, 0x88, 0xe0, 0xe1, 0xed, 0xef,
	0x0f00, 0x0f07, 0x0f08, 0x0f0f, 0xfff0, 0xfff7, 0xfffe, 0xffff };

static unsigned int next_random(unsigned int below)
{
	static unsigned int state = 12345;

	state = state * 1103515245u + 12345u;
	return (state >> 8) % below;
}

static void change(unsigned int from, unsigned int to, boolean_t enable)
{
	mach_port_t range = range_new(from, to);

	EXPECT(i386_io_perm_modify(SELF, range, enable), KERN_SUCCESS);
	for (unsigned int port = from; port <= to; port++)
		model[port] = enable;
	range_end(range);
}

static void test_ranges(void)
{
	for (int i = 0; i < 60; i++) {
		unsigned int a = quiet[next_random(COUNT_OF(quiet))];
		unsigned int b = a + next_random(12);

		change(a, b < PORT_COUNT ? b : PORT_COUNT - 1, next_random(2));
		for (unsigned int j = 0; j < COUNT_OF(quiet); j++) {
			tap_about("port %x in step %d", quiet[j], i);
			EXPECT(is_refused(quiet[j]), !model[quiet[j]]);
		}
	}
	tap_about("%s", "");
	change(0, PORT_COUNT - 1, TRUE);
	for (unsigned int j = 0; j < COUNT_OF(quiet); j++)
		EXPECT(is_refused(quiet[j]), FALSE);
	change(0, PORT_COUNT - 1, FALSE);
	for (unsigned int j = 0; j < COUNT_OF(quiet); j++)
		EXPECT(is_refused(quiet[j]), TRUE);
}

/* --- the objects -------------------------------------------------------------------------------- */

static natural_t free_pages(void)
{
	struct vm_statistics statistics;

	EXPECT(vm_statistics(SELF, &statistics), KERN_SUCCESS);
	return statistics.free_count;
}

/* What a range took is back when its last right has gone: by name, in a message, with a task. */
static void test_many_objects(void)
{
	natural_t before = free_pages();

	for (int i = 0; i < 20000; i++)
		range_end(range_new(i, i));
	for (int i = 0; i < 200; i++) {
		mach_port_t port = port_new();
		struct message message;

		message_init(&message, port, MACH_MSG_TYPE_MAKE_SEND_ONCE, MACH_PORT_NULL, 0);
		message_right(&message, range_new(i, i), MACH_MSG_TYPE_MOVE_SEND);
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		port_destroy(port);
	}
	EXPECT_TRUE(free_pages() + 8 >= before);
}

static void test_forged_notifications(void)
{
	mach_port_t range = range_new(QUIET_PORT, QUIET_PORT), reply = port_new();

	for (mach_msg_id_t id = 64; id <= 72; id++) {
		struct message message;

		message_init(&message, range, MACH_MSG_TYPE_COPY_SEND, reply,
			MACH_MSG_TYPE_MAKE_SEND_ONCE);
		message.header.msgh_id = id;
		message_word(&message, 0x10012002);
		message_word(&message, 0);
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		EXPECT(message_receive(&message, reply), MACH_MSG_SUCCESS);
		EXPECT(message.body[1], (unsigned int) MIG_BAD_ID);
	}
	EXPECT(i386_io_perm_modify(SELF, range, TRUE), KERN_SUCCESS);
	EXPECT_TRUE(!is_refused(QUIET_PORT));
	EXPECT(i386_io_perm_modify(SELF, range, FALSE), KERN_SUCCESS);
	range_end(range);
	port_destroy(reply);
}

static const struct test tests[] = {
	{ .name = "MK-7 codes", .run = test_codes, .ours = TRUE },
	{ .name = "giving and taking", .run = test_grant },
	{ .name = "who has the permission", .run = test_inheritance },
	{ .name = "TM-9 many ranges", .run = test_ranges },
	{ .name = "ND-3 ND-4 many ranges come and go", .run = test_many_objects },
	{ .name = "ND-1 forged notifications", .run = test_forged_notifications },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
