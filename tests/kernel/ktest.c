/* SPDX-License-Identifier: BSD-2-Clause */
#include "ktest.h"

#include <ipc/checker.h>
#include <kern/percpu.h>
#include <kern/kernel_tests.h>
#include <kern/printf.h>
#include <kern/sched.h>
#include <kern/slab.h>
#include <kern/string.h>
#include <vm/kmem.h>
#include <vm/page.h>


#define CACHES_MAX 128

static const struct ktest *const tables[] = {
	machine_tests, memory_tests, thread_tests, sched_tests, vm_tests, pager_tests,
	ipc_tests, trace_tests
};

static int failures;	/* of the test that runs */

bool ktest_check(bool condition, const char *what, const char *file, int line)
{
	if (!condition) {
		failures++;
		printf("# %s:%d: does not hold: %s\n", file, line, what);
	}
	return condition;
}

void ktest_sleep(uint32_t ms)
{
	struct thread *self = current_thread();

	thread_will_wait(self, true);
	thread_set_timeout(self, ms);
	thread_block(NULL);
}

void ktest_settle(void)
{
	for (int i = 0; i < 5; i++)
		ktest_sleep(10);
}

/* --- What must be the same before and after ----------------------------------------------- */

struct snapshot {
	uint32_t caches;
	const struct slab_cache *cache[CACHES_MAX];
	uint32_t live[CACHES_MAX];
	uint32_t object_pages;
	size_t kmem_pages;
};

static struct snapshot before, after;

/* The number of address ranges depends on their order, not on what is in use: pages tell. */
static void note_cache(struct slab_cache *cache, void *arg)
{
	struct snapshot *s = arg;

	if (s->caches < CACHES_MAX && strcmp(cache->name, "kmem_range") != 0) {
		s->cache[s->caches] = cache;
		s->live[s->caches++] = cache->live;
	}
}

/* Stacks that no thread uses are kept for the next ones. */
static size_t cached_stack_pages(void)
{
	return current_cpu()->stack_cache_count * (KSTACK_SIZE / PAGE_BYTES);
}

static void take_snapshot(struct snapshot *s)
{
	struct vm_page_counts counts;

	s->caches = 0;
	slab_for_each_cache(note_cache, s);
	vm_page_get_counts(&counts);
	s->object_pages = counts.object;
	s->kmem_pages = kmem_pages_used() - cached_stack_pages();
}

static uint32_t live_before(const struct slab_cache *cache)
{
	for (uint32_t i = 0; i < before.caches; i++)
		if (before.cache[i] == cache)
			return before.live[i];
	return 0;
}

static void compare_snapshots(void)
{
	for (uint32_t i = 0; i < after.caches; i++) {
		uint32_t was = live_before(after.cache[i]);

		if (after.live[i] != was) {
			failures++;
			printf("# cache %s: %u objects before, %u after\n", after.cache[i]->name, was,
			       after.live[i]);
		}
	}
	if (after.object_pages != before.object_pages) {
		failures++;
		printf("# pages in objects: %u before, %u after\n", before.object_pages,
		       after.object_pages);
	}
	if (after.kmem_pages != before.kmem_pages) {
		failures++;
		printf("# pages of kernel memory: %zu before, %zu after\n", before.kmem_pages,
		       after.kmem_pages);
	}
}

/* --- Running --------------------------------------------------------------------------------- */

static void run_test(const struct ktest *test, int number)
{
	int faults;

	failures = 0;
	ktest_settle();
	take_snapshot(&before);
	test->run();
	slab_fail_after(0);
	ktest_settle();
	take_snapshot(&after);
	compare_snapshots();
	faults = ipc_check_all();
	if (faults != 0) {
		failures++;
		printf("# the checker found %d faults\n", faults);
	}
	printf("%s %d - %s\n", failures == 0 ? "ok" : "not ok", number, test->name);
}

void kernel_tests_run(const char *command_line)
{
	int count = 0, number = 0;

	ktest_crash(command_line);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct ktest *t = tables[i]; t->name != NULL; t++)
			count++;
	printf("TAP version 13\n1..%d\n", count);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct ktest *t = tables[i]; t->name != NULL; t++)
			run_test(t, ++number);
}
