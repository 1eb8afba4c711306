/* SPDX-License-Identifier: BSD-2-Clause */
/* Which word of memory an address means, for those that wait on words (kern/gsync.c). */
#include <vm/map_entry.h>

static struct spin_lock numbers_lock = SPIN_LOCK_INIT(LOCK_LEAF);
static uint64_t last_number = 1ull << 32;	/* above all addresses */

/* What tells an object from all others, before it and after it.  Its family is locked. */
static uint64_t object_number(struct vm_object *object)
{
	spin_lock(&numbers_lock);
	if (object->number == 0)
		object->number = ++last_number;
	spin_unlock(&numbers_lock);
	return object->number;
}

/* The place in the entry's object; one that can be written first gets an object that stays. */
static bool shared_word(struct vm_map_entry *entry, vm_offset_t addr, struct vm_word *word)
{
	struct spin_lock *lock;
	bool ready = true;

	if (!vm_entry_need_object(entry))
		return false;
	lock = entry->object->lock;
	spin_lock(lock);
	if (vm_entry_access(entry) & VM_PROT_WRITE)
		ready = vm_entry_thaw(entry);
	word->base = object_number(entry->object);
	spin_unlock(lock);
	word->offset = ((uint64_t)vm_entry_index(entry, addr) << PAGE_SHIFT) |
		       (addr & PAGE_OFFSET_MASK);
	return ready;
}

kern_return_t vm_map_word(struct vm_map *map, vm_offset_t addr, vm_size_t size, vm_prot_t access,
			  bool shared, struct vm_word *word)
{
	kern_return_t kr = KERN_INVALID_ADDRESS;

	*word = (struct vm_word){ .base = (uintptr_t)map, .offset = addr };
	if (addr > VM_USER_MAX - size)
		return kr;
	mutex_lock(&map->lock);
	kr = vm_map_check(map, addr, addr + size, access);
	if (kr == KERN_SUCCESS && shared && !shared_word(vm_map_lookup(map, addr), addr, word))
		kr = KERN_RESOURCE_SHORTAGE;
	mutex_unlock(&map->lock);
	return kr;
}
