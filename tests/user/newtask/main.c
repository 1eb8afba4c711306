/* SPDX-License-Identifier: BSD-2-Clause */
/* Being told of every new task. */
#include <mach.h>
#include <mach/gnumach.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"

#define SELF		mach_task_self()
#define NEW_TASK_ID	4400
#define RIGHT_WORD	0x10012011u

static kern_return_t registered(mach_port_t host, mach_port_t port)
{
	return register_new_task_notification(host, port, MACH_MSG_TYPE_COPY_SEND);
}

static mach_port_t register_new(void)
{
	mach_port_t port = port_new();

	EXPECT(mach_port_insert_right(SELF, port, port, MACH_MSG_TYPE_MAKE_SEND), KERN_SUCCESS);
	EXPECT(registered(tap_host_priv, port), KERN_SUCCESS);
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, -1), KERN_SUCCESS);
	return port;
}

static void end_task(mach_port_t task)
{
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, task), KERN_SUCCESS);
}

/* A child, and a child of the child: each is told with its parent. */
static void test_notification(void)
{
	mach_port_t port = register_new(), child, grandchild;
	struct message message;

	EXPECT(task_create(SELF, FALSE, &child), KERN_SUCCESS);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_bits, 0x80001100);
	EXPECT(message.header.msgh_size, 40);
	EXPECT(message.header.msgh_remote_port, MACH_PORT_NULL);
	EXPECT(message.header.msgh_local_port, port);
	EXPECT(message.header.msgh_id, NEW_TASK_ID);
	EXPECT(message.body[0], RIGHT_WORD);
	EXPECT(message.body[1], child);
	EXPECT(message.body[2], RIGHT_WORD);
	EXPECT(message.body[3], SELF);
	EXPECT(mach_port_deallocate(SELF, message.body[1]), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, message.body[3]), KERN_SUCCESS);
	EXPECT(task_create(child, TRUE, &grandchild), KERN_SUCCESS);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.body[1], grandchild);
	EXPECT(message.body[3], child);
	EXPECT(mach_port_deallocate(SELF, message.body[1]), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, message.body[3]), KERN_SUCCESS);
	end_task(grandchild);
	end_task(child);
	EXPECT_TRUE(queue_is_empty(port));
	port_destroy(port);
}

/* A second one is refused, and what it offered is as it was; a dead one gives up its place. */
static void test_registering(void)
{
	mach_port_t port = register_new(), second = port_new(), child;
	mach_port_t host = mach_host_self();
	mach_port_status_t status;

	EXPECT(mach_port_insert_right(SELF, second, second, MACH_MSG_TYPE_MAKE_SEND),
		KERN_SUCCESS);
	EXPECT(registered(tap_host_priv, second), KERN_NO_ACCESS);
	EXPECT(registered(host, second), KERN_INVALID_HOST);
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
	EXPECT(mach_port_mod_refs(SELF, second, MACH_PORT_RIGHT_SEND, -1), KERN_SUCCESS);
	EXPECT(mach_port_get_receive_status(SELF, second, &status), KERN_SUCCESS);
	EXPECT(status.mps_srights, FALSE);
	port_destroy(port);
	for (int i = 0; i < 10; i++) {
		EXPECT(task_create(SELF, FALSE, &child), KERN_SUCCESS);
		end_task(child);
	}
	port_destroy(second);
	second = register_new();
	EXPECT(mach_port_get_receive_status(SELF, second, &status), KERN_SUCCESS);
	EXPECT(status.mps_srights, TRUE);
	port_destroy(second);
}

/* Nobody takes the messages: tasks are made all the same, and nothing stays behind. */
static void test_deaf_receiver(void)
{
	mach_port_t port = register_new(), child;

	for (int i = 0; i < 50; i++) {
		EXPECT(task_create(SELF, FALSE, &child), KERN_SUCCESS);
		end_task(child);
	}
	port_destroy(port);
}

/* The offer of a kernel port takes the place, and does no harm. */
static void test_kernel_port(void)
{
	mach_port_t task, child;

	EXPECT(task_create(SELF, FALSE, &task), KERN_SUCCESS);
	EXPECT(registered(tap_host_priv, task), KERN_SUCCESS);
	EXPECT(task_create(SELF, FALSE, &child), KERN_SUCCESS);
	end_task(child);
	end_task(task);
	EXPECT(registered(tap_host_priv, MACH_PORT_NULL), KERN_SUCCESS);
}

static const struct test tests[] = {
	{ .name = "ND-9 new tasks are told", .run = test_notification },
	{ .name = "ND-9 registering", .run = test_registering, .ours = TRUE },
	{ .name = "ND-9 a receiver that does not listen", .run = test_deaf_receiver },
	{ .name = "ND-9 a kernel port", .run = test_kernel_port, .ours = TRUE },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
