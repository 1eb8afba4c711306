/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The FPU and the vector registers.
 *
 * The kernel does not use them.  A thread's registers stay in the CPU after it was switched off
 * (percpu.fpu_owner), CR0.TS being set for everybody else; the next thread that uses the FPU
 * traps, and the owner's are saved then.
 */
#ifndef I386_FPU_H
#define I386_FPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kern/machine.h>

struct thread;

void fpu_init(void);

/* What a thread's registers take. */
size_t fpu_bytes(void);

/* Whether the current thread may use the FPU without a trap: it is the owner. */
void fpu_allow(bool allowed);

/* The current thread uses the FPU and is not its owner.  Interrupts are off. */
void fpu_use(struct thread *self);

/* The status word of an x87 error, which is cleared; MXCSR.  Of the current thread. */
uint32_t fpu_take_x87_error(struct thread *self);
uint32_t fpu_sse_status(struct thread *self);

/* Forget a thread's registers. */
void fpu_free(struct thread *thread);

/* i386_FLOAT_STATE of a thread that is not running in user mode. */
struct i386_float_state;
void fpu_get_state(struct thread *thread, struct i386_float_state *state);
kern_return_t fpu_set_state(struct thread *thread, const struct i386_float_state *state);

/* The same for i386_XFLOAT_STATE, which is so many bytes long; its contents may be refused. */
struct i386_xfloat_state;
uint32_t fpu_xstate_size(void);
void fpu_get_xstate(struct thread *thread, struct i386_xfloat_state *state);
kern_return_t fpu_set_xstate(struct thread *thread, const struct i386_xfloat_state *state);

#endif /* I386_FPU_H */
