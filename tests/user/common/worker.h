/* SPDX-License-Identifier: BSD-2-Clause */
/* A second thread that makes one mach_msg call, and what became of it. */
#ifndef _WORKER_H_
#define _WORKER_H_

#include "messages.h"

struct worker {
	struct message		message;
	mach_msg_option_t	option;
	mach_port_t		receive;
	mach_msg_timeout_t	timeout;
	boolean_t		restart;	/* by mach_msg, not mach_msg_trap */
	mach_port_t		thread;
	volatile boolean_t	done;
	mach_msg_return_t	result;
};

/* Start it with what the fields above `thread' say; give it time to block. */
void worker_start(struct worker *worker);

/* A receiver on a port; a sender of a bare message with an id, by a send right of ours. */
void worker_receive(struct worker *worker, mach_port_t port);
void worker_send(struct worker *worker, mach_port_t port, mach_msg_id_t id);

/* Give it time to go on; has its call come back? */
boolean_t worker_is_done(struct worker *worker);

/* Wait until it is done; the result of its call. */
mach_msg_return_t worker_end(struct worker *worker);

#endif
