/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's start-up, from the first C code to kernel_main(). */
#include <stdarg.h>
#include <stdint.h>

#include <i386/boot.h>
#include <i386/clock.h>
#include <i386/console.h>
#include <i386/copyio.h>
#include <i386/cpu.h>
#include <i386/irq.h>
#include <i386/pmap_types.h>
#include <i386/stop.h>
#include <i386/trap.h>
#include <kern/machine.h>
#include <kern/percpu.h>
#include <kern/printf.h>
#include <mach/i386/multiboot.h>

#define MEMORY_NEEDED	(12u << 20)

struct percpu percpu_boot;

static struct boot_info boot_info;

void boot_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("Porter cannot start: ");
	vprintf(format, args);
	printf("\n");
	va_end(args);
	machine_stop(MACHINE_FAIL);
}

static void check_memory(const struct boot_info *boot)
{
	uint64_t total = 0;
	unsigned int i;

	for (i = 0; i < boot->memory_ranges; i++)
		total += boot->memory[i].end - boot->memory[i].start;
	if (total < MEMORY_NEEDED)
		boot_fail("%u KiB of memory are usable, %u KiB are needed",
			  (unsigned int)(total >> 10), MEMORY_NEEDED >> 10);
}

void boot_start(uint32_t magic, uint32_t info)
{
	console_init();
	boot_info.command_line = multiboot_command_line(magic, info);
	console_select(boot_info.command_line);
	stop_configure(boot_info.command_line);
	if (magic != MULTIBOOT_VALID)
		boot_fail("it was not loaded by a Multiboot 1 boot loader");
	multiboot_read(info, &boot_info);
	check_memory(&boot_info);
	cpu_identify();
	copyio_init();
	pmap_bootstrap(boot_info.memory[boot_info.memory_ranges - 1].end);
	irq_init();
	clock_init();
	trap_init();
	kernel_main(&boot_info);
}
