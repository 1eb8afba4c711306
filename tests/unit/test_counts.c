/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is counted of a port down each way, what brought a name, how many requests a port has;
 * long answers with failing allocations.
 */
#include <tests/unit/scene_queue.h>

#include <stdlib.h>

#include <ipc/origin.h>
#include <kern/slab.h>
#include <mach/mach_port_server.h>
#include <mach/notify.h>
#include <mach/porter_server.h>
#include <mach_debug/mach_debug_server.h>
#include <vm/map.h>

/* Any pointer is a host to the routines. */
static struct host *const host = (struct host *)1;

/* A test in the scene, which it leaves as it was. */
#define SCENE_TEST(name)			\
	static void in_scene_##name(void);	\
	START_TEST(name)			\
	{					\
		scene_start();				\
		in_scene_##name();		\
		scene_finish();			\
	}					\
	END_TEST				\
	static void in_scene_##name(void)

static struct port_statistics stat_of(struct task *task, mach_port_name_t name)
{
	struct port_statistics have;

	ck_must(port_statistics(host, task->space, name, &have) == KERN_SUCCESS);
	return have;
}

static void expect_counts(int p, uint32_t sent_count, uint32_t received, uint32_t blocked,
			  uint32_t failed, uint32_t longest)
{
	struct port_statistics have = stat_of(server, port[p]);

	ck_assert_uint_eq(have.pst_sent, sent_count);
	ck_assert_uint_eq(have.pst_received, received);
	ck_assert_uint_eq(have.pst_queued, sent_count - received);
	ck_assert_uint_eq(have.pst_blocked, blocked);
	ck_assert_uint_eq(have.pst_failed, failed);
	ck_assert_uint_eq(have.pst_longest, longest);
}

static void expect_waiting(int p, uint32_t senders, uint32_t receivers)
{
	struct port_statistics have = stat_of(server, port[p]);

	ck_assert_uint_eq(have.pst_senders, senders);
	ck_assert_uint_eq(have.pst_receivers, receivers);
}

/* The elements of an answer, which is given up. */
static void take_list(struct vm_map_copy *copy, void *list, uint32_t count, size_t element)
{
	if (count == 0) {
		ck_assert_ptr_null(copy);
		return;
	}
	ck_assert_uint_eq(vm_map_copy_size(copy), count * element);
	ck_must(vm_map_copy_read(copy, 0, list, count * element) == KERN_SUCCESS);
	vm_map_copy_discard(copy);
}

/* --- Ports ------------------------------------------------------------------------------- */

SCENE_TEST(test_counts)
{
	expect_counts(0, 0, 0, 0, 0, 0);
	receive_from(0, port[0]);
	expect_waiting(0, 0, 1);
	send_now(0, 1);
	expect(receiver[0], MACH_MSG_SUCCESS);
	expect_counts(0, 1, 1, 0, 0, 0);
	fill(0);
	expect_counts(0, 6, 1, 0, 0, 5);
	call_send(1, to[0], MACH_MSG_TYPE_COPY_SEND, 7, MACH_SEND_TIMEOUT, 0);
	expect(sender[1], MACH_SEND_TIMED_OUT);
	expect_counts(0, 6, 1, 0, 1, 5);
	for (int i = 1; i < 5; i++)
		call_send(i, to[0], MACH_MSG_TYPE_COPY_SEND, 7, MACH_SEND_TIMEOUT, 50);
	expect_counts(0, 6, 1, 4, 1, 5);
	expect_waiting(0, 4, 0);
	end_wait(sender[2], WAIT_TIMED_OUT, MACH_SEND_TIMED_OUT);
	end_wait(sender[3], WAIT_INTERRUPTED, MACH_SEND_INTERRUPTED);
	expect_counts(0, 6, 1, 4, 3, 5);
	expect_waiting(0, 2, 0);
	/* One whose wait is over, but which has not run: it is still linked. */
	actor_wake(sender[1], WAIT_TIMED_OUT);
	expect_waiting(0, 1, 0);
	actors_run();
	expect(sender[1], MACH_SEND_TIMED_OUT);
	take(port[0]);
	expect(sender[4], MACH_MSG_SUCCESS);
	expect_counts(0, 7, 2, 4, 4, 5);
	for (int i = 0; i < 5; i++)
		take(port[0]);
	expect_counts(0, 7, 7, 4, 4, 5);
}

/* More than are counted: nobody holds a lock for so long. */
SCENE_TEST(test_crowd)
{
	const uint32_t number = 5010;
	struct thread *crowd = calloc(number, sizeof(*crowd));
	struct port_statistics have;

	for (uint32_t i = 0; i < number; i++) {
		crowd[i].flags = TH_WAIT;
		queue_insert_tail(&real(0)->senders, &crowd[i].ipc.link);
	}
	have = stat_of(server, port[0]);
	for (uint32_t i = 0; i < number; i++)
		queue_remove(&crowd[i].ipc.link);
	free(crowd);
	ck_assert_uint_eq(have.pst_senders, 5000);
}

SCENE_TEST(test_seqno)
{
	send_now(0, 1);
	send_now(0, 2);
	take(port[0]);
	ck_must(mach_port_set_seqno(server->space, port[0], 0xffffffff) == KERN_SUCCESS);
	expect_counts(0, 2, 1, 0, 0, 2);
	take(port[0]);
	expect_counts(0, 2, 2, 0, 0, 2);
	send_now(0, 3);
	ck_must(mach_port_set_seqno(server->space, port[0], 0) == KERN_SUCCESS);
	expect_counts(0, 3, 2, 0, 0, 2);
	take(port[0]);
}

/* --- Spaces ------------------------------------------------------------------------------ */

static struct stuck_port stuck[600];

static uint32_t list_stuck(struct task *task)
{
	struct vm_map_copy *copy = NULL;
	uint32_t count = 0;

	ck_must(space_stuck_ports(host, task->space, &copy, &count) == KERN_SUCCESS);
	ck_must(count <= 600);
	take_list(copy, stuck, count, sizeof(stuck[0]));
	return count;
}

SCENE_TEST(test_stuck)
{
	mach_port_name_t set = new_right(server, MACH_PORT_RIGHT_PORT_SET);
	struct vm_map_copy *copy;
	uint32_t count;

	ck_assert_int_eq(space_stuck_ports(NULL, server->space, &copy, &count), KERN_INVALID_HOST);
	ck_assert_int_eq(space_stuck_ports(host, NULL, &copy, &count), KERN_INVALID_TASK);
	ck_assert_uint_eq(list_stuck(server), 0);
	client->id = 5;
	fill(1);
	send_to(1, 1, 6);
	send_to(2, 1, 7);
	send_now(2, 1);
	move(port[2], set, KERN_SUCCESS);
	ck_assert_uint_eq(list_stuck(client), 0);
	ck_assert_uint_eq(list_stuck(server), 2);
	ck_assert_uint_eq(stuck[0].stp_name, port[1]);
	ck_assert_uint_eq(stuck[0].stp_serial, real(1)->serial);
	ck_assert_uint_eq(stuck[0].stp_set, 0);
	ck_assert_uint_eq(stuck[0].stp_queued, 5);
	ck_assert_uint_eq(stuck[0].stp_qlimit, 5);
	ck_assert_uint_eq(stuck[0].stp_senders, 2);
	ck_assert_uint_eq(stuck[0].stp_receivers, 0);
	ck_assert_uint_eq(stuck[0].stp_first_sender, 5);
	ck_assert_uint_eq(stuck[1].stp_name, port[2]);
	ck_assert_uint_eq(stuck[1].stp_set, set);
	ck_assert_uint_eq(stuck[1].stp_queued, 1);
	ck_assert_uint_eq(stuck[1].stp_senders, 0);
	ck_assert_uint_eq(stuck[1].stp_first_sender, TASK_NUMBER_NONE);
	/* Those whose wait is over do not count, though they are still linked. */
	actor_wake(sender[1], WAIT_TIMED_OUT);
	ck_assert_uint_eq(list_stuck(server), 2);
	ck_assert_uint_eq(stuck[0].stp_senders, 1);
	actors_run();
	for (int i = 0; i < 6; i++)
		take(port[1]);
	ck_assert_uint_eq(list_stuck(server), 1);
	take(set);
	destroy(set);
}

/* Each allocation fails in turn, with a list that has grown several times. */
SCENE_TEST(test_many_stuck)
{
	struct task *task = fake_ipc_task();
	kern_return_t kr = KERN_RESOURCE_SHORTAGE;
	mach_port_name_t name[500];
	uint32_t count = 0, failures = 0;
	struct vm_map_copy *copy;

	for (int i = 0; i < 500; i++) {
		struct ipc_kmsg *kmsg = ipc_kmsg_alloc(sizeof(struct kmsg_header));
		struct ipc_port *p;

		name[i] = new_right(task, MACH_PORT_RIGHT_RECEIVE);
		p = entry_port(ipc_entry_lookup(&task->space->table, name[i]));
		ck_must(kmsg != NULL);
		kmsg->header = (struct kmsg_header){
			.bits = MACH_MSG_TYPE_PORT_SEND_ONCE, .size = sizeof(kmsg->header),
			.remote = ipc_port_make_sonce(p),
		};
		ipc_mqueue_deliver(kmsg);
	}
	while (kr == KERN_RESOURCE_SHORTAGE) {
		uint32_t live = fake_ipc_live();

		slab_fail_after(++failures);
		kr = space_stuck_ports(host, task->space, &copy, &count);
		slab_fail_after(0);
		ck_must(kr == KERN_SUCCESS || fake_ipc_live() == live);
	}
	ck_assert_int_eq(kr, KERN_SUCCESS);
	ck_assert_uint_gt(failures, 3);
	ck_assert_uint_eq(count, 500);
	take_list(copy, stuck, count, sizeof(stuck[0]));
	for (int i = 0; i < 500; i++)
		ck_must(stuck[i].stp_name == name[i] && stuck[i].stp_queued == 1);
	fake_ipc_task_end(task);
}

/* --- Origins ----------------------------------------------------------------------------- */

static struct right_origin origins[600];

static uint32_t list_origins(struct task *task, mach_port_name_t name)
{
	struct vm_map_copy *copy = NULL;
	uint32_t count = 0;

	ck_must(space_origins(host, task->space, name, &copy, &count) == KERN_SUCCESS);
	ck_must(count <= 600);
	take_list(copy, origins, count, sizeof(origins[0]));
	return count;
}

static void expect_origin(struct task *task, mach_port_name_t name, uint32_t kind, int id)
{
	ck_assert_uint_eq(list_origins(task, name), 1);
	ck_assert_uint_eq(origins[0].rio_name, name);
	ck_assert_uint_eq(origins[0].rio_kind, kind);
	ck_assert_int_eq(origins[0].rio_id, id);
}

SCENE_TEST(test_origins)
{
	struct thread *self = current_thread();
	struct ipc_kmsg *request = ipc_kmsg_alloc(sizeof(struct kmsg_header));
	mach_port_name_t name;

	ck_must(request != NULL);
	request->header.id = 3204;
	expect_origin(server, port[0], ORIGIN_UNKNOWN, 0);
	ipc_origin_trap(-26);
	name = new_right(server, MACH_PORT_RIGHT_DEAD_NAME);
	expect_origin(server, name, ORIGIN_TRAP, -26);
	ck_assert_uint_eq(origins[0].rio_type, MACH_PORT_TYPE_DEAD_NAME);
	ck_assert_uint_eq(origins[0].rio_urefs, 1);
	ck_must(mach_port_rename(server->space, name, 0x80000001) == KERN_SUCCESS);
	expect_origin(server, 0x80000001, ORIGIN_TRAP, -26);
	destroy(0x80000001);
	self->ipc.serving = request;
	name = new_right(server, MACH_PORT_RIGHT_DEAD_NAME);
	expect_origin(server, name, ORIGIN_RPC, 3204);
	destroy(name);
	self->ipc.serving = NULL;
	self->ipc.trap = 0;
	ipc_kmsg_free(request);
}

/* A reply right that comes in a call: queued, by the fast path, and back to its sender. */
SCENE_TEST(test_origin_of_message)
{
	mach_port_name_t reply = new_right(client, MACH_PORT_RIGHT_RECEIVE);
	struct letter *call = &sent[3];
	uint32_t before = fake_hand_overs;

	for (int fast = 0; fast < 2; fast++) {
		if (fast)
			receive_from(0, port[0]);
		*call = (struct letter){ .header = {
			.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND,
						    MACH_MSG_TYPE_MAKE_SEND_ONCE),
			.msgh_remote_port = to[0], .msgh_local_port = reply, .msgh_id = -40 - fast,
		} };
		actor_mach_msg(sender[3], call, MACH_SEND_MSG | MACH_RCV_MSG, 28, sizeof(*call),
			       reply, 0, 0);
		if (!fast)
			receive_from(0, port[0]);
		expect(receiver[0], MACH_MSG_SUCCESS);
		expect_origin(server, got[0].header.msgh_remote_port, ORIGIN_MESSAGE, -40 - fast);
		destroy(got[0].header.msgh_remote_port);	/* which tells the sender */
		expect(sender[3], MACH_MSG_SUCCESS);
	}
	ck_assert_uint_eq(fake_hand_overs, before + 1);
	fill(1);
	call->header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND,
						MACH_MSG_TYPE_MAKE_SEND_ONCE);
	call->header.msgh_remote_port = to[1];
	call->header.msgh_local_port = reply;
	call->header.msgh_id = 12;
	actor_mach_msg(sender[3], call, MACH_SEND_MSG | MACH_SEND_TIMEOUT, 28, 0, 0, 0, 0);
	expect(sender[3], MACH_SEND_TIMED_OUT);
	expect_origin(client, call->header.msgh_local_port, ORIGIN_MESSAGE, 12);
	ck_must(mach_port_deallocate(client->space, call->header.msgh_remote_port) ==
		KERN_SUCCESS);
	ck_must(mach_port_destroy(client->space, call->header.msgh_local_port) == KERN_SUCCESS);
	ck_must(mach_port_destroy(client->space, reply) == KERN_SUCCESS);
	for (int i = 0; i < 5; i++)
		take(port[1]);
}

SCENE_TEST(test_origin_lists)
{
	struct task *task = fake_ipc_task();
	kern_return_t kr = KERN_RESOURCE_SHORTAGE;
	struct vm_map_copy *copy;
	uint32_t count;

	ck_assert_int_eq(space_origins(NULL, task->space, 0, &copy, &count), KERN_INVALID_HOST);
	ck_assert_int_eq(space_origins(host, NULL, 0, &copy, &count), KERN_INVALID_TASK);
	ck_assert_int_eq(space_origins(host, task->space, 1, &copy, &count), KERN_INVALID_NAME);
	ck_assert_uint_eq(list_origins(task, 0), 0);
	for (int i = 0; i < 500; i++)
		new_right(task, MACH_PORT_RIGHT_DEAD_NAME);
	ck_assert_uint_eq(list_origins(task, 0), 500);
	ck_assert_uint_eq(list_origins(task, origins[499].rio_name), 1);
	for (uint32_t n = 1; kr != KERN_SUCCESS; n++) {
		slab_fail_after(n);
		kr = space_origins(host, task->space, origins[0].rio_name, &copy, &count);
		slab_fail_after(0);
		ck_must(kr == KERN_SUCCESS || kr == KERN_RESOURCE_SHORTAGE);
		ck_must(n < 10);
	}
	take_list(copy, origins, count, sizeof(origins[0]));
	ipc_space_destroy(task->space);
	ck_assert_int_eq(space_origins(host, task->space, 0, &copy, &count), KERN_INVALID_TASK);
	fake_ipc_task_end(task);
}

/* --- Requests ------------------------------------------------------------------------------ */

static uint32_t requests(mach_port_name_t name)
{
	unsigned total = 99, used = 99;

	ck_must(mach_port_dnrequest_info(server->space, name, &total, &used) == KERN_SUCCESS);
	ck_must(total == used);
	return used;
}

/* Ask to be told, on the second port, of the end of a name. */
static struct ipc_port *ask(mach_port_name_t name, bool cancel)
{
	struct ipc_port *right = cancel ? IP_NULL : ipc_port_make_sonce(real(1));
	struct ipc_port *previous;
	kern_return_t kr = mach_port_request_notification(client->space, name,
							  MACH_NOTIFY_DEAD_NAME, 0, right,
							  &previous);

	if (kr != KERN_SUCCESS)
		ipc_port_release_sonce(right);
	ck_must(kr == KERN_SUCCESS);
	return previous;
}

SCENE_TEST(test_dnrequests)
{
	mach_port_name_t once = make_once(0);

	ck_assert_uint_eq(requests(port[0]), 0);
	ck_assert_ptr_null(ask(to[0], false));
	ck_assert_uint_eq(requests(port[0]), 1);
	ipc_port_release_sonce(ask(to[0], false));
	ck_assert_uint_eq(requests(port[0]), 1);
	ck_assert_ptr_null(ask(once, false));
	ck_assert_uint_eq(requests(port[0]), 2);
	ck_must(mach_port_destroy(client->space, once) == KERN_SUCCESS);
	ck_assert_uint_eq(requests(port[0]), 1);
	ipc_port_release_sonce(ask(to[0], true));
	ck_assert_uint_eq(requests(port[0]), 0);
	take(port[0]);
	for (int i = 0; i < 3; i++)
		take(port[1]);
}

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_counts);
	tcase_add_test(tcase, test_crowd);
	tcase_add_test(tcase, test_seqno);
	tcase_add_test(tcase, test_stuck);
	tcase_add_test(tcase, test_many_stuck);
	tcase_add_test(tcase, test_origins);
	tcase_add_test(tcase, test_origin_of_message);
	tcase_add_test(tcase, test_origin_lists);
	tcase_add_test(tcase, test_dnrequests);
}
