/* SPDX-License-Identifier: BSD-2-Clause */
/* Recording, and looking at what was recorded. */
#include <libmach/string.h>
#include <mach.h>
#include <mach/porter.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define CONTROL_ID	4820
#define FIRST_INTERRUPT	0x20
#define TRIES		50

trace_record_t recorded[RECORDED_MAX];
unsigned int recorded_count;

unsigned long long trace_next(void)
{
	trace_record_array_t records;
	mach_msg_type_number_t count;
	unsigned long long next = 0;

	if (!EXPECT(host_trace_read(tap_host_priv, 0, 0, &records, &count, &next), KERN_SUCCESS))
		return 0;
	vm_deallocate(mach_task_self(), (vm_address_t) records, count * sizeof *records);
	return next;
}

unsigned int trace_take(unsigned long long from)
{
	trace_record_array_t records;
	mach_msg_type_number_t count;
	unsigned long long next;

	recorded_count = 0;
	if (!EXPECT(host_trace_read(tap_host_priv, 0, from, &records, &count, &next),
			KERN_SUCCESS))
		return 0;
	if (!EXPECT_TRUE(count <= RECORDED_MAX && from + count <= next))
		return 0;
	memcpy(recorded, records, count * sizeof *records);
	recorded_count = count;
	vm_deallocate(mach_task_self(), (vm_address_t) records, count * sizeof *records);
	return (unsigned int) (next - from) - count;
}

static boolean_t interrupted(void)
{
	for (unsigned int i = 0; i < recorded_count; i++)
		if (recorded[i].tr_kind == TRACE_TRAP_ENTER
				&& recorded[i].tr_word[0] - FIRST_INTERRUPT < 16)
			return TRUE;
	return FALSE;
}

/* Leave out the ends of the call that switched on, and the beginning of the other. */
static void cut(unsigned int thread)
{
	unsigned int first = 0, end = recorded_count;

	while (first < end && !(recorded[first].tr_kind == TRACE_TRAP_EXIT
			&& recorded[first].tr_thread == thread))
		first++;
	while (end > first && !(recorded[end - 1].tr_kind == TRACE_TRAP_ENTER
			&& recorded[end - 1].tr_thread == thread))
		end--;
	if (!EXPECT_TRUE(first < end && recorded[0].tr_kind == TRACE_RPC_END
			&& recorded[0].tr_word[0] == CONTROL_ID))
		return;
	recorded_count = end - 1 - (first + 1);
	memmove(recorded, recorded + first + 1, recorded_count * sizeof *recorded);
}

void trace_during(void (*function)(void))
{
	unsigned int self = own_thread();

	for (unsigned int i = 0; i < TRIES; i++) {
		unsigned long long next = trace_next();

		EXPECT(host_trace_control(tap_host_priv, TRACE_ALL), KERN_SUCCESS);
		(*function)();
		EXPECT(host_trace_control(tap_host_priv, 0), KERN_SUCCESS);
		EXPECT(trace_take(next), 0);
		if (interrupted())
			continue;
		cut(self);
		return;
	}
	tap_fail("there was always an interrupt");
}

static boolean_t fits(unsigned int actual, unsigned int expected)
{
	return expected == ANY || actual == expected;
}

void expect_records(const struct expected *expected, unsigned int count)
{
	EXPECT(recorded_count, count);
	for (unsigned int i = 0; i < count && i < recorded_count; i++) {
		const trace_record_t *r = &recorded[i];
		const struct expected *e = &expected[i];

		if (r->tr_kind != e->kind || !fits(r->tr_thread, e->thread)
				|| !fits(r->tr_word[0], e->word[0])
				|| !fits(r->tr_word[1], e->word[1])
				|| !fits(r->tr_word[2], e->word[2]))
			tap_fail("record %u is of kind %u, thread %u: 0x%x 0x%x 0x%x", i,
				r->tr_kind, r->tr_thread, r->tr_word[0], r->tr_word[1],
				r->tr_word[2]);
		EXPECT(r->tr_cpu, 0);
	}
}

const trace_record_t *find_record(unsigned int from, unsigned int kind)
{
	static const trace_record_t none;

	for (unsigned int i = from; i < recorded_count; i++)
		if (recorded[i].tr_kind == kind)
			return &recorded[i];
	tap_fail("no record of kind %u", kind);
	return &none;
}

/* A trailer tells it. */
unsigned int own_thread(void)
{
	struct {
		mach_msg_header_t		header;
		mach_msg_format_0_trailer_t	trailer;
	} message;
	mach_port_t port = port_new_with_send(1);

	EXPECT(send_simple(port, 1), MACH_MSG_SUCCESS);
	EXPECT(mach_msg_trap(&message.header, MACH_RCV_MSG
		| MACH_RCV_TRAILER_ELEMENTS(MACH_RCV_TRAILER_AUDIT), 0, sizeof message, port, 0,
		MACH_PORT_NULL), MACH_MSG_SUCCESS);
	port_destroy(port);
	return message.trailer.msgh_audit.thread;
}
