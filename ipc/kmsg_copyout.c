/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the kernel's form of a message to the user's (spec/ipc.md, sections 7 to 9).
 *
 * The header is one step with the space and both ports locked: first all that may fail,
 * then both rights.  The body goes through every item whatever fails.
 */
#include <ipc/kmsg.h>

#include <ipc/origin.h>
#include <ipc/pset.h>
#include <ipc/right.h>
#include <kern/slab.h>
#include <vm/map.h>

/* --- Header ---------------------------------------------------------------------------- */

struct header_copyout {
	struct ipc_space *space;
	struct ipc_port *dest, *reply;		/* reply NULL unless a port */
	uint32_t dest_type, reply_type;
	struct ipc_entry *entry;		/* for the reply right */
	bool fresh;				/* the entry was made for it */
	struct ipc_request *request;		/* MACH_RCV_NOTIFY: with a send-once right; or NULL */
	/* Results. */
	mach_port_name_t reply_name;
	uint32_t local;				/* name or payload */
	uint32_t local_type;
	struct ipc_port *nsrequest;
	mach_port_mscount_t mscount;
	bool unused_sonce;			/* the destination's send-once right found no use */
};

/* The entry that the reply right will go to. */
static kern_return_t reserve_entry(struct header_copyout *h)
{
	if (!h->space->active)
		return KERN_NO_SPACE;
	if (h->reply == NULL)
		return KERN_SUCCESS;
	if (h->reply_type == MACH_MSG_TYPE_PORT_SEND)
		h->entry = ipc_right_find(h->space, h->reply);
	if (h->entry != NULL || !h->reply->object.active)
		return KERN_SUCCESS;
	h->fresh = true;
	return ipc_entry_alloc(&h->space->table, &h->entry);
}

/* The reply right's new entry gets the dead-name request that the receiver asked for. */
static void put_request(struct header_copyout *h)
{
	struct ipc_request *request = h->request;

	h->request = NULL;
	request->name = h->entry->name;
	queue_insert_tail(&h->reply->requests, &request->link);
	h->reply->request_count++;
	h->entry->request = request;
}

static void put_reply(struct header_copyout *h, struct ipc_debris *debris)
{
	if (h->reply->object.active) {
		ipc_right_put(h->space, h->entry, h->reply, h->reply_type, debris);
		h->reply_name = h->entry->name;
		if (h->fresh && h->request != NULL)
			put_request(h);
		return;
	}
	if (h->fresh)
		ipc_entry_free(&h->space->table, h->entry);
	if (h->reply_type == MACH_MSG_TYPE_PORT_SEND)
		ipc_debris_note(debris)->send = h->reply;
	else
		ipc_debris_note(debris)->sonce = h->reply;
	h->reply_name = MACH_PORT_DEAD;
}

/* What the receiver is told of the port on which the message came.  Ports locked. */
static void name_dest(struct header_copyout *h)
{
	struct ipc_port *dest = h->dest;

	h->local_type = h->dest_type;
	if (!dest->object.active) {
		bool reply_first = h->reply != NULL && !h->reply->object.active &&
				   (int32_t)(h->reply->death_stamp - dest->death_stamp) < 0;

		h->local = reply_first ? MACH_PORT_NULL : MACH_PORT_DEAD;
	} else if (dest->receiver != h->space) {
		h->local = MACH_PORT_NULL;
	} else if (dest->has_payload) {
		h->local = dest->payload;
		h->local_type = MACH_MSG_TYPE_PROTECTED_PAYLOAD;
	} else {
		h->local = dest->receiver_name;
	}
}

/* The destination's right is used up.  Ports locked; the reference is dropped later. */
static void consume_dest(struct header_copyout *h)
{
	struct ipc_port *dest = h->dest;

	if (h->dest_type == MACH_MSG_TYPE_PORT_SEND) {
		assert(dest->srights > 0);
		if (--dest->srights == 0 && dest->object.active) {
			h->nsrequest = dest->nsrequest;
			h->mscount = dest->mscount;
			dest->nsrequest = IP_NULL;
		}
		return;
	}
	assert(h->dest_type == MACH_MSG_TYPE_PORT_SEND_ONCE && dest->sorights > 0);
	if (dest->object.active && dest->receiver != h->space)
		h->unused_sonce = true;
	else
		dest->sorights--;
}

/* After unlocking: what consuming the destination has left to do. */
static void release_dest(struct header_copyout *h)
{
	if (h->unused_sonce)
		ipc_port_release_sonce(h->dest);
	else
		ipc_port_release(h->dest);
	if (h->nsrequest != IP_NULL)
		ipc_notify_no_senders(h->nsrequest, h->mscount);
}

static struct header_copyout header_copyout(struct ipc_kmsg *kmsg, struct ipc_space *space)
{
	return (struct header_copyout){
		.space = space,
		.dest = kmsg->header.remote,
		.dest_type = MACH_MSGH_BITS_REMOTE(kmsg->header.bits),
		.reply_type = MACH_MSGH_BITS_LOCAL(kmsg->header.bits),
		.reply = IP_VALID(kmsg->header.local) ? kmsg->header.local : NULL,
		.reply_name = (mach_port_name_t)(uintptr_t)kmsg->header.local,
	};
}

static void header_to_user(struct ipc_kmsg *kmsg, const struct header_copyout *h)
{
	kmsg->user.msgh_bits = (kmsg->header.bits & MACH_MSGH_BITS_COMPLEX) |
			       MACH_MSGH_BITS(h->reply_type, h->local_type);
	kmsg->user.msgh_remote_port = h->reply_name;
	kmsg->user.msgh_local_port = h->local;
}

static mach_msg_return_t error_bits(kern_return_t kr)
{
	return kr == KERN_NO_SPACE ? MACH_MSG_IPC_SPACE : MACH_MSG_IPC_KERNEL;
}

/* Both rights, with the space locked; nothing has changed when this fails. */
static mach_msg_return_t copyout_rights(struct header_copyout *h, struct ipc_debris *debris)
{
	kern_return_t kr = reserve_entry(h);

	if (kr != KERN_SUCCESS)
		return MACH_RCV_HEADER_ERROR | error_bits(kr);
	ipc_port_lock_pair(h->dest, h->reply);
	name_dest(h);
	if (h->reply != NULL)
		put_reply(h, debris);
	consume_dest(h);
	ipc_port_unlock_pair(h->dest, h->reply);
	return MACH_MSG_SUCCESS;
}

static mach_msg_return_t copyout_header(struct ipc_kmsg *kmsg, struct ipc_space *space)
{
	struct header_copyout h = header_copyout(kmsg, space);
	struct ipc_debris debris;
	mach_msg_return_t mr;

	ipc_debris_init(&debris);
	ipc_space_lock(space);
	mr = copyout_rights(&h, &debris);
	ipc_space_unlock(space);
	if (mr != MACH_MSG_SUCCESS)
		return mr;
	header_to_user(kmsg, &h);
	release_dest(&h);
	ipc_debris_release(&debris);
	return MACH_MSG_SUCCESS;
}

/* The right of a request that answers to `notify`, a receive right.  Space locked. */
static bool request_start(struct header_copyout *h, mach_port_name_t notify)
{
	struct ipc_entry *entry = ipc_entry_lookup(&h->space->table, notify);

	if (entry == NULL || !(entry->bits & MACH_PORT_TYPE_RECEIVE))
		return false;
	h->request->notify = ipc_port_make_sonce(entry_port(entry));
	return true;
}

/* The same for MACH_RCV_NOTIFY. */
static mach_msg_return_t copyout_header_notify(struct ipc_kmsg *kmsg, struct ipc_space *space,
					       mach_port_name_t notify)
{
	struct header_copyout h = header_copyout(kmsg, space);
	mach_msg_return_t mr = MACH_RCV_INVALID_NOTIFY;
	struct ipc_debris debris;

	ipc_debris_init(&debris);
	h.request = ipc_request_alloc(space->account);
	if (h.request == NULL)
		return MACH_RCV_HEADER_ERROR | MACH_MSG_IPC_KERNEL;
	ipc_space_lock(space);
	if (request_start(&h, notify))
		mr = copyout_rights(&h, &debris);
	ipc_space_unlock(space);
	if (h.request != NULL) {
		ipc_port_drop_sonce(h.request->notify);
		ipc_request_free(h.request);
	}
	if (mr != MACH_MSG_SUCCESS)
		return mr;
	header_to_user(kmsg, &h);
	release_dest(&h);
	ipc_debris_release(&debris);
	return MACH_MSG_SUCCESS;
}

/* --- Body ---------------------------------------------------------------------------------- */

/* Rights become names, in place.  Those that cannot get one are released and become null. */
static mach_msg_return_t copyout_ports(struct ipc_space *space, void *ports, uint32_t number,
				       uint32_t type)
{
	struct ipc_port **right = ports;
	mach_port_name_t *name = ports;
	mach_msg_return_t mr = MACH_MSG_SUCCESS;

	for (uint32_t i = 0; i < number; i++) {
		struct ipc_port *port = right[i];
		struct ipc_debris debris;
		kern_return_t kr;

		if (!IP_VALID(port))
			continue;
		ipc_debris_init(&debris);
		ipc_space_lock(space);
		kr = space->active ? ipc_right_copyout(space, port, type, &name[i], &debris)
				   : KERN_NO_SPACE;
		ipc_space_unlock(space);
		ipc_debris_release(&debris);
		if (kr != KERN_SUCCESS) {
			ipc_right_in_hand_release(port, type);
			name[i] = MACH_PORT_NULL;
			mr |= error_bits(kr);
		}
		kmsg_breathe(i);
	}
	return mr;
}

/* Memory that cannot be mapped shows as address 0 of size 0. */
static mach_msg_return_t memory_failed(struct msg_item *item, kern_return_t kr)
{
	*(vm_offset_t *)item->data = 0;
	msg_item_set_size(item, 0);
	return kr == KERN_NO_SPACE ? MACH_MSG_VM_SPACE : MACH_MSG_VM_KERNEL;
}

static void release_names(struct ipc_space *space, const mach_port_name_t *names,
			  uint32_t number, uint32_t type);

static mach_msg_return_t copyout_port_array(struct msg_item *item, struct ipc_space *space,
					    struct vm_map *map)
{
	struct ipc_port **ports = *(struct ipc_port ***)item->data;
	uint32_t number = item->number, size = number * sizeof(*ports);
	vm_offset_t address = 0;
	kern_return_t kr = vm_map_allocate(map, &address, size, true);
	mach_msg_return_t mr;

	if (kr != KERN_SUCCESS) {
		ipc_rights_in_hand_release(ports, number, item->name);
		kfree(ports, size);
		return memory_failed(item, kr);
	}
	mr = copyout_ports(space, ports, number, item->name);
	kr = vm_map_write_bytes(map, address, ports, size);
	if (kr != KERN_SUCCESS) {
		release_names(space, (mach_port_name_t *)ports, number, item->name);
		vm_map_deallocate(map, address, size);
		mr |= memory_failed(item, KERN_RESOURCE_SHORTAGE);
	} else {
		*(vm_offset_t *)item->data = address;
	}
	kfree(ports, size);
	return mr;
}

static mach_msg_return_t copyout_memory(struct msg_item *item, struct vm_map *map)
{
	struct vm_map_copy *copy = *(struct vm_map_copy **)item->data;
	vm_offset_t address = 0;
	kern_return_t kr = vm_map_copyout(map, &address, copy);

	if (kr != KERN_SUCCESS) {
		vm_map_copy_discard(copy);
		return memory_failed(item, kr);
	}
	*(vm_offset_t *)item->data = address;
	return MACH_MSG_SUCCESS;
}

static mach_msg_return_t copyout_item(struct msg_item *item, struct ipc_space *space,
				      struct vm_map *map)
{
	if (item->is_inline)
		return item->is_port ? copyout_ports(space, item->data, item->number, item->name)
				     : MACH_MSG_SUCCESS;
	msg_item_set_deallocate(item, true);
	if (item->length == 0) {
		*(vm_offset_t *)item->data = 0;
		return MACH_MSG_SUCCESS;
	}
	return item->is_port ? copyout_port_array(item, space, map) : copyout_memory(item, map);
}

static mach_msg_return_t copyout_body(struct ipc_kmsg *kmsg, struct ipc_space *space,
				      struct vm_map *map)
{
	struct msg_item_iter iter = kmsg_items(kmsg);
	mach_msg_return_t mr = MACH_MSG_SUCCESS;
	struct msg_item item;

	for (uint32_t i = 0; msg_item_next(&iter, &item) == MSG_ITEM_OK; i++) {
		mr |= copyout_item(&item, space, map);
		kmsg_breathe(i);
	}
	return mr == MACH_MSG_SUCCESS ? mr : MACH_RCV_BODY_ERROR | mr;
}

mach_msg_return_t ipc_kmsg_copyout(struct ipc_kmsg *kmsg, struct ipc_space *space,
				   struct vm_map *map)
{
	mach_msg_return_t mr;

	ipc_origin_arriving(kmsg);
	mr = copyout_header(kmsg, space);
	if (mr == MACH_MSG_SUCCESS && (kmsg->user.msgh_bits & MACH_MSGH_BITS_COMPLEX))
		mr = copyout_body(kmsg, space, map);
	ipc_origin_arriving(NULL);
	return mr;
}

mach_msg_return_t ipc_kmsg_copyout_notify(struct ipc_kmsg *kmsg, struct ipc_space *space,
					  struct vm_map *map, mach_port_name_t notify)
{
	mach_msg_return_t mr;

	ipc_origin_arriving(kmsg);
	mr = copyout_header_notify(kmsg, space, notify);
	if (mr == MACH_MSG_SUCCESS && (kmsg->user.msgh_bits & MACH_MSGH_BITS_COMPLEX))
		mr = copyout_body(kmsg, space, map);
	ipc_origin_arriving(NULL);
	return mr;
}

/* --- Special forms ---------------------------------------------------------------------------- */

void ipc_kmsg_copyout_bare(struct ipc_kmsg *kmsg, struct ipc_space *space)
{
	struct header_copyout h = header_copyout(kmsg, space);
	struct ipc_port *reply = kmsg->header.local;

	if (kmsg->header.bits & MACH_MSGH_BITS_COMPLEX)
		ipc_kmsg_clean_body(kmsg, kmsg->header.size - sizeof(kmsg->header));
	h.reply = NULL;
	h.reply_name = MACH_PORT_NULL;
	ipc_port_lock(h.dest);
	name_dest(&h);
	if (h.local_type == MACH_MSG_TYPE_PROTECTED_PAYLOAD) {
		h.local = h.dest->receiver_name;
		h.local_type = h.dest_type;
	}
	consume_dest(&h);
	ipc_port_unlock(h.dest);
	header_to_user(kmsg, &h);
	release_dest(&h);
	ipc_right_in_hand_release(reply, h.reply_type);
}

mach_msg_return_t ipc_kmsg_copyout_pseudo(struct ipc_kmsg *kmsg, struct ipc_space *space,
					  struct vm_map *map)
{
	struct ipc_port *remote = kmsg->header.remote, *local = kmsg->header.local;
	mach_msg_bits_t bits = kmsg->header.bits & ~MACH_MSGH_BITS_CIRCULAR;
	mach_msg_return_t mr;

	ipc_origin_arriving(kmsg);
	mr = copyout_ports(space, &remote, 1, MACH_MSGH_BITS_REMOTE(bits));
	mr |= copyout_ports(space, &local, 1, MACH_MSGH_BITS_LOCAL(bits));
	kmsg->user.msgh_bits = bits;
	kmsg->user.msgh_remote_port = (mach_port_name_t)(uintptr_t)remote;
	kmsg->user.msgh_local_port = (mach_port_name_t)(uintptr_t)local;
	kmsg->user.msgh_seqno = 0;
	if (bits & MACH_MSGH_BITS_COMPLEX)
		mr |= copyout_body(kmsg, space, map) & ~MACH_RCV_BODY_ERROR;
	ipc_origin_arriving(NULL);
	return mr;
}

/* Take names back that a copyout has just given. */
static void release_names(struct ipc_space *space, const mach_port_name_t *names,
			  uint32_t number, uint32_t type)
{
	for (uint32_t i = 0; i < number; i++) {
		struct ipc_debris debris;
		struct ipc_entry *entry;

		if (!MACH_NAME_VALID(names[i]))
			continue;
		ipc_debris_init(&debris);
		ipc_space_lock(space);
		entry = ipc_right_lookup(space, names[i]);
		if (entry == NULL)
			(void)entry;	/* another thread was quicker */
		else if (type == MACH_MSG_TYPE_PORT_RECEIVE)
			ipc_right_delta(space, entry, MACH_PORT_RIGHT_RECEIVE, -1, &debris);
		else
			ipc_right_deallocate(space, entry, &debris);
		ipc_space_unlock(space);
		ipc_debris_release(&debris);
		kmsg_breathe(i);
	}
}

static void undo_item(const struct msg_item *item, struct ipc_space *space, struct vm_map *map)
{
	vm_offset_t address;

	if (item->is_inline) {
		if (item->is_port)
			release_names(space, item->data, item->number, item->name);
		return;
	}
	address = *(const vm_offset_t *)item->data;
	if (address == 0 || item->length == 0)
		return;
	for (uint32_t i = 0; item->is_port && i < item->number; i++) {
		mach_port_name_t name;

		if (vm_map_read_bytes(map, address + i * sizeof(name), &name, sizeof(name)) ==
		    KERN_SUCCESS)
			release_names(space, &name, 1, item->name);
		kmsg_breathe(i);
	}
	vm_map_deallocate(map, address, (vm_size_t)item->length);
}

void ipc_kmsg_copyout_undo(struct ipc_kmsg *kmsg, struct ipc_space *space, struct vm_map *map)
{
	struct msg_item_iter iter = kmsg_items(kmsg);
	struct msg_item item;

	iter.copied_out = true;
	if (kmsg->user.msgh_bits & MACH_MSGH_BITS_COMPLEX)
		for (uint32_t i = 0; msg_item_next(&iter, &item) == MSG_ITEM_OK; i++) {
			undo_item(&item, space, map);
			kmsg_breathe(i);
		}
	release_names(space, &kmsg->user.msgh_remote_port, 1,
		      MACH_MSGH_BITS_REMOTE(kmsg->user.msgh_bits));
}

void ipc_kmsg_copyout_pseudo_undo(struct ipc_kmsg *kmsg, struct ipc_space *space,
				  struct vm_map *map)
{
	ipc_kmsg_copyout_undo(kmsg, space, map);
	release_names(space, &kmsg->user.msgh_local_port, 1,
		      MACH_MSGH_BITS_LOCAL(kmsg->user.msgh_bits));
}
