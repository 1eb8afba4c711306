/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names and rights: operations on one name at once, rights that move (spec/ipc.md, sections 3, 4, 9
 * and 13).
 */
#include <mach/notify.h>
#include <tests/unit/race.h>

/* --- One name, two uses ---------------------------------------------------------------------- */

static void scene_name(uint32_t urefs)
{
	race_start();
	race_port(B, 'P');
	race_port(B, 'Q');
	race_send_right(A, 'P', urefs);
	race_send_right(A, 'Q', 1);
}

#define COPYIN_RACE(op_name, ...)						\
	static void start_copy_##op_name(void)					\
	{									\
		scene_name(1);							\
		racer(A, SEND(COPY_TO(race_name(A, 'P'), 1)));			\
		racer(A, __VA_ARGS__);						\
	}									\
	static void start_move_##op_name(void)					\
	{									\
		scene_name(2);							\
		racer(A, SEND(MOVE_TO(race_name(A, 'P'), 1),			\
			      REPLY(race_name(A, 'P'), MOVE_SEND)));		\
		racer(A, __VA_ARGS__);						\
	}									\
	static void start_body_##op_name(void)					\
	{									\
		scene_name(1);							\
		racer(A, SEND(COPY_TO(race_name(A, 'Q'), 1),			\
			      CARRY(race_name(A, 'P'), MOVE_SEND)));		\
		racer(A, __VA_ARGS__);						\
	}
COPYIN_RACE(rename, RENAME(A, race_name(A, 'P'), 0x777))
COPYIN_RACE(deallocate, DEALLOCATE(A, race_name(A, 'P')))
COPYIN_RACE(mod_refs, MOD_REFS(A, race_name(A, 'P'), SEND, -1))
COPYIN_RACE(more_refs, MOD_REFS(A, race_name(A, 'P'), SEND, 1))
COPYIN_RACE(destroy, DESTROY(A, race_name(A, 'P')))
COPYIN_RACE(send, SEND(MOVE_TO(race_name(A, 'P'), 2)))

/* The name is taken away and given to another right at once. */
static void start_copy_reused(void)
{
	scene_name(1);
	racer(A, SEND(COPY_TO(race_name(A, 'P'), 1)));
	racer(A, DEALLOCATE(A, race_name(A, 'P')),
	      RENAME(A, race_name(A, 'Q'), race_name(A, 'P')));
}

/* NS-2: names are made in three ways. */
static void start_names_made(void)
{
	race_start();
	race_port(A, 'P');
	race_port(B, 'R');
	race_send_right(B, 'P', 1);
	racer(B, SEND(COPY_TO(race_name(B, 'P'), 1), REPLY(race_name(B, 'R'), MAKE_SEND)));
	racer(A, RECEIVE(race_name(A, 'P')));
	racer(A, ALLOCATE(A), NAMES(A));
}

static void start_names_listed(void)
{
	scene_name(1);
	racer(A, NAMES(A));
	racer(A, RENAME(A, race_name(A, 'P'), 0x777), DEALLOCATE(A, race_name(A, 'Q')));
}

static void start_rename_twice(void)
{
	scene_name(1);
	racer(A, RENAME(A, race_name(A, 'P'), 0x777));
	racer(A, RENAME(A, race_name(A, 'Q'), 0x777));
}

static void start_deallocate_twice(void)
{
	scene_name(1);
	racer(A, DEALLOCATE(A, race_name(A, 'P')));
	racer(A, DEALLOCATE(A, race_name(A, 'P')));
	racer(B, DESTROY(B, race_name(B, 'P')));
}

/* --- A port that dies under operations on its name -------------------------------------------- */

static void start_mod_refs_death(void)
{
	scene_name(2);
	racer(A, MOD_REFS(A, race_name(A, 'P'), SEND, -2));
	racer(B, DESTROY(B, race_name(B, 'P')));
}

static void start_destroy_death(void)
{
	scene_name(2);
	race_request(A, 'P', MACH_NOTIFY_DEAD_NAME, 0, 'Q');
	racer(A, DESTROY(A, race_name(A, 'P')));
	racer(B, DESTROY(B, race_name(B, 'P')));
}

static void start_sonce_death(void)
{
	race_start();
	race_port(B, 'P');
	race_sonce(A, 'P');
	racer(A, MOD_REFS(A, race_name(A, 'P'), SEND_ONCE, -1));
	racer(B, DESTROY(B, race_name(B, 'P')));
}

static void start_sonce_sent_death(void)
{
	race_start();
	race_port(B, 'P');
	race_sonce(A, 'P');
	racer(A, SEND(ONCE_TO(race_name(A, 'P'), 1)));
	racer(B, DESTROY(B, race_name(B, 'P')));
	racer(B, RECEIVE_NOW(race_name(B, 'P')));
}

/* --- Rights in and out of another's space --------------------------------------------------- */

static void start_insert_death(void)
{
	race_start();
	race_port(B, 'P');
	race_send_right(C, 'P', 1);
	racer(C, INSERT_RIGHT(A, 0x777, race_name(C, 'P'), MOVE_SEND));
	racer(B, DESTROY(B, race_name(B, 'P')));
}

static void start_insert_twice(void)
{
	race_start();
	race_port(B, 'P');
	race_send_right(C, 'P', 2);
	racer(C, INSERT_RIGHT(A, 0x777, race_name(C, 'P'), COPY_SEND));
	racer(B, INSERT_RIGHT(A, 0x888, race_name(B, 'P'), MAKE_SEND));
}

static void start_insert_receive_right(void)
{
	race_start();
	race_port(B, 'P');
	race_send_right(A, 'P', 1);
	racer(B, INSERT_RIGHT(A, race_name(A, 'P'), race_name(B, 'P'), MOVE_RECEIVE));
	racer(A, SEND(MOVE_TO(race_name(A, 'P'), 1)));
}

static void start_extract_receive_right(void)
{
	race_start();
	race_port(A, 'P');
	race_send_right(B, 'P', 1);
	race_queue('P', 10, 1);
	racer(C, EXTRACT_RIGHT(A, race_name(A, 'P'), MOVE_RECEIVE));
	racer(A, RECEIVE(race_name(A, 'P')));
	racer(B, SEND(COPY_TO(race_name(B, 'P'), 1)));
}

static void start_extract_destroy(void)
{
	race_start();
	race_port(A, 'P');
	race_send_right(B, 'P', 1);
	racer(C, EXTRACT_RIGHT(A, race_name(A, 'P'), MOVE_RECEIVE));
	racer(A, DESTROY(A, race_name(A, 'P')));
}

static void start_extract_make(void)
{
	race_start();
	race_port(A, 'P');
	racer(C, EXTRACT_RIGHT(A, race_name(A, 'P'), MAKE_SEND_ONCE));
	racer(A, DESTROY(A, race_name(A, 'P')));
}

static void start_extract_member(void)
{
	race_start();
	race_port(A, 'P');
	race_set(A, 'S');
	race_join_set(A, 'P', 'S');
	race_queue('P', 1, 1);
	racer(C, EXTRACT_RIGHT(A, race_name(A, 'P'), MOVE_RECEIVE));
	racer(A, RECEIVE(race_name(A, 'S'), .option = MACH_RCV_TIMEOUT));
}

/* A name is merged with the right that comes while it goes. */
static void start_arrival_deallocate(void)
{
	race_start();
	race_port(A, 'D');
	race_port(B, 'P');
	race_send_right(A, 'P', 1);
	race_send_right(B, 'D', 1);
	racer(B, SEND(COPY_TO(race_name(B, 'D'), 1), CARRY(race_name(B, 'P'), MAKE_SEND)));
	racer(A, RECEIVE(race_name(A, 'D')));
	racer(A, DEALLOCATE(A, race_name(A, 'P')));
}

static void start_arrival_rename(void)
{
	race_start();
	race_port(A, 'D');
	race_port(B, 'P');
	race_send_right(A, 'P', 1);
	race_send_right(B, 'D', 1);
	racer(B, SEND(COPY_TO(race_name(B, 'D'), 1), REPLY(race_name(B, 'P'), MAKE_SEND)));
	racer(A, RECEIVE(race_name(A, 'D')));
	racer(A, RENAME(A, race_name(A, 'P'), 0x777));
}

/* --- Ports that a task holds (PR-4) ------------------------------------------------------- */

/* C's bootstrap port is P; A has send rights to P and Q. */
static void scene_special(void)
{
	scene_name(1);
	race_port(B, 'N');
	race_request(B, 'Q', MACH_NOTIFY_NO_SENDERS, 0, 'N');
	race_hold_special(C, 'P');
}

static void start_special_two(void)
{
	scene_special();
	racer(A, SET_SPECIAL(C, race_name(A, 'Q')), DEALLOCATE(A, race_name(A, 'Q')));
	racer(A, SET_SPECIAL(C, 0));
	racer(A, SET_SPECIAL(C, race_name(A, 'P')));
}

static void start_special_get(void)
{
	scene_special();
	racer(A, SET_SPECIAL(C, race_name(A, 'Q')));
	racer(C, GET_SPECIAL(C));
}

static void start_special_death(void)
{
	scene_special();
	racer(A, SET_SPECIAL(C, 0));
	racer(C, GET_SPECIAL(C));
	racer(B, DESTROY(B, race_name(B, 'P')));
}

/* --- Circles --------------------------------------------------------------------------------- */

/* Two receive rights, each sent to the other's port: one message must not be queued. */
static void start_circle(void)
{
	race_start();
	race_port(A, 'P');
	race_port(B, 'Q');
	race_send_right(A, 'Q', 1);
	race_send_right(B, 'P', 1);
	racer(A, SEND(COPY_TO(race_name(A, 'Q'), 1), CARRY(race_name(A, 'P'), MOVE_RECEIVE)));
	racer(B, SEND(COPY_TO(race_name(B, 'P'), 2), CARRY(race_name(B, 'Q'), MOVE_RECEIVE)));
}

static void start_circle_of_three(void)
{
	race_start();
	race_port(A, 'P');
	race_port(B, 'Q');
	race_port(C, 'R');
	race_send_right(A, 'Q', 1);
	race_send_right(B, 'R', 1);
	race_send_right(C, 'P', 1);
	racer(A, SEND(COPY_TO(race_name(A, 'Q'), 1), CARRY(race_name(A, 'P'), MOVE_RECEIVE)));
	racer(B, SEND(COPY_TO(race_name(B, 'R'), 2), CARRY(race_name(B, 'Q'), MOVE_RECEIVE)));
	racer(C, SEND(COPY_TO(race_name(C, 'P'), 3), CARRY(race_name(C, 'R'), MOVE_RECEIVE)));
}

/* The port to which the right travels arrives, or dies, meanwhile. */
static void start_circle_received(void)
{
	race_start();
	race_port(A, 'P');
	race_port(B, 'Q');
	race_port(C, 'R');
	race_send_right(A, 'Q', 1);
	race_send_right(B, 'R', 1);
	race_send_away(B, 'Q', MACH_MSG_TYPE_MOVE_RECEIVE, 'R');
	racer(A, SEND(COPY_TO(race_name(A, 'Q'), 1), CARRY(race_name(A, 'P'), MOVE_RECEIVE)));
	racer(C, RECEIVE(race_name(C, 'R')));
}

static void start_circle_destroyed(void)
{
	race_start();
	race_port(A, 'P');
	race_port(B, 'Q');
	race_port(C, 'R');
	race_send_right(A, 'Q', 1);
	race_send_right(B, 'R', 1);
	race_send_right(C, 'P', 1);
	race_send_away(B, 'Q', MACH_MSG_TYPE_MOVE_RECEIVE, 'R');
	racer(A, SEND(COPY_TO(race_name(A, 'Q'), 1), CARRY(race_name(A, 'P'), MOVE_RECEIVE)));
	racer(C, DESTROY(C, race_name(C, 'R')));
}

/* A right that comes back to a sender who has timed out, while its queue gets room. */
static void start_pseudo_receive(void)
{
	struct racer *sender;

	race_start();
	race_port(A, 'P');
	race_port(B, 'Q');
	race_send_right(B, 'P', 1);
	race_queue('P', 10, 5);
	sender = racer_waits(racer(B, SEND(MOVE_TO(race_name(B, 'P'), 1),
					   CARRY(race_name(B, 'Q'), MOVE_RECEIVE),
					   .option = MACH_SEND_TIMEOUT, .timeout = 10)));
	racer(A, DESTROY(A, race_name(A, 'P')));
	racer(C, TIME_OUT(sender));
}

static const struct race races[] = {
#define RACE(n) { .name = #n, .start = start_##n, .finish = race_finish }
#define RACES(n) RACE(copy_##n), RACE(move_##n), RACE(body_##n)
	RACES(rename),
	RACES(deallocate),
	RACES(mod_refs),
	RACES(more_refs),
	RACES(destroy),
	RACES(send),
	RACE(copy_reused),
	RACE(names_made),
	RACE(names_listed),
	RACE(rename_twice),
	RACE(deallocate_twice),
	RACE(mod_refs_death),
	RACE(destroy_death),
	RACE(sonce_death),
	RACE(sonce_sent_death),
	RACE(insert_death),
	RACE(insert_twice),
	RACE(insert_receive_right),
	RACE(extract_receive_right),
	RACE(extract_destroy),
	RACE(extract_make),
	RACE(extract_member),
	RACE(arrival_deallocate),
	RACE(arrival_rename),
	RACE(special_two),
	RACE(special_get),
	RACE(special_death),
	RACE(circle),
	RACE(circle_of_three),
	RACE(circle_received),
	RACE(circle_destroyed),
	RACE(pseudo_receive),
};

int main(int argc, char **argv)
{
	return race_main(argc, argv, races, sizeof(races) / sizeof(races[0]));
}
