/* SPDX-License-Identifier: BSD-2-Clause */
/* Traps and client stubs, called with whatever arguments. */

	.text

/* uint32_t storm_trap(int number, const uint32_t arguments[12], boolean_t sysenter) */
	.globl	storm_trap
	.type	storm_trap, @function
storm_trap:
	pushl	%ebp
	movl	%esp, %ebp
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	subl	$52, %esp
	movl	12(%ebp), %esi
	leal	4(%esp), %edi
	movl	$12, %ecx
	rep movsl
	movl	8(%ebp), %eax
	cmpl	$0, 16(%ebp)
	jne	1f
	lcall	$7, $0
	jmp	2f
1:	movl	%esp, %ecx
	movl	$2f, %edx
	sysenter
2:	leal	-12(%ebp), %esp
	popl	%edi
	popl	%esi
	popl	%ebx
	popl	%ebp
	ret
	.size	storm_trap, . - storm_trap

	.section .rodata
	.balign	4
	.globl	storm_stubs, storm_stub_count
storm_stubs:
.irp name, task_create, task_terminate, task_get_emulation_vector, task_set_emulation_vector, \
	task_threads, task_info, thread_terminate, thread_get_state, thread_set_state, \
	thread_info, vm_allocate, vm_deallocate, vm_protect, vm_inherit, vm_read, vm_write, \
	vm_copy, vm_region, vm_statistics, mach_ports_register, mach_ports_lookup, task_suspend, \
	task_resume, task_get_special_port, task_set_special_port, thread_create, \
	thread_suspend, thread_resume, thread_abort, thread_get_special_port, \
	thread_set_special_port, task_set_emulation, task_ras_control, vm_map, \
	vm_machine_attribute, vm_set_default_memory_manager
	.long	\name
.endr
.irp name, mach_port_names, mach_port_type, mach_port_rename, mach_port_allocate_name, \
	mach_port_allocate, mach_port_destroy, mach_port_deallocate, mach_port_get_refs, \
	mach_port_mod_refs, mach_port_set_qlimit, mach_port_set_mscount, \
	mach_port_get_set_status, mach_port_move_member, mach_port_request_notification, \
	mach_port_insert_right, mach_port_extract_right, mach_port_get_receive_status, \
	mach_port_set_seqno, mach_port_set_protected_payload, \
	mach_port_clear_protected_payload, mach_port_set_ktype
	.long	\name
.endr
.irp name, host_processors, processor_start, processor_exit, processor_set_default, \
	processor_set_create, processor_set_destroy, processor_assign, \
	processor_get_assignment, thread_assign, thread_assign_default, \
	thread_get_assignment, task_assign, task_assign_default, task_get_assignment, \
	host_kernel_version, thread_priority, thread_max_priority, task_priority, \
	processor_set_max_priority, thread_policy, processor_set_policy_enable, \
	processor_set_policy_disable, processor_set_tasks, processor_set_threads, \
	host_processor_sets, host_processor_set_priv, thread_depress_abort, host_set_time, \
	host_adjust_time, host_get_time, host_reboot, vm_wire, thread_wire, host_info, \
	processor_info, processor_set_info, processor_control, host_get_time64, \
	host_set_time64, host_adjust_time64, host_get_kernel_version, host_get_uptime64, \
	processor_set_processors, task_max_priority
	.long	\name
.endr
.irp name, gsync_requeue, gsync_wait, gsync_wake, register_new_task_notification, \
	task_set_essential, task_set_name, thread_get_name, thread_set_name, \
	thread_terminate_release, vm_allocate_contiguous, vm_cache_statistics, \
	vm_get_size_limit, vm_msync, vm_object_sync, vm_pages_phys, vm_set_size_limit, \
	vm_wire_all, memory_object_create_proxy, vm_region_create_proxy, host_rpc_calls
	.long	\name
.endr
.irp name, i386_get_gdt, i386_get_ldt, i386_get_xstate_size, i386_io_perm_create, \
	i386_io_perm_modify, i386_set_gdt, i386_set_ldt, host_ipc_marequest_info, \
	host_slab_info, host_stack_usage, host_virtual_physical_table_info, \
	mach_port_dnrequest_info, mach_port_get_srights, mach_port_kernel_object, \
	mach_vm_object_info, mach_vm_object_pages, mach_vm_object_pages_phys, \
	mach_vm_region_info, processor_set_stack_usage, device_close, device_get_status, \
	device_intr_ack, device_intr_register, device_map, device_open, device_open_new, \
	device_read, device_read_inband, device_set_filter, device_set_status, device_write, \
	device_write_inband, memory_object_change_attributes, memory_object_data_error, \
	memory_object_data_supply, memory_object_data_unavailable, memory_object_destroy, \
	memory_object_get_attributes, memory_object_lock_request, memory_object_ready
	.long	\name
.endr
storm_stub_count:
	.long	(storm_stub_count - storm_stubs) / 4

	.section .note.GNU-stack, "", @progbits
