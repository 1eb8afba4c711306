/* SPDX-License-Identifier: BSD-2-Clause */
/* An essential task that ends: the kernel must stop, and say who it was. */
#include <libmach/print.h>
#include <mach.h>
#include <mach/gnumach.h>

int main(void)
{
	task_set_name(mach_task_self(), "essential");
	task_set_essential(mach_task_self(), TRUE);
	task_terminate(mach_task_self());
	printf("FAILED: still there\n");
	return 1;
}
