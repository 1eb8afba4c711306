/* SPDX-License-Identifier: BSD-2-Clause */
/* The ports that tasks, threads and the host hold, for the IPC checker. */
#include <device/device.h>
#include <ipc/checker.h>
#include <ipc/kmsg.h>
#include <ipc/port.h>
#include <kern/default_manager.h>
#include <kern/host.h>
#include <kern/processor.h>
#include <kern/task.h>
#include <kern/task_notify.h>
#include <vm/device_memory.h>
#include <vm/pager.h>
#include <vm/proxy.h>

static void visit_task(struct ipc_check *check, const struct task *task)
{
	ipc_check_hold(check, task->self_port, IPC_HOLDS_RECEIVE);
	ipc_check_hold(check, task->self_special, IPC_HOLDS_SEND);
	ipc_check_hold(check, task->exception_port, IPC_HOLDS_SEND);
	ipc_check_hold(check, task->bootstrap_port, IPC_HOLDS_SEND);
	for (int i = 0; i < TASK_PORT_REGISTER_MAX; i++)
		ipc_check_hold(check, task->registered[i], IPC_HOLDS_SEND);
}

static void visit_thread(struct ipc_check *check, const struct thread *thread)
{
	const struct ipc_object *object = thread->ipc.object;

	ipc_check_hold(check, thread->self_port, IPC_HOLDS_RECEIVE);
	ipc_check_hold(check, thread->self_special, IPC_HOLDS_SEND);
	ipc_check_hold(check, thread->exception_port, IPC_HOLDS_SEND);
	ipc_check_hold(check, thread->exc_reply_port, IPC_HOLDS_RECEIVE);
	/* A thread that waits to receive has a reference. */
	if (object != NULL && object->kind == IOT_PORT)
		ipc_check_hold(check, (struct ipc_port *)object, IPC_HOLDS_REFERENCE);
	if (thread->ipc.state == MACH_SEND_IN_PROGRESS && thread->ipc.kmsg != NULL)
		ipc_check_reach(check, thread->ipc.kmsg->header.remote);
	if (thread->ipc.serving != NULL)
		ipc_check_hold_message(check, thread->ipc.serving);
}

void kernel_visit_holders(struct ipc_check *check)
{
	queue_for_each(link, &all_tasks)
		visit_task(check, container_of(link, struct task, all_link));
	queue_for_each(link, &all_threads)
		visit_thread(check, container_of(link, struct thread, pset_link));
	ipc_check_hold(check, host_self.port, IPC_HOLDS_RECEIVE);
	ipc_check_hold(check, host_self.priv_port, IPC_HOLDS_RECEIVE);
	ipc_check_hold(check, host_self.device_port, IPC_HOLDS_RECEIVE);
	ipc_check_hold(check, processor_boot.port, IPC_HOLDS_RECEIVE);
	ipc_check_hold(check, processor_boot.name_port, IPC_HOLDS_RECEIVE);
	ipc_check_hold(check, default_pset.port, IPC_HOLDS_RECEIVE);
	ipc_check_hold(check, default_pset.name_port, IPC_HOLDS_RECEIVE);
	task_notify_visit(check);
	default_manager_visit(check);
	device_visit_holders(check);
	vm_pager_visit_holders(check);
	vm_proxy_visit_holders(check);
	vm_device_memory_visit(check);
}
