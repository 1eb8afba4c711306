/* SPDX-License-Identifier: BSD-2-Clause */
/* Things that no compiler writes (code.S). */
#ifndef _CODE_H_
#define _CODE_H_

#include <mach/mach_types.h>

/* A trap made with these selectors in ds and es. */
struct odd_call {
	unsigned int	ds, es;
	int		number;
	unsigned int	sysenter;		/* else lcall */
	unsigned int	arguments[3];
	int		result;
	unsigned int	ds_after, es_after;
};

void odd_call(struct odd_call *call);

/* Count to `count' with null in ds and es; afterwards their or. */
unsigned int spin_without_segments(unsigned int count);

/* Single steps over a trap without meaning; they fault, at `name_after', unless ignored. */
void step_lcall(void *), step_sysenter(void *);
extern char step_lcall_after[], step_sysenter_after[];

/* With the flag NT: a trap, and an iret, which faults. */
void nested_lcall(void *), nested_sysenter(void *), nested_iret(void *);
extern char nested_iret_at[];


/* Store a word: the instruction that a watchpoint stops behind. */
void store_word(void *);
extern char store_word_after[];

#endif
