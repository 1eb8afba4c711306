/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Three threads make all kinds of calls on the memory of one other task, chosen at random.  Every
 * page is written as a whole, with the same word everywhere: so it is read, whatever happened,
 * and when the task is dead no page is missing.
 */
#include <mach.h>
#include <mach/mach_host.h>

#include "../common/race.h"
#include "../common/snapshot.h"
#include "../common/tap.h"
#include "memory.h"
#include "tests.h"

#define AREA		0x10000000u
#define AREA_PAGES	48u
#define LONGEST		12u

static mach_port_t victim;
static unsigned int successes, reads;

struct range {
	vm_offset_t	start;
	unsigned int	pages;
	vm_size_t	size;
};

static struct range choose(struct racer *self)
{
	struct range range = { .pages = 1 + race_random(self, LONGEST) };

	range.start = AREA + race_random(self, AREA_PAGES - range.pages) * PAGE_SIZE;
	range.size = range.pages * PAGE_SIZE;
	return range;
}

/* One of the codes that the state of the memory explains. */
static boolean_t look_at(kern_return_t result)
{
	switch (result) {
	case KERN_SUCCESS:
		successes++;
		return TRUE;
	case KERN_NO_SPACE:
	case KERN_INVALID_ADDRESS:
	case KERN_PROTECTION_FAILURE:
		return FALSE;
	default:
		return EXPECT(result, KERN_SUCCESS);
	}
}

static void allocate(struct racer *self)
{
	struct range range = choose(self);

	look_at(vm_allocate(victim, &range.start, range.size, FALSE));
}

static void deallocate(struct racer *self)
{
	struct range range = choose(self);

	if (race_random(self, 3) == 0)
		look_at(vm_deallocate(victim, range.start, range.size));
}

static void protect(struct racer *self)
{
	static const vm_prot_t choice[] = { VM_PROT_READ, VM_PROT_DEFAULT, VM_PROT_DEFAULT,
		VM_PROT_DEFAULT };
	struct range range = choose(self);

	look_at(vm_protect(victim, range.start, range.size, FALSE,
		choice[race_random(self, COUNT_OF(choice))]));
}

static void inherit(struct racer *self)
{
	struct range range = choose(self);

	look_at(vm_inherit(victim, range.start, range.size, race_random(self, 2)));
}

static void write(struct racer *self)
{
	struct range range = choose(self);
	vm_offset_t data = memory_new(range.pages);

	fill(data, range.pages, race_random(self, ~0u));
	look_at(vm_write(victim, range.start, data, range.size));
	memory_free(data, range.pages);
}

static void copy(struct racer *self)
{
	struct range from = choose(self), to = choose(self);

	look_at(vm_copy(victim, from.start, from.size < to.size ? from.size : to.size, to.start));
}

static void read_from(mach_port_t task, struct racer *self)
{
	struct range range = choose(self);
	mach_msg_type_number_t size;
	vm_offset_t data;
	uint32_t sum;

	if (!look_at(vm_read(task, range.start, range.size, &data, &size)))
		return;
	EXPECT_TRUE(is_uniform(data, range.pages));
	sum = checksum(data, range.pages);
	race_pause(self);
	EXPECT(checksum(data, range.pages), sum);
	memory_free(data, range.pages);
	reads++;
}

static void read(struct racer *self)
{
	read_from(victim, self);
}

static void fork(struct racer *self)
{
	mach_port_t task;

	if (race_random(self, 2) == 0)
		return;
	EXPECT(task_create(victim, TRUE, &task), KERN_SUCCESS);
	race_pause(self);
	read_from(task, self);
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, task), KERN_SUCCESS);
}

static void wire(struct racer *self)
{
	struct range range = choose(self);

	look_at(vm_wire(tap_host_priv, victim, range.start, range.size,
		race_random(self, 2) == 0 ? VM_PROT_NONE : VM_PROT_READ));
}

static void step(struct racer *self)
{
	static void (*const calls[])(struct racer *) = {
		allocate, allocate, deallocate, protect, inherit, write, write, copy, read, read,
		fork, wire,
	};

	calls[race_random(self, COUNT_OF(calls))](self);
}

static void run(boolean_t shared)
{
	struct racer field[3];
	vm_offset_t start = AREA;

	EXPECT(task_create(SELF, FALSE, &victim), KERN_SUCCESS);
	EXPECT(vm_allocate(victim, &start, AREA_PAGES * PAGE_SIZE, FALSE), KERN_SUCCESS);
	if (shared)
		EXPECT(vm_inherit(victim, start, AREA_PAGES * PAGE_SIZE, VM_INHERIT_SHARE),
			KERN_SUCCESS);
	for (unsigned int i = 0; i < COUNT_OF(field); i++)
		field[i] = (struct racer) { .step = step, .steps = tap_rounds(150, 5000) };
	successes = reads = 0;
	race_run(field, COUNT_OF(field));
	EXPECT_TRUE(successes > 100);
	EXPECT_TRUE(reads > 10);
	EXPECT(task_terminate(victim), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, victim), KERN_SUCCESS);
}

static void run_twice(boolean_t shared)
{
	unsigned int before;

	run(shared);
	before = snapshot_free_pages();
	run(shared);
	EXPECT_TRUE(snapshot_free_pages() + 64 >= before);
}

void test_mixture(void)
{
	run_twice(FALSE);
}

void test_mixture_shared(void)
{
	run_twice(TRUE);
}
