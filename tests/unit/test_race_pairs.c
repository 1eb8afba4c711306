/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each operation against each other, from one rich state; with SCHEDULE_FULL each three, too.
 *
 * A has the port P, with a full queue and a payload, in the set S; the port R, with a no-senders
 * request; a name Q with two send rights to B's port and a dead-name request; a send-once
 * right O to B's port.  B has send rights to P and R, and N for notifications.  Where an operation
 * concerns them, a thread of A waits on R, one of B waits to be let into P, and one of B serves Q.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mach/notify.h>
#include <tests/unit/race.h>

enum { RECEIVER = 1, SENDER = 2, SERVER = 4 };

static struct racer *receiver, *sender;

#define NAME(t, label) race_name(t, label)
#define OPERATION(name, task, ...)						\
	static void add_##name(void)						\
	{									\
		racer(task, __VA_ARGS__);					\
	}

OPERATION(destroy_p, A, DESTROY(A, NAME(A, 'P')))
OPERATION(destroy_r, A, DESTROY(A, NAME(A, 'R')))
OPERATION(destroy_q, B, DESTROY(B, NAME(B, 'Q')))
OPERATION(destroy_o, B, DESTROY(B, NAME(B, 'O')))
OPERATION(destroy_set, A, DESTROY(A, NAME(A, 'S')))
OPERATION(destroy_notify, B, DESTROY(B, NAME(B, 'N')))
OPERATION(receive_set, A, RECEIVE_NOW(NAME(A, 'S')))
OPERATION(leave_set, A, MOVE_MEMBER(A, NAME(A, 'P'), 0))
OPERATION(join_set, A, MOVE_MEMBER(A, NAME(A, 'R'), NAME(A, 'S')))
OPERATION(send_r, B, SEND(COPY_TO(NAME(B, 'R'), 21), REPLY(NAME(B, 'N'), MAKE_SEND_ONCE)))
OPERATION(move_send_r, B, SEND(MOVE_TO(NAME(B, 'R'), 22)))
OPERATION(send_once, A, SEND(ONCE_TO(NAME(A, 'O'), 23), REPLY(NAME(A, 'Q'), MOVE_SEND)))
OPERATION(send_right, A, SEND(COPY_TO(NAME(A, 'Q'), 24), CARRY(NAME(A, 'R'), MOVE_RECEIVE)))
OPERATION(call, A, CALL(COPY_TO(NAME(A, 'Q'), 25), REPLY(NAME(A, 'T'), MAKE_SEND_ONCE),
			.rcv_name = NAME(A, 'T')))
OPERATION(fast_call, A, CALL(COPY_TO(NAME(A, 'Q'), 26), REPLY(NAME(A, 'T'), MAKE_SEND_ONCE),
			     .rcv_name = NAME(A, 'T')))
OPERATION(deallocate_q, A, DEALLOCATE(A, NAME(A, 'Q')), DEALLOCATE(A, NAME(A, 'Q')))
OPERATION(deallocate_once, A, DEALLOCATE(A, NAME(A, 'O')))
OPERATION(deallocate_r, B, DEALLOCATE(B, NAME(B, 'R')))
OPERATION(rename_q, A, RENAME(A, NAME(A, 'Q'), 0x777))
OPERATION(rename_r, A, RENAME(A, NAME(A, 'R'), 0x888))
OPERATION(request_q, A, REQUEST(A, NAME(A, 'Q'), MACH_NOTIFY_DEAD_NAME, 1, NAME(A, 'T')))
OPERATION(request_senders, A, REQUEST(A, NAME(A, 'R'), MACH_NOTIFY_NO_SENDERS, 0, NAME(A, 'T')))
OPERATION(request_destroyed, A,
	  REQUEST(A, NAME(A, 'R'), MACH_NOTIFY_PORT_DESTROYED, 0, NAME(A, 'T')))
OPERATION(qlimit, A, SET_QLIMIT(A, NAME(A, 'P'), 2))
OPERATION(payload, A, SET_PAYLOAD(A, NAME(A, 'R'), 77))
OPERATION(set_ktype, A, SET_KTYPE(A, NAME(A, 'P')), SET_KTYPE(A, NAME(A, 'R')))	/* PR-7 */
OPERATION(extract_r, C, EXTRACT_RIGHT(A, NAME(A, 'R'), MOVE_RECEIVE))
OPERATION(extract_send, C, EXTRACT_RIGHT(A, NAME(A, 'R'), MAKE_SEND))
OPERATION(names, C, NAMES(A))
OPERATION(status, C, RECEIVE_STATUS(A, NAME(A, 'R')), SET_STATUS(A, NAME(A, 'S')))
OPERATION(end_a, C, END_SPACE(A))
OPERATION(end_b, C, END_SPACE(B))
OPERATION(abort_receiver, C, ABORT(receiver))
OPERATION(abort_sender, C, ABORT(sender))
OPERATION(time_out, C, TIME_OUT(sender))

static const struct operation {
	const char *name;
	void (*add)(void);
	unsigned int concerns;
} operations[] = {
#define LIST(n, c) { .name = #n, .add = add_##n, .concerns = c }
	LIST(destroy_p, SENDER),
	LIST(destroy_r, RECEIVER),
	LIST(destroy_q, 0),
	LIST(destroy_o, 0),
	LIST(destroy_set, 0),
	LIST(destroy_notify, 0),
	LIST(receive_set, SENDER),
	LIST(leave_set, 0),
	LIST(join_set, RECEIVER),
	LIST(send_r, RECEIVER),
	LIST(move_send_r, 0),
	LIST(send_once, 0),
	LIST(send_right, 0),
	LIST(call, 0),
	LIST(fast_call, SERVER),
	LIST(deallocate_q, 0),
	LIST(deallocate_once, 0),
	LIST(deallocate_r, 0),
	LIST(rename_q, 0),
	LIST(rename_r, 0),
	LIST(request_q, 0),
	LIST(request_senders, 0),
	LIST(request_destroyed, 0),
	LIST(qlimit, SENDER),
	LIST(payload, 0),
	LIST(set_ktype, 0),
	LIST(extract_r, 0),
	LIST(extract_send, 0),
	LIST(names, 0),
	LIST(status, 0),
	LIST(end_a, 0),
	LIST(end_b, 0),
	LIST(abort_receiver, RECEIVER),
	LIST(abort_sender, SENDER),
	LIST(time_out, SENDER),
};

#define COUNT ((unsigned int)(sizeof(operations) / sizeof(operations[0])))
#define THREE_LIMIT 200u
#define RACES_MAX (COUNT * COUNT * COUNT)

static void scene(void)
{
	race_start();
	race_port(A, 'P');
	race_port(A, 'R');
	race_port(A, 'T');
	race_set(A, 'S');
	race_port(B, 'Q');
	race_port(B, 'O');
	race_port(B, 'N');
	race_send_right(B, 'P', 1);
	race_send_right(B, 'R', 1);
	race_send_right(A, 'Q', 2);
	race_sonce(A, 'O');
	race_set_qlimit(A, 'P', 1);
	race_queue('P', 10, 1);
	race_join_set(A, 'P', 'S');
	race_request(A, 'Q', MACH_NOTIFY_DEAD_NAME, 0, 'T');
	race_request(A, 'R', MACH_NOTIFY_NO_SENDERS, 0, 'N');
	race_set_payload(A, 'P', 66);
}

static const struct operation *operation_of(unsigned int number, int place)
{
	while (place-- > 0)
		number /= COUNT + 1;
	number %= COUNT + 1;
	return number == 0 ? NULL : &operations[number - 1];
}

/* The operations of a race are the digits of its number; the waiters are those they concern. */
static void start(void)
{
	unsigned int number = schedule_race()->number;
	unsigned int concerns = 0;

	scene();
	for (int i = 0; i < 3; i++)
		if (operation_of(number, i) != NULL)
			concerns |= operation_of(number, i)->concerns;
	receiver = sender = NULL;
	if ((concerns & SERVER) && (concerns != (RECEIVER | SENDER | SERVER) ||
				    operation_of(number, 2) == NULL))
		racer_waits(racer(B, RECEIVE(race_name(B, 'Q'))));
	if (concerns & SENDER)
		sender = racer_waits(racer(B, SEND(COPY_TO(race_name(B, 'P'), 20),
						   REPLY(race_name(B, 'N'), MAKE_SEND_ONCE),
						   .option = MACH_SEND_TIMEOUT, .timeout = 10)));
	if (concerns & RECEIVER)
		receiver = racer_waits(racer(A, RECEIVE(race_name(A, 'R'))));
	for (int i = 0; i < 3; i++)
		if (operation_of(number, i) != NULL)
			operation_of(number, i)->add();
}

static struct race races[RACES_MAX];
static unsigned int race_count;

static void add_race(unsigned int a, unsigned int b, unsigned int c)
{
	char name[96];

	snprintf(name, sizeof(name), "%s+%s%s%s", operations[a - 1].name, operations[b - 1].name,
		 c != 0 ? "+" : "", c != 0 ? operations[c - 1].name : "");
	races[race_count++] = (struct race){
		.name = strdup(name),
		.number = a + (b + c * (COUNT + 1)) * (COUNT + 1),
		.start = start,
		.full_limit = c != 0 ? THREE_LIMIT : 0,	/* all schedules of two */
		.finish = race_finish,
	};
}

int main(int argc, char **argv)
{
	for (unsigned int a = 1; a <= COUNT; a++)
		for (unsigned int b = a; b <= COUNT; b++)
			add_race(a, b, 0);
	if (getenv("SCHEDULE_FULL") != NULL)
		for (unsigned int a = 1; a <= COUNT; a++)
			for (unsigned int b = a; b <= COUNT; b++)
				for (unsigned int c = b; c <= COUNT; c++)
					add_race(a, b, c);
	return race_main(argc, argv, races, race_count);
}
