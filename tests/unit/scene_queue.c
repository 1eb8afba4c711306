/* SPDX-License-Identifier: BSD-2-Clause */
#include <tests/unit/scene_queue.h>

#include <string.h>

#include <ipc/checker.h>
#include <mach/mach_port_server.h>

struct task *client, *server;
struct actor *sender[ACTORS], *receiver[ACTORS];
mach_port_name_t port[PORTS], to[PORTS];
struct letter sent[ACTORS], got[ACTORS];
static uint32_t live_before;

/* --- The scene --------------------------------------------------------------------------- */

struct ipc_port *real(int p)
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

void scene_check(void)
{
	fake_ipc_holders = holders;
	ck_assert_int_eq(ipc_check_all(), 0);
}

mach_port_name_t new_right(struct task *task, mach_port_right_t right)
{
	mach_port_name_t name;

	ck_must(mach_port_allocate(task->space, right, &name) == KERN_SUCCESS);
	return name;
}

void scene_start(void)
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
		to[p] = fake_insert_send(client, ipc_port_make_send(real(p)));
	}
}

void scene_finish(void)
{
	scene_check();
	fake_ipc_holders = NULL;
	for (int i = 0; i < ACTORS; i++) {
		actor_end(sender[i]);
		actor_end(receiver[i]);
	}
	fake_ipc_task_end(client);
	fake_ipc_task_end(server);
	ck_assert_uint_eq(fake_ipc_live(), live_before);
}

/* --- Calls ------------------------------------------------------------------------------- */

void call_send(int i, mach_port_name_t name, uint32_t type, uint32_t serial,
	       mach_msg_option_t option, mach_msg_timeout_t timeout)
{
	sent[i] = (struct letter){
		.header = { .msgh_bits = type, .msgh_remote_port = name, .msgh_id = 100 },
		.serial = serial,
	};
	actor_mach_msg(sender[i], &sent[i], MACH_SEND_MSG | option, 28, 0, 0, timeout, 0);
}

/* Send number `serial`; waits if it must. */
void send_to(int i, int p, uint32_t serial)
{
	call_send(i, to[p], MACH_MSG_TYPE_COPY_SEND, serial, 0, 0);
}

void send_now(int p, uint32_t serial)
{
	send_to(0, p, serial);
	ck_assert(sender[0]->done);
	ck_assert_int_eq(sender[0]->result, MACH_MSG_SUCCESS);
}

void call_receive(int i, mach_port_name_t name, mach_msg_size_t size,
		  mach_msg_option_t option, mach_msg_timeout_t timeout)
{
	memset(&got[i], 0xee, sizeof(got[i]));
	actor_mach_msg(receiver[i], &got[i], MACH_RCV_MSG | option, 0, size, name, timeout, 0);
}

void receive_from(int i, mach_port_name_t name)
{
	call_receive(i, name, sizeof(got[i]), 0, 0);
}

/* Receive at once; the message's number. */
uint32_t take(mach_port_name_t name)
{
	receive_from(5, name);
	ck_assert(receiver[5]->done);
	ck_assert_int_eq(receiver[5]->result, MACH_MSG_SUCCESS);
	return got[5].serial;
}

bool nothing(mach_port_name_t name)
{
	call_receive(5, name, sizeof(got[5]), MACH_RCV_TIMEOUT, 0);
	ck_assert(receiver[5]->done);
	return receiver[5]->result == MACH_RCV_TIMED_OUT;
}

void expect(struct actor *actor, mach_msg_return_t mr)
{
	ck_assert(actor->done);
	ck_assert_int_eq(actor->result, mr);
}

void end_wait(struct actor *actor, enum wait_result how, mach_msg_return_t mr)
{
	ck_assert(!actor->done && actor_wake(actor, how));
	actors_run();
	expect(actor, mr);
}

void set_limit(int p, uint32_t limit)
{
	ck_assert_int_eq(mach_port_set_qlimit(server->space, port[p], limit), KERN_SUCCESS);
	actors_run();
}

void fill(int p)
{
	while (real(p)->msgcount < real(p)->qlimit)
		send_now(p, 1 + real(p)->msgcount);
}

void move(mach_port_name_t member, mach_port_name_t set, kern_return_t kr)
{
	ck_assert_int_eq(mach_port_move_member(server->space, member, set), kr);
	actors_run();
}

void destroy(mach_port_name_t name)
{
	ck_assert_int_eq(mach_port_destroy(server->space, name), KERN_SUCCESS);
	actors_run();
}

mach_port_name_t make_once(int p)
{
	mach_port_name_t name;
	struct ipc_port *right = ipc_port_make_sonce(real(p));
	mach_msg_type_name_t type = MACH_MSG_TYPE_PORT_SEND_ONCE;
	kern_return_t kr;

	name = 0x4000 + (uint32_t)p;
	while ((kr = mach_port_insert_right(client->space, name, right, type)) == KERN_NAME_EXISTS)
		name += PORTS;
	if (kr != KERN_SUCCESS)
		ipc_port_release_sonce(right);
	ck_must(kr == KERN_SUCCESS);
	return name;
}
