/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The copyin of a message's header (CI-10), exhaustively: every destination disposition with every
 * reply disposition, on every kind of entry, the same name or two, for live and dead ports, with
 * and without dead-name requests and MACH_SEND_CANCEL: each combination of these.  The code, the
 * message and everything else must be as the model says; then the message is destroyed, and that
 * is compared too.
 */
#include <tests/unit/model_ops.h>

#include <stdio.h>

#include <mach/mach_port_server.h>
#include <mach/notify.h>

#define SENDER (&m_space[0])
#define OWNER (&m_space[1])		/* of ports to which the sender has rights */

/* What a name is. */
enum kind {
	NULL_NAME, DEAD_VALUE, NO_NAME, SEND_1, SEND_2, SEND_3, SEND_FULL, RECEIVE, BOTH_1, BOTH_2,
	ONCE, DEAD_1, DEAD_2, DIED_SEND_1, DIED_SEND_2, DIED_ONCE, SET, KINDS
};

static const uint32_t dispositions[] = { 0, 15, 16, 17, 18, 19, 20, 21, 22, 0xff };
#define DISPOSITIONS (sizeof(dispositions) / sizeof(dispositions[0]))

enum cancel { NO_CANCEL, CANCEL_NULL, CANCEL_BAD, CANCEL_OTHER, CANCEL_RIGHT, CANCELS };

/* --- Setting the scene ------------------------------------------------------------------- */

static mach_port_name_t notify_name, other_name;	/* receive rights of the sender's */

static mach_port_name_t make_send(mach_port_name_t port, uint32_t urefs)
{
	mach_port_name_t name = give_right(OWNER, port, MACH_MSG_TYPE_MAKE_SEND, SENDER);

	ck_must(op_mod_refs(SENDER, name, MACH_PORT_RIGHT_SEND, (int32_t)urefs - 1) ==
		KERN_SUCCESS);
	return name;
}

static mach_port_name_t make_both(uint32_t urefs)
{
	mach_port_name_t name = make_receive(SENDER);

	for (uint32_t i = 0; i < urefs; i++)
		give_right(SENDER, name, MACH_MSG_TYPE_MAKE_SEND, SENDER);
	return name;
}

static mach_port_name_t make_plain(mach_port_right_t right, int32_t more)
{
	mach_port_name_t name = 0;

	ck_must(op_allocate(SENDER, right, &name) == KERN_SUCCESS);
	if (more != 0)
		op_mod_refs(SENDER, name, right, more);
	return name;
}

/* A name of the kind in the sender's space; requested: with a dead-name request, if it can be. */
static mach_port_name_t make_live(enum kind kind)
{
	switch (kind) {
	case SEND_1: case DIED_SEND_1:
		return make_send(make_receive(OWNER), 1);
	case SEND_2: case DIED_SEND_2:
		return make_send(make_receive(OWNER), 2);
	case SEND_3:
		return make_send(make_receive(OWNER), 3);
	case SEND_FULL:
		return make_send(make_receive(OWNER), 65534);
	case RECEIVE:
		return make_both(0);
	case BOTH_1:
		return make_both(1);
	case BOTH_2:
		return make_both(2);
	case ONCE: case DIED_ONCE:
		return give_right(OWNER, make_receive(OWNER), MACH_MSG_TYPE_MAKE_SEND_ONCE, SENDER);
	case DEAD_1:
		return make_plain(MACH_PORT_RIGHT_DEAD_NAME, 0);
	case DEAD_2:
		return make_plain(MACH_PORT_RIGHT_DEAD_NAME, 1);
	case SET:
		return make_plain(MACH_PORT_RIGHT_PORT_SET, 0);
	case DEAD_VALUE:
		return ~0u;
	default:
		return kind == NULL_NAME ? 0 : 0x777;
	}
}

static bool can_have_request(enum kind kind)
{
	return (kind >= SEND_1 && kind <= ONCE) || (kind >= DIED_SEND_1 && kind <= DIED_ONCE);
}

static mach_port_name_t make_name(enum kind kind, bool requested)
{
	mach_port_name_t name = make_live(kind);
	struct m_entry *e = m_lookup(SENDER, name);

	if (requested)
		make_request(SENDER, name, MACH_NOTIFY_DEAD_NAME, SENDER, notify_name);
	if (kind >= DIED_SEND_1 && kind <= DIED_ONCE)
		op_destroy(OWNER, m_entry_of_port(OWNER, e->port)->name);
	return name;
}

/* --- One case ---------------------------------------------------------------------------- */

static mach_port_name_t cancel_name(enum cancel cancel, mach_port_name_t dest)
{
	switch (cancel) {
	case CANCEL_BAD:
		return dest == 0 ? 0x888 : dest;
	case CANCEL_OTHER:
		return other_name;
	case CANCEL_RIGHT:
		return notify_name;
	default:
		return 0;
	}
}

static void compare_header(const struct ipc_kmsg *kmsg, struct m_right dest, struct m_right reply)
{
	ck_must(kmsg->header.bits == MACH_MSGH_BITS(dest.type, reply.type));
	ck_must(kmsg->header.remote == model_real(dest));
	ck_must(kmsg->header.local == model_real(reply));
	ck_must(kmsg->header.size == sizeof(kmsg->header) && kmsg->header.id == 1234);
}

static uint32_t successes, cases;

static void send_and_compare(const struct m_header *h)
{
	mach_msg_header_t user = {
		.msgh_bits = MACH_MSGH_BITS(h->dest_type, h->reply_type) | 0x3fff0000,
		.msgh_size = 0xffffffff,
		.msgh_remote_port = h->dest,
		.msgh_local_port = h->reply,
		.msgh_seqno = 99,
		.msgh_id = 1234,
	};
	struct m_right dest, reply;
	struct ipc_kmsg *kmsg;
	mach_msg_return_t mr;

	ck_must(ipc_kmsg_get(&user, sizeof(user), &kmsg) == MACH_MSG_SUCCESS);
	mr = m_header_copyin(SENDER, h, &dest, &reply);
	ck_must(ipc_kmsg_copyin(kmsg, SENDER->task->space, SENDER->task->map,
				h->cancel ? MACH_SEND_CANCEL : 0, h->notify) == mr);
	cases++;
	if (mr != MACH_MSG_SUCCESS) {
		ipc_kmsg_free(kmsg);
		model_compare();
		return;
	}
	successes++;
	compare_header(kmsg, dest, reply);
	m_hand[0] = dest;
	m_hand[1] = reply;
	model_compare();
	m_hand[0].type = m_hand[1].type = 0;
	m_destroy_message(m_message_new(dest, reply, 1234));
	ipc_kmsg_destroy(kmsg);
	model_compare();
}

struct scene {
	enum kind dest, reply;
	bool same, dest_request, reply_request;
};

static void try_case(const struct scene *s, uint32_t dest_type, uint32_t reply_type,
		     enum cancel cancel)
{
	struct m_header h = { .dest_type = dest_type, .reply_type = reply_type };

	notify_name = make_receive(SENDER);
	other_name = make_receive(SENDER);
	h.dest = make_name(s->dest, s->dest_request);
	h.reply = s->same ? h.dest : make_name(s->reply, s->reply_request);
	h.cancel = cancel != NO_CANCEL;
	h.notify = cancel_name(cancel, h.dest);
	send_and_compare(&h);
	model_clear();
}

static void try_scene(const struct scene *s)
{
	for (size_t d = 0; d < DISPOSITIONS; d++)
		for (size_t r = 0; r < DISPOSITIONS; r++)
			for (enum cancel c = 0; c < CANCELS; c++)
				try_case(s, dispositions[d], dispositions[r], c);
}

static void tell(const char *what, int kind)
{
	printf("%s, kind %d of destination: %u combinations, %u of them sent\n", what, kind, cases,
	       successes);
}

/* --- All --------------------------------------------------------------------------------- */

/* One test for each kind of destination, so that they are spread over processes. */
START_TEST(test_two_names)
{
	struct scene s = { .dest = (enum kind)_i };

	model_start();
	for (s.reply = 0; s.reply < KINDS; s.reply++)
		for (int requests = 0; requests < 4; requests++) {
			s.dest_request = requests & 1;
			s.reply_request = requests & 2;
			if ((!s.dest_request || can_have_request(s.dest)) &&
			    (!s.reply_request || can_have_request(s.reply)))
				try_scene(&s);
		}
	model_check();
	model_finish();
	tell("two names", _i);
	ck_assert_uint_gt(cases, 1000);
}
END_TEST

START_TEST(test_same_name)
{
	struct scene s = { .dest = (enum kind)_i, .reply = (enum kind)_i, .same = true };

	model_start();
	try_scene(&s);
	s.dest_request = s.reply_request = true;
	if (can_have_request(s.dest))
		try_scene(&s);
	model_check();
	model_finish();
	tell("one name", _i);
}
END_TEST

/* Two names for one port: a send right, with the receive right or without; a send-once right. */
static void try_same_port(const struct scene *s, bool own, bool once_first, bool dies,
			  const struct m_header *types)
{
	struct m_space *owner = own ? SENDER : OWNER;
	mach_port_name_t port = make_receive(owner);
	mach_port_name_t send = give_right(owner, port, MACH_MSG_TYPE_MAKE_SEND, SENDER);
	mach_port_name_t once = give_right(owner, port, MACH_MSG_TYPE_MAKE_SEND_ONCE, SENDER);
	struct m_header h = *types;

	notify_name = make_receive(SENDER);
	h.dest = once_first ? once : send;
	h.reply = once_first ? send : once;
	h.notify = h.cancel ? notify_name : 0;
	if (s->dest_request)
		make_request(SENDER, h.dest, MACH_NOTIFY_DEAD_NAME, SENDER, notify_name);
	if (s->reply_request)
		make_request(SENDER, h.reply, MACH_NOTIFY_DEAD_NAME, SENDER, notify_name);
	if (dies)
		op_mod_refs(owner, port, MACH_PORT_RIGHT_RECEIVE, -1);
	send_and_compare(&h);
	model_clear();
}

START_TEST(test_same_port)
{
	model_start();
	for (size_t d = 0; d < DISPOSITIONS; d++)
		for (size_t r = 0; r < DISPOSITIONS; r++)
			for (int variant = 0; variant < 64; variant++) {
				struct scene s = {
					.dest_request = variant & 1, .reply_request = variant & 2,
				};
				struct m_header types = {
					.dest_type = dispositions[d], .reply_type = dispositions[r],
					.cancel = variant & 4,
				};

				try_same_port(&s, variant & 8, variant & 16, variant & 32, &types);
			}
	ck_assert_uint_gt(successes, 90);
	model_finish();
	tell("two names of one port", 0);
}
END_TEST

/* Into a space that is being destroyed. */
START_TEST(test_dead_space)
{
	mach_msg_header_t user = { .msgh_bits = MACH_MSG_TYPE_COPY_SEND, .msgh_remote_port = 1 };
	struct ipc_space *space;
	struct ipc_kmsg *kmsg;

	fake_ipc_start();
	ck_assert_int_eq(ipc_space_create(&space), KERN_SUCCESS);
	ipc_space_destroy(space);
	ck_assert_int_eq(ipc_kmsg_get(&user, sizeof(user), &kmsg), MACH_MSG_SUCCESS);
	ck_assert_int_eq(ipc_kmsg_copyin(kmsg, space, NULL, 0, 0), MACH_SEND_INVALID_DEST);
	ipc_kmsg_free(kmsg);
	ipc_space_release(space);
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_loop_test(tcase, test_two_names, 0, KINDS);
	tcase_add_loop_test(tcase, test_same_name, 0, KINDS);
	tcase_add_test(tcase, test_same_port);
	tcase_add_test(tcase, test_dead_space);
}
