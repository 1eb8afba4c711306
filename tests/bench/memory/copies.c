/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies of memory: a megabyte within the task, read and written; a child's whole map. */
#include <libmach/print.h>
#include <mach.h>
#include <mach/vm_param.h>

#include "../common/measure.h"
#include "rows.h"

#define MEGABYTE	(1024 * 1024)
#define TIMES		6

struct copy {
	vm_offset_t	source, destination;
};

static void write_source(void *argument)
{
	struct copy *copy = argument;

	touch(copy->source, MEGABYTE);
}

static void copy_megabyte(void *argument)
{
	struct copy *copy = argument;

	must("copy", vm_copy(SELF, copy->source, MEGABYTE, copy->destination));
}

static void read_megabyte(void *argument)
{
	struct copy *copy = argument;
	mach_msg_type_number_t size;

	must("read", vm_read(SELF, copy->source, MEGABYTE, &copy->destination, &size));
}

static void free_destination(void *argument)
{
	struct copy *copy = argument;

	must("free", vm_deallocate(SELF, copy->destination, MEGABYTE));
}

static void write_megabyte(void *argument)
{
	struct copy *copy = argument;

	must("write", vm_write(SELF, copy->destination, copy->source, MEGABYTE));
}

void measure_copies(void)
{
	static struct copy copy;

	must("source", vm_allocate(SELF, &copy.source, MEGABYTE, TRUE));
	measure_each("vm-read-1m", TIMES, read_megabyte, &copy, write_source, free_destination);
	must("destination", vm_allocate(SELF, &copy.destination, MEGABYTE, TRUE));
	touch(copy.destination, MEGABYTE);
	measure_each("vm-copy-1m", TIMES, copy_megabyte, &copy, write_source, NULL);
	measure_each("vm-write-1m", TIMES, write_megabyte, &copy, write_source, NULL);
	free_destination(&copy);
	must("free", vm_deallocate(SELF, copy.source, MEGABYTE));
}

/* --- children ---------------------------------------------------------------------------------- */

struct parent {
	vm_offset_t	base;
	vm_size_t	size;
	mach_port_t	child;
};

static void create(void *argument)
{
	struct parent *parent = argument;

	must("task", task_create(SELF, TRUE, &parent->child));
}

static void terminate(void *argument)
{
	struct parent *parent = argument;

	must("terminate", task_terminate(parent->child));
	mach_port_deallocate(SELF, parent->child);
}

static void write_all(void *argument)
{
	struct parent *parent = argument;

	touch(parent->base, parent->size);
}

static void create_from_written(void *argument)
{
	write_all(argument);
	create(argument);
}

/* The parent has written all its pages before each child. */
void measure_child(const char *entries_name, unsigned int entries)
{
	struct parent parent = {
		.base = allocate_entries(2 * entries),
		.size = 2 * entries * PAGE_SIZE,
	};
	char name[40];

	snprintf(name, sizeof name, "task-create-%s", entries_name);
	measure_each(name, TIMES, create, &parent, write_all, terminate);
	snprintf(name, sizeof name, "task-terminate-%s", entries_name);
	measure_each(name, TIMES, terminate, &parent, create_from_written, NULL);
	must("free", vm_deallocate(SELF, parent.base, parent.size));
}
