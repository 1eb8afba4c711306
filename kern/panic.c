/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of a kernel that cannot go on. */
#include <kern/assert.h>
#include <kern/debugger.h>
#include <kern/machine.h>
#include <kern/panic.h>
#include <kern/printf.h>

/*
 * The value that the stack protector puts between a function's buffers and its return
 * address.  The zero byte stops string functions; start-up code may put better ones in.
 */
uintptr_t __stack_chk_guard = 0x7be300d1;

/* How far a panic has come, so that one inside it does less each time. */
static enum { RUNNING, PRINTING, TRACING, ASKING, STOPPING } panic_stage;

/* A panic while printing one ends without a message rather than in a loop. */
static void panic_report(const char *format, va_list args)
{
	if (panic_stage >= PRINTING)
		return;
	panic_stage = PRINTING;
	printf_filter = NULL;
	printf("\npanic: ");
	vprintf(format, args);
	printf("\n");
}

static void panic_trace(void)
{
	if (panic_stage >= TRACING)
		return;
	panic_stage = TRACING;
	machine_backtrace();
}

static void panic_ask(void)
{
	if (panic_stage >= ASKING)
		return;
	panic_stage = ASKING;
	debugger_enter("a panic");
}

void panic(const char *format, ...)
{
	va_list args;

	interrupts_disable();
	va_start(args, format);
	panic_report(format, args);
	va_end(args);
	panic_trace();
	panic_ask();
	if (panic_stage < STOPPING) {
		panic_stage = STOPPING;
		machine_stop(MACHINE_FAIL);
	}
	for (;;)
		__asm__ volatile("cli; hlt");
}

void assert_failed(const char *expression, const char *file, int line)
{
	panic("%s:%d: assertion failed: %s", file, line, expression);
}

void __stack_chk_fail(void)
{
	panic("stack overrun in a function called from %p", __builtin_return_address(0));
}
