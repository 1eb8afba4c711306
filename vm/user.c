/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The routines on memory that every task may call, as MIG's stubs see them: interfaces mach and
 * gnumach.  A map that is NULL stands for a port that is no task's.
 */
#include <kern/mig_support.h>
#include <kern/slab.h>
#include <mach/gnumach_server.h>
#include <mach/mach_server.h>
#include <vm/fault.h>
#include <vm/kmem.h>
#include <vm/map_entry.h>
#include <vm/object_pages.h>
#include <vm/pageout.h>
#include <vm/pager.h>

/* --- Allocation and attributes --------------------------------------------------------- */

kern_return_t vm_allocate(vm_map_t map, vm_address_t *address, vm_size_t size, boolean_t anywhere)
{
	if (map == NULL)
		return KERN_INVALID_ARGUMENT;
	return vm_map_allocate(map, address, size, anywhere);
}

kern_return_t vm_deallocate(vm_map_t map, vm_address_t address, vm_size_t size)
{
	if (map == NULL)
		return KERN_INVALID_ARGUMENT;
	return vm_map_deallocate(map, address, size);
}

kern_return_t vm_protect(vm_map_t map, vm_address_t address, vm_size_t size, boolean_t set_maximum,
			 vm_prot_t new_protection)
{
	if (map == NULL)
		return KERN_INVALID_ARGUMENT;
	return vm_map_protect(map, address, size, set_maximum, new_protection);
}

kern_return_t vm_inherit(vm_map_t map, vm_address_t address, vm_size_t size,
			 vm_inherit_t new_inheritance)
{
	if (map == NULL)
		return KERN_INVALID_ARGUMENT;
	return vm_map_inherit(map, address, size, new_inheritance);
}

/* --- Contents ------------------------------------------------------------------------------ */

kern_return_t vm_read(vm_map_t map, vm_address_t address, vm_size_t size, vm_map_copy_t *data,
		      mach_msg_type_number_t *count)
{
	kern_return_t kr;

	if (map == NULL)
		return KERN_INVALID_ARGUMENT;
	kr = vm_map_copyin(map, address, size, false, data);
	if (kr == KERN_SUCCESS)
		*count = size;
	return kr;
}

static bool page_aligned_all(vm_offset_t a, vm_offset_t b, vm_offset_t c)
{
	return ((a | b | c) & PAGE_OFFSET_MASK) == 0;
}

kern_return_t vm_write(vm_map_t map, vm_address_t address, vm_map_copy_t data,
		       mach_msg_type_number_t count)
{
	if (map == NULL || vm_map_copy_size(data) != count)
		return KERN_INVALID_ARGUMENT;
	if (count == 0)
		return KERN_SUCCESS;
	if (!page_aligned_all(address, count, vm_map_copy_offset(data)))
		return KERN_INVALID_ARGUMENT;
	return vm_map_copy_overwrite(map, address, data);
}

kern_return_t vm_copy(vm_map_t map, vm_address_t source_address, vm_size_t size,
		      vm_address_t dest_address)
{
	struct vm_map_copy *copy;
	kern_return_t kr;

	if (map == NULL)
		return KERN_INVALID_ARGUMENT;
	if (size == 0)
		return KERN_SUCCESS;
	if (!page_aligned_all(source_address, size, dest_address))
		return KERN_INVALID_ARGUMENT;
	kr = vm_map_copyin(map, source_address, size, false, &copy);
	if (kr != KERN_SUCCESS)
		return kr;
	kr = vm_map_copy_overwrite(map, dest_address, copy);
	if (kr != KERN_SUCCESS)
		vm_map_copy_discard(copy);
	return kr;
}

/* Caches of this machine need no care. */
kern_return_t vm_machine_attribute(vm_map_t map, vm_address_t address, vm_size_t size,
				   vm_machine_attribute_t attribute,
				   vm_machine_attribute_val_t *value)
{
	(void)address, (void)size, (void)attribute, (void)value;
	return map == NULL ? KERN_INVALID_ARGUMENT : KERN_INVALID_ADDRESS;
}

/* --- Questions ---------------------------------------------------------------------------- */

kern_return_t vm_region(vm_map_t map, vm_address_t *address, vm_size_t *size,
			vm_prot_t *protection, vm_prot_t *max_protection,
			vm_inherit_t *inheritance, boolean_t *is_shared, ipc_port_t *object_name,
			vm_offset_t *offset)
{
	struct vm_map_region_info info;
	kern_return_t kr;

	if (map == NULL)
		return KERN_INVALID_ARGUMENT;
	kr = vm_map_region(map, *address, &info);
	if (kr != KERN_SUCCESS)
		return kr;
	*address = info.start;
	*size = info.size;
	*protection = info.protection;
	*max_protection = info.max_protection;
	*inheritance = info.inheritance;
	*is_shared = info.shared;
	*object_name = IP_NULL;
	if (info.pager != NULL) {
		*object_name = vm_pager_name(info.pager);
		vm_pager_release(info.pager);
	}
	*offset = info.offset;
	return KERN_SUCCESS;
}

kern_return_t vm_statistics(vm_map_t map, vm_statistics_data_t *stats)
{
	uint32_t inactive = vm_page_queue_count(QUEUE_INACTIVE), wired;
	struct vm_page_counts counts;

	if (map == NULL)
		return KERN_INVALID_ARGUMENT;
	vm_page_get_counts(&counts);
	wired = counts.wired - kmem_pages_used();	/* of users; all of the kernel's are */
	*stats = (vm_statistics_data_t){
		.pagesize = PAGE_BYTES,
		.free_count = (integer_t)counts.free,
		.active_count = (integer_t)(counts.object - wired - inactive),
		.inactive_count = (integer_t)inactive,
		.wire_count = (integer_t)(counts.kernel + wired),
		.reactivations = (integer_t)vm_pageout_counts.reactivations,
		.pageins = (integer_t)vm_pageout_counts.pageins,
		.pageouts = (integer_t)vm_pageout_counts.pageouts,
		.zero_fill_count = (integer_t)vm_fault_counts.zero_fills,
		.faults = (integer_t)vm_fault_counts.faults,
		.cow_faults = (integer_t)vm_fault_counts.copies,
	};
	return KERN_SUCCESS;
}

static void add_slab_pages(struct slab_cache *cache, void *pages)
{
	*(integer_t *)pages += (integer_t)(cache->slabs << cache->slab_order);
}

/* Pages of memory objects are not told from anonymous ones here. */
kern_return_t vm_cache_statistics(vm_map_t map, vm_cache_statistics_data_t *stats)
{
	struct vm_page_counts counts;

	if (map == NULL)
		return KERN_INVALID_ARGUMENT;
	vm_page_get_counts(&counts);
	*stats = (vm_cache_statistics_data_t){
		.active_tmp_count = (integer_t)vm_page_queue_count(QUEUE_ACTIVE),
		.inactive_tmp_count = (integer_t)vm_page_queue_count(QUEUE_INACTIVE),
		.laundry_count = (integer_t)vm_page_laundry_count(),
	};
	slab_for_each_cache(add_slab_pages, &stats->slab_count);
	return KERN_SUCCESS;
}

kern_return_t vm_get_size_limit(vm_map_t map, vm_size_t *current_limit, vm_size_t *max_limit)
{
	if (map == NULL)
		return KERN_INVALID_TASK;
	vm_map_get_limits(map, current_limit, max_limit);
	return KERN_SUCCESS;
}
