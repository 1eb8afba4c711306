/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the machine's start-up to the first programs.
 *
 * Memory comes first, then what threads need, then objects with ports; when the first thread runs,
 * everything works.  Whatever goes wrong says so on the console, and stops the machine.
 */
#include <device/device.h>
#include <ipc/fast_path.h>
#include <ipc/init.h>
#include <kern/boot_info.h>
#include <kern/bootscript.h>
#include <kern/debugger.h>
#include <kern/exception.h>
#include <kern/gsync.h>
#include <kern/host.h>
#include <kern/host_time.h>
#include <kern/kernel_tests.h>
#include <kern/machine.h>
#include <kern/printf.h>
#include <kern/processor.h>
#include <kern/reaper.h>
#include <kern/sched.h>
#include <kern/slab.h>
#include <kern/task.h>
#include <kern/thread.h>
#include <kern/timer.h>
#include <kern/version.h>
#include <vm/device_memory.h>
#include <vm/kmem.h>
#include <vm/map.h>
#include <vm/pageout.h>
#include <vm/pager.h>
#include <vm/proxy.h>
#include <vm/page.h>
#include <vm/pmap.h>

static const struct boot_info *boot_info;

/* The first thread.  Builds with kernel tests run these, and nothing else. */
static _Noreturn void start_up(void)
{
	reaper_start();
	vm_pageout_start();
	if (kernel_tests_run != NULL) {
		kernel_tests_run(boot_info->command_line);
		machine_stop(MACHINE_HALT);
	}
	bootscript_run(boot_info);
	thread_terminate_self();
}

static void memory_init(const struct boot_info *info)
{
	vm_page_boot(info);
	kalloc_init();
	kmem_init();
	pmap_init();
	vm_map_init();
}

static void threads_init(void)
{
	timer_subsystem_init();
	sched_init();
	machine_threads_init();
	thread_init();
}

static void objects_init(void)
{
	ipc_bootstrap();
	task_init();
	host_init();
	processor_init();
	host_time_init();
	gsync_init();
	vm_pager_init();
	vm_proxy_init();
	vm_device_memory_init();
	vm_pageout_init(boot_info->command_line);
	device_init();
	exception_init(boot_info->command_line);
	ipc_fast_path_init(boot_info->command_line);
}

void kernel_main(const struct boot_info *info)
{
	boot_info = info;
	printf("%s\n", kernel_version_string);
	debugger_init(info->command_line);
	memory_init(info);
	threads_init();
	objects_init();
	machine_clock_start();
	sched_start(kernel_thread_create("start-up", start_up, BASEPRI_KERNEL));
}
