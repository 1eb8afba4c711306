/* SPDX-License-Identifier: BSD-2-Clause */
#include <vm/object_device.h>

#include <kern/slab.h>
#include <vm/object.h>

static struct slab_cache page_cache;

void vm_device_pages_init(void)
{
	slab_cache_init(&page_cache, "device_page", sizeof(struct vm_page), 0);
}

uint32_t vm_device_page_count(void)
{
	return page_cache.live;
}

bool vm_device_page_add(struct vm_object *object, uint32_t index)
{
	struct vm_page *page;

	if (vm_object_page(object, index) != NULL)
		return true;
	page = slab_zalloc(&page_cache);
	if (page == NULL)
		return false;
	queue_link_init(&page->link);
	page->device = true;
	page->state = PAGE_OBJECT;
	page->zone = VM_ZONE_HIGH;	/* it may lie anywhere */
	page->wire_count = 1;
	vm_object_insert(object, index, page);
	return true;
}

void vm_device_page_free(struct vm_page *page)
{
	assert(page->device && page->mappings == NULL && page->wire_count == 1);
	slab_free(&page_cache, page);
}
