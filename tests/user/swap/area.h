/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory whose every page says what it must hold: an area has a number, each page a version; the
 * words follow from area, page and version.
 */
#ifndef _AREA_H_
#define _AREA_H_

#include <mach/mach_types.h>
#include <mach/vm_param.h>

#include "../common/tap.h"

#define SELF		mach_task_self()

/*
 * In `make stress' the machine has 64 MiB besides its disk, in `make check' 24; and all else
 * is a fifth.  The sizes that the tests name are the full ones.
 */
#define MIB_PAGES	tap_rounds(48, 256)

struct area {
	vm_offset_t	base;
	unsigned int	pages;
	uint32_t	number;
	unsigned int	step;	/* words between two that are written and looked at */
};

/* Allocate; nothing is touched. */
void area_new(struct area *area, uint32_t number, unsigned int pages);
void area_free(struct area *area);

/* The same area's contents, where a copy of them is. */
struct area area_at(const struct area *area, vm_offset_t base);

/* Write pages, in an order that the version tells: up, down, or across. */
void area_write(const struct area *area, uint32_t version);

/* Returns: the number of wrong words. */
unsigned int area_check(const struct area *area, uint32_t version);

/* Both, page by page. */
unsigned int area_update(const struct area *area, uint32_t version);

#endif
