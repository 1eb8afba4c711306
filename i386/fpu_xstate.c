/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * i386_XFLOAT_STATE: all that the processor saves, as it saves it.  What a user gives must not make
 * the processor fault when the kernel loads it (Intel manual, volume 1, 13.8).
 */
#include <i386/fpu.h>

#include <i386/fpu_area.h>
#include <kern/mig_support.h>
#include <kern/string.h>
#include <kern/thread.h>
#include <mach/i386/mach_i386_server.h>
#include <mach/i386/thread_status.h>

static bool header_ok(const struct i386_xfp_xstate_header *header)
{
	unsigned int i;

	if ((header->xfp_features & ~(uint64_t)fpu_xcr0) != 0 || header->xcomp_bv != 0)
		return false;
	for (i = 0; i < sizeof(header->reserved) / sizeof(header->reserved[0]); i++)
		if (header->reserved[i] != 0)
			return false;
	return true;
}

/* The bytes are as long as fpu_area_size says, and not aligned. */
static bool area_ok(const uint8_t *bytes)
{
	struct i386_xfp_xstate_header header;
	uint32_t mxcsr;

	if (fpu_save_kind == FP_FNSAVE)
		return true;
	memcpy(&mxcsr, bytes + offsetof(struct i386_xfp_save, fp_mxcsr), sizeof(mxcsr));
	if (mxcsr & ~fpu_mxcsr_mask)
		return false;
	if (fpu_save_kind == FP_FXSAVE)
		return true;
	memcpy(&header, bytes + offsetof(struct i386_xfp_save, header), sizeof(header));
	return header_ok(&header);
}

uint32_t fpu_xstate_size(void)
{
	return (uint32_t)(sizeof(struct i386_xfloat_state) + fpu_area_size);
}

void fpu_get_xstate(struct thread *thread, struct i386_xfloat_state *state)
{
	struct fpu_state *fpu = fpu_sync(thread);

	memset(state, 0, fpu_xstate_size());
	state->fpkind = fpu_kind();
	state->fp_save_kind = (int)fpu_save_kind;
	if (fpu == NULL)
		return;
	state->initialized = 1;
	state->exc_status = (int)fpu->exc_status;
	memcpy(state->hw_state, fpu_area(fpu), fpu_area_size);
}

kern_return_t fpu_set_xstate(struct thread *thread, const struct i386_xfloat_state *state)
{
	struct fpu_state *fpu;

	if (!state->initialized) {
		fpu_free(thread);
		return KERN_SUCCESS;
	}
	if (state->fp_save_kind != (int)fpu_save_kind || !area_ok(state->hw_state))
		return KERN_INVALID_ARGUMENT;
	fpu = fpu_provide(thread);
	if (fpu == NULL)
		return KERN_RESOURCE_SHORTAGE;
	fpu->exc_status = (uint32_t)state->exc_status;
	memcpy(fpu_area(fpu), state->hw_state, fpu_area_size);
	return KERN_SUCCESS;
}

kern_return_t i386_get_xstate_size(struct host *host, vm_size_t *size)
{
	if (host == NULL)
		return KERN_INVALID_ARGUMENT;
	*size = fpu_xstate_size();
	return KERN_SUCCESS;
}
