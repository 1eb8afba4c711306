/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What allocators and tests tell the address sanitizer, for programs that are built without it:
 * those of tests/coverage.
 */
#include <sanitizer/asan_interface.h>

void __asan_poison_memory_region(const volatile void *p, size_t size)
{
	(void)p, (void)size;
}

void __asan_unpoison_memory_region(const volatile void *p, size_t size)
{
	(void)p, (void)size;
}

int __asan_address_is_poisoned(const volatile void *p)
{
	(void)p;
	return 0;
}
