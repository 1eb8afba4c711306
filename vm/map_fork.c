/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A child's map, by the inheritance of the parent's entries.
 *
 * Where a page is to be copied now that its pager does not provide the parent would get an exception
 * if it touched it, and goes on if it does not.  So does the child: it is made, with the pages that
 * are there, and only who touches the others gets KERN_MEMORY_ERROR.
 */
#include <vm/map_entry.h>
#include <vm/pager.h>

/* What the child gets of one entry, linked into its map. */
static kern_return_t inherit_entry(struct vm_map *parent, struct vm_map_entry *entry,
				   struct vm_map *child)
{
	struct vm_map_entry *copy = vm_entry_alloc();
	kern_return_t kr;

	if (copy == NULL)
		return KERN_RESOURCE_SHORTAGE;
	copy->start = entry->start;
	copy->end = entry->end;
	copy->protection = entry->protection;
	copy->max_protection = entry->max_protection;
	copy->inheritance = entry->inheritance;
	if (entry->inheritance == VM_INHERIT_SHARE)
		kr = vm_entry_share(entry, entry->start, copy);
	else if (entry->failing)
		kr = vm_entry_salvage(entry, copy);
	else
		kr = vm_entry_snapshot(entry, entry->start, copy, parent->pmap);
	if (kr != KERN_SUCCESS) {
		vm_entry_free(copy);
		return kr;
	}
	if (entry->inheritance == VM_INHERIT_SHARE)
		entry->shared = copy->shared = true;
	vm_map_link(child, copy);
	return KERN_SUCCESS;
}

/* *stopped: the entry that has failed begins there. */
static kern_return_t inherit_all(struct vm_map *parent, struct vm_map *child,
				 vm_offset_t *stopped)
{
	struct vm_map_entry *entry = vm_map_find(parent, VM_USER_MIN);
	kern_return_t kr = KERN_SUCCESS;
	uint32_t count = 0;

	for (; entry != NULL && kr == KERN_SUCCESS; entry = vm_entry_next(parent, entry)) {
		*stopped = entry->start;
		if (entry->inheritance != VM_INHERIT_NONE)
			kr = inherit_entry(parent, entry, child);
		if (++count % MAP_BATCH == 0)
			preemption_point();
	}
	return kr;
}

static kern_return_t fork_once(struct vm_map *parent, struct vm_map **childp,
			       vm_offset_t *stopped)
{
	struct vm_map *child = vm_map_create();
	kern_return_t kr;

	if (child == NULL)
		return KERN_RESOURCE_SHORTAGE;
	/* Nobody else knows the child's map: its mutex is free, whatever the parent's order. */
	mutex_lock(&parent->lock);
	mutex_lock(&child->lock);
	vm_map_inherit_limits(child, parent);
	kr = inherit_all(parent, child, stopped);
	mutex_unlock(&child->lock);
	mutex_unlock(&parent->lock);
	if (kr == KERN_SUCCESS)
		*childp = child;
	else
		vm_map_release(child);
	return kr;
}

/* Have the next try take what there is of an entry; false: that has been done. */
static bool note_failing(struct vm_map *parent, vm_offset_t at)
{
	struct vm_map_entry *entry;
	bool again = true;

	mutex_lock(&parent->lock);
	entry = vm_map_lookup(parent, at);
	if (entry != NULL) {
		again = !entry->failing;
		entry->failing = true;
	}
	mutex_unlock(&parent->lock);
	return again;
}

/* For the next fork the pager is asked again. */
static void forget_failing(struct vm_map *parent)
{
	struct vm_map_entry *entry;
	uint32_t count = 0;

	mutex_lock(&parent->lock);
	entry = vm_map_find(parent, VM_USER_MIN);
	for (; entry != NULL; entry = vm_entry_next(parent, entry)) {
		entry->failing = false;
		if (++count % MAP_BATCH == 0)
			preemption_point();
	}
	mutex_unlock(&parent->lock);
}

struct vm_map *vm_map_fork(struct vm_map *parent)
{
	struct vm_map *child = NULL;
	vm_offset_t stopped = 0;
	bool again, failed = false;
	uint32_t tries = 0;
	kern_return_t kr;

	do {
		kr = fork_once(parent, &child, &stopped);
		again = vm_pager_again_large(&kr, &tries);
		if (kr == KERN_MEMORY_ERROR) {
			failed = true;
			/* Another fork may have noted it, too. */
			again = note_failing(parent, stopped) || ++tries <= VM_PAGER_TRIES;
		}
	} while (again);
	if (failed)
		forget_failing(parent);
	return child;
}
