/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Self-tests inside the kernel: one boot runs all, TAP on the console.
 *
 * A test runs in a kernel thread and may create tasks and threads.  After each, when things have come
 * to rest, the IPC checker must find nothing wrong, and every slab cache and the page counts must
 * be what they were before it.
 */
#ifndef TESTS_KERNEL_KTEST_H
#define TESTS_KERNEL_KTEST_H

#include <stdbool.h>
#include <stdint.h>

struct ktest {
	const char *name;
	void (*run)(void);
};

/* The tables, each ending with a NULL name. */
extern const struct ktest ipc_tests[], thread_tests[], sched_tests[], vm_tests[],
	memory_tests[], machine_tests[], trace_tests[], pager_tests[];

/* Note a failure, with what was wrong, if the condition does not hold.  Returns the condition. */
bool ktest_check(bool condition, const char *what, const char *file, int line);

#define CHECK(c) ktest_check((c), #c, __FILE__, __LINE__)

/* Die as the kernel's command line asks for; returns when it does not (crash.c). */
void ktest_crash(const char *command_line);

/* Let all other threads run until none wants to, at most about a second. */
void ktest_settle(void);

/* Wait for some milliseconds. */
void ktest_sleep(uint32_t ms);

#endif /* TESTS_KERNEL_KTEST_H */
