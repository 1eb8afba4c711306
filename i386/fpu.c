/* SPDX-License-Identifier: BSD-2-Clause */
/* Saving and restoring FPU and vector registers, lazily (Intel manual, volume 1, chapter 13). */
#include <i386/fpu.h>

#include <i386/cpu.h>
#include <i386/fpu_area.h>
#include <kern/assert.h>
#include <kern/machine.h>
#include <kern/percpu.h>
#include <kern/sched.h>
#include <kern/slab.h>
#include <kern/string.h>
#include <kern/thread.h>

#define FPU_CONTROL	0x37f
#define FPU_MXCSR	0x1f80
#define MXCSR_MASK_DEFAULT 0xffbf
#define FNSAVE_SIZE	108
#define FXSAVE_SIZE	512
#define RETRY_MS	100

#define CPUID_XSAVE_LEAF 0xd
#define XCR0_X87	0x01u
#define XCR0_SSE	0x02u
#define XCR0_KNOWN	0xe7u		/* x87, SSE, AVX, AVX-512 */

enum fp_save_kind fpu_save_kind;
size_t fpu_area_size;

uint32_t fpu_xcr0;
uint32_t fpu_mxcsr_mask;

static struct slab_cache fpu_cache;

/* --- The instructions --------------------------------------------------------------------- */

void fpu_allow(bool allowed)
{
	if (allowed)
		__asm__ volatile("clts" : : : "memory");
	else
		cr0_write(cr0_read() | CR0_TS);
}

static void area_save(void *area)
{
	if (fpu_save_kind == FP_XSAVE)
		__asm__ volatile("xsave (%0)" : : "r"(area), "a"(fpu_xcr0), "d"(0) : "memory");
	else if (fpu_save_kind == FP_FXSAVE)
		__asm__ volatile("fxsave (%0)" : : "r"(area) : "memory");
	else
		__asm__ volatile("fnsave (%0); fwait" : : "r"(area) : "memory");
}

/* Areas are made by area_init, area_save and checked changes only, so this does not fault. */
static void area_restore(const void *area)
{
	if (fpu_save_kind == FP_XSAVE)
		__asm__ volatile("xrstor (%0)" : : "r"(area), "a"(fpu_xcr0), "d"(0) : "memory");
	else if (fpu_save_kind == FP_FXSAVE)
		__asm__ volatile("fxrstor (%0)" : : "r"(area) : "memory");
	else
		/* What somebody who has ended left pending would be raised here. */
		__asm__ volatile("fnclex; frstor (%0)" : : "r"(area) : "memory");
}

/* What a program finds that has not touched its registers: all empty and zero. */
static void area_init(struct fpu_state *fpu)
{
	memset(fpu, 0, sizeof(*fpu) + fpu_area_size);
	if (fpu_save_kind == FP_FNSAVE) {
		struct i386_fp_save *save = fpu_area(fpu);

		save->fp_control = FPU_CONTROL;
		save->fp_tag = 0xffff;
		save->fp_unused_1 = save->fp_unused_2 = save->fp_unused_3 = 0xffff;
	} else {
		struct i386_xfp_save *save = fpu_area(fpu);

		save->fp_control = FPU_CONTROL;
		save->fp_mxcsr = FPU_MXCSR;
		if (fpu_save_kind == FP_XSAVE)
			save->header.xfp_features = XCR0_X87 | XCR0_SSE;
	}
}

/* --- Start-up ----------------------------------------------------------------------------- */

/* FXSAVE tells which bits there are; early processors say 0. */
static uint32_t read_mxcsr_mask(void)
{
	static struct i386_xfp_save save;

	fpu_allow(true);
	__asm__ volatile("fxsave (%0)" : : "r"(&save) : "memory");
	fpu_allow(false);
	return save.fp_mxcsr_mask != 0 ? save.fp_mxcsr_mask : MXCSR_MASK_DEFAULT;
}

static void enable_xsave(void)
{
	cr4_write(cr4_read() | CR4_OSXSAVE);
	fpu_xcr0 = cpuid(CPUID_XSAVE_LEAF).eax & XCR0_KNOWN;
	__asm__ volatile("xsetbv" : : "c"(0), "a"(fpu_xcr0), "d"(0));
	fpu_area_size = cpuid(CPUID_XSAVE_LEAF).ebx;
	fpu_save_kind = FP_XSAVE;
}

void fpu_init(void)
{
	fpu_save_kind = FP_FNSAVE;
	fpu_area_size = FNSAVE_SIZE;
	if (machine_info.has_fxsr) {
		fpu_save_kind = FP_FXSAVE;
		fpu_area_size = FXSAVE_SIZE;
		fpu_mxcsr_mask = read_mxcsr_mask();
	}
	if (machine_info.has_xsave && machine_info.has_fxsr)
		enable_xsave();
	slab_cache_init(&fpu_cache, "fpu_state", fpu_bytes(), 64);
}

size_t fpu_bytes(void)
{
	return sizeof(struct fpu_state) + fpu_area_size;
}

/* --- Ownership ---------------------------------------------------------------------------- */

static void fpu_set_owner(struct thread *owner)
{
	struct percpu *cpu = current_cpu();

	if (cpu->fpu_owner != NULL)
		cpu->fpu_owner->pcb.special &= ~(uint32_t)PCB_FPU;
	if (owner != NULL)
		owner->pcb.special |= PCB_FPU;
	cpu->fpu_owner = owner;
	fpu_allow(owner != NULL);
}

/* Bring the owner's registers into its area; nobody owns the FPU then. */
static void fpu_evict(void)
{
	struct thread *owner = current_cpu()->fpu_owner;

	if (owner == NULL)
		return;
	fpu_allow(true);
	area_save(fpu_area(owner->pcb.fpu));
	fpu_set_owner(NULL);
}

struct fpu_state *fpu_sync(struct thread *thread)
{
	if (current_cpu()->fpu_owner == thread)
		fpu_evict();
	return thread->pcb.fpu;
}

struct fpu_state *fpu_provide(struct thread *thread)
{
	struct fpu_state *fpu = fpu_sync(thread);

	if (fpu != NULL)
		return fpu;
	fpu = slab_alloc(&fpu_cache);
	if (fpu != NULL)
		area_init(fpu);
	thread->pcb.fpu = fpu;
	return fpu;
}

/* Try the instruction again when memory may be there. */
_Noreturn static void fpu_wait_for_memory(struct thread *self)
{
	thread_will_wait(self, true);
	thread_set_timeout(self, RETRY_MS);
	thread_block(user_return);
	panic("fpu: came back");
}

void fpu_use(struct thread *self)
{
	struct fpu_state *fpu;

	assert(current_cpu()->fpu_owner != self);
	fpu = fpu_provide(self);
	if (fpu == NULL)
		fpu_wait_for_memory(self);
	fpu_evict();
	fpu_set_owner(self);
	area_restore(fpu_area(fpu));
}

void fpu_free(struct thread *thread)
{
	if (current_cpu()->fpu_owner == thread)
		fpu_set_owner(NULL);
	if (thread->pcb.fpu != NULL)
		slab_free(&fpu_cache, thread->pcb.fpu);
	thread->pcb.fpu = NULL;
}
