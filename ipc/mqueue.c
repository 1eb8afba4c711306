/* SPDX-License-Identifier: BSD-2-Clause */
#include <ipc/mqueue.h>

#include <ipc/kmsg.h>
#include <ipc/port.h>
#include <ipc/pset.h>
#include <ipc/space.h>
#include <kern/sched.h>
#include <kern/task.h>
#include <kern/trace.h>

/* --- Handing over ------------------------------------------------------------------- */

/* Give the message to a claimed receiver.  Port locked. */
static void give(struct thread *receiver, struct ipc_port *port, struct ipc_kmsg *kmsg,
		 mach_msg_return_t state)
{
	receiver->ipc.state = state;
	receiver->ipc.kmsg = kmsg;
	receiver->ipc.seqno = port->seqno++;
	if (trace_on(TRACE_HANDOFF))
		trace_record(TRACE_HANDOFF, (uint32_t)kmsg->header.id, receiver->id,
			     kmsg->header.size);
}

/*
 * Offer a message to the threads that wait in a queue: the first that can take it gets it.
 * One whose buffer is too small is told so; unless it asked to leave such messages it gets
 * this one, to destroy it.
 */
static struct thread *offer(struct ipc_mqueue *mqueue, struct ipc_port *port,
			    struct ipc_kmsg *kmsg)
{
	struct queue_link *link;

	while ((link = queue_take_first(&mqueue->receivers)) != NULL) {
		struct thread *receiver = container_of(link, struct thread, ipc.link);
		mach_msg_size_t size;

		if (!thread_claim(receiver, WAIT_AWAKENED))
			continue;	/* its wait has ended otherwise */
		size = ipc_trailer_room(kmsg->header.size, receiver->ipc.option);
		if (__builtin_expect(size <= receiver->ipc.rcv_size, 1)) {
			give(receiver, port, kmsg, MACH_MSG_SUCCESS);
			return receiver;
		}
		if (!(receiver->ipc.option & MACH_RCV_LARGE)) {
			give(receiver, port, kmsg, MACH_RCV_TOO_LARGE);
			return receiver;
		}
		receiver->ipc.state = MACH_RCV_TOO_LARGE;
		receiver->ipc.kmsg = NULL;
		receiver->ipc.msize = size;
		thread_make_runnable(receiver);
	}
	return NULL;
}

/* Put a message at the end of the queue.  Port locked, and its set, if it is in one. */
static void enqueue(struct ipc_port *port, struct ipc_pset *pset, struct ipc_kmsg *kmsg)
{
	kmsg->header.bits &= ~KMSG_ALL_OR_NOTHING;
	queue_insert_tail(&port->mqueue.messages, &kmsg->link);
	if (++port->msgcount > port->counts.longest)
		port->counts.longest = port->msgcount;
	if (trace_on(TRACE_ENQUEUE))
		trace_record(TRACE_ENQUEUE, (uint32_t)kmsg->header.id, port->msgcount,
			     port->serial);
	if (pset != NULL && !queue_linked(&port->ready_link))
		queue_insert_tail(&pset->ready, &port->ready_link);
}

/* The task for which the kernel sends. */
static struct ipc_account *current_account(void)
{
	struct ipc_space *space = current_task()->space;

	return space != NULL ? space->account : NULL;
}

/* See who pays for a message that is to be queued (ipc/account.h); false: nobody.  Port locked. */
static inline bool settle(struct ipc_port *port, struct ipc_kmsg *kmsg)
{
	struct ipc_account *payer = port->payer;

	if (MACH_MSGH_BITS_REMOTE(kmsg->header.bits) != MACH_MSG_TYPE_PORT_SEND_ONCE) {
		if (kmsg->payer != NULL || kmsg->charge == 0)
			return true;
		payer = current_account();
	}
	if (payer == NULL || payer == kmsg->payer)
		return true;
	if (kmsg->payer != NULL || (kmsg->header.bits & MACH_MSGH_BITS_COMPLEX))
		return ipc_kmsg_change_payer(kmsg, payer);
	kmsg->payer = payer;	/* the kernel's, without arrays */
	if (__builtin_expect(ipc_account_take_over(payer, kmsg->charge), 1))
		return true;
	kmsg->payer = NULL;
	return false;
}

/* No thread: see place. */
#define UNPAID ((struct thread *)~(uintptr_t)0)

/*
 * Hand over, to whoever waits on the port or its set, or queue.  For a set both are one step with
 * its lock held: else a receiver could come to wait between the two.  Port locked and active.
 * Returns UNPAID when nobody pays for it: the message is still the caller's, to be destroyed as one
 * that has been received.
 */
static struct thread *place(struct ipc_port *port, struct ipc_kmsg *kmsg)
{
	struct ipc_pset *pset = ipc_port_set(port);
	struct thread *receiver = NULL;

	assert_locked(&port->object.lock);
	if (pset != NULL)
		ipc_pset_lock(pset);
	if (port->msgcount == 0)
		receiver = offer(pset != NULL ? &pset->mqueue : &port->mqueue, port, kmsg);
	if (receiver == NULL) {
		if (__builtin_expect(settle(port, kmsg), 1))
			enqueue(port, pset, kmsg);
		else
			receiver = UNPAID;
	}
	if (pset != NULL)
		ipc_pset_unlock(pset);
	return receiver;
}

void ipc_mqueue_joined_set(struct ipc_port *port, struct ipc_pset *pset)
{
	assert_locked(&port->object.lock);
	assert_locked(&pset->object.lock);
	while (!queue_empty(&port->mqueue.messages)) {
		struct queue_link *link = queue_first(&port->mqueue.messages);
		struct thread *receiver;

		receiver = offer(&pset->mqueue, port, container_of(link, struct ipc_kmsg, link));
		if (receiver == NULL)
			break;
		queue_remove(link);
		port->msgcount--;
		if (trace_on(TRACE_DEQUEUE))
			trace_record(TRACE_DEQUEUE, (uint32_t)receiver->ipc.kmsg->header.id,
				     receiver->ipc.seqno, port->serial);
		thread_make_runnable(receiver);
	}
	if (!queue_empty(&port->mqueue.messages))
		queue_insert_tail(&pset->ready, &port->ready_link);
}

/* --- Sending ----------------------------------------------------------------------------- */

static bool must_wait(const struct ipc_port *port, const struct ipc_kmsg *kmsg)
{
	return port->msgcount >= port->qlimit &&
	       MACH_MSGH_BITS_REMOTE(kmsg->header.bits) == MACH_MSG_TYPE_PORT_SEND;
}

/*
 * Past the limit and without a wait, into a port that can be sent to; else the message goes.
 * Consumes kmsg.  Returns false when that was for want of memory to pay with.
 */
static inline bool deliver(struct ipc_kmsg *kmsg, struct thread **receiverp)
{
	struct ipc_port *port = kmsg->header.remote;
	struct thread *receiver = NULL;
	bool possible;

	ipc_port_lock(port);
	possible = port->object.active && port->receiver != ipc_space_kernel &&
		   !(kmsg->header.bits & MACH_MSGH_BITS_CIRCULAR);
	if (possible)
		receiver = place(port, kmsg);
	ipc_port_unlock(port);
	if (__builtin_expect(receiver == UNPAID, 0)) {
		ipc_kmsg_destroy_received(kmsg);
		return false;
	}
	if (!possible)
		ipc_kmsg_destroy(kmsg);
	*receiverp = receiver;
	return true;
}

struct thread *ipc_mqueue_answer(struct ipc_kmsg *kmsg)
{
	struct thread *receiver = NULL;

	deliver(kmsg, &receiver);
	return receiver;
}

/* Serve a message to a kernel object, and deliver the reply. */
static struct thread *send_to_kernel(struct ipc_kmsg *kmsg)
{
	struct ipc_kmsg *reply = ipc_kobject_server(kmsg);

	return reply != NULL ? ipc_mqueue_answer(reply) : NULL;
}

/* Join the senders that wait for room.  Port locked; unlocks it and does not return. */
static void wait_for_room(struct ipc_port *port, struct ipc_kmsg *kmsg, mach_msg_option_t option,
			  mach_msg_timeout_t timeout, void (*continuation)(void))
{
	struct thread *self = current_thread();

	thread_will_wait(self, true);
	self->ipc.state = MACH_SEND_IN_PROGRESS;
	self->ipc.kmsg = kmsg;
	port->counts.blocked++;
	queue_insert_tail(&port->senders, &self->ipc.link);
	if (option & MACH_SEND_TIMEOUT)
		thread_set_timeout(self, timeout);
	ipc_port_unlock(port);
	thread_block(continuation);
}

mach_msg_return_t ipc_mqueue_send(struct ipc_kmsg *kmsg, mach_msg_option_t option,
				  mach_msg_timeout_t timeout, void (*continuation)(void),
				  struct thread **receiverp)
{
	struct ipc_port *port = kmsg->header.remote;
	struct thread *receiver;

	*receiverp = NULL;
	ipc_port_lock(port);
	if (port->receiver == ipc_space_kernel) {
		ipc_port_unlock(port);
		*receiverp = send_to_kernel(kmsg);
		return MACH_MSG_SUCCESS;
	}
	if (__builtin_expect(!port->object.active, 0)) {
		ipc_port_unlock(port);
		ipc_kmsg_destroy(kmsg);
		return MACH_MSG_SUCCESS;
	}
	if (__builtin_expect(must_wait(port, kmsg), 0)) {
		if ((option & MACH_SEND_TIMEOUT) && timeout == 0) {
			port->counts.failed++;
			ipc_port_unlock(port);
			return MACH_SEND_TIMED_OUT;
		}
		wait_for_room(port, kmsg, option, timeout, continuation);
	}
	if (__builtin_expect((kmsg->header.bits & MACH_MSGH_BITS_CIRCULAR) != 0, 0)) {
		ipc_port_unlock(port);
		ipc_kmsg_destroy(kmsg);
		return MACH_MSG_SUCCESS;
	}
	receiver = place(port, kmsg);
	ipc_port_unlock(port);
	if (__builtin_expect(receiver == UNPAID, 0))
		ipc_kmsg_destroy_received(kmsg);
	else
		*receiverp = receiver;
	return MACH_MSG_SUCCESS;
}

struct thread *ipc_mqueue_deliver_to(struct ipc_kmsg *kmsg)
{
	struct thread *receiver = NULL;

	if (!deliver(kmsg, &receiver))
		ipc_kmsg_lost++;
	return receiver;
}

void ipc_mqueue_deliver(struct ipc_kmsg *kmsg)
{
	struct thread *receiver = ipc_mqueue_deliver_to(kmsg);

	if (receiver != NULL)
		thread_make_runnable(receiver);
}

mach_msg_return_t ipc_mqueue_send_finish(struct thread *self, struct ipc_kmsg **kmsgp)
{
	struct ipc_kmsg *kmsg = self->ipc.kmsg;
	mach_msg_return_t state;

	*kmsgp = NULL;
	if (self->ipc.state == MACH_SEND_IN_PROGRESS) {
		/* Nobody served us: we still are among the senders, or were passed over. */
		struct ipc_port *port = kmsg->header.remote;

		ipc_port_lock(port);
		queue_remove(&self->ipc.link);
		port->counts.failed++;
		ipc_port_unlock(port);
		state = thread_wait_result(self) == WAIT_TIMED_OUT ? MACH_SEND_TIMED_OUT
								   : MACH_SEND_INTERRUPTED;
		self->ipc.kmsg = NULL;
		*kmsgp = kmsg;
		return state;
	}
	if (kmsg != NULL) {	/* the port died */
		self->ipc.kmsg = NULL;
		ipc_kmsg_destroy(kmsg);
	}
	return MACH_MSG_SUCCESS;
}

/* A blocked sender's message goes its way.  Port locked. */
static void admit(struct ipc_port *port, struct thread *sender)
{
	struct ipc_kmsg *kmsg = sender->ipc.kmsg;
	struct thread *receiver;

	sender->ipc.state = MACH_MSG_SUCCESS;
	if (kmsg->header.bits & MACH_MSGH_BITS_CIRCULAR) {
		thread_make_runnable(sender);	/* which destroys it */
		return;
	}
	sender->ipc.kmsg = NULL;
	receiver = place(port, kmsg);
	assert(receiver != UNPAID);	/* its sender pays already */
	if (receiver != NULL)
		thread_make_runnable(receiver);
	thread_make_runnable(sender);
}

void ipc_mqueue_admit_senders(struct ipc_port *port)
{
	struct queue_link *link;

	assert_locked(&port->object.lock);
	while (port->msgcount < port->qlimit && (link = queue_take_first(&port->senders)) != NULL) {
		struct thread *sender = container_of(link, struct thread, ipc.link);

		if (thread_claim(sender, WAIT_AWAKENED))
			admit(port, sender);
	}
}

/* --- Receiving ---------------------------------------------------------------------------- */

void ipc_mqueue_wake_receivers(struct ipc_mqueue *mqueue, mach_msg_return_t result)
{
	struct queue_link *link;

	while ((link = queue_take_first(&mqueue->receivers)) != NULL) {
		struct thread *receiver = container_of(link, struct thread, ipc.link);

		if (thread_claim(receiver, WAIT_AWAKENED)) {
			receiver->ipc.state = result;
			receiver->ipc.kmsg = NULL;
			thread_make_runnable(receiver);
		}
	}
}

/* After a message left the port: keep the set's ready list right, serve its members in turn. */
static void ready_advance(struct ipc_port *port)
{
	struct ipc_pset *pset = port->pset;

	if (pset == NULL)
		return;
	ipc_pset_lock(pset);
	queue_remove(&port->ready_link);
	if (port->msgcount != 0)
		queue_insert_tail(&pset->ready, &port->ready_link);
	ipc_pset_unlock(pset);
}

/* Take the first message, or say that it is too large.  Port locked, its queue not empty. */
static mach_msg_return_t take_first(struct thread *self, struct ipc_port *port)
{
	struct queue_link *link = queue_first(&port->mqueue.messages);
	struct ipc_kmsg *kmsg = container_of(link, struct ipc_kmsg, link);
	mach_msg_size_t size = ipc_trailer_room(kmsg->header.size, self->ipc.option);
	bool fits = size <= self->ipc.rcv_size;

	self->ipc.msize = size;
	self->ipc.kmsg = NULL;
	if (!fits && (self->ipc.option & MACH_RCV_LARGE))
		return MACH_RCV_TOO_LARGE;
	queue_remove(link);
	port->msgcount--;
	self->ipc.kmsg = kmsg;
	self->ipc.seqno = port->seqno++;
	if (trace_on(TRACE_DEQUEUE))
		trace_record(TRACE_DEQUEUE, (uint32_t)kmsg->header.id, self->ipc.seqno,
			     port->serial);
	if (!queue_empty(&port->senders))
		ipc_mqueue_admit_senders(port);
	ready_advance(port);	/* last: who looks through the set must not miss who was let in */
	return fits ? MACH_MSG_SUCCESS : MACH_RCV_TOO_LARGE;
}

/* What may be put straight into a buffer: nothing if more than the message is asked for. */
static mach_msg_size_t fast_size(const struct thread *self)
{
	mach_msg_option_t more = MACH_RCV_TIMEOUT | MACH_RCV_NOTIFY | MACH_RCV_TRAILER_MASK;

	return (self->ipc.option & (MACH_RCV_MSG | more)) == MACH_RCV_MSG ? self->ipc.rcv_size : 0;
}

/* Stand in line.  The queue's lock is held. */
static mach_msg_return_t stand_in_line(struct thread *self, struct ipc_mqueue *mqueue)
{
	if ((self->ipc.option & MACH_RCV_TIMEOUT) && self->ipc.timeout == 0)
		return MACH_RCV_TIMED_OUT;
	thread_will_wait(self, true);
	self->ipc.state = MACH_RCV_IN_PROGRESS;
	self->ipc.kmsg = NULL;
	self->ipc.fast_size = fast_size(self);
	queue_insert_tail(&mqueue->receivers, &self->ipc.link);
	if (self->ipc.option & MACH_RCV_TIMEOUT)
		thread_set_timeout(self, self->ipc.timeout);
	return MACH_RCV_IN_PROGRESS;
}

/* May the thread receive here?  The right may have gone since its name was looked up. */
static bool receives_for(const struct ipc_port *port, const struct thread *self)
{
	return port->receiver == self->task->space || port->receiver == ipc_space_reply;
}

static mach_msg_return_t receive_on_port(struct thread *self, struct ipc_port *port)
{
	mach_msg_return_t mr;

	ipc_port_lock(port);
	if (!receives_for(port, self))
		mr = MACH_RCV_PORT_DIED;
	else if (ipc_port_set(port) != NULL)
		mr = MACH_RCV_IN_SET;
	else if (port->msgcount != 0)
		mr = take_first(self, port);
	else
		mr = stand_in_line(self, &port->mqueue);
	ipc_port_unlock(port);
	return mr;
}

/* The member to be served next, with a reference; NULL when none has messages.  Set locked. */
static struct ipc_port *next_ready(struct ipc_pset *pset)
{
	struct queue_link *link = queue_first(&pset->ready);
	struct ipc_port *port;

	if (link == NULL)
		return NULL;
	port = container_of(link, struct ipc_port, ready_link);
	ipc_port_reference(port);
	return port;
}

static mach_msg_return_t receive_on_set(struct thread *self, struct ipc_pset *pset)
{
	for (;;) {
		mach_msg_return_t mr = MACH_RCV_IN_PROGRESS;
		struct ipc_port *port = NULL;

		ipc_pset_lock(pset);
		if (!pset->object.active)
			mr = MACH_RCV_PORT_DIED;
		else
			port = next_ready(pset);
		if (port == NULL) {
			if (mr == MACH_RCV_IN_PROGRESS)
				mr = stand_in_line(self, &pset->mqueue);
			ipc_pset_unlock(pset);
			return mr;
		}
		ipc_pset_unlock(pset);
		/* The port's lock comes first: take it and see whether all is as it was. */
		ipc_port_lock(port);
		if (ipc_port_set(port) == pset && port->msgcount != 0)
			mr = take_first(self, port);
		ipc_port_unlock(port);
		ipc_port_release(port);
		if (mr != MACH_RCV_IN_PROGRESS)
			return mr;
	}
}

mach_msg_return_t ipc_mqueue_receive(struct thread *self)
{
	struct ipc_object *object = self->ipc.object;

	if (object->kind == IOT_PORT)
		return receive_on_port(self, (struct ipc_port *)object);
	return receive_on_set(self, (struct ipc_pset *)object);
}

mach_msg_return_t ipc_mqueue_receive_finish(struct thread *self)
{
	struct ipc_object *object = self->ipc.object;

	if (__builtin_expect(self->ipc.state != MACH_RCV_IN_PROGRESS, 1))
		return self->ipc.state;
	/* Timed out or interrupted: we may still stand in line. */
	spin_lock(&object->lock);
	queue_remove(&self->ipc.link);
	spin_unlock(&object->lock);
	return thread_wait_result(self) == WAIT_TIMED_OUT ? MACH_RCV_TIMED_OUT
							  : MACH_RCV_INTERRUPTED;
}
