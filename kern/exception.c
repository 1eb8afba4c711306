/* SPDX-License-Identifier: BSD-2-Clause */
#include <kern/exception.h>

#include <ipc/fast_path.h>
#include <ipc/kmsg.h>
#include <ipc/mqueue.h>
#include <ipc/port.h>
#include <ipc/raise.h>
#include <ipc/space.h>
#include <kern/command_line.h>
#include <kern/div64.h>
#include <kern/mig_support.h>
#include <kern/printf.h>
#include <kern/sched.h>
#include <kern/string.h>
#include <kern/task.h>
#include <kern/trace.h>
#include <mach/exception.h>

struct reply_body {
	uint32_t type;
	kern_return_t code;
};

/* Whom we ask; kept in the thread's exc_stage while it waits. */
enum stage { STAGE_THREAD, STAGE_TASK, STAGE_NOBODY };

static bool report_faults = DEBUG;

static __attribute__((noreturn)) void answer_arrived(const mach_msg_header_t *header, const void *body);

void exception_init(const char *command_line)
{
	const char *value = command_line_value(command_line, "debug-faults");

	if (value != NULL)
		report_faults = *value == '1';
	ipc_fast_answer = answer_arrived;
}

/* --- The end ------------------------------------------------------------------------------ */

static const char *exception_name(uint32_t exc)
{
	static const char *const names[] = {
		"exception", "bad access", "bad instruction", "arithmetic", "emulation",
		"software", "breakpoint",
	};

	return names[exc < sizeof(names) / sizeof(names[0]) ? exc : 0];
}

/* One line for each fault, at most REPORTS_MAX in a second. */
static void report(const struct thread *self)
{
	enum { REPORTS_MAX = 10 };
	static uint64_t second;
	static unsigned int reports;
	uint64_t now = div64(timer_now(), TICK_HZ);

	if (!report_faults)
		return;
	if (now != second) {
		second = now;
		reports = 0;
	}
	if (reports++ >= REPORTS_MAX)
		return;
	printf("task %s ends: %s, code %u, subcode 0x%x, at 0x%x, and no handler for it\n",
	       self->task->name, exception_name(self->exc_code[0]), self->exc_code[1],
	       self->exc_code[2], self->pcb.regs.eip);
}

static _Noreturn void give_up(struct thread *self)
{
	report(self);
	task_terminate(self->task);
	user_return();
}

/* --- Asking --------------------------------------------------------------------------------- */

void exception_thread_end(struct thread *thread)
{
	struct ipc_port *port = thread->exc_reply_port;

	thread->exc_reply_port = NULL;
	if (port != NULL)
		ipc_port_destroy(port);
}

/* The thread's reply port, with a send-once right to it; NULL when memory is short. */
static struct ipc_port *reply_right(struct thread *self)
{
	if (self->exc_reply_port == NULL) {
		struct ipc_port *port = ipc_port_create();

		if (port == NULL)
			return NULL;
		port->receiver = ipc_space_reply;
		self->exc_reply_port = port;
	}
	return ipc_port_make_sonce(self->exc_reply_port);
}

/* A send right to a port that can be asked, or NULL. */
static struct ipc_port *handler_right(struct spin_lock *lock, struct ipc_port *const *slot)
{
	struct ipc_port *port;

	spin_lock(lock);
	port = ipc_port_copy_send(*slot);
	spin_unlock(lock);
	if (!IP_VALID(port))
		return NULL;
	if (port->receiver == ipc_space_kernel) {
		ipc_port_release_send(port);
		return NULL;
	}
	return port;
}

static struct ipc_port *stage_handler(struct thread *self, enum stage stage)
{
	if (stage == STAGE_THREAD)
		return handler_right(&self->lock, &self->exception_port);
	return handler_right(&self->task->lock, &self->task->exception_port);
}

/* A send right for the message; the object's port may be gone. */
static struct ipc_port *thread_right(struct thread *self)
{
	thread_reference(self);
	return convert_thread_to_port(self);
}

static struct ipc_port *task_right(struct task *task)
{
	task_reference(task);
	return convert_task_to_port(task);
}

/* All rights of a request, in hand.  Consumes the handler right; false when memory is short. */
static bool take_rights(struct thread *self, struct ipc_port *handler, struct ipc_raise *raise)
{
	struct ipc_port *reply = reply_right(self);

	if (reply == NULL) {
		ipc_port_release_send(handler);
		return false;
	}
	*raise = (struct ipc_raise){
		.handler = handler,
		.reply = reply,
		.thread = thread_right(self),
		.task = task_right(self->task),
		.code = self->exc_code,
	};
	return true;
}

static void release_rights(const struct ipc_raise *raise)
{
	ipc_port_drop_sonce(raise->reply);
	ipc_port_release_send(raise->thread);
	ipc_port_release_send(raise->task);
	ipc_port_release_send(raise->handler);
}

/*
 * Send the request.  Consumes the rights.  False when memory is short.  A thread that has got it,
 * and is to run, is in *receiverp.
 */
static bool send_request(struct thread *self, const struct ipc_raise *raise,
			 struct thread **receiverp)
{
	struct ipc_kmsg *kmsg = ipc_kmsg_alloc(RAISE_SIZE);

	if (kmsg == NULL) {
		release_rights(raise);
		return false;
	}
	kmsg->header = (struct kmsg_header){
		.bits = MACH_MSGH_BITS_COMPLEX | KMSG_ALL_OR_NOTHING |
			MACH_MSGH_BITS(MACH_MSG_TYPE_PORT_SEND, MACH_MSG_TYPE_PORT_SEND_ONCE),
		.size = RAISE_SIZE,
		.remote = raise->handler,
		.local = raise->reply,
		.id = EXCEPTION_RAISE_ID,
	};
	*(struct ipc_raise_body *)kmsg_body(kmsg) = ipc_raise_body(
		(uint32_t)(uintptr_t)raise->thread, (uint32_t)(uintptr_t)raise->task, raise->code);
	task_count(&self->task->messages_sent);
	*receiverp = ipc_mqueue_deliver_to(kmsg);
	return true;
}

/* --- The answer ----------------------------------------------------------------------------- */

/* Did the handler say yes?  Anything but a well-formed KERN_SUCCESS means no. */
static bool says_yes(mach_msg_id_t id, mach_msg_bits_t bits, mach_msg_size_t size,
		     const struct reply_body *body)
{
	return id == EXCEPTION_REPLY_ID && !(bits & MACH_MSGH_BITS_COMPLEX) &&
	       size == sizeof(mach_msg_header_t) + sizeof(*body) &&
	       body->type == WORD_TYPE(MACH_MSG_TYPE_INTEGER_32) && body->code == KERN_SUCCESS;
}

static _Noreturn void ask_from(struct thread *self, enum stage stage);

static _Noreturn void go_on(struct thread *self, bool yes)
{
	if (yes)
		user_return();
	ask_from(self, self->exc_stage + 1);
}

/* It has come straight from its sender. */
static void answer_arrived(const mach_msg_header_t *header, const void *body)
{
	interrupts_enable();
	go_on(current_thread(), header != NULL && says_yes(header->msgh_id, header->msgh_bits,
							   header->msgh_size, body));
}

/* The wait is over: an answer has come in a kmsg, or none. */
static _Noreturn void answer(struct thread *self, mach_msg_return_t mr)
{
	struct ipc_object *object = self->ipc.object;
	struct ipc_kmsg *kmsg = self->ipc.kmsg;
	const struct kmsg_header *header = &kmsg->header;
	bool yes;

	self->ipc.object = NULL;
	ipc_port_release((struct ipc_port *)object);
	if (mr != MACH_MSG_SUCCESS) {
		/* Aborted: whoever still holds the reply right finds it dead. */
		exception_thread_end(self);
		user_return();
	}
	task_count(&self->task->messages_received);
	yes = says_yes(header->id, header->bits, header->size, kmsg_body(kmsg));
	ipc_kmsg_destroy_received(kmsg);
	go_on(self, yes);
}

static void reply_continue(void)
{
	struct thread *self = current_thread();

	answer(self, ipc_mqueue_receive_finish(self));
}

/* Who has got the request takes our place at once. */
static void wait_for_reply(struct thread *self, struct thread *receiver)
{
	mach_msg_return_t mr;

	ipc_port_reference(self->exc_reply_port);
	self->ipc.object = &self->exc_reply_port->object;
	self->ipc.msg = IPC_ANSWER;
	self->ipc.option = MACH_RCV_MSG;
	self->ipc.rcv_size = MACH_MSG_SIZE_MAX;
	mr = ipc_mqueue_receive(self);
	if (mr == MACH_RCV_IN_PROGRESS && receiver != NULL)
		thread_block_to(reply_continue, receiver);
	if (mr == MACH_RCV_IN_PROGRESS)
		thread_block(reply_continue);
	if (receiver != NULL)
		thread_make_runnable(receiver);
	answer(self, mr);
}

static _Noreturn void ask_from(struct thread *self, enum stage stage)
{
	for (; stage < STAGE_NOBODY; stage++) {
		struct ipc_port *handler = stage_handler(self, stage);
		struct thread *receiver;
		struct ipc_raise raise;

		if (handler == NULL || !take_rights(self, handler, &raise))
			continue;
		self->exc_stage = stage;
		ipc_raise_fast(self, &raise, reply_continue);
		if (send_request(self, &raise, &receiver))
			wait_for_reply(self, receiver);
	}
	give_up(self);
}

_Noreturn void exception(int exc, int code, long subcode)
{
	struct thread *self = current_thread();

	assert_no_locks();
	if (!self->active)	/* it has been ended meanwhile: that is not the task's fault */
		user_return();
	self->exc_code[0] = exc;
	self->exc_code[1] = code;
	self->exc_code[2] = subcode;
	if (trace_on(TRACE_EXCEPTION))
		trace_record(TRACE_EXCEPTION, (uint32_t)exc, (uint32_t)code, (uint32_t)subcode);
	ask_from(self, STAGE_THREAD);
}
