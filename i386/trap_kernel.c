/* SPDX-License-Identifier: BSD-2-Clause */
/* Traps from the kernel, which expects very few of them. */
#include <i386/trap.h>

#include <i386/backtrace.h>
#include <i386/cpu.h>
#include <i386/debug.h>
#include <i386/extable.h>
#include <i386/regs.h>
#include <i386/segments.h>
#include <kern/exception.h>
#include <kern/kstack.h>
#include <kern/machine.h>
#include <kern/panic.h>
#include <kern/percpu.h>
#include <kern/printf.h>
#include <kern/sched.h>
#include <kern/task.h>
#include <kern/thread.h>
#include <mach/exception.h>
#include <mach/i386/eflags.h>
#include <mach/i386/trap.h>
#include <vm/map.h>

extern const char _entry_text_start[], _entry_text_end[];

/* --- What can happen ---------------------------------------------------------------------- */

/* An access to user memory by an instruction that the table knows; false when it is none. */
static bool kernel_page_fault(struct user_regs *frame)
{
	uint32_t fixup = extable_lookup(frame->eip);
	uint32_t addr = cr2_read();
	kern_return_t kr = KERN_INVALID_ADDRESS;

	if (fixup == 0 || (frame->err & T_PF_RESERVED))
		return false;
	if (addr < VM_USER_MAX) {
		assert_no_locks();
		interrupts_enable();
		kr = vm_fault(current_task()->map, addr, trap_fault_access(frame->err));
		interrupts_disable();
	}
	/* Who reads has done nothing yet, and is not to wait again if he tries another way. */
	if (kr == KERN_ABORTED && !(frame->err & T_PF_WRITE))
		thread_interrupt(current_thread());
	if (kr != KERN_SUCCESS)
		frame->eip = fixup;
	return true;
}

/*
 * A single step over a kernel entry stops at its first instruction: go on without, and raise the
 * exception on the way back.  A user's watchpoint on memory that the kernel copies is passed over.
 */
static void kernel_debug_trap(struct user_regs *frame)
{
	struct thread *self = current_thread();
	uint32_t eip = frame->eip;

	debug_clear_status();
	if (!(frame->eflags & EFL_TF))
		return;
	frame->eflags &= ~(uint32_t)EFL_TF;
	entry_area.tss.link = 0;	/* the frame was there; iret with NT reads it */
	if (eip >= (uintptr_t)_entry_text_start && eip < (uintptr_t)_entry_text_end) {
		self->pcb.deferred |= PCB_STEP;
		thread_set_ast(self, AST_STEP);
	}
}

/*
 * The iret to user mode has failed because of a selector; the frame lies over the registers in the
 * pcb that had already been loaded, and holds them itself.
 */
_Noreturn static void user_iret_failed(const struct user_regs *frame)
{
	struct user_regs trap = *frame;
	struct pcb *pcb = &current_thread()->pcb;
	struct user_regs *regs = &pcb->regs;

	regs->ds = trap.ds;
	regs->es = trap.es;
	regs->edi = trap.edi;
	regs->esi = trap.esi;
	regs->ebp = trap.ebp;
	regs->ebx = trap.ebx;
	regs->edx = trap.edx;
	regs->ecx = trap.ecx;
	regs->eax = trap.eax;
	pcb->return_kind = RETURN_IRET;
	interrupts_enable();
	exception(EXC_BAD_INSTRUCTION, (int)trap.trapno, (long)(trap.err & 0xfffc));
}

/* A selector that a user chose cannot be loaded; false when it is not one of those places. */
static bool kernel_segment_fault(struct user_regs *frame)
{
	struct user_regs *regs = &current_thread()->pcb.regs;
	uint32_t fixup;

	if (frame->trapno < T_INVALID_TSS || frame->trapno > T_GENERAL_PROTECTION)
		return false;
	if (frame->eip == (uintptr_t)user_iret)
		user_iret_failed(frame);
	fixup = extable_lookup(frame->eip);
	if (fixup == 0)
		return false;
	regs->trapno = frame->trapno;
	regs->err = frame->err;
	frame->eip = fixup;
	return true;
}

/* --- What must not ------------------------------------------------------------------------ */

static void print_frame(const struct user_regs *frame, uint32_t esp)
{
	regs_print(frame, esp);
	printf("cr2 %08x cr3 %08x\n", (unsigned int)cr2_read(), (unsigned int)cr3_read());
}

_Noreturn static void kernel_trap(const struct user_regs *frame)
{
	const struct thread *self = current_thread();

	printf("\n");
	print_frame(frame, (uint32_t)(uintptr_t)&frame->esp);
	panic("trap %u in the kernel, error code 0x%x, eip 0x%x, thread %s",
	      (unsigned int)frame->trapno, (unsigned int)frame->err, (unsigned int)frame->eip,
	      self != NULL ? self->name : "none");
}

void trap_kernel(struct user_regs *frame)
{
	if (frame->trapno >= TRAP_IRQ_FIRST)
		trap_interrupt(frame->trapno, false);
	else if (frame->trapno == T_PAGE_FAULT && kernel_page_fault(frame))
		return;
	else if (frame->trapno == T_DEBUG)
		kernel_debug_trap(frame);
	else if (!kernel_segment_fault(frame))
		kernel_trap(frame);
}

/* The thread whose registers would be saved by a trap from user mode; NULL at start-up. */
static const struct thread *running_thread(void)
{
	uint32_t esp0 = entry_area.tss.esp0;

	return esp0 == 0 ? NULL : (const struct thread *)(uintptr_t)(esp0 - sizeof(struct pcb));
}

/* The CPU has saved what it was doing in its task state. */
void trap_fault_task(uint32_t double_fault)
{
	const struct thread *thread = running_thread();
	const struct tss *tss = &entry_area.tss;
	struct user_regs frame = {
		.edi = tss->edi, .esi = tss->esi, .ebp = tss->ebp, .ebx = tss->ebx,
		.edx = tss->edx, .ecx = tss->ecx, .eax = tss->eax, .eip = tss->eip,
		.cs = tss->cs, .ds = tss->ds, .es = tss->es, .eflags = tss->eflags,
	};

	printf("\n");
	print_frame(&frame, tss->esp);
	if (thread != NULL) {
		printf("thread %s\n", thread->name);
		backtrace_other(kstack_base(thread), tss->ebp, tss->esp);
	}
	panic("%s", double_fault != 0 ? "double fault: has the kernel stack overflowed?"
				      : "non-maskable interrupt");
}
