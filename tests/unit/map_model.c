/* SPDX-License-Identifier: BSD-2-Clause */
#include <tests/unit/map_model.h>

#include <tests/unit/fakes.h>

#include <stdlib.h>
#include <string.h>

#include <tests/unit/fakes_pmap.h>
#include <tests/unit/map_check.h>
#include <vm/copy.h>
#include <vm/map_entry.h>

struct map_model maps[MAPS];
struct copy_model copies[COPIES];
uint32_t step;
bool preempted;
uint32_t random_state;

uint32_t any_number(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

uint32_t below(uint32_t n)
{
	return any_number() % n;
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

void slot_clear(struct slot *slot)
{
	if (slot->page != NULL && --slot->page->refs == 0)
		free(slot->page);
	*slot = (struct slot){ 0 };
}

void slot_set(struct slot *slot, const void *bytes)
{
	ck_must(slot->page == NULL);
	*slot = (struct slot){ page_new(bytes), 3, 7, VM_INHERIT_COPY, false, false };
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

/* All contents, whatever is mapped now. */
static void check_contents(const struct map_model *m)
{
	unsigned char bytes[PAGE_BYTES];

	queue_for_each(link, &m->map->entries) {
		const struct vm_map_entry *e = container_of(link, struct vm_map_entry, link);

		for (vm_offset_t va = e->start; va < e->end; va += PAGE_BYTES) {
			vm_entry_read(e, va, bytes, PAGE_BYTES);
			kernel_must(memcmp(bytes, m->slots[va / PAGE_BYTES].page->bytes,
				       PAGE_BYTES) == 0);
		}
	}
}

void check_copy(const struct copy_model *c)
{
	static unsigned char room[2][BYTES_MAX];
	unsigned char *bytes = room[preempted];

	kernel_must(vm_map_copy_size(c->copy) == c->size);
	kernel_must(vm_map_copy_read(c->copy, 0, bytes, c->size) == KERN_SUCCESS);
	kernel_must(memcmp(bytes, c->bytes, c->size) == 0);
}

/* Pages that the entry sees and that were not yet marked in this round. */
static uint32_t mark_pages(const struct vm_map_entry *entry)
{
	static unsigned int marks[FAKE_HIGH_END / PAGE_BYTES];
	uint32_t count = 0;

	for (uint32_t i = 0; entry->object != NULL && i < vm_entry_pages(entry); i++) {
		struct vm_page *page;
		unsigned int *mark;

		spin_lock(entry->object->lock);
		page = vm_object_view(entry->object, entry->index + i);
		spin_unlock(entry->object->lock);
		if (page == NULL)
			continue;
		mark = &marks[vm_page_to_phys(page) / PAGE_BYTES];
		count += *mark != step + 1;
		*mark = step + 1;
	}
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
	uint32_t reachable = 0;

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
	check_retained();
}
