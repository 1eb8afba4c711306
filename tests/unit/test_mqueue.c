/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queues: limits, senders and receivers that wait, port sets, sequence numbers.  Each actor of
 * one task sends to, and each of another receives from, a few ports; nobody runs by himself, so
 * that each scene is exactly what it says.
 */
#include <tests/unit/fakes_ipc.h>

#include <string.h>

#include <ipc/checker.h>
#include <ipc/pset.h>
#include <kern/slab.h>
#include <mach/mach_port_server.h>
#include <mach/notify.h>

#define PORTS 3
#define ACTORS 6

static struct task *client, *server;
static struct actor *sender[ACTORS], *receiver[ACTORS];
static mach_port_name_t port[PORTS], to[PORTS];	/* the server's names, the client's */

struct letter {
	mach_msg_header_t header;
	uint32_t serial;
	uint32_t more[8];
};

static struct letter sent[ACTORS], got[ACTORS];
static uint32_t live_before;

/* --- The scene --------------------------------------------------------------------------- */

static struct ipc_port *real(int p)
{
	return entry_port(ipc_entry_lookup(&server->space->table, port[p]));
}

static void holders(struct ipc_check *check)
{
	for (int i = 0; i < ACTORS; i++) {
		struct ipc_object *object = receiver[i]->thread.ipc.object;

		if (object != NULL && object->kind == IOT_PORT)
			ipc_check_hold(check, (struct ipc_port *)object, IPC_HOLDS_REFERENCE);
	}
}

static void check(void)
{
	fake_ipc_holders = holders;
	ck_assert_int_eq(ipc_check_all(), 0);
}

static mach_port_name_t new_right(struct task *task, mach_port_right_t right)
{
	mach_port_name_t name;

	ck_must(mach_port_allocate(task->space, right, &name) == KERN_SUCCESS);
	return name;
}

static void start(void)
{
	fake_ipc_start();
	live_before = fake_ipc_live();
	client = fake_ipc_task();
	server = fake_ipc_task();
	for (int i = 0; i < ACTORS; i++) {
		sender[i] = actor_create(client);
		receiver[i] = actor_create(server);
	}
	for (int p = 0; p < PORTS; p++) {
		port[p] = new_right(server, MACH_PORT_RIGHT_RECEIVE);
		ck_must(ipc_space_insert_send(client->space, ipc_port_make_send(real(p)),
					      &to[p]) == KERN_SUCCESS);
	}
}

static void finish(void)
{
	check();
	fake_ipc_holders = NULL;
	for (int i = 0; i < ACTORS; i++) {
		actor_end(sender[i]);
		actor_end(receiver[i]);
	}
	fake_ipc_task_end(client);
	fake_ipc_task_end(server);
	ck_assert_uint_eq(fake_ipc_live(), live_before);
}

/* --- Calls ---------------------------------------------------------------------------------- */

static void call_send(int i, mach_port_name_t name, uint32_t type, uint32_t serial,
		      mach_msg_option_t option, mach_msg_timeout_t timeout)
{
	sent[i] = (struct letter){
		.header = { .msgh_bits = type, .msgh_remote_port = name, .msgh_id = 100 },
		.serial = serial,
	};
	actor_mach_msg(sender[i], &sent[i], MACH_SEND_MSG | option, 28, 0, 0, timeout, 0);
}

/* Send number `serial`; waits if it must. */
static void send_to(int i, int p, uint32_t serial)
{
	call_send(i, to[p], MACH_MSG_TYPE_COPY_SEND, serial, 0, 0);
}

static void send_now(int p, uint32_t serial)
{
	send_to(0, p, serial);
	ck_assert(sender[0]->done);
	ck_assert_int_eq(sender[0]->result, MACH_MSG_SUCCESS);
}

static void call_receive(int i, mach_port_name_t name, mach_msg_size_t size,
			 mach_msg_option_t option, mach_msg_timeout_t timeout)
{
	memset(&got[i], 0xee, sizeof(got[i]));
	actor_mach_msg(receiver[i], &got[i], MACH_RCV_MSG | option, 0, size, name, timeout, 0);
}

static void receive_from(int i, mach_port_name_t name)
{
	call_receive(i, name, sizeof(got[i]), 0, 0);
}

/* Receive at once; the message's number. */
static uint32_t take(mach_port_name_t name)
{
	receive_from(5, name);
	ck_assert(receiver[5]->done);
	ck_assert_int_eq(receiver[5]->result, MACH_MSG_SUCCESS);
	return got[5].serial;
}

static bool nothing(mach_port_name_t name)
{
	call_receive(5, name, sizeof(got[5]), MACH_RCV_TIMEOUT, 0);
	ck_assert(receiver[5]->done);
	return receiver[5]->result == MACH_RCV_TIMED_OUT;
}

static void expect(struct actor *actor, mach_msg_return_t mr)
{
	ck_assert(actor->done);
	ck_assert_int_eq(actor->result, mr);
}

static void end_wait(struct actor *actor, enum wait_result how, mach_msg_return_t mr)
{
	ck_assert(!actor->done && actor_wake(actor, how));
	actors_run();
	expect(actor, mr);
}

static void set_limit(int p, uint32_t limit)
{
	ck_assert_int_eq(mach_port_set_qlimit(server->space, port[p], limit), KERN_SUCCESS);
	actors_run();
}

static void fill(int p)
{
	while (real(p)->msgcount < real(p)->qlimit)
		send_now(p, 1 + real(p)->msgcount);
}

static void move(mach_port_name_t member, mach_port_name_t set, kern_return_t kr)
{
	ck_assert_int_eq(mach_port_move_member(server->space, member, set), kr);
	actors_run();
}

static void destroy(mach_port_name_t name)
{
	ck_assert_int_eq(mach_port_destroy(server->space, name), KERN_SUCCESS);
	actors_run();
}

static mach_port_name_t make_once(int p)
{
	mach_port_name_t name;
	struct ipc_port *right = ipc_port_make_sonce(real(p));
	mach_msg_type_name_t type = MACH_MSG_TYPE_PORT_SEND_ONCE;

	name = 0x4000 + (uint32_t)p;
	while (mach_port_insert_right(client->space, name, right, type) == KERN_NAME_EXISTS)
		name += PORTS;
	return name;
}

/* --- Limits ------------------------------------------------------------------------------------ */

START_TEST(test_limit)
{
	start();
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
	finish();
}
END_TEST

/* With limit 0 even a waiting receiver lets nobody through, but send-once rights. */
START_TEST(test_limit_zero)
{
	start();
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
	finish();
}
END_TEST

/* --- Senders that wait ---------------------------------------------------------------------------- */

/* First come, first served, one for each message that leaves. */
START_TEST(test_sender_order)
{
	start();
	fill(0);
	for (int i = 1; i < 5; i++)
		send_to(i, 0, 10 + (uint32_t)i);
	for (int i = 1; i < 5; i++) {
		ck_assert(!sender[i]->done);
		ck_assert_uint_eq(take(port[0]), (uint32_t)i);
		expect(sender[i], MACH_MSG_SUCCESS);
		check();
	}
	ck_assert_uint_eq(take(port[0]), 5);
	for (uint32_t i = 11; i < 15; i++)
		ck_assert_uint_eq(take(port[0]), i);
	finish();
}
END_TEST

/* Raising the limit wakes as many as fit. */
START_TEST(test_raise_limit)
{
	start();
	set_limit(0, 2);
	fill(0);
	for (int i = 1; i < 6; i++)
		send_to(i, 0, 10 + (uint32_t)i);
	set_limit(0, 5);
	for (int i = 1; i < 6; i++)
		ck_assert(sender[i]->done == (i <= 3));
	check();
	set_limit(0, 16);
	for (int i = 4; i < 6; i++)
		expect(sender[i], MACH_MSG_SUCCESS);
	ck_assert_uint_eq(real(0)->msgcount, 7);
	finish();
}
END_TEST

START_TEST(test_sender_gives_up)
{
	start();
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
	check();
	for (uint32_t i = 1; i < 6; i++)
		ck_assert_uint_eq(take(port[0]), i);
	expect(sender[2], MACH_MSG_SUCCESS);
	ck_assert_uint_eq(take(port[0]), 12);
	ck_assert(nothing(port[0]));
	finish();
}
END_TEST

/* The end of a wait has been decided, but the thread has not run yet: others pass it over. */
START_TEST(test_sender_passed_over)
{
	start();
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
	finish();
}
END_TEST

/* The port dies: the sends succeed, what was sent is destroyed. */
START_TEST(test_sender_port_dies)
{
	mach_port_name_t reply;

	start();
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
	finish();
}
END_TEST

/* A message with the destination's own receive right: the queue's length counts first. */
START_TEST(test_circular)
{
	mach_port_name_t own;
	mach_port_type_t type;

	start();
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
		actor_mach_msg(sender[1], &sent[1], MACH_SEND_MSG | MACH_SEND_TIMEOUT, 32, 0, 0, 5, 0);
		if (i == 0) {
			end_wait(sender[1], WAIT_TIMED_OUT, MACH_SEND_TIMED_OUT);
			own = sent[1].more[0];
			ck_assert_uint_eq(sent[1].header.msgh_remote_port, own);
		} else {
			expect(sender[1], MACH_MSG_SUCCESS);
			ck_assert_int_eq(mach_port_type(client->space, own, &type), KERN_SUCCESS);
			ck_assert_uint_eq(type, MACH_PORT_TYPE_DEAD_NAME);
		}
		check();
	}
	finish();
}
END_TEST

/* One that waits with such a message goes on when there is room, and the message is destroyed. */
START_TEST(test_circular_waits)
{
	struct ipc_port *p;
	mach_port_name_t own, name;
	mach_port_type_t type;

	start();
	own = new_right(client, MACH_PORT_RIGHT_RECEIVE);
	p = entry_port(ipc_entry_lookup(&client->space->table, own));
	ck_must(ipc_space_insert_send(client->space, ipc_port_make_send(p), &name) == KERN_SUCCESS);
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
	finish();
}
END_TEST

/* --- MACH_SEND_NOTIFY ----------------------------------------------------------------------------------- */

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
	check();
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
	start();
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
	finish();
}
END_TEST

/* It waits for as long as it is told, then goes in by force; or on its own, if there is room. */
START_TEST(test_accepted_after_timeout)
{
	start();
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
	finish();
}
END_TEST

/* The name that is told: as it is then. */
START_TEST(test_accepted_name)
{
	mach_port_name_t name = 0x666;

	start();
	notify = new_right(client, MACH_PORT_RIGHT_RECEIVE);
	fill(0);
	send_notify(1, notify, 0, MACH_SEND_WILL_NOTIFY);
	ck_assert_int_eq(mach_port_rename(client->space, to[0], name), KERN_SUCCESS);
	check();
	ck_assert_uint_eq(type_of(name), MACH_PORT_TYPE_SEND | MACH_PORT_TYPE_MAREQUEST);
	take_all(6);
	expect_accepted(name);
	to[0] = name;
	fill(0);
	send_notify(1, notify, 0, MACH_SEND_WILL_NOTIFY);
	ck_assert_int_eq(mach_port_destroy(client->space, name), KERN_SUCCESS);
	ck_must(ipc_space_insert_send(client->space, ipc_port_make_send(real(0)), &to[0]) ==
		KERN_SUCCESS);
	ck_assert_uint_eq(type_of(to[0]), MACH_PORT_TYPE_SEND);
	check();
	take_all(6);
	expect_accepted(MACH_PORT_NULL);
	finish();
}
END_TEST

/* The message is destroyed: by its port's death, by a receiver's small buffer; the space goes. */
START_TEST(test_accepted_ends)
{
	start();
	notify = new_right(client, MACH_PORT_RIGHT_RECEIVE);
	fill(0);
	send_notify(1, notify, 0, MACH_SEND_WILL_NOTIFY);
	destroy(port[0]);
	expect_accepted(to[0]);
	ck_assert_uint_eq(type_of(to[0]), MACH_PORT_TYPE_DEAD_NAME);
	port[0] = new_right(server, MACH_PORT_RIGHT_RECEIVE);
	ck_must(ipc_space_insert_send(client->space, ipc_port_make_send(real(0)), &to[0]) ==
		KERN_SUCCESS);
	set_limit(0, 0);
	send_notify(1, notify, 0, MACH_SEND_WILL_NOTIFY);
	call_receive(0, port[0], 24, MACH_RCV_LARGE, 0);
	expect(receiver[0], MACH_RCV_TOO_LARGE);
	ck_assert_uint_eq(type_of(to[0]), MACH_PORT_TYPE_SEND | MACH_PORT_TYPE_MAREQUEST);
	call_receive(0, port[0], 24, 0, 0);
	expect(receiver[0], MACH_RCV_TOO_LARGE);
	expect_accepted(to[0]);
	send_notify(1, notify, 0, MACH_SEND_WILL_NOTIFY);
	finish();
}
END_TEST

START_TEST(test_accepted_no_memory)
{
	mach_msg_return_t mr;
	unsigned int n = 0;

	start();
	notify = new_right(client, MACH_PORT_RIGHT_RECEIVE);
	fill(0);
	do {
		slab_fail_after(++n);
		send_notify(1, notify, 0, 0);
		mr = sender[1]->result;
		ck_assert(mr == MACH_SEND_NO_BUFFER || mr == MACH_SEND_NO_NOTIFY ||
			  mr == MACH_SEND_WILL_NOTIFY);
		check();
	} while (mr != MACH_SEND_WILL_NOTIFY);
	ck_assert_uint_gt(n, 3);
	take_all(6);
	expect_accepted(to[0]);
	finish();
}
END_TEST

/* --- Receivers that wait ------------------------------------------------------------------------------- */

/* Handed over, without being queued, to the first that came. */
START_TEST(test_receiver_order)
{
	start();
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
		check();
	}
	finish();
}
END_TEST

START_TEST(test_receiver_gives_up)
{
	start();
	call_receive(0, port[0], 100, MACH_RCV_TIMEOUT, 77);
	ck_assert(receiver[0]->timeout_set && receiver[0]->timeout == 77);
	receive_from(1, port[0]);
	ck_assert(!receiver[1]->timeout_set);
	check();
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
	finish();
}
END_TEST

START_TEST(test_receiver_port_goes)
{
	struct ipc_port *right;
	mach_msg_type_name_t type;
	mach_port_name_t set;

	start();
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
	finish();
}
END_TEST

/* Too large for who waits: told, and left to the next, or destroyed. */
START_TEST(test_too_large)
{
	start();
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
	finish();
}
END_TEST

/* --- Sets --------------------------------------------------------------------------------------------------- */

/* A member that is always full does not keep the others waiting. */
START_TEST(test_fairness)
{
	uint32_t served[PORTS] = { 0 };
	mach_port_name_t set;

	start();
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
		check();
	}
	for (int p = 0; p < PORTS; p++)
		ck_assert_uint_eq(served[p], 10);
	finish();
}
END_TEST

START_TEST(test_members)
{
	mach_port_name_t set, other;

	start();
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
	check();
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
	finish();
}
END_TEST

/* A full port with blocked senders comes into a set where receivers wait: all are served. */
START_TEST(test_join_with_senders)
{
	mach_port_name_t set;

	start();
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
	check();
	ck_assert_uint_eq(take(set), 12);
	ck_assert_uint_eq(take(set), 13);
	ck_assert_uint_eq(take(set), 14);
	finish();
}
END_TEST

/* The same, of messages too large for those who wait. */
START_TEST(test_join_too_large)
{
	mach_port_name_t set;

	start();
	set = new_right(server, MACH_PORT_RIGHT_PORT_SET);
	fill(0);
	call_receive(0, set, 24, MACH_RCV_LARGE, 0);
	call_receive(1, set, 24, 0, 0);
	move(port[0], set, KERN_SUCCESS);
	expect(receiver[0], MACH_RCV_TOO_LARGE);
	expect(receiver[1], MACH_RCV_TOO_LARGE);
	ck_assert_uint_eq(real(0)->msgcount, 4);
	ck_assert_uint_eq(take(set), 2);
	finish();
}
END_TEST

/* --- Sequence numbers ------------------------------------------------------------------------------------------ */

START_TEST(test_seqno)
{
	struct ipc_port *right;
	mach_msg_type_name_t type;
	mach_port_name_t set;

	start();
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
	finish();
}
END_TEST

/* --- Both in one call ---------------------------------------------------------------------------------------------- */

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

	start();
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
	finish();
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_limit);
	tcase_add_test(tcase, test_limit_zero);
	tcase_add_test(tcase, test_sender_order);
	tcase_add_test(tcase, test_raise_limit);
	tcase_add_test(tcase, test_sender_gives_up);
	tcase_add_test(tcase, test_sender_passed_over);
	tcase_add_test(tcase, test_sender_port_dies);
	tcase_add_test(tcase, test_circular);
	tcase_add_test(tcase, test_circular_waits);
	tcase_add_test(tcase, test_accepted);
	tcase_add_test(tcase, test_accepted_after_timeout);
	tcase_add_test(tcase, test_accepted_name);
	tcase_add_test(tcase, test_accepted_ends);
	tcase_add_test(tcase, test_accepted_no_memory);
	tcase_add_test(tcase, test_receiver_order);
	tcase_add_test(tcase, test_receiver_gives_up);
	tcase_add_test(tcase, test_receiver_port_goes);
	tcase_add_test(tcase, test_too_large);
	tcase_add_test(tcase, test_fairness);
	tcase_add_test(tcase, test_members);
	tcase_add_test(tcase, test_join_with_senders);
	tcase_add_test(tcase, test_join_too_large);
	tcase_add_test(tcase, test_seqno);
	tcase_add_test(tcase, test_send_and_receive);
}
