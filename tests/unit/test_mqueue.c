/* SPDX-License-Identifier: BSD-2-Clause */
/* Queues: limits, senders and receivers that wait, send and receive in one call. */
#include <tests/unit/scene_queue.h>

#include <mach/mach_port_server.h>

/* --- Limits ------------------------------------------------------------------------------ */

START_TEST(test_limit)
{
	scene_start();
	for (uint32_t i = 1; i <= MACH_PORT_QLIMIT_DEFAULT; i++)
		send_now(0, i);
	call_send(0, to[0], MACH_MSG_TYPE_COPY_SEND, 6, MACH_SEND_TIMEOUT, 0);
	expect(sender[0], MACH_SEND_TIMED_OUT);
	ck_assert_uint_eq(real(0)->msgcount, 5);
	/* A send-once right does not wait. */
	call_send(0, make_once(0), MACH_MSG_TYPE_MOVE_SEND_ONCE, 7, 0, 0);
	expect(sender[0], MACH_MSG_SUCCESS);
	ck_assert_uint_eq(real(0)->msgcount, 6);
	/* Lowering keeps what is queued. */
	set_limit(0, 2);
	ck_assert_uint_eq(real(0)->msgcount, 6);
	ck_assert_int_eq(mach_port_set_qlimit(server->space, 0x999, 17), KERN_INVALID_VALUE);
	ck_assert_int_eq(mach_port_set_qlimit(server->space, 0x999, 16), KERN_INVALID_NAME);
	for (uint32_t i = 1; i <= 5; i++)
		ck_assert_uint_eq(take(port[0]), i);
	ck_assert_uint_eq(take(port[0]), 7);
	ck_assert(nothing(port[0]));
	scene_finish();
}
END_TEST

/* With limit 0 even a waiting receiver lets nobody through, but send-once rights. */
START_TEST(test_limit_zero)
{
	scene_start();
	set_limit(0, 0);
	receive_from(0, port[0]);
	send_to(1, 0, 1);
	ck_assert(!sender[1]->done && !receiver[0]->done);
	call_send(2, make_once(0), MACH_MSG_TYPE_MOVE_SEND_ONCE, 2, 0, 0);
	expect(sender[2], MACH_MSG_SUCCESS);
	expect(receiver[0], MACH_MSG_SUCCESS);
	ck_assert_uint_eq(got[0].serial, 2);
	receive_from(0, port[0]);
	set_limit(0, 1);
	expect(sender[1], MACH_MSG_SUCCESS);
	expect(receiver[0], MACH_MSG_SUCCESS);
	ck_assert_uint_eq(got[0].serial, 1);
	scene_finish();
}
END_TEST

/* --- Senders that wait ------------------------------------------------------------------- */

/* First come, first served, one for each message that leaves. */
START_TEST(test_sender_order)
{
	scene_start();
	fill(0);
	for (int i = 1; i < 5; i++)
		send_to(i, 0, 10 + (uint32_t)i);
	for (int i = 1; i < 5; i++) {
		ck_assert(!sender[i]->done);
		ck_assert_uint_eq(take(port[0]), (uint32_t)i);
		expect(sender[i], MACH_MSG_SUCCESS);
		scene_check();
	}
	ck_assert_uint_eq(take(port[0]), 5);
	for (uint32_t i = 11; i < 15; i++)
		ck_assert_uint_eq(take(port[0]), i);
	scene_finish();
}
END_TEST

/* Raising the limit wakes as many as fit. */
START_TEST(test_raise_limit)
{
	scene_start();
	set_limit(0, 2);
	fill(0);
	for (int i = 1; i < 6; i++)
		send_to(i, 0, 10 + (uint32_t)i);
	set_limit(0, 5);
	for (int i = 1; i < 6; i++)
		ck_assert(sender[i]->done == (i <= 3));
	scene_check();
	set_limit(0, 16);
	for (int i = 4; i < 6; i++)
		expect(sender[i], MACH_MSG_SUCCESS);
	ck_assert_uint_eq(real(0)->msgcount, 7);
	scene_finish();
}
END_TEST

START_TEST(test_sender_gives_up)
{
	scene_start();
	fill(0);
	call_send(1, to[0], MACH_MSG_TYPE_COPY_SEND, 11, MACH_SEND_TIMEOUT, 250);
	ck_assert(sender[1]->timeout_set && sender[1]->timeout == 250);
	call_send(2, to[0], MACH_MSG_TYPE_COPY_SEND, 12, MACH_SEND_TIMEOUT, ~0u);
	ck_assert(sender[2]->timeout_set && sender[2]->timeout == ~0u);
	call_send(3, to[0], MACH_MSG_TYPE_MAKE_SEND, 13, MACH_SEND_TIMEOUT, 1);
	expect(sender[3], MACH_SEND_INVALID_DEST);
	send_to(3, 0, 13);
	ck_assert(!sender[3]->timeout_set);
	end_wait(sender[1], WAIT_TIMED_OUT, MACH_SEND_TIMED_OUT);
	end_wait(sender[3], WAIT_INTERRUPTED, MACH_SEND_INTERRUPTED);
	/* The message is back, fit to be sent again. */
	ck_assert_uint_eq(sent[1].header.msgh_bits, MACH_MSG_TYPE_MOVE_SEND);
	ck_assert_uint_eq(sent[1].header.msgh_remote_port, to[0]);
	ck_assert_uint_eq(sent[1].serial, 11);
	scene_check();
	for (uint32_t i = 1; i < 6; i++)
		ck_assert_uint_eq(take(port[0]), i);
	expect(sender[2], MACH_MSG_SUCCESS);
	ck_assert_uint_eq(take(port[0]), 12);
	ck_assert(nothing(port[0]));
	scene_finish();
}
END_TEST

/* The end of a wait has been decided, but the thread has not run yet: others pass it over. */
START_TEST(test_sender_passed_over)
{
	scene_start();
	fill(0);
	for (int i = 1; i < 4; i++)
		send_to(i, 0, 10 + (uint32_t)i);
	ck_assert(actor_wake(sender[1], WAIT_TIMED_OUT));
	ck_assert_uint_eq(take(port[0]), 1);
	expect(sender[1], MACH_SEND_TIMED_OUT);
	expect(sender[2], MACH_MSG_SUCCESS);
	ck_assert(!sender[3]->done);
	ck_assert(actor_wake(sender[3], WAIT_INTERRUPTED));
	ck_assert(!actor_wake(sender[3], WAIT_TIMED_OUT));
	destroy(port[0]);
	expect(sender[3], MACH_SEND_INTERRUPTED);
	ck_assert_uint_eq(sent[3].header.msgh_remote_port, MACH_PORT_DEAD);
	port[0] = new_right(server, MACH_PORT_RIGHT_RECEIVE);
	scene_finish();
}
END_TEST

/* The port dies: the sends succeed, what was sent is destroyed. */
START_TEST(test_sender_port_dies)
{
	mach_port_name_t reply;

	scene_start();
	reply = new_right(client, MACH_PORT_RIGHT_RECEIVE);
	fill(0);
	sent[1] = (struct letter){
		.header = { .msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND,
							MACH_MSG_TYPE_MAKE_SEND_ONCE),
			    .msgh_remote_port = to[0], .msgh_local_port = reply },
	};
	actor_mach_msg(sender[1], &sent[1], MACH_SEND_MSG, 24, 0, 0, 0, 0);
	send_to(2, 0, 12);
	ck_assert(!sender[1]->done && !sender[2]->done);
	destroy(port[0]);
	expect(sender[1], MACH_MSG_SUCCESS);
	expect(sender[2], MACH_MSG_SUCCESS);
	ck_assert_uint_eq(entry_port(ipc_entry_lookup(&client->space->table, reply))->msgcount, 1);
	port[0] = new_right(server, MACH_PORT_RIGHT_RECEIVE);
	scene_finish();
}
END_TEST

/* A message with the destination's own receive right: the queue's length counts first. */
START_TEST(test_circular)
{
	mach_port_name_t own;
	mach_port_type_t type;

	scene_start();
	own = new_right(client, MACH_PORT_RIGHT_RECEIVE);
	for (uint32_t i = 0; i < 2; i++) {
		struct ipc_port *p = entry_port(ipc_entry_lookup(&client->space->table, own));

		sent[1] = (struct letter){
			.header = { .msgh_bits = MACH_MSG_TYPE_MAKE_SEND | MACH_MSGH_BITS_COMPLEX,
				    .msgh_remote_port = own },
			.serial = 0x10010000 | 32 << 8 | MACH_MSG_TYPE_MOVE_RECEIVE,
			.more = { own },
		};
		p->qlimit = (uint16_t)i;	/* 0: it must wait */
		actor_mach_msg(sender[1], &sent[1], MACH_SEND_MSG | MACH_SEND_TIMEOUT, 32, 0, 0,
			       5, 0);
		if (i == 0) {
			end_wait(sender[1], WAIT_TIMED_OUT, MACH_SEND_TIMED_OUT);
			own = sent[1].more[0];
			ck_assert_uint_eq(sent[1].header.msgh_remote_port, own);
		} else {
			expect(sender[1], MACH_MSG_SUCCESS);
			ck_assert_int_eq(mach_port_type(client->space, own, &type), KERN_SUCCESS);
			ck_assert_uint_eq(type, MACH_PORT_TYPE_DEAD_NAME);
		}
		scene_check();
	}
	scene_finish();
}
END_TEST

/* One that waits with such a message goes on when there is room, and the message is destroyed. */
START_TEST(test_circular_waits)
{
	struct ipc_port *p;
	mach_port_name_t own, name;
	mach_port_type_t type;

	scene_start();
	own = new_right(client, MACH_PORT_RIGHT_RECEIVE);
	p = entry_port(ipc_entry_lookup(&client->space->table, own));
	name = fake_insert_send(client, ipc_port_make_send(p));
	p->qlimit = 0;
	sent[1] = (struct letter){
		.header = { .msgh_bits = MACH_MSG_TYPE_COPY_SEND | MACH_MSGH_BITS_COMPLEX,
			    .msgh_remote_port = name },
		.serial = 0x10010000 | 32 << 8 | MACH_MSG_TYPE_MOVE_RECEIVE,
		.more = { own },
	};
	actor_mach_msg(sender[1], &sent[1], MACH_SEND_MSG, 32, 0, 0, 0, 0);
	ck_assert(!sender[1]->done);
	ipc_port_lock(p);
	p->qlimit = 1;
	ipc_mqueue_admit_senders(p);
	ipc_port_unlock(p);
	actors_run();
	expect(sender[1], MACH_MSG_SUCCESS);
	ck_assert_int_eq(mach_port_type(client->space, name, &type), KERN_SUCCESS);
	ck_assert_uint_eq(type, MACH_PORT_TYPE_DEAD_NAME);
	scene_finish();
}
END_TEST

/* --- Receivers that wait ----------------------------------------------------------------- */

/* Handed over, without being queued, to the first that came. */
START_TEST(test_receiver_order)
{
	scene_start();
	for (int i = 0; i < 3; i++)
		receive_from(i, port[0]);
	for (int i = 0; i < 3; i++) {
		ck_assert(!receiver[i]->done);
		send_now(0, 40 + (uint32_t)i);
		expect(receiver[i], MACH_MSG_SUCCESS);
		ck_assert_uint_eq(got[i].serial, 40 + (uint32_t)i);
		ck_assert_uint_eq(got[i].header.msgh_local_port, port[0]);
		ck_assert_uint_eq(got[i].header.msgh_seqno, (uint32_t)i);
		ck_assert_uint_eq(real(0)->msgcount, 0);
		scene_check();
	}
	scene_finish();
}
END_TEST

START_TEST(test_receiver_gives_up)
{
	scene_start();
	call_receive(0, port[0], 100, MACH_RCV_TIMEOUT, 77);
	ck_assert(receiver[0]->timeout_set && receiver[0]->timeout == 77);
	receive_from(1, port[0]);
	ck_assert(!receiver[1]->timeout_set);
	scene_check();
	end_wait(receiver[0], WAIT_TIMED_OUT, MACH_RCV_TIMED_OUT);
	end_wait(receiver[1], WAIT_INTERRUPTED, MACH_RCV_INTERRUPTED);
	/* Decided, but it has not run: it gets no message any more. */
	receive_from(0, port[0]);
	receive_from(1, port[0]);
	ck_assert(actor_wake(receiver[0], WAIT_TIMED_OUT));
	send_now(0, 9);
	expect(receiver[0], MACH_RCV_TIMED_OUT);
	expect(receiver[1], MACH_MSG_SUCCESS);
	ck_assert_uint_eq(got[1].serial, 9);
	receive_from(0, port[0]);
	ck_assert(actor_wake(receiver[0], WAIT_INTERRUPTED));
	send_now(0, 10);
	expect(receiver[0], MACH_RCV_INTERRUPTED);
	ck_assert_uint_eq(take(port[0]), 10);
	scene_finish();
}
END_TEST

START_TEST(test_receiver_port_goes)
{
	struct ipc_port *right;
	mach_msg_type_name_t type;
	mach_port_name_t set;

	scene_start();
	set = new_right(server, MACH_PORT_RIGHT_PORT_SET);
	receive_from(0, port[0]);
	receive_from(1, port[1]);
	receive_from(2, port[2]);
	ck_assert_int_eq(mach_port_rename(server->space, port[0], 0x777), KERN_SUCCESS);
	actors_run();
	ck_assert(!receiver[0]->done);
	port[0] = 0x777;
	destroy(port[0]);
	expect(receiver[0], MACH_RCV_PORT_DIED);
	ck_assert_int_eq(mach_port_extract_right(server->space, port[1],
						 MACH_MSG_TYPE_MOVE_RECEIVE, &right, &type),
			 KERN_SUCCESS);
	actors_run();
	expect(receiver[1], MACH_RCV_PORT_DIED);
	ck_assert_int_eq(mach_port_insert_right(server->space, 0x888, right, type), KERN_SUCCESS);
	move(port[2], set, KERN_SUCCESS);
	expect(receiver[2], MACH_RCV_PORT_CHANGED);
	call_receive(2, port[2], 100, 0, 0);
	expect(receiver[2], MACH_RCV_IN_SET);
	port[1] = 0x888;
	call_receive(2, to[0] + 500, 100, 0, 0);
	expect(receiver[2], MACH_RCV_INVALID_NAME);
	/* The set goes; its member stays, with its messages. */
	receive_from(3, set);
	destroy(set);
	expect(receiver[3], MACH_RCV_PORT_DIED);
	send_now(2, 3);
	ck_assert_uint_eq(take(port[2]), 3);
	port[0] = new_right(server, MACH_PORT_RIGHT_RECEIVE);
	scene_finish();
}
END_TEST

/* Too large for who waits: told, and left to the next, or destroyed. */
START_TEST(test_too_large)
{
	scene_start();
	call_receive(0, port[0], 24, MACH_RCV_LARGE, 0);
	call_receive(1, port[0], 27, 0, 0);
	call_receive(2, port[0], 28, 0, 0);
	send_now(0, 1);
	expect(receiver[0], MACH_RCV_TOO_LARGE);
	ck_assert_uint_eq(got[0].header.msgh_size, 28);
	ck_assert_uint_eq(got[0].header.msgh_bits, 0xeeeeeeee);
	expect(receiver[1], MACH_RCV_TOO_LARGE);
	ck_assert_uint_eq(got[1].header.msgh_size, 28);
	ck_assert_uint_eq(got[1].header.msgh_local_port, port[0]);
	ck_assert_uint_eq(got[1].header.msgh_seqno, 0);
	ck_assert_int_eq(got[1].header.msgh_id, 100);
	ck_assert_uint_eq(got[1].serial, 0xeeeeeeee);
	ck_assert(!receiver[2]->done);
	send_now(0, 2);
	expect(receiver[2], MACH_MSG_SUCCESS);
	ck_assert_uint_eq(got[2].header.msgh_seqno, 1);
	/* In the queue: asked for its size as often as one likes. */
	send_now(0, 3);
	for (mach_msg_size_t size = 0; size < 28; size += 5) {
		call_receive(0, port[0], size, MACH_RCV_LARGE, 0);
		expect(receiver[0], MACH_RCV_TOO_LARGE);
		ck_assert_uint_eq(got[0].header.msgh_size, 28);
	}
	ck_assert_uint_eq(take(port[0]), 3);
	ck_assert_uint_eq(got[5].header.msgh_seqno, 2);
	scene_finish();
}
END_TEST

/* --- Both in one call -------------------------------------------------------------------- */

static void call_both(int i, mach_port_name_t dest, mach_port_name_t from,
		      mach_msg_option_t option)
{
	sent[i] = (struct letter){
		.header = { .msgh_bits = MACH_MSG_TYPE_COPY_SEND, .msgh_remote_port = dest },
	};
	actor_mach_msg(sender[i], &sent[i], MACH_SEND_MSG | MACH_RCV_MSG | option, 28,
		       sizeof(sent[i]), from, 0, 0);
}

START_TEST(test_send_and_receive)
{
	mach_port_name_t mine;

	scene_start();
	mine = new_right(client, MACH_PORT_RIGHT_RECEIVE);
	/* The send fails: nothing is received.  The receive fails: it has been sent. */
	call_both(0, 0x999, mine, 0);
	expect(sender[0], MACH_SEND_INVALID_DEST);
	call_both(0, to[0], 0x999, 0);
	expect(sender[0], MACH_RCV_INVALID_NAME);
	ck_assert_uint_eq(real(0)->msgcount, 1);
	call_both(0, to[0], mine, MACH_RCV_TIMEOUT);
	expect(sender[0], MACH_RCV_TIMED_OUT);
	fill(0);
	call_both(1, to[0], mine, MACH_SEND_TIMEOUT);
	expect(sender[1], MACH_SEND_TIMED_OUT);
	/* Waits to send, then to receive. */
	call_both(2, to[0], mine, 0);
	ck_assert(!sender[2]->done);
	take(port[0]);
	ck_assert(!sender[2]->done);
	ck_assert_uint_eq(real(0)->msgcount, 5);
	end_wait(sender[2], WAIT_INTERRUPTED, MACH_RCV_INTERRUPTED);
	scene_finish();
}
END_TEST

/* A reply, by one who then wants to receive from a name that has nothing to receive. */
START_TEST(test_reply_and_receive_nowhere)
{
	mach_port_name_t nowhere;

	scene_start();
	nowhere = new_right(client, MACH_PORT_RIGHT_DEAD_NAME);
	for (uint32_t i = 0; i < 2; i++) {
		receive_from(0, port[0]);
		sent[0] = (struct letter){
			.header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0),
			.header.msgh_remote_port = make_once(0),
			.serial = i,
		};
		actor_mach_msg(sender[0], &sent[0], MACH_SEND_MSG | MACH_RCV_MSG, 28,
			       sizeof(sent[0]), i == 0 ? nowhere : to[0], 0, 0);
		expect(sender[0], MACH_RCV_INVALID_NAME);
		expect(receiver[0], MACH_MSG_SUCCESS);
		ck_assert_uint_eq(got[0].serial, i);
	}
	scene_finish();
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_reply_and_receive_nowhere);
	tcase_add_test(tcase, test_limit);
	tcase_add_test(tcase, test_limit_zero);
	tcase_add_test(tcase, test_sender_order);
	tcase_add_test(tcase, test_raise_limit);
	tcase_add_test(tcase, test_sender_gives_up);
	tcase_add_test(tcase, test_sender_passed_over);
	tcase_add_test(tcase, test_sender_port_dies);
	tcase_add_test(tcase, test_circular);
	tcase_add_test(tcase, test_circular_waits);
	tcase_add_test(tcase, test_receiver_order);
	tcase_add_test(tcase, test_receiver_gives_up);
	tcase_add_test(tcase, test_receiver_port_goes);
	tcase_add_test(tcase, test_too_large);
	tcase_add_test(tcase, test_send_and_receive);
}
