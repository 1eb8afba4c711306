/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FPU registers as users see them: i386_FLOAT_STATE has the layout of FNSAVE, whatever the
 * CPU saves.  FXSAVE stores registers in 16 bytes each and one tag bit for "not empty", where
 * FNSAVE has 10 bytes, and two bits for the kind of value.
 */
#include <i386/fpu.h>

#include <i386/fpu_area.h>
#include <kern/string.h>
#include <kern/thread.h>
#include <mach/i386/thread_status.h>

#define REGISTERS	8
#define REGISTER_BYTES	10
#define EXCEPTION_BITS	(FPS_IE | FPS_DE | FPS_ZE | FPS_OE | FPS_UE | FPS_PE | FPS_SF | FPS_ES | \
			 FPS_BUSY)

enum { TAG_VALID, TAG_ZERO, TAG_SPECIAL, TAG_EMPTY };

struct fnsave_area {
	struct i386_fp_save save;
	struct i386_fp_regs regs;
};

_Static_assert(sizeof(struct fnsave_area) == FP_STATE_BYTES, "");

/* --- Conversion --------------------------------------------------------------------------- */

static unsigned int classify(const uint8_t reg[REGISTER_BYTES])
{
	uint32_t low, high;
	uint16_t exponent;

	memcpy(&low, reg, 4);
	memcpy(&high, reg + 4, 4);
	memcpy(&exponent, reg + 8, 2);
	exponent &= 0x7fff;
	if (exponent == 0)
		return (low | high) == 0 ? TAG_ZERO : TAG_SPECIAL;
	if (exponent == 0x7fff || !(high & 0x80000000))
		return TAG_SPECIAL;
	return TAG_VALID;
}

/* Tags are by physical register, registers in memory by distance from the top of the stack. */
static uint16_t full_tags(const struct i386_xfp_save *from)
{
	unsigned int top = (from->fp_status & FPS_TOS) >> FPS_TOS_SHIFT;
	unsigned int tags = 0, i;

	for (i = 0; i < REGISTERS; i++) {
		const uint8_t *reg = from->fp_reg_word[(i - top) & 7];
		unsigned int tag = from->fp_tag >> i & 1 ? classify(reg) : TAG_EMPTY;

		tags |= tag << (2 * i);
	}
	return (uint16_t)tags;
}

static uint16_t short_tags(uint16_t full)
{
	unsigned int tags = 0, i;

	for (i = 0; i < REGISTERS; i++)
		if ((full >> (2 * i) & 3) != TAG_EMPTY)
			tags |= 1u << i;
	return (uint16_t)tags;
}

static void to_fnsave(const struct i386_xfp_save *from, struct fnsave_area *to)
{
	unsigned int i;

	to->save = (struct i386_fp_save){
		.fp_control = from->fp_control, .fp_unused_1 = 0xffff,
		.fp_status = from->fp_status, .fp_unused_2 = 0xffff,
		.fp_tag = full_tags(from), .fp_unused_3 = 0xffff,
		.fp_eip = from->fp_eip, .fp_cs = from->fp_cs, .fp_opcode = from->fp_opcode,
		.fp_dp = from->fp_dp, .fp_ds = from->fp_ds, .fp_unused_4 = 0xffff,
	};
	for (i = 0; i < REGISTERS; i++)
		memcpy(to->regs.fp_reg_word[i], from->fp_reg_word[i], REGISTER_BYTES);
}

static void from_fnsave(const struct fnsave_area *from, struct i386_xfp_save *to)
{
	unsigned int i;

	to->fp_control = from->save.fp_control;
	to->fp_status = from->save.fp_status;
	to->fp_tag = short_tags(from->save.fp_tag);
	to->fp_opcode = from->save.fp_opcode & 0x7ff;
	to->fp_eip = from->save.fp_eip;
	to->fp_cs = from->save.fp_cs;
	to->fp_dp = from->save.fp_dp;
	to->fp_ds = from->save.fp_ds;
	for (i = 0; i < REGISTERS; i++)
		memcpy(to->fp_reg_word[i], from->regs.fp_reg_word[i], REGISTER_BYTES);
	if (fpu_save_kind == FP_XSAVE)
		to->header.xfp_features |= 1;
}

/* --- Thread state ------------------------------------------------------------------------- */

int fpu_kind(void)
{
	switch (fpu_save_kind) {
	case FP_FNSAVE:
		return FP_387;
	case FP_FXSAVE:
		return FP_387FX;
	default:
		return FP_387X;
	}
}

void fpu_get_state(struct thread *thread, struct i386_float_state *state)
{
	struct fpu_state *fpu = fpu_sync(thread);
	struct fnsave_area area;

	memset(state, 0, sizeof(*state));
	state->fpkind = fpu_kind();
	if (fpu == NULL)
		return;
	state->initialized = 1;
	state->exc_status = (int)fpu->exc_status;
	if (fpu_save_kind == FP_FNSAVE)
		memcpy(&area, fpu_area(fpu), sizeof(area));
	else
		to_fnsave(fpu_area(fpu), &area);
	memcpy(state->hw_state, &area, sizeof(area));
}

kern_return_t fpu_set_state(struct thread *thread, const struct i386_float_state *state)
{
	struct fnsave_area area;
	struct fpu_state *fpu;

	if (!state->initialized) {
		fpu_free(thread);
		return KERN_SUCCESS;
	}
	fpu = fpu_provide(thread);
	if (fpu == NULL)
		return KERN_RESOURCE_SHORTAGE;
	memcpy(&area, state->hw_state, sizeof(area));
	fpu->exc_status = (uint32_t)state->exc_status;
	if (fpu_save_kind == FP_FNSAVE)
		memcpy(fpu_area(fpu), &area, sizeof(area));
	else
		from_fnsave(&area, fpu_area(fpu));
	return KERN_SUCCESS;
}

/* --- Errors ------------------------------------------------------------------------------- */

uint32_t fpu_take_x87_error(struct thread *self)
{
	struct fpu_state *fpu = fpu_sync(self);
	uint16_t *status;

	if (fpu == NULL)
		return 0;
	if (fpu_save_kind == FP_FNSAVE)
		status = &((struct i386_fp_save *)fpu_area(fpu))->fp_status;
	else
		status = &((struct i386_xfp_save *)fpu_area(fpu))->fp_status;
	fpu->exc_status = *status;
	*status &= (uint16_t)~EXCEPTION_BITS;
	return fpu->exc_status;
}

uint32_t fpu_sse_status(struct thread *self)
{
	struct fpu_state *fpu = fpu_sync(self);

	if (fpu == NULL || fpu_save_kind == FP_FNSAVE)
		return 0;
	return ((struct i386_xfp_save *)fpu_area(fpu))->fp_mxcsr;
}
