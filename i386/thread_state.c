/* SPDX-License-Identifier: BSD-2-Clause */
/* Thread state as users read and write it (mach/i386/thread_status.h). */
#include <mach/i386/thread_status.h>

#include <i386/debug.h>
#include <i386/fpu.h>
#include <i386/io_bitmap.h>
#include <i386/regs.h>
#include <i386/segments.h>
#include <kern/machine.h>
#include <kern/string.h>
#include <kern/thread.h>
#include <mach/i386/eflags.h>

#define FLAVOR_LIST 0

#define EFLAGS_USER (EFL_CF | EFL_PF | EFL_AF | EFL_ZF | EFL_SF | EFL_TF | EFL_DF | EFL_OF | \
		     EFL_AC | EFL_ID)

/* --- Registers as a whole ----------------------------------------------------------------- */

uint32_t regs_sanitize_eflags(uint32_t eflags)
{
	return (eflags & EFLAGS_USER) | EFL_IF;
}

/* What the entry code has not saved, because the ABI lets it or because it is always the same. */
static void fill_in(struct user_regs *regs, uint32_t return_kind)
{
	if (return_kind == RETURN_IRET)
		return;
	regs->ecx = 0;
	regs->edx = 0;
	regs->ds = USER_DS;
	regs->es = USER_DS;
	if (return_kind == RETURN_SYSEXIT) {
		regs->cs = USER_CS;
		regs->ss = USER_DS;
		regs->eflags = EFL_IF;
	}
}

void regs_complete(struct pcb *pcb)
{
	fill_in(&pcb->regs, pcb->return_kind);
	pcb->return_kind = RETURN_IRET;
}

void regs_read(const struct thread *thread, struct user_regs *regs)
{
	*regs = thread->pcb.regs;
	fill_in(regs, thread->pcb.return_kind);
	/* What SYSEXIT has left behind is not for users to see. */
	if (regs->cs == SYSEXIT_CS)
		regs->cs = USER_CS;
	if (regs->ss == SYSEXIT_SS)
		regs->ss = USER_DS;
	if (thread == current_thread())
		__asm__ volatile("movl %%fs, %0\n\t"
				 "movl %%gs, %1" : "=r"(regs->fs), "=r"(regs->gs));
}

vm_offset_t machine_user_pc(const struct thread *thread)
{
	return thread->pcb.regs.eip;
}

/* --- i386_THREAD_STATE and i386_REGS_SEGS_STATE ------------------------------------------- */

static void get_registers(const struct thread *thread, struct i386_thread_state *state)
{
	struct user_regs regs;

	regs_read(thread, &regs);
	*state = (struct i386_thread_state){
		.gs = regs.gs & 0xffff, .fs = regs.fs & 0xffff,
		.es = regs.es & 0xffff, .ds = regs.ds & 0xffff,
		.edi = regs.edi, .esi = regs.esi, .ebp = regs.ebp, .ebx = regs.ebx,
		.edx = regs.edx, .ecx = regs.ecx, .eax = regs.eax,
		.eip = regs.eip, .cs = regs.cs & 0xffff,
		.efl = regs_sanitize_eflags(regs.eflags),
		.uesp = regs.esp, .ss = regs.ss & 0xffff,
	};
}

static bool selector_is_null(uint32_t selector)
{
	return (selector & 0xfffc) == 0;
}

static bool selector_is_user(uint32_t selector)
{
	return (selector & 3) == 3;
}

static bool data_selector_ok(uint32_t selector)
{
	return selector_is_null(selector) || selector_is_user(selector);
}

static bool selectors_ok(const struct i386_thread_state *state)
{
	return !selector_is_null(state->cs) && selector_is_user(state->cs) &&
	       !selector_is_null(state->ss) && selector_is_user(state->ss) &&
	       data_selector_ok(state->ds) && data_selector_ok(state->es) &&
	       data_selector_ok(state->fs) && data_selector_ok(state->gs);
}

static void set_selectors(struct user_regs *regs, const struct i386_thread_state *state)
{
	regs->cs = state->cs & 0xffff;
	regs->ss = state->ss & 0xffff;
	regs->ds = state->ds & 0xffff;
	regs->es = state->es & 0xffff;
	regs->fs = state->fs & 0xffff;
	regs->gs = state->gs & 0xffff;
}

/* The flavour without segments: flat ones, but for a thread pointer in fs or gs. */
static void set_flat_selectors(struct user_regs *regs, const struct i386_thread_state *state)
{
	regs->cs = USER_CS;
	regs->ss = regs->ds = regs->es = USER_DS;
	regs->fs = selector_is_null(state->fs) ? USER_DS : state->fs & 0xffff;
	regs->gs = selector_is_null(state->gs) ? USER_DS : state->gs & 0xffff;
}

static kern_return_t set_registers(struct thread *thread, int flavor,
				   const struct i386_thread_state *state)
{
	struct user_regs *regs = &thread->pcb.regs;
	/* Over the breakpoint at which the thread stands (i386/debug.c). */
	uint32_t resume_flag = state->eip == regs->eip ? regs->eflags & EFL_RF : 0;

	if (flavor == i386_REGS_SEGS_STATE) {
		if (!selectors_ok(state))
			return KERN_INVALID_ARGUMENT;
	} else if (!data_selector_ok(state->fs) || !data_selector_ok(state->gs)) {
		return KERN_INVALID_ARGUMENT;
	}
	regs_complete(&thread->pcb);
	if (flavor == i386_REGS_SEGS_STATE)
		set_selectors(regs, state);
	else
		set_flat_selectors(regs, state);
	regs->edi = state->edi;
	regs->esi = state->esi;
	regs->ebp = state->ebp;
	regs->ebx = state->ebx;
	regs->edx = state->edx;
	regs->ecx = state->ecx;
	regs->eax = state->eax;
	regs->eip = state->eip;
	regs->esp = state->uesp;
	regs->eflags = regs_sanitize_eflags(state->efl) | resume_flag;
	if (thread == current_thread())
		regs_load_fs_gs(thread);
	return KERN_SUCCESS;
}

/* --- All flavours ------------------------------------------------------------------------- */

/* Words of a flavour; 0 for one that there is not. */
static uint32_t flavor_count(int flavor)
{
	switch (flavor) {
	case FLAVOR_LIST:
		return 4;
	case i386_THREAD_STATE:
	case i386_REGS_SEGS_STATE:
		return i386_THREAD_STATE_COUNT;
	case i386_FLOAT_STATE:
		return i386_FLOAT_STATE_COUNT;
	case i386_ISA_PORT_MAP_STATE:
		return i386_ISA_PORT_MAP_STATE_COUNT;
	case i386_V86_ASSIST_STATE:
		return i386_V86_ASSIST_STATE_COUNT;
	case i386_DEBUG_STATE:
		return i386_DEBUG_STATE_COUNT;
	case i386_XFLOAT_STATE:
		return fpu_xstate_size() / sizeof(uint32_t);
	default:
		return 0;
	}
}

static void get_list(uint32_t *state)
{
	state[0] = i386_THREAD_STATE;
	state[1] = i386_FLOAT_STATE;
	state[2] = i386_ISA_PORT_MAP_STATE;
	state[3] = i386_V86_ASSIST_STATE;
}

/*
 * Permissions are given and taken by i386_io_perm_modify alone.  What a thread's state said may be
 * set again; more than that is refused.
 */
static kern_return_t check_port_map(struct thread *thread, const uint8_t *map)
{
	uint8_t allowed[PORT_MAP_BITS / 8];
	unsigned int i;

	io_bitmap_get(thread->task, allowed, sizeof(allowed));
	for (i = 0; i < sizeof(allowed); i++)
		if (~map[i] & allowed[i])
			return KERN_INVALID_ARGUMENT;
	return KERN_SUCCESS;
}

kern_return_t machine_thread_get_state(struct thread *thread, int flavor, uint32_t *state,
				       uint32_t *count)
{
	uint32_t words = flavor_count(flavor);

	if (words == 0 || *count < words)
		return KERN_INVALID_ARGUMENT;
	*count = words;
	switch (flavor) {
	case FLAVOR_LIST:
		get_list(state);
		break;
	case i386_THREAD_STATE:
	case i386_REGS_SEGS_STATE:
		get_registers(thread, (struct i386_thread_state *)state);
		break;
	case i386_FLOAT_STATE:
		fpu_get_state(thread, (struct i386_float_state *)state);
		break;
	case i386_ISA_PORT_MAP_STATE:	/* a bit that is set forbids a port */
		io_bitmap_get(thread->task, (uint8_t *)state, PORT_MAP_BITS / 8);
		break;
	case i386_V86_ASSIST_STATE:	/* no virtual 8086 mode */
		memset(state, 0, words * sizeof(*state));
		break;
	case i386_DEBUG_STATE:
		debug_get(&thread->pcb, state);
		break;
	case i386_XFLOAT_STATE:
		fpu_get_xstate(thread, (struct i386_xfloat_state *)state);
		break;
	}
	return KERN_SUCCESS;
}

kern_return_t machine_thread_set_state(struct thread *thread, int flavor, const uint32_t *state,
				       uint32_t count)
{
	if (flavor_count(flavor) == 0 || count < flavor_count(flavor))
		return KERN_INVALID_ARGUMENT;
	switch (flavor) {
	case i386_THREAD_STATE:
	case i386_REGS_SEGS_STATE:
		return set_registers(thread, flavor, (const struct i386_thread_state *)state);
	case i386_FLOAT_STATE:
		return fpu_set_state(thread, (const struct i386_float_state *)state);
	case i386_DEBUG_STATE:
		return debug_set(&thread->pcb, state);
	case i386_XFLOAT_STATE:
		return fpu_set_xstate(thread, (const struct i386_xfloat_state *)state);
	case i386_ISA_PORT_MAP_STATE:
		return check_port_map(thread, (const uint8_t *)state);
	case i386_V86_ASSIST_STATE:
		return state[0] == 0 && state[1] == 0 ? KERN_SUCCESS : KERN_INVALID_ARGUMENT;
	default:
		return KERN_INVALID_ARGUMENT;
	}
}
