/* SPDX-License-Identifier: BSD-2-Clause */
#include <tests/unit/schedule_i.h>

#include <check.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STACK_BYTES 65536u
#define STACKS (2 * SCHEDULE_ACTORS)
#define DEPTH 3000
#define TOUCHED 40
#define OUTCOMES 4096
#define MAIN (-1)

/* --- What steps touch ------------------------------------------------------------------- */

struct touched {
	unsigned int count;		/* over TOUCHED: everything */
	const void *object[TOUCHED];
	uint8_t access[TOUCHED];
};

static bool conflict(uint8_t a, uint8_t b)
{
	return a != b || a >= SCHEDULE_WRITE;
}

/* Can they come the other way round?  Whoever waits for a lock cannot come before its release. */
static bool reversible(uint8_t a, uint8_t b)
{
	return conflict(a, b) && !(a == SCHEDULE_UNLOCK && b == SCHEDULE_LOCK);
}

/* Of one step: what it does to an object in all. */
static uint8_t both(uint8_t a, uint8_t b)
{
	if (a == b)
		return a;
	return a >= SCHEDULE_LOCK && b >= SCHEDULE_LOCK ? SCHEDULE_LOCK : SCHEDULE_WRITE;
}

/* Is there an object on which the test is true? */
static bool meet(const struct touched *a, const struct touched *b,
		 bool (*test)(uint8_t, uint8_t))
{
	if (a->count > TOUCHED || b->count > TOUCHED)
		return true;
	for (unsigned int i = 0; i < a->count; i++)
		for (unsigned int j = 0; j < b->count; j++)
			if (a->object[i] == b->object[j] && test(a->access[i], b->access[j]))
				return true;
	return false;
}

static void touch(struct touched *t, const void *object, enum schedule_access access)
{
	for (unsigned int i = 0; i < t->count && i < TOUCHED; i++) {
		if (t->object[i] == object) {
			t->access[i] = both(t->access[i], (uint8_t)access);
			return;
		}
	}
	if (t->count < TOUCHED) {
		t->object[t->count] = object;
		t->access[t->count] = (uint8_t)access;
	}
	t->count++;
}

/* --- The tree of choices: the path that is being followed ------------------------------------ */

/* Sets of actors are bit masks. */
struct node {
	uint8_t enabled, asleep, done;
	uint8_t wanted;			/* choices that are to be tried */
	int8_t chosen, previous;
	uint16_t preemptions;		/* before this choice */
	uint16_t before[SCHEDULE_ACTORS];	/* steps of each that come before this one's end */
	struct touched touched[SCHEDULE_ACTORS];	/* of the steps of those done or asleep */
};

static struct node path[DEPTH];
static unsigned int path_length;	/* nodes whose choice is given */
static unsigned int depth;		/* where the run is */

/* --- Actors and stacks ---------------------------------------------------------------------- */

enum actor_state { ACTOR_RUNS, ACTOR_WAITS, ACTOR_ENDED };

struct actor_slot {
	enum actor_state state;
	bool ready;			/* somebody let it go on before it waited */
	int stack;			/* that it runs on; -1: it starts with `resume` */
	void (*resume)(void);
	const uint32_t *wanted;		/* a lock */
};

static struct actor_slot actors[SCHEDULE_ACTORS];
static unsigned int actor_count;
static int self = MAIN;
int schedule_watched = MAIN;

static uint8_t stacks[STACKS][STACK_BYTES] __attribute__((aligned(4096)));
static void *stack_pointer[STACKS];
static bool stack_used[STACKS];
static void *main_pointer;
static bool stack_left;			/* by the actor that ran last */
static bool preparing;

void (*schedule_switched)(int actor);

/* --- The search --------------------------------------------------------------------------- */

static struct search {
	const struct race *race;
	bool sequential;
	bool reduced;			/* sleep sets are used: no bound on preemptions */
	unsigned int bound;
	bool verbose;
	bool expected;			/* a failure is what the test wants */
	bool aimless;			/* the rest of the run is another one's, too */
	struct schedule_result *result;
	jmp_buf failed;
} search;

static char outcome[SCHEDULE_TEXT];
static char *outcomes[OUTCOMES];
static unsigned int outcome_count, sequential_count;

int schedule_self(void)
{
	return schedule_watched;
}

static void set_self(int actor)
{
	self = actor;
	schedule_watched = preparing ? MAIN : actor;
}

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

/* --- Failing ---------------------------------------------------------------------------------- */

/* The path as runs of steps of one actor: "0*12 1*3", then the words at which it stops. */
static void print_path(char *text, size_t size)
{
	size_t length = 0;
	unsigned int i = 0, end = depth;

	while (i < end && length + 16 < size) {
		unsigned int start = i;

		while (i < end && path[i].chosen == path[start].chosen)
			i++;
		length += (size_t)snprintf(text + length, size - length, "%d*%u ",
					   path[start].chosen, i - start);
	}
	length += (size_t)snprintf(text + length, size - length, "/");
	watch_print(text + length, size - length);
}

static void tell_failure(const char *format, va_list args)
{
	char *text = search.result->failure;
	size_t size = sizeof(search.result->failure), length;

	set_self(MAIN);
	search.result->failed = true;
	length = (size_t)snprintf(text, size, "%s: ", search.race->name);
	length += (size_t)vsnprintf(text + length, size - length, format, args);
	if (length + 64 < size) {
		length += (size_t)snprintf(text + length, size - length,
					   "\nSCHEDULE='%s: ", search.race->name);
		print_path(text + length, size - length - 2);
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

/* --- Stacks ----------------------------------------------------------------------------------- */

void schedule_switch_stacks(void **save, void *load);
__asm__(".text\n"
	"schedule_switch_stacks:\n"
	"	movl 4(%esp), %eax\n"
	"	movl 8(%esp), %edx\n"
	"	pushl %ebp\n"
	"	pushl %ebx\n"
	"	pushl %esi\n"
	"	pushl %edi\n"
	"	movl %esp, (%eax)\n"
	"	movl %edx, %esp\n"
	"	popl %edi\n"
	"	popl %esi\n"
	"	popl %ebx\n"
	"	popl %ebp\n"
	"	ret\n");

enum schedule_stack schedule_stack_of(const void *p)
{
	uintptr_t offset = (uintptr_t)p - (uintptr_t)stacks;

	if (offset >= sizeof(stacks))
		return STACK_NONE;
	return (int)(offset / STACK_BYTES) == actors[self].stack ? STACK_OWN : STACK_OTHER;
}

static void actor_begin(void)
{
	actors[self].resume();
	schedule_end();
}

/* A stack on which the actor starts. */
static void stack_take(struct actor_slot *actor)
{
	uintptr_t *top;
	int i = 0;

	while (stack_used[i])
		i++;
	stack_used[i] = true;
	actor->stack = i;
	/* As if from a call: four registers, where to go, and nowhere to return. */
	top = (uintptr_t *)(void *)(stacks[i] + STACK_BYTES - 32);
	top[-1] = (uintptr_t)actor_begin;
	memset(&top[-5], 0, 4 * sizeof(*top));
	stack_pointer[i] = &top[-5];
}

/* --- Choosing -------------------------------------------------------------------------------- */

static uint8_t enabled_actors(void)
{
	uint8_t mask = 0;

	for (unsigned int i = 0; i < actor_count; i++)
		if (actors[i].state == ACTOR_RUNS &&
		    (actors[i].wanted == NULL || *actors[i].wanted == 0))
			mask |= (uint8_t)(1u << i);
	return mask;
}

/* May this be chosen at all, by the bound? */
static bool within_bound(const struct node *node, int actor)
{
	bool preempts = node->previous >= 0 && actor != node->previous &&
			(node->enabled & 1u << node->previous);

	return search.reduced || search.sequential || !preempts ||
	       node->preemptions < search.bound;
}

/* The best that is left to be chosen: rather no switch; -1: nobody. */
static int candidate(const struct node *node)
{
	uint8_t left = node->enabled & (uint8_t)~(node->asleep | node->done);

	if (search.reduced && node->done != 0)
		left &= node->wanted;

	if (node->previous >= 0 && (left & 1u << node->previous))
		return node->previous;
	for (int i = 0; i < SCHEDULE_ACTORS; i++)
		if ((left & 1u << i) && within_bound(node, i))
			return i;
	return -1;
}

/* Those whose next step was tried above, and is independent of what happened since. */
static void inherit_sleep(struct node *node, const struct node *above)
{
	uint8_t tried = above->asleep | above->done;

	node->asleep = 0;
	if (!search.reduced)
		return;
	for (int i = 0; i < SCHEDULE_ACTORS; i++) {
		if (i == above->chosen || !(tried & 1u << i))
			continue;
		if (meet(&above->touched[i], &above->touched[above->chosen], conflict))
			continue;
		node->asleep |= (uint8_t)(1u << i);
		node->touched[i] = above->touched[i];
	}
}

static void node_start(struct node *node)
{
	const struct node *above = depth == 0 ? NULL : &path[depth - 1];
	bool preempted;

	node->done = node->asleep = node->wanted = 0;
	node->preemptions = 0;
	node->previous = above == NULL ? -1 : above->chosen;
	if (above == NULL)
		return;
	inherit_sleep(node, above);
	preempted = above->previous >= 0 && above->chosen != above->previous &&
		    (above->enabled & 1u << above->previous);
	node->preemptions = (uint16_t)(above->preemptions + preempted);
}

static void report_deadlock(void)
{
	char text[512];
	size_t length = 0;

	for (unsigned int i = 0; i < actor_count; i++)
		if (actors[i].state == ACTOR_RUNS)
			length += (size_t)snprintf(text + length, sizeof(text) - length,
						   " %u waits for lock %p;", i,
						   (const void *)actors[i].wanted);
	if (length != 0)
		schedule_fail("deadlock:%s", text);
}

static void show_step(const struct node *node, const void *object, const void *pc)
{
	if (search.verbose)
		printf("%4u: %d at %p, object %p\n", depth, node->chosen, pc, object);
}

/* Who makes the next step; -1 when nobody can. */
static int choose(void)
{
	struct node *node = &path[depth];
	uint8_t enabled = enabled_actors();

	if (enabled == 0) {
		report_deadlock();
		return -1;
	}
	if (depth + 1 == DEPTH)
		schedule_fail("more than %d steps: somebody turns in circles", DEPTH);
	if (depth < path_length && !search.aimless) {
		node->enabled = enabled;
		if (!(enabled & 1u << node->chosen))
			schedule_fail("the schedule cannot be followed at step %u", depth);
	} else {
		node_start(node);
		node->enabled = enabled;
		node->chosen = (int8_t)candidate(node);
		if (node->chosen < 0) {	/* all are asleep: run to the end, and learn nothing */
			search.aimless = true;
			node->asleep = 0;
			node->chosen = (int8_t)candidate(node);
		}
		if (!search.aimless)
			path_length = depth + 1;
	}
	node->done |= (uint8_t)(1u << node->chosen);
	node->touched[node->chosen].count = 0;
	depth++;
	return node->chosen;
}

/* --- Running ---------------------------------------------------------------------------------- */

static void switch_to_main(void **save)
{
	set_self(MAIN);
	schedule_switch_stacks(save, main_pointer);
}

static _Noreturn void leave_stack(void)
{
	struct actor_slot *actor = &actors[self];
	void *unused;

	stack_used[actor->stack] = false;
	actor->stack = -1;
	stack_left = true;
	switch_to_main(&unused);
	abort();
}

_Noreturn void schedule_end(void)
{
	actors[self].state = ACTOR_ENDED;
	leave_stack();
}

_Noreturn void schedule_wait(void (*resume)(void))
{
	struct actor_slot *actor = &actors[self];

	actor->resume = resume;
	actor->state = actor->ready ? ACTOR_RUNS : ACTOR_WAITS;
	actor->ready = false;
	leave_stack();
}

void schedule_ready(unsigned int actor)
{
	struct actor_slot *slot = &actors[actor];

	schedule_note(slot, SCHEDULE_WRITE);
	if (schedule_self() >= 0)
		watch_order((unsigned int)self, actor);
	if (slot->state == ACTOR_WAITS)
		slot->state = ACTOR_RUNS;
	else
		slot->ready = true;
}

void schedule_become(unsigned int actor, void (*resume)(void))
{
	struct actor_slot *from = &actors[self], *to = &actors[actor];

	schedule_note(to, SCHEDULE_WRITE);
	watch_order((unsigned int)self, actor);
	to->stack = from->stack;
	to->state = ACTOR_RUNS;
	from->stack = -1;
	from->resume = resume;
	from->state = from->ready ? ACTOR_RUNS : ACTOR_WAITS;
	from->ready = false;
	set_self((int)actor);
	schedule_switched(self);
	schedule_part();
}

void schedule_note(const void *object, enum schedule_access access)
{
	if (schedule_self() >= 0 && object != NULL && depth > 0)
		touch(&path[depth - 1].touched[path[depth - 1].chosen], object, access);
}

/* The next step is somebody's. */
static void stop(const void *object, enum schedule_access access, const void *pc)
{
	int me = self;

	if (choose() != me)
		switch_to_main(&stack_pointer[actors[me].stack]);
	schedule_note(object, access);
	show_step(&path[depth - 1], object, pc);
}

void schedule_point(const void *object, enum schedule_access access)
{
	if (schedule_self() < 0)
		return;
	if (search.sequential)
		schedule_note(object, access);
	else
		stop(object, access, __builtin_return_address(0));
}

void schedule_part(void)
{
	if (schedule_self() >= 0)
		stop(NULL, SCHEDULE_READ, __builtin_return_address(0));
}

void schedule_lock_wanted(const uint32_t *held, const void *pc)
{
	int me = self;

	if (search.sequential && *held == 0) {
		schedule_note(held, SCHEDULE_LOCK);
		return;
	}
	actors[me].wanted = held;
	stop(held, SCHEDULE_LOCK, pc);
	actors[me].wanted = NULL;
}

unsigned int schedule_add(void (*program)(void))
{
	actors[actor_count] = (struct actor_slot){ .stack = -1, .resume = program };
	return actor_count++;
}

static void run_actor(int next)
{
	struct actor_slot *actor = &actors[next];

	set_self(next);
	if (actor->stack < 0) {
		stack_take(actor);
		schedule_note(actor, SCHEDULE_WRITE);	/* after whoever has let it go on */
	}
	stack_left = false;
	schedule_switched(self);
	schedule_switch_stacks(&main_pointer, stack_pointer[actor->stack]);
}

void schedule_prepare(unsigned int actor)
{
	preparing = true;
	run_actor((int)actor);
	preparing = false;
	schedule_switched(MAIN);
	if (!stack_left || actors[actor].state != ACTOR_WAITS)
		schedule_fail("actor %u does not wait as it should", actor);
}

void schedule_drain(void)
{
	preparing = true;
	for (unsigned int i = 0; i < actor_count; i++)
		if (actors[i].state == ACTOR_RUNS) {
			run_actor((int)i);
			i = (unsigned int)-1;
		}
	preparing = false;
	schedule_switched(MAIN);
}

/* The main stack's part: whoever was chosen runs until somebody else is. */
static void run_actors(void)
{
	int next = choose();

	while (next >= 0) {
		run_actor(next);
		/* It has left, or stopped for another one, who is chosen already. */
		next = stack_left ? choose() : path[depth - 1].chosen;
	}
	schedule_switched(MAIN);
}

/* --- What else is to be tried ------------------------------------------------------------- */

static const struct touched *step_touched(unsigned int step)
{
	return &path[step].touched[path[step].chosen];
}

static bool comes_before(unsigned int a, const uint16_t *before)
{
	return before[path[a].chosen] > a;
}

/* Step `later` is to come before `earlier`: try somebody there who leads to it. */
static void want_reversal(unsigned int earlier, unsigned int later)
{
	struct node *node = &path[earlier];
	uint8_t leads = 0;

	if (node->enabled & 1u << path[later].chosen)
		leads = (uint8_t)(1u << path[later].chosen);
	for (unsigned int i = earlier + 1; i < later && leads == 0; i++)
		if ((node->enabled & 1u << path[i].chosen) && path[i].chosen != node->chosen &&
		    comes_before(i, path[later].before))
			leads = (uint8_t)(1u << path[i].chosen);
	node->wanted |= leads != 0 ? leads : node->enabled;
}

/*
 * Look for pairs of dependent steps of two actors, such that nothing before the later one's actor
 * gets there needs the earlier one.  All of the run's steps are ordered by what they touch.
 */
static void find_reversals(void)
{
	static uint16_t last[SCHEDULE_ACTORS][SCHEDULE_ACTORS];

	memset(last, 0, sizeof(last));
	for (unsigned int j = 0; j < depth; j++) {
		uint16_t *before = path[j].before, *previous = last[path[j].chosen];

		memcpy(before, previous, sizeof(path[j].before));
		for (unsigned int i = j; i-- > 0;) {
			if (path[i].chosen == path[j].chosen ||
			    !meet(step_touched(i), step_touched(j), conflict))
				continue;
			for (int a = 0; a < SCHEDULE_ACTORS; a++)
				if (before[a] < path[i].before[a])
					before[a] = path[i].before[a];
		}
		before[path[j].chosen] = (uint16_t)(j + 1);
		for (unsigned int i = 0; i < j && i < path_length; i++)
			if (path[i].chosen != path[j].chosen && !comes_before(i, previous) &&
			    meet(step_touched(i), step_touched(j), reversible))
				want_reversal(i, j);
		memcpy(previous, before, sizeof(path[j].before));
	}
}

/* One schedule, as far as the path is given and then by itself. */
static void run_once(void)
{
	actor_count = 0;
	depth = 0;
	preparing = false;
	set_self(MAIN);
	search.aimless = false;
	memset(stack_used, 0, sizeof(stack_used));
	outcome[0] = '\0';
	watch_start_run();
	search.race->start();
	run_actors();
	for (unsigned int i = 0; i < actor_count; i++)
		if (actors[i].state == ACTOR_WAITS)
			schedule_say("[%u waits] ", i);
	search.race->finish();
}

/* Go on to the next path; false when there is none. */
static bool next_path(void)
{
	while (path_length > 0) {
		struct node *node = &path[path_length - 1];
		int next = candidate(node);

		if (next >= 0) {
			node->chosen = (int8_t)next;
			return true;
		}
		path_length--;
	}
	return false;
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
	path_length = 0;
	for (;;) {
		if (search.result->schedules + search.result->repeated == limit)
			return false;
		run_once();
		if (search.reduced)
			find_reversals();
		if (search.aimless)
			search.result->repeated++;
		else
			search.result->schedules++;
		judge_outcome();
		if (watch_found_more()) {
			path_length = 0;
			search.result->schedules = search.result->repeated = 0;
			continue;
		}
		if (!next_path())
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
	char *end;

	if (strncmp(text, search.race->name, length) != 0 || text[length] != ':')
		return false;
	text += length + 1;
	path_length = 0;
	for (;; text = end) {
		long chosen = strtol(text, &end, 10), times;

		if (end == text)
			break;
		times = strtol(end + 1, &end, 10);
		while (times-- > 0 && path_length < DEPTH)
			path[path_length++] = (struct node){ .chosen = (int8_t)chosen };
	}
	while (*text == ' ' || *text == '/')
		text++;
	watch_parse(text);
	setvbuf(stdout, NULL, _IONBF, 0);
	search.verbose = true;
	run_once();
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

		print_path(text, sizeof(text));
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

void schedule_test(const struct race *race)
{
	static struct schedule_result result;

	schedule_run(race, false, &result);
	if (result.failed)
		ck_abort_msg("%s", race->name);
	printf("%-32s %7u schedules (+%u)%s, %u outcomes (%u sequential), %u shared words\n", race->name,
	       result.schedules, result.repeated, result.complete ? "" : ", not all", result.outcomes,
	       result.sequential, result.words);
	fflush(stdout);
}
