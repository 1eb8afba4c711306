/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Probes of the event trace (records: <mach/trace.h>).
 *
 *	if (trace_on(TRACE_SEND))
 *		trace_record(TRACE_SEND, id, size, port->serial);
 *
 * A probe that is off is one instruction that does nothing, and its record is made elsewhere: the
 * condition is a site in the table .trace_sites, where switching the kind on puts a jump
 * (i386/trace_sites.c; i386/entry.S has sites of its own).  The arguments are worked
 * out only when it is on.
 *
 * Each CPU writes its own ring, with no lock: the kernel is not preempted, and interrupt handlers
 * have no probes.  A probe may stand anywhere that has a current thread, whatever is locked.
 */
#ifndef KERN_TRACE_H
#define KERN_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include <mach/trace.h>

#ifdef HOST_TEST
extern uint32_t trace_host_mask;

static inline bool trace_on(unsigned int kind)
{
	return __builtin_expect((trace_host_mask & TRACE_MASK(kind)) != 0, 0);
}
#else
static inline __attribute__((always_inline)) bool trace_on(const unsigned int kind)
{
	__asm__ goto("1:\t.byte 0x0f, 0x1f, 0x44, 0x00, 0x00\n\t"
		     ".pushsection .trace_sites, \"a\"\n\t"
		     ".long 1b, %l[on], %c0\n\t"
		     ".popsection" : : "i"(kind) : : on);
	return false;
on:
	return true;
}
#endif

/*
 * Note an event of the current thread on this CPU.
 *
 * Locks:    any.
 * Blocks:   never.
 */
__attribute__((cold)) void trace_record(unsigned int kind, uint32_t a, uint32_t b, uint32_t c);

/* Print the last `count` records of each CPU, as far as there are any.  In any context. */
void trace_print(uint32_t count);

#endif /* KERN_TRACE_H */
