/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copies of which the pager wants to be told (MEMORY_OBJECT_COPY_CALL).
 *
 * The copy is a memory object of its own: the kernel makes its port, and gives the receive right
 * to the pager with memory_object_copy; the port's queue has memory_object_init then.  The copy's
 * pages have the numbers of the original's.  Those that are resident in the original are copied;
 * a snapshot, which ends with this operation, keeps what they are while others write.
 */
#include <ipc/port.h>
#include <vm/object_family.h>
#include <vm/object_pages.h>
#include <vm/pager.h>
#include <vm/pager_message.h>

/* What is made of a copy. */
struct copying {
	struct vm_pager *old;		/* the original's */
	struct vm_pager *new;		/* held */
	struct ipc_port *port;		/* the new object's: receive right, and a send right */
};

/* --- Pages ---------------------------------------------------------------------------------- */

/* Give the new object what the snapshot shows, if that may be read. */
static bool copy_page(const struct copying *c, const struct vm_object *snapshot, uint32_t index)
{
	struct vm_object *object = c->new->object;
	struct vm_page *source = vm_object_view(snapshot, index), *page;

	if (source == NULL || (source->paging & VM_PROT_READ) != 0 ||
	    vm_object_page(object, index) != NULL)
		return true;
	page = vm_object_fill(object, index, source);
	if (page == NULL)
		return false;
	/* What the pager had of the original it has of the copy. */
	if (source->object != c->old->object ||
	    vm_page_goes_back(source, MEMORY_OBJECT_RETURN_DIRTY))
		page->paging |= PAGING_DIRTY;
	return true;
}

/* The same for all pages in a range of one of the two that make up what the snapshot shows. */
static bool copy_pages(const struct copying *c, struct vm_object *object,
		       const struct vm_object *snapshot, uint32_t first, uint32_t end)
{
	struct vm_page_walk walk;
	struct vm_page *page;
	uint32_t count = 0;
	bool copied = true;

	object->holds++;
	vm_page_walk_begin(&walk, object, first, end);
	while (copied && (page = vm_page_walk_next(&walk)) != NULL) {
		copied = copy_page(c, snapshot, page->offset);
		vm_object_breathe(object, &count);
	}
	vm_page_walk_end(&walk);
	object->holds--;
	return copied;
}

/*
 * Copy what is resident.  What leaves the original meanwhile goes to the snapshot, so that one is
 * looked at last.
 */
static kern_return_t copy_resident(const struct copying *c, const struct vm_map_entry *copy)
{
	struct vm_object *snapshot = copy->object, *original = c->old->object;
	uint32_t first = copy->index, end = first + vm_entry_pages(copy);
	bool copied;

	spin_lock(c->old->lock);
	assert(snapshot->shadow == original);
	snapshot->holds++;		/* its pages stay */
	copied = copy_pages(c, original, snapshot, first, end) &&
		 copy_pages(c, snapshot, snapshot, first, end);
	snapshot->holds--;
	spin_unlock(c->old->lock);
	return copied ? KERN_SUCCESS : KERN_RESOURCE_SHORTAGE;
}

/* --- The new object -------------------------------------------------------------------------- */

static kern_return_t begin(struct copying *c, struct vm_pager *old)
{
	kern_return_t kr = KERN_RESOURCE_SHORTAGE;
	struct ipc_port *right;

	c->old = old;
	c->port = ipc_port_create();
	if (c->port == NULL)
		return kr;
	right = ipc_port_make_send(c->port);
	assert(right == c->port);
	kr = vm_pager_make(c->port, old->lock, &c->new);
	if (kr == KERN_SUCCESS)
		return kr;
	ipc_port_destroy(c->port);
	ipc_port_release_send(right);
	return kr;
}

/* The object's life is that of its mappings from here on; without its port it is dead. */
static void finish(struct copying *c, bool keep)
{
	struct ipc_port *right = c->port;

	if (!keep)
		ipc_port_destroy(c->port);
	ipc_port_release_send(right);
	vm_pager_unhold(c->new);
}

/* Have the entry refer to the new object instead of the snapshot. */
static void change_object(const struct copying *c, struct vm_map_entry *copy)
{
	vm_entry_detach(copy);
	spin_lock(c->new->lock);
	vm_object_attach(c->new->object, copy);
	spin_unlock(c->new->lock);
}

/* Fill the new object, and tell the pager.  On error the copy has no object. */
static kern_return_t tell(struct copying *c, struct vm_map_entry *copy)
{
	kern_return_t kr = copy_resident(c, copy);

	if (kr == KERN_SUCCESS)
		change_object(c, copy);
	if (kr == KERN_SUCCESS &&
	    !pager_send_copy(c->old, copy->index << PAGE_SHIFT, copy->end - copy->start, c->port))
		kr = c->old->state == PAGER_DEAD ? KERN_MEMORY_ERROR : KERN_RESOURCE_SHORTAGE;
	if (kr == KERN_SUCCESS)
		pager_send_init(c->new);
	else
		vm_entry_detach(copy);
	return kr;
}

kern_return_t vm_pager_copy(struct vm_map_entry *entry, vm_offset_t start,
			    struct vm_map_entry *copy, struct pmap *pmap)
{
	struct vm_pager *old = entry->object->pager;
	kern_return_t kr = vm_entry_snapshot_untold(entry, start, copy, pmap);
	struct copying c;

	/* Too many copies of copies: it was made at once. */
	if (kr != KERN_SUCCESS || copy->object->shadow != old->object)
		return kr;
	kr = begin(&c, old);
	if (kr != KERN_SUCCESS) {
		vm_entry_detach(copy);
		return kr;
	}
	kr = tell(&c, copy);
	finish(&c, kr == KERN_SUCCESS);
	return kr;
}
