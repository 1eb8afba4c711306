/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VM-11: memory out of line is what it was when it was sent.  A sender fills the lower half of each
 * page with the message's id; when the message is queued all is written again, by the sender and by
 * others, who write to the upper halves all the time.  The receiver finds the id, and nothing
 * that it has changes any more.
 */
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/memory_object.h>

#include "../common/ports.h"
#include "../common/race.h"
#include "../common/tap.h"
#include "file.h"
#include "memory.h"
#include "tests.h"

#define PAGES	FILE_PAGES

static mach_port_t port;
static uint32_t sent, received;

/* Two mappings of the same memory; in some tests the first only. */
static vm_offset_t first, second;

static struct file file;

static void begin(void)
{
	port = port_new_with_send(1);
	sent = received = 0;
}

static void look_at(struct racer *self, const struct message *message)
{
	vm_offset_t pages = received_pages(message, PAGES);
	uint32_t sum = checksum(pages, PAGES);

	EXPECT(count_others(pages, PAGES, message->header.msgh_id), 0);
	race_pause(self);
	EXPECT(checksum(pages, PAGES), sum);
	/* Ours to write, and nobody else's. */
	fill(pages, PAGES, ~0u);
	memory_free(pages, PAGES);
	received++;
}

static void receive(struct racer *self)
{
	static struct message message;

	if (message_receive_wait(&message, port, 1) == MACH_MSG_SUCCESS)
		look_at(self, &message);
}

static void end(void)
{
	struct racer last = { .seed = 1 };

	while (received < sent)
		receive(&last);
	port_destroy(port);
}

/* --- The sender --------------------------------------------------------------------------- */

static void send_and_write(struct racer *self)
{
	fill_halves(first, PAGES, ++sent);
	send_pages(port, sent, first, PAGES, FALSE);
	fill_halves(first, PAGES, ~sent);
	race_pause(self);
}

static void send_and_unmap(struct racer *self)
{
	vm_offset_t pages = memory_new(PAGES);

	fill_halves(pages, PAGES, ++sent);
	send_pages(port, sent, pages, PAGES, FALSE);
	if (race_random(self, 2) == 0)
		fill_halves(pages, PAGES, ~sent);
	memory_free(pages, PAGES);
}

static void send_and_move(struct racer *self)
{
	vm_offset_t pages = memory_new(PAGES);

	(void) self;
	fill_halves(pages, PAGES, ++sent);
	send_pages(port, sent, pages, PAGES, TRUE);
}

/* The first mapping goes with the message, the second one stays. */
static void map_and_move(struct racer *self)
{
	vm_offset_t pages = file_map(&file, VM_PROT_DEFAULT);

	fill_halves(pages, PAGES, ++sent);
	send_pages(port, sent, pages, PAGES, TRUE);
	fill_halves(second, PAGES, ~sent);
	race_pause(self);
}

/* --- The others --------------------------------------------------------------------------- */

/* Words of the upper halves. */
static void scribble(struct racer *self)
{
	for (unsigned int i = 0; i < 200; i++) {
		uint32_t page = race_random(self, PAGES), word = race_random(self, HALF_WORDS);

		((volatile uint32_t *) second)[page * PAGE_WORDS + HALF_WORDS + word]++;
	}
}

/* Copies of the memory come and go, so that pages are shared in other ways each time. */
static void copy_task(struct racer *self)
{
	mach_port_t task;

	EXPECT(task_create(SELF, TRUE, &task), KERN_SUCCESS);
	race_pause(self);
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, task), KERN_SUCCESS);
}

static void run_with(void (*send)(struct racer *), void (*other)(struct racer *),
	void (*third)(struct racer *))
{
	struct racer field[4] = {
		{ .step = send, .steps = tap_rounds(60, 2000) },
		{ .step = receive },
		{ .step = other },
		{ .step = third },
	};

	begin();
	race_run(field, third == NULL ? 3 : 4);
	end();
	EXPECT_TRUE(sent >= 60);
}

void test_sender_writes(void)
{
	first = second = memory_new(PAGES);
	run_with(send_and_write, scribble, copy_task);
	memory_free(first, PAGES);
}

void test_sender_unmaps(void)
{
	second = memory_new(PAGES);
	run_with(send_and_unmap, copy_task, NULL);
	memory_free(second, PAGES);
}

void test_sender_moves(void)
{
	second = memory_new(PAGES);
	run_with(send_and_move, copy_task, NULL);
	memory_free(second, PAGES);
}

void test_other_mapping(void)
{
	file_new(&file, 0, NULL);
	first = file_map(&file, VM_PROT_DEFAULT);
	second = file_map(&file, VM_PROT_DEFAULT);
	run_with(send_and_write, scribble, NULL);
	memory_free(first, PAGES);
	memory_free(second, PAGES);
	file_end(&file);
}

void test_moved_and_mapped(void)
{
	file_new(&file, 0, NULL);
	second = file_map(&file, VM_PROT_DEFAULT);
	run_with(map_and_move, scribble, NULL);
	memory_free(second, PAGES);
	file_end(&file);
}

/* --- Another task ----------------------------------------------------------------------- */

/* In the child: the memory is shared, all else a copy. */
static void scribble_for_ever(void *unused)
{
	struct racer self = { .seed = 99 };

	(void) unused;
	for (;;) {
		scribble(&self);
		race_pause(&self);
	}
}

void test_other_task(void)
{
	mach_port_t task;

	first = second = memory_new(PAGES);
	EXPECT(vm_inherit(SELF, first, PAGES * PAGE_SIZE, VM_INHERIT_SHARE), KERN_SUCCESS);
	fill(first, PAGES, 0);
	EXPECT(mach_task_start(scribble_for_ever, NULL, &task), KERN_SUCCESS);
	run_with(send_and_write, copy_task, NULL);
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, task), KERN_SUCCESS);
	memory_free(first, PAGES);
}

/* --- A pager ------------------------------------------------------------------------------ */

/* Dirty pages are thrown away, and the next that is supplied is another. */
static void flush(struct file *object)
{
	static struct racer chance = { .seed = 7 };

	((volatile uint32_t *) object->store)[race_random(&chance, PAGES) * PAGE_WORDS]++;
	memory_object_lock_request(object->control, race_random(&chance, PAGES) * PAGE_SIZE,
		PAGES / 2 * PAGE_SIZE, MEMORY_OBJECT_RETURN_NONE, TRUE, 8, MACH_PORT_NULL);
}

/* What was in memory when it was sent is fixed, and the rest is when it has been seen. */
static void receive_anything(struct racer *self)
{
	static struct message message;
	vm_offset_t pages;
	uint32_t sum;

	if (message_receive_wait(&message, port, 1) != MACH_MSG_SUCCESS)
		return;
	pages = received_pages(&message, PAGES);
	sum = checksum(pages, PAGES);
	for (unsigned int i = 0; i < 4; i++) {
		race_pause(self);
		EXPECT(checksum(pages, PAGES), sum);
	}
	memory_free(pages, PAGES);
	received++;
}

static void send_anything(struct racer *self)
{
	sent++;
	if (race_random(self, 2) == 0)
		fill_halves(first, PAGES, sent);
	send_pages(port, sent, first, PAGES, FALSE);
	fill_halves(first, 1 + race_random(self, PAGES), ~sent);
	race_pause(self);
}

void test_pager_flushes(void)
{
	struct racer field[] = {
		{ .step = send_anything, .steps = tap_rounds(60, 2000) },
		{ .step = receive_anything },
	};

	begin();
	file_new(&file, 0, flush);
	first = file_map(&file, VM_PROT_DEFAULT);
	race_run(field, COUNT_OF(field));
	while (received < sent)
		receive_anything(&field[1]);
	EXPECT_TRUE(file.requests > 50);
	memory_free(first, PAGES);
	file_end(&file);
	port_destroy(port);
}
