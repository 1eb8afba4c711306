/* SPDX-License-Identifier: BSD-2-Clause */
#include <ipc/pset.h>

#include <ipc/account.h>
#include <kern/slab.h>

struct slab_cache ipc_pset_cache;

struct ipc_pset *ipc_pset_create(struct ipc_account *payer)
{
	struct ipc_pset *pset;

	if (!ipc_account_charge(payer, sizeof(*pset)))
		return NULL;
	pset = slab_zalloc(&ipc_pset_cache);
	if (pset == NULL) {
		ipc_account_uncharge(payer, sizeof(*pset));
		return NULL;
	}
	pset->payer = payer;
	spin_lock_init(&pset->object.lock, LOCK_SET);
	pset->object.ref_count = 1;
	pset->object.kind = IOT_PSET;
	pset->object.active = true;
	ipc_mqueue_init(&pset->mqueue);
	queue_init(&pset->members);
	queue_init(&pset->ready);
	return pset;
}

void ipc_pset_reference(struct ipc_pset *pset)
{
	__atomic_fetch_add(&pset->object.ref_count, 1, __ATOMIC_RELAXED);
}

void ipc_pset_release(struct ipc_pset *pset)
{
	assert(pset->object.ref_count > 0);
	if (__atomic_sub_fetch(&pset->object.ref_count, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	assert(!pset->object.active && pset->member_count == 0);
	ipc_account_uncharge(pset->payer, sizeof(*pset));
	slab_free(&ipc_pset_cache, pset);
}

struct ipc_pset *ipc_pset_remove_locked(struct ipc_port *port)
{
	struct ipc_pset *pset = port->pset;

	assert_locked(&port->object.lock);
	ipc_pset_lock(pset);
	queue_remove(&port->pset_link);
	queue_remove(&port->ready_link);
	assert(pset->member_count > 0);
	pset->member_count--;
	port->pset = NULL;
	ipc_pset_unlock(pset);
	return pset;
}

void ipc_pset_move_member(struct ipc_port *port, struct ipc_pset *pset, struct ipc_pset **oldp)
{
	*oldp = NULL;
	ipc_port_lock(port);
	if (port->pset == pset) {
		ipc_port_unlock(port);
		return;
	}
	if (port->pset != NULL)
		*oldp = ipc_pset_remove_locked(port);
	ipc_mqueue_wake_receivers(&port->mqueue, MACH_RCV_PORT_CHANGED);
	ipc_pset_lock(pset);
	assert(pset->object.active);
	port->pset = pset;
	ipc_pset_reference(pset);
	queue_insert_tail(&pset->members, &port->pset_link);
	pset->member_count++;
	ipc_mqueue_joined_set(port, pset);
	ipc_pset_unlock(pset);
	ipc_mqueue_admit_senders(port);	/* what was handed over has made room */
	ipc_port_unlock(port);
}

/* A member of a set, with a reference; NULL when there is none. */
static struct ipc_port *pset_any_member(struct ipc_pset *pset)
{
	struct ipc_port *port = NULL;
	struct queue_link *link;

	ipc_pset_lock(pset);
	link = queue_first(&pset->members);
	if (link != NULL) {
		port = container_of(link, struct ipc_port, pset_link);
		ipc_port_reference(port);
	}
	ipc_pset_unlock(pset);
	return port;
}

void ipc_pset_deactivate(struct ipc_pset *pset)
{
	ipc_pset_lock(pset);
	pset->object.active = false;
	ipc_mqueue_wake_receivers(&pset->mqueue, MACH_RCV_PORT_DIED);
	ipc_pset_unlock(pset);
}

void ipc_pset_destroy(struct ipc_pset *pset)
{
	struct ipc_port *port;

	ipc_pset_deactivate(pset);
	/* The port's lock comes before the set's: look again under both. */
	while ((port = pset_any_member(pset)) != NULL) {
		bool member;

		ipc_port_lock(port);
		member = port->pset == pset;
		if (member)
			ipc_pset_remove_locked(port);
		ipc_port_unlock(port);
		if (member)
			ipc_pset_release(pset);
		ipc_port_release(port);
	}
	ipc_pset_release(pset);
}
