/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Traps on tasks, threads, memory and the console (those on ports are in ipc/).  Their
 * arguments come on the stack, as users pushed them.
 *
 * The syscall_ forms work on the task whose port is named; they answer MACH_SEND_INTERRUPTED when
 * the name is not such a port's, and programs then send a message, which finds out what is wrong.
 */
#ifndef KERN_TRAPS_H
#define KERN_TRAPS_H

#include <stdint.h>

#include <mach/boolean.h>
#include <mach/kern_return.h>
#include <mach/machine/vm_types.h>
#include <mach/port.h>
#include <mach/vm_inherit.h>
#include <mach/vm_prot.h>

#define TRAP __attribute__((regparm(0)))

struct ipc_port;

/*
 * A right for a name that is an argument; null and dead stand for themselves.
 *
 * Owns:     returns a send right in *rightp on success.
 * Returns:  KERN_SUCCESS, KERN_INVALID_NAME, KERN_INVALID_RIGHT, KERN_INVALID_TASK.
 */
kern_return_t trap_right_of_name(mach_port_name_t name, struct ipc_port **rightp);

TRAP mach_port_name_t mach_thread_self(void);
TRAP mach_port_name_t mach_task_self(void);
TRAP mach_port_name_t mach_host_self(void);
TRAP kern_return_t mach_print(const char *string);

TRAP kern_return_t swtch(void);
TRAP kern_return_t swtch_pri(int priority);
TRAP kern_return_t thread_switch(mach_port_name_t thread, int option, uint32_t ms);
TRAP kern_return_t evc_wait(uint32_t event);
TRAP kern_return_t evc_wait_clear(uint32_t event);
TRAP kern_return_t thread_set_self_state(int flavor, const void *state, uint32_t count);
TRAP kern_return_t syscall_thread_depress_abort(mach_port_name_t thread);

TRAP kern_return_t syscall_vm_map(mach_port_name_t task, vm_offset_t *address, vm_size_t size,
				  vm_offset_t mask, boolean_t anywhere, mach_port_name_t object,
				  vm_offset_t offset, boolean_t copy, vm_prot_t current,
				  vm_prot_t maximum, vm_inherit_t inheritance);
TRAP kern_return_t syscall_vm_allocate(mach_port_name_t task, vm_offset_t *address, vm_size_t size,
				       boolean_t anywhere);
TRAP kern_return_t syscall_vm_deallocate(mach_port_name_t task, vm_offset_t address,
					 vm_size_t size);

TRAP kern_return_t syscall_task_create(mach_port_name_t parent, boolean_t inherit,
				       mach_port_name_t *child);
TRAP kern_return_t syscall_task_terminate(mach_port_name_t task);
TRAP kern_return_t syscall_task_suspend(mach_port_name_t task);
TRAP kern_return_t syscall_task_set_special_port(mach_port_name_t task, int which,
						 mach_port_name_t port);

/* device/trap.c */
TRAP kern_return_t syscall_device_write_request(mach_port_name_t device, mach_port_name_t reply,
						uint32_t mode, uint32_t record, vm_offset_t data,
						uint32_t size);
TRAP kern_return_t syscall_device_writev_request(mach_port_name_t device, mach_port_name_t reply,
						 uint32_t mode, uint32_t record,
						 vm_offset_t vector, uint32_t count);

#endif /* KERN_TRAPS_H */
