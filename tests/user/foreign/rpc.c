/* SPDX-License-Identifier: BSD-2-Clause */
/* Two tasks that call each other; words that threads wait for; what no kernel need have. */
#include "foreign.h"

#include <mach/thread_status.h>

#include "experimental.h"
#include "gnumach.h"
#include "mach4.h"
#include "mach_debug.h"

struct question {
	mach_msg_header_t	head;
	mach_msg_type_t		type;
	unsigned int		word;
};

static const mach_msg_type_t word_type = {
	.msgt_name = MACH_MSG_TYPE_INTEGER_32, .msgt_size = 32, .msgt_number = 1, .msgt_inline = TRUE,
};

#define QUESTIONS 50

/* In the child, where only memory is as it was: our port is its bootstrap port. */
static void ask_for_ever(void)
{
	mach_port_t server, reply = mach_reply_port();
	struct question q;

	if (task_get_special_port(mach_task_self(), TASK_BOOTSTRAP_PORT, &server) != KERN_SUCCESS)
		end_thread();
	for (unsigned int i = 0; i < QUESTIONS; i++) {
		q = (struct question) {
			.head = {
				.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND,
							    MACH_MSG_TYPE_MAKE_SEND_ONCE),
				.msgh_size = sizeof q, .msgh_remote_port = server,
				.msgh_local_port = reply, .msgh_id = 1000 + i,
			},
			.type = word_type, .word = i,
		};
		if (mach_msg(&q.head, MACH_SEND_MSG | MACH_RCV_MSG, sizeof q, sizeof q, reply,
			     MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL) != MACH_MSG_SUCCESS
		    || q.word != 2 * i)
			task_terminate(mach_task_self());
	}
	task_terminate(mach_task_self());
}

/* The child, with a thread that begins in a function of ours, on a stack that it has inherited. */
static mach_port_t start_child(mach_port_t bootstrap, void (*function)(void))
{
	static char stack[2 * PAGE] __attribute__((aligned(16)));
	struct i386_thread_state state;
	mach_msg_type_number_t count = i386_THREAD_STATE_COUNT;
	mach_port_t child, thread;

	if (task_create(mach_task_self(), TRUE, &child) != KERN_SUCCESS
	    || task_set_special_port(child, TASK_BOOTSTRAP_PORT, bootstrap) != KERN_SUCCESS
	    || thread_create(child, &thread) != KERN_SUCCESS)
		return MACH_PORT_NULL;
	thread_get_state(thread, i386_REGS_SEGS_STATE, (thread_state_t) &state, &count);
	state.eip = (unsigned int) function;
	state.uesp = (unsigned int) (stack + sizeof stack - 20);
	thread_set_state(thread, i386_REGS_SEGS_STATE, (thread_state_t) &state, count);
	thread_resume(thread);
	drop(thread);
	return child;
}

void test_rpc(void)
{
	mach_port_t port = new_port(), child = start_child(port, ask_for_ever);
	struct question q;
	unsigned int served = 0;

	while (served < QUESTIONS
	       && mach_msg(&q.head, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof q, port, 2000,
			   MACH_PORT_NULL) == MACH_MSG_SUCCESS
	       && q.head.msgh_id == 1000 + (int) served && q.word == served) {
		q.head.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0);
		q.head.msgh_local_port = MACH_PORT_NULL;
		q.word *= 2;
		if (mach_msg(&q.head, MACH_SEND_MSG, sizeof q, 0, MACH_PORT_NULL,
			     MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL) != MACH_MSG_SUCCESS)
			break;
		served++;
	}
	check(served == QUESTIONS, "a child asks, and takes each answer");
	for (unsigned int i = 0; i < 100 && task_resume(child) == KERN_FAILURE; i++)
		sleep_for(10);
	answer("then it has ended itself", task_suspend(child), MACH_SEND_INVALID_DEST);
	drop(child);
	mach_port_destroy(mach_task_self(), port);
}

/* --- gsync ------------------------------------------------------------------------------------ */

static volatile unsigned int word_a, word_b;
static volatile kern_return_t woken = -1;

static void wait_for_word(void)
{
	woken = gsync_wait(mach_task_self(), (vm_address_t) &word_a, 0, 0, 0, 0);
	end_thread();
}

void test_gsync(void)
{
	mach_port_t self = mach_task_self();
	vm_address_t a = (vm_address_t) &word_a, b = (vm_address_t) &word_b;

	answer("gsync_wait, another value", gsync_wait(self, a, 5, 0, 0, 0), KERN_INVALID_ARGUMENT);
	answer("gsync_wait, a time limit", gsync_wait(self, a, 0, 0, 10, 4), 27);
	answer("gsync_wake of nobody, without a reply", gsync_wake(self, a, 0, 0), KERN_SUCCESS);
	drop(start_thread(wait_for_word));
	sleep_for(20);
	answer("gsync_requeue", gsync_requeue(self, a, b, TRUE, 0), KERN_SUCCESS);
	sleep_for(20);
	if (woken == -1)
		answer("gsync_wake", gsync_wake(self, b, 0, 0), KERN_SUCCESS);
	sleep_for(20);
	answer("the thread has been woken", woken, KERN_SUCCESS);
}

/* --- what is not served ----------------------------------------------------------------------- */

void test_not_served(void)
{
	static kernel_boot_info_t info;
	vm_address_t address, physical;

	answer("host_get_boot_info", host_get_boot_info(host_priv, info), MIG_BAD_ID);
	answer("host_load_symbol_table",
	       host_load_symbol_table(host_priv, mach_task_self(), "none", (vm_offset_t) info, 8),
	       MIG_BAD_ID);
	answer("experimental device_intr_register",
	       experimental_device_intr_register(device_master, 5, 0, 0, device_master,
						 MACH_MSG_TYPE_COPY_SEND), MIG_BAD_ID);
	answer("experimental device_intr_enable", device_intr_enable(device_master, 5, 1),
	       MIG_BAD_ID);
	answer("experimental vm_allocate_contiguous",
	       experimental_vm_allocate_contiguous(host_priv, mach_task_self(), &address,
						   &physical, PAGE), MIG_BAD_ID);
}
