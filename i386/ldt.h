/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptors that users set: a thread's own LDT and its two slots of the GDT.
 *
 * Both belong to the thread, and are looked at by switches only when pcb.special says so.  A thread
 * without an LDT of its own has the shared one.  Entries 0, 2 and 3 of each LDT are the kernel's.
 */
#ifndef I386_LDT_H
#define I386_LDT_H

#include <stdint.h>

#include <i386/segments.h>

struct estate;

struct ldt {
	uint32_t entries;
	struct estate *payer;		/* its thread's task's, or NULL */
	struct descriptor entry[];
};

/* The thread is gone. */
void ldt_free(struct pcb *pcb);

#endif /* I386_LDT_H */
