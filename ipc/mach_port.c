/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The mach_port routines (subsystem 3200; spec/ipc.md, section 13): on names and rights.
 * What lists many names, requests notifications or moves rights is in mach_port_more.c.
 *
 * Each takes a space, NULL when the request went to something that is no task, and is called
 * without locks.  What a routine takes out of the space is released after unlocking.
 */
#include <ipc/accepted.h>
#include <ipc/origin.h>
#include <ipc/pset.h>
#include <ipc/right.h>
#include <ipc/space_lookup.h>
#include <mach/mach_port_server.h>

#define RIGHT_TYPE(right) (1u << ((right) + 16))	/* MACH_PORT_TYPE_* of MACH_PORT_RIGHT_* */

kern_return_t ipc_space_lookup(struct ipc_space *space, mach_port_name_t name, uint32_t type,
			       struct ipc_entry **entryp)
{
	kern_return_t kr = KERN_INVALID_TASK;
	struct ipc_entry *entry;

	if (space == NULL)
		return kr;
	ipc_space_lock(space);
	if (__builtin_expect(space->active, 1)) {
		entry = ipc_right_lookup(space, name);
		if (__builtin_expect(entry != NULL && (entry->bits & type) != 0, 1)) {
			*entryp = entry;
			return KERN_SUCCESS;
		}
		kr = entry == NULL ? KERN_INVALID_NAME : KERN_INVALID_RIGHT;
	}
	ipc_space_unlock(space);
	return kr;
}

kern_return_t ipc_space_lookup_port(struct ipc_space *space, mach_port_name_t name, uint32_t type,
				    struct ipc_port **portp)
{
	struct ipc_entry *entry;
	kern_return_t kr = ipc_space_lookup(space, name, type, &entry);

	if (kr != KERN_SUCCESS)
		return kr;
	*portp = entry_port(entry);
	ipc_port_lock(*portp);
	if ((*portp)->object.active)
		return KERN_SUCCESS;
	ipc_space_unlock_port(space, *portp);
	return KERN_INVALID_RIGHT;
}

/* --- Allocation ------------------------------------------------------------------------ */

/* An entry under the name, or under any if it is 0. */
static kern_return_t entry_new(struct ipc_space *space, mach_port_name_t name,
			       struct ipc_entry **entryp)
{
	if (name == MACH_PORT_NULL)
		return ipc_entry_alloc(&space->table, entryp);
	if (ipc_right_lookup(space, name) != NULL)
		return KERN_NAME_EXISTS;
	return ipc_entry_alloc_name(&space->table, name, entryp);
}

static kern_return_t alloc_set(struct ipc_space *space, mach_port_name_t *namep)
{
	struct ipc_pset *pset = ipc_pset_create(space->account);
	struct ipc_entry *entry;
	kern_return_t kr = KERN_INVALID_TASK;

	if (pset == NULL)
		return KERN_RESOURCE_SHORTAGE;
	ipc_space_lock(space);
	if (space->active)
		kr = entry_new(space, *namep, &entry);
	if (kr == KERN_SUCCESS) {
		entry->bits |= MACH_PORT_TYPE_PORT_SET;
		entry->object = &pset->object;
		pset->name = entry->name;
		*namep = entry->name;
	}
	ipc_space_unlock(space);
	if (kr != KERN_SUCCESS)
		ipc_pset_destroy(pset);
	return kr;
}

static kern_return_t alloc_dead_name(struct ipc_space *space, mach_port_name_t *namep)
{
	struct ipc_entry *entry;
	kern_return_t kr = KERN_INVALID_TASK;

	ipc_space_lock(space);
	if (space->active)
		kr = entry_new(space, *namep, &entry);
	if (kr == KERN_SUCCESS) {
		entry->bits |= MACH_PORT_TYPE_DEAD_NAME | 1;
		*namep = entry->name;
	}
	ipc_space_unlock(space);
	return kr;
}

/* *namep: the name wanted, 0 for any; then the name given. */
static kern_return_t alloc_right(struct ipc_space *space, mach_port_right_t right,
				 mach_port_name_t *namep)
{
	struct ipc_port *port;

	switch (right) {
	case MACH_PORT_RIGHT_RECEIVE:
		return ipc_right_alloc_port(space, *namep, &port, namep);
	case MACH_PORT_RIGHT_PORT_SET:
		return alloc_set(space, namep);
	case MACH_PORT_RIGHT_DEAD_NAME:
		return alloc_dead_name(space, namep);
	default:
		return KERN_INVALID_VALUE;
	}
}

kern_return_t mach_port_allocate(struct ipc_space *space, mach_port_right_t right,
				 mach_port_name_t *namep)
{
	mach_port_name_t name = MACH_PORT_NULL;
	kern_return_t kr;

	if (space == NULL)
		return KERN_INVALID_TASK;
	kr = alloc_right(space, right, &name);
	if (kr == KERN_SUCCESS)
		*namep = name;
	return kr;
}

kern_return_t mach_port_allocate_name(struct ipc_space *space, mach_port_right_t right,
				      mach_port_name_t name)
{
	if (space == NULL)
		return KERN_INVALID_TASK;
	if (!MACH_NAME_VALID(name))
		return KERN_INVALID_VALUE;
	return alloc_right(space, right, &name);
}

/* --- References ---------------------------------------------------------------------------- */

kern_return_t mach_port_type(struct ipc_space *space, mach_port_name_t name,
			     mach_port_type_t *ptype)
{
	struct ipc_entry *entry;
	kern_return_t kr = ipc_space_lookup(space, name, ENTRY_TYPE_MASK, &entry);

	if (kr != KERN_SUCCESS)
		return kr;
	*ptype = ipc_entry_user_type(entry);
	ipc_space_unlock(space);
	return KERN_SUCCESS;
}

kern_return_t mach_port_deallocate(struct ipc_space *space, mach_port_name_t name)
{
	struct ipc_debris debris;
	struct ipc_entry *entry;
	kern_return_t kr = ipc_space_lookup(space, name, ENTRY_TYPE_MASK, &entry);

	if (kr != KERN_SUCCESS)
		return kr;
	ipc_debris_init(&debris);
	kr = ipc_right_deallocate(space, entry, &debris);
	ipc_space_unlock(space);
	ipc_debris_release(&debris);
	return kr;
}

kern_return_t mach_port_destroy(struct ipc_space *space, mach_port_name_t name)
{
	struct ipc_debris debris;
	struct ipc_entry *entry;
	kern_return_t kr = ipc_space_lookup(space, name, ENTRY_TYPE_MASK, &entry);

	if (kr != KERN_SUCCESS)
		return kr;
	ipc_debris_init(&debris);
	ipc_right_destroy(space, entry, &debris);
	ipc_space_unlock(space);
	ipc_debris_release(&debris);
	return KERN_SUCCESS;
}

kern_return_t mach_port_get_refs(struct ipc_space *space, mach_port_name_t name,
				 mach_port_right_t right, mach_port_urefs_t *refs)
{
	struct ipc_entry *entry;
	kern_return_t kr;

	if (space == NULL)
		return KERN_INVALID_TASK;
	if (right >= MACH_PORT_RIGHT_NUMBER)
		return KERN_INVALID_VALUE;
	kr = ipc_space_lookup(space, name, ENTRY_TYPE_MASK, &entry);
	if (kr != KERN_SUCCESS)
		return kr;
	if (!(entry->bits & RIGHT_TYPE(right)))
		*refs = 0;
	else if (right == MACH_PORT_RIGHT_SEND || right == MACH_PORT_RIGHT_DEAD_NAME)
		*refs = entry_urefs(entry);
	else
		*refs = 1;
	ipc_space_unlock(space);
	return KERN_SUCCESS;
}

kern_return_t mach_port_mod_refs(struct ipc_space *space, mach_port_name_t name,
				 mach_port_right_t right, mach_port_delta_t delta)
{
	struct ipc_debris debris;
	struct ipc_entry *entry;
	kern_return_t kr;

	if (space == NULL)
		return KERN_INVALID_TASK;
	if (right >= MACH_PORT_RIGHT_NUMBER)
		return KERN_INVALID_VALUE;
	kr = ipc_space_lookup(space, name, ENTRY_TYPE_MASK, &entry);
	if (kr != KERN_SUCCESS)
		return kr;
	ipc_debris_init(&debris);
	kr = ipc_right_delta(space, entry, right, delta, &debris);
	ipc_space_unlock(space);
	ipc_debris_release(&debris);
	return kr;
}

/* --- Renaming ----------------------------------------------------------------------------------- */

/* What a port knows of the entry's name.  A dead one has told its requests already. */
static void rename_in_port(struct ipc_entry *entry, struct ipc_port *port)
{
	ipc_port_lock(port);
	if (entry->bits & MACH_PORT_TYPE_RECEIVE)
		port->receiver_name = entry->name;
	if (entry->request != NULL && port->object.active)
		entry->request->name = entry->name;
	ipc_port_unlock(port);
}

/* Everything that entry `from` is moves to `to`, which is new. */
static void entry_move(struct ipc_space *space, struct ipc_entry *from, struct ipc_entry *to)
{
	bool hashed = (from->bits & (MACH_PORT_TYPE_SEND | MACH_PORT_TYPE_RECEIVE)) ==
		      MACH_PORT_TYPE_SEND;

	if (hashed)
		ipc_hash_remove(&space->hash, from);
	to->bits |= from->bits & (ENTRY_TYPE_MASK | ENTRY_UREFS_MASK);
	to->object = from->object;
	to->request = from->request;
	ipc_origin_copy(to, from);
	if (to->request != NULL || (to->bits & MACH_PORT_TYPE_RECEIVE))
		rename_in_port(to, entry_port(to));
	else if (to->bits & MACH_PORT_TYPE_PORT_SET)
		entry_pset(to)->name = to->name;
	if (hashed)
		ipc_hash_insert(&space->hash, to);
	from->request = NULL;
	if ((from->bits & ENTRY_ACCEPTED) &&
	    ipc_accepted_renamed(space, from->name, to->name))
		to->bits |= ENTRY_ACCEPTED;
	ipc_entry_free(&space->table, from);
}

kern_return_t mach_port_rename(struct ipc_space *space, mach_port_name_t old_name,
			       mach_port_name_t new_name)
{
	struct ipc_entry *from, *to;
	kern_return_t kr;

	if (space == NULL)
		return KERN_INVALID_TASK;
	if (!MACH_NAME_VALID(new_name))
		return KERN_INVALID_VALUE;
	ipc_space_lock(space);
	from = ipc_right_lookup(space, old_name);
	if (!space->active)
		kr = KERN_INVALID_TASK;
	else if (ipc_right_lookup(space, new_name) != NULL)
		kr = KERN_NAME_EXISTS;
	else if (from == NULL)
		kr = KERN_INVALID_NAME;
	else
		kr = ipc_entry_alloc_rename(&space->table, new_name, &to);
	if (kr == KERN_SUCCESS)
		entry_move(space, from, to);
	ipc_space_unlock(space);
	return kr;
}

/* --- The receive right's state ----------------------------------------------------------------- */

/* The port of a receive right, locked, its space too. */
static kern_return_t lookup_receive(struct ipc_space *space, mach_port_name_t name,
				    struct ipc_port **portp)
{
	struct ipc_entry *entry;
	kern_return_t kr = ipc_space_lookup(space, name, MACH_PORT_TYPE_RECEIVE, &entry);

	if (kr != KERN_SUCCESS)
		return kr;
	*portp = entry_port(entry);
	ipc_port_lock(*portp);
	return KERN_SUCCESS;
}

static void unlock_receive(struct ipc_space *space, struct ipc_port *port)
{
	ipc_port_unlock(port);
	ipc_space_unlock(space);
}

kern_return_t mach_port_set_qlimit(struct ipc_space *space, mach_port_name_t name,
				   mach_port_msgcount_t qlimit)
{
	struct ipc_port *port;
	kern_return_t kr;

	if (space == NULL)
		return KERN_INVALID_TASK;
	if (qlimit > MACH_PORT_QLIMIT_MAX)
		return KERN_INVALID_VALUE;
	kr = lookup_receive(space, name, &port);
	if (kr != KERN_SUCCESS)
		return kr;
	port->qlimit = qlimit;
	ipc_mqueue_admit_senders(port);
	unlock_receive(space, port);
	return KERN_SUCCESS;
}

kern_return_t mach_port_set_mscount(struct ipc_space *space, mach_port_name_t name,
				    mach_port_mscount_t mscount)
{
	struct ipc_port *port;
	kern_return_t kr = lookup_receive(space, name, &port);

	if (kr != KERN_SUCCESS)
		return kr;
	port->mscount = mscount;
	unlock_receive(space, port);
	return KERN_SUCCESS;
}

kern_return_t mach_port_set_seqno(struct ipc_space *space, mach_port_name_t name,
				  mach_port_seqno_t seqno)
{
	struct ipc_port *port;
	kern_return_t kr = lookup_receive(space, name, &port);

	if (kr != KERN_SUCCESS)
		return kr;
	ipc_port_set_seqno(port, seqno);
	unlock_receive(space, port);
	return KERN_SUCCESS;
}

kern_return_t mach_port_set_protected_payload(struct ipc_space *space, mach_port_name_t name,
					      rpc_uintptr_t payload)
{
	struct ipc_port *port;
	kern_return_t kr = lookup_receive(space, name, &port);

	if (kr != KERN_SUCCESS)
		return kr;
	port->has_payload = true;
	port->payload = payload;
	unlock_receive(space, port);
	return KERN_SUCCESS;
}

kern_return_t mach_port_clear_protected_payload(struct ipc_space *space, mach_port_name_t name)
{
	struct ipc_port *port;
	kern_return_t kr = lookup_receive(space, name, &port);

	if (kr != KERN_SUCCESS)
		return kr;
	port->has_payload = false;
	port->payload = 0;
	unlock_receive(space, port);
	return KERN_SUCCESS;
}

kern_return_t mach_port_set_ktype(struct host *host_priv, struct ipc_space *space,
				  mach_port_name_t name, mach_port_right_t right, unsigned ktype)
{
	struct ipc_port *port;
	kern_return_t kr;

	(void)right;
	if (host_priv == NULL)
		return KERN_INVALID_HOST;
	if (ktype != IKOT_NONE && ktype != IKOT_USER_DEVICE)
		return KERN_INVALID_ARGUMENT;
	kr = lookup_receive(space, name, &port);
	if (kr != KERN_SUCCESS)
		return kr;
	port->kotype = ktype;
	unlock_receive(space, port);
	return KERN_SUCCESS;
}

kern_return_t mach_port_get_receive_status(struct ipc_space *space, mach_port_name_t name,
					   mach_port_status_t *status)
{
	struct ipc_port *port;
	kern_return_t kr = lookup_receive(space, name, &port);

	if (kr != KERN_SUCCESS)
		return kr;
	*status = (mach_port_status_t){
		.mps_pset = ipc_port_set_name(port),
		.mps_seqno = port->seqno,
		.mps_mscount = port->mscount,
		.mps_qlimit = port->qlimit,
		.mps_msgcount = port->msgcount,
		.mps_sorights = port->sorights,
		.mps_srights = port->srights > 0,
		.mps_pdrequest = port->pdrequest != IP_NULL,
		.mps_nsrequest = port->nsrequest != IP_NULL,
	};
	unlock_receive(space, port);
	return KERN_SUCCESS;
}
