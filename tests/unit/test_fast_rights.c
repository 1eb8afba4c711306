/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests and replies with rights in the body, straight (ipc/fast_rights.h) and the ordinary way; and
 * messages to oneself (ipc/self_call.h).  Whatever the body says, both ways have the same result, to
 * the last name; and where the straight way is given up nothing has changed.
 */
#include <tests/unit/fakes_ipc.h>

#include <string.h>

#include <ipc/checker.h>
#include <ipc/fast_path.h>
#include <ipc/pset.h>
#include <kern/trace.h>
#include <mach/mach_port_server.h>
#include <mach/notify.h>

#define WORDS 300
#define SEEN_MAX 2000

/*
 * The server's port P, to which the client has a send right; the client's reply port R.  The client
 * has O, a port of its own; rights to others: Q (two references), L (one), a send-once right, a
 * dead name.
 */
static struct task *clients, *servers;
static struct actor *client, *server;
static struct ipc_port *others[2];
static mach_port_name_t p, to, r, o, q, l, once, dead, client_set, server_set;

struct letter {
	mach_msg_header_t header;
	uint32_t body[WORDS];
};
static struct letter sent, got;
static void *server_buffer;
static uint32_t body_words;
static uint32_t live_before, first_serial;

/* What a case shows, down each way. */
static uint32_t seen[2][SEEN_MAX], seen_count;
static uint32_t *record;

static void see(uint32_t word)
{
	ck_must(seen_count < SEEN_MAX);
	record[seen_count++] = word;
}

/* --- The scene --------------------------------------------------------------------------- */

static void holders(struct ipc_check *check)
{
	const struct actor *actors[] = { client, server };

	for (int i = 0; i < 2; i++)
		if (actors[i]->thread.ipc.object != NULL &&
		    actors[i]->thread.ipc.object->kind == IOT_PORT)
			ipc_check_hold(check, (struct ipc_port *)actors[i]->thread.ipc.object,
				       IPC_HOLDS_REFERENCE);
	for (int i = 0; i < 2; i++)
		if (others[i] != NULL)
			ipc_check_hold(check, others[i], IPC_HOLDS_RECEIVE);
}

static mach_port_name_t new_right(struct task *task, mach_port_right_t right)
{
	mach_port_name_t name;

	ck_must(mach_port_allocate(task->space, right, &name) == KERN_SUCCESS);
	return name;
}

static struct ipc_entry *entry_of(struct task *task, mach_port_name_t name)
{
	return ipc_entry_lookup(&task->space->table, name);
}

static struct ipc_port *port_of(struct task *task, mach_port_name_t name)
{
	return entry_port(entry_of(task, name));
}

static void add_refs(struct task *task, mach_port_name_t name, int32_t delta)
{
	ck_must(mach_port_mod_refs(task->space, name, MACH_PORT_RIGHT_SEND, delta) ==
		KERN_SUCCESS);
}

static struct ipc_port *other_port(void)
{
	struct ipc_port *port = ipc_port_alloc_kernel(IKOT_NONE, NULL);

	ck_must(port != NULL);
	return port;
}

/* A send-once right of the task's, under the name 0x4000 and so on. */
static mach_port_name_t insert_once(struct task *task, struct ipc_port *port,
				    mach_port_name_t name)
{
	ck_must(mach_port_insert_right(task->space, name, ipc_port_make_sonce(port),
				       MACH_MSG_TYPE_PORT_SEND_ONCE) == KERN_SUCCESS);
	return name;
}

static void start(void)
{
	live_before = fake_ipc_live();
	clients = fake_ipc_task();
	servers = fake_ipc_task();
	client = actor_create(clients);
	server = actor_create(servers);
	p = new_right(servers, MACH_PORT_RIGHT_RECEIVE);
	first_serial = port_of(servers, p)->serial;
	to = fake_insert_send(clients, ipc_port_make_send(port_of(servers, p)));
	r = new_right(clients, MACH_PORT_RIGHT_RECEIVE);
	o = new_right(clients, MACH_PORT_RIGHT_RECEIVE);
	for (int i = 0; i < 2; i++)
		others[i] = other_port();
	q = fake_insert_send(clients, ipc_port_make_send(others[0]));
	add_refs(clients, q, 1);
	l = fake_insert_send(clients, ipc_port_make_send(others[1]));
	once = insert_once(clients, others[0], 0x4000);
	dead = new_right(clients, MACH_PORT_RIGHT_DEAD_NAME);
	client_set = new_right(clients, MACH_PORT_RIGHT_PORT_SET);
	server_set = new_right(servers, MACH_PORT_RIGHT_PORT_SET);
	server_buffer = &got;
	fake_user_copies_out = 0;
	body_words = 0;
	memset(&got, 0, sizeof(got));
}

static void stop(struct actor *actor)
{
	if (!actor->done)
		actor_wake(actor, WAIT_INTERRUPTED);
	actors_run();
	see((uint32_t)actor->result);
}

static void see_space(struct task *task)
{
	struct ipc_table_cursor cursor = { 0 };
	struct ipc_entry *entry;

	while ((entry = ipc_table_next(&task->space->table, &cursor)) != NULL) {
		const struct ipc_port *port = entry_port(entry);

		see(entry->name);
		see(entry->bits);
		see(entry->next_name);
		if (port == NULL || port->object.kind != IOT_PORT)
			continue;
		see((port->serial - first_serial) << 24 | port->object.ref_count << 16 |
		    port->srights << 8 | port->sorights);
		see(port->mscount << 24 | port->seqno << 16 | port->msgcount << 8 |
		    port->counts.longest);
	}
	see(task->messages_sent << 16 | task->messages_received);
}

static void see_all(void)
{
	fake_ipc_holders = holders;
	ck_must(ipc_check_all() == 0);
	see_space(clients);
	see_space(servers);
	see(client->done << 1 | server->done);
}

static void finish(void)
{
	stop(client);
	stop(server);
	see_all();
	actor_end(client);
	actor_end(server);
	for (int i = 0; i < 2; i++)
		if (others[i] != NULL)
			ipc_port_dealloc_kernel(others[i]);
	others[0] = others[1] = NULL;
	fake_ipc_task_end(clients);
	fake_ipc_task_end(servers);
	ck_assert_uint_eq(fake_ipc_live(), live_before);
}

/* --- Bodies ------------------------------------------------------------------------------ */

#define TYPE_INLINE 0x10000000u
#define TYPE_WORD(name, number) (TYPE_INLINE | (number) << 16 | 32 << 8 | MACH_MSG_TYPE_##name)

static void word(uint32_t value)
{
	ck_must(body_words < WORDS);
	sent.body[body_words++] = value;
}

#define RIGHT(disposition, name) (word(TYPE_WORD(disposition, 1u)), word(name))

static void data(uint32_t value)
{
	word(TYPE_WORD(INTEGER_32, 1u));
	word(value);
}

/* --- Calls ------------------------------------------------------------------------------- */

static void see_message(const mach_msg_header_t *msg)
{
	const uint32_t *words = (const uint32_t *)msg;

	for (uint32_t i = 0; i < 6; i++)
		see(words[i]);
	for (uint32_t i = 6; i < msg->msgh_size / 4 && i < WORDS; i++)
		see(words[i]);
}

static void server_waits(mach_port_name_t name)
{
	actor_mach_msg(server, server_buffer, MACH_RCV_MSG, 0, sizeof(got), name, 0, 0);
	ck_must(!server->done);
}

static void fill_request(mach_port_name_t reply)
{
	sent.header = (mach_msg_header_t){
		.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND,
						MACH_MSG_TYPE_MAKE_SEND_ONCE),
		.msgh_remote_port = to, .msgh_local_port = reply, .msgh_id = 1000,
	};
}

static mach_msg_size_t sent_size(void)
{
	return sizeof(sent.header) + body_words * 4;
}

/* The client calls, and receives from `from`. */
static void call_from(mach_port_name_t reply, mach_port_name_t from)
{
	fill_request(reply);
	actor_mach_msg(client, &sent, MACH_SEND_MSG | MACH_RCV_MSG, sent_size(), sizeof(sent),
		       from, 0, 0);
	if (client->done)
		see((uint32_t)client->result);
	if (server->done) {
		see((uint32_t)server->result);
		see_message(&got.header);
	}
	see_all();
}

static void call(void)
{
	server_waits(p);
	call_from(r, r);
}

/* The server answers what it has got, with the body in `sent`, and receives again. */
static void answer_from(mach_port_name_t from)
{
	mach_port_name_t reply = got.header.msgh_remote_port;

	memcpy(got.body, sent.body, sizeof(got.body));
	got.header = (mach_msg_header_t){
		.msgh_bits = MACH_MSGH_BITS_COMPLEX |
			     MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0),
		.msgh_remote_port = reply, .msgh_id = 1100,
	};
	actor_mach_msg(server, &got, MACH_SEND_MSG | MACH_RCV_MSG, sent_size(), sizeof(got), from,
		       0, 0);
	if (server->done)
		see((uint32_t)server->result);
	if (client->done) {
		see((uint32_t)client->result);
		see_message(&sent.header);
	}
	see_all();
}

/* A call that goes straight, with one right: then it is the server's turn, with an empty body. */
static void called(void)
{
	RIGHT(MAKE_SEND, o);
	call();
	ck_must(server->done && server->result == MACH_MSG_SUCCESS);
	body_words = 0;
}

/* --- What goes straight: requests -------------------------------------------------------- */

static void copy_of_destination(void)
{
	RIGHT(COPY_SEND, to);
	call();
}

static void copies(void)
{
	RIGHT(COPY_SEND, q);
	RIGHT(COPY_SEND, q);
	RIGHT(COPY_SEND, l);
	call();
}

static void makes(void)
{
	RIGHT(MAKE_SEND, o);
	RIGHT(MAKE_SEND_ONCE, o);
	RIGHT(MAKE_SEND, o);
	RIGHT(MAKE_SEND_ONCE, o);
	call();
}

static void move_one_of_two(void)
{
	RIGHT(MOVE_SEND, q);
	call();
}

static void move_last(void)
{
	RIGHT(MOVE_SEND, l);
	call();
}

static void move_destination(void)
{
	RIGHT(MOVE_SEND, to);
	call();
}

static void move_beside_receive(void)
{
	ck_must(fake_insert_send(clients, ipc_port_make_send(port_of(clients, o))) == o);
	RIGHT(MOVE_SEND, o);
	call();
}

static void move_once(void)
{
	RIGHT(MOVE_SEND_ONCE, once);
	RIGHT(COPY_SEND, q);
	call();
}

static void sticky(void)
{
	add_refs(clients, q, 65532);
	RIGHT(MOVE_SEND, q);
	ck_must(fake_insert_send(servers, ipc_port_make_send(others[0])) != 0);
	call();
}

static void sticky_there(void)
{
	mach_port_name_t name = fake_insert_send(servers, ipc_port_make_send(others[0]));

	add_refs(servers, name, 65533);
	RIGHT(COPY_SEND, q);
	call();
}

static void among_data(void)
{
	data(7);
	RIGHT(COPY_SEND, MACH_PORT_NULL);
	word(TYPE_WORD(COPY_SEND, 3u));
	word(q);
	word(MACH_PORT_DEAD);
	word(l);
	data(8);
	word(TYPE_WORD(MOVE_SEND, 0u));
	call();
}

static void nothing_valid(void)
{
	RIGHT(MOVE_SEND, MACH_PORT_NULL);
	call();
}

static void eight(void)
{
	word(TYPE_WORD(COPY_SEND, 8u));
	for (int i = 0; i < 8; i++)
		word(i % 2 ? q : l);
	call();
}

/* The reply port is what the client waits on, or is in the set that it waits on. */
static void of_reply_port(void)
{
	RIGHT(MAKE_SEND, r);
	RIGHT(MAKE_SEND_ONCE, r);
	call();
}

static void reply_elsewhere(void)
{
	ck_must(mach_port_move_member(clients->space, r, client_set) == KERN_SUCCESS);
	RIGHT(MAKE_SEND, r);
	server_waits(p);
	call_from(r, client_set);
}

static void to_set(void)
{
	ck_must(mach_port_move_member(servers->space, p, server_set) == KERN_SUCCESS);
	RIGHT(MOVE_SEND, l);
	server_waits(server_set);
	call_from(r, r);
}

/* What is moved leaves a slot free, for the name of the reply right; the body's comes after it. */
static void to_own_task(void)
{
	actor_end(server);
	server = actor_create(clients);
	ck_must(mach_port_destroy(clients->space, to) == KERN_SUCCESS);
	p = to = new_right(clients, MACH_PORT_RIGHT_RECEIVE);
	ck_must(fake_insert_send(clients, ipc_port_make_send(port_of(clients, p))) == p);
	RIGHT(MOVE_SEND, l);
	RIGHT(MOVE_SEND_ONCE, once);
	RIGHT(COPY_SEND, to);
	call();
}

static void traced(void)
{
	trace_host_mask = ~0u;
	RIGHT(COPY_SEND, q);
	call();
	trace_host_mask = 0;
}

/* The same without rights. */
static void traced_data(void)
{
	trace_host_mask = ~0u;
	data(7);
	server_waits(p);
	fill_request(r);
	sent.header.msgh_bits &= ~MACH_MSGH_BITS_COMPLEX;
	actor_mach_msg(client, &sent, MACH_SEND_MSG | MACH_RCV_MSG, sent_size(), sizeof(sent), r,
		       0, 0);
	see_message(&got.header);
	see_all();
	trace_host_mask = 0;
}

/* --- Replies ----------------------------------------------------------------------------- */

static void answer_with_service(void)
{
	called();
	RIGHT(MAKE_SEND, p);
	RIGHT(MAKE_SEND_ONCE, p);
	answer_from(p);
}

static void answer_gives_back(void)
{
	mach_port_name_t name;

	called();
	name = got.body[1];
	RIGHT(MOVE_SEND, name);
	answer_from(p);
}

static void answer_with_nothing(void)
{
	called();
	RIGHT(COPY_SEND, MACH_PORT_NULL);
	answer_from(p);
}

static void answer_with_once(void)
{
	called();
	RIGHT(MOVE_SEND_ONCE, insert_once(servers, port_of(clients, r), 0x5000));
	answer_from(p);
}

static void answer_from_set(void)
{
	ck_must(mach_port_move_member(servers->space, p, server_set) == KERN_SUCCESS);
	RIGHT(MAKE_SEND, o);
	server_waits(server_set);
	call_from(r, r);
	body_words = 0;
	RIGHT(MAKE_SEND, p);
	answer_from(server_set);
}

/* The client waits on a set. */
static void answer_to_set(void)
{
	ck_must(mach_port_move_member(clients->space, r, client_set) == KERN_SUCCESS);
	RIGHT(MAKE_SEND, o);
	server_waits(p);
	call_from(r, client_set);
	body_words = 0;
	RIGHT(MAKE_SEND_ONCE, p);
	answer_from(p);
}

/* --- Buffers that cannot be written ------------------------------------------------------ */

static void lost_in(void *buffer)
{
	server_buffer = buffer;
	RIGHT(MOVE_SEND, l);
	RIGHT(MOVE_SEND_ONCE, once);
	RIGHT(COPY_SEND, MACH_PORT_NULL);
	server_waits(p);
}

static void lost_body(void)
{
	char *page = fake_user_alloc(servers->map, 4096);

	lost_in(page);
	fake_user_free(servers->map, page, 4096);
	call_from(r, r);
}

/* The body lies in a page that is there, the header before it. */
static void lost_header(void)
{
	char *pages = fake_user_alloc(servers->map, 8192);

	lost_in(pages + 4096 - 24);
	fake_user_free(servers->map, pages, 4096);
	call_from(r, r);
	fake_user_free(servers->map, pages + 4096, 4096);
}

/* --- What does not go straight ----------------------------------------------------------- */

static void nine(void)
{
	for (int i = 0; i < 9; i++)
		RIGHT(COPY_SEND, q);
	call();
}

static void receive_right(void)
{
	RIGHT(MOVE_RECEIVE, o);
	call();
}

static void dead_name(void)
{
	RIGHT(COPY_SEND, dead);
	call();
}

static void no_name(void)
{
	RIGHT(COPY_SEND, q);
	RIGHT(COPY_SEND, 0x999);
	call();
}

static void wrong_right(void)
{
	RIGHT(MOVE_SEND, q);
	RIGHT(MAKE_SEND, l);
	call();
}

static void moved_twice(void)
{
	RIGHT(MOVE_SEND, l);
	RIGHT(MOVE_SEND, l);
	call();
}

static void moved_and_copied(void)
{
	RIGHT(MOVE_SEND, q);
	RIGHT(COPY_SEND, l);
	RIGHT(COPY_SEND, q);
	call();
}

static void copied_and_moved(void)
{
	RIGHT(COPY_SEND, l);
	RIGHT(MOVE_SEND, l);
	call();
}

static void dead_port(void)
{
	RIGHT(COPY_SEND, q);
	RIGHT(COPY_SEND, l);
	ipc_port_dealloc_kernel(others[1]);
	others[1] = NULL;
	call();
}

/* Somebody is to be told that the name goes. */
static void requested(void)
{
	struct ipc_port *previous;

	ck_must(mach_port_request_notification(clients->space, l, MACH_NOTIFY_DEAD_NAME, 0,
					       ipc_port_make_sonce(port_of(clients, o)),
					       &previous) == KERN_SUCCESS);
	RIGHT(MOVE_SEND, l);
	call();
}

/* The same, by MACH_SEND_NOTIFY. */
static void accepted(void)
{
	ck_must(fake_insert_send(clients, ipc_port_make_send(port_of(clients, o))) == o);
	ck_must(mach_port_set_qlimit(clients->space, o, 0) == KERN_SUCCESS);
	sent.header = (mach_msg_header_t){
		.msgh_bits = MACH_MSG_TYPE_COPY_SEND, .msgh_remote_port = o, .msgh_id = 50,
	};
	actor_mach_msg(client, &sent, MACH_SEND_MSG | MACH_SEND_NOTIFY, 24, 0, 0, 0, r);
	ck_must(client->result == MACH_SEND_WILL_NOTIFY);
	RIGHT(MOVE_SEND, o);
	call();
}

static void out_of_line(void)
{
	word(TYPE_WORD(COPY_SEND, 1u) & ~TYPE_INLINE);
	word((uint32_t)(uintptr_t)&q);
	call();
	see(fake_user_copies_out);
}

static void out_of_line_nothing(void)
{
	RIGHT(COPY_SEND, q);
	word(TYPE_WORD(BYTE, 0u) & ~TYPE_INLINE);
	word(0);
	call();
}

static void bad_type(void)
{
	RIGHT(COPY_SEND, q);
	word(0x80000000u);
	call();
}

static void cut_off(void)
{
	RIGHT(COPY_SEND, q);
	word(TYPE_WORD(COPY_SEND, 1u));
	call();
}

static void plain_data(void)
{
	data(1);
	call();
}

static void no_body(void)
{
	call();
}

static void no_names(void)
{
	servers->space->table.limit = servers->space->table.used + 1;
	RIGHT(COPY_SEND, q);
	call();
}

static void nobody_waits(void)
{
	RIGHT(MOVE_SEND, l);
	call_from(r, r);
}

/* The reply port is not the client's to receive from. */
static void wrong_reply(void)
{
	RIGHT(MOVE_SEND, l);
	server_waits(p);
	call_from(q, r);
}

/* Neither a request nor a reply. */
static void no_reply_wanted(void)
{
	RIGHT(COPY_SEND, q);
	server_waits(p);
	sent.header = (mach_msg_header_t){
		.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSG_TYPE_COPY_SEND,
		.msgh_remote_port = to, .msgh_id = 1000,
	};
	actor_mach_msg(client, &sent, MACH_SEND_MSG | MACH_RCV_MSG, sent_size(), sizeof(sent), r,
		       0, 0);
	see_message(&got.header);
	see_all();
}

/* The reply right itself. */
static void answer_with_itself(void)
{
	called();
	RIGHT(MOVE_SEND_ONCE, got.header.msgh_remote_port);
	answer_from(p);
}

/* --- To oneself -------------------------------------------------------------------------- */

static mach_port_name_t self_from;
static mach_msg_size_t self_room;

static void self_start(void)
{
	ck_must(fake_insert_send(clients, ipc_port_make_send(port_of(clients, o))) == o);
	self_from = o;
	self_room = sizeof(sent);
	for (uint32_t i = 0; i < 9; i++)
		word(i + 100);
}

static void self_send(void)
{
	sent.header = (mach_msg_header_t){
		.msgh_bits = MACH_MSG_TYPE_COPY_SEND, .msgh_remote_port = o, .msgh_id = 33,
	};
	actor_mach_msg(client, &sent, MACH_SEND_MSG | MACH_RCV_MSG, sent_size(), self_room,
		       self_from, 0, 0);
	if (client->done)
		see((uint32_t)client->result);
	see_message(&sent.header);
	see_all();
}

static void to_oneself(void)
{
	self_start();
	self_send();
	self_send();
}

static void to_oneself_a_header(void)
{
	self_start();
	body_words = 0;
	self_send();
}

/* The buffer can be read only. */
static void self_lost(void)
{
	self_start();
	fake_user_read_only = true;
	self_send();
	body_words = 0;
	self_send();
	fake_user_read_only = false;
	self_send();
}

static void self_no_send_right(void)
{
	self_start();
	add_refs(clients, o, -1);
	self_send();
}

static void self_no_name(void)
{
	self_start();
	ck_must(mach_port_destroy(clients->space, o) == KERN_SUCCESS);
	self_send();
}

static void self_from_other(void)
{
	self_start();
	self_from = r;
	self_send();
}

static void self_no_room(void)
{
	self_start();
	self_room = sent_size() - 4;
	self_send();
}

static void self_in_set(void)
{
	self_start();
	ck_must(mach_port_move_member(clients->space, o, client_set) == KERN_SUCCESS);
	self_send();
}

static void self_with_payload(void)
{
	self_start();
	ck_must(mach_port_set_protected_payload(clients->space, o, 5) == KERN_SUCCESS);
	self_send();
}

static void self_queue_not_empty(void)
{
	self_start();
	sent.header = (mach_msg_header_t){
		.msgh_bits = MACH_MSG_TYPE_COPY_SEND, .msgh_remote_port = o, .msgh_id = 32,
	};
	actor_mach_msg(client, &sent, MACH_SEND_MSG, 24, 0, 0, 0, 0);
	self_send();
}

static void self_no_limit(void)
{
	self_start();
	ck_must(mach_port_set_qlimit(clients->space, o, 0) == KERN_SUCCESS);
	self_send();
}

static void self_other_waits(void)
{
	actor_end(server);
	server = actor_create(clients);
	self_start();
	server_waits(o);
	self_send();
	see_message(&got.header);
}

static void self_traced(void)
{
	trace_host_mask = ~0u;
	self_start();
	self_send();
	trace_host_mask = 0;
}

/* --- Both ways --------------------------------------------------------------------------- */

/* How many messages go straight. */
static const struct {
	void (*run)(void);
	uint32_t straight;
} cases[] = {
	{ copy_of_destination, 1 },
	{ copies, 1 },
	{ makes, 1 },
	{ move_one_of_two, 1 },
	{ move_last, 1 },
	{ move_destination, 1 },
	{ move_beside_receive, 1 },
	{ move_once, 1 },
	{ sticky, 1 },
	{ sticky_there, 1 },
	{ among_data, 1 },
	{ nothing_valid, 1 },
	{ eight, 1 },
	{ of_reply_port, 1 },
	{ reply_elsewhere, 1 },
	{ to_set, 1 },
	{ to_own_task, 1 },
	{ traced, 1 },
	{ traced_data, 1 },
	{ answer_with_service, 2 },
	{ answer_gives_back, 2 },
	{ answer_with_nothing, 2 },
	{ answer_with_once, 2 },
	{ answer_from_set, 2 },
	{ answer_to_set, 2 },
	{ lost_body, 1 },
	{ lost_header, 1 },
	{ nine, 0 },
	{ receive_right, 0 },
	{ dead_name, 0 },
	{ no_name, 0 },
	{ wrong_right, 0 },
	{ moved_twice, 0 },
	{ moved_and_copied, 0 },
	{ copied_and_moved, 0 },
	{ dead_port, 0 },
	{ requested, 0 },
	{ accepted, 0 },
	{ out_of_line, 0 },
	{ out_of_line_nothing, 0 },
	{ bad_type, 0 },
	{ cut_off, 0 },
	{ plain_data, 0 },
	{ no_body, 0 },
	{ no_names, 0 },
	{ nobody_waits, 0 },
	{ wrong_reply, 0 },
	{ no_reply_wanted, 0 },
	{ answer_with_itself, 1 },
	{ to_oneself, 0 },
	{ to_oneself_a_header, 0 },
	{ self_lost, 0 },
	{ self_no_send_right, 0 },
	{ self_no_name, 0 },
	{ self_from_other, 0 },
	{ self_no_room, 0 },
	{ self_in_set, 0 },
	{ self_with_payload, 0 },
	{ self_queue_not_empty, 0 },
	{ self_no_limit, 0 },
	{ self_other_waits, 0 },
	{ self_traced, 0 },
};

static uint32_t run(unsigned int i, bool fast)
{
	uint32_t before = fake_hand_overs;

	ipc_fast_path_enable(fast);
	record = seen[fast];
	seen_count = 0;
	start();
	cases[i].run();
	finish();
	return fake_hand_overs - before;
}

START_TEST(test_both_ways)
{
	fake_ipc_start();
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t count, straight;

		run(i, false);
		count = seen_count;
		straight = run(i, true);
		ck_assert_msg(straight == cases[i].straight, "case %u: %u straight", i, straight);
		for (uint32_t at = 0; at < count && at < seen_count; at++)
			ck_assert_msg(seen[0][at] == seen[1][at], "case %u, word %u: %x, not %x",
				      i, at, seen[1][at], seen[0][at]);
		ck_assert_msg(seen_count == count, "case %u: %u words, not %u", i, seen_count,
			      count);
	}
}
END_TEST

/* --- Locks that others have -------------------------------------------------------------- */

/* The straight way alone; it must give up, with nothing changed. */
static void in_vain(void)
{
	static uint32_t before[SEEN_MAX];
	struct fast_call fast = { .header = sent.header };
	struct thread *self = current_thread();
	uint32_t count;

	fast.header.msgh_size = sent_size();
	fast.args = (struct mach_msg_args){ &sent.header, MACH_SEND_MSG | MACH_RCV_MSG,
					    sent_size(), sizeof(sent), r, 0, 0 };
	if (!(fast.header.msgh_bits & MACH_MSGH_BITS_COMPLEX))
		fast.args.rcv_name = o;
	seen_count = 0;
	see_space(clients);
	see_space(servers);
	count = seen_count;
	memcpy(before, record, sizeof(before));
	host_stack_base.thread = &client->thread;
	client->thread.flags = TH_RUN;
	ipc_fast_path(&client->thread, fast);
	ck_must(client->thread.flags == TH_RUN && client->thread.ipc.object == NULL);
	client->thread.flags = 0;
	host_stack_base.thread = self;
	seen_count = 0;
	see_space(clients);
	see_space(servers);
	ck_must(seen_count == count && memcmp(before, record, count * sizeof(before[0])) == 0);
}

/* As if another processor had it. */
static void with_lock(struct spin_lock *lock)
{
	lock->held = 1;
	in_vain();
	ck_assert_uint_eq(lock->held, 1);
	lock->held = 0;
}

START_TEST(test_locks)
{
	fake_ipc_start();
	ipc_fast_path_enable(true);
	record = seen[0];
	start();
	RIGHT(COPY_SEND, q);
	RIGHT(MOVE_SEND, l);
	fill_request(r);
	server_waits(p);
	with_lock(&others[0]->object.lock);
	with_lock(&others[1]->object.lock);
	with_lock(&servers->space->lock);
	with_lock(&port_of(clients, r)->object.lock);
	with_lock(&port_of(servers, p)->object.lock);
	with_lock(&clients->space->lock);
	server->thread.flags = 0;		/* somebody has claimed it */
	in_vain();
	server->thread.flags = TH_WAIT;
	seen_count = 0;
	call_from(r, r);
	ck_assert_uint_eq(fake_hand_overs, 1);
	finish();
}
END_TEST

START_TEST(test_lock_of_set)
{
	fake_ipc_start();
	ipc_fast_path_enable(true);
	record = seen[0];
	start();
	ck_must(mach_port_move_member(servers->space, p, server_set) == KERN_SUCCESS);
	RIGHT(COPY_SEND, q);
	fill_request(r);
	server_waits(server_set);
	with_lock(&entry_pset(entry_of(servers, server_set))->object.lock);
	seen_count = 0;
	finish();
}
END_TEST

START_TEST(test_locks_of_own)
{
	fake_ipc_start();
	ipc_fast_path_enable(true);
	record = seen[0];
	start();
	self_start();
	self_send();
	sent.header = (mach_msg_header_t){
		.msgh_bits = MACH_MSG_TYPE_COPY_SEND, .msgh_remote_port = o, .msgh_id = 33,
	};
	with_lock(&clients->space->lock);
	with_lock(&port_of(clients, o)->object.lock);
	seen_count = 0;
	finish();
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_both_ways);
	tcase_add_test(tcase, test_locks);
	tcase_add_test(tcase, test_lock_of_set);
	tcase_add_test(tcase, test_locks_of_own);
}
