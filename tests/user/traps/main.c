/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Traps: numbers inside and outside the table, stacks that cannot be read, pointers that cannot
 * be written; by lcall and, where the kernel has it, by SYSENTER.
 */
#include <libmach/string.h>
#include <mach.h>
#include <mach/exception.h>
#include <mach/vm_param.h>

#include "../common/fault.h"
#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "calls.h"

#define LAST_NUMBER	129

struct entry {
	const char	*name;
	void		(*call)(void *);
	char		*after;
};

static const struct entry entries[] = {
	{ "lcall", call_by_lcall, call_by_lcall_after },
	{ "sysenter", call_by_sysenter, call_by_sysenter_after },
};

/* How many of the entries this kernel and CPU have. */
static unsigned int entry_count(void)
{
	return mach_used_entry() == MACH_ENTRY_SYSENTER ? 2 : 1;
}

/* Numbers with a meaning, and how many arguments they take. */
static const signed char arguments[LAST_NUMBER + 1] = {
	[17] = 1, [18] = 1, [25] = 7, [26] = -1, [27] = -1, [28] = -1, [29] = -1, [30] = 1,
	[39] = 6, [40] = 6, [59] = 1, [60] = -1, [61] = 3, [64] = 11, [65] = 4, [66] = 3,
	[68] = 3, [69] = 1, [70] = 1, [71] = 3, [72] = 3, [73] = 2, [74] = 4, [75] = 3, [76] = 1,
	[77] = 3,
};

static boolean_t gives_null_port(int number)
{
	return (number >= 10 && number <= 13) || number == 55 || number == 56;
}

/* Some words that can be read as arguments. */
static uint32_t zeros[16];

/* --- numbers --------------------------------------------------------------------------------- */

static void test_unused_numbers(void)
{
	for (unsigned int e = 0; e < entry_count(); e++)
		for (int number = 0; number <= LAST_NUMBER; number++) {
			struct call call = { .number = -number, .stack = (uintptr_t) zeros };

			if (arguments[number] != 0)
				continue;
			tap_about("%s, number -%d", entries[e].name, number);
			entries[e].call(&call);
			EXPECT(call.result, gives_null_port(number) ? 0 : KERN_INVALID_ARGUMENT);
			EXPECT_TRUE(call.registers_kept);
		}
}

static void try_bad_number(const struct entry *entry, int number)
{
	struct call call = { .number = number, .stack = (uintptr_t) zeros };
	struct fault fault;

	tap_about("%s, number %d", entry->name, number);
	fault_run(entry->call, &call, &fault);
	if (!EXPECT_TRUE(fault.happened))
		return;
	EXPECT(fault.exception, EXC_BAD_INSTRUCTION);
	EXPECT(fault.code, EXC_I386_INVOP);
	EXPECT(fault.subcode, 0);
	EXPECT(fault.state.eip, (uintptr_t) entry->after);
	EXPECT(fault.state.uesp, (uintptr_t) zeros);
}

static void test_bad_numbers(void)
{
	static const int numbers[] = {
		-130, -131, -1000, 1, 2, 25, 130, 0x7fffffff, (int) 0x80000000, (int) 0x80000001,
		-0x10000, -(1 << 29), (int) 0xc0000000,
	};

	for (unsigned int e = 0; e < entry_count(); e++)
		for (unsigned int i = 0; i < COUNT_OF(numbers); i++)
			try_bad_number(&entries[e], numbers[i]);
}

/* --- stacks ---------------------------------------------------------------------------------- */

/* The address of the highest word, of those from stack + 4 on, that lies in no page. */
static uintptr_t highest_unreadable(uintptr_t stack, unsigned int count, uintptr_t readable_from,
	uintptr_t readable_to)
{
	for (unsigned int i = count; i > 0; i--) {
		uintptr_t word = stack + 4 * i;

		if (word < readable_from || word > readable_to - 4)
			return word;
	}
	return 0;
}

static void try_stack(const struct entry *entry, int number, uintptr_t stack, uintptr_t from,
	uintptr_t to)
{
	struct call call = { .number = -number, .stack = stack };
	uintptr_t bad = highest_unreadable(stack, arguments[number], from, to);
	struct fault fault;

	if (bad == 0)
		return;
	tap_about("%s, number -%d, esp 0x%x", entry->name, number, stack);
	fault_run(entry->call, &call, &fault);
	if (!EXPECT_TRUE(fault.happened))
		return;
	EXPECT(fault.exception, EXC_BAD_ACCESS);
	EXPECT(fault.code, KERN_INVALID_ADDRESS);
	EXPECT(fault.subcode, bad);
	EXPECT(fault.state.eip, (uintptr_t) entry->after);
	EXPECT(fault.state.uesp, stack);
}

static void test_bad_stacks(void)
{
	vm_offset_t pages = 0;

	EXPECT(vm_allocate(mach_task_self(), &pages, 3 * PAGE_SIZE, TRUE), KERN_SUCCESS);
	EXPECT(vm_deallocate(mach_task_self(), pages, PAGE_SIZE), KERN_SUCCESS);
	EXPECT(vm_deallocate(mach_task_self(), pages + 2 * PAGE_SIZE, PAGE_SIZE), KERN_SUCCESS);
	uintptr_t from = pages + PAGE_SIZE, to = from + PAGE_SIZE;
	const uintptr_t stacks[] = {
		0, 3, 0x800, to, to - 4, to - 8, to - 12, to - 7, from - PAGE_SIZE,
		VM_MAX_ADDRESS - 4, VM_MAX_ADDRESS, VM_MAX_ADDRESS + 0x100000, 0xfffffff0,
		0xfffffffc, 0xffffffff,
	};
	for (unsigned int e = 0; e < entry_count(); e++)
		for (unsigned int i = 0; i < COUNT_OF(stacks); i++)
			for (int number = 0; number <= LAST_NUMBER; number++)
				if (arguments[number] > 0)
					try_stack(&entries[e], number, stacks[i], from, to);
	vm_deallocate(mach_task_self(), from, PAGE_SIZE);
}

/* EX-9: with the stack repaired, the thread goes on behind the trap. */
static void test_repaired_stacks(void)
{
	static const int numbers[] = { 17, 25, 59, 61, 64, 66, 72, 77 };

	for (unsigned int e = 0; e < entry_count(); e++)
		for (unsigned int i = 0; i < COUNT_OF(numbers); i++) {
			struct call call = { .number = -numbers[i], .stack = 0 };
			struct fault fault;

			tap_about("%s, number -%d", entries[e].name, numbers[i]);
			EXPECT_TRUE(fault_run_and_resume(entries[e].call, &call, &fault,
				(uintptr_t) entries[e].after));
			EXPECT(fault.exception, EXC_BAD_ACCESS);
			EXPECT_TRUE(call.registers_kept);
		}
}

/* A trap without arguments does not look at the stack. */
static void test_no_arguments(void)
{
	for (unsigned int e = 0; e < entry_count(); e++) {
		struct call call = { .number = -28, .stack = VM_MAX_ADDRESS };

		tap_about("%s", entries[e].name);
		entries[e].call(&call);
		EXPECT(call.result, mach_task_self());
		EXPECT_TRUE(call.registers_kept);
		mach_port_deallocate(mach_task_self(), call.result);
	}
}

/* The last words below the end of user memory are good for arguments. */
static void test_top_of_memory(void)
{
	for (unsigned int e = 0; e < entry_count(); e++) {
		struct call call = { .number = -59, .stack = VM_MAX_ADDRESS - 8 };

		entries[e].call(&call);
		EXPECT_TRUE(call.registers_kept);
	}
}

/* --- the direction flag and others ----------------------------------------------------------- */

static void set_flags(unsigned int flags)
{
	__asm__ volatile("pushl %0\n\tpopfl" : : "r" (flags) : "cc", "memory");
}

static unsigned int get_flags(void)
{
	unsigned int flags;

	__asm__ volatile("pushfl\n\tpopl %0" : "=r" (flags));
	return flags;
}

/* A call gate does not clear any flag: with these set, the kernel must still do its work. */
static void test_flags(void)
{
	static const unsigned int odd[] = { 0x400, 0x4000, 0x40000, 0x44400, 0x200000 };
	unsigned int normal = get_flags();

	for (unsigned int e = 0; e < entry_count(); e++)
		for (unsigned int i = 0; i < COUNT_OF(odd); i++) {
			mach_port_t port;
			kern_return_t result;

			tap_about("%s, flags 0x%x", entries[e].name, odd[i]);
			mach_use_entry(e == 0 ? MACH_ENTRY_LCALL : MACH_ENTRY_SYSENTER);
			set_flags(normal | odd[i]);
			result = mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE,
				&port);
			set_flags(normal);
			EXPECT(result, KERN_SUCCESS);
			port_destroy(port);
		}
}

/* --- pointers -------------------------------------------------------------------------------- */

static const uintptr_t bad_pointers[] = {
	0, VM_MAX_ADDRESS - 2, VM_MAX_ADDRESS, 0xc0100000, 0xfffffffc, 0xffffffff,
};

/* A result that cannot be written: KERN_INVALID_ADDRESS, and nothing has happened. */
static void test_bad_pointers(void)
{
	mach_port_t self = mach_task_self();

	for (unsigned int i = 0; i < COUNT_OF(bad_pointers); i++) {
		void *bad = (void *) bad_pointers[i];

		tap_about("pointer 0x%x", bad_pointers[i]);
		EXPECT(syscall_mach_port_allocate(self, MACH_PORT_RIGHT_RECEIVE, bad),
			KERN_INVALID_ADDRESS);
		EXPECT(syscall_vm_allocate(self, bad, PAGE_SIZE, TRUE), KERN_INVALID_ADDRESS);
		EXPECT(syscall_task_create(self, FALSE, bad), KERN_INVALID_ADDRESS);
		EXPECT(syscall_vm_map(self, bad, PAGE_SIZE, 0, TRUE, MACH_PORT_NULL, 0, FALSE, 3,
			7, 1), KERN_INVALID_ADDRESS);
		mach_print(bad);
	}
}

/* --- both entries do the same ---------------------------------------------------------------- */

static void test_entries(void)
{
	for (unsigned int e = 0; e < entry_count(); e++) {
		mach_port_t port = port_new_with_send(1);
		struct message message;

		tap_about("%s", entries[e].name);
		mach_use_entry(e == 0 ? MACH_ENTRY_LCALL : MACH_ENTRY_SYSENTER);
		for (int id = 0; id < 3; id++)
			EXPECT(send_simple(port, id), MACH_MSG_SUCCESS);
		for (int id = 0; id < 3; id++) {
			EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
			EXPECT(message.header.msgh_id, id);
		}
		EXPECT(message_receive_wait(&message, port, 20), MACH_RCV_TIMED_OUT);
		port_destroy(port);
	}
}

static void test_thread_switch(void)
{
	mach_port_t thread = mach_thread_self();

	EXPECT(thread_switch(MACH_PORT_NULL, 3, 0), KERN_INVALID_ARGUMENT);
	EXPECT(thread_switch(MACH_PORT_NULL, -1, 0), KERN_INVALID_ARGUMENT);
	EXPECT(thread_switch(0x7ffff123, 0, 0), KERN_SUCCESS);
	EXPECT(thread_switch(thread, 0, 0), KERN_SUCCESS);
	EXPECT(thread_switch(MACH_PORT_NULL, 1, 5), KERN_SUCCESS);
	EXPECT(thread_switch(MACH_PORT_NULL, 2, 5), KERN_SUCCESS);
	EXPECT(evc_wait(12345), KERN_INVALID_ARGUMENT);
	EXPECT(syscall_thread_depress_abort(thread), KERN_SUCCESS);
	mach_port_deallocate(mach_task_self(), thread);
}

static const struct test tests[] = {
	{ .name = "TM-10 numbers without a meaning", .run = test_unused_numbers },
	{ .name = "TM-10 numbers outside the table", .run = test_bad_numbers, .ours = TRUE },
	{ .name = "EX-9 TM-10 unreadable stacks", .run = test_bad_stacks, .ours = TRUE },
	{ .name = "EX-9 repaired stacks", .run = test_repaired_stacks, .ours = TRUE },
	{ .name = "traps without arguments need no stack", .run = test_no_arguments },
	{ .name = "arguments at the end of memory", .run = test_top_of_memory },
	{ .name = "TM-5 flags", .run = test_flags, .ours = TRUE },
	{ .name = "unwritable results", .run = test_bad_pointers, .ours = TRUE },
	{ .name = "both entries", .run = test_entries },
	{ .name = "thread_switch and evc_wait", .run = test_thread_switch },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
