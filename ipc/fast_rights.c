/* SPDX-License-Identifier: BSD-2-Clause */
#include <ipc/fast_rights.h>

#include <ipc/fast_path.h>
#include <ipc/fast_steps.h>
#include <ipc/msg_short.h>
#include <kern/thread.h>

/* --- The body ---------------------------------------------------------------------------- */

/* Null and dead names are the same on both sides. */
static bool read_names(struct fast_rights *rights, const struct msg_item *item)
{
	mach_port_name_t *name = item->data;

	for (uint32_t i = 0; i < item->number; i++) {
		if (!MACH_NAME_VALID(name[i]))
			continue;
		if (rights->count == FAST_RIGHTS_MAX)
			return false;
		rights->right[rights->count++] = (struct fast_right){
			.name = &name[i], .disposition = item->name,
		};
	}
	return true;
}

/* A body without an item of rights is not complex: the ordinary path says so in the header. */
bool fast_rights_read(struct fast_rights *rights, void *body, mach_msg_size_t size)
{
	struct msg_item_iter iter = msg_items(body, size);
	bool complex = false;

	rights->count = 0;
	while (iter.next != iter.end) {
		struct msg_item item;

		if (!msg_short_next(&iter, &item) || item.name == MACH_MSG_TYPE_MOVE_RECEIVE)
			return false;
		if (!item.is_port)
			continue;
		if (!read_names(rights, &item))
			return false;
		msg_short_set_name(&item, ipc_type_after_copyin(item.name));
		complex = true;
	}
	return complex;
}

/* --- Looking ----------------------------------------------------------------------------- */

static bool is_move(const struct fast_right *right)
{
	return right->disposition == MACH_MSG_TYPE_MOVE_SEND ||
	       right->disposition == MACH_MSG_TYPE_MOVE_SEND_ONCE;
}

/* Nobody wants to know of the end of the entry, and no right before this one has to do with it. */
static bool may_move(const struct fast_rights *rights, const struct fast_right *right)
{
	if (right->entry->request != NULL || (right->entry->bits & ENTRY_ACCEPTED))
		return false;
	for (const struct fast_right *r = rights->right; r != right; r++)
		if (r->entry == right->entry)
			return false;
	return true;
}

/* Does a right before this one take the entry away? */
static bool was_moved(const struct fast_rights *rights, const struct fast_right *right)
{
	for (const struct fast_right *r = rights->right; r != right; r++)
		if (r->entry == right->entry && is_move(r))
			return true;
	return false;
}

static bool find(const struct fast_rights *rights, struct fast_right *right,
		 const struct ipc_space *space, const struct ipc_entry *taken)
{
	right->entry = ipc_entry_lookup(&space->table, *right->name);
	if (right->entry == NULL || right->entry == taken ||
	    !ipc_right_takeable(right->entry, right->disposition, false))
		return false;
	right->port = entry_port(right->entry);
	return is_move(right) ? may_move(rights, right) : !was_moved(rights, right);
}

/* Is the port locked for the header, or for a right before this one? */
static bool is_locked(const struct fast_rights *rights, const struct fast_right *right,
		      const struct fast_rights_header *header)
{
	for (int i = 0; i < 3; i++)
		if (header->locked[i] == right->port)
			return true;
	for (const struct fast_right *r = rights->right; r != right; r++)
		if (r->port == right->port)
			return true;
	return false;
}

static bool lock_port(const struct fast_rights *rights, struct fast_right *right,
		      const struct fast_rights_header *header)
{
	if (!is_locked(rights, right, header)) {
		if (!spin_try_lock(&right->port->object.lock))
			return false;
		right->locked = true;
	}
	return right->port->object.active;
}

bool fast_rights_lock(struct fast_rights *rights, const struct ipc_space *space,
		      const struct fast_rights_header *header)
{
	struct fast_right *end = &rights->right[rights->count];

	assert_locked(&space->lock);
	for (struct fast_right *right = rights->right; right != end; right++)
		if (!find(rights, right, space, header->taken) ||
		    !lock_port(rights, right, header)) {
			fast_rights_unlock(rights);
			return false;
		}
	return true;
}

void fast_rights_unlock(const struct fast_rights *rights)
{
	for (uint32_t i = 0; i < rights->count; i++)
		if (rights->right[i].locked)
			ipc_port_unlock(rights->right[i].port);
}

/* --- Doing ------------------------------------------------------------------------------- */

/* Without requests there is no debris.  Copies leave nothing: they are made when they come. */
void fast_rights_take(const struct fast_rights *rights, struct ipc_space *space)
{
	for (uint32_t i = 0; i < rights->count; i++) {
		const struct fast_right *right = &rights->right[i];

		if (right->disposition != MACH_MSG_TYPE_COPY_SEND)
			ipc_right_take(space, right->entry, right->disposition, NULL);
	}
}

/* Where the receiver has send rights already a copy is one reference more, and nothing else. */
static mach_port_name_t put_copy(struct ipc_port *port, struct ipc_space *space, mach_msg_id_t id)
{
	struct ipc_entry *entry = ipc_right_find(space, port);

	if (entry != NULL && (entry->bits & MACH_PORT_TYPE_SEND)) {
		ipc_entry_add_uref(entry);
		return entry->name;
	}
	ipc_port_copy_send_locked(port);
	return name_right(space, entry, port, MACH_MSG_TYPE_PORT_SEND, id);
}

static mach_port_name_t put(const struct fast_right *right, struct ipc_space *space,
			    mach_msg_id_t id)
{
	uint32_t type = ipc_type_after_copyin(right->disposition);
	struct ipc_entry *entry = NULL;

	if (type == MACH_MSG_TYPE_PORT_SEND)
		entry = ipc_right_find(space, right->port);
	return name_right(space, entry, right->port, type, id);
}

void fast_rights_put(const struct fast_rights *rights, struct ipc_space *space, mach_msg_id_t id)
{
	for (uint32_t i = 0; i < rights->count; i++) {
		const struct fast_right *right = &rights->right[i];

		*right->name = right->disposition == MACH_MSG_TYPE_COPY_SEND ?
			       put_copy(right->port, space, id) : put(right, space, id);
	}
}

/* The body's names go first, as in ipc_kmsg_copyout_undo. */
mach_msg_return_t fast_rights_failed(const struct fast_rights *rights, struct thread *receiver)
{
	mach_port_name_t reply = receiver->ipc.dest_name;

	for (uint32_t i = 0; i < rights->count; i++) {
		receiver->ipc.dest_name = *rights->right[i].name;
		ipc_fast_path_failed(receiver);
	}
	receiver->ipc.dest_name = reply;
	return ipc_fast_path_failed(receiver);
}
