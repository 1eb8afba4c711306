/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef _DEBUGGER_REGISTERS_H_
#define _DEBUGGER_REGISTERS_H_

#include <mach/mach_types.h>

kern_return_t registers_get(mach_port_t thread, struct i386_thread_state *state);
kern_return_t registers_set(mach_port_t thread, const struct i386_thread_state *state);

/* All of them; or those that differ, on one line. */
void registers_print(const struct i386_thread_state *state);
void registers_print_changes(const struct i386_thread_state *before,
	const struct i386_thread_state *after);

#endif
