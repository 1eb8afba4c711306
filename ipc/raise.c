/* SPDX-License-Identifier: BSD-2-Clause */
#include <ipc/raise.h>

#include <ipc/fast_path.h>
#include <ipc/fast_steps.h>
#include <ipc/right.h>
#include <kern/sched.h>
#include <kern/trace.h>

/* Names that a handler may get for one request. */
#define NAMES 3

struct raise_fast {
	struct thread *self, *receiver;
	const struct ipc_raise *raise;
	struct ipc_space *there;		/* the handler's */
	struct ipc_pset *set;			/* the handler port's, or NULL */
	struct ipc_mqueue *queue;		/* in which the handler waits */
	struct ipc_entry *thread, *task;	/* what it has for them; NULL: nothing yet */
	struct {
		mach_msg_header_t header;
		struct ipc_raise_body body;
	} message;
};

/* --- Looking ----------------------------------------------------------------------------- */

/* The handler port is locked: its right, which is used up, must not be the last one. */
static bool handler_is_usual(const struct ipc_port *handler)
{
	return handler->object.active && !handler->has_payload && handler->srights > 1;
}

static bool answer_is_awaited(const struct ipc_port *reply)
{
	return reply->object.active && reply->msgcount == 0;
}

/* --- Doing ------------------------------------------------------------------------------- */

static ALWAYS_INLINE mach_port_name_t put(struct raise_fast *f, struct ipc_entry *entry,
					  struct ipc_port *port, uint32_t type)
{
	return name_right(f->there, entry, port, type, EXCEPTION_RAISE_ID);
}

/* The message, its names given in the order in which a copyout gives them. */
static void write_message(struct raise_fast *f)
{
	const struct ipc_raise *raise = f->raise;
	mach_msg_header_t *header = &f->message.header;
	mach_port_name_t thread, task;

	header->msgh_bits = MACH_MSGH_BITS_COMPLEX |
			    MACH_MSGH_BITS(MACH_MSG_TYPE_PORT_SEND_ONCE, MACH_MSG_TYPE_PORT_SEND);
	header->msgh_size = RAISE_SIZE;
	header->msgh_remote_port = put(f, NULL, raise->reply, MACH_MSG_TYPE_PORT_SEND_ONCE);
	header->msgh_local_port = raise->handler->receiver_name;
	header->msgh_seqno = raise->handler->seqno++;
	header->msgh_id = EXCEPTION_RAISE_ID;
	thread = put(f, f->thread, raise->thread, MACH_MSG_TYPE_PORT_SEND);
	task = put(f, f->task, raise->task, MACH_MSG_TYPE_PORT_SEND);
	f->message.body = ipc_raise_body(thread, task, raise->code);
}

/* The send right to the handler has found its use; the handler waits no longer, the thread does. */
static void transfer(struct raise_fast *f)
{
	struct ipc_port *handler = f->raise->handler, *reply = f->raise->reply;

	assert(handler->msgcount == 0 && handler->receiver == f->receiver->task->space);
	write_message(f);
	handler->srights--;
	references_sub(&handler->object, f->set == NULL ? 2 : 1);
	if (f->set != NULL)
		references_sub(&f->set->object, 1);
	receiver_has_it(f->queue, f->receiver);
	f->self->ipc.msg = IPC_ANSWER;
	f->self->ipc.option = MACH_RCV_MSG;
	references_add(&reply->object, 1);
	stand_in_empty_line(f->self, &reply->object, &reply->mqueue, MACH_MSG_SIZE_MAX);
}

/*
 * Locks are only tried, so that their order does not matter; each of the following functions holds
 * one more.  What they return is whether all is done.
 */

static bool from_rights(struct raise_fast *f)
{
	const struct ipc_raise *raise = f->raise;
	bool done = false;

	if (!spin_try_lock(&raise->thread->object.lock))
		return false;
	if (spin_try_lock(&raise->task->object.lock)) {
		done = raise->thread->object.active && raise->task->object.active &&
		       thread_take_over(f->self, f->receiver);
		if (done)
			transfer(f);
		ipc_port_unlock(raise->task);
	}
	ipc_port_unlock(raise->thread);
	return done;
}

static bool from_reply(struct raise_fast *f)
{
	struct ipc_port *reply = f->raise->reply;
	bool done;

	if (!spin_try_lock(&reply->object.lock))
		return false;
	done = answer_is_awaited(reply) && from_rights(f);
	ipc_port_unlock(reply);
	return done;
}

static bool from_space(struct raise_fast *f)
{
	bool done = false;

	f->there = f->raise->handler->receiver;
	if (!spin_try_lock(&f->there->lock))
		return false;
	if (f->there->active && has_slots(&f->there->table, NAMES)) {
		f->thread = ipc_right_find(f->there, f->raise->thread);
		f->task = ipc_right_find(f->there, f->raise->task);
		done = from_reply(f);
	}
	ipc_space_unlock(f->there);
	return done;
}

static bool from_queue(struct raise_fast *f)
{
	return first_receiver(f->queue, RAISE_SIZE, &f->receiver) && from_space(f);
}

static bool from_handler(struct raise_fast *f)
{
	struct ipc_port *handler = f->raise->handler;
	bool done;

	f->set = handler->pset;
	f->queue = f->set != NULL ? &f->set->mqueue : &handler->mqueue;
	if (f->set == NULL)
		return from_queue(f);
	if (!spin_try_lock(&f->set->object.lock))
		return false;
	done = from_queue(f);
	ipc_pset_unlock(f->set);
	return done;
}

static bool try(struct raise_fast *f)
{
	struct ipc_port *handler = f->raise->handler;
	bool done;

	if (!IP_VALID(f->raise->thread) || !IP_VALID(f->raise->task) ||
	    !spin_try_lock(&handler->object.lock))
		return false;
	done = handler_is_usual(handler) && from_handler(f);
	ipc_port_unlock(handler);
	return done;
}

/* --- The handler's side ------------------------------------------------------------------ */

/* The request could not be written: the handler's names are taken back. */
static mach_msg_return_t failed(struct thread *receiver, const struct raise_fast *f)
{
	const mach_port_name_t names[NAMES] = { f->message.body.thread,
						f->message.body.task,
						f->message.header.msgh_remote_port };
	mach_msg_return_t mr = MACH_MSG_SUCCESS;

	for (uint32_t i = 0; i < NAMES; i++) {
		receiver->ipc.dest_name = names[i];
		mr = ipc_fast_path_failed(receiver);
	}
	return mr;
}

void ipc_raise_fast(struct thread *self, const struct ipc_raise *raise,
		    continuation_t continuation)
{
	mach_msg_return_t mr = MACH_MSG_SUCCESS;
	struct raise_fast f;

	f.self = self;		/* the rest is set on the way: it is many words */
	f.raise = raise;
	interrupts_disable();
	if (!ipc_fast_path_is_on() || !try(&f)) {
		interrupts_enable();
		return;
	}
	if (trace_on(TRACE_HANDOFF))
		trace_record(TRACE_HANDOFF, EXCEPTION_RAISE_ID, f.receiver->id, RAISE_SIZE);
	thread_hand_over(self, continuation, f.receiver);
	interrupts_enable();
	if (copyoutmsg(&f.message, f.receiver->ipc.msg, RAISE_SIZE) != 0)
		mr = failed(f.receiver, &f);
	syscall_return(mr);
}
