/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of tasks.
 *
 * Ending a task: it becomes inactive under its lock, so that nothing is added to it any
 * more; its threads are told to end; when the last has, task_finish gives back space, memory
 * and ports, whoever's thread that runs in.  The task's port dies at the very end: who holds a send
 * right to it learns that everything is gone.  The structure stays while there are references.
 */
#include <kern/task.h>

#include <ipc/port.h>
#include <ipc/space.h>
#include <kern/essential.h>
#include <kern/estate.h>
#include <kern/machine.h>
#include <kern/pc_sample.h>
#include <kern/printf.h>
#include <kern/sched.h>
#include <kern/slab.h>
#include <kern/string.h>
#include <kern/task_notify.h>
#include <kern/thread.h>
#include <vm/map.h>
#include <vm/pmap.h>

#define MAXPRI_USER 6

/* With what is always there of it. */
#define TASK_BYTES (sizeof(struct task) + sizeof(struct estate) + sizeof(struct vm_map) +	\
		    sizeof(struct ipc_space) + sizeof(struct ipc_account) + sizeof(struct ipc_port))

static struct slab_cache task_cache;

struct task *kernel_task;
struct queue all_tasks;
struct spin_lock all_tasks_lock = SPIN_LOCK_INIT(LOCK_HOST);

static uint32_t tasks_made;		/* all_tasks_lock */
static bool watch_last;			/* the boot script has started something */

/* --- References ------------------------------------------------------------------------- */

void task_reference(struct task *task)
{
	uint32_t old = __atomic_fetch_add(&task->ref_count, 1, __ATOMIC_RELAXED);

	assert(old > 0);
	(void)old;
}

static void task_free(struct task *task)
{
	estate_uncharge(task->estate, TASK_BYTES);
	estate_release(task->estate);
	slab_free(&task_cache, task);
}

void task_release(struct task *task)
{
	uint32_t left = __atomic_sub_fetch(&task->ref_count, 1, __ATOMIC_ACQ_REL);

	assert(left != UINT32_MAX);
	if (left > 0)
		return;
	assert(!task->active && task->thread_count == 0 && task->self_port == NULL);
	ipc_space_release(task->space);
	vm_map_release(task->map);
	pc_samples_free(task->samples, task->estate);
	task_free(task);
}

/* --- Creation --------------------------------------------------------------------------- */

/* The child of a task, or of the kernel, pays for itself.  NULL: it may not, or memory is short. */
static struct estate *new_estate(struct task *parent)
{
	struct estate *estate = estate_inherit(parent != NULL ? parent->estate : NULL);

	if (estate != NULL && !estate_charge(estate, TASK_BYTES)) {
		estate_release(estate);
		return NULL;
	}
	return estate;
}

static struct task *task_alloc(struct task *parent)
{
	struct estate *estate = kernel_task != NULL ? new_estate(parent) : NULL;
	struct task *task = NULL;

	if (estate != NULL || kernel_task == NULL)
		task = slab_zalloc(&task_cache);
	if (task == NULL) {
		if (estate != NULL)
			estate_uncharge(estate, TASK_BYTES);
		estate_release(estate);
		return NULL;
	}
	task->estate = estate;
	spin_lock_init(&task->lock, LOCK_TASK);
	task->ref_count = 1;
	task->active = true;
	queue_init(&task->threads);
	queue_link_init(&task->all_link);
	task->priority = BASEPRI_USER;
	task->max_priority = MAXPRI_USER;
	task->created_ns = machine_uptime_ns();
	return task;
}

/* Undo task_alloc and task_make_parts. */
static void task_discard(struct task *task)
{
	ipc_port_release_send(task->self_special);
	if (task->self_port != NULL)
		ipc_port_dealloc_kernel(task->self_port);
	if (task->space != NULL) {
		ipc_space_destroy(task->space);
		ipc_space_release(task->space);
	}
	if (task->map != NULL)
		vm_map_release(task->map);
	task_free(task);
}

static kern_return_t task_make_parts(struct task *task, struct vm_map *inherited)
{
	task->map = inherited != NULL ? vm_map_fork(inherited) : vm_map_create();
	if (task->map == NULL || ipc_space_create(&task->space) != KERN_SUCCESS)
		return KERN_RESOURCE_SHORTAGE;
	task->space->task = task;
	pmap_set_estate(vm_map_pmap(task->map), task->estate);
	task->self_port = ipc_port_alloc_kernel(IKOT_TASK, task);
	if (task->self_port == NULL)
		return KERN_RESOURCE_SHORTAGE;
	task->self_special = ipc_port_make_send(task->self_port);
	return KERN_SUCCESS;
}

/*
 * What a child has from its parent besides memory.  Returns false when the parent has ended, perhaps
 * while its memory was copied: the ports are gone then.
 */
static bool task_inherit(struct task *task, struct task *parent)
{
	spin_lock(&parent->lock);
	if (!parent->active) {
		spin_unlock(&parent->lock);
		return false;
	}
	task->exception_port = ipc_port_copy_send(parent->exception_port);
	task->bootstrap_port = ipc_port_copy_send(parent->bootstrap_port);
	for (unsigned i = 0; i < TASK_PORT_REGISTER_MAX; i++)
		task->registered[i] = ipc_port_copy_send(parent->registered[i]);
	task->priority = parent->priority;
	task->max_priority = parent->max_priority;
	task->security_token = parent->security_token;
	snprintf(task->name, sizeof task->name, "(%s)", parent->name);
	spin_unlock(&parent->lock);
	return true;
}

static void task_publish(struct task *task)
{
	spin_lock(&all_tasks_lock);
	if (kernel_task != NULL && ++tasks_made == 0)
		tasks_made = 1;
	task->id = tasks_made;
	queue_insert_tail(&all_tasks, &task->all_link);
	spin_unlock(&all_tasks_lock);
}

kern_return_t task_create_internal(struct task *parent, bool inherit, struct task **childp)
{
	struct task *task = task_alloc(parent);
	kern_return_t kr;

	if (task == NULL)
		return KERN_RESOURCE_SHORTAGE;
	kr = task_make_parts(task, inherit ? parent->map : NULL);
	if (kr == KERN_SUCCESS && parent != NULL && !task_inherit(task, parent))
		kr = KERN_INVALID_TASK;
	if (kr != KERN_SUCCESS) {
		task_discard(task);
		return kr;
	}
	if (parent != NULL) {
		vm_map_inherit_limits(task->map, parent->map);
		ipc_space_inherit_limits(task->space, parent->space);
	}
	task_reference(task);		/* the caller's */
	task_publish(task);
	task_notify_new(task, parent);
	*childp = task;
	return KERN_SUCCESS;
}

void task_name_set(struct task *task, const char *name)
{
	spin_lock(&task->lock);
	strlcpy(task->name, name, sizeof task->name);
	spin_unlock(&task->lock);
}

void task_init(void)
{
	estate_init();
	slab_cache_init(&task_cache, "task", sizeof(struct task), 0);
	queue_init(&all_tasks);
	if (task_create_internal(NULL, false, &kernel_task) != KERN_SUCCESS)
		panic("task: no memory for the kernel's task");
	task_name_set(kernel_task, "kernel");
}

/* --- The end ---------------------------------------------------------------------------- */

void task_watch_last(void)
{
	spin_lock(&all_tasks_lock);
	watch_last = true;
	spin_unlock(&all_tasks_lock);
}

/* Out of the list of tasks; when only the kernel's own is left, nothing can happen any more. */
static void task_unpublish(struct task *task)
{
	bool last;

	spin_lock(&all_tasks_lock);
	queue_remove(&task->all_link);
	last = watch_last && all_tasks.head.next == all_tasks.head.prev;
	spin_unlock(&all_tasks_lock);
	if (!last)
		return;
	printf("no tasks left\n");
	machine_stop(MACHINE_HALT);
}

/* The checker may come by in between. */
static void release_slot(struct ipc_port **slot)
{
	struct ipc_port *right = *slot;

	*slot = IP_NULL;
	ipc_port_release_send(right);
}

static void task_release_ports(struct task *task)
{
	release_slot(&task->self_special);
	release_slot(&task->exception_port);
	release_slot(&task->bootstrap_port);
	for (unsigned i = 0; i < TASK_PORT_REGISTER_MAX; i++)
		release_slot(&task->registered[i]);
}

void task_finish(struct task *task)
{
	struct ipc_port *port;

	assert(!task->active && task->thread_count == 0);
	ipc_space_destroy(task->space);
	vm_map_terminate(task->map);
	machine_task_terminate(task);
	task_release_ports(task);	/* an inactive task's ports are read and set no more */

	spin_lock(&task->lock);
	port = task->self_port;
	task->self_port = NULL;
	spin_unlock(&task->lock);
	ipc_port_dealloc_kernel(port);
	event_wake_all(task);
	task_unpublish(task);
	task_release(task);
}

/* Tell every thread to end.  None is added any more; each step takes one that was not told. */
static void task_terminate_threads(struct task *task)
{
	struct thread *thread;
	uint32_t count;

	spin_lock(&task->lock);
	count = task->thread_count;
	while (count-- > 0 && !queue_empty(&task->threads)) {
		thread = container_of(queue_take_first(&task->threads), struct thread, task_link);
		queue_insert_tail(&task->threads, &thread->task_link);
		thread_reference(thread);
		spin_unlock(&task->lock);
		thread_terminate(thread);
		thread_release(thread);
		preemption_point();
		spin_lock(&task->lock);
	}
	spin_unlock(&task->lock);
}

/* Until the task's port is dead.  Each of two tasks that wait for each other is interrupted. */
static kern_return_t task_wait_finished(struct task *task)
{
	spin_lock(&task->lock);
	while (task->self_port != NULL) {
		event_will_wait(task, true);
		spin_unlock(&task->lock);
		thread_block(NULL);
		if (thread_wait_result(current_thread()) == WAIT_INTERRUPTED)
			return KERN_ABORTED;
		spin_lock(&task->lock);
	}
	spin_unlock(&task->lock);
	return KERN_SUCCESS;
}

kern_return_t task_terminate(struct task *task)
{
	bool was_active, empty;

	if (task == NULL || task == kernel_task)
		return KERN_INVALID_ARGUMENT;
	spin_lock(&task->lock);
	was_active = task->active;
	task->active = false;
	empty = task->thread_count == 0;
	spin_unlock(&task->lock);
	if (!was_active)
		return KERN_FAILURE;
	if (task->essential)
		task_essential_ends(task);
	if (empty) {
		task_finish(task);
		return KERN_SUCCESS;
	}
	task_terminate_threads(task);
	return task == current_task() ? KERN_SUCCESS : task_wait_finished(task);
}
