/* SPDX-License-Identifier: BSD-2-Clause */
/* Test programs. */
#include "tap.h"

#include <libmach/print.h>
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/mach_host.h>
#include <mach/mig_support.h>
#include <mach/reboot.h>

#include "conserved.h"
#include "messages.h"
#include "snapshot.h"

#define STACKS		16	/* at most so many threads at once */
#define PATIENCE	50	/* until all of them are there; milliseconds */

mach_port_t tap_host_priv, tap_device_master;
uint32_t tap_seed;

static boolean_t failed, in_full, conserving;
static char about[128];

boolean_t tap_is_porter(void)
{
	kernel_version_t version;
	mach_port_t host = mach_host_self();
	kern_return_t result = host_kernel_version(host, version);

	mach_port_deallocate(mach_task_self(), host);
	return result == KERN_SUCCESS && strncmp(version, "Porter", 6) == 0;
}

unsigned int tap_rounds(unsigned int brief, unsigned int full)
{
	return in_full ? full : brief;
}

void tap_about(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(about, sizeof about, format, arguments);
	va_end(arguments);
}

boolean_t tap_expect(const char *file, int line, const char *what, unsigned int actual,
	unsigned int expected)
{
	if (actual == expected)
		return TRUE;
	failed = TRUE;
	printf("# %s:%d: %s is 0x%x, not 0x%x%s%s\n", file, line, what, actual, expected,
		about[0] == '\0' ? "" : ": ", about);
	return FALSE;
}

void tap_fail(const char *format, ...)
{
	char text[200];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	printf("# %s%s%s\n", text, about[0] == '\0' ? "" : ": ", about);
	failed = TRUE;
}

static void run(const struct test *test, unsigned int number, boolean_t porter)
{
	static struct snapshot before, after;
	static struct conserved kernel;
	boolean_t compared = conserving && porter && !test->keeps;

	if (test->ours && !porter) {
		printf("ok %u - %s # SKIP differs from Porter on purpose\n", number, test->name);
		return;
	}
	failed = FALSE;
	about[0] = '\0';
	if (compared)
		conserved_take(&kernel);
	snapshot_take(mach_task_self(), &before);
	test->run();
	about[0] = '\0';
	if (compared)
		conserved_expect(&kernel, 0);
	snapshot_take(mach_task_self(), &after);
	if (!snapshot_same(&before, &after))
		failed = TRUE;
	printf("%sok %u - %s\n", failed ? "not " : "", number, test->name);
}

/* The number behind `seed=', or 0. */
static uint32_t find_seed(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], "seed=", 5) == 0)
			return strtoul(argv[i] + 5, NULL, 10);
	return 0;
}

int tap_main(int argc, char **argv, const struct test *tests, unsigned int count)
{
	boolean_t porter = tap_is_porter();

	tap_host_priv = argc > 1 ? (mach_port_t) atoi(argv[1]) : MACH_PORT_NULL;
	tap_device_master = argc > 2 ? (mach_port_t) atoi(argv[2]) : MACH_PORT_NULL;
	tap_seed = find_seed(argc, argv);
	in_full = argc > 3 && strcmp(argv[argc - 1], "long") == 0;
	printf("TAP version 13\n1..%u\n", count);
	for (unsigned int i = 0; i < count; i++)
		run(&tests[i], i + 1, porter);
	host_reboot(tap_host_priv, RB_HALT);
	return 1;
}

static void wait(void *unused)
{
	(void) unused;
	sleep_for(PATIENCE);
}

/* The library keeps the stacks of threads that have ended. */
static void make_stacks(void)
{
	mach_port_t thread[STACKS];

	for (unsigned int i = 0; i < STACKS; i++)
		EXPECT(mach_thread_start(wait, NULL, &thread[i]), KERN_SUCCESS);
	for (unsigned int i = 0; i < STACKS; i++)
		mach_thread_join(thread[i]);
}

int tap_main_conserving(int argc, char **argv, const struct test *tests, unsigned int count)
{
	make_stacks();
	conserving = TRUE;
	return tap_main(argc, argv, tests, count);
}
