/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps whose memory is all anonymous: no object has a pager. */
#include <tests/unit/fakes.h>
#include <vm/pager.h>
#include <vm/pageout.h>
#include <vm/store.h>

uint32_t vm_pagers_idle;

kern_return_t vm_pager_ask(struct vm_pager *pager, enum page_request_kind kind, uint32_t index,
			   vm_prot_t access)
{
	(void)pager, (void)kind, (void)index, (void)access;
	kernel_must(false);
	return KERN_FAILURE;
}

kern_return_t vm_pager_wait(void)
{
	kernel_must(false);
	return KERN_FAILURE;
}

struct vm_object *vm_pager_create_dead(struct spin_lock *lock)
{
	(void)lock;
	kernel_must(false);
	return NULL;
}

void vm_pager_idle(struct vm_pager *pager)
{
	(void)pager;
	kernel_must(false);
}

void vm_pager_reference(struct vm_pager *pager)
{
	(void)pager;
	kernel_must(false);
}

kern_return_t vm_pager_copy(struct vm_map_entry *entry, vm_offset_t start,
			    struct vm_map_entry *copy, struct pmap *pmap)
{
	(void)entry, (void)start, (void)copy, (void)pmap;
	kernel_must(false);
	return KERN_FAILURE;
}

void vm_pager_end_idle_now(void)
{
	kernel_must(false);
}

void vm_pager_forget(void)
{
}

/* Nothing is ever paged out. */
struct vm_pageout_counts vm_pageout_counts;

kern_return_t vm_pageout_wait(void)
{
	return KERN_RESOURCE_SHORTAGE;
}

void vm_pageout_laundered(void)
{
	kernel_must(false);
}

kern_return_t vm_pager_ask_away(struct vm_away *away, vm_prot_t access)
{
	(void)away, (void)access;
	kernel_must(false);
	return KERN_FAILURE;
}

void vm_pager_unneeded(struct page_request *request)
{
	(void)request;
	kernel_must(false);
}

void vm_store_free_slot(struct vm_store *store, uint32_t slot, bool stale)
{
	(void)store, (void)slot, (void)stale;
	kernel_must(false);
}

void vm_stores_end(struct vm_object *root)
{
	kernel_must(root->stores == NULL);
}

void vm_stores_move(struct vm_object *from, struct vm_object *to)
{
	to->stores = from->stores;
	kernel_must(to->stores == NULL);
}
