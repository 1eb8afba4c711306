/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The arena: a task whose threads do all that threads can do to each other, at random.  They stop,
 * abort, end each other and send each other back to the beginning, in the middle of messages, page
 * faults, exceptions and waits.  A keeper outside replaces those that have ended.
 */
#ifndef _ARENA_H_
#define _ARENA_H_

#include <mach/mach_types.h>

#define FIGHTERS	8
#define SERVERS		2		/* of them: the first */

/* Names in the arena, far from those that are chosen by the kernel. */
#define NAME_FIGHTER	0x10000		/* and its number */
#define NAME_SERVICE	0x10100		/* calls */
#define NAME_BREAKS	0x10101		/* exceptions */
#define NAME_SERVED	0x10102		/* a set of both */
#define NAME_FULL	0x10103		/* nothing goes in */
#define NAME_QUIET	0x10104		/* nothing comes out; also a pager that never answers */

struct fighter {
	uint32_t		random;
	mach_port_t		reply;
	uintptr_t		stack;		/* where it begins */
	volatile unsigned int	steps;
};

/* What must not happen. */
enum wrong {
	WRONG_REQUEST, WRONG_REPLY, WRONG_RESULT, WRONG_GIVEN_BACK, WRONG_MEMORY, WRONGS
};

/* Shared by the arena and who keeps it. */
struct arena {
	volatile boolean_t	open;		/* the names are there */
	vm_address_t		paged;		/* who touches it waits */
	unsigned int		word;		/* gsync */
	struct fighter		fighters[FIGHTERS];
	volatile unsigned int	wrong[WRONGS], what[WRONGS];
	volatile unsigned int	calls, breaks, given_back;
};

extern struct arena *arena;

static inline uint32_t chance(struct fighter *self, uint32_t below)
{
	uint32_t x = self->random;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	self->random = x;
	return (x >> 8) % below;
}

/* The arena's first thread: makes the names, then waits for ever. */
void arena_open(void *unused);

/* A fighter's registers at its beginning. */
void fighter_begin(unsigned int index, struct i386_thread_state *state);

/* One test: batches of fights, each in a task of its own, after which all is as before. */
void test_arena(void);

#endif
