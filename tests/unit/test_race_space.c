/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of a space against all that is done in it and to it (spec/ipc.md, sections 1, 12 and
 * 13; NS-8).  Its entries go one after the other, and others may see it half gone.
 */
#include <mach/notify.h>
#include <tests/unit/race.h>

/* A has a port P and a send right to B's port Q; B has a send right to P; N is B's, for news. */
static void scene(void)
{
	race_start();
	race_port(A, 'P');
	race_port(B, 'Q');
	race_port(B, 'N');
	race_send_right(A, 'Q', 2);
	race_send_right(B, 'P', 1);
}

/* --- Messages --------------------------------------------------------------------------------- */

static void start_send_from(void)
{
	scene();
	racer(C, END_SPACE(A));
	racer(A, SEND(COPY_TO(race_name(A, 'Q'), 1), REPLY(race_name(A, 'P'), MAKE_SEND_ONCE)));
}

static void start_send_body_from(void)
{
	scene();
	racer(C, END_SPACE(A));
	racer(A, SEND(COPY_TO(race_name(A, 'Q'), 1), CARRY(race_name(A, 'P'), MOVE_RECEIVE)));
}

static void start_send_to(void)
{
	scene();
	race_request(B, 'P', MACH_NOTIFY_DEAD_NAME, 0, 'N');
	racer(C, END_SPACE(A));
	racer(B, SEND(COPY_TO(race_name(B, 'P'), 1), CARRY(race_name(B, 'Q'), MAKE_SEND)));
}

static void start_receive(void)
{
	scene();
	race_queue('P', 10, 1);
	racer(C, END_SPACE(A));
	racer(A, RECEIVE(race_name(A, 'P')));
}

/* Copyout of a right into a space that ends. */
static void start_receive_reply(void)
{
	scene();
	racer(C, END_SPACE(A));
	racer_waits(racer(A, RECEIVE(race_name(A, 'P'))));
	racer(B, SEND(COPY_TO(race_name(B, 'P'), 1), REPLY(race_name(B, 'N'), MAKE_SEND_ONCE)));
}

static void start_receive_body(void)
{
	scene();
	racer_waits(racer(A, RECEIVE(race_name(A, 'P'))));
	racer(C, END_SPACE(A));
	racer(B, SEND(COPY_TO(race_name(B, 'P'), 1), CARRY(race_name(B, 'N'), MOVE_RECEIVE)));
}

static void start_receive_set(void)
{
	scene();
	race_set(A, 'S');
	race_join_set(A, 'P', 'S');
	racer_waits(racer(A, RECEIVE(race_name(A, 'S'))));
	racer(C, END_SPACE(A));
	racer(B, SEND(COPY_TO(race_name(B, 'P'), 1)));
}

/* A call whose client ends: its reply right dies. */
static void start_call(void)
{
	scene();
	racer(C, END_SPACE(A));
	racer(A, CALL(COPY_TO(race_name(A, 'Q'), 1), REPLY(race_name(A, 'P'), MAKE_SEND_ONCE),
		      .rcv_name = race_name(A, 'P')));
}

static void start_blocked_sender(void)
{
	scene();
	race_queue('P', 10, 5);
	racer_waits(racer(B, SEND(COPY_TO(race_name(B, 'P'), 1))));
	racer(C, END_SPACE(A));
	racer(A, RECEIVE(race_name(A, 'P')));
}

/* The sender's space ends while its message waits for room; then it is not to be given back. */
static void start_blocked_sender_ends(void)
{
	struct racer *sender;

	scene();
	race_queue('P', 10, 5);
	sender = racer_waits(racer(B, SEND(COPY_TO(race_name(B, 'P'), 1),
					   CARRY(race_name(B, 'N'), MOVE_RECEIVE))));
	racer(C, END_SPACE(B));
	racer(C, ABORT(sender));
}

/* --- Kernel routines on it -------------------------------------------------------------------- */

static void start_type(void)
{
	scene();
	racer(C, END_SPACE(A));
	racer(B, TYPE(A, race_name(A, 'P')), TYPE(A, race_name(A, 'Q')));
}

static void start_names(void)
{
	scene();
	racer(C, END_SPACE(A));
	racer(B, NAMES(A));
}

static void start_set_status(void)
{
	scene();
	race_set(A, 'S');
	race_join_set(A, 'P', 'S');
	racer(C, END_SPACE(A));
	racer(B, SET_STATUS(A, race_name(A, 'S')), RECEIVE_STATUS(A, race_name(A, 'P')));
}

static void start_allocate(void)
{
	scene();
	racer(C, END_SPACE(A));
	racer(B, ALLOCATE(A));
}

static void start_rename(void)
{
	scene();
	racer(C, END_SPACE(A));
	racer(B, RENAME(A, race_name(A, 'P'), 0x777), RENAME(A, race_name(A, 'Q'), 0x888));
}

static void start_deallocate(void)
{
	scene();
	racer(C, END_SPACE(A));
	racer(B, DEALLOCATE(A, race_name(A, 'Q')), DEALLOCATE(A, race_name(A, 'Q')));
}

static void start_destroy(void)
{
	scene();
	racer(C, END_SPACE(A));
	racer(B, DESTROY(A, race_name(A, 'P')));
}

static void start_insert_right(void)
{
	scene();
	racer(C, END_SPACE(A));
	racer(B, INSERT_RIGHT(A, 0x777, race_name(B, 'N'), MAKE_SEND));
}

static void start_insert_receive_right(void)
{
	scene();
	race_send_right(C, 'N', 1);
	racer(C, END_SPACE(A));
	racer(B, INSERT_RIGHT(A, 0x777, race_name(B, 'N'), MOVE_RECEIVE));
}

static void start_extract_right(void)
{
	scene();
	racer(C, END_SPACE(A));
	racer(B, EXTRACT_RIGHT(A, race_name(A, 'P'), MOVE_RECEIVE));
}

static void start_extract_into(void)
{
	scene();
	racer(C, END_SPACE(A));
	racer(A, EXTRACT_RIGHT(B, race_name(B, 'Q'), MOVE_RECEIVE));
}

static void start_request(void)
{
	scene();
	racer(C, END_SPACE(A));
	racer(B, REQUEST(A, race_name(A, 'Q'), MACH_NOTIFY_DEAD_NAME, 1, race_name(B, 'N')));
}

static void start_request_no_senders(void)
{
	scene();
	racer(C, END_SPACE(A));
	racer(B, REQUEST(A, race_name(A, 'P'), MACH_NOTIFY_NO_SENDERS, 0, race_name(B, 'N')));
}

static void start_request_port_destroyed(void)
{
	scene();
	racer(C, END_SPACE(A));
	racer(B, REQUEST(A, race_name(A, 'P'), MACH_NOTIFY_PORT_DESTROYED, 0, race_name(B, 'N')));
}

static void start_move_member(void)
{
	scene();
	race_set(A, 'S');
	racer(C, END_SPACE(A));
	racer(B, MOVE_MEMBER(A, race_name(A, 'P'), race_name(A, 'S')));
}

static void start_set_qlimit(void)
{
	scene();
	race_queue('P', 10, 5);
	racer_waits(racer(B, SEND(COPY_TO(race_name(B, 'P'), 1))));
	racer(C, END_SPACE(A));
	racer(B, SET_QLIMIT(A, race_name(A, 'P'), 6));
}

/* --- Ends ------------------------------------------------------------------------------------- */

static void start_twice(void)
{
	scene();
	racer(C, END_SPACE(A));
	racer(B, END_SPACE(A));
}

/* Each has rights and requests to the other's ports. */
static void start_each_other(void)
{
	scene();
	race_port(A, 'M');
	race_request(A, 'Q', MACH_NOTIFY_DEAD_NAME, 0, 'M');
	race_request(B, 'P', MACH_NOTIFY_DEAD_NAME, 0, 'N');
	racer(C, END_SPACE(A));
	racer(C, END_SPACE(B));
}

/* Each one's receive right goes to the other by port-destroyed. */
static void start_each_other_port_destroyed(void)
{
	race_start();
	race_port(A, 'P');
	race_port(B, 'Q');
	race_request(A, 'P', MACH_NOTIFY_PORT_DESTROYED, 0, 'Q');
	race_request(B, 'Q', MACH_NOTIFY_PORT_DESTROYED, 0, 'P');
	racer(C, END_SPACE(A));
	racer(C, END_SPACE(B));
}

static void start_no_senders(void)
{
	scene();
	race_request(B, 'Q', MACH_NOTIFY_NO_SENDERS, 0, 'N');
	racer(C, END_SPACE(A));
	racer(A, SEND(COPY_TO(race_name(A, 'Q'), 1)));
}

static const struct race races[] = {
#define RACE(n) { .name = #n, .start = start_##n, .finish = race_finish }
	RACE(send_from),
	RACE(send_body_from),
	RACE(send_to),
	RACE(receive),
	RACE(receive_reply),
	RACE(receive_body),
	RACE(receive_set),
	RACE(call),
	RACE(blocked_sender),
	RACE(blocked_sender_ends),
	RACE(type),
	RACE(names),
	RACE(set_status),
	RACE(allocate),
	RACE(rename),
	RACE(deallocate),
	RACE(destroy),
	RACE(insert_right),
	RACE(insert_receive_right),
	RACE(extract_right),
	RACE(extract_into),
	RACE(request),
	RACE(request_no_senders),
	RACE(request_port_destroyed),
	RACE(move_member),
	RACE(set_qlimit),
	RACE(twice),
	RACE(each_other),
	RACE(each_other_port_destroyed),
	RACE(no_senders),
};

int main(int argc, char **argv)
{
	return race_main(argc, argv, races, sizeof(races) / sizeof(races[0]));
}
