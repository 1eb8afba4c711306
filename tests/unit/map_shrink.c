/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include <tests/unit/map_runs.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tests/unit/fakes.h>
#include <tests/unit/map_ops.h>

void __gcov_dump(void) __attribute__((weak));	/* tests/coverage */

/* --- In a process of its own ------------------------------------------------------------------ */

#define TRIES 400

static uint32_t *reached;		/* by whoever runs, in shared memory */

static void run_here(void *arg)
{
	sequence_run(arg);
}

static _Noreturn void child(struct sequence *s, bool tell)
{
	bool holds;

	if (!tell && freopen("/dev/null", "w", stderr) == NULL)
		_exit(2);
	story = tell ? stderr : NULL;
	alarm(60);
	fake_machine_start();
	map_machine_start();
	holds = expectations_hold(run_here, s);
	*reached = step;
	if (!holds)
		fprintf(stderr, "\n%s\n", expectation_missed());
	if (__gcov_dump != NULL)
		__gcov_dump();
	_exit(!holds);
}

static bool holds(struct sequence *s, bool tell)
{
	int status;
	pid_t pid;

	fflush(NULL);
	*reached = s->count - 1;
	pid = fork();
	if (pid == 0)
		child(s, tell);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* Leave out `n` steps from `first` on. */
static void leave_out(const struct sequence *s, uint32_t first, uint32_t n, struct sequence *to)
{
	*to = *s;
	to->count -= n;
	memmove(to->seeds + first, to->seeds + first + n,
		(s->count - first - n) * sizeof(to->seeds[0]));
}

/* Leave out what comes behind the failure; what lies idle may show at the end only. */
static void cut_off(struct sequence *s)
{
	static struct sequence prefix;
	uint32_t good = 0, bad = s->count;

	prefix = *s;
	while (bad - good > 1) {
		prefix.count = good + (bad - good) / 2;
		if (holds(&prefix, false))
			good = prefix.count;
		else
			bad = prefix.count;
	}
	s->count = bad;
}

static void shrink(struct sequence *s)
{
	static struct sequence shorter;
	uint32_t tries = 0;

	for (uint32_t n = s->count / 2; n > 0; n = n > 1 ? (n + 1) / 2 : 0) {
		for (uint32_t first = 0; first + n <= s->count && tries < TRIES;) {
			leave_out(s, first, n, &shorter);
			tries++;
			if (holds(&shorter, false))
				first += n;
			else
				*s = shorter;
		}
	}
}

bool sequence_holds(struct sequence *s)
{
	reached = mmap(NULL, sizeof(*reached), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (holds(s, false))
		return true;
	fprintf(stderr, "step %u of %u fails; making it shorter\n", *reached, s->count);
	cut_off(s);
	shrink(s);
	s->checks = 1;
	shrink(s);
	fprintf(stderr, "%u steps (pagers %d, failing %d):\n", s->count, s->pagers, s->fail);
	for (uint32_t i = 0; i < s->count; i++)
		fprintf(stderr, " %#x", s->seeds[i]);
	fprintf(stderr, "\n");
	holds(s, true);
	return false;
}
