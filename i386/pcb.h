/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's part of a thread: what a user program's registers are when it
 * is not running, and what the entry code needs to find.
 *
 * The CPU saves user registers straight into `regs`: TSS.esp0 of the running
 * thread points just behind it.  `room` below `regs` takes the frame of a trap that
 * hits the entry code itself: an interrupt in the first instructions of a call-gate entry, which
 * begins with interrupts enabled, a single step over a kernel entry, or an iret to user mode that
 * fails.  Offsets are known to assembly (i386/asm_offsets.h).
 */
#ifndef I386_PCB_H
#define I386_PCB_H

#include <stdint.h>

#include <mach/machine/mach_i386_types.h>

struct fpu_state;
struct ldt;
struct debug_state;
struct pmap;

/* In memory order; `edi` is pushed last.  fs and gs are saved when the thread is switched off. */
struct user_regs {
	uint32_t gs, fs, es, ds;
	uint32_t edi, esi, ebp, ebx, edx, ecx, eax;
	uint32_t trapno, err;
	uint32_t eip, cs, eflags, esp, ss;
};

/* How the thread goes back to user mode. */
enum user_return_kind {
	RETURN_IRET = 0,	/* everything in regs counts */
	RETURN_SYSEXIT = 1,	/* entered by SYSENTER: eax, ebx, esi, edi, ebp, esp, eip count */
	RETURN_LCALL = 2,	/* entered by the call gate: also cs, ss, eflags; then iret */
};

/* What a switch to or from the thread must do besides the usual. */
enum pcb_special {
	PCB_GDT = 1,		/* gdt_slots are in use */
	PCB_LDT = 2,		/* ldt is its own */
	PCB_DEBUG = 4,		/* debug registers are in use */
	PCB_FPU = 8,		/* its registers are in the FPU: percpu.fpu_owner */
	PCB_IO = 16,		/* it may use the I/O ports of its task's bitmap */
};

/* Exceptions to raise at the next return to user mode; thread.ast has AST_STEP then. */
enum pcb_deferred {
	PCB_STEP = 1,		/* single step over a kernel entry */
	PCB_SELECTOR = 2,	/* regs.err is a selector of fs or gs that cannot be loaded */
};

struct pcb {
	uint32_t kstack_top;		/* stack pointer for a kernel entry; 0 without a stack */
	uint32_t saved_esp;		/* kernel esp while blocked with a stack */
	uint32_t return_kind;		/* enum user_return_kind */
	uint32_t special;		/* enum pcb_special */
	uint32_t deferred;		/* enum pcb_deferred */
	struct pmap *pmap;		/* of the task's map */
	struct fpu_state *fpu;		/* NULL until the first use */
	struct ldt *ldt;		/* NULL: the shared one */
	struct debug_state *debug;	/* NULL: no watchpoints */
	struct descriptor gdt_slots[2];	/* USER_SLOT_0 and USER_SLOT_1 */
	uint32_t room[44];
	struct user_regs regs;
};

#endif /* I386_PCB_H */
