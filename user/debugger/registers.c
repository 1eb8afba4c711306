/* SPDX-License-Identifier: BSD-2-Clause */
#include "registers.h"

#include <libmach/print.h>
#include <mach.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char	*name;
	size_t		offset;
} registers[] = {
	{ "eax", offsetof(struct i386_thread_state, eax) },
	{ "ebx", offsetof(struct i386_thread_state, ebx) },
	{ "ecx", offsetof(struct i386_thread_state, ecx) },
	{ "edx", offsetof(struct i386_thread_state, edx) },
	{ "esi", offsetof(struct i386_thread_state, esi) },
	{ "edi", offsetof(struct i386_thread_state, edi) },
	{ "ebp", offsetof(struct i386_thread_state, ebp) },
	{ "esp", offsetof(struct i386_thread_state, uesp) },
	{ "eip", offsetof(struct i386_thread_state, eip) },
	{ "flags", offsetof(struct i386_thread_state, efl) },
	{ "cs", offsetof(struct i386_thread_state, cs) },
	{ "ss", offsetof(struct i386_thread_state, ss) },
};

static unsigned int value(const struct i386_thread_state *state, unsigned int i)
{
	return *(const unsigned int *) ((const char *) state + registers[i].offset);
}

kern_return_t registers_get(mach_port_t thread, struct i386_thread_state *state)
{
	mach_msg_type_number_t count = i386_THREAD_STATE_COUNT;

	return thread_get_state(thread, i386_REGS_SEGS_STATE, (thread_state_t) state, &count);
}

kern_return_t registers_set(mach_port_t thread, const struct i386_thread_state *state)
{
	return thread_set_state(thread, i386_REGS_SEGS_STATE, (thread_state_t) state,
		i386_THREAD_STATE_COUNT);
}

void registers_print(const struct i386_thread_state *state)
{
	for (unsigned int i = 0; i < COUNT_OF(registers); i++)
		printf("%s%s %08x%s", i % 4 == 0 ? "    " : "  ", registers[i].name,
			value(state, i), i % 4 == 3 ? "\n" : "");
}

void registers_print_changes(const struct i386_thread_state *before,
	const struct i386_thread_state *after)
{
	for (unsigned int i = 0; i < COUNT_OF(registers); i++)
		if (value(before, i) != value(after, i)
			&& registers[i].offset != offsetof(struct i386_thread_state, eip))
			printf(", %s is %08x", registers[i].name, value(after, i));
	printf("\n");
}
