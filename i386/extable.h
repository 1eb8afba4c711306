/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel instructions that may fault on an address or selector that a user gave.
 *
 * Each is named in section .extable with the place where to go on when the fault cannot be
 * resolved.  Registers are as at the fault; interrupts are as they were.  A page fault at such an
 * instruction may block, so no lock may be held there.
 */
#ifndef I386_EXTABLE_H
#define I386_EXTABLE_H

#ifdef __ASSEMBLER__

.macro extable fault, fixup
	.pushsection .extable, "a"
	.long	\fault, \fixup
	.popsection
.endm

#else

#include <stdint.h>

struct extable_entry {
	uint32_t fault;		/* address of the instruction */
	uint32_t fixup;		/* where to go on */
};

/* Inside an asm statement, between labels 1 (the instruction) and 2 (the fixup). */
#define EXTABLE_1_2 ".pushsection .extable, \"a\"\n\t.long 1b, 2b\n\t.popsection\n\t"

/* The fixup of a faulting instruction, or 0. */
uint32_t extable_lookup(uint32_t eip);

#endif

#endif /* I386_EXTABLE_H */
