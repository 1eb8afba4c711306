/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who leaks, who is stuck: the routines 4808 to 4813 (<mach/ipc_statistics.h>).
 *
 * The ways that messages take count nothing for this but what they count anyway.  The sequence
 * number counts what is taken from a port; a message leaves the queue in no other way while the
 * port lives; so what was sent is what was taken and what is queued.
 */
#include <ipc/origin.h>
#include <ipc/pset.h>
#include <ipc/report.h>
#include <ipc/right.h>
#include <ipc/space_lookup.h>
#include <kern/sched.h>
#include <mach/porter_server.h>

/* More threads than this are not counted in one queue, since a lock is held meanwhile. */
#define WAITING_MAX 5000u

/* --- One port --------------------------------------------------------------------------- */

/* Threads in a queue whose wait has not ended otherwise. */
static uint32_t count_waiting(const struct queue *queue)
{
	uint32_t count = 0;

	queue_for_each(link, queue) {
		if (container_of(link, struct thread, ipc.link)->flags & TH_WAIT)
			count++;
		if (count == WAITING_MAX)
			break;
	}
	return count;
}

/* On the port or, if it is in one, on its set.  Port locked. */
static uint32_t count_receivers(const struct ipc_port *port)
{
	struct ipc_pset *pset = ipc_port_set(port);
	uint32_t count;

	if (pset == NULL)
		return count_waiting(&port->mqueue.receivers);
	ipc_pset_lock(pset);
	count = count_waiting(&pset->mqueue.receivers);
	ipc_pset_unlock(pset);
	return count;
}

/* The task that has the receive right.  Port locked: it cannot go as long as the right is there. */
static uint32_t receiver_task(const struct ipc_port *port)
{
	const struct task *task = port->receiver != NULL ? port->receiver->task : NULL;

	return task != NULL ? task->id : TASK_NUMBER_NONE;
}

static uint32_t place_of(const struct ipc_port *port)
{
	if (port->receiver == NULL)
		return PORT_IN_TRANSIT;
	if (port->receiver == ipc_space_kernel || port->receiver == ipc_space_reply)
		return PORT_IN_KERNEL;
	return PORT_IN_SPACE;
}

/* Port locked and active. */
static void describe_port(struct ipc_port *port, struct port_statistics *out)
{
	uint32_t received = port->counts.received + port->seqno, place = place_of(port);

	assert_locked(&port->object.lock);
	*out = (struct port_statistics){
		.pst_serial = port->serial,
		.pst_place = place,
		.pst_task = receiver_task(port),
		.pst_name = place == PORT_IN_SPACE ? port->receiver_name : MACH_PORT_NULL,
		.pst_set = ipc_port_set_name(port),
		.pst_sent = received + port->msgcount,
		.pst_received = received,
		.pst_blocked = port->counts.blocked,
		.pst_failed = port->counts.failed,
		.pst_longest = port->counts.longest,
		.pst_queued = port->msgcount,
		.pst_qlimit = port->qlimit,
		.pst_senders = count_waiting(&port->senders),
		.pst_receivers = count_receivers(port),
		.pst_srights = port->srights,
		.pst_sorights = port->sorights,
	};
}

#define ANY_RIGHT (MACH_PORT_TYPE_SEND_RECEIVE | MACH_PORT_TYPE_SEND_ONCE)

kern_return_t port_statistics(struct host *host_priv, struct ipc_space *space,
			      mach_port_name_t name, port_statistics_t *statistics)
{
	struct ipc_port *port;
	kern_return_t kr;

	if (host_priv == NULL)
		return KERN_INVALID_HOST;
	kr = ipc_space_lookup_port(space, name, ANY_RIGHT, &port);
	if (kr != KERN_SUCCESS)
		return kr;
	describe_port(port, statistics);
	ipc_space_unlock_port(space, port);
	return KERN_SUCCESS;
}

/* --- The names of a space --------------------------------------------------------------- */

static void count_name(struct ipc_space_visitor *visitor, struct ipc_space *space,
		       struct ipc_entry *entry)
{
	struct space_statistics *out = visitor->arg;

	assert_locked(&space->lock);
	out->sst_names++;
	out->sst_receive += (entry->bits & MACH_PORT_TYPE_RECEIVE) != 0;
	out->sst_send_once += (entry->bits & MACH_PORT_TYPE_SEND_ONCE) != 0;
	out->sst_port_set += (entry->bits & MACH_PORT_TYPE_PORT_SET) != 0;
	out->sst_requests += entry->request != NULL;
	if (entry->bits & MACH_PORT_TYPE_SEND) {
		out->sst_send++;
		out->sst_send_refs += entry_urefs(entry);
	} else if (entry->bits & MACH_PORT_TYPE_DEAD_NAME) {
		out->sst_dead_name++;
		out->sst_dead_refs += entry_urefs(entry);
	}
}

kern_return_t space_statistics(struct host *host_priv, struct ipc_space *space,
			       space_statistics_t *statistics)
{
	struct space_statistics out = { .sst_names = 0 };
	struct ipc_space_visitor visitor = { .visit = count_name, .arg = &out };
	kern_return_t kr;

	if (host_priv == NULL)
		return KERN_INVALID_HOST;
	if (space == NULL)
		return KERN_INVALID_TASK;
	kr = ipc_space_visit(space, &visitor);
	if (kr != KERN_SUCCESS)
		return kr;
	ipc_space_lock(space);
	out.sst_memory = ipc_table_memory(&space->table);
	ipc_space_unlock(space);
	*statistics = out;
	return KERN_SUCCESS;
}

/* --- Ports on which something waits ------------------------------------------------------ */

/* The task of the sender that has waited longest.  Port locked. */
static uint32_t first_sender(const struct ipc_port *port)
{
	queue_for_each(link, &port->senders) {
		const struct thread *sender = container_of(link, struct thread, ipc.link);

		if (sender->flags & TH_WAIT)
			return sender->task->id;
	}
	return TASK_NUMBER_NONE;
}

static void describe_stuck(struct ipc_port *port, struct stuck_port *out)
{
	*out = (struct stuck_port){
		.stp_name = port->receiver_name,
		.stp_set = ipc_port_set_name(port),
		.stp_serial = port->serial,
		.stp_queued = port->msgcount,
		.stp_qlimit = port->qlimit,
		.stp_senders = count_waiting(&port->senders),
		.stp_receivers = count_receivers(port),
		.stp_first_sender = first_sender(port),
	};
}

static void add_if_stuck(struct ipc_space_visitor *visitor, struct ipc_space *space,
			 struct ipc_entry *entry)
{
	struct ipc_port *port = entry_port(entry);

	assert_locked(&space->lock);
	if (!(entry->bits & MACH_PORT_TYPE_RECEIVE))
		return;
	ipc_port_lock(port);
	if (port->msgcount != 0 || first_sender(port) != TASK_NUMBER_NONE)
		describe_stuck(port, ipc_report_add(visitor->report));
	ipc_port_unlock(port);
}

kern_return_t space_stuck_ports(struct host *host_priv, struct ipc_space *space,
				vm_map_copy_t *ports, mach_msg_type_number_t *count)
{
	struct ipc_report report = { .element = sizeof(struct stuck_port) };
	struct ipc_space_visitor visitor = { .visit = add_if_stuck, .report = &report };

	if (host_priv == NULL)
		return KERN_INVALID_HOST;
	if (space == NULL)
		return KERN_INVALID_TASK;
	return ipc_report_end(&report, ipc_space_visit(space, &visitor), ports, count);
}

/* --- Where names come from --------------------------------------------------------------- */

static void add_origin(struct ipc_space_visitor *visitor, struct ipc_space *space,
		       struct ipc_entry *entry)
{
	assert_locked(&space->lock);
	ipc_origin_get(entry, ipc_report_add(visitor->report));
}

static kern_return_t origin_of_name(struct ipc_space *space, mach_port_name_t name,
				    struct ipc_report *report)
{
	struct ipc_entry *entry;
	kern_return_t kr;

	if (!ipc_report_reserve(report, 1))
		return KERN_RESOURCE_SHORTAGE;
	kr = ipc_space_lookup(space, name, ENTRY_TYPE_MASK, &entry);
	if (kr != KERN_SUCCESS)
		return kr;
	ipc_origin_get(entry, ipc_report_add(report));
	ipc_space_unlock(space);
	return KERN_SUCCESS;
}

kern_return_t space_origins(struct host *host_priv, struct ipc_space *space,
			    mach_port_name_t name, vm_map_copy_t *origins,
			    mach_msg_type_number_t *count)
{
	struct ipc_report report = { .element = sizeof(struct right_origin) };
	struct ipc_space_visitor visitor = { .visit = add_origin, .report = &report };
	kern_return_t kr;

	if (host_priv == NULL)
		return KERN_INVALID_HOST;
	if (space == NULL)
		return KERN_INVALID_TASK;
	if (!DEBUG)
		return KERN_FAILURE;
	kr = name != MACH_PORT_NULL ? origin_of_name(space, name, &report)
				    : ipc_space_visit(space, &visitor);
	return ipc_report_end(&report, kr, origins, count);
}

/* --- Threads that wait ------------------------------------------------------------------- */

/* What a thread waits for in mach_msg; 0 for anything else. */
static uint32_t thread_doing(const struct thread *thread)
{
	const struct ipc_object *object = thread->ipc.object;

	if (!(thread->flags & TH_WAIT) || !queue_linked(&thread->ipc.link))
		return 0;
	if (thread->ipc.state == MACH_SEND_IN_PROGRESS)
		return STUCK_SENDING;
	if (thread->exc_reply_port != NULL && object == &thread->exc_reply_port->object)
		return STUCK_EXCEPTION;
	return STUCK_RECEIVING;
}

/* Those of the task that wait; no more than there is room for.  Returns how many threads it has. */
static uint32_t note_threads(struct task *task, struct ipc_report *report)
{
	uint32_t count;

	spin_lock(&task->lock);
	queue_for_each(link, &task->threads) {
		const struct thread *thread = container_of(link, struct thread, task_link);
		uint32_t doing = thread_doing(thread);

		if (doing == 0 || report->count == report->room)
			continue;
		*(struct stuck_thread *)ipc_report_add(report) = (struct stuck_thread){
			.stt_thread = thread->id,
			.stt_doing = doing,
			.stt_name = doing == STUCK_SENDING ? thread->ipc.dest_name
				    : doing == STUCK_RECEIVING ? thread->ipc.rcv_name
							       : MACH_PORT_NULL,
			.stt_task = TASK_NUMBER_NONE,
		};
	}
	count = task->thread_count;
	spin_unlock(&task->lock);
	return count;
}

/* Whose port it is for which the thread has that name. */
static void find_port(struct ipc_space *space, struct stuck_thread *out)
{
	struct ipc_port *port;

	if (ipc_space_lookup_port(space, out->stt_name, ANY_RIGHT, &port) != KERN_SUCCESS)
		return;
	out->stt_serial = port->serial;
	out->stt_task = receiver_task(port);
	ipc_space_unlock_port(space, port);
}

kern_return_t task_stuck_threads(struct host *host_priv, struct task *task,
				 vm_map_copy_t *threads, mach_msg_type_number_t *count)
{
	struct ipc_report report = { .element = sizeof(struct stuck_thread) };
	uint32_t there;

	if (host_priv == NULL)
		return KERN_INVALID_HOST;
	if (task == NULL)
		return KERN_INVALID_TASK;
	there = task->thread_count;
	do {
		report.count = 0;
		if (!ipc_report_reserve(&report, there))
			return ipc_report_end(&report, KERN_RESOURCE_SHORTAGE, threads, count);
		there = note_threads(task, &report);
	} while (there > report.room);
	for (uint32_t i = 0; i < report.count; i++) {
		find_port(task->space, (struct stuck_thread *)report.data + i);
		preemption_point();
	}
	return ipc_report_end(&report, KERN_SUCCESS, threads, count);
}
