/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fast path of calls against everything (CI-18): whatever it does must be what the ordinary
 * path does, in some order.  The sequential orders go down the ordinary path.
 */
#include <mach/notify.h>
#include <tests/unit/race.h>

/* B serves P; A has a send right to it, and a reply port R.  B waits. */
static struct racer *scene(void)
{
	race_start();
	race_port(B, 'P');
	race_port(A, 'R');
	race_send_right(A, 'P', 1);
	return racer_waits(racer(B, RECEIVE(race_name(B, 'P'))));
}

static struct racer *caller(void)
{
	return racer(A, CALL(COPY_TO(race_name(A, 'P'), 1), REPLY(race_name(A, 'R'), MAKE_SEND_ONCE),
			     .rcv_name = race_name(A, 'R')));
}

/* A waits on R for the reply, whose send-once right B has; B replies, and waits for a call. */
static struct racer *scene_reply(void)
{
	race_start();
	race_port(B, 'P');
	race_port(A, 'R');
	race_send_right(A, 'P', 1);
	race_sonce(B, 'R');
	return racer_waits(racer(A, RECEIVE(race_name(A, 'R'))));
}

static struct racer *replier(void)
{
	return racer(B, CALL(ONCE_TO(race_name(B, 'R'), 2), .rcv_name = race_name(B, 'P')));
}

/* --- Calls ------------------------------------------------------------------------------------ */

static void start_call(void)
{
	scene();
	caller();
}

static void start_call_dest_dies(void)
{
	scene();
	caller();
	racer(B, DESTROY(B, race_name(B, 'P')));
}

static void start_call_reply_dies(void)
{
	scene();
	caller();
	racer(A, DESTROY(A, race_name(A, 'R')));
}

static void start_call_deallocate(void)
{
	scene();
	caller();
	racer(A, DEALLOCATE(A, race_name(A, 'P')));
}

static void start_call_rename(void)
{
	scene();
	caller();
	racer(A, RENAME(A, race_name(A, 'R'), 0x777));
}

static void start_call_rename_dest(void)
{
	scene();
	caller();
	racer(B, RENAME(B, race_name(B, 'P'), 0x777));
}

static void start_call_abort_server(void)
{
	struct racer *server = scene();

	caller();
	racer(C, ABORT(server));
}

static void start_call_abort_client(void)
{
	struct racer *client;

	scene();
	client = caller();
	racer(C, ABORT(client));
}

static void start_call_payload(void)
{
	scene();
	caller();
	racer(B, SET_PAYLOAD(B, race_name(B, 'P'), 77));
}

static void start_call_joins_set(void)
{
	scene();
	race_set(B, 'S');
	caller();
	racer(B, MOVE_MEMBER(B, race_name(B, 'P'), race_name(B, 'S')));
}

static void start_call_qlimit(void)
{
	scene();
	caller();
	racer(B, SET_QLIMIT(B, race_name(B, 'P'), 0));
}

static void start_call_extract(void)
{
	scene();
	caller();
	racer(C, EXTRACT_RIGHT(B, race_name(B, 'P'), MOVE_RECEIVE));
}

static void start_call_server_ends(void)
{
	scene();
	caller();
	racer(C, END_SPACE(B));
}

static void start_call_client_ends(void)
{
	scene();
	caller();
	racer(C, END_SPACE(A));
}

static void start_two_calls(void)
{
	scene();
	race_send_right(C, 'P', 1);
	race_port(C, 'T');
	caller();
	racer(C, CALL(COPY_TO(race_name(C, 'P'), 2), REPLY(race_name(C, 'T'), MAKE_SEND_ONCE),
		      .rcv_name = race_name(C, 'T')));
}

/* Somebody else sends to the reply port while the caller comes to wait there. */
static void start_call_reply_sent(void)
{
	scene();
	race_sonce(C, 'R');
	caller();
	racer(C, SEND(ONCE_TO(race_name(C, 'R'), 3)));
}

/* The caller waits in a set. */
static void start_call_into_set(void)
{
	scene();
	race_set(A, 'S');
	race_join_set(A, 'R', 'S');
	racer(A, CALL(COPY_TO(race_name(A, 'P'), 1), REPLY(race_name(A, 'R'), MAKE_SEND_ONCE),
		      .rcv_name = race_name(A, 'S')));
	racer(A, DESTROY(A, race_name(A, 'S')));
}

static void start_call_into_set_sent(void)
{
	scene();
	race_set(A, 'S');
	race_join_set(A, 'R', 'S');
	race_sonce(C, 'R');
	racer(A, CALL(COPY_TO(race_name(A, 'P'), 1), REPLY(race_name(A, 'R'), MAKE_SEND_ONCE),
		      .rcv_name = race_name(A, 'S')));
	racer(C, SEND(ONCE_TO(race_name(C, 'R'), 3)));
}

/* The server waits in a set that goes. */
static void start_call_to_set(void)
{
	race_start();
	race_port(B, 'P');
	race_port(A, 'R');
	race_set(B, 'S');
	race_join_set(B, 'P', 'S');
	race_send_right(A, 'P', 1);
	racer_waits(racer(B, RECEIVE(race_name(B, 'S'))));
	caller();
	racer(B, DESTROY(B, race_name(B, 'S')));
}

static void start_call_to_leaving(void)
{
	race_start();
	race_port(B, 'P');
	race_port(A, 'R');
	race_set(B, 'S');
	race_join_set(B, 'P', 'S');
	race_send_right(A, 'P', 1);
	racer_waits(racer(B, RECEIVE(race_name(B, 'S'))));
	caller();
	racer(B, MOVE_MEMBER(B, race_name(B, 'P'), 0));
}

/* --- Rights in the body ----------------------------------------------------------------------- */

/* A carries its right to Q, a port of C's. */
static struct racer *carrier(const struct step *call)
{
	return racer_add(A, call, 1);
}

#define CARRIER(label, disposition)							\
	carrier((const struct step[]){ CALL(COPY_TO(race_name(A, 'P'), 1),		\
		REPLY(race_name(A, 'R'), MAKE_SEND_ONCE), .rcv_name = race_name(A, 'R'),	\
		CARRY(race_name(A, label), disposition)) })

static void scene_right(void)
{
	scene();
	race_port(C, 'Q');
	race_send_right(A, 'Q', 1);
}

static void start_right(void)
{
	scene_right();
	CARRIER('Q', COPY_SEND);
}

static void start_right_dies(void)
{
	scene_right();
	CARRIER('Q', COPY_SEND);
	racer(C, DESTROY(C, race_name(C, 'Q')));
}

static void start_right_moved_dies(void)
{
	scene_right();
	CARRIER('Q', MOVE_SEND);
	racer(C, DESTROY(C, race_name(C, 'Q')));
}

static void start_right_deallocate(void)
{
	scene_right();
	CARRIER('Q', COPY_SEND);
	racer(A, DEALLOCATE(A, race_name(A, 'Q')));
}

static void start_right_moved_deallocate(void)
{
	scene_right();
	CARRIER('Q', MOVE_SEND);
	racer(A, DEALLOCATE(A, race_name(A, 'Q')));
}

static void start_right_moved_rename(void)
{
	scene_right();
	CARRIER('Q', MOVE_SEND);
	racer(A, RENAME(A, race_name(A, 'Q'), 0x777));
}

/* Somebody wants to be told of the name's end. */
static void start_right_moved_request(void)
{
	scene_right();
	race_port(A, 'N');
	CARRIER('Q', MOVE_SEND);
	racer(A, REQUEST(A, race_name(A, 'Q'), MACH_NOTIFY_DEAD_NAME, 0, race_name(A, 'N')));
}

/* The last send right of the server's goes as one comes. */
static void start_right_known(void)
{
	scene_right();
	race_send_right(B, 'Q', 1);
	CARRIER('Q', MOVE_SEND);
	racer(B, DEALLOCATE(B, race_name(B, 'Q')));
}

static void start_right_once(void)
{
	scene();
	race_port(C, 'Q');
	race_sonce(A, 'Q');
	CARRIER('Q', MOVE_SEND_ONCE);
	racer(A, DEALLOCATE(A, race_name(A, 'Q')));
}

static void start_right_made_dies(void)
{
	scene();
	race_port(A, 'T');
	CARRIER('T', MAKE_SEND);
	racer(A, DESTROY(A, race_name(A, 'T')));
}

static void start_right_made_extract(void)
{
	scene();
	race_port(A, 'T');
	CARRIER('T', MAKE_SEND_ONCE);
	racer(C, EXTRACT_RIGHT(A, race_name(A, 'T'), MOVE_RECEIVE));
}

static void start_right_of_dest(void)
{
	scene();
	CARRIER('P', MOVE_SEND);
	racer(B, DESTROY(B, race_name(B, 'P')));
}

static void start_right_abort(void)
{
	struct racer *client;

	scene_right();
	client = CARRIER('Q', MOVE_SEND);
	racer(C, ABORT(client));
}

static void start_right_server_ends(void)
{
	scene_right();
	CARRIER('Q', MOVE_SEND);
	racer(C, END_SPACE(B));
}

static void start_right_client_ends(void)
{
	scene_right();
	CARRIER('Q', MOVE_SEND);
	racer(C, END_SPACE(A));
}

/* To each other's servers, each with a right to the other's port. */
static void start_right_crossed(void)
{
	scene();
	race_port(A, 'T');
	race_port(C, 'Q');
	race_port(C, 'V');
	race_send_right(C, 'P', 1);
	race_send_right(A, 'Q', 1);
	race_send_right(C, 'T', 1);
	racer_waits(racer(C, RECEIVE(race_name(C, 'Q'))));
	racer(A, CALL(COPY_TO(race_name(A, 'Q'), 1), REPLY(race_name(A, 'R'), MAKE_SEND_ONCE),
		      .rcv_name = race_name(A, 'R'), CARRY(race_name(A, 'P'), COPY_SEND)));
	racer(C, CALL(COPY_TO(race_name(C, 'P'), 2), REPLY(race_name(C, 'V'), MAKE_SEND_ONCE),
		      .rcv_name = race_name(C, 'V'), CARRY(race_name(C, 'T'), MOVE_SEND)));
}

/* --- To oneself ------------------------------------------------------------------------------- */

static struct racer *to_oneself(void)
{
	race_start();
	race_port(A, 'P');
	race_send_right(A, 'P', 1);
	return racer(A, CALL(COPY_TO(race_name(A, 'P'), 1), .rcv_name = race_name(A, 'P')));
}

static void start_self_dies(void)
{
	to_oneself();
	racer(A, DESTROY(A, race_name(A, 'P')));
}

static void start_self_deallocate(void)
{
	to_oneself();
	racer(A, DEALLOCATE(A, race_name(A, 'P')));
}

static void start_self_sent(void)
{
	to_oneself();
	race_send_right(C, 'P', 1);
	racer(C, SEND(COPY_TO(race_name(C, 'P'), 3)));
}

static void start_self_received(void)
{
	to_oneself();
	racer(A, RECEIVE(race_name(A, 'P')));
}

static void start_self_joins_set(void)
{
	to_oneself();
	race_set(A, 'S');
	racer(A, MOVE_MEMBER(A, race_name(A, 'P'), race_name(A, 'S')));
}

static void start_self_extract(void)
{
	to_oneself();
	racer(C, EXTRACT_RIGHT(A, race_name(A, 'P'), MOVE_RECEIVE));
}

/* --- Replies ---------------------------------------------------------------------------------- */

static void start_reply(void)
{
	scene_reply();
	replier();
}

/* CI-18: the reply port dies while the server replies. */
static void start_reply_dest_dies(void)
{
	scene_reply();
	replier();
	racer(A, DESTROY(A, race_name(A, 'R')));
}

static void start_reply_client_ends(void)
{
	scene_reply();
	replier();
	racer(C, END_SPACE(A));
}

static void start_reply_server_ends(void)
{
	scene_reply();
	replier();
	racer(C, END_SPACE(B));
}

static void start_reply_abort_client(void)
{
	struct racer *client = scene_reply();

	replier();
	racer(C, ABORT(client));
}

static void start_reply_abort_server(void)
{
	struct racer *server;

	scene_reply();
	server = replier();
	racer(C, ABORT(server));
}

static void start_reply_deallocate(void)
{
	scene_reply();
	replier();
	racer(B, DEALLOCATE(B, race_name(B, 'R')));
}

static void start_reply_next_call(void)
{
	scene_reply();
	race_send_right(C, 'P', 1);
	race_port(C, 'T');
	replier();
	racer(C, SEND(COPY_TO(race_name(C, 'P'), 3)));
}

static void start_reply_source_dies(void)
{
	scene_reply();
	replier();
	racer(B, DESTROY(B, race_name(B, 'P')));
}

/* The reply brings a right to the service, or moves one. */
static void start_reply_right(void)
{
	scene_reply();
	racer(B, CALL(ONCE_TO(race_name(B, 'R'), 2), .rcv_name = race_name(B, 'P'),
		      CARRY(race_name(B, 'P'), MAKE_SEND)));
	racer(A, DEALLOCATE(A, race_name(A, 'P')));
}

static void start_reply_right_dies(void)
{
	scene_reply();
	race_port(C, 'Q');
	race_send_right(B, 'Q', 1);
	racer(B, CALL(ONCE_TO(race_name(B, 'R'), 2), .rcv_name = race_name(B, 'P'),
		      CARRY(race_name(B, 'Q'), MOVE_SEND)));
	racer(C, DESTROY(C, race_name(C, 'Q')));
}

static void start_reply_right_client_ends(void)
{
	scene_reply();
	racer(B, CALL(ONCE_TO(race_name(B, 'R'), 2), .rcv_name = race_name(B, 'P'),
		      CARRY(race_name(B, 'P'), MAKE_SEND)));
	racer(C, END_SPACE(A));
}

/* A whole round trip against the end of its client. */
static void start_round_trip(void)
{
	race_start();
	race_port(B, 'P');
	race_port(A, 'R');
	race_send_right(A, 'P', 1);
	racer(B, RECEIVE(race_name(B, 'P')), RECEIVE_NOW(race_name(B, 'P')));
	caller();
	racer(A, DESTROY(A, race_name(A, 'R')));
}

static const struct race races[] = {
#define RACE(n) { .name = #n, .start = start_##n, .finish = race_finish }
	RACE(call),
	RACE(call_dest_dies),
	RACE(call_reply_dies),
	RACE(call_deallocate),
	RACE(call_rename),
	RACE(call_rename_dest),
	RACE(call_abort_server),
	RACE(call_abort_client),
	RACE(call_payload),
	RACE(call_joins_set),
	RACE(call_qlimit),
	RACE(call_extract),
	RACE(call_server_ends),
	RACE(call_client_ends),
	RACE(two_calls),
	RACE(call_reply_sent),
	RACE(call_into_set),
	RACE(call_into_set_sent),
	RACE(call_to_set),
	RACE(call_to_leaving),
	RACE(right),
	RACE(right_dies),
	RACE(right_moved_dies),
	RACE(right_deallocate),
	RACE(right_moved_deallocate),
	RACE(right_moved_rename),
	RACE(right_moved_request),
	RACE(right_known),
	RACE(right_once),
	RACE(right_made_dies),
	RACE(right_made_extract),
	RACE(right_of_dest),
	RACE(right_abort),
	RACE(right_server_ends),
	RACE(right_client_ends),
	RACE(right_crossed),
	RACE(self_dies),
	RACE(self_deallocate),
	RACE(self_sent),
	RACE(self_received),
	RACE(self_joins_set),
	RACE(self_extract),
	RACE(reply),
	RACE(reply_dest_dies),
	RACE(reply_client_ends),
	RACE(reply_server_ends),
	RACE(reply_abort_client),
	RACE(reply_abort_server),
	RACE(reply_deallocate),
	RACE(reply_next_call),
	RACE(reply_source_dies),
	RACE(reply_right),
	RACE(reply_right_dies),
	RACE(reply_right_client_ends),
	RACE(round_trip),
};

int main(int argc, char **argv)
{
	return race_main(argc, argv, races, sizeof(races) / sizeof(races[0]));
}
