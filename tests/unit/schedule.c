/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Actors on their stacks: who runs, who waits, and where they stop.
 */
#include <tests/unit/schedule_i.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STACK_BYTES 65536u
#define STACKS (2 * SCHEDULE_ACTORS)
#define MAIN (-1)

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

int schedule_self(void)
{
	return schedule_watched;
}

static void set_self(int actor)
{
	self = actor;
	schedule_watched = preparing ? MAIN : actor;
}

void schedule_abandon(void)
{
	set_self(MAIN);
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

/* --- Choosing - */

static uint8_t enabled_actors(void)
{
	uint8_t mask = 0;

	for (unsigned int i = 0; i < actor_count; i++)
		if (actors[i].state == ACTOR_RUNS &&
		    (actors[i].wanted == NULL || *actors[i].wanted == 0))
			mask |= (uint8_t)(1u << i);
	return mask;
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

/* Who makes the next step; -1 when nobody can. */
static int choose(void)
{
	uint8_t enabled = enabled_actors();

	if (enabled == 0) {
		report_deadlock();
		return -1;
	}
	return path_choose(enabled);
}

static void show_step(const void *object, const void *pc)
{
	if (search.verbose)
		printf("%4u: %d at %p, object %p\n", path_depth(), path_chosen(), pc, object);
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
	if (schedule_self() >= 0 && object != NULL)
		path_touch(object, access);
}

/* The next step is somebody's. */
static void stop(const void *object, enum schedule_access access, const void *pc)
{
	int me = self;

	if (choose() != me)
		switch_to_main(&stack_pointer[actors[me].stack]);
	schedule_note(object, access);
	show_step(object, pc);
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
		next = stack_left ? choose() : path_chosen();
	}
	schedule_switched(MAIN);
}

void schedule_run_once(void)
{
	actor_count = 0;
	path_start_run();
	preparing = false;
	set_self(MAIN);
	memset(stack_used, 0, sizeof(stack_used));
	schedule_say_nothing();
	watch_start_run();
	search.race->start();
	run_actors();
	for (unsigned int i = 0; i < actor_count; i++)
		if (actors[i].state == ACTOR_WAITS)
			schedule_say("[%u waits] ", i);
	search.race->finish();
}
