/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The search through the schedules of a race, and the judgement of their outcomes.
 */
#include <tests/unit/schedule_i.h>

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTCOMES 4096

struct search search;

static char outcome[SCHEDULE_TEXT];
static char *outcomes[OUTCOMES];
static unsigned int outcome_count, sequential_count;

const struct race *schedule_race(void)
{
	return search.race;
}

bool schedule_is_sequential(void)
{
	return search.sequential;
}

void schedule_say(const char *format, ...)
{
	size_t length = strlen(outcome);
	va_list args;

	va_start(args, format);
	vsnprintf(outcome + length, sizeof(outcome) - length, format, args);
	va_end(args);
}

void schedule_say_nothing(void)
{
	outcome[0] = '\0';
}

/* --- Failing ---------------------------------------------------------------------------------- */

static void tell_failure(const char *format, va_list args)
{
	char *text = search.result->failure;
	size_t size = sizeof(search.result->failure), length;

	schedule_abandon();
	search.result->failed = true;
	length = (size_t)snprintf(text, size, "%s: ", search.race->name);
	length += (size_t)vsnprintf(text + length, size - length, format, args);
	if (length + 64 < size) {
		length += (size_t)snprintf(text + length, size - length,
					   "\nSCHEDULE='%s: ", search.race->name);
		path_print(text + length, size - length - 2);
		strcat(text, "'");
	}
	if (!search.expected) {
		printf("%s\n", text);
		fflush(stdout);
	}
}

_Noreturn void schedule_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (search.result == NULL) {
		vprintf(format, args);
		abort();
	}
	tell_failure(format, args);
	va_end(args);
	longjmp(search.failed, 1);
}

/* --- Outcomes --------------------------------------------------------------------------------- */

/* Its number; a new one is remembered. */
static unsigned int outcome_number(void)
{
	unsigned int i;

	for (i = 0; i < outcome_count; i++)
		if (strcmp(outcomes[i], outcome) == 0)
			return i;
	if (outcome_count == OUTCOMES)
		schedule_fail("more than %d outcomes", OUTCOMES);
	outcomes[outcome_count] = strdup(outcome);
	return outcome_count++;
}

static void judge_outcome(void)
{
	unsigned int i = outcome_number();

	if (search.race->never != NULL && strstr(outcome, search.race->never) != NULL)
		schedule_fail("an outcome has \"%s\" in it\n%s", search.race->never, outcome);
	if (search.sequential || i < sequential_count)
		return;
	if (i + 1 < outcome_count)
		return;		/* was allowed before */
	if (search.race->allowed != NULL && search.race->allowed(outcome))
		return;
	if (!search.expected)
		for (unsigned int j = 0; j < sequential_count; j++)
			printf("sequential outcome %u: %s\n", j, outcomes[j]);
	schedule_fail("no sequential order has the outcome\n%s", outcome);
}

static void forget_outcomes(void)
{
	for (unsigned int i = 0; i < outcome_count; i++)
		free(outcomes[i]);
	outcome_count = sequential_count = 0;
}

/* --- Searching -------------------------------------------------------------------------------- */

/* Every path below the given one, at most `limit`.  False: stopped before the end. */
static bool search_all(uint32_t limit)
{
	path_restart();
	for (;;) {
		if (search.result->schedules + search.result->repeated == limit)
			return false;
		schedule_run_once();
		if (search.reduced)
			path_find_reversals();
		if (search.aimless)
			search.result->repeated++;
		else
			search.result->schedules++;
		judge_outcome();
		if (watch_found_more()) {
			path_restart();
			search.result->schedules = search.result->repeated = 0;
			continue;
		}
		if (!path_next())
			return true;
	}
}

static void search_sequential(void)
{
	search.sequential = search.reduced = true;
	search_all(UINT32_MAX);
	search.sequential = false;
	sequential_count = outcome_count;
	search.result->sequential = sequential_count;
	search.result->schedules = search.result->repeated = 0;
	if (search.race->sequential_outcomes != 0 &&
	    search.race->sequential_outcomes != sequential_count)
		schedule_fail("%u sequential outcomes, not %u", sequential_count,
			      search.race->sequential_outcomes);
}

/* SCHEDULE: run one only, and show it. */
static bool replay(const char *text)
{
	size_t length = strlen(search.race->name);

	if (strncmp(text, search.race->name, length) != 0 || text[length] != ':')
		return false;
	path_parse(text + length + 1);
	setvbuf(stdout, NULL, _IONBF, 0);
	search.verbose = true;
	schedule_run_once();
	printf("outcome: %s\n", outcome);
	judge_outcome();
	return true;
}

static uint32_t limit_of(bool full)
{
	const char *limit = getenv("SCHEDULE_LIMIT");
	uint32_t own = full ? search.race->full_limit : search.race->limit;

	if (limit != NULL)
		return (uint32_t)strtoul(limit, NULL, 10);
	return own != 0 ? own : UINT32_MAX;
}

static void search_race(void)
{
	bool full = getenv("SCHEDULE_FULL") != NULL;
	const char *one = getenv("SCHEDULE");

	watch_start_search();
	search_sequential();
	if (one != NULL && replay(one))
		return;
	search.reduced = full || search.race->preemptions == 0;
	search.bound = search.race->preemptions;
	search.result->complete = search_all(limit_of(full));
	search.result->words = watch_words();
	search.result->outcomes = outcome_count;
}

/* A fault of the kernel's: tell the schedule, and end as it was meant to. */
static void on_signal(int number)
{
	signal(number, SIG_DFL);
	if (search.result != NULL) {
		char text[2048];

		path_print(text, sizeof(text));
		printf("signal %d\nSCHEDULE='%s: %s'\n", number, search.race->name, text);
		fflush(stdout);
	}
	raise(number);
}

static void catch_faults(void)
{
	static uint8_t stack[32768];
	const stack_t where = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK | SA_NODEFER };

	sigaltstack(&where, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGABRT, &action, NULL);
}

void schedule_run(const struct race *race, bool expected, struct schedule_result *result)
{
	memset(result, 0, sizeof(*result));
	memset(&search, 0, sizeof(search));
	search.race = race;
	search.expected = expected;
	search.result = result;
	catch_faults();
	if (setjmp(search.failed) == 0)
		search_race();
	forget_outcomes();
	search.result = NULL;
}
