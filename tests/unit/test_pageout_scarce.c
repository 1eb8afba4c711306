/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages that go out to a default memory manager, and to a pager, and come back, with real messages,
 * while any allocation may fail, once (tests/unit/inject.h).  Whatever fails for want of memory
 * succeeds when it is tried again; no byte is lost, and in the end nothing is left.
 */
#include <tests/unit/fakes.h>

#include <stdlib.h>
#include <string.h>

#include <ipc/checker.h>
#include <ipc/entry.h>
#include <ipc/kmsg.h>
#include <ipc/port.h>
#include <ipc/right.h>
#include <ipc/space.h>
#include <kern/default_manager.h>
#include <kern/mig_support.h>
#include <kern/sched.h>
#include <mach/gnumach_server.h>
#include <mach/mach_port_server.h>
#include <mach/mach_server.h>
#include <mach/vm_sync.h>
#include <tests/unit/fakes_wait.h>
#include <vm/copy.h>
#include <vm/map_entry.h>
#include <vm/object_away.h>
#include <vm/object_pages.h>
#include <vm/pageout.h>
#include <vm/pager.h>
#include <vm/proxy.h>
#include <vm/store.h>

#define PAGE PAGE_BYTES
#define PAGES 40u			/* of a region */
#define MEMORIES_MAX 24u
#define ROUNDS 30			/* until what can go has gone */

/* --- The manager, and the pager: they are one --------------------------------------------------- */

static struct memory {
	struct ipc_port *port;		/* its receive right is in the manager's space; NULL: unused */
	uint32_t name;
	struct ipc_port *control;	/* a send right, while the kernel knows it */
	bool store, ready;
	bool wanted[PAGES];
	unsigned char *bytes[PAGES];
} memories[MEMORIES_MAX];

static struct ipc_space *space;
static struct ipc_port *manager;
static uint32_t manager_name;
static uint32_t returned;		/* pages */

enum {
	INIT = 2200, TERMINATE = 2201, REQUEST = 2203, RETURN = 2208, CREATE = 2250,
	INITIALIZE = 2251
};

struct ipc_port *default_manager_right(void)
{
	return manager == NULL ? IP_NULL : ipc_port_make_send(manager);
}

static struct ipc_port *port_create(uint32_t *name)
{
	kern_return_t kr = mach_port_allocate(space, MACH_PORT_RIGHT_RECEIVE, name);

	kernel_must(kr == KERN_SUCCESS);
	return entry_port(ipc_entry_lookup(&space->table, *name));
}

static struct memory *memory_new(void)
{
	struct memory *m = memories;

	while (m->port != NULL)
		m++;
	kernel_must(m < memories + MEMORIES_MAX);
	*m = (struct memory){ .store = false };
	return m;
}

static void control_drop(struct memory *m)
{
	if (m->control != NULL)
		ipc_port_release_send(m->control);
	m->control = NULL;
	m->ready = false;
	memset(m->wanted, 0, sizeof(m->wanted));
}

static void memory_end(struct memory *m)
{
	control_drop(m);
	kernel_must(mach_port_destroy(space, m->name) == KERN_SUCCESS);
	for (uint32_t i = 0; i < PAGES; i++)
		free(m->bytes[i]);
	m->port = NULL;
}

/* --- What they are sent ------------------------------------------------------------------------- */

static struct ipc_kmsg *next_message(struct ipc_port *port)
{
	struct queue_link *link;

	ipc_port_lock(port);
	link = queue_take_first(&port->mqueue.messages);
	port->msgcount -= link != NULL;
	ipc_port_unlock(port);
	return link == NULL ? NULL : container_of(link, struct ipc_kmsg, link);
}

/* A right of a message's is ours from now on. */
static struct ipc_port *take_right(uint32_t *word)
{
	struct ipc_port *port = (struct ipc_port *)(uintptr_t)*word;

	*word = 0;
	return port;
}

static void take_create(uint32_t *words)
{
	struct memory *m = memory_new();
	struct ipc_debris debris;
	kern_return_t kr;

	ipc_debris_init(&debris);
	m->store = m->ready = true;
	m->port = take_right(&words[1]);
	m->control = take_right(&words[5]);
	spin_lock(&space->lock);
	kr = ipc_right_copyout(space, m->port, MACH_MSG_TYPE_PORT_RECEIVE, &m->name, &debris);
	spin_unlock(&space->lock);
	kernel_must(kr == KERN_SUCCESS);
	ipc_debris_release(&debris);
}

static void take_data(struct memory *m, const uint32_t *words, bool initialize)
{
	struct vm_map_copy *copy = (struct vm_map_copy *)(uintptr_t)words[7];
	uint32_t first = words[3] / PAGE, pages = words[6] / PAGE;

	kernel_must(vm_map_copy_size(copy) == words[6] && pages > 0 && first + pages <= PAGES);
	for (uint32_t i = 0; i < pages; i++, returned++) {
		unsigned char **bytes = &m->bytes[first + i];

		kernel_must(!m->store || initialize == (*bytes == NULL));
		if (*bytes == NULL)
			*bytes = malloc(PAGE);
		kernel_must(vm_map_copy_read(copy, i * PAGE, *bytes, PAGE) == KERN_SUCCESS);
	}
}

static void take(struct memory *m, struct ipc_kmsg *kmsg)
{
	uint32_t *words = kmsg_body(kmsg);

	switch (kmsg->header.id) {
	case CREATE:
		take_create(words);
		break;
	case INIT:
		kernel_must(m->control == NULL);
		m->control = take_right(&words[1]);
		break;
	case REQUEST:
		kernel_must(words[3] / PAGE < PAGES && !m->wanted[words[3] / PAGE]);
		m->wanted[words[3] / PAGE] = true;
		break;
	case RETURN:
	case INITIALIZE:
		take_data(m, words, kmsg->header.id == INITIALIZE);
		break;
	case TERMINATE:
		control_drop(m);
		break;
	}
	ipc_kmsg_destroy_received(kmsg);
}

static bool take_all(struct memory *m, struct ipc_port *port)
{
	struct ipc_kmsg *kmsg;
	bool any = false;

	inject_pause();
	for (; (kmsg = next_message(port)) != NULL; any = true)
		take(m, kmsg);
	inject_resume();
	return any;
}

/* --- What they answer --------------------------------------------------------------------------- */

static void supply(struct memory *m, struct vm_pager *pager, uint32_t i)
{
	struct vm_map_copy *copy;

	if (m->bytes[i] == NULL) {
		m->wanted[i] = false;
		kernel_must(!m->store);
		kernel_must(memory_object_data_unavailable(pager, i * PAGE, PAGE) == KERN_SUCCESS);
		return;
	}
	copy = vm_map_copy_from_kernel(m->bytes[i], PAGE);
	if (inject_short(copy == NULL))
		return;
	m->wanted[i] = false;
	if (inject_again(memory_object_data_supply(pager, i * PAGE, copy, PAGE, VM_PROT_NONE, false,
					    IP_NULL, 0)))
		vm_map_copy_discard(copy);
}

/* Returns whether there was anything to answer. */
static bool answer(struct memory *m)
{
	struct vm_pager *pager = m->control == NULL ? NULL : convert_port_to_object(m->control);
	bool any = false;

	if (pager == NULL)
		return false;
	if (!m->ready) {
		m->ready = any = true;
		memory_object_ready(pager, false, MEMORY_OBJECT_COPY_DELAY);
	}
	for (uint32_t i = 0; i < PAGES; i++)
		if (m->wanted[i]) {
			any = true;
			supply(m, pager, i);
		}
	vm_pager_release(pager);
	return any;
}

static bool served;

static void serve(void *arg)
{
	(void)arg;
	served = take_all(NULL, manager);
	for (struct memory *m = memories; m < memories + MEMORIES_MAX; m++) {
		if (m->port == NULL)
			continue;
		served |= take_all(m, m->port);
		served |= answer(m);
		if (m->store && m->control == NULL)
			memory_end(m);
	}
}

bool fake_others_run(uint32_t n)
{
	fake_thread_run(serve, NULL);
	return served && n < 200;
}

static void serve_all(void)
{
	do
		fake_thread_run(serve, NULL);
	while (served);
}

/* --- The machine ---------------------------------------------------------------------------------- */

bool pmap_page_modified(struct vm_page *page)
{
	return page->modified;
}

void pmap_page_clear_modified(struct vm_page *page)
{
	page->modified = false;
}

/* Nobody touches anything. */
bool pmap_page_referenced(struct vm_page *page)
{
	(void)page;
	return false;
}

struct thread *kernel_thread_create(const char *name, continuation_t start, int priority)
{
	(void)name, (void)start, (void)priority;
	kernel_must(!"a thread is created");
	return NULL;
}

void (*fake_ipc_holders)(struct ipc_check *check);	/* nobody else */

void kernel_visit_holders(struct ipc_check *check)
{
	vm_pager_visit_holders(check);
	vm_proxy_visit_holders(check);
	for (struct memory *m = memories; m < memories + MEMORIES_MAX; m++)
		if (m->port != NULL && m->control != NULL)
			ipc_check_hold(check, m->control, IPC_HOLDS_SEND);
}

/* --- Beginning and end ----------------------------------------------------------------------------- */

static struct vm_map *map, *child;
static struct memory *file;		/* of the pager's */

static struct vm_map *map_new(void)
{
	struct vm_map *new;

	do
		new = vm_map_create();
	while (inject_short(new == NULL));
	return new;
}

static void begin(void)
{
	inject_pause();
	fake_wait_start();
	vm_map_init();
	vm_pager_init();
	vm_proxy_init();
	inject_begin();
	kernel_must(ipc_space_create(&space) == KERN_SUCCESS);
	manager = port_create(&manager_name);
	file = memory_new();
	file->port = port_create(&file->name);
	inject_resume();
	map = map_new();
}

static void map_end(struct vm_map **mp)
{
	if (*mp != NULL)
		vm_map_release(*mp);
	*mp = NULL;
}

/* What could not end for want of memory ends later. */
static void all_end(void)
{
	for (int i = 0; i < 3; i++) {
		vm_pager_end_idle();
		serve_all();
	}
}

static void end(void)
{
	struct vm_page_counts counts;

	map_end(&map);
	map_end(&child);
	all_end();
	kernel_must(file->control == NULL);
	memory_end(file);
	kernel_must(vm_away_total() == 0 && vm_store_count() == 0 && vm_pager_count() == 0);
	kernel_must(vm_object_count() == 0 && vm_entry_count() == 0);
	vm_page_get_counts(&counts);
	kernel_must(counts.object == 0 && vm_page_laundry_count() == 0);
	for (struct memory *m = memories; m < memories + MEMORIES_MAX; m++)
		kernel_must(m->port == NULL);
	kernel_must(mach_port_destroy(space, manager_name) == KERN_SUCCESS);
	manager = NULL;
	ipc_space_destroy(space);
	ipc_space_release(space);
	kernel_must(ipc_check_all() == 0);
}

/* --- What tests do ----------------------------------------------------------------------------------- */

static vm_offset_t base;		/* of the region */

static void write_pages(struct vm_map *m, uint32_t first, uint32_t end_page, char byte)
{
	for (uint32_t i = first; i < end_page; i++) {
		char bytes[2] = { byte, (char)i };

		while (inject_again(vm_map_write_bytes(m, base + i * PAGE + 5, bytes, 2)))
			;
	}
}

static void read_pages(struct vm_map *m, uint32_t first, uint32_t end_page, char byte)
{
	for (uint32_t i = first; i < end_page; i++) {
		char bytes[2];

		while (inject_again(vm_map_read_bytes(m, base + i * PAGE + 5, bytes, 2)))
			;
		kernel_must(bytes[0] == byte && bytes[1] == (char)i);
	}
}

static void run_pageout(void *arg)
{
	(void)arg;
	vm_pageout_some(PAGES);
}

/* Everything goes that can. */
static void all_out(void)
{
	struct vm_page_counts counts;

	for (int i = 0; i < ROUNDS; i++) {
		fake_thread_run(run_pageout, NULL);
		serve_all();
	}
	vm_page_get_counts(&counts);
	kernel_must(counts.object == 0 && vm_page_laundry_count() == 0);
}

static void get_anonymous(void)
{
	while (inject_again(vm_allocate(map, &base, PAGES * PAGE, true)))
		;
	write_pages(map, 0, PAGES, 'a');
}

static void fork_map(void)
{
	do
		child = vm_map_fork(map);
	while (inject_short(child == NULL));
}

static void map_file(vm_inherit_t inherit)
{
	struct ipc_port *right;
	kern_return_t kr;

	base = 0;
	do {
		right = ipc_port_make_send(file->port);
		kr = vm_map(map, &base, PAGES * PAGE, 0, true, right, 0, false, VM_PROT_DEFAULT,
			    VM_PROT_ALL, inherit);
		if (kr != KERN_SUCCESS)
			ipc_port_release_send(right);
		serve_all();
	} while (inject_again(kr));
}

/* The pager's file has what was written. */
static void check_file(uint32_t first, uint32_t end_page, char byte)
{
	serve_all();
	for (uint32_t i = first; i < end_page; i++) {
		kernel_must(file->bytes[i] != NULL);
		kernel_must(file->bytes[i][5] == (unsigned char)byte && file->bytes[i][6] == i);
	}
}

/* --- Anonymous memory --------------------------------------------------------------------------------- */

START_TEST(out_and_back)
{
	begin();
	get_anonymous();
	all_out();
	read_pages(map, 0, PAGES, 'a');
	write_pages(map, 10, 20, 'b');
	all_out();
	read_pages(map, 10, 20, 'b');
	read_pages(map, 20, PAGES, 'a');
	end();
}
END_TEST

/* A copy is made of what is out, and both are written, and one ends while its pages are out. */
START_TEST(copies)
{
	begin();
	get_anonymous();
	all_out();
	fork_map();
	write_pages(map, 0, 8, 'p');
	write_pages(child, 4, 12, 'c');
	all_out();
	read_pages(child, 0, 4, 'a');
	read_pages(map, 0, 8, 'p');
	all_out();
	map_end(&map);
	read_pages(child, 4, 12, 'c');
	read_pages(child, 12, PAGES, 'a');
	end();
}
END_TEST

/* Memory ends in part, and as a whole, while it is out. */
START_TEST(ends_out)
{
	begin();
	get_anonymous();
	all_out();
	while (inject_again(vm_deallocate(map, base + 3 * PAGE, 9 * PAGE)))
		;
	read_pages(map, 0, 3, 'a');
	all_out();
	end();
}
END_TEST

/* Pages that were out are lost; what is written then is not. */
START_TEST(manager_dies)
{
	char byte;

	begin();
	get_anonymous();
	all_out();
	read_pages(map, 0, 2, 'a');
	for (struct memory *m = memories; m < memories + MEMORIES_MAX; m++)
		if (m->port != NULL && m->store)
			memory_end(m);
	read_pages(map, 0, 2, 'a');
	kernel_must(vm_map_read_bytes(map, base + 30 * PAGE, &byte, 1) == KERN_MEMORY_ERROR);
	fake_interrupted = 0;
	write_pages(map, 0, 2, 'b');
	all_out();
	read_pages(map, 0, 2, 'b');
	end();
}
END_TEST

/* --- A pager's memory ----------------------------------------------------------------------------------- */

START_TEST(file_out_and_back)
{
	begin();
	map_file(VM_INHERIT_COPY);
	write_pages(map, 0, 20, 'a');
	all_out();
	check_file(0, 20, 'a');
	read_pages(map, 0, 20, 'a');
	fork_map();
	write_pages(map, 0, 10, 'b');
	write_pages(child, 5, 15, 'c');
	all_out();
	check_file(0, 10, 'b');
	read_pages(child, 5, 15, 'c');
	read_pages(child, 0, 5, 'a');
	map_end(&map);
	read_pages(child, 15, 20, 'a');
	end();
}
END_TEST

static kern_return_t lock_request(memory_object_return_t what, bool flush)
{
	struct vm_pager *pager = convert_port_to_object(file->control);
	kern_return_t kr;

	kernel_must(pager != NULL);
	kr = memory_object_lock_request(pager, 0, PAGES * PAGE, what, flush, VM_PROT_NO_CHANGE,
					IP_NULL, 0);
	vm_pager_release(pager);
	serve_all();
	return kr;
}

/* All ways to have pages returned. */
START_TEST(file_returned)
{
	begin();
	map_file(VM_INHERIT_SHARE);
	write_pages(map, 0, 20, 'a');
	while (inject_again(lock_request(MEMORY_OBJECT_RETURN_DIRTY, false)))
		;
	check_file(0, 20, 'a');
	write_pages(map, 5, 25, 'b');
	while (inject_again(lock_request(MEMORY_OBJECT_RETURN_ALL, true)))
		;
	check_file(5, 25, 'b');
	read_pages(map, 0, 5, 'a');
	write_pages(map, 0, 10, 'c');
	while (inject_again(vm_msync(map, base, PAGES * PAGE, VM_SYNC_SYNCHRONOUS)))
		;
	check_file(0, 10, 'c');
	write_pages(map, 0, 10, 'd');
	while (inject_again(vm_msync(map, base, PAGES * PAGE, VM_SYNC_INVALIDATE)))
		;
	check_file(0, 10, 'd');
	write_pages(map, 0, 30, 'e');
	map_end(&map);
	all_end();
	check_file(0, 30, 'e');		/* at its end the object has returned all */
	end();
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, out_and_back);
	tcase_add_test(tcase, copies);
	tcase_add_test(tcase, ends_out);
	tcase_add_test(tcase, manager_dies);
	tcase_add_test(tcase, file_out_and_back);
	tcase_add_test(tcase, file_returned);
}
