/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of pagers: found by port or made, ended when nobody needs the object, cut off when the
 * port dies or the object is destroyed.
 *
 * Port locks come before objects' locks, so a pager is looked up in two steps, and looked at
 * again after the second.
 */
#include <vm/pager.h>

#include <ipc/checker.h>
#include <ipc/port.h>
#include <ipc/space.h>
#include <kern/default_manager.h>
#include <kern/mig_support.h>
#include <kern/sched.h>
#include <kern/slab.h>
#include <vm/object_family.h>
#include <vm/object_pages.h>
#include <vm/pager_message.h>
#include <vm/store.h>

#define CACHED_MAX 64			/* objects kept that nobody has mapped */

static struct slab_cache pager_cache;

/* Guards the lists below, and which of them a pager is in. */
static struct spin_lock list_lock = SPIN_LOCK_INIT(LOCK_LEAF);
static struct queue all_pagers, idle_pagers, cached_pagers;
static uint32_t cached_count;
uint32_t vm_pagers_idle;

static void port_lost(void *object);

void vm_pager_init(void)
{
	slab_cache_init(&pager_cache, "vm_pager", sizeof(struct vm_pager), 0);
	queue_init(&all_pagers);
	queue_init(&idle_pagers);
	queue_init(&cached_pagers);
	vm_pager_request_init();
	vm_store_init();
	ipc_port_on_loss(port_lost);
}

uint32_t vm_pager_count(void)
{
	return pager_cache.live;
}

void vm_pager_reference(struct vm_pager *pager)
{
	assert(pager->ref_count > 0);
	__atomic_fetch_add(&pager->ref_count, 1, __ATOMIC_RELAXED);
}

void vm_pager_release(struct vm_pager *pager)
{
	assert(pager->ref_count > 0);
	if (__atomic_sub_fetch(&pager->ref_count, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	assert(pager->object == NULL && pager->port == NULL && pager->control == NULL);
	assert(rb_empty(&pager->requests) && !pager->idle && !pager->cached);
	spin_lock(&list_lock);
	queue_remove(&pager->all_link);
	spin_unlock(&list_lock);
	if (pager->store != NULL)
		vm_store_free(pager->store);
	slab_free(&pager_cache, pager);
}

/* --- Idle and cached ---------------------------------------------------------------------- */

static bool is_idle(const struct vm_object *object)
{
	return object->entry_count == 0 && object->holds == 0 &&
	       queue_empty(&object->snapshots);
}

void vm_pager_idle(struct vm_pager *pager)
{
	assert_locked(pager->lock);
	spin_lock(&list_lock);
	if (!pager->idle && !pager->cached && !pager->ending) {
		pager->idle = true;
		queue_insert_tail(&idle_pagers, &pager->idle_link);
		vm_pagers_idle++;
	}
	spin_unlock(&list_lock);
}

/* Off the cached list, if it is there.  Pager locked. */
static void uncache(struct vm_pager *pager)
{
	spin_lock(&list_lock);
	if (pager->cached) {
		pager->cached = false;
		queue_remove(&pager->idle_link);
		cached_count--;
	}
	spin_unlock(&list_lock);
}

/* Take one from a list, with a reference; NULL when it is empty. */
static struct vm_pager *take(struct queue *list)
{
	struct vm_pager *pager = NULL;
	struct queue_link *link;

	spin_lock(&list_lock);
	link = queue_take_first(list);
	if (link != NULL) {
		pager = container_of(link, struct vm_pager, idle_link);
		vm_pager_reference(pager);
		vm_pagers_idle -= pager->idle;
		cached_count -= pager->cached;
		pager->idle = pager->cached = false;
	}
	spin_unlock(&list_lock);
	return pager;
}

static void cache(struct vm_pager *pager)
{
	spin_lock(&list_lock);
	pager->cached = true;
	queue_insert_tail(&cached_pagers, &pager->idle_link);
	cached_count++;
	spin_unlock(&list_lock);
}

/* --- The end --------------------------------------------------------------------------------- */

/* Take the port's pointer to us away.  Its reference is the caller's then; false: it was gone. */
static bool unbind(struct vm_pager *pager, struct ipc_port *port)
{
	bool bound;

	ipc_port_lock(port);
	bound = port->kobject == pager;
	if (bound)
		port->kobject = NULL;
	ipc_port_unlock(port);
	return bound;
}

/* Who waits to look the port up again may do so. */
static void unbound(struct vm_pager *pager)
{
	spin_lock(pager->lock);
	pager->bound = false;
	spin_unlock(pager->lock);
	event_wake_all(pager);
	vm_pager_release(pager);
}

/* No more translations; the pager's references of both ports are dropped. */
static void part_from_kernel_ports(struct vm_pager *pager, struct ipc_port *control,
				   struct ipc_port *name)
{
	ipc_kobject_set(control, IKOT_NONE, NULL);
	ipc_kobject_set(name, IKOT_NONE, NULL);
	vm_pager_release(pager);
	vm_pager_release(pager);
}

void vm_pager_shut(struct vm_pager *pager, bool tell)
{
	struct ipc_port *port, *control, *name;
	struct ipc_kmsg *farewell;

	spin_lock(pager->lock);
	port = pager->port;
	farewell = pager->farewell;
	control = pager->control;
	name = pager->name;
	pager->port = pager->control = pager->name = NULL;
	pager->farewell = NULL;
	pager->state = PAGER_DEAD;
	for (int kind = REQUEST_PAGE; kind <= REQUEST_READY; kind++)
		vm_pager_finish_range(pager, (enum page_request_kind)kind, 0, UINT32_MAX,
				      KERN_MEMORY_ERROR);
	spin_unlock(pager->lock);
	if (port == NULL)
		return;
	vm_pager_reference(pager);
	part_from_kernel_ports(pager, control, name);
	if (tell) {
		ipc_port_reference(port);
		pager_send_terminate(farewell, port, control, name);
		if (unbind(pager, port))
			unbound(pager);
		ipc_port_release(port);
	} else {
		if (unbind(pager, port))
			unbound(pager);
		pager_farewell_free(farewell);
		ipc_port_destroy(control);
		ipc_port_destroy(name);
		ipc_port_release_send(port);
	}
	vm_pager_release(pager);
}

/* The port has died, and what its kobject counted for is ours. */
static void port_lost(void *object)
{
	struct vm_pager *pager = object;

	vm_pager_reference(pager);
	unbound(pager);
	vm_pager_shut(pager, false);
	vm_pager_look(pager);		/* it may be cached, for nobody */
	vm_pager_release(pager);
}

/* The object of an ended pager becomes one like others, and goes. */
static void free_object(struct vm_pager *pager)
{
	struct vm_object *object = pager->object;

	spin_lock(pager->lock);
	pager->object = NULL;
	object->pager = NULL;
	object->holds--;
	vm_object_settle(object);
	spin_unlock(pager->lock);
	vm_pager_release(pager);
}

/* Is the object to end now?  Then nobody finds it from here on.  It may be one to be cached. */
static bool begin_end(struct vm_pager *pager, bool may_cache)
{
	struct vm_object *object;
	bool end = false;

	spin_lock(pager->lock);
	object = pager->object;
	if (object != NULL && !pager->ending && is_idle(object)) {
		if (may_cache && pager->may_cache && pager->store == NULL &&
		    pager->state == PAGER_READY) {
			cache(pager);
		} else {
			end = pager->ending = true;
			object->holds++;
		}
	}
	spin_unlock(pager->lock);
	return end;
}

/* Is there a page that the pager wants back, and that could not be sent for want of memory? */
static bool owes_pages(struct vm_pager *pager)
{
	struct vm_page_walk walk;
	struct vm_page *page = NULL;
	uint32_t count = 0;

	spin_lock(pager->lock);
	if (pager->state != PAGER_DEAD && !pager->device) {
		vm_page_walk_begin(&walk, pager->object, 0, UINT32_MAX);
		while ((page = vm_page_walk_next(&walk)) != NULL &&
		       !vm_page_goes_back(page, MEMORY_OBJECT_RETURN_ALL))
			vm_object_breathe(pager->object, &count);
		vm_page_walk_end(&walk);
	}
	spin_unlock(pager->lock);
	return page != NULL;
}

/* The object is idle as before, and is looked at again with the next that are. */
static void give_up_end(struct vm_pager *pager)
{
	spin_lock(pager->lock);
	pager->ending = false;
	pager->object->holds--;
	vm_pager_idle(pager);
	spin_unlock(pager->lock);
	event_wake_all(pager);
}

/* Consumes a reference.  False when memory is too short for it. */
static bool end(struct vm_pager *pager, bool may_cache)
{
	bool enough = true;

	if (begin_end(pager, may_cache)) {
		vm_pager_return(pager, 0, UINT32_MAX, MEMORY_OBJECT_RETURN_ALL, RETURN_AT_END);
		enough = !owes_pages(pager);
		if (enough) {
			vm_pager_shut(pager, !pager->device);
			free_object(pager);
		} else {
			give_up_end(pager);
		}
	}
	vm_pager_release(pager);
	return enough;
}

void vm_pager_end_idle_now(void)
{
	struct vm_pager *pager;
	bool enough = true;

	while (enough && (pager = take(&idle_pagers)) != NULL) {
		enough = end(pager, true);
		preemption_point();
	}
	while (enough && cached_count > CACHED_MAX && (pager = take(&cached_pagers)) != NULL) {
		enough = end(pager, false);
		preemption_point();
	}
}

bool vm_pager_hold(struct vm_pager *pager)
{
	bool alive;

	spin_lock(pager->lock);
	alive = pager->state != PAGER_DEAD && !pager->ending;
	if (alive)
		pager->object->holds++;
	spin_unlock(pager->lock);
	return alive;
}

void vm_pager_unhold(struct vm_pager *pager)
{
	spin_lock(pager->lock);
	pager->object->holds--;
	if (is_idle(pager->object))
		vm_pager_idle(pager);
	spin_unlock(pager->lock);
	vm_pager_end_idle();
}

void vm_pager_look(struct vm_pager *pager)
{
	spin_lock(pager->lock);
	if (pager->object != NULL && is_idle(pager->object)) {
		uncache(pager);
		vm_pager_idle(pager);
	}
	spin_unlock(pager->lock);
	vm_pager_end_idle();
}

/* --- The beginning -------------------------------------------------------------------------- */

static void discard_new(struct vm_pager *pager)
{
	if (pager->control != NULL)
		ipc_port_dealloc_kernel(pager->control);
	if (pager->name != NULL)
		ipc_port_dealloc_kernel(pager->name);
	if (pager->farewell != NULL)
		pager_farewell_free(pager->farewell);
	spin_lock(pager->lock);
	pager->object->pager = NULL;
	vm_object_settle(pager->object);
	spin_unlock(pager->lock);
	slab_free(&pager_cache, pager);
}

/* With its object; NULL when memory is short. */
static struct vm_pager *pager_alloc(struct spin_lock *lock)
{
	struct vm_pager *pager = slab_zalloc(&pager_cache);

	if (pager == NULL)
		return NULL;
	pager->object = vm_object_create(lock);
	if (pager->object == NULL) {
		slab_free(&pager_cache, pager);
		return NULL;
	}
	pager->lock = pager->object->lock;
	pager->object->pager = pager;
	pager->ref_count = 1;		/* the object's */
	pager->strategy = MEMORY_OBJECT_COPY_NONE;
	rb_tree_init(&pager->requests, NULL);
	queue_link_init(&pager->idle_link);
	queue_link_init(&pager->all_link);
	return pager;
}

struct vm_object *vm_pager_create_dead(struct spin_lock *lock)
{
	struct vm_pager *pager = pager_alloc(lock);

	if (pager == NULL)
		return NULL;
	pager->state = PAGER_DEAD;
	return pager->object;
}

/* With its ports, which nobody knows yet; NULL when memory is short. */
static struct vm_pager *pager_create(struct spin_lock *lock)
{
	struct vm_pager *pager = pager_alloc(lock);

	if (pager == NULL)
		return NULL;
	pager->control = ipc_port_alloc_kernel_paid(IKOT_PAGING_REQUEST, pager);
	pager->name = ipc_port_alloc_kernel_paid(IKOT_PAGING_NAME, pager);
	pager->farewell = pager_farewell_alloc();
	if (pager->control == NULL || pager->name == NULL || pager->farewell == NULL) {
		discard_new(pager);
		return NULL;
	}
	pager->ref_count = 4;		/* object, memory object, control, name */
	return pager;
}

/* The port, a right to which is the pager's now, stands for it.  Port locked; the object is held. */
static void tie(struct vm_pager *pager, struct ipc_port *port)
{
	port->kobject = pager;
	pager->port = port;
	pager->bound = true;
	pager->object->holds++;
	spin_lock(&list_lock);
	queue_insert_tail(&all_pagers, &pager->all_link);
	spin_unlock(&list_lock);
}

/*
 * Make the port stand for the pager.  KERN_INVALID_NAME: it is dead.  KERN_NAME_EXISTS: another
 * pager was bound to it meanwhile.
 */
static kern_return_t bind(struct vm_pager *pager, struct ipc_port *port)
{
	kern_return_t kr = KERN_SUCCESS;

	ipc_port_lock(port);
	if (!port->object.active) {
		kr = KERN_INVALID_NAME;
	} else if (port->kobject != NULL) {
		kr = KERN_NAME_EXISTS;
	} else {
		ipc_port_copy_send_locked(port);
		pager->device = port->receiver == ipc_space_kernel;
		if (pager->device)
			pager->state = PAGER_READY;
		tie(pager, port);
	}
	ipc_port_unlock(port);
	return kr;
}

kern_return_t vm_pager_make(struct ipc_port *port, struct spin_lock *lock,
			    struct vm_pager **pagerp)
{
	struct vm_pager *pager = pager_create(lock);
	kern_return_t kr;

	if (pager == NULL)
		return KERN_RESOURCE_SHORTAGE;
	kr = bind(pager, port);
	if (kr != KERN_SUCCESS) {
		discard_new(pager);
		return kr;
	}
	*pagerp = pager;
	return KERN_SUCCESS;
}

/* A new port that stands for the pager, its receive right in the caller's hands; or NULL. */
static struct ipc_port *object_port(struct vm_pager *pager)
{
	struct ipc_port *port = ipc_port_create();

	if (port == NULL)
		return NULL;
	ipc_port_lock(port);
	ipc_port_make_send_locked(port);
	tie(pager, port);
	ipc_port_unlock(port);
	return port;
}

bool vm_pager_create_store(struct vm_store *store, struct spin_lock *lock)
{
	struct ipc_port *manager = default_manager_right(), *port;
	struct vm_pager *pager = IP_VALID(manager) ? pager_create(lock) : NULL;

	if (pager == NULL) {
		ipc_port_release_send(manager);
		return false;
	}
	port = object_port(pager);
	if (port == NULL) {
		discard_new(pager);
		ipc_port_release_send(manager);
		return false;
	}
	pager->store = store;
	pager->state = PAGER_READY;
	store->pager = pager;
	/* If the message is lost the port dies, and the pager with it. */
	pager_send_create(pager, manager, port, STORE_SLOTS << PAGE_SHIFT);
	return true;
}

/* The pager that the port stands for, with a reference; NULL: none. */
static kern_return_t lookup(struct ipc_port *port, struct vm_pager **pagerp)
{
	kern_return_t kr = KERN_INVALID_NAME;

	*pagerp = NULL;
	ipc_port_lock(port);
	if (port->object.active &&
	    (port->receiver != ipc_space_kernel || port->kotype == IKOT_PAGER)) {
		kr = KERN_SUCCESS;
		*pagerp = port->kobject;
		if (*pagerp != NULL && (*pagerp)->store != NULL)
			kr = KERN_INVALID_ARGUMENT;	/* nobody maps a store */
		else if (*pagerp != NULL)
			vm_pager_reference(*pagerp);
	}
	ipc_port_unlock(port);
	return kr;
}

/* Hold the object of a pager that was found; false: it ended, and the port is free again. */
static bool revive(struct vm_pager *pager)
{
	spin_lock(pager->lock);
	if (pager->state != PAGER_DEAD && !pager->ending) {
		pager->object->holds++;
		uncache(pager);
		spin_unlock(pager->lock);
		return true;
	}
	while (pager->bound && (pager->ending || pager->state == PAGER_DEAD)) {
		event_will_wait(pager, false);
		spin_unlock(pager->lock);
		thread_block(NULL);
		spin_lock(pager->lock);
	}
	spin_unlock(pager->lock);
	return false;
}

/* Tell the pager of a new object, which is given up if there is no memory for that. */
static kern_return_t introduce(struct vm_pager *pager)
{
	if (pager_send_init(pager))
		return KERN_SUCCESS;
	vm_pager_shut(pager, false);
	vm_pager_unhold(pager);
	return KERN_RESOURCE_SHORTAGE;
}

kern_return_t vm_pager_get(struct ipc_port *port, struct vm_pager **pagerp)
{
	kern_return_t kr;

	do {
		struct vm_pager *pager;
		bool revived;

		kr = lookup(port, &pager);
		if (kr != KERN_SUCCESS)
			return kr;
		if (pager == NULL) {
			kr = vm_pager_make(port, NULL, pagerp);
			if (kr == KERN_SUCCESS && !(*pagerp)->device)
				kr = introduce(*pagerp);
			continue;
		}
		revived = revive(pager);
		vm_pager_release(pager);	/* held, its object has one for us */
		if (revived) {
			*pagerp = pager;
			return KERN_SUCCESS;
		}
		kr = KERN_NAME_EXISTS;
	} while (kr == KERN_NAME_EXISTS);
	return kr;
}

/* --- Ports ---------------------------------------------------------------------------------- */

uint32_t vm_pager_serial(const struct vm_pager *pager)
{
	uint32_t serial = 0;

	spin_lock(pager->lock);
	if (pager->name != NULL)
		serial = pager->name->serial;
	spin_unlock(pager->lock);
	return serial;
}

struct ipc_port *vm_pager_name(struct vm_pager *pager)
{
	struct ipc_port *name, *right = NULL;

	spin_lock(pager->lock);
	name = pager->name;
	if (name != NULL)
		ipc_port_reference(name);
	spin_unlock(pager->lock);
	if (name == NULL)
		return NULL;
	right = ipc_port_make_send(name);
	ipc_port_release(name);
	return right == IP_DEAD ? NULL : right;
}

static struct vm_pager *convert(struct ipc_port *port, enum ipc_kobject_type type)
{
	struct vm_pager *pager = NULL;

	if (!IP_VALID(port))
		return NULL;
	ipc_port_lock(port);
	if (port->object.active && port->receiver == ipc_space_kernel && port->kotype == type) {
		pager = port->kobject;
		vm_pager_reference(pager);
	}
	ipc_port_unlock(port);
	return pager;
}

struct vm_pager *convert_port_to_object(struct ipc_port *port)
{
	return convert(port, IKOT_PAGING_REQUEST);
}

struct vm_pager *convert_port_to_object_name(struct ipc_port *port)
{
	return convert(port, IKOT_PAGING_NAME);
}

void vm_pager_visit_holders(struct ipc_check *check)
{
	queue_for_each(link, &all_pagers) {
		struct vm_pager *pager = container_of(link, struct vm_pager, all_link);

		ipc_check_hold(check, pager->port, IPC_HOLDS_SEND);
		ipc_check_hold(check, pager->control, IPC_HOLDS_RECEIVE);
		ipc_check_hold(check, pager->name, IPC_HOLDS_RECEIVE);
	}
}
