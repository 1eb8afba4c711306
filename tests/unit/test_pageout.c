/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page-out: random operations on a few maps and their copies while pages go out at any preemption
 * point, and come back.  All bytes are compared.  The default memory manager is a fake that answers at
 * once; at times there is no memory for a message to it.
 *
 * Any allocation may fail, once (tests/unit/inject.h): then the operation says so, and succeeds when it
 * is tried again; nothing is lost, and nothing is left.
 */
#include <tests/unit/fakes.h>

#include <stdlib.h>
#include <string.h>

#include <ipc/port.h>
#include <kern/default_manager.h>
#include <kern/sched.h>
#include <kern/thread.h>
#include <tests/unit/fakes_pmap.h>
#include <vm/copy.h>
#include <vm/map_entry.h>
#include <vm/object_away.h>
#include <vm/object_family.h>
#include <vm/object_pages.h>
#include <vm/pageout.h>
#include <vm/pager.h>
#include <vm/pager_message.h>
#include <vm/store.h>

#define STORES_MAX 256u

/* What the manager has of each of its objects. */
static struct kept {
	struct vm_pager pager;		/* the kernel's side; first */
	bool used, idle;
	unsigned char *slot[STORE_SLOTS];
} kept[STORES_MAX];

uint32_t vm_pagers_idle;
static uint32_t sent, asked;
static bool quiet;			/* nothing goes out now */

static uint32_t below(uint32_t n)
{
	return fake_random() % n;
}

static struct kept *kept_of(struct vm_pager *pager)
{
	return (struct kept *)pager;
}

/* --- The kernel's pagers --------------------------------------------------------------------- */

bool vm_pager_create_store(struct vm_store *store, struct spin_lock *lock)
{
	struct kept *k = kept;

	while (k->used)
		k++;
	kernel_must(k < kept + STORES_MAX);
	*k = (struct kept){ .used = true };
	k->pager.lock = lock;
	k->pager.state = PAGER_READY;
	k->pager.ref_count = 1;
	k->pager.store = store;
	k->pager.object = vm_object_create(lock);
	if (k->pager.object == NULL) {
		k->used = false;
		return false;
	}
	k->pager.object->pager = &k->pager;
	k->pager.object->holds = 1;
	store->pager = &k->pager;
	return true;
}

void vm_pager_idle(struct vm_pager *pager)
{
	kept_of(pager)->idle = true;
	vm_pagers_idle++;
}

static void end_store(struct kept *k)
{
	struct vm_object *object = k->pager.object;

	spin_lock(k->pager.lock);
	vm_pager_finish_range(&k->pager, REQUEST_PAGE, 0, UINT32_MAX, KERN_MEMORY_ERROR);
	object->pager = NULL;
	vm_object_settle(object);
	spin_unlock(k->pager.lock);
	vm_pager_release(&k->pager);
}

void vm_pager_end_idle_now(void)
{
	vm_pagers_idle = 0;
	for (struct kept *k = kept; k < kept + STORES_MAX; k++)
		if (k->used && k->idle) {
			k->idle = false;
			end_store(k);
		}
}

struct vm_object *vm_pager_create_dead(struct spin_lock *lock)
{
	(void)lock;
	return NULL;
}

void vm_pager_reference(struct vm_pager *pager)
{
	pager->ref_count++;
}

void vm_pager_release(struct vm_pager *pager)
{
	struct kept *k = kept_of(pager);

	if (--pager->ref_count > 0)
		return;
	vm_store_free(pager->store);
	for (uint32_t i = 0; i < STORE_SLOTS; i++)
		free(k->slot[i]);
	k->used = false;
}

uint32_t vm_pager_count(void)
{
	return 0;
}

uint32_t vm_pager_page_out(struct vm_pager *pager, uint32_t index)
{
	(void)pager, (void)index;
	kernel_must(false);
	return 0;
}

kern_return_t vm_pager_copy(struct vm_map_entry *entry, vm_offset_t start,
			    struct vm_map_entry *copy, struct pmap *pmap)
{
	(void)entry, (void)start, (void)copy, (void)pmap;
	kernel_must(false);
	return KERN_FAILURE;
}

/* --- The manager ------------------------------------------------------------------------------ */

struct ipc_port *default_manager_right(void)
{
	return (struct ipc_port *)(uintptr_t)16;
}

void ipc_port_release_send(struct ipc_port *port)
{
	kernel_must(port == default_manager_right());
}

static bool initialize;

struct ipc_kmsg *pager_data_start(struct vm_pager *pager, bool fresh)
{
	(void)pager;
	assert_no_locks();
	initialize = fresh;
	return below(8) == 0 ? NULL : (struct ipc_kmsg *)(uintptr_t)16;
}

void pager_data_cancel(struct ipc_kmsg *kmsg)
{
	kernel_must(kmsg != NULL);
}

void pager_data_finish(struct vm_pager *pager, struct ipc_kmsg *kmsg, vm_offset_t offset,
		       struct vm_map_copy *copy, bool dirty, bool kernel_copy)
{
	vm_size_t size = vm_map_copy_size(copy);
	struct kept *k = kept_of(pager);
	kernel_must(kmsg != NULL && dirty && !kernel_copy && size > 0);
	kernel_must(vm_page_laundry_count() >= size / PAGE_BYTES);
	for (vm_size_t at = 0; at < size; at += PAGE_BYTES, sent++) {
		unsigned char **slot = &k->slot[(offset + at) / PAGE_BYTES];

		kernel_must((*slot == NULL) == initialize);
		if (*slot == NULL)
			*slot = malloc(PAGE_BYTES);
		kernel_must(vm_map_copy_read(copy, at, *slot, PAGE_BYTES) == KERN_SUCCESS);
	}
	vm_map_copy_discard(copy);
}

/* The answer comes at once; it is for whoever has the record now. */
bool pager_send_request(struct vm_pager *pager, bool unlock, vm_offset_t offset,
			vm_prot_t access)
{
	const unsigned char *bytes = kept_of(pager)->slot[offset / PAGE_BYTES];
	struct vm_page *page = vm_page_alloc_paging();

	kernel_must(!unlock && (access & VM_PROT_READ) != 0 && bytes != NULL);
	if (page == NULL)
		return false;
	asked++;
	vm_page_write(page, 0, bytes, PAGE_BYTES);
	spin_lock(pager->lock);
	kernel_must(vm_store_arrived(pager, (uint32_t)(offset / PAGE_BYTES), page) == KERN_SUCCESS);
	spin_unlock(pager->lock);
	return true;
}

/* --- The machine -------------------------------------------------------------------------------- */

bool pmap_page_referenced(struct vm_page *page)
{
	(void)page;
	return below(4) == 0;
}

static struct vm_page *hoard;		/* memory that is short until somebody waits */
static uint32_t waits;

void event_will_wait(const void *event, bool interruptible)
{
	(void)event;
	kernel_must(hoard != NULL && interruptible);
}

void event_wake_all(const void *event)
{
	(void)event;
}

static void free_hoard(void)
{
	while (hoard != NULL) {
		struct vm_page *next = hoard->hash_next;

		vm_page_free(hoard, 0);
		hoard = next;
	}
}

void thread_block(continuation_t continuation)
{
	kernel_must(continuation == NULL && hoard != NULL);
	waits++;
	free_hoard();
}

void thread_set_timeout(struct thread *self, uint32_t ms)
{
	(void)self, (void)ms;
}

struct thread *kernel_thread_create(const char *name, continuation_t start, int priority)
{
	(void)name, (void)start, (void)priority;
	kernel_must(false);
	return NULL;
}

/* --- Maps, and what they must show -------------------------------------------------------------- */

#define MAPS 4
#define PAGES 40u

static struct vm_map *maps[MAPS];
static unsigned char model[MAPS][PAGES * PAGE_BYTES];

void preemption_point(void)
{
	struct page_request *request = fake_thread.page_request;

	assert_no_locks();
	/* Not always: what needs many pages at a time must come to an end. */
	if (quiet || below(4) != 0)
		return;
	quiet = true;		/* one thread does this */
	fake_thread.page_request = NULL;
	vm_pageout_some(below(4));
	fake_thread.page_request = request;
	quiet = false;
}

static void map_new(int i)
{
	vm_offset_t addr = PAGE_BYTES;

	do
		maps[i] = vm_map_create();
	while (inject_short(maps[i] == NULL));
	while (inject_again(vm_map_allocate(maps[i], &addr, (PAGES - 1) * PAGE_BYTES, false)))
		;
	memset(model[i], 0, sizeof model[i]);
}

/* Some bytes, not in the first page. */
static void any_range(vm_offset_t *addr, vm_size_t *size)
{
	*addr = PAGE_BYTES + below((PAGES - 1) * PAGE_BYTES);
	*size = 1 + below(PAGES * PAGE_BYTES - *addr);
	if (*size > 20000)
		*size = 20000;
}

static void op_write(int i)
{
	static unsigned char bytes[20000];
	vm_offset_t addr;
	vm_size_t size;

	any_range(&addr, &size);
	memset(bytes, (int)below(256), size);
	while (inject_again(vm_map_write_bytes(maps[i], addr, bytes, size)))
		;
	memcpy(model[i] + addr, bytes, size);
}

static void op_fault(int i)
{
	vm_offset_t va = (1 + below(PAGES - 1)) * PAGE_BYTES;
	unsigned char byte = (unsigned char)below(256);
	struct fake_mapping *f;

	quiet = true;
	while (inject_again(vm_fault(maps[i], va, VM_PROT_READ | VM_PROT_WRITE)))
		;
	f = fake_pmap_lookup(maps[i]->pmap, va);
	kernel_must(f != NULL && (f->prot & VM_PROT_WRITE) != 0);
	vm_page_write(vm_page_from_phys(f->pa), 7, &byte, 1);
	model[i][va + 7] = byte;
	quiet = false;
}

static void op_fork(int i)
{
	int child = (int)below(MAPS);

	if (child == i)
		return;
	vm_map_release(maps[child]);
	do
		maps[child] = vm_map_fork(maps[i]);
	while (inject_short(maps[child] == NULL));
	memcpy(model[child], model[i], sizeof model[i]);
}

/* By a copy from one map over another's memory; the source may go. */
static void op_copy(int i)
{
	vm_offset_t addr, to;
	struct vm_map_copy *copy;
	int other = (int)below(MAPS);
	vm_size_t size;

	any_range(&addr, &size);
	to = PAGE_BYTES + below((PAGES - 1) * PAGE_BYTES - size);
	if (below(2) == 0) {
		addr &= ~PAGE_OFFSET_MASK;
		to &= ~PAGE_OFFSET_MASK;
	}
	while (inject_again(vm_map_copyin(maps[i], addr, size, false, &copy)))
		;
	while (inject_again(vm_map_copy_overwrite(maps[other], to, copy)))
		;
	memmove(model[other] + to, model[i] + addr, size);
}

/* Pages that are out are freed with the range. */
static void op_renew(int i)
{
	vm_offset_t addr = (1 + below(PAGES - 1)) * PAGE_BYTES;
	vm_size_t size = PAGE_BYTES * (1 + below(PAGES - addr / PAGE_BYTES));

	while (inject_again(vm_map_deallocate(maps[i], addr, size)))
		;
	while (inject_again(vm_map_allocate(maps[i], &addr, size, false)))
		;
	memset(model[i] + addr, 0, size);
}

static void op_wire(int i)
{
	vm_offset_t addr = (1 + below(PAGES - 1)) * PAGE_BYTES;

	while (inject_again(vm_map_wire(maps[i], addr, PAGE_BYTES, VM_PROT_READ)))
		;
	while (inject_again(vm_map_wire(maps[i], addr, PAGE_BYTES, VM_PROT_NONE)))
		;
}

static void (*const operations[])(int i) = {
	op_write, op_write, op_fault, op_fault, op_fork, op_copy, op_copy, op_renew, op_wire,
};

static void check(int i)
{
	unsigned char bytes[PAGE_BYTES];

	for (vm_offset_t va = PAGE_BYTES; va < PAGES * PAGE_BYTES; va += PAGE_BYTES) {
		while (inject_again(vm_map_read_bytes(maps[i], va, bytes, PAGE_BYTES)))
			;
		kernel_must(memcmp(bytes, model[i] + va, PAGE_BYTES) == 0);
	}
}

static void begin(void)
{
	memset(kept, 0, sizeof kept);
	sent = asked = 0;
	quiet = true;
	inject_pause();
	vm_map_init();
	vm_store_init();
	vm_pager_request_init();
	inject_resume();
	for (int i = 0; i < MAPS; i++)
		map_new(i);
	quiet = false;
}

/* Nothing is left of it all. */
static void end(void)
{
	struct vm_page_counts counts;

	quiet = true;
	for (int i = 0; i < MAPS; i++)
		vm_map_release(maps[i]);
	vm_pager_end_idle_now();
	vm_page_get_counts(&counts);
	kernel_must(counts.object == 0 && vm_page_laundry_count() == 0);
	kernel_must(vm_away_total() == 0 && vm_store_count() == 0);
	kernel_must(vm_object_count() == 0 && vm_entry_count() == 0);
	for (uint32_t i = 0; i < STORES_MAX; i++)
		kernel_must(!kept[i].used);
}

/* A test was abandoned: the order in which things went was not what it expects. */
void fake_everyone_ends(void)
{
	free_hoard();
	vm_pager_forget();
	end();
}

/* MO-9, VM-13 */
START_TEST(random_operations)
{
	uint32_t steps = injecting ? 100 : 1500;

	begin();
	for (int n = 0; n < 100 * _i; n++)
		fake_random();
	for (uint32_t step = 0; step < steps; step++) {
		operations[below(sizeof operations / sizeof operations[0])]((int)below(MAPS));
		if (step % 8 == 0)
			check((int)below(MAPS));
	}
	for (int i = 0; i < MAPS; i++)
		check(i);
	kernel_must(sent > steps / 3 * 2);
	kernel_must(asked > steps / 3 * 2);
	end();
}
END_TEST

static void write_all(void)
{
	for (uint32_t i = 1; i < PAGES; i++)
		while (inject_again(vm_map_write_bytes(maps[0], i * PAGE_BYTES, "x", 1)))
			;
}

/* Pages of a family go out to stores of its own, as many as it needs, which end with it. */
START_TEST(stores_of_a_family)
{
	begin();
	write_all();
	quiet = true;
	for (int i = 0; i < 200; i++)
		vm_pageout_some(PAGES);
	ck_assert_uint_eq(vm_away_total(), PAGES - 1);
	ck_assert_uint_eq(vm_store_count(), (PAGES - 1 + STORE_SLOTS - 1) / STORE_SLOTS);
	while (inject_again(vm_map_deallocate(maps[0], PAGE_BYTES, PAGES * PAGE_BYTES)))
		;
	ck_assert_uint_eq(vm_away_total(), 0);
	vm_pager_end_idle_now();
	ck_assert_uint_eq(vm_store_count(), 0);
	end();
}
END_TEST

static void all_out(void)
{
	quiet = true;
	for (int i = 0; i < 200; i++)
		vm_pageout_some(PAGES);
	ck_assert_uint_eq(vm_away_total(), PAGES - 1);
}

static void read_pages(uint32_t first, uint32_t end)
{
	char byte;

	for (; first < end; first++) {
		while (inject_again(vm_map_read_bytes(maps[0], first * PAGE_BYTES, &byte, 1)))
			;
		kernel_must(byte == 'x');
	}
	vm_pager_end_idle_now();
}

/* A store that nobody uses goes, but for a family's only one of which the manager has nothing left. */
START_TEST(stores_without_pages)
{
	begin();
	write_all();
	all_out();
	ck_assert_uint_gt(vm_store_count(), 1);
	read_pages(1, PAGES);
	ck_assert_uint_eq(vm_away_total(), 0);
	ck_assert_uint_eq(vm_store_count(), 1);
	all_out();
	/* Of these the manager is not told. */
	while (inject_again(vm_map_deallocate(maps[0], 2 * PAGE_BYTES, (PAGES - 2) * PAGE_BYTES)))
		;
	read_pages(1, 2);
	ck_assert_uint_eq(vm_store_count(), 0);
	end();
}
END_TEST

/* Nor is it told of one that somebody needed, and did not ask for before it was given up. */
START_TEST(store_of_an_unsent_request)
{
	struct vm_map_entry *first;
	struct vm_object *object;
	kern_return_t kr;

	begin();
	write_all();
	all_out();
	read_pages(2, PAGES);
	ck_assert_uint_eq(vm_away_total(), 1);
	ck_assert_uint_eq(vm_store_count(), 1);
	mutex_lock(&maps[0]->lock);
	first = vm_map_find(maps[0], PAGE_BYTES);
	mutex_unlock(&maps[0]->lock);
	object = first->object;
	spin_lock(object->lock);
	do
		kr = vm_pager_need(object, first->index, VM_PROT_READ);
	while (inject_short(kr == KERN_RESOURCE_SHORTAGE));
	spin_unlock(object->lock);
	ck_assert_int_eq(kr, VM_ASK_PAGER);
	while (inject_again(vm_map_deallocate(maps[0], PAGE_BYTES, PAGE_BYTES)))
		;
	vm_pager_forget();
	ck_assert_uint_eq(vm_away_total(), 0);
	vm_pager_end_idle_now();
	ck_assert_uint_eq(vm_store_count(), 0);
	end();
}
END_TEST

static struct vm_pager *only_store(void)
{
	for (struct kept *k = kept; k < kept + STORES_MAX; k++)
		if (k->used)
			return &k->pager;
	return NULL;
}

/* So does one whose manager has died, or has not heard of it. */
START_TEST(dead_stores)
{
	begin();
	write_all();
	all_out();
	read_pages(1, PAGES);
	for (int i = 0; i < 5; i++) {
		ck_assert_uint_eq(vm_store_count(), 1);
		only_store()->state = PAGER_DEAD;
		all_out();
		read_pages(1, PAGES);
	}
	end();
}
END_TEST

static void take_all_but(uint32_t pages)
{
	while (vm_page_users_can_have(pages + 1)) {
		struct vm_page *page = vm_page_alloc(VM_ZONE_HIGH, 0);

		kernel_must(page != NULL);
		page->hash_next = hoard;
		hoard = page;
	}
}

static void touch(uint32_t page, uint32_t expected_waits)
{
	char byte;

	waits = 0;
	while (inject_again(vm_map_read_bytes(maps[0], page * PAGE_BYTES, &byte, 1)))
		;
	kernel_must(byte == 'x');
	ck_assert_uint_eq(waits, expected_waits);
	free_hoard();
}

/*
 * A page that is out is not asked for before there is room for it, which was not promised to
 * others: pages that come in do not use up what is kept to bring pages out.
 */
START_TEST(room_for_what_comes)
{
	begin();
	vm_pageout_init("");
	write_all();
	all_out();
	touch(6, 0);		/* the request's slab is there from now on */
	take_all_but(1);
	touch(1, 0);
	take_all_but(0);
	touch(2, 1);
	vm_pageout_promise();
	vm_pageout_promise();
	take_all_but(2);
	touch(3, 1);
	take_all_but(3);
	touch(4, 0);
	vm_pageout_redeem();
	take_all_but(2);
	touch(5, 0);
	vm_pageout_redeem();
	end();
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, stores_without_pages);
	tcase_add_test(tcase, store_of_an_unsent_request);
	tcase_add_test(tcase, dead_stores);
	if (!injecting)		/* it takes all memory, which takes long */
		tcase_add_test(tcase, room_for_what_comes);
	tcase_add_loop_test(tcase, random_operations, 0, 3);
	tcase_add_test(tcase, stores_of_a_family);
}
