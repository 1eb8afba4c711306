/* SPDX-License-Identifier: BSD-2-Clause */
/* All names of a space at one moment: what they hold, and how many references. */
#ifndef _SNAPSHOT_H_
#define _SNAPSHOT_H_

#include <mach/mach_types.h>

#define SNAPSHOT_MAX	1000

struct snapshot {
	unsigned int	count;
	struct {
		mach_port_name_t	name;
		mach_port_type_t	type;
		mach_port_urefs_t	send;		/* references to the send right */
		mach_port_urefs_t	dead;		/* or to the dead name */
	} entry[SNAPSHOT_MAX];
};

/* The calling thread's reply port is left out: the library replaces it after errors. */
void snapshot_take(mach_port_t task, struct snapshot *snapshot);

/* Compares, in whatever order the names are; prints each difference. */
boolean_t snapshot_same(const struct snapshot *before, const struct snapshot *after);

#endif
