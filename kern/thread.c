/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of threads.
 *
 * A new thread is parked: it waits at the boundary to user mode, with user_return as its
 * continuation, just as a thread that was suspended does.  Resuming a thread for the first
 * time is therefore nothing special, and so is ending one that never ran.
 *
 * Ending.  thread_terminate makes the thread inactive, which nothing undoes, closes its port and
 * gets it out of its wait; the thread then arrives at the boundary and ends itself there.
 * Whatever it holds in the kernel on its way is given back by the code that took it.  What it stands
 * on (stack, registers, this structure) is left to the reaper.
 */
#include <kern/thread.h>

#include <ipc/port.h>
#include <kern/estate.h>
#include <kern/exception.h>
#include <kern/queue.h>
#include <kern/reaper.h>
#include <kern/pc_sample.h>
#include <kern/sched.h>
#include <kern/slab.h>
#include <kern/string.h>
#include <kern/task.h>
#include <mach/policy.h>

static struct slab_cache thread_cache;

struct queue all_threads;
struct thread *kernel_idle_thread;

void thread_init(void)
{
	slab_cache_init(&thread_cache, "thread", sizeof(struct thread), 64);
	queue_init(&all_threads);
	reaper_init();
}

/* --- References ------------------------------------------------------------------------- */

void thread_reference(struct thread *thread)
{
	uint32_t old = __atomic_fetch_add(&thread->ref_count, 1, __ATOMIC_RELAXED);

	assert(old > 0);
	(void)old;
}

static uint32_t thread_bytes(void)
{
	return sizeof(struct thread) + sizeof(struct ipc_port) + machine_thread_bytes();
}

static void thread_free(struct thread *thread)
{
	assert(thread->self_port == NULL && !thread->active);
	machine_thread_terminate(thread);
	pc_samples_free(thread->samples, thread->task->estate);
	estate_uncharge(thread->task->estate, thread_bytes());
	task_release(thread->task);
	slab_free(&thread_cache, thread);
}

void thread_release(struct thread *thread)
{
	uint32_t left = __atomic_sub_fetch(&thread->ref_count, 1, __ATOMIC_ACQ_REL);

	assert(left != UINT32_MAX);
	if (left == 0)
		thread_free(thread);
}

/* --- Creation --------------------------------------------------------------------------- */

/* Never 0, which means the kernel, not even after 2^32 threads. */
static uint32_t new_id(const struct task *task)
{
	static uint32_t made;
	uint32_t id = 0;

	while (task != kernel_task && id == 0)
		id = __atomic_add_fetch(&made, 1, __ATOMIC_RELAXED);
	return id;
}

/* Everything but ports and places in lists; borrows the task's reference for now. */
static struct thread *thread_alloc(struct task *task, continuation_t start)
{
	struct thread *thread;

	if (!estate_charge(task->estate, thread_bytes()))
		return NULL;
	thread = slab_zalloc(&thread_cache);
	if (thread == NULL) {
		estate_uncharge(task->estate, thread_bytes());
		return NULL;
	}
	spin_lock_init(&thread->lock, LOCK_THREAD);
	thread->ref_count = 1;
	thread->active = true;
	thread->task = task;
	thread->id = new_id(task);
	thread->policy = POLICY_TIMESHARE;
	thread->depress_priority = -1;
	thread->created_ns = machine_uptime_ns();
	queue_link_init(&thread->task_link);
	queue_link_init(&thread->pset_link);
	queue_link_init(&thread->ipc.link);
	queue_init(&thread->kmsg_graveyard);
	sched_thread_init(thread, start);
	machine_thread_init(thread);
	return thread;
}

static kern_return_t thread_make_ports(struct thread *thread)
{
	thread->self_port = ipc_port_alloc_kernel(IKOT_THREAD, thread);
	if (thread->self_port == NULL)
		return KERN_RESOURCE_SHORTAGE;
	thread->self_special = ipc_port_make_send(thread->self_port);
	return KERN_SUCCESS;
}

/* Into the task's list, with the task's name and priorities; false when the task is dying. */
static bool thread_join_task(struct thread *thread)
{
	struct task *task = thread->task;
	bool alive;

	spin_lock(&task->lock);
	alive = task->active;
	if (alive) {
		task_reference(task);
		queue_insert_tail(&task->threads, &thread->task_link);
		task->thread_count++;
		thread->priority = (int16_t)task->priority;
		thread->max_priority = (int16_t)task->max_priority;
		strlcpy(thread->name, task->name, sizeof thread->name);
	}
	spin_unlock(&task->lock);
	if (!alive)
		return false;

	sched_priority_changed(thread);
	spin_lock(&all_tasks_lock);
	queue_insert_tail(&all_threads, &thread->pset_link);
	spin_unlock(&all_tasks_lock);
	return true;
}

/* Undo thread_alloc and thread_make_ports. */
static void thread_discard(struct thread *thread)
{
	struct ipc_port *port = thread->self_port;

	thread->active = false;
	thread->self_port = NULL;
	ipc_port_release_send(thread->self_special);
	if (port != NULL)
		ipc_port_dealloc_kernel(port);
	machine_thread_terminate(thread);
	estate_uncharge(thread->task->estate, thread_bytes());
	slab_free(&thread_cache, thread);
}

kern_return_t thread_create_in(struct task *task, struct thread **threadp)
{
	struct thread *thread = thread_alloc(task, user_return);
	kern_return_t kr;

	if (thread == NULL)
		return KERN_RESOURCE_SHORTAGE;
	thread->suspend_count = 1;
	thread->parked = true;
	kr = thread_make_ports(thread);
	if (kr == KERN_SUCCESS) {
		thread_reference(thread);	/* the caller's, before others can see it */
		if (!thread_join_task(thread))
			kr = KERN_FAILURE;
	}
	if (kr != KERN_SUCCESS) {
		thread_discard(thread);
		return kr;
	}
	*threadp = thread;
	return KERN_SUCCESS;
}

struct thread *kernel_thread_create(const char *name, continuation_t start, int priority)
{
	struct thread *thread = thread_alloc(kernel_task, start);

	if (thread == NULL || !thread_join_task(thread))
		panic("thread: no memory for the kernel's thread %s", name);
	strlcpy(thread->name, name, sizeof thread->name);
	thread->priority = (int16_t)priority;
	sched_priority_changed(thread);
	thread_make_runnable(thread);
	return thread;
}

/* --- Stopping at the boundary ----------------------------------------------------------- */

/* Both locks held. */
static bool thread_is_stopped(const struct thread *thread)
{
	return thread->suspend_count > 0 || thread->task->suspend_count > 0;
}

static void thread_lock_both(struct thread *thread)
{
	spin_lock(&thread->task->lock);
	spin_lock(&thread->lock);
}

static void thread_unlock_both(struct thread *thread)
{
	spin_unlock(&thread->lock);
	spin_unlock(&thread->task->lock);
}

void thread_halt_self(void)
{
	struct thread *self = current_thread();

	thread_lock_both(self);
	thread_clear_ast(self, AST_HALT);
	thread_interrupt_done(self);
	self->arrivals++;
	event_wake_all(&self->parked);
	if (!self->active) {
		thread_unlock_both(self);
		thread_terminate_self();
	}
	if (!thread_is_stopped(self)) {
		thread_unlock_both(self);
		return;
	}
	self->parked = true;
	thread_will_wait(self, true);
	thread_unlock_both(self);
	thread_block(user_return);
}

void thread_unpark(struct thread *thread)
{
	assert_locked(&thread->lock);
	thread->halted = false;
	if (!thread->parked || thread_is_stopped(thread))
		return;
	thread->parked = false;
	thread_wake(thread, WAIT_AWAKENED);
}

kern_return_t thread_suspend(struct thread *thread)
{
	if (thread == NULL)
		return KERN_INVALID_ARGUMENT;
	spin_lock(&thread->lock);
	if (!thread->active || thread->suspend_count == SUSPEND_COUNT_MAX) {
		spin_unlock(&thread->lock);
		return KERN_FAILURE;
	}
	thread->suspend_count++;
	thread_set_ast(thread, AST_HALT);
	spin_unlock(&thread->lock);
	return KERN_SUCCESS;
}

kern_return_t thread_resume(struct thread *thread)
{
	kern_return_t kr = KERN_FAILURE;

	if (thread == NULL)
		return KERN_INVALID_ARGUMENT;
	thread_lock_both(thread);
	if (thread->active && thread->suspend_count > 0) {
		if (--thread->suspend_count == 0)
			thread_unpark(thread);
		kr = KERN_SUCCESS;
	}
	thread_unlock_both(thread);
	return kr;
}

/*
 * Wait until a thread that was stopped and interrupted has arrived at the boundary, so that its
 * registers show how its system call ended.  It may go on from there at once, when somebody has
 * resumed it.  Both locks held on entry and on return.
 */
static kern_return_t thread_wait_parked(struct thread *thread)
{
	uint32_t arrivals = thread->arrivals;

	while (thread->active && thread->arrivals == arrivals && thread_is_stopped(thread)) {
		event_will_wait(&thread->parked, true);
		thread_unlock_both(thread);
		thread_block(NULL);
		thread_lock_both(thread);
		if (thread_wait_result(current_thread()) == WAIT_INTERRUPTED)
			return KERN_ABORTED;
	}
	return KERN_SUCCESS;
}

kern_return_t thread_abort(struct thread *thread)
{
	kern_return_t kr = KERN_SUCCESS;

	if (thread == NULL || thread == current_thread())
		return KERN_INVALID_ARGUMENT;
	thread_lock_both(thread);
	if (!thread->active) {
		thread_unlock_both(thread);
		return KERN_FAILURE;
	}
	if (!thread->parked) {
		thread_set_ast(thread, AST_HALT);	/* leads to thread_interrupt_done */
		thread_interrupt(thread);
		kr = thread_wait_parked(thread);
	}
	thread->halted = thread->parked;
	thread_unlock_both(thread);
	return kr;
}

/* --- The end ---------------------------------------------------------------------------- */

/* Begin: from now on the thread only goes to its end.  False when it already did. */
static bool thread_deactivate(struct thread *thread, struct ipc_port **portp)
{
	bool was_active;

	spin_lock(&thread->lock);
	was_active = thread->active;
	thread->active = false;
	*portp = thread->self_port;
	thread->self_port = NULL;
	if (was_active) {
		thread_set_ast(thread, AST_HALT);
		event_wake_all(&thread->parked);
	}
	if (was_active && thread->parked) {
		thread->parked = false;
		thread_wake(thread, WAIT_INTERRUPTED);
	} else if (was_active) {
		thread_interrupt(thread);
	}
	spin_unlock(&thread->lock);
	return was_active;
}

kern_return_t thread_terminate(struct thread *thread)
{
	struct ipc_port *port;

	if (thread == NULL || thread->task == kernel_task)
		return KERN_INVALID_ARGUMENT;
	if (!thread_deactivate(thread, &port))
		return KERN_FAILURE;
	ipc_port_dealloc_kernel(port);
	return KERN_SUCCESS;
}

static void thread_release_ports(struct thread *self)
{
	struct ipc_port *special, *exception_port;

	spin_lock(&self->lock);
	special = self->self_special;
	exception_port = self->exception_port;
	self->self_special = NULL;
	self->exception_port = NULL;
	spin_unlock(&self->lock);

	ipc_port_release_send(special);
	ipc_port_release_send(exception_port);
	exception_thread_end(self);
}

/* Out of all lists; true when this was the last thread of a dying task. */
static bool thread_leave_task(struct thread *self)
{
	struct task *task = self->task;
	uint64_t user_ns, system_ns;
	bool last;

	spin_lock(&all_tasks_lock);
	queue_remove(&self->pset_link);
	spin_unlock(&all_tasks_lock);

	spin_lock(&task->lock);
	queue_remove(&self->task_link);
	task->thread_count--;
	sched_times(self, &user_ns, &system_ns);
	task->dead_user_ns += user_ns;
	task->dead_system_ns += system_ns;
	last = task->thread_count == 0 && !task->active;
	spin_unlock(&task->lock);
	return last;
}

_Noreturn static void thread_gone(void)
{
	panic("thread: a thread that has ended runs");
}

void thread_terminate_self(void)
{
	struct thread *self = current_thread();
	struct ipc_port *port;

	thread_deactivate(self, &port);
	if (port != NULL)
		ipc_port_dealloc_kernel(port);
	thread_interrupt_done(self);
	timer_cancel(&self->depress_timer);
	thread_release_ports(self);
	if (thread_leave_task(self))
		task_finish(self->task);

	thread_will_wait(self, false);
	reaper_add(self);
	thread_block(thread_gone);
	thread_gone();
}
