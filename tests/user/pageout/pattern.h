/* SPDX-License-Identifier: BSD-2-Clause */
/* Pages whose first word says what some others, one in each STRIDE, must be; the rest is zero. */
#ifndef _PATTERN_H_
#define _PATTERN_H_

#include <mach/mach_types.h>
#include <mach/vm_param.h>

#define PAGE_WORDS	(PAGE_SIZE / sizeof(uint32_t))
#define STRIDE		33

/* The page is zero, or has such words already. */
static inline void pattern_fill(vm_offset_t page, uint32_t first)
{
	volatile uint32_t *word = (volatile uint32_t *) page;
	unsigned int i;

	for (i = 0; i < PAGE_WORDS; i += STRIDE)
		word[i] = first + i * 0x9e3779b9u;
}

/* Looks at the first words of the gaps only. */
static inline boolean_t pattern_holds(vm_offset_t page)
{
	volatile uint32_t *word = (volatile uint32_t *) page;
	uint32_t first = word[0];
	unsigned int i;

	for (i = 0; i < PAGE_WORDS; i += STRIDE)
		if (word[i] != first + i * 0x9e3779b9u ||
		    (i + 1 < PAGE_WORDS && word[i + 1] != 0))
			return FALSE;
	return TRUE;
}

#endif
