/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The model's threads: who waits for a message or for room in a queue, and who is to go on, in
 * which order (spec/ipc.md, sections 5 and 6).
 *
 * An actor whose wait is over stands among those that are to run, with what it got; the kernel has
 * run it already by the time that the model does (model_call.h).
 */
#ifndef TESTS_UNIT_MODEL_WAIT_H
#define TESTS_UNIT_MODEL_WAIT_H

#include <tests/unit/model_ipc.h>
#include <tests/unit/model_plan.h>

enum m_state { M_IDLE, M_SENDING, M_RECEIVING };

struct m_actor {
	struct actor *real;
	struct m_space *space;
	struct m_actor *next;		/* in the list where it is */
	enum m_state state;		/* in which phase of its call */
	bool waits;			/* in a port's or set's list */

	/* The call. */
	struct plan plan;
	mach_msg_option_t option;
	uint32_t timeout;
	mach_port_name_t rcv_name, notify;
	uint32_t rcv_size;
	bool bad_buffer;		/* nothing can be written there */
	mach_msg_size_t send_size;
	unsigned int processed;		/* items looked at by copyin */

	/* What has become of it. */
	mach_msg_return_t result;
	struct m_message *message;	/* to be sent, or received */
	uint32_t seqno;			/* with which it was received */
	uint32_t told;			/* size of one that stays queued */
	struct m_port *port;		/* waits for, or for room in */
	struct m_set *set;

	uint32_t buffer[PLAN_WORDS];
	uint32_t before[PLAN_WORDS];	/* what was in it before the call */
};

/* The end of a wait: it goes on with this result, after all others or before them. */
void m_goes_on(struct m_actor *actor, mach_msg_return_t result);
void m_goes_first(struct m_actor *actor);

/* The next that goes on, or NULL. */
struct m_actor *m_next_to_run(void);

/* Bytes that a buffer must have for the message, and the trailer that is asked for. */
uint32_t m_room(const struct m_message *message, mach_msg_option_t option);

/* Begin a wait, as the last one in line. */
void m_wait(struct m_actor *actor, struct m_actor **line, enum m_state state);

/* End it from outside: by time or abort. */
void m_leave_line(struct m_actor *actor);

/* A message comes to its port: the receiver that gets it, not yet among those that go on. */
struct m_actor *m_place(struct m_message *message);

/* Take the first message off the queue, for the actor; those that wait for room move up. */
void m_take_first(struct m_actor *actor, struct m_port *port);

/* Who is to run, as it is now; and back to that. */
void m_wait_save(void);
void m_wait_restore(void);

void m_wake_receivers(struct m_actor **line, mach_msg_return_t result);
void m_wake_senders(struct m_port *port);
void m_admit_senders(struct m_port *port);

/* The port, which has just come into the set, may have messages for who waits there. */
void m_joined_set(struct m_port *port);

/* The member whose turn it is; NULL when none has messages. */
struct m_port *m_next_ready(const struct m_set *set);

#endif /* TESTS_UNIT_MODEL_WAIT_H */
