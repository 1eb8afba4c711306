/* SPDX-License-Identifier: BSD-2-Clause */
/* The traps, for C. libmach and other people's libraries define them. */
#ifndef _MACH_MACH_TRAPS_H_
#define _MACH_MACH_TRAPS_H_

#include <mach/mach_types.h>
#include <mach/message.h>

/* A new receive right, one reference more on a self port. */
mach_port_name_t	mach_reply_port(void);
mach_port_name_t	mach_thread_self(void);
mach_port_name_t	mach_task_self(void);
mach_port_name_t	mach_host_self(void);

void			mach_print(const char *string);

kern_return_t		swtch_pri(int priority);
kern_return_t		swtch(void);
kern_return_t		thread_switch(mach_port_name_t thread, int option,
				mach_msg_timeout_t milliseconds);
kern_return_t		evc_wait(natural_t event);
kern_return_t		evc_wait_clear(natural_t event);

/* The RPC of the same name without a message. */
kern_return_t		syscall_vm_map(mach_port_name_t task, vm_offset_t *address,
				vm_size_t size, vm_offset_t mask, boolean_t anywhere,
				mach_port_name_t memory_object, vm_offset_t offset,
				boolean_t copy, vm_prot_t cur_protection,
				vm_prot_t max_protection, vm_inherit_t inheritance);
kern_return_t		syscall_vm_allocate(mach_port_name_t task, vm_offset_t *address,
				vm_size_t size, boolean_t anywhere);
kern_return_t		syscall_vm_deallocate(mach_port_name_t task, vm_offset_t start,
				vm_size_t size);
kern_return_t		syscall_task_create(mach_port_name_t parent,
				boolean_t inherit_memory, mach_port_name_t *child);
kern_return_t		syscall_task_terminate(mach_port_name_t task);
kern_return_t		syscall_task_suspend(mach_port_name_t task);
kern_return_t		syscall_task_set_special_port(mach_port_name_t task, int which,
				mach_port_name_t port);
kern_return_t		syscall_mach_port_allocate(mach_port_name_t task,
				mach_port_right_t right, mach_port_name_t *name);
kern_return_t		syscall_mach_port_deallocate(mach_port_name_t task,
				mach_port_name_t name);
kern_return_t		syscall_mach_port_insert_right(mach_port_name_t task,
				mach_port_name_t name, mach_port_name_t right,
				mach_msg_type_name_t right_type);
kern_return_t		syscall_mach_port_allocate_name(mach_port_name_t task,
				mach_port_right_t right, mach_port_name_t name);
kern_return_t		syscall_thread_depress_abort(mach_port_name_t thread);
kern_return_t		thread_set_self_state(int flavor, thread_state_t new_state,
				natural_t new_state_count);

/* Done at once, and answered by the code; the vector is of io_buf_vec_t (<device/device_types.h>). */
kern_return_t		syscall_device_write_request(mach_port_name_t device,
				mach_port_name_t reply, natural_t mode, natural_t record,
				vm_offset_t data, vm_size_t size);
kern_return_t		syscall_device_writev_request(mach_port_name_t device,
				mach_port_name_t reply, natural_t mode, natural_t record,
				vm_offset_t vector, vm_size_t count);

#endif
