/* SPDX-License-Identifier: BSD-2-Clause */
/* The places of the trace's probes in the kernel's text (kern/trace.h). */
#ifndef I386_TRACE_SITES_H
#define I386_TRACE_SITES_H

#include <mach/trace.h>

#ifdef __ASSEMBLER__

/* Go to `target` when events of this kind are recorded. */
.macro trace_site kind, target
9:	.byte	0x0f, 0x1f, 0x44, 0x00, 0x00
	.pushsection .trace_sites, "a"
	.long	9b, \target, \kind
	.popsection
.endm

#else

#include <stdint.h>

#define TRACE_SITE_SIZE 5	/* a jump with a 32-bit distance, or as long a no-op */

struct trace_site {
	uint8_t *at;
	uint32_t target;
	uint32_t kind;
};

extern const struct trace_site _trace_sites_start[], _trace_sites_end[];

/* From assembly, when they are on. */
void trace_system_call(int32_t number);
void trace_exit(uint32_t eax);

#endif

#endif /* I386_TRACE_SITES_H */
