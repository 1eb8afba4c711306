/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a CPU must load when another thread runs on it.  The usual case is a few comparisons: one
 * page table load, no segment register.
 */
#include <i386/debug.h>
#include <i386/extable.h>
#include <i386/fpu.h>
#include <i386/io_bitmap.h>
#include <i386/ldt.h>
#include <i386/pmap_types.h>
#include <i386/regs.h>
#include <i386/segments.h>
#include <kern/machine.h>
#include <kern/percpu.h>
#include <kern/sched.h>
#include <kern/string.h>
#include <kern/task.h>
#include <kern/thread.h>
#include <vm/map.h>
#include <vm/pmap.h>

/* --- fs and gs ---------------------------------------------------------------------------- */

static bool load_fs(uint32_t selector)
{
	uint32_t failed = 1;

	__asm__ volatile("1:\tmovl %1, %%fs\n\t"
			 "xorl %0, %0\n"
			 "2:\n\t" EXTABLE_1_2
			 : "+r"(failed) : "r"(selector));
	return !failed;
}

static bool load_gs(uint32_t selector)
{
	uint32_t failed = 1;

	__asm__ volatile("1:\tmovl %1, %%gs\n\t"
			 "xorl %0, %0\n"
			 "2:\n\t" EXTABLE_1_2
			 : "+r"(failed) : "r"(selector));
	return !failed;
}

/* A selector that has become bad is null from now on, and its thread gets an exception. */
static void refuse_selector(struct thread *thread, uint32_t selector)
{
	thread->pcb.regs.err = selector;
	thread->pcb.deferred |= PCB_SELECTOR;
	thread_set_ast(thread, AST_STEP);
}

void regs_load_fs_gs(struct thread *thread)
{
	uint32_t fs = thread->pcb.regs.fs, gs = thread->pcb.regs.gs;

	if (!load_fs(fs)) {
		load_fs(0);
		refuse_selector(thread, fs);
	}
	if (!load_gs(gs)) {
		load_gs(0);
		refuse_selector(thread, gs);
	}
}

/* --- Switching ---------------------------------------------------------------------------- */

/* The current fs, kept for the thread that is left. */
static inline uint32_t save_fs(struct thread *prev)
{
	uint32_t selector;

	__asm__ volatile("movl %%fs, %0" : "=r"(selector));
	return prev->pcb.regs.fs = selector;
}

static inline uint32_t save_gs(struct thread *prev)
{
	uint32_t selector;

	__asm__ volatile("movl %%gs, %0" : "=r"(selector));
	return prev->pcb.regs.gs = selector;
}

/* Entries to the kernel save the user's registers in the thread's pcb. */
static inline void load_address_space(struct thread *next)
{
	entry_area.tss.esp0 = (uint32_t)(uintptr_t)(&next->pcb + 1);
	pmap_load(current_cpu(), next->pcb.pmap);
}

/* With what only some threads have, looked at one by one. */
static __attribute__((noinline)) void load_unusual(struct thread *prev, struct thread *next)
{
	uint32_t special = prev->pcb.special | next->pcb.special;
	uint32_t fs = save_fs(prev), gs = save_gs(prev);

	if (special & (PCB_GDT | PCB_LDT))
		segments_load(&next->pcb);
	if ((special & (PCB_GDT | PCB_LDT)) || fs != next->pcb.regs.fs || gs != next->pcb.regs.gs)
		regs_load_fs_gs(next);
	if (special & PCB_DEBUG)
		debug_load(&next->pcb);
	if (special & PCB_FPU)
		fpu_allow((next->pcb.special & PCB_FPU) != 0);
	if (special & PCB_IO)
		io_bitmap_switch(next);
	load_address_space(next);
}

void machine_thread_load(struct thread *prev, struct thread *next)
{
	if (save_fs(prev) != next->pcb.regs.fs || save_gs(prev) != next->pcb.regs.gs ||
	    (prev->pcb.special | next->pcb.special) != 0)
		load_unusual(prev, next);
	else
		load_address_space(next);
}

void machine_stack_prepare(struct thread *thread, void (*start)(struct thread *previous))
{
	/* As machine_switch_context leaves it: edi, esi, ebx, ebp, return address; no caller. */
	uint32_t *esp = (uint32_t *)(uintptr_t)thread->pcb.kstack_top;

	*--esp = 0;
	*--esp = (uint32_t)(uintptr_t)start;
	*--esp = 0;
	*--esp = 0;
	*--esp = 0;
	*--esp = 0;
	thread->pcb.saved_esp = (uint32_t)(uintptr_t)esp;
}

/* --- The pcb's life ----------------------------------------------------------------------- */

void machine_threads_init(void)
{
	fpu_init();
	debug_init();
	io_bitmap_init();
}

void machine_thread_init(struct thread *thread)
{
	struct user_regs *regs = &thread->pcb.regs;

	memset(regs, 0, sizeof(*regs));
	thread->pcb.pmap = vm_map_pmap(thread->task->map);
	thread->pcb.return_kind = RETURN_IRET;
	regs->cs = USER_CS;
	regs->ss = regs->ds = regs->es = regs->fs = regs->gs = USER_DS;
	regs->eflags = regs_sanitize_eflags(0);
}

size_t machine_thread_bytes(void)
{
	return fpu_bytes();
}

void machine_thread_terminate(struct thread *thread)
{
	fpu_free(thread);
	debug_free(&thread->pcb);
	ldt_free(&thread->pcb);
}

void machine_task_terminate(struct task *task)
{
	io_bitmap_task_end(task);
}

void machine_set_syscall_result(struct thread *thread, kern_return_t result)
{
	thread->pcb.regs.eax = (uint32_t)result;
}

void machine_set_user_entry(struct thread *thread, vm_offset_t eip, vm_offset_t esp)
{
	regs_complete(&thread->pcb);
	thread->pcb.regs.eip = eip;
	thread->pcb.regs.esp = esp;
}
