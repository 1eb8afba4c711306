/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables with PAE: 4 page directories of 512 entries, one for each GiB.
 *
 * The directory of the last GiB is the kernel's, one for all address spaces, so nothing in
 * the kernel's part ever needs to be brought up to date.  Directories and tables come from memory
 * in the direct map; a table's page counts its valid entries in `offset` of its struct vm_page.
 *
 * An entry is written as two words.  The word with the valid bit is written last, and cleared
 * first, in one exchange that catches the accessed and modified bits.
 */
#ifndef I386_PMAP_TYPES_H
#define I386_PMAP_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include <i386/cpu.h>
#include <kern/lock.h>
#include <kern/percpu.h>
#include <mach/vm_prot.h>
#include <vm/page.h>

#define PTE_VALID	0x001u
#define PTE_WRITE	0x002u
#define PTE_USER	0x004u
#define PTE_WRITE_THROUGH 0x008u
#define PTE_UNCACHED	0x010u
#define PTE_REFERENCED	0x020u
#define PTE_MODIFIED	0x040u
#define PTE_LARGE	0x080u		/* in a directory: 2 MiB */
#define PTE_GLOBAL	0x100u
#define PTE_TRACKED	0x200u		/* ours: the page knows of this mapping */
#define PTE_FRAME	0xfffff000u
#define PTE_HIGH_NX	0x80000000u

#define TABLE_ENTRIES	512u
#define LARGE_PAGE	0x200000u	/* what one table maps */
#define DIRECTORY_SPAN	0x40000000u	/* what one directory maps */
#define KERNEL_DIRECTORY 3

/* Temporary mappings: one table for all CPUs. */
#define TEMP_MAP_BASE	0xff800000u
#define TEMP_MAP_SLOTS	8u		/* of each CPU */

#define PMAP_CPUS	1

struct pte {
	volatile uint32_t low, high;
};

struct pmap {
	struct pte directory[4] __attribute__((aligned(32)));	/* what CR3 points to; first */
	struct spin_lock lock;		/* page tables, and everything here */
	uint32_t resident;		/* valid entries in user space */
	struct {
		vm_offset_t va;		/* in what it maps */
		struct pte *table;	/* that was looked up last, or NULL */
		uint32_t *count;	/* its valid entries */
	} recent;
	struct pte *emptied;		/* a table that had no entries left, in its place; or NULL */
	vm_offset_t emptied_va;
	struct estate *estate;		/* that pays for the tables: a reference, or NULL */
};

/* One mapping of a page in an address space; i386/pmap_page.c. */
struct mapping {
	struct mapping *next;		/* of the same page */
	struct pmap *pmap;
	vm_offset_t va;
};

extern struct pte kernel_directory[TABLE_ENTRIES];
extern struct pte temp_table[TABLE_ENTRIES];

/* PTE_HIGH_NX where the processor has it, else 0. */
extern uint32_t pmap_nx;

/* PTE_GLOBAL where the processor has it, else 0. */
extern uint32_t pmap_global;

static inline unsigned int table_index(vm_offset_t va)
{
	return va >> PAGE_SHIFT & (TABLE_ENTRIES - 1);
}

static inline unsigned int directory_index(vm_offset_t va)
{
	return va >> 21 & (TABLE_ENTRIES - 1);
}

static inline bool pte_valid(const struct pte *pte)
{
	return (pte->low & PTE_VALID) != 0;
}

/* The table or directory that an entry points to. */
static inline struct pte *pte_table(const struct pte *entry)
{
	return phys_to_direct(entry->low & PTE_FRAME);
}

/* Make an invalid entry valid. */
static inline void pte_set(struct pte *pte, uint32_t low, uint32_t high)
{
	pte->high = high;
	pte->low = low;
}

/* Make an entry invalid; returns its low word with the bits the processor set. */
static inline uint32_t pte_clear(struct pte *pte)
{
	uint32_t low = __atomic_exchange_n(&pte->low, 0, __ATOMIC_RELAXED);

	pte->high = 0;
	return low;
}

/* What an entry loses: bits to clear in the low word, to set in the high word. */
struct pte_loss {
	uint32_t clear, set;
};

static inline struct pte_loss pte_loss(vm_prot_t prot)
{
	return (struct pte_loss){
		.clear = prot & VM_PROT_WRITE ? 0 : PTE_WRITE,
		.set = prot & VM_PROT_EXECUTE ? 0 : pmap_nx,
	};
}

/* An entry that is not valid has nothing to lose: all its bits are zero. */
static inline bool pte_can_lose(const struct pte *pte, struct pte_loss loss)
{
	if (pte->low & loss.clear)
		return true;
	return loss.set != 0 && pte_valid(pte) && !(pte->high & loss.set);
}

/* Take away what is there to be lost; was there anything? */
static inline bool pte_lower(struct pte *pte, struct pte_loss loss)
{
	if (!pte_can_lose(pte, loss))
		return false;
	__atomic_fetch_and(&pte->low, ~loss.clear, __ATOMIC_RELAXED);
	pte->high |= loss.set;
	return true;
}

/*
 * Load an address space.  That a CPU uses it stands in its struct percpu before it does: who makes
 * other CPUs forget something looks there.  Of the one before, the load itself forgets everything.
 */
static inline void pmap_load(struct percpu *cpu, struct pmap *pmap)
{
	if (cpu->pmap == pmap)
		return;
	cpu->pmap = pmap;
	cr3_write((uint32_t)direct_to_phys(pmap->directory));
}

/* The entry of va; NULL without a table.  The pmap's lock is held. */
struct pte *pmap_find_pte(struct pmap *pmap, vm_offset_t va);

/* How many entries of the table or directory that `pte` is in are valid. */
static inline uint32_t *pte_count(const struct pte *pte)
{
	return &vm_page_from_phys(direct_to_phys(pte))->offset;
}

/*
 * Clear a valid entry, and count it; returns its low word.  The pmap's lock is held; flushing,
 * and the page's list, is the caller's.
 */
uint32_t pmap_clear_pte(struct pmap *pmap, struct pte *pte, uint32_t *count);

/* Make all CPUs that use the pmap forget what they know of [start, end). */
void pmap_flush(struct pmap *pmap, vm_offset_t start, vm_offset_t end);

/*
 * Lists of mappings.  The pmap's lock is held; a page may be in many.
 * mapping_insert keeps the mapping; mapping_remove frees it, and keeps the bits in `low`.
 */
void mapping_init(void);
struct mapping *mapping_alloc(void);
void mapping_insert(struct vm_page *page, struct mapping *mapping, struct pmap *pmap,
		    vm_offset_t va);
void mapping_remove(struct vm_page *page, struct pmap *pmap, vm_offset_t va, uint32_t low);

#endif /* I386_PMAP_TYPES_H */
