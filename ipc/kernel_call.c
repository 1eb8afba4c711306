/* SPDX-License-Identifier: BSD-2-Clause */
#include <ipc/kernel_call.h>

#include <ipc/kmsg.h>
#include <ipc/port.h>
#include <ipc/space.h>
#include <kern/sched.h>
#include <kern/string.h>
#include <kern/task.h>
#include <kern/trace.h>
#include <vm/page.h>

/* For the time after the call: as mach_msg leaves them. */
static void note_arguments(struct thread *self, const struct mach_msg_args *args)
{
	self->ipc.msg = args->msg;
	self->ipc.option = args->option;
	self->ipc.rcv_size = args->rcv_size;
	self->ipc.rcv_name = args->rcv_name;
	self->ipc.timeout = args->timeout;
	self->ipc.notify = args->notify;
}

/*
 * Is it sure that nobody will refuse the message?  Else the ordinary way asks, which counts what is
 * refused.  A page is more than the longest of these messages takes.
 */
static bool is_welcome(const struct ipc_account *account, mach_msg_size_t size)
{
	return account == NULL || (size <= account->limits.il_message_size &&
				   ipc_account_has_room(account, PAGE_BYTES));
}

bool ipc_kernel_call_take(struct thread *self, const struct fast_call *call, const void *body,
			  struct ipc_port *dest, struct ipc_port *reply)
{
	mach_msg_size_t size = call->args.send_size;
	struct ipc_kmsg *kmsg;

	if (!is_welcome(self->task->space->account, size))
		return false;
	kmsg = ipc_kmsg_alloc_paid(size);
	if (kmsg == NULL)
		return false;
	ipc_port_copy_send_locked(dest);
	ipc_port_make_sonce_locked(reply);
	kmsg->header = (struct kmsg_header){
		.bits = MACH_MSGH_BITS(MACH_MSG_TYPE_PORT_SEND, MACH_MSG_TYPE_PORT_SEND_ONCE),
		.size = size,
		.remote = dest,
		.local = reply,
		.id = call->header.msgh_id,
	};
	memmove(kmsg_body(kmsg), body, size - sizeof(kmsg->header));
	*(uint32_t *)((uint8_t *)&kmsg->header + size) = 0;	/* ends strings for MIG's stubs */
	self->ipc.kmsg = kmsg;
	note_arguments(self, &call->args);
	return true;
}

/* Is the reply port what it was, and would the answer be the first in its queue?  Locked. */
static bool is_awaited(const struct thread *self, const struct ipc_port *port)
{
	return port->object.active && port->receiver == self->task->space &&
	       port->receiver_name == self->ipc.rcv_name && port->pset == NULL &&
	       port->msgcount == 0 && queue_empty(&port->mqueue.receivers) && !port->has_payload;
}

/* The answer comes and goes: its right is used up.  False, with nothing changed: not so simply. */
static bool receive_at_once(struct thread *self, struct ipc_kmsg *answer)
{
	struct ipc_port *port = answer->header.remote;
	bool awaited;

	if ((answer->header.bits & MACH_MSGH_BITS_COMPLEX) ||
	    answer->header.size > self->ipc.rcv_size)
		return false;
	ipc_port_lock(port);
	awaited = is_awaited(self, port);
	if (awaited) {
		assert(port->sorights > 0);
		port->sorights--;
		if (port->counts.longest == 0)
			port->counts.longest = 1;	/* as if it had been queued */
		answer->user.msgh_seqno = port->seqno++;
	}
	ipc_port_unlock(port);
	if (!awaited)
		return false;
	ipc_port_release(port);
	return true;
}

static mach_msg_return_t put(struct thread *self, struct ipc_kmsg *answer)
{
	mach_msg_return_t mr = MACH_MSG_SUCCESS;

	task_count(&self->task->messages_received);
	answer->user.msgh_bits = MACH_MSGH_BITS(0, MACH_MSG_TYPE_PORT_SEND_ONCE);
	answer->user.msgh_remote_port = MACH_PORT_NULL;
	answer->user.msgh_local_port = self->ipc.rcv_name;
	if (copyoutmsg(&answer->user, self->ipc.msg, answer->user.msgh_size) != 0)
		mr = MACH_RCV_INVALID_DATA;
	else if (trace_on(TRACE_RECEIVE))
		trace_record(TRACE_RECEIVE, (uint32_t)answer->user.msgh_id,
			     answer->user.msgh_size, self->ipc.rcv_name);
	ipc_kmsg_free(answer);
	return mr;
}

void ipc_kernel_call(void)
{
	struct thread *self = current_thread();
	struct ipc_kmsg *request = self->ipc.kmsg, *answer;

	self->ipc.kmsg = NULL;
	interrupts_enable();
	task_count(&self->task->messages_sent);
	if (trace_on(TRACE_SEND))
		trace_record(TRACE_SEND, (uint32_t)request->header.id, request->header.size,
			     request->header.remote->serial);
	answer = ipc_kobject_server(request);
	if (answer != NULL && receive_at_once(self, answer))
		syscall_return(put(self, answer));
	mach_msg_receive_answer(self, answer);
}
