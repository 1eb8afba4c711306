/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of exceptions: what the handler is told, and what happens without one. */
#include "exceptions.h"

#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/exception.h>
#include <mach/mach_traps.h>
#include <mach/task_special_ports.h>
#include <mach/vm_param.h>

#include "../common/fault.h"
#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "instructions.h"

struct expected {
	const char	*what;
	void		(*function)(void *);
	uintptr_t	argument;
	const char	*eip;
	int		exception;
	int		code;
	unsigned int	subcode;
};

static void try(const struct expected *expected)
{
	struct fault fault;

	tap_about("%s", expected->what);
	fault_run(expected->function, (void *) expected->argument, &fault);
	if (!EXPECT_TRUE(fault.happened))
		return;
	EXPECT(fault.exception, expected->exception);
	EXPECT(fault.code, expected->code);
	EXPECT(fault.subcode, expected->subcode);
	EXPECT(fault.state.eip, (uintptr_t) expected->eip);
	EXPECT(fault.state.cs & 0xffff, 0x17);
	EXPECT(fault.state.ss & 0xffff, 0x1f);
}

static char misaligned[32] __attribute__((aligned(16)));

static const struct expected table[] = {
	{ "divide by zero", divide, 0, divide_at, EXC_ARITHMETIC, EXC_I386_DIV, 0 },
	{ "idiv overflow", divide_overflow, 0, divide_overflow_at, EXC_ARITHMETIC, EXC_I386_DIV,
		0 },
	{ "aam 0", aam_zero, 0, aam_zero_at, EXC_ARITHMETIC, EXC_I386_DIV, 0 },
	{ "int3", breakpoint, 0, breakpoint_after, EXC_BREAKPOINT, EXC_I386_BPT, 0 },
	{ "int $3", int_3, 0, int_3_after, EXC_BREAKPOINT, EXC_I386_BPT, 0 },
	{ "into", into, 0, into_after, EXC_ARITHMETIC, EXC_I386_INTO, 0 },
	{ "int $4", int_4, 0, int_4_after, EXC_ARITHMETIC, EXC_I386_INTO, 0 },
	{ "bound", bound, 0, bound_at, EXC_SOFTWARE, EXC_I386_BOUND, 0 },
	{ "int $5", int_5, 0, int_5_after, EXC_SOFTWARE, EXC_I386_BOUND, 0 },
	{ "ud2", undefined, 0, undefined_at, EXC_BAD_INSTRUCTION, EXC_I386_INVOP, 0 },
	{ "lock nop", lock_nop, 0, lock_nop_at, EXC_BAD_INSTRUCTION, EXC_I386_INVOP, 0 },
	{ "hlt", halt, 0, halt_at, EXC_BAD_INSTRUCTION, EXC_I386_GPFLT, 0 },
	{ "cli", disable, 0, disable_at, EXC_BAD_INSTRUCTION, EXC_I386_GPFLT, 0 },
	{ "syscall", amd_syscall, 0, amd_syscall_at, EXC_BAD_INSTRUCTION, EXC_I386_INVOP, 0 },
	{ "rsm", leave_smm, 0, leave_smm_at, EXC_BAD_INSTRUCTION, EXC_I386_INVOP, 0 },
	{ "too long", too_long, 0, too_long_at, EXC_BAD_INSTRUCTION, EXC_I386_GPFLT, 0 },
	{ "sti", enable, 0, enable_at, EXC_BAD_INSTRUCTION, EXC_I386_GPFLT, 0 },
	{ "mov from cr0", read_cr0, 0, read_cr0_at, EXC_BAD_INSTRUCTION, EXC_I386_GPFLT, 0 },
	{ "mov to cr3", write_cr3, 0, write_cr3_at, EXC_BAD_INSTRUCTION, EXC_I386_GPFLT, 0 },
	{ "rdmsr", read_msr, 0, read_msr_at, EXC_BAD_INSTRUCTION, EXC_I386_GPFLT, 0 },
	{ "clts", clear_ts, 0, clear_ts_at, EXC_BAD_INSTRUCTION, EXC_I386_GPFLT, 0 },
	{ "lgdt", load_gdt, (uintptr_t) misaligned, load_gdt_at, EXC_BAD_INSTRUCTION, EXC_I386_GPFLT, 0 },
	{ "ltr", load_task, 0x48, load_task_at, EXC_BAD_INSTRUCTION, EXC_I386_GPFLT, 0 },
	{ "invlpg", forget_page, (uintptr_t) misaligned, forget_page_at, EXC_BAD_INSTRUCTION, EXC_I386_GPFLT, 0 },
	{ "ins", in_string, 0, in_string_at, EXC_BAD_INSTRUCTION, EXC_I386_GPFLT, 0 },
	{ "iret of a nested task", nested_return, 0, nested_return_at, EXC_BAD_INSTRUCTION,
		EXC_I386_INVTSSFLT, 0 },
	{ "in", in_port, 0, in_port_at, EXC_BAD_INSTRUCTION, EXC_I386_GPFLT, 0 },
	{ "out", out_port, 0, out_port_at, EXC_BAD_INSTRUCTION, EXC_I386_GPFLT, 0 },
	{ "int $0x80", int_80, 0, int_80_at, EXC_BAD_INSTRUCTION, EXC_I386_GPFLT, 0x402 },
	{ "int $13", int_13, 0, int_13_at, EXC_BAD_INSTRUCTION, EXC_I386_GPFLT, 13 * 8 + 2 },
	{ "bad selector", load_fs, 0x203, load_fs_at, EXC_BAD_INSTRUCTION, EXC_I386_GPFLT,
		0x200 },
	{ "kernel selector", load_fs, 0x08, load_fs_at, EXC_BAD_INSTRUCTION, EXC_I386_GPFLT,
		0x08 },
	{ "misaligned movaps", movaps, (uintptr_t) misaligned + 1, movaps_at, EXC_BAD_INSTRUCTION,
		EXC_I386_GPFLT, 0 },
	{ "single step", single_step, 0, single_step_after, EXC_BREAKPOINT, EXC_I386_SGL, 0 },
};

void test_table(void)
{
	for (unsigned int i = 0; i < COUNT_OF(table); i++)
		try(&table[i]);
}

/* Whoever is to blame, the selector or the stack: it comes to an end. */
void test_interrupt_return(void)
{
	struct fault fault;

	fault_run(interrupt_return, NULL, &fault);
	EXPECT_TRUE(fault.happened);
	EXPECT(fault.state.eip, (uintptr_t) interrupt_return_at);
}

/* The flag is ignored, or there is an exception. */
void test_virtual_return(void)
{
	struct fault fault;

	fault_run(virtual_return, NULL, &fault);
}

void test_addresses(void)
{
	vm_offset_t page = 0;

	EXPECT(vm_allocate(mach_task_self(), &page, 2 * PAGE_SIZE, TRUE), KERN_SUCCESS);
	EXPECT(vm_protect(mach_task_self(), page, PAGE_SIZE, FALSE, VM_PROT_READ), KERN_SUCCESS);
	EXPECT(vm_deallocate(mach_task_self(), page + PAGE_SIZE, PAGE_SIZE), KERN_SUCCESS);
	const struct expected faults[] = {
		{ "read of nothing", load_byte, page + PAGE_SIZE + 5, load_byte_at,
			EXC_BAD_ACCESS, KERN_INVALID_ADDRESS, page + PAGE_SIZE + 5 },
		{ "write of nothing", store_byte, page + PAGE_SIZE + 5, store_byte_at,
			EXC_BAD_ACCESS, KERN_INVALID_ADDRESS, page + PAGE_SIZE + 5 },
		{ "write of read-only", store_byte, page + 123, store_byte_at,
			EXC_BAD_ACCESS, KERN_PROTECTION_FAILURE, page + 123 },
		{ "write of text", store_byte, (uintptr_t) store_byte, store_byte_at,
			EXC_BAD_ACCESS, KERN_PROTECTION_FAILURE, (uintptr_t) store_byte },
		{ "read of address 0", load_byte, 0, load_byte_at, EXC_BAD_ACCESS,
			KERN_INVALID_ADDRESS, 0 },
		{ "read of the kernel", load_byte, VM_MAX_ADDRESS, load_byte_at, EXC_BAD_ACCESS,
			EXC_I386_PGFLT, VM_MAX_ADDRESS },
		{ "write of the kernel", store_byte, 0xc0100000, store_byte_at, EXC_BAD_ACCESS,
			EXC_I386_PGFLT, 0xc0100000 },
		{ "read of the last byte", load_byte, 0xffffffff, load_byte_at, EXC_BAD_ACCESS,
			EXC_I386_PGFLT, 0xffffffff },
		{ "call of nothing", call_there, page + PAGE_SIZE, (char *) page + PAGE_SIZE,
			EXC_BAD_ACCESS, KERN_INVALID_ADDRESS, page + PAGE_SIZE },
		{ "call of the kernel", call_there, 0xc0100000, (char *) 0xc0100000,
			EXC_BAD_ACCESS, EXC_I386_PGFLT, 0xc0100000 },
	};
	for (unsigned int i = 0; i < COUNT_OF(faults); i++)
		try(&faults[i]);
	vm_deallocate(mach_task_self(), page, PAGE_SIZE);
}

/* The x87 tells of its error at the next instruction.  (QEMU never raises the SSE exception.) */
void test_x87(void)
{
	struct fault fault;

	fault_run(fpu_error, NULL, &fault);
	if (EXPECT_TRUE(fault.happened)) {
		EXPECT(fault.exception, EXC_ARITHMETIC);
		EXPECT(fault.code, EXC_I386_EXTERR);
		EXPECT_TRUE(fault.subcode & 4);
		EXPECT(fault.state.eip, (uintptr_t) fpu_error_at);
	}
}

/* Code that does not fault: the other tests would not notice if that were reported too. */
void test_no_fault(void)
{
	struct fault fault;

	fault_run(nothing, NULL, &fault);
	EXPECT(fault.happened, FALSE);
}

/* The handler changes the thread's state and lets it go on. */
void test_resume(void)
{
	struct fault fault;

	EXPECT(fault_run_and_resume(divide, NULL, &fault, (uintptr_t) divide_after), TRUE);
	EXPECT(fault.exception, EXC_ARITHMETIC);
	EXPECT(fault_run_and_resume(load_byte, NULL, &fault, (uintptr_t) load_byte_after), TRUE);
	EXPECT(fault.exception, EXC_BAD_ACCESS);
}

/* Without a handler the task ends, and the system goes on. */
void test_no_handler(void)
{
	EXPECT(fault_kills_task(divide, NULL), TRUE);
	EXPECT(fault_kills_task(load_byte, NULL), TRUE);
	EXPECT(fault_kills_task(store_byte, (void *) 0xc0000000), TRUE);
	EXPECT(fault_kills_task(undefined, NULL), TRUE);
	EXPECT(fault_kills_task(halt, NULL), TRUE);
	EXPECT(fault_kills_task(call_there, NULL), TRUE);
}

static void fault_with_dead_handler(void *argument)
{
	mach_port_t port = port_new_with_send(1), thread = mach_thread_self();

	thread_set_exception_port(thread, port);
	port_destroy(port);
	divide(argument);
}

void test_dead_handler(void)
{
	EXPECT(fault_kills_task(fault_with_dead_handler, NULL), TRUE);
}

static void divide_when_told(void *argument)
{
	sleep_for(50);
	divide(argument);
}

/* The task's handler gets what no handler of the thread takes. */
void test_task_handler(void)
{
	mach_port_t port = port_new_with_send(1), task;
	struct message message;

	EXPECT(mach_task_start(divide_when_told, NULL, &task), KERN_SUCCESS);
	EXPECT(task_set_exception_port(task, port), KERN_SUCCESS);
	if (EXPECT(message_receive_wait(&message, port, 2000), MACH_MSG_SUCCESS)) {
		EXPECT(message.header.msgh_bits, MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(
			MACH_MSG_TYPE_PORT_SEND_ONCE, MACH_MSG_TYPE_PORT_SEND));
		EXPECT(message.header.msgh_size, 64);
		EXPECT(message.header.msgh_id, 2400);
		EXPECT(message.body[0], 0x10012011);
		EXPECT(message.body[2], 0x10012011);
		EXPECT(message.body[3], task);
		for (int i = 4; i < 10; i += 2)
			EXPECT(message.body[i], 0x10012002);
		EXPECT(message.body[5], EXC_ARITHMETIC);
		mach_port_deallocate(mach_task_self(), message.body[1]);
		mach_port_deallocate(mach_task_self(), message.body[3]);
		mach_port_deallocate(mach_task_self(), message.header.msgh_remote_port);
	}
	port_destroy(task);
	port_destroy(port);
}

/* --- handlers without room ---------------------------------------------------------------- */

#define EXCEPTION_SIZE	64

struct narrow {
	mach_port_t		port, thread;
	mach_msg_size_t		room;
	mach_msg_option_t	option;
	unsigned char		buffer[128];
	mach_msg_return_t	result;
};

static void receive_narrow(void *argument)
{
	struct narrow *self = argument;

	self->result = mach_msg_trap((mach_msg_header_t *) self->buffer, MACH_RCV_MSG | self->option,
		0, self->room, self->port, 0, MACH_PORT_NULL);
}

static void begin_divide(void *argument)
{
	divide(argument);
}

/* The thread's handler waits with little room, or receives later; the task's is asked next. */
static void try_narrow(mach_msg_size_t room, mach_msg_option_t option)
{
	static struct narrow narrow;
	mach_port_t own = port_new_with_send(1), task = port_new_with_send(1), thread, old;
	struct message message;

	tap_about("room for %u, option %x", room, option);
	narrow = (struct narrow) { .port = own, .room = room, .option = option };
	memset(narrow.buffer, 0x5a, sizeof narrow.buffer);
	EXPECT(task_get_special_port(mach_task_self(), TASK_EXCEPTION_PORT, &old), KERN_SUCCESS);
	EXPECT(task_set_special_port(mach_task_self(), TASK_EXCEPTION_PORT, task), KERN_SUCCESS);
	EXPECT(mach_thread_start(receive_narrow, &narrow, &narrow.thread), KERN_SUCCESS);
	sleep_for(30);
	EXPECT(mach_thread_prepare(begin_divide, NULL, &thread), KERN_SUCCESS);
	EXPECT(thread_set_exception_port(thread, own), KERN_SUCCESS);
	EXPECT(thread_resume(thread), KERN_SUCCESS);
	mach_thread_join(narrow.thread);
	EXPECT(narrow.result, MACH_RCV_TOO_LARGE);
	for (unsigned int i = 0; i < sizeof narrow.buffer; i++)
		if (narrow.buffer[i] != 0x5a && (!(option & MACH_RCV_LARGE) || i / 4 != 1))
			tap_fail("byte %u has been written", i);
	if (option & MACH_RCV_LARGE) {
		EXPECT(((mach_msg_header_t *) narrow.buffer)->msgh_size, EXCEPTION_SIZE);
		EXPECT(message_receive_wait(&message, own, 1000), MACH_MSG_SUCCESS);
		EXPECT(message_receive(&message, task), MACH_RCV_TIMED_OUT);
	} else {
		EXPECT(message_receive_wait(&message, task, 1000), MACH_MSG_SUCCESS);
		EXPECT(message.body[5], EXC_ARITHMETIC);
	}
	EXPECT(thread_terminate(thread), KERN_SUCCESS);
	mach_msg_destroy(&message.header);
	port_destroy(thread);
	EXPECT(task_set_special_port(mach_task_self(), TASK_EXCEPTION_PORT, old), KERN_SUCCESS);
	if (old != MACH_PORT_NULL)
		EXPECT(mach_port_deallocate(mach_task_self(), old), KERN_SUCCESS);
	port_destroy(own);
	port_destroy(task);
}

void test_narrow_handler(void)
{
	static const mach_msg_size_t rooms[] = { 0, 4, 20, 24, 32, 60, 63 };

	for (unsigned int i = 0; i < COUNT_OF(rooms); i++) {
		try_narrow(rooms[i], 0);
		try_narrow(rooms[i], MACH_RCV_LARGE);
	}
}
