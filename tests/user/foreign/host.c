/* SPDX-License-Identifier: BSD-2-Clause */
/* Subsystem mach_host: the host, its processor, its sets. */
#include "foreign.h"

#include <mach/policy.h>

static void test_info(void)
{
	mach_port_t host = mach_host_self();
	host_basic_info_data_t basic;
	host_sched_info_data_t sched;
	host_load_info_data_t load;
	integer_t slots[16];
	kernel_version_t version;
	mach_msg_type_number_t count = HOST_BASIC_INFO_COUNT;

	answer("host_info, basic", host_info(host, HOST_BASIC_INFO, (host_info_t) &basic, &count),
	       KERN_SUCCESS);
	check(basic.avail_cpus == 1 && basic.max_cpus >= 1 && basic.cpu_type == 19
	      && basic.memory_size > 0x1000000, "one processor, and its memory");
	count = 2;
	answer("host_info, too short", host_info(host, HOST_BASIC_INFO, (host_info_t) &basic, &count),
	       KERN_FAILURE);
	count = HOST_SCHED_INFO_COUNT;
	answer("host_info, scheduling",
	       host_info(host, HOST_SCHED_INFO, (host_info_t) &sched, &count), KERN_SUCCESS);
	check(sched.min_timeout == 10 && sched.min_quantum == 30, "tick and quantum");
	count = HOST_LOAD_INFO_COUNT;
	answer("host_info, load", host_info(host, HOST_LOAD_INFO, (host_info_t) &load, &count),
	       KERN_SUCCESS);
	check(load.mach_factor[0] >= 0 && load.mach_factor[0] <= LOAD_SCALE, "of one processor");
	count = 16;
	answer("host_info, slots", host_info(host, HOST_PROCESSOR_SLOTS, slots, &count),
	       KERN_SUCCESS);
	check(count == 1 && slots[0] == 0, "the first slot");
	answer("host_kernel_version", host_kernel_version(host, version), KERN_SUCCESS);
	check(version[0] != '\0' && strlen(version) < sizeof version, "a version");
	drop(host);
}

static long since(time_value_t from, time_value_t to)
{
	return (to.seconds - from.seconds) * 1000000 + to.microseconds - from.microseconds;
}

static void test_time(void)
{
	mach_port_t host = mach_host_self();
	time_value_t first, second, zero = { 0, 0 }, old;

	answer("host_get_time", host_get_time(host, &first), KERN_SUCCESS);
	sleep_for(20);
	host_get_time(host, &second);
	check(since(first, second) >= 20000 && since(first, second) < 1000000, "time goes by");
	answer("host_set_time, not so", host_set_time(host, second), KERN_INVALID_HOST);
	second.seconds += 1000;
	answer("host_set_time", host_set_time(host_priv, second), KERN_SUCCESS);
	host_get_time(host, &first);
	check(since(second, first) >= 0 && since(second, first) < 1000000, "it is what was set");
	answer("host_adjust_time", host_adjust_time(host_priv, zero, &old), KERN_SUCCESS);
	check(old.seconds == 0 && old.microseconds == 0, "nothing was to be adjusted");
	drop(host);
}

static void test_processor(void)
{
	processor_array_t processors = NULL;
	mach_msg_type_number_t count = 0;
	mach_port_t processor, host, set, set_name;
	struct processor_basic_info basic;
	integer_t command[1] = { 0 };

	answer("host_processors", host_processors(host_priv, &processors, &count), KERN_SUCCESS);
	check(count == 1, "one");
	processor = processors[0];
	mig_deallocate((vm_address_t) processors, count * sizeof *processors);
	count = PROCESSOR_BASIC_INFO_COUNT;
	answer("processor_info", processor_info(processor, PROCESSOR_BASIC_INFO, &host,
						(processor_info_t) &basic, &count), KERN_SUCCESS);
	check(basic.cpu_type == 19 && basic.running && basic.is_master && basic.slot_num == 0,
	      "it runs, and is the first");
	answer("processor_get_assignment", processor_get_assignment(processor, &set_name),
	       KERN_SUCCESS);
	answer("host_processor_set_priv", host_processor_set_priv(host_priv, set_name, &set),
	       KERN_SUCCESS);
	answer("processor_start", processor_start(processor), KERN_FAILURE);
	answer("processor_exit", processor_exit(processor), KERN_FAILURE);
	answer("processor_control", processor_control(processor, command, 1), KERN_FAILURE);
	answer("processor_assign", processor_assign(processor, set, FALSE), KERN_FAILURE);
	drop(processor);
}

static void test_sets(void)
{
	mach_port_t host = mach_host_self(), name, other, set;
	processor_set_name_array_t sets = NULL;
	task_array_t tasks = NULL;
	thread_array_t threads = NULL;
	mach_msg_type_number_t count, task_count, thread_count;
	struct processor_set_basic_info basic;
	struct processor_set_sched_info sched;

	answer("processor_set_default", processor_set_default(host, &name), KERN_SUCCESS);
	answer("host_processor_sets", host_processor_sets(host, &sets, &count), KERN_SUCCESS);
	check(count == 1 && sets[0] == name, "the default set alone");
	answer("processor_set_create", processor_set_create(host, &set, &other), KERN_FAILURE);
	host_processor_set_priv(host_priv, name, &set);
	answer("processor_set_destroy", processor_set_destroy(set), KERN_FAILURE);
	answer("processor_set_tasks", processor_set_tasks(set, &tasks, &task_count), KERN_SUCCESS);
	answer("processor_set_threads", processor_set_threads(set, &threads, &thread_count),
	       KERN_SUCCESS);
	count = PROCESSOR_SET_BASIC_INFO_COUNT;
	answer("processor_set_info, basic",
	       processor_set_info(name, PROCESSOR_SET_BASIC_INFO, &other,
				  (processor_set_info_t) &basic, &count), KERN_SUCCESS);
	check(basic.processor_count == 1 && basic.task_count == (integer_t) task_count
	      && basic.thread_count == (integer_t) thread_count,
	      "as many tasks and threads as it lists");
	count = PROCESSOR_SET_SCHED_INFO_COUNT;
	answer("processor_set_info, scheduling",
	       processor_set_info(name, PROCESSOR_SET_SCHED_INFO, &other,
				  (processor_set_info_t) &sched, &count), KERN_SUCCESS);
	check(sched.max_priority == 6 && sched.policies == POLICY_TIMESHARE,
	      "its maximum, and one policy");
	drop(host);
}

void test_host(void)
{
	test_info();
	test_time();
	test_processor();
	test_sets();
}
