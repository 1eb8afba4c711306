/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of tasks. */
#include <libmach/thread.h>
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/mach_param.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF	mach_task_self()

static mach_port_t new_task(boolean_t inherit)
{
	mach_port_t task = MACH_PORT_NULL;

	EXPECT(task_create(SELF, inherit, &task), KERN_SUCCESS);
	return task;
}

static void end_task(mach_port_t task)
{
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(port_type(task), MACH_PORT_TYPE_DEAD_NAME);
	port_destroy(task);
}

static struct task_basic_info info_of(mach_port_t task)
{
	struct task_basic_info info = { 0 };
	mach_msg_type_number_t count = TASK_BASIC_INFO_COUNT;

	EXPECT(task_info(task, TASK_BASIC_INFO, (task_info_t) &info, &count), KERN_SUCCESS);
	return info;
}

static mach_msg_type_number_t thread_count(mach_port_t task)
{
	thread_array_t threads;
	mach_msg_type_number_t count = ~0u;

	if (!EXPECT(task_threads(task, &threads, &count), KERN_SUCCESS))
		return ~0u;
	for (unsigned int i = 0; i < count; i++)
		EXPECT(mach_port_deallocate(SELF, threads[i]), KERN_SUCCESS);
	if (count > 0)
		vm_deallocate(SELF, (vm_offset_t) threads, count * sizeof *threads);
	return count;
}

void test_new_task(void)
{
	mach_port_t empty = new_task(FALSE), copy = new_task(TRUE);
	struct task_basic_info own = info_of(SELF), info = info_of(empty);

	EXPECT(info.suspend_count, 0);
	EXPECT(info.base_priority, own.base_priority);
	EXPECT(info.virtual_size, 0);
	EXPECT(info.resident_size, 0);
	EXPECT(thread_count(empty), 0);
	EXPECT(info_of(copy).virtual_size, own.virtual_size);
	EXPECT(info_of(copy).suspend_count, 0);
	EXPECT(thread_count(copy), 0);
	end_task(empty);
	end_task(copy);
}

/* --- suspension ------------------------------------------------------------------------------ */

static volatile unsigned int *counter;

static void count_for_ever(void *unused)
{
	(void) unused;
	for (;;) {
		++*counter;
		swtch_pri(0);
	}
}

static boolean_t is_counting(void)
{
	unsigned int before = *counter;

	sleep_for(40);
	return *counter != before;
}

void test_task_suspension(void)
{
	vm_offset_t page = 0;
	mach_port_t task;

	EXPECT(vm_allocate(SELF, &page, PAGE_SIZE, TRUE), KERN_SUCCESS);
	EXPECT(vm_inherit(SELF, page, PAGE_SIZE, VM_INHERIT_SHARE), KERN_SUCCESS);
	counter = (volatile unsigned int *) page;
	EXPECT(mach_task_start(count_for_ever, NULL, &task), KERN_SUCCESS);
	EXPECT(task_resume(task), KERN_FAILURE);
	EXPECT_TRUE(is_counting());
	EXPECT(task_suspend(task), KERN_SUCCESS);
	EXPECT(is_counting(), FALSE);
	EXPECT(task_suspend(task), KERN_SUCCESS);
	EXPECT(info_of(task).suspend_count, 2);
	EXPECT(task_resume(task), KERN_SUCCESS);
	EXPECT(is_counting(), FALSE);
	EXPECT(task_resume(task), KERN_SUCCESS);
	EXPECT_TRUE(is_counting());
	EXPECT(task_resume(task), KERN_FAILURE);
	end_task(task);
	EXPECT(is_counting(), FALSE);
	vm_deallocate(SELF, page, PAGE_SIZE);
}

void test_task_threads(void)
{
	mach_msg_type_number_t before = thread_count(SELF);
	mach_port_t task = new_task(FALSE), thread, second;

	EXPECT(thread_create(task, &thread), KERN_SUCCESS);
	EXPECT(thread_create(task, &second), KERN_SUCCESS);
	EXPECT(thread_count(task), 2);
	EXPECT(thread_terminate(second), KERN_SUCCESS);
	EXPECT(thread_count(task), 1);
	EXPECT(thread_count(SELF), before);
	end_task(task);
	EXPECT(port_type(thread), MACH_PORT_TYPE_DEAD_NAME);
	port_destroy(thread);
	port_destroy(second);
}

void test_task_info(void)
{
	integer_t words[TASK_INFO_MAX];
	mach_msg_type_number_t count;

	count = TASK_BASIC_INFO_COUNT;
	EXPECT(task_info(SELF, TASK_BASIC_INFO, words, &count), KERN_SUCCESS);
	EXPECT(count, TASK_BASIC_INFO_COUNT);
	count = TASK_EVENTS_INFO_COUNT;
	EXPECT(task_info(SELF, TASK_EVENTS_INFO, words, &count), KERN_SUCCESS);
	count = TASK_THREAD_TIMES_INFO_COUNT;
	EXPECT(task_info(SELF, TASK_THREAD_TIMES_INFO, words, &count), KERN_SUCCESS);
	count = 9;
	EXPECT(task_info(SELF, TASK_BASIC_INFO, words, &count), KERN_INVALID_ARGUMENT);
	count = TASK_INFO_MAX;
	EXPECT(task_info(SELF, 99, words, &count), KERN_INVALID_ARGUMENT);
	for (count = 10; count <= TASK_BASIC_INFO_COUNT; count++) {
		mach_msg_type_number_t got = count;

		EXPECT(task_info(SELF, TASK_BASIC_INFO, words, &got), KERN_SUCCESS);
		EXPECT(got, count);
	}
}

/* --- special ports --------------------------------------------------------------------------- */

static mach_port_t special_port(mach_port_t task, int which)
{
	mach_port_t port = MACH_PORT_NULL;

	EXPECT(task_get_special_port(task, which, &port), KERN_SUCCESS);
	return port;
}

void test_task_special_ports(void)
{
	mach_port_t task = new_task(FALSE), child, port = port_new(), got;
	static const int bad[] = { 0, 2, 5, -1, 100 };

	port_make_send(port);
	got = special_port(task, TASK_KERNEL_PORT);
	EXPECT(got, task);
	mach_port_deallocate(SELF, got);
	EXPECT(special_port(task, TASK_EXCEPTION_PORT), MACH_PORT_NULL);
	EXPECT(task_set_bootstrap_port(task, port), KERN_SUCCESS);
	EXPECT(task_set_exception_port(task, port), KERN_SUCCESS);
	EXPECT(task_create(task, FALSE, &child), KERN_SUCCESS);
	EXPECT(special_port(child, TASK_BOOTSTRAP_PORT), port);
	EXPECT(special_port(child, TASK_EXCEPTION_PORT), port);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 3);
	EXPECT(task_set_bootstrap_port(child, MACH_PORT_NULL), KERN_SUCCESS);
	EXPECT(special_port(child, TASK_BOOTSTRAP_PORT), MACH_PORT_NULL);
	for (unsigned int i = 0; i < COUNT_OF(bad); i++) {
		EXPECT(task_get_special_port(task, bad[i], &got), KERN_INVALID_ARGUMENT);
		EXPECT(task_set_special_port(task, bad[i], port), KERN_INVALID_ARGUMENT);
	}
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 3);
	end_task(child);
	end_task(task);
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, -3), KERN_SUCCESS);
	EXPECT(port_status(port).mps_srights, FALSE);
	port_destroy(port);
}

void test_registered_ports(void)
{
	mach_port_t task = new_task(FALSE), port = port_new_with_send(1);
	mach_port_t ports[5] = { port, MACH_PORT_NULL, port, port, port };
	mach_port_array_t got;
	mach_msg_type_number_t count = 0;

	EXPECT(mach_ports_register(task, ports, 5), KERN_INVALID_ARGUMENT);
	EXPECT(mach_ports_register(task, ports, 3), KERN_SUCCESS);
	EXPECT(mach_ports_lookup(task, &got, &count), KERN_SUCCESS);
	if (EXPECT(count, TASK_PORT_REGISTER_MAX)) {
		EXPECT(got[0], port);
		EXPECT(got[1], MACH_PORT_NULL);
		EXPECT(got[2], port);
		EXPECT(got[3], MACH_PORT_NULL);
		vm_deallocate(SELF, (vm_offset_t) got, count * sizeof *got);
	}
	EXPECT(mach_ports_register(task, NULL, 0), KERN_SUCCESS);
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 3);
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, -3), KERN_SUCCESS);
	EXPECT(port_status(port).mps_srights, FALSE);
	port_destroy(port);
	end_task(task);
}

/* --- ends ------------------------------------------------------------------------------------ */

static void end_at_once(void *unused)
{
	(void) unused;
	task_terminate(mach_task_self());
}

static void return_at_once(void *unused)
{
	(void) unused;
}

static boolean_t dies(mach_port_t task)
{
	for (int i = 0; i < 100; i++) {
		if (port_type(task) == MACH_PORT_TYPE_DEAD_NAME)
			return TRUE;
		sleep_for(10);
	}
	return FALSE;
}

void test_terminate_self(void)
{
	mach_port_t task;

	EXPECT(mach_task_start(end_at_once, NULL, &task), KERN_SUCCESS);
	EXPECT_TRUE(dies(task));
	port_destroy(task);
	EXPECT(mach_task_start(return_at_once, NULL, &task), KERN_SUCCESS);
	EXPECT_TRUE(dies(task));
	port_destroy(task);
}

void test_wrong_ports(void)
{
	mach_port_t thread = mach_thread_self(), host = mach_host_self(), got;
	thread_array_t threads;
	mach_msg_type_number_t count;

	EXPECT(task_suspend(thread), KERN_INVALID_ARGUMENT);
	EXPECT(task_resume(host), KERN_INVALID_ARGUMENT);
	EXPECT(task_terminate(host), KERN_INVALID_ARGUMENT);
	EXPECT(task_threads(thread, &threads, &count), KERN_INVALID_ARGUMENT);
	EXPECT(task_create(thread, FALSE, &got), KERN_INVALID_TASK);
	EXPECT(thread_create(host, &got), KERN_INVALID_ARGUMENT);
	EXPECT(thread_suspend(SELF), KERN_INVALID_ARGUMENT);
	EXPECT(thread_terminate(SELF), KERN_INVALID_ARGUMENT);
	EXPECT(thread_abort(host), KERN_INVALID_ARGUMENT);
	EXPECT(task_get_bootstrap_port(thread, &got), KERN_INVALID_ARGUMENT);
	EXPECT(task_suspend(MACH_PORT_NULL), MACH_SEND_INVALID_DEST);
	mach_port_deallocate(SELF, thread);
	mach_port_deallocate(SELF, host);
}

/*
 * A task without the privileged host port cannot be made essential, and we not for long: the
 * machine runs on.  What stops it is in tests/boot.
 */
void test_essential(void)
{
	mach_port_t task;

	EXPECT(task_create(mach_task_self(), FALSE, &task), KERN_SUCCESS);
	EXPECT(task_set_essential(task, TRUE), KERN_SUCCESS);	/* there is no answer */
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(mach_task_self(), task), KERN_SUCCESS);
	EXPECT(task_create(mach_task_self(), FALSE, &task), KERN_SUCCESS);
	EXPECT(mach_port_insert_right(task, 77, tap_host_priv, MACH_MSG_TYPE_COPY_SEND),
		KERN_SUCCESS);
	EXPECT(task_set_essential(task, TRUE), KERN_SUCCESS);
	EXPECT(task_set_essential(task, FALSE), KERN_SUCCESS);
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(mach_task_self(), task), KERN_SUCCESS);
}

/* Calls that are answered and do nothing, and one that fails. */
void test_emulation(void)
{
	emulation_vector_t vector = NULL;
	mach_msg_type_number_t count = 99;
	int start = 99;

	EXPECT(task_get_emulation_vector(mach_task_self(), &start, &vector, &count), KERN_SUCCESS);
	EXPECT(start, 0);
	EXPECT(count, 0);
	EXPECT(task_set_emulation_vector(mach_task_self(), 1, (emulation_vector_t) &start, 1),
		KERN_SUCCESS);
	EXPECT(task_set_emulation(mach_task_self(), 0x1000, 5), KERN_SUCCESS);
	EXPECT(task_ras_control(mach_task_self(), 0x1000, 0x1010, 0), KERN_FAILURE);
	EXPECT(task_set_emulation(MACH_PORT_DEAD, 0x1000, 5), MACH_SEND_INVALID_DEST);
}

void test_many_tasks(void)
{
	enum { MANY = 200 };
	static mach_port_t tasks[MANY], threads[MANY];

	for (int i = 0; i < MANY; i++) {
		tasks[i] = new_task(TRUE);
		EXPECT(thread_create(tasks[i], &threads[i]), KERN_SUCCESS);
	}
	for (int i = 0; i < MANY; i++) {
		end_task(tasks[i]);
		port_destroy(threads[i]);
	}
}
