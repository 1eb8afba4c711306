/* SPDX-License-Identifier: BSD-2-Clause */
#include <ipc/accepted.h>

#include <ipc/notify.h>
#include <ipc/port.h>
#include <ipc/radix.h>
#include <ipc/right.h>
#include <ipc/space.h>
#include <kern/slab.h>

static struct slab_cache accepted_cache;

void ipc_accepted_init(void)
{
	slab_cache_init(&accepted_cache, "ipc_accepted", sizeof(struct ipc_accepted), 0);
}

/* The space, which stays until the request is freed, pays for it. */
static struct ipc_accepted *accepted_alloc(struct ipc_space *space)
{
	struct ipc_accepted *request;

	if (!ipc_account_charge(space->account, sizeof(*request)))
		return NULL;
	request = slab_alloc(&accepted_cache);
	if (request == NULL)
		ipc_account_uncharge(space->account, sizeof(*request));
	else
		request->space = space;
	return request;
}

static void accepted_free(struct ipc_accepted *request)
{
	struct ipc_account *account = request->space->account;

	slab_free(&accepted_cache, request);
	ipc_account_uncharge(account, sizeof(*request));
}

/* The notify name must be a receive right; its port gives the send-once right. */
static struct ipc_port *notify_right(struct ipc_space *space, mach_port_name_t notify)
{
	struct ipc_entry *entry = ipc_entry_lookup(&space->table, notify);

	if (entry == NULL || !(entry->bits & MACH_PORT_TYPE_RECEIVE))
		return IP_NULL;
	return ipc_port_make_sonce(entry_port(entry));
}

/* The entry by which the message was sent, if it still stands for that port. */
static struct ipc_entry *sender_entry(struct ipc_space *space, mach_port_name_t name,
				      struct ipc_port *dest)
{
	struct ipc_entry *entry = ipc_right_lookup(space, name);

	return entry != NULL && entry->object == &dest->object ? entry : NULL;
}

/* A request with its place in the space, if the entry is there; NULL when memory is short. */
static struct ipc_accepted *accepted_place(struct ipc_space *space, struct ipc_entry *entry)
{
	struct ipc_accepted *request = accepted_alloc(space);

	if (request == NULL)
		return NULL;
	request->name = MACH_PORT_NULL;
	if (entry == NULL)
		return request;
	if (!radix_insert(&space->accepted, entry->name, request, space->account)) {
		accepted_free(request);
		return NULL;
	}
	request->name = entry->name;
	entry->bits |= ENTRY_ACCEPTED;
	return request;
}

/* The checks in their order; memory comes last.  Space locked. */
static mach_msg_return_t accepted_start(struct ipc_space *space, mach_port_name_t name,
					struct ipc_port *dest, mach_port_name_t notify,
					struct ipc_accepted **requestp)
{
	struct ipc_entry *entry = sender_entry(space, name, dest);
	struct ipc_port *right;

	if (entry != NULL && (entry->bits & ENTRY_ACCEPTED))
		return MACH_SEND_NOTIFY_IN_PROGRESS;
	right = notify_right(space, notify);
	if (right == IP_NULL)
		return MACH_SEND_INVALID_NOTIFY;
	*requestp = accepted_place(space, entry);
	if (*requestp == NULL) {
		ipc_port_drop_sonce(right);
		return MACH_SEND_NO_NOTIFY;
	}
	(*requestp)->notify = right;
	ipc_space_reference(space);
	return MACH_MSG_SUCCESS;
}

mach_msg_return_t ipc_accepted_create(struct ipc_space *space, mach_port_name_t name,
				      struct ipc_port *dest, mach_port_name_t notify,
				      struct ipc_accepted **requestp)
{
	mach_msg_return_t mr = MACH_SEND_INVALID_NOTIFY;

	if (notify == MACH_PORT_NULL)
		return mr;
	ipc_space_lock(space);
	if (space->active)
		mr = accepted_start(space, name, dest, notify, requestp);
	ipc_space_unlock(space);
	return mr;
}

/* Take the request out of its space.  Returns the name that it has now. */
static mach_port_name_t accepted_leave(struct ipc_accepted *request)
{
	struct ipc_space *space = request->space;
	mach_port_name_t name;

	ipc_space_lock(space);
	name = request->name;
	if (name != MACH_PORT_NULL) {
		radix_remove(&space->accepted, name, space->account);
		ipc_entry_lookup(&space->table, name)->bits &= ~ENTRY_ACCEPTED;
	}
	ipc_space_unlock(space);
	return name;
}

static void accepted_end(struct ipc_accepted *request)
{
	struct ipc_space *space = request->space;

	accepted_free(request);
	ipc_space_release(space);
}

void ipc_accepted_fire(struct ipc_accepted *request)
{
	mach_port_name_t name = accepted_leave(request);

	ipc_notify_msg_accepted(request->notify, name);
	accepted_end(request);
}

bool ipc_accepted_renamed(struct ipc_space *space, mach_port_name_t name,
			  mach_port_name_t new_name)
{
	struct ipc_accepted *request = radix_remove(&space->accepted, name, space->account);

	assert_locked(&space->lock);
	assert(request != NULL && request->name == name);
	if (new_name != MACH_PORT_NULL &&
	    !radix_insert(&space->accepted, new_name, request, space->account))
		new_name = MACH_PORT_NULL;
	request->name = new_name;
	return new_name != MACH_PORT_NULL;
}

uint32_t ipc_accepted_pending(void)
{
	return accepted_cache.live;
}
