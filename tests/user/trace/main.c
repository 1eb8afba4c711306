/* SPDX-License-Identifier: BSD-2-Clause */
/* The event trace: what is recorded, what is lost, who may ask. */
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/porter.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF	mach_task_self()

/* Traps that do little: they give up the processor to nobody. */
static void make_traps(unsigned int count)
{
	while (count-- > 0)
		swtch();
}

static kern_return_t control(unsigned int kinds)
{
	return host_trace_control(tap_host_priv, kinds);
}

static kern_return_t read_at(mach_port_t host, unsigned int cpu, unsigned long long from)
{
	trace_record_array_t records = NULL;
	mach_msg_type_number_t count = 0;
	unsigned long long next;
	kern_return_t result = host_trace_read(host, cpu, from, &records, &count, &next);

	if (count > 0)
		vm_deallocate(SELF, (vm_address_t) records, count * sizeof *records);
	return result;
}

/* --- off ----------------------------------------------------------------------------------- */

static void test_off(void)
{
	make_traps(10);
	EXPECT(trace_next(), 0);
	EXPECT(trace_take(0), 0);
	EXPECT(recorded_count, 0);
	EXPECT(read_at(tap_host_priv, 0, 1), KERN_INVALID_ARGUMENT);
	EXPECT(control(0), KERN_SUCCESS);
	EXPECT(trace_next(), 0);
}

static void test_off_again(void)
{
	unsigned int next;

	EXPECT(control(TRACE_ALL), KERN_SUCCESS);
	EXPECT(control(0), KERN_SUCCESS);
	next = trace_next();
	EXPECT_TRUE(next > 0);
	make_traps(10);
	EXPECT(trace_next(), next);
}

/* --- who may ------------------------------------------------------------------------------- */

static void test_refused(void)
{
	mach_port_t host = mach_host_self(), port = port_new_with_send(1);
	unsigned int next = trace_next();

	EXPECT(host_trace_control(host, TRACE_ALL), KERN_INVALID_HOST);
	EXPECT(host_trace_control(SELF, TRACE_ALL), KERN_INVALID_HOST);
	EXPECT(host_trace_control(tap_device_master, 0), KERN_INVALID_HOST);
	EXPECT(read_at(host, 0, 0), KERN_INVALID_HOST);
	EXPECT(read_at(SELF, 0, 0), KERN_INVALID_HOST);
	EXPECT(control(TRACE_ALL + 1), KERN_INVALID_ARGUMENT);
	EXPECT(control(~0u), KERN_INVALID_ARGUMENT);
	EXPECT(read_at(tap_host_priv, 1, 0), KERN_INVALID_ARGUMENT);
	EXPECT(read_at(tap_host_priv, ~0u, 0), KERN_INVALID_ARGUMENT);
	EXPECT(read_at(tap_host_priv, 0, next + 1), KERN_INVALID_ARGUMENT);
	EXPECT(read_at(tap_host_priv, 0, ~0ull), KERN_INVALID_ARGUMENT);
	EXPECT(read_at(tap_host_priv, 0, next), KERN_SUCCESS);
	EXPECT(trace_next(), next);
	port_destroy(port);
	mach_port_deallocate(SELF, host);
}

/* --- kinds and numbers --------------------------------------------------------------------- */

static void test_kinds(void)
{
	mach_port_t port = port_new_with_send(1);
	struct message message;

	for (unsigned int kind = 0; kind < TRACE_KINDS; kind++) {
		unsigned long long next = trace_next();

		tap_about("kind %u", kind);
		EXPECT(control(TRACE_MASK(kind)), KERN_SUCCESS);
		sleep_for(5);
		EXPECT(send_simple(port, 1), MACH_MSG_SUCCESS);
		EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
		EXPECT(control(0), KERN_SUCCESS);
		EXPECT(trace_take(next), 0);
		for (unsigned int i = 0; i < recorded_count; i++)
			EXPECT(recorded[i].tr_kind, kind);
		if (kind != TRACE_FAULT && kind != TRACE_EXCEPTION && kind != TRACE_HANDOFF)
			EXPECT_TRUE(recorded_count > 0);
	}
	port_destroy(port);
}

/* More than a ring holds: the oldest are lost, and counted; the reader goes on where he was. */
static void test_overflow(void)
{
	const unsigned int traps = 5000;
	unsigned long long start = trace_next();
	unsigned int lost, last;

	EXPECT(control(TRACE_MASK(TRACE_TRAP_ENTER)), KERN_SUCCESS);
	make_traps(traps);
	EXPECT(control(0), KERN_SUCCESS);
	lost = trace_take(start);
	EXPECT(recorded_count, TRACE_RECORDS - 1);
	EXPECT_TRUE(lost >= traps - TRACE_RECORDS && lost < traps);
	EXPECT((unsigned int) (trace_next() - start), lost + recorded_count);
	last = recorded[recorded_count - 1].tr_word[0];
	EXPECT(trace_take(start + lost), 0);
	EXPECT(recorded_count, TRACE_RECORDS - 1);
	EXPECT(trace_take(trace_next() - 1), 0);
	EXPECT(recorded_count, 1);
	EXPECT(recorded[0].tr_word[0], last);
}

/* --- while others run ---------------------------------------------------------------------- */

static mach_port_t service, reply;
static volatile unsigned int calls;
static volatile boolean_t stop;

static void serve(void *argument)
{
	struct message message;
	mach_msg_return_t result;

	(void) argument;
	result = mach_msg_trap(&message.header, MACH_RCV_MSG, 0, sizeof message, service, 0,
		MACH_PORT_NULL);
	while (result == MACH_MSG_SUCCESS) {
		message.header.msgh_bits = MACH_MSG_TYPE_MOVE_SEND_ONCE;
		message.header.msgh_local_port = MACH_PORT_NULL;
		result = mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG, 24,
			sizeof message, service, 0, MACH_PORT_NULL);
	}
}

static void call(void *argument)
{
	struct message message;

	(void) argument;
	do {
		message_init(&message, service, MACH_MSG_TYPE_COPY_SEND, reply,
			MACH_MSG_TYPE_MAKE_SEND_ONCE);
		calls++;
	} while (mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG, 24, sizeof message,
			reply, 0, MACH_PORT_NULL) == MACH_MSG_SUCCESS && !stop);
}

/* Sound records: known kinds, time that does not go back, and no address of the kernel's. */
static void check_records(void)
{
	for (unsigned int i = 0; i < recorded_count; i++) {
		const trace_record_t *r = &recorded[i];

		if (i > 0)
			EXPECT_TRUE(r->tr_time >= r[-1].tr_time);
		EXPECT_TRUE(r->tr_kind < TRACE_KINDS);
		EXPECT_TRUE(r->tr_thread < VM_MAX_ADDRESS);
		for (unsigned int w = 0; w < 3; w++)
			EXPECT_TRUE(r->tr_word[w] - VM_MAX_ADDRESS >= 0xfffff000 - VM_MAX_ADDRESS);
	}
}

static void test_busy(void)
{
	mach_port_t server, client;
	unsigned long long next = trace_next();
	unsigned int before;

	service = port_new_with_send(1);
	reply = port_new();
	calls = 0;
	stop = FALSE;
	EXPECT(mach_thread_start(serve, NULL, &server), KERN_SUCCESS);
	EXPECT(mach_thread_start(call, NULL, &client), KERN_SUCCESS);
	sleep_for(20);
	for (unsigned int i = 0; i < 60; i++) {
		before = calls;
		tap_about("round %u", i);
		EXPECT(control(i * 0x9e3779b9u & TRACE_ALL), KERN_SUCCESS);
		if (i % 3 == 0)
			sleep_for(1);
		trace_take(next);
		check_records();
		next = trace_next();
		EXPECT(control(0), KERN_SUCCESS);
		if (i % 3 == 0)
			EXPECT_TRUE(calls > before);
	}
	tap_about("%s", "");
	stop = TRUE;
	mach_thread_join(client);
	port_destroy(service);
	port_destroy(reply);
	mach_thread_join(server);
}

static const struct test tests[] = {
	{ .name = "off: no records", .run = test_off, .ours = TRUE },
	{ .name = "refused", .run = test_refused, .ours = TRUE },
	{ .name = "a trap", .run = test_small_traps, .ours = TRUE },
	{ .name = "a call by the fast path", .run = test_call_fast, .ours = TRUE },
	{ .name = "a call by the ordinary path", .run = test_call_ordinary, .ours = TRUE },
	{ .name = "a message in a queue", .run = test_queue, .ours = TRUE },
	{ .name = "calls to the kernel", .run = test_kernel_call, .ours = TRUE },
	{ .name = "a page fault", .run = test_fault, .ours = TRUE },
	{ .name = "an exception", .run = test_exception, .ours = TRUE },
	{ .name = "a wait", .run = test_wait, .ours = TRUE },
	{ .name = "each kind alone", .run = test_kinds, .ours = TRUE },
	{ .name = "more than the ring holds", .run = test_overflow, .ours = TRUE },
	{ .name = "on and off while others run", .run = test_busy, .ours = TRUE },
	{ .name = "off again", .run = test_off_again, .ours = TRUE },
	{ .name = "refused, afterwards", .run = test_refused, .ours = TRUE },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
