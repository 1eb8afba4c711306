/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sets under change.  Every message has a number of its sender's; it must come once, whatever
 * happens to the sets meanwhile.
 */
#include "races.h"

#include <libmach/memory.h>
#include <libmach/string.h>
#include <mach.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/race.h"
#include "../common/tap.h"

#define SELF		mach_task_self()
#define SENDERS		8
#define MEMBERS		64
#define FEW_MEMBERS	6

static mach_port_t members[MEMBERS];
static unsigned int member_total;
static volatile mach_port_t sets[2];

static unsigned int received_total, sent_total, refused;
static unsigned int next_sent[SENDERS];
static uint8_t *seen[SENDERS];		/* how often each message has come */

static kern_return_t move(mach_port_t port, mach_port_t set)
{
	return mach_port_move_member(SELF, port, set);
}

static void start(unsigned int count, unsigned int messages)
{
	sets[0] = port_new_set();
	sets[1] = port_new_set();
	member_total = count;
	received_total = sent_total = refused = 0;
	for (unsigned int i = 0; i < count; i++)
		members[i] = port_new_with_send(1);
	for (unsigned int i = 0; i < SENDERS; i++) {
		next_sent[i] = 0;
		seen[i] = calloc(messages + 1, 1);
	}
}

/* All that was sent has come, once. */
static void end(void)
{
	EXPECT(received_total, sent_total);
	for (unsigned int i = 0; i < SENDERS; i++) {
		for (unsigned int j = 0; j < next_sent[i]; j++)
			if (!EXPECT(seen[i][j], 1))
				break;
		free(seen[i]);
	}
	for (unsigned int i = 0; i < member_total; i++)
		port_destroy(members[i]);
	port_destroy(sets[0]);
	port_destroy(sets[1]);
}

static void note(const struct message *message)
{
	unsigned int sender = (unsigned int) message->header.msgh_id >> 24;
	unsigned int number = message->header.msgh_id & 0xffffff;

	received_total++;
	if (EXPECT_TRUE(sender < SENDERS && number < next_sent[sender]))
		seen[sender][number]++;
}

/* One message to some member; it waits for room. */
static void send_one(struct racer *self)
{
	struct message message;

	message_init(&message, members[race_random(self, member_total)], MACH_MSG_TYPE_COPY_SEND,
		MACH_PORT_NULL, 0);
	message.header.msgh_id = (self->index << 24) | next_sent[self->index]++;
	EXPECT(message_send_size(&message, sizeof message.header, 0, 0), MACH_MSG_SUCCESS);
	sent_total++;
}

static void set_senders(struct racer *field, unsigned int steps)
{
	for (unsigned int i = 0; i < SENDERS; i++)
		field[i] = (struct racer) { .step = send_one, .steps = steps };
}

/* --- PS-1 ------------------------------------------------------------------------------------ */

/* There is always one more to come: a wait that ends by time has overslept. */
static void receive_due(struct racer *self)
{
	struct message message;

	(void) self;
	if (EXPECT(message_receive_wait(&message, sets[0], 5000), MACH_MSG_SUCCESS))
		note(&message);
}

void test_no_lost_wakeup(void)
{
	unsigned int steps = tap_rounds(400, 20000);
	struct racer field[SENDERS + 1];

	start(MEMBERS, steps);
	for (unsigned int i = 0; i < MEMBERS; i++)
		EXPECT(move(members[i], sets[0]), KERN_SUCCESS);
	set_senders(field, steps);
	field[SENDERS] = (struct racer) { .step = receive_due, .steps = SENDERS * steps };
	race_run(field, COUNT_OF(field));
	EXPECT_TRUE(queue_is_empty(sets[0]));
	end();
}

/* --- PS-3, PS-4 ------------------------------------------------------------------------------ */

/* Receive from wherever the messages may be: two sets, or a port by itself. */
static void receive_somewhere(struct racer *self)
{
	uint32_t where = race_random(self, member_total + 2);
	mach_port_t name = where < 2 ? sets[where] : members[where - 2];
	struct message message;
	mach_msg_return_t result = message_receive_wait(&message, name, race_random(self, 3) * 10);

	if (result == MACH_MSG_SUCCESS)
		note(&message);
	else if (where < 2)
		EXPECT_TRUE(result == MACH_RCV_TIMED_OUT || result == MACH_RCV_PORT_DIED
			|| result == MACH_RCV_INVALID_NAME);
	else
		EXPECT_TRUE(result == MACH_RCV_TIMED_OUT || result == MACH_RCV_IN_SET
			|| result == MACH_RCV_PORT_CHANGED);
}

static unsigned int occurrences(mach_port_t set, mach_port_t port)
{
	mach_port_name_array_t names;
	mach_msg_type_number_t count = 0;
	unsigned int found = 0;

	if (mach_port_get_set_status(SELF, set, &names, &count) != KERN_SUCCESS)
		return 0;
	for (unsigned int i = 0; i < count; i++)
		found += names[i] == port;
	vm_deallocate(SELF, (vm_offset_t) names, count * sizeof *names);
	return found;
}

/* A member goes from set to set, or out; then it is where it was put, and nowhere else. */
static void move_one(struct racer *self)
{
	mach_port_t port = members[race_random(self, member_total)];
	uint32_t where = race_random(self, 3);
	mach_port_t before = port_status(port).mps_pset;

	if (where == 2) {
		EXPECT(move(port, MACH_PORT_NULL), before == MACH_PORT_NULL ? KERN_NOT_IN_SET
			: KERN_SUCCESS);
		EXPECT(move(port, MACH_PORT_NULL), KERN_NOT_IN_SET);
	} else {
		EXPECT(move(port, sets[where]), KERN_SUCCESS);
	}
	EXPECT(occurrences(sets[0], port), where == 0);
	EXPECT(occurrences(sets[1], port), where == 1);
	EXPECT(port_status(port).mps_pset, where == 2 ? MACH_PORT_NULL : sets[where]);
}

/* One set dies, and its members are alone, with their messages; a new one takes its place. */
static void replace_set(struct racer *self)
{
	uint32_t which = race_random(self, 2);
	mach_port_t old = sets[which];

	sets[which] = port_new_set();
	if (race_random(self, 2) == 0)
		race_pause(self);
	port_destroy(old);
	for (unsigned int i = 0; i < member_total; i++)
		EXPECT_TRUE(port_status(members[i]).mps_pset != old);
}

static void change_sets(struct racer *self)
{
	if (race_random(self, 4) == 0)
		replace_set(self);
	else
		move_one(self);
}

/* What is left when all have ended. */
static void drain(struct racer *self)
{
	struct message message;

	(void) self;
	for (unsigned int i = 0; i < member_total; i++) {
		move(members[i], MACH_PORT_NULL);
		while (message_receive(&message, members[i]) == MACH_MSG_SUCCESS)
			note(&message);
	}
}

void test_changing_sets(void)
{
	unsigned int steps = tap_rounds(150, 10000);
	struct racer field[SENDERS + 4];

	start(FEW_MEMBERS, steps);
	set_senders(field, steps);
	field[SENDERS] = (struct racer) { .step = change_sets };
	for (unsigned int i = 1; i < 4; i++)
		field[SENDERS + i] = (struct racer) { .step = receive_somewhere };
	race_run(field, COUNT_OF(field));
	drain(NULL);
	end();
}

/* Members die, too: what was in their queues is lost, and only that. */
static void send_if_possible(struct racer *self)
{
	struct message message;
	mach_msg_return_t result;
	mach_port_t port = members[race_random(self, member_total)];

	message_init(&message, port, MACH_MSG_TYPE_MAKE_SEND, MACH_PORT_NULL, 0);
	result = message_send_size(&message, sizeof message.header, MACH_SEND_TIMEOUT, 5);
	if (result == MACH_SEND_TIMED_OUT)
		mach_port_deallocate(SELF, message.header.msgh_remote_port);
	else
		EXPECT_TRUE(result == MACH_MSG_SUCCESS || result == MACH_SEND_INVALID_DEST);
}

static void receive_any(struct racer *self)
{
	uint32_t where = race_random(self, 2);
	struct message message;
	mach_msg_return_t result = message_receive_wait(&message, sets[where],
		race_random(self, 3) * 10);

	if (result == MACH_RCV_PORT_DIED)
		refused++;
	else
		EXPECT_TRUE(result == MACH_MSG_SUCCESS || result == MACH_RCV_TIMED_OUT
			|| result == MACH_RCV_INVALID_NAME);
}

static void replace_anything(struct racer *self)
{
	uint32_t which = race_random(self, member_total);
	mach_port_t old = members[which];

	switch (race_random(self, 3)) {
	case 0:
		members[which] = port_new();
		EXPECT(mach_port_mod_refs(SELF, old, MACH_PORT_RIGHT_RECEIVE, -1), KERN_SUCCESS);
		break;
	case 1:
		replace_set(self);
		break;
	default:
		EXPECT(move(old, sets[race_random(self, 2)]), KERN_SUCCESS);
	}
}

/* A waiter whose set dies says so; a member that outlives its sets can be received from. */
void test_dying_sets(void)
{
	struct racer field[] = {
		{ .step = replace_anything, .steps = tap_rounds(1500, 50000) },
		{ .step = send_if_possible },
		{ .step = send_if_possible },
		{ .step = receive_any },
		{ .step = receive_any },
		{ .step = receive_any },
	};

	start(FEW_MEMBERS, 0);
	for (unsigned int i = 0; i < member_total; i++)
		EXPECT(mach_port_deallocate(SELF, members[i]), KERN_SUCCESS);
	race_run(field, COUNT_OF(field));
	EXPECT_TRUE(refused > 10);
	for (unsigned int i = 0; i < member_total; i++) {
		struct message message;

		move(members[i], MACH_PORT_NULL);
		while (message_receive(&message, members[i]) == MACH_MSG_SUCCESS)
			continue;
		port_make_send(members[i]);
		EXPECT(send_simple(members[i], i), MACH_MSG_SUCCESS);
		EXPECT(message_receive(&message, members[i]), MACH_MSG_SUCCESS);
		EXPECT(message.header.msgh_id, i);
	}
	end();
}

/* --- PS-6 ------------------------------------------------------------------------------------ */

#define MANY		3000
#define CHURNING	8

static mach_port_t many[MANY], churning[CHURNING];
static unsigned int in_set;		/* of the churning ones, which is in for sure */

/* The next joins, then the one before it leaves: one or two neighbours are in at any instant. */
static void churn(struct racer *self)
{
	unsigned int next = (in_set + 1) % CHURNING;

	EXPECT(move(churning[next], sets[0]), KERN_SUCCESS);
	race_pause(self);
	EXPECT(move(churning[in_set], MACH_PORT_NULL), KERN_SUCCESS);
	in_set = next;
}

static int index_of(mach_port_t name)
{
	for (unsigned int i = 0; i < CHURNING; i++)
		if (churning[i] == name)
			return i;
	return -1;
}

static boolean_t are_neighbours(unsigned int mask)
{
	for (unsigned int i = 0; i < CHURNING; i++)
		if (mask == 1u << i || mask == (1u << i | 1u << (i + 1) % CHURNING))
			return TRUE;
	return FALSE;
}

static void check_list(const mach_port_t *names, unsigned int count)
{
	vm_size_t size = round_page(count * sizeof *names);
	unsigned int mask = 0, steady = 0;

	for (unsigned int i = 0; i < count; i++) {
		int churner = index_of(names[i]);

		if (churner >= 0)
			mask |= 1u << churner;
		else
			steady++;
	}
	EXPECT(steady, MANY);
	if (!are_neighbours(mask))
		tap_fail("members of two moments: 0x%x", mask);
	for (unsigned int i = count; i < size / sizeof *names; i++)
		if (!EXPECT(names[i], 0))
			break;
}

static void list_members(struct racer *self)
{
	mach_port_name_array_t names;
	mach_msg_type_number_t count;

	(void) self;
	if (!EXPECT(mach_port_get_set_status(SELF, sets[0], &names, &count), KERN_SUCCESS))
		return;
	check_list(names, count);
	EXPECT(vm_deallocate(SELF, (vm_offset_t) names, count * sizeof *names), KERN_SUCCESS);
}

void test_status_under_change(void)
{
	struct racer field[] = {
		{ .step = list_members, .steps = tap_rounds(100, 5000) },
		{ .step = churn },
		{ .step = list_members, .steps = tap_rounds(100, 5000) },
	};

	sets[0] = port_new_set();
	for (unsigned int i = 0; i < MANY; i++) {
		many[i] = port_new();
		EXPECT(move(many[i], sets[0]), KERN_SUCCESS);
	}
	for (unsigned int i = 0; i < CHURNING; i++)
		churning[i] = port_new();
	in_set = 0;
	EXPECT(move(churning[0], sets[0]), KERN_SUCCESS);
	race_run(field, COUNT_OF(field));
	for (unsigned int i = 0; i < MANY; i++)
		port_destroy(many[i]);
	for (unsigned int i = 0; i < CHURNING; i++)
		port_destroy(churning[i]);
	port_destroy(sets[0]);
}
