/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptor tables and task states (Intel manual, volume 3, chapters 3, 5 and 8). */
#include <i386/segments.h>

#include <stddef.h>

#include <i386/asm_offsets.h>
#include <i386/cpu.h>
#include <i386/ldt.h>
#include <kern/machine.h>
#include <kern/percpu.h>
#include <kern/string.h>
#include <kern/syscall.h>
#include <kern/thread.h>

#define GDT_ENTRIES	11

/* Type bytes of descriptors: present, privilege, code or data; marked as accessed. */
#define KERNEL_CODE	0x9b
#define KERNEL_DATA	0x93
#define USER_CODE	0xfb
#define USER_DATA	0xf3
#define LDT_TYPE	0x82
#define TSS_TYPE	0x89

#define MSR_SYSENTER_CS	0x174
#define MSR_SYSENTER_ESP 0x175
#define MSR_SYSENTER_EIP 0x176

struct entry_area entry_area __attribute__((aligned(256)));

static struct tss fault_tss __attribute__((aligned(128)));
static uint8_t fault_stack[KSTACK_SIZE] __attribute__((aligned(KSTACK_SIZE)));

static struct descriptor gdt[GDT_ENTRIES] __attribute__((aligned(64)));
static struct descriptor shared_ldt[LDT_KERNEL_ENTRIES] __attribute__((aligned(32)));

_Static_assert(offsetof(struct user_regs, gs) == REGS_GS, "");
_Static_assert(offsetof(struct user_regs, fs) == REGS_FS, "");
_Static_assert(offsetof(struct user_regs, es) == REGS_ES, "");
_Static_assert(offsetof(struct user_regs, ds) == REGS_DS, "");
_Static_assert(offsetof(struct user_regs, edi) == REGS_EDI, "");
_Static_assert(offsetof(struct user_regs, esi) == REGS_ESI, "");
_Static_assert(offsetof(struct user_regs, ebp) == REGS_EBP, "");
_Static_assert(offsetof(struct user_regs, ebx) == REGS_EBX, "");
_Static_assert(offsetof(struct user_regs, edx) == REGS_EDX, "");
_Static_assert(offsetof(struct user_regs, ecx) == REGS_ECX, "");
_Static_assert(offsetof(struct user_regs, eax) == REGS_EAX, "");
_Static_assert(offsetof(struct user_regs, trapno) == REGS_TRAPNO, "");
_Static_assert(offsetof(struct user_regs, err) == REGS_ERR, "");
_Static_assert(offsetof(struct user_regs, eip) == REGS_EIP, "");
_Static_assert(offsetof(struct user_regs, cs) == REGS_CS, "");
_Static_assert(offsetof(struct user_regs, eflags) == REGS_EFLAGS, "");
_Static_assert(offsetof(struct user_regs, esp) == REGS_ESP, "");
_Static_assert(offsetof(struct user_regs, ss) == REGS_SS, "");
_Static_assert(sizeof(struct user_regs) == REGS_SIZE, "");
_Static_assert(offsetof(struct pcb, kstack_top) == PCB_KSTACK_TOP, "");
_Static_assert(offsetof(struct pcb, saved_esp) == PCB_SAVED_ESP, "");
_Static_assert(offsetof(struct pcb, return_kind) == PCB_RETURN_KIND, "");
_Static_assert(offsetof(struct pcb, regs) == PCB_REGS, "");
_Static_assert(sizeof(struct pcb) == PCB_SIZE, "");
_Static_assert(offsetof(struct thread, pcb) == 0, "");
_Static_assert(offsetof(struct thread, ast) == THREAD_AST, "");
_Static_assert(offsetof(struct percpu, ast) == CPU_AST, "");
_Static_assert(offsetof(struct stack_base, cpu) == STACK_CPU, "");
_Static_assert(offsetof(struct stack_base, thread) == STACK_THREAD, "");
_Static_assert(offsetof(struct entry_area, tss.esp0) == ENTRY_AREA_ESP0, "");
_Static_assert(sizeof(struct tss) == 104, "");
_Static_assert(KSTACK_SIZE == ASM_KSTACK_SIZE && TRAP_LAST == ASM_TRAP_LAST, "");

/* A flat 4 GiB segment. */
static struct descriptor make_flat(uint8_t type)
{
	return (struct descriptor){ 0x0000ffff, 0x00cf0000 | (uint32_t)type << 8 };
}

/* A segment of the system's: byte granular. */
static struct descriptor make_system(const void *base, uint32_t size, uint8_t type)
{
	uint32_t address = (uint32_t)(uintptr_t)base;

	return (struct descriptor){
		.low_word = address << 16 | (size - 1),
		.high_word = (address & 0xff000000) | (address >> 16 & 0xff) | (uint32_t)type << 8,
	};
}

static struct descriptor *gdt_entry(unsigned int selector)
{
	return &gdt[selector / sizeof(struct descriptor)];
}

static void fill_tables(void)
{
	uint32_t gate = (uint32_t)(uintptr_t)(machine_info.has_smap ? lcall_entry_smap
								    : lcall_entry_plain);

	*gdt_entry(KERNEL_CS) = make_flat(KERNEL_CODE);
	*gdt_entry(KERNEL_SS) = make_flat(KERNEL_DATA);
	*gdt_entry(SYSEXIT_CS) = make_flat(USER_CODE);
	*gdt_entry(SYSEXIT_SS) = make_flat(USER_DATA);
	*gdt_entry(TSS_SELECTOR) = make_system(&entry_area.tss, TSS_SIZE, TSS_TYPE);
	*gdt_entry(FAULT_SELECTOR) = make_system(&fault_tss, sizeof(struct tss), TSS_TYPE);
	*gdt_entry(LDT_SELECTOR) = make_system(shared_ldt, sizeof(shared_ldt), LDT_TYPE);
	shared_ldt[0] = make_gate(KERNEL_CS, gate, GATE_CALL | GATE_DPL_USER);
	shared_ldt[USER_CS / 8] = make_flat(USER_CODE);
	shared_ldt[USER_DS / 8] = make_flat(USER_DATA);
}

static void fill_task_states(void)
{
	struct stack_base *base = (struct stack_base *)fault_stack;

	entry_area.tss.ss0 = KERNEL_SS;
	entry_area.tss.io_base = IO_BASE_NONE;
	entry_area.io_bitmap_end = 0xff;

	base->cpu = &percpu_boot;
	fault_tss = (struct tss){
		.cr3 = cr3_read(),
		.eip = (uint32_t)(uintptr_t)fault_task_entry,
		.eflags = 0x2,
		.esp = (uint32_t)(uintptr_t)fault_stack + KSTACK_SIZE,
		.es = KERNEL_SS, .cs = KERNEL_CS, .ss = KERNEL_SS, .ds = KERNEL_SS,
		.io_base = sizeof(struct tss),
	};
}

static void load_tables(void)
{
	struct {
		uint16_t limit;
		const void *base;
	} __attribute__((packed)) pointer = { sizeof(gdt) - 1, gdt };

	__asm__ volatile("lgdt %0\n\t"
			 "ljmp %1, $1f\n"
			 "1:\tmovl %2, %%ss\n\t"
			 "ltr %w3\n\t"
			 "lldt %w4\n\t"
			 "movl %5, %%ds\n\t"
			 "movl %5, %%es\n\t"
			 "movl %5, %%fs\n\t"
			 "movl %5, %%gs"
			 : : "m"(pointer), "i"(KERNEL_CS), "r"(KERNEL_SS), "r"(TSS_SELECTOR),
			     "r"(LDT_SELECTOR), "r"(USER_DS) : "memory");
}

static void enable_sysenter(void)
{
	if (!machine_info.has_sysenter)
		return;
	wrmsr(MSR_SYSENTER_CS, KERNEL_CS);
	wrmsr(MSR_SYSENTER_ESP, (uint32_t)(uintptr_t)&entry_area.tss.esp0);
	wrmsr(MSR_SYSENTER_EIP,
	      (uint32_t)(uintptr_t)(machine_info.has_smap ? sysenter_entry_smap
							  : sysenter_entry_plain));
}

void segments_init(void)
{
	fill_tables();
	fill_task_states();
	load_tables();
	enable_sysenter();
}

void segments_load(const struct pcb *pcb)
{
	const struct descriptor *ldt = shared_ldt;
	uint32_t size = sizeof(shared_ldt);

	if (pcb->ldt != NULL) {
		ldt = pcb->ldt->entry;
		size = pcb->ldt->entries * sizeof(struct descriptor);
	}
	*gdt_entry(USER_SLOT_0) = pcb->gdt_slots[0];
	*gdt_entry(USER_SLOT_1) = pcb->gdt_slots[1];
	*gdt_entry(LDT_SELECTOR) = make_system(ldt, size, LDT_TYPE);
	__asm__ volatile("lldt %w0" : : "r"(LDT_SELECTOR) : "memory");
}

void segments_fill_ldt(struct descriptor entry[LDT_KERNEL_ENTRIES])
{
	memcpy(entry, shared_ldt, sizeof(shared_ldt));
}
