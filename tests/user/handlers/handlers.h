/* SPDX-License-Identifier: BSD-2-Clause */
/* A task that faults, seen from its handlers; and the tests. */
#ifndef _HANDLERS_H_
#define _HANDLERS_H_

#include <mach.h>
#include <mach/exception.h>

#include "../common/messages.h"

#define SELF	mach_task_self()

/*
 * A task whose thread does int3 and, when it may go on, ud2 again and again; with two ports of ours
 * as its thread's and its own handler.
 */
struct sufferer {
	mach_port_t	task, thread;
	mach_port_t	by_thread, by_task;	/* the handlers' ports */
	mach_port_t	death;			/* gets a notification when the task has died */
};

void sufferer_start(struct sufferer *sufferer);

/* With another function; not yet resumed. */
void sufferer_start_with(struct sufferer *sufferer, void (*function)(void *));
void sufferer_prepare(struct sufferer *sufferer, void (*function)(void *));
void sufferer_end(struct sufferer *sufferer);

/* The next exception at a port: does it come within some time?  Its rights are given back. */
boolean_t exception_comes(mach_port_t port, int exception, struct message *message);
boolean_t exception_arrives(mach_port_t port, struct message *message);	/* they are kept */
boolean_t exception_is_quiet(mach_port_t port);

/* Has the task ended?  Takes the notification. */
boolean_t sufferer_is_dead(struct sufferer *sufferer);

/*
 * Handlers as most are: without a time limit, and an answer is sent and the next message awaited, on
 * this port, in one call.  Then messages need not be queued.
 */
void handle_straight(boolean_t straight, mach_port_t next);

/* Send an answer. */
mach_msg_return_t answer_send(struct message *reply);

/* Answers of all kinds to a request. */
mach_msg_return_t answer_with(const struct message *request, kern_return_t result);
void answer_yes(const struct message *request);

/* answers.c */
void test_yes(void);
void test_bad_answers(void);
void test_bad_answers_straight(void);
void test_two_answers(void);
void test_references(void);

/* straight.c */
void test_straight(void);
void test_straight_buffers(void);
void test_straight_abort(void);

/* deaths.c */
void test_unanswered(void);
void test_abort(void);
void test_late_answers(void);
void test_terminated_by_handler(void);
void test_own_task_ends(void);
void test_handler_dies(void);
void test_handler_of_itself(void);

/* ports.c */
void test_kernel_ports(void);
void test_full_queue(void);
void test_moved_port(void);
void test_many_at_once(void);
void test_inheritance(void);
void test_changed_meanwhile(void);
void test_addresses(void);

#endif
