/* SPDX-License-Identifier: BSD-2-Clause */
/* Recording, and looking at what was recorded. */
#ifndef _TESTS_H_
#define _TESTS_H_

#include <mach/mach_types.h>
#include <mach/trace.h>

#define RECORDED_MAX	TRACE_RECORDS

/* What was recorded last. */
extern trace_record_t recorded[RECORDED_MAX];
extern unsigned int recorded_count;

/* The number from which the next read goes on. */
unsigned long long trace_next(void);

/* All records from a number on, into `recorded'; returns how many were lost. */
unsigned int trace_take(unsigned long long from);

/*
 * Record what happens in a function, between the exit from switching on and the entry for switching
 * off.  It is repeated when an interrupt came in between.
 */
void trace_during(void (*function)(void));

/* What a record should be: ANY fits all. */
#define ANY	0xa5a5a5a5u

struct expected {
	unsigned int	kind;
	unsigned int	thread;
	unsigned int	word[3];
};

/* The records are exactly these. */
void expect_records(const struct expected *expected, unsigned int count);

/* The first record of a kind, from a place on; fails, and gives any, if there is none. */
const trace_record_t *find_record(unsigned int from, unsigned int kind);

/* The number of the calling thread, as traces show it. */
unsigned int own_thread(void);

void test_call_fast(void);
void test_call_ordinary(void);
void test_queue(void);
void test_kernel_call(void);
void test_fault(void);
void test_exception(void);
void test_wait(void);
void test_small_traps(void);

#endif
