/* SPDX-License-Identifier: BSD-2-Clause */
/* Managers that die or are silent, and pagers that get pages back that they did not ask for. */
#include <libmach/thread.h>
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/memory_object.h>
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
