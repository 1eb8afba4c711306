/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first question at start-up: can this processor run the kernel at all?
 *
 * The kernel is compiled for a processor with conditional moves, so the code here is
 * compiled for the first i386, and calls nothing but what is in this file.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <i386/boot.h>
#include <i386/cpu.h>
#include <i386/io.h>
#include <mach/i386/eflags.h>
#include <mach/i386/multiboot.h>

#define ANY_CPU __attribute__((target("arch=i386"), noinline))

#define COM0_DATA	0x3f8
#define COM0_LCR	0x3fb
#define COM0_LSR	0x3fd
#define LSR_SEND_READY	0x20
#define TEST_DEVICE	0xf4
#define TEST_FAIL	0x11
#define VGA_ATTRIBUTE	0x0700
#define EFLAGS_ID	0x200000u

static const struct {
	uint32_t bit;
	const char *reason;
} needed[] = {
	{ CPUID_FPU, "the processor has no floating-point unit" },
	{ CPUID_TSC, "the processor has no time-stamp counter" },
	{ CPUID_MSR, "the processor has no model-specific registers" },
	{ CPUID_PAE, "the processor has no PAE" },
	{ CPUID_CX8, "the processor has no CMPXCHG8B" },
	{ CPUID_CMOV, "the processor has no conditional moves" },
};

ANY_CPU static void early_serial(char c)
{
	int polls;

	for (polls = 0; polls < 20000 && !(inb(COM0_LSR) & LSR_SEND_READY); polls++)
		;
	outb(COM0_DATA, (uint8_t)c);
}

/* The reason appears in the first line of the screen. */
ANY_CPU static void early_print(const char *s)
{
	static unsigned int column;
	volatile uint16_t *cells = phys_to_direct(0xb8000);

	outb(COM0_LCR, 0x03);
	for (; *s != '\0'; s++) {
		early_serial(*s);
		cells[column++] = (uint16_t)(VGA_ATTRIBUTE | (uint8_t)*s);
	}
}

ANY_CPU static bool has_word(const char *line, const char *word)
{
	size_t n;

	for (; *line != '\0'; line++) {
		for (n = 0; word[n] != '\0' && line[n] == word[n]; n++)
			;
		if (word[n] == '\0')
			return true;
	}
	return false;
}

ANY_CPU static bool early_test_device(uint32_t magic, uint32_t info)
{
	const struct multiboot_raw_info *mb = phys_to_direct(info);

	return magic == MULTIBOOT_VALID && (mb->flags & MULTIBOOT_CMDLINE) &&
	       has_word(phys_to_direct(mb->cmdline), "qemu-exit");
}

/* CPUID is there when the ID flag can be changed. */
ANY_CPU static bool has_cpuid(void)
{
	uint32_t before, after;

	__asm__ volatile("pushfl\n\tpopl %0\n\tmovl %0, %1\n\txorl %2, %1\n\t"
			 "pushl %1\n\tpopfl\n\tpushfl\n\tpopl %1"
			 : "=&r"(before), "=&r"(after) : "i"(EFLAGS_ID) : "cc");
	return ((before ^ after) & EFLAGS_ID) != 0;
}

ANY_CPU static const char *missing_feature(void)
{
	uint32_t features;
	size_t i;

	if (!has_cpuid() || cpuid(0).eax < 1)
		return "the processor has no CPUID";
	features = cpuid(1).edx;
	for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!(features & needed[i].bit))
			return needed[i].reason;
	return NULL;
}

ANY_CPU void boot_check_cpu(uint32_t magic, uint32_t info)
{
	const char *reason = missing_feature();

	if (reason == NULL)
		return;
	early_print("Porter cannot start: ");
	early_print(reason);
	early_serial('\n');
	if (early_test_device(magic, info))
		outb(TEST_DEVICE, TEST_FAIL);
	for (;;)
		__asm__ volatile("cli; hlt");
}
