/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exceptions that go straight to their handler, and answers that come straight back (ipc/raise.h),
 * against all that can happen meanwhile to the handler's port, to both threads and to the
 * handler's task; and calls to the kernel that go straight (ipc/kernel_call.h), against all that can
 * happen to the reply port.  The sequential orders go down the ordinary path.
 */
#include <tests/unit/race.h>

/* B serves P, the exception port of a thread of A. */
static struct racer *scene(struct racer **handler)
{
	race_start();
	race_exceptions(A);
	race_port(B, 'P');
	*handler = racer_waits(racer(B, RECEIVE(race_name(B, 'P')), ANSWER(0)));
	return race_with_handler(racer(A, RAISE), 'P');
}

static struct racer *faulter(void)
{
	struct racer *handler;

	return scene(&handler);
}

static void start_raise(void)
{
	faulter();
}

static void start_raise_dest_dies(void)
{
	faulter();
	racer(B, DESTROY(B, race_name(B, 'P')));
}

static void start_raise_abort(void)
{
	struct racer *thread = faulter();

	racer(C, ABORT(thread));
}

static void start_raise_terminate(void)
{
	struct racer *thread = faulter();

	racer(C, TERMINATE(thread));
}

static void start_raise_abort_handler(void)
{
	struct racer *handler;

	scene(&handler);
	racer(C, ABORT(handler));
}

static void start_raise_handler_ends(void)
{
	faulter();
	racer(C, END_SPACE(B));
}

static void start_raise_rename(void)
{
	faulter();
	racer(B, RENAME(B, race_name(B, 'P'), 0x777));
}

static void start_raise_payload(void)
{
	faulter();
	racer(B, SET_PAYLOAD(B, race_name(B, 'P'), 77));
}

static void start_raise_joins_set(void)
{
	faulter();
	race_set(B, 'S');
	racer(B, MOVE_MEMBER(B, race_name(B, 'P'), race_name(B, 'S')));
}

static void start_raise_extract(void)
{
	faulter();
	racer(C, EXTRACT_RIGHT(B, race_name(B, 'P'), MOVE_RECEIVE));
}

/* Somebody else's message comes first, or after. */
static void start_raise_sent(void)
{
	faulter();
	race_send_right(C, 'P', 1);
	racer(C, SEND(COPY_TO(race_name(C, 'P'), 3)));
}

/* Two threads of one task, of which the handler takes one. */
static void start_two_raise(void)
{
	faulter();
	race_with_handler(racer(A, RAISE), 'P');
}

/* The handler waits in a set that goes. */
static void start_raise_to_set(void)
{
	race_start();
	race_exceptions(A);
	race_port(B, 'P');
	race_set(B, 'S');
	race_join_set(B, 'P', 'S');
	racer_waits(racer(B, RECEIVE(race_name(B, 'S')), ANSWER(0)));
	race_with_handler(racer(A, RAISE), 'P');
	racer(B, DESTROY(B, race_name(B, 'S')));
}

/* --- The answer ----------------------------------------------------------------------------- */

/* The thread waits for it; the handler answers, and waits for the next. */
static struct racer *scene_answer(uint32_t code)
{
	struct racer *thread;

	race_start();
	race_exceptions(A);
	race_port(B, 'P');
	thread = race_with_handler(racer(A, RAISE), 'P');
	racer_waits(thread);
	racer(B, RECEIVE(race_name(B, 'P')), ANSWER_AND_RECEIVE(code, race_name(B, 'P')));
	return thread;
}

static void start_answer(void)
{
	scene_answer(0);
}

static void start_answer_no(void)
{
	scene_answer(5);
}

static void start_answer_abort(void)
{
	struct racer *thread = scene_answer(0);

	racer(C, ABORT(thread));
}

static void start_answer_terminate(void)
{
	struct racer *thread = scene_answer(0);

	racer(C, TERMINATE(thread));
}

static void start_answer_handler_ends(void)
{
	scene_answer(0);
	racer(C, END_SPACE(B));
}

static void start_answer_dest_dies(void)
{
	scene_answer(0);
	racer(B, DESTROY(B, race_name(B, 'P')));
}

/* --- Calls to the kernel -------------------------------------------------------------------- */

/* A calls K, and waits on R for the answer. */
static struct racer *caller(void)
{
	race_start();
	race_exceptions(A);
	race_port(A, 'R');
	race_send_right(A, 'K', 1);
	return racer(A, CALL(COPY_TO(race_name(A, 'K'), 1), REPLY(race_name(A, 'R'), MAKE_SEND_ONCE),
			     .rcv_name = race_name(A, 'R')));
}

static void start_kernel(void)
{
	caller();
}

static void start_kernel_abort(void)
{
	struct racer *client = caller();

	racer(C, ABORT(client));
}

static void start_kernel_reply_dies(void)
{
	caller();
	racer(A, DESTROY(A, race_name(A, 'R')));
}

static void start_kernel_rename(void)
{
	caller();
	racer(A, RENAME(A, race_name(A, 'R'), 0x777));
}

static void start_kernel_joins_set(void)
{
	caller();
	race_set(A, 'S');
	racer(A, MOVE_MEMBER(A, race_name(A, 'R'), race_name(A, 'S')));
}

static void start_kernel_sent(void)
{
	caller();
	race_sonce(C, 'R');
	racer(C, SEND(ONCE_TO(race_name(C, 'R'), 3)));
}

/* Another thread gets the answer, or the message. */
static void start_kernel_two_receivers(void)
{
	caller();
	race_sonce(C, 'R');
	racer(A, RECEIVE(race_name(A, 'R')));
	racer(C, SEND(ONCE_TO(race_name(C, 'R'), 3)));
}

static void start_kernel_extract(void)
{
	caller();
	racer(C, EXTRACT_RIGHT(A, race_name(A, 'R'), MOVE_RECEIVE));
}

static void start_kernel_deallocate(void)
{
	caller();
	racer(A, DEALLOCATE(A, race_name(A, 'K')));
}

static void start_kernel_client_ends(void)
{
	caller();
	racer(C, END_SPACE(A));
}

static const struct race races[] = {
#define RACE(n) { .name = #n, .start = start_##n, .finish = race_finish }
	RACE(raise),
	RACE(raise_dest_dies),
	RACE(raise_abort),
	RACE(raise_terminate),
	RACE(raise_abort_handler),
	RACE(raise_handler_ends),
	RACE(raise_rename),
	RACE(raise_payload),
	RACE(raise_joins_set),
	RACE(raise_extract),
	RACE(raise_sent),
	RACE(two_raise),
	RACE(raise_to_set),
	RACE(answer),
	RACE(answer_no),
	RACE(answer_abort),
	RACE(answer_terminate),
	RACE(answer_handler_ends),
	RACE(answer_dest_dies),
	RACE(kernel),
	RACE(kernel_abort),
	RACE(kernel_reply_dies),
	RACE(kernel_rename),
	RACE(kernel_joins_set),
	RACE(kernel_sent),
	RACE(kernel_two_receivers),
	RACE(kernel_extract),
	RACE(kernel_deallocate),
	RACE(kernel_client_ends),
};

int main(int argc, char **argv)
{
	return race_main(argc, argv, races, sizeof(races) / sizeof(races[0]));
}
