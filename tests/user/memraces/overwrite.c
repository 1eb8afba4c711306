/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VM-5: vm_write and vm_copy go over several regions and may have to wait on the way; meanwhile a
 * region is protected, or another one takes its place.  What cannot be written now is not written.
 */
#include <libmach/string.h>
#include <mach.h>
#include <mach/mach_host.h>
#include <mach/memory_object.h>

#include "../common/ports.h"
#include "../common/race.h"
#include "../common/tap.h"
#include "file.h"
#include "memory.h"
#include "tests.h"

#define PAGES	3	/* the middle one is the one that changes */

static struct file file, secret;
static vm_offset_t target, source;
static unsigned int refused, done;

static void look_at(kern_return_t result)
{
	switch (result) {
	case KERN_SUCCESS:
		done++;
		break;
	case KERN_PROTECTION_FAILURE:
	case KERN_INVALID_ADDRESS:
		refused++;
		break;
	default:
		EXPECT(result, KERN_SUCCESS);
	}
}

static void overwrite(struct racer *self)
{
	fill(source, PAGES, race_random(self, 1000));
	if (race_random(self, 2) == 0)
		look_at(vm_write(SELF, target, source, PAGES * PAGE_SIZE));
	else
		look_at(vm_copy(SELF, source, PAGES * PAGE_SIZE, target));
}

static void wire(struct racer *self)
{
	vm_prot_t access = race_random(self, 4) > 0 ? VM_PROT_NONE : VM_PROT_READ;
	kern_return_t result;

	result = vm_wire(tap_host_priv, SELF, target, PAGES * PAGE_SIZE, access);
	EXPECT_TRUE(result == KERN_SUCCESS || result == KERN_NO_SPACE);
}

/* Pages go and have to be asked for again: so calls wait in the middle. */
static void flush(struct file *object)
{
	static struct racer chance = { .seed = 5 };

	memory_object_lock_request(object->control, race_random(&chance, PAGES) * PAGE_SIZE,
		PAGE_SIZE, MEMORY_OBJECT_RETURN_DIRTY, TRUE, 8, MACH_PORT_NULL);
}

/* Nothing is written while it may not be. */
static void protect(struct racer *self)
{
	vm_offset_t page = target + PAGE_SIZE;
	uint32_t sum;

	EXPECT(vm_protect(SELF, page, PAGE_SIZE, FALSE, VM_PROT_READ), KERN_SUCCESS);
	sum = checksum(page, 1);
	for (unsigned int i = 0; i < 4; i++) {
		race_pause(self);
		EXPECT(checksum(page, 1), sum);
	}
	EXPECT(vm_protect(SELF, page, PAGE_SIZE, FALSE, VM_PROT_DEFAULT), KERN_SUCCESS);
	race_pause(self);
}

static void run_with(void (*change)(struct racer *))
{
	struct racer field[] = {
		{ .step = change, .steps = tap_rounds(300, 10000) },
		{ .step = overwrite },
		{ .step = wire },
	};

	refused = done = 0;
	source = memory_new(PAGES);
	race_run(field, COUNT_OF(field));
	EXPECT_TRUE(refused > 10);
	EXPECT_TRUE(done > 10);
	vm_wire(tap_host_priv, SELF, target, PAGES * PAGE_SIZE, VM_PROT_NONE);
	memory_free(source, PAGES);
}

void test_protect_anonymous(void)
{
	target = memory_new(PAGES);
	run_with(protect);
	memory_free(target, PAGES);
}

void test_protect_shared(void)
{
	mach_port_t task;

	target = memory_new(PAGES);
	EXPECT(vm_inherit(SELF, target, PAGES * PAGE_SIZE, VM_INHERIT_SHARE), KERN_SUCCESS);
	EXPECT(task_create(SELF, TRUE, &task), KERN_SUCCESS);
	run_with(protect);
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, task), KERN_SUCCESS);
	memory_free(target, PAGES);
}

void test_protect_object(void)
{
	file_new(&file, 0, flush);
	target = file_map(&file, VM_PROT_DEFAULT);
	run_with(protect);
	EXPECT_TRUE(file.requests > 50);
	memory_free(target, FILE_PAGES);
	file_end(&file);
}

/* --- Another object ----------------------------------------------------------------------- */

#define SECRET	0x5a5a5a5au

/* A place that is free may be taken for a moment, for what a pager gets. */
static void place(vm_offset_t address, struct file *object)
{
	kern_return_t result;

	do {
		vm_offset_t at = address;

		if (object != NULL)
			result = vm_map(SELF, &at, PAGE_SIZE, 0, FALSE, object->port, 0, FALSE,
				VM_PROT_READ, VM_PROT_READ, VM_INHERIT_SHARE);
		else
			result = vm_allocate(SELF, &at, PAGE_SIZE, FALSE);
		if (result == KERN_NO_SPACE)
			swtch_pri(0);
	} while (result == KERN_NO_SPACE);
	EXPECT(result, KERN_SUCCESS);
}

static void unplace(vm_offset_t page)
{
	vm_wire(tap_host_priv, SELF, page, PAGE_SIZE, VM_PROT_NONE);
	EXPECT(vm_deallocate(SELF, page, PAGE_SIZE), KERN_SUCCESS);
}

static void change_object(struct racer *self)
{
	vm_offset_t page = target + PAGE_SIZE;

	unplace(page);
	place(page, &secret);
	race_pause(self);
	EXPECT(count_others(page, 1, SECRET), 0);
	race_pause(self);
	unplace(page);
	place(page, NULL);
	race_pause(self);
}

/* An object that may only be read is as it was, whoever wrote to where it was mapped. */
void test_switch(void)
{
	vm_offset_t view;

	file_new(&secret, SECRET & 0xff, NULL);
	view = file_map(&secret, VM_PROT_READ);
	target = memory_new(PAGES);
	EXPECT(count_others(view, FILE_PAGES, SECRET), 0);
	run_with(change_object);
	EXPECT(count_others(view, FILE_PAGES, SECRET), 0);
	memory_free(target, PAGES);
	memory_free(view, FILE_PAGES);
	file_end(&secret);
}
