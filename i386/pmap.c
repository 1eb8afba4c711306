/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address spaces: entering and removing mappings.  Page tables: i386/pmap_types.h; from a page to
 * its mappings: i386/pmap_page.c.
 *
 * Tables come and go with their entries; but the one that was emptied last stays where it is,
 * full of zeros, until another one is, or a table is needed elsewhere.  Directories stay until the
 * address space is destroyed.  The kernel's tables stay forever, and its mappings are not in the
 * pages' lists: they belong to vm/kmem.c, which knows what it mapped.
 *
 * The processor cannot forbid reading alone, so a mapping without VM_PROT_READ is none.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <i386/cpu.h>
#include <i386/pmap_types.h>
#include <kern/assert.h>
#include <kern/estate.h>
#include <kern/percpu.h>
#include <kern/slab.h>
#include <kern/string.h>
#include <vm/pmap.h>

/* Above this, loading CR3 is cheaper than so many invalidations. */
#define FLUSH_PAGES_MAX	32u

struct pmap kernel_pmap;

static struct slab_cache pmap_cache;

void pmap_init(void)
{
	slab_cache_init(&pmap_cache, "pmap", sizeof(struct pmap), _Alignof(struct pmap));
	mapping_init();
}

/* --- What CPUs remember ------------------------------------------------------- */

static bool pmap_used_here(const struct pmap *pmap)
{
	return pmap == &kernel_pmap || pmap == current_cpu()->pmap;
}

/* With more than one CPU, others that use the pmap are to be interrupted and waited for here. */
void pmap_flush(struct pmap *pmap, vm_offset_t start, vm_offset_t end)
{
	_Static_assert(PMAP_CPUS == 1, "other CPUs must be told");

	if (!pmap_used_here(pmap))
		return;
	if (pmap != &kernel_pmap && end - start > FLUSH_PAGES_MAX * PAGE_BYTES) {
		cr3_write(cr3_read());
		return;
	}
	for (; start < end; start += PAGE_BYTES)
		invlpg(start);
}

void pmap_activate(struct pmap *pmap)
{
	pmap_load(current_cpu(), pmap);
}

/* --- Tables ------------------------------------------------------------------- */

static struct pte *table_alloc(struct pmap *pmap)
{
	struct vm_page *page = NULL;

	if (!estate_charge(pmap->estate, PAGE_BYTES))
		return NULL;
	if (vm_page_kernel_may_grow())
		page = vm_page_alloc(VM_ZONE_DIRECT, 0);
	if (page == NULL) {
		estate_uncharge(pmap->estate, PAGE_BYTES);
		return NULL;
	}
	page->offset = 0;
	return memset(vm_page_direct(page), 0, PAGE_BYTES);
}

static void table_free(struct pmap *pmap, struct pte *table)
{
	vm_page_free(vm_page_from_phys(direct_to_phys(table)), 0);
	estate_uncharge(pmap->estate, PAGE_BYTES);
}

/* The entry for the table of va; NULL without a directory. */
static struct pte *find_table_entry(struct pmap *pmap, vm_offset_t va)
{
	struct pte *top = &pmap->directory[va / DIRECTORY_SPAN];

	return pte_valid(top) ? pte_table(top) + directory_index(va) : NULL;
}

static inline bool is_recent(const struct pmap *pmap, vm_offset_t va)
{
	return (va ^ pmap->recent.va) < LARGE_PAGE && pmap->recent.table != NULL;
}

/* The table of va, which is the recent one then; NULL when there is none. */
static struct pte *find_table(struct pmap *pmap, vm_offset_t va)
{
	struct pte *entry;

	if (is_recent(pmap, va))
		return pmap->recent.table;
	entry = find_table_entry(pmap, va);
	if (entry == NULL || !pte_valid(entry))
		return NULL;
	pmap->recent.va = va;
	pmap->recent.table = pte_table(entry);
	pmap->recent.count = pte_count(pmap->recent.table);
	return pmap->recent.table;
}

struct pte *pmap_find_pte(struct pmap *pmap, vm_offset_t va)
{
	struct pte *table = find_table(pmap, va);

	return table != NULL ? table + table_index(va) : NULL;
}

/* Take a table out of its place; nobody's TLB knows more of it than that it exists. */
static void unhook_table(struct pmap *pmap, vm_offset_t va)
{
	struct pte *entry = find_table_entry(pmap, va);

	if (pmap->recent.table == pte_table(entry))
		pmap->recent.table = NULL;
	pte_clear(entry);
	*pte_count(entry) -= 1;
	pmap_flush(pmap, va, va + PAGE_BYTES);
}

/* The table that was emptied last, out of its place; NULL: there is none, or it is used again. */
static struct pte *take_emptied(struct pmap *pmap)
{
	struct pte *table = pmap->emptied;

	pmap->emptied = NULL;
	if (table == NULL || *pte_count(table) != 0)
		return NULL;
	unhook_table(pmap, pmap->emptied_va);
	return table;
}

static void free_emptied(struct pmap *pmap)
{
	struct pte *table = take_emptied(pmap);

	if (table != NULL)
		table_free(pmap, table);
}

/* The table of va has no valid entries. */
static void note_emptied(struct pmap *pmap, struct pte *table, vm_offset_t va)
{
	if (pmap->emptied == table)
		return;
	free_emptied(pmap);
	pmap->emptied = table;
	pmap->emptied_va = va;
}

/* The processor has copies of the four top entries, renewed only when CR3 is loaded. */
static bool make_directory(struct pmap *pmap, struct pte *top)
{
	struct pte *directory;

	if (pte_valid(top))
		return true;
	directory = table_alloc(pmap);
	if (directory == NULL)
		return false;
	pte_set(top, (uint32_t)direct_to_phys(directory) | PTE_VALID, 0);
	if (pmap_used_here(pmap))
		cr3_write(cr3_read());
	return true;
}

static bool make_table(struct pmap *pmap, struct pte *entry)
{
	uint32_t low = PTE_VALID | PTE_WRITE | (pmap == &kernel_pmap ? 0 : PTE_USER);
	struct pte *table = take_emptied(pmap);

	if (table == NULL)
		table = table_alloc(pmap);
	if (table == NULL)
		return false;
	pte_set(entry, (uint32_t)direct_to_phys(table) | low, 0);
	if (pmap != &kernel_pmap)
		*pte_count(entry) += 1;
	return true;
}

/* The entry of va, with tables as needed, in the recent table; NULL when memory is short. */
static struct pte *make_pte(struct pmap *pmap, vm_offset_t va)
{
	struct pte *pte = pmap_find_pte(pmap, va);

	if (pte != NULL)
		return pte;
	if (!make_directory(pmap, &pmap->directory[va / DIRECTORY_SPAN]) ||
	    !make_table(pmap, find_table_entry(pmap, va)))
		return NULL;
	return pmap_find_pte(pmap, va);
}

/* --- Entering ----------------------------------------------------------------- */

static uint32_t prot_low(const struct pmap *pmap, vm_prot_t prot)
{
	return PTE_VALID | (prot & VM_PROT_WRITE ? PTE_WRITE : 0) |
	       (pmap == &kernel_pmap ? pmap_global : PTE_USER);
}

static uint32_t prot_high(const struct pmap *pmap, vm_prot_t prot)
{
	if (pmap == &kernel_pmap && (prot & VM_PROT_WRITE))
		return pmap_nx;
	return prot & VM_PROT_EXECUTE ? 0 : pmap_nx;
}

uint32_t pmap_clear_pte(struct pmap *pmap, struct pte *pte, uint32_t *count)
{
	uint32_t low = pte_clear(pte);

	assert_locked(&pmap->lock);
	assert((low & PTE_VALID) && *count > 0 && pmap->resident > 0);
	*count -= 1;
	pmap->resident--;
	return low;
}

static void drop_pte(struct pmap *pmap, struct pte *pte, vm_offset_t va, uint32_t *count)
{
	uint32_t low = pmap_clear_pte(pmap, pte, count);

	if (low & PTE_TRACKED)
		mapping_remove(vm_page_from_phys(low & PTE_FRAME), pmap, va, low);
}

/* Change the access to a page that is mapped; writable and executable never meet by accident. */
static void change_pte(struct pmap *pmap, struct pte *pte, vm_offset_t va, vm_prot_t prot)
{
	pte_lower(pte, pte_loss(prot));
	pte->high = prot_high(pmap, prot);
	if (prot & VM_PROT_WRITE)
		__atomic_fetch_or(&pte->low, PTE_WRITE, __ATOMIC_RELAXED);
	pmap_flush(pmap, va, va + PAGE_BYTES);
}

/* Only pages of objects have a list of mappings, and only users' mappings are in it. */
static struct vm_page *tracked_page(const struct pmap *pmap, phys_addr_t pa)
{
	struct vm_page *page = pmap == &kernel_pmap ? NULL : vm_page_from_phys(pa);

	return page != NULL && page->state == PAGE_OBJECT ? page : NULL;
}

static bool new_pte(struct pmap *pmap, struct pte *pte, vm_offset_t va, phys_addr_t pa,
		    vm_prot_t prot)
{
	struct vm_page *page = tracked_page(pmap, pa);
	struct mapping *mapping = page != NULL ? mapping_alloc() : NULL;
	uint32_t *count = pmap->recent.count;

	if (page != NULL && mapping == NULL)
		return false;
	if (pte_valid(pte)) {
		drop_pte(pmap, pte, va, count);
		pmap_flush(pmap, va, va + PAGE_BYTES);
	}
	if (page != NULL)
		mapping_insert(page, mapping, pmap, va);
	*count += 1;
	pmap->resident++;
	pte_set(pte, (uint32_t)pa | prot_low(pmap, prot) | (page != NULL ? PTE_TRACKED : 0),
		prot_high(pmap, prot));
	return true;
}

/* Only assertions ask. */
__attribute__((unused))
static bool va_in_pmap(const struct pmap *pmap, vm_offset_t start, vm_offset_t end)
{
	if (pmap == &kernel_pmap)
		return start >= KERNEL_MAP_START && end <= KERNEL_MAP_END && start <= end;
	return end <= KERNEL_BASE && start <= end;
}

/* Nothing is ever unmapped unasked, so wired mappings are like others. */
bool pmap_enter(struct pmap *pmap, vm_offset_t va, phys_addr_t pa, vm_prot_t prot, bool wired)
{
	struct pte *pte;
	bool entered;

	(void)wired;
	assert(va_in_pmap(pmap, va, va + PAGE_BYTES));
	assert(((va | pa) & PAGE_OFFSET_MASK) == 0 && pa >> 32 == 0);
	if (!(prot & VM_PROT_READ)) {
		pmap_remove(pmap, va, va + PAGE_BYTES);
		return true;
	}
	spin_lock(&pmap->lock);
	pte = make_pte(pmap, va);
	entered = pte != NULL;
	if (entered && pte_valid(pte) && (pte->low & PTE_FRAME) == pa)
		change_pte(pmap, pte, va, prot);
	else if (entered)
		entered = new_pte(pmap, pte, va, pa, prot);
	spin_unlock(&pmap->lock);
	return entered;
}

/* --- Ranges ------------------------------------------------------------------- */

/* How far from va the same table goes, or the same lack of a directory. */
static vm_offset_t chunk_end(const struct pmap *pmap, vm_offset_t va, vm_offset_t end)
{
	bool directory = pte_valid(&pmap->directory[va / DIRECTORY_SPAN]);
	vm_offset_t span = directory ? LARGE_PAGE : DIRECTORY_SPAN;
	vm_offset_t left = span - (va & (span - 1));

	return end - va < left ? end : va + left;
}

/*
 * The entries of a table for [start, end), as a pair of pointers.  Loops over them look
 * at every single one, so they do little else.
 */
struct pte_range {
	struct pte *first, *end;
};

static struct pte_range pte_range(struct pte *table, vm_offset_t start, vm_offset_t end)
{
	struct pte *first = table + table_index(start);

	return (struct pte_range){ first, first + ((end - start) >> PAGE_SHIFT) };
}

static vm_offset_t range_va(const struct pte *pte, const struct pte_range *range,
			    vm_offset_t start)
{
	return start + ((vm_offset_t)(pte - range->first) << PAGE_SHIFT);
}

static void remove_range(struct pmap *pmap, const struct pte_range *range, vm_offset_t start,
			 uint32_t *count)
{
	struct pte *pte;

	if (*count == 0)
		return;
	for (pte = range->first; pte < range->end; pte++) {
		if (!pte_valid(pte))
			continue;
		drop_pte(pmap, pte, range_va(pte, range, start), count);
		if (*count == 0)
			break;
	}
}

static void remove_chunk(struct pmap *pmap, vm_offset_t start, vm_offset_t end)
{
	struct pte *table = find_table(pmap, start);
	uint32_t before = pmap->resident;
	struct pte_range range;
	uint32_t *count;

	if (table == NULL)
		return;
	range = pte_range(table, start, end);
	count = pmap->recent.count;
	remove_range(pmap, &range, start, count);
	if (pmap->resident != before)
		pmap_flush(pmap, start, end);
	if (pmap != &kernel_pmap && *count == 0)
		note_emptied(pmap, table, start);
}

void pmap_remove(struct pmap *pmap, vm_offset_t start, vm_offset_t end)
{
	vm_offset_t next;

	assert(va_in_pmap(pmap, start, end));
	assert(((start | end) & PAGE_OFFSET_MASK) == 0);
	spin_lock(&pmap->lock);
	for (; start < end; start = next) {
		next = chunk_end(pmap, start, end);
		remove_chunk(pmap, start, next);
	}
	spin_unlock(&pmap->lock);
}

static bool lower_range(const struct pte_range *range, vm_prot_t prot)
{
	const struct pte_loss loss = pte_loss(prot);
	bool lowered = false;

	for (struct pte *pte = range->first; pte < range->end; pte++)
		lowered |= pte_lower(pte, loss);
	return lowered;
}

/* The same where nothing is lost but writing, as by all memory that is copied. */
static bool unwrite_range(const struct pte_range *range, vm_prot_t prot)
{
	bool lowered = false;

	if (prot & VM_PROT_WRITE)
		return false;
	for (struct pte *pte = range->first; pte < range->end; pte++)
		if (pte->low & PTE_WRITE) {
			__atomic_fetch_and(&pte->low, ~PTE_WRITE, __ATOMIC_RELAXED);
			lowered = true;
		}
	return lowered;
}

static void protect_chunk(struct pmap *pmap, vm_offset_t start, vm_offset_t end, vm_prot_t prot)
{
	struct pte *table = find_table(pmap, start);
	struct pte_range range;

	if (table == NULL)
		return;
	range = pte_range(table, start, end);
	if (prot & VM_PROT_EXECUTE ? unwrite_range(&range, prot) : lower_range(&range, prot))
		pmap_flush(pmap, start, end);
}

void pmap_protect(struct pmap *pmap, vm_offset_t start, vm_offset_t end, vm_prot_t prot)
{
	vm_offset_t next;

	assert(va_in_pmap(pmap, start, end));
	assert(((start | end) & PAGE_OFFSET_MASK) == 0);
	if (!(prot & VM_PROT_READ)) {
		pmap_remove(pmap, start, end);
		return;
	}
	spin_lock(&pmap->lock);
	for (; start < end; start = next) {
		next = chunk_end(pmap, start, end);
		protect_chunk(pmap, start, next, prot);
	}
	spin_unlock(&pmap->lock);
}

/* --- Asking ------------------------------------------------------------------- */

static bool pte_extract(const struct pte *pte, vm_offset_t va, phys_addr_t *pap)
{
	if (!pte_valid(pte))
		return false;
	*pap = (pte->low & PTE_FRAME) | (va & PAGE_OFFSET_MASK);
	return true;
}

static bool extract_locked(struct pmap *pmap, vm_offset_t va, phys_addr_t *pap)
{
	struct pte *entry = find_table_entry(pmap, va);

	if (entry == NULL || !pte_valid(entry))
		return false;
	if (entry->low & PTE_LARGE) {
		*pap = (entry->low & ~(LARGE_PAGE - 1)) | (va & (LARGE_PAGE - 1));
		return true;
	}
	return pte_extract(pte_table(entry) + table_index(va), va, pap);
}

bool pmap_extract(struct pmap *pmap, vm_offset_t va, phys_addr_t *pap)
{
	bool mapped;

	spin_lock(&pmap->lock);
	if (is_recent(pmap, va))
		mapped = pte_extract(pmap->recent.table + table_index(va), va, pap);
	else
		mapped = extract_locked(pmap, va, pap);
	spin_unlock(&pmap->lock);
	return mapped;
}

bool pmap_peek(struct pmap *pmap, vm_offset_t va, phys_addr_t *pap)
{
	return extract_locked(pmap, va, pap);
}

uint32_t pmap_resident_count(struct pmap *pmap)
{
	return pmap->resident;
}

/* --- Life --------------------------------------------------------------------- */

struct pmap *pmap_create(void)
{
	struct pmap *pmap = slab_zalloc(&pmap_cache);

	if (pmap == NULL)
		return NULL;
	spin_lock_init(&pmap->lock, LOCK_PMAP);
	pte_set(&pmap->directory[KERNEL_DIRECTORY],
		(uint32_t)direct_to_phys(kernel_directory) | PTE_VALID, 0);
	return pmap;
}

void pmap_set_estate(struct pmap *pmap, struct estate *estate)
{
	assert(pmap->estate == NULL && pmap->resident == 0 && pmap->emptied == NULL);
	if (estate != NULL)
		estate_reference(estate);
	pmap->estate = estate;
}

static void destroy_directory(struct pmap *pmap, unsigned int index)
{
	struct pte *top = &pmap->directory[index];
	vm_offset_t start = index * DIRECTORY_SPAN;

	if (!pte_valid(top))
		return;
	if (*pte_count(pte_table(top)) != 0)
		pmap_remove(pmap, start, start + DIRECTORY_SPAN);
	free_emptied(pmap);
	table_free(pmap, pte_table(top));
}

/* A CPU may still have it loaded while it runs threads of the kernel. */
void pmap_destroy(struct pmap *pmap)
{
	unsigned int i;

	assert(pmap != &kernel_pmap);
	if (current_cpu()->pmap == pmap)
		pmap_activate(&kernel_pmap);
	free_emptied(pmap);		/* or a directory with it would be searched */
	for (i = 0; i < KERNEL_DIRECTORY; i++)
		destroy_directory(pmap, i);
	assert(pmap->resident == 0);
	estate_release(pmap->estate);
	slab_free(&pmap_cache, pmap);
}
