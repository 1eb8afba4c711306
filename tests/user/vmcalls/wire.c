/* SPDX-License-Identifier: BSD-2-Clause */
/* Wired memory, with pagers and without, and memory for devices. */
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/mach_host.h>
#include <mach/memory_object.h>

#include "../common/messages.h"
#include "../common/pager.h"
#include "../common/ports.h"
#include "../common/race.h"
#include "../common/regions.h"
#include "../common/snapshot.h"
#include "../common/tap.h"
#include "tests.h"

#define QUOTA	0x800000u

static vm_offset_t allocate(vm_size_t size)
{
	vm_offset_t address = 0;

	EXPECT(vm_allocate(SELF, &address, size, TRUE), KERN_SUCCESS);
	return address;
}

/* Pages that stay where they are, the kernel's too. */
static int wired_count(void)
{
	vm_statistics_data_t statistics = { 0 };

	EXPECT(vm_statistics(SELF, &statistics), KERN_SUCCESS);
	return statistics.wire_count;
}

/* --- the quota (VM-10) ------------------------------------------------------------------------- */

void test_wire_quota(void)
{
	static const vm_size_t sizes[] = {
		QUOTA + 1, QUOTA + PAGE_SIZE, 0x7fffffff, 0xc0000000, 0xfffff000, 0xffffffff,
	};
	mach_port_t host = mach_host_self();
	vm_offset_t base = allocate(QUOTA + PAGE_SIZE);
	int before;

	EXPECT(vm_wire(host, SELF, base, PAGE_SIZE, VM_PROT_READ), KERN_SUCCESS);
	EXPECT(vm_wire(host, SELF, base, PAGE_SIZE, VM_PROT_NONE), KERN_SUCCESS);
	before = wired_count();
	for (unsigned int i = 0; i < COUNT_OF(sizes); i++) {
		tap_about("size %x", sizes[i]);
		EXPECT(vm_wire(host, SELF, base, sizes[i], VM_PROT_READ), KERN_NO_ACCESS);
	}
	tap_about("%s", "");
	EXPECT_TRUE(wired_count() <= before + 8);
	EXPECT(vm_wire(host, SELF, base, QUOTA, VM_PROT_READ), KERN_SUCCESS);
	EXPECT_TRUE(wired_count() >= before + (int) (QUOTA / PAGE_SIZE));
	/* What is wired already is not counted again; one page more is too much. */
	EXPECT(vm_wire(host, SELF, base, QUOTA, VM_PROT_DEFAULT), KERN_SUCCESS);
	EXPECT(vm_wire(host, SELF, base + QUOTA, PAGE_SIZE, VM_PROT_READ), KERN_NO_ACCESS);
	EXPECT(vm_wire(host, SELF, base + PAGE_SIZE, QUOTA, VM_PROT_READ), KERN_NO_ACCESS);
	EXPECT(vm_wire(tap_host_priv, SELF, base + QUOTA, PAGE_SIZE, VM_PROT_READ), KERN_SUCCESS);
	EXPECT(vm_wire(host, SELF, base, QUOTA + PAGE_SIZE, VM_PROT_NONE), KERN_SUCCESS);
	EXPECT_TRUE(wired_count() <= before + 8);
	EXPECT(vm_wire(host, SELF, base + QUOTA, PAGE_SIZE, VM_PROT_READ), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, base, QUOTA + PAGE_SIZE), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
}

/* Ten threads want all of it at the same time: one gets it. */
#define WIRERS	10

static vm_offset_t wirer_base[WIRERS];
static kern_return_t wirer_result[WIRERS];
static mach_port_t wirer_host;

static void wire_step(struct racer *self)
{
	race_pause(self);
	wirer_result[self->index] = vm_wire(wirer_host, SELF, wirer_base[self->index], QUOTA,
		VM_PROT_READ);
	race_pause(self);
}

void test_wire_race(void)
{
	struct racer field[WIRERS];
	unsigned int i, wired = 0;

	wirer_host = mach_host_self();
	memset(field, 0, sizeof field);
	for (i = 0; i < WIRERS; i++) {
		wirer_base[i] = allocate(QUOTA);
		field[i].step = wire_step;
		field[i].steps = 1;
	}
	race_run(field, WIRERS);
	for (i = 0; i < WIRERS; i++) {
		wired += wirer_result[i] == KERN_SUCCESS;
		if (wirer_result[i] != KERN_SUCCESS)
			EXPECT(wirer_result[i], KERN_NO_ACCESS);
		EXPECT(vm_deallocate(SELF, wirer_base[i], QUOTA), KERN_SUCCESS);
	}
	EXPECT(wired, 1);
	EXPECT(mach_port_deallocate(SELF, wirer_host), KERN_SUCCESS);
}

/* --- what is done to wired memory ----------------------------------------------------------- */

/* To NONE and back, touched, deallocated; copied, inherited, shared, flushed. */
void test_wired_memory(void)
{
	vm_offset_t base = allocate(4 * PAGE_SIZE), copy;
	vm_size_t size;
	mach_port_t child;
	int before = wired_count();

	*(volatile char *) (base + PAGE_SIZE) = 1;
	EXPECT(vm_wire(tap_host_priv, SELF, base, 4 * PAGE_SIZE, VM_PROT_DEFAULT), KERN_SUCCESS);
	EXPECT(vm_protect(SELF, base, 2 * PAGE_SIZE, FALSE, VM_PROT_NONE), KERN_SUCCESS);
	EXPECT(vm_protect(SELF, base, 4 * PAGE_SIZE, FALSE, VM_PROT_DEFAULT), KERN_SUCCESS);
	EXPECT(*(volatile char *) (base + PAGE_SIZE), 1);
	*(volatile char *) base = 2;
	EXPECT(vm_read(SELF, base, 4 * PAGE_SIZE, &copy, &size), KERN_SUCCESS);
	EXPECT(task_create(SELF, TRUE, &child), KERN_SUCCESS);
	*(volatile char *) base = 3;
	EXPECT(*(volatile char *) copy, 2);
	EXPECT(vm_deallocate(SELF, copy, size), KERN_SUCCESS);
	EXPECT(vm_read(child, base, PAGE_SIZE, &copy, &size), KERN_SUCCESS);
	EXPECT(*(volatile char *) copy, 2);
	EXPECT(vm_deallocate(SELF, copy, size), KERN_SUCCESS);
	EXPECT(task_terminate(child), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, child), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, base + PAGE_SIZE, PAGE_SIZE), KERN_SUCCESS);
	EXPECT(*(volatile char *) base, 3);
	EXPECT(vm_deallocate(SELF, base, 4 * PAGE_SIZE), KERN_SUCCESS);
	EXPECT_TRUE(wired_count() <= before + 8);
}

/* --- with a pager ----------------------------------------------------------------------------- */

struct wirer {
	vm_offset_t		base;
	vm_size_t		size;
	boolean_t		all;		/* vm_wire_all instead */
	mach_port_t		task, thread;
	volatile boolean_t	done;
	kern_return_t		result;
};

static void wire(void *argument)
{
	struct wirer *wirer = argument;

	wirer->result = wirer->all ?
		vm_wire_all(tap_host_priv, wirer->task, VM_WIRE_CURRENT) :
		vm_wire(tap_host_priv, wirer->task, wirer->base, wirer->size, VM_PROT_READ);
	wirer->done = TRUE;
}

static void wirer_start(struct wirer *wirer)
{
	wirer->done = FALSE;
	EXPECT(mach_thread_prepare(wire, wirer, &wirer->thread), KERN_SUCCESS);
	EXPECT(thread_resume(wirer->thread), KERN_SUCCESS);
	sleep_for(20);
}

/* Each page is asked for; then it stays, whatever the pager wants. */
void test_wire_paged(void)
{
	static struct wirer wirer;
	struct object object;
	mach_port_t reply = port_new();

	wirer = (struct wirer) { .task = SELF, .size = 2 * PAGE_SIZE };
	wirer.base = object_map_new(&object, 2);
	wirer_start(&wirer);
	EXPECT_TRUE(!wirer.done);
	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	for (unsigned int i = 0; i < 2; i++) {
		/* The first is met by wiring; the others are only to be there for the next try. */
		expect_request(&object, 2203, i * PAGE_SIZE,
			i == 0 ? VM_PROT_DEFAULT : VM_PROT_READ);
		EXPECT_TRUE(!wirer.done);
		EXPECT(supply(&object, i * PAGE_SIZE, 5, VM_PROT_NONE, FALSE, MACH_PORT_NULL),
			KERN_SUCCESS);
	}
	mach_thread_join(wirer.thread);
	EXPECT(wirer.result, KERN_SUCCESS);
	*(volatile char *) wirer.base = 6;
	EXPECT(memory_object_lock_request(object.control, 0, 2 * PAGE_SIZE,
		MEMORY_OBJECT_RETURN_DIRTY, TRUE, 8, reply), KERN_SUCCESS);
	expect_return(&object, 0, 1, 6, TRUE, FALSE);
	EXPECT(message_receive_wait(&object.message, reply, PATIENCE), MACH_MSG_SUCCESS);
	EXPECT(object.message.header.msgh_id, 2206);
	EXPECT(mach_port_deallocate(SELF, object.message.body[1]), KERN_SUCCESS);
	EXPECT(*(volatile char *) wirer.base, 6);
	EXPECT(vm_wire(tap_host_priv, SELF, wirer.base, 2 * PAGE_SIZE, VM_PROT_NONE),
		KERN_SUCCESS);
	port_destroy(reply);
	object_unmap_last(&object, wirer.base, 2);
}

/* Who waits to wire can be stopped, and is told of errors; then nothing is wired. */
void test_wire_stopped(void)
{
	static struct wirer wirer;
	struct object object;
	int before;

	wirer = (struct wirer) { .task = SELF, .size = 2 * PAGE_SIZE };
	wirer.base = object_map_new(&object, 2);
	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	page_in(&object, wirer.base, 0, 1);
	before = wired_count();
	wirer_start(&wirer);
	expect_request(&object, 2203, PAGE_SIZE, VM_PROT_DEFAULT);
	EXPECT(thread_abort(wirer.thread), KERN_SUCCESS);
	mach_thread_join(wirer.thread);
	EXPECT(wirer.result, KERN_ABORTED);
	wirer_start(&wirer);
	EXPECT_TRUE(!wirer.done);		/* the answer is still owed */
	EXPECT(memory_object_data_error(object.control, PAGE_SIZE, PAGE_SIZE, 1), KERN_SUCCESS);
	mach_thread_join(wirer.thread);
	EXPECT(wirer.result, KERN_MEMORY_ERROR);
	EXPECT_TRUE(wired_count() <= before + 4);
	/* Unmapped under it. */
	wirer_start(&wirer);
	expect_request(&object, 2203, PAGE_SIZE, VM_PROT_DEFAULT);
	EXPECT(vm_deallocate(SELF, wirer.base, 2 * PAGE_SIZE), KERN_SUCCESS);
	expect_terminate(&object);
	mach_thread_join(wirer.thread);
	EXPECT_TRUE(wirer.result != KERN_SUCCESS);
	object_end(&object);
}

/* vm_wire_all waits for pages; memory that comes later is wired when it comes. */
void test_wire_all(void)
{
	static struct wirer wirer;
	struct object object;
	vm_offset_t address = 0;
	vm_size_t size;
	int before;

	object_new(&object);
	wirer = (struct wirer) { .all = TRUE };
	EXPECT(task_create(SELF, FALSE, &wirer.task), KERN_SUCCESS);
	EXPECT(vm_map(wirer.task, &wirer.base, PAGE_SIZE, 0, TRUE, object.port, 0, FALSE,
		VM_PROT_DEFAULT, VM_PROT_ALL, VM_INHERIT_COPY), KERN_SUCCESS);
	EXPECT(vm_allocate(wirer.task, &address, 4 * PAGE_SIZE, TRUE), KERN_SUCCESS);
	expect_init(&object);
	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	before = wired_count();
	wirer_start(&wirer);
	expect_request(&object, 2203, 0, VM_PROT_DEFAULT);
	EXPECT(supply(&object, 0, 1, VM_PROT_NONE, FALSE, MACH_PORT_NULL), KERN_SUCCESS);
	mach_thread_join(wirer.thread);
	EXPECT(wirer.result, KERN_SUCCESS);
	EXPECT_TRUE(wired_count() >= before + 5);
	EXPECT(vm_wire_all(tap_host_priv, wirer.task, VM_WIRE_FUTURE), KERN_SUCCESS);
	EXPECT(vm_allocate(wirer.task, &address, 20 * PAGE_SIZE, TRUE), KERN_SUCCESS);
	EXPECT_TRUE(wired_count() >= before + 25);
	EXPECT(vm_wire_all(tap_host_priv, wirer.task, VM_WIRE_NONE), KERN_SUCCESS);
	EXPECT_TRUE(wired_count() <= before + 8);
	EXPECT(vm_read(wirer.task, wirer.base, 4, &address, &size), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, address, size), KERN_SUCCESS);
	EXPECT(task_terminate(wirer.task), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, wirer.task), KERN_SUCCESS);
	/* The page was wired for writing, so it is not known to be as the pager has it. */
	expect_terminate(&object);
	object_end(&object);
}

/* --- memory for devices (VM-15) -------------------------------------------------------------- */

static kern_return_t contiguous(vm_size_t size, rpc_phys_addr_t min, rpc_phys_addr_t max,
	rpc_phys_addr_t align, vm_offset_t *address, rpc_phys_addr_t *phys)
{
	return vm_allocate_contiguous(tap_host_priv, SELF, address, phys, size, min, max, align);
}

void test_contiguous_codes(void)
{
	static const struct {
		vm_size_t	size;
		rpc_phys_addr_t	min, max, align;
		kern_return_t	code;
	} cases[] = {
		{ 0, 0, ~0ull, 0, KERN_INVALID_ARGUMENT },
		{ 0xfffff001, 0, ~0ull, 0, KERN_INVALID_ARGUMENT },
		{ PAGE_SIZE, 1, ~0ull, 0, KERN_INVALID_ARGUMENT },
		{ PAGE_SIZE, PAGE_SIZE, ~0ull, 0, KERN_INVALID_ARGUMENT },
		{ PAGE_SIZE, 0, ~0ull, 3, KERN_INVALID_ARGUMENT },
		{ PAGE_SIZE, 0, ~0ull, PAGE_SIZE - 1, KERN_INVALID_ARGUMENT },
		{ PAGE_SIZE, 0, ~0ull, 2 * PAGE_SIZE, KERN_INVALID_ARGUMENT },
		{ PAGE_SIZE, 0, ~0ull, 0x100000000ull, KERN_INVALID_ARGUMENT },
		{ PAGE_SIZE, 0, 0, 0, KERN_RESOURCE_SHORTAGE },
		{ PAGE_SIZE, 0, 1, 0, KERN_RESOURCE_SHORTAGE },
		{ PAGE_SIZE, 0, PAGE_SIZE - 2, 0, KERN_RESOURCE_SHORTAGE },
		{ 0x1000000, 0, 0xffffff, 0, KERN_RESOURCE_SHORTAGE },
		{ 0x7ffff000, 0, ~0ull, 0, KERN_RESOURCE_SHORTAGE },
		{ 0xc0000000, 0, ~0ull, 0, KERN_RESOURCE_SHORTAGE },
		{ 0xfffff000, 0, ~0ull, 0, KERN_RESOURCE_SHORTAGE },
	};
	static struct regions before;
	vm_offset_t address;
	rpc_phys_addr_t phys;

	regions_take(SELF, &before);
	for (unsigned int i = 0; i < COUNT_OF(cases); i++) {
		tap_about("case %u, size %x", i, cases[i].size);
		EXPECT(contiguous(cases[i].size, cases[i].min, cases[i].max, cases[i].align,
			&address, &phys), cases[i].code);
		regions_expect(SELF, &before);
	}
	tap_about("%s", "");
}

static void try_contiguous(vm_size_t size, rpc_phys_addr_t max, rpc_phys_addr_t align)
{
	rpc_phys_addr_t inlined[8], *pages = inlined, phys = 1;
	mach_msg_type_number_t count = COUNT_OF(inlined);
	vm_size_t rounded = (size + PAGE_SIZE - 1) & -PAGE_SIZE;
	vm_offset_t address = 0;
	struct region region;
	unsigned int i, wrong = 0;

	tap_about("size %x", size);
	if (!EXPECT(contiguous(size, 0, max, align, &address, &phys), KERN_SUCCESS))
		return;
	EXPECT_TRUE(phys % PAGE_SIZE == 0 && phys + rounded - 1 <= max);
	EXPECT(region_find(SELF, address, &region), KERN_SUCCESS);
	EXPECT(region.protection, VM_PROT_DEFAULT);
	EXPECT(region.max, VM_PROT_DEFAULT);
	for (i = 0; i < rounded; i++)
		wrong += ((volatile char *) address)[i] != 0;
	EXPECT(wrong, 0);
	EXPECT(vm_pages_phys(tap_host_priv, SELF, address, size, &pages, &count), KERN_SUCCESS);
	EXPECT(count, rounded / PAGE_SIZE);
	for (i = 0; i < count; i++)
		wrong += pages[i] != phys + i * PAGE_SIZE;
	EXPECT(wrong, 0);
	if (pages != inlined)
		EXPECT(vm_deallocate(SELF, (vm_offset_t) pages, count * sizeof *pages),
			KERN_SUCCESS);
	memset((void *) address, 0xcc, size);
	EXPECT(vm_deallocate(SELF, address, size), KERN_SUCCESS);
}

static void contiguous_round(void)
{
	static const vm_size_t sizes[] = {
		1, PAGE_SIZE, 3 * PAGE_SIZE, 5 * PAGE_SIZE + 7, 31 * PAGE_SIZE,
	};

	for (unsigned int i = 0; i < COUNT_OF(sizes); i++) {
		try_contiguous(sizes[i], ~0ull, 0);
		try_contiguous(sizes[i], 0xffffff, PAGE_SIZE);
		try_contiguous(sizes[i], 0x3ffffff, 16);
	}
	tap_about("%s", "");
}

void test_contiguous(void)
{
	snapshot_conserved(contiguous_round, tap_rounds(3, 200));
}

#define BLOCK	0x400000u

/* Any bound: more than there is below the first 16 MiB, out of the next 48. */
void test_contiguous_bounds(void)
{
	const rpc_phys_addr_t max = 0x3ffffff;
	vm_offset_t address[6];
	rpc_phys_addr_t phys;

	for (unsigned int i = 0; i < COUNT_OF(address); i++) {
		EXPECT(contiguous(BLOCK, 0, max, 0, &address[i], &phys), KERN_SUCCESS);
		EXPECT_TRUE(phys + BLOCK - 1 <= max);
	}
	for (unsigned int i = 0; i < COUNT_OF(address); i++)
		EXPECT(vm_deallocate(SELF, address[i], BLOCK), KERN_SUCCESS);
}

static struct {
	vm_offset_t	address;
	vm_size_t	size;
} taken[1000];
static unsigned int taken_count;

/* As many as there are. */
static void take_all(vm_size_t size)
{
	kern_return_t result = KERN_SUCCESS;
	rpc_phys_addr_t phys;

	while (taken_count < COUNT_OF(taken)) {
		result = contiguous(size, 0, ~0ull, 0, &taken[taken_count].address, &phys);
		if (result != KERN_SUCCESS)
			break;
		taken[taken_count++].size = size;
	}
	EXPECT(result, KERN_RESOURCE_SHORTAGE);
}

/* The kernel's reserve is not for this: it goes on when nothing else is left. */
void test_contiguous_reserve(void)
{
	mach_port_t child, port[50];

	memset(taken, 0, sizeof taken);
	taken_count = 0;
	for (vm_size_t size = BLOCK; size >= PAGE_SIZE; size /= 4)
		take_all(size);
	for (unsigned int i = 0; i < COUNT_OF(port); i++)
		port[i] = port_new();
	EXPECT(task_create(SELF, FALSE, &child), KERN_SUCCESS);
	EXPECT(task_terminate(child), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, child), KERN_SUCCESS);
	EXPECT_TRUE(snapshot_free_pages() >= 256);
	for (unsigned int i = 0; i < COUNT_OF(port); i++)
		port_destroy(port[i]);
	while (taken_count-- > 0)
		EXPECT(vm_deallocate(SELF, taken[taken_count].address, taken[taken_count].size),
			KERN_SUCCESS);
}

/* Sent out of line, inherited, and unwired: it is memory like any other. */
void test_contiguous_sent(void)
{
	static struct message message;
	mach_port_t port = port_new_with_send(1);
	vm_offset_t address = 0;
	rpc_phys_addr_t phys;
	mach_port_t child;

	for (unsigned int i = 0; i < 2; i++) {
		EXPECT(contiguous(3 * PAGE_SIZE, 0, ~0ull, 0, &address, &phys), KERN_SUCCESS);
		memset((void *) address, 0x11, 3 * PAGE_SIZE);
		message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
		message_memory(&message, MACH_MSG_TYPE_BYTE, 8, 3 * PAGE_SIZE, (void *) address,
			i != 0 ? TYPE_DEALLOCATE : 0);
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		if (i == 0) {
			EXPECT(task_create(SELF, TRUE, &child), KERN_SUCCESS);
			memset((void *) address, 0x22, 3 * PAGE_SIZE);
			EXPECT(task_terminate(child), KERN_SUCCESS);
			EXPECT(mach_port_deallocate(SELF, child), KERN_SUCCESS);
			EXPECT(vm_deallocate(SELF, address, 3 * PAGE_SIZE), KERN_SUCCESS);
		}
		EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
		EXPECT(*(volatile unsigned char *) (message.body[3] + 2 * PAGE_SIZE), 0x11);
		*(volatile unsigned char *) message.body[3] = 1;
		EXPECT(vm_deallocate(SELF, message.body[3], 3 * PAGE_SIZE), KERN_SUCCESS);
	}
	port_destroy(port);
}

/* Listed while another thread touches and gives up the pages. */
static vm_offset_t listed;

static void touch_step(struct racer *self)
{
	for (unsigned int i = 0; i < 8; i++)
		*(volatile char *) (listed + race_random(self, 64) * PAGE_SIZE) = 1;
	race_pause(self);
	EXPECT(vm_deallocate(SELF, listed + 64 * PAGE_SIZE, PAGE_SIZE), KERN_SUCCESS);
	EXPECT(vm_allocate(SELF, &(vm_offset_t) { listed + 64 * PAGE_SIZE }, PAGE_SIZE, FALSE),
		KERN_SUCCESS);
}

static void list_step(struct racer *self)
{
	static rpc_phys_addr_t inlined[66];
	rpc_phys_addr_t *pages = inlined;
	mach_msg_type_number_t count = COUNT_OF(inlined);

	EXPECT(vm_pages_phys(tap_host_priv, SELF, listed, 65 * PAGE_SIZE, &pages, &count),
		KERN_SUCCESS);
	EXPECT(count, 65);
	for (unsigned int i = 0; i < count; i++)
		EXPECT(pages[i] % PAGE_SIZE, 0);
	if (pages != inlined)
		EXPECT(vm_deallocate(SELF, (vm_offset_t) pages, count * sizeof *pages),
			KERN_SUCCESS);
	race_pause(self);
}

void test_phys_race(void)
{
	struct racer field[2];

	memset(field, 0, sizeof field);
	listed = allocate(65 * PAGE_SIZE);
	field[0].step = touch_step;
	field[1].step = list_step;
	field[1].steps = tap_rounds(50, 2000);
	race_run(field, COUNT_OF(field));
	EXPECT(vm_deallocate(SELF, listed, 65 * PAGE_SIZE), KERN_SUCCESS);
}
