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
	EXPECT(thread_policy(self, POLICY_FIXEDPRI, 0x7fffffff), KERN_SUCCESS);
	EXPECT(sched_info_of(self).data, 0x7ffffff8);
	EXPECT(thread_policy(self, POLICY_FIXEDPRI, 0), KERN_SUCCESS);
	EXPECT(sched_info_of(self).data, 0);
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

/* --- TH-8: values and ports of all kinds ---------------------------------------------------- */

static const int bad_priorities[] = { -1, -2, 65, 66, 127, 128, 255, 256, 32767, 32768, 65536,
	65536 + 25, 0x7fffffff, (int) 0x80000000, (int) 0x80000019 };
static const int bad_policies[] = { 0, 3, 4, 5, 8, -1, 0x10001, (int) 0x80000001 };

/* What is out of range is refused by all, whoever asks, and changes nothing. */
static void test_bad_priorities(void)
{
	mach_port_t control = set_control(), self = mach_thread_self(), task = mach_task_self();
	struct thread_sched_info before = sched_info_of(self), after;

	for (unsigned int i = 0; i < COUNT_OF(bad_priorities); i++) {
		int bad = bad_priorities[i];

		tap_about("priority %d", bad);
		EXPECT(thread_priority(self, bad, FALSE), KERN_INVALID_ARGUMENT);
		EXPECT(thread_priority(self, bad, TRUE), KERN_INVALID_ARGUMENT);
		EXPECT(thread_max_priority(self, control, bad), KERN_INVALID_ARGUMENT);
		EXPECT(task_priority(task, bad, TRUE), KERN_INVALID_ARGUMENT);
		EXPECT(task_max_priority(tap_host_priv, task, bad, TRUE, TRUE),
		       KERN_INVALID_ARGUMENT);
		EXPECT(processor_set_max_priority(control, bad, TRUE), KERN_INVALID_ARGUMENT);
	}
	for (unsigned int i = 0; i < COUNT_OF(bad_policies); i++) {
		tap_about("policy %d", bad_policies[i]);
		EXPECT(thread_policy(self, bad_policies[i], 0), KERN_INVALID_ARGUMENT);
		EXPECT(processor_set_policy_enable(control, bad_policies[i]),
		       KERN_INVALID_ARGUMENT);
		EXPECT(processor_set_policy_disable(control, bad_policies[i], TRUE),
		       KERN_INVALID_ARGUMENT);
	}
	tap_about("%s", "");
	EXPECT(thread_policy(self, POLICY_TIMESHARE, -1), KERN_INVALID_ARGUMENT);
	after = sched_info_of(self);
	EXPECT(after.policy, before.policy);
	EXPECT(after.base_priority, before.base_priority);
	EXPECT(after.max_priority, before.max_priority);
	drop(self);
	drop(control);
}

/* Ports that are no thread, no task, no set's control, no host. */
static void test_wrong_ports(void)
{
	mach_port_t host = mach_host_self(), name = set_name(), control = set_control();
	mach_port_t self = mach_thread_self(), task = mach_task_self(), processor = the_processor();
	mach_port_t own = port_new_with_send(1);
	const mach_port_t no_thread[] = { task, host, name, control, processor, tap_host_priv };
	const mach_port_t no_control[] = { name, host, tap_host_priv, task, self, processor, own,
		MACH_PORT_NULL };

	for (unsigned int i = 0; i < COUNT_OF(no_thread); i++) {
		tap_about("instead of a thread, number %u", i);
		EXPECT(thread_priority(no_thread[i], 30, FALSE), KERN_INVALID_ARGUMENT);
		EXPECT(thread_max_priority(no_thread[i], control, 30), KERN_INVALID_ARGUMENT);
		EXPECT(thread_policy(no_thread[i], POLICY_TIMESHARE, 0), KERN_INVALID_ARGUMENT);
		EXPECT(thread_depress_abort(no_thread[i]), KERN_INVALID_ARGUMENT);
		if (no_thread[i] != task)
			EXPECT(task_priority(no_thread[i], 30, FALSE), KERN_INVALID_ARGUMENT);
	}
	for (unsigned int i = 0; i < COUNT_OF(no_control); i++) {
		tap_about("instead of the set's control port, number %u", i);
		EXPECT(thread_max_priority(self, no_control[i], 3), KERN_INVALID_ARGUMENT);
		if (no_control[i] != own && no_control[i] != MACH_PORT_NULL) {
			EXPECT(processor_set_max_priority(no_control[i], 3, FALSE),
			       KERN_INVALID_ARGUMENT);
			EXPECT(processor_set_policy_enable(no_control[i], POLICY_FIXEDPRI),
			       KERN_INVALID_ARGUMENT);
		}
	}
	tap_about("%s", "");
	EXPECT(task_max_priority(self, task, 30, FALSE, FALSE), KERN_INVALID_HOST);
	EXPECT(sched_info_of(self).max_priority, 6);
	port_destroy(own);
	drop(processor);
	drop(self);
	drop(control);
	drop(name);
	drop(host);
}

static int task_base(mach_port_t task)
{
	struct task_basic_info info;
	mach_msg_type_number_t count = TASK_BASIC_INFO_COUNT;

	memset(&info, 0, sizeof info);
	EXPECT(task_info(task, TASK_BASIC_INFO, (task_info_t) &info, &count), KERN_SUCCESS);
	return info.base_priority;
}

/* What a task's priorities do to its threads, old and new; 64 is the worst there is, 63. */
static void test_inherited_priorities(void)
{
	mach_port_t host = mach_host_self(), control = set_control(), task, old, new, child;

	EXPECT(task_create(mach_task_self(), FALSE, &task), KERN_SUCCESS);
	EXPECT(thread_create(task, &old), KERN_SUCCESS);
	EXPECT(task_priority(task, 33, FALSE), KERN_SUCCESS);
	EXPECT(sched_info_of(old).base_priority, 25);
	EXPECT(task_base(task), 33);
	EXPECT(thread_create(task, &new), KERN_SUCCESS);
	EXPECT(sched_info_of(new).base_priority, 33);
	EXPECT(task_priority(task, 30, TRUE), KERN_SUCCESS);
	EXPECT(sched_info_of(old).base_priority, 30);
	EXPECT(sched_info_of(new).base_priority, 30);
	/* One that may not so much stays where it is, the others have it. */
	EXPECT(thread_priority(old, 40, TRUE), KERN_SUCCESS);
	EXPECT(sched_info_of(old).max_priority, 40);
	EXPECT(task_priority(task, 28, TRUE), KERN_FAILURE);
	EXPECT(sched_info_of(old).base_priority, 40);
	EXPECT(sched_info_of(new).base_priority, 28);
	EXPECT(task_base(task), 28);
	/* A maximum lowers what is above it, and gives no more back. */
	EXPECT(task_max_priority(host, task, 35, FALSE, TRUE), KERN_SUCCESS);
	EXPECT(task_base(task), 35);
	EXPECT(sched_info_of(new).base_priority, 35);
	EXPECT(sched_info_of(old).max_priority, 35);
	EXPECT(sched_info_of(old).base_priority, 40);
	EXPECT(task_max_priority(host, task, 34, TRUE, TRUE), KERN_NO_ACCESS);
	EXPECT(task_max_priority(tap_host_priv, task, 20, TRUE, TRUE), KERN_SUCCESS);
	EXPECT(sched_info_of(old).base_priority, 20);
	EXPECT(sched_info_of(new).base_priority, 20);
	EXPECT(thread_priority(new, 19, FALSE), KERN_FAILURE);
	EXPECT(task_create(task, FALSE, &child), KERN_SUCCESS);
	EXPECT(task_base(child), 20);
	EXPECT(task_priority(child, 19, FALSE), KERN_NO_ACCESS);
	EXPECT(thread_priority(new, 64, FALSE), KERN_SUCCESS);
	EXPECT(sched_info_of(new).base_priority, 63);
	EXPECT(thread_priority(new, 20, FALSE), KERN_SUCCESS);
	EXPECT(task_terminate(child), KERN_SUCCESS);
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(thread_priority(new, 30, FALSE), MACH_SEND_INVALID_DEST);
	drop(child);
	drop(task);
	drop(old);
	drop(new);
	drop(control);
	drop(host);
}

/* No policy lets a thread have more than its maximum. */
static void test_fixed_maximum(void)
{
	mach_port_t control = set_control(), thread;

	EXPECT(processor_set_policy_enable(control, POLICY_FIXEDPRI), KERN_SUCCESS);
	EXPECT(thread_create(mach_task_self(), &thread), KERN_SUCCESS);
	EXPECT(thread_max_priority(thread, control, 30), KERN_SUCCESS);
	EXPECT(thread_policy(thread, POLICY_FIXEDPRI, 10), KERN_SUCCESS);
	EXPECT(thread_priority(thread, 29, FALSE), KERN_FAILURE);
	EXPECT(sched_info_of(thread).base_priority, 30);
	EXPECT(sched_info_of(thread).cur_priority, 30);
	EXPECT(thread_priority(thread, 30, FALSE), KERN_SUCCESS);
	EXPECT(processor_set_max_priority(control, 50, TRUE), KERN_SUCCESS);
	EXPECT(sched_info_of(thread).cur_priority, 50);
	EXPECT(sched_info_of(thread).max_priority, 50);
	EXPECT(processor_set_max_priority(control, 6, TRUE), KERN_SUCCESS);
	EXPECT(thread_terminate(thread), KERN_SUCCESS);
	EXPECT(processor_set_policy_disable(control, POLICY_FIXEDPRI, TRUE), KERN_SUCCESS);
	drop(thread);
	thread = mach_thread_self();
	EXPECT(thread_max_priority(thread, control, 6), KERN_SUCCESS);
	EXPECT(thread_priority(thread, 25, FALSE), KERN_SUCCESS);
	drop(thread);
	drop(control);
}

/* --- TH-10: sets ------------------------------------------------------------------------------ */

/* The first set that a program makes is refused: so there is none to destroy or to use then. */
static void test_sets(void)
{
	mach_port_t host = mach_host_self(), name = set_name(), control = set_control();
	mach_port_t self = mach_thread_self(), new_set = MACH_PORT_DEAD, new_name = MACH_PORT_DEAD;
	mach_port_t port;
	mach_port_array_t list;
	mach_msg_type_number_t count;
	int words[10];

	for (int i = 0; i < 20; i++) {
		EXPECT(processor_set_create(tap_host_priv, &new_set, &new_name), KERN_FAILURE);
		EXPECT(new_set, MACH_PORT_DEAD);
		EXPECT(new_name, MACH_PORT_DEAD);
	}
	/* The only set has all tasks, cannot be destroyed, and goes on working. */
	EXPECT(processor_set_destroy(control), KERN_FAILURE);
	EXPECT(processor_set_destroy(name), KERN_INVALID_ARGUMENT);
	EXPECT(processor_set_destroy(host), KERN_INVALID_ARGUMENT);
	EXPECT(task_assign(mach_task_self(), control, TRUE), KERN_FAILURE);
	EXPECT(task_assign(mach_task_self(), name, TRUE), KERN_FAILURE);
	EXPECT(thread_assign(self, host), KERN_FAILURE);
	count = COUNT_OF(words);
	EXPECT(set_info(name, PROCESSOR_SET_BASIC_INFO, words, &count), KERN_SUCCESS);
	/* Who may look at the set gets names of processors: they control nothing. */
	EXPECT(processor_set_processors(name, &list, &count), KERN_SUCCESS);
	EXPECT(processor_start(list[0]), KERN_INVALID_ARGUMENT);
	EXPECT(processor_exit(list[0]), KERN_INVALID_ARGUMENT);
	EXPECT(processor_control(list[0], NULL, 0), KERN_INVALID_ARGUMENT);
	EXPECT(processor_assign(list[0], control, TRUE), KERN_INVALID_ARGUMENT);
	count = PROCESSOR_BASIC_INFO_COUNT;
	EXPECT(processor_info(list[0], PROCESSOR_BASIC_INFO, &port, words, &count), KERN_SUCCESS);
	drop(port);
	EXPECT(processor_get_assignment(list[0], &port), KERN_SUCCESS);
	EXPECT(port, name);
	drop(port);
	EXPECT(drop_array(list, 1), 1);
	EXPECT(host_processors(host, &list, &count), KERN_INVALID_ARGUMENT);
	EXPECT(host_processors(control, &list, &count), KERN_INVALID_ARGUMENT);
	drop(self);
	drop(control);
	drop(name);
	drop(host);
}

/* --- Depression ------------------------------------------------------------------------------- */

/* The last one counts, with its time, and a priority that is given meanwhile is for afterwards. */
static void test_depressed_again(void)
{
	mach_port_t self = mach_thread_self();

	thread_switch(MACH_PORT_NULL, SWITCH_OPTION_DEPRESS, 30);
	thread_switch(MACH_PORT_NULL, SWITCH_OPTION_DEPRESS, 0);
	thread_switch(MACH_PORT_NULL, SWITCH_OPTION_WAIT, 100);
	EXPECT_TRUE(sched_info_of(self).depressed);
	EXPECT(thread_priority(self, 31, FALSE), KERN_SUCCESS);
	EXPECT(sched_info_of(self).base_priority, 31);
	EXPECT(sched_info_of(self).depress_priority, 31);
	EXPECT(sched_info_of(self).cur_priority, 62);
	EXPECT(thread_depress_abort(self), KERN_SUCCESS);
	EXPECT(sched_info_of(self).depress_priority, (unsigned int) -1);
	EXPECT_TRUE(sched_info_of(self).cur_priority >= 31 && sched_info_of(self).cur_priority < 50);
	EXPECT(thread_priority(self, 25, FALSE), KERN_SUCCESS);
	thread_switch(MACH_PORT_NULL, SWITCH_OPTION_DEPRESS, 30);
	thread_switch(MACH_PORT_NULL, SWITCH_OPTION_WAIT, 100);
	EXPECT_TRUE(!sched_info_of(self).depressed);
	drop(self);
}

/* All rooms for all flavours: what does not fit is an error, what is behind is not touched. */
static void try_sizes(const char *what, mach_port_t object, int flavor,
	kern_return_t (*call)(mach_port_t, int, mach_port_t *, integer_t *, mach_msg_type_number_t *),
	mach_msg_type_number_t full)
{
	for (mach_msg_type_number_t room = 0; room < full + 3; room++) {
		mach_msg_type_number_t count = room;
		mach_port_t host = MACH_PORT_NULL;
		integer_t words[16];

		tap_about("%s, flavour %d, %u words", what, flavor, room);
		memset(words, 0x5a, sizeof words);
		EXPECT(call(object, flavor, &host, words, &count),
		       room < full ? KERN_FAILURE : KERN_SUCCESS);
		if (room >= full) {
			EXPECT(count, full);
			drop(host);
		}
		for (unsigned int i = room < full ? 0 : full; i < COUNT_OF(words); i++)
			EXPECT(words[i], 0x5a5a5a5a);
	}
	tap_about("%s", "");
}

static void test_sizes(void)
{
	mach_port_t processor = the_processor(), set = set_name(), host;
	mach_msg_type_number_t count;
	integer_t words[16];

	try_sizes("processor", processor, PROCESSOR_BASIC_INFO, processor_info,
		  PROCESSOR_BASIC_INFO_COUNT);
	try_sizes("set", set, PROCESSOR_SET_BASIC_INFO, processor_set_info,
		  PROCESSOR_SET_BASIC_INFO_COUNT);
	try_sizes("set", set, PROCESSOR_SET_SCHED_INFO, processor_set_info,
		  PROCESSOR_SET_SCHED_INFO_COUNT);
	for (int flavor = -1; flavor < 10; flavor++) {
		count = COUNT_OF(words);
		if (flavor != PROCESSOR_BASIC_INFO)
			EXPECT(processor_info(processor, flavor, &host, words, &count), KERN_FAILURE);
		if (flavor != PROCESSOR_SET_BASIC_INFO && flavor != PROCESSOR_SET_SCHED_INFO)
			EXPECT(processor_set_info(set, flavor, &host, words, &count),
			       KERN_INVALID_ARGUMENT);
	}
	drop(processor);
	drop(set);
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
	{ .name = "all flavours in all sizes", .run = test_sizes },
	{ .name = "a depression ends", .run = test_depression },
	{ .name = "what the set's ports may", .run = test_set_rights },
	{ .name = "processor_set_info", .run = test_set_info },
	{ .name = "policies", .run = test_policy },
	{ .name = "a thread's maximum", .run = test_thread_maximum },
	{ .name = "a task's maximum", .run = test_task_maximum },
	{ .name = "TH-8 priorities and policies out of range", .run = test_bad_priorities,
	  .ours = TRUE },
	{ .name = "TH-8 the wrong ports", .run = test_wrong_ports, .ours = TRUE },
	{ .name = "TH-8 tasks and their threads", .run = test_inherited_priorities, .ours = TRUE },
	{ .name = "TH-8 fixed, up to the maximum", .run = test_fixed_maximum, .ours = TRUE },
	{ .name = "TH-10 sets", .run = test_sets },
	{ .name = "a second depression", .run = test_depressed_again, .ours = TRUE },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
