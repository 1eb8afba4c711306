/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel tells of ports, spaces and rights: the answers of the routines 4808 to 4813 of
 * <mach/porter.defs>.  All need the privileged host port.
 *
 * Counts are modulo 2^32.  A task is known by its number (task_identity), a port by its serial
 * number: both are given once and mean nothing to the kernel.
 */
#ifndef _MACH_IPC_STATISTICS_H_
#define _MACH_IPC_STATISTICS_H_

#include <mach/port.h>
#include <mach/std_types.h>

#define TASK_NUMBER_NONE	0xffffffffu	/* no task */

/* Where a port's receive right is. */
#define PORT_IN_SPACE		1	/* a task has it */
#define PORT_IN_TRANSIT		2	/* a message, or nobody yet */
#define PORT_IN_KERNEL		3	/* what is sent to it is served at once, not counted */

/*
 * A port, from its creation on, whoever had the receive right.  A message that finds a waiting
 * receiver is sent and received without having been queued.  One that MACH_SEND_NOTIFY forces into
 * a full queue has failed at first, and is then sent.
 */
typedef struct port_statistics {
	natural_t		pst_serial;
	natural_t		pst_place;	/* PORT_IN_* */
	natural_t		pst_task;	/* in a space: whose, and under which name */
	mach_port_name_t	pst_name;
	mach_port_name_t	pst_set;	/* the set that it is in, or null */
	natural_t		pst_sent;	/* messages that were let in */
	natural_t		pst_received;	/* of these, taken out (also those too large) */
	natural_t		pst_blocked;	/* sends that had to wait for room */
	natural_t		pst_failed;	/* sends that were not: timed out, interrupted */
	natural_t		pst_longest;	/* most messages that were queued at once */
	natural_t		pst_queued;	/* messages in the queue now */
	natural_t		pst_qlimit;
	natural_t		pst_senders;	/* threads that wait for room; 5000: or more */
	natural_t		pst_receivers;	/* that wait for messages, on it or its set */
	natural_t		pst_srights;	/* send and send-once rights that exist anywhere */
	natural_t		pst_sorights;
} port_statistics_t;

/*
 * The names of a space by what they hold.  Receive and send rights to one port share a name, so
 * the kinds may add up to more than the names.  Long tables are counted in parts, with others
 * running in between: what comes or goes meanwhile may be counted or not.
 */
typedef struct space_statistics {
	natural_t		sst_names;
	natural_t		sst_receive;
	natural_t		sst_send;
	natural_t		sst_send_once;
	natural_t		sst_port_set;
	natural_t		sst_dead_name;
	natural_t		sst_send_refs;	/* user references of all send rights */
	natural_t		sst_dead_refs;	/* and of all dead names */
	natural_t		sst_requests;	/* names with a dead-name request */
	natural_t		sst_memory;	/* bytes that the table of names takes */
} space_statistics_t;

/* A port of the space's on which something waits: messages, or threads that want to send. */
typedef struct stuck_port {
	mach_port_name_t	stp_name;
	mach_port_name_t	stp_set;	/* the set that it is in, or null */
	natural_t		stp_serial;
	natural_t		stp_queued;
	natural_t		stp_qlimit;
	natural_t		stp_senders;
	natural_t		stp_receivers;
	natural_t		stp_first_sender;	/* task of who has waited longest */
} stuck_port_t;
typedef stuck_port_t		*stuck_port_array_t;

/* What brought a name into its space. */
#define ORIGIN_UNKNOWN		0	/* the kernel itself, as the boot script does */
#define ORIGIN_TRAP		1	/* a trap; the id is its number, negative */
#define ORIGIN_RPC		2	/* a kernel routine; the id is its request's */
#define ORIGIN_MESSAGE		3	/* a message in which the right came; its id */

/*
 * A name and its origin: who made the entry.  Rights that came later under the same name leave the
 * origin as it is, and so do a rename and the port's death.
 */
typedef struct right_origin {
	mach_port_name_t	rio_name;
	mach_port_type_t	rio_type;
	mach_port_urefs_t	rio_urefs;
	natural_t		rio_kind;	/* ORIGIN_* */
	integer_t		rio_id;
	natural_t		rio_seconds;	/* since the system's start, to a clock tick */
	natural_t		rio_milliseconds;
} right_origin_t;
typedef right_origin_t		*right_origin_array_t;

/* A thread of the task's that waits for a message, or to send one. */
#define STUCK_SENDING		1	/* mach_msg, for room */
#define STUCK_RECEIVING		2	/* mach_msg, for a message */
#define STUCK_EXCEPTION		3	/* for the answer of an exception's handler */

typedef struct stuck_thread {
	natural_t		stt_thread;	/* the thread's number */
	natural_t		stt_doing;	/* STUCK_* */
	mach_port_name_t	stt_name;	/* of port or set, as it was given to mach_msg */
	natural_t		stt_serial;	/* the port's; 0: a set, or the name is gone */
	natural_t		stt_task;	/* whose port it is, or TASK_NUMBER_NONE */
} stuck_thread_t;
typedef stuck_thread_t		*stuck_thread_array_t;

#endif
