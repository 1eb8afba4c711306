/* SPDX-License-Identifier: BSD-2-Clause */
#include <kern/exception.h>

#include <ipc/kmsg.h>
#include <ipc/mqueue.h>
#include <ipc/port.h>
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

#define EXCEPTION_RAISE_ID 2400
#define EXCEPTION_REPLY_ID 2500

#define WORD_TYPE(name) (0x10012000u | (name))	/* one inline element of 32 bits */

struct raise_body {
	uint32_t thread_type;
	struct ipc_port *thread;
	uint32_t task_type;
	struct ipc_port *task;
	uint32_t exception_type, exception;
	uint32_t code_type, code;
	uint32_t subcode_type, subcode;
};
_Static_assert(sizeof(struct kmsg_header) + sizeof(struct raise_body) == 64, "exception_raise");

struct reply_body {
	uint32_t type;
	kern_return_t code;
};

/* Whom we ask; kept in the thread's exc_stage while it waits. */
enum stage { STAGE_THREAD, STAGE_TASK, STAGE_NOBODY };

static bool report_faults = DEBUG;

void exception_init(const char *command_line)
{
	const char *value = command_line_value(command_line, "debug-faults");

	if (value != NULL)
		report_faults = *value == '1';
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

/*
 * Send the request.  Consumes the handler right.  False when memory is short.  A thread that has
 * got it, and is to run, is in *receiverp.
 */
static bool send_request(struct thread *self, struct ipc_port *handler,
			 struct thread **receiverp)
{
	struct ipc_kmsg *kmsg = ipc_kmsg_alloc(sizeof(struct kmsg_header) + sizeof(struct raise_body));
	struct ipc_port *reply = kmsg != NULL ? reply_right(self) : NULL;

	if (reply == NULL) {
		if (kmsg != NULL)
			ipc_kmsg_free(kmsg);
		ipc_port_release_send(handler);
		return false;
	}
	kmsg->header = (struct kmsg_header){
		.bits = MACH_MSGH_BITS_COMPLEX | KMSG_ALL_OR_NOTHING |
			MACH_MSGH_BITS(MACH_MSG_TYPE_PORT_SEND, MACH_MSG_TYPE_PORT_SEND_ONCE),
		.size = sizeof(struct kmsg_header) + sizeof(struct raise_body),
		.remote = handler,
		.local = reply,
		.id = EXCEPTION_RAISE_ID,
	};
	*(struct raise_body *)kmsg_body(kmsg) = (struct raise_body){
		.thread_type = WORD_TYPE(MACH_MSG_TYPE_PORT_SEND),
		.thread = thread_right(self),
		.task_type = WORD_TYPE(MACH_MSG_TYPE_PORT_SEND),
		.task = task_right(self->task),
		.exception_type = WORD_TYPE(MACH_MSG_TYPE_INTEGER_32),
		.exception = self->exc_code[0],
		.code_type = WORD_TYPE(MACH_MSG_TYPE_INTEGER_32),
		.code = self->exc_code[1],
		.subcode_type = WORD_TYPE(MACH_MSG_TYPE_INTEGER_32),
		.subcode = self->exc_code[2],
	};
	*receiverp = ipc_mqueue_deliver_to(kmsg);
	return true;
}

/* Did the handler say yes?  Anything but a well-formed KERN_SUCCESS means no. */
static bool reply_says_yes(struct ipc_kmsg *kmsg)
{
	const struct reply_body *body = kmsg_body(kmsg);
	const struct kmsg_header *header = &kmsg->header;

	return header->id == EXCEPTION_REPLY_ID && !(header->bits & MACH_MSGH_BITS_COMPLEX) &&
	       header->size == sizeof(*header) + sizeof(*body) &&
	       body->type == WORD_TYPE(MACH_MSG_TYPE_INTEGER_32) && body->code == KERN_SUCCESS;
}

static _Noreturn void ask_from(struct thread *self, enum stage stage);
static void wait_for_reply(struct thread *self, struct thread *receiver);

static _Noreturn void answer(struct thread *self, mach_msg_return_t mr)
{
	struct ipc_kmsg *kmsg = self->ipc.kmsg;
	bool yes;

	self->ipc.object = NULL;
	if (mr != MACH_MSG_SUCCESS) {
		/* Aborted: whoever still holds the reply right finds it dead. */
		exception_thread_end(self);
		user_return();
	}
	yes = reply_says_yes(kmsg);
	ipc_kmsg_destroy_received(kmsg);
	if (yes)
		user_return();
	ask_from(self, self->exc_stage + 1);
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

	self->ipc.object = &self->exc_reply_port->object;
	self->ipc.option = MACH_MSG_OPTION_NONE;
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

		if (handler == NULL)
			continue;
		self->exc_stage = stage;
		if (send_request(self, handler, &receiver))
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
