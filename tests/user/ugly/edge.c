/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory of which the second page is a silent pager's. */
#include <mach.h>
#include <mach/memory_object.h>

#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

void edge_new(struct edge *edge)
{
	vm_offset_t base = 0;

	EXPECT(vm_allocate(SELF, &base, 2 * PAGE_SIZE, TRUE), KERN_SUCCESS);
	edge->at = base + PAGE_SIZE;
	EXPECT(vm_deallocate(SELF, edge->at, PAGE_SIZE), KERN_SUCCESS);
	object_new(&edge->object);
	EXPECT(vm_map(SELF, &edge->at, PAGE_SIZE, 0, FALSE, edge->object.port, 0, FALSE,
		VM_PROT_DEFAULT, VM_PROT_ALL, VM_INHERIT_SHARE), KERN_SUCCESS);
	expect_init(&edge->object);
	object_ready(&edge->object, FALSE, MEMORY_OBJECT_COPY_DELAY);
}

boolean_t edge_is_asked(struct edge *edge)
{
	struct object *object = &edge->object;
	boolean_t asked = message_receive_wait(&object->message, object->port, PATIENCE)
		== MACH_MSG_SUCCESS && object->message.header.msgh_id == 2203;

	if (asked)
		mach_msg_destroy(&object->message.header);
	return asked;
}

void edge_dies(struct edge *edge)
{
	port_destroy(edge->object.port);
}

void edge_end(struct edge *edge)
{
	struct object *object = &edge->object;

	EXPECT(vm_deallocate(SELF, edge->at - PAGE_SIZE, 2 * PAGE_SIZE), KERN_SUCCESS);
	while (message_receive_wait(&object->message, object->port, QUIET) == MACH_MSG_SUCCESS)
		mach_msg_destroy(&object->message.header);
	if (port_type(object->port) != 0)
		port_destroy(object->port);
	port_destroy(object->control);
	port_destroy(object->name);
	check_rights();
}
