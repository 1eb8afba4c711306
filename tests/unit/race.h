/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Races in ipc/: tasks, threads that do one step after the other, and what can be seen afterwards.
 *
 * A step is a call of mach_msg or of a kernel routine, or an end of a wait.  The outcome of a
 * schedule is: what each step returned, in the order of its thread; then every name, right, port,
 * set and queued message of every task, by label: names and ports that are made for the race have
 * the label that they are given, others are "new".  So outcomes can be compared although
 * the kernel chooses other names in another order.
 *
 * After each schedule the kernel's checker runs, everything is destroyed, and nothing may be left.
 */
#ifndef TESTS_UNIT_RACE_H
#define TESTS_UNIT_RACE_H

#include <tests/unit/schedule.h>

#include <ipc/ipc_types.h>
#include <kern/task.h>
#include <kern/thread.h>
#include <mach/message.h>
#include <mach/port.h>

#define RACE_TASKS 3
#define RACE_STEPS 4

extern struct task *race_task[RACE_TASKS];	/* A, B and C; C is there for what is not raced on */
#define A race_task[0]
#define B race_task[1]
#define C race_task[2]

/* --- The state before -------------------------------------------------------------------- */

/* First in each `start`: empty tasks. */
void race_start(void);

/* A receive right; a label is one capital letter.  Its name is the same in each schedule. */
mach_port_name_t race_port(struct task *task, char label);
mach_port_name_t race_set(struct task *task, char label);

/* Rights to a labelled port: `count` references to send, or to send once; or a dead name. */
mach_port_name_t race_send_right(struct task *task, char label, uint32_t count);
mach_port_name_t race_sonce(struct task *task, char label);
mach_port_name_t race_dead_name(struct task *task, char label);

/* The name that has the label in the task; the port. */
mach_port_name_t race_name(struct task *task, char label);
struct ipc_port *race_port_of(char label);

/* Put n messages with ids first, first + 1, ... into a port's queue. */
void race_queue(char label, mach_msg_id_t first, uint32_t n);

/* One message, with a send right to another port as the reply. */
void race_queue_call(char label, mach_msg_id_t id, char reply);

void race_join_set(struct task *task, char port, char set);
void race_set_qlimit(struct task *task, char label, uint32_t qlimit);
void race_hold_special(struct task *task, char label);
void race_set_payload(struct task *task, char label, uint32_t payload);

/* Ask for a notification about a name, to be sent to a labelled port. */
void race_request(struct task *task, char label, mach_msg_id_t id, uint32_t sync, char notify);

/* Send to a full queue with MACH_SEND_NOTIFY, number 800. */
void race_send_by_force(struct task *task, char label, char notify);

/* A right goes to another port in a message (MACH_MSG_TYPE_MOVE_RECEIVE and the like). */
void race_send_away(struct task *task, char label, uint32_t disposition, char dest);

/* A port of the task's, which is a kernel object, K; its threads may have exceptions. */
void race_exceptions(struct task *task);

/* --- What threads do --------------------------------------------------------------------- */

struct racer;

struct step {
	void (*run)(struct racer *racer, const struct step *step);
	struct task *task;
	mach_port_name_t name, other;
	uint32_t type, other_type;
	uint32_t value;
	mach_msg_option_t parts, option;	/* MACH_SEND_MSG and MACH_RCV_MSG; the other bits */
	mach_msg_timeout_t timeout;
	mach_port_name_t notify, rcv_name;
	mach_msg_size_t rcv_size;	/* 0: enough */
	struct {
		mach_port_name_t name;
		uint32_t type;
	} body[2];			/* type 0: none */
	unsigned int body_count;
	struct racer *racer;
};

/* A thread of a task with up to RACE_STEPS steps. */
struct racer *racer_add(struct task *task, const struct step *steps, unsigned int count);

#define racer(task, ...)							\
	racer_add(task, (const struct step[]){ __VA_ARGS__ },			\
		  sizeof((const struct step[]){ __VA_ARGS__ }) / sizeof(struct step))

/* It makes its first step, and must wait then, before the race begins. */
struct racer *racer_waits(struct racer *racer);

/* Its exception port is the labelled one. */
struct racer *race_with_handler(struct racer *racer, char label);

/* mach_msg.  What is not given is 0: .type is the destination's disposition, .value the id. */
void do_mach_msg(struct racer *racer, const struct step *step);
#define SEND(...) { .run = do_mach_msg, .parts = MACH_SEND_MSG, __VA_ARGS__ }
#define RECEIVE(label_name, ...) \
	{ .run = do_mach_msg, .parts = MACH_RCV_MSG, .rcv_name = label_name, __VA_ARGS__ }
#define CALL(...) { .run = do_call, .parts = MACH_SEND_MSG | MACH_RCV_MSG, __VA_ARGS__ }
#define RECEIVE_NOW(label_name) RECEIVE(label_name, .option = MACH_RCV_TIMEOUT)
#define COPY_TO(n, id) .name = (n), .type = MACH_MSG_TYPE_COPY_SEND, .value = (id)
#define MOVE_TO(n, id) .name = (n), .type = MACH_MSG_TYPE_MOVE_SEND, .value = (id)
#define ONCE_TO(n, id) .name = (n), .type = MACH_MSG_TYPE_MOVE_SEND_ONCE, .value = (id)
#define REPLY(n, t) .other = (n), .other_type = MACH_MSG_TYPE_##t
#define CARRY(n, t) .body_count = 1, .body = { { (n), MACH_MSG_TYPE_##t } }

/* Send and receive in one; in sequential orders others may come between the two. */
void do_call(struct racer *racer, const struct step *step);

/* An answer to the exception whose request the thread has received: 0 is yes. */
#define REPLY_NAME 0xfffffff0u		/* of the reply right that came last */
#define ANSWER_BODY(code)							\
	ONCE_TO(REPLY_NAME, 2500), .body_count = 1,				\
	.body = { { (code), MACH_MSG_TYPE_INTEGER_32 } }
#define ANSWER(code) SEND(ANSWER_BODY(code))
#define ANSWER_AND_RECEIVE(code, label_name) CALL(ANSWER_BODY(code), .rcv_name = label_name)

/* Kernel routines on step->task. */
void do_destroy(struct racer *racer, const struct step *step);
void do_deallocate(struct racer *racer, const struct step *step);
void do_mod_refs(struct racer *racer, const struct step *step);
void do_rename(struct racer *racer, const struct step *step);
void do_move_member(struct racer *racer, const struct step *step);
void do_set_qlimit(struct racer *racer, const struct step *step);
void do_request(struct racer *racer, const struct step *step);
void do_set_payload(struct racer *racer, const struct step *step);
void do_clear_payload(struct racer *racer, const struct step *step);
void do_insert_right(struct racer *racer, const struct step *step);
void do_extract_right(struct racer *racer, const struct step *step);
void do_set_mscount(struct racer *racer, const struct step *step);
void do_type(struct racer *racer, const struct step *step);
void do_names(struct racer *racer, const struct step *step);
void do_set_status(struct racer *racer, const struct step *step);
void do_set_special(struct racer *racer, const struct step *step);
void do_get_special(struct racer *racer, const struct step *step);
void do_set_ktype(struct racer *racer, const struct step *step);
void do_receive_status(struct racer *racer, const struct step *step);
void do_allocate(struct racer *racer, const struct step *step);
void do_end_space(struct racer *racer, const struct step *step);
#define DESTROY(t, n) { .run = do_destroy, .task = (t), .name = (n) }
#define DEALLOCATE(t, n) { .run = do_deallocate, .task = (t), .name = (n) }
#define MOD_REFS(t, n, right, delta)						\
	{ .run = do_mod_refs, .task = (t), .name = (n),			\
	  .type = MACH_PORT_RIGHT_##right, .value = (uint32_t)(delta) }
#define RENAME(t, n, to) { .run = do_rename, .task = (t), .name = (n), .other = (to) }
#define MOVE_MEMBER(t, n, s) { .run = do_move_member, .task = (t), .name = (n), .other = (s) }
#define SET_QLIMIT(t, n, v) { .run = do_set_qlimit, .task = (t), .name = (n), .value = (v) }
#define REQUEST(t, n, id, sync, to)						\
	{ .run = do_request, .task = (t), .name = (n), .type = (id), .value = (sync), .other = (to) }
#define SET_PAYLOAD(t, n, v) { .run = do_set_payload, .task = (t), .name = (n), .value = (v) }
#define CLEAR_PAYLOAD(t, n) { .run = do_clear_payload, .task = (t), .name = (n) }
/* The right comes from the racer's own space, by a disposition. */
#define INSERT_RIGHT(t, n, own, disposition)					\
	{ .run = do_insert_right, .task = (t), .name = (n), .other = (own),	\
	  .type = MACH_MSG_TYPE_##disposition }
#define EXTRACT_RIGHT(t, n, disposition)					\
	{ .run = do_extract_right, .task = (t), .name = (n), .type = MACH_MSG_TYPE_##disposition }
#define SET_MSCOUNT(t, n, v) { .run = do_set_mscount, .task = (t), .name = (n), .value = (v) }
#define TYPE(t, n) { .run = do_type, .task = (t), .name = (n) }
#define NAMES(t) { .run = do_names, .task = (t) }
#define SET_STATUS(t, n) { .run = do_set_status, .task = (t), .name = (n) }
#define RECEIVE_STATUS(t, n) { .run = do_receive_status, .task = (t), .name = (n) }
/* The bootstrap port: a copy of a right of the racer's own; or null. */
#define SET_SPECIAL(t, own) { .run = do_set_special, .task = (t), .other = (own) }
#define GET_SPECIAL(t) { .run = do_get_special, .task = (t) }
#define SET_KTYPE(t, n) { .run = do_set_ktype, .task = (t), .name = (n) }
#define ALLOCATE(t) { .run = do_allocate, .task = (t) }
#define END_SPACE(t) { .run = do_end_space, .task = (t) }

/* An exception of a racer that race_with_handler has prepared; and its thread's end. */
void do_raise(struct racer *racer, const struct step *step);
void do_terminate(struct racer *racer, const struct step *step);
#define RAISE { .run = do_raise }
#define TERMINATE(who) { .run = do_terminate, .racer = (who) }

/* Ends of another's wait. */
void do_time_out(struct racer *racer, const struct step *step);
void do_abort(struct racer *racer, const struct step *step);
#define TIME_OUT(who) { .run = do_time_out, .racer = (who) }
#define ABORT(who) { .run = do_abort, .racer = (who) }

/* --- What has come out ------------------------------------------------------------------- */

/* Every `finish`. */
void race_finish(void);

/*
 * A test program: each race in a process of its own, and a summary as libcheck's.  An argument
 * chooses one by its name.
 */
int race_main(int argc, char **argv, const struct race *races, unsigned int count);

#endif /* TESTS_UNIT_RACE_H */
