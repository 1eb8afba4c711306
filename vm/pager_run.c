/* SPDX-License-Identifier: BSD-2-Clause */
#include <vm/pager_run.h>

#include <vm/copy.h>
#include <vm/object_family.h>

/* An entry of an empty object that has this lock. */
static struct vm_map_entry *entry_for(struct spin_lock *lock, uint32_t first, uint32_t count)
{
	struct vm_map_entry *entry = vm_entry_alloc();
	struct vm_object *own = entry != NULL ? vm_object_create(lock) : NULL;

	if (own == NULL) {
		if (entry != NULL)
			vm_entry_free(entry);
		return NULL;
	}
	entry->end = count << PAGE_SHIFT;
	entry->index = first;
	entry->protection = VM_PROT_DEFAULT;
	entry->max_protection = VM_PROT_ALL;
	entry->inheritance = VM_INHERIT_DEFAULT;
	vm_object_attach(own, entry);
	return entry;
}

struct vm_map_copy *pager_run_create(struct spin_lock *lock, uint32_t first, uint32_t count)
{
	struct vm_map_copy *copy = vm_map_copy_alloc(0, count << PAGE_SHIFT);
	struct vm_map_entry *entry;

	if (copy == NULL)
		return NULL;
	entry = entry_for(lock, first, count);
	if (entry == NULL) {
		vm_map_copy_free(copy);
		return NULL;
	}
	vm_map_copy_append(copy, entry);
	return copy;
}

static struct vm_map_entry *entry_of(const struct vm_map_copy *copy)
{
	return container_of(copy->entries.head.next, struct vm_map_entry, link);
}

struct vm_object *pager_run_object(const struct vm_map_copy *copy)
{
	return entry_of(copy)->object;
}

/* A copy's size tells what it is made of, so an empty one is freed by hand. */
struct vm_map_copy *pager_run_finish(struct vm_map_copy *copy, uint32_t count)
{
	struct vm_map_entry *entry = entry_of(copy);
	struct vm_object *object = entry->object;

	if (count > 0) {
		copy->size = entry->end = count << PAGE_SHIFT;
		return copy;
	}
	vm_object_forget(object, entry);
	vm_object_settle(object);
	queue_remove(&entry->link);
	vm_entry_free(entry);
	vm_map_copy_free(copy);
	return NULL;
}
