/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The death of ports, and of what holds them, against everything that still uses them
 * (spec/ipc.md, sections 3, 7, 11 and 12; CI-10).
 */
#include <mach/notify.h>
#include <tests/unit/race.h>

/* --- Port death against copyin ----------------------------------------------------------- */

/* B receives on D and R; A sends to D with R as the reply. */
static void scene_header(void)
{
	race_start();
	race_port(B, 'D');
	race_port(B, 'R');
	race_send_right(A, 'D', 2);
	race_send_right(A, 'R', 2);
}

static void start_copyin_dest(void)
{
	scene_header();
	racer(A, SEND(COPY_TO(race_name(A, 'D'), 1), REPLY(race_name(A, 'R'), COPY_SEND)));
	racer(B, DESTROY(B, race_name(B, 'D')));
}

static void start_copyin_reply(void)
{
	scene_header();
	racer(A, SEND(COPY_TO(race_name(A, 'D'), 1), REPLY(race_name(A, 'R'), MOVE_SEND)));
	racer(B, DESTROY(B, race_name(B, 'R')));
}

/* The destination dies first: the reply must never seem to have done so. */
static void start_copyin_both(void)
{
	scene_header();
	racer(A, SEND(MOVE_TO(race_name(A, 'D'), 1), REPLY(race_name(A, 'R'), MOVE_SEND)));
	racer(B, DESTROY(B, race_name(B, 'D')), DESTROY(B, race_name(B, 'R')));
}

static void start_copyin_both_back(void)
{
	scene_header();
	racer(A, SEND(MOVE_TO(race_name(A, 'D'), 1), REPLY(race_name(A, 'R'), MOVE_SEND)));
	racer(B, DESTROY(B, race_name(B, 'R')), DESTROY(B, race_name(B, 'D')));
}

static void start_copyin_body(void)
{
	scene_header();
	racer(A, SEND(COPY_TO(race_name(A, 'D'), 1), CARRY(race_name(A, 'R'), MOVE_SEND)));
	racer(B, DESTROY(B, race_name(B, 'R')));
}

/* The last send right moves away while its port dies, with a dead-name request on the name. */
static void start_copyin_request(void)
{
	race_start();
	race_port(B, 'D');
	race_port(B, 'R');
	race_port(A, 'N');
	race_send_right(A, 'D', 1);
	race_send_right(A, 'R', 1);
	race_request(A, 'R', MACH_NOTIFY_DEAD_NAME, 0, 'N');
	race_request(A, 'D', MACH_NOTIFY_DEAD_NAME, 0, 'N');
	racer(A, SEND(MOVE_TO(race_name(A, 'D'), 1), REPLY(race_name(A, 'R'), MOVE_SEND)));
	racer(B, DESTROY(B, race_name(B, 'R')));
}

/* MACH_SEND_CANCEL: the request goes with the name unanswered, or fires since the port dies. */
static void start_copyin_cancel(void)
{
	race_start();
	race_port(B, 'D');
	race_port(A, 'N');
	race_send_right(A, 'D', 1);
	race_request(A, 'D', MACH_NOTIFY_DEAD_NAME, 0, 'N');
	racer(A, SEND(MOVE_TO(race_name(A, 'D'), 1), .option = MACH_SEND_CANCEL,
		      .notify = race_name(A, 'N')));
	racer(B, DESTROY(B, race_name(B, 'D')));
}

static void start_copyin_cancel_notify(void)
{
	race_start();
	race_port(B, 'D');
	race_port(A, 'N');
	race_send_right(A, 'D', 1);
	race_request(A, 'D', MACH_NOTIFY_DEAD_NAME, 0, 'N');
	racer(A, SEND(MOVE_TO(race_name(A, 'D'), 1), .option = MACH_SEND_CANCEL,
		      .notify = race_name(A, 'N')));
	racer(A, DESTROY(A, race_name(A, 'N')));
}

static void start_copyin_same_name(void)
{
	scene_header();
	racer(A, SEND(MOVE_TO(race_name(A, 'D'), 1), REPLY(race_name(A, 'D'), COPY_SEND)));
	racer(B, DESTROY(B, race_name(B, 'D')));
}

/* --- Port death against copyout ---------------------------------------------------------- */

/* A message with a reply right waits in D, which A receives. */
static void scene_copyout(void)
{
	race_start();
	race_port(A, 'D');
	race_port(B, 'R');
	race_send_right(B, 'D', 1);
}

static void start_copyout_reply(void)
{
	scene_copyout();
	racer_waits(racer(A, RECEIVE(race_name(A, 'D'))));
	racer(B, SEND(COPY_TO(race_name(B, 'D'), 1), REPLY(race_name(B, 'R'), MAKE_SEND_ONCE)),
	      DESTROY(B, race_name(B, 'R')));
}

static void start_copyout_dest(void)
{
	scene_copyout();
	racer(A, RECEIVE(race_name(A, 'D')));
	racer(A, DESTROY(A, race_name(A, 'D')));
	racer(B, SEND(COPY_TO(race_name(B, 'D'), 1), REPLY(race_name(B, 'R'), MAKE_SEND)));
}

static void start_copyout_body(void)
{
	scene_copyout();
	race_port(B, 'X');
	racer(A, RECEIVE_NOW(race_name(A, 'D')));
	racer(B, SEND(COPY_TO(race_name(B, 'D'), 1), CARRY(race_name(B, 'X'), MAKE_SEND)),
	      DESTROY(B, race_name(B, 'X')));
}

/* MACH_RCV_NOTIFY: the request is registered with the name, or the reply right is dead. */
static void start_copyout_notify(void)
{
	scene_copyout();
	race_port(A, 'N');
	racer_waits(racer(A, RECEIVE(race_name(A, 'D'), .option = MACH_RCV_NOTIFY,
				     .notify = race_name(A, 'N'))));
	racer(B, SEND(COPY_TO(race_name(B, 'D'), 1), REPLY(race_name(B, 'R'), MAKE_SEND)),
	      DESTROY(B, race_name(B, 'R')));
}

static void start_copyout_notify_dies(void)
{
	scene_copyout();
	race_port(A, 'N');
	racer(A, RECEIVE(race_name(A, 'D'), .option = MACH_RCV_NOTIFY,
			 .notify = race_name(A, 'N')));
	racer(B, SEND(COPY_TO(race_name(B, 'D'), 1), REPLY(race_name(B, 'R'), MAKE_SEND)));
	racer(A, DESTROY(A, race_name(A, 'N')));
}

/* Both ports of a message die while it is received. */
static void start_copyout_both(void)
{
	scene_copyout();
	race_queue_call('D', 1, 'R');
	racer(A, RECEIVE(race_name(A, 'D')));
	racer(A, DESTROY(A, race_name(A, 'D')));
	racer(B, DESTROY(B, race_name(B, 'R')));
}

/* One whose buffer is too small is told so; the next one takes the message. */
static void start_large(void)
{
	race_start();
	race_port(A, 'P');
	race_send_right(B, 'P', 1);
	race_port(B, 'X');
	racer_waits(racer(A, RECEIVE(race_name(A, 'P'), .option = MACH_RCV_LARGE, .rcv_size = 24)));
	racer(A, RECEIVE(race_name(A, 'P')));
	racer(B, SEND(COPY_TO(race_name(B, 'P'), 1), CARRY(race_name(B, 'X'), MAKE_SEND)));
}

/* --- Destroy against receive ------------------------------------------------------------- */

static void start_destroy_receive(void)
{
	race_start();
	race_port(A, 'P');
	race_queue('P', 1, 1);
	racer(A, RECEIVE(race_name(A, 'P')));
	racer(A, DESTROY(A, race_name(A, 'P')));
}

static void start_destroy_receive_waiting(void)
{
	race_start();
	race_port(A, 'P');
	race_send_right(B, 'P', 1);
	racer_waits(racer(A, RECEIVE(race_name(A, 'P'))));
	racer(A, DESTROY(A, race_name(A, 'P')));
	racer(B, SEND(COPY_TO(race_name(B, 'P'), 1)));
}

/* With the port-destroyed request the right goes to N instead. */
static void start_port_destroyed(void)
{
	race_start();
	race_port(A, 'P');
	race_port(B, 'N');
	race_send_right(B, 'P', 1);
	race_request(A, 'P', MACH_NOTIFY_PORT_DESTROYED, 0, 'N');
	race_queue('P', 1, 1);
	racer(A, RECEIVE(race_name(A, 'P')));
	racer(A, DESTROY(A, race_name(A, 'P')));
}

static void start_port_destroyed_received(void)
{
	race_start();
	race_port(A, 'P');
	race_port(B, 'N');
	race_send_right(B, 'P', 1);
	race_request(A, 'P', MACH_NOTIFY_PORT_DESTROYED, 0, 'N');
	racer(A, DESTROY(A, race_name(A, 'P')));
	racer(B, RECEIVE(race_name(B, 'N')));
}

/* --- Requests against death -------------------------------------------------------------- */

static void scene_request(void)
{
	race_start();
	race_port(B, 'P');
	race_port(A, 'N');
	race_send_right(A, 'P', 1);
}

static void start_request_death(void)
{
	scene_request();
	racer(A, REQUEST(A, race_name(A, 'P'), MACH_NOTIFY_DEAD_NAME, 1, race_name(A, 'N')));
	racer(B, DESTROY(B, race_name(B, 'P')));
}

static void start_request_replaced(void)
{
	scene_request();
	race_port(A, 'M');
	race_request(A, 'P', MACH_NOTIFY_DEAD_NAME, 0, 'M');
	racer(A, REQUEST(A, race_name(A, 'P'), MACH_NOTIFY_DEAD_NAME, 0, race_name(A, 'N')));
	racer(B, DESTROY(B, race_name(B, 'P')));
}

static void start_request_cancelled(void)
{
	scene_request();
	race_request(A, 'P', MACH_NOTIFY_DEAD_NAME, 0, 'N');
	racer(A, REQUEST(A, race_name(A, 'P'), MACH_NOTIFY_DEAD_NAME, 0, 0));
	racer(B, DESTROY(B, race_name(B, 'P')));
}

static void start_request_deallocated(void)
{
	scene_request();
	race_request(A, 'P', MACH_NOTIFY_DEAD_NAME, 0, 'N');
	racer(A, DEALLOCATE(A, race_name(A, 'P')));
	racer(B, DESTROY(B, race_name(B, 'P')));
}

static void start_request_renamed(void)
{
	scene_request();
	race_request(A, 'P', MACH_NOTIFY_DEAD_NAME, 0, 'N');
	racer(A, RENAME(A, race_name(A, 'P'), 0x777));
	racer(B, DESTROY(B, race_name(B, 'P')));
}

static void start_request_sonce(void)
{
	scene_request();
	race_port(B, 'Q');
	race_sonce(A, 'Q');
	race_request(A, 'Q', MACH_NOTIFY_DEAD_NAME, 0, 'N');
	racer(A, DEALLOCATE(A, race_name(A, 'Q')));
	racer(B, DESTROY(B, race_name(B, 'Q')));
}

/* --- No-senders (ND-6) -------------------------------------------------------------------- */

static void scene_no_senders(void)
{
	race_start();
	race_port(B, 'P');
	race_port(B, 'N');
	race_send_right(A, 'P', 1);
}

static void start_no_senders_request(void)
{
	scene_no_senders();
	racer(A, DEALLOCATE(A, race_name(A, 'P')));
	racer(B, REQUEST(B, race_name(B, 'P'), MACH_NOTIFY_NO_SENDERS, 0, race_name(B, 'N')));
}

static void start_no_senders_make(void)
{
	scene_no_senders();
	race_request(B, 'P', MACH_NOTIFY_NO_SENDERS, 0, 'N');
	racer(A, DEALLOCATE(A, race_name(A, 'P')));
	racer(C, EXTRACT_RIGHT(B, race_name(B, 'P'), MAKE_SEND));
}

static void start_no_senders_copy(void)
{
	scene_no_senders();
	race_request(B, 'P', MACH_NOTIFY_NO_SENDERS, 0, 'N');
	racer(A, DEALLOCATE(A, race_name(A, 'P')));
	racer(A, SEND(COPY_TO(race_name(A, 'P'), 1)));
	racer(B, RECEIVE_NOW(race_name(B, 'P')));
}

static void start_no_senders_death(void)
{
	scene_no_senders();
	race_request(B, 'P', MACH_NOTIFY_NO_SENDERS, 0, 'N');
	racer(A, DEALLOCATE(A, race_name(A, 'P')));
	racer(B, DESTROY(B, race_name(B, 'P')));
}

/* The last right dies in a message that dies with its port. */
static void start_no_senders_message(void)
{
	scene_no_senders();
	race_port(C, 'Q');
	race_send_right(A, 'Q', 1);
	race_request(B, 'P', MACH_NOTIFY_NO_SENDERS, 0, 'N');
	racer(A, SEND(COPY_TO(race_name(A, 'Q'), 1), CARRY(race_name(A, 'P'), MOVE_SEND)));
	racer(C, DESTROY(C, race_name(C, 'Q')));
}

static const struct race races[] = {
#define RACE(n) { .name = #n, .start = start_##n, .finish = race_finish }
	RACE(copyin_dest),
	RACE(copyin_reply),
	RACE(copyin_both),
	RACE(copyin_both_back),
	RACE(copyin_body),
	RACE(copyin_request),
	RACE(copyin_cancel),
	RACE(copyin_cancel_notify),
	RACE(copyin_same_name),
	RACE(copyout_reply),
	RACE(copyout_dest),
	RACE(copyout_body),
	RACE(copyout_notify),
	RACE(copyout_notify_dies),
	RACE(copyout_both),
	RACE(large),
	RACE(destroy_receive),
	RACE(destroy_receive_waiting),
	/* Nobody receives on a port whose right is on its way: its numbers begin again. */
	{ .name = "port_destroyed", .start = start_port_destroyed, .finish = race_finish,
	  .never = "16:P{#1" },
	RACE(port_destroyed_received),
	RACE(request_death),
	RACE(request_replaced),
	RACE(request_cancelled),
	RACE(request_deallocated),
	RACE(request_renamed),
	RACE(request_sonce),
	RACE(no_senders_request),
	RACE(no_senders_make),
	RACE(no_senders_copy),
	RACE(no_senders_death),
	RACE(no_senders_message),
};

int main(int argc, char **argv)
{
	return race_main(argc, argv, races, sizeof(races) / sizeof(races[0]));
}
