/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of the ports of handlers: what they are, and what becomes of them meanwhile. */
#include "handlers.h"

#include <libmach/thread.h>
#include <mach/mach_traps.h>
#include <mach/task_special_ports.h>
#include <mach/vm_param.h>

#include "../common/ports.h"
#include "../common/tap.h"

static struct message request;

/* A port that the kernel serves can say nothing: the next is asked. */
void test_kernel_ports(void)
{
	mach_port_t thread = mach_thread_self(), host = mach_host_self();
	mach_port_t dead = port_new_dead();
	const mach_port_t ports[] = { SELF, thread, host, tap_host_priv, tap_device_master, dead,
		MACH_PORT_NULL };

	for (unsigned int i = 0; i < COUNT_OF(ports); i++) {
		struct sufferer s;

		tap_about("port %u", i);
		sufferer_start(&s);
		exception_comes(s.by_thread, EXC_BREAKPOINT, &request);
		EXPECT(thread_set_exception_port(s.thread, ports[i]), KERN_SUCCESS);
		answer_yes(&request);
		exception_comes(s.by_task, EXC_BAD_INSTRUCTION, &request);
		EXPECT(task_set_exception_port(s.task, ports[i]), KERN_SUCCESS);
		EXPECT(thread_abort(s.thread), KERN_SUCCESS);
		EXPECT(mach_port_deallocate(SELF, request.header.msgh_remote_port), KERN_SUCCESS);
		EXPECT_TRUE(sufferer_is_dead(&s));
		sufferer_end(&s);
	}
	EXPECT(mach_port_deallocate(SELF, thread), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
	port_destroy(dead);
}

/* An exception does not wait for room, and comes after what was there before. */
void test_full_queue(void)
{
	mach_port_t port = port_new_with_send(1), thread;

	for (mach_port_msgcount_t limit = 0; limit < 3; limit++) {
		struct sufferer s;

		tap_about("limit %u", limit);
		sufferer_start(&s);
		exception_comes(s.by_thread, EXC_BREAKPOINT, &request);
		EXPECT(mach_port_set_qlimit(SELF, port, limit), KERN_SUCCESS);
		for (unsigned int i = 0; i < limit; i++)
			EXPECT(send_simple(port, i), MACH_MSG_SUCCESS);
		EXPECT(thread_set_exception_port(s.thread, port), KERN_SUCCESS);
		answer_yes(&request);
		sleep_for(30);
		for (unsigned int i = 0; i < limit; i++) {
			EXPECT(message_receive(&request, port), MACH_MSG_SUCCESS);
			EXPECT(request.header.msgh_id, i);
		}
		thread = s.thread;
		exception_comes(port, EXC_BAD_INSTRUCTION, &request);
		EXPECT(thread_terminate(thread), KERN_SUCCESS);
		EXPECT(mach_port_deallocate(SELF, request.header.msgh_remote_port), KERN_SUCCESS);
		sufferer_end(&s);
	}
	port_destroy(port);
}

/* The receive right travels with the request in its queue; through a set; with a payload. */
void test_moved_port(void)
{
	mach_port_t post = port_new(), set = port_new_set();
	struct sufferer s;
	struct message message;

	sufferer_start(&s);
	sleep_for(50);
	message_init(&message, post, MACH_MSG_TYPE_MAKE_SEND_ONCE, MACH_PORT_NULL, 0);
	message_right(&message, s.by_thread, MACH_MSG_TYPE_MOVE_RECEIVE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, post), MACH_MSG_SUCCESS);
	EXPECT(message.body[1], s.by_thread);
	exception_comes(s.by_thread, EXC_BREAKPOINT, &request);
	EXPECT(mach_port_move_member(SELF, s.by_thread, set), KERN_SUCCESS);
	EXPECT(mach_port_set_protected_payload(SELF, s.by_thread, 0x1234), KERN_SUCCESS);
	answer_yes(&request);
	if (exception_comes(set, EXC_BAD_INSTRUCTION, &request)) {
		EXPECT(request.header.msgh_local_port, 0x1234);
		answer_with(&request, KERN_SUCCESS);
	}
	exception_comes(set, EXC_BAD_INSTRUCTION, &request);
	sufferer_end(&s);
	EXPECT(mach_port_deallocate(SELF, request.header.msgh_remote_port), KERN_SUCCESS);
	port_destroy(set);
	port_destroy(post);
}

/* --- many threads, one handler --------------------------------------------------------------- */

#define THREADS 40

static volatile unsigned int finished;

static void break_and_count(void *unused)
{
	(void) unused;
	__asm__ volatile("int3");
	__atomic_fetch_add(&finished, 1, __ATOMIC_RELAXED);
}

/* All wait at once; they are answered from the last to the first. */
void test_many_at_once(void)
{
	static struct message requests[THREADS];
	mach_port_t threads[THREADS], handler = port_new_with_send(1);

	finished = 0;
	for (int i = 0; i < THREADS; i++) {
		EXPECT(mach_thread_prepare(break_and_count, NULL, &threads[i]), KERN_SUCCESS);
		EXPECT(thread_set_exception_port(threads[i], handler), KERN_SUCCESS);
		EXPECT(thread_resume(threads[i]), KERN_SUCCESS);
	}
	for (int i = 0; i < THREADS; i++)
		exception_comes(handler, EXC_BREAKPOINT, &requests[i]);
	EXPECT(finished, 0);
	for (int i = THREADS; i-- > 0;)
		answer_yes(&requests[i]);
	for (int i = 0; i < THREADS; i++)
		mach_thread_join(threads[i]);
	EXPECT(finished, THREADS);
	port_destroy(handler);
}

/* --- whose handler --------------------------------------------------------------------------- */

static void nothing(void *unused)
{
	(void) unused;
}

/* A task begins with its parent's handler, a thread with none. */
void test_inheritance(void)
{
	mach_port_t handler = port_new_with_send(1), old, task, thread, got;

	EXPECT(task_get_exception_port(SELF, &old), KERN_SUCCESS);
	EXPECT(task_set_exception_port(SELF, handler), KERN_SUCCESS);
	EXPECT(mach_task_prepare(nothing, NULL, &task, &thread), KERN_SUCCESS);
	EXPECT(task_set_exception_port(SELF, old), KERN_SUCCESS);
	EXPECT(task_get_exception_port(task, &got), KERN_SUCCESS);
	EXPECT(got, handler);
	EXPECT(mach_port_deallocate(SELF, got), KERN_SUCCESS);
	EXPECT(thread_get_exception_port(thread, &got), KERN_SUCCESS);
	EXPECT(got, MACH_PORT_NULL);
	EXPECT(task_terminate(task), KERN_SUCCESS);
	if (old != MACH_PORT_NULL)
		EXPECT(mach_port_deallocate(SELF, old), KERN_SUCCESS);
	port_destroy(task);
	port_destroy(thread);
	port_destroy(handler);
}

/* Who has been asked may answer; the next exception goes to the next handler. */
void test_changed_meanwhile(void)
{
	mach_port_t other = port_new_with_send(1);
	struct sufferer s;

	sufferer_start(&s);
	exception_comes(s.by_thread, EXC_BREAKPOINT, &request);
	EXPECT(thread_set_exception_port(s.thread, other), KERN_SUCCESS);
	EXPECT_TRUE(exception_is_quiet(other));
	answer_yes(&request);
	exception_comes(other, EXC_BAD_INSTRUCTION, &request);
	EXPECT(thread_set_exception_port(s.thread, MACH_PORT_NULL), KERN_SUCCESS);
	answer_yes(&request);
	exception_comes(s.by_task, EXC_BAD_INSTRUCTION, &request);
	EXPECT(mach_port_deallocate(SELF, request.header.msgh_remote_port), KERN_SUCCESS);
	EXPECT_TRUE(sufferer_is_dead(&s));
	sufferer_end(&s);
	port_destroy(other);
}

/* --- EX-6: all bits of an address ------------------------------------------------------------ */

static void touch(void *where)
{
	vm_deallocate(SELF, VM_MAX_ADDRESS - 16 * PAGE_SIZE, 16 * PAGE_SIZE);
	__asm__ volatile("movb (%0), %%al" : : "r" (where) : "eax");
}

void test_addresses(void)
{
	static const uintptr_t addresses[] = { 0, 1, 0x7fffffff, 0x80000000, 0x80000001, 0x9abcdef1,
		0xa0000000, 0xbfff8000, 0xbfffffff, 0xc0000000, 0xfffffffe };

	for (unsigned int i = 0; i < COUNT_OF(addresses); i++) {
		mach_port_t port = port_new_with_send(1), task, thread;

		tap_about("address 0x%x", addresses[i]);
		EXPECT(mach_task_prepare(touch, (void *) addresses[i], &task, &thread),
			KERN_SUCCESS);
		EXPECT(task_set_exception_port(task, port), KERN_SUCCESS);
		EXPECT(thread_resume(thread), KERN_SUCCESS);
		if (exception_comes(port, EXC_BAD_ACCESS, &request))
			EXPECT(request.body[9], addresses[i]);
		EXPECT(task_terminate(task), KERN_SUCCESS);
		EXPECT(mach_port_deallocate(SELF, request.header.msgh_remote_port), KERN_SUCCESS);
		port_destroy(task);
		port_destroy(thread);
		port_destroy(port);
	}
}
