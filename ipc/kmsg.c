/* SPDX-License-Identifier: BSD-2-Clause */
#include <ipc/kmsg.h>

#include <ipc/accepted.h>
#include <ipc/port.h>
#include <ipc/space.h>
#include <kern/machine.h>
#include <kern/sched.h>
#include <kern/slab.h>
#include <kern/task.h>
#include <vm/kmem.h>
#include <vm/map.h>

uint32_t ipc_kmsg_lost;

/* Above this a buffer is made of single pages. */
#define KMSG_KALLOC_MAX (4 * PAGE_BYTES)

static struct slab_cache small_cache;

void ipc_kmsg_init(void)
{
	slab_cache_init(&small_cache, "ipc_kmsg", KMSG_OVERHEAD + KMSG_SMALL_ROOM, 32);
}

/* What the allocators take for a message with so much room. */
static inline uint32_t buffer_bytes(uint32_t room)
{
	uint32_t total = room + KMSG_OVERHEAD;

	if (__builtin_expect(room == KMSG_SMALL_ROOM, 1))
		return KMSG_OVERHEAD + KMSG_SMALL_ROOM;
	if (total <= KMSG_KALLOC_MAX)
		return kalloc_rounded(total);
	return (total + PAGE_OFFSET_MASK) & ~PAGE_OFFSET_MASK;
}

/* Large messages leave a part of the kernel's addresses for what else needs them. */
static void *large_alloc(uint32_t total)
{
	const uint32_t most = (KERNEL_MAP_END - KERNEL_MAP_START) / 4 * 3;

	return kmem_pages_used() * PAGE_BYTES + total <= most ? kmem_alloc(total) : NULL;
}

static inline __attribute__((always_inline)) struct ipc_kmsg *buffer_alloc(uint32_t size)
{
	struct ipc_kmsg *kmsg;
	uint32_t room = size;

	if (__builtin_expect(size <= KMSG_SMALL_ROOM, 1)) {
		room = KMSG_SMALL_ROOM;
		kmsg = slab_alloc(&small_cache);
	} else if (size > MACH_MSG_SIZE_MAX_INLINE + sizeof(uint32_t)) {
		return NULL;
	} else if (size + KMSG_OVERHEAD <= KMSG_KALLOC_MAX) {
		kmsg = kalloc(size + KMSG_OVERHEAD);
	} else {
		kmsg = large_alloc(size + KMSG_OVERHEAD);
	}
	if (__builtin_expect(kmsg != NULL, 1)) {
		queue_link_init(&kmsg->link);
		kmsg->room = room;
		kmsg->accepted = NULL;
		kmsg->sender = (struct kmsg_sender)KMSG_SENDER_KERNEL;
		kmsg->payer = NULL;
		kmsg->charge = buffer_bytes(room);
	}
	return kmsg;
}

struct ipc_kmsg *ipc_kmsg_alloc(uint32_t size)
{
	return buffer_alloc(size);
}

static inline __attribute__((always_inline)) void buffer_free(struct ipc_kmsg *kmsg)
{
	uint32_t total = kmsg->room + KMSG_OVERHEAD;

	assert(!queue_linked(&kmsg->link) && kmsg->accepted == NULL);
	if (__builtin_expect(kmsg->room == KMSG_SMALL_ROOM, 1))
		slab_free(&small_cache, kmsg);
	else if (total <= KMSG_KALLOC_MAX)
		kfree(kmsg, total);
	else
		kmem_free(kmsg, total);
}

/* The last that its payer's account has paid for. */
static __attribute__((noinline)) void free_last(struct ipc_kmsg *kmsg)
{
	ipc_account_free(kmsg->payer);
	buffer_free(kmsg);
}

void ipc_kmsg_free(struct ipc_kmsg *kmsg)
{
	if (kmsg->payer != NULL && ipc_account_subtract(kmsg->payer, kmsg->charge))
		free_last(kmsg);
	else
		buffer_free(kmsg);
}

/* --- Who pays ----------------------------------------------------------------------------- */

bool ipc_kmsg_change_payer(struct ipc_kmsg *kmsg, struct ipc_account *payer)
{
	struct ipc_account *before = kmsg->payer;

	/* The arrays of a message of the kernel's have not been counted. */
	if (before == NULL && (kmsg->header.bits & MACH_MSGH_BITS_COMPLEX))
		kmsg->charge = ipc_kmsg_measure(kmsg);
	if (!ipc_account_take_over(payer, kmsg->charge))
		return false;
	kmsg->payer = payer;
	ipc_account_uncharge(before, kmsg->charge);
	return true;
}

static uint32_t item_memory(const struct msg_item *item)
{
	if (item->is_inline || item->length == 0)
		return 0;
	if (item->is_port)
		return kalloc_rounded(item->length);
	return vm_map_copy_memory(*(struct vm_map_copy **)item->data);
}

uint32_t ipc_kmsg_measure(struct ipc_kmsg *kmsg)
{
	struct msg_item_iter iter = kmsg_items(kmsg);
	uint32_t bytes = buffer_bytes(kmsg->room);
	struct msg_item item;

	if (kmsg->header.bits & MACH_MSGH_BITS_COMPLEX)
		while (msg_item_next(&iter, &item) == MSG_ITEM_OK)
			bytes += item_memory(&item);
	return bytes;
}

void ipc_kmsg_fire_accepted(struct ipc_kmsg *kmsg)
{
	struct ipc_accepted *request = kmsg->accepted;

	kmsg->accepted = NULL;
	if (request != NULL)
		ipc_accepted_fire(request);
}

/* --- Destruction ------------------------------------------------------------------------ */

void ipc_right_in_hand_release(struct ipc_port *port, uint32_t type)
{
	if (!IP_VALID(port))
		return;
	switch (type) {
	case MACH_MSG_TYPE_PORT_SEND:
		ipc_port_release_send(port);
		break;
	case MACH_MSG_TYPE_PORT_SEND_ONCE:
		ipc_port_release_sonce(port);
		break;
	default:
		assert(type == MACH_MSG_TYPE_PORT_RECEIVE);
		ipc_port_release_receive(port);
	}
}

void ipc_rights_in_hand_release(struct ipc_port *const *ports, uint32_t number, uint32_t type)
{
	for (uint32_t i = 0; i < number; i++) {
		ipc_right_in_hand_release(ports[i], type);
		kmsg_breathe(i);
	}
}

static void clean_item(const struct msg_item *item)
{
	if (item->is_port && item->is_inline) {
		ipc_rights_in_hand_release(item->data, item->number, item->name);
	} else if (item->is_port) {
		struct ipc_port **ports = *(struct ipc_port ***)item->data;

		if (item->number == 0)
			return;
		ipc_rights_in_hand_release(ports, item->number, item->name);
		kfree(ports, item->number * sizeof(*ports));
	} else if (!item->is_inline) {
		vm_map_copy_discard(*(struct vm_map_copy **)item->data);
	}
}

void ipc_kmsg_clean_body(struct ipc_kmsg *kmsg, uint32_t size)
{
	struct msg_item_iter iter = msg_items(kmsg_body(kmsg), size);
	struct msg_item item;

	for (uint32_t i = 0; msg_item_next(&iter, &item) == MSG_ITEM_OK; i++) {
		clean_item(&item);
		kmsg_breathe(i);
	}
}

/* One message; those that its rights lead to go to the thread's graveyard. */
static void destroy_one(struct ipc_kmsg *kmsg)
{
	mach_msg_bits_t bits = kmsg->header.bits;

	ipc_kmsg_fire_accepted(kmsg);
	/* A message that dies unreceived takes its destination right with it; a send-once right
	 * to the queue that held it has nobody to tell. */
	ipc_right_in_hand_release(kmsg->header.remote, MACH_MSGH_BITS_REMOTE(bits));
	if (MACH_MSGH_BITS_LOCAL(bits) != 0)
		ipc_right_in_hand_release(kmsg->header.local, MACH_MSGH_BITS_LOCAL(bits));
	if (bits & MACH_MSGH_BITS_COMPLEX)
		ipc_kmsg_clean_body(kmsg, kmsg->header.size - sizeof(kmsg->header));
	ipc_kmsg_free(kmsg);
}

void ipc_kmsg_destroy(struct ipc_kmsg *kmsg)
{
	struct thread *self = current_thread();
	struct queue_link *link;

	assert_no_locks();
	if (self->destroying) {
		queue_insert_tail(&self->kmsg_graveyard, &kmsg->link);
		return;
	}
	self->destroying = true;
	queue_insert_tail(&self->kmsg_graveyard, &kmsg->link);
	while ((link = queue_take_first(&self->kmsg_graveyard)) != NULL) {
		destroy_one(container_of(link, struct ipc_kmsg, link));
		preemption_point();
	}
	self->destroying = false;
}

void ipc_kmsg_destroy_received(struct ipc_kmsg *kmsg)
{
	if (MACH_MSGH_BITS_REMOTE(kmsg->header.bits) == MACH_MSG_TYPE_PORT_SEND_ONCE) {
		ipc_port_drop_sonce(kmsg->header.remote);
		kmsg->header.remote = IP_NULL;
	}
	ipc_kmsg_destroy(kmsg);
}

/* --- The user's bytes -------------------------------------------------------------------- */

static inline bool size_allowed(struct ipc_account *payer, mach_msg_size_t size)
{
	if (payer == NULL)
		return size <= MACH_MSG_SIZE_MAX_INLINE;
	if (__builtin_expect(size <= payer->limits.il_message_size, 1))
		return true;
	__atomic_fetch_add(&payer->refused_messages, 1, __ATOMIC_RELAXED);
	return false;
}

/* A buffer for a message of the current task, paid by it; NULL when that is too much. */
static inline struct ipc_kmsg *paid_alloc(mach_msg_size_t size)
{
	struct ipc_space *space = current_task()->space;
	struct ipc_account *payer = space != NULL ? space->account : NULL;
	struct ipc_kmsg *kmsg;

	if (__builtin_expect(!size_allowed(payer, size), 0))
		return NULL;
	kmsg = buffer_alloc(size + sizeof(uint32_t));
	if (__builtin_expect(kmsg == NULL, 0))
		return NULL;
	if (__builtin_expect(!ipc_account_charge(payer, kmsg->charge), 0)) {
		ipc_kmsg_free(kmsg);
		return NULL;
	}
	kmsg->payer = payer;
	return kmsg;
}

struct ipc_kmsg *ipc_kmsg_alloc_paid(uint32_t size)
{
	return paid_alloc(size);
}

mach_msg_return_t ipc_kmsg_get(mach_msg_header_t *msg, mach_msg_size_t size,
			       struct ipc_kmsg **kmsgp)
{
	struct ipc_kmsg *kmsg;

	if (size < sizeof(mach_msg_header_t) || (size & 3) != 0)
		return MACH_SEND_MSG_TOO_SMALL;
	kmsg = paid_alloc(size);
	if (kmsg == NULL)
		return MACH_SEND_NO_BUFFER;
	if (copyinmsg(msg, &kmsg->user, size) != 0) {
		ipc_kmsg_free(kmsg);
		return MACH_SEND_INVALID_DATA;
	}
	kmsg->user.msgh_size = size;
	*(uint32_t *)((uint8_t *)&kmsg->user + size) = 0;	/* ends strings for MIG's stubs */
	*kmsgp = kmsg;
	return MACH_MSG_SUCCESS;
}
