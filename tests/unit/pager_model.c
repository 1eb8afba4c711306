/* SPDX-License-Identifier: BSD-2-Clause */
#include <tests/unit/pager_model.h>

#include <tests/unit/fakes.h>

#include <stdlib.h>
#include <string.h>

#include <ipc/checker.h>
#include <ipc/entry.h>
#include <ipc/kmsg.h>
#include <ipc/port.h>
#include <ipc/space.h>
#include <kern/mig_support.h>
#include <mach/mach4_server.h>
#include <mach/mach_port_server.h>
#include <mach/mach_server.h>
#include <tests/unit/fakes_wait.h>
#include <tests/unit/map_ops.h>
#include <vm/map_entry.h>
#include <vm/object_pages.h>
#include <vm/pager.h>
#include <vm/proxy.h>

struct object_model objects[OBJECTS];
bool pagers_fail;
uint32_t pager_troubles;
const struct object_model *pager_refuses;

static struct ipc_space *space;		/* of all pagers */
static uint32_t object_count;		/* that there are in this world */

/* --- Their ports ------------------------------------------------------------------------- */

static void port_create(struct object_model *o)
{
	kern_return_t kr;

	inject_pause();
	kr = mach_port_allocate(space, MACH_PORT_RIGHT_RECEIVE, &o->name);
	inject_resume();
	kernel_must(kr == KERN_SUCCESS);
	o->port = entry_port(ipc_entry_lookup(&space->table, o->name));
}

struct ipc_port *object_right(struct object_model *o)
{
	return ipc_port_make_send(o->port);
}

struct ipc_port *object_proxy(struct object_model *o, uint32_t start, uint32_t pages, int max)
{
	struct ipc_port *object = object_right(o), *proxy = NULL;
	vm_offset_t offset = 0, first = start * PAGE_BYTES;
	vm_size_t size = pages * PAGE_BYTES;

	if (memory_object_create_proxy(space, max, &object, 1, &offset, 1, &first, 1, &size, 1,
				       &proxy) == KERN_SUCCESS)
		return proxy;
	ipc_port_release_send(object);
	return NULL;
}

/* The kernel's pager for an object, with a reference; NULL: it knows none. */
static struct vm_pager *pager_of(const struct object_model *o)
{
	return o->control == NULL ? NULL : convert_port_to_object(o->control);
}

static void control_drop(struct object_model *o)
{
	if (o->control != NULL)
		ipc_port_release_send(o->control);
	o->control = NULL;
	o->said_ready = false;
	memset(o->wanted, 0, sizeof(o->wanted));
	memset(o->locked, 0, sizeof(o->locked));
}

/* All ties are cut: who maps the object keeps what was resident, and others see the store. */
static void cut(struct object_model *o)
{
	map_tell("(cut off %d)", (int)(o - objects));
	pager_troubles++;
	o->life++;
	for (uint32_t i = 0; i < OBJECT_PAGES; i++) {
		page_drop(o->page[i]);
		o->page[i] = page_new(o->store[i]);
	}
}

/* --- What is sent to them ----------------------------------------------------------------- */

enum { INIT = 2200, TERMINATE = 2201, REQUEST = 2203, UNLOCK = 2204, RETURN = 2208 };

static struct ipc_kmsg *next_message(struct object_model *o)
{
	struct queue_link *link;

	ipc_port_lock(o->port);
	link = queue_take_first(&o->port->mqueue.messages);
	o->port->msgcount -= link != NULL;
	ipc_port_unlock(o->port);
	return link == NULL ? NULL : container_of(link, struct ipc_kmsg, link);
}

static void take_init(struct object_model *o, uint32_t *words)
{
	kernel_must(o->control == NULL && words[5] == PAGE_BYTES);
	o->control = (struct ipc_port *)(uintptr_t)words[1];
	words[1] = 0;
}

static void take_return(struct object_model *o, const uint32_t *words)
{
	struct vm_map_copy *copy = (struct vm_map_copy *)(uintptr_t)words[7];
	uint32_t first = words[3] / PAGE_BYTES, pages = words[6] / PAGE_BYTES;

	kernel_must(vm_map_copy_size(copy) == words[6] && words[6] % PAGE_BYTES == 0);
	kernel_must(pages > 0 && first + pages <= OBJECT_PAGES);
	map_tell("(return %d, %u, %u)", (int)(o - objects), first, pages);
	kernel_must(vm_map_copy_read(copy, 0, o->store[first], words[6]) == KERN_SUCCESS);
}

static void take_request(struct object_model *o, const uint32_t *words, bool *which)
{
	uint32_t index = words[3] / PAGE_BYTES;

	kernel_must(o->said_ready && words[5] == PAGE_BYTES && index < OBJECT_PAGES);
	kernel_must(!which[index]);		/* nothing is asked twice */
	which[index] = true;
}

static void take(struct object_model *o, struct ipc_kmsg *kmsg)
{
	uint32_t *words = kmsg_body(kmsg);

	switch (kmsg->header.id) {
	case INIT:
		take_init(o, words);
		break;
	case RETURN:
		take_return(o, words);
		break;
	case REQUEST:
		take_request(o, words, o->wanted);
		break;
	case UNLOCK:
		take_request(o, words, o->locked);
		break;
	case TERMINATE:
		map_tell("(terminated %d)", (int)(o - objects));
		control_drop(o);
		break;
	}
	ipc_kmsg_destroy_received(kmsg);
}

/* Returns whether there was anything. */
static bool take_all(struct object_model *o)
{
	struct ipc_kmsg *kmsg;
	bool any = false;

	inject_pause();
	for (; (kmsg = next_message(o)) != NULL; any = true)
		take(o, kmsg);
	/* The last message is never lost. */
	kernel_must(o->control == NULL || o->control->object.active);
	inject_resume();
	return any;
}

/* --- What they answer ----------------------------------------------------------------------- */

static struct ipc_port *any_reply(struct object_model *o)
{
	return below(4) == 0 ? ipc_port_make_sonce(o->port) : IP_NULL;
}

/*
 * Supply pages from `first` on.  Some may be there; but a pager that has pages flushed must not
 * supply them meanwhile without being asked.
 */
static void supply(struct object_model *o, struct vm_pager *pager, uint32_t first)
{
	uint32_t pages = 1 + (map_interruption == NULL && below(4) == 0 ? below(3) : 0);
	vm_prot_t lock = below(6) == 0 ? (vm_prot_t)below(8) : VM_PROT_NONE;
	struct ipc_port *reply = any_reply(o);
	struct vm_map_copy *copy;
	bool precious = below(3) == 0;
	kern_return_t kr = KERN_RESOURCE_SHORTAGE;

	if (first + pages > OBJECT_PAGES)
		pages = OBJECT_PAGES - first;
	map_tell("(supply %d, %u, %u, lock %d, precious %d)", (int)(o - objects), first, pages,
		 lock, precious);
	copy = vm_map_copy_from_kernel(o->store[first], pages * PAGE_BYTES);
	if (copy != NULL)
		kr = memory_object_data_supply(pager, first * PAGE_BYTES, copy, pages * PAGE_BYTES,
					       lock, precious, reply,
					       MACH_MSG_TYPE_PORT_SEND_ONCE);
	if (kr == KERN_SUCCESS)
		return;
	vm_map_copy_discard(copy);
	if (IP_VALID(reply))
		ipc_port_release_sonce(reply);
}

static bool is_zero(const unsigned char *bytes)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, PAGE_BYTES - 1) == 0;
}

static void answer_request(struct object_model *o, struct vm_pager *pager, uint32_t i)
{
	o->wanted[i] = false;
	if (o == pager_refuses || (pagers_fail && below(8) == 0)) {
		pager_troubles++;
		memory_object_data_error(pager, i * PAGE_BYTES, PAGE_BYTES, KERN_FAILURE);
	} else if (is_zero(o->store[i]) && below(2) == 0) {
		memory_object_data_unavailable(pager, i * PAGE_BYTES, PAGE_BYTES);
	} else {
		supply(o, pager, i);
		if (below(8) == 0)
			supply(o, pager, i);
	}
}

/* After a completion nothing is left that was to be returned, but for what others wrote meanwhile. */
static void check_returned(struct vm_pager *pager, uint32_t first, uint32_t end, int what)
{
	spin_lock(pager->lock);
	for (uint32_t i = first; pager->object != NULL && i < end; i++) {
		struct vm_page *page = vm_object_page(pager->object, i);

		kernel_must(page == NULL || !vm_page_goes_back(page, what) ||
			    !vm_page_goes_back(page, MEMORY_OBJECT_RETURN_DIRTY));
	}
	spin_unlock(pager->lock);
}

/* memory_object_lock_request; flushed without return, what was not stored is gone. */
static void lock_request(struct object_model *o, struct vm_pager *pager, uint32_t first,
			 uint32_t pages, int what, bool flush, vm_prot_t lock)
{
	struct ipc_port *reply = any_reply(o);
	kern_return_t kr;

	map_tell("(lock_request %d, %u, %u, return %d, flush %d, %d)", (int)(o - objects), first,
		 pages, what, flush, lock);
	kr = memory_object_lock_request(pager, first * PAGE_BYTES, pages * PAGE_BYTES, what, flush,
					lock, reply, MACH_MSG_TYPE_PORT_SEND_ONCE);
	if (kr == KERN_SUCCESS && (preempted || quiet) && map_interruption == NULL)
		check_returned(pager, first, first + pages, what);
	if (kr != KERN_SUCCESS && IP_VALID(reply))
		ipc_port_release_sonce(reply);
}

/* All but CALL: copies are then other objects of the pager's (tests/user/pager). */
static int any_strategy(void)
{
	static const int strategies[] = { MEMORY_OBJECT_COPY_NONE, MEMORY_OBJECT_COPY_DELAY,
					  MEMORY_OBJECT_COPY_TEMPORARY };

	return strategies[below(3)];
}

static void say_ready(struct object_model *o, struct vm_pager *pager)
{
	bool cache = below(2) == 0;
	int strategy = any_strategy();

	map_tell("(ready %d, %d, %d)", (int)(o - objects), cache, strategy);
	memory_object_ready(pager, cache, strategy);
	o->said_ready = true;
}

static void answer(struct object_model *o, struct vm_pager *pager)
{
	uint32_t first = below(OBJECT_PAGES);

	if (!o->said_ready) {
		say_ready(o, pager);
		return;
	}
	for (uint32_t n = 0; n < OBJECT_PAGES; n++) {
		uint32_t i = (first + n) % OBJECT_PAGES;

		if (o->wanted[i]) {
			answer_request(o, pager, i);
			return;
		}
		if (o->locked[i]) {
			o->locked[i] = false;
			lock_request(o, pager, i, 1, MEMORY_OBJECT_RETURN_NONE, false, 0);
			return;
		}
	}
}

static bool owes(const struct object_model *o)
{
	bool any = o->control != NULL && !o->said_ready;

	for (uint32_t i = 0; i < OBJECT_PAGES; i++)
		any |= o->wanted[i] || o->locked[i];
	return any;
}

/* Do something with the kernel's pager, if there is one, and take what that brings. */
static void with_pager(struct object_model *o,
		       void (*act)(struct object_model *o, struct vm_pager *pager))
{
	struct vm_pager *pager;

	take_all(o);
	pager = pager_of(o);
	if (pager == NULL)
		return;
	act(o, pager);
	vm_pager_release(pager);
}

bool pagers_answer(void)
{
	bool any = false;

	for (uint32_t i = 0; i < object_count; i++) {
		any |= take_all(&objects[i]);
		if (!owes(&objects[i]))
			continue;
		any = true;
		with_pager(&objects[i], answer);
	}
	return any;
}

/* --- What they do of their own accord ----------------------------------------------------- */

static bool lossy_now;

static bool is_resident(const struct vm_pager *pager, uint32_t index)
{
	bool resident = false;

	if (pager == NULL)
		return false;
	spin_lock(pager->lock);
	resident = pager->object != NULL && vm_object_page(pager->object, index) != NULL;
	spin_unlock(pager->lock);
	return resident;
}

/* Who was not asked to store what is dropped has dropped it himself. */
static void flush_lossy(struct object_model *o, struct vm_pager *pager)
{
	uint32_t first = below(OBJECT_PAGES), pages = 1 + below(OBJECT_PAGES - first);

	lock_request(o, pager, first, pages, MEMORY_OBJECT_RETURN_NONE, true, 8);
	take_all(o);
	for (uint32_t i = first; i < first + pages; i++)
		if (!is_resident(pager, i))
			memcpy(o->page[i]->bytes, o->store[i], PAGE_BYTES);
}

static void volunteer(struct object_model *o, struct vm_pager *pager)
{
	uint32_t first = below(OBJECT_PAGES);
	vm_prot_t lock = below(2) ? 8 : (vm_prot_t)below(8);
	int what = below(2) ? MEMORY_OBJECT_RETURN_ALL : MEMORY_OBJECT_RETURN_DIRTY;

	switch (below(pagers_fail ? 9 : 6)) {
	case 0:
		supply(o, pager, first);
		break;
	case 1:
	case 2:
		lock_request(o, pager, first, 1 + below(OBJECT_PAGES - first), what, below(2),
			     lock);
		break;
	case 3:
		if (lossy_now)
			flush_lossy(o, pager);
		break;
	case 4:
		memory_object_change_attributes(pager, below(2) == 0, any_strategy(), IP_NULL, 0);
		o->said_ready = true;
		break;
	case 5:
		memory_object_data_unavailable(pager, first * PAGE_BYTES, 0);
		break;
	case 6:
		pager_troubles++;
		memory_object_data_error(pager, first * PAGE_BYTES, 3 * PAGE_BYTES, KERN_FAILURE);
		for (uint32_t i = first; i < OBJECT_PAGES && i < first + 3; i++)
			o->wanted[i] = o->locked[i] = false;
		break;
	case 7:
		if (lossy_now && memory_object_destroy(pager, KERN_FAILURE) == KERN_SUCCESS) {
			take_all(o);
			cut(o);
		}
		break;
	case 8:
		break;
	}
}

static void die(struct object_model *o)
{
	take_all(o);
	kernel_must(mach_port_destroy(space, o->name) == KERN_SUCCESS);
	control_drop(o);
	cut(o);
	port_create(o);
}

static enum pager_deed deed_now;

static void do_deed(struct object_model *o, struct vm_pager *pager)
{
	switch (deed_now) {
	case PAGER_SUPPLIES:
		for (uint32_t i = 0; i < OBJECT_PAGES; i++)
			supply(o, pager, i);
		break;
	case PAGER_CLEANS:
	case PAGER_FLUSHES:
		lock_request(o, pager, 0, OBJECT_PAGES, MEMORY_OBJECT_RETURN_ALL,
			     deed_now == PAGER_FLUSHES, 8);
		break;
	case PAGER_FORBIDS:
	case PAGER_ALLOWS:
		lock_request(o, pager, 0, OBJECT_PAGES, MEMORY_OBJECT_RETURN_NONE, false,
			     deed_now == PAGER_FORBIDS ? VM_PROT_WRITE : VM_PROT_NONE);
		break;
	case PAGER_CHANGES:
		memory_object_change_attributes(pager, true, MEMORY_OBJECT_COPY_DELAY,
						ipc_port_make_sonce(o->port),
						MACH_MSG_TYPE_PORT_SEND_ONCE);
		o->said_ready = true;
		break;
	case PAGER_FAILS:
		pager_troubles++;
		memory_object_data_error(pager, 0, OBJECT_PAGES * PAGE_BYTES, KERN_FAILURE);
		memset(o->wanted, 0, sizeof(o->wanted));
		memset(o->locked, 0, sizeof(o->locked));
		break;
	case PAGER_DESTROYS:
		if (memory_object_destroy(pager, KERN_FAILURE) == KERN_SUCCESS) {
			take_all(o);
			cut(o);
		}
		break;
	default:
		break;
	}
}

void pager_does(struct object_model *o, enum pager_deed deed)
{
	deed_now = deed;
	if (deed == PAGER_DIES)
		die(o);
	else
		with_pager(o, do_deed);
}

void pager_volunteer(struct object_model *o, bool lossy)
{
	lossy_now = lossy;
	if (pagers_fail && lossy && below(30) == 0)
		die(o);
	else
		with_pager(o, volunteer);
}

void pager_act(struct object_model *o)
{
	take_all(o);
	if (owes(o))
		with_pager(o, answer);
}

/* --- Comparing ------------------------------------------------------------------------------ */

static void check_object(struct object_model *o)
{
	struct vm_pager *pager = pager_of(o);
	struct vm_object *object = pager == NULL ? NULL : pager->object;
	unsigned char bytes[PAGE_BYTES];

	for (uint32_t i = 0; i < OBJECT_PAGES; i++) {
		struct vm_page *page = NULL;

		if (object != NULL) {
			spin_lock(object->lock);
			page = vm_object_page(object, i);
			spin_unlock(object->lock);
		}
		if (page != NULL)
			vm_page_read(page, 0, bytes, PAGE_BYTES);
		kernel_must(memcmp(page != NULL ? bytes : o->store[i], o->page[i]->bytes,
				   PAGE_BYTES) == 0);
	}
	if (pager != NULL)
		vm_pager_release(pager);
}

void pagers_check(void)
{
	for (uint32_t i = 0; i < object_count; i++) {
		take_all(&objects[i]);
		check_object(&objects[i]);
	}
}

uint32_t pagers_mark(uint32_t (*mark)(const struct vm_page *page))
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < object_count; i++) {
		struct vm_pager *pager = pager_of(&objects[i]);

		if (pager == NULL)
			continue;
		queue_for_each(link, &pager->object->pages)
			count += mark(container_of(link, struct vm_page, link));
		vm_pager_release(pager);
	}
	return count;
}

bool pager_absent(const struct vm_map_entry *entry, vm_offset_t va, struct object_model **op,
		  uint32_t *index)
{
	struct vm_pager *pager = NULL;
	bool resident = true;

	if (entry->object != NULL) {
		spin_lock(entry->object->lock);
		resident = vm_object_view(entry->object, vm_entry_index(entry, va)) != NULL;
		pager = vm_object_pager(entry->object);
		spin_unlock(entry->object->lock);
	}
	if (resident || pager == NULL)
		return false;
	*op = NULL;
	*index = vm_entry_index(entry, va);
	for (uint32_t i = 0; i < object_count; i++) {
		struct vm_pager *p = pager_of(&objects[i]);

		if (p != NULL)
			vm_pager_release(p);
		if (p == pager)
			*op = &objects[i];
	}
	kernel_must(*op != NULL || pager_troubles > 0);
	return true;
}

void pagers_settle(void)
{
	vm_pager_end_idle();
	for (uint32_t n = 0; n < object_count; n++)
		take_all(&objects[n]);
}

/* --- Beginning and end ----------------------------------------------------------------------- */

void pagers_start(bool any)
{
	kern_return_t kr;

	pager_troubles = 0;
	object_count = any ? OBJECTS : 0;
	if (!any)
		return;
	inject_pause();
	kr = ipc_space_create(&space);
	inject_resume();
	kernel_must(kr == KERN_SUCCESS);
	for (uint32_t n = 0; n < object_count; n++) {
		struct object_model *o = &objects[n];

		*o = (struct object_model){ .control = NULL };
		port_create(o);
		for (uint32_t i = 0; i < OBJECT_PAGES; i++) {
			if (i % 3 != 0)
				memset(o->store[i], (int)(0x10 * n + i), PAGE_BYTES);
			o->page[i] = page_new(o->store[i]);
		}
	}
}

/* No map is there any more: what the kernel has kept, it must give back. */
void pagers_end(void)
{
	for (uint32_t n = 0; n < object_count; n++) {
		struct object_model *o = &objects[n];
		struct vm_pager *pager;

		take_all(o);
		pager = pager_of(o);
		if (pager != NULL) {		/* it is cached */
			memory_object_change_attributes(pager, false, MEMORY_OBJECT_COPY_NONE,
							IP_NULL, 0);
			vm_pager_release(pager);
		}
		take_all(o);
		kernel_must(o->control == NULL);
		check_object(o);
		for (uint32_t i = 0; i < OBJECT_PAGES; i++)
			page_drop(o->page[i]);
		kernel_must(mach_port_destroy(space, o->name) == KERN_SUCCESS);
	}
	if (object_count == 0)
		return;
	object_count = 0;
	ipc_space_destroy(space);
	ipc_space_release(space);
	kernel_must(ipc_check_all() == 0);
	kernel_must(vm_pager_count() == 0 && vm_proxy_count() == 0);
}

void (*fake_ipc_holders)(struct ipc_check *check);	/* nobody else */

/* The checker finds the controls that we have; pagers and proxies tell the rest. */
void kernel_visit_holders(struct ipc_check *check)
{
	vm_pager_visit_holders(check);
	vm_proxy_visit_holders(check);
	for (uint32_t i = 0; i < object_count; i++)
		if (objects[i].control != NULL)
			ipc_check_hold(check, objects[i].control, IPC_HOLDS_SEND);
}
