/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of the FPU: saved registers. */
#ifndef I386_FPU_AREA_H
#define I386_FPU_AREA_H

#include <stddef.h>
#include <stdint.h>

#include <mach/i386/fp_reg.h>

struct thread;

struct fpu_state {
	uint32_t exc_status;		/* of the last x87 error: status word, with its bits */
	uint8_t area[] __attribute__((aligned(64)));
};

extern enum fp_save_kind fpu_save_kind;
extern size_t fpu_area_size;
extern uint32_t fpu_xcr0;		/* FP_XSAVE: what is saved and loaded */
extern uint32_t fpu_mxcsr_mask;		/* bits of MXCSR that exist */

/* The kind of FPU that thread state reports: FP_387 and so on. */
int fpu_kind(void);

/* A struct i386_fp_save and i386_fp_regs (FNSAVE), or a struct i386_xfp_save. */
static inline void *fpu_area(struct fpu_state *fpu)
{
	return fpu->area;
}

/* The thread's area, up to date and not in use by the CPU; NULL when it has not used the FPU. */
struct fpu_state *fpu_sync(struct thread *thread);

/* The same, made when there is none; NULL when memory is short. */
struct fpu_state *fpu_provide(struct thread *thread);

#endif /* I386_FPU_AREA_H */
