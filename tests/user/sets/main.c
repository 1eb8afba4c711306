/* SPDX-License-Identifier: BSD-2-Clause */
/* Port sets: membership, receiving from all members, and what waiters see when sets change. */
#include <libmach/string.h>
#include <mach.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "../common/worker.h"
#include "races.h"

static struct worker worker;

static kern_return_t move(mach_port_t port, mach_port_t set)
{
	return mach_port_move_member(mach_task_self(), port, set);
}

static unsigned int member_count(mach_port_t set)
{
	mach_port_name_array_t members;
	mach_msg_type_number_t count = 0;

	if (!EXPECT(mach_port_get_set_status(mach_task_self(), set, &members, &count),
			KERN_SUCCESS))
		return ~0u;
	for (unsigned int i = count; count > 0 && i < PAGE_SIZE / sizeof *members; i++)
		if (!EXPECT(members[i], 0))	/* PS-6 */
			break;
	vm_deallocate(mach_task_self(), (vm_offset_t) members, count * sizeof *members);
	return count;
}

static void expect_message(mach_port_t from, mach_port_t port, mach_msg_id_t id,
	mach_port_seqno_t seqno)
{
	struct message message;

	if (!EXPECT(message_receive(&message, from), MACH_MSG_SUCCESS))
		return;
	EXPECT(message.header.msgh_local_port, port);
	EXPECT(message.header.msgh_id, id);
	EXPECT(message.header.msgh_seqno, seqno);
}

static void test_membership(void)
{
	mach_port_t set = port_new_set(), other = port_new_set(), port = port_new();

	EXPECT(member_count(set), 0);
	EXPECT(move(port, set), KERN_SUCCESS);
	EXPECT(member_count(set), 1);
	EXPECT(port_status(port).mps_pset, set);
	EXPECT(move(port, set), KERN_SUCCESS);
	EXPECT(member_count(set), 1);
	EXPECT(move(port, other), KERN_SUCCESS);
	EXPECT(member_count(set), 0);
	EXPECT(member_count(other), 1);
	EXPECT(move(port, MACH_PORT_NULL), KERN_SUCCESS);
	EXPECT(member_count(other), 0);
	EXPECT(port_status(port).mps_pset, MACH_PORT_NULL);
	EXPECT(move(port, MACH_PORT_NULL), KERN_NOT_IN_SET);
	port_destroy(port);
	port_destroy(set);
	port_destroy(other);
}

/* The member is looked at first, then the set. */
static void test_codes(void)
{
	mach_port_t set = port_new_set(), port = port_new(), dead = port_new_dead();

	EXPECT(move(0x7ffff123, set), KERN_INVALID_NAME);
	EXPECT(move(set, set), KERN_INVALID_RIGHT);
	EXPECT(move(dead, set), KERN_INVALID_RIGHT);
	EXPECT(move(dead, 0x7ffff123), KERN_INVALID_RIGHT);
	EXPECT(move(port, 0x7ffff123), KERN_INVALID_NAME);
	EXPECT(move(port, port), KERN_INVALID_RIGHT);
	EXPECT(move(port, dead), KERN_INVALID_RIGHT);
	port_destroy(set);
	port_destroy(port);
	port_destroy(dead);
}

static void test_receive_from_members(void)
{
	mach_port_t set = port_new_set();
	mach_port_t one = port_new_with_send(1), two = port_new_with_send(1);
	struct message message;

	EXPECT(message_receive(&message, set), MACH_RCV_TIMED_OUT);
	EXPECT(send_simple(one, 1), MACH_MSG_SUCCESS);
	EXPECT(move(one, set), KERN_SUCCESS);
	EXPECT(move(two, set), KERN_SUCCESS);
	expect_message(set, one, 1, 0);
	EXPECT(send_simple(two, 2), MACH_MSG_SUCCESS);
	expect_message(set, two, 2, 0);
	EXPECT(send_simple(two, 3), MACH_MSG_SUCCESS);
	expect_message(set, two, 3, 1);
	EXPECT(message_receive(&message, set), MACH_RCV_TIMED_OUT);
	EXPECT(message_receive(&message, one), MACH_RCV_IN_SET);
	EXPECT(send_simple(one, 4), MACH_MSG_SUCCESS);
	EXPECT(move(one, MACH_PORT_NULL), KERN_SUCCESS);
	EXPECT(message_receive(&message, set), MACH_RCV_TIMED_OUT);
	expect_message(one, one, 4, 1);
	port_destroy(one);
	port_destroy(two);
	port_destroy(set);
}

/* No member waits for ever while another is always full. */
static void test_fairness(void)
{
	mach_port_t set = port_new_set(), port[3];
	unsigned int served[3] = { 0 };
	struct message message;

	for (int i = 0; i < 3; i++) {
		port[i] = port_new_with_send(1);
		EXPECT(move(port[i], set), KERN_SUCCESS);
		for (int id = 0; id < 5; id++)
			EXPECT(send_simple(port[i], i), MACH_MSG_SUCCESS);
	}
	for (int round = 0; round < 60; round++) {
		if (!EXPECT(message_receive(&message, set), MACH_MSG_SUCCESS))
			break;
		served[message.header.msgh_id]++;
		EXPECT(send_simple(message.header.msgh_local_port, message.header.msgh_id),
			MACH_MSG_SUCCESS);
	}
	for (int i = 0; i < 3; i++) {
		EXPECT_TRUE(served[i] >= 10);
		port_destroy(port[i]);
	}
	port_destroy(set);
}

static void test_waiter_on_set(void)
{
	mach_port_t set = port_new_set(), one = port_new_with_send(1);
	mach_port_t leaving = port_new(), dying = port_new();

	EXPECT(move(leaving, set), KERN_SUCCESS);
	EXPECT(move(dying, set), KERN_SUCCESS);
	worker_receive(&worker, set);
	EXPECT(move(leaving, MACH_PORT_NULL), KERN_SUCCESS);
	port_destroy(dying);
	EXPECT(move(one, set), KERN_SUCCESS);
	EXPECT(worker_is_done(&worker), FALSE);
	EXPECT(send_simple(one, 5), MACH_MSG_SUCCESS);
	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	EXPECT(worker.message.header.msgh_id, 5);
	EXPECT(worker.message.header.msgh_local_port, one);
	port_destroy(leaving);
	port_destroy(one);
	port_destroy(set);
}

/* A port that joins the set with a message in its queue wakes who waits on the set. */
static void test_full_port_joins(void)
{
	mach_port_t set = port_new_set(), one = port_new_with_send(1);

	EXPECT(send_simple(one, 6), MACH_MSG_SUCCESS);
	worker_receive(&worker, set);
	EXPECT(move(one, set), KERN_SUCCESS);
	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	EXPECT(worker.message.header.msgh_id, 6);
	port_destroy(one);
	port_destroy(set);
}

static void test_waiter_on_joining_port(void)
{
	mach_port_t set = port_new_set(), port = port_new();

	worker_receive(&worker, port);
	EXPECT(move(port, set), KERN_SUCCESS);
	EXPECT(worker_end(&worker), MACH_RCV_PORT_CHANGED);
	port_destroy(port);
	port_destroy(set);
}

static void test_set_dies(void)
{
	mach_port_t set = port_new_set(), port = port_new_with_send(1);
	struct message message;

	EXPECT(move(port, set), KERN_SUCCESS);
	worker_receive(&worker, set);
	port_destroy(set);
	EXPECT(worker_end(&worker), MACH_RCV_PORT_DIED);
	EXPECT(move(port, MACH_PORT_NULL), KERN_NOT_IN_SET);
	EXPECT(port_status(port).mps_pset, MACH_PORT_NULL);
	EXPECT(send_simple(port, 1), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	port_destroy(port);
}

/* What a set's waiter takes of a full port that joins makes room for the sender that waits. */
static void test_full_port_joins_waiter(void)
{
	static struct worker sender;
	mach_port_t set = port_new_set(), port = port_new_with_send(1);

	EXPECT(mach_port_set_qlimit(mach_task_self(), port, 1), KERN_SUCCESS);
	EXPECT(send_simple(port, 1), MACH_MSG_SUCCESS);
	worker_send(&sender, port, 2);
	EXPECT(sender.done, FALSE);
	worker_receive(&worker, set);
	EXPECT(move(port, set), KERN_SUCCESS);
	EXPECT(worker_end(&worker), MACH_MSG_SUCCESS);
	EXPECT(worker.message.header.msgh_id, 1);
	EXPECT_TRUE(worker_is_done(&sender));
	expect_message(set, port, 2, 1);
	EXPECT(worker_end(&sender), MACH_MSG_SUCCESS);
	port_destroy(port);
	port_destroy(set);
}

/* The receive right of a member leaves the set when it moves. */
static void test_member_moves_away(void)
{
	mach_port_t set = port_new_set(), port = port_new(), other = port_new_with_send(1);
	struct message message;

	EXPECT(move(port, set), KERN_SUCCESS);
	message_init(&message, other, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	message_right(&message, port, MACH_MSG_TYPE_MOVE_RECEIVE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(member_count(set), 0);
	EXPECT(message_receive(&message, other), MACH_MSG_SUCCESS);
	EXPECT(port_status(message.body[1]).mps_pset, MACH_PORT_NULL);
	port_destroy(message.body[1]);
	port_destroy(other);
	port_destroy(set);
}

static void test_many_members(void)
{
	enum { MANY = 300 };
	static mach_port_t port[MANY];
	mach_port_t set = port_new_set();

	for (int i = 0; i < MANY; i++) {
		port[i] = port_new_with_send(1);
		EXPECT(move(port[i], set), KERN_SUCCESS);
	}
	EXPECT(member_count(set), MANY);
	for (int i = MANY - 1; i >= 0; i -= 7) {
		EXPECT(send_simple(port[i], i), MACH_MSG_SUCCESS);
		expect_message(set, port[i], i, 0);
	}
	for (int i = 0; i < MANY; i++)
		port_destroy(port[i]);
	EXPECT(member_count(set), 0);
	port_destroy(set);
}

static const struct test tests[] = {
	{ .name = "PS-4 members come and go", .run = test_membership },
	{ .name = "codes of mach_port_move_member", .run = test_codes },
	{ .name = "PS-2 receiving from members", .run = test_receive_from_members },
	{ .name = "fairness", .run = test_fairness },
	{ .name = "a waiter on a set stays when members leave", .run = test_waiter_on_set },
	{ .name = "a port with messages joins", .run = test_full_port_joins },
	{ .name = "a full port joins a set with a waiter", .run = test_full_port_joins_waiter },
	{ .name = "PS-2 a waiter on a port that joins a set", .run = test_waiter_on_joining_port },
	{ .name = "PS-3 the set dies", .run = test_set_dies },
	{ .name = "a member's receive right moves", .run = test_member_moves_away },
	{ .name = "300 members", .run = test_many_members },
	{ .name = "PS-1 no wakeup is lost", .run = test_no_lost_wakeup },
	{ .name = "PS-3 PS-4 members of sets that change", .run = test_changing_sets },
	{ .name = "PS-3 sets and members die under receivers", .run = test_dying_sets },
	{ .name = "PS-6 the list of members is of one moment", .run = test_status_under_change },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
