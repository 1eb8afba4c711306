/* SPDX-License-Identifier: BSD-2-Clause */
/* The interrupt descriptor table.  All gates switch interrupts off; i386/entry.S has their code. */
#include <i386/cpu.h>
#include <i386/irq.h>
#include <i386/segments.h>
#include <i386/trap.h>
#include <mach/i386/trap.h>

#define VECTORS 256

static struct descriptor idt[VECTORS] __attribute__((aligned(64)));

extern const char trap_0[], trap_1[], trap_3[], trap_4[], trap_5[], trap_6[], trap_7[], trap_9[],
	trap_10[], trap_11[], trap_12[], trap_13[], trap_14[], trap_16[], trap_17[], trap_19[];

extern const char trap_irqs[];

#define IRQ_STUB_SIZE 16

/* The instruction int n is for users where `user` is set; elsewhere it is a protection fault. */
static const struct {
	const char *entry;
	bool user;
} vectors[] = {
	[T_DIVIDE_ERROR] = { trap_0, false },
	[T_DEBUG] = { trap_1, false },
	[T_INT3] = { trap_3, true },
	[T_OVERFLOW] = { trap_4, true },
	[T_OUT_OF_BOUNDS] = { trap_5, true },
	[T_INVALID_OPCODE] = { trap_6, false },
	[T_NO_FPU] = { trap_7, false },
	[T_FPU_FAULT] = { trap_9, false },
	[T_INVALID_TSS] = { trap_10, false },
	[T_SEGMENT_NOT_PRESENT] = { trap_11, false },
	[T_STACK_FAULT] = { trap_12, false },
	[T_GENERAL_PROTECTION] = { trap_13, false },
	[T_PAGE_FAULT] = { trap_14, false },
	[T_FLOATING_POINT_ERROR] = { trap_16, false },
	[T_ALIGNMENT_CHECK] = { trap_17, false },
	[T_SIMD_ERROR] = { trap_19, false },
};

static uint32_t address(const char *code)
{
	return (uint32_t)(uintptr_t)code;
}

static void fill_idt(void)
{
	unsigned int i;

	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		if (vectors[i].entry != NULL)
			idt[i] = make_gate(KERNEL_CS, address(vectors[i].entry),
					   GATE_INTERRUPT | (vectors[i].user ? GATE_DPL_USER : 0));
	for (i = 0; i < IRQ_LINES; i++)
		idt[IRQ_VECTOR + i] = make_gate(KERNEL_CS, address(trap_irqs) + i * IRQ_STUB_SIZE,
						GATE_INTERRUPT);
	/* Neither may use the current stack. */
	idt[T_NMI] = make_gate(FAULT_SELECTOR, 0, GATE_TASK);
	idt[T_DOUBLE_FAULT] = make_gate(FAULT_SELECTOR, 0, GATE_TASK);
}

void trap_init(void)
{
	struct {
		uint16_t limit;
		const void *base;
	} __attribute__((packed)) pointer = { sizeof(idt) - 1, idt };

	segments_init();
	fill_idt();
	__asm__ volatile("lidt %0" : : "m"(pointer));
	cr0_write(cr0_read() | CR0_AM | CR0_NE | CR0_MP | CR0_TS);
}
