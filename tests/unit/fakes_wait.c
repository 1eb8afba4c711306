/* SPDX-License-Identifier: BSD-2-Clause */
#include <tests/unit/fakes_wait.h>

#include <tests/unit/fakes.h>

#include <stdlib.h>

#include <ipc/checker.h>
#include <ipc/init.h>
#include <ipc/kmsg.h>
#include <ipc/kobject.h>
#include <kern/default_manager.h>
#include <kern/run_queue.h>
#include <kern/slab.h>
#include <vm/kmem.h>
#include <vm/pageout.h>

#define DEPTH_MAX 4

struct run_queue run_queue = { .best = PRIORITY_LEVELS };	/* nobody else wants the CPU */
uint32_t fake_interrupted;

static struct thread threads[DEPTH_MAX];	/* on top of fake_thread */
static unsigned int depth;

static void thread_ready(struct thread *thread)
{
	*thread = (struct thread){ .task = &fake_task, .active = true };
	queue_init(&thread->kmsg_graveyard);
	queue_link_init(&thread->run_link);
	queue_link_init(&thread->ipc.link);
}

void fake_wait_start(void)
{
	queue_init(&fake_thread.kmsg_graveyard);
	depth = 0;
	fake_interrupted = 0;
	kmem_init();
	ipc_bootstrap();
}

void fake_thread_run(void (*function)(void *arg), void *arg)
{
	struct thread *below = current_thread(), *self = &threads[depth];

	kernel_must(depth < DEPTH_MAX);
	depth++;
	thread_ready(self);
	host_stack_base.thread = self;
	function(arg);
	kernel_must(self->page_request == NULL);
	host_stack_base.thread = below;
	depth--;
}

/* --- Events ------------------------------------------------------------------------------ */

void event_will_wait(const void *event, bool interruptible)
{
	struct thread *self = current_thread();

	kernel_must(!(self->flags & TH_WAIT) && interruptible);
	self->flags |= TH_WAIT;
	self->wait_event = event;
}

static void wake(struct thread *thread, const void *event)
{
	if (!(thread->flags & TH_WAIT) || thread->wait_event != event)
		return;
	thread->flags &= ~(uint32_t)TH_WAIT;
	thread->wait_event = NULL;
	thread->wait_result = WAIT_AWAKENED;
}

void event_wake_all(const void *event)
{
	wake(&fake_thread, event);
	for (unsigned int i = 0; i < depth; i++)
		wake(&threads[i], event);
}

void thread_block(continuation_t continuation)
{
	struct thread *self = current_thread();

	assert_no_locks();
	kernel_must(continuation == NULL);
	for (uint32_t n = 1; self->flags & TH_WAIT; n++) {
		if (fake_others_run(n) || !(self->flags & TH_WAIT))
			continue;
		self->flags &= ~(uint32_t)TH_WAIT;
		self->wait_event = NULL;
		self->wait_result = WAIT_INTERRUPTED;
		fake_interrupted++;
	}
}

/* --- What only threads need that receive messages ---------------------------------------- */

void thread_will_wait(struct thread *self, bool interruptible)
{
	(void)self, (void)interruptible;
	kernel_must(!"a thread receives");
}

void thread_set_timeout(struct thread *self, uint32_t ms)
{
	(void)self, (void)ms;
}

bool thread_claim(struct thread *thread, enum wait_result result)
{
	(void)thread, (void)result;
	return false;
}

void thread_make_runnable(struct thread *thread)
{
	(void)thread;
}

void thread_block_to(continuation_t continuation, struct thread *next)
{
	(void)next;
	thread_block(continuation);
}

void thread_take_over_undo(struct thread *next)
{
	(void)next;
}

void thread_hand_over(struct thread *self, continuation_t continuation, struct thread *next)
{
	(void)self, (void)continuation, (void)next;
	kernel_must(!"a thread receives");
}

_Noreturn void syscall_return(kern_return_t result)
{
	(void)result;
	abort();
}

_Noreturn void machine_call_continuation(continuation_t continuation)
{
	continuation();
	abort();
}

_Noreturn void machine_message_return(struct thread *self, const mach_msg_header_t *header,
				      mach_msg_header_t *user)
{
	(void)self, (void)header, (void)user;
	abort();
}

/* --- Kernel objects: pagers are called, not sent to ----------------------------------------- */

void ipc_kobject_init(void)
{
}

struct ipc_kmsg *ipc_kobject_server(struct ipc_kmsg *request)
{
	ipc_kmsg_destroy(request);
	return NULL;
}

/* --- Nothing is paged out, unless there is vm/pageout.c ------------------------------------------- */

#define WEAK __attribute__((weak))

WEAK struct vm_pageout_counts vm_pageout_counts;

WEAK kern_return_t vm_pageout_wait(void)
{
	return KERN_RESOURCE_SHORTAGE;
}

WEAK kern_return_t vm_pageout_wait_for_room(void)
{
	return KERN_SUCCESS;
}

WEAK void vm_pageout_promise(void)
{
}

WEAK void vm_pageout_redeem(void)
{
}

WEAK struct ipc_port *default_manager_right(void)
{
	return NULL;
}

WEAK void vm_pageout_laundered(void)
{
	kernel_must(!"a page was out");
}
