/* SPDX-License-Identifier: BSD-2-Clause */
/* A port of every kind. */
#include "targets.h"

#include <mach.h>
#include <mach/mach4.h>
#include <mach/vm_param.h>

#include "messages.h"
#include "ports.h"
#include "tap.h"

#define SELF		mach_task_self()
#define INIT_ID		2200
#define TERMINATE_ID	2201
#define MISSING_NAME	0x7ffffff3u

const char *target_text(unsigned int kind)
{
	static const char *const texts[TARGET_KINDS - KERNEL_KINDS] = {
		"memory control", "memory name", "memory proxy", "ordinary port", "dead task",
		"dead thread", "dead name", "receive right", "port set", "no name", "null", "dead",
	};

	return kind < KERNEL_KINDS ? kernel_port_text(kind) : texts[kind - KERNEL_KINDS];
}

static void make_memory(struct targets *targets)
{
	struct message message;
	vm_offset_t zero = 0;
	vm_size_t size = PAGE_SIZE;

	targets->pager = port_new_with_send(1);
	targets->mapped = 0;
	EXPECT(vm_map(SELF, &targets->mapped, PAGE_SIZE, 0, TRUE, targets->pager, 0, FALSE,
		VM_PROT_DEFAULT, VM_PROT_ALL, VM_INHERIT_COPY), KERN_SUCCESS);
	EXPECT(message_receive_wait(&message, targets->pager, 2000), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_id, INIT_ID);
	targets->port[TARGET_CONTROL] = message.body[1];
	targets->port[TARGET_MEMORY_NAME] = message.body[3];
	EXPECT(memory_object_create_proxy(SELF, VM_PROT_ALL, &targets->pager,
		MACH_MSG_TYPE_COPY_SEND, 1, &zero, 1, &zero, 1, &size, 1,
		&targets->port[TARGET_PROXY]), KERN_SUCCESS);
}

static void make_dead(struct targets *targets)
{
	struct kernel_port thread = kernel_port_new(KERNEL_THREAD);

	EXPECT(task_terminate(thread.task), KERN_SUCCESS);
	targets->port[TARGET_DEAD_TASK] = thread.task;
	targets->port[TARGET_DEAD_THREAD] = thread.name;
	targets->port[TARGET_DEAD_NAME] = port_new_dead();
}

void targets_make(struct targets *targets)
{
	mach_port_t *port = targets->port;

	for (unsigned int kind = 0; kind < KERNEL_KINDS; kind++)
		targets_make_one(targets, kind);
	make_memory(targets);
	make_dead(targets);
	port[TARGET_ORDINARY] = port_new_with_send(1);
	port[TARGET_RECEIVE] = port_new();
	port[TARGET_PORT_SET] = port_new_set();
	port[TARGET_NONE] = MISSING_NAME;
	port[TARGET_NULL] = MACH_PORT_NULL;
	port[TARGET_DEAD] = MACH_PORT_DEAD;
}

/* Unmapped: its pager is told, after all that it was told before. */
static void end_memory(struct targets *targets)
{
	struct message message;

	/* It may have been told to be cached. */
	memory_object_change_attributes(targets->port[TARGET_CONTROL], FALSE, 0, MACH_PORT_NULL);
	EXPECT(vm_deallocate(SELF, targets->mapped, PAGE_SIZE), KERN_SUCCESS);
	do {
		if (!EXPECT(message_receive_wait(&message, targets->pager, 2000),
				MACH_MSG_SUCCESS))
			break;
		mach_msg_destroy(&message.header);
	} while (message.header.msgh_id != TERMINATE_ID);
	port_destroy(targets->pager);
}

void targets_make_one(struct targets *targets, unsigned int kind)
{
	if (kind >= KERNEL_KINDS) {
		make_memory(targets);
		return;
	}
	targets->object[kind] = kernel_port_new(kind);
	targets->port[kind] = targets->object[kind].name;
}

static void end_names(struct targets *targets, unsigned int first, unsigned int end)
{
	for (unsigned int kind = first; kind < end; kind++)
		port_destroy(targets->port[kind]);
}

void targets_end_one(struct targets *targets, unsigned int kind)
{
	if (kind < KERNEL_KINDS) {
		kernel_port_end(&targets->object[kind]);
		return;
	}
	end_memory(targets);
	end_names(targets, TARGET_CONTROL, OBJECT_KINDS);
}

void targets_end(struct targets *targets)
{
	for (enum kernel_kind kind = 0; kind < KERNEL_KINDS; kind++)
		kernel_port_end(&targets->object[kind]);
	end_memory(targets);
	end_names(targets, KERNEL_KINDS, TARGET_NONE);
}
