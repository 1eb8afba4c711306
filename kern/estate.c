/* SPDX-License-Identifier: BSD-2-Clause */
#include <kern/estate.h>

#include <kern/assert.h>
#include <kern/slab.h>
#include <vm/page.h>

static struct slab_cache estate_cache;
static uint32_t default_limit;		/* constant after start-up */

void estate_init(void)
{
	struct vm_page_counts counts;

	slab_cache_init(&estate_cache, "estate", sizeof(struct estate), 0);
	vm_page_get_counts(&counts);
	default_limit = (counts.zone_total[VM_ZONE_DMA] + counts.zone_total[VM_ZONE_DIRECT]) /
			ESTATE_LIMIT_SHARE * PAGE_BYTES;
}

void estate_reference(struct estate *estate)
{
	assert(estate->ref_count > 0);
	__atomic_fetch_add(&estate->ref_count, 1, __ATOMIC_RELAXED);
}

void estate_release(struct estate *estate)
{
	while (estate != NULL &&
	       __atomic_sub_fetch(&estate->ref_count, 1, __ATOMIC_ACQ_REL) == 0) {
		struct estate *parent = estate->parent;

		assert(estate->bytes == 0);
		slab_free(&estate_cache, estate);
		estate = parent;
	}
}

struct estate *estate_inherit(struct estate *parent)
{
	struct estate *estate;

	if (parent != NULL && parent->depth == ESTATE_DEPTH_MAX) {
		estate_reference(parent);
		return parent;
	}
	estate = slab_zalloc(&estate_cache);
	if (estate == NULL)
		return NULL;
	estate->ref_count = 1;
	estate->limit = default_limit;
	if (parent != NULL) {
		estate_reference(parent);
		estate->parent = parent;
		estate->limit = parent->limit;
		estate->depth = parent->depth + 1;
	}
	return estate;
}

/* Give back to all from an estate up, but for `end` and those above it. */
static void uncharge_below(struct estate *estate, const struct estate *end, uint32_t bytes)
{
	for (; estate != end; estate = estate->parent) {
		assert(estate->bytes >= bytes);
		__atomic_fetch_sub(&estate->bytes, bytes, __ATOMIC_RELAXED);
	}
}

/* No sum wraps: nothing is charged that is not allocated. */
bool estate_charge_all(struct estate *estate, uint32_t bytes)
{
	for (struct estate *e = estate; e != NULL; e = e->parent)
		if (__atomic_add_fetch(&e->bytes, bytes, __ATOMIC_RELAXED) > e->limit) {
			uncharge_below(estate, e->parent, bytes);
			return false;
		}
	return true;
}

void estate_uncharge_all(struct estate *estate, uint32_t bytes)
{
	uncharge_below(estate, NULL, bytes);
}
