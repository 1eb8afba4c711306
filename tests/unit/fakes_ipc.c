/* SPDX-License-Identifier: BSD-2-Clause */
#include <tests/unit/fakes_ipc.h>

#include <stdlib.h>
#include <string.h>

#include <ipc/checker.h>
#include <ipc/init.h>
#include <ipc/kobject.h>
#include <ipc/mach_msg.h>
#include <kern/run_queue.h>
#include <kern/slab.h>
#include <mach/mig_errors.h>
#include <tests/unit/enter_mach_msg.h>
#include <tests/unit/fakes_vm.h>
#include <vm/kmem.h>

/* --- Tasks and threads ------------------------------------------------------------------- */

struct run_queue run_queue = { .best = PRIORITY_LEVELS };	/* nobody else wants the CPU */

static struct queue runnable;		/* of thread.run_link */
static struct queue timers;		/* of thread.wait_timer.link */
static jmp_buf dispatcher;

#define FAKE_MAX 64			/* tasks or actors at once; more are not remembered */

static struct task *tasks[FAKE_MAX];	/* all that are, for a test that is abandoned */
static struct actor *actors[FAKE_MAX];

void fake_ipc_start(void)
{
	inject_pause();
	queue_init(&runnable);
	queue_init(&timers);
	queue_init(&fake_thread.kmsg_graveyard);
	kmem_init();
	ipc_bootstrap();
	inject_begin();
	inject_resume();
}

/* Put `to` in the place of `from` in one of the lists. */
static void list_replace(void *list, const void *from, void *to)
{
	void **place = list;

	for (int i = 0; i < FAKE_MAX; i++) {
		if (place[i] != from)
			continue;
		place[i] = to;
		return;
	}
}

struct task *fake_ipc_task(void)
{
	struct task *task = calloc(1, sizeof(*task));

	spin_lock_init(&task->lock, LOCK_TASK);
	if (ipc_space_create(&task->space) == KERN_SUCCESS) {
		task->map = fake_map_create();
		list_replace(tasks, NULL, task);
	}
	ck_must(task->space != NULL);
	return task;
}

void fake_ipc_task_end(struct task *task)
{
	ipc_space_destroy(task->space);
	ipc_space_release(task->space);
	fake_map_destroy(task->map);
	list_replace(tasks, task, NULL);
	free(task);
}

mach_port_name_t fake_insert_send(struct task *task, struct ipc_port *right)
{
	mach_port_name_t name = MACH_PORT_NULL;
	kern_return_t kr = ipc_space_insert_send(task->space, right, &name);

	if (kr != KERN_SUCCESS)
		ipc_port_release_send(right);
	ck_must(kr == KERN_SUCCESS);
	return name;
}

struct actor *actor_create(struct task *task)
{
	struct actor *actor = calloc(1, sizeof(*actor));

	actor->thread.task = task;
	actor->done = true;
	queue_init(&actor->thread.kmsg_graveyard);
	queue_link_init(&actor->thread.run_link);
	queue_link_init(&actor->thread.ipc.link);
	queue_link_init(&actor->thread.wait_timer.link);
	list_replace(actors, NULL, actor);
	return actor;
}

void actor_end(struct actor *actor)
{
	ck_must(actor->done && !queue_linked(&actor->thread.ipc.link));
	list_replace(actors, actor, NULL);
	free(actor);
}

static struct actor *actor_of(struct thread *thread)
{
	return (struct actor *)thread;
}

static void set_current(struct thread *thread)
{
	host_stack_base.thread = thread;
}

/* The call is over: back to who runs the actors. */
_Noreturn void syscall_return(kern_return_t result)
{
	struct actor *self = actor_of(current_thread());

	assert_no_locks();
	self->done = true;
	self->result = result;
	longjmp(dispatcher, 1);
}

void actors_run(void)
{
	struct queue_link *volatile link;

	while ((link = queue_take_first(&runnable)) != NULL) {
		struct thread *thread = container_of(link, struct thread, run_link);

		set_current(thread);
		if (setjmp(dispatcher) == 0) {
			thread->continuation();
			kernel_must(!"a continuation returns");
		}
	}
	set_current(&fake_thread);
}

uint32_t fake_continuations;

_Noreturn void machine_call_continuation(continuation_t continuation)
{
	fake_continuations++;
	continuation();
	panic("a continuation returns");
}

_Noreturn void machine_message_return(struct thread *self, const mach_msg_header_t *header,
				      mach_msg_header_t *user)
{
	kernel_must(self == current_thread());
	leave_mach_msg(self, header, user);
}

void actor_mach_msg(struct actor *actor, void *msg, mach_msg_option_t option,
		    mach_msg_size_t send_size, mach_msg_size_t rcv_size,
		    mach_port_name_t rcv_name, mach_msg_timeout_t timeout,
		    mach_port_name_t notify)
{
	ck_must(actor->done);
	actor->done = false;
	actor->thread.flags = TH_RUN;
	set_current(&actor->thread);
	if (setjmp(dispatcher) == 0)
		syscall_return(enter_mach_msg(&actor->thread, (struct mach_msg_args){ msg, option,
				send_size, rcv_size, rcv_name, timeout, notify }));
	actors_run();
}

bool actor_wake(struct actor *actor, enum wait_result result)
{
	return thread_wake(&actor->thread, result);
}

void fake_everyone_ends(void)
{
	actors_run();
	for (int i = 0; i < FAKE_MAX; i++)
		if (actors[i] != NULL)
			actor_wake(actors[i], WAIT_INTERRUPTED);
	actors_run();
	for (int i = 0; i < FAKE_MAX; i++)
		if (tasks[i] != NULL)
			fake_ipc_task_end(tasks[i]);
}

/* --- The scheduler's interface ----------------------------------------------------------- */

void thread_will_wait(struct thread *self, bool interruptible)
{
	kernel_must(self == current_thread() && interruptible);
	self->flags |= TH_WAIT;
	actor_of(self)->timeout_set = false;
}

void thread_set_timeout(struct thread *self, uint32_t ms)
{
	kernel_must(self->flags & TH_WAIT);
	actor_of(self)->timeout_set = true;
	actor_of(self)->timeout = ms;
	queue_insert_tail(&timers, &self->wait_timer.link);
}

bool thread_claim(struct thread *thread, enum wait_result result)
{
	if (!(thread->flags & TH_WAIT))
		return false;
	thread->flags &= ~TH_WAIT;
	thread->wait_result = result;
	queue_remove(&thread->wait_timer.link);
	return true;
}

void thread_make_runnable(struct thread *thread)
{
	kernel_must(!(thread->flags & TH_WAIT) && !queue_linked(&thread->run_link));
	thread->flags |= TH_RUN;
	queue_insert_tail(&runnable, &thread->run_link);
}

void thread_block(continuation_t continuation)
{
	struct thread *self = current_thread();

	assert_no_locks();
	kernel_must(continuation != NULL && (self->flags & TH_WAIT));
	self->flags &= ~TH_RUN;
	self->continuation = continuation;
	longjmp(dispatcher, 1);
}

void thread_block_to(continuation_t continuation, struct thread *next)
{
	kernel_must(!(next->flags & TH_WAIT) && !queue_linked(&next->run_link));
	next->flags |= TH_RUN;
	queue_insert_head(&runnable, &next->run_link);
	thread_block(continuation);
}

void thread_take_over_undo(struct thread *next)
{
	next->flags = TH_WAIT;
}

uint32_t fake_hand_overs;

void thread_hand_over(struct thread *self, continuation_t continuation, struct thread *next)
{
	assert_no_locks();
	kernel_must(self == current_thread() && self->flags == (TH_RUN | TH_WAIT) && next->flags == 0);
	self->flags = TH_WAIT;
	self->continuation = continuation;
	next->flags = TH_RUN;
	set_current(next);
	fake_hand_overs++;
}

/* --- Kernel objects ---------------------------------------------------------------------- */

__attribute__((weak)) void ipc_kobject_init(void)
{
}

__attribute__((weak)) struct ipc_kmsg *ipc_kobject_server(struct ipc_kmsg *request)
{
	struct ipc_port *port = request->header.local;
	struct ipc_kmsg *reply = NULL;

	if (IP_VALID(port))
		reply = ipc_kmsg_alloc(sizeof(struct kmsg_header));
	if (reply != NULL) {
		reply->header = (struct kmsg_header){
			.bits = MACH_MSGH_BITS_LOCAL(request->header.bits),
			.size = sizeof(struct kmsg_header),
			.remote = port,
			.id = request->header.id + 100,
		};
		request->header.local = IP_NULL;
	}
	ipc_kmsg_destroy(request);
	return reply;
}

/* --- Counting ---------------------------------------------------------------------------- */

void (*fake_ipc_holders)(struct ipc_check *check);

void kernel_visit_holders(struct ipc_check *check)
{
	if (fake_ipc_holders != NULL)
		fake_ipc_holders(check);
}

static void add_live(struct slab_cache *cache, void *arg)
{
	*(uint32_t *)arg += cache->live;
}

uint32_t fake_ipc_live(void)
{
	uint32_t live = 0;

	slab_for_each_cache(add_live, &live);
	return live + kmem_pages_used() + fake_copies + fake_user_pages;
}
