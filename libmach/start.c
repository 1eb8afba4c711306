/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What happens before main: the library takes its ports, chooses the way into the kernel, and
 * hands main its arguments.
 *
 * SYSENTER needs a CPU that has it and a kernel that expects it.  On another Mach kernel the
 * instruction would end the task, so the kernel is asked for its name first, by lcall.
 */
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/mach_host.h>
#include <mach_init.h>

#include "internal.h"
#include "thread_data.h"

#define OUR_NAME	"Porter"
#define CPUID_SEP	(1u << 11)

mach_port_t mach_task_self_;
char **environ;

int main(int argc, char **argv, char **envp);

static void cpuid(unsigned int leaf, unsigned int *eax, unsigned int *edx)
{
	unsigned int ebx, ecx;

	__asm__ volatile("cpuid" : "=a" (*eax), "=b" (ebx), "=c" (ecx), "=d" (*edx)
		: "a" (leaf), "c" (0));
}

/* The first Pentium Pros (family 6, model below 3, stepping below 3) report it and lack it. */
static boolean_t cpu_has_sysenter(void)
{
	unsigned int highest, signature, features, unused;

	cpuid(0, &highest, &unused);
	if (highest < 1)
		return FALSE;
	cpuid(1, &signature, &features);
	if (((signature >> 8) & 0xf) == 6 && (signature & 0xff) < 0x33)
		return FALSE;
	return (features & CPUID_SEP) != 0;
}

static boolean_t kernel_has_sysenter(void)
{
	kernel_version_t version;
	mach_port_t host = mach_host_self();
	kern_return_t result = host_kernel_version(host, version);

	mach_port_deallocate(mach_task_self(), host);
	return result == KERN_SUCCESS && strncmp(version, OUR_NAME, strlen(OUR_NAME)) == 0;
}

void mach_use_entry(enum mach_entry entry)
{
	mach_trap_entry = entry == MACH_ENTRY_SYSENTER ? mach_trap_sysenter : mach_trap_lcall;
	mach_msg_entry = entry == MACH_ENTRY_SYSENTER ? mach_msg_sysenter : mach_msg_lcall;
}

enum mach_entry mach_used_entry(void)
{
	return mach_trap_entry == mach_trap_sysenter ? MACH_ENTRY_SYSENTER : MACH_ENTRY_LCALL;
}

void mach_init(void)
{
	mach_task_self_ = (mach_task_self)();
	mach_thread_forget();
	mach_memory_forget();
}

_Noreturn void exit(int status)
{
	(void) status;
	for (;;)
		task_terminate(mach_task_self());
}

_Noreturn void mach_start(char **stack)
{
	int argc = (int) (uintptr_t) stack[0];
	char **argv = stack + 1;
	char **envp = argv + argc + 1;

	environ = envp;
	mach_first_stack = (uintptr_t) stack;
	mach_init();
	if (cpu_has_sysenter() && kernel_has_sysenter())
		mach_use_entry(MACH_ENTRY_SYSENTER);
	exit(main(argc, argv, envp));
}
