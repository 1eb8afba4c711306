/* SPDX-License-Identifier: BSD-2-Clause */
#include <kern/syscall.h>

#include <ipc/mach_msg.h>
#include <ipc/traps.h>
#include <kern/traps.h>

/* A number without a meaning. */
static uint32_t trap_invalid(void)
{
	return KERN_INVALID_ARGUMENT;
}

/* A number that stood for a function that returned a port. */
static uint32_t trap_null_port(void)
{
	return MACH_PORT_NULL;
}

#define ENTRY(f, n) { (uint32_t (*)(void))(void *)(f), (n) }

const struct trap_entry trap_table[TRAP_LAST + 1] = {
	[0 ... 9] = ENTRY(trap_invalid, 0),
	[10 ... 13] = ENTRY(trap_null_port, 0),
	[14 ... 16] = ENTRY(trap_invalid, 0),
	[17] = ENTRY(evc_wait, 1),
	[18] = ENTRY(evc_wait_clear, 1),
	[19 ... 24] = ENTRY(trap_invalid, 0),
	[25] = ENTRY(mach_msg_trap, 7),
	[26] = ENTRY(mach_reply_port, 0),
	[27] = ENTRY(mach_thread_self, 0),
	[28] = ENTRY(mach_task_self, 0),
	[29] = ENTRY(mach_host_self, 0),
	[30] = ENTRY(mach_print, 1),
	[31 ... 38] = ENTRY(trap_invalid, 0),
	[39] = ENTRY(syscall_device_writev_request, 6),
	[40] = ENTRY(syscall_device_write_request, 6),
	[41 ... 54] = ENTRY(trap_invalid, 0),
	[55 ... 56] = ENTRY(trap_null_port, 0),
	[57 ... 58] = ENTRY(trap_invalid, 0),
	[59] = ENTRY(swtch_pri, 1),
	[60] = ENTRY(swtch, 0),
	[61] = ENTRY(thread_switch, 3),
	[62 ... 63] = ENTRY(trap_invalid, 0),
	[64] = ENTRY(syscall_vm_map, 11),
	[65] = ENTRY(syscall_vm_allocate, 4),
	[66] = ENTRY(syscall_vm_deallocate, 3),
	[67] = ENTRY(trap_invalid, 0),
	[68] = ENTRY(syscall_task_create, 3),
	[69] = ENTRY(syscall_task_terminate, 1),
	[70] = ENTRY(syscall_task_suspend, 1),
	[71] = ENTRY(syscall_task_set_special_port, 3),
	[72] = ENTRY(syscall_mach_port_allocate, 3),
	[73] = ENTRY(syscall_mach_port_deallocate, 2),
	[74] = ENTRY(syscall_mach_port_insert_right, 4),
	[75] = ENTRY(syscall_mach_port_allocate_name, 3),
	[76] = ENTRY(syscall_thread_depress_abort, 1),
	[77] = ENTRY(thread_set_self_state, 3),
	[78 ... TRAP_LAST] = ENTRY(trap_invalid, 0),
};
