/* SPDX-License-Identifier: BSD-2-Clause */
#include <tests/unit/fakes_pmap.h>
#include <tests/unit/inject.h>

#include <stdlib.h>
#include <sys/mman.h>

#include <kern/assert.h>
#include <kern/pc_sample.h>

#define WEAK __attribute__((weak))

WEAK struct pmap kernel_pmap;

static struct pmap *user_pmaps;
unsigned int fake_pmap_count;
unsigned int fake_pmap_fail_after;

WEAK void pmap_init(void)
{
}

WEAK struct pmap *pmap_create(void)
{
	struct pmap *pmap = inject_fails_now() ? NULL : calloc(1, sizeof *pmap);

	if (pmap == NULL)
		return NULL;
	pmap->next = user_pmaps;
	user_pmaps = pmap;
	fake_pmap_count++;
	return pmap;
}

WEAK void pmap_destroy(struct pmap *pmap)
{
	struct pmap **p = &user_pmaps;

	assert(pmap->count == 0);
	while (*p != pmap)
		p = &(*p)->next;
	*p = pmap->next;
	free(pmap);
	fake_pmap_count--;
}

struct fake_mapping *fake_pmap_lookup(struct pmap *pmap, vm_offset_t va)
{
	struct fake_mapping *m = pmap->mappings;

	while (m != NULL && m->va != va)
		m = m->next;
	return m;
}

/* Have the processor do what a mapping of the kernel says. */
static void apply(struct pmap *pmap, const struct fake_mapping *m, vm_prot_t prot)
{
	int access = prot & VM_PROT_READ ? PROT_READ : 0;

	if (prot & VM_PROT_WRITE)
		access |= PROT_WRITE;
	if (pmap == &kernel_pmap)
		fake_map_phys((void *)m->va, m->pa, PAGE_BYTES, access);
}

WEAK bool pmap_enter(struct pmap *pmap, vm_offset_t va, phys_addr_t pa, vm_prot_t prot, bool wired)
{
	struct fake_mapping *m = fake_pmap_lookup(pmap, va);

	assert(va % PAGE_BYTES == 0 && pa % PAGE_BYTES == 0);
	if (m == NULL) {
		if ((fake_pmap_fail_after != 0 && --fake_pmap_fail_after == 0) ||
		    inject_fails_now())
			return false;
		m = calloc(1, sizeof *m);
		m->next = pmap->mappings;
		pmap->mappings = m;
		pmap->count++;
	}
	*m = (struct fake_mapping){ m->next, va, pa, prot, wired };
	apply(pmap, m, prot);
	return true;
}

/* Apply a limit to the protection of all mappings that `covers` says; 0 removes them. */
static void limit(struct pmap *pmap, vm_offset_t start, vm_offset_t end, const struct vm_page *page,
		  vm_prot_t prot)
{
	struct fake_mapping **p = &pmap->mappings, *m;

	while ((m = *p) != NULL) {
		bool in_range = m->va >= start && m->va < end;

		if (!in_range || (page != NULL && vm_page_from_phys(m->pa) != page)) {
			p = &m->next;
			continue;
		}
		m->prot &= prot;
		apply(pmap, m, m->prot);
		if (prot != VM_PROT_NONE) {
			p = &m->next;
			continue;
		}
		*p = m->next;
		free(m);
		pmap->count--;
	}
}

WEAK void pmap_remove(struct pmap *pmap, vm_offset_t start, vm_offset_t end)
{
	assert(start % PAGE_BYTES == 0 && end % PAGE_BYTES == 0 && start <= end);
	limit(pmap, start, end, NULL, VM_PROT_NONE);
}

WEAK void pmap_protect(struct pmap *pmap, vm_offset_t start, vm_offset_t end, vm_prot_t prot)
{
	assert(start % PAGE_BYTES == 0 && end % PAGE_BYTES == 0 && start <= end);
	limit(pmap, start, end, NULL, prot);
}

WEAK bool pmap_extract(struct pmap *pmap, vm_offset_t va, phys_addr_t *pap)
{
	struct fake_mapping *m = fake_pmap_lookup(pmap, va & ~PAGE_OFFSET_MASK);

	if (m == NULL)
		return false;
	*pap = m->pa + (va & PAGE_OFFSET_MASK);
	return true;
}

WEAK void pmap_page_protect(struct vm_page *page, vm_prot_t prot)
{
	for (struct pmap *pmap = user_pmaps; pmap != NULL; pmap = pmap->next)
		limit(pmap, 0, KERNEL_BASE, page, prot);
}

/* Writing leaves no trace here: what could have been written counts as modified. */
WEAK bool pmap_page_modified(struct vm_page *page)
{
	(void)page;
	return true;
}

WEAK void pmap_page_clear_modified(struct vm_page *page)
{
	(void)page;
}

WEAK bool pmap_page_referenced(struct vm_page *page)
{
	(void)page;
	return true;
}

WEAK void pmap_page_clear_referenced(struct vm_page *page)
{
	(void)page;
}

WEAK void pmap_activate(struct pmap *pmap)
{
	(void)pmap;
}

WEAK uint32_t pmap_resident_count(struct pmap *pmap)
{
	return pmap->count;
}

WEAK void *pmap_temp_map(phys_addr_t pa)
{
	return fake_map_phys(NULL, pa, PAGE_BYTES, PROT_READ | PROT_WRITE);
}

WEAK void pmap_temp_unmap(void *va)
{
	munmap(va, PAGE_BYTES);
}

WEAK void pc_sample_take(sampled_pc_flavor_t flavor)
{
	(void)flavor;
}
