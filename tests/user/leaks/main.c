/* SPDX-License-Identifier: BSD-2-Clause */
/* Nothing of others' memory in what the kernel gives; for the answers of all routines see sweep. */
#include <device/device.h>
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/mach_host.h>
#include <mach/mach_traps.h>
#include <mach/notify.h>
#include <mach/task_special_ports.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/rtc.h"
#include "../common/secret.h"
#include "../common/tap.h"

#define SELF		mach_task_self()
#define FILL_PAGES	64
#define EXCEPTION_ID	2400
#define NEW_TASK_ID	4400
#define INTERRUPT_ID	100

/* --- messages that the kernel sends by itself ------------------------------------------------- */

/* A message to a queue that takes none is accepted when its port dies. */
static void cause_accepted(mach_port_t notify)
{
	static struct message message;
	mach_port_t full = port_new_with_send(1);

	EXPECT(mach_port_set_qlimit(SELF, full, 0), KERN_SUCCESS);
	message_init(&message, full, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_SEND_NOTIFY,
		sizeof message.header, 0, MACH_PORT_NULL, 0, notify), MACH_SEND_WILL_NOTIFY);
	port_destroy(full);
}

static void cause_notifications(mach_port_t notify)
{
	mach_port_t port = port_new(), name, carrier = port_new();

	port_make_send(port);
	EXPECT(port_request(port, MACH_NOTIFY_NO_SENDERS, 0, notify), KERN_SUCCESS);
	EXPECT(port_request(port, MACH_NOTIFY_DEAD_NAME, 0, notify), KERN_SUCCESS);
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, -1), KERN_SUCCESS);
	port_make_send(port);
	port_destroy(port);				/* no-senders, port-deleted */
	name = port_make_send_once(notify);
	port_destroy(name);				/* send-once */
	port = port_new();
	EXPECT(port_request(port, MACH_NOTIFY_PORT_DESTROYED, 0, notify), KERN_SUCCESS);
	port_destroy(port);
	name = port_make_send_once(carrier);
	EXPECT(port_request(name, MACH_NOTIFY_DEAD_NAME, 0, notify), KERN_SUCCESS);
	port_destroy(carrier);
	port_destroy(name);
	cause_accepted(notify);
}

#define ON(id)	(1u << ((id) - MACH_NOTIFY_FIRST))

static void test_notifications(void)
{
	mach_port_t notify = port_new();

	for (int round = 0; round < SECRET_PATTERNS; round++) {
		unsigned char pattern = secret_patterns[round];
		unsigned int kinds = 0;

		secret_spread(pattern, FILL_PAGES);
		cause_notifications(notify);
		while (port_status(notify).mps_msgcount > 0)
			kinds |= ON(secret_receive(pattern, notify));
		EXPECT(kinds, ON(MACH_NOTIFY_PORT_DELETED) | ON(MACH_NOTIFY_MSG_ACCEPTED) |
			ON(MACH_NOTIFY_PORT_DESTROYED) | ON(MACH_NOTIFY_NO_SENDERS) |
			ON(MACH_NOTIFY_SEND_ONCE) | ON(MACH_NOTIFY_DEAD_NAME));
	}
	port_destroy(notify);
}

static void fault(void *argument)
{
	*(volatile int *) argument = 1;
}

static void test_exceptions(void)
{
	mach_port_t handler = port_new();

	port_make_send(handler);
	for (int round = 0; round < SECRET_PATTERNS; round++) {
		unsigned char pattern = secret_patterns[round];
		mach_port_t thread;

		EXPECT(mach_thread_prepare(fault, NULL, &thread), KERN_SUCCESS);
		EXPECT(thread_set_special_port(thread, THREAD_EXCEPTION_PORT, handler),
			KERN_SUCCESS);
		secret_spread(pattern, FILL_PAGES);
		EXPECT(thread_resume(thread), KERN_SUCCESS);
		while (port_status(handler).mps_msgcount == 0)
			sleep_for(10);
		EXPECT(thread_terminate(thread), KERN_SUCCESS);
		EXPECT(secret_receive(pattern, handler), EXCEPTION_ID);
		port_destroy(thread);
	}
	port_destroy(handler);
}

/* A new task is told. */
static void test_new_tasks(void)
{
	mach_port_t port = port_new_with_send(1), task;

	EXPECT(register_new_task_notification(tap_host_priv, port, MACH_MSG_TYPE_COPY_SEND),
		KERN_SUCCESS);
	for (int round = 0; round < SECRET_PATTERNS; round++) {
		secret_spread(secret_patterns[round], FILL_PAGES);
		EXPECT(task_create(SELF, FALSE, &task), KERN_SUCCESS);
		EXPECT(secret_receive(secret_patterns[round], port), NEW_TASK_ID);
		EXPECT(task_terminate(task), KERN_SUCCESS);
		EXPECT(mach_port_deallocate(SELF, task), KERN_SUCCESS);
	}
	port_destroy(port);
}

/* An interrupt of the CMOS clock, 256 of which it makes in a second. */
static void test_interrupts(void)
{
	mach_port_t device, port = port_new();

	EXPECT(device_open(tap_device_master, 0, "irq", &device), KERN_SUCCESS);
	EXPECT(device_intr_register(device, RTC_LINE, 0, port, MACH_MSG_TYPE_MAKE_SEND),
		KERN_SUCCESS);
	rtc_start();
	for (int round = 0; round < SECRET_PATTERNS; round++) {
		EXPECT(secret_receive(secret_patterns[round], port), INTERRUPT_ID);
		secret_spread(secret_patterns[(round + 1) % SECRET_PATTERNS], FILL_PAGES);
		rtc_served();
		EXPECT(device_intr_ack(device, port, MACH_MSG_TYPE_MAKE_SEND), KERN_SUCCESS);
	}
	rtc_stop();
	port_destroy(port);
	EXPECT(mach_port_deallocate(SELF, device), KERN_SUCCESS);
}

/* --- memory ---------------------------------------------------------------------------------------- */

static void test_zero_memory(void)
{
	vm_address_t address = 0;
	vm_size_t size = 256 * PAGE_SIZE;

	for (int round = 0; round < 8; round++) {
		secret_spread(secret_patterns[0], FILL_PAGES);
		address = 0;
		EXPECT(vm_allocate(SELF, &address, size, TRUE), KERN_SUCCESS);
		for (unsigned int *word = (unsigned int *) address;
				(vm_address_t) word < address + size; word++)
			if (*word != 0) {
				tap_fail("%x at %x", *word, (unsigned int) (uintptr_t) word);
				break;
			}
		memset((void *) address, secret_patterns[0], size);
		EXPECT(vm_deallocate(SELF, address, size), KERN_SUCCESS);
	}
}

/* The bytes around what was sent out of line do not come along. */
static void test_pages_around_data(void)
{
	mach_port_t port = port_new();
	vm_address_t address = 0;

	EXPECT(vm_allocate(SELF, &address, 2 * PAGE_SIZE, TRUE), KERN_SUCCESS);
	for (unsigned int size = 1; size <= PAGE_SIZE; size += size + 1) {
		static struct message message;

		memset((void *) address, secret_patterns[0], 2 * PAGE_SIZE);
		memset((void *) (address + 100), 1, size);
		message_init(&message, port, MACH_MSG_TYPE_MAKE_SEND_ONCE, MACH_PORT_NULL, 0);
		message_memory(&message, MACH_MSG_TYPE_BYTE, 8, size, (void *) (address + 100), 0);
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
		secret_expect_clean(secret_patterns[0], &message.header);
		mach_msg_destroy(&message.header);
	}
	EXPECT(vm_deallocate(SELF, address, 2 * PAGE_SIZE), KERN_SUCCESS);
	port_destroy(port);
}

/* --- counts and fresh threads ---------------------------------------------------------------------- */

#define STATE_WORDS	150

/* No more words are written than the call says, whatever room there is. */
static void test_counts(void)
{
	mach_port_t thread;

	EXPECT(thread_create(SELF, &thread), KERN_SUCCESS);
	for (int flavor = 0; flavor <= 9; flavor++)
		for (unsigned int room = 0; room <= 34; room++) {
			natural_t state[STATE_WORDS];
			mach_msg_type_number_t count = room;

			secret_spread(secret_patterns[0], 1);
			memset(state, 0x77, sizeof state);
			if (thread_get_state(thread, flavor, state, &count) != KERN_SUCCESS)
				continue;
			tap_about("flavour %d, room %u, count %u", flavor, room, count);
			EXPECT_TRUE(count <= room);
			secret_expect_none(secret_patterns[0], state, count * sizeof *state);
			for (unsigned int i = count; i < STATE_WORDS; i++)
				EXPECT(state[i], 0x77777777);
		}
	tap_about("%s", "");
	port_destroy(thread);
}

/* A thread that never ran has registers of zeros, but for segments, flags and the FPU's reset. */
static void test_fresh_registers(void)
{
	for (int round = 0; round < 4; round++) {
		natural_t state[STATE_WORDS];
		mach_msg_type_number_t count = 17;
		mach_port_t thread;

		secret_spread(secret_patterns[0], FILL_PAGES);
		EXPECT(thread_create(SELF, &thread), KERN_SUCCESS);
		EXPECT(thread_get_state(thread, 1, state, &count), KERN_SUCCESS);
		EXPECT(count, 17);
		for (unsigned int i = 0; i < 4; i++)
			EXPECT(state[i], 0x1f);		/* gs, fs, es, ds */
		for (unsigned int i = 4; i < 13; i++)
			EXPECT(state[i], 0);		/* edi to eax, eip */
		EXPECT(state[13], 0x17);
		EXPECT(state[14], 0x200);
		EXPECT(state[15], 0);
		EXPECT(state[16], 0x1f);
		EXPECT(thread_terminate(thread), KERN_SUCCESS);
		port_destroy(thread);
	}
}

static const struct test tests[] = {
	{ .name = "IL-1 notifications", .run = test_notifications },
	{ .name = "IL-1 exceptions", .run = test_exceptions },
	{ .name = "IL-1 news of tasks", .run = test_new_tasks },
	{ .name = "IL-1 interrupts", .run = test_interrupts },
	{ .name = "IL-6 new memory", .run = test_zero_memory },
	{ .name = "IL-6 pages around what was sent", .run = test_pages_around_data, .ours = TRUE },
	{ .name = "IL-3 no more than the count", .run = test_counts },
	{ .name = "IL-5 registers of a new thread", .run = test_fresh_registers },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
