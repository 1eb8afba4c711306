/* SPDX-License-Identifier: BSD-2-Clause */
/* Debug registers: of each thread that has set them, loaded when it is switched to. */
#ifndef I386_DEBUG_H
#define I386_DEBUG_H

#include <stdint.h>

#include <i386/pcb.h>
#include <mach/kern_return.h>

struct debug_state {
	uint32_t dr[8];			/* 4 and 5 are not used */
};

void debug_init(void);

/* Load a thread's registers, or switch off what another thread had on. */
void debug_load(const struct pcb *pcb);

/* After a debug trap: keep the status for its thread, clear it in the CPU. */
void debug_take_status(struct pcb *pcb);
void debug_clear_status(void);

/*
 * All eight.
 * Returns:  KERN_SUCCESS; KERN_INVALID_ARGUMENT for kernel addresses, general detection and port
 *           watchpoints; KERN_RESOURCE_SHORTAGE.
 */
kern_return_t debug_set(struct pcb *pcb, const uint32_t dr[8]);
void debug_get(const struct pcb *pcb, uint32_t dr[8]);
void debug_free(struct pcb *pcb);

#endif /* I386_DEBUG_H */
