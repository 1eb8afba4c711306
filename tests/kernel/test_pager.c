/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory objects whose pager dies while memory is short (MO-6). */
#include "ktest.h"

#include <ipc/port.h>
#include <kern/mig_support.h>
#include <kern/slab.h>
#include <kern/string.h>
#include <mach/mach_server.h>
#include <vm/map.h>
#include <vm/pager.h>

#define SIZE (3 * PAGE_BYTES)

/* A memory object, and a map that it is entered in. */
struct scene {
	struct ipc_port *port;		/* the receive right; NULL when it has died */
	struct ipc_port *right;		/* a send right */
	struct vm_pager *pager;		/* a reference, or NULL */
	struct vm_map *map;
	vm_offset_t addr, copy;		/* where it is; 0: nowhere */
};

static bool is_shortage_or(kern_return_t kr, kern_return_t other)
{
	return kr == other || kr == KERN_RESOURCE_SHORTAGE;
}

static void begin(struct scene *s)
{
	*s = (struct scene){ .port = ipc_port_create(), .map = vm_map_create() };
	s->right = ipc_port_make_send(s->port);
}

static kern_return_t enter(struct scene *s, bool copy, vm_offset_t *addr)
{
	struct ipc_port *right = ipc_port_copy_send(s->right);
	kern_return_t kr = vm_map(s->map, addr, SIZE, 0, TRUE, right, 0, copy, VM_PROT_DEFAULT,
				  VM_PROT_ALL, VM_INHERIT_COPY);

	if (kr != KERN_SUCCESS) {
		ipc_port_release_send(right);
		*addr = 0;
	}
	return kr;
}

static void find_pager(struct scene *s)
{
	ipc_port_lock(s->port);
	s->pager = s->port->kobject;
	if (s->pager != NULL)
		vm_pager_reference(s->pager);
	ipc_port_unlock(s->port);
}

static void supply(struct scene *s)
{
	struct vm_map_copy *data;
	char *page = kalloc(PAGE_BYTES);

	if (page == NULL)
		return;
	memset(page, 7, PAGE_BYTES);
	data = vm_map_copy_from_kernel(page, PAGE_BYTES);
	if (data != NULL && memory_object_data_supply(s->pager, 0, data, PAGE_BYTES, VM_PROT_NONE,
						      FALSE, IP_NULL, 0) != KERN_SUCCESS)
		vm_map_copy_discard(data);
	kfree(page, PAGE_BYTES);
}

/* All that happens between a kernel, a pager and a client, as far as nobody has to wait. */
static void converse(struct scene *s, memory_object_copy_strategy_t strategy)
{
	if (!CHECK(is_shortage_or(enter(s, false, &s->addr), KERN_SUCCESS)) || s->addr == 0)
		return;
	find_pager(s);
	CHECK(s->pager != NULL);
	CHECK(memory_object_ready(s->pager, FALSE, strategy) == KERN_SUCCESS);
	supply(s);
	if (strategy != MEMORY_OBJECT_COPY_NONE)	/* that would wait for pages */
		CHECK(is_shortage_or(enter(s, true, &s->copy), KERN_SUCCESS));
}

/* Whoever touches the memory of a dead pager is told so. */
static void die(struct scene *s)
{
	ipc_port_destroy(s->port);
	s->port = NULL;
	for (vm_offset_t offset = PAGE_BYTES; offset < SIZE; offset += PAGE_BYTES) {
		if (s->addr != 0)
			CHECK(is_shortage_or(vm_fault(s->map, s->addr + offset, VM_PROT_READ),
					     KERN_MEMORY_ERROR));
		if (s->copy != 0)
			CHECK(is_shortage_or(vm_fault(s->map, s->copy + offset, VM_PROT_WRITE),
					     KERN_MEMORY_ERROR));
	}
}

static void end(struct scene *s)
{
	if (s->pager != NULL)
		vm_pager_release(s->pager);
	vm_map_release(s->map);
	ipc_port_release_send(s->right);
	if (s->port != NULL)
		ipc_port_destroy(s->port);
}

/* Each allocation fails in turn; the pager dies before its client, or after it. */
static void try(unsigned int n, memory_object_copy_strategy_t strategy, bool pager_first)
{
	struct scene s;

	begin(&s);
	slab_fail_after(n);
	converse(&s, strategy);
	if (pager_first)
		die(&s);
	end(&s);
	slab_fail_after(0);
}

static void test_death_while_memory_is_short(void)
{
	for (int strategy = MEMORY_OBJECT_COPY_NONE; strategy <= MEMORY_OBJECT_COPY_TEMPORARY;
	     strategy++)
		for (unsigned int n = 0; n < 60; n++) {
			try(n, strategy, false);
			try(n, strategy, true);
		}
	CHECK(vm_pager_count() == 0);
}

const struct ktest pager_tests[] = {
	{ "MO-6: pagers die while memory is short", test_death_while_memory_is_short },
	{ 0, 0 },
};
