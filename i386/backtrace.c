/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who called whom, for a panic's report.
 *
 * Debug builds keep frame pointers, so the chain of frames is followed as long as it stays in the
 * stack and goes up.  Release builds have none: everything on the stack that looks like a return
 * address is printed, with a question mark.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <i386/backtrace.h>
#include <i386/ksym.h>
#include <i386/regs.h>
#include <kern/kstack.h>
#include <kern/machine.h>
#include <kern/peek.h>
#include <kern/percpu.h>
#include <kern/printf.h>

#define LINES_MAX	32

extern char _text_start[], _text_end[];

/* As the compiler lays it out in each function's prologue. */
struct frame {
	const struct frame *caller;
	uint32_t return_address;
};

static bool in_text(uint32_t addr)
{
	return addr >= (uintptr_t)_text_start && addr < (uintptr_t)_text_end;
}

const char *ksym_lookup(uint32_t addr, uint32_t *offset)
{
	uint32_t low = 0, high = ksym_count;

	if (!in_text(addr))
		return NULL;
	/* What is before low begins at or below addr; what is from high on, above. */
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (ksym_table[middle].address <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return NULL;
	*offset = addr - ksym_table[low - 1].address;
	return ksym_table[low - 1].name;
}

/* A call that never returns is the last instruction of its function, so look before the address. */
static void print_return_address(uint32_t addr, const char *mark)
{
	uint32_t offset;
	const char *name = ksym_lookup(addr - 1, &offset);

	printf("  %08x %s%s+0x%x\n", (unsigned int)addr, mark, name != NULL ? name : "unknown",
	       name != NULL ? (unsigned int)offset + 1 : 0);
}

/* The stack that is being looked at. */
static uintptr_t traced_stack;

static bool in_stack(const void *p, size_t size)
{
	uintptr_t base = traced_stack;
	uintptr_t at = (uintptr_t)p;

	return at % 4 == 0 && at >= base + sizeof(struct stack_base) &&
	       at <= base + KSTACK_SIZE - size;
}

static void follow_frames(const struct frame *frame)
{
	int lines;

	for (lines = 0; lines < LINES_MAX && in_stack(frame, sizeof(*frame)); lines++) {
		if (!in_text(frame->return_address))
			break;
		print_return_address(frame->return_address, "");
		if (frame->caller <= frame)
			break;
		frame = frame->caller;
	}
}

static void scan_stack(const uint32_t *word)
{
	int lines = 0;

	for (; lines < LINES_MAX && in_stack(word, sizeof(*word)); word++)
		if (in_text(*word)) {
			print_return_address(*word, "? ");
			lines++;
		}
}

static void trace(const void *stack, const void *frame, const void *esp)
{
	traced_stack = (uintptr_t)stack;
	printf("backtrace:\n");
	if (DEBUG)
		follow_frames(frame);
	else
		scan_stack(esp);
}

void machine_backtrace(void)
{
	const void *here = __builtin_frame_address(0);

	trace(stack_base(), here, here);
}

/* What machine_switch_context leaves on the stack of a thread that is blocked. */
struct switch_frame {
	uint32_t edi, esi, ebx;
	struct frame caller;
};

void machine_thread_backtrace(const struct thread *thread)
{
	const struct switch_frame *left = (const void *)(uintptr_t)thread->pcb.saved_esp;

	if (thread == current_thread()) {
		machine_backtrace();
		return;
	}
	if (!kstack_exists(thread) || !peek_readable(kstack_base(thread), KSTACK_SIZE))
		return;
	traced_stack = (uintptr_t)kstack_base(thread);
	if (in_stack(left, sizeof(*left)))
		trace(kstack_base(thread), &left->caller, left);
}

void backtrace_other(const void *stack, uint32_t ebp, uint32_t esp)
{
	uintptr_t lowest = (uintptr_t)stack + sizeof(struct stack_base);

	trace(stack, (const void *)(uintptr_t)ebp,
	      (const void *)(esp < lowest ? lowest : (uintptr_t)esp));
}

/* --- For people ----------------------------------------------------------------------------- */

void machine_print_symbol(const void *address)
{
	uint32_t offset, addr = (uintptr_t)address;
	const char *name = ksym_lookup(addr, &offset);

	if (name == NULL)
		printf("0x%x", (unsigned int)addr);
	else if (offset == 0)
		printf("%s", name);
	else
		printf("%s+0x%x", name, (unsigned int)offset);
}

void regs_print(const struct user_regs *regs, uint32_t esp)
{
	printf("eip %08x ", (unsigned int)regs->eip);
	machine_print_symbol((const void *)(uintptr_t)regs->eip);
	printf("\neax %08x ebx %08x ecx %08x edx %08x\n", (unsigned int)regs->eax,
	       (unsigned int)regs->ebx, (unsigned int)regs->ecx, (unsigned int)regs->edx);
	printf("esi %08x edi %08x ebp %08x esp %08x\n", (unsigned int)regs->esi,
	       (unsigned int)regs->edi, (unsigned int)regs->ebp, (unsigned int)esp);
	printf("eflags %08x cs %02x ds %02x es %02x\n", (unsigned int)regs->eflags,
	       (unsigned int)regs->cs, (unsigned int)regs->ds, (unsigned int)regs->es);
}

void machine_print_user_registers(const struct thread *thread)
{
	struct user_regs regs;

	regs_read(thread, &regs);
	regs_print(&regs, regs.esp);
}
