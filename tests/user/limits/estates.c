/* SPDX-License-Identifier: BSD-2-Clause */
/* KM-3: tasks, threads and page tables, charged to whoever they come from. */
#include <mach.h>
#include <mach/mach_host.h>
#include <mach/porter.h>
#include <mach/vm_param.h>

#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF		mach_task_self()
#define GENERATIONS	40u		/* more than have an estate of their own */
#define TABLE		0x200000u	/* bytes that one table maps */

static natural_t bytes_of(mach_port_t task)
{
	natural_t bytes = 0, limit;

	EXPECT(task_get_estate(tap_host_priv, task, &bytes, &limit), KERN_SUCCESS);
	return bytes;
}

static natural_t limit_of(mach_port_t task)
{
	natural_t bytes, limit = 0;

	EXPECT(task_get_estate(tap_host_priv, task, &bytes, &limit), KERN_SUCCESS);
	return limit;
}

/* So many bytes more than it has now. */
static void leave(mach_port_t task, natural_t bytes)
{
	EXPECT(task_set_estate(tap_host_priv, task, bytes_of(task) + bytes), KERN_SUCCESS);
}

static mach_port_t child_of(mach_port_t parent)
{
	mach_port_t child = MACH_PORT_NULL;

	EXPECT(task_create(parent, FALSE, &child), KERN_SUCCESS);
	return child;
}

static void end(mach_port_t task)
{
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, task), KERN_SUCCESS);
}

void test_estate_codes(void)
{
	mach_port_t host = mach_host_self();
	natural_t bytes, limit, before = limit_of(SELF);

	EXPECT(task_get_estate(host, SELF, &bytes, &limit), KERN_INVALID_HOST);
	EXPECT(task_set_estate(host, SELF, 5), KERN_INVALID_HOST);
	EXPECT(task_get_estate(tap_host_priv, host, &bytes, &limit), KERN_INVALID_TASK);
	EXPECT(task_set_estate(tap_host_priv, host, 5), KERN_INVALID_TASK);
	EXPECT(limit_of(SELF), before);
	EXPECT_TRUE(bytes_of(SELF) > 0 && bytes_of(SELF) < before);
	port_destroy(host);
}

/* A limit stops a task's own threads, its children's, and its children. */
void test_estate_threads(void)
{
	mach_port_t task = child_of(SELF), child = child_of(task), thread, more;
	natural_t one, before = bytes_of(task), own = bytes_of(SELF), size = bytes_of(child);

	EXPECT_TRUE(before == 2 * size && own >= before + size);
	EXPECT(thread_create(task, &thread), KERN_SUCCESS);
	one = bytes_of(task) - before;
	EXPECT_TRUE(one > 500);
	EXPECT(bytes_of(SELF), own + one);
	leave(task, 2 * one + 1);
	EXPECT(thread_create(task, &more), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, more), KERN_SUCCESS);
	EXPECT(thread_create(child, &more), KERN_SUCCESS);
	EXPECT(bytes_of(child), size + one);
	EXPECT(bytes_of(task), before + 3 * one);
	EXPECT(mach_port_deallocate(SELF, more), KERN_SUCCESS);
	EXPECT(thread_create(task, &more), KERN_RESOURCE_SHORTAGE);
	EXPECT(thread_create(child, &more), KERN_RESOURCE_SHORTAGE);
	EXPECT(task_create(task, FALSE, &more), KERN_RESOURCE_SHORTAGE);
	EXPECT(task_create(child, TRUE, &more), KERN_RESOURCE_SHORTAGE);
	EXPECT(bytes_of(task), before + 3 * one);
	EXPECT(bytes_of(SELF), own + 3 * one);
	end(child);
	EXPECT(bytes_of(task), before - size + 2 * one);
	EXPECT(thread_create(task, &more), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, more), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, thread), KERN_SUCCESS);
	end(task);
	EXPECT(bytes_of(SELF), own - before);
}

/* What dies before its children counts on for whoever made it. */
void test_estate_orphans(void)
{
	mach_port_t task = child_of(SELF), tasks[GENERATIONS];
	natural_t before = bytes_of(task), own = bytes_of(SELF);

	tasks[0] = child_of(task);
	for (unsigned int i = 1; i < GENERATIONS; i++)
		tasks[i] = child_of(tasks[i - 1]);
	EXPECT(bytes_of(task), (GENERATIONS + 1) * before);
	EXPECT(bytes_of(SELF), own + GENERATIONS * before);
	EXPECT(limit_of(tasks[GENERATIONS - 1]), limit_of(SELF));
	for (unsigned int i = 0; i < GENERATIONS - 1; i++)
		end(tasks[i]);
	EXPECT(bytes_of(task), 2 * before);
	leave(task, before);
	tasks[0] = child_of(tasks[GENERATIONS - 1]);
	EXPECT(task_create(tasks[GENERATIONS - 1], FALSE, &tasks[1]), KERN_RESOURCE_SHORTAGE);
	end(tasks[0]);
	end(tasks[GENERATIONS - 1]);
	EXPECT(bytes_of(task), before);
	end(task);
	EXPECT(bytes_of(SELF), own - before);
}

static kern_return_t wire(mach_port_t task, vm_address_t address)
{
	return vm_wire(tap_host_priv, task, address, PAGE_SIZE, VM_PROT_READ);
}

/* A page in each of many tables: beyond the limit an access fails, and none before. */
void test_estate_tables(void)
{
	mach_port_t task = child_of(SELF);
	vm_address_t address = 0;
	natural_t before, own = bytes_of(SELF);

	EXPECT(vm_allocate(task, &address, 10 * TABLE, FALSE), KERN_SUCCESS);
	EXPECT(wire(task, 0), KERN_SUCCESS);
	before = bytes_of(task);
	leave(task, 3 * PAGE_SIZE);
	for (unsigned int i = 1; i < 10; i++)
		EXPECT(wire(task, i * TABLE), i <= 3 ? KERN_SUCCESS : KERN_RESOURCE_SHORTAGE);
	EXPECT(bytes_of(task), before + 3 * PAGE_SIZE);
	/* What another gives up is had again. */
	EXPECT(vm_deallocate(task, 0, PAGE_SIZE), KERN_SUCCESS);
	EXPECT(wire(task, 5 * TABLE), KERN_SUCCESS);
	EXPECT(wire(task, 6 * TABLE), KERN_RESOURCE_SHORTAGE);
	/* One table is kept for the next need. */
	EXPECT(vm_deallocate(task, PAGE_SIZE, 10 * TABLE - PAGE_SIZE), KERN_SUCCESS);
	EXPECT(bytes_of(task), before);
	end(task);
	EXPECT_TRUE(bytes_of(SELF) < own);
}
