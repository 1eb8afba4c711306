/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Physical maps: what the machine knows of an address space.  Implemented in i386/pmap.c.
 *
 * A pmap is a cache of what maps and objects say, except for wired pages: the
 * machine-independent part can always enter a page again.
 */
#ifndef VM_PMAP_H
#define VM_PMAP_H

#include <stdbool.h>
#include <stdint.h>

#include <mach/machine/vm_types.h>
#include <mach/vm_prot.h>
#include <vm/page.h>

struct pmap;

extern struct pmap kernel_pmap;

/* Caches; after slab_cache_init works. */
void pmap_init(void);

/* Returns an empty address space, sharing the kernel's part; NULL when memory is short. */
struct pmap *pmap_create(void);

/* Who pays for its page tables from now on; once, before there are any.  NULL: nobody. */
struct estate;
void pmap_set_estate(struct pmap *pmap, struct estate *estate);

/* Consumes the pmap; no CPU uses it and nothing is entered in it any more. */
void pmap_destroy(struct pmap *pmap);

/*
 * Map the page at va.  Replaces what was there.  The kernel's mappings are never
 * accessible to users, writable ones never executable.
 *
 * Locks:    none of class LOCK_PMAP or later.
 * Blocks:   never.
 * Returns:  true; false when a page table could not be allocated, nothing changed then.
 */
bool pmap_enter(struct pmap *pmap, vm_offset_t va, phys_addr_t pa, vm_prot_t prot, bool wired);

/* Unmap [start, end), page aligned; keeps the modified bits in pmap_page_modified. */
void pmap_remove(struct pmap *pmap, vm_offset_t start, vm_offset_t end);

/* Lower the protection of what is mapped in [start, end); VM_PROT_NONE removes. */
void pmap_protect(struct pmap *pmap, vm_offset_t start, vm_offset_t end, vm_prot_t prot);

/* The physical address mapped at va with the offset in the page; false when none is. */
bool pmap_extract(struct pmap *pmap, vm_offset_t va, phys_addr_t *pap);

/* The same without the lock, for the debugger: what is being changed may be missed. */
bool pmap_peek(struct pmap *pmap, vm_offset_t va, phys_addr_t *pap);

/* Every mapping of a managed page: lower its protection, or with VM_PROT_NONE remove them. */
void pmap_page_protect(struct vm_page *page, vm_prot_t prot);
bool pmap_page_modified(struct vm_page *page);
void pmap_page_clear_modified(struct vm_page *page);
bool pmap_page_referenced(struct vm_page *page);
void pmap_page_clear_referenced(struct vm_page *page);

/* Load the address space on this CPU. */
void pmap_activate(struct pmap *pmap);

uint32_t pmap_resident_count(struct pmap *pmap);

/*
 * Temporary kernel mapping of one page, for pages beyond the direct map.  Slots are per CPU
 * and used like a stack, without blocking in between.
 */
void *pmap_temp_map(phys_addr_t pa);
void pmap_temp_unmap(void *va);

#endif /* VM_PMAP_H */
