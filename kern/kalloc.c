/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Buffers of any size: a slab cache for each power of two up to half a page, blocks of
 * pages beyond.
 */
#include <kern/assert.h>
#include <kern/sanitize.h>
#include <kern/slab.h>
#include <vm/page.h>

#define MIN_SHIFT 4
#define MAX_SHIFT (PAGE_SHIFT - 1)
#define CLASSES (MAX_SHIFT - MIN_SHIFT + 1)
#define MAX_ORDER 8		/* 1 MiB */

static struct slab_cache kalloc_caches[CLASSES];

static const char *const class_names[CLASSES] = {
	"kalloc-16", "kalloc-32", "kalloc-64", "kalloc-128",
	"kalloc-256", "kalloc-512", "kalloc-1024", "kalloc-2048",
};

void kalloc_init(void)
{
	for (unsigned int i = 0; i < CLASSES; i++)
		slab_cache_init(&kalloc_caches[i], class_names[i], (size_t)1 << (MIN_SHIFT + i), 0);
}

/* The cache for a size; NULL when it takes pages. */
static struct slab_cache *class_of(size_t size)
{
	unsigned int i = 0;

	if (size > (size_t)1 << MAX_SHIFT)
		return NULL;
	while (size > (size_t)1 << (MIN_SHIFT + i))
		i++;
	return &kalloc_caches[i];
}

static unsigned int order_of(size_t size)
{
	unsigned int order = 0;

	while (order <= MAX_ORDER && size > (size_t)PAGE_BYTES << order)
		order++;
	return order;
}

static void *pages_alloc(size_t size)
{
	unsigned int order = order_of(size);
	struct vm_page *page;

	if (order > MAX_ORDER || slab_fails_now())
		return NULL;
	page = vm_page_kernel_may_grow() ? vm_page_alloc(VM_ZONE_DIRECT, order) : NULL;
	return page != NULL ? vm_page_direct(page) : NULL;
}

void *kalloc(size_t size)
{
	struct slab_cache *cache = class_of(size);
	char *p;

	if (cache == NULL)
		return pages_alloc(size);
	p = slab_alloc(cache);
	if (p != NULL)
		memory_forbid(p + size, cache->size - size);
	return p;
}

void kfree(void *p, size_t size)
{
	struct slab_cache *cache = class_of(size);

	if (cache != NULL)
		slab_free(cache, p);
	else
		vm_page_free(vm_page_from_phys(direct_to_phys(p)), order_of(size));
}
