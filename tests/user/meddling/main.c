/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads that stop, abort and end each other at any moment. */
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/mach_host.h>
#include <mach/mach_traps.h>
#include <mach/notify.h>
#include <mach/thread_switch.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "arena.h"

#define SELF		mach_task_self()
#define FIRST_ID	10000
#define EXCEPTION_ID	2400
#define END_ID		1

static unsigned int next_random(unsigned int below)
{
	static unsigned int state;

	if (state == 0)
		state = tap_seed != 0 ? tap_seed : 99;
	state = state * 1103515245u + 12345u;
	return (state >> 8) % below;
}

/* --- TH-2: a thread that is stopped at any moment ------------------------------------------- */

static mach_port_t service;
static volatile unsigned int served, broken, rounds, wrong;
static volatile boolean_t stop;

/* The answer to a request or an exception; who asked may have been taken away. */
static void reply_to(const struct message *request, mach_msg_id_t id)
{
	struct message reply;

	message_init(&reply, request->header.msgh_remote_port, MACH_MSG_TYPE_MOVE_SEND_ONCE,
		MACH_PORT_NULL, 0);
	reply.header.msgh_id = id;
	message_type(&reply, MACH_MSG_TYPE_INTEGER_32, 32, 1, TYPE_INLINE);
	message_word(&reply, KERN_SUCCESS);
	if (message_send(&reply) != MACH_MSG_SUCCESS)
		mach_port_deallocate(SELF, request->header.msgh_remote_port);
}

static void serve_exception(const struct message *request)
{
	broken++;
	mach_port_deallocate(SELF, request->body[1]);
	mach_port_deallocate(SELF, request->body[3]);
	reply_to(request, EXCEPTION_ID + 100);
}

/* Each request comes once, in its order. */
static void serve_request(const struct message *request)
{
	if (request->header.msgh_id != (mach_msg_id_t) (FIRST_ID + served))
		wrong++;
	served++;
	reply_to(request, request->header.msgh_id + 1);
}

static void serve(void *unused)
{
	static struct message request;

	(void) unused;
	for (;;) {
		if (mach_msg(&request.header, MACH_RCV_MSG, 0, sizeof request, service, 0,
			MACH_PORT_NULL) != MACH_MSG_SUCCESS)
			wrong++;
		if (request.header.msgh_id == END_ID)
			return;
		/* Whoever meddles comes in here, while the worker waits. */
		thread_switch(MACH_PORT_NULL, SWITCH_OPTION_NONE, 0);
		if (request.header.msgh_id == EXCEPTION_ID)
			serve_exception(&request);
		else
			serve_request(&request);
	}
}

static void call(mach_port_t reply_port)
{
	struct message message;
	mach_msg_id_t id = FIRST_ID + rounds;

	message_init(&message, service, MACH_MSG_TYPE_COPY_SEND, reply_port,
		MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message.header.msgh_id = id;
	if (mach_msg(&message.header, MACH_SEND_MSG | MACH_RCV_MSG, message.header.msgh_size,
		sizeof message, reply_port, 0, MACH_PORT_NULL) != MACH_MSG_SUCCESS
		|| message.header.msgh_id != id + 1)
		wrong++;
}

static void fault_in_page(void)
{
	vm_address_t page = 0;

	if (syscall_vm_allocate(SELF, &page, PAGE_SIZE, TRUE) != KERN_SUCCESS)
		wrong++;
	*(volatile unsigned int *) page = rounds;
	if (*(volatile unsigned int *) page != rounds
		|| syscall_vm_deallocate(SELF, page, PAGE_SIZE) != KERN_SUCCESS)
		wrong++;
}

/* A call, a page fault and an exception in each round. */
static void work(void *unused)
{
	mach_port_t reply_port = mach_reply_port();

	(void) unused;
	while (!stop) {
		call(reply_port);
		fault_in_page();
		__asm__ volatile("int3");
		rounds++;
	}
	port_destroy(reply_port);
}

static void meddle(mach_port_t thread, unsigned int times, boolean_t with_abort)
{
	for (unsigned int i = 0; i < times; i++) {
		unsigned int suspended = 1 + next_random(2);

		for (unsigned int j = 0; j < suspended; j++)
			EXPECT(thread_suspend(thread), KERN_SUCCESS);
		if (with_abort && next_random(2) == 0)
			EXPECT(thread_abort(thread), KERN_SUCCESS);
		for (unsigned int j = 0; j < suspended; j++)
			EXPECT(thread_resume(thread), KERN_SUCCESS);
		if (with_abort && next_random(4) == 0)
			EXPECT(thread_abort(thread), KERN_SUCCESS);
		for (unsigned int j = next_random(4); j > 0; j--)
			thread_switch(MACH_PORT_NULL, SWITCH_OPTION_NONE, 0);
	}
}

static void try_meddling(boolean_t with_abort)
{
	mach_port_t server, worker;

	service = port_new_with_send(1);
	served = broken = rounds = wrong = 0;
	stop = FALSE;
	EXPECT(mach_thread_start(serve, NULL, &server), KERN_SUCCESS);
	EXPECT(mach_thread_prepare(work, NULL, &worker), KERN_SUCCESS);
	EXPECT(thread_set_exception_port(worker, service), KERN_SUCCESS);
	EXPECT(thread_resume(worker), KERN_SUCCESS);
	meddle(worker, tap_rounds(3000, 100000), with_abort);
	stop = TRUE;
	mach_thread_join(worker);
	EXPECT(send_simple(service, END_ID), MACH_MSG_SUCCESS);
	mach_thread_join(server);
	EXPECT(wrong, 0);
	EXPECT(served, rounds);
	EXPECT(broken, rounds);
	EXPECT_TRUE(rounds > 100);
	port_destroy(service);
}

static void test_suspended_anywhere(void)
{
	try_meddling(FALSE);
}

static void test_aborted_anywhere(void)
{
	try_meddling(TRUE);
}

/* --- TH-1: all at each other ---------------------------------------------------------------- */

#define THREADS 6

static void at_one(mach_port_t thread)
{
	struct i386_thread_state state;
	mach_msg_type_number_t count = i386_THREAD_STATE_COUNT;

	switch (next_random(6)) {
	case 0:
		thread_get_state(thread, i386_THREAD_STATE, (thread_state_t) &state, &count);
		break;
	case 1:
		thread_suspend(thread);
		break;
	case 2:
		thread_abort(thread);
		break;
	default:
		thread_resume(thread);
		break;
	}
}

static void at_all(void *unused)
{
	(void) unused;
	for (;;) {
		mach_msg_type_number_t count = 0;
		thread_array_t threads = NULL;

		if (task_threads(SELF, &threads, &count) != KERN_SUCCESS)
			continue;
		for (unsigned int i = 0; i < count; i++) {
			at_one(threads[i]);
			mach_port_deallocate(SELF, threads[i]);
		}
		vm_deallocate(SELF, (vm_address_t) threads, count * sizeof *threads);
	}
}

static void start_all(void *unused)
{
	for (int i = 1; i < THREADS; i++)
		mach_thread_start(at_all, NULL, NULL);
	at_all(unused);
}

/* Whatever they are just doing, their task ends at once when it is told to. */
static void test_mutual(void)
{
	for (unsigned int i = 0; i < tap_rounds(15, 300); i++) {
		mach_port_t task, notify = port_new();
		struct message message;

		EXPECT(mach_task_start(start_all, NULL, &task), KERN_SUCCESS);
		EXPECT(port_request(task, MACH_NOTIFY_DEAD_NAME, 1, notify), KERN_SUCCESS);
		sleep_for(5 + next_random(30));
		if (next_random(2) == 0)
			EXPECT(task_suspend(task), KERN_SUCCESS);
		EXPECT(task_terminate(task), KERN_SUCCESS);
		EXPECT(message_receive_wait(&message, notify, 3000), MACH_MSG_SUCCESS);
		EXPECT(port_type(task), MACH_PORT_TYPE_DEAD_NAME);
		port_destroy(task);
		port_destroy(notify);
	}
}

/*
 * --- TH-6: to a thread that ends ---
 *
 * There is one processor: nobody ends the thread while another gives way to it, but the clock and
 * each call let it happen between any two steps.
 */

static volatile mach_port_t target;

static void switch_to_target(void *unused)
{
	(void) unused;
	while (!stop) {
		thread_switch(target, SWITCH_OPTION_NONE, 0);
		thread_switch(target, SWITCH_OPTION_DEPRESS, 1);
		rounds++;
	}
}

static void give_way(void *unused)
{
	(void) unused;
	for (;;)
		swtch_pri(0);
}

static void test_switch_to_ending(void)
{
	mach_port_t switcher, self = mach_thread_self();

	stop = FALSE;
	rounds = 0;
	target = self;
	EXPECT(mach_thread_start(switch_to_target, NULL, &switcher), KERN_SUCCESS);
	for (unsigned int i = 0; i < tap_rounds(300, 100000); i++) {
		mach_port_t thread;

		EXPECT(mach_thread_start(give_way, NULL, &thread), KERN_SUCCESS);
		target = thread;
		for (unsigned int j = next_random(3); j > 0; j--)
			swtch_pri(0);
		EXPECT(thread_terminate(thread), KERN_SUCCESS);
		swtch_pri(0);
		mach_thread_join(thread);
		target = i % 2 == 0 ? switcher : 0x7ffff123;
	}
	target = MACH_PORT_NULL;
	stop = TRUE;
	mach_thread_join(switcher);
	EXPECT_TRUE(rounds > 100);
	EXPECT(mach_port_deallocate(SELF, self), KERN_SUCCESS);
}

/* --- TH-5: an abort of each kind of wait ---------------------------------------------------- */

static mach_port_t port;
static unsigned int word;
static vm_address_t paged;

static void wait_to_receive(void *unused)
{
	static struct message message;

	(void) unused;
	mach_msg_trap(&message.header, MACH_RCV_MSG, 0, sizeof message, port, 0, MACH_PORT_NULL);
}

static void wait_to_send(void *unused)
{
	static struct message message;

	(void) unused;
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	mach_msg_trap(&message.header, MACH_SEND_MSG, message.header.msgh_size, 0,
		MACH_PORT_NULL, 0, MACH_PORT_NULL);
}

static void wait_to_switch(void *unused)
{
	(void) unused;
	thread_switch(MACH_PORT_NULL, SWITCH_OPTION_WAIT, 100000);
}

static void wait_depressed(void *unused)
{
	(void) unused;
	for (;;)
		swtch_pri(0);
}

static void wait_for_handler(void *unused)
{
	(void) unused;
	__asm__ volatile("int3");
}

static void wait_for_pager(void *unused)
{
	(void) unused;
	(void) *(volatile int *) paged;
}

static volatile kern_return_t word_result;

static void wait_for_word(void *unused)
{
	(void) unused;
	word_result = gsync_wait(SELF, (vm_address_t) &word, 0, 0, 0, 0);
}

#define ANY 0x7fffffffu

/* The last waits inside a call to the kernel, whose reply tells the code. */
static const struct {
	const char	*what;
	void		(*wait)(void *);
	unsigned int	result;
} waits[] = {
	{ "a message", wait_to_receive, MACH_RCV_INTERRUPTED },
	{ "room in a queue", wait_to_send, MACH_SEND_INTERRUPTED },
	{ "its time", wait_to_switch, KERN_SUCCESS },
	{ "nothing", wait_depressed, ANY },
	{ "its handler", wait_for_handler, ANY },
	{ "a pager", wait_for_pager, ANY },
	{ "a word", wait_for_word, ANY },
};

static void try_abort(void (*wait)(void *), unsigned int result)
{
	struct thread_basic_info info;
	mach_msg_type_number_t count = THREAD_BASIC_INFO_COUNT;
	struct i386_thread_state state;
	mach_msg_type_number_t words = i386_THREAD_STATE_COUNT;
	mach_port_t thread;

	EXPECT(mach_thread_prepare(wait, NULL, &thread), KERN_SUCCESS);
	EXPECT(thread_set_exception_port(thread, port), KERN_SUCCESS);
	EXPECT(thread_resume(thread), KERN_SUCCESS);
	sleep_for(20);
	EXPECT(thread_suspend(thread), KERN_SUCCESS);
	EXPECT(thread_abort(thread), KERN_SUCCESS);
	EXPECT(thread_info(thread, THREAD_BASIC_INFO, (thread_info_t) &info, &count), KERN_SUCCESS);
	EXPECT(info.run_state, TH_STATE_HALTED);
	EXPECT(thread_get_state(thread, i386_THREAD_STATE, (thread_state_t) &state, &words),
		KERN_SUCCESS);
	if (result != ANY)
		EXPECT(state.eax, result);
	if (wait == wait_for_word)
		EXPECT(thread_resume(thread), KERN_SUCCESS);
	else
		EXPECT(thread_terminate(thread), KERN_SUCCESS);
	mach_thread_join(thread);
}

static void test_aborted_waits(void)
{
	mach_port_t pager = port_new_with_send(1);

	paged = 0;
	EXPECT(vm_map(SELF, &paged, PAGE_SIZE, 0, TRUE, pager, 0, FALSE, VM_PROT_READ,
		VM_PROT_READ, VM_INHERIT_NONE), KERN_SUCCESS);
	for (unsigned int i = 0; i < COUNT_OF(waits); i++) {
		tap_about("waiting for %s", waits[i].what);
		port = port_new_with_send(1);
		if (waits[i].wait == wait_to_send)
			EXPECT(mach_port_set_qlimit(SELF, port, 0), KERN_SUCCESS);
		try_abort(waits[i].wait, waits[i].result);
		port_destroy(port);
	}
	EXPECT(word_result, KERN_INTERRUPTED);
	EXPECT(vm_deallocate(SELF, paged, PAGE_SIZE), KERN_SUCCESS);
	port_destroy(pager);
}

/* --- TH-5: who aborts waits for the boundary, not for the next wait --------------------------- */

static mach_port_t victim;
static volatile boolean_t go, aborted;

static void abort_victim(void *unused)
{
	(void) unused;
	go = TRUE;
	EXPECT(thread_abort(victim), KERN_SUCCESS);
	aborted = TRUE;
}

/* Comes between the abort and its thread, which then goes on to its next wait and is stopped again. */
static void resume_victim(void *unused)
{
	(void) unused;
	while (!go)
		continue;
	EXPECT(thread_resume(victim), KERN_SUCCESS);
	sleep_for(30);
	EXPECT(thread_suspend(victim), KERN_SUCCESS);
}

static mach_port_t prepare_at(void (*function)(void *), int priority)
{
	mach_port_t thread;

	EXPECT(mach_thread_prepare(function, NULL, &thread), KERN_SUCCESS);
	EXPECT(thread_priority(thread, priority, FALSE), KERN_SUCCESS);
	return thread;
}

static void test_abort_and_resume(void)
{
	mach_port_t aborter, resumer;

	port = port_new_with_send(1);
	paged = 0;
	go = aborted = FALSE;
	EXPECT(vm_map(SELF, &paged, PAGE_SIZE, 0, TRUE, port, 0, FALSE, VM_PROT_READ,
		VM_PROT_READ, VM_INHERIT_NONE), KERN_SUCCESS);
	victim = prepare_at(wait_for_pager, 40);
	EXPECT(thread_resume(victim), KERN_SUCCESS);
	sleep_for(30);
	EXPECT(thread_suspend(victim), KERN_SUCCESS);
	resumer = prepare_at(resume_victim, 35);
	aborter = prepare_at(abort_victim, 30);
	EXPECT(thread_resume(resumer), KERN_SUCCESS);
	EXPECT(thread_resume(aborter), KERN_SUCCESS);
	sleep_for(200);
	EXPECT(aborted, TRUE);
	EXPECT(thread_terminate(victim), KERN_SUCCESS);
	mach_thread_join(victim);
	mach_thread_join(aborter);
	mach_thread_join(resumer);
	EXPECT(vm_deallocate(SELF, paged, PAGE_SIZE), KERN_SUCCESS);
	port_destroy(port);
}

/* --- TH-5: who waits for another to arrive, or to end, can be aborted too --------------------- */

static mach_port_t waiter, doomed;
static volatile kern_return_t waiter_result;

static void abort_and_note(void *unused)
{
	(void) unused;
	go = TRUE;
	waiter_result = thread_abort(victim);
	aborted = TRUE;
}

static void end_and_note(void *unused)
{
	(void) unused;
	go = TRUE;
	waiter_result = task_terminate(doomed);
	aborted = TRUE;
}

/* Comes as soon as the waiter waits: whom it waits for has no turn before. */
static void abort_waiter(void *unused)
{
	(void) unused;
	while (!go)
		continue;
	EXPECT(thread_abort(waiter), KERN_SUCCESS);
}

static void try_abort_of(void (*function)(void *))
{
	mach_port_t aborter = prepare_at(abort_waiter, 35);

	go = aborted = FALSE;
	waiter_result = -1;
	waiter = prepare_at(function, 30);
	EXPECT(thread_resume(aborter), KERN_SUCCESS);
	EXPECT(thread_resume(waiter), KERN_SUCCESS);
	sleep_for(100);
	EXPECT(aborted, TRUE);
	EXPECT(waiter_result, KERN_ABORTED);
	mach_thread_join(waiter);
	mach_thread_join(aborter);
}

static void spin_for_ever(void *unused)
{
	(void) unused;
	for (;;)
		continue;
}

static void test_aborted_waiters(void)
{
	mach_port_t thread;

	port = port_new();
	victim = prepare_at(wait_to_receive, 50);
	EXPECT(thread_resume(victim), KERN_SUCCESS);
	sleep_for(30);
	EXPECT(thread_suspend(victim), KERN_SUCCESS);
	try_abort_of(abort_and_note);
	EXPECT(thread_terminate(victim), KERN_SUCCESS);
	mach_thread_join(victim);
	port_destroy(port);

	EXPECT(mach_task_prepare(spin_for_ever, NULL, &doomed, &thread), KERN_SUCCESS);
	EXPECT(thread_priority(thread, 50, FALSE), KERN_SUCCESS);
	EXPECT(thread_resume(thread), KERN_SUCCESS);
	sleep_for(30);
	try_abort_of(end_and_note);
	EXPECT(port_type(doomed), MACH_PORT_TYPE_DEAD_NAME);	/* it has ended all the same */
	port_destroy(doomed);
	port_destroy(thread);
}

static const struct test tests[] = {
	{ .name = "TH-2 suspended at any moment", .run = test_suspended_anywhere },
	{ .name = "TH-2 aborted at any moment", .run = test_aborted_anywhere },
	{ .name = "TH-1 all threads at each other", .run = test_mutual },
	{ .name = "TH-5 waits that are aborted", .run = test_aborted_waits },
	{ .name = "TH-5 an abort and a resume", .run = test_abort_and_resume },
	{ .name = "TH-5 waits for threads and tasks", .run = test_aborted_waiters, .ours = TRUE },
	{ .name = "TH-6 to a thread that ends", .run = test_switch_to_ending },
	{ .name = "TH-1 TH-2 everything at any moment", .run = test_arena, .ours = TRUE },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
