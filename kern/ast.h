/* SPDX-License-Identifier: BSD-2-Clause */
/* Work to do before user mode is entered again; the bits are in kern/percpu.h. */
#ifndef KERN_AST_H
#define KERN_AST_H

#include <stdint.h>

#include <kern/percpu.h>

/* Bits for this CPU; one instruction, because interrupt handlers add others. */
static inline void ast_set(enum ast bits)
{
	__atomic_fetch_or(&current_cpu()->ast, (uint32_t)bits, __ATOMIC_RELAXED);
}

static inline void ast_clear(enum ast bits)
{
	__atomic_fetch_and(&current_cpu()->ast, ~(uint32_t)bits, __ATOMIC_RELAXED);
}

/*
 * Serve what waits on this CPU, but for preemption: ticks, devices.
 *
 * Locks:    none.
 * Blocks:   never.
 */
void ast_serve_cpu(void);

/* What AST_DEVICE means; at start-up, once. */
void ast_set_device_work(void (*work)(void));

#endif /* KERN_AST_H */
