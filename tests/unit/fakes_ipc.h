/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of ipc/ have instead of scheduler, maps and kernel objects.
 *
 * Threads: an actor is a thread that calls mach_msg.  It runs until the call returns or waits;
 * those that others wake run at once, one after the other.  Nothing is concurrent.
 *
 * User memory: a few pages that maps own, and all other memory of the process, which every task
 * may use.  A page of another map, or of none, faults.  Copies of memory are counted.
 *
 * Kernel ports answer each request with its id plus 100 and no body.
 */
#ifndef TESTS_UNIT_FAKES_IPC_H
#define TESTS_UNIT_FAKES_IPC_H

#include <tests/unit/fakes.h>

#include <ipc/ipc_types.h>
#include <ipc/kmsg.h>
#include <ipc/port.h>
#include <ipc/space.h>
#include <kern/task.h>
#include <kern/thread.h>

struct ipc_check;

/* In front of everything else: ipc_bootstrap, the current thread ready for use. */
void fake_ipc_start(void);

/* --- Tasks and threads ------------------------------------------------------------------- */

/* A task with an empty space and map. */
struct task *fake_ipc_task(void);

/* Destroy its space and map, and the task. */
void fake_ipc_task_end(struct task *task);

/* A name for a send right in hand, which is used up even if there is none. */
mach_port_name_t fake_insert_send(struct task *task, struct ipc_port *right);

struct actor {
	struct thread thread;		/* first */
	bool done;			/* the call has returned */
	mach_msg_return_t result;
	bool timeout_set;
	uint32_t timeout;		/* of the wait, milliseconds */
};

struct actor *actor_create(struct task *task);

/* It is not in a call. */
void actor_end(struct actor *actor);

/* Begin a call, and run whoever can run.  Afterwards it is done, or waits. */
void actor_mach_msg(struct actor *actor, void *msg, mach_msg_option_t option,
		    mach_msg_size_t send_size, mach_msg_size_t rcv_size,
		    mach_port_name_t rcv_name, mach_msg_timeout_t timeout,
		    mach_port_name_t notify);

/* End its wait; false when it was over already.  It runs at actors_run. */
bool actor_wake(struct actor *actor, enum wait_result result);

/* Run all that can run, until everyone is done or waits. */
void actors_run(void);

/* How often the fast path has been taken. */
extern uint32_t fake_hand_overs;

/* How often the kernel has been called straight. */
extern uint32_t fake_continuations;

/* --- User memory ------------------------------------------------------------------------- */

/* Pages for a map, readable and writable by its task only. */
void *fake_user_alloc(struct vm_map *map, size_t size);
void fake_user_free(struct vm_map *map, void *p, size_t size);
bool fake_user_owns(const struct vm_map *map, const void *p);

/* Copies (struct vm_map_copy) that exist, and pages that maps own. */
extern unsigned int fake_copies, fake_user_pages;

/* How often memory was given to maps by the kernel, since the test set it to 0. */
extern unsigned int fake_user_copies_out;

/* No map has room for more while this is set. */
extern bool fake_user_full;

/* Nothing can be written while this is set. */
extern bool fake_user_read_only;

/* No memory but the maps' own pages may be used, as for addresses that anybody has made up. */
extern bool fake_user_strict;

/* --- Counting ---------------------------------------------------------------------------- */

/* The checker asks this for rights that the test holds; NULL: none. */
extern void (*fake_ipc_holders)(struct ipc_check *check);

/* All objects of slab caches, kernel buffers, copies and user pages together. */
uint32_t fake_ipc_live(void);

#endif /* TESTS_UNIT_FAKES_IPC_H */
