/* SPDX-License-Identifier: BSD-2-Clause */
/* Snapshots of a space. */
#include "snapshot.h"

#include <libmach/print.h>
#include <mach.h>
#include <mach/mig_support.h>

static mach_port_urefs_t refs(mach_port_t task, mach_port_name_t name, mach_port_right_t right)
{
	mach_port_urefs_t count = 0;

	mach_port_get_refs(task, name, right, &count);
	return count;
}

static void add(struct snapshot *snapshot, mach_port_t task, mach_port_name_t name,
	mach_port_type_t type)
{
	unsigned int i = snapshot->count++;

	snapshot->entry[i].name = name;
	snapshot->entry[i].type = type;
	snapshot->entry[i].send = refs(task, name, MACH_PORT_RIGHT_SEND);
	snapshot->entry[i].dead = refs(task, name, MACH_PORT_RIGHT_DEAD_NAME);
}

void snapshot_take(mach_port_t task, struct snapshot *snapshot)
{
	mach_port_name_array_t names;
	mach_port_type_array_t types;
	mach_msg_type_number_t count, type_count;
	mach_port_t reply = task == mach_task_self() ? mig_get_reply_port() : MACH_PORT_NULL;

	snapshot->count = 0;
	if (mach_port_names(task, &names, &count, &types, &type_count) != KERN_SUCCESS)
		return;
	for (unsigned int i = 0; i < count && snapshot->count < SNAPSHOT_MAX; i++)
		if (names[i] != reply)
			add(snapshot, task, names[i], types[i]);
	vm_deallocate(mach_task_self(), (vm_offset_t) names, count * sizeof *names);
	vm_deallocate(mach_task_self(), (vm_offset_t) types, type_count * sizeof *types);
}

static int find(const struct snapshot *snapshot, mach_port_name_t name)
{
	for (unsigned int i = 0; i < snapshot->count; i++)
		if (snapshot->entry[i].name == name)
			return i;
	return -1;
}

/* Prints an entry of one that the other has not just so. */
static boolean_t contains_all(const struct snapshot *one, const struct snapshot *other,
	const char *when)
{
	boolean_t same = TRUE;

	for (unsigned int i = 0; i < one->count; i++) {
		int j = find(other, one->entry[i].name);

		if (j >= 0 && one->entry[i].type == other->entry[j].type
				&& one->entry[i].send == other->entry[j].send
				&& one->entry[i].dead == other->entry[j].dead)
			continue;
		same = FALSE;
		printf("# %s the test: name 0x%x, type 0x%x, %u send, %u dead\n", when,
			one->entry[i].name, one->entry[i].type, one->entry[i].send,
			one->entry[i].dead);
	}
	return same;
}

boolean_t snapshot_same(const struct snapshot *before, const struct snapshot *after)
{
	boolean_t same = contains_all(before, after, "only before");

	return contains_all(after, before, "only after") && same;
}
