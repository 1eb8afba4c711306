/* SPDX-License-Identifier: BSD-2-Clause */
/* Tasks and threads. */
#include <libmach/string.h>
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/mach_host.h>
#include <mach/mach_traps.h>
#include <mach/task_info.h>
#include <mach/task_special_ports.h>
#include <mach/thread_info.h>
#include <mach/thread_special_ports.h>
#include <mach/thread_status.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "../common/worker.h"
#include "tests.h"

#define SELF		mach_task_self()
#define EXCEPTION_PORT	3
#define BOOTSTRAP_PORT	4
#define NAME_LENGTH	31

static mach_port_t new_task(mach_port_t parent)
{
	mach_port_t task = MACH_PORT_NULL;

	EXPECT(task_create(parent, FALSE, &task), KERN_SUCCESS);
	return task;
}

static void end_task(mach_port_t task)
{
	EXPECT(task_terminate(task), KERN_SUCCESS);
	port_destroy(task);
}

static task_basic_info_data_t task_info_of(mach_port_t task)
{
	task_basic_info_data_t info = { 0 };
	mach_msg_type_number_t count = TASK_BASIC_INFO_COUNT;

	EXPECT(task_info(task, TASK_BASIC_INFO, (task_info_t) &info, &count), KERN_SUCCESS);
	return info;
}

static thread_sched_info_data_t sched_info_of(mach_port_t thread)
{
	thread_sched_info_data_t info = { 0 };
	mach_msg_type_number_t count = THREAD_SCHED_INFO_COUNT;

	EXPECT(thread_info(thread, THREAD_SCHED_INFO, (thread_info_t) &info, &count),
		KERN_SUCCESS);
	return info;
}

static int run_state_of(mach_port_t thread)
{
	thread_basic_info_data_t info = { 0 };
	mach_msg_type_number_t count = THREAD_BASIC_INFO_COUNT;

	EXPECT(thread_info(thread, THREAD_BASIC_INFO, (thread_info_t) &info, &count),
		KERN_SUCCESS);
	return info.run_state;
}

/* --- what a child has ------------------------------------------------------------------------- */

void test_children(void)
{
	mach_port_t parent = new_task(SELF), child, thread;

	EXPECT(task_info_of(SELF).base_priority, 25);
	EXPECT(task_suspend(parent), KERN_SUCCESS);
	EXPECT(task_priority(parent, 40, FALSE), KERN_SUCCESS);
	EXPECT(task_max_priority(tap_host_priv, parent, 10, FALSE, FALSE), KERN_SUCCESS);
	child = new_task(parent);
	EXPECT(task_info_of(child).suspend_count, 0);
	EXPECT(task_info_of(child).base_priority, 40);
	EXPECT(task_priority(child, 9, FALSE), KERN_NO_ACCESS);
	EXPECT(task_priority(child, 10, FALSE), KERN_SUCCESS);
	EXPECT(thread_create(child, &thread), KERN_SUCCESS);
	EXPECT(sched_info_of(thread).base_priority, 10);
	EXPECT(sched_info_of(thread).max_priority, 10);
	EXPECT(run_state_of(thread), TH_STATE_STOPPED);
	end_task(child);
	port_destroy(thread);
	end_task(parent);
}

void test_inherited_ports(void)
{
	mach_port_t parent = new_task(SELF), child, port = port_new_with_send(1), got;
	mach_msg_type_number_t count, type_count;
	mach_port_array_t ports, types;

	EXPECT(task_set_special_port(parent, EXCEPTION_PORT, port), KERN_SUCCESS);
	EXPECT(task_set_special_port(parent, BOOTSTRAP_PORT, port), KERN_SUCCESS);
	EXPECT(mach_ports_register(parent, &port, 1), KERN_SUCCESS);
	EXPECT(mach_port_allocate(parent, MACH_PORT_RIGHT_RECEIVE, &got), KERN_SUCCESS);
	child = new_task(parent);
	for (int which = EXCEPTION_PORT; which <= BOOTSTRAP_PORT; which++) {
		EXPECT(task_get_special_port(child, which, &got), KERN_SUCCESS);
		EXPECT(got, port);
	}
	EXPECT(mach_ports_lookup(child, &ports, &count), KERN_SUCCESS);
	EXPECT(count, 4);
	EXPECT(ports[0], port);
	EXPECT(ports[1], MACH_PORT_NULL);
	EXPECT(vm_deallocate(SELF, (vm_offset_t) ports, count * sizeof *ports), KERN_SUCCESS);
	EXPECT(mach_port_names(child, &ports, &count, (mach_port_type_t **) &types, &type_count),
		KERN_SUCCESS);
	EXPECT(count, 0);
	EXPECT(type_count, 0);
	end_task(child);
	end_task(parent);
	port_destroy(port);
}

/* Tasks: 1, 3 and 4; threads: 1 and 3; null and dead as well. */
void test_special_ports(void)
{
	static const mach_port_t none[] = { MACH_PORT_NULL, MACH_PORT_DEAD };
	mach_port_t task = new_task(SELF), thread, got;

	EXPECT(thread_create(task, &thread), KERN_SUCCESS);
	for (unsigned int i = 0; i < COUNT_OF(none); i++)
		for (int which = -1; which <= 8; which++) {
			boolean_t of_thread = which == 1 || which == 3;
			boolean_t of_task = of_thread || which == 4;

			tap_about("port %d", which);
			EXPECT(task_set_special_port(task, which, none[i]),
				of_task ? KERN_SUCCESS : KERN_INVALID_ARGUMENT);
			EXPECT(thread_set_special_port(thread, which, none[i]),
				of_thread ? KERN_SUCCESS : KERN_INVALID_ARGUMENT);
			if (of_task) {
				EXPECT(task_get_special_port(task, which, &got), KERN_SUCCESS);
				EXPECT(got, none[i]);
			}
			if (of_thread) {
				EXPECT(thread_get_special_port(thread, which, &got), KERN_SUCCESS);
				EXPECT(got, none[i]);
			}
		}
	tap_about("%s", "");
	end_task(task);
	port_destroy(thread);
}

void test_priorities(void)
{
	mach_port_t task = new_task(SELF), host = mach_host_self();

	EXPECT(task_priority(task, -1, FALSE), KERN_INVALID_ARGUMENT);
	EXPECT(task_priority(task, 65, FALSE), KERN_INVALID_ARGUMENT);
	EXPECT(task_priority(task, 64, FALSE), KERN_SUCCESS);
	EXPECT(task_max_priority(host, task, 65, FALSE, FALSE), KERN_INVALID_ARGUMENT);
	EXPECT(task_max_priority(host, task, 20, FALSE, FALSE), KERN_SUCCESS);
	EXPECT(task_max_priority(host, task, 19, FALSE, FALSE), KERN_NO_ACCESS);
	EXPECT(task_priority(task, 19, FALSE), KERN_NO_ACCESS);
	EXPECT_TRUE(task_info_of(task).base_priority >= 63);	/* levels end there */
	end_task(task);
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
}

/* --- names ------------------------------------------------------------------------------------ */

static void expect_name(mach_port_t task, const char *name)
{
	char got[1024] = "";
	mach_port_t thread = MACH_PORT_NULL;

	EXPECT(thread_create(task, &thread), KERN_SUCCESS);
	EXPECT(thread_get_name(thread, got), KERN_SUCCESS);
	if (strcmp(got, name) != 0)
		tap_fail("a thread is called %s, not %s", got, name);
	EXPECT(thread_terminate(thread), KERN_SUCCESS);
	port_destroy(thread);
}

void test_names(void)
{
	char letters[41] = "abcdefghijklmnopqrstuvwxyz01234567890123";
	mach_port_t task = new_task(SELF), child, thread;
	char got[1024] = "";

	EXPECT(task_set_name(task, "parent"), KERN_SUCCESS);
	EXPECT(thread_create(task, &thread), KERN_SUCCESS);
	child = new_task(task);
	expect_name(child, "(parent)");
	EXPECT(task_set_name(task, letters), KERN_SUCCESS);
	EXPECT(thread_get_name(thread, got), KERN_SUCCESS);
	EXPECT(strcmp(got, "parent"), 0);
	letters[NAME_LENGTH] = '\0';
	expect_name(task, letters);
	end_task(child);
	end_task(task);
	port_destroy(thread);
}

/* --- old and short forms ---------------------------------------------------------------------- */

#define FILL	0x77777777

/* Counts from the old one to beyond the new one; all words that come are filled, no other. */
static void try_counts(kern_return_t (*get)(mach_port_t, integer_t *, mach_msg_type_number_t *),
	mach_port_t port, mach_msg_type_number_t old, mach_msg_type_number_t full)
{
	integer_t words[64];

	for (mach_msg_type_number_t asked = old - 1; asked <= full + 3; asked++) {
		mach_msg_type_number_t count = asked;
		unsigned int filled = 0;

		tap_about("%u words of %u", asked, full);
		for (unsigned int i = 0; i < COUNT_OF(words); i++)
			words[i] = FILL;
		if (asked < old) {
			EXPECT(get(port, words, &count), KERN_INVALID_ARGUMENT);
			continue;
		}
		EXPECT(get(port, words, &count), KERN_SUCCESS);
		EXPECT(count, asked < full ? asked : full);
		while (filled < COUNT_OF(words) && words[filled] != FILL)
			filled++;
		EXPECT(filled, count);
	}
	tap_about("%s", "");
}

static kern_return_t basic_info(mach_port_t task, integer_t *words, mach_msg_type_number_t *count)
{
	return task_info(task, TASK_BASIC_INFO, words, count);
}

static kern_return_t thread_times(mach_port_t task, integer_t *words, mach_msg_type_number_t *count)
{
	return task_info(task, TASK_THREAD_TIMES_INFO, words, count);
}

static kern_return_t thread_basic(mach_port_t thread, integer_t *words,
	mach_msg_type_number_t *count)
{
	return thread_info(thread, THREAD_BASIC_INFO, words, count);
}

void test_old_forms(void)
{
	mach_port_t thread = mach_thread_self();

	try_counts(basic_info, SELF, 10, TASK_BASIC_INFO_COUNT);
	try_counts(thread_times, SELF, 4, TASK_THREAD_TIMES_INFO_COUNT);
	try_counts(thread_basic, thread, 13, THREAD_BASIC_INFO_COUNT);
	EXPECT(mach_port_deallocate(SELF, thread), KERN_SUCCESS);
}

/* --- state ------------------------------------------------------------------------------------ */

/* The code in eax of one that was suspended in a trap and aborted. */
static uint32_t abort_suspended(mach_port_t thread)
{
	struct i386_thread_state state = { 0 };
	mach_msg_type_number_t count = i386_THREAD_STATE_COUNT;

	EXPECT(thread_suspend(thread), KERN_SUCCESS);
	EXPECT(thread_abort(thread), KERN_SUCCESS);
	EXPECT(run_state_of(thread), TH_STATE_HALTED);
	EXPECT(thread_get_state(thread, i386_THREAD_STATE, (thread_state_t) &state, &count),
		KERN_SUCCESS);
	return state.eax;
}

void test_aborted_state(void)
{
	mach_port_t port = port_new_with_send(1);
	static struct worker receiver, sender;

	worker_receive(&receiver, port);
	EXPECT(abort_suspended(receiver.thread), MACH_RCV_INTERRUPTED);
	EXPECT(thread_resume(receiver.thread), KERN_SUCCESS);
	EXPECT(worker_end(&receiver), MACH_RCV_INTERRUPTED);
	EXPECT(mach_port_set_qlimit(SELF, port, 1), KERN_SUCCESS);
	EXPECT(send_simple(port, 1), MACH_MSG_SUCCESS);
	worker_send(&sender, port, 2);
	EXPECT(abort_suspended(sender.thread), MACH_SEND_INTERRUPTED);
	EXPECT(thread_resume(sender.thread), KERN_SUCCESS);
	EXPECT(worker_end(&sender), MACH_SEND_INTERRUPTED);
	port_destroy(port);
}

/* The lengths of all flavours, and those that there are not. */
void test_state_flavors(void)
{
	static const signed char counts[] = { 4, 17, 30, 32, 2, 17, 8, -1 };
	mach_port_t task = new_task(SELF), thread;
	natural_t words[150];

	EXPECT(thread_create(task, &thread), KERN_SUCCESS);
	for (int flavor = -1; flavor < (int) COUNT_OF(counts); flavor++) {
		mach_msg_type_number_t count = COUNT_OF(words);
		int length = flavor < 0 ? -1 : counts[flavor];

		tap_about("flavour %d", flavor);
		EXPECT(thread_get_state(thread, flavor, words, &count),
			length < 0 ? KERN_INVALID_ARGUMENT : KERN_SUCCESS);
		if (length >= 0)
			EXPECT(count, length);
	}
	tap_about("%s", "");
	end_task(task);
	port_destroy(thread);
}

void test_self_state(void)
{
	static natural_t words[200];

	for (int flavor = 0; flavor < 9; flavor++) {
		EXPECT(thread_set_self_state(flavor, words, 0), KERN_INVALID_ARGUMENT);
		EXPECT(thread_set_self_state(flavor, words, 151), KERN_INVALID_ARGUMENT);
		EXPECT(thread_set_self_state(flavor, words, -1), KERN_INVALID_ARGUMENT);
		EXPECT(thread_set_self_state(flavor, (thread_state_t) 0xc0000000, 17),
			KERN_INVALID_ARGUMENT);
		EXPECT(thread_set_self_state(flavor, NULL, 17), KERN_INVALID_ARGUMENT);
	}
}
