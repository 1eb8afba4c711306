/* SPDX-License-Identifier: BSD-2-Clause */
#include <vm/pager_message.h>

#include <ipc/kmsg.h>
#include <ipc/mqueue.h>
#include <ipc/port.h>
#include <kern/slab.h>
#include <kern/string.h>
#include <kern/thread.h>
#include <vm/copy.h>

#define INIT_ID			2200
#define TERMINATE_ID		2201
#define COPY_ID			2202
#define DATA_REQUEST_ID		2203
#define DATA_UNLOCK_ID		2204
#define LOCK_COMPLETED_ID	2206
#define SUPPLY_COMPLETED_ID	2207
#define DATA_RETURN_ID		2208
#define CHANGE_COMPLETED_ID	2209
#define CREATE_ID		2250
#define DATA_INITIALIZE_ID	2251

#define ONE_ITEM	0x10012000u	/* inline, one of 32 bits */
#define OUT_OF_LINE	0x60000000u	/* long form, with deallocate */
#define BYTES_8		0x00080009u	/* long form: name, and size in bits */

/* --- Bodies ------------------------------------------------------------------------------- */

#define BODY_WORDS 12

struct body {
	uint32_t words[BODY_WORDS];
	uint32_t count;
	bool complex;
};

static void add(struct body *body, uint32_t word)
{
	assert(body->count < BODY_WORDS);
	body->words[body->count++] = word;
}

static void add_item(struct body *body, uint32_t type, uint32_t value)
{
	add(body, ONE_ITEM | type);
	add(body, value);
}

static void add_integer(struct body *body, uint32_t value)
{
	add_item(body, MACH_MSG_TYPE_INTEGER_32, value);
}

/* Consumes the right. */
static void add_right(struct body *body, struct ipc_port *port, uint32_t type)
{
	add_item(body, type, (uint32_t)(uintptr_t)port);
	body->complex = true;
}

static void add_memory(struct body *body, struct vm_map_copy *copy)
{
	add(body, OUT_OF_LINE);
	add(body, BYTES_8);
	add(body, vm_map_copy_size(copy));
	add(body, (uint32_t)(uintptr_t)copy);
	body->complex = true;
}

/* --- Sending -------------------------------------------------------------------------------- */

static void release_right(struct ipc_port *port, mach_msg_type_name_t type)
{
	if (type == MACH_MSG_TYPE_PORT_SEND_ONCE)
		ipc_port_release_sonce(port);
	else
		ipc_port_release_send(port);
}

/*
 * Who pays.  What the current task has asked for is refused, and all is undone, if it has no room for
 * that.  What must arrive, since pages or ports of others are in it, is paid by nobody.  A
 * completion is lost if whoever asked for it has no room.
 */
enum payment { PAID_FIRST, PAID_BY_NOBODY, PAID_ON_ARRIVAL };

/*
 * Who waits for a completion would wait for ever: so it is the one that has asked who waits; but
 * not one that serves page-out, without which no memory comes.
 */
static struct ipc_kmsg *completion(uint32_t size)
{
	struct ipc_kmsg *kmsg = ipc_kmsg_alloc(size);
	struct thread *self = current_thread();

	for (int tries = 0; kmsg == NULL && tries < VM_PAGER_TRIES; tries++) {
		slab_reclaim();
		self->page_short = !self->vm_privileged;
		if (vm_pageout_wait() != KERN_SUCCESS)
			tries = VM_PAGER_TRIES;
		kmsg = ipc_kmsg_alloc(size);
	}
	return kmsg;
}

static struct ipc_kmsg *buffer(uint32_t size, enum payment payment)
{
	struct ipc_kmsg *kmsg;

	if (payment == PAID_ON_ARRIVAL)
		return completion(size);
	kmsg = payment == PAID_FIRST ? ipc_kmsg_alloc_paid(size) : ipc_kmsg_alloc(size);
	if (kmsg != NULL && payment == PAID_BY_NOBODY)
		ipc_kmsg_is_free(kmsg);
	return kmsg;
}

static void address(struct ipc_kmsg *kmsg, struct pager_reply to, mach_msg_id_t id, uint32_t size)
{
	kmsg->header = (struct kmsg_header){
		.bits = MACH_MSGH_BITS(to.type, 0),
		.size = size,
		.remote = to.port,
		.id = id,
	};
}

static uint32_t size_of_words(uint32_t words)
{
	return sizeof(struct kmsg_header) + words * sizeof(uint32_t);
}

/* Consumes the destination.  The buffer comes first, so that nothing is lost with the body. */
static struct ipc_kmsg *start(struct pager_reply to, mach_msg_id_t id, uint32_t words,
			      enum payment payment)
{
	uint32_t size = size_of_words(words);
	struct ipc_kmsg *kmsg;

	if (!IP_VALID(to.port))
		return NULL;
	kmsg = buffer(size, payment);
	if (kmsg == NULL) {
		ipc_kmsg_lost++;
		release_right(to.port, to.type);
		return NULL;
	}
	address(kmsg, to, id, size);
	return kmsg;
}

static void finish(struct ipc_kmsg *kmsg, const struct body *body)
{
	assert(kmsg->header.size == sizeof(kmsg->header) + body->count * sizeof(uint32_t));
	memcpy(kmsg_body(kmsg), body->words, body->count * sizeof(uint32_t));
	if (body->complex)
		kmsg->header.bits |= MACH_MSGH_BITS_COMPLEX;
	ipc_mqueue_deliver(kmsg);
}

/* A send right to the pager; IP_NULL when it is dead. */
static struct pager_reply pager_right(struct vm_pager *pager)
{
	struct pager_reply to = { IP_NULL, MACH_MSG_TYPE_PORT_SEND };
	struct ipc_port *port;

	spin_lock(pager->lock);
	port = pager->port;
	if (port != NULL)
		ipc_port_reference(port);
	spin_unlock(pager->lock);
	if (port == NULL)
		return to;
	ipc_port_lock(port);
	if (port->object.active && port->srights > 0) {
		ipc_port_copy_send_locked(port);
		to.port = port;
	}
	ipc_port_unlock(port);
	ipc_port_release(port);
	return to;
}

/* A send right to the control port, which may have died. */
static struct ipc_port *control_right(struct vm_pager *pager)
{
	struct ipc_port *control, *right;

	spin_lock(pager->lock);
	control = pager->control;
	if (control != NULL)
		ipc_port_reference(control);
	spin_unlock(pager->lock);
	if (control == NULL)
		return IP_NULL;
	right = ipc_port_make_send(control);
	ipc_port_release(control);
	return right;
}

bool pager_send_init(struct vm_pager *pager)
{
	struct pager_reply to = pager_right(pager);
	struct body body = { .count = 0 };
	struct ipc_kmsg *kmsg;

	if (to.port == IP_NULL)
		return true;		/* it is dead, and will be found so */
	kmsg = start(to, INIT_ID, 6, PAID_FIRST);
	if (kmsg == NULL)
		return false;
	add_right(&body, control_right(pager), MACH_MSG_TYPE_PORT_SEND);
	add_right(&body, vm_pager_name(pager), MACH_MSG_TYPE_PORT_SEND);
	add_integer(&body, PAGE_BYTES);
	finish(kmsg, &body);
	return true;
}

/* The kernel gives up the receive right, to travel to `to`. */
static struct ipc_port *give_receive(struct ipc_port *port, struct ipc_port *to)
{
	ipc_port_lock(port);
	ipc_port_leave_space(port);
	ipc_port_unlock(port);
	ipc_port_depart(port, to);	/* nothing is ever queued there */
	return port;
}

#define TERMINATE_WORDS 4

struct ipc_kmsg *pager_farewell_alloc(void)
{
	return buffer(size_of_words(TERMINATE_WORDS), PAID_BY_NOBODY);
}

void pager_farewell_free(struct ipc_kmsg *farewell)
{
	ipc_kmsg_free(farewell);
}

void pager_send_terminate(struct ipc_kmsg *farewell, struct ipc_port *port,
			  struct ipc_port *control, struct ipc_port *name)
{
	struct body body = { .count = 0 };

	address(farewell, (struct pager_reply){ port, MACH_MSG_TYPE_PORT_SEND }, TERMINATE_ID,
		size_of_words(TERMINATE_WORDS));
	add_right(&body, give_receive(control, port), MACH_MSG_TYPE_PORT_RECEIVE);
	add_right(&body, give_receive(name, port), MACH_MSG_TYPE_PORT_RECEIVE);
	finish(farewell, &body);
}

bool pager_send_copy(struct vm_pager *pager, vm_offset_t offset, vm_size_t length,
		     struct ipc_port *object)
{
	struct ipc_kmsg *kmsg = start(pager_right(pager), COPY_ID, 8, PAID_FIRST);
	struct body body = { .count = 0 };
	bool departed;

	if (kmsg == NULL)
		return false;
	add_right(&body, control_right(pager), MACH_MSG_TYPE_PORT_SEND);
	add_integer(&body, offset);
	add_integer(&body, length);
	departed = ipc_port_depart(object, kmsg->header.remote);
	assert(departed);	/* it is new: nothing can wait in its queue */
	(void)departed;
	add_right(&body, object, MACH_MSG_TYPE_PORT_RECEIVE);
	finish(kmsg, &body);
	return true;
}

bool pager_send_request(struct vm_pager *pager, bool unlock, vm_offset_t offset,
			vm_prot_t access)
{
	struct pager_reply to = pager_right(pager);
	struct body body = { .count = 0 };
	struct ipc_kmsg *kmsg;

	if (to.port == IP_NULL)
		return true;		/* who waits will see */
	kmsg = start(to, unlock ? DATA_UNLOCK_ID : DATA_REQUEST_ID, 8, PAID_FIRST);
	if (kmsg == NULL)
		return false;
	add_right(&body, control_right(pager), MACH_MSG_TYPE_PORT_SEND);
	add_integer(&body, offset);
	add_integer(&body, PAGE_BYTES);
	add_integer(&body, (uint32_t)access);
	finish(kmsg, &body);
	return true;
}

void pager_send_create(struct vm_pager *pager, struct ipc_port *manager, struct ipc_port *object,
		       vm_size_t size)
{
	struct pager_reply to = { manager, MACH_MSG_TYPE_PORT_SEND };
	struct ipc_kmsg *kmsg = start(to, CREATE_ID, 10, PAID_BY_NOBODY);
	struct body body = { .count = 0 };

	if (kmsg == NULL) {
		ipc_port_destroy(object);
		return;
	}
	ipc_port_depart(object, manager);	/* nothing is queued there */
	add_right(&body, object, MACH_MSG_TYPE_PORT_RECEIVE);
	add_integer(&body, size);
	add_right(&body, control_right(pager), MACH_MSG_TYPE_PORT_SEND);
	add_right(&body, vm_pager_name(pager), MACH_MSG_TYPE_PORT_SEND);
	add_integer(&body, PAGE_BYTES);
	finish(kmsg, &body);
}

/* --- Data --------------------------------------------------------------------------------- */

struct ipc_kmsg *pager_data_start(struct vm_pager *pager, bool initialize)
{
	return initialize ? start(pager_right(pager), DATA_INITIALIZE_ID, 8, PAID_BY_NOBODY)
			  : start(pager_right(pager), DATA_RETURN_ID, 12, PAID_BY_NOBODY);
}

struct ipc_kmsg *pager_data_start_asked(struct vm_pager *pager)
{
	return start(pager_right(pager), DATA_RETURN_ID, 12, PAID_FIRST);
}

void pager_data_finish(struct vm_pager *pager, struct ipc_kmsg *kmsg, vm_offset_t offset,
		       struct vm_map_copy *copy, bool dirty, bool kernel_copy)
{
	struct body body = { .count = 0 };

	add_right(&body, control_right(pager), MACH_MSG_TYPE_PORT_SEND);
	add_integer(&body, offset);
	add_memory(&body, copy);
	if (kmsg->header.id == DATA_RETURN_ID) {
		add_item(&body, MACH_MSG_TYPE_BOOLEAN, dirty);
		add_item(&body, MACH_MSG_TYPE_BOOLEAN, kernel_copy);
	}
	finish(kmsg, &body);
}

void pager_data_cancel(struct ipc_kmsg *kmsg)
{
	ipc_kmsg_destroy(kmsg);
}

uint32_t pager_messages_waiting(struct vm_pager *pager)
{
	struct pager_reply to = pager_right(pager);
	uint32_t count;

	if (to.port == IP_NULL)
		return 0;
	count = to.port->msgcount;
	ipc_port_release_send(to.port);
	return count;
}

/* --- Completions ---------------------------------------------------------------------------- */

void pager_send_lock_completed(struct vm_pager *pager, struct pager_reply reply,
			       vm_offset_t offset, vm_size_t length)
{
	struct ipc_kmsg *kmsg = start(reply, LOCK_COMPLETED_ID, 6, PAID_ON_ARRIVAL);
	struct body body = { .count = 0 };

	if (kmsg == NULL)
		return;
	add_right(&body, control_right(pager), MACH_MSG_TYPE_PORT_SEND);
	add_integer(&body, offset);
	add_integer(&body, length);
	finish(kmsg, &body);
}

void pager_send_supply_completed(struct vm_pager *pager, struct pager_reply reply,
				 vm_offset_t offset, vm_size_t length, kern_return_t result,
				 vm_offset_t error_offset)
{
	struct ipc_kmsg *kmsg = start(reply, SUPPLY_COMPLETED_ID, 10, PAID_ON_ARRIVAL);
	struct body body = { .count = 0 };

	if (kmsg == NULL)
		return;
	add_right(&body, control_right(pager), MACH_MSG_TYPE_PORT_SEND);
	add_integer(&body, offset);
	add_integer(&body, length);
	add_integer(&body, (uint32_t)result);
	add_integer(&body, error_offset);
	finish(kmsg, &body);
}

void pager_send_change_completed(struct pager_reply reply, bool may_cache,
				 memory_object_copy_strategy_t strategy)
{
	struct ipc_kmsg *kmsg = start(reply, CHANGE_COMPLETED_ID, 4, PAID_ON_ARRIVAL);
	struct body body = { .count = 0 };

	if (kmsg == NULL)
		return;
	add_item(&body, MACH_MSG_TYPE_BOOLEAN, may_cache);
	add_integer(&body, (uint32_t)strategy);
	finish(kmsg, &body);
}
