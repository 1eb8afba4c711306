/* SPDX-License-Identifier: BSD-2-Clause */
#include <ipc/mach_msg.h>

#include <ipc/accepted.h>
#include <ipc/fast_path.h>
#include <ipc/kmsg.h>
#include <ipc/mqueue.h>
#include <ipc/pset.h>
#include <ipc/right.h>
#include <kern/machine.h>
#include <kern/sched.h>
#include <kern/task.h>
#include <kern/trace.h>

/* --- Receiving ------------------------------------------------------------------------- */

/* What to receive from, with a reference, in self->ipc.object. */
static mach_msg_return_t find_source(struct thread *self, struct ipc_space *space)
{
	mach_msg_return_t mr = MACH_MSG_SUCCESS;
	struct ipc_entry *entry;

	ipc_space_lock(space);
	entry = ipc_entry_lookup(&space->table, self->ipc.rcv_name);
	if (entry == NULL ||
	    !(entry->bits & (MACH_PORT_TYPE_RECEIVE | MACH_PORT_TYPE_PORT_SET))) {
		mr = MACH_RCV_INVALID_NAME;
	} else {
		self->ipc.object = entry->object;
		__atomic_fetch_add(&entry->object->ref_count, 1, __ATOMIC_RELAXED);
	}
	ipc_space_unlock(space);
	return mr;
}

static void release_source(struct thread *self)
{
	struct ipc_object *object = self->ipc.object;

	self->ipc.object = NULL;
	if (object->kind == IOT_PORT)
		ipc_port_release((struct ipc_port *)object);
	else
		ipc_pset_release((struct ipc_pset *)object);
}

/* A message that does not fit: its size if it stays queued, else its bare form or nothing. */
static void deliver_too_large(struct thread *self, struct task *task)
{
	struct ipc_kmsg *kmsg = self->ipc.kmsg;
	mach_msg_size_t size = sizeof(mach_msg_header_t);

	if (kmsg == NULL) {
		copyout(&self->ipc.msize, &self->ipc.msg->msgh_size, sizeof(self->ipc.msize));
		return;
	}
	if (kmsg->header.bits & KMSG_ALL_OR_NOTHING) {
		ipc_kmsg_destroy(kmsg);
		return;
	}
	kmsg->header.seqno = self->ipc.seqno;
	ipc_kmsg_fire_accepted(kmsg);
	ipc_kmsg_copyout_bare(kmsg, task->space);
	if (size > self->ipc.rcv_size)
		size = self->ipc.rcv_size;
	copyoutmsg(&kmsg->user, self->ipc.msg, size);
	ipc_kmsg_free(kmsg);
}

/* A message, in user form, to the user; and its trailer, behind a whole one. */
static inline bool put(struct thread *self, const struct ipc_kmsg *kmsg, mach_msg_size_t size,
		       bool whole)
{
	mach_msg_option_t option = self->ipc.option;

	if (copyoutmsg(&kmsg->user, self->ipc.msg, size) != 0)
		return false;
	return __builtin_expect((option & MACH_RCV_TRAILER_MASK) == 0, 1) || !whole ||
	       ipc_trailer_put(kmsg, self->ipc.msg, option) == 0;
}

static mach_msg_return_t deliver(struct thread *self, struct task *task)
{
	struct ipc_kmsg *kmsg = self->ipc.kmsg;
	mach_msg_size_t size = kmsg->header.size;
	bool whole = true;
	mach_msg_return_t mr;

	kmsg->header.seqno = self->ipc.seqno;
	if (__builtin_expect(kmsg->accepted != NULL, 0))
		ipc_kmsg_fire_accepted(kmsg);
	if (__builtin_expect((self->ipc.option & MACH_RCV_NOTIFY) != 0, 0))
		mr = ipc_kmsg_copyout_notify(kmsg, task->space, task->map, self->ipc.notify);
	else
		mr = ipc_kmsg_copyout(kmsg, task->space, task->map);
	if (__builtin_expect(mr == MACH_RCV_INVALID_NOTIFY ||
			     (mr & ~MACH_MSG_MASK) == MACH_RCV_HEADER_ERROR, 0)) {
		ipc_kmsg_copyout_bare(kmsg, task->space);
		size = sizeof(mach_msg_header_t);
		whole = false;
	}
	if (__builtin_expect(!put(self, kmsg, size, whole), 0)) {
		if (whole)
			ipc_kmsg_copyout_undo(kmsg, task->space, task->map);
		mr = MACH_RCV_INVALID_DATA;
	} else if (trace_on(TRACE_RECEIVE)) {
		trace_record(TRACE_RECEIVE, (uint32_t)kmsg->user.msgh_id, size,
			     kmsg->user.msgh_local_port);
	}
	ipc_kmsg_free(kmsg);
	return mr;
}

/* The wait, if there was one, is over: give the user what there is. */
static mach_msg_return_t receive_complete(struct thread *self, mach_msg_return_t mr)
{
	struct task *task = self->task;

	release_source(self);
	if (__builtin_expect(mr == MACH_MSG_SUCCESS, 1)) {
		task_count(&task->messages_received);
		return deliver(self, task);
	}
	if (mr == MACH_RCV_TOO_LARGE)
		deliver_too_large(self, task);
	return mr;
}

void mach_msg_receive_continue(void)
{
	struct thread *self = current_thread();

	syscall_return(receive_complete(self, ipc_mqueue_receive_finish(self)));
}

/* Receive with the arguments in self->ipc; `partner` is to run when we wait, or soon. */
static mach_msg_return_t receive(struct thread *self, struct thread *partner)
{
	mach_msg_return_t mr = find_source(self, self->task->space);
	bool found = mr == MACH_MSG_SUCCESS;

	if (__builtin_expect(found, 1)) {
		mr = ipc_mqueue_receive(self);
		if (mr == MACH_RCV_IN_PROGRESS) {
			if (partner != NULL)
				thread_block_to(mach_msg_receive_continue, partner);
			thread_block(mach_msg_receive_continue);
		}
	}
	if (partner != NULL)	/* at once: it must not wait for our page faults */
		thread_make_runnable(partner);
	return found ? receive_complete(self, mr) : mr;
}

void mach_msg_receive_answer(struct thread *self, struct ipc_kmsg *answer)
{
	struct thread *partner = answer != NULL ? ipc_mqueue_answer(answer) : NULL;

	syscall_return(receive(self, partner));
}

/* --- Sending ---------------------------------------------------------------------------- */

/*
 * A message that could not be sent goes back to its sender (section 9).  If its buffer cannot be
 * written its rights and memory are destroyed: nobody knows their names.
 */
static mach_msg_return_t give_back(struct thread *self, struct ipc_kmsg *kmsg,
				   mach_msg_return_t mr)
{
	struct task *task = self->task;

	mr |= ipc_kmsg_copyout_pseudo(kmsg, task->space, task->map);
	if (copyoutmsg(&kmsg->user, self->ipc.msg, kmsg->user.msgh_size) != 0)
		ipc_kmsg_copyout_pseudo_undo(kmsg, task->space, task->map);
	ipc_kmsg_free(kmsg);
	return mr;
}

/* MACH_SEND_NOTIFY: a message for which there was no room in time goes in all the same. */
static mach_msg_return_t send_by_force(struct thread *self, struct ipc_kmsg *kmsg)
{
	mach_msg_return_t mr = ipc_accepted_create(self->task->space, self->ipc.dest_name,
						   kmsg->header.remote, self->ipc.notify,
						   &kmsg->accepted);

	if (mr != MACH_MSG_SUCCESS)
		return give_back(self, kmsg, mr);
	ipc_mqueue_deliver(kmsg);
	return MACH_SEND_WILL_NOTIFY;
}

/* The message has not been sent. */
static mach_msg_return_t send_failed(struct thread *self, struct ipc_kmsg *kmsg,
				     mach_msg_return_t mr)
{
	if (mr == MACH_SEND_TIMED_OUT && (self->ipc.option & MACH_SEND_NOTIFY))
		return send_by_force(self, kmsg);
	return give_back(self, kmsg, mr);
}

static void send_continue(void)
{
	struct thread *self = current_thread();
	struct ipc_kmsg *kmsg;
	mach_msg_return_t mr = ipc_mqueue_send_finish(self, &kmsg);

	if (mr != MACH_MSG_SUCCESS)
		mr = send_failed(self, kmsg, mr);
	else if (self->ipc.option & MACH_RCV_MSG)
		mr = receive(self, NULL);
	syscall_return(mr);
}

static mach_msg_return_t send_or_wait(struct thread *self, struct ipc_kmsg *kmsg,
				      struct thread **partnerp)
{
	mach_msg_option_t option = self->ipc.option;
	mach_msg_timeout_t timeout = self->ipc.timeout;

	/* MACH_SEND_NOTIFY does not wait unless it is told how long. */
	if ((option & (MACH_SEND_NOTIFY | MACH_SEND_TIMEOUT)) == MACH_SEND_NOTIFY) {
		option |= MACH_SEND_TIMEOUT;
		timeout = 0;
	}
	return ipc_mqueue_send(kmsg, option, timeout, send_continue, partnerp);
}

/* *partnerp: a thread to which the message was handed. */
static mach_msg_return_t send(struct thread *self, mach_msg_size_t size,
			      struct thread **partnerp)
{
	struct task *task = self->task;
	struct ipc_kmsg *kmsg;
	mach_msg_return_t mr;

	mr = ipc_kmsg_get(self->ipc.msg, size, &kmsg);
	if (mr != MACH_MSG_SUCCESS)
		return mr;
	ipc_trailer_sign(kmsg, self);
	self->ipc.dest_name = kmsg->user.msgh_remote_port;
	mr = ipc_kmsg_copyin(kmsg, task->space, task->map, self->ipc.option, self->ipc.notify);
	if (mr != MACH_MSG_SUCCESS) {
		ipc_kmsg_free(kmsg);
		return mr;
	}
	task_count(&task->messages_sent);
	if (trace_on(TRACE_SEND))
		trace_record(TRACE_SEND, (uint32_t)kmsg->header.id, size,
			     kmsg->header.remote->serial);
	mr = send_or_wait(self, kmsg, partnerp);
	if (mr != MACH_MSG_SUCCESS)
		mr = send_failed(self, kmsg, mr);
	return mr;
}

/* The arguments are kept in the thread, since a wait leaves no stack. */
__attribute__((regparm(0))) mach_msg_return_t mach_msg_trap(struct mach_msg_args args)
{
	struct thread *self = current_thread();
	struct thread *partner = NULL;

	interrupts_enable();
	if (__builtin_expect((args.option & MACH_RCV_TRAILER_MASK) != 0, 0) &&
	    (args.option & MACH_RCV_MSG) && !ipc_trailer_known(args.option))
		return MACH_RCV_INVALID_TRAILER;
	self->ipc.msg = args.msg;
	self->ipc.option = args.option;
	self->ipc.rcv_size = args.rcv_size;
	self->ipc.rcv_name = args.rcv_name;
	self->ipc.timeout = args.timeout;
	self->ipc.notify = args.notify;
	if (args.option & MACH_SEND_MSG) {
		mach_msg_return_t mr = send(self, args.send_size, &partner);

		if (mr != MACH_MSG_SUCCESS)
			return mr;
	}
	if (args.option & MACH_RCV_MSG)
		return receive(self, partner);
	if (partner != NULL)
		thread_make_runnable(partner);
	return MACH_MSG_SUCCESS;
}
