/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of ipc/ between tasks made for the purpose; messages are built without user memory. */
#include "ktest.h"

#include <ipc/kmsg.h>
#include <ipc/mqueue.h>
#include <ipc/print.h>
#include <ipc/right.h>
#include <ipc/space_lookup.h>
#include <kern/sched.h>
#include <kern/slab.h>
#include <kern/string.h>
#include <kern/task.h>
#include <mach/mach_port_server.h>
#include <mach/notify.h>
#include <vm/kmem.h>

static struct task *new_task(void)
{
	struct task *task = NULL;

	CHECK(task_create_internal(kernel_task, false, &task) == KERN_SUCCESS);
	return task;
}

static void end_task(struct task *task)
{
	CHECK(task_terminate(task) == KERN_SUCCESS);
	task_release(task);
}

static mach_port_name_t new_port(struct task *task)
{
	mach_port_name_t name = 0;

	CHECK(mach_port_allocate(task->space, MACH_PORT_RIGHT_RECEIVE, &name) == KERN_SUCCESS);
	return name;
}

/* Copy a right from one task's name into another task, under a name of the kernel's choice. */
static mach_port_name_t give(struct task *from, mach_port_name_t name, uint32_t disposition,
			     struct task *to)
{
	mach_msg_type_name_t type = 0;
	struct ipc_port *right = IP_NULL;
	mach_port_name_t there = 0;
	struct ipc_debris debris;

	CHECK(mach_port_extract_right(from->space, name, disposition, &right, &type) ==
	      KERN_SUCCESS);
	ipc_debris_init(&debris);
	ipc_space_lock(to->space);
	CHECK(ipc_right_copyout(to->space, right, type, &there, &debris) == KERN_SUCCESS);
	ipc_space_unlock(to->space);
	ipc_debris_release(&debris);
	return there;
}

/* Send a message with one port in its body (name 0: a simple message). */
static mach_msg_return_t send_from(struct task *task, mach_msg_bits_t bits,
				   mach_port_name_t remote, mach_port_name_t local,
				   mach_port_name_t right, uint32_t disposition)
{
	uint32_t size = sizeof(mach_msg_header_t) + (right != 0 ? 8 : 0);
	struct ipc_kmsg *kmsg = ipc_kmsg_alloc(size);
	struct thread *receiver = NULL;
	mach_msg_return_t mr;

	kmsg->user = (mach_msg_header_t){
		.msgh_bits = bits | (right != 0 ? MACH_MSGH_BITS_COMPLEX : 0),
		.msgh_size = size,
		.msgh_remote_port = remote,
		.msgh_local_port = local,
		.msgh_id = 1234,
	};
	if (right != 0) {
		uint32_t *body = kmsg_body(kmsg);

		body[0] = 0x10012000 | disposition;
		body[1] = right;
	}
	mr = ipc_kmsg_copyin(kmsg, task->space, task->map, MACH_MSG_OPTION_NONE, 0);
	if (mr != MACH_MSG_SUCCESS) {
		ipc_kmsg_free(kmsg);
		return mr;
	}
	mr = ipc_mqueue_send(kmsg, MACH_SEND_TIMEOUT, 0, NULL, &receiver);
	if (mr != MACH_MSG_SUCCESS)
		ipc_kmsg_destroy(kmsg);
	if (receiver != NULL)
		thread_make_runnable(receiver);
	return mr;
}

/* Receive without waiting; the message comes back in user form. */
static struct ipc_kmsg *receive_in(struct task *task, mach_port_name_t name)
{
	struct thread *self = current_thread();
	struct task *own = self->task;
	struct ipc_kmsg *kmsg = NULL;
	struct ipc_entry *entry;
	mach_msg_return_t mr;

	ipc_space_lock(task->space);
	entry = ipc_right_lookup(task->space, name);
	self->ipc.object = entry->object;
	ipc_space_unlock(task->space);
	self->ipc.option = MACH_RCV_TIMEOUT;
	self->ipc.timeout = 0;
	self->ipc.rcv_size = ~0u;
	self->task = task;	/* whose port it is */
	mr = ipc_mqueue_receive(self);
	self->task = own;
	if (mr == MACH_MSG_SUCCESS) {
		kmsg = self->ipc.kmsg;
		CHECK(ipc_kmsg_copyout(kmsg, task->space, task->map) == MACH_MSG_SUCCESS);
	}
	self->ipc.object = NULL;
	return kmsg;
}

static void expect_message(struct task *task, mach_port_name_t name, mach_msg_id_t id,
			   uint32_t body_word)
{
	struct ipc_kmsg *kmsg = receive_in(task, name);

	if (!CHECK(kmsg != NULL))
		return;
	CHECK(kmsg->user.msgh_id == id);
	if (body_word != ~0u)
		CHECK(((uint32_t *)kmsg_body(kmsg))[1] == body_word);
	ipc_kmsg_free(kmsg);
}

static mach_port_type_t type_of(struct task *task, mach_port_name_t name)
{
	mach_port_type_t type = 0;

	return mach_port_type(task->space, name, &type) == KERN_SUCCESS ? type : 0;
}

/* --- Tests ------------------------------------------------------------------------------------ */

static void test_task(void)
{
	struct task *task = new_task();

	CHECK(task->space->table.used == 0);
	end_task(task);
}

static void test_many_ports(void)
{
	struct task *task = new_task();

	for (int i = 0; i < 5000; i++)
		new_port(task);
	CHECK(task->space->table.used == 5000);
	end_task(task);
}

static void test_many_names(void)
{
	struct task *task = new_task();
	mach_port_name_t name = 0;

	for (int i = 0; i < 500000; i++)
		if (!CHECK(mach_port_allocate(task->space, MACH_PORT_RIGHT_DEAD_NAME, &name) ==
			   KERN_SUCCESS))
			break;
	CHECK(type_of(task, name) == MACH_PORT_TYPE_DEAD_NAME);
	end_task(task);
}

static void test_chosen_names(void)
{
	static const mach_port_name_t names[] = {
		1, 2, 3, 0x1234, 0xffff, 0x10000, 0x1000000, 0x1001234, 0x40000000, 0x7fffffff,
		0x80000000, 0xfffffffe,
	};
	struct task *task = new_task();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CHECK(mach_port_allocate_name(task->space, MACH_PORT_RIGHT_RECEIVE, names[i]) ==
		      KERN_SUCCESS);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CHECK(type_of(task, names[i]) == MACH_PORT_TYPE_RECEIVE);
	CHECK(mach_port_allocate_name(task->space, MACH_PORT_RIGHT_RECEIVE, 0x1234) ==
	      KERN_NAME_EXISTS);
	end_task(task);
}

static void test_message_with_right(void)
{
	struct task *a = new_task(), *b = new_task();
	mach_port_name_t port = new_port(b), carried = new_port(a), to;

	to = give(b, port, MACH_MSG_TYPE_MAKE_SEND, a);
	CHECK(send_from(a, MACH_MSG_TYPE_COPY_SEND, to, 0, carried, MACH_MSG_TYPE_MOVE_RECEIVE) ==
	      MACH_MSG_SUCCESS);
	CHECK(type_of(a, carried) == 0);
	expect_message(b, port, 1234, ~0u);
	CHECK(b->space->table.used == 2);
	end_task(a);
	end_task(b);
}

static void test_dead_name(void)
{
	struct task *a = new_task(), *b = new_task();
	mach_port_name_t port = new_port(b), notify = new_port(a), to;
	struct ipc_port *sonce = IP_NULL, *previous = IP_NULL;
	mach_msg_type_name_t type;

	to = give(b, port, MACH_MSG_TYPE_MAKE_SEND, a);
	CHECK(mach_port_extract_right(a->space, notify, MACH_MSG_TYPE_MAKE_SEND_ONCE, &sonce,
				      &type) == KERN_SUCCESS);
	CHECK(mach_port_request_notification(a->space, to, MACH_NOTIFY_DEAD_NAME, 0, sonce,
					     &previous) == KERN_SUCCESS);
	CHECK(previous == IP_NULL);
	end_task(b);
	expect_message(a, notify, MACH_NOTIFY_DEAD_NAME, to);
	CHECK(type_of(a, to) == MACH_PORT_TYPE_DEAD_NAME);
	CHECK(send_from(a, MACH_MSG_TYPE_COPY_SEND, to, 0, 0, 0) == MACH_SEND_INVALID_DEST);
	end_task(a);
}

static void test_no_senders(void)
{
	struct task *a = new_task(), *b = new_task();
	mach_port_name_t port = new_port(b), notify = new_port(b), to;
	struct ipc_port *sonce = IP_NULL, *previous = IP_NULL;
	mach_msg_type_name_t type;

	to = give(b, port, MACH_MSG_TYPE_MAKE_SEND, a);
	CHECK(mach_port_extract_right(b->space, notify, MACH_MSG_TYPE_MAKE_SEND_ONCE, &sonce,
				      &type) == KERN_SUCCESS);
	CHECK(mach_port_request_notification(b->space, port, MACH_NOTIFY_NO_SENDERS, 1, sonce,
					     &previous) == KERN_SUCCESS);
	CHECK(send_from(a, MACH_MSG_TYPE_MOVE_SEND, to, 0, 0, 0) == MACH_MSG_SUCCESS);
	CHECK(receive_in(b, notify) == NULL);
	expect_message(b, port, 1234, ~0u);
	expect_message(b, notify, MACH_NOTIFY_NO_SENDERS, 1);
	end_task(a);
	end_task(b);
}

/* ND-7: ports, each queued in the next one's queue, come apart on an ordinary stack. */
static void test_deep_nesting(void)
{
	enum { DEPTH = 100000 };
	struct task *task = new_task();
	mach_port_name_t inner = new_port(task);

	for (int i = 0; i < DEPTH; i++) {
		mach_port_name_t outer = new_port(task);

		if (!CHECK(send_from(task, MACH_MSG_TYPE_MAKE_SEND, outer, 0, inner,
				     MACH_MSG_TYPE_MOVE_RECEIVE) == MACH_MSG_SUCCESS))
			break;
		inner = outer;
	}
	CHECK(task->space->table.used == 1);
	CHECK(mach_port_destroy(task->space, inner) == KERN_SUCCESS);
	end_task(task);
}

/* A receive right that would be reachable only from its own queue is destroyed. */
static void test_circular(void)
{
	struct task *task = new_task();
	mach_port_name_t a = new_port(task), b = new_port(task), to_b;

	to_b = give(task, b, MACH_MSG_TYPE_MAKE_SEND, task);
	CHECK(to_b == b);
	CHECK(send_from(task, MACH_MSG_TYPE_MAKE_SEND, a, 0, b, MACH_MSG_TYPE_MOVE_RECEIVE) ==
	      MACH_MSG_SUCCESS);
	CHECK(send_from(task, MACH_MSG_TYPE_COPY_SEND, to_b, 0, a, MACH_MSG_TYPE_MOVE_RECEIVE) ==
	      MACH_MSG_SUCCESS);
	CHECK(type_of(task, to_b) == MACH_PORT_TYPE_DEAD_NAME);
	end_task(task);
}

static void test_queue_limit(void)
{
	struct task *task = new_task();
	mach_port_name_t port = new_port(task);

	for (int i = 0; i < 5; i++)
		CHECK(send_from(task, MACH_MSG_TYPE_MAKE_SEND, port, 0, 0, 0) == MACH_MSG_SUCCESS);
	CHECK(send_from(task, MACH_MSG_TYPE_MAKE_SEND, port, 0, 0, 0) == MACH_SEND_TIMED_OUT);
	CHECK(send_from(task, MACH_MSG_TYPE_MAKE_SEND_ONCE, port, 0, 0, 0) == MACH_MSG_SUCCESS);
	for (int i = 0; i < 6; i++)
		expect_message(task, port, 1234, ~0u);
	CHECK(receive_in(task, port) == NULL);
	end_task(task);
}

/* Members of a set are served in turn, however full one of them is. */
static void test_set_fairness(void)
{
	struct task *task = new_task();
	mach_port_name_t set = 0, port[3], order[6];

	CHECK(mach_port_allocate(task->space, MACH_PORT_RIGHT_PORT_SET, &set) == KERN_SUCCESS);
	for (int i = 0; i < 3; i++) {
		port[i] = new_port(task);
		CHECK(mach_port_move_member(task->space, port[i], set) == KERN_SUCCESS);
	}
	for (int i = 0; i < 6; i++)
		CHECK(send_from(task, MACH_MSG_TYPE_MAKE_SEND, port[i < 4 ? 0 : i - 3], 0, 0, 0) ==
		      MACH_MSG_SUCCESS);
	for (int i = 0; i < 6; i++) {
		struct ipc_kmsg *kmsg = receive_in(task, set);

		order[i] = kmsg != NULL ? kmsg->user.msgh_local_port : 0;
		if (kmsg != NULL)
			ipc_kmsg_free(kmsg);
	}
	CHECK(order[0] == port[0] && order[1] == port[1] && order[2] == port[2]);
	CHECK(order[3] == port[0] && order[4] == port[0] && order[5] == port[0]);
	end_task(task);
}

/* A task that ends while its child is made has no ports left to inherit. */
static void test_ended_parent(void)
{
	struct task *parent = new_task(), *child;
	mach_port_name_t name = new_port(parent);
	struct ipc_entry *entry;

	CHECK(ipc_space_lookup(parent->space, name, MACH_PORT_TYPE_RECEIVE, &entry) ==
	      KERN_SUCCESS);
	parent->bootstrap_port = entry_port(entry);
	ipc_space_unlock(parent->space);
	parent->bootstrap_port = ipc_port_make_send(parent->bootstrap_port);
	task_reference(parent);
	end_task(parent);
	CHECK(task_create_internal(parent, true, &child) == KERN_INVALID_TASK);
	task_release(parent);
}

/* Every allocation on the way fails in turn: a code, and nothing left behind. */
static void test_allocation_failures(void)
{
	struct task *task = new_task();
	mach_port_name_t name;

	for (unsigned int n = 1; n < 20; n++) {
		struct task *child = NULL;
		kern_return_t kr;

		slab_fail_after(n);
		kr = task_create_internal(task, true, &child);
		slab_fail_after(0);
		if (kr == KERN_SUCCESS)
			end_task(child);
		else
			CHECK(kr == KERN_RESOURCE_SHORTAGE);
		slab_fail_after(n);
		kr = mach_port_allocate(task->space, MACH_PORT_RIGHT_RECEIVE, &name);
		slab_fail_after(0);
		CHECK(kr == KERN_SUCCESS || kr == KERN_RESOURCE_SHORTAGE);
	}
	end_task(task);
}

/* What is printed of objects, whole or not: nothing must happen. */
static void test_print(void)
{
	struct task *task = new_task();
	mach_port_name_t name = new_port(task);
	struct ipc_port *port = entry_port(ipc_entry_lookup(&task->space->table, name));
	uint32_t *page = kmem_alloc(2 * PAGE_BYTES);

	ipc_print_space(task->space);
	ipc_print_object(port);
	kmem_free(page, 2 * PAGE_BYTES);
	ipc_print_object(page);			/* was there */
	ipc_print_port((struct ipc_port *)page);
	ipc_print_kmsg((struct ipc_kmsg *)((char *)page + 4));
	ipc_print_space((struct ipc_space *)8);
	port->nsrequest = (struct ipc_port *)page;
	port->requests.head.next = (struct queue_link *)page;
	ipc_print_port(port);
	port->nsrequest = IP_NULL;
	queue_init(&port->requests);
	end_task(task);
}

const struct ktest ipc_tests[] = {
	{ "a task comes and goes", test_task },
	{ "5,000 ports die with their task", test_many_ports },
	{ "a space with 500,000 names", test_many_names },
	{ "names chosen by the user, of every shape", test_chosen_names },
	{ "a message carries a receive right", test_message_with_right },
	{ "a dead-name request fires", test_dead_name },
	{ "a no-senders request fires when the last right is used up", test_no_senders },
	{ "ND-7: 100,000 ports queued in each other come apart", test_deep_nesting },
	{ "a circular message is destroyed", test_circular },
	{ "a queue takes its limit, and send-once rights beyond", test_queue_limit },
	{ "members of a set are served in turn", test_set_fairness },
	{ "a task that has ended has no children", test_ended_parent },
	{ "NS-4: failing allocations leave nothing behind", test_allocation_failures },
	{ "whole and damaged objects are printed", test_print },
	{ 0, 0 },
};
