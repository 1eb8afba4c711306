/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the ways on which a message goes straight to a waiting receiver (ipc/fast_path.h,
 * ipc/raise.h) have in common.  The queues that are named here are locked.
 */
#ifndef IPC_FAST_STEPS_H
#define IPC_FAST_STEPS_H

#include <ipc/origin.h>
#include <ipc/port.h>
#include <ipc/pset.h>
#include <ipc/right.h>
#include <kern/run_queue.h>
#include <kern/task.h>

/*
 * One straight run of code for each form of a message, told at compile time: what is known in one
 * part need not be stored for the next.
 */
#define ALWAYS_INLINE inline __attribute__((always_inline))

/* An atomic instruction costs more than many others: two references on one object are one step. */
static ALWAYS_INLINE void references_add(struct ipc_object *object, uint32_t count)
{
	__atomic_fetch_add(&object->ref_count, count, __ATOMIC_RELAXED);
}

/* The entry of the receive right, or the set's, keeps one. */
static ALWAYS_INLINE void references_sub(struct ipc_object *object, uint32_t count)
{
	assert(object->ref_count > count);
	__atomic_fetch_sub(&object->ref_count, count, __ATOMIC_RELAXED);
}

/*
 * Can a message of that size be handed to the first that waits in the queue?  Since it waits, the
 * port is alive and has no message, and its receiver is the thread's space, or the kernel.
 */
static ALWAYS_INLINE bool first_receiver(struct ipc_mqueue *queue, mach_msg_size_t size,
					 struct thread **receiverp)
{
	struct queue_link *link = queue->receivers.head.next;

	*receiverp = container_of(link, struct thread, ipc.link);
	return link != &queue->receivers.head && thread_can_take_over(*receiverp) &&
	       (*receiverp)->ipc.fast_size >= size;
}

/* Free slots for so many names, at least one, below the limit.  The table's space is locked. */
static ALWAYS_INLINE bool has_slots(const struct ipc_table *table, uint32_t count)
{
	const struct ipc_entry *entry = table->free_head;

	if (table->used + count > table->limit)
		return false;
	for (uint32_t i = 1; i < count && entry != NULL; i++)
		entry = entry->free_next;
	return entry != NULL;
}

/*
 * A right in hand, of PORT_SEND or PORT_SEND_ONCE, gets the name of an entry that its space has for
 * the port; or (NULL) a new one, due to message `id`, for which there is a slot.  Both are locked.
 */
static ALWAYS_INLINE mach_port_name_t name_right(struct ipc_space *space, struct ipc_entry *entry,
						 struct ipc_port *port, uint32_t type,
						 mach_msg_id_t id)
{
	if (entry == NULL) {
		entry = ipc_entry_pop(&space->table);
		ipc_origin_message(entry, id);
	}
	ipc_right_put(space, entry, port, type, NULL);
	return entry->name;
}

/* The first in the queue has its message.  The reference on what it waited for is the caller's. */
static ALWAYS_INLINE void receiver_has_it(struct ipc_mqueue *queue, struct thread *receiver)
{
	queue_remove_first(&queue->receivers, &receiver->ipc.link);
	receiver->ipc.object = NULL;
	task_count(&receiver->task->messages_received);
}

/*
 * The current thread waits as if it had come to an empty queue; the caller has counted its reference
 * on `source`.  It has declared that; from here on somebody may give it a message.
 */
static ALWAYS_INLINE void stand_in_empty_line(struct thread *self, struct ipc_object *source,
					      struct ipc_mqueue *queue, mach_msg_size_t room)
{
	self->ipc.rcv_size = room;
	self->ipc.fast_size = room;
	self->ipc.state = MACH_RCV_IN_PROGRESS;
	self->ipc.kmsg = NULL;
	self->ipc.object = source;
	queue_insert_tail(&queue->receivers, &self->ipc.link);
	task_count(&self->task->messages_sent);
}

#endif /* IPC_FAST_STEPS_H */
