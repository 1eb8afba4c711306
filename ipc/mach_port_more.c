/* SPDX-License-Identifier: BSD-2-Clause */
/* The mach_port routines that list names, move rights, fill sets and request notifications. */
#include <ipc/pset.h>
#include <ipc/right.h>
#include <ipc/space_lookup.h>
#include <mach/mach_port_server.h>
#include <mach/notify.h>
#include <vm/kmem.h>

vm_map_copy_t vm_map_copy_from_kernel(const void *data, vm_size_t size);
void vm_map_copy_discard(vm_map_copy_t copy);

/* --- Lists of names ------------------------------------------------------------------------ */

/* Two columns of words, allocated before the space is locked. */
struct columns {
	uint32_t *name;
	uint32_t *type;
	uint32_t count;
	uint32_t room;
};

static bool columns_alloc(struct columns *c, uint32_t room)
{
	c->room = room;
	c->count = 0;
	c->name = c->type = NULL;
	if (room == 0)
		return true;
	c->name = kmem_alloc(2 * room * sizeof(uint32_t));
	if (c->name == NULL)
		return false;
	c->type = c->name + room;
	return true;
}

static void columns_free(struct columns *c)
{
	if (c->name != NULL)
		kmem_free(c->name, 2 * c->room * sizeof(uint32_t));
}

static void columns_add(struct columns *c, uint32_t name, uint32_t type)
{
	assert(c->count < c->room);
	c->name[c->count] = name;
	c->type[c->count] = type;
	c->count++;
}

/* One column as out-of-line data; NULL for nothing. */
static kern_return_t column_copy(const uint32_t *column, uint32_t count, vm_map_copy_t *copyp)
{
	*copyp = NULL;
	if (count == 0)
		return KERN_SUCCESS;
	*copyp = vm_map_copy_from_kernel(column, count * sizeof(*column));
	return *copyp == NULL ? KERN_RESOURCE_SHORTAGE : KERN_SUCCESS;
}

/*
 * All names at one instant.  Returns false when the room does not suffice any more.  A space that
 * is being destroyed has no names: *activep tells it.
 */
static bool columns_fill_names(struct columns *c, struct ipc_space *space, bool *activep)
{
	struct ipc_table_cursor cursor = { .index = 0 };
	struct ipc_entry *entry;
	bool fits;

	ipc_space_lock(space);
	*activep = space->active;
	fits = !space->active || space->table.used <= c->room;
	while (fits && space->active &&
	       (entry = ipc_table_next(&space->table, &cursor)) != NULL) {
		ipc_right_refresh(space, entry);
		columns_add(c, entry->name, ipc_entry_user_type(entry));
	}
	ipc_space_unlock(space);
	return fits;
}

kern_return_t mach_port_names(struct ipc_space *space, vm_map_copy_t *names,
			      mach_msg_type_number_t *name_count, vm_map_copy_t *types,
			      mach_msg_type_number_t *type_count)
{
	struct columns c;
	kern_return_t kr;
	bool active;

	if (space == NULL)
		return KERN_INVALID_TASK;
	for (;;) {
		if (!columns_alloc(&c, space->table.used))
			return KERN_RESOURCE_SHORTAGE;
		if (columns_fill_names(&c, space, &active))
			break;
		columns_free(&c);
	}
	if (!active) {
		columns_free(&c);
		return KERN_INVALID_TASK;
	}
	kr = column_copy(c.name, c.count, names);
	if (kr == KERN_SUCCESS) {
		kr = column_copy(c.type, c.count, types);
		if (kr != KERN_SUCCESS)
			vm_map_copy_discard(*names);
	}
	if (kr == KERN_SUCCESS)
		*name_count = *type_count = c.count;
	columns_free(&c);
	return kr;
}

/* The members of a set at one instant; both are locked.  False: more room is needed. */
static bool columns_fill_members(struct columns *c, struct ipc_pset *pset)
{
	if (pset->member_count > c->room)
		return false;
	queue_for_each(link, &pset->members)
		columns_add(c, container_of(link, struct ipc_port, pset_link)->receiver_name, 0);
	return true;
}

kern_return_t mach_port_get_set_status(struct ipc_space *space, mach_port_name_t name,
				       vm_map_copy_t *members, mach_msg_type_number_t *count)
{
	uint32_t room = 0;

	for (;;) {
		struct ipc_entry *entry;
		struct ipc_pset *pset;
		struct columns c;
		kern_return_t kr;
		bool fits;

		if (!columns_alloc(&c, room))
			return KERN_RESOURCE_SHORTAGE;
		kr = ipc_space_lookup(space, name, MACH_PORT_TYPE_PORT_SET, &entry);
		if (kr != KERN_SUCCESS) {
			columns_free(&c);
			return kr;
		}
		pset = entry_pset(entry);
		ipc_pset_lock(pset);
		fits = columns_fill_members(&c, pset);
		room = pset->member_count;
		ipc_pset_unlock(pset);
		ipc_space_unlock(space);
		if (fits)
			kr = column_copy(c.name, c.count, members);
		if (fits && kr == KERN_SUCCESS)
			*count = c.count;
		columns_free(&c);
		if (fits)
			return kr;
	}
}

/* --- Sets -------------------------------------------------------------------------------------- */

static kern_return_t leave_set(struct ipc_port *port, struct ipc_pset **oldp)
{
	kern_return_t kr = KERN_NOT_IN_SET;

	ipc_port_lock(port);
	if (ipc_port_set(port) != NULL) {
		*oldp = ipc_pset_remove_locked(port);
		kr = KERN_SUCCESS;
	}
	ipc_port_unlock(port);
	return kr;
}

kern_return_t mach_port_move_member(struct ipc_space *space, mach_port_name_t member,
				    mach_port_name_t after)
{
	struct ipc_pset *old = NULL;
	struct ipc_entry *entry, *set = NULL;
	kern_return_t kr = ipc_space_lookup(space, member, MACH_PORT_TYPE_RECEIVE, &entry);

	if (kr != KERN_SUCCESS)
		return kr;
	if (after != MACH_PORT_NULL)
		set = ipc_right_lookup(space, after);
	if (after == MACH_PORT_NULL)
		kr = leave_set(entry_port(entry), &old);
	else if (set == NULL)
		kr = KERN_INVALID_NAME;
	else if (!(set->bits & MACH_PORT_TYPE_PORT_SET))
		kr = KERN_INVALID_RIGHT;
	else
		ipc_pset_move_member(entry_port(entry), entry_pset(set), &old);
	ipc_space_unlock(space);
	if (old != NULL)
		ipc_pset_release(old);
	return kr;
}

/* --- Rights in and out ------------------------------------------------------------------------- */

/* The entry for a right to be inserted under a name, if that is allowed. */
static kern_return_t insert_entry(struct ipc_space *space, mach_port_name_t name,
				  struct ipc_port *port, uint32_t type,
				  struct ipc_entry **entryp)
{
	struct ipc_entry *entry = NULL;

	if (!space->active)
		return KERN_INVALID_TASK;
	if (type != MACH_MSG_TYPE_PORT_SEND_ONCE)
		entry = ipc_right_find(space, port);
	if (entry != NULL && entry->name != name)
		return KERN_RIGHT_EXISTS;
	if (entry != NULL && type == MACH_MSG_TYPE_PORT_SEND &&
	    entry_urefs(entry) == UREFS_SEND_MAX)
		return KERN_UREFS_OVERFLOW;
	if (entry != NULL) {
		*entryp = entry;
		return KERN_SUCCESS;
	}
	if (ipc_right_lookup(space, name) != NULL)
		return KERN_NAME_EXISTS;
	return ipc_entry_alloc_name(&space->table, name, entryp);
}

static kern_return_t insert_right(struct ipc_space *space, mach_port_name_t name,
				  struct ipc_port *port, uint32_t type, struct ipc_debris *debris)
{
	struct ipc_entry *entry;
	kern_return_t kr;

	if (!port->object.active)	/* comes before what is wrong with the name */
		return KERN_INVALID_CAPABILITY;
	kr = insert_entry(space, name, port, type, &entry);
	if (kr != KERN_SUCCESS)
		return kr;
	ipc_port_reference(port);
	ipc_port_lock(port);
	if (!port->object.active)
		kr = KERN_INVALID_CAPABILITY;
	else if (type == MACH_MSG_TYPE_PORT_RECEIVE &&
		 !ipc_port_change_payer(port, space->account))
		kr = KERN_RESOURCE_SHORTAGE;
	else
		ipc_right_put(space, entry, port, type, debris);
	ipc_port_unlock(port);
	ipc_port_release(port);
	if (kr != KERN_SUCCESS && entry_type(entry) == 0)
		ipc_entry_free(&space->table, entry);
	return kr;
}

kern_return_t mach_port_insert_right(struct ipc_space *space, mach_port_name_t name,
				     struct ipc_port *port, mach_msg_type_name_t type)
{
	struct ipc_debris debris;
	kern_return_t kr;

	if (space == NULL)
		return KERN_INVALID_TASK;
	if (!MACH_NAME_VALID(name) || !MACH_MSG_TYPE_PORT_ANY_RIGHT(type))
		return KERN_INVALID_VALUE;
	if (!IP_VALID(port))
		return KERN_INVALID_CAPABILITY;
	ipc_debris_init(&debris);
	ipc_space_lock(space);
	kr = insert_right(space, name, port, type, &debris);
	ipc_space_unlock(space);
	ipc_debris_release(&debris);
	return kr;
}

kern_return_t mach_port_extract_right(struct ipc_space *space, mach_port_name_t name,
				      mach_msg_type_name_t disposition, struct ipc_port **portp,
				      mach_msg_type_name_t *typep)
{
	struct ipc_debris debris;
	kern_return_t kr = KERN_INVALID_TASK;

	if (space == NULL)
		return KERN_INVALID_TASK;
	if (!MACH_MSG_TYPE_PORT_ANY(disposition))
		return KERN_INVALID_VALUE;
	ipc_debris_init(&debris);
	ipc_space_lock(space);
	if (space->active)
		kr = ipc_right_copyin(space, name, disposition, true, portp, &debris);
	ipc_space_unlock(space);
	ipc_debris_release(&debris);
	if (kr == KERN_SUCCESS)
		*typep = ipc_type_after_copyin(disposition);
	return kr;
}

/* --- Notifications ------------------------------------------------------------------------------- */

/* Exchange a request slot of a receive right.  Space locked. */
static kern_return_t swap_request(struct ipc_port *port, struct ipc_port **slot,
				  struct ipc_port *notify, struct ipc_port **previous)
{
	ipc_port_lock(port);
	*previous = *slot;
	*slot = notify;
	ipc_port_unlock(port);
	return KERN_SUCCESS;
}

static kern_return_t request_no_senders(struct ipc_space *space, struct ipc_entry *entry,
					mach_port_mscount_t sync, struct ipc_port *notify,
					struct ipc_port **previous, struct ipc_debris *debris)
{
	struct ipc_port *port = entry_port(entry);

	assert_locked(&space->lock);
	ipc_port_lock(port);
	*previous = port->nsrequest;
	port->nsrequest = notify;
	if (notify != IP_NULL && port->srights == 0 && sync <= port->mscount) {
		port->nsrequest = IP_NULL;
		ipc_debris_note(debris)->nsrequest = notify;
		debris->mscount = port->mscount;
	}
	ipc_port_unlock(port);
	return KERN_SUCCESS;
}

/* The name is dead already: fire at once, if asked to. */
static kern_return_t request_on_dead(struct ipc_entry *entry, mach_port_mscount_t sync,
				     struct ipc_port *notify, struct ipc_request *request,
				     struct ipc_debris *debris)
{
	if (sync == 0 || notify == IP_NULL)
		return KERN_INVALID_ARGUMENT;
	if (entry_urefs(entry) == UREFS_DEAD_MAX)
		return KERN_UREFS_OVERFLOW;
	entry->bits++;
	request->notify = notify;
	request->name = entry->name;
	queue_insert_tail(&ipc_debris_note(debris)->died, &request->link);
	return KERN_SUCCESS;
}

/* The entry has no request: a fresh one.  Port locked. */
static void add_request(struct ipc_entry *entry, struct ipc_port *port, struct ipc_port *notify,
			struct ipc_request *request)
{
	request->notify = notify;
	request->name = entry->name;
	queue_insert_tail(&port->requests, &request->link);
	port->request_count++;
	entry->request = request;
}

/*
 * Replace the entry's request.  *spare: a fresh request structure; what is not used or no
 * longer used is left there.  False: the port has just died.
 */
static bool replace_request(struct ipc_entry *entry, struct ipc_port *notify,
			    struct ipc_request **spare, struct ipc_port **previous)
{
	struct ipc_port *port = entry_port(entry);
	struct ipc_request *request = entry->request, *unused = NULL;

	ipc_port_lock(port);
	if (__builtin_expect(!port->object.active, 0)) {
		ipc_port_unlock(port);
		return false;
	}
	*previous = request != NULL ? request->notify : IP_NULL;
	if (request != NULL && notify != IP_NULL) {
		request->notify = notify;
	} else if (request != NULL) {
		queue_remove(&request->link);
		port->request_count--;
		entry->request = NULL;
		unused = request;
	} else if (notify != IP_NULL) {
		add_request(entry, port, notify, *spare);
		*spare = NULL;
	}
	ipc_port_unlock(port);
	if (unused != NULL)
		ipc_request_free(unused);
	return true;
}

static kern_return_t request_dead_name(struct ipc_space *space, struct ipc_entry *entry,
				       mach_port_mscount_t sync, struct ipc_port *notify,
				       struct ipc_request **spare, struct ipc_port **previous,
				       struct ipc_debris *debris)
{
	kern_return_t kr;

	*previous = IP_NULL;
	if (entry->bits & MACH_PORT_TYPE_PORT_SET)
		return KERN_INVALID_RIGHT;
	while (!(entry->bits & MACH_PORT_TYPE_DEAD_NAME)) {
		if (replace_request(entry, notify, spare, previous))
			return KERN_SUCCESS;
		ipc_right_refresh(space, entry);
	}
	kr = request_on_dead(entry, sync, notify, *spare, debris);
	if (kr == KERN_SUCCESS)
		*spare = NULL;
	return kr;
}

/* The entry must be a receive right, except for dead-name requests. */
static kern_return_t request_notification(struct ipc_space *space, struct ipc_entry *entry,
					  mach_msg_id_t id, mach_port_mscount_t sync,
					  struct ipc_port *notify, struct ipc_request **spare,
					  struct ipc_port **previous, struct ipc_debris *debris)
{
	bool receive = (entry->bits & MACH_PORT_TYPE_RECEIVE) != 0;

	switch (id) {
	case MACH_NOTIFY_PORT_DESTROYED:
		return receive ? swap_request(entry_port(entry), &entry_port(entry)->pdrequest,
					      notify, previous)
			       : KERN_INVALID_RIGHT;
	case MACH_NOTIFY_NO_SENDERS:
		return receive ? request_no_senders(space, entry, sync, notify, previous, debris)
			       : KERN_INVALID_RIGHT;
	case MACH_NOTIFY_DEAD_NAME:
		return request_dead_name(space, entry, sync, notify, spare, previous,
					 debris);
	default:
		return KERN_INVALID_VALUE;
	}
}

kern_return_t mach_port_request_notification(struct ipc_space *space, mach_port_name_t name,
					     mach_msg_id_t id, mach_port_mscount_t sync,
					     struct ipc_port *notify, struct ipc_port **previous)
{
	struct ipc_request *spare;
	struct ipc_debris debris;
	struct ipc_entry *entry;
	kern_return_t kr;

	if (space == NULL)
		return KERN_INVALID_TASK;
	if (notify == IP_DEAD)
		return KERN_INVALID_CAPABILITY;
	if (id == MACH_NOTIFY_PORT_DESTROYED && sync != 0)
		return KERN_INVALID_VALUE;
	spare = NULL;
	if (id == MACH_NOTIFY_DEAD_NAME && notify != IP_NULL) {
		spare = ipc_request_alloc(space->account);
		if (spare == NULL)
			return KERN_RESOURCE_SHORTAGE;
	}
	ipc_debris_init(&debris);
	kr = ipc_space_lookup(space, name, ENTRY_TYPE_MASK, &entry);
	if (kr == KERN_SUCCESS) {
		kr = request_notification(space, entry, id, sync, notify, &spare, previous,
					  &debris);
		ipc_space_unlock(space);
	}
	ipc_debris_release(&debris);
	if (spare != NULL)
		ipc_request_free(spare);
	return kr;
}
