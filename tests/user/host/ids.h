/* SPDX-License-Identifier: BSD-2-Clause */
/* The ids of the kernel's interface. */
#ifndef _HOST_IDS_H_
#define _HOST_IDS_H_

struct id_range {
	int	first;
	int	last;
};

/* Routines that must be there. */
extern const struct id_range served_ids[];
extern const unsigned int served_count;

/* Routines of the interface that may be missing, and simple ones that do not reply. */
extern const struct id_range other_ids[];
extern const unsigned int other_count;

#endif
