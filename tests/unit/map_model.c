/* SPDX-License-Identifier: BSD-2-Clause */
#include <tests/unit/map_model.h>

#include <tests/unit/fakes.h>

#include <stdlib.h>
#include <string.h>

#include <tests/unit/fakes_pmap.h>
#include <tests/unit/fakes_wait.h>
#include <tests/unit/map_check.h>
#include <tests/unit/pager_model.h>
#include <vm/copy.h>
#include <vm/map_entry.h>
#include <vm/pager.h>

static unsigned int round_now;		/* of looks at all pages */

struct map_model maps[MAPS];
struct copy_model copies[COPIES];
uint32_t step;
bool preempted;
uint32_t random_state;
uint32_t (*map_pick)(uint32_t n);

uint32_t any_number(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

uint32_t below(uint32_t n)
{
	return map_pick != NULL ? map_pick(n) : any_number() % n;
}

/* --- The model's memory ------------------------------------------------------------ */

struct page_model *page_new(const void *bytes)
{
	struct page_model *page = calloc(1, sizeof *page);

	page->refs = 1;
	if (bytes != NULL)
		memcpy(page->bytes, bytes, PAGE_BYTES);
	return page;
}

void page_drop(struct page_model *page)
{
	if (page != NULL && --page->refs == 0)
		free(page);
}

void slot_clear(struct slot *slot)
{
	page_drop(slot->page);
	*slot = (struct slot){ 0 };
}

void slot_set(struct slot *slot, const void *bytes)
{
	ck_must(slot->page == NULL);
	*slot = (struct slot){
		.page = page_new(bytes), .prot = 3, .max = 7, .inherit = VM_INHERIT_COPY,
	};
}

int access_of(const struct slot *slot)
{
	return slot->page != NULL && (slot->prot & VM_PROT_READ) ? slot->prot : 0;
}

kern_return_t access_check(const struct map_model *m, vm_offset_t addr, vm_size_t size, int access)
{
	if (addr >= VM_USER_MAX || size > VM_USER_MAX - addr)
		return KERN_INVALID_ADDRESS;
	for (uint32_t i = addr / PAGE_BYTES; size > 0 && i <= (addr + size - 1) / PAGE_BYTES; i++) {
		if (i >= PAGES || m->slots[i].page == NULL)
			return KERN_INVALID_ADDRESS;
		if ((access_of(&m->slots[i]) & access) != access)
			return KERN_PROTECTION_FAILURE;
	}
	return KERN_SUCCESS;
}

static unsigned char *byte_at(const struct map_model *m, vm_offset_t addr)
{
	return &m->slots[addr / PAGE_BYTES].page->bytes[addr % PAGE_BYTES];
}

void model_copy(unsigned char *to, const struct map_model *m, vm_offset_t addr, vm_size_t size)
{
	for (vm_size_t i = 0; i < size; i++)
		to[i] = *byte_at(m, addr + i);
}

void model_write(const struct map_model *m, vm_offset_t addr, const unsigned char *from,
		 vm_size_t size)
{
	for (vm_size_t i = 0; i < size; i++)
		*byte_at(m, addr + i) = from[i];
}

void model_remove(struct map_model *m, vm_offset_t addr, vm_size_t size)
{
	for (uint32_t i = addr / PAGE_BYTES;
	     size > 0 && i < PAGES && i <= (addr + size - 1) / PAGE_BYTES; i++)
		slot_clear(&m->slots[i]);
}

void model_adopt(const struct map_model *m, vm_offset_t addr, vm_size_t size)
{
	mutex_lock(&m->map->lock);
	for (vm_offset_t va = vm_page_trunc(addr); va < addr + size; va += PAGE_BYTES) {
		const struct vm_map_entry *e = vm_map_lookup(m->map, va);
		struct vm_page *page = NULL;

		if (e != NULL && e->object != NULL) {
			spin_lock(e->object->lock);
			page = vm_object_view(e->object, vm_entry_index(e, va));
			spin_unlock(e->object->lock);
		}
		if (page != NULL)
			vm_page_read(page, 0, m->slots[va / PAGE_BYTES].page->bytes, PAGE_BYTES);
	}
	mutex_unlock(&m->map->lock);
}

/* --- Comparing --------------------------------------------------------------------------- */

static void read_phys(phys_addr_t pa, unsigned char *to)
{
	vm_page_read(vm_page_from_phys(pa), 0, to, PAGE_BYTES);
}

static void check_mappings(const struct map_model *m)
{
	unsigned char bytes[PAGE_BYTES];

	for (struct fake_mapping *f = m->map->pmap->mappings; f != NULL; f = f->next) {
		const struct slot *slot = &m->slots[f->va / PAGE_BYTES];

		kernel_must(f->va / PAGE_BYTES < PAGES && slot->page != NULL);
		kernel_must((f->prot & ~access_of(slot)) == 0);
		read_phys(f->pa, bytes);
		kernel_must(memcmp(bytes, slot->page->bytes, PAGE_BYTES) == 0);
	}
}

static void check_slot(const struct slot *slot, const struct vm_map_entry *entry)
{
	kernel_must(slot->page != NULL);
	kernel_must(slot->prot == entry->protection && slot->max == entry->max_protection);
	kernel_must(slot->inherit == entry->inheritance);
	kernel_must(slot->wired == entry->wired && slot->shared == entry->shared);
}

/* Can it be accessed, or become accessible? */
static bool is_reachable(const struct slot *slot)
{
	return (slot->prot | slot->max) != VM_PROT_NONE;
}

static void check_entries(const struct map_model *m)
{
	vm_size_t size = 0, charged = 0, wired = 0;
	uint32_t next = 0;

	queue_for_each(link, &m->map->entries) {
		const struct vm_map_entry *e = container_of(link, struct vm_map_entry, link);

		for (; next < e->start / PAGE_BYTES; next++)
			kernel_must(m->slots[next].page == NULL);
		for (; next < e->end / PAGE_BYTES; next++)
			check_slot(&m->slots[next], e);
	}
	for (uint32_t i = 0; i < PAGES; i++) {
		size += m->slots[i].page != NULL ? PAGE_BYTES : 0;
		charged += m->slots[i].page != NULL && m->slots[i].max != 0 ? PAGE_BYTES : 0;
		wired += m->slots[i].wired ? PAGE_BYTES : 0;
		kernel_must(i < next || m->slots[i].page == NULL);
	}
	kernel_must(m->map->size == size && m->map->size_charged == charged);
	kernel_must(m->map->size_wired == wired);
}

/* A page's contents: what is resident, or what the pager would be asked for. */
static void check_page(const struct map_model *m, const struct vm_map_entry *e, vm_offset_t va)
{
	const unsigned char *expected = m->slots[va / PAGE_BYTES].page->bytes;
	unsigned char bytes[PAGE_BYTES];
	struct object_model *o;
	uint32_t index;
	kern_return_t kr;

	if (!is_reachable(&m->slots[va / PAGE_BYTES]))
		return;			/* its pages may have gone */
	if (pager_absent(e, va, &o, &index)) {
		kernel_must(o == NULL || memcmp(o->store[index], expected, PAGE_BYTES) == 0);
		return;
	}
	kr = vm_entry_read(e, va, bytes, PAGE_BYTES);
	if (kr == VM_ASK_PAGER)		/* it is locked */
		vm_pager_forget();
	else if (kr == KERN_MEMORY_ERROR)	/* for ever */
		kernel_must(pager_troubles > 0);
	else
		kernel_must(kr == KERN_SUCCESS && memcmp(bytes, expected, PAGE_BYTES) == 0);
}

/* What vm_region tells. */
static void check_region(const struct map_model *m, const struct vm_map_entry *e)
{
	const struct slot *slot = &m->slots[e->start / PAGE_BYTES];
	struct vm_map_region_info info;

	kernel_must(vm_map_region(m->map, e->start, &info) == KERN_SUCCESS);
	kernel_must(info.start == e->start && info.size == vm_entry_size(e));
	kernel_must(info.protection == slot->prot && info.max_protection == slot->max);
	kernel_must(info.inheritance == slot->inherit && info.shared == slot->shared);
	if (info.pager != NULL && slot->object == NULL) {
		/* A fork has saved what could be had of it. */
		kernel_must(pager_troubles > 0 && info.pager->state == PAGER_DEAD);
		vm_pager_release(info.pager);
		return;
	}
	kernel_must((info.pager != NULL) == (slot->object != NULL));
	if (info.pager == NULL)
		return;
	kernel_must(info.offset == slot->index * PAGE_BYTES);
	kernel_must(slot->life != slot->object->life || info.pager->state != PAGER_DEAD);
	vm_pager_release(info.pager);
}

/* All contents, whatever is mapped now. */
static void check_contents(const struct map_model *m)
{
	queue_for_each(link, &m->map->entries) {
		const struct vm_map_entry *e = container_of(link, struct vm_map_entry, link);

		check_region(m, e);
		for (vm_offset_t va = e->start; va < e->end; va += PAGE_BYTES)
			check_page(m, e, va);
	}
}

void check_copy(const struct copy_model *c)
{
	static unsigned char room[2][BYTES_MAX];
	unsigned char *bytes = room[preempted];

	kern_return_t kr = vm_map_copy_read(c->copy, 0, bytes, c->size);

	kernel_must(vm_map_copy_size(c->copy) == c->size);
	if (kr != KERN_SUCCESS)
		kernel_must(pager_troubles + fake_interrupted > 0 || injecting);
	else
		kernel_must(memcmp(bytes, c->bytes, c->size) == 0);
}

/* Is it the first time in this round? */
static uint32_t mark(const struct vm_page *page)
{
	static unsigned int marks[FAKE_HIGH_END / PAGE_BYTES];
	unsigned int *place = &marks[vm_page_to_phys(page) / PAGE_BYTES];
	bool first = *place != round_now;

	*place = round_now;
	return first;
}

/* Pages of an object with a pager stay while anybody has to do with it. */
static uint32_t mark_root(const struct vm_object *object)
{
	uint32_t count = 0;

	while (object->shadow != NULL)
		object = object->shadow;
	if (object->pager == NULL)
		return 0;
	queue_for_each(link, &object->pages)
		count += mark(container_of(link, struct vm_page, link));
	return count;
}

/* Pages that the entry sees. */
static uint32_t mark_pages(const struct vm_map_entry *entry)
{
	uint32_t count = 0;

	if (entry->object == NULL)
		return 0;
	spin_lock(entry->object->lock);
	for (uint32_t i = 0; i < vm_entry_pages(entry); i++) {
		struct vm_page *page = vm_object_view(entry->object, entry->index + i);

		count += page != NULL ? mark(page) : 0;
	}
	count += mark_root(entry->object);
	spin_unlock(entry->object->lock);
	return count;
}

static uint32_t mark_queue(const struct queue *entries)
{
	uint32_t count = 0;

	queue_for_each(link, entries)
		count += mark_pages(container_of(link, struct vm_map_entry, link));
	return count;
}

/* No page is kept that nobody can reach. */
static void check_retained(void)
{
	struct vm_page_counts counts;
	uint32_t reachable;

	round_now++;
	reachable = pagers_mark(mark);
	for (int i = 0; i < MAPS; i++)
		if (maps[i].map != NULL)
			reachable += mark_queue(&maps[i].map->entries);
	for (int i = 0; i < COPIES; i++)
		if (copies[i].copy != NULL)
			reachable += mark_queue(&copies[i].copy->entries);
	vm_page_get_counts(&counts);
	kernel_must(counts.object == reachable);
}

void check_all(bool contents)
{
	if (contents)
		pagers_check();
	for (int i = 0; i < MAPS; i++) {
		if (maps[i].map == NULL)
			continue;
		map_check(maps[i].map);
		check_mappings(&maps[i]);
		check_entries(&maps[i]);
		if (contents)
			check_contents(&maps[i]);
	}
	for (int i = 0; i < COPIES && contents; i++)
		if (copies[i].copy != NULL)
			check_copy(&copies[i]);
	if (contents)
		check_retained();
}
