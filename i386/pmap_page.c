/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a page to its mappings, and what can be done to all of them.
 *
 * Each page of an object has a list of its mappings in address spaces of users.  The other way
 * round, pmap before list, is the order of the locks; so walking a list tries the pmaps'
 * locks, and starts again when one is taken.  What is done on a walk may be done twice.
 *
 * The processor notes in the page tables that a page was read or written.  When a mapping
 * goes, the notes move to the page.
 */
#include <stdbool.h>
#include <stddef.h>

#include <i386/pmap_types.h>
#include <kern/assert.h>
#include <kern/slab.h>
#include <vm/pmap.h>

static struct slab_cache mapping_cache;

/* Guards all pages' lists and noted bits. */
static struct spin_lock mapping_lock = SPIN_LOCK_INIT(LOCK_LEAF);

void mapping_init(void)
{
	slab_cache_init(&mapping_cache, "mapping", sizeof(struct mapping), 0);
}

struct mapping *mapping_alloc(void)
{
	return slab_alloc(&mapping_cache);
}

static void note_bits(struct vm_page *page, uint32_t low)
{
	if (low & PTE_REFERENCED)
		page->referenced = true;
	if (low & PTE_MODIFIED)
		page->modified = true;
}

void mapping_insert(struct vm_page *page, struct mapping *mapping, struct pmap *pmap,
		    vm_offset_t va)
{
	mapping->pmap = pmap;
	mapping->va = va;
	spin_lock(&mapping_lock);
	mapping->next = page->mappings;
	page->mappings = mapping;
	spin_unlock(&mapping_lock);
}

/* Take the mapping of va out of a list that has it. */
static struct mapping *unlink_mapping(struct vm_page *page, struct pmap *pmap, vm_offset_t va)
{
	struct mapping *mapping = page->mappings, *before = NULL;

	while (mapping != NULL && (mapping->va != va || mapping->pmap != pmap)) {
		before = mapping;
		mapping = mapping->next;
	}
	assert(mapping != NULL);
	if (before == NULL)
		page->mappings = mapping->next;
	else
		before->next = mapping->next;
	return mapping;
}

void mapping_remove(struct vm_page *page, struct pmap *pmap, vm_offset_t va, uint32_t low)
{
	struct mapping *mapping;

	spin_lock(&mapping_lock);
	note_bits(page, low);
	mapping = unlink_mapping(page, pmap, va);
	spin_unlock(&mapping_lock);
	slab_free(&mapping_cache, mapping);
}

/* --- Walks ------------------------------------------------------------------- */

/* What to do with one mapping of the page; both locks are held.  Returns true to unlink it. */
typedef bool (*mapping_visit)(struct vm_page *page, struct mapping *mapping, struct pte *pte,
			      uint32_t arg);

/* Go along the list, unlinking into *gone; false when a pmap was locked. */
static bool walk_locked(struct vm_page *page, mapping_visit visit, uint32_t arg,
			struct mapping **gone)
{
	struct mapping *mapping, *next, *kept = NULL;
	bool complete = true;

	for (mapping = page->mappings; mapping != NULL; mapping = next) {
		struct pmap *pmap = mapping->pmap;

		next = mapping->next;
		complete = spin_try_lock(&pmap->lock);
		if (!complete)
			break;
		if (!visit(page, mapping, pmap_find_pte(pmap, mapping->va), arg)) {
			kept = mapping;
		} else {
			if (kept == NULL)
				page->mappings = next;
			else
				kept->next = next;
			mapping->next = *gone;
			*gone = mapping;
		}
		spin_unlock(&pmap->lock);
	}
	return complete;
}

static void free_mappings(struct mapping *gone)
{
	while (gone != NULL) {
		struct mapping *next = gone->next;

		slab_free(&mapping_cache, gone);
		gone = next;
	}
}

static void walk(struct vm_page *page, mapping_visit visit, uint32_t arg)
{
	struct mapping *gone = NULL;
	bool complete;

	assert(page->state == PAGE_OBJECT);
	do {
		spin_lock(&mapping_lock);
		complete = walk_locked(page, visit, arg, &gone);
		spin_unlock(&mapping_lock);
	} while (!complete);
	free_mappings(gone);
}

static bool visit_remove(struct vm_page *page, struct mapping *mapping, struct pte *pte,
			 uint32_t arg)
{
	(void)arg;
	note_bits(page, pmap_clear_pte(mapping->pmap, pte, pte_count(pte)));
	pmap_flush(mapping->pmap, mapping->va, mapping->va + PAGE_BYTES);
	return true;
}

static bool visit_lower(struct vm_page *page, struct mapping *mapping, struct pte *pte,
			uint32_t prot)
{
	(void)page;
	if (pte_lower(pte, pte_loss((vm_prot_t)prot)))
		pmap_flush(mapping->pmap, mapping->va, mapping->va + PAGE_BYTES);
	return false;
}

/* Move the bits given from the entry to the page. */
static bool visit_note(struct vm_page *page, struct mapping *mapping, struct pte *pte,
		       uint32_t bits)
{
	uint32_t set = pte->low & bits;

	if (set != 0) {
		__atomic_fetch_and(&pte->low, ~bits, __ATOMIC_RELAXED);
		note_bits(page, set);
		pmap_flush(mapping->pmap, mapping->va, mapping->va + PAGE_BYTES);
	}
	return false;
}

/* Emptied tables are found by the next pmap_remove. */
void pmap_page_protect(struct vm_page *page, vm_prot_t prot)
{
	walk(page, prot & VM_PROT_READ ? visit_lower : visit_remove, (uint32_t)prot);
}

bool pmap_page_modified(struct vm_page *page)
{
	if (!page->modified)
		walk(page, visit_note, PTE_MODIFIED);
	return page->modified;
}

void pmap_page_clear_modified(struct vm_page *page)
{
	walk(page, visit_note, PTE_MODIFIED);
	page->modified = false;
}

bool pmap_page_referenced(struct vm_page *page)
{
	if (!page->referenced)
		walk(page, visit_note, PTE_REFERENCED);
	return page->referenced;
}

void pmap_page_clear_referenced(struct vm_page *page)
{
	walk(page, visit_note, PTE_REFERENCED);
	page->referenced = false;
}
