/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looking at memory from outside: the routines of mach_debug that are about regions, objects, pages
 * and caches.
 *
 * Nobody is told an address of the kernel, nor where a page is: objects with a pager are
 * known by the serial number of their name port (as mach_port_kernel_object shows it), others by 0,
 * and physical addresses are 0 here.  vm_pages_phys tells those who may know.
 */
#include <kern/mig_support.h>
#include <kern/slab.h>
#include <mach_debug/mach_debug_server.h>
#include <vm/kmem.h>
#include <vm/map_entry.h>
#include <vm/object_pages.h>
#include <vm/pager.h>

/* --- Tables that go out ---------------------------------------------------------------------- */

/* Rows that are being collected in a buffer of the kernel's. */
struct table {
	void *rows;
	vm_size_t row_size;
	uint32_t used, room;
};

static bool table_begin(struct table *table, vm_size_t row_size, uint32_t room)
{
	*table = (struct table){ .row_size = row_size, .room = room };
	if (room == 0)
		return true;
	table->rows = kmem_alloc(room * row_size);
	return table->rows != NULL;
}

/* The next row, all zero; NULL when there is no more room. */
static void *table_add(struct table *table)
{
	if (table->used == table->room)
		return NULL;
	return (char *)table->rows + table->used++ * table->row_size;
}

/* Hand the rows over: in the reply, which has room for *count, or out of line; the table ends. */
static kern_return_t table_give(struct table *table, void **array, mach_msg_type_number_t *count)
{
	vm_size_t size = table->used * table->row_size;
	kern_return_t kr = KERN_SUCCESS;

	if (table->used <= *count) {
		memcpy(*array, table->rows, size);
	} else {
		struct vm_map_copy *copy = vm_map_copy_from_kernel(table->rows, size);

		if (copy == NULL)
			kr = KERN_RESOURCE_SHORTAGE;
		else
			*array = copy;
	}
	if (kr == KERN_SUCCESS)
		*count = table->used;
	if (table->room > 0)
		kmem_free(table->rows, table->room * table->row_size);
	return kr;
}

/* --- Regions and objects ------------------------------------------------------------------ */

static void describe_entry(const struct vm_map_entry *entry, vm_region_info_t *region,
			   struct vm_pager **pagerp)
{
	const struct vm_object *object = entry->object;

	*region = (vm_region_info_t){
		.vri_start = entry->start,
		.vri_end = entry->end,
		.vri_protection = entry->protection,
		.vri_max_protection = entry->max_protection,
		.vri_inheritance = entry->inheritance,
		.vri_wired_count = entry->wired,
		.vri_user_wired_count = entry->wired,
		.vri_sharing = entry->shared,
	};
	if (object != NULL) {
		spin_lock(object->lock);
		region->vri_needs_copy = object->frozen;
		spin_unlock(object->lock);
	}
	*pagerp = vm_entry_pager(entry);
	if (*pagerp != NULL)
		region->vri_offset = entry->index << PAGE_SHIFT;
}

kern_return_t mach_vm_region_info(vm_map_t map, vm_address_t address, vm_region_info_t *region,
				  ipc_port_t *object)
{
	const struct vm_map_entry *entry;
	struct vm_pager *pager;

	if (map == NULL)
		return KERN_INVALID_TASK;
	mutex_lock(&map->lock);
	entry = vm_map_find(map, address);
	if (entry != NULL)
		describe_entry(entry, region, &pager);
	mutex_unlock(&map->lock);
	if (entry == NULL)
		return KERN_NO_SPACE;
	*object = IP_NULL;
	if (pager != NULL) {
		region->vri_object = vm_pager_serial(pager);
		*object = vm_pager_name(pager);
		vm_pager_release(pager);
	}
	return KERN_SUCCESS;
}

static vm_object_info_state_t pager_state(const struct vm_pager *pager)
{
	vm_object_info_state_t state = VOI_STATE_PAGER_CREATED | VOI_STATE_PAGER_INITIALIZED;

	if (pager->state == PAGER_READY)
		state |= VOI_STATE_PAGER_READY;
	if (pager->state != PAGER_DEAD)
		state |= VOI_STATE_ALIVE;
	if (pager->may_cache)
		state |= VOI_STATE_CAN_PERSIST;
	if (pager->strategy == MEMORY_OBJECT_COPY_TEMPORARY)
		state |= VOI_STATE_TEMPORARY;
	return state;
}

/* Bytes up to the end of the last page that was ever mapped; the last page of all does not fit. */
static rpc_vm_size_t object_size(const struct vm_object *object)
{
	const uint32_t most = UINT32_MAX >> PAGE_SHIFT;

	return (object->end < most ? object->end : most) << PAGE_SHIFT;
}

kern_return_t mach_vm_object_info(struct vm_pager *pager, vm_object_info_t *info,
				  ipc_port_t *shadow, ipc_port_t *copy)
{
	const struct vm_object *object;

	if (pager == NULL || !vm_pager_hold(pager))
		return KERN_INVALID_ARGUMENT;
	spin_lock(pager->lock);
	object = pager->object;
	*info = (vm_object_info_t){
		.voi_pagesize = PAGE_BYTES,
		.voi_size = object_size(object),
		.voi_ref_count = object->entry_count,
		.voi_resident_page_count = object->resident,
		.voi_absent_count = pager->request_count,
		.voi_copy_strategy = pager->strategy,
		.voi_paging_in_progress = object->holds - 1,
		.voi_state = pager_state(pager),
	};
	spin_unlock(pager->lock);
	info->voi_object = vm_pager_serial(pager);
	*shadow = *copy = IP_NULL;		/* copies have no ports */
	vm_pager_unhold(pager);
	return KERN_SUCCESS;
}

/* --- Pages ------------------------------------------------------------------------------------ */

/* The two routines' rows are alike but for the physical address. */
static void describe_page(struct vm_page *page, vm_page_info_t *row)
{
	*row = (vm_page_info_t){
		.vpi_offset = page->offset << PAGE_SHIFT,
		.vpi_wire_count = page->wire_count,
		.vpi_page_lock = page->paging & PAGING_PROHIBITED,
		.vpi_state = VPI_STATE_TABLED,
	};
	if (vm_page_goes_back(page, MEMORY_OBJECT_RETURN_DIRTY))
		row->vpi_state |= VPI_STATE_DIRTY;
	if ((page->paging & PAGING_PRECIOUS) != 0)
		row->vpi_state |= VPI_STATE_PRECIOUS;
	if (page->queue == QUEUE_ACTIVE)
		row->vpi_state |= VPI_STATE_ACTIVE;
	else if (page->queue == QUEUE_INACTIVE)
		row->vpi_state |= VPI_STATE_INACTIVE;
	if (pmap_page_referenced(page))
		row->vpi_state |= VPI_STATE_REFERENCE;
}

static void describe_page_phys(struct vm_page *page, vm_page_phys_info_t *row)
{
	vm_page_info_t same;

	describe_page(page, &same);
	*row = (vm_page_phys_info_t){
		.vpi_offset = same.vpi_offset,
		.vpi_wire_count = same.vpi_wire_count,
		.vpi_page_lock = same.vpi_page_lock,
		.vpi_state = same.vpi_state,
	};
}

/* A row for each resident page, as far as there is room.  The object is held. */
static void list_pages(struct vm_pager *pager, struct table *table)
{
	struct vm_object *object = pager->object;
	struct vm_page_walk walk;
	struct vm_page *page;
	uint32_t count = 0;
	void *row;

	spin_lock(pager->lock);
	vm_page_walk_begin(&walk, object, 0, UINT32_MAX);
	while ((page = vm_page_walk_next(&walk)) != NULL && (row = table_add(table)) != NULL) {
		if (table->row_size == sizeof(vm_page_info_t))
			describe_page(page, row);
		else
			describe_page_phys(page, row);
		vm_object_breathe(object, &count);
	}
	vm_page_walk_end(&walk);
	spin_unlock(pager->lock);
}

static kern_return_t object_pages(struct vm_pager *pager, vm_size_t row_size, void **array,
				  mach_msg_type_number_t *count)
{
	kern_return_t kr = KERN_RESOURCE_SHORTAGE;
	struct table table;
	uint32_t resident;

	if (pager == NULL || !vm_pager_hold(pager))
		return KERN_INVALID_ARGUMENT;
	spin_lock(pager->lock);
	resident = pager->object->resident;
	spin_unlock(pager->lock);
	if (table_begin(&table, row_size, resident)) {
		list_pages(pager, &table);
		kr = table_give(&table, array, count);
	}
	vm_pager_unhold(pager);
	return kr;
}

kern_return_t mach_vm_object_pages(struct vm_pager *pager, vm_page_info_array_t *pages,
				   mach_msg_type_number_t *count)
{
	return object_pages(pager, sizeof(**pages), (void **)pages, count);
}

kern_return_t mach_vm_object_pages_phys(struct vm_pager *pager, vm_page_phys_info_array_t *pages,
					mach_msg_type_number_t *count)
{
	return object_pages(pager, sizeof(**pages), (void **)pages, count);
}

/* --- The kernel's tables --------------------------------------------------------------------- */

static void count_cache(struct slab_cache *cache, void *arg)
{
	(void)cache;
	++*(uint32_t *)arg;
}

static void describe_cache(struct slab_cache *cache, void *arg)
{
	cache_info_t *row = table_add(arg);

	if (row == NULL)
		return;
	*row = (cache_info_t){
		.cpu_pool_size = SLAB_MAGAZINE,
		.obj_size = cache->size,
		.buf_size = cache->stride,
		.slab_size = PAGE_BYTES << cache->slab_order,
		.bufs_per_slab = cache->per_slab,
		.nr_objs = cache->live,
		.nr_bufs = (rpc_long_natural_t)cache->slabs * cache->per_slab,
		.nr_slabs = cache->slabs,
		.nr_free_slabs = !queue_empty(&cache->empty),
	};
	strlcpy(row->name, cache->name, sizeof row->name);
}

kern_return_t host_slab_info(host_t host, cache_info_array_t *info, mach_msg_type_number_t *count)
{
	uint32_t caches = 0;
	struct table table;

	if (host == NULL)
		return KERN_INVALID_HOST;
	slab_for_each_cache(count_cache, &caches);
	if (!table_begin(&table, sizeof(cache_info_t), caches))
		return KERN_RESOURCE_SHORTAGE;
	slab_for_each_cache(describe_cache, &table);
	return table_give(&table, (void **)info, count);
}

/* Pages by bucket of the hash that finds an object's pages. */
kern_return_t host_virtual_physical_table_info(host_t host, hash_info_bucket_array_t *info,
					       mach_msg_type_number_t *count)
{
	hash_info_bucket_t *row;
	struct table table;

	if (host == NULL)
		return KERN_INVALID_HOST;
	if (!table_begin(&table, sizeof(hash_info_bucket_t), vm_object_pages_buckets()))
		return KERN_RESOURCE_SHORTAGE;
	while ((row = table_add(&table)) != NULL) {
		row->hib_count = vm_object_pages_chain(table.used - 1);
		preemption_point();
	}
	return table_give(&table, (void **)info, count);
}
