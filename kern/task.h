/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tasks: an address space, a port name space, threads, and what children inherit.
 *
 * References: a task holds one on itself until it is terminated; each thread holds
 * one; everyone who keeps a pointer holds one.
 */
#ifndef KERN_TASK_H
#define KERN_TASK_H

#include <stdbool.h>
#include <stdint.h>

#include <kern/lock.h>
#include <kern/queue.h>
#include <mach/kern_return.h>
#include <mach/message.h>

struct estate;
struct io_bitmap;
struct ipc_port;
struct ipc_space;
struct thread;
struct vm_map;

#define TASK_NAME_SIZE 32
#define TASK_PORT_REGISTER_MAX 4

struct task {
	struct spin_lock lock;		/* LOCK_TASK, guards what follows */
	uint32_t ref_count;
	bool active;
	bool essential;
	struct vm_map *map;		/* a reference; constant until the last release */
	struct ipc_space *space;	/* a reference; constant until the last release */
	struct estate *estate;		/* who pays for it; a reference, constant; or NULL */
	struct io_bitmap *io;		/* I/O ports that it may use (i386/io_bitmap.h), or NULL */
	struct queue threads;		/* by thread.task_link */
	uint32_t thread_count;
	uint32_t suspend_count;		/* task_suspend's; its threads run at 0 */
	int32_t priority, max_priority;

	struct ipc_port *self_port;	/* the kernel's port for this task; NULL when dead */
	struct ipc_port *self_special;	/* TASK_KERNEL_PORT: send right */
	struct ipc_port *exception_port;/* send rights, each may be NULL */
	struct ipc_port *bootstrap_port;
	struct ipc_port *registered[TASK_PORT_REGISTER_MAX];

	uint64_t created_ns;
	uint64_t dead_user_ns, dead_system_ns;	/* of threads that have ended */
	uint32_t faults, zero_fills, reactivations, pageins, cow_faults;
	uint32_t messages_sent, messages_received;
	struct pc_samples *samples;	/* kern/pc_sample.h, or NULL */
	security_token_t security_token;/* told to receivers (ipc/trailer.h) */
	uint32_t id;			/* unique, from 1; 0 for the kernel's task */

	struct queue_link all_link;	/* in all_tasks; LOCK_HOST */
	char name[TASK_NAME_SIZE];
};

extern struct task *kernel_task;
extern struct queue all_tasks;
extern struct spin_lock all_tasks_lock;	/* LOCK_HOST; also all_threads */

void task_init(void);			/* caches and the kernel task */

/*
 * Create a task: space, map (inherited from the parent's or empty), ports inherited.
 *
 * Owns:     returns a reference in *childp, besides the task's own.
 * Returns:  KERN_SUCCESS; KERN_RESOURCE_SHORTAGE; KERN_INVALID_TASK when the parent is ending.
 */
kern_return_t task_create_internal(struct task *parent, bool inherit, struct task **childp);

void task_reference(struct task *task);
void task_release(struct task *task);	/* consumes */

/*
 * End a task: its threads, space and map.  Of the current task: the calling
 * thread ends at the user boundary.
 */
kern_return_t task_terminate(struct task *task);

/* The last thread of an inactive task has ended: everything that the task has goes. */
void task_finish(struct task *task);

/* Give the task a name, cut to what fits. */
void task_name_set(struct task *task, const char *name);

/* From now on, when the last task has ended, so does the system. */
void task_watch_last(void);

/* Count a message; the task's threads may do so at once. */
static inline void task_count(uint32_t *messages)
{
	__atomic_fetch_add(messages, 1, __ATOMIC_RELAXED);
}

/* The task of the current thread. */
#include <kern/thread.h>
static inline struct task *current_task(void)
{
	return current_thread()->task;
}

#endif /* KERN_TASK_H */
