/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A message is received over the edge.  Its names are there already, and its first part, when the
 * kernel waits for the pager; what lies out of line is the user's to change before the pager dies
 * and all is to be taken back (CI-16).
 */
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>

#include "../common/ports.h"
#include "../common/subject.h"
#include "../common/tap.h"
#include "tests.h"

#define NAMES	64

static struct edge edge;
static mach_port_t port;	/* received from */
static mach_port_t thread;
static volatile mach_msg_return_t result;
static mach_port_t sent[NAMES];

static mach_msg_header_t *buffer(void)
{
	return (mach_msg_header_t *) (edge.at - 64);
}

static void receive(void *argument)
{
	(void) argument;
	result = mach_msg_trap(buffer(), MACH_RCV_MSG, 0, 4000, port, 0, MACH_PORT_NULL);
}

/* Where the array of names came to lie in our memory. */
static mach_port_t *array(void)
{
	return *(mach_port_t **) ((char *) buffer() + 36);
}

/* An array of receive or send rights is received, but for the end of the message. */
static void begin(unsigned int disposition)
{
	static struct message message;

	port = port_new();
	for (unsigned int i = 0; i < NAMES; i++)
		sent[i] = port_new_with_send(disposition == MACH_MSG_TYPE_COPY_SEND);
	edge_new(&edge);
	message_init(&message, port, MACH_MSG_TYPE_MAKE_SEND, MACH_PORT_NULL, 0);
	message_memory(&message, disposition, 32, NAMES, sent, 0);
	message_type(&message, MACH_MSG_TYPE_BYTE, 8, 400, TYPE_INLINE);
	message.header.msgh_size += 400;
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	result = -1;
	EXPECT(mach_thread_start(receive, NULL, &thread), KERN_SUCCESS);
	EXPECT_TRUE(edge_is_asked(&edge));
	EXPECT(result, -1);
	EXPECT_TRUE(array() != NULL);
}

static void end(void)
{
	mach_thread_join(thread);
	EXPECT(result, MACH_RCV_INVALID_DATA);
	edge_end(&edge);
	for (unsigned int i = 0; i < NAMES; i++)
		if (port_type(sent[i]) != 0)
			port_destroy(sent[i]);
	port_destroy(port);
	check_rights();
}

static const unsigned int dispositions[] = { MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MOVE_RECEIVE };

/* Only what the names stand for in our own space can go, and nothing of which there is none. */
void test_forged_names(void)
{
	for (unsigned int i = 0; i < COUNT_OF(dispositions); i++) {
		struct subject subject[KIND_COUNT];
		mach_port_t got[NAMES];

		tap_about("disposition %u", dispositions[i]);
		begin(dispositions[i]);
		memcpy(got, array(), sizeof got);
		for (enum kind kind = KIND_NONE; kind < KIND_COUNT; kind++) {
			subject[kind] = subject_make(kind);
			array()[kind] = array()[KIND_COUNT + kind] = subject[kind].name;
		}
		edge_dies(&edge);
		end();
		EXPECT(port_type(subject[KIND_SET].name), MACH_PORT_TYPE_PORT_SET);
		for (enum kind kind = KIND_NONE; kind < KIND_COUNT; kind++)
			subject_destroy(&subject[kind]);
		for (unsigned int k = 0; k < NAMES; k++)
			if (port_type(got[k]) != 0)
				port_destroy(got[k]);
	}
	tap_about("%s", "");
}

enum how { ARRAY_DIES, ARRAY_ABORTED, ARRAY_UNMAPPED, HOWS };

/* The way back meets a pager, too, which dies as well, or is not waited for. */
void test_array_replaced(void)
{
	for (enum how how = ARRAY_DIES; how < HOWS; how++) {
		struct object second = { 0 };
		vm_offset_t place;
		mach_port_t got[NAMES];

		tap_about("how %u", how);
		begin(MACH_MSG_TYPE_COPY_SEND);
		place = (vm_offset_t) array();
		memcpy(got, array(), sizeof got);
		EXPECT(vm_deallocate(SELF, place, PAGE_SIZE), KERN_SUCCESS);
		object_new(&second);
		EXPECT(vm_map(SELF, &place, PAGE_SIZE, 0, FALSE, second.port, 0, FALSE,
			VM_PROT_DEFAULT, VM_PROT_ALL, VM_INHERIT_SHARE), KERN_SUCCESS);
		expect_init(&second);
		object_ready(&second, FALSE, MEMORY_OBJECT_COPY_DELAY);
		edge_dies(&edge);
		expect_request(&second, 2203, 0, VM_PROT_READ);
		if (how == ARRAY_DIES)
			port_destroy(second.port);
		else if (how == ARRAY_ABORTED)
			for (unsigned int k = 0; k < NAMES; k++) {
				EXPECT(thread_abort(thread), KERN_SUCCESS);
				sleep_for(2);
				if (result != -1)
					break;
			}
		else
			EXPECT(vm_deallocate(SELF, place, PAGE_SIZE), KERN_SUCCESS);
		sleep_for(20);
		end();
		vm_deallocate(SELF, place, PAGE_SIZE);
		if (how != ARRAY_DIES)
			while (message_receive_wait(&second.message, second.port, QUIET) ==
					MACH_MSG_SUCCESS)
				mach_msg_destroy(&second.message.header);
		if (port_type(second.port) != 0)
			port_destroy(second.port);
		port_destroy(second.control);
		port_destroy(second.name);
		for (unsigned int k = 0; k < NAMES; k++)
			if (port_type(got[k]) != 0)
				port_destroy(got[k]);
		check_rights();
	}
	tap_about("%s", "");
}
