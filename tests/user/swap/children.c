/* SPDX-License-Identifier: BSD-2-Clause */
#include "children.h"

#include <libmach/thread.h>
#include <mach.h>
#include <mach/task_special_ports.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"

#define SELF		mach_task_self()
#define PATIENCE	3600000	/* milliseconds */

struct job {
	unsigned int	(*function)(void *);
	void		*argument;
};

void children_begin(struct children *children)
{
	children->count = 0;
	children->port = port_new_with_send(1);
}

/* In the child, whose bootstrap port is the parent's port. */
static void child(void *argument)
{
	struct job *job = argument;
	mach_msg_header_t report = {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
		.msgh_id = job->function(job->argument),
	};

	task_get_bootstrap_port(SELF, &report.msgh_remote_port);
	mach_msg(&report, MACH_SEND_MSG, sizeof report, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL);
}

void children_start(struct children *children, unsigned int (*function)(void *), void *argument)
{
	struct job job = { function, argument };
	mach_port_t *task = &children->task[children->count++], thread;

	/* Its stack is a copy of ours as it is now. */
	EXPECT(mach_task_prepare(child, &job, task, &thread), KERN_SUCCESS);
	EXPECT(task_set_bootstrap_port(*task, children->port), KERN_SUCCESS);
	EXPECT(thread_resume(thread), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, thread), KERN_SUCCESS);
}

void children_expect_alive(const struct children *children)
{
	mach_port_type_t type;

	for (unsigned int i = 0; i < children->count; i++) {
		EXPECT(mach_port_type(SELF, children->task[i], &type), KERN_SUCCESS);
		EXPECT(type, MACH_PORT_TYPE_SEND);
	}
}

void children_kill(struct children *children)
{
	for (unsigned int i = 0; i < children->count; i++) {
		task_terminate(children->task[i]);
		EXPECT(mach_port_deallocate(SELF, children->task[i]), KERN_SUCCESS);
	}
	port_destroy(children->port);
}

void children_end(struct children *children)
{
	struct message report;

	for (unsigned int i = 0; i < children->count; i++) {
		EXPECT(message_receive_wait(&report, children->port, PATIENCE), MACH_MSG_SUCCESS);
		EXPECT(report.header.msgh_id, 0);
	}
	children_kill(children);
}
