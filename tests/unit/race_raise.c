/* SPDX-License-Identifier: BSD-2-Clause */
/* Exceptions in races: kern/exception.c, and what it needs of threads, tasks and the machine. */
#include <tests/unit/race_i.h>

#include <ipc/checker.h>
#include <ipc/fast_path.h>
#include <ipc/kobject.h>
#include <kern/exception.h>
#include <kern/mig_support.h>
#include <kern/sched.h>
#include <kern/timer.h>
#include <mach/mach_server.h>

/* --- What kern/exception.c calls --------------------------------------------------------- */

uint64_t timer_now(void)
{
	return 0;
}

/* Nothing here ends before the race does. */
void thread_reference(struct thread *thread)
{
	(void)thread;
}

void task_reference(struct task *task)
{
	(void)task;
}

static struct ipc_port *right_to(struct spin_lock *lock, struct ipc_port *const *self_port)
{
	struct ipc_port *port;

	spin_lock(lock);
	port = *self_port != IP_NULL ? ipc_port_make_send(*self_port) : IP_NULL;
	spin_unlock(lock);
	return port;
}

/* Rights are taken one after the other. */
struct ipc_port *convert_thread_to_port(struct thread *thread)
{
	schedule_part();
	return right_to(&thread->lock, &thread->self_port);
}

struct ipc_port *convert_task_to_port(struct task *task)
{
	return right_to(&task->lock, &task->self_port);
}

kern_return_t task_terminate(struct task *task)
{
	(void)task;
	racer_say(racer_of(current_thread()), "no handler; ");
	return KERN_SUCCESS;
}

static void release_ports(struct thread *thread)
{
	struct ipc_port *handler = thread->exception_port;

	thread->exception_port = IP_NULL;
	ipc_port_release_send(handler);
	exception_thread_end(thread);
}

void user_return(void)
{
	struct thread *self = current_thread();
	struct racer *racer = racer_of(self);
	bool active;

	spin_lock(&self->lock);
	active = self->active;
	spin_unlock(&self->lock);
	if (active)
		racer_say(racer, "goes on; ");
	else
		release_ports(self);
	racer_goes_on(racer);
}

/* --- Steps ------------------------------------------------------------------------------- */

void do_raise(struct racer *racer, const struct step *step)
{
	(void)racer, (void)step;
	exception(6, 2, 77);
}

void do_terminate(struct racer *racer, const struct step *step)
{
	struct thread *thread = step->racer->thread;
	struct ipc_port *port;

	(void)racer;
	spin_lock(&thread->lock);
	schedule_point(&thread->active, SCHEDULE_WRITE);
	thread->active = false;
	port = thread->self_port;
	thread->self_port = IP_NULL;
	thread_interrupt(thread);
	spin_unlock(&thread->lock);
	schedule_part();		/* it may come to its end before its port does */
	ipc_port_dealloc_kernel(port);
}

/* --- The scene --------------------------------------------------------------------------- */

void race_exceptions(struct task *task)
{
	exception_init("debug-faults=0");
	ipc_fast_path_enable(!schedule_is_sequential());
	task->self_port = ipc_port_alloc_kernel(IKOT_NONE, NULL);
	race_port_label('K', task->self_port);
}

struct racer *race_with_handler(struct racer *racer, char label)
{
	struct thread *thread = racer->thread;

	spin_lock_init(&thread->lock, LOCK_THREAD);
	thread->active = true;
	thread->self_port = ipc_port_alloc_kernel(IKOT_NONE, NULL);
	thread->exception_port = ipc_port_make_send(race_port_of(label));
	return racer;
}

void race_exceptions_visit(struct ipc_check *check)
{
	for (int i = 0; i < RACE_TASKS; i++)
		ipc_check_hold(check, race_task[i]->self_port, IPC_HOLDS_RECEIVE);
	for (unsigned int i = 0; race_racer(i) != NULL; i++) {
		const struct thread *thread = race_racer(i)->thread;

		ipc_check_hold(check, thread->self_port, IPC_HOLDS_RECEIVE);
		ipc_check_hold(check, thread->exception_port, IPC_HOLDS_SEND);
		ipc_check_hold(check, thread->exc_reply_port, IPC_HOLDS_RECEIVE);
	}
}

static void end_port(struct ipc_port **port)
{
	if (*port != IP_NULL)
		ipc_port_dealloc_kernel(*port);
	*port = IP_NULL;
}

void race_exceptions_take_down(void)
{
	for (unsigned int i = 0; race_racer(i) != NULL; i++) {
		release_ports(race_racer(i)->thread);
		end_port(&race_racer(i)->thread->self_port);
	}
	for (int i = 0; i < RACE_TASKS; i++)
		end_port(&race_task[i]->self_port);
}
