/* SPDX-License-Identifier: BSD-2-Clause */
#include "exception.h"

#include <libmach/thread.h>
#include <mach.h>
#include <mach/exception.h>
#include <mach/mach_traps.h>
#include <mach/thread_special_ports.h>

#include "../common/measure.h"

#define HANDLER_NAME	0x1000		/* the port's name in the handler's task */
#define REPLY_ID	2500

struct exception {
	mach_msg_header_t	header;
	mach_msg_type_t		thread_type;
	mach_port_t		thread;
	mach_msg_type_t		task_type;
	mach_port_t		task;
	unsigned int		codes[6];
};

struct answer {
	mach_msg_header_t	header;
	mach_msg_type_t		type;
	kern_return_t		result;
};

/* As plain as a handler can be: it gives back the two rights, and says yes. */
static void handle(void *argument)
{
	mach_port_t port = (mach_port_t) (uintptr_t) argument, self = mach_task_self();
	union {
		struct exception	exception;
		struct answer		answer;
	} message;
	mach_msg_option_t option = MACH_RCV_MSG;

	for (;;) {
		mach_msg_trap(&message.exception.header, option, sizeof message.answer,
			sizeof message, port, MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
		syscall_mach_port_deallocate(self, message.exception.thread);
		syscall_mach_port_deallocate(self, message.exception.task);
		message.answer.header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0);
		message.answer.header.msgh_local_port = MACH_PORT_NULL;
		message.answer.header.msgh_size = sizeof message.answer;
		message.answer.header.msgh_id = REPLY_ID;
		message.answer.type = (mach_msg_type_t) {
			.msgt_name = MACH_MSG_TYPE_INTEGER_32, .msgt_size = 32,
			.msgt_number = 1, .msgt_inline = TRUE };
		message.answer.result = KERN_SUCCESS;
		option = MACH_SEND_MSG | MACH_RCV_MSG;
	}
}

static void raise(void *unused)
{
	(void) unused;
	__asm__ volatile("int3");
}

void measure_exception(void)
{
	mach_port_t self = mach_thread_self(), port = mach_reply_port(), task, thread;

	must("send right", mach_port_insert_right(mach_task_self(), port, port,
		MACH_MSG_TYPE_MAKE_SEND));
	must("handler", thread_set_exception_port(self, port));
	must("task", mach_task_prepare(handle, (void *) HANDLER_NAME, &task, &thread));
	must("insert", mach_port_insert_right(task, HANDLER_NAME, port,
		MACH_MSG_TYPE_MOVE_RECEIVE));
	must("resume", thread_resume(thread));
	measure("exception", raise, NULL, NULL);
	must("no handler", thread_set_exception_port(self, MACH_PORT_NULL));
	task_terminate(task);
	mach_port_deallocate(mach_task_self(), thread);
	mach_port_deallocate(mach_task_self(), task);
	mach_port_deallocate(mach_task_self(), port);
	mach_port_deallocate(mach_task_self(), self);
}
