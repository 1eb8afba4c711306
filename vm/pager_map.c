/* SPDX-License-Identifier: BSD-2-Clause */
/* vm_map: anonymous memory, memory objects, extents, and windows of both. */
#include <kern/mig_support.h>
#include <mach/mach_server.h>
#include <vm/extent.h>
#include <vm/map_entry.h>
#include <vm/object_family.h>
#include <vm/pager.h>
#include <vm/proxy.h>

/* What is to be mapped of an object, and how. */
struct mapping {
	vm_offset_t offset;
	vm_size_t bytes, size;		/* as asked for, and whole pages */
	vm_offset_t mask;
	bool anywhere, copy;
	uint8_t protection, max_protection, inheritance;
};

/* The memory: an object that has a pager and is held, or an extent. */
struct source {
	struct vm_object *object;
	struct vm_extent *extent;
};

/* An entry for the mapping, of start 0 and no object; NULL when memory is short. */
static struct vm_map_entry *new_entry(const struct mapping *m)
{
	struct vm_map_entry *entry = vm_entry_alloc();

	if (entry == NULL)
		return NULL;
	entry->end = m->size;
	entry->index = m->offset >> PAGE_SHIFT;
	entry->protection = m->protection;
	entry->max_protection = m->max_protection;
	entry->inheritance = m->inheritance;
	return entry;
}

/* Have an entry refer to the object's pages themselves. */
static void refer(struct vm_object *object, struct vm_map_entry *entry)
{
	spin_lock(object->lock);
	vm_object_attach(object, entry);
	spin_unlock(object->lock);
}

/* Have an entry refer to a copy of the object's pages: as of another entry that has them. */
static kern_return_t refer_to_copy(struct vm_object *object, struct vm_map_entry *entry,
				   const struct mapping *m, struct vm_map *map)
{
	struct vm_map_entry *source = new_entry(m);
	kern_return_t kr;

	if (source == NULL)
		return KERN_RESOURCE_SHORTAGE;
	refer(object, source);
	kr = vm_entry_snapshot(source, 0, entry, vm_map_pmap(map));
	vm_entry_detach(source);
	vm_entry_free(source);
	return kr;
}

static kern_return_t refer_to_source(const struct source *source, struct vm_map_entry *entry,
				     const struct mapping *m, struct vm_map *map)
{
	if (source->extent != NULL)
		return m->copy ? vm_extent_snapshot(source->extent, m->offset, entry)
			       : vm_extent_share(source->extent, m->offset, entry);
	if (m->copy)
		return refer_to_copy(source->object, entry, m, map);
	refer(source->object, entry);
	return KERN_SUCCESS;
}

static kern_return_t enter_once(struct vm_map *map, const struct source *source,
				const struct mapping *m, vm_offset_t *address)
{
	struct vm_map_entry *entry = new_entry(m);
	kern_return_t kr;

	if (entry == NULL)
		return KERN_RESOURCE_SHORTAGE;
	kr = refer_to_source(source, entry, m, map);
	if (kr != KERN_SUCCESS) {
		vm_entry_free(entry);
		return kr;
	}
	return vm_map_enter(map, entry, address, m->mask, m->anywhere);
}

static kern_return_t enter_source(struct vm_map *map, const struct source *source,
				  const struct mapping *m, vm_offset_t *address)
{
	uint32_t tries = 0;
	kern_return_t kr;

	do {
		kr = enter_once(map, source, m, address);
	} while (vm_pager_again_large(&kr, &tries));
	return kr;
}

/* Map a memory object, which is no kernel port; the right stays the caller's. */
static kern_return_t enter_object(struct vm_map *map, struct ipc_port *port,
				  const struct mapping *m, vm_offset_t *address)
{
	struct vm_pager *pager;
	kern_return_t kr = vm_pager_get(port, &pager);

	if (kr != KERN_SUCCESS)
		return kr;
	kr = enter_source(map, &(struct source){ .object = pager->object }, m, address);
	vm_pager_unhold(pager);
	return kr;
}

/* What is allowed of a mapping through a window, which it may narrow. */
static kern_return_t look_through(const struct proxy_window *window, struct mapping *m)
{
	uint64_t end = (uint64_t)m->offset + m->bytes;

	if (end > window->size || (window->start & PAGE_OFFSET_MASK) != 0)
		return KERN_INVALID_ARGUMENT;
	if (m->copy && (window->max_protection & VM_PROT_READ) == 0)
		return KERN_PROTECTION_FAILURE;
	if (!m->copy) {
		m->protection &= (uint8_t)window->max_protection;
		m->max_protection &= (uint8_t)window->max_protection;
	}
	m->offset += window->start;
	return KERN_SUCCESS;
}

static kern_return_t enter_window(struct vm_map *map, const struct proxy_window *window,
				  struct mapping *m, vm_offset_t *address)
{
	kern_return_t kr = look_through(window, m);

	if (kr != KERN_SUCCESS)
		return kr;
	if (window->extent != NULL)
		return enter_source(map, &(struct source){ .extent = window->extent }, m, address);
	if (!IP_VALID(window->object))
		return KERN_INVALID_ARGUMENT;
	kr = enter_object(map, window->object, m, address);
	return kr == KERN_INVALID_NAME ? KERN_INVALID_ARGUMENT : kr;
}

static bool valid(const struct mapping *m, vm_prot_t cur, vm_prot_t max, vm_inherit_t inheritance)
{
	return ((cur | max) & ~VM_PROT_ALL) == 0 && inheritance >= VM_INHERIT_SHARE &&
	       inheritance <= VM_INHERIT_NONE && m->size != 0 &&
	       (m->offset & PAGE_OFFSET_MASK) == 0 && m->offset + (m->size - 1) >= m->offset;
}

/*
 * The null object and a dead one mean anonymous memory.  A kernel port is an object only if it
 * is a proxy.
 */
kern_return_t vm_map(vm_map_t map, vm_address_t *address, vm_size_t size, vm_address_t mask,
		     boolean_t anywhere, ipc_port_t memory_object, vm_offset_t offset,
		     boolean_t copy, vm_prot_t cur_protection, vm_prot_t max_protection,
		     vm_inherit_t inheritance)
{
	struct mapping m = {
		.offset = offset,
		.bytes = size,
		.size = vm_page_round(size),
		.mask = mask,
		.anywhere = anywhere,
		.copy = copy,
		.protection = (uint8_t)cur_protection,
		.max_protection = (uint8_t)max_protection,
		.inheritance = (uint8_t)inheritance,
	};
	struct proxy_window window;
	kern_return_t kr = KERN_INVALID_NAME;

	if (map == NULL || size == 0)
		return KERN_INVALID_ARGUMENT;
	if (IP_VALID(memory_object)) {
		if (!valid(&m, cur_protection, max_protection, inheritance))
			return KERN_INVALID_ARGUMENT;
		if (vm_proxy_lookup(memory_object, &window)) {
			kr = enter_window(map, &window, &m, address);
			vm_proxy_end_window(&window);
		} else if (memory_object->receiver == ipc_space_kernel) {
			return KERN_INVALID_ARGUMENT;
		} else {
			kr = enter_object(map, memory_object, &m, address);
		}
	}
	if (kr == KERN_INVALID_NAME)
		kr = vm_map_enter_anonymous(map, address, size, mask, anywhere, cur_protection,
					    max_protection, inheritance);
	if (kr == KERN_SUCCESS)
		ipc_port_release_send(memory_object);
	return kr;
}
