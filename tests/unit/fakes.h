/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What unit tests have instead of a machine.
 *
 * Before each test the fake machine starts: physical memory as FAKE_MEMORY says, given to the
 * real vm_page_boot; kalloc is ready; a thread with a task is current.  User memory is
 * the test's own: copyin and copyout take any pointer, and fault where they are told to.
 *
 * Physical memory is a file: the direct map and temporary mappings map it, so that two
 * mappings of a page show the same bytes.
 */
#ifndef TESTS_UNIT_FAKES_H
#define TESTS_UNIT_FAKES_H

#include <check.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kern/boot_info.h>
#include <tests/unit/inject.h>

/* A test program defines this: it adds its test functions. */
void unit_tests(TCase *tcase);

/* The machine's memory: low, direct, and a little beyond the direct map. */
#define FAKE_DIRECT_END 0x2000000u		/* 32 MiB */
#define FAKE_HIGH_END (DIRECT_MAP_MAX + 0x800000u)	/* 8 MiB */
#define FAKE_MODULE_START 0x200000u
#define FAKE_MODULE_SIZE 10000u

extern const struct boot_info fake_boot_info;

/* A current thread and mapped memory, which is not yet given to vm_page_boot. */
void fake_memory_map(void);

/* The whole start, as done before each test. */
void fake_machine_start(void);

/* A program that defines this as true starts machines by itself. */
extern bool fake_machine_later;

/*
 * The statement must panic.  What it locked stays locked and what it did half is not undone:
 * do nothing more with the same objects.
 */
#define ck_assert_panics(statement)						\
	do {									\
		fake_panic_expected = true;					\
		if (setjmp(fake_panic_return) == 0) {				\
			statement;						\
			ck_abort_msg("no panic: %s", #statement);		\
		}								\
		fake_panic_expected = false;					\
	} while (0)

/* For loops: ck_assert leaves a record each time it is passed, which takes long. */
#define ck_must(condition)							\
	do {									\
		if (!(condition))						\
			ck_abort_msg("not true: %s", #condition);		\
		inject_expected();						\
	} while (0)

extern bool fake_panic_expected;
extern jmp_buf fake_panic_return;
extern char fake_panic_message[256];

/* What console_putc has got, terminated; full when it is too much. */
extern char fake_console[4096];
extern size_t fake_console_length;

/* copyin and copyout fault when they touch this range; size 0: nowhere.  */
void fake_user_fault(const void *start, size_t size);

/* What machine_uptime_ns says. */
extern uint64_t fake_uptime_ns;

extern struct thread fake_thread;
extern struct task fake_task;

/* A generator that every test may use, the same numbers in each run. */
uint32_t fake_random(void);

#endif /* TESTS_UNIT_FAKES_H */
