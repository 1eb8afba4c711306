/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An entry has two words for it: the id, and the time in units of 2^23 ns (8.4 ms, for 104 days),
 * with the kind in the two highest bits.
 */
#include <ipc/origin.h>

#include <ipc/kmsg.h>
#include <ipc/space_lookup.h>
#include <kern/div64.h>
#include <kern/machine.h>

#define TIME_SHIFT 23
#define KIND_SHIFT 30
#define TIME_MASK ((1u << KIND_SHIFT) - 1)

void ipc_origin_set(struct ipc_entry *entry, uint32_t kind, int32_t id)
{
	entry->origin = (uint32_t)id;
	entry->origin_time = ((uint32_t)(machine_uptime_ns() >> TIME_SHIFT) & TIME_MASK) |
			     kind << KIND_SHIFT;
}

void ipc_origin_fill(struct ipc_entry *entry)
{
	const struct thread_ipc_wait *ipc = &current_thread()->ipc;

	if (ipc->arriving != NULL)
		ipc_origin_set(entry, ORIGIN_MESSAGE, ipc->arriving->header.id);
	else if (ipc->serving != NULL)
		ipc_origin_set(entry, ORIGIN_RPC, ipc->serving->header.id);
	else
		ipc_origin_set(entry, ipc->trap != 0 ? ORIGIN_TRAP : ORIGIN_UNKNOWN, ipc->trap);
}

void ipc_origin_get(const struct ipc_entry *entry, struct right_origin *origin)
{
	uint64_t ns = (uint64_t)(entry->origin_time & TIME_MASK) << TIME_SHIFT;
	uint32_t rest;

	*origin = (struct right_origin){
		.rio_name = entry->name,
		.rio_type = ipc_entry_user_type(entry),
		.rio_urefs = entry_urefs(entry),
		.rio_kind = entry->origin_time >> KIND_SHIFT,
		.rio_id = (int32_t)entry->origin,
		.rio_seconds = (uint32_t)div64_rem(ns, 1000000000, &rest),
	};
	origin->rio_milliseconds = rest / 1000000;
}
