/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Storms: programs that do to the kernel whatever comes to mind, again and again the same for
 * the same seed.
 *
 * A storm runs in a child task with a copy of our memory.  It has some workers, which make calls
 * at random, and a keeper, which gets workers out of their waits and replaces those that ended; a
 * worker that faults is sent back to its beginning by the catcher.  The child may end in any way
 * and at any time.  What counts is that the kernel lives, answers the parent, and gets all back.
 */
#ifndef _STORM_H_
#define _STORM_H_

#include <mach/mach_types.h>
#include <mach/message.h>

#define WORKERS		4
#define BUFFER_WORDS	2048
#define RECENT		16

/* What a worker's next step may be: how often, of 16. */
struct mix {
	unsigned char	messages, traps, calls, threads, memory, state, code;
};

struct storm {
	uint32_t	seed;
	unsigned int	rounds;		/* steps of all workers together, then the task ends */
	boolean_t	linger;		/* it does not: somebody else must end it */
	struct mix	mix;
};

struct worker_state {
	uint32_t		random;
	mach_port_t		thread;
	mach_port_t		reply;
	volatile unsigned int	steps;
	mach_port_name_t	recent[RECENT];		/* names that came in messages */
	unsigned int		newest;
	mach_msg_header_t	*message;		/* BUFFER_WORDS words, then a hole */
};

/* --- chance ----------------------------------------------------------------------------------- */

static inline uint32_t random_word(struct worker_state *self)
{
	uint32_t x = self->random;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return self->random = x;
}

static inline uint32_t random_below(struct worker_state *self, uint32_t n)
{
	return (random_word(self) >> 8) % n;
}

/* True once in n times. */
static inline boolean_t once_in(struct worker_state *self, uint32_t n)
{
	return random_below(self, n) == 0;
}

/* A name that probably means something; one that need not; an address; any argument of a call. */
mach_port_name_t random_name(struct worker_state *self);
mach_port_name_t random_odd_name(struct worker_state *self);
uintptr_t random_address(struct worker_state *self);
uint32_t random_argument(struct worker_state *self);

/* --- the child -------------------------------------------------------------------------------- */

/* Names in the child, chosen so that everybody knows them.  The first are the parent's gift. */
#define NAME_SINK	0x100	/* a send right for the parent's port */
#define NAME_HOST_PRIV	0x101	/* only in a sweep, as the next four */
#define NAME_DEVICE	0x102
#define NAME_PROCESSOR	0x103
#define NAME_PSET	0x104
#define NAME_PSET_NAME	0x105
#define NAME_HOST	0x106
#define NAME_PORT	0x110	/* ports, with receive and send rights */
#define NAME_SET	0x120
#define NAME_DEAD	0x124
#define PORTS		12
#define SETS		3

/* Memory at a fixed address that is there for being read, written, sent, protected and lost. */
#define ARENA		0x10000000u
#define ARENA_SIZE	0x40000u

/* Makes what is there of these in the calling task; what exists already stays. */
void renew_port(unsigned int index);
void make_ports(void);
void make_arena(void);

extern struct worker_state workers[WORKERS + 1];	/* the last one: in the victim */
extern mach_port_t victim_task, victim_thread;

/*
 * A task to be tormented, made again if it has gone.  In a storm it has a worker too, and shares
 * half of the arena; in a sweep its thread never runs.
 */
void renew_victim(void);

/* What has been done, in a page that children share with the parent. */
struct tally {
	volatile unsigned int	steps, faults, begun, ended;
	volatile unsigned int	at;	/* in a sweep: the id, or the call, and what of it */
};
extern struct tally *tally;

/* The body of a storm: the first function of the child task.  Takes a struct storm. */
void storm_child(void *argument);

/* The body of a sweep: every id to every kind of port, and every call with a word changed. */
void sweep_child(void *argument);
void change_child(void *argument);

/* Takes all memory that it gets, or so many of what it wants.  Takes a struct hunger. */
struct hunger {
	enum { HUNGRY_FOR_MESSAGES, HUNGRY_FOR_PORTS, HUNGRY_FOR_TASKS, HUNGRY_FOR_PAGES } kind;
	unsigned int	most;
};
void hungry_child(void *argument);

/* --- steps ------------------------------------------------------------------------------------ */

void step_message(struct worker_state *self);
void step_trap(struct worker_state *self);
void step_call(struct worker_state *self);
void step_thread(struct worker_state *self);
void step_memory(struct worker_state *self);
void step_state(struct worker_state *self);
void step_code(struct worker_state *self);

/* Remember the names in a message that has come; destroy what it brought, mostly. */
void digest_message(struct worker_state *self, mach_msg_header_t *message);

/* --- calls (calls.c, entry.S) ----------------------------------------------------------------- */

#define ARGUMENTS	12

/* A trap with any number and arguments, by either instruction. */
uint32_t storm_trap(int number, const uint32_t arguments[ARGUMENTS], boolean_t sysenter);

/* The client stubs of the library, all of them; each takes ARGUMENTS words, more than it wants. */
typedef kern_return_t (*stub_t)(uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t,
	uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t);
extern const stub_t storm_stubs[];
extern const uint32_t storm_stub_count;

kern_return_t call_stub(unsigned int index, const uint32_t arguments[ARGUMENTS]);

/* Would this request end the machine or the test? */
boolean_t is_forbidden(const mach_msg_header_t *request);

/* What becomes of a worker's call of mach_msg: changed now and then, with a time limit. */
mach_msg_return_t change_call(struct worker_state *self, mach_msg_header_t *message,
	mach_msg_option_t option, mach_msg_size_t send_size, mach_msg_size_t rcv_size,
	mach_port_t rcv_name);

/* Have the library's mach_msg call a function of ours, in this task. */
typedef mach_msg_return_t (*message_hook_t)(mach_msg_header_t *, mach_msg_option_t,
	mach_msg_size_t, mach_msg_size_t, mach_port_t, mach_msg_timeout_t, mach_port_t);
void hook_messages(message_hook_t hook);

#endif
