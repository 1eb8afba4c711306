/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Traps from user mode.  Page faults and the first use of the FPU are served; what is left is an
 * exception, as the table says (spec/ipc.md, section 14).  Kernel traps: i386/trap_kernel.c.
 */
#include <i386/trap.h>

#include <i386/cpu.h>
#include <i386/debug.h>
#include <i386/fpu.h>
#include <i386/io_bitmap.h>
#include <i386/irq.h>
#include <i386/regs.h>
#include <i386/segments.h>
#include <kern/exception.h>
#include <kern/machine.h>
#include <kern/percpu.h>
#include <kern/sched.h>
#include <kern/string.h>
#include <kern/task.h>
#include <kern/thread.h>
#include <kern/trace.h>
#include <mach/exception.h>
#include <mach/i386/eflags.h>
#include <mach/i386/trap.h>
#include <vm/map.h>

void trap_interrupt(unsigned int vector, bool in_user)
{
	struct percpu *cpu = current_cpu();
	uint32_t before = cpu->ticks;

	irq_handler(vector - TRAP_IRQ_FIRST);
	if (cpu->ticks != before)
		cpu->tick_in_user = in_user;
}

/* --- Page faults -------------------------------------------------------------------------- */

vm_prot_t trap_fault_access(uint32_t err)
{
	if (err & T_PF_WRITE)
		return VM_PROT_READ | VM_PROT_WRITE;
	return err & T_PF_FETCH ? VM_PROT_READ | VM_PROT_EXECUTE : VM_PROT_READ;
}

/*
 * The processor itself was refused memory that the user may have.  Some emulators read the stack with
 * the kernel's rights when user mode does IRET or a far return, which SMAP forbids: the same again
 * would never end.
 */
static bool refused_for_ever(uint32_t err)
{
	return (err & (T_PF_PROT | T_PF_USER)) == T_PF_PROT;
}

static void user_page_fault(struct thread *thread)
{
	uint32_t err = thread->pcb.regs.err;
	uint32_t addr = cr2_read();
	kern_return_t kr;

	interrupts_enable();
	if (err & T_PF_RESERVED)
		panic("trap: a page table of task %s is broken at 0x%x", thread->task->name,
		      (unsigned int)addr);
	if (addr >= VM_USER_MAX)
		exception(EXC_BAD_ACCESS, EXC_I386_PGFLT, (long)addr);
	kr = KERN_PROTECTION_FAILURE;
	if (!refused_for_ever(err))
		kr = vm_fault(thread->task->map, addr, trap_fault_access(err));
	if (kr != KERN_SUCCESS && kr != KERN_ABORTED)	/* then the access is tried again */
		exception(EXC_BAD_ACCESS, kr, (long)addr);
}

/* --- Exceptions --------------------------------------------------------------------------- */

/*
 * By vector.  The subcode is 0, or the CPU's error code, which names the selector to blame, or
 * the FPU's status.
 */
static const struct {
	uint8_t exception, code;
	enum { SUB_ZERO, SUB_ERROR, SUB_X87, SUB_SSE } subcode;
} exceptions[] = {
	[T_DIVIDE_ERROR] = { EXC_ARITHMETIC, EXC_I386_DIV, SUB_ZERO },
	[T_DEBUG] = { EXC_BREAKPOINT, EXC_I386_SGL, SUB_ZERO },
	[T_INT3] = { EXC_BREAKPOINT, EXC_I386_BPT, SUB_ZERO },
	[T_OVERFLOW] = { EXC_ARITHMETIC, EXC_I386_INTO, SUB_ZERO },
	[T_OUT_OF_BOUNDS] = { EXC_SOFTWARE, EXC_I386_BOUND, SUB_ZERO },
	[T_INVALID_OPCODE] = { EXC_BAD_INSTRUCTION, EXC_I386_INVOP, SUB_ZERO },
	[T_FPU_FAULT] = { EXC_BAD_INSTRUCTION, EXC_I386_EXTOVRFLT, SUB_ZERO },
	[T_INVALID_TSS] = { EXC_BAD_INSTRUCTION, EXC_I386_INVTSSFLT, SUB_ERROR },
	[T_SEGMENT_NOT_PRESENT] = { EXC_BAD_INSTRUCTION, EXC_I386_SEGNPFLT, SUB_ERROR },
	[T_STACK_FAULT] = { EXC_BAD_INSTRUCTION, EXC_I386_STKFLT, SUB_ERROR },
	[T_GENERAL_PROTECTION] = { EXC_BAD_INSTRUCTION, EXC_I386_GPFLT, SUB_ERROR },
	[T_FLOATING_POINT_ERROR] = { EXC_ARITHMETIC, EXC_I386_EXTERR, SUB_X87 },
	[T_ALIGNMENT_CHECK] = { EXC_SOFTWARE, EXC_I386_ALIGNFLT, SUB_ZERO },
	[T_SIMD_ERROR] = { EXC_ARITHMETIC, EXC_I386_SIMDFLT, SUB_SSE },
};

static uint32_t exception_subcode(struct thread *thread, unsigned int vector)
{
	switch (exceptions[vector].subcode) {
	case SUB_ERROR:
		return thread->pcb.regs.err & 0xffff;
	case SUB_X87:
		return fpu_take_x87_error(thread);
	case SUB_SSE:
		return fpu_sse_status(thread);
	default:
		return 0;
	}
}

_Noreturn static void user_exception(struct thread *thread, unsigned int vector)
{
	uint32_t subcode;

	assert(vector < sizeof(exceptions) / sizeof(exceptions[0]) &&
	       exceptions[vector].exception != 0);
	subcode = exception_subcode(thread, vector);
	if (vector == T_DEBUG)
		debug_take_status(&thread->pcb);
	interrupts_enable();
	exception(exceptions[vector].exception, exceptions[vector].code, (long)subcode);
}

void trap_user(struct thread *thread)
{
	const struct user_regs *regs = &thread->pcb.regs;
	unsigned int vector = regs->trapno;

	if (trace_on(TRACE_TRAP_ENTER))
		trace_record(TRACE_TRAP_ENTER, vector, regs->eip, regs->err);
	if (vector >= TRAP_IRQ_FIRST)
		trap_interrupt(vector, true);
	else if (vector == T_PAGE_FAULT)
		user_page_fault(thread);
	else if (vector == T_NO_FPU)
		fpu_use(thread);
	else if (vector == T_GENERAL_PROTECTION && io_bitmap_load(thread))
		return;
	else
		user_exception(thread, vector);
}

/* The thread comes back to protected mode, and gets what a privileged instruction would get. */
void trap_v86(struct thread *thread, const struct user_regs *frame)
{
	struct user_regs *regs = &thread->pcb.regs;
	unsigned int vector = frame->trapno;

	memmove(regs, frame, sizeof(*regs));
	regs->cs = USER_CS;
	regs->ss = regs->ds = regs->es = USER_DS;
	regs->eflags = regs_sanitize_eflags(regs->eflags);
	thread->pcb.return_kind = RETURN_IRET;
	if (vector >= TRAP_IRQ_FIRST)
		trap_interrupt(vector, true);
	interrupts_enable();
	exception(EXC_BAD_INSTRUCTION, EXC_I386_GPFLT, 0);
}

/* --- System calls ------------------------------------------------------------------------- */

void trap_bad_number(void)
{
	interrupts_enable();
	exception(EXC_BAD_INSTRUCTION, EXC_I386_INVOP, 0);
}

void trap_bad_arguments(uint32_t address)
{
	interrupts_enable();
	exception(EXC_BAD_ACCESS, KERN_INVALID_ADDRESS, (long)address);
}

void trap_check_arguments(uint32_t esp, uint32_t count)
{
	uint32_t word;

	for (; count > 0; count--)
		if (copyin((const void *)(uintptr_t)(esp + 4 * count), &word, sizeof(word)) != 0)
			trap_bad_arguments(esp + 4 * count);
}

/* --- On the way out ----------------------------------------------------------------------- */

void trap_bad_segment(void)
{
	const struct user_regs *regs = &current_thread()->pcb.regs;

	interrupts_enable();
	exception(EXC_BAD_INSTRUCTION, (int)regs->trapno, (long)(regs->err & 0xfffc));
}

void machine_raise_deferred(void)
{
	struct thread *self = current_thread();
	struct pcb *pcb = &self->pcb;

	if (pcb->deferred & PCB_SELECTOR) {
		pcb->deferred &= ~(uint32_t)PCB_SELECTOR;
		if (pcb->deferred != 0)
			thread_set_ast(self, AST_STEP);
		exception(EXC_BAD_INSTRUCTION, EXC_I386_GPFLT, (long)(pcb->regs.err & 0xfffc));
	}
	if (pcb->deferred & PCB_STEP) {
		pcb->deferred = 0;
		regs_complete(pcb);
		pcb->regs.eflags |= EFL_TF;
		exception(EXC_BREAKPOINT, EXC_I386_SGL, 0);
	}
}
