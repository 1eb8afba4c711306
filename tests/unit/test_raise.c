/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exceptions that go straight to a handler, and straight back (ipc/raise.h): what comes, what is left
 * of the rights, and that nothing has changed where it is given up.
 */
#include <tests/unit/scene_queue.h>

#include <string.h>

#include <ipc/checker.h>
#include <ipc/fast_path.h>
#include <ipc/mqueue.h>
#include <ipc/pset.h>
#include <ipc/raise.h>
#include <kern/trace.h>
#include <mach/mach_port_server.h>

#define NO_ANSWER KERN_NOT_RECEIVER

static const uint32_t code[3] = { 6, 2, 77 };

struct request {
	mach_msg_header_t header;
	struct ipc_raise_body body;
	uint32_t more[40];
};

/* The thread, an actor of the clients, and what it has. */
static struct actor *sufferer;
static struct ipc_port *reply_port, *thread_port, *task_port;
static struct ipc_raise rights;
static struct request request;

/* The answer that came straight. */
static mach_msg_id_t answer_id;
static uint32_t answer_word;

static void holders(struct ipc_check *check)
{
	const struct actor *waits[] = { receiver[0], receiver[1], sufferer };

	for (unsigned int i = 0; i < 3; i++)
		if (waits[i]->thread.ipc.object != NULL &&
		    waits[i]->thread.ipc.object->kind == IOT_PORT)
			ipc_check_hold(check, (struct ipc_port *)waits[i]->thread.ipc.object,
				       IPC_HOLDS_REFERENCE);
	ipc_check_hold(check, reply_port, IPC_HOLDS_RECEIVE);
	ipc_check_hold(check, thread_port, IPC_HOLDS_RECEIVE);
	ipc_check_hold(check, task_port, IPC_HOLDS_RECEIVE);
	ipc_check_hold(check, rights.handler, IPC_HOLDS_SEND);
	ipc_check_hold(check, rights.reply, IPC_HOLDS_SEND_ONCE);
	ipc_check_hold(check, rights.thread, IPC_HOLDS_SEND);
	ipc_check_hold(check, rights.task, IPC_HOLDS_SEND);
}

static void check(void)
{
	fake_ipc_holders = holders;
	ck_must(ipc_check_all() == 0);
}

static __attribute__((noreturn)) void answer_straight(const mach_msg_header_t *header,
						       const void *body)
{
	ck_must(current_thread() == &sufferer->thread && sufferer->thread.ipc.object == NULL);
	answer_id = header != NULL ? header->msgh_id : -1;
	answer_word = body != NULL ? *(const uint32_t *)body : 0;
	syscall_return(KERN_SUCCESS);
}

/* By a message, or not at all. */
static void answer_otherwise(void)
{
	struct thread *self = current_thread();
	mach_msg_return_t mr = ipc_mqueue_receive_finish(self);

	ipc_port_release((struct ipc_port *)self->ipc.object);
	self->ipc.object = NULL;
	if (mr == MACH_MSG_SUCCESS) {
		answer_id = self->ipc.kmsg->header.id;
		ipc_kmsg_destroy_received(self->ipc.kmsg);
	}
	syscall_return(mr == MACH_MSG_SUCCESS ? KERN_SUCCESS : NO_ANSWER);
}

static void raise_now(void)
{
	struct ipc_raise raise = rights;

	rights = (struct ipc_raise){ .handler = NULL };	/* as if they were used up */
	ipc_raise_fast(&sufferer->thread, &raise, answer_otherwise);
	kernel_must(!"it gave up");
}

static void raise(void)
{
	sufferer->done = false;
	sufferer->thread.flags = 0;
	sufferer->thread.continuation = raise_now;
	thread_make_runnable(&sufferer->thread);
	actors_run();
}

/* It gives up; the test may hold locks. */
static void raise_in_vain(uint32_t flags)
{
	struct thread *self = current_thread();

	host_stack_base.thread = &sufferer->thread;
	sufferer->thread.flags = TH_RUN | flags;
	ipc_raise_fast(&sufferer->thread, &rights, answer_otherwise);
	ck_must(sufferer->thread.flags == (TH_RUN | flags) && interrupts_enabled());
	ck_must(sufferer->thread.ipc.object == NULL);
	host_stack_base.thread = self;
}

static struct ipc_port *kernel_port(void)
{
	struct ipc_port *kernel = ipc_port_alloc_kernel(IKOT_NONE, NULL);

	ck_must(kernel != NULL);
	return kernel;
}

static void take_rights(void)
{
	rights = (struct ipc_raise){
		.handler = ipc_port_copy_send(real(0)),
		.reply = ipc_port_make_sonce(reply_port),
		.thread = ipc_port_make_send(thread_port),
		.task = ipc_port_make_send(task_port),
		.code = code,
	};
}

static void release_rights(void)
{
	ipc_port_release_send(rights.handler);
	ipc_port_drop_sonce(rights.reply);
	ipc_port_release_send(rights.thread);
	ipc_port_release_send(rights.task);
	rights = (struct ipc_raise){ .handler = NULL };
}

static void start(void)
{
	scene_start();
	ipc_fast_path_enable(true);
	ipc_fast_answer = answer_straight;
	sufferer = actor_create(client);
	reply_port = ipc_port_create();
	ck_must(reply_port != NULL);
	reply_port->receiver = ipc_space_reply;
	thread_port = kernel_port();
	task_port = kernel_port();
	take_rights();
}

static void finish(void)
{
	release_rights();
	if (!sufferer->done) {
		actor_wake(sufferer, WAIT_INTERRUPTED);
		actors_run();
		ck_must(sufferer->result == NO_ANSWER);
	}
	actor_end(sufferer);
	ipc_port_destroy(reply_port);
	ipc_port_dealloc_kernel(thread_port);
	ipc_port_dealloc_kernel(task_port);
	reply_port = thread_port = task_port = NULL;
	scene_finish();
}

/* A handler waits, with room for so much. */
static void handler_waits(void *buffer, mach_msg_size_t size, mach_port_name_t name)
{
	actor_mach_msg(receiver[0], buffer, MACH_RCV_MSG, 0, size, name, 0, 0);
	ck_must(!receiver[0]->done);
}

static struct ipc_entry *entry_of(mach_port_name_t name)
{
	return ipc_entry_lookup(&server->space->table, name);
}

static void expect_request(uint32_t seqno)
{
	ck_must(receiver[0]->done && receiver[0]->result == MACH_MSG_SUCCESS);
	ck_must(!sufferer->done && sufferer->thread.ipc.object == &reply_port->object);
	ck_assert_uint_eq(request.header.msgh_bits, 0x80001112);
	ck_assert_uint_eq(request.header.msgh_size, 64);
	ck_assert_uint_eq(request.header.msgh_seqno, seqno);
	ck_assert_uint_eq(request.header.msgh_local_port, port[0]);
	ck_assert_int_eq(request.header.msgh_id, 2400);
	ck_must(entry_port(entry_of(request.header.msgh_remote_port)) == reply_port);
	ck_must(entry_port(entry_of(request.body.thread)) == thread_port);
	ck_must(entry_port(entry_of(request.body.task)) == task_port);
	ck_assert_uint_eq(request.body.thread_type, 0x10012011);
	ck_assert_uint_eq(request.body.task_type, 0x10012011);
	ck_assert_uint_eq(request.body.exception_type, 0x10012002);
	ck_assert_uint_eq(request.body.exception, 6);
	ck_assert_uint_eq(request.body.code, 2);
	ck_assert_uint_eq(request.body.subcode, 77);
	check();
}

static void answer(mach_msg_size_t size, mach_msg_option_t option, mach_port_name_t from)
{
	request.header.msgh_bits = MACH_MSG_TYPE_MOVE_SEND_ONCE;
	request.header.msgh_local_port = MACH_PORT_NULL;
	request.header.msgh_id = 2500;
	memset(&request.body, 0x55, sizeof(request.body));
	answer_id = 0;
	actor_mach_msg(receiver[0], &request, MACH_SEND_MSG | option, size, sizeof(request), from,
		       0, 0);
	ck_must(sufferer->done && sufferer->result == KERN_SUCCESS);
	check();
}

/* One after the other, straight and straight back. */
static void ping_pong(mach_port_name_t from)
{
	uint32_t before = fake_hand_overs;

	handler_waits(&request, sizeof(request), from);
	for (uint32_t i = 0; i < 5; i++) {
		raise();
		expect_request(i);
		ck_assert_uint_eq(entry_urefs(entry_of(request.body.thread)), i + 1);
		ck_assert_uint_eq(entry_urefs(entry_of(request.body.task)), i + 1);
		answer(32, MACH_RCV_MSG, from);
		ck_must(!receiver[0]->done);
		ck_assert_int_eq(answer_id, 2500);
		ck_assert_uint_eq(answer_word, 0x55555555);
		take_rights();
	}
	ck_assert_uint_eq(fake_hand_overs - before, 10);
	end_wait(receiver[0], WAIT_INTERRUPTED, MACH_RCV_INTERRUPTED);
}

START_TEST(test_port)
{
	start();
	ping_pong(port[0]);
	finish();
}
END_TEST

START_TEST(test_set)
{
	mach_port_name_t set;

	start();
	set = new_right(server, MACH_PORT_RIGHT_PORT_SET);
	move(port[0], set, KERN_SUCCESS);
	ping_pong(set);
	finish();
}
END_TEST

/* What the answer is: a header alone, and what takes a kmsg. */
START_TEST(test_answers)
{
	start();
	handler_waits(&request, 64, port[0]);
	raise();
	expect_request(0);
	answer(24, MACH_RCV_MSG, port[0]);
	ck_assert_int_eq(answer_id, -1);
	take_rights();
	raise();
	expect_request(1);
	answer(32, 0, 0);		/* sent only: nobody gives the processor away */
	ck_assert_int_eq(answer_id, 2500);
	ck_must(receiver[0]->done);
	finish();
}
END_TEST

/* An answer with rights in it, which means no, does not come straight. */
START_TEST(test_complex_answer)
{
	uint32_t before;

	start();
	handler_waits(&request, 64, port[0]);
	raise();
	expect_request(0);
	before = fake_hand_overs;
	request.header.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSG_TYPE_MOVE_SEND_ONCE;
	request.header.msgh_local_port = MACH_PORT_NULL;
	request.header.msgh_id = 2501;
	request.body.thread_type = WORD_TYPE(MACH_MSG_TYPE_MOVE_SEND);
	actor_mach_msg(receiver[0], &request, MACH_SEND_MSG | MACH_RCV_MSG, 32, sizeof(request),
		       port[0], 0, 0);
	ck_must(sufferer->done && sufferer->result == KERN_SUCCESS);
	ck_assert_int_eq(answer_id, 2501);
	ck_assert_uint_eq(fake_hand_overs, before);
	ck_assert_uint_eq(thread_port->srights, 0);
	check();
	end_wait(receiver[0], WAIT_INTERRUPTED, MACH_RCV_INTERRUPTED);
	finish();
}
END_TEST

/* With the trace on, and no answer. */
START_TEST(test_traced)
{
	start();
	trace_host_mask = ~0u;
	handler_waits(&request, 64, port[0]);
	raise();
	expect_request(0);
	finish();
}
END_TEST

/* The buffer cannot be written to: what the handler has got is taken back. */
START_TEST(test_bad_buffer)
{
	void *page;

	start();
	page = fake_user_alloc(server->map, 4096);
	handler_waits(page, 64, port[0]);
	fake_user_free(server->map, page, 4096);
	raise();
	ck_must(receiver[0]->done && receiver[0]->result == MACH_RCV_INVALID_DATA);
	ck_must(sufferer->done && sufferer->result == KERN_SUCCESS);	/* by a notification */
	ck_assert_int_eq(answer_id, 71);
	ck_assert_uint_eq(thread_port->srights + task_port->srights, 0);
	check();
	finish();
}
END_TEST

/* --- Giving up --------------------------------------------------------------------------- */

static uint32_t limit_before;

static void lock_handler(void)
{
	ipc_port_lock(real(0));
}

static void unlock_handler(void)
{
	ipc_port_unlock(real(0));
}

static void lock_space(void)
{
	ipc_space_lock(server->space);
}

static void unlock_space(void)
{
	ipc_space_unlock(server->space);
}

static void lock_reply(void)
{
	ipc_port_lock(reply_port);
}

static void unlock_reply(void)
{
	ipc_port_unlock(reply_port);
}

static void lock_thread(void)
{
	ipc_port_lock(thread_port);
}

static void unlock_thread(void)
{
	ipc_port_unlock(thread_port);
}

static void lock_task(void)
{
	ipc_port_lock(task_port);
}

static void unlock_task(void)
{
	ipc_port_unlock(task_port);
}

static void add_payload(void)
{
	real(0)->has_payload = true;
}

static void drop_payload(void)
{
	real(0)->has_payload = false;
}

static void limit_names(void)
{
	limit_before = server->space->table.limit;
	server->space->table.limit = server->space->table.used + 2;
}

static void unlimit_names(void)
{
	server->space->table.limit = limit_before;
}

static void turn_off(void)
{
	ipc_fast_path_enable(false);
}

static void turn_on(void)
{
	ipc_fast_path_enable(true);
}

static void lose_thread(void)
{
	ipc_port_release_send(rights.thread);
	rights.thread = IP_NULL;
}

static void find_thread(void)
{
	rights.thread = ipc_port_make_send(thread_port);
}

static void lose_task(void)
{
	ipc_port_release_send(rights.task);
	rights.task = IP_DEAD;
}

static void find_task(void)
{
	rights.task = ipc_port_make_send(task_port);
}

static void fill_reply(void)
{
	reply_port->msgcount++;
}

static void empty_reply(void)
{
	reply_port->msgcount--;
}

static void nothing_to_do(void)
{
}

static const struct {
	void (*spoil)(void), (*mend)(void);
	uint32_t flags;			/* of the thread */
} reasons[] = {
	{ lock_handler, unlock_handler, 0 },
	{ lock_space, unlock_space, 0 },
	{ lock_reply, unlock_reply, 0 },
	{ lock_thread, unlock_thread, 0 },
	{ lock_task, unlock_task, 0 },
	{ add_payload, drop_payload, 0 },
	{ limit_names, unlimit_names, 0 },
	{ turn_off, turn_on, 0 },
	{ lose_thread, find_thread, 0 },
	{ lose_task, find_task, 0 },
	{ fill_reply, empty_reply, 0 },
	{ nothing_to_do, nothing_to_do, TH_ABORTED },
};

static void expect_nothing(uint32_t flags)
{
	uint32_t used = server->space->table.used;

	raise_in_vain(flags);
	ck_must(!receiver[0]->done && receiver[0]->thread.flags == TH_WAIT);
	ck_assert_uint_eq(server->space->table.used, used);
}

/* For each reason not to, nothing has changed: afterwards it goes straight. */
START_TEST(test_reasons)
{
	start();
	for (unsigned int i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		uint32_t before = fake_hand_overs;

		handler_waits(&request, 64, port[0]);
		reasons[i].spoil();
		expect_nothing(reasons[i].flags);
		reasons[i].mend();
		check();
		ck_assert_uint_eq(fake_hand_overs, before);
		raise();
		expect_request(i);
		answer(32, 0, 0);
		take_rights();
	}
	finish();
}
END_TEST

/* Too little room in the buffer, more than the message asked for, nobody there. */
START_TEST(test_receivers)
{
	start();
	handler_waits(&request, 60, port[0]);
	expect_nothing(0);
	end_wait(receiver[0], WAIT_INTERRUPTED, MACH_RCV_INTERRUPTED);
	actor_mach_msg(receiver[0], &request, MACH_RCV_MSG | MACH_RCV_TRAILER_ELEMENTS(1), 0, 100,
		       port[0], 0, 0);
	expect_nothing(0);
	end_wait(receiver[0], WAIT_INTERRUPTED, MACH_RCV_INTERRUPTED);
	raise_in_vain(0);
	finish();
}
END_TEST

/* The last send right to the handler would have to be told of. */
START_TEST(test_last_right)
{
	start();
	handler_waits(&request, 64, port[0]);
	ck_must(mach_port_destroy(client->space, to[0]) == KERN_SUCCESS);
	expect_nothing(0);
	end_wait(receiver[0], WAIT_INTERRUPTED, MACH_RCV_INTERRUPTED);
	finish();
}
END_TEST

/* What has died. */
START_TEST(test_dead)
{
	start();
	handler_waits(&request, 64, port[0]);
	ipc_port_dealloc_kernel(task_port);
	expect_nothing(0);
	task_port = NULL;
	end_wait(receiver[0], WAIT_INTERRUPTED, MACH_RCV_INTERRUPTED);
	destroy(port[0]);
	raise_in_vain(0);
	task_port = kernel_port();
	finish();
}
END_TEST

/* The set is locked elsewhere. */
START_TEST(test_locked_set)
{
	mach_port_name_t set;
	struct ipc_pset *pset;

	start();
	set = new_right(server, MACH_PORT_RIGHT_PORT_SET);
	move(port[0], set, KERN_SUCCESS);
	pset = entry_pset(entry_of(set));
	handler_waits(&request, 64, set);
	ipc_pset_lock(pset);
	expect_nothing(0);
	ipc_pset_unlock(pset);
	end_wait(receiver[0], WAIT_INTERRUPTED, MACH_RCV_INTERRUPTED);
	finish();
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_port);
	tcase_add_test(tcase, test_set);
	tcase_add_test(tcase, test_answers);
	tcase_add_test(tcase, test_complex_answer);
	tcase_add_test(tcase, test_traced);
	tcase_add_test(tcase, test_bad_buffer);
	tcase_add_test(tcase, test_reasons);
	tcase_add_test(tcase, test_receivers);
	tcase_add_test(tcase, test_last_right);
	tcase_add_test(tcase, test_dead);
	tcase_add_test(tcase, test_locked_set);
}
