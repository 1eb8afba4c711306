/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs of test functions, each in a process of its own and on a machine of its own.
 *
 * The linker gives us what tests and sources call (--wrap): the library's functions for
 * expectations, the adding of tests, the pages that allocators take, and slab_fail_after, with
 * which tests choose failures of their own: ours waits until they are through.
 */
#define _GNU_SOURCE
#include <tests/unit/inject.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ipc/checker.h>
#include <kern/slab.h>
#include <tests/unit/fakes.h>
#include <vm/page.h>

#define SECONDS 60		/* one run: it hangs */
#define MANY (1u << 30)		/* more allocations than anyone makes */
#define RECORDS 256

#define WORK 60000u		/* allocations and expectations in all runs of a test */
#define RUNS_MIN 8u
#define SHORT 10000u		/* expectations after which a run is over, unless it is =all */

/* What linker and library have instead of ours. */
void __real_slab_fail_after(unsigned int n);
struct vm_page *__real_vm_page_alloc(enum vm_zone zone, unsigned int order);
struct vm_page *__real_vm_page_alloc_user(void);
struct vm_page *__real_vm_page_alloc_paging(void);
int __real_ipc_check_all(void) __attribute__((weak));
void __real__mark_point(const char *file, int line);
_Noreturn void __real__ck_assert_failed(const char *file, int line, const char *expression,
					const char *message, ...);
void __real_tcase_add_checked_fixture(TCase *tcase, SFun setup, SFun teardown);
void __real__tcase_add_test(TCase *tcase, const TTest *test, int signal, int status, int start,
			    int end);

void __wrap_slab_fail_after(unsigned int n);
struct vm_page *__wrap_vm_page_alloc(enum vm_zone zone, unsigned int order);
struct vm_page *__wrap_vm_page_alloc_user(void);
struct vm_page *__wrap_vm_page_alloc_paging(void);
int __wrap_ipc_check_all(void);
int __wrap_printf(const char *format, ...);
void __wrap__mark_point(const char *file, int line);
_Noreturn void __wrap__ck_assert_failed(const char *file, int line, const char *expression,
					const char *message, ...);
void __wrap_tcase_add_checked_fixture(TCase *tcase, SFun setup, SFun teardown);
void __wrap__tcase_add_test(TCase *tcase, const TTest *test, int signal, int status, int start,
			    int end);

void __gcov_dump(void) __attribute__((weak));	/* tests/coverage */

bool injecting;
static bool all;

/* --- One run ----------------------------------------------------------------------------- */

/* What a run has come to; the process that ran it writes it for us. */
struct outcome {
	bool ended;			/* judged to its end, however the test fared */
	bool complete;			/* the test function has returned */
	bool fired;			/* the allocation that was to fail has failed */
	uint32_t allocations;
	uint32_t met;			/* expectations */
	int32_t left;			/* objects and buffers that live on */
	int32_t pages;			/* that are not free */
	bool wrong;			/* the checker's opinion */
	char text[200];			/* why it was abandoned, or what is wrong */
};

static bool running;			/* this process is a run */
static struct outcome *out;
static jmp_buf abandoned;
static uint32_t met, stop_at;		/* expectations */
static unsigned int pauses, paused_at;	/* failures that wait */
static bool borrowed;			/* by slab_fail_after in a test */
static unsigned int borrowed_at;
static uint32_t live_before;
static uint32_t pages_before;

static void add_live(struct slab_cache *cache, void *arg)
{
	*(uint32_t *)arg += cache->live;
}

static uint32_t live_now(void)
{
	uint32_t live = 0;

	if (fake_ipc_live != NULL)
		return fake_ipc_live();
	slab_for_each_cache(add_live, &live);
	return live;
}

static uint32_t pages_now(void)
{
	struct vm_page_counts counts;

	slab_reclaim();
	vm_page_get_counts(&counts);
	return counts.total - counts.free;
}

void inject_begin(void)
{
	if (!running)
		return;
	live_before = live_now();
	pages_before = pages_now();
}

bool inject_short(bool failed)
{
	static uint32_t times;		/* in this run */

	kernel_must(!failed || (injecting && ++times == 1));
	return failed;
}

bool inject_again(kern_return_t kr)
{
	kernel_must(kr == KERN_SUCCESS || kr == KERN_RESOURCE_SHORTAGE);
	return inject_short(kr != KERN_SUCCESS);
}

/* Expectations that hold; the run may be told to end after so many. */
void inject_expected(void)
{
	if (!running || ++met != stop_at)
		return;
	longjmp(abandoned, 1);
}

void __wrap__mark_point(const char *file, int line)
{
	if (running)
		inject_expected();
	else
		__real__mark_point(file, line);
}

/* --- Trials ------------------------------------------------------------------------------ */

static jmp_buf *trial;
static char trial_text[200];

bool expectations_hold(void (*function)(void *arg), void *arg)
{
	jmp_buf here, *before = trial;
	volatile bool hold = false;

	trial = &here;
	if (setjmp(here) == 0) {
		function(arg);
		hold = true;
	}
	trial = before;
	return hold;
}

const char *expectation_missed(void)
{
	return trial_text;
}

void __wrap__ck_assert_failed(const char *file, int line, const char *expression,
			      const char *message, ...)
{
	char text[160] = "";
	va_list args;

	va_start(args, message);
	if (message != NULL)
		vsnprintf(text, sizeof(text), message, args);
	va_end(args);
	if (trial != NULL) {
		snprintf(trial_text, sizeof(trial_text), "%s:%d: %s %s", file, line, expression,
			 text);
		longjmp(*trial, 1);
	}
	if (!running)
		__real__ck_assert_failed(file, line, expression, message == NULL ? NULL : "%s",
					 text);
	snprintf(out->text, sizeof(out->text), "%s:%d: %s %s", file, line, expression, text);
	longjmp(abandoned, 1);
}

/* --- Allocations ------------------------------------------------------------------------- */

bool inject_fails_now(void)
{
	return running && !borrowed && slab_fails_now();
}

struct vm_page *__wrap_vm_page_alloc(enum vm_zone zone, unsigned int order)
{
	return inject_fails_now() ? NULL : __real_vm_page_alloc(zone, order);
}

struct vm_page *__wrap_vm_page_alloc_user(void)
{
	return inject_fails_now() ? NULL : __real_vm_page_alloc_user();
}

struct vm_page *__wrap_vm_page_alloc_paging(void)
{
	return inject_fails_now() ? NULL : __real_vm_page_alloc_paging();
}

void __wrap_slab_fail_after(unsigned int n)
{
	if (running && !borrowed)
		borrowed_at = slab_fail_pending();
	borrowed = running && n != 0;
	__real_slab_fail_after(running && n == 0 ? borrowed_at : n);
}

void inject_pause(void)
{
	if (!running || pauses++ != 0)
		return;
	paused_at = slab_fail_pending();
	__real_slab_fail_after(0);
}

void inject_resume(void)
{
	if (running && --pauses == 0)
		__real_slab_fail_after(paused_at);
}

/* The tests' own looks at everything are no work of the kernel's. */
int __wrap_ipc_check_all(void)
{
	int faults;

	if (borrowed)
		return __real_ipc_check_all();
	inject_pause();
	faults = __real_ipc_check_all();
	inject_resume();
	return faults;
}

/* --- The end of a run -------------------------------------------------------------------- */

static bool listening;			/* to the checker */

/* What an abandoned test holds, the checker cannot find: less than recorded is no fault then. */
static bool is_test_held(const char *line)
{
	static const char *const counts[] = { "send rights", "send-once rights", "references",
		"receive rights", "number of ports", "memory of account" };
	const char *numbers = strstr(line, "found ");
	unsigned int found, recorded;

	if (strncmp(line, "ipc check:", 10) != 0)
		return true;		/* the object at fault, shown in full */
	if (numbers == NULL || sscanf(numbers, "found %u, recorded %u", &found, &recorded) != 2)
		return false;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		if (strstr(line, counts[i]) != NULL)
			return found < recorded;
	return false;
}

int __wrap_printf(const char *format, ...)
{
	char line[200];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (!listening) {
		fputs(line, stdout);
	} else if (!is_test_held(line) && !out->wrong) {
		out->wrong = true;
		snprintf(out->text, sizeof(out->text), "%s", line);
	}
	return length;
}

static void judge_state(void)
{
	if (__real_ipc_check_all != NULL) {
		fake_ipc_holders = NULL;	/* it may hold what is no more */
		listening = true;
		__real_ipc_check_all();
		listening = false;
	}
	if (fake_everyone_ends != NULL && !out->complete)
		fake_everyone_ends();
	out->left = (int32_t)(live_now() - live_before);
	out->pages = (int32_t)(pages_now() - pages_before);
}

static SFun setups[8], teardowns[8];	/* of the tests, in the order in which they run */
static unsigned int fixtures;

static void run_all(SFun *function)
{
	for (unsigned int i = 0; i < fixtures; i++)
		if (function[i] != NULL)
			function[i]();
}

/* In the process of the run. */
static _Noreturn void run_here(const TTest *test, int loop, uint32_t fail, uint32_t stop)
{
	unsigned int pending;

	alarm(SECONDS);
	fake_machine_start();
	running = true;
	stop_at = stop;
	inject_begin();
	__real_slab_fail_after(fail != 0 ? fail : MANY);
	if (setjmp(abandoned) == 0) {
		run_all(setups);
		test->fn(loop);
		run_all(teardowns);
		out->complete = true;
	}
	pending = pauses != 0 ? paused_at : borrowed ? borrowed_at : slab_fail_pending();
	__real_slab_fail_after(0);
	out->met = met;
	out->fired = pending == 0;
	out->allocations = MANY - pending;
	/* After a panic locks are held, and all is as it was in the middle of something. */
	if (fake_panic_message[0] == '\0')
		judge_state();
	out->ended = true;
	if (__gcov_dump != NULL)
		__gcov_dump();
	_exit(0);
}

/* fail: which allocation, 0 for none.  stop: after which expectation, 0 for none. */
static struct outcome run(const TTest *test, int loop, uint32_t fail, uint32_t stop)
{
	int status = 0;
	pid_t pid;

	*out = (struct outcome){ .ended = false };
	pid = fork();
	if (pid < 0)
		ck_abort_msg("fork");
	if (pid == 0)
		run_here(test, loop, fail, stop);
	waitpid(pid, &status, 0);
	if (!out->ended)
		ck_abort_msg("allocation %u fails: %s %d", fail,
			     WIFSIGNALED(status) ? "signal" : "status",
			     WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return *out;
}

/* --- All runs of a test ------------------------------------------------------------------ */

static struct record {
	const TTest *test;
	int loop;
} records[RECORDS];
static unsigned int record_count;

/* Of the whole program; its processes share it. */
static struct totals {
	uint32_t tests, injected, failures;
} *totals;

static int32_t larger(int32_t a, int32_t b)
{
	return a > b ? a : b;
}

/* Is more left than when all goes well? */
static void judge_rest(const struct record *r, const struct outcome *o, uint32_t n,
		       const struct outcome *well)
{
	struct outcome at, before = { .left = 0 };
	int32_t left, pages;

	if (o->left <= 0 && o->pages <= 0)
		return;
	at = o->complete ? *well : run(r->test, r->loop, 0, o->met + 1);
	if (!o->complete && o->met != 0)
		before = run(r->test, r->loop, 0, o->met);
	left = larger(at.left, before.left);
	pages = larger(at.pages, before.pages);
	if (o->left > left)
		ck_abort_msg("allocation %u fails: %d objects are left, not %d; %s", n, o->left,
			     left, o->text);
	if (o->left == 0 && o->pages > pages)
		ck_abort_msg("allocation %u fails: %d pages are left, not %d; %s", n, o->pages,
			     pages, o->text);
}

/*
 * How many runs a test gets: all that it has allocations, unless it is long.  Its allocations and
 * expectations measure that, so that the same ones fail every time.
 */
static uint32_t run_count(const struct outcome *well)
{
	uint64_t runs = (all ? 100 : 1) * WORK / (1 + (uint64_t)well->allocations + well->met);

	if (runs < RUNS_MIN)
		runs = RUNS_MIN;
	return runs < well->allocations ? (uint32_t)runs : well->allocations;
}

/* The first half of them one by one, then spread. */
static uint32_t failure(uint32_t i, uint32_t runs, uint32_t allocations)
{
	uint32_t half = runs / 2;

	if (i < half)
		return i + 1;
	return half + (uint32_t)((uint64_t)(i - half + 1) * (allocations - half) / (runs - half));
}

static void inject_test(int number)
{
	const struct record *r = &records[number];
	uint32_t stop = all ? 0 : SHORT;
	struct outcome well = run(r->test, r->loop, 0, stop);
	uint32_t runs = run_count(&well);

	totals->tests++;
	ck_assert_msg(well.complete || well.met == stop, "without a failure: %s", well.text);
	totals->injected += well.allocations != 0;
	for (uint32_t i = 0; i < runs; i++) {
		uint32_t n = failure(i, runs, well.allocations);
		struct outcome o = run(r->test, r->loop, n, stop);

		ck_assert_msg(o.fired, "allocation %u of %u is not made", n, well.allocations);
		ck_assert_msg(!o.wrong, "allocation %u fails: %s", n, o.text);
		judge_rest(r, &o, n, &well);
		totals->failures++;
	}
}

void __wrap_tcase_add_checked_fixture(TCase *tcase, SFun setup, SFun teardown)
{
	if (!injecting) {
		__real_tcase_add_checked_fixture(tcase, setup, teardown);
	} else if (fixtures < 8) {
		setups[fixtures] = setup;
		teardowns[fixtures++] = teardown;
	}
}

void __wrap__tcase_add_test(TCase *tcase, const TTest *test, int signal, int status, int start,
			    int end)
{
	TTest *ours;

	if (!injecting) {
		__real__tcase_add_test(tcase, test, signal, status, start, end);
		return;
	}
	ours = malloc(sizeof(*ours));
	*ours = (TTest){ test->name, inject_test, test->file, test->line };
	__real__tcase_add_test(tcase, ours, 0, 0, (int)record_count,
			       (int)record_count + end - start);
	for (int i = start; i < end && record_count < RECORDS; i++)
		records[record_count++] = (struct record){ test, i };
}

void inject_arguments(int argc, char **argv)
{
	injecting = argc > 1 && strncmp(argv[1], "--inject", 8) == 0;
	all = injecting && strcmp(argv[1], "--inject=all") == 0;
	if (!injecting)
		return;
	out = mmap(NULL, sizeof(*out) + sizeof(*totals), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	totals = (struct totals *)(out + 1);
}

bool inject_summary(const char *name)
{
	fprintf(stdout, "%s: %u allocations have failed in turn, in %u of %u tests\n", name,
		totals->failures, totals->injected, totals->tests);
	return totals->failures != 0;
}
