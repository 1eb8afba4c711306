/* SPDX-License-Identifier: BSD-2-Clause */
/* Receive trailers: contents, places, sizes, failures; every byte is accounted for (IL-1). */
#include <tests/unit/scene_queue.h>

#include <string.h>

#include <ipc/accepted.h>
#include <ipc/fast_path.h>
#include <ipc/mqueue.h>
#include <ipc/notify.h>
#include <ipc/trailer.h>
#include <mach/mach_port_server.h>
#include <mach/notify.h>

#define ELEMENTS(n) MACH_RCV_TRAILER_ELEMENTS(n)
#define LETTER 28u		/* what scene_queue sends */

static const mach_msg_size_t sizes[] = { 0, 12, 20, 28 };
static const security_token_t client_token = { { 0x11111111, 0x22222222 } };
static const security_token_t kernel_token = KERNEL_SECURITY_TOKEN_VALUE;

static void start(void)
{
	scene_start();
	client->id = 70;
	client->security_token = client_token;
	server->id = 90;
	for (int i = 0; i < ACTORS; i++) {
		sender[i]->thread.id = 700 + (uint32_t)i;
		receiver[i]->thread.id = 900 + (uint32_t)i;
	}
}

/* The n elements stand at `at`, and behind them all is as it was filled. */
static void check_trailer(const struct letter *letter, mach_msg_size_t at, int n,
			  security_token_t token, audit_token_t audit)
{
	const uint8_t *bytes = (const uint8_t *)letter;
	mach_msg_format_0_trailer_t expected = {
		.msgh_trailer_type = MACH_MSG_TRAILER_FORMAT_0,
		.msgh_trailer_size = sizes[n],
		.msgh_seqno = letter->header.msgh_seqno,
		.msgh_sender = token,
		.msgh_audit = audit,
	};

	ck_assert_mem_eq(bytes + at, &expected, sizes[n]);
	for (mach_msg_size_t i = at + sizes[n]; i < sizeof(*letter); i++)
		ck_assert_uint_eq(bytes[i], 0xee);
}

static void check_from_sender(int r, int s, int n)
{
	expect(receiver[r], MACH_MSG_SUCCESS);
	ck_assert_uint_eq(got[r].header.msgh_size, LETTER);
	check_trailer(&got[r], LETTER, n, client_token,
		      (audit_token_t){ 70, 700 + (uint32_t)s });
}

static void ask(int r, mach_port_name_t name, int n, mach_msg_size_t size,
		mach_msg_option_t option)
{
	call_receive(r, name, size, ELEMENTS(n) | option, 0);
}

/* --- Contents ---------------------------------------------------------------------------- */

START_TEST(test_queued)
{
	start();
	for (int n = 0; n <= 3; n++) {
		send_to(n, 0, 5);
		ask(1, port[0], n, sizeof(got[1]), 0);
		ck_assert_uint_eq(got[1].header.msgh_seqno, (uint32_t)n);
		ck_assert_uint_eq(got[1].serial, 5);
		check_from_sender(1, n, n);
	}
	scene_finish();
}
END_TEST

START_TEST(test_handed_over)
{
	start();
	for (int n = 0; n <= 3; n++) {
		ask(1, port[0], n, sizeof(got[1]), 0);
		ck_assert(!receiver[1]->done);
		send_to(n, 0, 5);
		ck_assert_uint_eq(got[1].header.msgh_seqno, (uint32_t)n);
		check_from_sender(1, n, n);
	}
	scene_finish();
}
END_TEST

/* The number is that of the port, not of the set. */
START_TEST(test_set)
{
	mach_port_name_t set;

	start();
	set = new_right(server, MACH_PORT_RIGHT_PORT_SET);
	move(port[0], set, KERN_SUCCESS);
	move(port[1], set, KERN_SUCCESS);
	send_to(1, 1, 1);
	ask(0, set, 3, sizeof(got[0]), 0);
	check_from_sender(0, 1, 3);
	ask(0, set, 3, sizeof(got[0]), 0);
	send_to(2, 0, 2);
	check_from_sender(0, 2, 3);
	ask(0, set, 3, sizeof(got[0]), 0);
	send_to(3, 1, 3);
	ck_assert_uint_eq(got[0].header.msgh_seqno, 1);
	check_from_sender(0, 3, 3);
	scene_finish();
}
END_TEST

/* A blocked sender's message is his, whoever lets it in. */
START_TEST(test_blocked_sender)
{
	start();
	set_limit(0, 1);
	send_to(1, 0, 1);
	send_to(2, 0, 2);
	ck_assert(!sender[2]->done);
	ask(0, port[0], 3, sizeof(got[0]), 0);
	check_from_sender(0, 1, 3);
	expect(sender[2], MACH_MSG_SUCCESS);
	ask(0, port[0], 3, sizeof(got[0]), 0);
	check_from_sender(0, 2, 3);
	scene_finish();
}
END_TEST

/* What counts is the moment of sending, whatever becomes of the sender. */
START_TEST(test_sender_of_then)
{
	start();
	send_to(1, 0, 1);
	client->security_token = (security_token_t){ { 8, 9 } };
	client->id = sender[1]->thread.id = 4711;
	ask(0, port[0], 3, sizeof(got[0]), 0);
	check_from_sender(0, 1, 3);
	scene_finish();
}
END_TEST

START_TEST(test_kernel_messages)
{
	audit_token_t kernel = { 0, 0 };

	start();
	ipc_notify_send_once(ipc_port_make_sonce(real(0)));
	ask(0, port[0], 3, sizeof(got[0]), 0);
	expect(receiver[0], MACH_MSG_SUCCESS);
	ck_assert_int_eq(got[0].header.msgh_id, MACH_NOTIFY_SEND_ONCE);
	check_trailer(&got[0], 24, 3, kernel_token, kernel);
	ask(0, port[0], 3, sizeof(got[0]), 0);
	ipc_notify_dead_name(ipc_port_make_sonce(real(0)), 0x77);
	actors_run();
	expect(receiver[0], MACH_MSG_SUCCESS);
	check_trailer(&got[0], 32, 3, kernel_token, kernel);
	scene_finish();
}
END_TEST

/* The buffers of messages are used again: the kernel's have nobody's old name. */
START_TEST(test_used_buffers)
{
	start();
	for (int i = 0; i < 5; i++) {
		send_to(i, 0, 0xa5a5a5a5);
		take(port[0]);
		ipc_notify_send_once(ipc_port_make_sonce(real(0)));
		ask(0, port[0], 3, sizeof(got[0]), 0);
		check_trailer(&got[0], 24, 3, kernel_token, (audit_token_t){ 0, 0 });
	}
	scene_finish();
}
END_TEST

/* A message whose size is no multiple of four, as no user can send: the gap is not touched. */
START_TEST(test_odd_size)
{
	struct ipc_kmsg *kmsg;

	start();
	kmsg = ipc_kmsg_alloc(26);
	ck_must(kmsg != NULL);
	kmsg->header = (struct kmsg_header){
		.bits = MACH_MSGH_BITS(MACH_MSG_TYPE_PORT_SEND_ONCE, 0),
		.size = 26,
		.remote = ipc_port_make_sonce(real(0)),
	};
	memset(kmsg_body(kmsg), 0, 2);
	ipc_mqueue_deliver(kmsg);
	ask(0, port[0], 3, 55, MACH_RCV_LARGE | MACH_RCV_TIMEOUT);
	expect(receiver[0], MACH_RCV_TOO_LARGE);
	ck_assert_uint_eq(got[0].header.msgh_size, 56);
	ask(0, port[0], 3, 56, 0);
	expect(receiver[0], MACH_MSG_SUCCESS);
	ck_assert_uint_eq(got[0].header.msgh_size, 26);
	ck_assert_uint_eq(got[0].serial, 0xeeee0000);
	check_trailer(&got[0], 28, 3, kernel_token, (audit_token_t){ 0, 0 });
	scene_finish();
}
END_TEST

/* --- Options ----------------------------------------------------------------------------- */

static bool known(unsigned int type, unsigned int elements)
{
	return type == 0 && elements <= 3;
}

/* Nothing is received with what we do not know, and the message is still there. */
START_TEST(test_unknown)
{
	start();
	send_now(0, 1);
	for (unsigned int all = 0; all < 256; all++) {
		unsigned int type = all >> 4, n = all & 15;

		if (known(type, n))
			continue;
		call_receive(0, port[0], sizeof(got[0]),
			     MACH_RCV_TRAILER_TYPE(type) | ELEMENTS(n), 0);
		expect(receiver[0], MACH_RCV_INVALID_TRAILER);
		ck_assert_uint_eq(got[0].header.msgh_size, 0xeeeeeeee);
		call_receive(0, 0x12345, 0, MACH_RCV_TRAILER_TYPE(type) | ELEMENTS(n), 0);
		expect(receiver[0], MACH_RCV_INVALID_TRAILER);
	}
	ck_assert_uint_eq(real(0)->msgcount, 1);
	ck_assert_uint_eq(real(0)->seqno, 0);
	ck_assert_uint_eq(take(port[0]), 1);
	scene_finish();
}
END_TEST

/* A call that also sends has not sent; one that only sends does not look. */
START_TEST(test_unknown_and_send)
{
	mach_port_name_t own;

	start();
	own = new_right(client, MACH_PORT_RIGHT_RECEIVE);
	sent[0] = (struct letter){ .header = { .msgh_bits = MACH_MSG_TYPE_COPY_SEND,
					       .msgh_remote_port = to[0] } };
	actor_mach_msg(sender[0], &sent[0], MACH_SEND_MSG | MACH_RCV_MSG | ELEMENTS(4), LETTER,
		       sizeof(sent[0]), own, 0, 0);
	expect(sender[0], MACH_RCV_INVALID_TRAILER);
	ck_assert_uint_eq(real(0)->msgcount, 0);
	actor_mach_msg(sender[0], &sent[0],
		       MACH_SEND_MSG | MACH_RCV_TRAILER_TYPE(5) | ELEMENTS(9), LETTER, 0, 0, 0, 0);
	expect(sender[0], MACH_MSG_SUCCESS);
	actor_mach_msg(sender[1], &sent[0], MACH_SEND_MSG | ELEMENTS(3), LETTER, 0, 0, 0, 0);
	expect(sender[1], MACH_MSG_SUCCESS);
	ask(0, port[0], 0, sizeof(got[0]), 0);
	check_from_sender(0, 0, 0);
	ask(0, port[0], 3, sizeof(got[0]), 0);
	check_from_sender(0, 1, 3);
	scene_finish();
}
END_TEST

/* What could not be sent comes back alone, whatever was asked for. */
START_TEST(test_given_back)
{
	mach_port_name_t own;

	start();
	own = new_right(client, MACH_PORT_RIGHT_RECEIVE);
	set_limit(0, 0);
	memset(&sent[0], 0xee, sizeof(sent[0]));
	sent[0].header.msgh_bits = MACH_MSG_TYPE_COPY_SEND;
	sent[0].header.msgh_remote_port = to[0];
	sent[0].header.msgh_local_port = 0;
	actor_mach_msg(sender[0], &sent[0],
		       MACH_SEND_MSG | MACH_SEND_TIMEOUT | MACH_RCV_MSG | ELEMENTS(3), LETTER,
		       sizeof(sent[0]), own, 0, 0);
	expect(sender[0], MACH_SEND_TIMED_OUT);
	check_trailer(&sent[0], LETTER, 0, client_token, (audit_token_t){ 0, 0 });
	scene_finish();
}
END_TEST

START_TEST(test_timed_out)
{
	start();
	ask(0, port[0], 3, sizeof(got[0]), MACH_RCV_TIMEOUT);
	expect(receiver[0], MACH_RCV_TIMED_OUT);
	ck_assert_uint_eq(got[0].header.msgh_bits, 0xeeeeeeee);
	call_receive(0, port[0], sizeof(got[0]), MACH_RCV_TIMEOUT | ELEMENTS(3), 10);
	end_wait(receiver[0], WAIT_TIMED_OUT, MACH_RCV_TIMED_OUT);
	call_receive(0, port[0], sizeof(got[0]), MACH_RCV_TIMEOUT | ELEMENTS(2), 10);
	send_to(4, 0, 1);
	check_from_sender(0, 4, 2);
	scene_finish();
}
END_TEST

/* --- Sizes ------------------------------------------------------------------------------- */

/* Both fit, or it is as if the message were that large.  Queued and handed over. */
static void try_size(int n, bool wait, mach_msg_option_t option)
{
	mach_msg_size_t needed = LETTER + sizes[n];

	if (!wait)
		send_to(0, 0, 1);
	ask(0, port[0], n, needed - 1, option);
	if (wait)
		send_to(0, 0, 1);
	expect(receiver[0], MACH_RCV_TOO_LARGE);
	ck_assert_uint_eq(got[0].serial, 0xeeeeeeee);
	if (option & MACH_RCV_LARGE) {
		ck_assert_uint_eq(got[0].header.msgh_size, needed);
		ck_assert_uint_eq(got[0].header.msgh_bits, 0xeeeeeeee);
		ck_assert_uint_eq(real(0)->msgcount, 1);
		ask(0, port[0], n, needed, option);
		check_from_sender(0, 0, n);
	} else {
		ck_assert_uint_eq(got[0].header.msgh_size, LETTER);
		ck_assert_uint_eq(got[0].header.msgh_local_port, port[0]);
		check_trailer(&got[0], 24, 0, client_token, (audit_token_t){ 0, 0 });
	}
	ck_assert(nothing(port[0]));
}

START_TEST(test_sizes)
{
	start();
	for (int n = 0; n <= 3; n++) {
		try_size(n, false, 0);
		try_size(n, true, 0);
		try_size(n, false, MACH_RCV_LARGE);
		try_size(n, true, MACH_RCV_LARGE);
	}
	ck_assert_uint_eq(real(0)->seqno, 16);
	scene_finish();
}
END_TEST

/* A buffer smaller than the trailer; nothing wraps around. */
START_TEST(test_tiny_buffers)
{
	start();
	for (mach_msg_size_t size = 0; size < 56; size++) {
		const uint8_t *bytes = (const uint8_t *)&got[0];

		send_to(0, 0, 1);
		ask(0, port[0], 3, size, 0);
		expect(receiver[0], MACH_RCV_TOO_LARGE);
		for (mach_msg_size_t i = size < 24 ? size : 24; i < sizeof(got[0]); i++)
			ck_assert_uint_eq(bytes[i], 0xee);
	}
	send_to(1, 0, 1);
	ask(0, port[0], 3, UINT32_MAX, 0);
	check_from_sender(0, 1, 3);
	scene_finish();
}
END_TEST

/* --- Failures ---------------------------------------------------------------------------- */

static void send_with_reply(mach_port_name_t reply)
{
	sent[0] = (struct letter){
		.header = { .msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND,
							MACH_MSG_TYPE_MAKE_SEND_ONCE),
			    .msgh_remote_port = to[0], .msgh_local_port = reply },
	};
	actor_mach_msg(sender[0], &sent[0], MACH_SEND_MSG, LETTER, 0, 0, 0, 0);
	expect(sender[0], MACH_MSG_SUCCESS);
}

static bool told_of_the_end(mach_port_name_t reply)
{
	actor_mach_msg(sender[5], &sent[5], MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(sent[5]),
		       reply, 0, 0);
	return sender[5]->result == MACH_MSG_SUCCESS &&
	       sent[5].header.msgh_id == MACH_NOTIFY_SEND_ONCE;
}

/* The message can be written, and the trailer cannot, or in part: nothing was received. */
START_TEST(test_unwritable)
{
	mach_port_name_t reply;
	uint8_t *page;

	start();
	reply = new_right(client, MACH_PORT_RIGHT_RECEIVE);
	page = fake_user_alloc(server->map, 4096);
	for (mach_msg_size_t room = 0; room < 28; room += 4) {
		send_with_reply(reply);
		actor_mach_msg(receiver[0], page + 4096 - LETTER - room,
			       MACH_RCV_MSG | ELEMENTS(3), 0, 100, port[0], 0, 0);
		expect(receiver[0], MACH_RCV_INVALID_DATA);
		ck_assert(told_of_the_end(reply));
		ck_assert(nothing(port[0]));
		scene_check();
	}
	send_with_reply(reply);
	actor_mach_msg(receiver[0], page + 4096 - LETTER - 28, MACH_RCV_MSG | ELEMENTS(3), 0, 100,
		       port[0], 0, 0);
	expect(receiver[0], MACH_MSG_SUCCESS);
	fake_user_free(server->map, page, 4096);
	scene_finish();
}
END_TEST

/* Behind a bare header there is none, even where there is room. */
START_TEST(test_notify)
{
	mach_port_name_t reply, notify;

	start();
	reply = new_right(client, MACH_PORT_RIGHT_RECEIVE);
	notify = new_right(server, MACH_PORT_RIGHT_RECEIVE);
	send_with_reply(reply);
	memset(&got[0], 0xee, sizeof(got[0]));
	actor_mach_msg(receiver[0], &got[0], MACH_RCV_MSG | MACH_RCV_NOTIFY | ELEMENTS(3), 0,
		       sizeof(got[0]), port[0], 0, notify);
	check_from_sender(0, 0, 3);
	ck_assert(ipc_entry_lookup(&server->space->table,
				   got[0].header.msgh_remote_port)->request != NULL);
	send_with_reply(reply);
	memset(&got[0], 0xee, sizeof(got[0]));
	actor_mach_msg(receiver[0], &got[0], MACH_RCV_MSG | MACH_RCV_NOTIFY | ELEMENTS(3), 0,
		       sizeof(got[0]), port[0], 0, 0);
	expect(receiver[0], MACH_RCV_INVALID_NOTIFY);
	check_trailer(&got[0], 24, 0, client_token, (audit_token_t){ 0, 0 });
	scene_finish();
}
END_TEST

/* --- The fast path ----------------------------------------------------------------------- */

static void call_server(mach_port_name_t reply)
{
	sent[0] = (struct letter){
		.header = { .msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND,
							MACH_MSG_TYPE_MAKE_SEND_ONCE),
			    .msgh_remote_port = to[0], .msgh_local_port = reply },
	};
	actor_mach_msg(sender[0], &sent[0], MACH_SEND_MSG | MACH_RCV_MSG, LETTER, sizeof(sent[0]),
		       reply, 0, 0);
}

static void answer_call(mach_msg_option_t option)
{
	struct letter reply = {
		.header = { .msgh_bits = MACH_MSG_TYPE_MOVE_SEND_ONCE,
			    .msgh_remote_port = got[0].header.msgh_remote_port },
	};

	actor_mach_msg(receiver[0], &reply, MACH_SEND_MSG | option, LETTER, 0, 0, 0, 0);
	expect(receiver[0], MACH_MSG_SUCCESS);
	expect(sender[0], MACH_MSG_SUCCESS);
}

/* It does not serve who wants a trailer; and what a sender wants is not in its way. */
START_TEST(test_fast_path)
{
	mach_port_name_t reply;

	start();
	reply = new_right(client, MACH_PORT_RIGHT_RECEIVE);
	ask(0, port[0], 0, sizeof(got[0]), 0);
	call_server(reply);
	ck_assert_uint_eq(fake_hand_overs, 1);
	check_from_sender(0, 0, 0);
	answer_call(ELEMENTS(3));
	for (int n = 1; n <= 3; n++) {
		ask(0, port[0], n, sizeof(got[0]), 0);
		call_server(reply);
		ck_assert_uint_eq(fake_hand_overs, 1);
		check_from_sender(0, 0, n);
		answer_call(0);
	}
	scene_finish();
}
END_TEST

/* A client that wants a trailer with the reply. */
START_TEST(test_combined)
{
	mach_port_name_t reply;

	start();
	reply = new_right(client, MACH_PORT_RIGHT_RECEIVE);
	server->security_token = (security_token_t){ { 3, 4 } };
	send_with_reply(reply);
	ask(0, port[0], 0, sizeof(got[0]), 0);
	memset(&sent[1], 0xee, sizeof(sent[1]));
	sent[1].header = (mach_msg_header_t){ .msgh_bits = MACH_MSG_TYPE_COPY_SEND,
					      .msgh_remote_port = to[1] };
	actor_mach_msg(sender[1], &sent[1], MACH_SEND_MSG | MACH_RCV_MSG | ELEMENTS(3), LETTER,
		       sizeof(sent[1]), reply, 0, 0);
	ck_assert(!sender[1]->done);
	got[0].header.msgh_bits = MACH_MSG_TYPE_MOVE_SEND_ONCE;
	got[0].header.msgh_local_port = 0;
	actor_mach_msg(receiver[0], &got[0], MACH_SEND_MSG, LETTER, 0, 0, 0, 0);
	expect(sender[1], MACH_MSG_SUCCESS);
	check_trailer(&sent[1], LETTER, 3, (security_token_t){ { 3, 4 } },
		      (audit_token_t){ 90, 900 });
	take(port[1]);
	scene_finish();
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_queued);
	tcase_add_test(tcase, test_handed_over);
	tcase_add_test(tcase, test_set);
	tcase_add_test(tcase, test_blocked_sender);
	tcase_add_test(tcase, test_sender_of_then);
	tcase_add_test(tcase, test_kernel_messages);
	tcase_add_test(tcase, test_used_buffers);
	tcase_add_test(tcase, test_odd_size);
	tcase_add_test(tcase, test_unknown);
	tcase_add_test(tcase, test_unknown_and_send);
	tcase_add_test(tcase, test_given_back);
	tcase_add_test(tcase, test_timed_out);
	tcase_add_test(tcase, test_sizes);
	tcase_add_test(tcase, test_tiny_buffers);
	tcase_add_test(tcase, test_unwritable);
	tcase_add_test(tcase, test_notify);
	tcase_add_test(tcase, test_fast_path);
	tcase_add_test(tcase, test_combined);
}
