/* SPDX-License-Identifier: BSD-2-Clause */
/* Snapshots of a space, and of the kernel's memory. */
#include "snapshot.h"

#include <libmach/print.h>
#include <libmach/string.h>
#include <mach.h>
#include <mach/mig_support.h>
#include <mach_debug/mach_debug.h>

#include "tap.h"

/* Pages that caches may hold for a while. */
#define FREE_PAGES_MARGIN	16

static mach_port_urefs_t refs(mach_port_t task, mach_port_name_t name, mach_port_right_t right)
{
	mach_port_urefs_t count = 0;

	mach_port_get_refs(task, name, right, &count);
	return count;
}

static unsigned int send_rights(mach_port_t task, mach_port_t port, unsigned int any)
{
	mach_port_rights_t rights;

	return mach_port_get_srights(task, port, &rights) == KERN_SUCCESS ? rights : any;
}

unsigned int snapshot_send_rights(mach_port_t port)
{
	mach_port_status_t status = { 0 };

	mach_port_get_receive_status(mach_task_self(), port, &status);
	return send_rights(mach_task_self(), port, status.mps_srights);
}

static struct snapshot_port port_state(mach_port_t task, mach_port_t port)
{
	struct snapshot_port state = { 0 };
	mach_port_status_t status;

	if (mach_port_get_receive_status(task, port, &status) != KERN_SUCCESS)
		return state;
	state.send_rights = send_rights(task, port, status.mps_srights);
	state.send_once_rights = status.mps_sorights;
	state.messages = status.mps_msgcount;
	state.limit = status.mps_qlimit;
	state.requests = status.mps_nsrequest | status.mps_pdrequest << 1;
	state.set = status.mps_pset;
	return state;
}

static void add(struct snapshot *snapshot, mach_port_t task, mach_port_name_t name,
	mach_port_type_t type)
{
	unsigned int i = snapshot->count++;

	snapshot->entry[i].name = name;
	snapshot->entry[i].type = type;
	snapshot->entry[i].send = refs(task, name, MACH_PORT_RIGHT_SEND);
	snapshot->entry[i].dead = refs(task, name, MACH_PORT_RIGHT_DEAD_NAME);
	snapshot->entry[i].port = type & MACH_PORT_TYPE_RECEIVE ? port_state(task, name)
		: (struct snapshot_port) { 0 };
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

static void print_entry(const struct snapshot *snapshot, unsigned int i, const char *when)
{
	const struct snapshot_port *port = &snapshot->entry[i].port;

	printf("# %s the test: name 0x%x, type 0x%x, %u send, %u dead; rights %u and %u, "
		"%u of %u messages, requests %u, set 0x%x\n", when, snapshot->entry[i].name,
		snapshot->entry[i].type, snapshot->entry[i].send, snapshot->entry[i].dead,
		port->send_rights, port->send_once_rights, port->messages, port->limit,
		port->requests, port->set);
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
				&& one->entry[i].dead == other->entry[j].dead
				&& memcmp(&one->entry[i].port, &other->entry[j].port,
					sizeof one->entry[i].port) == 0)
			continue;
		same = FALSE;
		print_entry(one, i, when);
	}
	return same;
}

boolean_t snapshot_same(const struct snapshot *before, const struct snapshot *after)
{
	boolean_t same = contains_all(before, after, "only before");

	return contains_all(after, before, "only after") && same;
}

unsigned int snapshot_free_pages(void)
{
	vm_statistics_data_t statistics = { 0 };

	vm_statistics(mach_task_self(), &statistics);
	return statistics.free_count;
}

void snapshot_conserved(void (*round)(void), unsigned int rounds)
{
	unsigned int before, after;

	for (unsigned int i = 0; i < 20; i++)
		round();
	before = snapshot_free_pages();
	for (unsigned int i = 0; i < rounds; i++)
		round();
	after = snapshot_free_pages();
	if (after + FREE_PAGES_MARGIN < before)
		tap_fail("%u free pages before %u rounds, %u after", before, rounds, after);
}
