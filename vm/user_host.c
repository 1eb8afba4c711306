/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The routines on memory that ask who the caller is: a host port is among their arguments.
 */
#include <kern/host.h>
#include <kern/mig_support.h>
#include <mach/gnumach_server.h>
#include <mach/mach_host_server.h>
#include <mach/porter_server.h>
#include <mach/vm_wire.h>
#include <vm/contiguous.h>
#include <vm/kmem.h>
#include <vm/map_entry.h>

#define UNPRIVILEGED_WIRED_MAX 0x800000u	/* bytes of a task */

kern_return_t vm_wire(ipc_port_t host, vm_map_t map, vm_address_t address, vm_size_t size,
		      vm_prot_t access)
{
	vm_size_t quota = VM_WIRE_UNLIMITED;

	if (!host_port_is_valid(host))
		return KERN_INVALID_HOST;
	if (map == NULL)
		return KERN_INVALID_TASK;
	if ((access & ~VM_PROT_ALL) != 0)
		return KERN_INVALID_ARGUMENT;
	if (!host_port_is_privileged(host))
		quota = UNPRIVILEGED_WIRED_MAX;
	return vm_map_wire_quota(map, address, size, access, quota);
}

kern_return_t vm_wire_all(ipc_port_t host, vm_map_t map, vm_wire_t flags)
{
	if (!host_port_is_privileged(host))
		return KERN_INVALID_HOST;
	if (map == NULL)
		return KERN_INVALID_TASK;
	if ((flags & ~VM_WIRE_ALL) != 0)
		return KERN_INVALID_ARGUMENT;
	return vm_map_wire_all(map, flags);
}

kern_return_t vm_set_size_limit(ipc_port_t host_port, vm_map_t map, vm_size_t current_limit,
				vm_size_t max_limit)
{
	if (current_limit > max_limit)
		return KERN_INVALID_ARGUMENT;
	if (map == NULL)
		return KERN_INVALID_TASK;
	if (!host_port_is_valid(host_port))
		return KERN_INVALID_HOST;
	return vm_map_set_limits(map, current_limit, max_limit,
				 host_port_is_privileged(host_port));
}

kern_return_t vm_set_entry_limit(host_t host_priv, vm_map_t map, natural_t limit)
{
	if (host_priv == NULL)
		return KERN_INVALID_HOST;
	if (map == NULL)
		return KERN_INVALID_TASK;
	vm_map_set_entry_limit(map, limit);
	return KERN_SUCCESS;
}

kern_return_t vm_get_entry_limit(vm_map_t map, natural_t *entries, natural_t *limit)
{
	if (map == NULL)
		return KERN_INVALID_TASK;
	vm_map_get_entry_limit(map, entries, limit);
	return KERN_SUCCESS;
}

kern_return_t vm_allocate_contiguous(host_t host_priv, vm_map_t map, vm_address_t *vaddr,
				     rpc_phys_addr_t *paddr, vm_size_t size, rpc_phys_addr_t pmin,
				     rpc_phys_addr_t pmax, rpc_phys_addr_t palign)
{
	if (host_priv == NULL)
		return KERN_INVALID_HOST;
	if (map == NULL)
		return KERN_INVALID_TASK;
	if (pmin != 0 || palign > PAGE_BYTES || (palign & (palign - 1)) != 0)
		return KERN_INVALID_ARGUMENT;
	return vm_map_allocate_contiguous(map, size, pmax, vaddr, paddr);
}

/* --- Where pages are ------------------------------------------------------------------------ */

static phys_addr_t page_phys(struct vm_map *map, vm_offset_t va)
{
	const struct vm_map_entry *entry = vm_map_lookup(map, va);
	const struct vm_page *page;
	phys_addr_t pa = 0;

	if (entry == NULL || entry->object == NULL)
		return 0;
	spin_lock(entry->object->lock);
	page = vm_object_view(entry->object, vm_entry_index(entry, va));
	if (page != NULL)
		pa = vm_page_to_phys(page);
	spin_unlock(entry->object->lock);
	return pa;
}

static void pages_phys(struct vm_map *map, vm_offset_t start, vm_offset_t end,
		       rpc_phys_addr_t *pages)
{
	mutex_lock(&map->lock);
	for (; start < end; start += PAGE_BYTES) {
		*pages++ = page_phys(map, start);
		preemption_point();
	}
	mutex_unlock(&map->lock);
}

/* More than the reply has room for goes out of line. */
static kern_return_t pages_phys_copy(struct vm_map *map, vm_offset_t start, vm_offset_t end,
				     rpc_phys_addr_array_t *pages)
{
	vm_size_t size = ((end - start) >> PAGE_SHIFT) * sizeof(rpc_phys_addr_t);
	rpc_phys_addr_t *buffer = kmem_alloc(size);
	struct vm_map_copy *copy;

	if (buffer == NULL)
		return KERN_RESOURCE_SHORTAGE;
	pages_phys(map, start, end, buffer);
	copy = vm_map_copy_from_kernel(buffer, size);
	kmem_free(buffer, size);
	if (copy == NULL)
		return KERN_RESOURCE_SHORTAGE;
	*pages = (rpc_phys_addr_array_t)copy;
	return KERN_SUCCESS;
}

kern_return_t vm_pages_phys(host_t host_priv, vm_map_t map, vm_address_t address, vm_size_t size,
			    rpc_phys_addr_array_t *pages, mach_msg_type_number_t *count)
{
	kern_return_t kr = KERN_SUCCESS;
	vm_offset_t start, end;
	uint32_t wanted;

	if (host_priv == NULL)
		return KERN_INVALID_HOST;
	if (map == NULL)
		return KERN_INVALID_TASK;
	if (vm_map_pages(address, size, &start, &end) != KERN_SUCCESS)
		return KERN_INVALID_ARGUMENT;
	wanted = (end - start) >> PAGE_SHIFT;
	if (wanted <= *count)
		pages_phys(map, start, end, *pages);
	else
		kr = pages_phys_copy(map, start, end, pages);
	if (kr == KERN_SUCCESS)
		*count = wanted;
	return kr;
}
