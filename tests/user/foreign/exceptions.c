/* SPDX-License-Identifier: BSD-2-Clause */
/* Exceptions and notifications, served by MIG's servers of the package's exc.defs, notify.defs. */
#include "foreign.h"

#include <mach/exception.h>
#include <mach/notify.h>
#include <mach/thread_status.h>

#include "exc_server.h"
#include "gnumach.h"
#include "notify_server.h"
#include "task_notify_server.h"

boolean_t exc_server(mach_msg_header_t *request, mach_msg_header_t *reply);
boolean_t notify_server(mach_msg_header_t *request, mach_msg_header_t *reply);
boolean_t task_notify_server(mach_msg_header_t *request, mach_msg_header_t *reply);

/* --- exceptions ------------------------------------------------------------------------------- */

/* All of them are instructions of two bytes; behind int3 is a nop. */
void go_wrong(void);
__asm__(".globl go_wrong\n"
	"go_wrong:\n"
	"	movl nowhere, %ecx\n"
	"	movl %edx, (%ecx)\n"		/* unmapped */
	"	ud2\n"
	"	xorl %ecx, %ecx\n"
	"	divl %ecx\n"
	"	hlt\n"				/* privileged */
	"	nop\n"
	"	int3\n"
	"	movl $1, went_on\n"
	"	call end_thread\n");

extern vm_address_t nowhere;
extern volatile unsigned int went_on;
vm_address_t nowhere;
volatile unsigned int went_on;

static const struct {
	int		exception, code;
	unsigned int	step;
	const char	*what;
} expected[] = {
	{ EXC_BAD_ACCESS, KERN_INVALID_ADDRESS, 2, "a bad address" },
	{ EXC_BAD_INSTRUCTION, EXC_I386_INVOP, 2, "a bad instruction" },
	{ EXC_ARITHMETIC, EXC_I386_DIV, 2, "a division by zero" },
	{ EXC_BAD_INSTRUCTION, EXC_I386_GPFLT, 2, "a privileged instruction" },
	{ EXC_BREAKPOINT, EXC_I386_BPT, 0, "a breakpoint" },
};

static mach_port_t exception_port, victim;
static unsigned int caught;

kern_return_t catch_exception_raise(mach_port_t port, mach_port_t thread, mach_port_t task,
				    integer_t exception, integer_t code, integer_t subcode)
{
	struct i386_thread_state state;
	mach_msg_type_number_t count = i386_THREAD_STATE_COUNT;

	if (caught >= sizeof expected / sizeof *expected)
		return KERN_FAILURE;
	check(port == exception_port && thread == victim && task == mach_task_self()
	      && exception == expected[caught].exception && code == expected[caught].code
	      && (exception != EXC_BAD_ACCESS || (vm_address_t) subcode == nowhere),
	      expected[caught].what);
	thread_get_state(thread, i386_THREAD_STATE, (thread_state_t) &state, &count);
	state.eip += expected[caught].step;
	answer("a handler sets its state",
	       thread_set_state(thread, i386_THREAD_STATE, (thread_state_t) &state, count),
	       KERN_SUCCESS);
	caught++;
	drop(thread);
	drop(task);
	return KERN_SUCCESS;
}

void test_exceptions(void)
{
	mach_port_t before;

	nowhere = new_page();
	mig_deallocate(nowhere, PAGE);
	exception_port = new_port();
	task_get_special_port(mach_task_self(), TASK_EXCEPTION_PORT, &before);
	task_set_special_port(mach_task_self(), TASK_EXCEPTION_PORT, exception_port);
	victim = start_thread(go_wrong);
	while (serve(exception_port, exc_server, 100))
		;
	check(caught == 5 && went_on == 1, "the thread went on behind all of them");
	task_set_special_port(mach_task_self(), TASK_EXCEPTION_PORT, before);
	drop(victim);
	mach_port_destroy(mach_task_self(), exception_port);
}

/* --- notifications ---------------------------------------------------------------------------- */

static mach_port_t notify_port, dead, received;
static unsigned int no_senders, send_once, dead_names, port_destroyed, deleted, accepted;
static unsigned int new_tasks;

kern_return_t do_mach_notify_port_deleted(mach_port_t notify, mach_port_name_t name)
{
	deleted += notify == notify_port && name != MACH_PORT_NULL;
	return KERN_SUCCESS;
}

kern_return_t do_mach_notify_msg_accepted(mach_port_t notify, mach_port_name_t name)
{
	accepted += notify == notify_port && name != MACH_PORT_NULL;
	return KERN_SUCCESS;
}

kern_return_t do_mach_notify_port_destroyed(mach_port_t notify, mach_port_t rights)
{
	port_destroyed += notify == notify_port;
	received = rights;
	return KERN_SUCCESS;
}

kern_return_t do_mach_notify_no_senders(mach_port_t notify, mach_port_mscount_t mscount)
{
	no_senders += notify == notify_port && mscount == 1;
	return KERN_SUCCESS;
}

kern_return_t do_mach_notify_send_once(mach_port_t notify)
{
	send_once += notify == notify_port;
	return KERN_SUCCESS;
}

kern_return_t do_mach_notify_dead_name(mach_port_t notify, mach_port_name_t name)
{
	dead_names += notify == notify_port && name == dead;
	drop(name);
	return KERN_SUCCESS;
}

kern_return_t mach_notify_new_task(mach_port_t notify, mach_port_t task, mach_port_t parent)
{
	new_tasks += notify == notify_port && parent == mach_task_self();
	/* It waits for this. */
	task_resume(task);
	drop(task);
	drop(parent);
	return KERN_SUCCESS;
}

static boolean_t notify_demux(mach_msg_header_t *request, mach_msg_header_t *reply)
{
	return notify_server(request, reply) || task_notify_server(request, reply);
}

static void ask(mach_port_t port, mach_msg_id_t id, mach_port_mscount_t sync)
{
	mach_port_t previous;

	answer("mach_port_request_notification",
	       mach_port_request_notification(mach_task_self(), port, id, sync, notify_port,
					      MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous),
	       KERN_SUCCESS);
}

static void serve_all(void)
{
	while (serve(notify_port, notify_demux, 20))
		;
}

static void test_rights_end(void)
{
	mach_port_t self = mach_task_self(), port = new_port(), once;
	mach_msg_type_name_t poly;

	ask(port, MACH_NOTIFY_NO_SENDERS, 1);
	mach_port_mod_refs(self, port, MACH_PORT_RIGHT_SEND, -1);
	serve_all();
	check(no_senders == 1, "no senders");
	ask(port, MACH_NOTIFY_PORT_DESTROYED, 0);
	mach_port_mod_refs(self, port, MACH_PORT_RIGHT_RECEIVE, -1);
	serve_all();
	check(port_destroyed == 1 && received != MACH_PORT_NULL, "the receive right comes back");
	mach_port_insert_right(self, received, received, MACH_MSG_TYPE_MAKE_SEND);
	dead = received;
	ask(dead, MACH_NOTIFY_DEAD_NAME, 0);
	mach_port_mod_refs(self, dead, MACH_PORT_RIGHT_RECEIVE, -1);
	serve_all();
	check(dead_names == 1, "a dead name");
	mach_port_destroy(self, dead);

	mach_port_extract_right(self, notify_port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &once, &poly);
	mach_port_deallocate(self, once);
	serve_all();
	check(send_once == 1, "a send-once right that was not used");
}

/* A name that goes while a notification was asked for it. */
static void test_name_goes(void)
{
	mach_port_t port = new_port();

	ask(port, MACH_NOTIFY_DEAD_NAME, 0);
	mach_port_destroy(mach_task_self(), port);
	serve_all();
	check(deleted == 1 && dead_names == 1, "a name that is no more");
}

static void test_new_task(void)
{
	mach_port_t child;

	answer("register_new_task_notification",
	       register_new_task_notification(host_priv, notify_port, MACH_MSG_TYPE_MAKE_SEND),
	       KERN_SUCCESS);
	task_create(mach_task_self(), FALSE, &child);
	serve_all();
	check(new_tasks == 1, "a new task, and its parent");
	task_terminate(child);
	drop(child);
}

void test_notices(void)
{
	notify_port = new_port();
	test_rights_end();
	test_name_goes();
	test_new_task();
	check(accepted == 0, "nothing was accepted that was not sent so");
	mach_port_destroy(mach_task_self(), notify_port);
}
