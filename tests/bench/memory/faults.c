/* SPDX-License-Identifier: BSD-2-Clause */
/* Page faults, each counted with the instruction that touches the page. */
#include <libmach/thread.h>
#include <mach.h>
#include <mach/memory_object.h>
#include <mach/vm_param.h>

#include "../common/measure.h"
#include "rows.h"

#define SIZE		(BATCH * PAGE_SIZE)

void touch(vm_offset_t address, vm_size_t size)
{
	for (vm_offset_t end = address + size; address < end; address += PAGE_SIZE)
		*(volatile uint32_t *) address = address;
}

/* --- memory that comes and goes ---------------------------------------------------------------- */

static vm_offset_t pages[BATCH];
static unsigned int count;

static void allocate(void *unused)
{
	(void) unused;
	must("allocate", syscall_vm_allocate(SELF, &pages[count++], PAGE_SIZE, TRUE));
}

static void deallocate(void *unused)
{
	(void) unused;
	must("deallocate", syscall_vm_deallocate(SELF, pages[--count], PAGE_SIZE));
}

static void allocate_all(void *unused)
{
	while (count < BATCH)
		allocate(unused);
}

static void deallocate_all(void *unused)
{
	while (count > 0)
		deallocate(unused);
}

void measure_allocation(void)
{
	measure("vm-allocate", allocate, NULL, deallocate_all);
	allocate_all(NULL);
	measure("vm-deallocate", deallocate, NULL, allocate_all);
	deallocate_all(NULL);
}

/* --- faults ------------------------------------------------------------------------------------ */

struct region {
	vm_offset_t	base, next;
};

static void touch_next(void *argument)
{
	struct region *region = argument;

	*(volatile uint32_t *) region->next = 1;
	region->next += PAGE_SIZE;
}

static void renew(void *argument)
{
	struct region *region = argument;

	if (region->base != 0)
		must("free", vm_deallocate(SELF, region->base, SIZE));
	must("allocate", vm_allocate(SELF, &region->base, SIZE, TRUE));
	region->next = region->base;
}

/* The same memory with its pages, and a copy, which is to be written. */
static void copy_anew(void *argument)
{
	static vm_offset_t original;
	struct region *region = argument;
	mach_msg_type_number_t size;

	if (region->base != 0)
		must("free", vm_deallocate(SELF, region->base, SIZE));
	if (original != 0)
		must("free", vm_deallocate(SELF, original, SIZE));
	must("allocate", vm_allocate(SELF, &original, SIZE, TRUE));
	touch(original, SIZE);
	must("copy", vm_read(SELF, original, SIZE, &region->base, &size));
	region->next = region->base;
}

void measure_faults(void)
{
	static struct region zeros, copy;

	renew(&zeros);
	measure("page-fault-zero", touch_next, &zeros, renew);
	copy_anew(&copy);
	measure("page-fault-copy", touch_next, &copy, copy_anew);
}

/* --- a pager in the same task ------------------------------------------------------------------ */

struct request {
	mach_msg_header_t	header;
	uint32_t		body[32];	/* offset: the fourth word */
};

#define INIT_ID		2200
#define DATA_REQUEST_ID	2203

static char data[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

static void answer(const struct request *request)
{
	mach_port_t control = request->body[1];

	if (request->header.msgh_id == INIT_ID)
		must("ready", memory_object_ready(control, FALSE, MEMORY_OBJECT_COPY_DELAY));
	else if (request->header.msgh_id == DATA_REQUEST_ID)
		must("supply", memory_object_data_supply(control, request->body[3],
			(vm_offset_t) data, PAGE_SIZE, FALSE, VM_PROT_NONE, FALSE,
			MACH_PORT_NULL));
}

static void serve(void *argument)
{
	mach_port_t port = (mach_port_t) (uintptr_t) argument;
	static struct request request;

	for (;;) {
		must("request", mach_msg_trap(&request.header, MACH_RCV_MSG, 0, sizeof request,
			port, MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL));
		answer(&request);
	}
}

struct mapping {
	struct region	region;
	mach_port_t	port;
	vm_offset_t	offset;
};

static void map_next(void *argument)
{
	struct mapping *mapping = argument;

	mapping->region.base = 0;
	must("map", vm_map(SELF, &mapping->region.base, SIZE, 0, TRUE, mapping->port,
		mapping->offset, FALSE, VM_PROT_DEFAULT, VM_PROT_ALL, VM_INHERIT_COPY));
	mapping->region.next = mapping->region.base;
	mapping->offset += SIZE;
}

/*
 * From the touch until the page is there: the fault, the request, the pager's thread, which receives
 * it and supplies the page, and back.
 */
void measure_pager_fault(void)
{
	static struct mapping mapping;
	mach_port_t thread;

	mapping.port = mach_reply_port();
	must("send right", mach_port_insert_right(SELF, mapping.port, mapping.port,
		MACH_MSG_TYPE_MAKE_SEND));
	must("thread", mach_thread_start(serve, (void *) (uintptr_t) mapping.port, &thread));
	map_next(&mapping);
	measure("page-fault-pager", touch_next, &mapping.region, map_next);
}
