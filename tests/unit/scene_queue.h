/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scene of the tests of queues: each actor of one task sends to, and each of another receives
 * from, a few ports.  Nobody runs by himself, so each test is exactly what it says.
 */
#ifndef TESTS_UNIT_SCENE_QUEUE_H
#define TESTS_UNIT_SCENE_QUEUE_H

#include <tests/unit/fakes_ipc.h>

#define PORTS 3
#define ACTORS 6

struct letter {
	mach_msg_header_t header;
	uint32_t serial;
	uint32_t more[8];
};

extern struct task *client, *server;
extern struct actor *sender[ACTORS], *receiver[ACTORS];
extern mach_port_name_t port[PORTS], to[PORTS];	/* the server's names, the client's */
extern struct letter sent[ACTORS], got[ACTORS];	/* by sender and receiver */

void scene_start(void);
void scene_finish(void);		/* nothing is left */
void scene_check(void);			/* by the kernel's checker */

struct ipc_port *real(int p);
mach_port_name_t new_right(struct task *task, mach_port_right_t right);

/* A send-once right to a port, as the client's. */
mach_port_name_t make_once(int p);

/* --- Calls: they return, or wait --------------------------------------------------------- */

void call_send(int i, mach_port_name_t name, uint32_t type, uint32_t serial,
	       mach_msg_option_t option, mach_msg_timeout_t timeout);
void send_to(int i, int p, uint32_t serial);
void call_receive(int i, mach_port_name_t name, mach_msg_size_t size, mach_msg_option_t option,
		  mach_msg_timeout_t timeout);
void receive_from(int i, mach_port_name_t name);

/* --- What must not wait ------------------------------------------------------------------ */

void send_now(int p, uint32_t serial);
void fill(int p);			/* with 1, 2, ... up to the limit */
uint32_t take(mach_port_name_t name);	/* receive; the message's number */
bool nothing(mach_port_name_t name);	/* is there to be received */

/* --- What has become of a call ----------------------------------------------------------- */

void expect(struct actor *actor, mach_msg_return_t mr);
void end_wait(struct actor *actor, enum wait_result how, mach_msg_return_t mr);

/* --- What the server does ---------------------------------------------------------------- */

void set_limit(int p, uint32_t limit);
void move(mach_port_name_t member, mach_port_name_t set, kern_return_t kr);
void destroy(mach_port_name_t name);

#endif /* TESTS_UNIT_SCENE_QUEUE_H */
