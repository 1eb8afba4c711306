/* SPDX-License-Identifier: BSD-2-Clause */
/* Managers that die or are silent, and pagers that get pages back that they did not ask for. */
#include <libmach/thread.h>
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/mach_host.h>
#include <mach/memory_object.h>
#include <mach/mig_support.h>
#include <mach/thread_switch.h>
#include <mach/vm_statistics.h>

#include "../common/fault.h"
#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "manager.h"
#include "pattern.h"
#include "tests.h"

#define FILE_PAGES	64

struct range {
	vm_offset_t	address;
	unsigned int	pages;
	volatile unsigned int	touched;
};

/* The counter outlives the task that counts. */
static struct range *range_new(unsigned int percent)
{
	vm_statistics_data_t now;
	vm_offset_t shared = 0;
	struct range *range;

	EXPECT(vm_set_size_limit(tap_host_priv, SELF, 0x80000000u, 0x80000000u), KERN_SUCCESS);
	EXPECT(vm_statistics(SELF, &now), KERN_SUCCESS);
	EXPECT(vm_allocate(SELF, &shared, PAGE_SIZE, TRUE), KERN_SUCCESS);
	EXPECT(vm_inherit(SELF, shared, PAGE_SIZE, VM_INHERIT_SHARE), KERN_SUCCESS);
	range = (struct range *) shared;
	range->pages = now.free_count / 100 * percent;
	range->touched = 0;
	EXPECT(vm_allocate(SELF, &range->address, range->pages * PAGE_SIZE, TRUE), KERN_SUCCESS);
	return range;
}

static void range_end(struct range *range)
{
	EXPECT(vm_deallocate(SELF, range->address, range->pages * PAGE_SIZE), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, (vm_offset_t) range, PAGE_SIZE), KERN_SUCCESS);
}

static void write_all(void *argument)
{
	struct range *range = argument;

	for (; range->touched < range->pages; range->touched++)
		pattern_fill(range->address + range->touched * PAGE_SIZE, range->touched);
}

/* What was out is lost, what was not is there; the machine goes on. */
void test_manager_dies(void)
{
	struct range *range;
	struct fault fault;
	unsigned int i, there = 0;

	manager_start();
	range = range_new(150);
	write_all(range);
	EXPECT_TRUE(manager->initialized > 0);
	manager_die();
	range->touched = 0;
	fault_run(write_all, range, &fault);
	EXPECT_TRUE(fault.happened);
	EXPECT(fault.code, KERN_MEMORY_ERROR);
	for (i = range->pages; i-- > range->pages - 64;)
		there += pattern_holds(range->address + i * PAGE_SIZE);
	EXPECT(there, 64);
	range_end(range);
}

/* Who waits for memory can be ended, and gets an answer when nothing comes of it. */
void test_silent_manager(void)
{
	mach_port_t task;
	struct range *range;
	struct fault fault;
	unsigned int before;

	manager_start();
	manager->pauses = TRUE;
	range = range_new(120);
	EXPECT(mach_task_start(write_all, range, &task), KERN_SUCCESS);
	do {
		before = range->touched;
		sleep_for(200);
	} while (range->touched != before || before == 0);
	EXPECT_TRUE(before < range->pages);
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, task), KERN_SUCCESS);
	sleep_for(200);
	range->touched = 0;
	fault_run(write_all, range, &fault);
	EXPECT_TRUE(fault.happened);
	EXPECT(fault.code, KERN_RESOURCE_SHORTAGE);
	manager->pauses = FALSE;
	sleep_for(500);
	range->touched = 0;
	write_all(range);		/* and now there is room */
	EXPECT(range->touched, range->pages);
	range_end(range);
	/* Memory that the task had by inheritance may have left stores, empty ones, with us. */
	EXPECT(manager->wrong, 0);
	EXPECT(manager->rewritten, 0);
	manager_die();
}

/* --- Who waits is stopped ------------------------------------------------------------------- */

/* Each needs a page that nobody has touched. */
struct waiter {
	void			(*function)(void *);
	vm_offset_t		page;
	mach_port_t		thread;
	mach_port_t		reply;		/* of a call: it stays when the thread is ended in it */
	volatile kern_return_t	result;
	volatile boolean_t	ended;
};

static volatile boolean_t waiters_may_go, was_sent_elsewhere;

/* They run, and have all that a thread needs, before memory is short. */
static void wait_to_go(void)
{
	while (!waiters_may_go)
		thread_switch(MACH_PORT_NULL, SWITCH_OPTION_WAIT, 10);
}

static void touch_page(void *argument)
{
	struct waiter *waiter = argument;

	wait_to_go();
	*(volatile char *) waiter->page = 1;
	waiter->ended = TRUE;
}

static void wire_page(void *argument)
{
	struct waiter *waiter = argument;

	waiter->reply = mig_get_reply_port();
	wait_to_go();
	waiter->result = vm_wire(tap_host_priv, SELF, waiter->page, PAGE_SIZE, VM_PROT_READ);
	waiter->ended = TRUE;
}

enum { SENT_ELSEWHERE, TRIES_AGAIN, ENDED_IN_FAULT, WIRES, ENDED_IN_CALL, COMES_THROUGH, WAITERS };

static struct waiter waiters[WAITERS] = {
	[SENT_ELSEWHERE] = { .function = touch_page },
	[TRIES_AGAIN] = { .function = touch_page },
	[ENDED_IN_FAULT] = { .function = touch_page },
	[WIRES] = { .function = wire_page },
	[ENDED_IN_CALL] = { .function = wire_page },
	[COMES_THROUGH] = { .function = wire_page },
};

static vm_offset_t waiters_start(void)
{
	vm_offset_t pages = 0;
	unsigned int i;

	waiters_may_go = was_sent_elsewhere = FALSE;
	EXPECT(vm_allocate(SELF, &pages, WAITERS * PAGE_SIZE, TRUE), KERN_SUCCESS);
	for (i = 0; i < WAITERS; i++) {
		waiters[i].page = pages + i * PAGE_SIZE;
		waiters[i].ended = FALSE;
		waiters[i].result = -1;
		EXPECT(mach_thread_start(waiters[i].function, &waiters[i], &waiters[i].thread),
			KERN_SUCCESS);
	}
	sleep_for(50);
	return pages;
}

static unsigned int waiters_ended(void)
{
	unsigned int i, count = 0;

	for (i = 0; i < WAITERS; i++)
		count += waiters[i].ended;
	return count;
}

static void go_elsewhere(void)
{
	was_sent_elsewhere = TRUE;
	for (;;)
		thread_switch(MACH_PORT_NULL, SWITCH_OPTION_WAIT, 10);
}

/* As for a signal: the thread is at its access, as if that had not been tried. */
static void send_elsewhere(mach_port_t thread)
{
	struct i386_thread_state state;
	mach_msg_type_number_t count = i386_THREAD_STATE_COUNT;

	EXPECT(thread_suspend(thread), KERN_SUCCESS);
	EXPECT(thread_abort(thread), KERN_SUCCESS);
	EXPECT(thread_get_state(thread, i386_THREAD_STATE, (thread_state_t) &state, &count),
		KERN_SUCCESS);
	EXPECT_TRUE(state.eip >= (uintptr_t) touch_page && state.eip < (uintptr_t) touch_page + 256);
	state.eip = (uintptr_t) go_elsewhere;
	EXPECT(thread_set_state(thread, i386_THREAD_STATE, (thread_state_t) &state, count),
		KERN_SUCCESS);
	EXPECT(thread_resume(thread), KERN_SUCCESS);
	sleep_for(30);
	EXPECT_TRUE(was_sent_elsewhere);
	EXPECT(thread_terminate(thread), KERN_SUCCESS);
}

static void stop_waiters(void)
{
	EXPECT(waiters_ended(), 0);
	send_elsewhere(waiters[SENT_ELSEWHERE].thread);
	EXPECT(thread_abort(waiters[TRIES_AGAIN].thread), KERN_SUCCESS);
	EXPECT(thread_terminate(waiters[ENDED_IN_FAULT].thread), KERN_SUCCESS);
	EXPECT(thread_terminate(waiters[ENDED_IN_CALL].thread), KERN_SUCCESS);
	EXPECT(thread_abort(waiters[WIRES].thread), KERN_SUCCESS);
	mach_thread_join(waiters[ENDED_IN_FAULT].thread);
	mach_thread_join(waiters[ENDED_IN_CALL].thread);
	mach_thread_join(waiters[SENT_ELSEWHERE].thread);
	mach_thread_join(waiters[WIRES].thread);
	port_destroy(waiters[ENDED_IN_CALL].reply);
	EXPECT(waiters[WIRES].result, KERN_ABORTED);
	EXPECT(waiters_ended(), 1);
}

/* Fill memory until nothing moves. */
static void fill_until_stuck(struct range *range)
{
	unsigned int before;

	do {
		before = range->touched;
		sleep_for(100);
	} while (range->touched != before || before == 0);
	EXPECT_TRUE(before < range->pages);
}

/* thread_abort and thread_terminate for those that wait for page-out; the task goes on. */
void test_stopped_waiters(void)
{
	struct range *range;
	mach_port_t filler;
	vm_offset_t pages;

	manager_start();
	manager->pauses = TRUE;
	pages = waiters_start();
	range = range_new(120);
	EXPECT(mach_thread_start(write_all, range, &filler), KERN_SUCCESS);
	fill_until_stuck(range);
	waiters_may_go = TRUE;
	sleep_for(100);
	stop_waiters();
	manager->pauses = FALSE;
	mach_thread_join(filler);
	EXPECT(range->touched, range->pages);
	mach_thread_join(waiters[TRIES_AGAIN].thread);
	mach_thread_join(waiters[COMES_THROUGH].thread);
	EXPECT(waiters[COMES_THROUGH].result, KERN_SUCCESS);
	EXPECT(*(volatile char *) waiters[TRIES_AGAIN].page, 1);
	EXPECT(*(volatile char *) waiters[ENDED_IN_FAULT].page, 0);
	EXPECT(vm_deallocate(SELF, pages, WAITERS * PAGE_SIZE), KERN_SUCCESS);
	range_end(range);
	manager_end();
}

/* --- Another pager ------------------------------------------------------------------------ */

static mach_port_t file_port, file_control;
static struct message file_message;
static volatile boolean_t file_ends;
static volatile unsigned int file_requests, file_returned, file_wrong;

static void file_supply(uint32_t *body)
{
	static unsigned char page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

	file_requests++;
	pattern_fill((vm_offset_t) page, body[3]);
	memory_object_data_supply(file_control, body[3], (vm_offset_t) page, PAGE_SIZE, FALSE,
		VM_PROT_NONE, FALSE, MACH_PORT_NULL);
}

/* The test writes the page's offset and one, and nothing else. */
static void file_take(uint32_t *body)
{
	vm_offset_t at;

	for (at = 0; at < body[6]; at += PAGE_SIZE)
		file_wrong += *(uint32_t *) (body[7] + at) != body[3] + at + 1;
	file_returned += body[6] / PAGE_SIZE;
	vm_deallocate(SELF, body[7], body[6]);
}

static void file_serve(void *argument)
{
	uint32_t *body = file_message.body;

	(void) argument;
	while (!file_ends) {
		if (message_receive_wait(&file_message, file_port, 50) != MACH_MSG_SUCCESS)
			continue;
		switch (file_message.header.msgh_id) {
		case 2200:
			file_control = body[1];
			memory_object_ready(file_control, FALSE, MEMORY_OBJECT_COPY_DELAY);
			mach_port_deallocate(SELF, body[3]);
			continue;
		case 2203:
			file_supply(body);
			break;
		case 2208:
			file_take(body);
			break;
		case 2201:
			mach_port_mod_refs(SELF, body[1], MACH_PORT_RIGHT_RECEIVE, -1);
			mach_port_mod_refs(SELF, body[3], MACH_PORT_RIGHT_RECEIVE, -1);
			continue;
		}
		mach_port_deallocate(SELF, body[1]);
	}
}

/* Dirty pages of a memory object come back to its pager, clean ones are asked for again. */
void test_external_pages(void)
{
	struct range *range;
	vm_offset_t file = 0;
	mach_port_t thread;
	unsigned int i;

	manager_start();
	file_ends = FALSE;
	file_requests = file_returned = file_wrong = 0;
	file_port = port_new_with_send(1);
	EXPECT(mach_thread_start(file_serve, NULL, &thread), KERN_SUCCESS);
	EXPECT(vm_map(SELF, &file, FILE_PAGES * PAGE_SIZE, 0, TRUE, file_port, 0, FALSE,
		VM_PROT_DEFAULT, VM_PROT_ALL, VM_INHERIT_COPY), KERN_SUCCESS);
	for (i = 0; i < FILE_PAGES; i++) {
		volatile uint32_t *word = (volatile uint32_t *) (file + i * PAGE_SIZE);

		EXPECT(*word, i * PAGE_SIZE);
		if (i % 2 == 1)
			*word = i * PAGE_SIZE + 1;
	}
	EXPECT(file_requests, FILE_PAGES);
	range = range_new(200);
	write_all(range);
	EXPECT_TRUE(file_returned > 0);
	EXPECT(file_wrong, 0);
	for (i = 0; i < FILE_PAGES; i += 2)
		EXPECT(*(volatile uint32_t *) (file + i * PAGE_SIZE), i * PAGE_SIZE);
	EXPECT_TRUE(file_requests > FILE_PAGES);
	range_end(range);
	EXPECT(vm_deallocate(SELF, file, FILE_PAGES * PAGE_SIZE), KERN_SUCCESS);
	sleep_for(200);
	file_ends = TRUE;
	mach_thread_join(thread);
	port_destroy(file_port);
	port_destroy(file_control);	/* a dead name */
	manager_end();
}

/* --- Memory is short when a page comes ----------------------------------------------------- */

static unsigned char own_page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static struct message exception;
static volatile boolean_t touched;

static void touch(void *argument)
{
	(void) *(volatile uint32_t *) argument;
	touched = TRUE;
}

/* The pager is asked for the only page. */
static void expect_file_message(mach_msg_id_t id)
{
	EXPECT(message_receive_wait(&file_message, file_port, 1000), MACH_MSG_SUCCESS);
	EXPECT(file_message.header.msgh_id, id);
	file_control = file_message.body[1];
}

/* It keeps its own copy. */
static void supply_copy(void)
{
	EXPECT(memory_object_data_supply(file_control, 0, (vm_offset_t) own_page, PAGE_SIZE, FALSE,
		VM_PROT_NONE, FALSE, MACH_PORT_NULL), KERN_SUCCESS);
}

/* The thread has an exception, and ends. */
static void expect_shortage(mach_port_t thread, mach_port_t exceptions)
{
	EXPECT(message_receive_wait(&exception, exceptions, 3000), MACH_MSG_SUCCESS);
	EXPECT(exception.header.msgh_id, 2400);
	EXPECT(exception.body[7], KERN_RESOURCE_SHORTAGE);
	EXPECT(thread_terminate(thread), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, exception.header.msgh_remote_port), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, exception.body[1]), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, exception.body[3]), KERN_SUCCESS);
	mach_thread_join(thread);
}

/* A page for which there is no memory when it comes: who waits hears of it, and may ask again. */
void test_supply_in_need(void)
{
	mach_port_t thread, exceptions = port_new_with_send(1);
	vm_offset_t file = 0;
	struct range *range;
	struct fault fault;

	touched = FALSE;
	pattern_fill((vm_offset_t) own_page, 3);	/* while there is memory */
	exception.header.msgh_id = 0;
	file_port = port_new_with_send(1);
	EXPECT(vm_map(SELF, &file, PAGE_SIZE, 0, TRUE, file_port, 0, FALSE, VM_PROT_DEFAULT,
		VM_PROT_ALL, VM_INHERIT_COPY), KERN_SUCCESS);
	expect_file_message(2200);
	EXPECT(mach_port_deallocate(SELF, file_message.body[3]), KERN_SUCCESS);
	memory_object_ready(file_control, FALSE, MEMORY_OBJECT_COPY_DELAY);
	EXPECT(mach_thread_prepare(touch, (void *) file, &thread), KERN_SUCCESS);
	EXPECT(thread_set_exception_port(thread, exceptions), KERN_SUCCESS);
	EXPECT(thread_resume(thread), KERN_SUCCESS);
	expect_file_message(2203);
	range = range_new(110);
	fault_run(write_all, range, &fault);
	EXPECT(fault.code, KERN_RESOURCE_SHORTAGE);
	supply_copy();
	range_end(range);
	expect_shortage(thread, exceptions);
	EXPECT(mach_thread_start(touch, (void *) file, &thread), KERN_SUCCESS);
	expect_file_message(2203);
	supply_copy();
	mach_thread_join(thread);
	EXPECT_TRUE(touched);
	port_destroy(file_port);
	EXPECT(vm_deallocate(SELF, file, PAGE_SIZE), KERN_SUCCESS);
	port_destroy(file_control);	/* a dead name */
	port_destroy(exceptions);
}
