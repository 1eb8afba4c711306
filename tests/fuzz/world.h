/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The world in which the fuzzer's operations take place: three tasks with two threads each, that
 * already know some ports of each other's.
 */
#ifndef TESTS_FUZZ_WORLD_H
#define TESTS_FUZZ_WORLD_H

#include <tests/fuzz/fuzz.h>

#define WORLD_TASKS 3
#define WORLD_ACTORS 6			/* number i belongs to task i % 3 */
#define WORLD_PAGE 4096u

extern struct task *world_task[WORLD_TASKS];
extern struct actor *world_actor[WORLD_ACTORS];
extern uint8_t *world_page[WORLD_ACTORS];	/* memory of the actor's; behind it is none */

void world_start(void);			/* once */
void world_begin(void);

/* By the kernel's checker. */
void world_check(void);

/* All calls are ended and all tasks; nothing is left. */
void world_end(void);

/* A task's end, as far as it concerns its threads' calls and its space. */
void world_kill(unsigned int task);

/* An actor that is in a call is got out of it. */
void world_interrupt(struct actor *actor);

static inline struct ipc_space *world_space(unsigned int actor)
{
	return world_task[actor % WORLD_TASKS]->space;
}

/* A name of the space's by a code: most are names in use. */
mach_port_name_t world_name(struct ipc_space *space, uint8_t code);

/* The same, but most are of ports with messages, if there are any. */
mach_port_name_t world_source(struct ipc_space *space, uint8_t code);

#endif /* TESTS_FUZZ_WORLD_H */
