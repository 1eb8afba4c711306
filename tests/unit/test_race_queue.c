/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queues, those who wait on them, and sets, against whatever ends or moves them (spec/ipc.md,
 * sections 5, 6 and 11).
 */
#include <mach/notify.h>
#include <tests/unit/race.h>

/* --- Hand-over against the end of the wait ------------------------------------------------ */

/* A waits on its port P, to which B sends. */
static struct racer *scene_waiting(mach_msg_option_t option)
{
	race_start();
	race_port(A, 'P');
	race_send_right(B, 'P', 1);
	return racer_waits(racer(A, RECEIVE(race_name(A, 'P'), .option = option, .timeout = 10)));
}

static void start_timeout_receive(void)
{
	struct racer *waiter = scene_waiting(MACH_RCV_TIMEOUT);

	racer(B, SEND(COPY_TO(race_name(B, 'P'), 1)));
	racer(C, TIME_OUT(waiter));
}

static void start_abort_receive(void)
{
	struct racer *waiter = scene_waiting(0);

	racer(B, SEND(COPY_TO(race_name(B, 'P'), 1)));
	racer(C, ABORT(waiter));
}

/* The receiver is on its way into the wait. */
static void start_abort_receive_early(void)
{
	struct racer *waiter;

	race_start();
	race_port(A, 'P');
	race_send_right(B, 'P', 1);
	waiter = racer(A, RECEIVE(race_name(A, 'P')));
	racer(B, SEND(COPY_TO(race_name(B, 'P'), 1)));
	racer(C, ABORT(waiter));
}

static void start_timeout_receive_early(void)
{
	struct racer *waiter;

	race_start();
	race_port(A, 'P');
	race_send_right(B, 'P', 1);
	waiter = racer(A, RECEIVE(race_name(A, 'P'), .option = MACH_RCV_TIMEOUT, .timeout = 10));
	racer(B, SEND(COPY_TO(race_name(B, 'P'), 1)));
	racer(C, TIME_OUT(waiter));
}

/* Both ends at once. */
static void start_timeout_abort(void)
{
	struct racer *waiter = scene_waiting(MACH_RCV_TIMEOUT);

	racer(C, TIME_OUT(waiter));
	racer(C, ABORT(waiter));
}

static void start_abort_death(void)
{
	struct racer *waiter = scene_waiting(0);

	racer(A, DESTROY(A, race_name(A, 'P')));
	racer(C, ABORT(waiter));
}

/* --- Blocked senders ----------------------------------------------------------------------- */

/* B waits for room in P, which A receives. */
static struct racer *scene_blocked(mach_msg_option_t option)
{
	race_start();
	race_port(A, 'P');
	race_port(B, 'R');
	race_send_right(B, 'P', 1);
	race_queue('P', 10, 5);
	return racer_waits(racer(B, SEND(COPY_TO(race_name(B, 'P'), 1),
					 REPLY(race_name(B, 'R'), MAKE_SEND_ONCE),
					 .option = option, .timeout = 10)));
}

static void start_timeout_send(void)
{
	struct racer *sender = scene_blocked(MACH_SEND_TIMEOUT);

	racer(A, RECEIVE(race_name(A, 'P')));
	racer(C, TIME_OUT(sender));
}

static void start_abort_send(void)
{
	struct racer *sender = scene_blocked(0);

	racer(A, RECEIVE(race_name(A, 'P')));
	racer(C, ABORT(sender));
}

static void start_abort_send_death(void)
{
	struct racer *sender = scene_blocked(0);

	racer(A, DESTROY(A, race_name(A, 'P')));
	racer(C, ABORT(sender));
}

static void start_abort_send_early(void)
{
	struct racer *sender;

	race_start();
	race_port(A, 'P');
	race_send_right(B, 'P', 1);
	race_queue('P', 10, 5);
	sender = racer(B, SEND(COPY_TO(race_name(B, 'P'), 1)));
	racer(A, RECEIVE(race_name(A, 'P')));
	racer(C, ABORT(sender));
}

static void start_death_send(void)
{
	scene_blocked(0);
	racer(A, DESTROY(A, race_name(A, 'P')));
	racer(A, RECEIVE(race_name(A, 'P')));
}

static void start_qlimit_send(void)
{
	scene_blocked(0);
	racer(B, SEND(COPY_TO(race_name(B, 'P'), 2)));
	racer(A, SET_QLIMIT(A, race_name(A, 'P'), 6));
}

static void start_qlimit_receive(void)
{
	scene_blocked(0);
	racer(A, RECEIVE(race_name(A, 'P')));
	racer(A, SET_QLIMIT(A, race_name(A, 'P'), 5));
}

static void start_qlimit_abort(void)
{
	struct racer *sender = scene_blocked(0);

	racer(A, SET_QLIMIT(A, race_name(A, 'P'), 6));
	racer(C, ABORT(sender));
}

/* The receive right leaves while a sender waits: he waits on. */
static void start_move_send(void)
{
	scene_blocked(0);
	race_port(A, 'Q');
	race_send_right(A, 'Q', 1);
	racer(A, SEND(COPY_TO(race_name(A, 'Q'), 2), CARRY(race_name(A, 'P'), MOVE_RECEIVE)));
	racer(A, RECEIVE(race_name(A, 'P')));
}

/* --- Msg-accepted --------------------------------------------------------------------------- */

static void scene_accepted(void)
{
	race_start();
	race_port(A, 'P');
	race_port(B, 'N');
	race_send_right(B, 'P', 2);
	race_queue('P', 10, 1);
	race_set_qlimit(A, 'P', 1);
}

static void start_accepted_receive(void)
{
	scene_accepted();
	racer(B, SEND(COPY_TO(race_name(B, 'P'), 1), .option = MACH_SEND_NOTIFY,
		      .notify = race_name(B, 'N')));
	racer(A, RECEIVE(race_name(A, 'P')), RECEIVE_NOW(race_name(A, 'P')));
}

static void start_accepted_destroy(void)
{
	scene_accepted();
	racer(B, SEND(COPY_TO(race_name(B, 'P'), 1), .option = MACH_SEND_NOTIFY,
		      .notify = race_name(B, 'N')));
	racer(A, DESTROY(A, race_name(A, 'P')));
}

/* It is accepted already; its name changes while it is received. */
static void scene_is_accepted(void)
{
	scene_accepted();
	race_send_by_force(B, 'P', 'N');
}

static void start_accepted_rename(void)
{
	scene_is_accepted();
	racer(A, RECEIVE(race_name(A, 'P')), RECEIVE(race_name(A, 'P')));
	racer(B, RENAME(B, race_name(B, 'P'), 0x777));
}

static void start_accepted_gone(void)
{
	scene_is_accepted();
	racer(A, DESTROY(A, race_name(A, 'P')));
	racer(B, DESTROY(B, race_name(B, 'P')));
}

static void start_accepted_notify_dies(void)
{
	scene_is_accepted();
	racer(A, DESTROY(A, race_name(A, 'P')));
	racer(B, DESTROY(B, race_name(B, 'N')));
}

static void start_accepted_twice(void)
{
	scene_accepted();
	racer(B, SEND(COPY_TO(race_name(B, 'P'), 1), .option = MACH_SEND_NOTIFY,
		      .notify = race_name(B, 'N')));
	racer(B, SEND(COPY_TO(race_name(B, 'P'), 2), .option = MACH_SEND_NOTIFY,
		      .notify = race_name(B, 'N')));
}

static void start_accepted_space(void)
{
	scene_is_accepted();
	racer(A, DESTROY(A, race_name(A, 'P')));
	racer(C, END_SPACE(B));
}

/* --- Sets ------------------------------------------------------------------------------------ */

static void scene_set(void)
{
	race_start();
	race_set(A, 'S');
	race_port(A, 'P');
	race_send_right(B, 'P', 1);
}

/* PS-1: a message comes while a receiver looks through the set. */
static void start_set_send(void)
{
	scene_set();
	race_join_set(A, 'P', 'S');
	racer(A, RECEIVE(race_name(A, 'S')));
	racer(B, SEND(COPY_TO(race_name(B, 'P'), 1)));
}

static void start_set_two_members(void)
{
	scene_set();
	race_port(A, 'Q');
	race_send_right(B, 'Q', 1);
	race_join_set(A, 'P', 'S');
	race_join_set(A, 'Q', 'S');
	racer(A, RECEIVE(race_name(A, 'S')), RECEIVE(race_name(A, 'S')));
	racer(B, SEND(COPY_TO(race_name(B, 'P'), 1)));
	racer(B, SEND(COPY_TO(race_name(B, 'Q'), 2)));
}

/* PS-2: the port comes into a set while somebody waits on it alone, or is about to. */
static void start_set_join_receive(void)
{
	scene_set();
	racer(A, RECEIVE(race_name(A, 'P')));
	racer(A, MOVE_MEMBER(A, race_name(A, 'P'), race_name(A, 'S')));
	racer(B, SEND(COPY_TO(race_name(B, 'P'), 1)));
}

static void start_set_join_send(void)
{
	scene_set();
	racer_waits(racer(A, RECEIVE(race_name(A, 'S'))));
	racer(A, MOVE_MEMBER(A, race_name(A, 'P'), race_name(A, 'S')));
	racer(B, SEND(COPY_TO(race_name(B, 'P'), 1)));
}

static void start_set_leave_receive(void)
{
	scene_set();
	race_join_set(A, 'P', 'S');
	race_queue('P', 1, 1);
	racer(A, RECEIVE(race_name(A, 'S'), .option = MACH_RCV_TIMEOUT));
	racer(A, MOVE_MEMBER(A, race_name(A, 'P'), 0));
}

static void start_set_leave_send(void)
{
	scene_set();
	race_join_set(A, 'P', 'S');
	racer_waits(racer(A, RECEIVE(race_name(A, 'S'))));
	racer(A, MOVE_MEMBER(A, race_name(A, 'P'), 0));
	racer(B, SEND(COPY_TO(race_name(B, 'P'), 1)));
}

/* PS-4: from one set to another. */
static void start_set_change(void)
{
	scene_set();
	race_set(A, 'T');
	race_join_set(A, 'P', 'S');
	race_queue('P', 1, 1);
	racer(A, RECEIVE(race_name(A, 'S'), .option = MACH_RCV_TIMEOUT));
	racer(A, MOVE_MEMBER(A, race_name(A, 'P'), race_name(A, 'T')));
	racer(A, RECEIVE(race_name(A, 'T')));
}

static void start_set_change_twice(void)
{
	scene_set();
	race_set(A, 'T');
	race_join_set(A, 'P', 'S');
	racer(A, MOVE_MEMBER(A, race_name(A, 'P'), race_name(A, 'T')));
	racer(A, MOVE_MEMBER(A, race_name(A, 'P'), 0));
	racer(A, SET_STATUS(A, race_name(A, 'S')));
}

/* PS-3: the set goes under its receivers; members keep their messages. */
static void start_set_destroy_receive(void)
{
	scene_set();
	race_join_set(A, 'P', 'S');
	racer(A, RECEIVE(race_name(A, 'S')));
	racer(A, DESTROY(A, race_name(A, 'S')));
	racer(B, SEND(COPY_TO(race_name(B, 'P'), 1)));
}

static void start_set_destroy_waiting(void)
{
	scene_set();
	race_join_set(A, 'P', 'S');
	racer_waits(racer(A, RECEIVE(race_name(A, 'S'))));
	racer(A, DESTROY(A, race_name(A, 'S')));
	racer(B, SEND(COPY_TO(race_name(B, 'P'), 1)));
}

/* Whoever has seen that the name is gone sees that the port is in no set. */
static void start_set_destroy_member(void)
{
	scene_set();
	race_join_set(A, 'P', 'S');
	race_queue('P', 1, 1);
	racer(A, DESTROY(A, race_name(A, 'S')));
	racer(A, TYPE(A, race_name(A, 'S')), MOVE_MEMBER(A, race_name(A, 'P'), 0));
}

static void start_set_destroy_member_receive(void)
{
	scene_set();
	race_join_set(A, 'P', 'S');
	race_queue('P', 1, 1);
	racer(A, DESTROY(A, race_name(A, 'S')));
	racer(A, TYPE(A, race_name(A, 'S')), RECEIVE_NOW(race_name(A, 'P')));
}

static void start_set_destroy_status(void)
{
	scene_set();
	race_join_set(A, 'P', 'S');
	racer(A, DESTROY(A, race_name(A, 'S')));
	racer(A, TYPE(A, race_name(A, 'S')), RECEIVE_STATUS(A, race_name(A, 'P')));
}

/* A receiver waits on the port while its dead set has not let it go yet. */
static void start_set_destroy_port_send(void)
{
	scene_set();
	race_join_set(A, 'P', 'S');
	racer(A, DESTROY(A, race_name(A, 'S')));
	racer(A, RECEIVE(race_name(A, 'P')));
	racer(B, SEND(COPY_TO(race_name(B, 'P'), 1)));
}

static void start_set_destroy_rejoin(void)
{
	scene_set();
	race_set(A, 'T');
	race_join_set(A, 'P', 'S');
	race_queue('P', 1, 1);
	racer(A, DESTROY(A, race_name(A, 'S')));
	racer(A, MOVE_MEMBER(A, race_name(A, 'P'), race_name(A, 'T')));
	racer(A, RECEIVE(race_name(A, 'T'), .option = MACH_RCV_TIMEOUT));
}

static void start_set_destroy_both(void)
{
	scene_set();
	race_join_set(A, 'P', 'S');
	racer_waits(racer(A, RECEIVE(race_name(A, 'S'))));
	racer(A, DESTROY(A, race_name(A, 'S')));
	racer(A, DESTROY(A, race_name(A, 'P')));
}

static void start_set_member_dies(void)
{
	scene_set();
	race_join_set(A, 'P', 'S');
	race_queue('P', 1, 1);
	racer(A, RECEIVE(race_name(A, 'S'), .option = MACH_RCV_TIMEOUT));
	racer(A, DESTROY(A, race_name(A, 'P')));
}

static void start_set_abort(void)
{
	struct racer *waiter;

	scene_set();
	race_join_set(A, 'P', 'S');
	waiter = racer_waits(racer(A, RECEIVE(race_name(A, 'S'))));
	racer(C, ABORT(waiter));
	racer(B, SEND(COPY_TO(race_name(B, 'P'), 1)));
}

/* --- Protected payloads, rights that move away (CI-17, PR-13) ------------------------------ */

static void scene_payload(void)
{
	race_start();
	race_port(A, 'P');
	race_queue('P', 1, 1);
	race_send_right(B, 'P', 1);
}

static void start_payload_set(void)
{
	scene_payload();
	racer(A, RECEIVE(race_name(A, 'P')));
	racer(A, SET_PAYLOAD(A, race_name(A, 'P'), 77), CLEAR_PAYLOAD(A, race_name(A, 'P')));
}

/* The message holds the last reference of a port that dies or moves. */
static void start_payload_destroy(void)
{
	scene_payload();
	racer(A, SET_PAYLOAD(A, race_name(A, 'P'), 77), DESTROY(A, race_name(A, 'P')));
	racer(A, RECEIVE(race_name(A, 'P')));
	racer(B, DEALLOCATE(B, race_name(B, 'P')));
}

static void start_payload_move(void)
{
	scene_payload();
	race_port(A, 'Q');
	race_send_right(A, 'Q', 1);
	racer(A, SET_PAYLOAD(A, race_name(A, 'P'), 77),
	      SEND(COPY_TO(race_name(A, 'Q'), 2), CARRY(race_name(A, 'P'), MOVE_RECEIVE)));
	racer(A, RECEIVE(race_name(A, 'P')));
}

/* A message that does not fit comes bare, by another way. */
static void start_payload_bare(void)
{
	race_start();
	race_port(A, 'P');
	race_send_right(B, 'P', 1);
	race_port(B, 'X');
	racer(B, SEND(COPY_TO(race_name(B, 'P'), 1), CARRY(race_name(B, 'X'), MAKE_SEND)));
	racer(A, RECEIVE(race_name(A, 'P'), .rcv_size = 24));
	racer(A, SET_PAYLOAD(A, race_name(A, 'P'), 77), RENAME(A, race_name(A, 'P'), 0x777));
}

static const struct race races[] = {
#define RACE(n) { .name = #n, .start = start_##n, .finish = race_finish }
	RACE(timeout_receive),
	RACE(abort_receive),
	RACE(abort_receive_early),
	RACE(timeout_receive_early),
	RACE(timeout_abort),
	RACE(abort_death),
	RACE(timeout_send),
	RACE(abort_send),
	RACE(abort_send_death),
	RACE(abort_send_early),
	RACE(death_send),
	RACE(qlimit_send),
	RACE(qlimit_receive),
	RACE(qlimit_abort),
	RACE(move_send),
	RACE(accepted_receive),
	RACE(accepted_destroy),
	RACE(accepted_rename),
	RACE(accepted_gone),
	RACE(accepted_notify_dies),
	RACE(accepted_twice),
	RACE(accepted_space),
	RACE(set_send),
	RACE(set_two_members),
	RACE(set_join_receive),
	RACE(set_join_send),
	RACE(set_leave_receive),
	RACE(set_leave_send),
	RACE(set_change),
	RACE(set_change_twice),
	RACE(set_destroy_receive),
	RACE(set_destroy_waiting),
	RACE(set_destroy_member),
	RACE(set_destroy_member_receive),
	RACE(set_destroy_status),
	RACE(set_destroy_port_send),
	RACE(set_destroy_rejoin),
	RACE(set_destroy_both),
	RACE(set_member_dies),
	RACE(set_abort),
	RACE(payload_set),
	RACE(payload_destroy),
	RACE(payload_move),
	RACE(payload_bare),
};

int main(int argc, char **argv)
{
	return race_main(argc, argv, races, sizeof(races) / sizeof(races[0]));
}
