/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where names come from: debug builds note in each entry who made it, and when.
 *
 * A new entry is due to the first of these that is there: the message whose rights are getting
 * names (ipc_origin_arriving), the kernel routine that the thread carries out (ipc.serving), the
 * trap that it is in (ipc_origin_trap).  Each trap that gives names says so at its beginning, and
 * messages and routines say so themselves; so what an earlier trap has left is never looked at.
 * The fast path, where the names of two tasks change at once, tells each entry.
 */
#ifndef IPC_ORIGIN_H
#define IPC_ORIGIN_H

#include <ipc/entry.h>
#include <kern/thread.h>
#include <mach/ipc_statistics.h>

/* The current thread is in this trap, which gives it names. */
static inline void ipc_origin_trap(int32_t number)
{
	if (DEBUG)
		current_thread()->ipc.trap = number;
}

/* From here on (NULL: no longer) names are given to a message's rights. */
static inline void ipc_origin_arriving(struct ipc_kmsg *kmsg)
{
	if (DEBUG)
		current_thread()->ipc.arriving = kmsg;
}

void ipc_origin_set(struct ipc_entry *entry, uint32_t kind, int32_t id);

/* An entry that a message brings which is no kmsg. */
static inline void ipc_origin_message(struct ipc_entry *entry, mach_msg_id_t id)
{
	if (DEBUG)
		ipc_origin_set(entry, ORIGIN_MESSAGE, id);
}

/* The entry goes on for an old one: a rename. */
static inline void ipc_origin_copy(struct ipc_entry *entry, const struct ipc_entry *old)
{
	if (DEBUG) {
		entry->origin = old->origin;
		entry->origin_time = old->origin_time;
	}
}

/* The origin as programs are told it.  Space locked. */
void ipc_origin_get(const struct ipc_entry *entry, struct right_origin *origin);

#endif /* IPC_ORIGIN_H */
