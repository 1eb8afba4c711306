/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Functions that fault (instructions.S).  Each takes one argument, which the instruction finds in
 * eax; name_at is the address of the instruction, name_after that of the one behind it.
 */
#ifndef _INSTRUCTIONS_H_
#define _INSTRUCTIONS_H_

#define INSTRUCTIONS(each) \
	each(divide) each(divide_overflow) each(aam_zero) each(breakpoint) \
	each(int_3) each(into) each(int_4) each(bound) each(int_5) each(undefined) \
	each(lock_nop) each(halt) each(disable) each(in_port) each(out_port) each(int_80) \
	each(int_13) each(load_fs) each(load_byte) each(store_byte) each(call_there) \
	each(movaps) each(fpu_error) each(single_step) each(interrupt_return) \
	each(virtual_return) each(nothing) each(amd_syscall) each(leave_smm) each(too_long) \
	each(enable) each(read_cr0) each(write_cr3) each(read_msr) each(clear_ts) each(load_gdt) \
	each(load_task) each(forget_page) each(in_string) each(nested_return)

#define DECLARE(name) \
	void name(void *argument); \
	extern char name##_at[], name##_after[];
INSTRUCTIONS(DECLARE)

#endif
