/* SPDX-License-Identifier: BSD-2-Clause */
#include <ipc/fast_path.h>

#include <ipc/fast_rights.h>
#include <ipc/fast_steps.h>
#include <ipc/kernel_call.h>
#include <ipc/origin.h>
#include <ipc/right.h>
#include <ipc/self_call.h>
#include <kern/command_line.h>
#include <kern/sched.h>
#include <kern/string.h>
#include <kern/trace.h>

/* The longest body that goes this way, in bytes; it lies on the kernel stack. */
#define BODY_MAX 1128u

#define REQUEST_BITS MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE)
#define REPLY_BITS MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0)

enum form {
	REQUEST,		/* the reply is awaited on the reply port */
	REQUEST_ELSEWHERE,	/* or on something else */
	REPLY,
};

static ipc_fast_path_t never;

static __attribute__((regparm(1))) void never(struct thread *self, struct fast_call call)
{
	(void)self, (void)call;
}

ipc_fast_path_t *ipc_fast_path = ipc_fast_path_try;
__attribute__((noreturn)) void (*ipc_fast_answer)(const mach_msg_header_t *header,
						 const void *body);

void ipc_fast_path_enable(bool on)
{
	ipc_fast_path = on ? ipc_fast_path_try : never;
}

void ipc_fast_path_init(const char *command_line)
{
	if (command_line_has(command_line, "fast-path=0"))
		ipc_fast_path_enable(false);
}

/*
 * One hand-over.  A message with rights in its body goes the same way with a few steps more: where
 * `rights` is an argument it is theirs, and NULL for all others.
 */
struct fast {
	struct thread *self, *receiver;
	struct fast_call *call;
	void *body;
	struct ipc_space *space;		/* the sender's */
	struct ipc_entry *entry;		/* of the destination */
	struct ipc_port *dest;
	struct ipc_port *reply;			/* of a request */
	struct ipc_object *source;		/* what the sender will receive from */
	struct ipc_mqueue *source_queue;
};

/* --- Looking ----------------------------------------------------------------------------- */

/* The destination and the reply port, from the sender's names.  Space locked. */
static ALWAYS_INLINE bool find_ports(struct fast *f, enum form form)
{
	struct ipc_entry *reply;

	f->entry = ipc_entry_lookup(&f->space->table, f->call->header.msgh_remote_port);
	if (f->entry == NULL)
		return false;
	f->dest = entry_port(f->entry);
	if (form == REPLY)
		return (f->entry->bits & MACH_PORT_TYPE_SEND_ONCE) != 0 &&
		       f->entry->request == NULL;
	if (!(f->entry->bits & MACH_PORT_TYPE_SEND))
		return false;
	reply = ipc_entry_lookup(&f->space->table, f->call->header.msgh_local_port);
	if (reply == NULL || !(reply->bits & MACH_PORT_TYPE_RECEIVE))
		return false;
	f->reply = entry_port(reply);
	return true;
}

/* What to receive from: the reply port, or another port, or a set. */
static ALWAYS_INLINE bool find_source(struct fast *f, enum form form)
{
	struct ipc_entry *entry;

	if (form == REQUEST) {
		f->source = &f->reply->object;
		f->source_queue = &f->reply->mqueue;
		return true;
	}
	entry = ipc_entry_lookup(&f->space->table, f->call->args.rcv_name);
	if (entry == NULL)
		return false;
	f->source = entry->object;
	if (form == REPLY && (entry->bits & MACH_PORT_TYPE_RECEIVE)) {
		f->source_queue = &entry_port(entry)->mqueue;
		return true;
	}
	if (!(entry->bits & MACH_PORT_TYPE_PORT_SET))
		return false;
	f->source_queue = &entry_pset(entry)->mqueue;
	return true;
}

/* Is there nothing to be received yet?  Source locked. */
static ALWAYS_INLINE bool source_is_quiet(const struct fast *f, enum form form)
{
	if (form == REQUEST || (form == REPLY && f->source->kind == IOT_PORT)) {
		const struct ipc_port *port = (const struct ipc_port *)f->source;

		return port->pset == NULL && port->msgcount == 0;
	}
	return queue_empty(&((const struct ipc_pset *)f->source)->ready);
}

/* Room for the names that come into the receiver's space, which is locked if there are any. */
static ALWAYS_INLINE bool has_room(const struct ipc_space *space, enum form form,
				   const struct fast_rights *rights)
{
	const struct ipc_table *table = &space->table;

	if (rights != NULL)
		return space->active && has_slots(table, rights->count + (form != REPLY));
	return form == REPLY ||
	       (space->active && table->free_head != NULL && table->used < table->limit);
}

/* --- Locks: all are only tried, so that no order matters, nor which of them are the same --- */

/* The space of the receiver, where a request and rights need room for names. */
static ALWAYS_INLINE bool lock_there(struct fast *f, struct ipc_space *there, enum form form,
				     const struct fast_rights *rights)
{
	return (form == REPLY && rights == NULL) || there == f->space ||
	       spin_try_lock(&there->lock);
}

static ALWAYS_INLINE void unlock_there(struct fast *f, struct ipc_space *there, enum form form,
				       const struct fast_rights *rights)
{
	if ((form != REPLY || rights != NULL) && there != f->space)
		ipc_space_unlock(there);
}

/* The reply port, where it is not the source. */
static ALWAYS_INLINE bool lock_reply(struct fast *f, enum form form)
{
	return form != REQUEST_ELSEWHERE || spin_try_lock(&f->reply->object.lock);
}

static ALWAYS_INLINE void unlock_reply(struct fast *f, enum form form)
{
	if (form == REQUEST_ELSEWHERE)
		ipc_port_unlock(f->reply);
}

/* The rights' ports, as far as they are not locked already: the last. */
static ALWAYS_INLINE bool lock_rights(struct fast *f, enum form form, struct fast_rights *rights)
{
	const struct fast_rights_header header = {
		.locked = { f->dest, f->source, form == REPLY ? NULL : f->reply },
		.taken = form == REPLY ? f->entry : NULL,
	};

	return rights == NULL || fast_rights_lock(rights, f->space, &header);
}

static ALWAYS_INLINE void unlock_rights(const struct fast_rights *rights)
{
	if (rights != NULL)
		fast_rights_unlock(rights);
}

/* --- Doing ---------------------------------------------------------------------------------- */

/* The sender waits: somebody may give it a message from here on. */
static ALWAYS_INLINE void sender_waits(struct fast *f, enum form form)
{
	struct thread *self = f->self;
	const struct mach_msg_args *args = &f->call->args;

	self->ipc.msg = args->msg;
	self->ipc.option = MACH_SEND_MSG | MACH_RCV_MSG;
	self->ipc.rcv_name = args->rcv_name;
	if (form != REQUEST)
		references_add(f->source, 1);
	stand_in_empty_line(self, f->source, f->source_queue, args->rcv_size);
}

/* The receiver has its message; its reference on what it waited for is not the last. */
static ALWAYS_INLINE void receiver_leaves(struct fast *f, struct ipc_pset *set,
					  struct ipc_mqueue *queue, enum form form)
{
	assert(f->receiver->ipc.object == (set != NULL ? &set->object : &f->dest->object));
	receiver_has_it(queue, f->receiver);
	if (set != NULL)
		references_sub(&set->object, 1);
	else if (form != REPLY)
		references_sub(&f->dest->object, 1);
}

/* The rights: all that is left of a copied send right and a made send-once right is a name. */
static ALWAYS_INLINE void move_request(struct fast *f, struct ipc_space *there, enum form form)
{
	struct ipc_entry *entry = ipc_entry_pop(&there->table);
	mach_msg_header_t *msg = &f->call->header;

	ipc_origin_message(entry, msg->msgh_id);
	assert(f->reply->object.active);
	f->reply->sorights++;
	references_add(&f->reply->object, form == REQUEST ? 2 : 1);	/* and sender_waits's */
	entry->bits |= MACH_PORT_TYPE_SEND_ONCE | 1;
	entry->object = &f->reply->object;
	msg->msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_PORT_SEND_ONCE, MACH_MSG_TYPE_PORT_SEND);
	msg->msgh_remote_port = entry->name;
	f->receiver->ipc.dest_name = entry->name;	/* for ipc_fast_path_failed */
}

/* The send-once right goes with its name; the receive right still keeps the port. */
static ALWAYS_INLINE void move_reply(struct fast *f, const struct ipc_pset *set)
{
	mach_msg_header_t *msg = &f->call->header;

	ipc_entry_free(&f->space->table, f->entry);
	assert(f->dest->sorights > 0);
	f->dest->sorights--;
	references_sub(&f->dest->object, set == NULL ? 2 : 1);		/* and receiver_leaves's */
	msg->msgh_bits = MACH_MSGH_BITS(0, MACH_MSG_TYPE_PORT_SEND_ONCE);
	msg->msgh_remote_port = MACH_PORT_NULL;
	f->receiver->ipc.dest_name = MACH_PORT_NULL;
}

/*
 * Does the receiver wait in the kernel, for an answer to itself?  Users may give that address, too;
 * and the continuation of one whose buffer had to be paged in is no more.
 */
static bool is_for_kernel(const struct thread *receiver)
{
	return receiver->ipc.msg == IPC_ANSWER &&
	       receiver->continuation != mach_msg_receive_continue;
}

/* In the order of the ordinary path: all that the sender gives, and then all that the receiver gets. */
static ALWAYS_INLINE void move_rights(struct fast *f, struct ipc_space *there, struct ipc_pset *set,
				      enum form form, const struct fast_rights *rights)
{
	if (form == REPLY)
		move_reply(f, set);
	if (rights != NULL)
		fast_rights_take(rights, f->space);
	if (form != REPLY)
		move_request(f, there, form);
	if (rights != NULL) {
		fast_rights_put(rights, there, f->call->header.msgh_id);
		f->call->header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	}
}

static ALWAYS_INLINE void transfer(struct fast *f, struct ipc_space *there, struct ipc_pset *set,
				   struct ipc_mqueue *queue, enum form form,
				   const struct fast_rights *rights)
{
	mach_msg_header_t *msg = &f->call->header;

	assert(f->dest->object.active && f->dest->msgcount == 0);
	assert(there == (is_for_kernel(f->receiver) ? ipc_space_reply : f->receiver->task->space));
	move_rights(f, there, set, form, rights);
	msg->msgh_local_port = f->dest->receiver_name;
	msg->msgh_seqno = f->dest->seqno++;
	receiver_leaves(f, set, queue, form);
	sender_waits(f, form);
}

/*
 * The functions that follow return false when they give up, with their own locks given back; or true
 * when all is done, and then all locks are given back.
 */

/*
 * Nobody waits at the destination, a kernel object's: call the kernel.  Space and destination are
 * locked, and stay so where this returns, as it cannot be done.
 */
static __attribute__((noinline, cold)) void
call_kernel(struct thread *self, const struct fast_call *call, const void *body,
	    struct ipc_port *dest, struct ipc_port *reply)
{
	bool taken = false;

	if (spin_try_lock(&reply->object.lock)) {
		taken = reply->pset == NULL && reply->msgcount == 0 &&
			ipc_kernel_call_take(self, call, body, dest, reply);
		ipc_port_unlock(reply);
	}
	if (!taken)
		return;
	ipc_port_unlock(dest);
	ipc_space_unlock(self->task->space);
	machine_call_continuation(ipc_kernel_call);
}

/* The destination is locked, and its set, if it is in one: so is the queue. */
static ALWAYS_INLINE bool transfer_to_receiver(struct fast *f, struct ipc_pset *set,
					       struct ipc_mqueue *queue, enum form form,
					       struct fast_rights *rights)
{
	struct ipc_space *there = f->dest->receiver;

	if (__builtin_expect(!first_receiver(queue, f->call->args.send_size, &f->receiver), 0)) {
		if (form == REQUEST && rights == NULL && f->dest->receiver == ipc_space_kernel)
			call_kernel(f->self, f->call, f->body, f->dest, f->reply);
		return false;
	}
	if (!spin_try_lock(&f->source->lock))
		return false;
	if (!source_is_quiet(f, form) || !lock_there(f, there, form, rights))
		goto no_space;
	if (!has_room(there, form, rights) || !lock_reply(f, form))
		goto no_room;
	if (!lock_rights(f, form, rights))
		goto no_rights;
	if (!thread_take_over(f->self, f->receiver))
		goto no_claim;
	transfer(f, there, set, queue, form, rights);	/* the point of no return */
	unlock_rights(rights);
	unlock_reply(f, form);
	unlock_there(f, there, form, rights);
	spin_unlock(&f->source->lock);
	if (set != NULL)
		ipc_pset_unlock(set);
	ipc_port_unlock(f->dest);
	ipc_space_unlock(f->space);
	return true;

no_claim:
	unlock_rights(rights);
no_rights:
	unlock_reply(f, form);
no_room:
	unlock_there(f, there, form, rights);
no_space:
	spin_unlock(&f->source->lock);
	return false;
}

/* A port with an empty queue limit takes no requests, and one with a payload is told otherwise. */
static ALWAYS_INLINE bool transfer_to_dest(struct fast *f, enum form form,
					   struct fast_rights *rights)
{
	struct ipc_port *dest = f->dest;
	struct ipc_pset *set;

	if (dest->has_payload || (form != REPLY && dest->qlimit == 0))
		return false;
	set = dest->pset;
	if (set == NULL)
		return transfer_to_receiver(f, NULL, &dest->mqueue, form, rights);
	if (!spin_try_lock(&set->object.lock))
		return false;
	if (transfer_to_receiver(f, set, &set->mqueue, form, rights))
		return true;
	ipc_pset_unlock(set);
	return false;
}

static ALWAYS_INLINE bool send_from_space(struct fast *f, enum form form,
					  struct fast_rights *rights)
{
	if (!find_ports(f, form) || !find_source(f, form) || !spin_try_lock(&f->dest->object.lock))
		return false;
	if (transfer_to_dest(f, form, rights))
		return true;
	ipc_port_unlock(f->dest);
	return false;
}

static ALWAYS_INLINE bool send(struct fast *f, enum form form, struct fast_rights *rights)
{
	f->space = f->self->task->space;
	if (!spin_try_lock(&f->space->lock))
		return false;
	if (send_from_space(f, form, rights))
		return true;
	ipc_space_unlock(f->space);
	return false;
}

/* Which form it has, the bits being COMPLEX no more; all of it: nothing has changed unless it is done. */
static ALWAYS_INLINE bool send_form(struct fast *f, mach_msg_bits_t bits,
				    struct fast_rights *rights)
{
	const mach_msg_header_t *msg = &f->call->header;

	if (bits == REQUEST_BITS)
		return msg->msgh_local_port == f->call->args.rcv_name ?
		       send(f, REQUEST, rights) : send(f, REQUEST_ELSEWHERE, rights);
	return bits == REPLY_BITS && msg->msgh_local_port == MACH_PORT_NULL &&
	       send(f, REPLY, rights);
}

mach_msg_return_t ipc_fast_path_failed(struct thread *receiver)
{
	struct ipc_space *space = receiver->task->space;
	struct ipc_debris debris;
	struct ipc_entry *entry;

	if (is_for_kernel(receiver))
		ipc_fast_answer(NULL, NULL);
	ipc_debris_init(&debris);
	ipc_space_lock(space);
	entry = ipc_right_lookup(space, receiver->ipc.dest_name);
	if (entry != NULL)
		ipc_right_deallocate(space, entry, &debris);
	ipc_space_unlock(space);
	ipc_debris_release(&debris);
	return MACH_RCV_INVALID_DATA;
}

static void note_hand_over(const struct fast_call *call, const struct thread *receiver)
{
	trace_record(TRACE_HANDOFF, (uint32_t)call->header.msgh_id, receiver->id,
		     call->args.send_size);
}

/* A complex message, in forms that ordinary requests and replies have. */
static __attribute__((noinline)) void try_rights(struct thread *self, struct fast_call *call,
						 void *body, mach_msg_size_t size)
{
	struct fast f = { .self = self, .call = call, .body = body };
	struct fast_rights rights;
	mach_msg_header_t *msg;

	if (!fast_rights_read(&rights, body, size) ||
	    !send_form(&f, call->header.msgh_bits & ~MACH_MSGH_BITS_COMPLEX, &rights))
		return;
	if (trace_on(TRACE_HANDOFF))
		note_hand_over(call, f.receiver);
	thread_hand_over(self, mach_msg_receive_continue, f.receiver);
	msg = f.receiver->ipc.msg;
	if (copyoutmsg(body, msg + 1, size) != 0 ||
	    copyoutmsg(&call->header, msg, sizeof(call->header)) != 0)
		syscall_return(fast_rights_failed(&rights, f.receiver));
	syscall_return(MACH_MSG_SUCCESS);
}

/* To oneself. */
static __attribute__((noinline)) void try_self(struct thread *self, struct fast_call *call,
					       const void *body, mach_msg_size_t size)
{
	if (!ipc_self_call_take(self, call))
		return;
	if (size != 0 && copyoutmsg(body, call->args.msg + 1, size) != 0)
		syscall_return(MACH_RCV_INVALID_DATA);
	machine_message_return(self, &call->header, call->args.msg);
}

/* It is no request nor reply of plain data, or cannot go that way. */
static void try_other(struct thread *self, struct fast_call *call, void *body)
{
	mach_msg_size_t size = call->args.send_size - sizeof(call->header);
	mach_msg_bits_t bits = call->header.msgh_bits;

	if (bits == (REQUEST_BITS | MACH_MSGH_BITS_COMPLEX) ||
	    bits == (REPLY_BITS | MACH_MSGH_BITS_COMPLEX))
		try_rights(self, call, body, size);
	else if (bits == IPC_SELF_CALL_BITS)
		try_self(self, call, body, size);
}

/* The stack protector would cost eight instructions; the buffer's length is checked here. */
__attribute__((no_stack_protector, regparm(1)))
void ipc_fast_path_try(struct thread *self, struct fast_call call)
{
	uint32_t body[BODY_MAX / sizeof(uint32_t)];
	mach_msg_size_t size = call.args.send_size - sizeof(call.header);
	struct fast f = { .self = self, .call = &call, .body = body };

	if (size != 0 && (size > BODY_MAX || (size & 3) != 0 ||
			  copyinmsg(call.args.msg + 1, body, size) != 0))
		return;
	if (!send_form(&f, call.header.msgh_bits, NULL)) {
		try_other(self, &call, body);
		return;
	}
	if (trace_on(TRACE_HANDOFF))
		note_hand_over(&call, f.receiver);
	thread_hand_over(self, mach_msg_receive_continue, f.receiver);
	size = call.args.send_size - sizeof(call.header);
	if (size != 0 && copyoutmsg(body, f.receiver->ipc.msg + 1, size) != 0) {
		if (is_for_kernel(f.receiver))
			ipc_fast_answer(&call.header, body);
		syscall_return(ipc_fast_path_failed(f.receiver));
	}
	machine_message_return(f.receiver, &call.header, f.receiver->ipc.msg);
}
