/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Children and orphans.  A task lives until it is terminated, whether somebody knows it or not;
 * so those that a child has made and left alone are found in the list of all tasks.
 */
#include "children.h"

#include <libmach/thread.h>
#include <mach.h>
#include <mach/mach_host.h>
#include <mach/notify.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "storm.h"

#define DEATH_TURNS	100	/* how long a terminated child may take */

static mach_port_t sink, deaths, set;
static unsigned int reports;
static mach_port_t children[CHILDREN_MAX];	/* null when it has died */
static task_array_t known;
static mach_msg_type_number_t known_count;

/* --- all tasks -------------------------------------------------------------------------------- */

static mach_port_t get_pset(mach_port_t *name)
{
	mach_port_t pset = MACH_PORT_NULL;

	EXPECT(processor_set_default(tap_host_priv, name), KERN_SUCCESS);
	EXPECT(host_processor_set_priv(tap_host_priv, *name, &pset), KERN_SUCCESS);
	return pset;
}

static mach_msg_type_number_t list_tasks(task_array_t *tasks)
{
	mach_port_t name, pset = get_pset(&name);
	mach_msg_type_number_t count = 0;

	EXPECT(processor_set_tasks(pset, tasks, &count), KERN_SUCCESS);
	port_destroy(name);
	port_destroy(pset);
	return count;
}

static void forget_tasks(task_array_t tasks, mach_msg_type_number_t count)
{
	for (mach_msg_type_number_t i = 0; i < count; i++)
		mach_port_deallocate(mach_task_self(), tasks[i]);
	vm_deallocate(mach_task_self(), (vm_offset_t) tasks, count * sizeof *tasks);
}

static boolean_t is_known(mach_port_t task)
{
	for (mach_msg_type_number_t i = 0; i < known_count; i++)
		if (known[i] == task)
			return TRUE;
	return FALSE;
}

/* Returns how many there were; some may be about to end already. */
static unsigned int terminate_orphans(void)
{
	task_array_t tasks;
	mach_msg_type_number_t count = list_tasks(&tasks);
	unsigned int found = 0;

	for (mach_msg_type_number_t i = 0; i < count; i++)
		if (!is_known(tasks[i])) {
			task_terminate(tasks[i]);
			found++;
		}
	forget_tasks(tasks, count);
	return found;
}

static void end_orphans(void)
{
	unsigned int left = terminate_orphans();

	for (unsigned int i = 0; i < DEATH_TURNS && left > 0; i++) {
		sleep_for(CHILD_TURN);
		left = terminate_orphans();
	}
	EXPECT(left, 0);
	forget_tasks(known, known_count);
}

/* --- starting --------------------------------------------------------------------------------- */

static void give(mach_port_t task, mach_port_name_t name, mach_port_t right)
{
	EXPECT(mach_port_insert_right(task, name, right, MACH_MSG_TYPE_COPY_SEND), KERN_SUCCESS);
}

static void give_host(mach_port_t task)
{
	mach_port_t host = mach_host_self();

	give(task, NAME_HOST, host);
	port_destroy(host);
}

/* All that the privileged host's port opens. */
static void give_privileges(mach_port_t task)
{
	mach_port_t name, pset = get_pset(&name);
	processor_array_t processors;
	mach_msg_type_number_t count;

	give(task, NAME_HOST_PRIV, tap_host_priv);
	give(task, NAME_DEVICE, tap_device_master);
	EXPECT(host_processors(tap_host_priv, &processors, &count), KERN_SUCCESS);
	give(task, NAME_PROCESSOR, processors[0]);
	give(task, NAME_PSET, pset);
	give(task, NAME_PSET_NAME, name);
	port_destroy(processors[0]);
	port_destroy(name);
	port_destroy(pset);
	vm_deallocate(mach_task_self(), (vm_offset_t) processors, count * sizeof *processors);
}

static mach_port_t *free_place(void)
{
	for (unsigned int i = 0; i < CHILDREN_MAX; i++)
		if (children[i] == MACH_PORT_NULL)
			return &children[i];
	tap_fail("too many children");
	return &children[0];
}

void child_start(void (*function)(void *), void *argument, boolean_t privileged)
{
	mach_port_t task, thread;

	if (!EXPECT(mach_task_prepare(function, argument, &task, &thread), KERN_SUCCESS))
		return;
	*free_place() = task;
	give(task, NAME_SINK, sink);
	give_host(task);
	if (privileged)
		give_privileges(task);
	EXPECT(port_request(task, MACH_NOTIFY_DEAD_NAME, 1, deaths), KERN_SUCCESS);
	EXPECT(thread_resume(thread), KERN_SUCCESS);
	port_destroy(thread);
}

void children_begin(void)
{
	known_count = list_tasks(&known);
	sink = port_new_with_send(1);
	deaths = port_new();
	set = port_new_set();
	EXPECT(mach_port_move_member(mach_task_self(), sink, set), KERN_SUCCESS);
	EXPECT(mach_port_move_member(mach_task_self(), deaths, set), KERN_SUCCESS);
	reports = 0;
}

/* --- ending ----------------------------------------------------------------------------------- */

static unsigned int alive(void)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < CHILDREN_MAX; i++)
		count += children[i] != MACH_PORT_NULL;
	return count;
}

static void note_death(mach_port_t name)
{
	for (unsigned int i = 0; i < CHILDREN_MAX; i++)
		if (children[i] == name) {
			EXPECT(port_type(name), MACH_PORT_TYPE_DEAD_NAME);
			port_destroy(name);
			children[i] = MACH_PORT_NULL;
		}
}

/* Take what has come from the children and of them; it may be anything. */
static void take_messages(mach_msg_timeout_t timeout)
{
	static struct message message;
	mach_msg_return_t result;

	for (;; timeout = 0) {
		result = message_receive_wait(&message, set, timeout);
		if (result == MACH_RCV_TIMED_OUT)
			break;
		if (result != MACH_MSG_SUCCESS)		/* too large, for one */
			continue;
		if (message.header.msgh_local_port == deaths)
			note_death(message.body[1]);
		else if (message.header.msgh_id == REPORT_ID)
			reports++;
		mach_msg_destroy(&message.header);
	}
}

unsigned int children_wait(unsigned int turns, boolean_t for_report)
{
	for (unsigned int i = 0; i < turns && alive() > 0 && !(for_report && reports > 0); i++)
		take_messages(CHILD_TURN);
	return reports;
}

void children_end(void)
{
	for (unsigned int i = 0; i < CHILDREN_MAX; i++)
		if (children[i] != MACH_PORT_NULL)
			task_terminate(children[i]);
	children_wait(DEATH_TURNS, FALSE);
	EXPECT(alive(), 0);
	take_messages(0);
	port_destroy(set);
	port_destroy(deaths);
	port_destroy(sink);
	end_orphans();
}
