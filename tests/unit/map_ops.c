/* SPDX-License-Identifier: BSD-2-Clause */
#include <tests/unit/map_ops.h>

#include <tests/unit/fakes.h>

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <ipc/port.h>
#include <kern/mig_support.h>
#include <kern/slab.h>
#include <mach/mach_server.h>
#include <tests/unit/fakes_pmap.h>
#include <tests/unit/fakes_wait.h>
#include <vm/copy.h>
#include <vm/map_entry.h>
#include <vm/pager.h>
#include <vm/proxy.h>

bool scarce, quiet;
FILE *story;

void map_tell(const char *format, ...)
{
	va_list args;

	if (story == NULL)
		return;
	va_start(args, format);
	vfprintf(story, format, args);
	va_end(args);
}

static bool with_pagers;
static bool midway;		/* another operation is between two steps: shared memory stays */

/* --- What an operation answers --------------------------------------------------------------- */

static int map_number(const struct map_model *m)
{
	return (int)(m - maps);
}

/* May it have failed for want of memory, or because of a pager? */
static bool excused(kern_return_t kr)
{
	if (kr == KERN_RESOURCE_SHORTAGE)
		return scarce;
	return (kr == KERN_MEMORY_ERROR || kr == KERN_ABORTED) &&
	       pager_troubles + fake_interrupted > 0;
}

/* Did the operation do what the model says?  If it is excused, nothing may have happened. */
static bool done(kern_return_t kr, kern_return_t expected)
{
	map_tell("\t-> %d\n", kr);
	if (kr != expected && excused(kr))
		return false;
	if (kr != expected)
		ck_abort_msg("step %u: %d, not %d", step, kr, expected);
	return kr == KERN_SUCCESS;
}

/* --- Mapping ---------------------------------------------------------------------------- */

/* The lowest hole of so many pages, from page 1 on, at a multiple; PAGES when there is none. */
static uint32_t lowest_hole(const struct map_model *m, uint32_t pages, vm_offset_t mask)
{
	for (uint32_t first = 1; first + pages <= PAGES; first++) {
		uint32_t run = 0;

		while (run < pages && m->slots[first + run].page == NULL)
			run++;
		if (run == pages && ((first * PAGE_BYTES) & mask) == 0)
			return first;
	}
	return PAGES;
}

/* Where new memory comes to be; *first is PAGES where the model knows no answer. */
static kern_return_t place(const struct map_model *m, const struct map_args *a, uint32_t *first)
{
	uint32_t pages = (uint32_t)(vm_page_round(a->size) / PAGE_BYTES);

	*first = a->anywhere ? lowest_hole(m, pages, a->mask) : a->addr / PAGE_BYTES;
	if (*first + pages > PAGES) {
		*first = PAGES;
		return KERN_SUCCESS;
	}
	if ((*first * PAGE_BYTES & a->mask) != 0)
		return KERN_NO_SPACE;
	for (uint32_t i = 0; i < pages; i++)
		if (m->slots[*first + i].page != NULL)
			return KERN_NO_SPACE;
	return KERN_SUCCESS;
}

static void fill_slot(struct slot *slot, const struct map_args *a, uint32_t index)
{
	struct object_model *o = a->object;

	*slot = (struct slot){ .prot = a->prot, .max = a->max, .inherit = a->inherit };
	if (o == NULL) {
		slot->page = page_new(NULL);
	} else if (a->copy) {
		slot->page = page_new(o->page[index]->bytes);
	} else {
		slot->page = o->page[index];
		slot->page->refs++;
		slot->object = o;
		slot->index = index;
		slot->life = o->life;
	}
	if (o != NULL && a->proxy && !a->copy) {
		slot->prot &= a->proxy_max;
		slot->max &= a->proxy_max;
	}
}

static kern_return_t call_map(struct map_model *m, const struct map_args *a, vm_offset_t *addr)
{
	struct ipc_port *port = IP_NULL;
	vm_offset_t offset = a->index * PAGE_BYTES;
	kern_return_t kr;

	if (a->object != NULL && a->proxy) {
		port = object_proxy(a->object, a->index, OBJECT_PAGES - a->index, a->proxy_max);
		if (port == NULL)
			return KERN_RESOURCE_SHORTAGE;
		offset = 0;
	} else if (a->object != NULL) {
		port = object_right(a->object);
	}
	kr = vm_map(m->map, addr, a->size, a->mask, a->anywhere, port, offset, a->copy, a->prot,
		    a->max, a->inherit);
	if (kr != KERN_SUCCESS && port != IP_NULL)
		ipc_port_release_send(port);
	return kr;
}

void do_map(struct map_model *m, const struct map_args *a)
{
	vm_offset_t addr = a->addr;
	uint32_t first, pages = (uint32_t)(vm_page_round(a->size) / PAGE_BYTES);
	kern_return_t expected = place(m, a, &first), kr;

	if (first == PAGES)
		return;
	if (a->object != NULL && a->proxy && a->copy && (a->proxy_max & VM_PROT_READ) == 0)
		expected = KERN_PROTECTION_FAILURE;
	map_tell("map(%d, %#x, %#x, mask %#x, anywhere %d, object %d, page %u, copy %d, proxy %d, "
	     "%d, %d, %d)", map_number(m), a->addr, a->size, a->mask, a->anywhere,
	     a->object == NULL ? -1 : (int)(a->object - objects), a->index, a->copy,
	     a->proxy ? a->proxy_max : -1, a->prot, a->max, a->inherit);
	kr = call_map(m, a, &addr);
	/* One that could be taken for nothing else is found short before it is found wrong. */
	if (!done(kr, expected))
		return;
	ck_must(addr == first * PAGE_BYTES);
	for (uint32_t i = 0; i < pages; i++)
		fill_slot(&m->slots[first + i], a, a->index + i);
}

void do_allocate(struct map_model *m, vm_offset_t addr, vm_size_t size, bool anywhere)
{
	const struct map_args a = {
		.addr = addr, .size = size, .anywhere = anywhere,
		.prot = 3, .max = 7, .inherit = VM_INHERIT_COPY,
	};
	kern_return_t expected;
	uint32_t first;

	expected = place(m, &a, &first);
	if (first == PAGES)
		return;
	map_tell("allocate(%d, %#x, %#x, %d)", map_number(m), addr, size, anywhere);
	if (!done(vm_allocate(m->map, &addr, size, anywhere), expected))
		return;
	ck_must(addr == first * PAGE_BYTES);
	for (uint32_t i = 0; i < vm_page_round(size) / PAGE_BYTES; i++)
		slot_set(&m->slots[first + i], NULL);
}

void do_deallocate(struct map_model *m, vm_offset_t addr, vm_size_t size)
{
	map_tell("deallocate(%d, %#x, %#x)", map_number(m), addr, size);
	if (done(vm_deallocate(m->map, addr, size), KERN_SUCCESS))
		model_remove(m, addr, size);
}

/* --- Attributes --------------------------------------------------------------------------- */

/* The first of the model's pages in a range of `size` bytes, or the next; NULL: there is none. */
static struct slot *next_slot(struct map_model *m, vm_offset_t addr, vm_size_t size,
			      const struct slot *at)
{
	uint32_t next = at == NULL ? addr / PAGE_BYTES : (uint32_t)(at - m->slots) + 1;

	if (size == 0 || next >= PAGES || next > (addr + size - 1) / PAGE_BYTES)
		return NULL;
	return &m->slots[next];
}

#define for_each_slot(slot, m, addr, size)							\
	for (struct slot *slot = next_slot(m, addr, size, NULL); slot != NULL;			\
	     slot = next_slot(m, addr, size, slot))

void do_protect(struct map_model *m, vm_offset_t addr, vm_size_t size, bool set_max, int prot)
{
	kern_return_t expected = KERN_SUCCESS;

	for_each_slot(slot, m, addr, size)
		if (slot->page != NULL && (prot & VM_PROT_ALL & ~slot->max) != 0)
			expected = KERN_PROTECTION_FAILURE;
	map_tell("protect(%d, %#x, %#x, max %d, %d)", map_number(m), addr, size, set_max, prot);
	if (!done(vm_protect(m->map, addr, size, set_max, prot), expected))
		return;
	prot &= VM_PROT_ALL;
	for_each_slot(slot, m, addr, size) {
		if (slot->page == NULL)
			continue;
		if (set_max)
			slot->max = prot;
		slot->prot = set_max ? slot->prot & prot : prot;
	}
}

void do_inherit(struct map_model *m, vm_offset_t addr, vm_size_t size, int inherit)
{
	map_tell("inherit(%d, %#x, %#x, %d)", map_number(m), addr, size, inherit);
	if (!done(vm_inherit(m->map, addr, size, inherit), KERN_SUCCESS))
		return;
	for_each_slot(slot, m, addr, size)
		if (slot->page != NULL)
			slot->inherit = inherit;
}

void do_wire(struct map_model *m, vm_offset_t addr, vm_size_t size, int access)
{
	kern_return_t expected = access_check(m, addr, size, access);

	if (expected != KERN_SUCCESS)
		expected = KERN_NO_SPACE;
	map_tell("wire(%d, %#x, %#x, %d)", map_number(m), addr, size, access);
	if (!done(vm_map_wire(m->map, addr, size, access), expected))
		return;
	for_each_slot(slot, m, addr, size) {
		struct fake_mapping *f = fake_pmap_lookup(
			m->map->pmap, (vm_offset_t)(slot - m->slots) * PAGE_BYTES);

		if (access != 0 && !slot->wired && !with_pagers)
			ck_must(access_of(slot) == 0 || (f != NULL && f->wired));
		slot->wired = access != 0 && (slot->wired || access_of(slot) != 0);
	}
}

/* --- Tasks ---------------------------------------------------------------------------------- */

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
		child->object = NULL;
		child->page = page_new(parent->page->bytes);
	}
}

void do_end(struct map_model *m)
{
	map_tell("end(%d)\n", map_number(m));
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

void do_fork(struct map_model *m, struct map_model *child)
{
	if (child == m || child->busy)
		return;
	if (child->map != NULL)
		do_end(child);
	map_tell("fork(%d, %d)", map_number(m), map_number(child));
	child->busy = true;
	child->map = vm_map_fork(m->map);
	child->busy = false;
	map_tell("\t-> %s\n", child->map == NULL ? "none" : "a map");
	if (child->map == NULL) {
		ck_must(scarce || pager_troubles + fake_interrupted > 0);
		adopt_shared(m);
		return;
	}
	for (uint32_t i = 0; i < PAGES; i++)
		inherit_slot(&m->slots[i], &child->slots[i]);
}

/* --- Access ----------------------------------------------------------------------------------- */

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
	ck_must(expected == KERN_SUCCESS && f != NULL && (f->prot & access) == access);
	return vm_page_from_phys(f->pa);
}

static const unsigned char *any_bytes(void)
{
	static unsigned char bytes[2][BYTES_MAX];
	static uint32_t seed;

	seed = seed * 69069u + 12345u + step;
	for (uint32_t i = 0; i < BYTES_MAX; i += 61)
		bytes[preempted][i] = (unsigned char)(seed >> (i % 23));
	return bytes[preempted];
}

void do_touch(struct map_model *m, vm_offset_t addr, vm_size_t size, int access)
{
	const unsigned char *from = any_bytes();
	struct vm_page *page;
	vm_size_t n;

	for (; size > 0 && addr < PAGES * PAGE_BYTES; addr += n, size -= n) {
		const struct slot *slot = &m->slots[addr / PAGE_BYTES];

		n = vm_page_rest(addr, size);
		map_tell("touch(%d, %#x, %#x, %d)", map_number(m), addr, n, access);
		page = touch(m, addr, access);
		map_tell("\n");
		if (page == NULL || access != VM_PROT_WRITE || (midway && slot->page->refs > 1))
			continue;
		vm_page_write(page, addr % PAGE_BYTES, from, n);
		page->modified = true;
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

/* A write that failed may be done in part, if it was allowed. */
static bool written(struct map_model *m, vm_offset_t addr, vm_size_t size, kern_return_t kr,
		    kern_return_t expected)
{
	if (done(kr, expected))
		return true;
	if (expected == KERN_SUCCESS)
		model_adopt(m, addr, size);
	return false;
}

void do_write_bytes(struct map_model *m, vm_offset_t addr, vm_size_t size)
{
	kern_return_t kr, expected = access_check(m, addr, size, VM_PROT_READ | VM_PROT_WRITE);
	const unsigned char *from = any_bytes();
	bool before = alone(m, addr, size);

	map_tell("write_bytes(%d, %#x, %#x)", map_number(m), addr, size);
	kr = vm_map_write_bytes(m->map, addr, from, size);
	if (written(m, addr, size, kr, expected))
		model_write(m, addr, from, size);
	preempted = before;
}

/* --- Copies ------------------------------------------------------------------------------------ */

void do_copyin(struct map_model *m, struct copy_model *c, vm_offset_t addr, vm_size_t size,
	       bool destroy)
{
	kern_return_t kr;

	if (c->copy != NULL || c->busy || size > BYTES_MAX)
		return;
	map_tell("copyin(%d, copy %d, %#x, %#x, destroy %d)", map_number(m), (int)(c - copies), addr,
	     size, destroy);
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

void do_copyout(struct map_model *m, struct copy_model *c)
{
	vm_offset_t addr, first;
	kern_return_t kr;

	if (c->copy == NULL || c->busy)
		return;
	first = lowest_hole(m, (uint32_t)vm_map_copy_span(c->copy) / PAGE_BYTES, 0);
	if (first == PAGES)
		return;
	map_tell("copyout(%d, copy %d)", map_number(m), (int)(c - copies));
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

void do_overwrite(struct map_model *m, struct copy_model *c, vm_offset_t addr)
{
	kern_return_t kr, expected;
	bool before;

	if (c->copy == NULL || c->busy)
		return;
	map_tell("overwrite(%d, copy %d, %#x)", map_number(m), (int)(c - copies), addr);
	expected = access_check(m, addr, c->size, VM_PROT_READ | VM_PROT_WRITE);
	c->busy = true;
	before = alone(m, addr, c->size);
	kr = vm_map_copy_overwrite(m->map, addr, c->copy);
	c->busy = false;
	if (written(m, addr, c->size, kr, expected)) {
		c->copy = NULL;
		model_write(m, addr, c->bytes, c->size);
	}
	preempted = before;
}

/* Whoever changes the source meanwhile: the copy was made before, or is made after. */
void do_vm_copy(struct map_model *m, vm_offset_t from, vm_size_t size, vm_offset_t to)
{
	static unsigned char bytes[BYTES_MAX];
	kern_return_t kr, expected = access_check(m, from, size, VM_PROT_READ);
	bool before;

	if (size > BYTES_MAX)
		return;
	if (expected == KERN_SUCCESS)
		expected = access_check(m, to, size, VM_PROT_READ | VM_PROT_WRITE);
	if (size != 0 && ((from | size | to) & PAGE_OFFSET_MASK) != 0)
		expected = KERN_INVALID_ARGUMENT;
	map_tell("vm_copy(%d, %#x, %#x, %#x)", map_number(m), from, size, to);
	before = preempted;
	preempted = true;
	kr = vm_copy(m->map, from, size, to);
	if (size != 0 && written(m, to, size, kr, expected)) {
		model_copy(bytes, m, from, size);
		model_write(m, to, bytes, size);
	}
	preempted = before;
}

void do_discard(struct copy_model *c)
{
	if (c->copy == NULL || c->busy)
		return;
	map_tell("discard(copy %d)\n", (int)(c - copies));
	c->busy = true;
	check_copy(c);
	vm_map_copy_discard(c->copy);
	c->copy = NULL;
	c->busy = false;
}

/* --- Choices ------------------------------------------------------------------------------------ */

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

static void op_allocate(struct map_model *m)
{
	vm_size_t size = (1 + below(RANGE_MAX)) * PAGE_BYTES - below(PAGE_BYTES);
	vm_offset_t addr = below(PAGES - RANGE_MAX) * PAGE_BYTES + below(2) * below(PAGE_BYTES);

	do_allocate(m, addr, size, below(2) == 0);
}

/* All arguments of vm_map. */
static void op_map(struct map_model *m)
{
	static const int prots[] = { 3, 3, 7, 1, 5, 0 };
	struct map_args a = {
		.addr = below(PAGES - RANGE_MAX) * PAGE_BYTES,
		.size = (1 + below(RANGE_MAX)) * PAGE_BYTES - below(PAGE_BYTES),
		.mask = below(3) == 0 ? (PAGE_BYTES << below(4)) - 1 : 0,
		.anywhere = below(2) == 0,
		.prot = prots[below(6)],
		.max = below(4) == 0 ? prots[below(6)] : 7,
		.inherit = (int)below(3),
	};
	uint32_t pages = (uint32_t)(vm_page_round(a.size) / PAGE_BYTES);

	if (with_pagers && below(4) != 0) {
		a.object = &objects[below(OBJECTS)];
		a.index = below(OBJECT_PAGES - pages + 1);
		a.copy = below(3) == 0;
		a.proxy = below(4) == 0;
		a.proxy_max = prots[below(6)];
	}
	do_map(m, &a);
}

static void op_deallocate(struct map_model *m)
{
	vm_offset_t addr;
	vm_size_t size;

	any_range(&addr, &size);
	do_deallocate(m, addr, size);
}

static void op_protect(struct map_model *m)
{
	static const int prots[] = { 3, 3, 3, 1, 7, 5, 0, 2, 4, 6 };
	int prot = prots[below(10)];
	bool set_max = below(8) == 0;
	vm_offset_t addr;
	vm_size_t size;

	any_range(&addr, &size);
	do_protect(m, addr, size, set_max, prot | (below(9) ? 0 : VM_PROT_NOTIFY));
}

static void op_inherit(struct map_model *m)
{
	int inherit = (int)below(3);
	vm_offset_t addr;
	vm_size_t size;

	any_range(&addr, &size);
	do_inherit(m, addr, size, inherit);
}

static void op_fork(struct map_model *m)
{
	do_fork(m, &maps[below(MAPS)]);
}

static void op_end(struct map_model *m)
{
	uint32_t others = 0;

	for (int i = 0; i < MAPS; i++)
		others += maps[i].map != NULL && !maps[i].busy && &maps[i] != m;
	if (others > 0 && below(4) == 0)
		do_end(m);
}

static void op_touch(struct map_model *m)
{
	int access = below(3) ? VM_PROT_WRITE : below(2) ? VM_PROT_READ : VM_PROT_EXECUTE;
	vm_offset_t addr;
	vm_size_t size;

	any_range(&addr, &size);
	do_touch(m, addr, size, access);
}

static void op_write_bytes(struct map_model *m)
{
	vm_offset_t addr = below(PAGES * PAGE_BYTES);

	do_write_bytes(m, addr, below(6000));
}

static void op_copyin(struct map_model *m)
{
	struct copy_model *c = &copies[below(COPIES)];
	bool destroy = below(3) == 0;
	vm_offset_t addr;
	vm_size_t size;

	any_range(&addr, &size);
	do_copyin(m, c, addr, below(2) ? below(4 * PAGE_BYTES) : size, destroy);
}

static void op_copyout(struct map_model *m)
{
	do_copyout(m, &copies[below(COPIES)]);
}

static void op_overwrite(struct map_model *m)
{
	struct copy_model *c = &copies[below(COPIES)];

	do_overwrite(m, c, below(PAGES) * PAGE_BYTES + below(2) * below(PAGE_BYTES));
}

static void op_vm_copy(struct map_model *m)
{
	vm_offset_t from = below(PAGES) * PAGE_BYTES, to = below(PAGES) * PAGE_BYTES;

	do_vm_copy(m, from, below(4) * PAGE_BYTES, to + (below(8) == 0));
}

static void op_discard(struct map_model *m)
{
	(void)m;
	do_discard(&copies[below(COPIES)]);
}

static void op_wire(struct map_model *m)
{
	int access = below(2) ? (int)below(8) : 0;
	vm_offset_t addr;
	vm_size_t size;

	any_range(&addr, &size);
	do_wire(m, addr, size, access);
}

static void op_pager(struct map_model *m)
{
	uint32_t n = below(OBJECTS);

	(void)m;
	if (!with_pagers)
		return;
	map_tell("pager(%u)\n", n);
	if (below(2))
		pager_volunteer(&objects[n], !preempted && !scarce);
	else
		pager_act(&objects[n]);
}

static void (*const operations[])(struct map_model *m) = {
	op_allocate, op_map, op_map, op_deallocate, op_protect, op_protect, op_inherit, op_inherit,
	op_fork, op_end, op_touch, op_touch, op_touch, op_touch, op_write_bytes, op_copyin,
	op_copyin, op_copyout, op_copyout, op_overwrite, op_vm_copy, op_discard, op_wire, op_pager,
	op_pager, op_pager,
};

/* What another thread may do meanwhile: nothing that is seen through shared memory. */
static void (*const meanwhile[])(struct map_model *m) = {
	op_allocate, op_deallocate, op_deallocate, op_protect, op_inherit, op_fork, op_end,
	op_touch, op_touch, op_copyin, op_copyin, op_copyout, op_discard, op_wire,
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

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

static void operate(struct map_model *m, void (*operation)(struct map_model *m))
{
	m->busy = true;
	operation(m);
	m->busy = false;
}

void map_any_operation(void)
{
	struct map_model *m = any_map();
	uint32_t n = below(COUNT(operations));

	if (m != NULL)
		operate(m, operations[n]);
}

/* --- Others, while an operation goes on ------------------------------------------------------- */

static void run_meanwhile(void *arg)
{
	struct map_model *m = any_map();
	uint32_t n = below(COUNT(meanwhile));

	(void)arg;
	map_tell(" { ");
	if (m != NULL)
		operate(m, meanwhile[n]);
	map_tell(" }");
}

void (*map_interruption)(void);
uint32_t map_points;

static void run_interruption(void *arg)
{
	(void)arg;
	map_interruption();
}

static void interrupt(bool between)
{
	if (map_interruption == NULL || map_points == 0 || --map_points > 0)
		return;
	map_tell(" < ");
	midway = between;
	fake_thread_run(run_interruption, NULL);
	midway = false;
	map_tell(" > ");
}

void preemption_point(void)
{
	assert_no_locks();
	interrupt(true);
	if (preempted || quiet || below(4) != 0)
		return;
	preempted = midway = true;
	fake_thread_run(run_meanwhile, NULL);
	preempted = midway = false;
}

static void run_any(void *arg)
{
	(void)arg;
	map_tell(" [ ");
	map_any_operation();
	map_tell(" ]");
}

static bool answered;

static void run_pagers(void *arg)
{
	(void)arg;
	answered = pagers_answer();
}

/* Who waits begins anew afterwards, so whatever others do has come before. */
bool fake_others_run(uint32_t n)
{
	if (!preempted && !quiet && n < 8 && below(3) == 0) {
		preempted = true;
		fake_thread_run(run_any, NULL);
		preempted = false;
		return true;
	}
	interrupt(false);
	fake_thread_run(run_pagers, NULL);
	return answered && n < 200;
}

/* --- The machine's memory of what was written ------------------------------------------------- */

bool pmap_page_modified(struct vm_page *page)
{
	return page->modified;
}

void pmap_page_clear_modified(struct vm_page *page)
{
	page->modified = false;
}

/* --- Worlds ------------------------------------------------------------------------------------ */

void map_world_begin(bool pagers)
{
	with_pagers = pagers;
	preempted = midway = scarce = false;
	fake_interrupted = 0;
	pagers_start(pagers);
	maps[0].map = vm_map_create();
	ck_must(maps[0].map != NULL);
}

void map_world_end(void)
{
	struct vm_page_counts counts;

	quiet = preempted = true;
	for (int i = 0; i < MAPS; i++)
		if (maps[i].map != NULL)
			do_end(&maps[i]);
	for (int i = 0; i < COPIES; i++) {
		vm_map_copy_discard(copies[i].copy);
		copies[i].copy = NULL;
	}
	pagers_end();
	vm_page_get_counts(&counts);
	kernel_must(counts.object == 0);
	kernel_must(vm_object_count() == 0 && vm_entry_count() == 0 && fake_pmap_count == 0);
}
