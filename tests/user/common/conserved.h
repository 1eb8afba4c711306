/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel has of objects and of pages, before and after. */
#ifndef _CONSERVED_H_
#define _CONSERVED_H_

#include <mach/mach_types.h>
#include <mach_debug/slab_info.h>

#define CONSERVED_CACHES	64

struct conserved {
	unsigned int	pages;			/* free, used or wired: all that there are */
	unsigned int	wired_pages;		/* the kernel's own, too */
	unsigned int	count;
	cache_info_t	cache[CONSERVED_CACHES];
};

void conserved_take(struct conserved *conserved);

/*
 * No page is lost, and of no kind of object are there more than before, or a few that a server may
 * need for itself, when all has settled that is on its way; of wired pages a few more, since caches grow.
 */
void conserved_expect(const struct conserved *before, unsigned int more);

/* Pages that went to pagers and came from them, since the start. */
unsigned int paged_out(void);
unsigned int paged_in(void);

#endif
