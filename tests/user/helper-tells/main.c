/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program that tells what it was started with: arguments, environment, its stack.  Those of its
 * arguments that are numbers are names; the one that is the privileged host port halts the machine,
 * or resets it if an argument says so.
 */
#include <libmach/print.h>
#include <libmach/string.h>
#include <mach.h>
#include <mach/mach_host.h>
#include <mach/mach_traps.h>
#include <mach/reboot.h>
#include <mach/thread_switch.h>

static void tell_stack(void)
{
	vm_offset_t address = (vm_offset_t) &address, offset;
	vm_prot_t protection, max;
	vm_inherit_t inheritance;
	mach_port_t object;
	boolean_t shared;
	vm_size_t size;

	if (vm_region(mach_task_self(), &address, &size, &protection, &max, &inheritance, &shared,
			&object, &offset) == KERN_SUCCESS)
		printf("stack to 0x%x, protection %d of %d\n", address + size, protection, max);
}

/* Others may tell something meanwhile. */
static void wait(void)
{
	thread_switch(MACH_PORT_NULL, SWITCH_OPTION_WAIT, 300);
}

int main(int argc, char **argv, char **envp)
{
	unsigned int count = 0, how = RB_HALT;

	for (int i = 0; i < argc; i++) {
		printf("[%d] %s\n", i, argv[i]);
		if (strcmp(argv[i], "reset") == 0)
			how = 0;
	}
	printf("%d arguments\n", argc);
	for (; envp[count] != NULL; count++)
		printf("%s\n", envp[count]);
	printf("%u in the environment\n", count);
	tell_stack();
	wait();
	for (int i = 1; i < argc; i++)
		if (atoi(argv[i]) > 0)
			host_reboot((mach_port_t) atoi(argv[i]), how);
	return 1;
}
