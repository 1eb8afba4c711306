/* SPDX-License-Identifier: BSD-2-Clause */
#include <ipc/fast_path.h>

#include <ipc/mach_msg.h>
#include <ipc/origin.h>
#include <ipc/pset.h>
#include <ipc/right.h>
#include <kern/run_queue.h>
#include <kern/sched.h>
#include <kern/string.h>
#include <kern/task.h>
#include <kern/trace.h>

/* The longest message that goes this way, in bytes; it lies on the kernel stack. */
#define FAST_MAX 1152u

/* What a receiver may have asked for beyond the message. */
#define UNUSUAL_OPTIONS (MACH_RCV_NOTIFY | 0xff000000)

#define REQUEST_BITS MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE)
#define REPLY_BITS MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0)

/* One straight run of code: what is known in one part need not be stored for the next. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

bool ipc_fast_path_enabled = true;

void ipc_fast_path_init(const char *command_line)
{
	static const char option[] = "fast-path=0";

	for (const char *p = command_line; (p = strchr(p, 'f')) != NULL; p++)
		if (strncmp(p, option, sizeof(option) - 1) == 0)
			ipc_fast_path_enabled = false;
}

struct fast {
	const struct mach_msg_args *args;
	struct thread *self, *receiver;
	struct ipc_space *space, *there;	/* the sender's and the receiver's */
	struct ipc_entry *entry;		/* of the destination */
	struct ipc_port *dest;
	struct ipc_port *reply;			/* of a request */
	struct ipc_object *source;		/* what the sender will receive from */
	struct ipc_mqueue *source_queue;
};

/* --- Looking ----------------------------------------------------------------------------- */

/* The destination and the reply port, from the sender's names.  Space locked. */
static ALWAYS_INLINE bool find_ports(struct fast *f, const mach_msg_header_t *msg, bool request)
{
	struct ipc_entry *reply;

	f->entry = ipc_entry_lookup(&f->space->table, msg->msgh_remote_port);
	if (f->entry == NULL)
		return false;
	f->dest = entry_port(f->entry);
	if (!request)
		return (f->entry->bits & MACH_PORT_TYPE_SEND_ONCE) != 0 &&
		       f->entry->request == NULL;
	if (!(f->entry->bits & MACH_PORT_TYPE_SEND))
		return false;
	reply = ipc_entry_lookup(&f->space->table, msg->msgh_local_port);
	if (reply == NULL || !(reply->bits & MACH_PORT_TYPE_RECEIVE))
		return false;
	f->reply = entry_port(reply);
	return true;
}

/* What to receive from: the reply port, or another port, or a set; but not the destination. */
static ALWAYS_INLINE bool find_source(struct fast *f, mach_port_name_t reply_name,
				      mach_port_name_t name, bool request)
{
	struct ipc_entry *entry;

	if (request && name == reply_name) {
		f->source = &f->reply->object;
		f->source_queue = &f->reply->mqueue;
		return f->reply != f->dest;
	}
	entry = ipc_entry_lookup(&f->space->table, name);
	if (entry == NULL || entry->object == &f->dest->object)
		return false;
	f->source = entry->object;
	if (entry->bits & MACH_PORT_TYPE_RECEIVE) {
		f->source_queue = &entry_port(entry)->mqueue;
		return !request;
	}
	if (!(entry->bits & MACH_PORT_TYPE_PORT_SET) || entry_pset(entry) == f->dest->pset)
		return false;
	f->source_queue = &entry_pset(entry)->mqueue;
	return !request || f->reply != f->dest;
}

/* Is there nothing to be received yet?  Source locked. */
static ALWAYS_INLINE bool source_is_quiet(const struct fast *f)
{
	if (f->source->kind == IOT_PORT) {
		const struct ipc_port *port = (const struct ipc_port *)f->source;

		return port->pset == NULL && port->msgcount == 0;
	}
	return queue_empty(&((const struct ipc_pset *)f->source)->ready);
}

/* The first that waits for the destination's messages, if it can take this one.  Port locked. */
static ALWAYS_INLINE bool find_receiver(struct fast *f, struct ipc_mqueue *mqueue,
					mach_msg_size_t size)
{
	struct queue_link *link = queue_first(&mqueue->receivers);
	struct thread *receiver;

	if (link == NULL)
		return false;
	receiver = container_of(link, struct thread, ipc.link);
	f->receiver = receiver;
	f->there = receiver->task->space;
	return thread_can_take_over(receiver) &&
	       receiver->continuation == mach_msg_receive_continue &&
	       !(receiver->ipc.option & UNUSUAL_OPTIONS) &&
	       receiver->ipc.rcv_size >= size && f->there == f->dest->receiver &&
	       !f->dest->has_payload && f->dest->qlimit != 0;
}

/* Room for the reply right's name in the receiver's space, which is locked. */
static ALWAYS_INLINE bool has_room(const struct ipc_space *space)
{
	const struct ipc_table *table = &space->table;

	return space->active && table->free_head != NULL && table->sparse == 0 &&
	       table->used < table->limit;
}

/* --- Locks: all beyond the first are tried, so that no order matters --------------------- */

static inline bool try_lock_unless(struct spin_lock *lock, const void *same, const void *held)
{
	return same == held || spin_try_lock(lock);
}

static inline void unlock_unless(struct spin_lock *lock, const void *same, const void *held)
{
	if (same != held)
		spin_unlock(lock);
}

/* --- Doing ---------------------------------------------------------------------------------- */

/*
 * The sender waits as if it had come to an empty queue.  It has declared that; from here on somebody
 * may give it a message.
 */
static ALWAYS_INLINE void sender_waits(struct fast *f)
{
	struct thread *self = f->self;

	self->ipc.msg = f->args->msg;
	self->ipc.option = f->args->option;
	self->ipc.rcv_size = f->args->rcv_size;
	self->ipc.rcv_name = f->args->rcv_name;
	self->ipc.state = MACH_RCV_IN_PROGRESS;
	self->ipc.kmsg = NULL;
	self->ipc.object = f->source;
	__atomic_fetch_add(&f->source->ref_count, 1, __ATOMIC_RELAXED);
	queue_insert_tail(&f->source_queue->receivers, &self->ipc.link);
	self->task->messages_sent++;
}

/* The receiver has its message; its reference on what it waited for is not the last. */
static ALWAYS_INLINE void receiver_leaves(struct thread *receiver)
{
	struct ipc_object *object = receiver->ipc.object;

	queue_remove(&receiver->ipc.link);
	receiver->ipc.object = NULL;
	assert(object->ref_count > 1);
	__atomic_fetch_sub(&object->ref_count, 1, __ATOMIC_RELAXED);
	receiver->task->messages_received++;
}

/* The rights: all that is left of a copied send right and a made send-once right is a name. */
static ALWAYS_INLINE void move_request(struct fast *f, mach_msg_header_t *msg)
{
	struct ipc_entry *entry = ipc_entry_pop(&f->there->table);

	ipc_origin_message(entry, msg->msgh_id);
	ipc_port_make_sonce_locked(f->reply);
	entry->bits = MACH_PORT_TYPE_SEND_ONCE | 1;
	entry->object = &f->reply->object;
	msg->msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_PORT_SEND_ONCE, MACH_MSG_TYPE_PORT_SEND);
	msg->msgh_remote_port = entry->name;
}

/* The send-once right goes with its name; the receive right still keeps the port. */
static ALWAYS_INLINE void move_reply(struct fast *f, mach_msg_header_t *msg)
{
	ipc_entry_free(&f->space->table, f->entry);
	assert(f->dest->sorights > 0 && f->dest->object.ref_count > 1);
	f->dest->sorights--;
	__atomic_fetch_sub(&f->dest->object.ref_count, 1, __ATOMIC_RELAXED);
	msg->msgh_bits = MACH_MSGH_BITS(0, MACH_MSG_TYPE_PORT_SEND_ONCE);
	msg->msgh_remote_port = MACH_PORT_NULL;
}

static ALWAYS_INLINE void transfer(struct fast *f, mach_msg_header_t *msg, bool request)
{
	if (request)
		move_request(f, msg);
	else
		move_reply(f, msg);
	msg->msgh_local_port = f->dest->receiver_name;
	msg->msgh_seqno = f->dest->seqno++;
	receiver_leaves(f->receiver);
	sender_waits(f);
}

/* Sections with the locks of the destination's set, of the source and of the other space held. */
static ALWAYS_INLINE bool transfer_with_source(struct fast *f, mach_msg_header_t *msg,
					       bool request)
{
	bool done = false;

	if (!spin_try_lock(&f->source->lock))
		return false;
	if (source_is_quiet(f) &&
	    try_lock_unless(&f->there->lock, f->there, f->space)) {
		if ((!request || has_room(f->there)) && thread_take_over(f->self, f->receiver)) {
			transfer(f, msg, request);	/* the point of no return */
			done = true;
		}
		unlock_unless(&f->there->lock, f->there, f->space);
	}
	spin_unlock(&f->source->lock);
	return done;
}

/* With the reply port locked where it is not the source. */
static ALWAYS_INLINE bool transfer_with_reply(struct fast *f, mach_msg_header_t *msg,
					      bool request)
{
	bool lock = request && &f->reply->object != f->source;
	bool done;

	if (lock && !spin_try_lock(&f->reply->object.lock))
		return false;
	done = transfer_with_source(f, msg, request);
	if (lock)
		spin_unlock(&f->reply->object.lock);
	return done;
}

static ALWAYS_INLINE bool transfer_to_dest(struct fast *f, mach_msg_header_t *msg, bool request)
{
	struct ipc_pset *pset = f->dest->pset;
	struct ipc_mqueue *mqueue = &f->dest->mqueue;
	bool done;

	if (!f->dest->object.active || f->dest->msgcount != 0)
		return false;
	if (pset != NULL) {
		if (!spin_try_lock(&pset->object.lock))
			return false;
		mqueue = &pset->mqueue;
	}
	done = find_receiver(f, mqueue, msg->msgh_size) && transfer_with_reply(f, msg, request);
	if (pset != NULL)
		ipc_pset_unlock(pset);
	return done;
}

/* The receiver's buffer cannot be written: the name that it has got goes again. */
static __attribute__((noinline)) mach_msg_return_t take_back(struct thread *receiver,
							     mach_port_name_t name)
{
	struct ipc_space *space = receiver->task->space;
	struct ipc_debris debris;
	struct ipc_entry *entry;

	ipc_debris_init(&debris);
	ipc_space_lock(space);
	entry = ipc_right_lookup(space, name);
	if (entry != NULL)
		ipc_right_deallocate(space, entry, &debris);
	ipc_space_unlock(space);
	ipc_debris_release(&debris);
	return MACH_RCV_INVALID_DATA;
}

/* In the receiver's context, on what was the sender's stack. */
static _Noreturn ALWAYS_INLINE void receiver_goes_on(struct thread *receiver,
					      const mach_msg_header_t *msg)
{
	mach_msg_return_t mr = MACH_MSG_SUCCESS;

	if (__builtin_expect(copyoutmsg(msg, receiver->ipc.msg, msg->msgh_size) != 0, 0))
		mr = take_back(receiver, msg->msgh_remote_port);
	syscall_return(mr);
}

/* All of it for one of the two forms, told at compile time: nothing has changed unless it is done. */
static ALWAYS_INLINE bool call(struct fast *f, mach_msg_header_t *msg, mach_port_name_t rcv_name,
			       bool request)
{
	bool done = false;

	ipc_space_lock(f->space);
	if (find_ports(f, msg, request) &&
	    find_source(f, msg->msgh_local_port, rcv_name, request)) {
		ipc_port_lock(f->dest);
		done = transfer_to_dest(f, msg, request);
		ipc_port_unlock(f->dest);
	}
	ipc_space_unlock(f->space);
	return done;
}

void ipc_fast_path(struct thread *self, const struct mach_msg_args *args)
{
	uint32_t buffer[FAST_MAX / sizeof(uint32_t)];
	mach_msg_header_t *msg = (mach_msg_header_t *)buffer;
	mach_msg_size_t size = args->send_size;
	struct fast f;
	bool done;

	if (size - sizeof(*msg) > FAST_MAX - sizeof(*msg) || (size & 3) != 0 ||
	    copyinmsg(args->msg, msg, size) != 0)
		return;
	msg->msgh_size = size;
	f.args = args;
	f.self = self;
	f.space = self->task->space;
	if (msg->msgh_bits == REQUEST_BITS)
		done = call(&f, msg, args->rcv_name, true);
	else if (msg->msgh_bits == REPLY_BITS && msg->msgh_local_port == MACH_PORT_NULL)
		done = call(&f, msg, args->rcv_name, false);
	else
		return;
	if (!done)
		return;
	if (trace_on(TRACE_HANDOFF))
		trace_record(TRACE_HANDOFF, (uint32_t)msg->msgh_id, f.receiver->id,
			     msg->msgh_size);
	thread_hand_over(self, mach_msg_receive_continue, f.receiver);
	receiver_goes_on(f.receiver, msg);
}
