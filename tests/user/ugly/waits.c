/* SPDX-License-Identifier: BSD-2-Clause */
/* A child waits for a pager, in the middle of each access that the kernel makes for it (MO-7). */
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/gsync.h>
#include <mach/machine/syscall_sw.h>
#include <mach/notify.h>

#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

static struct edge edge;
static struct message message;

/* --- In the child; what it gets is of no interest ---- */

static mach_port_t own_port(void)
{
	mach_port_t port = MACH_PORT_NULL;

	mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port);
	mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND);
	return port;
}

static void send_at(vm_offset_t address, mach_msg_size_t size, mach_port_t port)
{
	mach_msg_trap((mach_msg_header_t *) address, MACH_SEND_MSG | MACH_SEND_TIMEOUT, size, 0,
		MACH_PORT_NULL, 0, port);
}

static void send_header(void)
{
	send_at(edge.at - 12, 100, MACH_PORT_NULL);
}

/* As a request that goes the fast way. */
static void send_body(void)
{
	mach_msg_header_t *header = (mach_msg_header_t *) (edge.at - 28);
	mach_port_t port = own_port();

	*header = (mach_msg_header_t) {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
		.msgh_remote_port = port,
		.msgh_local_port = port,
	};
	mach_msg_trap(header, MACH_SEND_MSG | MACH_RCV_MSG, 200, 4000, port, 0, MACH_PORT_NULL);
}

static void send_item(unsigned int name, unsigned int size, uint32_t bits)
{
	mach_port_t port = own_port();

	message_init(&message, port, MACH_MSG_TYPE_MAKE_SEND, port, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message_right(&message, port, MACH_MSG_TYPE_COPY_SEND);
	message_memory(&message, name, size, 300, (void *) (edge.at - 8), bits);
	send_at((vm_offset_t) &message, message.header.msgh_size, MACH_PORT_NULL);
}

static void send_names(void)
{
	send_item(MACH_MSG_TYPE_MOVE_SEND, 32, 0);
}

static void send_names_away(void)
{
	send_item(MACH_MSG_TYPE_MOVE_SEND, 32, TYPE_DEALLOCATE);
}

static void send_bytes(void)
{
	send_item(MACH_MSG_TYPE_BYTE, 8, 0);
}

static void send_bytes_away(void)
{
	send_item(MACH_MSG_TYPE_BYTE, 8, TYPE_DEALLOCATE);
}

/* A message with rights, a receive right among them, of 2000 bytes. */
static void receive_at(vm_offset_t address, mach_msg_option_t option, mach_msg_size_t size)
{
	mach_port_t port = own_port(), other = own_port();

	message_init(&message, port, MACH_MSG_TYPE_MAKE_SEND, port, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message_right(&message, other, MACH_MSG_TYPE_MOVE_RECEIVE);
	message_memory(&message, MACH_MSG_TYPE_COPY_SEND, 32, 1, &port, 0);
	message_memory(&message, MACH_MSG_TYPE_BYTE, 8, 2000, &message, 0);
	message_type(&message, MACH_MSG_TYPE_BYTE, 8, 1900, TYPE_INLINE);
	message.header.msgh_size += 1900;
	send_at((vm_offset_t) &message, message.header.msgh_size, MACH_PORT_NULL);
	mach_msg_trap((mach_msg_header_t *) address, MACH_RCV_MSG | option, 0, size, port, 0, port);
}

static void receive(void)
{
	receive_at(edge.at - 28, 0, 4000);
}

static void receive_notify(void)
{
	receive_at(edge.at - 1000, MACH_RCV_NOTIFY, 4000);
}

static void receive_size(void)
{
	receive_at(edge.at - 4, MACH_RCV_LARGE, 0);
}

static void receive_bare(void)
{
	receive_at(edge.at - 8, 0, 24);
}

static void receive_trailer(void)
{
	receive_at(edge.at - 1992, MACH_RCV_TRAILER_TYPE(0)
		| MACH_RCV_TRAILER_ELEMENTS(MACH_RCV_TRAILER_AUDIT), 4000);
}

static void allocate(void)
{
	syscall_vm_allocate(mach_task_self(), (vm_offset_t *) (edge.at - 2), PAGE_SIZE, TRUE);
}

static void create(void)
{
	syscall_task_create(mach_task_self(), TRUE, (mach_port_t *) (edge.at - 2));
}

static void port_allocate(void)
{
	syscall_mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE,
		(mach_port_t *) (edge.at - 2));
}

static void print(void)
{
	*(char *) (edge.at - 2) = '#';
	*(char *) (edge.at - 1) = '\n';
	mach_print((char *) (edge.at - 2));
}

static void set_state(void)
{
	thread_set_self_state(i386_THREAD_STATE, (thread_state_t) (edge.at - 8),
		i386_THREAD_STATE_COUNT);
}

static void wait_for_word(void)
{
	gsync_wait(mach_task_self(), edge.at - 4, 0, 0, 0, GSYNC_QUAD | GSYNC_SHARED);
}

static void wake_word(void)
{
	gsync_wake(mach_task_self(), edge.at, 1, GSYNC_MUTATE | GSYNC_SHARED);
}

static void write_memory(void)
{
	vm_write(mach_task_self(), edge.at, (vm_offset_t) &message & -PAGE_SIZE, PAGE_SIZE);
}

/* The arguments of a trap lie across the edge. */
static void trap_arguments(void)
{
	__asm__ volatile (
		"movl	%0, %%esp\n\t"
		"movl	$-25, %%eax\n\t"
		"lcall	$7, $0\n\t"
		"ud2"
		: : "r" (edge.at - 12) : "memory");
}

static void (*const ways[])(void) = {
	send_header, send_body, send_names, send_names_away, send_bytes, send_bytes_away, receive,
	receive_notify, receive_size, receive_bare, receive_trailer, allocate, create,
	port_allocate, print, set_state, wait_for_word, wake_word, write_memory, trap_arguments,
};

static unsigned int way;

static void go(void *argument)
{
	(void) argument;
	ways[way]();
}

/* --- In the test ---- */

enum end { TERMINATED, ABORTED, PAGER_DEAD, SUPPLIED, ENDS };

static void abort_threads(mach_port_t task)
{
	thread_array_t threads;
	mach_msg_type_number_t count;

	if (task_threads(task, &threads, &count) != KERN_SUCCESS)
		return;
	for (unsigned int i = 0; i < count; i++) {
		thread_abort(threads[i]);
		mach_port_deallocate(SELF, threads[i]);
	}
	vm_deallocate(SELF, (vm_offset_t) threads, count * sizeof threads[0]);
}

static void bring_about(enum end end, mach_port_t victim)
{
	switch (end) {
	case TERMINATED:
		EXPECT(task_terminate(victim), KERN_SUCCESS);
		break;
	case ABORTED:
		abort_threads(victim);
		break;
	case PAGER_DEAD:
		edge_dies(&edge);
		break;
	default:
		EXPECT(supply(&edge.object, 0, 0, VM_PROT_NONE, FALSE, MACH_PORT_NULL),
			KERN_SUCCESS);
	}
}

/* The child ends by itself once it is out of the kernel. */
static void one(enum end end)
{
	mach_port_t notify = port_new(), victim;
	struct message *note = &edge.object.message;

	edge_new(&edge);
	EXPECT(mach_task_start(go, NULL, &victim), KERN_SUCCESS);
	EXPECT(port_request(victim, MACH_NOTIFY_DEAD_NAME, 1, notify), KERN_SUCCESS);
	EXPECT_TRUE(edge_is_asked(&edge));
	EXPECT_TRUE(queue_is_empty(notify));
	bring_about(end, victim);
	EXPECT(message_receive_wait(note, notify, PATIENCE), MACH_MSG_SUCCESS);
	if (port_type(victim) != MACH_PORT_TYPE_DEAD_NAME)
		task_terminate(victim);
	port_destroy(victim);
	port_destroy(notify);
	edge_end(&edge);
}

void test_ends_of_waits(void)
{
	for (way = 0; way < COUNT_OF(ways); way++)
		for (enum end end = TERMINATED; end < ENDS; end++) {
			tap_about("way %u, end %u", way, end);
			/* What must be there to be read is asked for again; a word stays as it is. */
			if (end == SUPPLIED && (ways[way] == wait_for_word || ways[way] == set_state))
				continue;
			one(end);
		}
	tap_about("%s", "");
}
