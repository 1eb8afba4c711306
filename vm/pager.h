/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * External memory objects: pagers, and what the kernel keeps of each.
 *
 * A memory object is a port.  When it is mapped for the first time the kernel makes a vm_object for
 * it, the root of a family (vm/object.h) whose pages are numbered as the object's offsets are, and
 * a struct vm_pager, which ties the two together:
 *
 *	port --kobject--> vm_pager <--pager-- vm_object (root)
 *	control, name --kobject--> vm_pager
 *
 * A page that is found nowhere in such a family is not zero: it has to be asked for.  Nobody waits
 * for a pager with a lock or a map's mutex held.  Where an operation finds a page absent it calls
 * vm_pager_need, which notes a request and returns VM_ASK_PAGER; that goes up as the operation's
 * result, everything that was begun is undone, and where nothing is locked any more
 * vm_pager_again waits and says whether all is to be done once more.
 *
 * Life.  The object lives while entries or snapshots need it.  When it is idle it is put on a list
 * (vm_pager_idle), and who has released the locks ends it (vm_pager_end_idle): its dirty and
 * precious pages go back to the pager, which gets memory_object_terminate; or it stays, cached.
 * Meanwhile nobody finds it.  When the port dies, or the pager destroys the object, all ties
 * are cut at once; resident pages stay as long as they are mapped.
 *
 * References: one each for the object, for the kobject of the three ports, for a request, and for
 * whoever has looked one up.
 */
#ifndef VM_PAGER_H
#define VM_PAGER_H

#include <mach/memory_object.h>
#include <mach/vm_prot.h>
#include <vm/object_away.h>
#include <vm/pageout.h>

struct ipc_check;
struct ipc_kmsg;
struct ipc_port;
struct page_request;
struct vm_map;
struct vm_map_copy;

/* The operation has found an absent page: the thread's page_request says which.  Never a user's. */
#define VM_ASK_PAGER (-4242)

enum vm_pager_state {
	PAGER_NEW,			/* has not said memory_object_ready */
	PAGER_READY,
	PAGER_DEAD,			/* destroyed, or ended, or its port has died */
};

struct vm_pager {
	uint32_t ref_count;		/* atomic */
	struct spin_lock *lock;		/* its object's; constant; guards what follows */
	struct vm_object *object;	/* NULL when it has ended */
	struct vm_store *store;		/* the default manager's object (vm/store.h), or NULL */
	uint8_t state;			/* enum vm_pager_state */
	bool ending;			/* is being ended, and must not be found */
	bool bound;			/* its port's kobject points here */
	bool may_cache;
	bool device;			/* the kernel's own (vm/device_memory.h): no messages */
	memory_object_copy_strategy_t strategy;
	struct ipc_port *port;		/* the memory object: a send right; NULL when dead */
	struct ipc_port *control;	/* the kernel's ports for it; NULL when dead */
	struct ipc_port *name;
	struct ipc_kmsg *farewell;	/* memory_object_terminate, to be sent */
	struct rb_tree requests;	/* struct page_request, not finished */
	uint32_t request_count;
	uint32_t owed_count;		/* of these, for which nobody waits */
	struct queue_link idle_link;	/* in the idle or the cached list; their lock */
	bool idle, cached;		/* which */
	struct queue_link all_link;	/* in the list of all, for the checker */
};

void vm_pager_init(void);
void vm_pager_request_init(void);

/* How many there are, for tests. */
uint32_t vm_pager_count(void);

void vm_pager_reference(struct vm_pager *pager);
void vm_pager_release(struct vm_pager *pager);	/* any locks but slab's and later */

/* --- Absent pages; a family's lock is held ------------------------------------------------- */

/* What the current thread must wait for: a page, that access to one is allowed, the first ready. */
enum page_request_kind { REQUEST_PAGE, REQUEST_UNLOCK, REQUEST_READY };

/*
 * Note that the current thread needs something of a pager.
 *
 * Returns:  VM_ASK_PAGER; KERN_MEMORY_ERROR: the pager is dead; KERN_RESOURCE_SHORTAGE.
 */
kern_return_t vm_pager_ask(struct vm_pager *pager, enum page_request_kind kind, uint32_t index,
			   vm_prot_t access);

/* The same for a page that is out. */
kern_return_t vm_pager_ask_away(struct vm_away *away, vm_prot_t access);

/* A page that was asked for is not needed any more; its request ends when the manager answers. */
void vm_pager_unneeded(struct page_request *request);

/* Has a store's page been asked for?  Sets *awayp, whose object may be NULL. */
bool vm_pager_awaited(const struct vm_pager *pager, uint32_t slot, struct vm_away **awayp);

/* The pager of an object's family, or NULL. */
static inline struct vm_pager *vm_object_pager(const struct vm_object *object)
{
	while (object->shadow != NULL)
		object = object->shadow;
	return object->pager;
}

/* Can a page that nobody finds in the family be anything but zeros? */
static inline bool vm_object_may_lack(const struct vm_object *object)
{
	while (object->shadow != NULL)
		object = object->shadow;
	return object->pager != NULL || object->stores != NULL;
}

/* vm_object_view has found no page.  KERN_SUCCESS: then it is zero; else as vm_pager_ask. */
static inline kern_return_t vm_pager_need(const struct vm_object *object, uint32_t index,
					  vm_prot_t access)
{
	for (;; object = object->shadow) {
		struct vm_away *away = vm_object_away(object, index);

		if (__builtin_expect(away != NULL, 0))
			return vm_pager_ask_away(away, access);
		if (object->shadow == NULL)
			break;
	}
	if (object->pager == NULL)
		return KERN_SUCCESS;
	return vm_pager_ask(object->pager, REQUEST_PAGE, index, access);
}

/* A resident page is to be accessed.  KERN_SUCCESS, unless its pager has forbidden it for now. */
static inline kern_return_t vm_pager_allows(const struct vm_page *page, vm_prot_t access)
{
	if (__builtin_expect((page->paging & access) == 0, 1))
		return KERN_SUCCESS;
	return vm_pager_ask(vm_object_pager(page->object), REQUEST_UNLOCK, page->offset, access);
}

/* Something stands in the way of a snapshot of an object with a pager: it is not ready yet. */
static inline kern_return_t vm_pager_need_ready(const struct vm_object *object)
{
	struct vm_pager *pager = object->pager;

	if (pager == NULL || pager->state != PAGER_NEW)
		return KERN_SUCCESS;
	return vm_pager_ask(pager, REQUEST_READY, 0, VM_PROT_NONE);
}

/*
 * Are copies of the object's memory made at once?  When the pager is dead they are not: what is
 * absent could not be copied, and concerns only who touches it.
 */
static inline bool vm_pager_copies_now(const struct vm_object *object)
{
	const struct vm_pager *pager = object->pager;

	return pager != NULL && pager->strategy == MEMORY_OBJECT_COPY_NONE &&
	       pager->state != PAGER_DEAD;
}

/* Is the pager told of copies (vm_pager_copy)?  Read unlocked: it may change at any time. */
static inline bool vm_pager_is_called(const struct vm_pager *pager)
{
	return pager->strategy == MEMORY_OBJECT_COPY_CALL && pager->state == PAGER_READY;
}

/* The object has no entries and no snapshots: it may end, once nothing is locked. */
void vm_pager_idle(struct vm_pager *pager);

/*
 * All requests of a kind for pages of [first, end) are finished.  For those who wait the result
 * means: KERN_SUCCESS: look again; else it is their error.  Where these are many the lock is given up
 * on the way.  The pager is referred to.
 */
void vm_pager_finish_range(struct vm_pager *pager, enum page_request_kind kind, uint32_t first,
			   uint32_t end, kern_return_t result);

/* Is there a request for a page of [first, end)?  Sets *index. */
bool vm_pager_next(const struct vm_pager *pager, enum page_request_kind kind, uint32_t first,
		   uint32_t end, uint32_t *index);

/* Let all who wait look again: the pager is ready, and can be asked.  As vm_pager_finish_range. */
void vm_pager_wake(struct vm_pager *pager);

/* --- Waiting; nothing is locked --------------------------------------------------------- */

#define VM_PAGER_TRIES 32

/* What vm_pager_again does for VM_ASK_PAGER: asks the pager if nobody has, and waits. */
kern_return_t vm_pager_wait(void);

/*
 * At the end of a try: has it found a page absent, or no memory?  Then wait for the pager, or for
 * page-out.
 *
 * Locks:    none, no mutex either.
 * Blocks:   interruptibly, until the pager has answered.
 * Returns:  true: try again.  false: *kr is the operation's result; KERN_ABORTED when the wait
 *           was interrupted, KERN_MEMORY_ERROR when the pager has failed.
 */
static inline bool vm_pager_again(kern_return_t *kr)
{
	if (__builtin_expect(*kr != VM_ASK_PAGER && *kr != KERN_RESOURCE_SHORTAGE, 1))
		return false;
	*kr = *kr == VM_ASK_PAGER ? vm_pager_wait() : vm_pageout_wait();
	return *kr == KERN_SUCCESS;
}

/*
 * The same for an operation that undoes much and then does all of it again: it is not tried for ever
 * where memory is never enough for all of it at a time.  *tries is 0 at first.
 */
static inline bool vm_pager_again_large(kern_return_t *kr, uint32_t *tries)
{
	if (*kr == KERN_RESOURCE_SHORTAGE && ++*tries > VM_PAGER_TRIES)
		return false;
	return vm_pager_again(kr);
}

/* The operation gives up instead: forget what the thread would have waited for. */
void vm_pager_forget(void);

/* End the idle objects, if there are any.  Mutexes may be held. */
extern uint32_t vm_pagers_idle;
void vm_pager_end_idle_now(void);

static inline void vm_pager_end_idle(void)
{
	if (__builtin_expect(vm_pagers_idle != 0, 0))
		vm_pager_end_idle_now();
}

/* --- Life; nothing is locked ---------------------------------------------------------------- */

/*
 * Find or make the pager of a memory object.  Borrows the port, a send right of the caller's.
 *
 * Owns:     returns the pager with its object held: vm_pager_unhold must follow.
 * Returns:  KERN_SUCCESS; KERN_INVALID_NAME: the port is dead; KERN_RESOURCE_SHORTAGE.
 */
kern_return_t vm_pager_get(struct ipc_port *port, struct vm_pager **pagerp);

/*
 * Make the pager of a port that has none, its object with this family lock (NULL: any).  Borrows the
 * port; there is a send right.  memory_object_init is to be sent by the caller.
 *
 * Owns:     as vm_pager_get.
 * Returns:  KERN_SUCCESS; KERN_INVALID_NAME; KERN_NAME_EXISTS: it has got one meanwhile;
 *           KERN_RESOURCE_SHORTAGE.
 */
kern_return_t vm_pager_make(struct ipc_port *port, struct spin_lock *lock,
			    struct vm_pager **pagerp);

/* An object for pages, with this family lock, whose pager is dead; NULL: memory is short. */
struct vm_object *vm_pager_create_dead(struct spin_lock *lock);

/*
 * Make a memory object of the default manager's for a store, whose family has this lock.  Returns
 * false when there is no manager, or memory is short.
 */
bool vm_pager_create_store(struct vm_store *store, struct spin_lock *lock);

/* Keep the object of a pager alive for an operation; false when it is dead or ending. */
bool vm_pager_hold(struct vm_pager *pager);
void vm_pager_unhold(struct vm_pager *pager);

/* May the object end now, because of something that its pager has changed? */
void vm_pager_look(struct vm_pager *pager);

/* Cut all ties; with `tell` the pager gets memory_object_terminate. */
void vm_pager_shut(struct vm_pager *pager, bool tell);

/* A number by which users may know the object; 0 when it is dead. */
uint32_t vm_pager_serial(const struct vm_pager *pager);

/* A send right to the object's name port, or NULL. */
struct ipc_port *vm_pager_name(struct vm_pager *pager);

enum vm_return_mode {
	RETURN_COPIES,			/* the pages stay in the object, clean */
	RETURN_FLUSH,
	RETURN_AT_END,			/* the same, and nobody pays */
	RETURN_PAGE_OUT,		/* the same, and a snapshot does not get a page for it */
};

/*
 * Give pages of [first, end) back to the pager: the dirty ones, with RETURN_ALL the precious ones.
 * The object is held.  The current task pays if nothing else is said.
 *
 * Blocks:   interruptibly, for page-out, if the current task pays.
 * Returns:  KERN_SUCCESS: all have gone; KERN_RESOURCE_SHORTAGE: some have, and memory is short, or the
 *           task has no room for more; KERN_MEMORY_ERROR: the pager is dead; KERN_ABORTED.
 */
kern_return_t vm_pager_return(struct vm_pager *pager, uint32_t first, uint32_t end,
			      memory_object_return_t which, enum vm_return_mode mode);

/*
 * Return a page because memory is short, and its neighbours if they are inactive too.  The object
 * is locked, and the lock is given up on the way.  Returns the number of pages that are gone; 0 also
 * when the pager has not received what it was sent before.
 */
uint32_t vm_pager_page_out(struct vm_pager *pager, uint32_t index);

/*
 * The body of vm_entry_snapshot for an object whose pager wants to be told of copies: the copy becomes
 * a new memory object, which the pager gets by memory_object_copy.  It starts with the
 * pages that are resident; who needs others asks the new object's pager.
 *
 * Locks:    the entry's map; no spin lock.
 * Returns:  as vm_entry_snapshot.
 */
kern_return_t vm_pager_copy(struct vm_map_entry *entry, vm_offset_t start,
			    struct vm_map_entry *copy, struct pmap *pmap);

/* Does a page go back to its pager, as one that is dirty or (RETURN_ALL) precious?  Pager locked. */
bool vm_page_goes_back(struct vm_page *page, memory_object_return_t which);

/*
 * A page of a pager's object is to go, which its snapshot may see: then that gets a copy.  But what the
 * pager has forbidden to read, if it has it `stored`, the snapshot asks for when it needs it.  Pager
 * locked.  False: memory is short.
 */
bool vm_page_save(struct vm_page *page, bool stored);

/*
 * Give the dirty and precious pages back that lie in a range of offsets, and with `flush` keep
 * none, but for what is wired, and what is written meanwhile.  The object is held.
 *
 * Locks:    none.
 * Blocks:   interruptibly, for page-out.
 * Returns:  as vm_pager_return; KERN_ABORTED.
 */
kern_return_t vm_pager_clean(struct vm_pager *pager, vm_offset_t offset, vm_size_t size,
			     bool flush);

void vm_pager_visit_holders(struct ipc_check *check);

#endif /* VM_PAGER_H */
