/* SPDX-License-Identifier: BSD-2-Clause */
/* Port sets and sequence numbers. */
#include <tests/unit/scene_queue.h>

#include <mach/mach_port_server.h>

/* --- Sets -------------------------------------------------------------------------------- */

/* A member that is always full does not keep the others waiting. */
START_TEST(test_fairness)
{
	uint32_t served[PORTS] = { 0 };
	mach_port_name_t set;

	scene_start();
	set = new_right(server, MACH_PORT_RIGHT_PORT_SET);
	for (int p = 0; p < PORTS; p++) {
		fill(p);
		move(port[p], set, KERN_SUCCESS);
	}
	for (uint32_t i = 0; i < 30; i++) {
		take(set);
		for (int p = 0; p < PORTS; p++)
			if (got[5].header.msgh_local_port == port[p]) {
				ck_assert_uint_eq(got[5].header.msgh_seqno, served[p]++);
				send_now(p, 100 + i);
			}
		scene_check();
	}
	for (int p = 0; p < PORTS; p++)
		ck_assert_uint_eq(served[p], 10);
	scene_finish();
}
END_TEST

START_TEST(test_members)
{
	mach_port_name_t set, other;

	scene_start();
	set = new_right(server, MACH_PORT_RIGHT_PORT_SET);
	other = new_right(server, MACH_PORT_RIGHT_PORT_SET);
	move(0x999, set, KERN_INVALID_NAME);
	move(set, set, KERN_INVALID_RIGHT);
	move(port[0], 0x999, KERN_INVALID_NAME);
	move(port[0], port[1], KERN_INVALID_RIGHT);
	move(port[0], MACH_PORT_NULL, KERN_NOT_IN_SET);
	move(port[0], set, KERN_SUCCESS);
	move(port[0], set, KERN_SUCCESS);
	move(port[1], set, KERN_SUCCESS);
	receive_from(0, set);
	/* It waits on, whatever members do, and has what the next one gets. */
	move(port[0], other, KERN_SUCCESS);
	send_now(0, 5);
	destroy(port[1]);
	ck_assert(!receiver[0]->done);
	scene_check();
	move(port[0], set, KERN_SUCCESS);
	expect(receiver[0], MACH_MSG_SUCCESS);
	ck_assert_uint_eq(got[0].serial, 5);
	ck_assert_uint_eq(got[0].header.msgh_local_port, port[0]);
	ck_assert(nothing(set) && nothing(other));
	send_now(0, 6);
	move(port[0], MACH_PORT_NULL, KERN_SUCCESS);
	ck_assert(nothing(set));
	ck_assert_uint_eq(take(port[0]), 6);
	port[1] = new_right(server, MACH_PORT_RIGHT_RECEIVE);
	scene_finish();
}
END_TEST

/* A full port with blocked senders comes into a set where receivers wait: all are served. */
START_TEST(test_join_with_senders)
{
	mach_port_name_t set;

	scene_start();
	set = new_right(server, MACH_PORT_RIGHT_PORT_SET);
	set_limit(0, 2);
	fill(0);
	for (int i = 1; i < 5; i++)
		send_to(i, 0, 10 + (uint32_t)i);
	for (int i = 0; i < 3; i++)
		receive_from(i, set);
	move(port[0], set, KERN_SUCCESS);
	for (int i = 0; i < 3; i++)
		expect(receiver[i], MACH_MSG_SUCCESS);
	ck_assert_uint_eq(got[0].serial, 1);
	ck_assert_uint_eq(got[1].serial, 2);
	ck_assert_uint_eq(got[2].serial, 11);
	for (int i = 1; i < 5; i++)
		ck_assert(sender[i]->done == (i <= 3));
	scene_check();
	ck_assert_uint_eq(take(set), 12);
	ck_assert_uint_eq(take(set), 13);
	ck_assert_uint_eq(take(set), 14);
	scene_finish();
}
END_TEST

/* The same, of messages too large for those who wait. */
START_TEST(test_join_too_large)
{
	mach_port_name_t set;

	scene_start();
	set = new_right(server, MACH_PORT_RIGHT_PORT_SET);
	fill(0);
	call_receive(0, set, 24, MACH_RCV_LARGE, 0);
	call_receive(1, set, 24, 0, 0);
	move(port[0], set, KERN_SUCCESS);
	expect(receiver[0], MACH_RCV_TOO_LARGE);
	expect(receiver[1], MACH_RCV_TOO_LARGE);
	ck_assert_uint_eq(real(0)->msgcount, 4);
	ck_assert_uint_eq(take(set), 2);
	scene_finish();
}
END_TEST

/* --- Sequence numbers -------------------------------------------------------------------- */

START_TEST(test_seqno)
{
	struct ipc_port *right;
	mach_msg_type_name_t type;
	mach_port_name_t set;

	scene_start();
	set = new_right(server, MACH_PORT_RIGHT_PORT_SET);
	fill(0);
	take(port[0]);
	ck_assert_uint_eq(got[5].header.msgh_seqno, 0);
	move(port[0], set, KERN_SUCCESS);
	take(set);
	ck_assert_uint_eq(got[5].header.msgh_seqno, 1);
	move(port[0], 0, KERN_SUCCESS);
	ck_assert_int_eq(mach_port_set_seqno(server->space, port[0], 50), KERN_SUCCESS);
	take(port[0]);
	ck_assert_uint_eq(got[5].header.msgh_seqno, 50);
	/* The right moves: the numbers begin anew, the queue stays. */
	ck_must(mach_port_extract_right(server->space, port[0], MACH_MSG_TYPE_MOVE_RECEIVE, &right,
					&type) == KERN_SUCCESS);
	ck_must(mach_port_insert_right(server->space, port[0], right, type) == KERN_SUCCESS);
	ck_assert_uint_eq(take(port[0]), 4);
	ck_assert_uint_eq(got[5].header.msgh_seqno, 0);
	scene_finish();
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_fairness);
	tcase_add_test(tcase, test_members);
	tcase_add_test(tcase, test_join_with_senders);
	tcase_add_test(tcase, test_join_too_large);
	tcase_add_test(tcase, test_seqno);
}
