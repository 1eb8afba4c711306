/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this program share, and the tests, by file. */
#ifndef _GSYNC_TESTS_H_
#define _GSYNC_TESTS_H_

#include <mach/mach_types.h>

#define SELF	mach_task_self()

/* main.c: calls with an answer. */
kern_return_t wake(mach_port_t task, vm_address_t address, unsigned int value, int flags);
kern_return_t requeue(mach_port_t task, vm_address_t from, vm_address_t to, boolean_t wake_one,
	int flags);

vm_address_t page_new(unsigned int pages);
void page_end(vm_address_t address, unsigned int pages);

static inline volatile unsigned int *word_at(vm_address_t address)
{
	return (volatile unsigned int *) address;
}

/* many.c */
void test_flags(void);
void test_forgotten_words(void);
void test_many_waiters(void);
void test_tasks_that_end(void);
void test_waits_on_the_dead(void);

#endif
