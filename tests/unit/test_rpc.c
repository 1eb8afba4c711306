/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clients and servers at random, twice: with the fast path and without.  What everyone sees must
 * be the same.  The checker is run now and then; messages of a port arrive in the order in which
 * their senders called; nobody waits for what is there.
 */
#include <tests/unit/fakes_ipc.h>

#include <string.h>

#include <ipc/checker.h>
#include <ipc/fast_path.h>
#include <ipc/pset.h>
#include <mach/mach_port_server.h>
#include <mach/notify.h>

#define PORTS 3
#define CLIENTS 4
#define SERVERS 3
#define ACTORS (CLIENTS + SERVERS)
#define STEPS 2500
#define ROUNDS 80

/* The kernel chooses the names, which must be the same in both runs. */
static mach_port_name_t port_name[PORTS], set_name;			/* the servers' */
static mach_port_name_t send_name[PORTS], reply_name[CLIENTS], client_set;	/* the clients' */
static mach_port_name_t own_name;	/* of a port by which they call each other */

struct party {
	struct actor *actor;
	struct task *task;
	mach_msg_header_t *msg;		/* a page; NULL while it is unmapped */
	bool called;			/* and has not been seen to end */
	bool receives;
	mach_port_name_t reply;		/* a send-once right to be used, or 0 */
};

static struct party party[ACTORS];
static struct task *clients, *servers;
static uint32_t serial, last_serial[PORTS];
static uint32_t state;			/* of the random numbers */
static uint32_t arrivals, waits;
static uint32_t hand_overs_among_chosen;	/* in rounds with chosen names */

/* --- What has been seen ------------------------------------------------------------------ */

static uint32_t transcript[2][ROUNDS * STEPS * 20];
static uint32_t *record;
static size_t recorded;

static void see(uint32_t value)
{
	ck_must(recorded < sizeof(transcript[0]) / sizeof(transcript[0][0]));
	record[recorded++] = value;
}

static uint32_t pick(uint32_t n)
{
	state = state * 1664525 + 1013904223;
	return (state >> 10) % n;
}

/* --- The scene --------------------------------------------------------------------------- */

static struct ipc_port *port_of(struct task *task, mach_port_name_t name)
{
	return entry_port(ipc_entry_lookup(&task->space->table, name));
}

static mach_port_name_t make(struct task *task, mach_port_right_t right)
{
	mach_port_name_t name;

	ck_must(mach_port_allocate(task->space, right, &name) == KERN_SUCCESS);
	return name;
}

static void make_service(uint32_t p)
{
	port_name[p] = make(servers, MACH_PORT_RIGHT_RECEIVE);
	send_name[p] = fake_insert_send(clients,
					ipc_port_make_send(port_of(servers, port_name[p])));
	last_serial[p] = 0;
}

/* Chosen names that no slot has, and slots that would get such names next. */
static void choose_names(struct task *task)
{
	ck_must(mach_port_allocate_name(task->space, MACH_PORT_RIGHT_DEAD_NAME, 0x80000001) ==
		KERN_SUCCESS);
	for (mach_port_name_t index = 20; index < 26; index++) {
		for (mach_port_name_t generation = 0; generation < 4; generation++)
			ck_must(mach_port_allocate_name(task->space, MACH_PORT_RIGHT_DEAD_NAME,
					generation << NAME_INDEX_BITS | index) == KERN_SUCCESS);
		ck_must(mach_port_destroy(task->space, index) == KERN_SUCCESS);
	}
	ck_assert_uint_gt(task->space->table.sparse, 0);
}

static void start_round(uint32_t seed)
{
	state = seed;
	serial = 0;
	clients = fake_ipc_task();
	servers = fake_ipc_task();
	set_name = make(servers, MACH_PORT_RIGHT_PORT_SET);
	client_set = make(clients, MACH_PORT_RIGHT_PORT_SET);
	own_name = make(clients, MACH_PORT_RIGHT_RECEIVE);
	own_name = fake_insert_send(clients, ipc_port_make_send(port_of(clients, own_name)));
	for (uint32_t p = 0; p < PORTS; p++) {
		make_service(p);
		mach_port_move_member(servers->space, port_name[p], set_name);
	}
	for (uint32_t i = 0; i < ACTORS; i++) {
		struct task *task = i < CLIENTS ? clients : servers;

		party[i] = (struct party){ .actor = actor_create(task), .task = task };
		party[i].msg = fake_user_alloc(task->map, 4096);
		if (i < CLIENTS)
			reply_name[i] = make(clients, MACH_PORT_RIGHT_RECEIVE);
	}
	if (seed % 2 != 0) {
		choose_names(clients);
		choose_names(servers);
	}
}

static void end_round(void)
{
	for (int i = 0; i < ACTORS; i++)
		if (!party[i].actor->done)
			actor_wake(party[i].actor, WAIT_INTERRUPTED);
	actors_run();
	for (int i = 0; i < ACTORS; i++)
		actor_end(party[i].actor);
	fake_ipc_task_end(clients);
	fake_ipc_task_end(servers);
}

/* --- After each step --------------------------------------------------------------------- */

static void holders(struct ipc_check *check)
{
	for (int i = 0; i < ACTORS; i++) {
		struct ipc_object *object = party[i].actor->thread.ipc.object;

		if (object != NULL && object->kind == IOT_PORT)
			ipc_check_hold(check, (struct ipc_port *)object, IPC_HOLDS_REFERENCE);
	}
}

/* Messages that have come in this step: from which port, in which order, sent when. */
static struct {
	uint32_t port, seqno, serial;
} came[ACTORS];
static uint32_t came_count;

/* The port that a message came from, by its name or payload. */
static uint32_t service_of(uint32_t local)
{
	for (uint32_t p = 0; p < PORTS; p++)
		if (local == port_name[p] || local == 0xffff0000 + p)
			return p;
	ck_abort_msg("from an unknown port");
}

static void note_arrival(const mach_msg_header_t *msg)
{
	if (msg->msgh_id < 100 || msg->msgh_size < 28)
		return;
	came[came_count].port = service_of(msg->msgh_local_port);
	came[came_count].seqno = msg->msgh_seqno;
	came[came_count++].serial = ((const uint32_t *)(msg + 1))[0];
}

/* Who calls first is served first. */
static void check_order(void)
{
	uint32_t latest[PORTS];

	memcpy(latest, last_serial, sizeof(latest));
	for (uint32_t i = 0; i < came_count; i++) {
		uint32_t p = came[i].port;

		ck_must(came[i].serial > last_serial[p]);
		if (came[i].serial > latest[p])
			latest[p] = came[i].serial;
		for (uint32_t j = 0; j < i; j++)
			ck_must(came[j].port != p || (came[i].seqno > came[j].seqno) ==
							     (came[i].serial > came[j].serial));
	}
	memcpy(last_serial, latest, sizeof(latest));
	came_count = 0;
}

static void see_message(const mach_msg_header_t *msg)
{
	const uint32_t *word = (const uint32_t *)msg;

	for (uint32_t i = 0; i < 7; i++)
		see(word[i]);
	if (msg->msgh_size > 28 && msg->msgh_size <= 4096)
		see(word[msg->msgh_size / 4 - 1]);
}

/* A call has come to its end. */
static void finished(struct party *p)
{
	see(0xf0000000u + (uint32_t)(p - party));
	see((uint32_t)p->actor->result);
	if (p->msg == NULL)
		p->msg = fake_user_alloc(p->task->map, 4096);
	if (!p->receives || p->actor->result != MACH_MSG_SUCCESS)
		return;
	arrivals++;
	see_message(p->msg);
	p->reply = p->msg->msgh_remote_port;
	if (p->task == servers)
		note_arrival(p->msg);
}

/* No receiver of a set waits while one of its members has something. */
static void check_set(struct task *task, mach_port_name_t name)
{
	struct ipc_pset *set = entry_pset(ipc_entry_lookup(&task->space->table, name));

	ck_must(queue_empty(&set->mqueue.receivers) || queue_empty(&set->ready));
}

static void look(void)
{
	for (int i = 0; i < ACTORS; i++) {
		if (!party[i].called || !party[i].actor->done)
			continue;
		party[i].called = false;
		finished(&party[i]);
	}
	check_order();
	for (uint32_t p = 0; p < PORTS; p++) {
		struct ipc_port *port = port_of(servers, port_name[p]);

		see(port->msgcount | port->srights << 8 | port->sorights << 16 |
		    port->mscount << 24);
		see(port->seqno);
	}
	for (uint32_t i = 0; i < CLIENTS; i++)
		see(port_of(clients, reply_name[i])->seqno);
	see(clients->space->table.used << 16 | servers->space->table.used);
	check_set(servers, set_name);
	check_set(clients, client_set);
	fake_ipc_holders = holders;
	if (pick(4) == 0)
		ck_must(ipc_check_all() == 0);
}

/* --- Steps ------------------------------------------------------------------------------- */

static mach_msg_size_t any_size(void)
{
	static const mach_msg_size_t sizes[] = { 24, 28, 28, 32, 64, 256, 1024, 1048, 1052,
						 2000, 30 };

	return sizes[pick(11)];
}

static void call(struct party *p, mach_msg_option_t option, mach_msg_size_t size,
		 mach_port_name_t from)
{
	mach_msg_size_t rcv_size = pick(16) == 0 ? any_size() : 4096;

	if (pick(16) == 0)
		option |= MACH_RCV_LARGE;
	if (pick(16) == 0)
		option |= pick(2) ? MACH_SEND_TIMEOUT : MACH_RCV_TIMEOUT;
	p->receives = (option & MACH_RCV_MSG) != 0;
	actor_mach_msg(p->actor, p->msg, option, size, rcv_size, from, pick(2) * 20, 0);
	p->called = true;
	waits += !p->actor->done;
}

static void fill_message(struct party *p, mach_msg_size_t size, uint32_t bits,
			 mach_port_name_t dest, mach_port_name_t reply)
{
	uint32_t *word = (uint32_t *)(p->msg + 1);

	serial++;
	*p->msg = (mach_msg_header_t){
		.msgh_bits = bits, .msgh_remote_port = dest, .msgh_local_port = reply,
		.msgh_id = 100,
	};
	for (uint32_t i = 0; i * 4 + 24 < size; i++)
		word[i] = serial;
}

/* Ask to be told of the end of a reply right. */
static void request_step(struct party *p)
{
	struct ipc_port *previous = IP_NULL, *notify;

	notify = ipc_port_make_sonce(port_of(servers, port_name[0]));
	if (mach_port_request_notification(p->task->space, p->reply, MACH_NOTIFY_DEAD_NAME, 0,
					   notify, &previous) != KERN_SUCCESS)
		previous = notify;
	ipc_port_release_sonce(previous);
}

static void drop_step(struct party *p)
{
	if (!p->actor->done || p->reply == 0)
		return;
	mach_port_destroy(p->task->space, p->reply);
	p->reply = 0;
}

static mach_port_name_t client_source(uint32_t i)
{
	switch (pick(20)) {
	case 0:
		return reply_name[pick(CLIENTS)];
	case 1:
		return client_set;
	case 2:
		return 0x999;
	default:
		return reply_name[i];
	}
}

/* Reply to what has come, if anything has, and receive again. */
static void serve(struct party *p, mach_port_name_t from)
{
	mach_port_name_t reply = p->reply;
	mach_msg_size_t size = any_size();

	if (reply == 0)
		return call(p, MACH_RCV_MSG, 0, from);
	if (pick(6) == 0)
		request_step(p);
	p->reply = 0;
	fill_message(p, size, MACH_MSG_TYPE_MOVE_SEND_ONCE, reply, 0);
	call(p, pick(6) ? MACH_SEND_MSG | MACH_RCV_MSG : MACH_SEND_MSG, size, from);
}

static void server_step(struct party *p)
{
	serve(p, pick(6) == 0 ? port_name[pick(PORTS)] : set_name);
}

static void client_step(uint32_t i)
{
	struct party *p = &party[i];
	mach_msg_size_t size = any_size();
	mach_port_name_t from = client_source(i), dest = send_name[pick(PORTS)];
	mach_port_name_t reply = pick(8) == 0 ? reply_name[pick(CLIENTS)] : reply_name[i];

	if (pick(4) != 0 && port_of(clients, reply_name[i])->msgcount != 0)
		return call(p, MACH_RCV_MSG, 0, reply_name[i]);
	if (p->reply != 0 || pick(8) == 0)
		return serve(p, own_name);
	if (pick(8) == 0)
		dest = own_name;
	if (pick(16) == 0)
		reply = from = own_name;
	switch (pick(10)) {
	case 0:
		fill_message(p, size, MACH_MSG_TYPE_COPY_SEND, dest, 0);
		return call(p, MACH_SEND_MSG, size, 0);
	case 1:
		return call(p, MACH_RCV_MSG, 0, from);
	case 2:
		fill_message(p, size, MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND,
						     MACH_MSG_TYPE_MAKE_SEND), dest, reply);
		return call(p, MACH_SEND_MSG, size, 0);
	case 3:
		dest = pick(2) ? from : 0x999;	/* not a right that can be used so */
		break;
	}
	fill_message(p, size, MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
		     dest, reply);
	call(p, MACH_SEND_MSG | MACH_RCV_MSG, size, from);
}

static void wake_step(struct party *p)
{
	if (!p->actor->done)
		actor_wake(p->actor, pick(2) ? WAIT_TIMED_OUT : WAIT_INTERRUPTED);
}

/* Its buffer goes while it waits. */
static void unmap_step(struct party *p)
{
	if (p->actor->done || p->msg == NULL)
		return;
	fake_user_free(p->task->map, p->msg, 4096);
	p->msg = NULL;
}

static void recreate_step(uint32_t p)
{
	ck_must(mach_port_destroy(servers->space, port_name[p]) == KERN_SUCCESS);
	actors_run();
	ck_must(mach_port_destroy(clients->space, send_name[p]) == KERN_SUCCESS);
	make_service(p);
}

static void payload_step(uint32_t p)
{
	if (pick(5) == 0)
		mach_port_set_protected_payload(servers->space, port_name[p], 0xffff0000 + p);
	else
		mach_port_clear_protected_payload(servers->space, port_name[p]);
}

static void set_step(void)
{
	if (pick(2))
		mach_port_move_member(servers->space, port_name[pick(PORTS)],
				      pick(4) ? set_name : 0);
	else
		mach_port_move_member(clients->space, reply_name[pick(CLIENTS)],
				      pick(3) ? 0 : client_set);
}

static void other_step(void)
{
	switch (pick(8)) {
	case 0:
		return wake_step(&party[pick(ACTORS)]);
	case 1:
		return unmap_step(&party[pick(ACTORS)]);
	case 2:
		return recreate_step(pick(PORTS));
	case 3:
		return payload_step(pick(PORTS));
	case 4:
		return drop_step(&party[pick(ACTORS)]);
	case 5:
		mach_port_set_qlimit(servers->space, port_name[pick(PORTS)], pick(2) ? 5 : pick(3));
		return;
	default:
		return set_step();
	}
}

static void step(void)
{
	uint32_t who = pick(ACTORS);

	for (int i = 0; i < ACTORS && !party[who].actor->done; i++)
		who = (who + 1) % ACTORS;
	if (pick(12) == 0)
		other_step();
	else if (!party[who].actor->done)
		return;
	else if (who < CLIENTS)
		client_step(who);
	else
		server_step(&party[who]);
	actors_run();
	look();
}

static void run_all(bool fast, uint32_t *into)
{
	uint32_t live = fake_ipc_live();

	ipc_fast_path_enable(fast);
	record = into;
	recorded = 0;
	for (uint32_t round = 0; round < ROUNDS; round++) {
		uint32_t before = fake_hand_overs;

		start_round(round * 7919);
		for (uint32_t i = 0; i < STEPS; i++)
			step();
		end_round();
		if (round % 2 != 0)
			hand_overs_among_chosen += fake_hand_overs - before;
		ck_must(fake_ipc_live() == live);
	}
}

START_TEST(test_differential)
{
	size_t fast;
	uint32_t hand_overs;

	fake_ipc_start();
	run_all(true, transcript[0]);
	fast = recorded;
	hand_overs = fake_hand_overs;
	run_all(false, transcript[1]);
	for (size_t i = 0; i < fast && i < recorded; i++)
		ck_must(transcript[0][i] == transcript[1][i]);
	ck_assert_uint_eq(recorded, fast);
	ck_assert_uint_gt(arrivals, 2000);
	ck_assert_uint_gt(waits, 2000);
	ck_assert_uint_gt(hand_overs, 500);
	ck_assert_uint_gt(hand_overs_among_chosen, 250);
	ck_assert_uint_eq(fake_hand_overs, hand_overs);
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_differential);
}
