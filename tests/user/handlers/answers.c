/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of what handlers answer. */
#include "handlers.h"

#include "../common/ports.h"
#include "../common/tap.h"

static struct message request;

/* The thread goes on; its task's handler is not asked. */
void test_yes(void)
{
	struct sufferer s;

	sufferer_start(&s);
	for (int i = 0; i < 5; i++) {
		if (!exception_comes(s.by_thread, EXC_BREAKPOINT, &request))
			break;
		answer_yes(&request);
		if (!exception_comes(s.by_thread, EXC_BAD_INSTRUCTION, &request))
			break;
		EXPECT_TRUE(exception_is_quiet(s.by_task));
		/* Behind the ud2, which stands at eip. */
		struct i386_thread_state state;
		mach_msg_type_number_t count = i386_THREAD_STATE_COUNT;

		EXPECT(thread_get_state(s.thread, i386_THREAD_STATE, (thread_state_t) &state,
			&count), KERN_SUCCESS);
		state.eip += 2;
		EXPECT(thread_set_state(s.thread, i386_THREAD_STATE, (thread_state_t) &state,
			count), KERN_SUCCESS);
		answer_yes(&request);
	}
	sufferer_end(&s);
}

/* --- answers that are no yes ----------------------------------------------------------------- */

static mach_port_t carried;		/* what an answer brings is given back */

static void begin(struct message *reply)
{
	message_init(reply, request.header.msgh_remote_port, MACH_MSG_TYPE_MOVE_SEND_ONCE,
		MACH_PORT_NULL, 0);
	reply->header.msgh_id = 2500;
}

static void finish(struct message *reply, kern_return_t result)
{
	message_type(reply, MACH_MSG_TYPE_INTEGER_32, 32, 1, TYPE_INLINE);
	message_word(reply, result);
	EXPECT(answer_send(reply), MACH_MSG_SUCCESS);
}

static void wrong_id(void)
{
	struct message reply;

	begin(&reply);
	reply.header.msgh_id = 2400;
	finish(&reply, KERN_SUCCESS);
}

static void no_id(void)
{
	struct message reply;

	begin(&reply);
	reply.header.msgh_id = 0;
	finish(&reply, KERN_SUCCESS);
}

static void only_header(void)
{
	struct message reply;

	begin(&reply);
	EXPECT(answer_send(&reply), MACH_MSG_SUCCESS);
}

static void too_short(void)
{
	struct message reply;

	begin(&reply);
	message_type(&reply, MACH_MSG_TYPE_INTEGER_32, 32, 0, TYPE_INLINE);
	EXPECT(answer_send(&reply), MACH_MSG_SUCCESS);
}

static void too_long(void)
{
	struct message reply;

	begin(&reply);
	message_type(&reply, MACH_MSG_TYPE_INTEGER_32, 32, 2, TYPE_INLINE);
	message_word(&reply, KERN_SUCCESS);
	message_word(&reply, KERN_SUCCESS);
	EXPECT(answer_send(&reply), MACH_MSG_SUCCESS);
}

static void very_long(void)
{
	struct message reply;

	begin(&reply);
	message_type(&reply, MACH_MSG_TYPE_INTEGER_32, 32, 1000, TYPE_INLINE);
	for (int i = 0; i < 1000; i++)
		message_word(&reply, KERN_SUCCESS);
	EXPECT(answer_send(&reply), MACH_MSG_SUCCESS);
}

static void wrong_type(void)
{
	struct message reply;

	begin(&reply);
	message_type(&reply, MACH_MSG_TYPE_BYTE, 8, 4, TYPE_INLINE);
	message_word(&reply, KERN_SUCCESS);
	EXPECT(answer_send(&reply), MACH_MSG_SUCCESS);
}

static void right_inside(void)
{
	struct message reply;

	begin(&reply);
	message_right(&reply, carried, MACH_MSG_TYPE_MAKE_SEND);
	EXPECT(answer_send(&reply), MACH_MSG_SUCCESS);
}

static void right_behind(void)
{
	struct message reply;

	begin(&reply);
	message_type(&reply, MACH_MSG_TYPE_INTEGER_32, 32, 1, TYPE_INLINE);
	message_word(&reply, KERN_SUCCESS);
	message_right(&reply, carried, MACH_MSG_TYPE_MAKE_SEND);
	EXPECT(answer_send(&reply), MACH_MSG_SUCCESS);
}

static void memory_inside(void)
{
	static char memory[100000];
	struct message reply;

	begin(&reply);
	message_memory(&reply, MACH_MSG_TYPE_BYTE, 8, sizeof memory, memory, 0);
	EXPECT(answer_send(&reply), MACH_MSG_SUCCESS);
}

static void failure(void)
{
	EXPECT(answer_with(&request, KERN_FAILURE), MACH_MSG_SUCCESS);
}

static void no_reply(void)
{
	EXPECT(answer_with(&request, MIG_NO_REPLY), MACH_MSG_SUCCESS);
}

static void port_died(void)
{
	EXPECT(answer_with(&request, MACH_RCV_PORT_DIED), MACH_MSG_SUCCESS);
}

static void interrupted(void)
{
	EXPECT(answer_with(&request, MACH_RCV_INTERRUPTED), MACH_MSG_SUCCESS);
}

static void nothing(void)
{
	EXPECT(mach_port_deallocate(SELF, request.header.msgh_remote_port), KERN_SUCCESS);
}

static void away_in_a_message(void)
{
	mach_port_t port = port_new();
	struct message message;

	message_init(&message, port, MACH_MSG_TYPE_MAKE_SEND_ONCE, MACH_PORT_NULL, 0);
	message_right(&message, request.header.msgh_remote_port, MACH_MSG_TYPE_MOVE_SEND_ONCE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	port_destroy(port);
}

static const struct {
	const char	*what;
	void		(*answer)(void);
} answers[] = {
	{ "another id", wrong_id }, { "no id", no_id }, { "only a header", only_header },
	{ "too short", too_short }, { "too long", too_long }, { "very long", very_long },
	{ "another type", wrong_type }, { "a right", right_inside },
	{ "yes and a right", right_behind }, { "memory", memory_inside },
	{ "KERN_FAILURE", failure }, { "MIG_NO_REPLY", no_reply }, { "MACH_RCV_PORT_DIED", port_died },
	{ "MACH_RCV_INTERRUPTED", interrupted }, { "nothing", nothing },
	{ "the right goes elsewhere and dies", away_in_a_message },
};

/* EX-3: each means no: on to the task's handler, and then to the end; once each. */
static void try_bad_answers(boolean_t straight)
{
	carried = port_new();
	for (unsigned int i = 0; i < COUNT_OF(answers); i++) {
		struct sufferer s;

		tap_about("%s", answers[i].what);
		sufferer_start(&s);
		handle_straight(straight, s.by_task);
		if (exception_comes(s.by_thread, EXC_BREAKPOINT, &request))
			answers[i].answer();
		handle_straight(straight, s.death);
		if (exception_comes(s.by_task, EXC_BREAKPOINT, &request))
			answers[i].answer();
		EXPECT_TRUE(sufferer_is_dead(&s));
		handle_straight(FALSE, MACH_PORT_NULL);
		EXPECT_TRUE(exception_is_quiet(s.by_thread));
		EXPECT(port_status(carried).mps_srights, 0);
		sufferer_end(&s);
	}
	port_destroy(carried);
}

void test_bad_answers(void)
{
	try_bad_answers(FALSE);
}

void test_bad_answers_straight(void)
{
	try_bad_answers(TRUE);
}

/* The right is used up by the first. */
void test_two_answers(void)
{
	struct sufferer s;
	struct message first;

	sufferer_start(&s);
	if (exception_comes(s.by_thread, EXC_BREAKPOINT, &first)) {
		answer_yes(&first);
		EXPECT(answer_with(&first, KERN_SUCCESS), MACH_SEND_INVALID_DEST);
		EXPECT(answer_with(&first, KERN_FAILURE), MACH_SEND_INVALID_DEST);
	}
	if (exception_comes(s.by_thread, EXC_BAD_INSTRUCTION, &request)) {
		EXPECT_TRUE(exception_is_quiet(s.by_task));
		nothing();
	}
	sufferer_end(&s);
}

/* EX-7: one reference more to each of the two names, for each exception. */
void test_references(void)
{
	struct sufferer s;

	sufferer_start(&s);
	for (unsigned int i = 1; i < 20; i++) {
		EXPECT(message_receive_wait(&request, s.by_thread, 2000), MACH_MSG_SUCCESS);
		EXPECT(request.body[1], s.thread);
		EXPECT(request.body[3], s.task);
		EXPECT(port_refs(s.thread, MACH_PORT_RIGHT_SEND), 1 + i);
		EXPECT(port_refs(s.task, MACH_PORT_RIGHT_SEND), 1 + i);
		answer_yes(&request);
	}
	sufferer_end(&s);
}
