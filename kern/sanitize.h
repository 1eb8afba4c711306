/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What allocators tell the address sanitizer when they are compiled for the host's unit
 * tests: which memory is nobody's.  In the kernel all of this is nothing.
 */
#ifndef KERN_SANITIZE_H
#define KERN_SANITIZE_H

#include <stddef.h>

#ifdef HOST_TEST
#include <sanitizer/asan_interface.h>

/* A function that may touch memory which is nobody's. */
#define NO_SANITIZE __attribute__((no_sanitize_address, noinline))

static inline void memory_forbid(void *p, size_t size)
{
	__asan_poison_memory_region(p, size);
}

static inline void memory_permit(void *p, size_t size)
{
	__asan_unpoison_memory_region(p, size);
}
#else
#define NO_SANITIZE

static inline void memory_forbid(void *p, size_t size)
{
	(void)p, (void)size;
}

static inline void memory_permit(void *p, size_t size)
{
	(void)p, (void)size;
}
#endif

#endif /* KERN_SANITIZE_H */
