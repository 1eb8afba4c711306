/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the user's form of a message to the kernel's (spec/ipc.md, sections 3 and 4).
 *
 * The header first checks all, with the space and both ports locked, then takes both
 * rights: nothing can fail in between.  The body goes item by item; what an item that
 * fails has taken, and all before it, is released.
 */
#include <ipc/kmsg.h>

#include <ipc/pset.h>
#include <ipc/right.h>
#include <kern/machine.h>
#include <kern/slab.h>
#include <vm/map.h>

/* Ports of one out-of-line array, in bytes of the array. */
#define PORT_ARRAY_MAX (1024u * 1024u)

/* --- Header --------------------------------------------------------------------------- */

struct header_copyin {
	struct ipc_space *space;
	uint32_t dest_type, reply_type;		/* dispositions as the user gave them */
	mach_port_name_t dest_name, reply_name;
	struct ipc_entry *dest, *reply;		/* reply NULL: a null or dead value, or none */
	struct ipc_port *cancel;		/* MACH_SEND_CANCEL: whose requests not to answer */
};

static bool header_disposition(uint32_t type)
{
	return type >= MACH_MSG_TYPE_MOVE_SEND && type <= MACH_MSG_TYPE_MAKE_SEND_ONCE;
}

static bool header_bits_valid(const struct header_copyin *h)
{
	if (!header_disposition(h->dest_type))
		return false;
	if (h->reply_type == 0)
		return h->reply_name == MACH_PORT_NULL;
	return header_disposition(h->reply_type);
}

/* The port of a name with a receive right, or NULL. */
static struct ipc_port *receive_right(struct ipc_space *space, mach_port_name_t name)
{
	struct ipc_entry *entry = ipc_entry_lookup(&space->table, name);

	return entry != NULL && (entry->bits & MACH_PORT_TYPE_RECEIVE) ? entry_port(entry) : NULL;
}

/* Both dispositions on one name, each possible by itself: are they possible together? */
static bool same_name_possible(const struct header_copyin *h)
{
	uint32_t urefs = entry_urefs(h->dest);

	if (h->dest_type == MACH_MSG_TYPE_MOVE_SEND_ONCE ||
	    h->reply_type == MACH_MSG_TYPE_MOVE_SEND_ONCE)
		return false;
	if (h->dest_type == MACH_MSG_TYPE_MOVE_SEND && h->reply_type == MACH_MSG_TYPE_MOVE_SEND)
		return urefs >= 2;
	return true;
}

/* The checks in the order of section 3; the space is locked. */
static mach_msg_return_t header_check(struct header_copyin *h)
{
	if (!h->space->active)
		return MACH_SEND_INVALID_DEST;
	h->dest = ipc_right_lookup(h->space, h->dest_name);
	if (h->dest == NULL)
		return MACH_SEND_INVALID_DEST;
	h->reply = NULL;
	if (MACH_NAME_VALID(h->reply_name)) {
		h->reply = ipc_right_lookup(h->space, h->reply_name);
		if (h->reply == NULL || !ipc_right_takeable(h->reply, h->reply_type, true))
			return MACH_SEND_INVALID_REPLY;
	}
	if (!ipc_right_takeable(h->dest, h->dest_type, false))
		return MACH_SEND_INVALID_DEST;
	if (h->dest == h->reply && !same_name_possible(h))
		return MACH_SEND_INVALID_DEST;
	return MACH_MSG_SUCCESS;
}

static struct ipc_port *live_port(const struct ipc_entry *entry)
{
	if (entry == NULL || (entry->bits & MACH_PORT_TYPE_DEAD_NAME))
		return NULL;
	return entry_port(entry);
}

static struct ipc_port *take_reply(struct header_copyin *h, struct ipc_debris *debris)
{
	if (h->reply == NULL)
		return h->reply_name == MACH_PORT_NULL ? IP_NULL : IP_DEAD;
	return ipc_right_take(h->space, h->reply, h->reply_type, debris);
}

/* Requests that went with the destination's entry and would be answered to `cancel` are dropped. */
static void cancel_requests(struct header_copyin *h, struct ipc_debris *debris,
			    struct queue *cancelled)
{
	struct queue_link *link;

	if (h->cancel == NULL || !debris->any || queue_empty(&debris->deleted))
		return;
	link = queue_first(&debris->deleted);
	if (container_of(link, struct ipc_request, link)->notify == h->cancel) {
		queue_remove(link);
		queue_insert_tail(cancelled, link);
	}
}

/* The point of no return has been passed: space and ports are locked, all is possible. */
static void header_take(struct header_copyin *h, struct kmsg_header *header,
			struct ipc_debris *debris, struct queue *cancelled)
{
	/*
	 * On one name, where the destination's right is moved, it goes last: a reply may still be
	 * copied, and the end of the entry counts as the destination's.
	 */
	bool reply_first = h->dest == h->reply && h->dest_type == MACH_MSG_TYPE_MOVE_SEND;
	struct ipc_port *reply = IP_NULL;

	if (reply_first)
		reply = take_reply(h, debris);
	header->remote = ipc_right_take(h->space, h->dest, h->dest_type, debris);
	cancel_requests(h, debris, cancelled);
	if (!reply_first)
		reply = take_reply(h, debris);
	header->local = reply;
	header->bits = MACH_MSGH_BITS(ipc_type_after_copyin(h->dest_type),
				      ipc_type_after_copyin(h->reply_type)) |
		       (header->bits & MACH_MSGH_BITS_COMPLEX);
	header->seqno = 0;
}

static void drop_cancelled(struct queue *cancelled)
{
	struct queue_link *link;

	while ((link = queue_take_first(cancelled)) != NULL) {
		struct ipc_request *request = container_of(link, struct ipc_request, link);

		ipc_port_drop_sonce(request->notify);
		ipc_request_free(request);
	}
}

/*
 * Check and take under the locks.  The ports cannot go meanwhile: what an entry loses is in
 * our hands.  A port found dead under its lock sends us back to the
 * checks, which then see a dead name.
 */
static mach_msg_return_t header_commit(struct header_copyin *h, struct kmsg_header *header,
				       struct ipc_debris *debris, struct queue *cancelled)
{
	for (;;) {
		mach_msg_return_t mr = header_check(h);
		struct ipc_port *dest, *reply;
		bool alive;

		if (mr != MACH_MSG_SUCCESS)
			return mr;
		dest = live_port(h->dest);
		reply = live_port(h->reply);
		ipc_port_lock_pair(dest, reply);
		alive = dest->object.active && (reply == NULL || reply->object.active);
		if (alive)
			header_take(h, header, debris, cancelled);
		ipc_port_unlock_pair(dest, reply);
		if (alive)
			return MACH_MSG_SUCCESS;
	}
}

static mach_msg_return_t copyin_header(struct ipc_kmsg *kmsg, struct ipc_space *space,
				       mach_msg_option_t option, mach_port_name_t notify)
{
	struct header_copyin h = {
		.space = space,
		.dest_type = MACH_MSGH_BITS_REMOTE(kmsg->user.msgh_bits),
		.reply_type = MACH_MSGH_BITS_LOCAL(kmsg->user.msgh_bits),
		.dest_name = kmsg->user.msgh_remote_port,
		.reply_name = kmsg->user.msgh_local_port,
	};
	struct ipc_debris debris;
	struct queue cancelled;
	mach_msg_return_t mr = MACH_MSG_SUCCESS;

	if ((option & MACH_SEND_CANCEL) && notify == MACH_PORT_NULL)
		return MACH_SEND_INVALID_NOTIFY;
	if (!header_bits_valid(&h))
		return MACH_SEND_INVALID_HEADER;
	ipc_debris_init(&debris);
	ipc_space_lock(space);
	if (__builtin_expect((option & MACH_SEND_CANCEL) != 0, 0)) {
		queue_init(&cancelled);
		h.cancel = receive_right(space, notify);
		if (h.cancel == NULL)
			mr = MACH_SEND_INVALID_NOTIFY;
	}
	if (mr == MACH_MSG_SUCCESS)
		mr = header_commit(&h, &kmsg->header, &debris, &cancelled);
	ipc_space_unlock(space);
	ipc_debris_release(&debris);
	if (h.cancel != NULL)
		drop_cancelled(&cancelled);
	return mr;
}

/* --- Body --------------------------------------------------------------------------------- */

struct body_copyin {
	struct ipc_kmsg *kmsg;
	struct ipc_space *space;
	struct vm_map *map;
	bool complex;		/* an item that needs copyout has been seen */
};

/* Names in `ports` become rights, in place.  On failure those already taken are released. */
static mach_msg_return_t copyin_ports(struct body_copyin *b, struct ipc_port **ports,
				      uint32_t number, uint32_t disposition)
{
	uint32_t type = ipc_type_after_copyin(disposition);

	for (uint32_t i = 0; i < number; i++) {
		mach_port_name_t name = (mach_port_name_t)(uintptr_t)ports[i];
		struct ipc_debris debris;
		kern_return_t kr;

		if (!MACH_NAME_VALID(name))
			continue;	/* null and dead have the same value in both forms */
		ipc_debris_init(&debris);
		ipc_space_lock(b->space);
		kr = b->space->active ? ipc_right_copyin(b->space, name, disposition, true,
							 &ports[i], &debris)
				      : KERN_INVALID_TASK;
		ipc_space_unlock(b->space);
		ipc_debris_release(&debris);
		if (kr != KERN_SUCCESS) {
			ipc_rights_in_hand_release(ports, i, type);
			return MACH_SEND_INVALID_RIGHT;
		}
		if (type == MACH_MSG_TYPE_PORT_RECEIVE &&
		    !ipc_port_depart(ports[i], b->kmsg->header.remote))
			b->kmsg->header.bits |= MACH_MSGH_BITS_CIRCULAR;
		kmsg_breathe(i);
	}
	return MACH_MSG_SUCCESS;
}

/* An array of names from the sender's memory; its pages go if the item says so. */
static mach_msg_return_t get_port_array(struct body_copyin *b, const struct msg_item *item,
					struct ipc_port ***portsp)
{
	vm_offset_t address = *(const vm_offset_t *)item->data;
	struct ipc_port **ports;

	if (item->length > PORT_ARRAY_MAX)
		return MACH_SEND_INVALID_MEMORY;
	if (!ipc_kmsg_charge(b->kmsg, kalloc_rounded(item->length)))
		return MACH_SEND_INVALID_MEMORY;
	ports = kalloc(item->length);
	if (ports == NULL)
		return MACH_SEND_INVALID_MEMORY;
	if (copyinmsg((const void *)address, ports, item->length) != 0 ||
	    (item->deallocate &&
	     vm_map_deallocate(b->map, address, item->length) != KERN_SUCCESS)) {
		kfree(ports, item->length);
		return MACH_SEND_INVALID_MEMORY;
	}
	*portsp = ports;
	return MACH_MSG_SUCCESS;
}

static mach_msg_return_t copyin_port_array(struct body_copyin *b, const struct msg_item *item)
{
	struct ipc_port **ports;
	mach_msg_return_t mr = get_port_array(b, item, &ports);

	if (mr != MACH_MSG_SUCCESS)
		return mr;
	mr = copyin_ports(b, ports, item->number, item->name);
	if (mr != MACH_MSG_SUCCESS)
		kfree(ports, item->length);
	else
		*(struct ipc_port ***)item->data = ports;
	return mr;
}

static mach_msg_return_t copyin_memory(struct body_copyin *b, const struct msg_item *item)
{
	vm_offset_t address = *(const vm_offset_t *)item->data;
	struct vm_map_copy *copy;
	vm_size_t least;

	if (item->length >= VM_USER_MAX)
		return MACH_SEND_INVALID_MEMORY;
	/* Before the memory is taken, as far as that is known. */
	least = vm_map_copy_memory_least((vm_size_t)item->length);
	if (!ipc_kmsg_charge(b->kmsg, least) ||
	    vm_map_copyin(b->map, address, (vm_size_t)item->length, item->deallocate, &copy) !=
	    KERN_SUCCESS)
		return MACH_SEND_INVALID_MEMORY;
	if (!ipc_kmsg_charge(b->kmsg, vm_map_copy_memory(copy) - least)) {
		vm_map_copy_discard(copy);
		return MACH_SEND_INVALID_MEMORY;
	}
	*(struct vm_map_copy **)item->data = copy;
	return MACH_MSG_SUCCESS;
}

/* One item.  On failure nothing of it is left but its charge, which goes with the message. */
static mach_msg_return_t copyin_item(struct body_copyin *b, struct msg_item *item)
{
	mach_msg_return_t mr = MACH_MSG_SUCCESS;

	if (item->is_inline && !item->is_port)
		return MACH_MSG_SUCCESS;
	b->complex = true;
	if (item->is_inline)
		mr = copyin_ports(b, item->data, item->number, item->name);
	else if (item->length == 0)
		*(void **)item->data = NULL;
	else if (item->is_port)
		mr = copyin_port_array(b, item);
	else
		mr = copyin_memory(b, item);
	if (mr == MACH_MSG_SUCCESS && item->is_port)
		msg_item_set_name(item, ipc_type_after_copyin(item->name));
	return mr;
}

static mach_msg_return_t copyin_body(struct ipc_kmsg *kmsg, struct ipc_space *space,
				     struct vm_map *map)
{
	struct body_copyin b = { .kmsg = kmsg, .space = space, .map = map };
	struct msg_item_iter iter = kmsg_items(kmsg);
	struct msg_item item;

	for (uint32_t i = 0;; i++) {
		uint8_t *start = iter.next;
		mach_msg_return_t mr;

		switch (msg_item_next(&iter, &item)) {
		case MSG_ITEM_OK:
			mr = copyin_item(&b, &item);
			break;
		case MSG_ITEM_END:
			if (!b.complex)
				kmsg->header.bits &= ~MACH_MSGH_BITS_COMPLEX;
			return MACH_MSG_SUCCESS;
		case MSG_ITEM_TOO_SMALL:
			mr = MACH_SEND_MSG_TOO_SMALL;
			break;
		default:
			mr = MACH_SEND_INVALID_TYPE;
		}
		if (mr != MACH_MSG_SUCCESS) {
			ipc_kmsg_clean_body(kmsg, start - (uint8_t *)kmsg_body(kmsg));
			return mr;
		}
		kmsg_breathe(i);
	}
}

mach_msg_return_t ipc_kmsg_copyin(struct ipc_kmsg *kmsg, struct ipc_space *space,
				  struct vm_map *map, mach_msg_option_t option,
				  mach_port_name_t notify)
{
	mach_msg_return_t mr = copyin_header(kmsg, space, option, notify);

	if (mr != MACH_MSG_SUCCESS || !(kmsg->header.bits & MACH_MSGH_BITS_COMPLEX))
		return mr;
	mr = copyin_body(kmsg, space, map);
	if (mr != MACH_MSG_SUCCESS) {
		mach_msg_bits_t bits = kmsg->header.bits;

		ipc_right_in_hand_release(kmsg->header.remote, MACH_MSGH_BITS_REMOTE(bits));
		ipc_right_in_hand_release(kmsg->header.local, MACH_MSGH_BITS_LOCAL(bits));
	}
	return mr;
}
