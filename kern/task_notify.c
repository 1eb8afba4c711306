/* SPDX-License-Identifier: BSD-2-Clause */
#include <kern/task_notify.h>

#include <ipc/checker.h>
#include <ipc/kmsg.h>
#include <ipc/mqueue.h>
#include <ipc/port.h>
#include <kern/mig_support.h>
#include <kern/task.h>
#include <mach/gnumach_server.h>

#define NEW_TASK_ID 4400
#define SEND_RIGHT_TYPE (0x10012000u | MACH_MSG_TYPE_PORT_SEND)

struct new_task_body {
	uint32_t task_type;
	struct ipc_port *task;
	uint32_t parent_type;
	struct ipc_port *parent;
};

static struct spin_lock notify_lock = SPIN_LOCK_INIT(LOCK_HOST);
static struct ipc_port *notify_port;	/* a send right, or NULL; notify_lock */

/* The first registers and keeps its place until its port dies. */
kern_return_t register_new_task_notification(struct host *host_priv, struct ipc_port *notification)
{
	struct ipc_port *previous;

	if (host_priv == NULL)
		return KERN_INVALID_HOST;
	spin_lock(&notify_lock);
	previous = notify_port;
	if (previous != IP_NULL && previous->object.active) {
		spin_unlock(&notify_lock);
		return KERN_NO_ACCESS;
	}
	notify_port = IP_VALID(notification) ? notification : IP_NULL;
	spin_unlock(&notify_lock);
	ipc_port_release_send(previous);
	return KERN_SUCCESS;
}

/* A send right to the port that is registered, if there is one and it is no kernel port. */
static struct ipc_port *registered_right(void)
{
	struct ipc_port *port;

	spin_lock(&notify_lock);
	port = notify_port;
	if (port != IP_NULL)
		ipc_port_reference(port);
	spin_unlock(&notify_lock);
	if (port != IP_NULL) {
		struct ipc_port *right = ipc_port_copy_send(port);

		ipc_port_release(port);
		return right == IP_DEAD ? IP_NULL : right;
	}
	return IP_NULL;
}

static struct ipc_port *task_right(struct task *task)
{
	if (task == NULL)
		return IP_NULL;
	task_reference(task);
	return convert_task_to_port(task);
}

void task_notify_new(struct task *task, struct task *parent)
{
	struct ipc_port *port = registered_right();
	const uint32_t size = sizeof(struct kmsg_header) + sizeof(struct new_task_body);
	struct ipc_kmsg *kmsg;

	if (port == IP_NULL)
		return;
	kmsg = ipc_kmsg_alloc(size);
	if (kmsg == NULL) {
		ipc_kmsg_lost++;
		ipc_port_release_send(port);
		return;
	}
	kmsg->header = (struct kmsg_header){
		.bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(MACH_MSG_TYPE_PORT_SEND, 0),
		.size = size,
		.remote = port,
		.id = NEW_TASK_ID,
	};
	*(struct new_task_body *)kmsg_body(kmsg) = (struct new_task_body){
		.task_type = SEND_RIGHT_TYPE,
		.task = task_right(task),
		.parent_type = SEND_RIGHT_TYPE,
		.parent = task_right(parent),
	};
	ipc_mqueue_deliver(kmsg);
}

void task_notify_visit(struct ipc_check *check)
{
	ipc_check_hold(check, notify_port, IPC_HOLDS_SEND);
}
