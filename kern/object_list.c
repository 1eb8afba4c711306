/* SPDX-License-Identifier: BSD-2-Clause */
#include <kern/object_list.h>

#include <ipc/port.h>
#include <kern/slab.h>

/*
 * The number is only known under the lock, where the array cannot be allocated: try until it
 * has just the right size.  It comes out filled with objects.
 */
kern_return_t object_list_snapshot(const struct object_list *list, void ***objectsp,
				   uint32_t *countp)
{
	void **objects = NULL;
	uint32_t room = 0, count;

	for (;;) {
		spin_lock(list->lock);
		count = list->visit(list->arg, NULL, 0);
		if (count == room)
			list->visit(list->arg, objects, room);
		spin_unlock(list->lock);
		if (count == room)
			break;
		if (objects != NULL)
			kfree(objects, room * sizeof *objects);
		room = count;
		objects = room > 0 ? kalloc(room * sizeof *objects) : NULL;
		if (room > 0 && objects == NULL)
			return KERN_RESOURCE_SHORTAGE;
	}
	*objectsp = objects;
	*countp = count;
	return KERN_SUCCESS;
}

kern_return_t object_list_to_ports(const struct object_list *list, struct ipc_port ***portsp,
				   uint32_t *countp)
{
	void **objects;
	kern_return_t kr = object_list_snapshot(list, &objects, countp);

	if (kr != KERN_SUCCESS)
		return kr;
	*portsp = (struct ipc_port **)objects;
	for (uint32_t i = 0; i < *countp; i++)
		(*portsp)[i] = list->to_port(objects[i]);
	return KERN_SUCCESS;
}

kern_return_t port_array_of_one(struct ipc_port *right, struct ipc_port ***arrayp,
				uint32_t *countp)
{
	struct ipc_port **array = kalloc(sizeof *array);

	if (array == NULL) {
		ipc_port_release_send(right);
		return KERN_RESOURCE_SHORTAGE;
	}
	array[0] = right;
	*arrayp = array;
	*countp = 1;
	return KERN_SUCCESS;
}
