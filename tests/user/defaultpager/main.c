/* SPDX-License-Identifier: BSD-2-Clause */
/* user/default-pager, whose kernel is the test. */
#include <libmach/string.h>
#include <mach.h>
#include <mach/memory_object_U.h>
#include <mach/memory_object_default_U.h>
#include <mach/vm_param.h>

#include "../common/ports.h"
#include "../common/race.h"
#include "../common/snapshot.h"
#include "../common/tap.h"
#include "kernel.h"

static void test_pages(void)
{
	static struct object object;

	kernel_begin();
	object_create(&object);
	expect_absent(&object, 0);
	object_initialize(&object, 2, 3, 1);
	expect_absent(&object, 1);
	expect_page(&object, 4, 1);
	expect_page(&object, 2, 1);
	expect_page(&object, 3, 1);
	expect_absent(&object, 5);
	expect_page(&object, 3, 1);		/* it is kept: the kernel did not take it */
	object_terminate(&object);
	kernel_end();
}

/* What is returned takes the place of what was; what is initialized does not. */
static void test_newer(void)
{
	static struct object object;

	kernel_begin();
	object_create(&object);
	object_initialize(&object, 0, 4, 1);
	object_return(&object, 1, 2, 2);
	object_initialize(&object, 0, 6, 3);
	expect_page(&object, 0, 1);
	expect_page(&object, 1, 2);
	expect_page(&object, 2, 2);
	expect_page(&object, 3, 1);
	expect_page(&object, 4, 3);
	object_terminate(&object);
	kernel_end();
}

/* Pages of one number in many objects; objects end in another order. */
static void test_objects(void)
{
	static struct object objects[50];

	kernel_begin();
	for (unsigned int i = 0; i < COUNT_OF(objects); i++) {
		object_create(&objects[i]);
		object_initialize(&objects[i], i % 3, 2, i);
	}
	for (unsigned int i = 0; i < COUNT_OF(objects); i += 2)
		object_terminate(&objects[i]);
	for (unsigned int i = 1; i < COUNT_OF(objects); i += 2) {
		expect_page(&objects[i], i % 3, i);
		expect_page(&objects[i], i % 3 + 1, i);
		expect_absent(&objects[i], i % 3 + 2);
		object_terminate(&objects[i]);
	}
	kernel_end();
}

/* What the kernel has taken is its own, unless it has sent another since. */
static void test_taken(void)
{
	static struct object object;

	kernel_begin();
	object_create(&object);
	object_initialize(&object, 0, 3, 1);
	take_page(&object, 1, 1);
	expect_absent(&object, 1);
	take_page_again(&object, 2, 1);
	expect_page(&object, 2, 2);
	expect_page(&object, 0, 1);
	object_return(&object, 1, 1, 7);
	expect_page(&object, 1, 7);
	object_terminate(&object);
	kernel_end();
}

/* An answer for which there is no memory comes when there is. */
static void test_later(void)
{
	static struct object object;

	kernel_begin();
	object_create(&object);
	object_initialize(&object, 1, 2, 1);
	expect_page(&object, 1, 1);
	expect_page_later(&object, 1, 1);
	expect_absent_later(&object, 5);
	expect_absent_later(&object, 5);
	object_initialize(&object, 5, 1, 2);
	expect_page(&object, 5, 2);
	expect_page_later(&object, 2, 1);
	object_terminate(&object);
	kernel_end();
}

/* Pages that have come back leave room for others: this is several disks full. */
static void test_round(void)
{
	static struct object object;
	unsigned int before = 0;

	kernel_begin();
	object_create(&object);
	for (unsigned int round = 0; round < 4 * DISK_PAGES / 64; round++) {
		object_initialize(&object, round * 64, 64, round);
		for (unsigned int page = 0; page < 64; page++)
			take_page(&object, round * 64 + page, round);
		if (round == 0)
			before = snapshot_free_pages();
	}
	/* Nothing of it is in memory. */
	EXPECT_TRUE(snapshot_free_pages() + 16 >= before);
	object_terminate(&object);
	kernel_end();
}

/* --- More than the disk holds ------------------------------------------------------------- */

#define FULL_OBJECTS	4
#define FULL_PAGES	96	/* of each: half as many again as the disk has */

static struct object full[FULL_OBJECTS];

/* Pages go out in runs of different lengths, and some of them twice. */
static void fill(unsigned int i)
{
	for (unsigned int page = 0, run = 1; page < FULL_PAGES; page += run, run = run % 16 + 1) {
		if (page + run > FULL_PAGES)
			run = FULL_PAGES - page;
		object_initialize(&full[i], page, run, 1);
		if (run % 3 == 0)
			object_return(&full[i], page, run, 1);
	}
}

static void expect_full(unsigned int i, unsigned int pages, int value)
{
	for (unsigned int page = 0; page < pages; page++)
		expect_page(&full[i], page * 7 % FULL_PAGES, value);
}

static void fill_up_and_empty(void)
{
	for (unsigned int i = 0; i < FULL_OBJECTS; i++) {
		object_create(&full[i]);
		fill(i);
	}
	for (unsigned int i = 0; i < FULL_OBJECTS; i++)
		expect_full(i, FULL_PAGES, 1);
	/* What was in memory goes to the disk when there is room, and is the same. */
	object_terminate(&full[0]);
	object_return(&full[3], 0, FULL_PAGES, 2);
	object_terminate(&full[1]);
	expect_full(2, FULL_PAGES, 1);
	expect_full(3, FULL_PAGES, 2);
	object_terminate(&full[3]);
	object_terminate(&full[2]);
}

/* Nothing is lost, and in the end no memory is missing. */
static void test_full_disk(void)
{
	unsigned int before;

	kernel_begin();
	fill_up_and_empty();
	before = snapshot_free_pages();
	for (unsigned int i = 0; i < tap_rounds(1, 20); i++)
		fill_up_and_empty();
	EXPECT_TRUE(snapshot_free_pages() + 16 >= before);
	kernel_end();
}

/* As when memory is too short for the last message: the pages go nevertheless. */
static void abandon_objects(void)
{
	for (unsigned int i = 0; i < FULL_OBJECTS / 2; i++) {
		object_create(&full[i]);
		fill(i);
		expect_full(i, FULL_PAGES, 1);
		object_abandon(&full[i]);
	}
	sleep_for(100);
}

static void test_abandoned(void)
{
	unsigned int before;

	kernel_begin();
	abandon_objects();
	before = snapshot_free_pages();
	for (unsigned int i = 0; i < 4; i++)
		abandon_objects();
	EXPECT_TRUE(snapshot_free_pages() + 16 >= before);
	kernel_end();
}

/* --- What makes no sense ------------------------------------------------------------------ */

static void send_bare(mach_port_t port, mach_msg_id_t id)
{
	struct message message;

	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	message.header.msgh_id = id;
	EXPECT(message_send_size(&message, sizeof message.header, 0, 0), MACH_MSG_SUCCESS);
}

static void test_nonsense(void)
{
	static struct object object;
	vm_offset_t data = 0;

	kernel_begin();
	object_create(&object);
	EXPECT(vm_allocate(mach_task_self(), &data, PAGE_SIZE, TRUE), KERN_SUCCESS);
	EXPECT(memory_object_data_return(object.port, object.control, 5, data, PAGE_SIZE, TRUE,
		FALSE), KERN_SUCCESS);
	EXPECT(memory_object_data_initialize(object.port, object.control, 0, data, 100),
		KERN_SUCCESS);
	EXPECT(memory_object_data_initialize(object.port, object.control, 0, 0, 0), KERN_SUCCESS);
	EXPECT(memory_object_data_request(object.port, object.control, 9, PAGE_SIZE, 1),
		KERN_SUCCESS);
	EXPECT(memory_object_init(object.port, object.control, object.name, PAGE_SIZE),
		KERN_SUCCESS);
	send_bare(object.port, 2208);
	send_bare(object.port, 12345);
	expect_absent(&object, 0);
	object_return(&object, 0, 1, 5);
	expect_page(&object, 0, 5);
	object_terminate(&object);
	EXPECT(vm_deallocate(mach_task_self(), data, PAGE_SIZE), KERN_SUCCESS);
	kernel_end();
}

/* --- At random ----------------------------------------------------------------------------- */

#define OBJECTS		8
#define PAGES		40

static struct object objects[OBJECTS];
static int values[OBJECTS][PAGES];	/* -1: not there */

static void renew(unsigned int i)
{
	object_create(&objects[i]);
	for (unsigned int page = 0; page < PAGES; page++)
		values[i][page] = -1;
}

static void put(unsigned int i, unsigned int first, unsigned int count, int value, boolean_t init)
{
	if (first + count > PAGES)
		count = PAGES - first;
	if (init)
		object_initialize(&objects[i], first, count, value);
	else
		object_return(&objects[i], first, count, value);
	for (unsigned int page = first; page < first + count; page++)
		if (!init || values[i][page] < 0)
			values[i][page] = value;
}

static void look(unsigned int i, unsigned int page)
{
	if (values[i][page] < 0)
		expect_absent(&objects[i], page);
	else
		expect_page(&objects[i], page, values[i][page]);
}

static void step(struct racer *self, int value)
{
	uint32_t i = race_random(self, OBJECTS), page = race_random(self, PAGES);

	switch (race_random(self, 20)) {
	case 0:
		object_terminate(&objects[i]);
		renew(i);
		break;
	case 1: case 2: case 3: case 4: case 5: case 6:
		put(i, page, 1 + race_random(self, 16), value, race_random(self, 2));
		break;
	default:
		look(i, page);
	}
}

static void test_random(void)
{
	struct racer self = { .seed = 4711 + tap_seed };
	unsigned int rounds = tap_rounds(1500, 50000);

	kernel_begin();
	for (unsigned int i = 0; i < OBJECTS; i++)
		renew(i);
	for (unsigned int round = 0; round < rounds; round++)
		step(&self, round & 0xffffff);
	for (unsigned int i = 0; i < OBJECTS; i++) {
		for (unsigned int page = 0; page < PAGES; page++)
			look(i, page);
		object_terminate(&objects[i]);
	}
	kernel_end();
}

static const struct test tests[] = {
	{ .name = "pages go out and come back", .run = test_pages },
	{ .name = "which contents are the newer", .run = test_newer },
	{ .name = "many objects", .run = test_objects,
		.keeps = TRUE },	/* the tables of names grow */
	{ .name = "what the kernel has taken", .run = test_taken },
	{ .name = "answers for which there is no memory", .run = test_later, .ours = TRUE,
		.keeps = TRUE },	/* ports of the processor set and of tasks */
	{ .name = "several disks full, one after the other", .run = test_round },
	{ .name = "more than the disk holds", .run = test_full_disk },
	{ .name = "objects without a last message", .run = test_abandoned },
	{ .name = "what makes no sense", .run = test_nonsense },
	{ .name = "at random, beside a table of what must be", .run = test_random },
};

int main(int argc, char **argv)
{
	return tap_main_conserving(argc, argv, tests, COUNT_OF(tests));
}
