/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exceptions whose handler waits already: what comes straight to it is what would have been queued
 * (spec/ipc.md, section 14).
 */
#include "handlers.h"

#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach/mach_traps.h>
#include <mach/vm_param.h>

#include "../common/ports.h"
#include "../common/tap.h"

#define REQUEST_SIZE	64

static struct message request;

/* All of a request, but for the names of the reply right and of the port. */
static void expect_request(const struct message *message, const struct sufferer *s,
	mach_port_t local, unsigned int seqno)
{
	EXPECT(message->header.msgh_bits, 0x80001112);
	EXPECT(message->header.msgh_size, REQUEST_SIZE);
	EXPECT(message->header.msgh_local_port, local);
	EXPECT(message->header.msgh_seqno, seqno);
	EXPECT(message->header.msgh_id, 2400);
	EXPECT(port_type(message->header.msgh_remote_port), MACH_PORT_TYPE_SEND_ONCE);
	EXPECT(message->body[0], 0x10012011);
	EXPECT(message->body[1], s->thread);
	EXPECT(message->body[2], 0x10012011);
	EXPECT(message->body[3], s->task);
	EXPECT(message->body[4], 0x10012002);
	EXPECT(message->body[5], EXC_BREAKPOINT);
	EXPECT(message->body[6], 0x10012002);
	EXPECT(message->body[7], 2);
	EXPECT(message->body[8], 0x10012002);
	EXPECT(message->body[9], 0);
}

/* The thread that breaks again and again, as each answer is yes. */
static void break_again(void *unused)
{
	(void) unused;
	for (;;)
		__asm__ volatile("int3");
}

/* Many, one after the other: each has the next number, and one reference more on each name. */
void test_straight(void)
{
	struct sufferer s;

	sufferer_start_with(&s, break_again);
	handle_straight(TRUE, s.by_thread);
	for (unsigned int i = 0; i < 50; i++) {
		if (!exception_arrives(s.by_thread, &request))
			break;
		expect_request(&request, &s, s.by_thread, i);
		EXPECT(port_refs(s.thread, MACH_PORT_RIGHT_SEND), 2 + i);
		EXPECT(port_refs(s.task, MACH_PORT_RIGHT_SEND), 2 + i);
		EXPECT(port_status(s.by_thread).mps_srights, 1);
		answer_yes(&request);
		EXPECT(port_type(request.header.msgh_remote_port), 0);
	}
	/* A no, straight, and the task's handler gets it straight. */
	if (exception_arrives(s.by_thread, &request)) {
		handle_straight(TRUE, s.by_task);
		answer_with(&request, KERN_FAILURE);
		EXPECT_TRUE(exception_arrives(s.by_task, &request));
		expect_request(&request, &s, s.by_task, 0);
	}
	handle_straight(FALSE, MACH_PORT_NULL);
	sufferer_end(&s);
	EXPECT(mach_port_deallocate(SELF, request.header.msgh_remote_port), KERN_SUCCESS);
}

/* --- buffers --------------------------------------------------------------------------------- */

/* A handler that waits, as a thread of ours. */
struct waiter {
	mach_port_t		thread, port;
	char			*buffer;
	mach_msg_size_t		size;
	mach_msg_option_t	option;
	mach_msg_return_t	result;
};

static void wait(void *argument)
{
	struct waiter *waiter = argument;

	waiter->result = mach_msg_trap((mach_msg_header_t *) waiter->buffer, waiter->option, 0,
		waiter->size, waiter->port, MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
}

static const struct {
	const char		*what;
	unsigned int		offset;		/* into two pages, the second unmapped */
	mach_msg_size_t		size;
	mach_msg_option_t	option;
	mach_msg_return_t	result;
} buffers[] = {
	{ "enough", 0, REQUEST_SIZE, 0, MACH_MSG_SUCCESS },
	{ "at an odd address", 13, 200, 0, MACH_MSG_SUCCESS },
	{ "up to the end", PAGE_SIZE - REQUEST_SIZE, 1000, 0, MACH_MSG_SUCCESS },
	{ "large, too", 0, REQUEST_SIZE, MACH_RCV_LARGE, MACH_MSG_SUCCESS },
	{ "with a trailer", 0, 200, MACH_RCV_TRAILER_TYPE(0) | MACH_RCV_TRAILER_ELEMENTS(1),
		MACH_MSG_SUCCESS },
	{ "a word too small", 0, REQUEST_SIZE - 4, 0, MACH_RCV_TOO_LARGE },
	{ "nothing", 0, 0, 0, MACH_RCV_TOO_LARGE },
	{ "beyond the end", PAGE_SIZE - REQUEST_SIZE + 4, REQUEST_SIZE, 0, MACH_RCV_INVALID_DATA },
	{ "unmapped", PAGE_SIZE, REQUEST_SIZE, 0, MACH_RCV_INVALID_DATA },
	{ "behind the user's addresses", VM_MAX_ADDRESS, REQUEST_SIZE, 0, MACH_RCV_INVALID_DATA },
};

static void wait_into(struct waiter *waiter, vm_offset_t memory, unsigned int i)
{
	waiter->buffer = (char *) (buffers[i].offset == VM_MAX_ADDRESS ? VM_MAX_ADDRESS
		: memory + buffers[i].offset);
	waiter->size = buffers[i].size;
	waiter->option = MACH_RCV_MSG | buffers[i].option;
	EXPECT(mach_thread_start(wait, waiter, &waiter->thread), KERN_SUCCESS);
	sleep_for(20);
}

/* It has come, or it has not: then nothing of it has, and the task's handler is asked. */
static void expect_arrival(struct waiter *waiter, struct sufferer *s, unsigned int i)
{
	EXPECT(waiter->result, buffers[i].result);
	if (buffers[i].result == MACH_MSG_SUCCESS) {
		memcpy(&request, waiter->buffer, REQUEST_SIZE);
		expect_request(&request, s, s->by_thread, 0);
		EXPECT(mach_port_deallocate(SELF, request.body[1]), KERN_SUCCESS);
		EXPECT(mach_port_deallocate(SELF, request.body[3]), KERN_SUCCESS);
		EXPECT_TRUE(exception_is_quiet(s->by_task));
	} else {
		if (buffers[i].result == MACH_RCV_TOO_LARGE)
			EXPECT(waiter->buffer[0], 0);
		exception_comes(s->by_task, EXC_BREAKPOINT, &request);
	}
	EXPECT(port_refs(s->thread, MACH_PORT_RIGHT_SEND), 1);
	EXPECT(port_refs(s->task, MACH_PORT_RIGHT_SEND), 1);
}

static void try_buffer(unsigned int i, boolean_t in_set)
{
	mach_port_t set = port_new_set();
	struct waiter waiter = { .port = MACH_PORT_NULL };
	vm_offset_t memory = 0;
	struct sufferer s;

	tap_about("%s%s", buffers[i].what, in_set ? ", from a set" : "");
	EXPECT(vm_allocate(SELF, &memory, 2 * PAGE_SIZE, TRUE), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, memory + PAGE_SIZE, PAGE_SIZE), KERN_SUCCESS);
	sufferer_prepare(&s, break_again);
	if (in_set)
		EXPECT(mach_port_move_member(SELF, s.by_thread, set), KERN_SUCCESS);
	waiter.port = in_set ? set : s.by_thread;
	wait_into(&waiter, memory, i);
	EXPECT(thread_resume(s.thread), KERN_SUCCESS);
	mach_thread_join(waiter.thread);
	expect_arrival(&waiter, &s, i);
	answer_yes(&request);
	sufferer_end(&s);
	port_destroy(set);
	EXPECT(vm_deallocate(SELF, memory, PAGE_SIZE), KERN_SUCCESS);
}

void test_straight_buffers(void)
{
	for (unsigned int i = 0; i < COUNT_OF(buffers); i++) {
		try_buffer(i, FALSE);
		try_buffer(i, TRUE);
	}
}

/* --- aborts ---------------------------------------------------------------------------------- */

/* Who got it straight finds its reply right dead; the instruction is tried again. */
void test_straight_abort(void)
{
	struct sufferer s;

	sufferer_start_with(&s, break_again);
	handle_straight(TRUE, s.by_thread);
	for (unsigned int i = 0; i < 10; i++) {
		if (!exception_arrives(s.by_thread, &request))
			break;
		EXPECT(thread_abort(s.thread), KERN_SUCCESS);
		sleep_for(20);
		EXPECT(port_type(request.header.msgh_remote_port), MACH_PORT_TYPE_DEAD_NAME);
		EXPECT(mach_port_deallocate(SELF, request.header.msgh_remote_port), KERN_SUCCESS);
	}
	handle_straight(FALSE, MACH_PORT_NULL);
	sufferer_end(&s);
}
