/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processor, the processor set, priorities and policies.  Each test counts the task's names
 * afterwards (tap.h), so that a right given twice or released twice shows.
 */
#include <libmach/string.h>
#include <mach.h>
#include <mach/mach_host.h>
#include <mach/thread_switch.h>

#include "../common/ports.h"
#include "../common/tap.h"

static void drop(mach_port_t name)
{
	EXPECT(mach_port_deallocate(mach_task_self(), name), KERN_SUCCESS);
}

/* Give up an array with all that is in it; returns how many there were. */
static unsigned int drop_array(mach_port_array_t list, mach_msg_type_number_t count)
{
	for (unsigned int i = 0; i < count; i++)
		drop(list[i]);
	EXPECT(vm_deallocate(mach_task_self(), (vm_address_t) list, count * sizeof *list),
	       KERN_SUCCESS);
	return count;
}

/* The set, by its name (any task can get it) and by its control port. */
static mach_port_t set_name(void)
{
	mach_port_t host = mach_host_self(), name = MACH_PORT_NULL;

	EXPECT(processor_set_default(host, &name), KERN_SUCCESS);
	drop(host);
	return name;
}

static mach_port_t set_control(void)
{
	mach_port_t name = set_name(), control = MACH_PORT_NULL;

	EXPECT(host_processor_set_priv(tap_host_priv, name, &control), KERN_SUCCESS);
	drop(name);
	return control;
}

static mach_port_t the_processor(void)
{
	mach_port_array_t list;
	mach_msg_type_number_t count;
	mach_port_t processor;

	EXPECT(host_processors(tap_host_priv, &list, &count), KERN_SUCCESS);
	EXPECT(count, 1);
	processor = list[0];
	vm_deallocate(mach_task_self(), (vm_address_t) list, count * sizeof *list);
	return processor;
}

static void test_processor(void)
{
	mach_port_t host = mach_host_self(), processor = the_processor(), port;
	mach_port_array_t list;
	struct processor_basic_info info;
	mach_msg_type_number_t count = PROCESSOR_BASIC_INFO_COUNT;

	EXPECT(host_processors(host, &list, &count), KERN_INVALID_ARGUMENT);
	EXPECT(processor_info(processor, PROCESSOR_BASIC_INFO, &port, (processor_info_t) &info,
			      &count), KERN_SUCCESS);
	EXPECT(port, host);
	drop(port);
	EXPECT(info.cpu_type, CPU_TYPE_PENTIUMPRO);
	EXPECT_TRUE(info.running && info.is_master);
	count = PROCESSOR_BASIC_INFO_COUNT - 1;
	EXPECT(processor_info(processor, PROCESSOR_BASIC_INFO, &port, (processor_info_t) &info,
			      &count), KERN_FAILURE);
	count = PROCESSOR_BASIC_INFO_COUNT;
	EXPECT(processor_info(processor, 2, &port, (processor_info_t) &info, &count),
	       KERN_FAILURE);
	EXPECT(processor_info(host, PROCESSOR_BASIC_INFO, &port, (processor_info_t) &info, &count),
	       KERN_INVALID_ARGUMENT);
	EXPECT(processor_start(processor), KERN_FAILURE);
	EXPECT(processor_get_assignment(processor, &port), KERN_SUCCESS);
	drop(port);
	drop(processor);
	drop(host);
}

static void test_set_rights(void)
{
	mach_port_t host = mach_host_self(), name = set_name(), control;
	mach_port_array_t list;
	mach_msg_type_number_t count;

	EXPECT(host_processor_set_priv(host, name, &control), KERN_INVALID_ARGUMENT);
	control = set_control();
	EXPECT_TRUE(control != name);
	EXPECT(host_processor_sets(host, &list, &count), KERN_SUCCESS);
	EXPECT(list[0], name);
	EXPECT(drop_array(list, count), 1);
	EXPECT(processor_set_processors(name, &list, &count), KERN_SUCCESS);
	EXPECT(drop_array(list, count), 1);
	EXPECT(processor_set_tasks(name, &list, &count), KERN_INVALID_ARGUMENT);
	EXPECT(processor_set_threads(name, &list, &count), KERN_INVALID_ARGUMENT);
	EXPECT(processor_set_max_priority(name, 6, FALSE), KERN_INVALID_ARGUMENT);
	EXPECT(processor_set_policy_enable(name, POLICY_FIXEDPRI), KERN_INVALID_ARGUMENT);
	EXPECT(processor_set_tasks(control, &list, &count), KERN_SUCCESS);
	EXPECT_TRUE(drop_array(list, count) >= 2);
	EXPECT(processor_set_threads(control, &list, &count), KERN_SUCCESS);
	EXPECT_TRUE(drop_array(list, count) >= 1);
	EXPECT(processor_set_destroy(control), KERN_FAILURE);
	drop(control);
	drop(name);
	drop(host);
}

static kern_return_t set_info(mach_port_t name, int flavor, int *words,
			      mach_msg_type_number_t *count)
{
	mach_port_t host = MACH_PORT_NULL;
	kern_return_t kr = processor_set_info(name, flavor, &host, words, count);

	if (kr == KERN_SUCCESS)
		drop(host);
	return kr;
}

static void test_set_info(void)
{
	mach_port_t name = set_name();
	int words[10];
	mach_msg_type_number_t count = 10;

	EXPECT(set_info(name, PROCESSOR_SET_BASIC_INFO, words, &count), KERN_SUCCESS);
	EXPECT(count, PROCESSOR_SET_BASIC_INFO_COUNT);
	EXPECT(words[0], 1);
	count = 10;
	EXPECT(set_info(name, PROCESSOR_SET_SCHED_INFO, words, &count), KERN_SUCCESS);
	EXPECT(count, PROCESSOR_SET_SCHED_INFO_COUNT);
	EXPECT(words[0], POLICY_TIMESHARE);
	EXPECT(words[1], 6);
	count = 1;
	EXPECT(set_info(name, PROCESSOR_SET_SCHED_INFO, words, &count), KERN_FAILURE);
	EXPECT(set_info(name, 3, words, &count), KERN_INVALID_ARGUMENT);
	drop(name);
}

static struct thread_sched_info sched_info_of(mach_port_t thread)
{
	struct thread_sched_info info;
	mach_msg_type_number_t count = THREAD_SCHED_INFO_COUNT;

	memset(&info, 0, sizeof info);
	EXPECT(thread_info(thread, THREAD_SCHED_INFO, (thread_info_t) &info, &count),
	       KERN_SUCCESS);
	return info;
}

static void test_policy(void)
{
	mach_port_t control = set_control(), self = mach_thread_self();

	EXPECT(thread_policy(self, POLICY_FIXEDPRI, 100), KERN_FAILURE);
	EXPECT(thread_policy(self, 3, 0), KERN_INVALID_ARGUMENT);
	EXPECT(processor_set_policy_enable(control, POLICY_FIXEDPRI), KERN_SUCCESS);
	EXPECT(thread_policy(self, POLICY_FIXEDPRI, 95), KERN_SUCCESS);
	EXPECT(sched_info_of(self).policy, POLICY_FIXEDPRI);
	EXPECT(sched_info_of(self).data, 100);
	EXPECT(processor_set_policy_disable(control, POLICY_TIMESHARE, TRUE),
	       KERN_INVALID_ARGUMENT);
	EXPECT(processor_set_policy_disable(control, POLICY_FIXEDPRI, TRUE), KERN_SUCCESS);
	EXPECT(sched_info_of(self).policy, POLICY_TIMESHARE);
	drop(self);
	drop(control);
}

static void test_thread_maximum(void)
{
	mach_port_t control = set_control(), name = set_name(), self = mach_thread_self();

	EXPECT(thread_priority(self, -1, FALSE), KERN_INVALID_ARGUMENT);
	EXPECT(thread_priority(self, 65, FALSE), KERN_INVALID_ARGUMENT);
	EXPECT(thread_priority(self, 5, FALSE), KERN_FAILURE);
	EXPECT(thread_max_priority(self, name, 6), KERN_INVALID_ARGUMENT);
	EXPECT(thread_max_priority(self, control, 30), KERN_SUCCESS);
	EXPECT(sched_info_of(self).base_priority, 30);
	EXPECT(thread_priority(self, 29, FALSE), KERN_FAILURE);
	EXPECT(thread_max_priority(self, control, 6), KERN_SUCCESS);
	EXPECT(thread_priority(self, 25, FALSE), KERN_SUCCESS);
	EXPECT(sched_info_of(self).max_priority, 6);
	drop(self);
	drop(name);
	drop(control);
}

static void test_task_maximum(void)
{
	mach_port_t host = mach_host_self(), task = mach_task_self();

	EXPECT(task_priority(task, 5, FALSE), KERN_NO_ACCESS);
	EXPECT(task_max_priority(host, task, 4, FALSE, FALSE), KERN_NO_ACCESS);
	EXPECT(task_max_priority(tap_host_priv, task, 4, FALSE, FALSE), KERN_SUCCESS);
	EXPECT(task_priority(task, 5, FALSE), KERN_SUCCESS);
	EXPECT(task_max_priority(host, task, 6, FALSE, FALSE), KERN_SUCCESS);
	EXPECT(task_priority(task, 5, FALSE), KERN_NO_ACCESS);
	EXPECT(task_priority(task, 25, FALSE), KERN_SUCCESS);
	drop(host);
}

/* There is one processor, and one set: what would need more fails. */
static void test_assignment(void)
{
	mach_port_t host = mach_host_self(), name = set_name(), control = set_control();
	mach_port_t processor = the_processor(), self = mach_thread_self(), port, other;

	EXPECT(processor_set_create(host, &port, &other), KERN_FAILURE);
	EXPECT(processor_set_create(name, &port, &other), KERN_INVALID_ARGUMENT);
	EXPECT(processor_exit(processor), KERN_FAILURE);
	EXPECT(processor_exit(host), KERN_INVALID_ARGUMENT);
	EXPECT(processor_assign(processor, control, TRUE), KERN_FAILURE);
	EXPECT(processor_control(processor, NULL, 0), KERN_FAILURE);
	EXPECT(thread_assign(self, control), KERN_FAILURE);
	EXPECT(thread_assign_default(self), KERN_FAILURE);
	EXPECT(task_assign(mach_task_self(), control, FALSE), KERN_FAILURE);
	EXPECT(task_assign_default(mach_task_self(), FALSE), KERN_FAILURE);
	EXPECT(thread_get_assignment(self, &port), KERN_SUCCESS);
	EXPECT(port, name);
	drop(port);
	EXPECT(task_get_assignment(mach_task_self(), &port), KERN_SUCCESS);
	EXPECT(port, name);
	drop(port);
	EXPECT(thread_get_assignment(name, &port), KERN_INVALID_ARGUMENT);
	EXPECT(task_get_assignment(self, &port), KERN_INVALID_ARGUMENT);
	drop(self);
	drop(processor);
	drop(control);
	drop(name);
	drop(host);
}

/* A depression without an end ends by thread_depress_abort. */
static void test_depression(void)
{
	mach_port_t self = mach_thread_self();

	EXPECT(thread_switch(MACH_PORT_NULL, SWITCH_OPTION_DEPRESS, 0), KERN_SUCCESS);
	EXPECT_TRUE(sched_info_of(self).depressed);
	EXPECT(thread_depress_abort(self), KERN_SUCCESS);
	EXPECT_TRUE(!sched_info_of(self).depressed);
	EXPECT(thread_depress_abort(self), KERN_SUCCESS);
	EXPECT(thread_depress_abort(mach_task_self()), KERN_INVALID_ARGUMENT);
	drop(self);
}

static const struct test tests[] = {
	{ .name = "the processor", .run = test_processor },
	{ .name = "assignment", .run = test_assignment },
	{ .name = "a depression ends", .run = test_depression },
	{ .name = "what the set's ports may", .run = test_set_rights },
	{ .name = "processor_set_info", .run = test_set_info },
	{ .name = "policies", .run = test_policy },
	{ .name = "a thread's maximum", .run = test_thread_maximum },
	{ .name = "a task's maximum", .run = test_task_maximum },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
