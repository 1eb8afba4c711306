/* SPDX-License-Identifier: BSD-2-Clause */
#include "report.h"

#include <libmach/print.h>
#include <mach.h>
#include <mach/porter.h>

#define GROUPS_MAX	64
#define GROUPS_SHOWN	5

mach_port_t host_priv;

static void release(const void *list, unsigned int size)
{
	if (size != 0)
		vm_deallocate(mach_task_self(), (vm_address_t) (uintptr_t) list, size);
}

/* --- Names ------------------------------------------------------------------------------- */

static void print_memory(mach_port_t task)
{
	struct task_basic_info info;
	mach_msg_type_number_t count = TASK_BASIC_INFO_COUNT;

	if (task_info(task, TASK_BASIC_INFO, (task_info_t) &info, &count) == KERN_SUCCESS)
		printf(", %u KiB of memory, %u of them resident",
			(unsigned int) (info.virtual_size / 1024),
			(unsigned int) (info.resident_size / 1024));
}

static void report_names(mach_port_t task, const struct space_statistics *have)
{
	natural_t number = 0;
	kernel_debug_name_t name = "";

	task_identity(host_priv, task, &number, name);
	printf("[ipcstat] Task %u (%s) has %u names in %u KiB", number, name, have->sst_names,
		have->sst_memory / 1024);
	print_memory(task);
	printf(":\n");
	printf("[ipcstat]   %u receive, %u send (%u references), %u send-once, %u sets, "
		"%u dead (%u references)\n", have->sst_receive, have->sst_send,
		have->sst_send_refs, have->sst_send_once, have->sst_port_set,
		have->sst_dead_name, have->sst_dead_refs);
}

/* --- What is stuck ----------------------------------------------------------------------- */

static void print_port(const struct stuck_port *port)
{
	printf("[ipcstat]   Port 0x%x holds %u messages of %u that it may", port->stp_name,
		port->stp_queued, port->stp_qlimit);
	if (port->stp_senders != 0)
		printf("; %u threads wait to send, the first of task %u", port->stp_senders,
			port->stp_first_sender);
	if (port->stp_receivers != 0)
		printf("; %u receive.\n", port->stp_receivers);
	else
		printf("; nobody receives.\n");
}

static void report_ports(mach_port_t task)
{
	stuck_port_array_t ports;
	mach_msg_type_number_t count;

	if (space_stuck_ports(host_priv, task, &ports, &count) != KERN_SUCCESS)
		return;
	for (unsigned int i = 0; i < count; i++)
		print_port(&ports[i]);
	release(ports, count * sizeof *ports);
}

static void print_thread(const struct stuck_thread *thread)
{
	if (thread->stt_doing == STUCK_SENDING)
		printf("[ipcstat]   Thread %u waits to send to 0x%x", thread->stt_thread,
			thread->stt_name);
	else if (thread->stt_doing == STUCK_RECEIVING)
		printf("[ipcstat]   Thread %u waits for messages on 0x%x", thread->stt_thread,
			thread->stt_name);
	else
		printf("[ipcstat]   Thread %u waits for an exception's handler",
			thread->stt_thread);
	if (thread->stt_doing == STUCK_SENDING && thread->stt_task != TASK_NUMBER_NONE)
		printf(", a port of task %u", thread->stt_task);
	printf(".\n");
}

static void report_threads(mach_port_t task)
{
	stuck_thread_array_t threads;
	mach_msg_type_number_t count;

	if (task_stuck_threads(host_priv, task, &threads, &count) != KERN_SUCCESS)
		return;
	for (unsigned int i = 0; i < count; i++)
		print_thread(&threads[i]);
	release(threads, count * sizeof *threads);
}

unsigned int report_task(mach_port_t task)
{
	struct space_statistics have;

	if (space_statistics(host_priv, task, &have) != KERN_SUCCESS)
		return 0;
	if (have.sst_names == 0)
		return 0;
	report_names(task, &have);
	report_ports(task);
	report_threads(task);
	return have.sst_names;
}

/* --- Where names come from --------------------------------------------------------------- */

/* Names with one origin. */
struct group {
	natural_t	kind;
	integer_t	id;
	unsigned int	count;
	struct right_origin first, last;
};

static struct group groups[GROUPS_MAX];
static unsigned int group_count;

static boolean_t is_before(const struct right_origin *a, const struct right_origin *b)
{
	return a->rio_seconds != b->rio_seconds ? a->rio_seconds < b->rio_seconds
		: a->rio_milliseconds < b->rio_milliseconds;
}

/* The group of an origin; the last one also takes what finds no room. */
static struct group *group_of(const struct right_origin *origin)
{
	struct group *group = groups;

	while (group < groups + group_count
			&& (group->kind != origin->rio_kind || group->id != origin->rio_id))
		group++;
	if (group < groups + group_count)
		return group;
	if (group_count == GROUPS_MAX)
		return &groups[GROUPS_MAX - 1];
	group_count++;
	*group = (struct group) { .kind = origin->rio_kind, .id = origin->rio_id,
		.first = *origin, .last = *origin };
	return group;
}

static void add(const struct right_origin *origin)
{
	struct group *group = group_of(origin);

	group->count++;
	if (is_before(origin, &group->first))
		group->first = *origin;
	if (is_before(&group->last, origin))
		group->last = *origin;
}

static void print_origin(natural_t kind, integer_t id)
{
	switch (kind) {
	case ORIGIN_TRAP:
		printf("trap %d", id);
		break;
	case ORIGIN_RPC:
		printf("kernel routine %d", id);
		break;
	case ORIGIN_MESSAGE:
		printf("message %d", id);
		break;
	default:
		printf("the kernel itself");
	}
}

/* The largest group goes out, and is printed. */
static void print_largest(void)
{
	struct group *largest = groups;

	for (unsigned int i = 1; i < group_count; i++)
		if (groups[i].count > largest->count)
			largest = &groups[i];
	printf("[ipcstat]   %u by ", largest->count);
	print_origin(largest->kind, largest->id);
	printf(", from %u.%03u s to %u.%03u s\n", largest->first.rio_seconds,
		largest->first.rio_milliseconds, largest->last.rio_seconds,
		largest->last.rio_milliseconds);
	*largest = groups[--group_count];
}

static void print_oldest(const struct right_origin *list, unsigned int count)
{
	const struct right_origin *oldest = list;

	for (unsigned int i = 1; i < count; i++)
		if (is_before(&list[i], oldest))
			oldest = &list[i];
	printf("[ipcstat]   The oldest is 0x%x, by ", oldest->rio_name);
	print_origin(oldest->rio_kind, oldest->rio_id);
	printf(" at %u.%03u s.\n", oldest->rio_seconds, oldest->rio_milliseconds);
}

void report_origins(mach_port_t task)
{
	right_origin_array_t list;
	mach_msg_type_number_t count;
	natural_t number = 0;
	kernel_debug_name_t name = "";
	kern_return_t result = space_origins(host_priv, task, MACH_PORT_NULL, &list, &count);

	task_identity(host_priv, task, &number, name);
	if (result == KERN_FAILURE)
		printf("[ipcstat] This kernel does not note where names come from.\n");
	if (result != KERN_SUCCESS || count == 0)
		return;
	printf("[ipcstat] The names of task %u (%s) come from:\n", number, name);
	group_count = 0;
	for (unsigned int i = 0; i < count; i++)
		add(&list[i]);
	for (unsigned int i = 0; i < GROUPS_SHOWN && group_count > 0; i++)
		print_largest();
	print_oldest(list, count);
	release(list, count * sizeof *list);
}
