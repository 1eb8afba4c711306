/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads: what runs.
 *
 * References.  A thread holds one on itself until it has terminated; its
 * task's list of threads borrows it, its kernel port's kobject pointer holds none (the
 * port is cleared first).  Everyone else who keeps a pointer holds one.
 *
 * Waiting.  A thread declares that it will wait (thread_will_wait), makes
 * itself findable (a queue, a timer), and blocks.  Who ends the wait claims it
 * (thread_claim): exactly one claimer wins, however many try.  The result says who.
 *
 * Stopping.  Suspension and termination take effect at the boundary to user
 * mode (AST_HALT); a wait that is interruptible is ended with
 * WAIT_INTERRUPTED for termination and abort, not for suspension.
 */
#ifndef KERN_THREAD_H
#define KERN_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include <kern/lock.h>
#include <kern/machine.h>
#include <kern/percpu.h>
#include <kern/queue.h>
#include <kern/timer.h>
#include <mach/kern_return.h>
#include <mach/message.h>
#include <mach/port.h>

struct ipc_port;
struct ipc_kmsg;
struct ipc_mqueue;
struct ipc_object;
struct run_queue;
struct task;

#define THREAD_NAME_SIZE 32
#define SUSPEND_COUNT_MAX INT32_MAX	/* of threads and tasks: as programs see it */

enum thread_flags {
	TH_RUN = 1,		/* running or on the run queue */
	TH_WAIT = 2,		/* waits; claimed by whoever clears it */
	TH_UNINT = 4,		/* the wait cannot be interrupted */
	TH_IDLE = 8,		/* an idle thread */
	TH_STOPPED = 16,	/* parked at the user boundary: suspended */
	TH_TERMINATED = 32,	/* will not run again */
	TH_HANDOFF = 64,	/* claimed, to be run by thread_block_to */
	TH_ABORTED = 128,	/* a wait was ended by thread_abort or termination */
	TH_NO_STACK = 256,	/* runnable, waits for a kernel stack (kern/kstack.h) */
};

enum wait_result {
	WAIT_AWAKENED,
	WAIT_TIMED_OUT,
	WAIT_INTERRUPTED,
};

/* What a thread that waits in mach_msg left behind (ipc/mqueue.h); guarded by the queue's lock. */
struct thread_ipc_wait {
	struct queue_link link;		/* in an ipc_mqueue's receivers or a port's senders */
	struct ipc_mqueue *mqueue;	/* where we wait */
	mach_msg_return_t state;	/* MACH_RCV_IN_PROGRESS_*, or how it ended */
	struct ipc_kmsg *kmsg;		/* the message received, or the one to send */
	mach_msg_size_t msize;		/* too large: what the buffer must hold */
	mach_port_seqno_t seqno;
	/* The call's arguments, for the continuation. */
	mach_msg_header_t *msg;
	mach_msg_option_t option;
	mach_msg_size_t rcv_size;
	mach_msg_size_t fast_size;	/* the longest message for ipc/fast_path.c; 0: none */
	mach_msg_timeout_t timeout;
	mach_port_name_t rcv_name;
	mach_port_name_t dest_name;	/* MACH_SEND_NOTIFY: by which the message is sent */
	mach_port_name_t notify;
	struct ipc_object *object;	/* what we receive from; a reference */
	struct ipc_kmsg *serving;	/* the kernel RPC that we carry out, for the checker */
	struct ipc_kmsg *arriving;	/* debug builds: the message whose rights get names */
	int32_t trap;			/* and the last trap that gave a name (ipc/origin.h) */
};

struct thread {
	struct pcb pcb;			/* first: assembly relies on it */

	/* Scheduling; guarded by the run-queue lock unless said otherwise. */
	struct queue_link run_link;	/* in a run queue or an event's waiters */
	uint32_t flags;			/* enum thread_flags */
	uint32_t ast;			/* AST_HALT, AST_STEP for this thread */
	continuation_t continuation;	/* where to go on when there is no stack */
	enum wait_result wait_result;
	const void *wait_event;		/* event waited for (kern/sched.h), or NULL */
	struct timer wait_timer;
	struct task *task;		/* a reference until the thread is freed */

	/* IPC */
	struct thread_ipc_wait ipc;
	struct queue kmsg_graveyard;	/* messages to destroy, when `destroying` */
	bool destroying;		/* ipc_kmsg destruction is in progress further up */

	int16_t priority;		/* base: 0 best, 63 worst, as Mach counts */
	int16_t max_priority;
	int16_t sched_priority;		/* what the scheduler uses now */
	int16_t depress_priority;	/* to go back to after a depression, or -1 */
	int32_t policy;			/* POLICY_TIMESHARE or POLICY_FIXEDPRI */
	uint32_t quantum_ticks;		/* of a fixed-priority thread */
	uint32_t slice_left;		/* ticks left of this time slice */
	uint32_t usage;			/* decayed CPU usage in ticks, for timesharing */
	uint32_t usage_ns;		/* and what has not become a tick yet */
	uint32_t cycles;		/* charged, and counted neither here nor below */
	uint32_t usage_stamp;		/* tick at which usage was decayed last */
	uint32_t ready_since;		/* tick at which it was put on the run queue */
	struct timer depress_timer;

	/* Time, in nanoseconds; see sched_charge. */
	uint64_t user_ns, system_ns;
	uint64_t created_ns;		/* since start; with host time added when reported */

	/* Guarded by `lock`. */
	struct spin_lock lock;
	uint32_t ref_count;
	uint32_t suspend_count;		/* thread_suspend's; runs at 0 (and the task's at 0) */
	bool active;			/* false once termination has begun */
	bool parked;			/* waits at the user boundary: suspended, or never ran */
	bool halted;			/* was aborted while it was suspended */
	uint32_t arrivals;		/* how often it has come to the boundary for AST_HALT */
	struct ipc_port *self_port;	/* the kernel's port for this thread; NULL when dead */
	struct ipc_port *self_special;	/* THREAD_KERNEL_PORT: a send right; usually to self_port */
	struct ipc_port *exception_port;/* a send right or NULL */
	struct ipc_port *exc_reply_port;/* receive right, for exception replies, or NULL */
	uint32_t exc_code[3];		/* the exception in progress: exception, code, subcode */
	uint32_t exc_stage;		/* whose handler has been asked (kern/exception.c) */
	struct page_request *page_request; /* what a pager has to do first (vm/pager.h), or NULL */
	bool page_short;		/* a page was missing (vm/pageout.h); its own */
	bool vm_privileged;		/* may use memory that is kept in reserve: thread_wire */

	struct pc_samples *samples;	/* kern/pc_sample.h, or NULL */

	uint32_t id;			/* unique, from 1; 0 for the kernel's own threads */
	struct queue_link task_link;	/* in task->threads; task's lock */
	struct queue_link pset_link;	/* in the processor set's list; LOCK_HOST */
	char name[THREAD_NAME_SIZE];
};

extern struct queue all_threads;	/* by pset_link, for debugging and processor_set_threads */
extern struct thread *kernel_idle_thread;

void thread_init(void);			/* caches */

/*
 * Create a thread in a task, suspended once, with a kernel port (ipc_thread_init).
 *
 * Locks:    none.
 * Owns:     returns a reference in *threadp, besides the thread's own.
 * Returns:  KERN_SUCCESS; KERN_RESOURCE_SHORTAGE; KERN_FAILURE when the task is dying.
 */
kern_return_t thread_create_in(struct task *task, struct thread **threadp);

/*
 * Create a thread of the kernel task that runs `start` (which never returns).
 * Panics when memory is short: only used at start-up and by tests.
 */
struct thread *kernel_thread_create(const char *name, continuation_t start, int priority);

void thread_reference(struct thread *thread);
void thread_release(struct thread *thread);	/* consumes; frees the last */

/* Begin the termination of any thread; of the current one: takes effect at the boundary. */
kern_return_t thread_terminate(struct thread *thread);

/* End the current thread now.  Called on the way out to user mode and by kernel threads. */
_Noreturn void thread_terminate_self(void);

/* What AST_HALT means: park while suspended, or end.  Returns, or does not. */
void thread_halt_self(void);

/*
 * One more reason not to run in user mode.  A system call that is going on may still end; after a
 * thread_abort too the thread has arrived at the boundary.
 *
 * Returns:  KERN_SUCCESS; KERN_FAILURE when the thread has ended or has too many reasons already.
 */
kern_return_t thread_suspend(struct thread *thread);
kern_return_t thread_resume(struct thread *thread);
kern_return_t thread_abort(struct thread *thread);

/* Let a parked thread go on if nothing stops it any more.  Its task and itself are locked. */
void thread_unpark(struct thread *thread);

#endif /* KERN_THREAD_H */
