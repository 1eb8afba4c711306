/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A debugger, of the smallest kind.  It is the handler of another program's exceptions: it shows
 * the registers, takes the program some instructions further from each breakpoint, one by one, and
 * lets it go on then.  At every other exception the program ends.
 *
 *	debugger --task=${program} [--steps=NUMBER] $(task-create) $(task-resume)
 *	program $(program=task-create)
 */
#include <libmach/print.h>
#include <libmach/server.h>
#include <libmach/string.h>
#include <mach.h>
#include <mach/exc_S.h>
#include <mach/exception.h>
#include <mach/i386/eflags.h>
#include <mach/mig_support.h>
#include <mach/notify.h>
#include <mach/task_special_ports.h>

#include "registers.h"

#define MESSAGE_SIZE	512

static mach_port_t program;
static unsigned int steps = 5;

/* --- what has happened ----------------------------------------------------------------------- */

static const char *exception_text(int exception)
{
	static const char *const texts[] = {
		"An unknown exception", "An access to memory that it may not have",
		"An instruction that it may not execute", "An error of arithmetic", "An emulation",
		"An exception of its own", "A breakpoint",
	};

	return texts[exception > 0 && exception <= EXC_BREAKPOINT ? exception : 0];
}

static const char *code_text(int exception, int code)
{
	if (exception == EXC_BAD_ACCESS)
		return mach_error_string(code);
	if (exception == EXC_ARITHMETIC && code == EXC_I386_DIV)
		return "a division";
	if (exception == EXC_BAD_INSTRUCTION && code == EXC_I386_INVOP)
		return "there is no such instruction";
	return "see mach/i386/exception.h";
}

static void tell(int exception, int code, int subcode, const struct i386_thread_state *state)
{
	printf("[debugger] %s, at 0x%x", exception_text(exception), state->eip);
	if (exception != EXC_BREAKPOINT)
		printf(" (code %d, %s; subcode 0x%x)", code, code_text(exception, code), subcode);
	printf(".  The registers:\n");
	registers_print(state);
}

/* --- stepping -------------------------------------------------------------------------------- */

static struct {
	mach_port_t			thread;		/* which is stepped: a reference; or none */
	unsigned int			done;
	struct i386_thread_state	last;
} stepping;

static kern_return_t step_from(mach_port_t thread, struct i386_thread_state *state)
{
	mach_port_mod_refs(mach_task_self(), thread, MACH_PORT_RIGHT_SEND, 1);
	stepping.thread = thread;
	stepping.done = 0;
	stepping.last = *state;
	printf("[debugger] I take it %u instructions further.\n", steps);
	state->efl |= EFL_TF;
	return registers_set(thread, state);
}

/* The flag that stops the thread behind each instruction stays until it is taken away. */
static kern_return_t stepped(mach_port_t thread, struct i386_thread_state *state)
{
	printf("    %u: from 0x%x to 0x%x", ++stepping.done, stepping.last.eip, state->eip);
	stepping.last.efl |= EFL_TF;
	registers_print_changes(&stepping.last, state);
	stepping.last = *state;
	if (stepping.done < steps)
		return KERN_SUCCESS;
	mach_port_deallocate(mach_task_self(), stepping.thread);
	stepping.thread = MACH_PORT_NULL;
	printf("[debugger] It goes on by itself.\n");
	state->efl &= ~EFL_TF;
	return registers_set(thread, state);
}

static kern_return_t handle(mach_port_t thread, int exception, int code, int subcode)
{
	struct i386_thread_state state;
	kern_return_t result = registers_get(thread, &state);

	if (result != KERN_SUCCESS)
		return result;
	if (exception == EXC_BREAKPOINT && code == EXC_I386_SGL && thread == stepping.thread)
		return stepped(thread, &state);
	tell(exception, code, subcode, &state);
	if (exception == EXC_BREAKPOINT && steps > 0 && stepping.thread == MACH_PORT_NULL)
		return step_from(thread, &state);
	if (exception == EXC_BREAKPOINT)
		return KERN_SUCCESS;
	printf("[debugger] I cannot mend that: the program ends.\n");
	return KERN_FAILURE;
}

/*
 * Called by exc_server.  The two names have a reference more for each exception; a routine that
 * fails leaves them to the library, which destroys the request.
 */
kern_return_t catch_exception_raise(mach_port_t port, mach_port_t thread, mach_port_t task,
	integer_t exception, integer_t code, integer_t subcode)
{
	kern_return_t result = handle(thread, exception, code, subcode);

	(void) port;
	if (result == KERN_SUCCESS) {
		mach_port_deallocate(mach_task_self(), thread);
		mach_port_deallocate(mach_task_self(), task);
	}
	return result;
}

/* --- the program's life ---------------------------------------------------------------------- */

static boolean_t ended;

static boolean_t demux(mach_msg_header_t *request, mach_msg_header_t *reply)
{
	if (request->msgh_id != MACH_NOTIFY_DEAD_NAME)
		return exc_server(request, reply);
	ended = TRUE;
	mach_port_deallocate(mach_task_self(), program);
	((mig_reply_header_t *) reply)->RetCode = MIG_NO_REPLY;
	return TRUE;
}

static kern_return_t start(mach_port_t port)
{
	mach_port_t previous;
	kern_return_t result;

	result = mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND);
	if (result == KERN_SUCCESS)
		result = task_set_exception_port(program, port);
	if (result == KERN_SUCCESS)
		result = mach_port_request_notification(mach_task_self(), program,
			MACH_NOTIFY_DEAD_NAME, 1, port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
	return result == KERN_SUCCESS ? task_resume(program) : result;
}

static void read_arguments(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--task=", 7) == 0)
			program = atoi(argv[i] + 7);
		else if (strncmp(argv[i], "--steps=", 8) == 0)
			steps = atoi(argv[i] + 8);
		else
			printf("[debugger] What is %s?\n", argv[i]);
	}
}

int main(int argc, char **argv)
{
	mach_port_t port = mach_reply_port();
	kern_return_t result;

	read_arguments(argc, argv);
	if (program == MACH_PORT_NULL) {
		printf("[debugger] I need --task=${program}.\n");
		return 1;
	}
	printf("[debugger] I am the program's handler of exceptions, and start it.\n");
	result = start(port);
	while (result == KERN_SUCCESS && !ended)
		result = mach_msg_server_once(demux, MESSAGE_SIZE, port);
	if (result != KERN_SUCCESS)
		mach_error("[debugger] FAILED", result);
	else
		printf("[debugger] The program has ended.\n");
	return result;
}
