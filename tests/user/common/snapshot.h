/* SPDX-License-Identifier: BSD-2-Clause */
/* All names of a space at one moment: what they hold, how many references, and the ports' state. */
#ifndef _SNAPSHOT_H_
#define _SNAPSHOT_H_

#include <mach/mach_types.h>

#define SNAPSHOT_MAX	1000

/* Of a receive right.  Send rights are counted where the kernel can tell, else 0 or 1. */
struct snapshot_port {
	unsigned int	send_rights;
	unsigned int	send_once_rights;
	unsigned int	messages;
	unsigned int	limit;
	unsigned int	requests;	/* 1: no-senders, 2: port-destroyed */
	mach_port_t	set;
};

struct snapshot {
	unsigned int	count;
	struct {
		mach_port_name_t	name;
		mach_port_type_t	type;
		mach_port_urefs_t	send;		/* references to the send right */
		mach_port_urefs_t	dead;		/* or to the dead name */
		struct snapshot_port	port;
	} entry[SNAPSHOT_MAX];
};

/* The calling thread's reply port is left out: the library replaces it after errors. */
void snapshot_take(mach_port_t task, struct snapshot *snapshot);

/* Compares, in whatever order the names are; prints each difference. */
boolean_t snapshot_same(const struct snapshot *before, const struct snapshot *after);

/* All send rights to a port of ours, wherever they are. */
unsigned int snapshot_send_rights(mach_port_t port);

/* Pages that nobody uses. */
unsigned int snapshot_free_pages(void);

/*
 * Do something many times: the kernel has as many free pages afterwards as before, but for a few.
 * The first rounds are not counted, in which caches are filled.
 */
void snapshot_conserved(void (*round)(void), unsigned int rounds);

#endif
