/* SPDX-License-Identifier: BSD-2-Clause */
#include <libmach/string.h>
#include <mach.h>
#include <mach/mach_host.h>
#include <mach/mach_traps.h>
#include <mach/notify.h>
#include <mach/porter.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/routines.h"
#include "../common/secret.h"
#include "../common/tap.h"
#include "../common/targets.h"

#define SELF		mach_task_self()

#define REPLY_BITS	MACH_MSGH_BITS(0, MACH_MSG_TYPE_PORT_SEND_ONCE)
#define CODE_TYPE	0x10012002u
#define LOCK_COMPLETED	2206
#define SUPPLY_COMPLETED 2207
#define CHANGE_COMPLETED 2209
#define CODE_SIZE	32u		/* of a reply that is only a code */
#define OPTIONS		(MACH_SEND_MSG | MACH_SEND_TIMEOUT | MACH_RCV_MSG | MACH_RCV_TIMEOUT | \
	MACH_RCV_TRAILER_TYPE(0) | MACH_RCV_TRAILER_ELEMENTS(MACH_RCV_TRAILER_AUDIT))

union message_words {
	mach_msg_header_t	header;
	uint32_t		word[REQUEST_WORDS + 16];
};

static mach_port_t reply;
static struct request request;
static unsigned int asked, succeeded;

/* --- asking ----------------------------------------------------------------------------------- */

/* Send what is kept, and take what has come to the reply port when the call comes back. */
static mach_msg_return_t ask(mach_port_t to, boolean_t with_reply, union message_words *answer)
{
	memcpy(answer->word, request.word, request.size);
	memset((char *) answer->word + request.size, 0x77, sizeof *answer - request.size);
	answer->header.msgh_bits = (answer->header.msgh_bits & MACH_MSGH_BITS_COMPLEX) |
		MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND,
			with_reply ? MACH_MSG_TYPE_MAKE_SEND_ONCE : 0);
	answer->header.msgh_remote_port = to;
	answer->header.msgh_local_port = with_reply ? reply : MACH_PORT_NULL;
	asked++;
	return mach_msg_trap(&answer->header, OPTIONS, request.size, sizeof *answer, reply, 0,
		MACH_PORT_NULL);
}

/* What every answer is, whatever the routine says.  Returns: its code. */
static kern_return_t expect_answer(const union message_words *answer)
{
	const mach_msg_header_t *header = &answer->header;
	mach_msg_size_t end = header->msgh_size + MAX_TRAILER_SIZE;
	const char *sent = (const char *) request.word, *got = (const char *) answer->word;

	EXPECT(header->msgh_bits & ~MACH_MSGH_BITS_COMPLEX, REPLY_BITS);
	EXPECT(header->msgh_remote_port, MACH_PORT_NULL);
	EXPECT(header->msgh_local_port, reply);
	EXPECT(header->msgh_id, request.word[5] + 100);
	EXPECT(answer->word[6], CODE_TYPE);
	if (answer->word[7] != KERN_SUCCESS)
		EXPECT(header->msgh_size, CODE_SIZE);
	for (; end < sizeof *answer; end++)
		if (got[end] != (end < request.size ? sent[end] : 0x77)) {
			tap_fail("byte %u is written", end);
			break;
		}
	return answer->word[7];
}

/* --- what must be as it was ------------------------------------------------------------------- */

static unsigned int name_count(void)
{
	space_statistics_t statistics = { 0 };

	EXPECT(space_statistics(tap_host_priv, SELF, &statistics), KERN_SUCCESS);
	return statistics.sst_names;
}

/* Notifications for send-once rights that were not used. */
static unsigned int take_unused(mach_port_t port)
{
	struct message message;
	unsigned int count = 0;

	for (; message_receive(&message, port) == MACH_MSG_SUCCESS; count++)
		EXPECT(message.header.msgh_id, MACH_NOTIFY_SEND_ONCE);
	return count;
}

/* The same of the port that is an argument, which may be where completions go as well. */
static void take_completions(void)
{
	struct message message;

	while (message_receive(&message, ARGUMENT) == MACH_MSG_SUCCESS) {
		mach_msg_id_t id = message.header.msgh_id;

		if (id != LOCK_COMPLETED && id != SUPPLY_COMPLETED && id != CHANGE_COMPLETED)
			EXPECT(id, MACH_NOTIFY_SEND_ONCE);
		mach_msg_destroy(&message.header);
	}
}

static void expect_same(unsigned int names)
{
	mach_port_status_t status;

	take_completions();
	status = port_status(ARGUMENT);
	EXPECT(port_refs(ARGUMENT, MACH_PORT_RIGHT_SEND), 1);
	EXPECT(status.mps_sorights, 0);
	status = port_status(reply);
	EXPECT(status.mps_sorights, 0);
	EXPECT(status.mps_srights, FALSE);
	EXPECT(status.mps_msgcount, 0);
	EXPECT(name_count(), names);
}

/* The kernel holds no send right besides ours. */
static void expect_none_held(void)
{
	EXPECT(mach_port_mod_refs(SELF, ARGUMENT, MACH_PORT_RIGHT_SEND, -1), KERN_SUCCESS);
	EXPECT(port_status(ARGUMENT).mps_srights, FALSE);
	port_make_send(ARGUMENT);
}

/* --- ports that the routine is not for -------------------------------------------------------- */

/* The kernel's: the documented code, in an answer without a byte of old memory. */
static void ask_wrong_object(mach_port_t to, kern_return_t code)
{
	static union message_words answer[SECRET_PATTERNS];

	for (unsigned int i = 0; i < SECRET_PATTERNS; i++) {
		secret_spread(secret_patterns[i], 1);
		if (!EXPECT(ask(to, TRUE, &answer[i]), MACH_MSG_SUCCESS))
			return;
		EXPECT(expect_answer(&answer[i]), code);
		EXPECT(take_unused(reply), 0);
		secret_expect_none(secret_patterns[i], &answer[i], CODE_SIZE +
			MAX_TRAILER_SIZE);
		arguments_renew(ARGUMENT);
	}
	secret_compare(&answer[0], &answer[1], CODE_SIZE + MAX_TRAILER_SIZE);
	EXPECT(ask(to, FALSE, &answer[0]), MACH_RCV_TIMED_OUT);
	arguments_renew(ARGUMENT);
}

/* An ordinary port gets the request itself; an answer is the sender's business. */
static void ask_ordinary(mach_port_t to)
{
	static union message_words answer;
	static struct message message;

	EXPECT(ask(to, TRUE, &answer), MACH_RCV_TIMED_OUT);
	EXPECT(message_receive(&message, to), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_id, request.word[5]);
	EXPECT(message.header.msgh_size, request.size);
	EXPECT(message.header.msgh_local_port, to);
	mach_msg_destroy(&message.header);
	EXPECT(take_unused(reply), 1);
	arguments_renew(ARGUMENT);
}

/* Nothing is sent, and the request is the caller's. */
static void ask_nobody(mach_port_t to)
{
	static union message_words answer;

	EXPECT(ask(to, TRUE, &answer), MACH_SEND_INVALID_DEST);
	EXPECT(answer.header.msgh_remote_port, to);
	EXPECT(memcmp(answer.word + 5, request.word + 5, request.size - 20), 0);
	EXPECT(take_unused(reply), 0);
}

static void try_wrong(const struct routine *routine)
{
	boolean_t served = routine_is_served(routine->id);
	struct targets targets;
	unsigned int names;

	targets_make(&targets);
	names = name_count();
	for (unsigned int kind = 0; kind < TARGET_KINDS; kind++) {
		mach_port_t to = targets.port[kind];

		tap_about("%s (%d) of %s", routine->name, routine->id, target_text(kind));
		if (served && (routine->fits & 1u << kind))
			continue;
		if (kind < OBJECT_KINDS)
			ask_wrong_object(to, served ? routine->wrong : MIG_BAD_ID);
		else if (kind == TARGET_ORDINARY)
			ask_ordinary(to);
		else
			ask_nobody(to);
		expect_same(names);
	}
	expect_none_held();
	targets_end(&targets);
}

static void for_each_routine(void (*try)(const struct routine *))
{
	unsigned int names;

	reply = port_new();
	arguments_make();
	asked = succeeded = 0;
	names = name_count();
	for (unsigned int i = 0; i < routine_count; i++) {
		tap_about("%s (%d)", routines[i].name, routines[i].id);
		if (!EXPECT(request_make(&request, i), TRUE)
				|| !EXPECT(request.word[5], routines[i].id))
			continue;
		try(&routines[i]);
		expect_same(names);
		expect_none_held();
	}
	tap_about("%s", "");
	arguments_end();
	port_destroy(reply);
}

static void test_wrong_ports(void)
{
	for_each_routine(try_wrong);
	EXPECT_TRUE(asked > 5000);
}

/* --- the routine's own ports ------------------------------------------------------------------- */

/* The answer of one that is new, after old memory was spread.  Returns: its length with the trailer. */
static mach_msg_size_t ask_right(unsigned int kind, uint32_t argument, unsigned char pattern,
	union message_words *answer)
{
	struct targets targets;
	mach_msg_size_t end = 0;

	targets_make(&targets);
	arguments_renew(argument);
	secret_spread(pattern, 4);
	if (EXPECT(ask(targets.port[kind], TRUE, answer), MACH_MSG_SUCCESS)) {
		kern_return_t code = expect_answer(answer);

		succeeded += code == KERN_SUCCESS;
		EXPECT_TRUE(code != MIG_BAD_ID && code != MIG_BAD_ARGUMENTS);
		end = answer->header.msgh_size + MAX_TRAILER_SIZE;
		secret_expect_clean(pattern, &answer->header);
		secret_expect_none(pattern, (char *) answer + answer->header.msgh_size,
			MAX_TRAILER_SIZE);
		mach_msg_destroy(&answer->header);
		EXPECT(take_unused(reply), 0);
	}
	targets_end(&targets);
	return end;
}

/* Without a reply right it is done, and no answer comes. */
static void ask_silently(unsigned int kind, uint32_t argument)
{
	static union message_words answer;
	struct targets targets;

	targets_make(&targets);
	arguments_renew(argument);
	EXPECT(ask(targets.port[kind], FALSE, &answer), MACH_RCV_TIMED_OUT);
	targets_end(&targets);
}

/* Answers are compared as far as both go. */
static void ask_in_turn(unsigned int kind, uint32_t argument)
{
	static union message_words answer[SECRET_PATTERNS];
	mach_msg_size_t size = ~0u;

	for (unsigned int i = 0; i < SECRET_PATTERNS; i++) {
		mach_msg_size_t end = ask_right(kind, argument, secret_patterns[i], &answer[i]);

		size = size < end ? size : end;
	}
	secret_compare(&answer[0], &answer[1], size);
	if (argument == ARGUMENT)
		ask_silently(kind, argument);
}

static void try_right(const struct routine *routine)
{
	static const uint32_t arguments[] = { ARGUMENT, 1, 2 };
	static struct request kept;
	unsigned int names = name_count();

	if (!routine_is_served(routine->id))
		return;
	kept = request;
	for (unsigned int kind = 0; kind < OBJECT_KINDS; kind++)
		for (unsigned int i = 0; i < COUNT_OF(arguments); i++) {
			if (!(routine->fits & 1u << kind) || routine_is_harmful(routine->id, kind))
				continue;
			tap_about("%s (%d) of %s, argument %u", routine->name, routine->id,
				target_text(kind), arguments[i]);
			request = kept;
			request_change(&request, arguments[i]);
			ask_in_turn(kind, arguments[i]);
			expect_same(names);
			expect_none_held();
		}
}

static void test_right_ports(void)
{
	for_each_routine(try_right);
	EXPECT_TRUE(asked > 500);
	EXPECT_TRUE(succeeded > 100);
}

/* --- what a request may not bring ---------------------------------------------------------------- */

#define INLINE_WORDS	0x10002000u	/* a type word without name and number */
#define KERNEL_MEMORY	0xc0100000u

/*
 * Items that are rights get another type, and numbers in place of names, which look like the
 * kernel's pointers; a simple message says that it has no rights and no memory.
 */
static const struct forgery {
	unsigned int	type;
	boolean_t	simple;
} forgeries[] = {
	{ MACH_MSG_TYPE_INTEGER_32, FALSE }, { MACH_MSG_TYPE_INTEGER_32, TRUE },
	{ MACH_MSG_TYPE_PORT_RECEIVE, TRUE }, { MACH_MSG_TYPE_PORT_SEND, TRUE },
	{ MACH_MSG_TYPE_PORT_SEND_ONCE, TRUE }, { MACH_MSG_TYPE_COPY_SEND, TRUE },
};

/* Returns: whether there was one. */
static boolean_t forge(const struct forgery *forgery)
{
	mach_msg_header_t *header = request_header(&request);
	boolean_t found = forgery->simple && (header->msgh_bits & MACH_MSGH_BITS_COMPLEX);

	for (unsigned int w = 6; w + 1 < request.size / 4; w++) {
		unsigned int name = request.word[w] & 0xff, number = request.word[w] >> 16 & 0xfff;

		if ((request.word[w] & 0xf000ff00u) != INLINE_WORDS
				|| name < MACH_MSG_TYPE_MOVE_RECEIVE
				|| name > MACH_MSG_TYPE_MAKE_SEND_ONCE)
			continue;
		request.word[w] += forgery->type - name;
		for (; number > 0 && w + 1 < request.size / 4; number--)
			request.word[++w] = KERNEL_MEMORY;
		found = TRUE;
	}
	if (forgery->simple)
		header->msgh_bits &= ~MACH_MSGH_BITS_COMPLEX;
	return found;
}

/* Whatever the answer is: nothing is taken for what it is not. */
static void ask_forged(unsigned int kind)
{
	static union message_words answer;
	struct targets targets;

	targets_make(&targets);
	arguments_renew(ARGUMENT);
	if (EXPECT(ask(targets.port[kind], TRUE, &answer), MACH_MSG_SUCCESS)) {
		expect_answer(&answer);
		mach_msg_destroy(&answer.header);
	}
	targets_end(&targets);
}

static void try_forged(const struct routine *routine)
{
	static struct request kept;
	unsigned int names = name_count();

	kept = request;
	for (unsigned int kind = 0; kind < OBJECT_KINDS; kind++)
		for (unsigned int i = 0; i < COUNT_OF(forgeries); i++) {
			request = kept;
			if (!(routine->fits & 1u << kind) || routine_is_harmful(routine->id, kind)
					|| !forge(&forgeries[i]))
				continue;
			tap_about("%s (%d) of %s, forgery %u", routine->name, routine->id,
				target_text(kind), i);
			ask_forged(kind);
			expect_same(names);
			expect_none_held();
		}
}

static void test_forged(void)
{
	for_each_routine(try_forged);
	EXPECT_TRUE(asked > 50);
}

/* --- ids ---------------------------------------------------------------------------------------- */

static boolean_t is_listed(mach_msg_id_t id)
{
	for (unsigned int i = 0; i < routine_count; i++)
		if (routines[i].id == id)
			return TRUE;
	return FALSE;
}

/* All that is served is in the table; what is not, no port of the kernel's knows. */
static void test_ids(void)
{
	static union message_words answer;
	struct targets targets;

	reply = port_new();
	targets_make(&targets);
	for (mach_msg_id_t id = 0; id < 5100; id++) {
		unsigned int first = tap_rounds((unsigned int) id % OBJECT_KINDS, 0);
		unsigned int last = tap_rounds(first, OBJECT_KINDS - 1);

		tap_about("id %d", id);
		if (routine_is_served(id))
			EXPECT_TRUE(is_listed(id));
		if (is_listed(id))
			continue;
		memset(&request, 0, sizeof(mach_msg_header_t));
		request.size = sizeof(mach_msg_header_t);
		request.word[5] = id;
		for (unsigned int kind = first; kind <= last; kind++) {
			EXPECT(ask(targets.port[kind], TRUE, &answer), MACH_MSG_SUCCESS);
			EXPECT(expect_answer(&answer), MIG_BAD_ID);
		}
	}
	tap_about("%s", "");
	targets_end(&targets);
	port_destroy(reply);
}

static const struct test tests[] = {
	{ .name = "NS-6 IL-1 routines on ports that they are not for", .run = test_wrong_ports,
		.ours = TRUE },
	{ .name = "IL-1 KM-11 routines on ports that they are for", .run = test_right_ports,
		.ours = TRUE },
	{ .name = "MK-2 numbers where rights and memory belong", .run = test_forged, .ours = TRUE },
	{ .name = "ids that nobody serves", .run = test_ids, .ours = TRUE },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
