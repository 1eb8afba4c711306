/* SPDX-License-Identifier: BSD-2-Clause */
#include <tests/unit/race_i.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Many races are told by their sums only. */
#define FEW 60

static bool many;
static uint32_t *schedules, *incomplete;	/* shared with the children */

/* In the child; true when all is well. */
static bool run(const struct race *race)
{
	static struct schedule_result r;

	schedule_run(race, false, &r);
	*schedules += r.schedules;
	*incomplete += !r.complete;
	if (!many || !r.complete)
		printf("%-28s %7u schedules%s, %u outcomes (%u sequential), %u shared words\n",
		       race->name, r.schedules, r.complete ? "" : ", not all", r.outcomes,
		       r.sequential, r.words);
	return !r.failed;
}

/* Killed by a signal is a failure, too. */
static bool run_apart(const struct race *race)
{
	int status = 0;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		bool well = run(race);

		fflush(stdout);
		_exit(well ? 0 : 1);
	}
	return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

int race_main(int argc, char **argv, const struct race *races, unsigned int count)
{
	const char *only = argc > 1 ? argv[1] : NULL;
	unsigned int ran = 0, failed = 0;

	schedules = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (schedules == MAP_FAILED)
		return 1;
	incomplete = schedules + 1;
	many = count > FEW && only == NULL;
	schedule_switched = race_switched;
	for (unsigned int i = 0; i < count; i++) {
		if (only != NULL && strcmp(only, races[i].name) != 0)
			continue;
		ran++;
		if (run_apart(&races[i]))
			continue;
		printf("%s:%u:F:%s\n", argv[0], i, races[i].name);
		failed++;
	}
	printf("%u races, %u schedules; %u races not in all schedules\n", ran, *schedules,
	       *incomplete);
	printf("%u%%: Checks: %u, Failures: %u, Errors: 0\n",
	       ran == 0 ? 0 : (ran - failed) * 100 / ran, ran, failed);
	return failed != 0;
}
