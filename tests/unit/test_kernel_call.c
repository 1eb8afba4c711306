/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls to the kernel, straight (ipc/kernel_call.h) and the ordinary way: whatever the kernel does with
 * a request, and whatever becomes of the reply port meanwhile, both ways have the same result.
 */
#include <tests/unit/fakes_ipc.h>

#include <string.h>

#include <ipc/checker.h>
#include <ipc/fast_path.h>
#include <ipc/kobject.h>
#include <kern/slab.h>
#include <kern/trace.h>
#include <mach/mach_port_server.h>

#define REQUEST_ID 2000
#define SEEN_MAX 64

static struct task *task;
static struct actor *caller, *other;
static mach_port_name_t kernel_name, reply_name, set_name;
static struct ipc_port *kernel_port;
static uint32_t calls;			/* that the kernel has served */
static uint32_t live_before;

struct letter {
	mach_msg_header_t header;
	uint32_t body[300];
};
static struct letter letter, elsewhere;
static mach_msg_size_t send_size, rcv_size;

/* What a case shows, down each way. */
static uint32_t seen[2][SEEN_MAX], seen_count;
static uint32_t *record;

static void see(uint32_t word)
{
	ck_must(seen_count < SEEN_MAX);
	record[seen_count++] = word;
}

/* --- What the kernel does ---------------------------------------------------------------- */

static void (*meanwhile)(void);
static mach_msg_size_t answer_size;
static bool answer_complex, answer_none;

static void nothing(void)
{
}

static void destroy_reply(void)
{
	ck_must(mach_port_destroy(task->space, reply_name) == KERN_SUCCESS);
}

static void rename_reply(void)
{
	ck_must(mach_port_rename(task->space, reply_name, 0x777) == KERN_SUCCESS);
}

static void join_set(void)
{
	ck_must(mach_port_move_member(task->space, reply_name, set_name) == KERN_SUCCESS);
}

static void set_payload(void)
{
	ck_must(mach_port_set_protected_payload(task->space, reply_name, 0x5678) == KERN_SUCCESS);
}

/* A message is there first. */
static void fill_reply(void)
{
	struct ipc_port *port = entry_port(ipc_entry_lookup(&task->space->table, reply_name));
	struct ipc_kmsg *kmsg = ipc_kmsg_alloc(sizeof(struct kmsg_header));

	ck_must(kmsg != NULL);
	kmsg->header = (struct kmsg_header){
		.bits = MACH_MSG_TYPE_PORT_SEND_ONCE, .size = sizeof(kmsg->header),
		.remote = ipc_port_make_sonce(port), .id = 99,
	};
	ipc_mqueue_deliver(kmsg);
}

struct ipc_kmsg *ipc_kobject_server(struct ipc_kmsg *request)
{
	struct ipc_kmsg *answer;

	calls++;
	see((uint32_t)request->header.id << 16 | request->header.size);
	see(request->header.bits);
	if (request->header.size > sizeof(request->header))
		see(((const uint32_t *)kmsg_body(request))[0]);
	see(((const uint32_t *)&request->header)[request->header.size / 4]);	/* ends strings */
	meanwhile();
	if (answer_none) {
		ipc_port_drop_sonce(request->header.local);
		request->header.local = IP_NULL;
		ipc_kmsg_destroy(request);
		return NULL;
	}
	answer = ipc_kmsg_alloc(answer_size);
	ck_must(answer != NULL);
	answer->header = (struct kmsg_header){
		.bits = MACH_MSGH_BITS_LOCAL(request->header.bits), .size = answer_size,
		.remote = request->header.local, .id = request->header.id + 100,
	};
	memset(kmsg_body(answer), 0, answer_size - sizeof(answer->header));
	if (answer_complex) {
		uint32_t *body = kmsg_body(answer);

		answer->header.bits |= MACH_MSGH_BITS_COMPLEX;
		body[0] = 0x10012011;
		body[1] = (uint32_t)(uintptr_t)ipc_port_make_send(kernel_port);
	}
	request->header.local = IP_NULL;
	ipc_kmsg_destroy(request);
	return answer;
}

/* --- The scene --------------------------------------------------------------------------- */

static void holders(struct ipc_check *check)
{
	const struct actor *actors[] = { caller, other };

	ipc_check_hold(check, kernel_port, IPC_HOLDS_RECEIVE);
	for (int i = 0; i < 2; i++)
		if (actors[i]->thread.ipc.object != NULL &&
		    actors[i]->thread.ipc.object->kind == IOT_PORT)
			ipc_check_hold(check, (struct ipc_port *)actors[i]->thread.ipc.object,
				       IPC_HOLDS_REFERENCE);
}

static mach_port_name_t new_right(mach_port_right_t right)
{
	mach_port_name_t name;

	ck_must(mach_port_allocate(task->space, right, &name) == KERN_SUCCESS);
	return name;
}

static void start(void)
{
	live_before = fake_ipc_live();
	task = fake_ipc_task();
	caller = actor_create(task);
	other = actor_create(task);
	kernel_port = ipc_port_alloc_kernel(IKOT_NONE, NULL);
	ck_must(kernel_port != NULL);
	kernel_name = fake_insert_send(task, ipc_port_make_send(kernel_port));
	reply_name = new_right(MACH_PORT_RIGHT_RECEIVE);
	set_name = new_right(MACH_PORT_RIGHT_PORT_SET);
	meanwhile = nothing;
	answer_size = 36;
	answer_complex = answer_none = false;
	send_size = 28;
	rcv_size = sizeof(letter);
	calls = 0;
}

static void finish(void)
{
	fake_ipc_holders = holders;
	ck_must(ipc_check_all() == 0);
	if (!caller->done)
		actor_wake(caller, WAIT_INTERRUPTED);
	if (!other->done)
		actor_wake(other, WAIT_INTERRUPTED);
	actors_run();
	actor_end(caller);
	actor_end(other);
	ipc_port_dealloc_kernel(kernel_port);
	fake_ipc_task_end(task);
	ck_assert_uint_eq(fake_ipc_live(), live_before);
}

static void see_port(mach_port_name_t name)
{
	const struct ipc_entry *entry = ipc_entry_lookup(&task->space->table, name);
	const struct ipc_port *port = entry != NULL ? entry_port(entry) : NULL;

	see(port != NULL);
	if (port == NULL)
		return;
	see(port->srights << 16 | port->sorights);
	see(port->object.ref_count << 16 | port->msgcount);
	see(port->seqno);
	see(port->counts.longest);
}

static void call_into(void *buffer)
{
	letter.header = (mach_msg_header_t){
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
		.msgh_size = 0x999, .msgh_remote_port = kernel_name,
		.msgh_local_port = reply_name, .msgh_seqno = 0x888, .msgh_id = REQUEST_ID,
	};
	for (int i = 0; i < 300; i++)
		letter.body[i] = 0x1000 + i;
	if (buffer != &letter)
		memcpy(buffer, &letter, send_size);
	actor_mach_msg(caller, buffer, MACH_SEND_MSG | MACH_RCV_MSG, send_size, rcv_size,
		       reply_name, 0, 0);
	see(caller->done);
	see(caller->done ? (uint32_t)caller->result : 0);
}

static void call(void)
{
	call_into(&letter);
	for (int i = 0; i < 10; i++)
		see(((const uint32_t *)&letter)[i]);
	see(task->messages_sent << 16 | task->messages_received);
	see_port(reply_name);
	see_port(kernel_name);
}

/* --- Cases ------------------------------------------------------------------------------- */

static void plainly(void)
{
	call();
}

static void twice(void)
{
	call_into(&letter);
	call();
}

static void header_only(void)
{
	send_size = answer_size = 24;
	call();
}

static void long_request(void)
{
	send_size = 1000;
	call();
}

static void no_room(void)
{
	rcv_size = 32;
	call();
}

static void complex(void)
{
	answer_complex = true;
	call();
}

static void no_answer(void)
{
	answer_none = true;
	call();
}

static void reply_dies(void)
{
	meanwhile = destroy_reply;
	call();
}

static void reply_renamed(void)
{
	meanwhile = rename_reply;
	call();
}

static void reply_in_set(void)
{
	meanwhile = join_set;
	call();
}

static void reply_was_in_set(void)
{
	join_set();
	call();
}

static void reply_with_payload(void)
{
	meanwhile = set_payload;
	call();
}

static void reply_filled(void)
{
	meanwhile = fill_reply;
	call();
}

static void reply_was_filled(void)
{
	fill_reply();
	call();
}

/* Another waits on the reply port, and gets it. */
static void somebody_waits(void)
{
	actor_mach_msg(other, &elsewhere, MACH_RCV_MSG, 0, sizeof(elsewhere), reply_name, 0, 0);
	call();
	see(other->done);
	see((uint32_t)elsewhere.header.msgh_id);
}

/* The buffer goes, so that the answer cannot be written. */
static void *page;

static void unmap(void)
{
	fake_user_free(task->map, page, 4096);
}

static void buffer_goes(void)
{
	page = fake_user_alloc(task->map, 4096);
	meanwhile = unmap;
	call_into(page);
	see_port(reply_name);
}

static void traced(void)
{
	trace_host_mask = ~0u;
	call();
	trace_host_mask = 0;
}

/* Beyond the task's limits: refused, and counted once. */
static void too_long(void)
{
	task->space->account->limits.il_message_size = 24;
	call();
	see(task->space->account->refused_messages);
}

static void too_much(void)
{
	struct ipc_limits limits = task->space->account->limits;

	limits.il_memory = task->space->account->memory;
	ipc_account_set_limits(task->space->account, &limits);
	call();
	see(task->space->account->refused_memory);
}

static void (*const cases[])(void) = {
	plainly, twice, header_only, long_request, no_room, complex, no_answer, reply_dies,
	reply_renamed, reply_in_set, reply_with_payload, reply_filled, somebody_waits, buffer_goes,
	traced,
	/* These are not for the straight way. */
	reply_was_in_set, reply_was_filled, too_long, too_much,
};
#define STRAIGHT 15u

static void run(unsigned int i, bool fast)
{
	ipc_fast_path_enable(fast);
	record = seen[fast];
	seen_count = 0;
	memset(&elsewhere, 0, sizeof(elsewhere));
	start();
	cases[i]();
	see(calls);
	finish();
}

START_TEST(test_both_ways)
{
	fake_ipc_start();
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t count, before = fake_continuations;

		run(i, false);
		count = seen_count;
		ck_assert_uint_eq(fake_continuations, before);
		run(i, true);
		ck_assert_msg((fake_continuations != before) == (i < STRAIGHT), "case %u", i);
		ck_assert_uint_eq(seen_count, count);
		for (uint32_t word = 0; word < count; word++)
			ck_assert_msg(seen[0][word] == seen[1][word], "case %u, word %u: %x, not %x",
				      i, word, seen[1][word], seen[0][word]);
	}
}
END_TEST

/* No memory at first: the ordinary way has some. */
START_TEST(test_shortage)
{
	static uint32_t sink[SEEN_MAX];

	fake_ipc_start();
	ipc_fast_path_enable(true);
	record = sink;
	start();
	slab_fail_after(1);
	call_into(&letter);
	slab_fail_after(0);
	ck_assert_uint_eq(calls, 1);
	ck_must(caller->done && caller->result == MACH_MSG_SUCCESS);
	finish();
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_both_ways);
	tcase_add_test(tcase, test_shortage);
}
