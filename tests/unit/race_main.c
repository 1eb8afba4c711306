/* SPDX-License-Identifier: BSD-2-Clause */
#include <tests/unit/race_i.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child; true when all is well. */
static bool run(const struct race *race)
{
	static struct schedule_result r;

	schedule_run(race, false, &r);
	printf("%-40s %7u schedules%s, %u outcomes (%u sequential), %u shared words\n", race->name,
	       r.schedules, r.complete ? "" : ", not all", r.outcomes, r.sequential, r.words);
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
	printf("%u%%: Checks: %u, Failures: %u, Errors: 0\n",
	       ran == 0 ? 0 : (ran - failed) * 100 / ran, ran, failed);
	return failed != 0;
}
