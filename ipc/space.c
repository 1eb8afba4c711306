/* SPDX-License-Identifier: BSD-2-Clause */
#include <ipc/space.h>

#include <ipc/right.h>
#include <kern/sched.h>
#include <kern/slab.h>

struct queue ipc_spaces;
struct spin_lock ipc_spaces_lock = SPIN_LOCK_INIT(LOCK_LEAF);
struct ipc_space ipc_space_kernel[1], ipc_space_reply[1];

static struct slab_cache space_cache;

void ipc_space_init(void)
{
	queue_init(&ipc_spaces);
	slab_cache_init(&space_cache, "ipc_space", sizeof(struct ipc_space), 0);
	spin_lock_init(&ipc_space_kernel->lock, LOCK_SPACE);
	spin_lock_init(&ipc_space_reply->lock, LOCK_SPACE);
	ipc_space_kernel->ref_count = 1;
	ipc_table_setup();
	ipc_table_init(&ipc_space_kernel->table);
}

kern_return_t ipc_space_create(struct ipc_space **spacep)
{
	struct ipc_space *space = slab_zalloc(&space_cache);

	if (space == NULL)
		return KERN_RESOURCE_SHORTAGE;
	space->account = ipc_account_create();
	if (space->account == NULL) {
		slab_free(&space_cache, space);
		return KERN_RESOURCE_SHORTAGE;
	}
	spin_lock_init(&space->lock, LOCK_SPACE);
	space->ref_count = 1;
	space->active = true;
	ipc_table_init(&space->table);
	space->table.account = space->hash.account = space->account;
	space->table.limit = space->account->limits.il_names;
	space->hash.buckets = HASH_INLINE;
	spin_lock(&ipc_spaces_lock);
	queue_insert_tail(&ipc_spaces, &space->link);
	spin_unlock(&ipc_spaces_lock);
	*spacep = space;
	return KERN_SUCCESS;
}

void ipc_space_set_limits(struct ipc_space *space, const struct ipc_limits *limits)
{
	ipc_space_lock(space);
	space->table.limit = limits->il_names;
	ipc_account_set_limits(space->account, limits);
	ipc_space_unlock(space);
}

void ipc_space_inherit_limits(struct ipc_space *space, struct ipc_space *parent)
{
	struct ipc_limits limits;

	ipc_space_lock(parent);
	limits = parent->account->limits;
	ipc_space_unlock(parent);
	ipc_space_set_limits(space, &limits);
}

void ipc_space_reference(struct ipc_space *space)
{
	__atomic_fetch_add(&space->ref_count, 1, __ATOMIC_RELAXED);
}

void ipc_space_release(struct ipc_space *space)
{
	assert(space->ref_count > 0);
	if (__atomic_sub_fetch(&space->ref_count, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	assert(!space->active && space != ipc_space_kernel);
	spin_lock(&ipc_spaces_lock);
	queue_remove(&space->link);
	spin_unlock(&ipc_spaces_lock);
	ipc_table_destroy(&space->table);
	ipc_hash_destroy(&space->hash);
	ipc_account_release(space->account);
	slab_free(&space_cache, space);
}

void ipc_space_destroy(struct ipc_space *space)
{
	struct ipc_table_cursor cursor = { .index = 0 };

	ipc_space_lock(space);
	if (!space->active) {
		ipc_space_unlock(space);
		return;
	}
	space->active = false;		/* from here on nothing enters */
	for (;;) {
		struct ipc_debris debris;
		struct ipc_entry *entry = ipc_table_next(&space->table, &cursor);

		if (entry == NULL)
			break;
		ipc_debris_init(&debris);
		ipc_right_destroy(space, entry, &debris);
		ipc_space_unlock(space);
		ipc_debris_release(&debris);
		preemption_point();
		ipc_space_lock(space);
	}
	ipc_space_unlock(space);
}

kern_return_t ipc_space_insert_send(struct ipc_space *space, struct ipc_port *port,
				    mach_port_name_t *namep)
{
	struct ipc_debris debris;
	kern_return_t kr = KERN_INVALID_TASK;

	ipc_debris_init(&debris);
	ipc_space_lock(space);
	if (space->active)
		kr = ipc_right_copyout(space, port, MACH_MSG_TYPE_PORT_SEND, namep, &debris);
	ipc_space_unlock(space);
	ipc_debris_release(&debris);
	return kr;
}

kern_return_t ipc_space_lookup_send(struct ipc_space *space, mach_port_name_t name,
				    struct ipc_port **portp)
{
	kern_return_t kr = KERN_SUCCESS;
	struct ipc_entry *entry;

	ipc_space_lock(space);
	entry = space->active ? ipc_right_lookup(space, name) : NULL;
	if (entry == NULL) {
		kr = space->active ? KERN_INVALID_NAME : KERN_INVALID_TASK;
	} else if (!(entry->bits & (MACH_PORT_TYPE_SEND | MACH_PORT_TYPE_RECEIVE))) {
		kr = KERN_INVALID_RIGHT;
	} else {
		*portp = entry_port(entry);
		ipc_port_reference(*portp);
	}
	ipc_space_unlock(space);
	return kr;
}

bool ipc_space_holds_send(struct ipc_space *space, const struct ipc_port *port)
{
	bool holds;

	ipc_space_lock(space);
	holds = space->active && ipc_hash_lookup(&space->hash, &port->object) != NULL;
	ipc_space_unlock(space);
	return holds;
}
