/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address maps: what a task's addresses mean.
 *
 * A map is an ordered set of entries, each a range backed by an object (or by
 * nothing yet) with protections and inheritance; kept in a balanced tree by
 * address.  Guarded by the map's mutex, which may be held across page faults'
 * memory waits.
 */
#ifndef VM_MAP_H
#define VM_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include <kern/mutex.h>
#include <mach/kern_return.h>
#include <mach/machine/vm_types.h>
#include <mach/vm_inherit.h>
#include <mach/vm_prot.h>
#include <vm/map_types.h>
#include <vm/pmap.h>

#define VM_USER_MIN 0u
#define VM_USER_MAX KERNEL_BASE

void vm_map_init(void);

/* An empty map of [VM_USER_MIN, VM_USER_MAX) with a pmap of its own; NULL when memory is short. */
struct vm_map *vm_map_create(void);
void vm_map_reference(struct vm_map *map);

/*
 * Drop a reference; the last unmaps everything.
 *
 * Locks:    none.
 * Blocks:   with the last reference: preemption points.
 */
void vm_map_release(struct vm_map *map);

/*
 * Unmap everything now (task termination); the map stays valid and refuses new memory with
 * KERN_NO_SPACE.
 *
 * Locks:    none.
 * Blocks:   for the map's mutex.
 */
void vm_map_terminate(struct vm_map *map);

/*
 * A child's map by the entries' inheritance.
 * Returns NULL when memory is short.
 */
struct vm_map *vm_map_fork(struct vm_map *parent);

struct pmap *vm_map_pmap(const struct vm_map *map);
vm_size_t vm_map_virtual_size(const struct vm_map *map);

/* Limits of the virtual size.  Regions of maximum protection NONE do not count. */

/* A new task's map gets its parent's limits; vm_map_fork has done this. */
void vm_map_inherit_limits(struct vm_map *map, const struct vm_map *parent);

/* KERN_INVALID_ARGUMENT; KERN_NO_ACCESS when max is raised without privilege. */
kern_return_t vm_map_set_limits(struct vm_map *map, vm_size_t current, vm_size_t max,
				bool privileged);
void vm_map_get_limits(struct vm_map *map, vm_size_t *current, vm_size_t *max);

/* How many entries there are and may be: kernel memory that the task takes by splitting its own. */
void vm_map_set_entry_limit(struct vm_map *map, uint32_t limit);
void vm_map_get_entry_limit(struct vm_map *map, uint32_t *count, uint32_t *limit);

/* --- The user's operations; answers as spec/observed.md, Virtual memory --------------- */

kern_return_t vm_map_allocate(struct vm_map *map, vm_offset_t *addr, vm_size_t size, bool anywhere);
kern_return_t vm_map_deallocate(struct vm_map *map, vm_offset_t addr, vm_size_t size);
kern_return_t vm_map_protect(struct vm_map *map, vm_offset_t addr, vm_size_t size, bool set_max,
			     vm_prot_t prot);
kern_return_t vm_map_inherit(struct vm_map *map, vm_offset_t addr, vm_size_t size,
			     vm_inherit_t inheritance);

/* Anonymous memory with everything of vm_map(); size > 0, arguments not yet checked. */
kern_return_t vm_map_enter_anonymous(struct vm_map *map, vm_offset_t *addr, vm_size_t size,
				     vm_offset_t mask, bool anywhere, vm_prot_t cur, vm_prot_t max,
				     vm_inherit_t inheritance);

struct vm_pager;

struct vm_map_region_info {
	vm_offset_t start;
	vm_size_t size;
	vm_prot_t protection, max_protection;
	vm_inherit_t inheritance;
	bool shared;
	vm_offset_t offset;
	struct vm_pager *pager;		/* a reference, or NULL: no memory object's pages */
};

/* The region at or after addr; KERN_NO_SPACE when there is none. */
kern_return_t vm_map_region(struct vm_map *map, vm_offset_t addr, struct vm_map_region_info *info);

/*
 * Wire (access != NONE) or unwire [addr, addr + size).
 * Returns:  KERN_SUCCESS; KERN_NO_SPACE for a hole or where the access is not granted;
 *           KERN_INVALID_ARGUMENT for a range that wraps; KERN_RESOURCE_SHORTAGE.
 */
kern_return_t vm_map_wire(struct vm_map *map, vm_offset_t addr, vm_size_t size, vm_prot_t access);

#define VM_WIRE_UNLIMITED (~(vm_size_t)0)

/* The same; KERN_NO_ACCESS when more than `quota` bytes of the map would be wired. */
kern_return_t vm_map_wire_quota(struct vm_map *map, vm_offset_t addr, vm_size_t size,
				vm_prot_t access, vm_size_t quota);

/* Wire or unwire all there is, and have memory to come wired or not: VM_WIRE_* of vm_wire.h. */
kern_return_t vm_map_wire_all(struct vm_map *map, int flags);

/*
 * Resolve a fault of user mode or of copyin/copyout.  access: VM_PROT_READ/WRITE/EXECUTE
 * wanted.
 *
 * Locks:    none.
 * Blocks:   for memory.
 * Returns:  KERN_SUCCESS, KERN_INVALID_ADDRESS (1), KERN_PROTECTION_FAILURE (2),
 *           KERN_MEMORY_ERROR (10), KERN_RESOURCE_SHORTAGE, KERN_ABORTED: interrupted while it
 *           waited for a pager.
 */
kern_return_t vm_fault(struct vm_map *map, vm_offset_t addr, vm_prot_t access);

/* Read or write another map's memory (kernel use: ELF loading, tests).  Page faults are served. */
kern_return_t vm_map_read_bytes(struct vm_map *map, vm_offset_t addr, void *buf, vm_size_t size);
kern_return_t vm_map_write_bytes(struct vm_map *map, vm_offset_t addr, const void *buf,
				 vm_size_t size);

/* What an address stands for: a place in a memory object, or only in its map. */
struct vm_word {
	uint64_t base;			/* the object's number; the map's address, which is lower */
	uint64_t offset;
};

/*
 * The word of `size` bytes at addr.  It is only to be compared: no reference is taken.  What is shared
 * is never taken for anything else, also when its memory has gone; else the caller has the map.
 *
 * Blocks:   for the map's mutex.
 * Returns:  KERN_SUCCESS; KERN_INVALID_ADDRESS; KERN_PROTECTION_FAILURE; KERN_RESOURCE_SHORTAGE.
 */
kern_return_t vm_map_word(struct vm_map *map, vm_offset_t addr, vm_size_t size, vm_prot_t access,
			  bool shared, struct vm_word *word);

/* --- Copies (out-of-line data) ------------------------------------------------------------ */

/*
 * A vm_map_copy is memory taken out of a map as a snapshot: small ones as bytes in a kernel
 * buffer, others copy-on-write.  It owns what is in it.
 */
struct vm_map_copy;

/*
 * Take a copy of [addr, addr + size) of a map; with `destroy` the source pages are deallocated
 * (whole pages).
 *
 * Locks:    none.
 * Blocks:   for memory.
 * Owns:     returns the copy in *copyp.  size 0 gives NULL.
 * Returns:  KERN_SUCCESS; KERN_INVALID_ADDRESS; KERN_PROTECTION_FAILURE; KERN_RESOURCE_SHORTAGE;
 *           KERN_NO_SPACE: so much memory of the map is in copies already; nothing changed on error.
 */
kern_return_t vm_map_copyin(struct vm_map *map, vm_offset_t addr, vm_size_t size, bool destroy,
			    struct vm_map_copy **copyp);

/*
 * Map a copy at a free place: current protection 3, maximum 7, inherit copy; the address keeps the
 * source's offset in its page.  Bytes outside the range read as zero.
 * Consumes the copy on success only.  NULL gives address 0.
 *
 * Locks:    none.
 * Blocks:   interruptibly, for page-out; not for a pager, where the map's memory comes wired.
 * Returns:  KERN_SUCCESS; KERN_NO_SPACE; KERN_RESOURCE_SHORTAGE.
 */
kern_return_t vm_map_copyout(struct vm_map *map, vm_offset_t *addr, struct vm_map_copy *copy);

/* Write a copy over existing memory (vm_write, vm_copy); consumes the copy on success. */
kern_return_t vm_map_copy_overwrite(struct vm_map *map, vm_offset_t addr,
				    struct vm_map_copy *copy);

/*
 * Consumes the copy. NULL is accepted.
 *
 * Locks:    none: there are preemption points.
 */
void vm_map_copy_discard(struct vm_map_copy *copy);

/*
 * A copy object made of kernel bytes, as for out-of-line replies: the current task pays until it has
 * received them.  NULL when memory is short, the machine's or the task's.
 */
struct vm_map_copy *vm_map_copy_from_kernel(const void *data, vm_size_t size);

/* Bytes of a copy into a kernel buffer: offset + size within the copy. */
kern_return_t vm_map_copy_read(struct vm_map_copy *copy, vm_size_t offset, void *buf,
			       vm_size_t size);

vm_size_t vm_map_copy_size(const struct vm_map_copy *copy);

/* Where its first byte was in its page.  Not of NULL. */
vm_offset_t vm_map_copy_offset(const struct vm_map_copy *copy);

/* Bytes of kernel memory that a copy takes besides pages; at least, for one of so many bytes. */
vm_size_t vm_map_copy_memory(const struct vm_map_copy *copy);
vm_size_t vm_map_copy_memory_least(vm_size_t size);

#endif /* VM_MAP_H */
