/* SPDX-License-Identifier: BSD-2-Clause */
#include "manager.h"

#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/mach_host.h>
#include <mach/memory_object.h>
#include <mach/vm_wire.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "pattern.h"

#define OBJECTS_MAX	24
#define OBJECT_PAGES	8192
#define WHOLE_MAX	256

struct manager_shared *manager;

static mach_port_t manager_task;

/* What is kept of a page: its first word, or all of it. */
enum kind { NOTHING, PATTERN, WHOLE };

struct stored {
	uint8_t		kind;
	uint32_t	value;		/* the word, or the place in `whole' */
};

static struct object {
	mach_port_t	port, control, name;
	struct stored	*pages;
} objects[OBJECTS_MAX];

static struct stored pages[OBJECTS_MAX][OBJECT_PAGES];
static unsigned char whole[WHOLE_MAX][PAGE_SIZE];
static boolean_t whole_used[WHOLE_MAX];
static unsigned char buffer[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static struct message message;
static mach_port_t manager_port, manager_set;

static struct object *find(mach_port_t port)
{
	unsigned int i;

	for (i = 0; i < OBJECTS_MAX; i++)
		if (objects[i].port == port)
			return &objects[i];
	return NULL;
}

/* --- Pages -------------------------------------------------------------------------------- */

static void forget(struct stored *stored)
{
	if (stored->kind == WHOLE)
		whole_used[stored->value] = FALSE;
	stored->kind = NOTHING;
}

static void keep_whole(struct stored *stored, vm_offset_t page)
{
	unsigned int i = 0;

	while (i < WHOLE_MAX && whole_used[i])
		i++;
	if (i == WHOLE_MAX) {
		manager->full++;
		return;
	}
	whole_used[i] = TRUE;
	memcpy(whole[i], (void *) page, PAGE_SIZE);
	stored->kind = WHOLE;
	stored->value = i;
}

static void keep(struct stored *stored, vm_offset_t page)
{
	forget(stored);
	if (pattern_holds(page)) {
		stored->kind = PATTERN;
		stored->value = *(uint32_t *) page;
	} else {
		keep_whole(stored, page);
	}
}

static void keep_data(struct object *object, boolean_t initialize)
{
	uint32_t *body = message.body;
	vm_offset_t offset = body[3], data = body[7], at;
	vm_size_t size = body[6];

	for (at = 0; at < size; at += PAGE_SIZE) {
		struct stored *stored = &object->pages[(offset + at) / PAGE_SIZE];

		manager->rewritten += initialize && stored->kind != NOTHING;
		keep(stored, data + at);
	}
	if (initialize)
		manager->initialized += size / PAGE_SIZE;
	else
		manager->returned += size / PAGE_SIZE;
	vm_deallocate(SELF, data, size);
	mach_port_deallocate(SELF, body[1]);
}

static void supply(struct object *object)
{
	uint32_t *body = message.body;
	struct stored *stored = &object->pages[body[3] / PAGE_SIZE];

	memset(buffer, 0, PAGE_SIZE);
	if (stored->kind == PATTERN)
		pattern_fill((vm_offset_t) buffer, stored->value);
	else if (stored->kind == WHOLE)
		memcpy(buffer, whole[stored->value], PAGE_SIZE);
	else
		manager->wrong++;
	if (memory_object_data_supply(object->control, body[3], (vm_offset_t) buffer, PAGE_SIZE,
			FALSE, VM_PROT_NONE, FALSE, MACH_PORT_NULL) != KERN_SUCCESS)
		manager->wrong++;
	manager->supplied++;
	mach_port_deallocate(SELF, body[1]);
}

/* --- Objects ------------------------------------------------------------------------------ */

static void create(void)
{
	struct object *object = find(MACH_PORT_NULL);
	uint32_t *body = message.body;

	manager->created++;
	if (object == NULL || message.header.msgh_size != 64 || body[0] != 0x10012010u ||
	    body[2] != 0x10012002u || body[3] > OBJECT_PAGES * PAGE_SIZE ||
	    body[4] != 0x10012011u || body[6] != 0x10012011u || body[9] != PAGE_SIZE) {
		manager->wrong++;
		return;
	}
	object->port = body[1];
	object->control = body[5];
	object->name = body[7];
	object->pages = pages[object - objects];
	mach_port_move_member(SELF, object->port, manager_set);
}

static void end(struct object *object)
{
	unsigned int i;

	for (i = 0; i < OBJECT_PAGES; i++)
		forget(&object->pages[i]);
	port_destroy(object->port);
	port_destroy(object->control);
	port_destroy(object->name);
	object->port = MACH_PORT_NULL;
	manager->terminated++;
}

static void serve(struct object *object)
{
	switch (message.header.msgh_id) {
	case 2251:
		keep_data(object, TRUE);
		break;
	case 2208:
		keep_data(object, FALSE);
		break;
	case 2203:
		supply(object);
		break;
	case 2201:
		end(object);
		break;
	default:
		manager->wrong++;
	}
}

static void serve_message(void *unused)
{
	struct object *object = find(message.header.msgh_local_port);

	(void) unused;
	if (message.header.msgh_local_port == manager_port)
		create();
	else if (object != NULL)
		serve(object);
	else
		manager->wrong++;
}

/* By a thread that did not exist when the message came. */
static void serve_by_another(void)
{
	mach_port_t thread;

	if (mach_thread_prepare(serve_message, NULL, &thread) != KERN_SUCCESS) {
		manager->wrong++;
		return;
	}
	if (thread_wire(tap_host_priv, thread, TRUE) != KERN_SUCCESS)
		manager->wrong++;
	thread_resume(thread);
	mach_thread_join(thread);
	manager->bred++;
}

/* The task's first thread, and its only one unless it breeds. */
static void manage(void *argument)
{
	mach_port_t port;

	(void) argument;
	manager_port = port = port_new_with_send(1);
	manager_set = port_new_set();
	mach_port_move_member(SELF, manager_port, manager_set);
	if (thread_wire(tap_host_priv, mach_thread_self(), TRUE) != KERN_SUCCESS ||
	    vm_wire_all(tap_host_priv, SELF, VM_WIRE_ALL) != KERN_SUCCESS ||
	    vm_set_default_memory_manager(tap_host_priv, &port) != KERN_SUCCESS)
		manager->wrong++;
	manager->is_ready = TRUE;
	for (;;) {
		while (manager->pauses)
			sleep_for(10);
		if (message_receive_wait(&message, manager_set, 100) != MACH_MSG_SUCCESS)
			continue;
		if (manager->breeds)
			serve_by_another();
		else
			serve_message(NULL);
	}
}

/* --- Life --------------------------------------------------------------------------------- */

void manager_start(void)
{
	mach_port_t thread;

	if (manager == NULL) {
		vm_offset_t address = 0;

		EXPECT(vm_allocate(SELF, &address, PAGE_SIZE, TRUE), KERN_SUCCESS);
		EXPECT(vm_inherit(SELF, address, PAGE_SIZE, VM_INHERIT_SHARE), KERN_SUCCESS);
		manager = (struct manager_shared *) address;
	}
	memset(manager, 0, sizeof *manager);
	EXPECT(mach_task_prepare(manage, NULL, &manager_task, &thread), KERN_SUCCESS);
	EXPECT(mach_port_insert_right(manager_task, tap_host_priv, tap_host_priv,
		MACH_MSG_TYPE_COPY_SEND), KERN_SUCCESS);
	EXPECT(thread_resume(thread), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, thread), KERN_SUCCESS);
	while (!manager->is_ready)
		sleep_for(10);
	/* What we have so far stays with us; the tests are on what comes. */
	EXPECT(vm_wire_all(tap_host_priv, SELF, VM_WIRE_CURRENT), KERN_SUCCESS);
}

void manager_die(void)
{
	EXPECT(vm_wire_all(tap_host_priv, SELF, VM_WIRE_NONE), KERN_SUCCESS);
	EXPECT(task_terminate(manager_task), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, manager_task), KERN_SUCCESS);
}

void manager_end(void)
{
	unsigned int tries;

	for (tries = 0; tries < 100 && manager->created != manager->terminated; tries++)
		sleep_for(20);
	EXPECT(manager->terminated, manager->created);
	EXPECT(manager->wrong, 0);
	EXPECT(manager->full, 0);
	EXPECT(manager->rewritten, 0);
	manager_die();
}
