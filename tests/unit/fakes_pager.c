/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps whose memory is all anonymous: no object has a pager. */
#include <tests/unit/fakes.h>
#include <vm/pager.h>

uint32_t vm_pagers_idle;

kern_return_t vm_pager_ask(struct vm_pager *pager, enum page_request_kind kind, uint32_t index,
			   vm_prot_t access)
{
	(void)pager, (void)kind, (void)index, (void)access;
	ck_must(false);
	return KERN_FAILURE;
}

kern_return_t vm_pager_wait(void)
{
	ck_must(false);
	return KERN_FAILURE;
}

void vm_pager_idle(struct vm_pager *pager)
{
	(void)pager;
	ck_must(false);
}

void vm_pager_reference(struct vm_pager *pager)
{
	(void)pager;
	ck_must(false);
}

kern_return_t vm_pager_copy(struct vm_map_entry *entry, vm_offset_t start,
			    struct vm_map_entry *copy, struct pmap *pmap)
{
	(void)entry, (void)start, (void)copy, (void)pmap;
	ck_must(false);
	return KERN_FAILURE;
}

void vm_pager_end_idle_now(void)
{
	ck_must(false);
}

void vm_pager_forget(void)
{
}
