/* SPDX-License-Identifier: BSD-2-Clause */
#include <ipc/self_call.h>

#include <ipc/port.h>
#include <ipc/space.h>
#include <kern/task.h>
#include <kern/trace.h>

static bool is_traced(void)
{
	return trace_on(TRACE_SEND) || trace_on(TRACE_ENQUEUE) || trace_on(TRACE_DEQUEUE) ||
	       trace_on(TRACE_RECEIVE);
}

/* The port that is sent to and received from, if it is one, and ours.  Space locked. */
static struct ipc_port *find_port(const struct ipc_space *space, const struct fast_call *call)
{
	const uint32_t both = MACH_PORT_TYPE_SEND | MACH_PORT_TYPE_RECEIVE;
	struct ipc_entry *entry;

	if (call->header.msgh_remote_port != call->args.rcv_name ||
	    call->header.msgh_local_port != MACH_PORT_NULL ||
	    call->args.send_size > call->args.rcv_size)
		return NULL;
	entry = ipc_entry_lookup(&space->table, call->args.rcv_name);
	return entry != NULL && (entry->bits & both) == both ? entry_port(entry) : NULL;
}

/* Would the message be let in, and be the first to come out, to us?  Port locked. */
static bool is_free(const struct ipc_port *port)
{
	return port->msgcount == 0 && port->qlimit != 0 && port->pset == NULL &&
	       !port->has_payload && queue_empty(&port->mqueue.receivers);
}

/* The copy of the right is made and used up; the queue has had one message. */
static void pass(struct thread *self, struct ipc_port *port, mach_msg_header_t *header)
{
	assert(port->object.active && port->srights > 0);
	if (port->counts.longest == 0)
		port->counts.longest = 1;
	header->msgh_bits = MACH_MSGH_BITS(0, MACH_MSG_TYPE_PORT_SEND);
	header->msgh_remote_port = MACH_PORT_NULL;
	header->msgh_local_port = port->receiver_name;
	header->msgh_seqno = port->seqno++;
	task_count(&self->task->messages_sent);
	task_count(&self->task->messages_received);
}

bool ipc_self_call_take(struct thread *self, struct fast_call *call)
{
	struct ipc_space *space = self->task->space;
	struct ipc_port *port;
	bool done = false;

	if (is_traced() || !spin_try_lock(&space->lock))
		return false;
	port = find_port(space, call);
	if (port != NULL && spin_try_lock(&port->object.lock)) {
		done = is_free(port);
		if (done)
			pass(self, port, &call->header);
		ipc_port_unlock(port);
	}
	ipc_space_unlock(space);
	if (done) {
		self->ipc.msg = call->args.msg;		/* for ipc_fast_path_failed */
		self->ipc.dest_name = MACH_PORT_NULL;
	}
	return done;
}
