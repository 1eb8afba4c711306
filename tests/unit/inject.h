/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fault injection: each test function is run again and again, once for each allocation that it
 * makes, and that one fails.
 *
 *	build/debug/tests/unit/NAME --inject		the first ones, and then fewer and fewer
 *	build/debug/tests/unit/NAME --inject=all	many more
 *
 * A test says what happens when there is memory, so it cannot go on when an answer is another:
 * it is abandoned at its first expectation that does not hold.  Then whoever waits is woken, all
 * tasks end, and this is demanded, wherever it was abandoned:
 *
 *	no crash, no assertion, no report of a sanitizer, no hang;
 *	the kernel's checker finds no right, reference or message too many;
 *	nothing is left but what the test itself held: not more than is left of a run in which
 *	all goes well when that is abandoned at the same place, or one expectation before.
 *
 * An allocation is what goes through slab_fails_now, pages, physical maps and their mappings.
 * A run whose allocation is never made is a failure too: the injection must have happened.
 */
#ifndef TESTS_UNIT_INJECT_H
#define TESTS_UNIT_INJECT_H

#include <stdbool.h>
#include <stdint.h>

#include <mach/kern_return.h>

extern bool injecting;			/* the program was started with --inject */

/* Take the option, before tests are added. */
void inject_arguments(int argc, char **argv);

/* Tell what was done; false when nothing was. */
bool inject_summary(const char *name);

/*
 * Call a function of which it is not known whether its expectations hold: false at the first that
 * does not, which expectation_missed then tells.
 */
bool expectations_hold(void (*function)(void *arg), void *arg);
const char *expectation_missed(void);

/* An expectation of a test is met: ck_must and ck_assert say so. */
void inject_expected(void);

/* Does this allocation fail?  For allocators other than slabs. */
bool inject_fails_now(void);

/* What belongs to the test and not to the kernel's work: allocations in between succeed. */
void inject_pause(void);
void inject_resume(void);

/*
 * Was memory short?  Then it is to be tried again: it may be so once, where an allocation fails, and
 * never else.  inject_again: the result says whether it was; no other failure is expected.
 */
bool inject_short(bool failed);
bool inject_again(kern_return_t kr);

/* What lives now was there before the test. */
void inject_begin(void);

/* A fake finds the kernel breaking its rules: no test's expectation, but always a failure. */
_Noreturn void fake_rule_broken(const char *rule, const char *file, int line);

#define kernel_must(condition)							\
	do {									\
		if (!(condition))						\
			fake_rule_broken(#condition, __FILE__, __LINE__);	\
	} while (0)

/*
 * What the fakes of ipc/ have: wake and end everyone; what lives; whom the checker asks.  A test
 * without them may end by itself what it has.
 */
struct ipc_check;
void fake_everyone_ends(void) __attribute__((weak));
uint32_t fake_ipc_live(void) __attribute__((weak));
extern void (*fake_ipc_holders)(struct ipc_check *check) __attribute__((weak));

#endif /* TESTS_UNIT_INJECT_H */
