/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Test programs.  A program is a table of tests; each test makes expectations, and is reported
 * as one line of TAP.  Around each test the task's port names are compared: a test that leaves a
 * name, a right or a reference behind has failed.
 */
#ifndef _TAP_H_
#define _TAP_H_

#include <mach/mach_types.h>

struct test {
	const char	*name;
	void		(*run)(void);
	boolean_t	ours;		/* asks what other Mach kernels answer differently */
	boolean_t	keeps;		/* what is there for later tests, too, comes in this one */
};

#define COUNT_OF(array)	(sizeof(array) / sizeof((array)[0]))

/* Expect a value, or a truth; the test goes on if it is wrong. */
#define EXPECT(actual, expected) \
	tap_expect(__FILE__, __LINE__, #actual, (unsigned int) (actual), \
		(unsigned int) (expected))
#define EXPECT_TRUE(condition) \
	tap_expect(__FILE__, __LINE__, #condition, (condition) != 0, 1)

/* Returns: whether the two are equal. */
boolean_t tap_expect(const char *file, int line, const char *what, unsigned int actual,
	unsigned int expected);

/* Fail with a line of explanation. */
void tap_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Say what the next expectations are about: shown when one fails.  For tests that go through a
 * table.  An empty text says nothing.
 */
void tap_about(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Run the tests, then halt the machine.  argv[1] names the privileged host port. */
int tap_main(int argc, char **argv, const struct test *tests, unsigned int count);

/* The same, and the kernel has no more objects after each test than before, and no page is lost. */
int tap_main_conserving(int argc, char **argv, const struct test *tests, unsigned int count);

/* The arguments of the boot script. */
extern mach_port_t tap_host_priv, tap_device_master;

/* An argument seed=N changes what is chosen at random; else it is the same in every run. */
extern uint32_t tap_seed;

/*
 * How often to repeat something: the first in `make check', the second when the program's last
 * argument is `long' (tests/check --long, make stress).
 */
unsigned int tap_rounds(unsigned int brief, unsigned int full);

/* Is the kernel Porter? */
boolean_t tap_is_porter(void);

#endif
