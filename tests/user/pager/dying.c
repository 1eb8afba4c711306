/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pagers and tasks that die, at each point of a conversation (MO-6, MO-7).  What has nothing to do
 * with them goes on: other memory, and the same object's resident pages mapped elsewhere.
 */
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/ipc_limits.h>
#include <mach/memory_object.h>
#include <mach/notify.h>
#include <mach/porter.h>

#include "../common/messages.h"
#include "../common/pager.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

/* Where the conversation has come to. */
enum point {
	NOTHING_SAID,		/* init is in the queue */
	NOT_READY,
	ASKED,			/* data_request is in the queue */
	RECEIVED,		/* and has been received */
	LOCKED,			/* the page is there, and may not be read */
	UNLOCK_RECEIVED,
	POINTS
};

static struct object object;
static vm_offset_t base;	/* three pages, shared with children; the last is resident */

static void lead_to(enum point point, void (*touch)(void))
{
	object_new(&object);
	base = object_map(&object, 0, 3);
	EXPECT(vm_inherit(SELF, base, 3 * PAGE_SIZE, VM_INHERIT_SHARE), KERN_SUCCESS);
	if (point >= NOT_READY) {
		expect_init(&object);
		EXPECT(supply(&object, 2 * PAGE_SIZE, 3, VM_PROT_NONE, FALSE, MACH_PORT_NULL),
			KERN_SUCCESS);
	}
	if (point >= ASKED)
		object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	touch();
	sleep_for(30);
	if (point >= RECEIVED)
		expect_request(&object, 2203, 0, VM_PROT_READ);
	if (point >= LOCKED) {
		EXPECT(supply(&object, 0, 1, VM_PROT_ALL, FALSE, MACH_PORT_NULL), KERN_SUCCESS);
		sleep_for(30);
	}
	if (point >= UNLOCK_RECEIVED)
		expect_request(&object, 2204, 0, VM_PROT_READ);
}

/* All that is left, whoever has it. */
static void give_up(void)
{
	EXPECT(vm_deallocate(SELF, base, 3 * PAGE_SIZE), KERN_SUCCESS);
	while (message_receive_wait(&object.message, object.port, QUIET) == MACH_MSG_SUCCESS)
		mach_msg_destroy(&object.message.header);
	if (port_type(object.port) != 0)
		port_destroy(object.port);
	if (object.control != MACH_PORT_NULL) {
		EXPECT(port_type(object.control), MACH_PORT_TYPE_DEAD_NAME);
		port_destroy(object.control);
		port_destroy(object.name);
	}
}

/* --- clients without means -------------------------------------------------------------------- */

static void touch_base(void *unused)
{
	(void) unused;
	*(volatile unsigned char *) base;
}

/* A child that has used up what it may have in messages cannot ask: it fails, and no other. */
void test_poor_client(void)
{
	static struct toucher rich;
	mach_port_t notify = port_new(), child, thread;
	struct ipc_limits limits;

	base = object_map_new(&object, 1);
	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	EXPECT(vm_inherit(SELF, base, PAGE_SIZE, VM_INHERIT_SHARE), KERN_SUCCESS);
	EXPECT(mach_task_prepare(touch_base, NULL, &child, &thread), KERN_SUCCESS);
	EXPECT(port_request(child, MACH_NOTIFY_DEAD_NAME, 1, notify), KERN_SUCCESS);
	EXPECT(task_get_ipc_limits(tap_host_priv, child, &limits), KERN_SUCCESS);
	limits.il_memory = 0;
	EXPECT(task_set_ipc_limits(tap_host_priv, child, limits), KERN_SUCCESS);
	EXPECT(thread_resume(thread), KERN_SUCCESS);
	EXPECT(message_receive_wait(&object.message, notify, PATIENCE), MACH_MSG_SUCCESS);
	expect_quiet(&object);
	touch_start(&rich, base, FALSE, 0);
	expect_request(&object, 2203, 0, VM_PROT_READ);
	EXPECT(supply(&object, 0, 7, VM_PROT_NONE, FALSE, MACH_PORT_NULL), KERN_SUCCESS);
	EXPECT(touch_end(&rich), 7);
	port_destroy(child);
	port_destroy(thread);
	port_destroy(notify);
	object_unmap_last(&object, base, 1);
}

/* --- pagers ----------------------------------------------------------------------------------- */

static struct toucher toucher;

static void touch_first(void)
{
	touch_start(&toucher, base, FALSE, 0);
}

static void die(boolean_t by_destroy)
{
	mach_port_t port = object.port;

	if (by_destroy)
		EXPECT(memory_object_destroy(object.control, 1), KERN_SUCCESS);
	else
		port_destroy(port);
	EXPECT(touch_end(&toucher), -KERN_MEMORY_ERROR);
}

/* By the death of its port, or memory_object_destroy. */
void test_pager_dies(void)
{
	struct object healthy;
	vm_offset_t elsewhere = object_map_new(&healthy, 1);

	object_ready(&healthy, FALSE, MEMORY_OBJECT_COPY_DELAY);
	for (unsigned int i = 0; i < 2 * POINTS; i++) {
		enum point point = i / 2;
		boolean_t by_destroy = i % 2;

		if (by_destroy && point == NOTHING_SAID)
			continue;		/* its control port is not known */
		tap_about("point %u, destroy %u", point, by_destroy);
		lead_to(point, touch_first);
		die(by_destroy);
		if (point >= NOT_READY)
			EXPECT(*(volatile char *) (base + 2 * PAGE_SIZE), 3);
		touch_start(&toucher, base + PAGE_SIZE, TRUE, 1);
		EXPECT(touch_end(&toucher), -KERN_MEMORY_ERROR);
		give_up();
	}
	tap_about("%s", "");
	page_in(&healthy, elsewhere, 0, 8);
	object_unmap_last(&healthy, elsewhere, 1);
}

/* --- tasks ------------------------------------------------------------------------------------- */

static mach_port_t victim;

/* Each touches the first page in another way.  The child's ports are its own. */
static void read_it(void *argument)
{
	(void) argument;
	*(volatile char *) base;
}

static void send_it(void *argument)
{
	mach_port_t port;

	(void) argument;
	mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port);
	/* The header is absent itself. */
	mach_msg((mach_msg_header_t *) base, MACH_SEND_MSG, 100, 0, MACH_PORT_NULL, 0,
		MACH_PORT_NULL);
}

static void receive_it(void *argument)
{
	static struct message message;
	mach_port_t port;

	(void) argument;
	mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port);
	message.header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0);
	message.header.msgh_remote_port = port;
	mach_msg(&message.header, MACH_SEND_MSG, 2000, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL);
	mach_msg((mach_msg_header_t *) (base + 16), MACH_RCV_MSG, 0, 2000, port, 0,
		MACH_PORT_NULL);
}

/* A few bytes out of line are copied at once. */
static void send_memory(void *argument)
{
	static struct message message;
	mach_port_t port;

	(void) argument;
	mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port);
	message_init(&message, port, MACH_MSG_TYPE_MAKE_SEND, MACH_PORT_NULL, 0);
	message_memory(&message, MACH_MSG_TYPE_BYTE, 8, 100, (void *) (base + 50), 0);
	mach_msg(&message.header, MACH_SEND_MSG, message.header.msgh_size, 0, MACH_PORT_NULL, 0,
		MACH_PORT_NULL);
}

static void read_by_rpc(void *argument)
{
	mach_msg_type_number_t count;
	vm_offset_t data;

	(void) argument;
	vm_read(mach_task_self(), base + 1, 3, &data, &count);
}

static void (*const ways[])(void *) = { read_it, send_it, receive_it, send_memory, read_by_rpc };
static unsigned int way;

static void start_victim(void)
{
	EXPECT(mach_task_start(ways[way], NULL, &victim), KERN_SUCCESS);
	sleep_for(50);
}

static void end_victim(void)
{
	mach_port_t notify = port_new();
	struct message *message = &object.message;

	EXPECT(port_request(victim, MACH_NOTIFY_DEAD_NAME, 1, notify), KERN_SUCCESS);
	EXPECT_TRUE(queue_is_empty(notify));	/* it waits */
	EXPECT(task_terminate(victim), KERN_SUCCESS);
	EXPECT(message_receive_wait(message, notify, PATIENCE), MACH_MSG_SUCCESS);
	EXPECT(message->header.msgh_id, MACH_NOTIFY_DEAD_NAME);
	port_destroy(victim);
	port_destroy(notify);
}

/* A task that waits for a pager in any way can be ended; the answer that comes then is for others. */
void test_victim_dies(void)
{
	for (way = 0; way < COUNT_OF(ways); way++)
		for (enum point point = NOTHING_SAID; point < POINTS; point++) {
			tap_about("way %u, point %u", way, point);
			/* The kernel writes what it receives: another access. */
			if (ways[way] == receive_it && point >= RECEIVED)
				continue;
			lead_to(point, start_victim);
			end_victim();
			if (point >= NOT_READY)
				EXPECT(*(volatile char *) (base + 2 * PAGE_SIZE), 3);
			if (point == RECEIVED) {
				EXPECT(supply(&object, 0, 5, VM_PROT_NONE, FALSE,
					MACH_PORT_NULL), KERN_SUCCESS);
				sleep_for(20);
				EXPECT(*(volatile char *) base, 5);
			}
			give_up();
		}
	tap_about("%s", "");
}

/* While one waits for a silent pager its task's other memory can be used, in every way. */
void test_waiter_blocks_nobody(void)
{
	vm_offset_t other = 0, data;
	vm_size_t size;

	lead_to(RECEIVED, touch_first);
	EXPECT(vm_allocate(SELF, &other, 4 * PAGE_SIZE, TRUE), KERN_SUCCESS);
	memset((void *) other, 1, 4 * PAGE_SIZE);
	EXPECT(vm_copy(SELF, other, PAGE_SIZE, other + PAGE_SIZE), KERN_SUCCESS);
	EXPECT(vm_read(SELF, other, PAGE_SIZE, &data, &size), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, data, size), KERN_SUCCESS);
	EXPECT(vm_protect(SELF, other, PAGE_SIZE, FALSE, VM_PROT_READ), KERN_SUCCESS);
	/* Of the object itself: what needs no page of it. */
	EXPECT(vm_read(SELF, base, 2 * PAGE_SIZE, &data, &size), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, data, size), KERN_SUCCESS);
	EXPECT(vm_protect(SELF, base + PAGE_SIZE, PAGE_SIZE, FALSE, VM_PROT_READ), KERN_SUCCESS);
	EXPECT(vm_inherit(SELF, base, 3 * PAGE_SIZE, VM_INHERIT_COPY), KERN_SUCCESS);
	EXPECT(task_create(SELF, TRUE, &victim), KERN_SUCCESS);
	EXPECT(task_terminate(victim), KERN_SUCCESS);
	port_destroy(victim);
	EXPECT(*(volatile char *) (base + 2 * PAGE_SIZE), 3);
	EXPECT(vm_deallocate(SELF, other, 4 * PAGE_SIZE), KERN_SUCCESS);
	EXPECT_TRUE(touch_waits(&toucher));
	touch_kill(&toucher);
	give_up();
}
