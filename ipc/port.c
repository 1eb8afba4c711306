/* SPDX-License-Identifier: BSD-2-Clause */
#include <ipc/port.h>

#include <ipc/account.h>
#include <ipc/kmsg.h>
#include <ipc/notify.h>
#include <ipc/pset.h>
#include <ipc/space.h>
#include <kern/sched.h>
#include <kern/slab.h>
#include <kern/task.h>

struct slab_cache ipc_port_cache;

/* The serial number of the youngest port. */
static uint32_t last_serial;

/* Orders the deaths of ports among each other. */
static uint32_t death_clock;

/* Guards `destination` and `transit` of every port. */
static struct spin_lock circular_lock = SPIN_LOCK_INIT(LOCK_CIRCULAR);

void ipc_port_init(void)
{
	slab_cache_init(&ipc_port_cache, "ipc_port", sizeof(struct ipc_port), 32);
}

/* Each field by itself: in all it is half the work of clearing the whole first. */
static void port_init(struct ipc_port *port)
{
	spin_lock_init(&port->object.lock, LOCK_PORT);
	port->object.ref_count = 1;
	port->object.kind = IOT_PORT;
	port->object.active = true;
	port->kotype = IKOT_NONE;
	port->has_payload = false;
	port->qlimit = MACH_PORT_QLIMIT_DEFAULT;
	port->receiver = NULL;
	port->destination = NULL;
	port->kobject = NULL;
	port->srights = port->sorights = 0;
	port->mscount = 0;
	port->seqno = 0;
	port->msgcount = 0;
	port->payload = 0;
	port->pset = NULL;
	port->nsrequest = port->pdrequest = IP_NULL;
	port->request_count = 0;
	port->payer = NULL;
	port->serial = __atomic_add_fetch(&last_serial, 1, __ATOMIC_RELAXED);
	port->counts = (struct ipc_port_counts){ .received = 0 };
	port->transit = (struct transit_node){ .parent = NULL };
	ipc_mqueue_init(&port->mqueue);
	queue_init(&port->senders);
	queue_init(&port->requests);
	queue_link_init(&port->pset_link);
	queue_link_init(&port->ready_link);
}

struct ipc_port *ipc_port_create(void)
{
	struct ipc_port *port = slab_alloc(&ipc_port_cache);

	if (port != NULL)
		port_init(port);
	return port;
}

void ipc_port_reference(struct ipc_port *port)
{
	assert(port->object.ref_count > 0);
	__atomic_fetch_add(&port->object.ref_count, 1, __ATOMIC_RELAXED);
}

void ipc_port_release(struct ipc_port *port)
{
	assert(port->object.ref_count > 0);
	if (__atomic_sub_fetch(&port->object.ref_count, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	assert(!port->object.active);
	assert(port->srights == 0 && port->sorights == 0);
	assert(port->pset == NULL && queue_empty(&port->mqueue.messages));
	ipc_account_uncharge(port->payer, sizeof(*port));
	assert(transit_is_bare(&port->transit));
	slab_free(&ipc_port_cache, port);
}

bool ipc_port_change_payer(struct ipc_port *port, struct ipc_account *payer)
{
	struct ipc_account *before = port->payer;

	assert_locked(&port->object.lock);
	if (before == payer)
		return true;
	if (!ipc_account_take_over(payer, sizeof(*port)))
		return false;
	port->payer = payer;
	ipc_account_uncharge(before, sizeof(*port));
	return true;
}

/* --- Making and releasing rights ------------------------------------------------------- */

void ipc_port_make_send_locked(struct ipc_port *port)
{
	assert_locked(&port->object.lock);
	assert(port->object.active);
	port->mscount++;
	port->srights++;
	ipc_port_reference(port);
}

void ipc_port_copy_send_locked(struct ipc_port *port)
{
	assert_locked(&port->object.lock);
	assert(port->srights > 0);
	port->srights++;
	ipc_port_reference(port);
}

void ipc_port_make_sonce_locked(struct ipc_port *port)
{
	assert_locked(&port->object.lock);
	assert(port->object.active);
	port->sorights++;
	ipc_port_reference(port);
}

struct ipc_port *ipc_port_make_send(struct ipc_port *port)
{
	struct ipc_port *right = IP_DEAD;

	ipc_port_lock(port);
	if (port->object.active) {
		ipc_port_make_send_locked(port);
		right = port;
	}
	ipc_port_unlock(port);
	return right;
}

struct ipc_port *ipc_port_copy_send(struct ipc_port *port)
{
	struct ipc_port *right = IP_DEAD;

	if (!IP_VALID(port))
		return port;
	ipc_port_lock(port);
	if (port->object.active) {
		ipc_port_copy_send_locked(port);
		right = port;
	}
	ipc_port_unlock(port);
	return right;
}

struct ipc_port *ipc_port_make_sonce(struct ipc_port *port)
{
	struct ipc_port *right = IP_DEAD;

	ipc_port_lock(port);
	if (port->object.active) {
		ipc_port_make_sonce_locked(port);
		right = port;
	}
	ipc_port_unlock(port);
	return right;
}

void ipc_port_release_send(struct ipc_port *port)
{
	struct ipc_port *nsrequest = IP_NULL;
	mach_port_mscount_t mscount;
	bool kernel = false;

	if (!IP_VALID(port))
		return;
	ipc_port_lock(port);
	assert(port->srights > 0);
	port->srights--;
	if (port->srights == 0 && port->object.active) {
		nsrequest = port->nsrequest;
		port->nsrequest = IP_NULL;
		kernel = port->receiver == ipc_space_kernel;
	}
	mscount = port->mscount;
	ipc_port_unlock(port);
	if (kernel)
		ipc_kobject_no_senders(port);
	ipc_port_release(port);
	if (nsrequest != IP_NULL)
		ipc_notify_no_senders(nsrequest, mscount);
}

void ipc_port_drop_sonce(struct ipc_port *port)
{
	if (!IP_VALID(port))
		return;
	ipc_port_lock(port);
	assert(port->sorights > 0);
	port->sorights--;
	ipc_port_unlock(port);
	ipc_port_release(port);
}

void ipc_port_release_sonce(struct ipc_port *port)
{
	bool tell;

	if (!IP_VALID(port))
		return;
	ipc_port_lock(port);
	tell = port->object.active && port->receiver != ipc_space_kernel;
	ipc_port_unlock(port);
	if (tell)
		ipc_notify_send_once(port);	/* the notification is the right's use */
	else
		ipc_port_drop_sonce(port);
}

/* --- Where the receive right is ---------------------------------------------------------- */

struct ipc_pset *ipc_port_leave_space(struct ipc_port *port)
{
	struct ipc_pset *pset = NULL;

	assert_locked(&port->object.lock);
	assert(port->object.active);
	if (port->pset != NULL)
		pset = ipc_pset_remove_locked(port);
	ipc_mqueue_wake_receivers(&port->mqueue, MACH_RCV_PORT_DIED);
	if (port->receiver != NULL) {
		port->receiver = NULL;
		port->destination = NULL;
	}
	port->mscount = 0;
	ipc_port_set_seqno(port, 0);
	port->has_payload = false;
	port->payload = 0;
	return pset;
}

/* The receive right is in no message any more; a reference to where it went is the caller's. */
static struct ipc_port *leave_transit(struct ipc_port *port)
{
	struct ipc_port *destination;

	assert(port->receiver == NULL && port->pset == NULL);
	spin_lock(&circular_lock);
	destination = port->destination;
	port->destination = NULL;
	if (destination != NULL)
		transit_cut(&port->transit);
	spin_unlock(&circular_lock);
	return destination;
}

struct ipc_port *ipc_port_arrive(struct ipc_port *port, struct ipc_space *space,
				 mach_port_name_t name)
{
	struct ipc_port *destination;

	assert_locked(&port->object.lock);
	assert(port->object.active);
	destination = leave_transit(port);
	port->receiver = space;
	port->receiver_name = name;
	return destination;
}

bool ipc_port_depart(struct ipc_port *port, struct ipc_port *dest)
{
	bool circular;

	assert(port->receiver == NULL && port->destination == NULL);
	spin_lock(&circular_lock);
	circular = transit_root(&dest->transit) == &port->transit;
	if (!circular) {
		ipc_port_reference(dest);
		port->destination = dest;
		transit_link(&port->transit, &dest->transit);
	}
	spin_unlock(&circular_lock);
	return !circular;
}

/* --- Death ----------------------------------------------------------------------------------- */

/* Senders that wait wake, their messages still in hand: they destroy them and succeed. */
static void wake_senders(struct ipc_port *port)
{
	struct queue_link *link;

	while ((link = queue_take_first(&port->senders)) != NULL) {
		struct thread *sender = container_of(link, struct thread, ipc.link);

		if (thread_claim(sender, WAIT_AWAKENED)) {
			sender->ipc.state = MACH_MSG_SUCCESS;
			thread_make_runnable(sender);
		}
	}
}

/* The step from life to death.  What the port leaves stays in it for port_bury.  Port locked. */
static void port_deactivate(struct ipc_port *port)
{
	assert(port->receiver != NULL || port->destination == NULL);
	port->object.active = false;
	port->receiver = NULL;
	port->death_stamp = __atomic_add_fetch(&death_clock, 1, __ATOMIC_RELAXED);
	port->msgcount = 0;
	port->request_count = 0;
	ipc_mqueue_wake_receivers(&port->mqueue, MACH_RCV_PORT_DIED);
	wake_senders(port);
}

static void (*on_loss)(void *object);

void ipc_port_on_loss(void (*function)(void *object))
{
	on_loss = function;
}

/* The kernel knew a dead port as something. */
static void tell_loss(struct ipc_port *port)
{
	void *object;

	ipc_port_lock(port);
	object = port->kobject;
	port->kobject = NULL;
	ipc_port_unlock(port);
	if (object != NULL)
		on_loss(object);
}

/* Deal with what a dead port has left, which nobody else touches.  Consumes a reference. */
static void port_bury(struct ipc_port *port)
{
	struct queue_link *link;

	if (port->kobject != NULL)
		tell_loss(port);
	ipc_port_release_sonce(port->nsrequest);
	port->nsrequest = IP_NULL;
	while ((link = queue_take_first(&port->mqueue.messages)) != NULL)
		ipc_kmsg_destroy(container_of(link, struct ipc_kmsg, link));
	ipc_requests_fire_dead(&port->requests);
	ipc_port_release(port);
}

void ipc_port_destroy(struct ipc_port *port)
{
	struct ipc_port *pdrequest;

	ipc_port_lock(port);
	assert(port->object.active && port->pset == NULL);
	pdrequest = port->pdrequest;
	port->pdrequest = IP_NULL;
	port_deactivate(port);
	ipc_port_unlock(port);
	ipc_port_release_sonce(pdrequest);
	port_bury(port);
}

struct ipc_pset *ipc_port_abandon(struct ipc_port *port)
{
	struct ipc_pset *pset = ipc_port_leave_space(port);

	if (port->pdrequest == IP_NULL)
		port_deactivate(port);
	return pset;
}

void ipc_port_release_receive(struct ipc_port *port)
{
	struct ipc_port *pdrequest = IP_NULL, *destination = NULL;

	if (!IP_VALID(port))
		return;
	ipc_port_lock(port);
	if (port->object.active) {	/* it has not died as it left its space */
		destination = leave_transit(port);
		ipc_port_abandon(port);
		pdrequest = port->pdrequest;
		port->pdrequest = IP_NULL;
	}
	ipc_port_unlock(port);
	if (destination != NULL)
		ipc_port_release(destination);
	if (pdrequest != IP_NULL)
		ipc_notify_port_destroyed(pdrequest, port);
	else
		port_bury(port);
}

/* --- Kernel ports ------------------------------------------------------------------------------ */

struct ipc_port *ipc_port_alloc_kernel(enum ipc_kobject_type type, void *object)
{
	struct ipc_port *port = ipc_port_create();

	if (port == NULL)
		return NULL;
	port->receiver = ipc_space_kernel;
	port->receiver_name = 1;
	port->kotype = type;
	port->kobject = object;
	return port;
}

struct ipc_port *ipc_port_alloc_kernel_paid(enum ipc_kobject_type type, void *object)
{
	const struct ipc_space *space = current_task()->space;
	struct ipc_account *payer = space != NULL ? space->account : NULL;
	struct ipc_port *port;

	if (!ipc_account_charge(payer, sizeof(*port)))
		return NULL;
	port = ipc_port_alloc_kernel(type, object);
	if (port == NULL)
		ipc_account_uncharge(payer, sizeof(*port));
	else
		port->payer = payer;
	return port;
}

void ipc_kobject_set(struct ipc_port *port, enum ipc_kobject_type type, void *object)
{
	ipc_port_lock(port);
	port->kotype = type;
	port->kobject = object;
	ipc_port_unlock(port);
}

static void (*no_senders[IKOT_MAX])(void *object);

void ipc_kobject_on_no_senders(enum ipc_kobject_type type, void (*function)(void *object))
{
	no_senders[type] = function;
}

void ipc_kobject_no_senders(struct ipc_port *port)
{
	void (*function)(void *) = NULL;
	void *object = NULL;

	ipc_port_lock(port);
	if (port->srights == 0 && port->object.active)
		function = no_senders[port->kotype];
	if (function != NULL) {
		object = port->kobject;
		port->kotype = IKOT_NONE;
		port->kobject = NULL;
	}
	ipc_port_unlock(port);
	if (function == NULL)
		return;
	ipc_port_destroy(port);
	function(object);
}

void ipc_port_dealloc_kernel(struct ipc_port *port)
{
	ipc_kobject_set(port, IKOT_NONE, NULL);
	ipc_port_destroy(port);
}
