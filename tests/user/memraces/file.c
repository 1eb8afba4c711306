/* SPDX-License-Identifier: BSD-2-Clause */
#include "file.h"

#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/memory_object.h>
#include <mach/vm_param.h>

#include "../common/ports.h"
#include "../common/tap.h"

#define SELF	mach_task_self()
#define SIZE	(FILE_PAGES * PAGE_SIZE)

enum { INIT = 2200, TERMINATE, REQUEST = 2203, RETURN = 2208 };

static void take_back(struct file *file, const uint32_t *body)
{
	if (EXPECT_TRUE(body[3] + body[6] <= SIZE))
		memcpy((void *) (file->store + body[3]), (void *) body[7], body[6]);
	EXPECT(vm_deallocate(SELF, body[7], body[6]), KERN_SUCCESS);
}

/* Word 1 is a right to the control port, or in the last message the control port itself. */
static void answer(struct file *file, int id, const uint32_t *body)
{
	switch (id) {
	case INIT:
		file->control = body[1];
		file->name = body[3];
		EXPECT(memory_object_ready(file->control, FALSE, MEMORY_OBJECT_COPY_DELAY),
			KERN_SUCCESS);
		return;
	case REQUEST:
		file->requests++;
		memory_object_data_supply(body[1], body[3], file->store + body[3], body[5], FALSE,
			VM_PROT_NONE, FALSE, MACH_PORT_NULL);
		break;
	case RETURN:
		take_back(file, body);
		break;
	case TERMINATE:
		port_destroy(file->control);
		port_destroy(file->name);
		file->control = file->name = MACH_PORT_NULL;
		return;
	default:
		tap_fail("message %d for a pager", id);
	}
	EXPECT(mach_port_deallocate(SELF, body[1]), KERN_SUCCESS);
}

static boolean_t serve(struct file *file)
{
	if (message_receive_wait(&file->message, file->port, file->idle == NULL ? 1 : 0)
			!= MACH_MSG_SUCCESS)
		return FALSE;
	answer(file, file->message.header.msgh_id, file->message.body);
	return TRUE;
}

/* To the end belongs that nobody maps it. */
static void run(void *argument)
{
	struct file *file = argument;

	while (serve(file) || !file->stop || file->control != MACH_PORT_NULL) {
		if (file->idle != NULL && file->control != MACH_PORT_NULL)
			file->idle(file);
		swtch_pri(0);
	}
}

void file_new(struct file *file, int byte, void (*idle)(struct file *file))
{
	memset(file, 0, sizeof *file);
	file->idle = idle;
	file->port = port_new_with_send(1);
	EXPECT(vm_allocate(SELF, &file->store, SIZE, TRUE), KERN_SUCCESS);
	memset((void *) file->store, byte, SIZE);
	EXPECT(mach_thread_start(run, file, &file->thread), KERN_SUCCESS);
}

void file_end(struct file *file)
{
	file->stop = TRUE;
	mach_thread_join(file->thread);
	port_destroy(file->port);
	EXPECT(vm_deallocate(SELF, file->store, SIZE), KERN_SUCCESS);
}

vm_offset_t file_map(struct file *file, vm_prot_t protection)
{
	vm_offset_t address = 0;

	EXPECT(vm_map(SELF, &address, SIZE, 0, TRUE, file->port, 0, FALSE, protection, protection,
		VM_INHERIT_SHARE), KERN_SUCCESS);
	return address;
}
