/* SPDX-License-Identifier: BSD-2-Clause */
/* Traps on ports; arguments and results as spec/abi.md, Traps, says.  No locks held. */
#ifndef IPC_TRAPS_H
#define IPC_TRAPS_H

#include <ipc/ipc_types.h>

__attribute__((regparm(0))) mach_port_name_t mach_reply_port(void);
__attribute__((regparm(0))) kern_return_t
syscall_mach_port_allocate(mach_port_name_t task, mach_port_right_t right,
			   mach_port_name_t *namep);
__attribute__((regparm(0))) kern_return_t
syscall_mach_port_allocate_name(mach_port_name_t task, mach_port_right_t right,
				mach_port_name_t name);
__attribute__((regparm(0))) kern_return_t
syscall_mach_port_deallocate(mach_port_name_t task, mach_port_name_t name);
__attribute__((regparm(0))) kern_return_t
syscall_mach_port_insert_right(mach_port_name_t task, mach_port_name_t name,
			       mach_port_name_t right, mach_msg_type_name_t disposition);

#endif /* IPC_TRAPS_H */
