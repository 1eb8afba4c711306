/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Typed slab caches for kernel objects.
 *
 * One cache for each type, with a magazine in front that needs no lock (the kernel is not
 * preempted) and a count of live objects, so that leaks show.  Objects come uninitialised.
 * Slabs live in the direct map; their bookkeeping is in the struct vm_page of the first page.
 *
 * Debug builds fill free objects and put a red zone behind each one that is at most
 * SLAB_RED_ALIGN aligned: a write behind an object, to a free object, and a second free panic.
 */
#ifndef KERN_SLAB_H
#define KERN_SLAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kern/lock.h>
#include <kern/queue.h>

#define SLAB_MAGAZINE 16
#define SLAB_RED_ALIGN 64

struct slab_cache {
	struct spin_lock lock;
	const char *name;
	size_t size;			/* of an object, bytes, as asked for */
	size_t stride;			/* distance of two objects in a slab */
	size_t red_zone;		/* last bytes of the stride: nobody's */
	unsigned int per_slab;
	unsigned int slab_order;	/* pages of a slab: 1 << slab_order */
	struct queue partial;		/* slabs (vm_page.link) with free and used objects */
	struct queue full;
	struct queue empty;		/* at most one is kept */
	unsigned int slabs;
	uint32_t live;			/* objects handed out and not freed */
	uint32_t peak;
	unsigned int magazine_count;	/* free objects at hand, last in first out */
	void *magazine[SLAB_MAGAZINE];
	struct queue_link caches;	/* in the list of all caches */
};

/* Once for each cache, before use.  align: power of two, at most a page; 0: 8 bytes. */
void slab_cache_init(struct slab_cache *cache, const char *name, size_t size, size_t align);

/*
 * Locks:    none of class LOCK_SLAB or later.
 * Blocks:   never.
 * Returns:  an object, its contents undefined; NULL when memory is short.
 */
void *slab_alloc(struct slab_cache *cache);

/* The same, all bytes zero. */
void *slab_zalloc(struct slab_cache *cache);

/* Consumes the object. */
void slab_free(struct slab_cache *cache, void *object);

/* Give empty slabs and magazines back to the page allocator. */
void slab_reclaim(void);

/* Visit all caches, for statistics and leak checks. */
void slab_for_each_cache(void (*visit)(struct slab_cache *cache, void *arg), void *arg);

/*
 * Buffers of any size: caches of powers of two up to a page, whole pages
 * beyond (up to 1 MiB physically contiguous at most; prefer vm/kmem.h above 4 pages).
 * kfree must be told the size of kalloc.
 */
void kalloc_init(void);
void *kalloc(size_t size);
void kfree(void *p, size_t size);

/* What kalloc takes for so many bytes, of memory that exists. */
static inline size_t kalloc_rounded(size_t size)
{
	return size <= 16 ? 16 : (size_t)1 << (32 - __builtin_clz(size - 1));
}

/*
 * Fault injection (tests, debug builds): let the n-th allocation from now (1 = the next)
 * fail once; 0 turns it off.  An allocator that is not built on slabs asks slab_fails_now.
 */
void slab_fail_after(unsigned int n);

/* How many are to come before the one that fails, itself included; 0: it has, or none will. */
unsigned int slab_fail_pending(void);
bool slab_fails_now(void);

#endif /* KERN_SLAB_H */
