/* SPDX-License-Identifier: BSD-2-Clause */
/* Tasks and threads of subsystem mach, and their scheduling, of mach_host. */
#include "foreign.h"

#include <mach/policy.h>
#include <mach/thread_status.h>

#include "gnumach.h"

static boolean_t same_task(mach_port_t task, mach_port_t other)
{
	/* Names of one port are one. */
	return task == other;
}

static void test_task_info(mach_port_t child)
{
	task_basic_info_data_t basic;
	task_events_info_data_t events;
	task_thread_times_info_data_t times;
	mach_msg_type_number_t count = TASK_BASIC_INFO_COUNT;

	answer("task_info, basic", task_info(child, TASK_BASIC_INFO, (task_info_t) &basic, &count),
	       KERN_SUCCESS);
	check(count == TASK_BASIC_INFO_COUNT && basic.suspend_count == 0
	      && basic.base_priority == 25 && basic.resident_size <= basic.virtual_size
	      && basic.user_time.seconds == 0, "a new task's numbers");
	count = TASK_EVENTS_INFO_COUNT;
	answer("task_info, events",
	       task_info(mach_task_self(), TASK_EVENTS_INFO, (task_info_t) &events, &count),
	       KERN_SUCCESS);
	check(events.faults >= events.zero_fills + events.cow_faults
	      && events.messages_sent > 0 && events.messages_received > 0,
	      "no more faults of a kind than faults");
	count = TASK_THREAD_TIMES_INFO_COUNT;
	answer("task_info, times", task_info(mach_task_self(), TASK_THREAD_TIMES_INFO,
					     (task_info_t) &times, &count), KERN_SUCCESS);
	check(times.user_time.microseconds < 1000000 && times.system_time.microseconds < 1000000,
	      "microseconds are less than a second");
}

static void test_registered(mach_port_t task)
{
	mach_port_t port = new_port(), ports[1] = { port };
	mach_port_array_t found;
	mach_msg_type_number_t count;

	answer("mach_ports_register", mach_ports_register(task, ports, 1), KERN_SUCCESS);
	answer("mach_ports_lookup", mach_ports_lookup(task, &found, &count), KERN_SUCCESS);
	check(count == 4 && found[0] == port && found[1] == MACH_PORT_NULL,
	      "always four, the first is ours");
	mig_deallocate((vm_address_t) found, count * sizeof *found);
	mach_port_destroy(mach_task_self(), port);
}

static void test_emulation(mach_port_t task)
{
	int start;
	emulation_vector_t vector = NULL;
	mach_msg_type_number_t count = 0;
	vm_offset_t none[1] = { 0 };

	answer("task_get_emulation_vector",
	       task_get_emulation_vector(task, &start, &vector, &count), KERN_SUCCESS);
	answer("task_set_emulation_vector", task_set_emulation_vector(task, 0, none, 1),
	       KERN_SUCCESS);
	answer("task_set_emulation", task_set_emulation(task, 0, 0), KERN_SUCCESS);
	answer("task_ras_control", task_ras_control(task, 0, 0, TASK_RAS_CONTROL_PURGE_ALL),
	       KERN_FAILURE);
}

void test_tasks(void)
{
	mach_port_t self = mach_task_self(), child, port, special;
	thread_array_t threads;
	mach_msg_type_number_t count;

	answer("task_create", task_create(self, TRUE, &child), KERN_SUCCESS);
	test_task_info(child);
	test_registered(child);
	test_emulation(child);
	answer("task_set_name", task_set_name(child, "child"), KERN_SUCCESS);
	answer("task_set_essential", task_set_essential(child, FALSE), KERN_SUCCESS);
	answer("task_suspend", task_suspend(child), KERN_SUCCESS);
	answer("task_resume", task_resume(child), KERN_SUCCESS);
	answer("task_resume at 0", task_resume(child), KERN_FAILURE);
	answer("task_get_special_port", task_get_special_port(child, TASK_KERNEL_PORT, &special),
	       KERN_SUCCESS);
	check(same_task(special, child), "a task's kernel port is the task");
	port = new_port();
	answer("task_set_special_port",
	       task_set_special_port(child, TASK_BOOTSTRAP_PORT, port), KERN_SUCCESS);
	task_get_special_port(child, TASK_BOOTSTRAP_PORT, &special);
	check(special == port, "the bootstrap port that was set");
	answer("task_threads", task_threads(self, &threads, &count), KERN_SUCCESS);
	check(count == 1 && threads[0] == mach_thread_self(), "we have one thread, and this is it");
	answer("task_terminate", task_terminate(child), KERN_SUCCESS);
	answer("a dead task's info", task_suspend(child), MACH_SEND_INVALID_DEST);
	mach_port_destroy(self, port);
}

static void test_thread_info(mach_port_t thread)
{
	thread_basic_info_data_t basic;
	thread_sched_info_data_t sched;
	mach_msg_type_number_t count = THREAD_BASIC_INFO_COUNT;

	answer("thread_info, basic",
	       thread_info(thread, THREAD_BASIC_INFO, (thread_info_t) &basic, &count), KERN_SUCCESS);
	check(basic.suspend_count == 1 && basic.run_state == TH_STATE_STOPPED
	      && basic.cpu_usage <= TH_USAGE_SCALE && !(basic.flags & TH_FLAGS_IDLE), "a new thread's numbers");
	count = THREAD_SCHED_INFO_COUNT;
	answer("thread_info, scheduling",
	       thread_info(thread, THREAD_SCHED_INFO, (thread_info_t) &sched, &count), KERN_SUCCESS);
	check(sched.policy == POLICY_TIMESHARE && sched.base_priority == basic.base_priority
	      && sched.max_priority <= sched.base_priority && !sched.depressed,
	      "both say the same");
}

/* A thread that runs with the registers that it was given. */
extern volatile unsigned int seen;
volatile unsigned int seen;

void take_down(void);
__asm__(".globl take_down\ntake_down:\n\tmovl %ebx, seen\n1:\tjmp 1b\n");

static void test_state(mach_port_t thread)
{
	struct i386_thread_state state;
	mach_msg_type_number_t count = i386_THREAD_STATE_COUNT;

	answer("thread_get_state",
	       thread_get_state(thread, i386_THREAD_STATE, (thread_state_t) &state, &count),
	       KERN_SUCCESS);
	check(count == 17 && state.cs == 0x17 && state.ss == 0x1f && (state.efl & 0x200),
	      "a new thread's selectors and flags");
	state.eip = (unsigned int) take_down;
	state.ebx = 0xabcdef;
	answer("thread_set_state",
	       thread_set_state(thread, i386_THREAD_STATE, (thread_state_t) &state, count),
	       KERN_SUCCESS);
	answer("thread_resume", thread_resume(thread), KERN_SUCCESS);
	for (unsigned int i = 0; i < 100 && seen == 0; i++)
		sleep_for(10);
	check(seen == 0xabcdef, "it ran with the register set");
	answer("thread_suspend", thread_suspend(thread), KERN_SUCCESS);
	answer("thread_abort", thread_abort(thread), KERN_SUCCESS);
}

void test_threads(void)
{
	mach_port_t thread, port = new_port(), special;
	vm_address_t page = new_page();

	answer("thread_create", thread_create(mach_task_self(), &thread), KERN_SUCCESS);
	test_thread_info(thread);
	answer("thread_set_special_port",
	       thread_set_special_port(thread, THREAD_EXCEPTION_PORT, port), KERN_SUCCESS);
	answer("thread_get_special_port",
	       thread_get_special_port(thread, THREAD_EXCEPTION_PORT, &special), KERN_SUCCESS);
	check(special == port, "the exception port that was set");
	test_state(thread);
	answer("thread_terminate", thread_terminate(thread), KERN_SUCCESS);
	mach_port_destroy(mach_task_self(), port);

	/* All in one: the thread, its names, and memory. */
	thread_create(mach_task_self(), &thread);
	port = mach_reply_port();
	answer("thread_terminate_release",
	       thread_terminate_release(thread, mach_task_self(), thread, port, page, PAGE),
	       KERN_SUCCESS);
	answer("what it has released", vm_deallocate(mach_task_self(), page, PAGE), KERN_SUCCESS);
	answer("its name", mach_port_deallocate(mach_task_self(), port), KERN_INVALID_NAME);
}

void test_scheduling(void)
{
	mach_port_t self = mach_task_self(), set, default_set, thread, assigned;

	processor_set_default(mach_host_self(), &default_set);
	thread_create(self, &thread);
	answer("host_processor_set_priv", host_processor_set_priv(host_priv, default_set, &set),
	       KERN_SUCCESS);
	answer("task_get_assignment", task_get_assignment(self, &assigned), KERN_SUCCESS);
	check(assigned == default_set, "the default set's name");
	answer("thread_get_assignment", thread_get_assignment(thread, &assigned), KERN_SUCCESS);
	check(assigned == default_set, "the same");
	answer("task_assign", task_assign(self, set, FALSE), KERN_FAILURE);
	answer("task_assign_default", task_assign_default(self, FALSE), KERN_FAILURE);
	answer("thread_assign", thread_assign(thread, set), KERN_FAILURE);
	answer("thread_assign_default", thread_assign_default(thread), KERN_FAILURE);
	answer("thread_priority", thread_priority(thread, 30, FALSE), KERN_SUCCESS);
	answer("thread_max_priority", thread_max_priority(thread, set, 20), KERN_SUCCESS);
	answer("task_priority", task_priority(self, 25, FALSE), KERN_SUCCESS);
	answer("thread_policy, fixed", thread_policy(thread, POLICY_FIXEDPRI, 100), KERN_FAILURE);
	answer("processor_set_policy_enable",
	       processor_set_policy_enable(set, POLICY_FIXEDPRI), KERN_SUCCESS);
	answer("thread_policy, enabled", thread_policy(thread, POLICY_FIXEDPRI, 100), KERN_SUCCESS);
	answer("processor_set_policy_disable",
	       processor_set_policy_disable(set, POLICY_FIXEDPRI, TRUE), KERN_SUCCESS);
	answer("processor_set_max_priority", processor_set_max_priority(set, 6, FALSE),
	       KERN_SUCCESS);
	answer("thread_depress_abort", thread_depress_abort(thread), KERN_SUCCESS);
	answer("thread_wire", thread_wire(host_priv, thread, TRUE), KERN_SUCCESS);
	thread_terminate(thread);
	drop(thread);
}
