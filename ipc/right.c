/* SPDX-License-Identifier: BSD-2-Clause */
#include <ipc/right.h>

#include <ipc/accepted.h>
#include <ipc/kmsg.h>
#include <ipc/pset.h>

#define TYPE_SEND MACH_PORT_TYPE_SEND
#define TYPE_RECEIVE MACH_PORT_TYPE_RECEIVE
#define TYPE_SEND_ONCE MACH_PORT_TYPE_SEND_ONCE
#define TYPE_PORT_SET MACH_PORT_TYPE_PORT_SET
#define TYPE_DEAD_NAME MACH_PORT_TYPE_DEAD_NAME

void ipc_debris_release_noted(struct ipc_debris *debris)
{
	ipc_port_release_receive(debris->receive);
	ipc_port_release_send(debris->send);
	ipc_port_release_sonce(debris->sonce);
	if (debris->dead_set != NULL)
		ipc_pset_destroy(debris->dead_set);
	if (debris->left_set != NULL)
		ipc_pset_release(debris->left_set);
	if (debris->reference != NULL)
		ipc_port_release(debris->reference);
	if (debris->nsrequest != IP_NULL)
		ipc_notify_no_senders(debris->nsrequest, debris->mscount);
	ipc_requests_fire_deleted(&debris->deleted);
	ipc_requests_fire_dead(&debris->died);
}

/* --- Small steps ----------------------------------------------------------------------- */

static void set_type(struct ipc_entry *entry, uint32_t type, uint32_t urefs)
{
	entry->bits = (entry->bits & ENTRY_KEPT) | type | urefs;
}

/* Drop a reference that is not the last one. */
static void port_unreference(struct ipc_port *port)
{
	assert(port->object.ref_count > 1);
	__atomic_fetch_sub(&port->object.ref_count, 1, __ATOMIC_RELAXED);
}

static bool is_sticky(const struct ipc_entry *entry)
{
	uint32_t max = entry->bits & TYPE_SEND ? UREFS_SEND_MAX : UREFS_DEAD_MAX;

	return entry_urefs(entry) == max;
}

/* One user reference less, unless the count sticks. */
static void drop_uref(struct ipc_entry *entry)
{
	assert(entry_urefs(entry) > 0);
	if (!is_sticky(entry))
		entry->bits--;
}

/* Take an entry's request off its port for one of the debris' lists.  Port locked and active. */
static void detach_request(struct ipc_port *port, struct ipc_entry *entry, struct queue *list)
{
	struct ipc_request *request = entry->request;

	entry->request = NULL;
	queue_remove(&request->link);
	port->request_count--;
	queue_insert_tail(list, &request->link);
}

/* The entry has no right left: free it. */
static inline void entry_gone(struct ipc_space *space, struct ipc_entry *entry,
			      struct ipc_debris *debris)
{
	if (__builtin_expect(entry->request != NULL, 0))
		detach_request(entry_port(entry), entry, &ipc_debris_note(debris)->deleted);
	if (__builtin_expect((entry->bits & ENTRY_ACCEPTED) != 0, 0))
		ipc_accepted_renamed(space, entry->name, MACH_PORT_NULL);
	ipc_entry_free(&space->table, entry);
}

static void become_dead_name(struct ipc_entry *entry, uint32_t urefs)
{
	if (entry->request != NULL && urefs < UREFS_DEAD_MAX)
		urefs++;
	set_type(entry, TYPE_DEAD_NAME, urefs);
	entry->object = NULL;
}

/* --- Refresh and lookup -------------------------------------------------------------------- */

void ipc_right_refresh_dead(struct ipc_space *space, struct ipc_entry *entry)
{
	struct ipc_port *port = entry_port(entry);
	uint32_t urefs = entry_urefs(entry);

	if (entry->bits & TYPE_SEND) {
		ipc_hash_remove(&space->hash, entry);
		if (is_sticky(entry))
			urefs = UREFS_DEAD_MAX;
	}
	ipc_port_lock(port);
	if (entry->bits & TYPE_SEND)
		port->srights--;
	else
		port->sorights--;
	ipc_port_unlock(port);
	become_dead_name(entry, urefs);
	entry->request = NULL;		/* it fired as the port died */
	ipc_port_release(port);
}

struct ipc_entry *ipc_right_find(struct ipc_space *space, struct ipc_port *port)
{
	assert_locked(&space->lock);
	if (ipc_port_received_by(port, space))
		return ipc_entry_lookup(&space->table, port->receiver_name);
	return ipc_hash_lookup(&space->hash, &port->object);
}

/* --- Into the kernel -------------------------------------------------------------------------- */

static struct ipc_port *take_dead(struct ipc_space *space, struct ipc_entry *entry,
				  uint32_t disposition, struct ipc_debris *debris)
{
	if (disposition == MACH_MSG_TYPE_COPY_SEND)
		return IP_DEAD;
	drop_uref(entry);
	if (entry_urefs(entry) == 0)
		entry_gone(space, entry, debris);
	return IP_DEAD;
}

/* The entry's send right itself, all its references with it, comes into the caller's hands. */
static struct ipc_port *detach_send(struct ipc_space *space, struct ipc_entry *entry,
				    struct ipc_debris *debris)
{
	struct ipc_port *port = entry_port(entry);

	if (entry->bits & TYPE_RECEIVE) {
		set_type(entry, TYPE_RECEIVE, 0);
		ipc_port_reference(port);
		return port;
	}
	ipc_hash_remove(&space->hash, entry);
	entry_gone(space, entry, debris);
	return port;
}

static struct ipc_port *take_move_send(struct ipc_space *space, struct ipc_entry *entry,
				       struct ipc_debris *debris)
{
	if (entry_urefs(entry) == 1)
		return detach_send(space, entry, debris);
	drop_uref(entry);
	ipc_port_copy_send_locked(entry_port(entry));
	return entry_port(entry);
}

static struct ipc_port *take_sonce(struct ipc_space *space, struct ipc_entry *entry,
				   struct ipc_debris *debris)
{
	struct ipc_port *port = entry_port(entry);

	entry_gone(space, entry, debris);
	return port;
}

/* The receive right leaves the space; it may leave a set. */
static void leave_space(struct ipc_port *port, struct ipc_debris *debris)
{
	struct ipc_pset *pset = ipc_port_leave_space(port);

	if (pset != NULL)
		ipc_debris_note(debris)->left_set = pset;
}

/* The receive right leaves; send rights under the name stay. */
static struct ipc_port *take_receive(struct ipc_space *space, struct ipc_entry *entry,
				     struct ipc_debris *debris)
{
	struct ipc_port *port = entry_port(entry);

	leave_space(port, debris);
	if (entry->bits & TYPE_SEND) {
		set_type(entry, TYPE_SEND, entry_urefs(entry));
		ipc_hash_insert(&space->hash, entry);
		ipc_port_reference(port);
	} else {
		entry_gone(space, entry, debris);
	}
	return port;
}

struct ipc_port *ipc_right_take(struct ipc_space *space, struct ipc_entry *entry,
				uint32_t disposition, struct ipc_debris *debris)
{
	struct ipc_port *port = entry_port(entry);

	assert(ipc_right_takeable(entry, disposition, true));
	if (entry->bits & TYPE_DEAD_NAME)
		return take_dead(space, entry, disposition, debris);
	assert_locked(&port->object.lock);
	switch (disposition) {
	case MACH_MSG_TYPE_COPY_SEND:
		ipc_port_copy_send_locked(port);
		return port;
	case MACH_MSG_TYPE_MAKE_SEND:
		ipc_port_make_send_locked(port);
		return port;
	case MACH_MSG_TYPE_MAKE_SEND_ONCE:
		ipc_port_make_sonce_locked(port);
		return port;
	case MACH_MSG_TYPE_MOVE_SEND:
		return take_move_send(space, entry, debris);
	case MACH_MSG_TYPE_MOVE_SEND_ONCE:
		return take_sonce(space, entry, debris);
	default:
		return take_receive(space, entry, debris);
	}
}

kern_return_t ipc_right_copyin(struct ipc_space *space, mach_port_name_t name,
			       uint32_t disposition, bool dead_ok, struct ipc_port **portp,
			       struct ipc_debris *debris)
{
	struct ipc_entry *entry = ipc_right_lookup(space, name);
	struct ipc_port *port;

	if (entry == NULL)
		return KERN_INVALID_NAME;
	if (!ipc_right_takeable(entry, disposition, dead_ok))
		return KERN_INVALID_RIGHT;
	if (entry->bits & TYPE_DEAD_NAME) {
		*portp = ipc_right_take(space, entry, disposition, debris);
		return KERN_SUCCESS;
	}
	port = entry_port(entry);
	ipc_port_lock(port);
	if (__builtin_expect(!port->object.active, 0)) {
		/* Died since the refresh: look again. */
		ipc_port_unlock(port);
		return ipc_right_copyin(space, name, disposition, dead_ok, portp, debris);
	}
	*portp = ipc_right_take(space, entry, disposition, debris);	/* it keeps the port */
	ipc_port_unlock(port);
	return KERN_SUCCESS;
}

/* --- Out of the kernel ---------------------------------------------------------------------- */

static void put_send(struct ipc_space *space, struct ipc_entry *entry, struct ipc_port *port)
{
	if (entry->bits & TYPE_SEND) {
		assert(port->srights > 1);
		port->srights--;
		port_unreference(port);	/* the entry's keeps the port */
		ipc_entry_add_uref(entry);
		return;
	}
	if (entry->bits & TYPE_RECEIVE) {
		port_unreference(port);
		entry->bits |= TYPE_SEND | 1;
		return;
	}
	entry->bits |= TYPE_SEND | 1;
	entry->object = &port->object;
	ipc_hash_insert(&space->hash, entry);
}

static void put_receive(struct ipc_space *space, struct ipc_entry *entry, struct ipc_port *port,
			struct ipc_debris *debris)
{
	struct ipc_port *destination;

	if (entry->bits & TYPE_SEND) {
		ipc_hash_remove(&space->hash, entry);
		port_unreference(port);
	}
	entry->bits |= TYPE_RECEIVE;
	entry->object = &port->object;
	destination = ipc_port_arrive(port, space, entry->name);
	if (destination != NULL)
		ipc_debris_note(debris)->reference = destination;
}

void ipc_right_put(struct ipc_space *space, struct ipc_entry *entry, struct ipc_port *port,
		   uint32_t type, struct ipc_debris *debris)
{
	assert_locked(&space->lock);
	assert_locked(&port->object.lock);
	assert(entry->object == NULL || entry->object == &port->object);
	if (type == MACH_MSG_TYPE_PORT_SEND) {
		put_send(space, entry, port);
	} else if (type == MACH_MSG_TYPE_PORT_SEND_ONCE) {
		assert(entry_type(entry) == 0);
		entry->bits |= TYPE_SEND_ONCE | 1;
		entry->object = &port->object;
	} else {
		put_receive(space, entry, port, debris);
	}
}

/* Leave a right to a dead port to the debris: it becomes the name ~0. */
static void debris_take(struct ipc_debris *debris, struct ipc_port *port, uint32_t type)
{
	assert(type != MACH_MSG_TYPE_PORT_RECEIVE);
	if (type == MACH_MSG_TYPE_PORT_SEND)
		ipc_debris_note(debris)->send = port;
	else
		ipc_debris_note(debris)->sonce = port;
}

kern_return_t ipc_right_copyout(struct ipc_space *space, struct ipc_port *port, uint32_t type,
				mach_port_name_t *namep, struct ipc_debris *debris)
{
	struct ipc_entry *entry = NULL;
	bool fresh = false;

	if (!IP_VALID(port)) {
		*namep = port == IP_NULL ? MACH_PORT_NULL : MACH_PORT_DEAD;
		return KERN_SUCCESS;
	}
	if (type != MACH_MSG_TYPE_PORT_SEND_ONCE)
		entry = ipc_right_find(space, port);
	if (entry == NULL && port->object.active) {	/* what is dead needs no entry */
		kern_return_t kr = ipc_entry_alloc(&space->table, &entry);

		if (kr != KERN_SUCCESS)
			return kr;
		fresh = true;
	}
	ipc_port_lock(port);
	if (type == MACH_MSG_TYPE_PORT_RECEIVE &&
	    !ipc_port_change_payer(port, space->account)) {
		ipc_port_unlock(port);
		if (fresh)
			ipc_entry_free(&space->table, entry);
		return KERN_RESOURCE_SHORTAGE;
	}
	if (__builtin_expect(!port->object.active, 0)) {
		ipc_port_unlock(port);
		if (fresh)
			ipc_entry_free(&space->table, entry);
		debris_take(debris, port, type);
		*namep = MACH_PORT_DEAD;
		return KERN_SUCCESS;
	}
	ipc_right_put(space, entry, port, type, debris);
	ipc_port_unlock(port);
	*namep = entry->name;
	return KERN_SUCCESS;
}

/* --- The user's operations ---------------------------------------------------------------------- */

/*
 * The port of an entry, locked and alive; NULL if it has died since the entry was looked at: then
 * its requests are not the entry's any more, and the caller has to look again.
 */
static struct ipc_port *lock_live_port(struct ipc_entry *entry)
{
	struct ipc_port *port = entry_port(entry);

	ipc_port_lock(port);
	if (__builtin_expect(port->object.active, 1))
		return port;
	ipc_port_unlock(port);
	return NULL;
}

/* A live send right's last reference goes.  False: look again. */
static bool release_send(struct ipc_space *space, struct ipc_entry *entry,
			 struct ipc_debris *debris)
{
	struct ipc_port *port = lock_live_port(entry);
	bool last;

	if (port == NULL)
		return false;
	detach_send(space, entry, debris);
	last = port->srights == 1;
	if (!last)
		port->srights--;
	ipc_port_unlock(port);
	if (__builtin_expect(last, 0))
		ipc_debris_note(debris)->send = port;	/* somebody may want to know */
	else
		ipc_port_release(port);
	return true;
}

static bool release_sonce(struct ipc_space *space, struct ipc_entry *entry,
			  struct ipc_debris *debris)
{
	struct ipc_port *port = lock_live_port(entry);

	if (port == NULL)
		return false;
	ipc_debris_note(debris)->sonce = take_sonce(space, entry, debris);
	ipc_port_unlock(port);
	return true;
}

/* The receive right goes; what send rights the name has become a dead name. */
static bool release_receive(struct ipc_space *space, struct ipc_entry *entry,
			    struct ipc_debris *debris)
{
	struct ipc_port *port = entry_port(entry);
	uint32_t urefs = entry_urefs(entry);
	struct ipc_pset *pset;

	ipc_port_lock(port);
	if (entry->bits & TYPE_SEND) {
		if (is_sticky(entry))
			urefs = UREFS_DEAD_MAX;
		ipc_debris_note(debris)->send = port;
		ipc_port_reference(port);
		become_dead_name(entry, urefs);
		if (entry->request != NULL)
			detach_request(port, entry, &ipc_debris_note(debris)->died);
	} else {
		entry_gone(space, entry, debris);
	}
	pset = ipc_port_abandon(port);
	ipc_debris_note(debris)->receive = port;
	debris->left_set = pset;
	ipc_port_unlock(port);
	return true;
}

static bool release_set(struct ipc_space *space, struct ipc_entry *entry,
			struct ipc_debris *debris)
{
	ipc_pset_deactivate(entry_pset(entry));
	ipc_debris_note(debris)->dead_set = entry_pset(entry);
	ipc_entry_free(&space->table, entry);
	return true;
}

/*
 * Drop `count` of the references of a send right or a dead name; the last frees the entry.
 * False: look again.
 */
static inline __attribute__((always_inline)) bool
drop_urefs(struct ipc_space *space, struct ipc_entry *entry, uint32_t count,
	   struct ipc_debris *debris)
{
	assert(count <= entry_urefs(entry));
	if (count < entry_urefs(entry)) {
		if (!is_sticky(entry))
			entry->bits -= count;
	} else if (entry->bits & TYPE_SEND) {
		return release_send(space, entry, debris);
	} else {
		entry_gone(space, entry, debris);
	}
	return true;
}

kern_return_t ipc_right_deallocate(struct ipc_space *space, struct ipc_entry *entry,
				   struct ipc_debris *debris)
{
	bool done;

	do {
		ipc_right_refresh(space, entry);
		if (entry->bits & (TYPE_SEND | TYPE_DEAD_NAME))
			done = drop_urefs(space, entry, 1, debris);
		else if (entry->bits & TYPE_SEND_ONCE)
			done = release_sonce(space, entry, debris);
		else
			return KERN_INVALID_RIGHT;
	} while (__builtin_expect(!done, 0));
	return KERN_SUCCESS;
}

/* What the following answer when the port has died meanwhile: look again. */
#define LOOK_AGAIN KERN_ABORTED

/* References of a kind that may have many. */
static kern_return_t delta_urefs(struct ipc_space *space, struct ipc_entry *entry, uint32_t type,
				 uint32_t max, int32_t delta, struct ipc_debris *debris)
{
	int64_t urefs = entry_urefs(entry);

	if (!(entry->bits & type))
		return KERN_INVALID_RIGHT;
	if (urefs + delta < 0)
		return KERN_INVALID_VALUE;
	if (urefs + delta > max)
		return KERN_UREFS_OVERFLOW;
	if (delta < 0)
		return drop_urefs(space, entry, -(uint32_t)delta, debris) ? KERN_SUCCESS
									   : LOOK_AGAIN;
	entry->bits += delta;
	return KERN_SUCCESS;
}

/* A right that is there once: the only changes are none and its end. */
static kern_return_t delta_single(struct ipc_space *space, struct ipc_entry *entry, uint32_t type,
				  int32_t delta,
				  bool (*release)(struct ipc_space *, struct ipc_entry *,
						  struct ipc_debris *),
				  struct ipc_debris *debris)
{
	if (!(entry->bits & type))
		return KERN_INVALID_RIGHT;
	if (delta < -1 || delta > 0)
		return KERN_INVALID_VALUE;
	if (delta == -1 && !release(space, entry, debris))
		return LOOK_AGAIN;
	return KERN_SUCCESS;
}

static kern_return_t delta_once(struct ipc_space *space, struct ipc_entry *entry, uint32_t right,
				int32_t delta, struct ipc_debris *debris)
{
	ipc_right_refresh(space, entry);
	switch (right) {
	case MACH_PORT_RIGHT_SEND:
		return delta_urefs(space, entry, TYPE_SEND, UREFS_SEND_MAX, delta, debris);
	case MACH_PORT_RIGHT_DEAD_NAME:
		return delta_urefs(space, entry, TYPE_DEAD_NAME, UREFS_DEAD_MAX, delta, debris);
	case MACH_PORT_RIGHT_SEND_ONCE:
		return delta_single(space, entry, TYPE_SEND_ONCE, delta, release_sonce, debris);
	case MACH_PORT_RIGHT_RECEIVE:
		return delta_single(space, entry, TYPE_RECEIVE, delta, release_receive, debris);
	default:
		return delta_single(space, entry, TYPE_PORT_SET, delta, release_set, debris);
	}
}

kern_return_t ipc_right_delta(struct ipc_space *space, struct ipc_entry *entry, uint32_t right,
			      int32_t delta, struct ipc_debris *debris)
{
	kern_return_t kr;

	do
		kr = delta_once(space, entry, right, delta, debris);
	while (kr == LOOK_AGAIN);
	return kr;
}

/* A receive right and the send rights with it go; the last send right still tells its going. */
static bool destroy_receive(struct ipc_space *space, struct ipc_entry *entry,
			    struct ipc_debris *debris)
{
	struct ipc_port *port = entry_port(entry);

	if (entry->bits & TYPE_SEND) {
		ipc_port_lock(port);
		port->srights--;
		if (port->srights == 0) {
			ipc_debris_note(debris)->nsrequest = port->nsrequest;
			debris->mscount = port->mscount;
			port->nsrequest = IP_NULL;
		}
		set_type(entry, TYPE_RECEIVE, 0);
		ipc_port_unlock(port);
	}
	return release_receive(space, entry, debris);
}

static bool destroy_once(struct ipc_space *space, struct ipc_entry *entry,
			 struct ipc_debris *debris)
{
	ipc_right_refresh(space, entry);
	if (entry->bits & TYPE_PORT_SET)
		return release_set(space, entry, debris);
	if (entry->bits & TYPE_SEND_ONCE)
		return release_sonce(space, entry, debris);
	if (entry->bits & TYPE_RECEIVE)
		return destroy_receive(space, entry, debris);
	if (entry->bits & TYPE_SEND)
		return release_send(space, entry, debris);
	entry_gone(space, entry, debris);
	return true;
}

void ipc_right_destroy(struct ipc_space *space, struct ipc_entry *entry,
		       struct ipc_debris *debris)
{
	while (!destroy_once(space, entry, debris))
		;
}

/* A port for which the space pays; NULL when memory is short. */
static struct ipc_port *paid_port(struct ipc_space *space)
{
	struct ipc_port *port;

	if (!ipc_account_charge(space->account, sizeof(*port)))
		return NULL;
	port = ipc_port_create();
	if (port == NULL)
		ipc_account_uncharge(space->account, sizeof(*port));
	else
		port->payer = space->account;
	return port;
}

kern_return_t ipc_right_alloc_port(struct ipc_space *space, mach_port_name_t name,
				   struct ipc_port **portp, mach_port_name_t *namep)
{
	struct ipc_port *port = paid_port(space);
	struct ipc_entry *entry;
	kern_return_t kr;

	if (port == NULL)
		return KERN_RESOURCE_SHORTAGE;
	ipc_space_lock(space);
	if (!space->active)
		kr = KERN_INVALID_TASK;
	else if (name == 0)
		kr = ipc_entry_alloc(&space->table, &entry);
	else if (ipc_entry_lookup(&space->table, name) != NULL)
		kr = KERN_NAME_EXISTS;
	else
		kr = ipc_entry_alloc_name(&space->table, name, &entry);
	if (kr == KERN_SUCCESS) {
		entry->bits |= TYPE_RECEIVE;
		entry->object = &port->object;
		port->receiver_name = entry->name;
		port->receiver = space;
		*namep = entry->name;
		*portp = port;
	}
	ipc_space_unlock(space);
	if (kr != KERN_SUCCESS)
		ipc_port_destroy(port);
	return kr;
}
