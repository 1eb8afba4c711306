/* SPDX-License-Identifier: BSD-2-Clause */
/* MACH_SEND_NOTIFY and its msg-accepted notifications. */
#include <tests/unit/scene_queue.h>

#include <kern/slab.h>
#include <mach/mach_port_server.h>
#include <mach/notify.h>

/* --- MACH_SEND_NOTIFY -------------------------------------------------------------------- */

static mach_port_name_t notify;

static void send_notify(int i, mach_port_name_t name, mach_msg_option_t option,
			mach_msg_return_t mr)
{
	sent[i] = (struct letter){
		.header = { .msgh_bits = MACH_MSG_TYPE_COPY_SEND, .msgh_remote_port = to[0],
			    .msgh_id = 100 },
		.serial = 70 + (uint32_t)i,
	};
	actor_mach_msg(sender[i], &sent[i], MACH_SEND_MSG | MACH_SEND_NOTIFY | option, 28, 0, 0,
		       option & MACH_SEND_TIMEOUT ? 10 : 0, name);
	slab_fail_after(0);
	if (mr != 0)
		expect(sender[i], mr);
	scene_check();
}

/* The clients' notify port has got one msg-accepted with this name. */
static void expect_accepted(mach_port_name_t name)
{
	struct { mach_msg_header_t header; uint32_t type, name; } got_it;

	actor_mach_msg(sender[5], &got_it, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(got_it),
		       notify, 0, 0);
	expect(sender[5], MACH_MSG_SUCCESS);
	ck_assert_int_eq(got_it.header.msgh_id, MACH_NOTIFY_MSG_ACCEPTED);
	ck_assert_uint_eq(got_it.header.msgh_bits, 0x1200);
	ck_assert_uint_eq(got_it.header.msgh_size, 32);
	ck_assert_uint_eq(got_it.type, 0x1001200f);
	ck_assert_uint_eq(got_it.name, name);
	actor_mach_msg(sender[5], &got_it, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(got_it),
		       notify, 0, 0);
	expect(sender[5], MACH_RCV_TIMED_OUT);
}

static mach_port_type_t type_of(mach_port_name_t name)
{
	mach_port_type_t type;

	ck_must(mach_port_type(client->space, name, &type) == KERN_SUCCESS);
	return type;
}

static void take_all(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		take(port[0]);
	ck_assert(nothing(port[0]));
}

START_TEST(test_accepted)
{
	scene_start();
	notify = new_right(client, MACH_PORT_RIGHT_RECEIVE);
	/* With room it is an ordinary send, whatever the name. */
	send_notify(1, 0x999, 0, MACH_MSG_SUCCESS);
	fill(0);
	send_notify(1, 0, 0, MACH_SEND_INVALID_NOTIFY);
	send_notify(1, to[0], 0, MACH_SEND_INVALID_NOTIFY);
	ck_assert_uint_eq(sent[1].header.msgh_bits, MACH_MSG_TYPE_MOVE_SEND);
	send_notify(1, notify, 0, MACH_SEND_WILL_NOTIFY);
	ck_assert_uint_eq(real(0)->msgcount, 6);
	ck_assert_uint_eq(type_of(to[0]), MACH_PORT_TYPE_SEND | MACH_PORT_TYPE_MAREQUEST);
	send_notify(1, notify, 0, MACH_SEND_NOTIFY_IN_PROGRESS);
	send_notify(1, 0x999, 0, MACH_SEND_NOTIFY_IN_PROGRESS);
	send_notify(1, 0, 0, MACH_SEND_INVALID_NOTIFY);
	take_all(6);
	ck_assert_uint_eq(type_of(to[0]), MACH_PORT_TYPE_SEND);
	expect_accepted(to[0]);
	scene_finish();
}
END_TEST

/* It waits for as long as it is told, then goes in by force; or on its own, if there is room. */
START_TEST(test_accepted_after_timeout)
{
	scene_start();
	notify = new_right(client, MACH_PORT_RIGHT_RECEIVE);
	fill(0);
	send_notify(1, notify, MACH_SEND_TIMEOUT, 0);
	send_notify(2, notify, MACH_SEND_TIMEOUT, 0);
	ck_assert(!sender[1]->done && !sender[2]->done && sender[1]->timeout == 10);
	take(port[0]);
	expect(sender[1], MACH_MSG_SUCCESS);
	end_wait(sender[2], WAIT_TIMED_OUT, MACH_SEND_WILL_NOTIFY);
	take_all(6);
	expect_accepted(to[0]);
	fill(0);
	send_notify(1, notify, MACH_SEND_TIMEOUT, 0);
	end_wait(sender[1], WAIT_INTERRUPTED, MACH_SEND_INTERRUPTED);
	take_all(5);
	scene_finish();
}
END_TEST

/* The name that is told: as it is then. */
START_TEST(test_accepted_name)
{
	mach_port_name_t name = 0x666;

	scene_start();
	notify = new_right(client, MACH_PORT_RIGHT_RECEIVE);
	fill(0);
	send_notify(1, notify, 0, MACH_SEND_WILL_NOTIFY);
	ck_assert_int_eq(mach_port_rename(client->space, to[0], name), KERN_SUCCESS);
	scene_check();
	ck_assert_uint_eq(type_of(name), MACH_PORT_TYPE_SEND | MACH_PORT_TYPE_MAREQUEST);
	take_all(6);
	expect_accepted(name);
	to[0] = name;
	fill(0);
	send_notify(1, notify, 0, MACH_SEND_WILL_NOTIFY);
	ck_assert_int_eq(mach_port_destroy(client->space, name), KERN_SUCCESS);
	to[0] = fake_insert_send(client, ipc_port_make_send(real(0)));
	ck_assert_uint_eq(type_of(to[0]), MACH_PORT_TYPE_SEND);
	scene_check();
	take_all(6);
	expect_accepted(MACH_PORT_NULL);
	scene_finish();
}
END_TEST

/* While it waited its name has come to mean another port: that one has no part in this. */
START_TEST(test_accepted_other_port)
{
	scene_start();
	notify = new_right(client, MACH_PORT_RIGHT_RECEIVE);
	fill(0);
	send_notify(1, notify, MACH_SEND_TIMEOUT, 0);
	ck_assert_int_eq(mach_port_destroy(client->space, to[0]), KERN_SUCCESS);
	ck_assert_int_eq(mach_port_rename(client->space, to[1], to[0]), KERN_SUCCESS);
	end_wait(sender[1], WAIT_TIMED_OUT, MACH_SEND_WILL_NOTIFY);
	ck_assert_uint_eq(type_of(to[0]), MACH_PORT_TYPE_SEND);
	scene_check();
	take_all(6);
	expect_accepted(MACH_PORT_NULL);
	scene_finish();
}
END_TEST

/* The message is destroyed: by its port's death, by a receiver's small buffer; the space goes. */
START_TEST(test_accepted_ends)
{
	scene_start();
	notify = new_right(client, MACH_PORT_RIGHT_RECEIVE);
	fill(0);
	send_notify(1, notify, 0, MACH_SEND_WILL_NOTIFY);
	destroy(port[0]);
	expect_accepted(to[0]);
	ck_assert_uint_eq(type_of(to[0]), MACH_PORT_TYPE_DEAD_NAME);
	port[0] = new_right(server, MACH_PORT_RIGHT_RECEIVE);
	to[0] = fake_insert_send(client, ipc_port_make_send(real(0)));
	set_limit(0, 0);
	send_notify(1, notify, 0, MACH_SEND_WILL_NOTIFY);
	call_receive(0, port[0], 24, MACH_RCV_LARGE, 0);
	expect(receiver[0], MACH_RCV_TOO_LARGE);
	ck_assert_uint_eq(type_of(to[0]), MACH_PORT_TYPE_SEND | MACH_PORT_TYPE_MAREQUEST);
	call_receive(0, port[0], 24, 0, 0);
	expect(receiver[0], MACH_RCV_TOO_LARGE);
	expect_accepted(to[0]);
	send_notify(1, notify, 0, MACH_SEND_WILL_NOTIFY);
	scene_finish();
}
END_TEST

START_TEST(test_accepted_no_memory)
{
	mach_msg_return_t mr;
	unsigned int n = 0;

	scene_start();
	notify = new_right(client, MACH_PORT_RIGHT_RECEIVE);
	fill(0);
	do {
		slab_fail_after(++n);
		send_notify(1, notify, 0, 0);
		mr = sender[1]->result;
		ck_assert(mr == MACH_SEND_NO_BUFFER || mr == MACH_SEND_NO_NOTIFY ||
			  mr == MACH_SEND_WILL_NOTIFY);
		scene_check();
	} while (mr != MACH_SEND_WILL_NOTIFY);
	ck_assert_uint_gt(n, 3);
	take_all(6);
	expect_accepted(to[0]);
	scene_finish();
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_accepted);
	tcase_add_test(tcase, test_accepted_after_timeout);
	tcase_add_test(tcase, test_accepted_name);
	tcase_add_test(tcase, test_accepted_other_port);
	tcase_add_test(tcase, test_accepted_ends);
	tcase_add_test(tcase, test_accepted_no_memory);
}
