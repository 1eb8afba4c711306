/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel has of memory and of its own objects, before and after. */
#ifndef _CONSERVED_H_
#define _CONSERVED_H_

#include <mach/mach_types.h>

#define CONSERVED_CACHES	16

struct conserved {
	unsigned int	wired_pages;
	unsigned int	objects[CONSERVED_CACHES];	/* of the kernel's caches for memory */
};

/* When all has settled that is on its way. */
void conserved_take(struct conserved *conserved);

/* Nothing has become more, but for what a cache may hold. */
void conserved_expect(const struct conserved *before);

/* Pages that went to pagers and came from them, since the start. */
unsigned int paged_out(void);
unsigned int paged_in(void);

#endif
