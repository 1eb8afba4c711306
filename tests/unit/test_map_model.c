/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps against a model: a few maps, copies in flight, random operations.  Memory runs out at
 * random, and at preemption points "another thread" does something to another map.
 */
#include <tests/unit/map_model.h>

#include <tests/unit/fakes.h>

#include <stdlib.h>
#include <string.h>

#include <kern/slab.h>
#include <tests/unit/fakes_pmap.h>
#include <vm/copy.h>
#include <vm/map_entry.h>

static bool scarce;			/* operations may answer KERN_RESOURCE_SHORTAGE */

/* --- Operations ---------------------------------------------------------------------- */

/* A map that no preempted operation is in; NULL when there is none. */
static struct map_model *any_map(void)
{
	uint32_t first = below(MAPS);

	for (uint32_t i = 0; i < MAPS; i++) {
		struct map_model *m = &maps[(first + i) % MAPS];

		if (m->map != NULL && !m->busy)
			return m;
	}
	return NULL;
}

/* Did the operation do what the model says?  If memory was short, nothing may have happened. */
static bool done(kern_return_t kr, kern_return_t expected)
{
	if (kr == KERN_RESOURCE_SHORTAGE && scarce)
		return false;
	if (kr != expected)
		ck_abort_msg("step %u: %d, not %d", step, kr, expected);
	return kr == KERN_SUCCESS;
}

static void any_range(vm_offset_t *addr, vm_size_t *size)
{
	uint32_t pages = below(20) == 0 ? below(PAGES) : below(RANGE_MAX);

	*addr = below(PAGES) * PAGE_BYTES;
	*size = (pages + 1) * PAGE_BYTES;
	if (below(3) == 0) {
		*addr += below(PAGE_BYTES);
		*size -= below(PAGE_BYTES);
	}
}

/* The lowest hole of so many pages, from page 1 on; PAGES when there is none. */
static uint32_t lowest_hole(const struct map_model *m, uint32_t pages)
{
	uint32_t run = 0;

	for (uint32_t i = 1; i < PAGES; i++) {
		run = m->slots[i].page == NULL ? run + 1 : 0;
		if (run == pages)
			return i - pages + 1;
	}
	return PAGES;
}

static void op_allocate(struct map_model *m)
{
	uint32_t pages = 1 + below(RANGE_MAX), first = below(PAGES - RANGE_MAX);
	vm_offset_t addr = first * PAGE_BYTES + below(2) * below(PAGE_BYTES);
	bool anywhere = below(2) == 0;
	kern_return_t expected = KERN_SUCCESS;

	if (anywhere)
		first = lowest_hole(m, pages);
	if (first == PAGES)
		return;
	for (uint32_t i = 0; i < pages; i++)
		if (m->slots[first + i].page != NULL)
			expected = KERN_NO_SPACE;
	if (!done(vm_map_allocate(m->map, &addr, pages * PAGE_BYTES - below(PAGE_BYTES), anywhere),
		  expected))
		return;
	ck_must(addr == first * PAGE_BYTES);
	for (uint32_t i = 0; i < pages; i++)
		slot_set(&m->slots[first + i], NULL);
}

static void op_deallocate(struct map_model *m)
{
	vm_offset_t addr;
	vm_size_t size;

	any_range(&addr, &size);
	if (done(vm_map_deallocate(m->map, addr, size), KERN_SUCCESS))
		model_remove(m, addr, size);
}

/* Visit the model's pages of a range that has `size` bytes, if any. */
#define for_each_slot(slot, m, addr, size)							\
	for (struct slot *slot = &(m)->slots[(addr) / PAGE_BYTES];				\
	     (size) > 0 && slot < &(m)->slots[PAGES] &&						\
	     slot <= &(m)->slots[((addr) + (size) - 1) / PAGE_BYTES]; slot++)

static void op_protect(struct map_model *m)
{
	static const int prots[] = { 3, 3, 3, 1, 7, 5, 0, 2, 4, 6 };
	int prot = prots[below(10)];
	bool set_max = below(8) == 0;
	kern_return_t kr, expected = KERN_SUCCESS;
	vm_offset_t addr;
	vm_size_t size;

	any_range(&addr, &size);
	for_each_slot(slot, m, addr, size)
		if (slot->page != NULL && (prot & ~slot->max) != 0)
			expected = KERN_PROTECTION_FAILURE;
	kr = vm_map_protect(m->map, addr, size, set_max, prot | (below(9) ? 0 : VM_PROT_NOTIFY));
	if (!done(kr, expected))
		return;
	for_each_slot(slot, m, addr, size) {
		if (slot->page == NULL)
			continue;
		if (set_max)
			slot->max = prot;
		slot->prot = set_max ? slot->prot & prot : prot;
	}
}

static void op_inherit(struct map_model *m)
{
	int inherit = (int)below(3);
	vm_offset_t addr;
	vm_size_t size;

	any_range(&addr, &size);
	if (!done(vm_map_inherit(m->map, addr, size, inherit), KERN_SUCCESS))
		return;
	for_each_slot(slot, m, addr, size)
		if (slot->page != NULL)
			slot->inherit = inherit;
}

static void inherit_slot(struct slot *parent, struct slot *child)
{
	if (parent->page == NULL || parent->inherit == VM_INHERIT_NONE)
		return;
	*child = *parent;
	child->wired = false;
	if (parent->inherit == VM_INHERIT_SHARE) {
		parent->page->refs++;
		parent->shared = child->shared = true;
	} else {
		child->shared = false;
		child->page = page_new(parent->page->bytes);
	}
}

static void map_end(struct map_model *m)
{
	m->busy = true;
	vm_map_release(m->map);
	m->map = NULL;
	m->busy = false;
	for (uint32_t i = 0; i < PAGES; i++)
		slot_clear(&m->slots[i]);
}

/* A map that shares with a child that could not be made says so all the same. */
static void adopt_shared(struct map_model *m)
{
	queue_for_each(link, &m->map->entries) {
		const struct vm_map_entry *e = container_of(link, struct vm_map_entry, link);

		for (uint32_t i = e->start / PAGE_BYTES; i < e->end / PAGE_BYTES; i++)
			m->slots[i].shared |= e->shared;
	}
}

static void op_fork(struct map_model *m)
{
	struct map_model *child = &maps[below(MAPS)];

	if (child == m || child->busy)
		return;
	if (child->map != NULL)
		map_end(child);
	child->busy = true;
	child->map = vm_map_fork(m->map);
	child->busy = false;
	if (child->map == NULL) {
		ck_must(scarce);
		adopt_shared(m);
		return;
	}
	for (uint32_t i = 0; i < PAGES; i++)
		inherit_slot(&m->slots[i], &child->slots[i]);
}

static void op_end(struct map_model *m)
{
	uint32_t others = 0;

	for (int i = 0; i < MAPS; i++)
		others += maps[i].map != NULL && !maps[i].busy && &maps[i] != m;
	if (others > 0 && below(4) == 0)
		map_end(m);
}

/* One access of a program: through the mapping, or by a fault first.  Returns the page. */
static struct vm_page *touch(struct map_model *m, vm_offset_t va, int access)
{
	const struct slot *slot = &m->slots[va / PAGE_BYTES];
	struct fake_mapping *f = fake_pmap_lookup(m->map->pmap, va & ~PAGE_OFFSET_MASK);
	int wanted = access | VM_PROT_READ;
	kern_return_t expected = KERN_SUCCESS;

	if (slot->page == NULL)
		expected = KERN_INVALID_ADDRESS;
	else if ((access_of(slot) & wanted) != wanted)
		expected = KERN_PROTECTION_FAILURE;
	if (f == NULL || (f->prot & wanted) != wanted) {
		kern_return_t kr = vm_fault(m->map, va, access);

		/* Only page tables can be missing for wired pages. */
		ck_must(kr != KERN_RESOURCE_SHORTAGE || !slot->wired || fake_pmap_fail_after > 0 ||
			scarce);
		if (!done(kr, expected))
			return NULL;
		f = fake_pmap_lookup(m->map->pmap, va & ~PAGE_OFFSET_MASK);
	}
	ck_must(expected == KERN_SUCCESS && f != NULL && (f->prot & wanted) == wanted);
	return vm_page_from_phys(f->pa);
}

static const unsigned char *any_bytes(void)
{
	static unsigned char bytes[2][BYTES_MAX];
	uint32_t seed = any_number();

	for (uint32_t i = 0; i < BYTES_MAX; i += 61)
		bytes[preempted][i] = (unsigned char)(seed >> (i % 23));
	return bytes[preempted];
}

static void op_touch(struct map_model *m)
{
	const unsigned char *from = any_bytes();
	int access = below(3) ? VM_PROT_WRITE : below(2) ? VM_PROT_READ : VM_PROT_EXECUTE;
	struct vm_page *page;
	vm_offset_t addr;
	vm_size_t size, n;

	any_range(&addr, &size);
	for (; size > 0 && addr < PAGES * PAGE_BYTES; addr += n, size -= n) {
		n = vm_page_rest(addr, size);
		page = touch(m, addr, access);
		if (page == NULL || access != VM_PROT_WRITE ||
		    (preempted && m->slots[addr / PAGE_BYTES].page->refs > 1))
			continue;
		vm_page_write(page, addr % PAGE_BYTES, from, n);
		model_write(m, addr, from, n);
	}
}

/* While memory that others share is written nobody else runs, who could see it half done. */
static bool alone(struct map_model *m, vm_offset_t addr, vm_size_t size)
{
	bool before = preempted;

	for_each_slot(slot, m, addr, size)
		if (slot->page != NULL && slot->page->refs > 1)
			preempted = true;
	return before;
}

static void op_write_bytes(struct map_model *m)
{
	vm_offset_t addr = below(PAGES * PAGE_BYTES);
	vm_size_t size = below(6000);
	kern_return_t kr, expected = access_check(m, addr, size, VM_PROT_READ | VM_PROT_WRITE);
	const unsigned char *from = any_bytes();
	bool before;

	before = alone(m, addr, size);
	kr = vm_map_write_bytes(m->map, addr, from, size);
	if (kr == KERN_RESOURCE_SHORTAGE && expected == KERN_SUCCESS) {
		/* A part is done. */
		vm_map_read_bytes(m->map, addr, (void *)(uintptr_t)from, size);
		model_write(m, addr, from, size);
	} else if (done(kr, expected)) {
		model_write(m, addr, from, size);
	}
	preempted = before;
}

static void op_copyin(struct map_model *m)
{
	struct copy_model *c = &copies[below(COPIES)];
	bool destroy = below(3) == 0;
	vm_offset_t addr;
	vm_size_t size;
	kern_return_t kr;

	if (c->copy != NULL || c->busy)
		return;
	any_range(&addr, &size);
	if (below(2))
		size = below(4 * PAGE_BYTES);
	if (size > BYTES_MAX)
		return;
	c->busy = true;
	kr = vm_map_copyin(m->map, addr, size, destroy, &c->copy);
	c->busy = false;
	if (!done(kr, access_check(m, addr, size, VM_PROT_READ))) {
		c->copy = NULL;
		return;
	}
	c->size = size;
	c->offset = addr % PAGE_BYTES;
	model_copy(c->bytes, m, addr, size);
	if (destroy)
		model_remove(m, addr, size);
}

static void op_copyout(struct map_model *m)
{
	struct copy_model *c = &copies[below(COPIES)];
	vm_offset_t addr, first;
	kern_return_t kr;

	if (c->copy == NULL || c->busy)
		return;
	first = lowest_hole(m, (uint32_t)vm_map_copy_span(c->copy) / PAGE_BYTES);
	if (first == PAGES)
		return;
	c->busy = true;
	kr = vm_map_copyout(m->map, &addr, c->copy);
	c->busy = false;
	if (!done(kr, KERN_SUCCESS))
		return;
	c->copy = NULL;
	ck_must(addr == first * PAGE_BYTES + c->offset);
	for_each_slot(slot, m, addr, c->size)
		slot_set(slot, NULL);
	model_write(m, addr, c->bytes, c->size);
}

static void op_overwrite(struct map_model *m)
{
	struct copy_model *c = &copies[below(COPIES)];
	vm_offset_t addr = below(PAGES) * PAGE_BYTES + below(2) * below(PAGE_BYTES);
	kern_return_t kr;
	bool before;

	if (c->copy == NULL || c->busy)
		return;
	c->busy = true;
	before = alone(m, addr, c->size);
	kr = vm_map_copy_overwrite(m->map, addr, c->copy);
	preempted = before;
	c->busy = false;
	if (!done(kr, access_check(m, addr, c->size, VM_PROT_READ | VM_PROT_WRITE)))
		return;
	c->copy = NULL;
	model_write(m, addr, c->bytes, c->size);
}

static void op_discard(struct map_model *m)
{
	struct copy_model *c = &copies[below(COPIES)];

	(void)m;
	if (c->copy == NULL || c->busy)
		return;
	c->busy = true;
	check_copy(c);
	vm_map_copy_discard(c->copy);
	c->copy = NULL;
	c->busy = false;
}

static void op_wire(struct map_model *m)
{
	int access = below(2) ? (int)below(8) : 0;
	vm_offset_t addr;
	vm_size_t size;
	kern_return_t expected;

	any_range(&addr, &size);
	expected = access_check(m, addr, size, access);
	if (expected != KERN_SUCCESS)
		expected = KERN_NO_SPACE;
	if (!done(vm_map_wire(m->map, addr, size, access), expected))
		return;
	for_each_slot(slot, m, addr, size) {
		struct fake_mapping *f = fake_pmap_lookup(
			m->map->pmap, (vm_offset_t)(slot - m->slots) * PAGE_BYTES);

		if (access != 0 && !slot->wired)
			ck_must(access_of(slot) == 0 || (f != NULL && f->wired));
		slot->wired = access != 0;
	}
}

static void (*const operations[])(struct map_model *m) = {
	op_allocate, op_allocate, op_deallocate, op_protect, op_protect, op_inherit, op_inherit,
	op_fork, op_end, op_touch, op_touch, op_touch, op_touch, op_write_bytes, op_copyin,
	op_copyin, op_copyout, op_copyout, op_overwrite, op_discard, op_wire,
};

/* What another thread may do meanwhile: nothing that is seen through shared memory. */
static void (*const meanwhile[])(struct map_model *m) = {
	op_allocate, op_deallocate, op_deallocate, op_protect, op_inherit, op_fork, op_end,
	op_touch, op_touch, op_copyin, op_copyin, op_copyout, op_discard, op_wire,
};

void preemption_point(void)
{
	struct map_model *m;

	assert_no_locks();
	if (preempted || below(4) != 0)
		return;
	preempted = true;
	m = any_map();
	if (m != NULL)
		meanwhile[below(sizeof meanwhile / sizeof meanwhile[0])](m);
	preempted = false;
}

/* --- Running -------------------------------------------------------------------------- */

#define HOG_MAX 16384u

static struct vm_page *hogged[HOG_MAX];
static uint32_t hog_count;

/* Take user pages away until `left` or fewer can be had. */
static void hog(uint32_t left)
{
	struct vm_page *page;

	inject_pause();
	while (hog_count < HOG_MAX && (page = vm_page_alloc_user()) != NULL)
		hogged[hog_count++] = page;
	inject_resume();
	for (; left > 0 && hog_count > 0; left--)
		vm_page_free(hogged[--hog_count], 0);
}

static void begin_shortage(void)
{
	scarce = below(4) == 0;
	if (!scarce)
		return;
	if (below(2))
		slab_fail_after(1 + below(5));
	if (below(3) == 0)
		fake_pmap_fail_after = 1 + below(3);
	if (below(2))
		hog(below(6));
}

static void end_shortage(void)
{
	if (injecting)
		return;
	slab_fail_after(0);
	fake_pmap_fail_after = 0;
	if (scarce)
		hog(600);
	scarce = false;
}

void fake_everyone_ends(void)
{
	preempted = true;
	for (int i = 0; i < MAPS; i++)
		if (maps[i].map != NULL)
			map_end(&maps[i]);
	for (int i = 0; i < COPIES; i++) {
		vm_map_copy_discard(copies[i].copy);
		copies[i].copy = NULL;
	}
}

/*
 * When failures are injected nobody runs in between: an operation may be abandoned where it is.
 * The one that meets the failure must answer that, with nothing changed.
 */
static void run(uint32_t steps)
{
	preempted = injecting;
	maps[0].map = vm_map_create();
	ck_must(maps[0].map != NULL);
	hog(600);
	for (step = 0; step < steps; step++) {
		struct map_model *m = any_map();

		scarce = injecting;
		if (!injecting)
			begin_shortage();
		m->busy = true;
		operations[below(sizeof operations / sizeof operations[0])](m);
		m->busy = false;
		end_shortage();
		preempted = true;
		if (step % 4 == 0)
			check_all(step % 16 == 0);
		preempted = injecting;
	}
	fake_everyone_ends();
}

START_TEST(test_random)
{
	struct vm_page_counts counts;

	random_state = 88172645u + (uint32_t)_i * 7919u;
	inject_pause();
	vm_map_init();
	inject_begin();
	inject_resume();
	run(injecting ? 250 : 5000);
	vm_page_get_counts(&counts);
	ck_assert_uint_eq(counts.object, 0);
	ck_assert_uint_eq(counts.wired, 0);
	ck_assert_uint_eq(vm_object_count(), 0);
	ck_assert_uint_eq(vm_entry_count(), 0);
	ck_assert_uint_eq(fake_pmap_count, 0);
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_loop_test(tcase, test_random, 0, injecting ? 1 : 4);
}
