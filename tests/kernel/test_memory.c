/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of the allocators on the real machine. */
#include "ktest.h"

#include <kern/queue.h>
#include <kern/slab.h>
#include <kern/string.h>
#include <vm/kmem.h>
#include <vm/page.h>

static uint32_t free_pages(void)
{
	struct vm_page_counts counts;

	vm_page_get_counts(&counts);
	return counts.free;
}

/* All pages of the machine can be had, are different, and come back. */
static void test_all_pages(void)
{
	uint32_t before, taken = 0;
	struct vm_page *page;
	struct queue pages;
	struct queue_link *link;

	slab_reclaim();
	before = free_pages();
	queue_init(&pages);
	while ((page = vm_page_alloc_user()) != NULL) {
		uint32_t mark = ++taken;

		vm_page_write(page, 0, &mark, sizeof(mark));
		queue_insert_tail(&pages, &page->link);
	}
	CHECK(taken > before / 2);
	for (uint32_t expected = 1; (link = queue_take_first(&pages)) != NULL; expected++) {
		uint32_t mark = 0;

		page = container_of(link, struct vm_page, link);
		vm_page_read(page, 0, &mark, sizeof(mark));
		if (!CHECK(mark == expected))
			expected = mark;
		vm_page_free(page, 0);
	}
	CHECK(free_pages() == before);
}

static void test_kmem(void)
{
	size_t before = kmem_pages_used();

	for (int i = 0; i < 1000; i++) {
		size_t size = 1 + (i * 7919u) % 200000;
		uint8_t *p = kmem_alloc(size);

		if (!CHECK(p != NULL))
			return;
		CHECK(p[0] == 0 && p[size - 1] == 0);
		memset(p, 0x5a, size);
		kmem_free(p, size);
	}
	CHECK(kmem_alloc(0x40000000) == NULL);
	CHECK(kmem_pages_used() == before);
}

static void test_kalloc(void)
{
	for (size_t size = 1; size < 70000; size = size * 3 / 2 + 1) {
		uint8_t *p = kalloc(size);

		if (!CHECK(p != NULL))
			return;
		memset(p, 0xa5, size);
		kfree(p, size);
	}
	if (DEBUG) {
		slab_fail_after(1);
		CHECK(kalloc(64) == NULL);
	}
}

const struct ktest memory_tests[] = {
	{ "all free pages can be taken and given back", test_all_pages },
	{ "kernel buffers of every size", test_kmem },
	{ "kalloc of every size, and a failure", test_kalloc },
	{ 0, 0 },
};
