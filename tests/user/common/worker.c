/* SPDX-License-Identifier: BSD-2-Clause */
/* A second thread that makes one mach_msg call. */
#include "worker.h"

#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>

#include "tap.h"

/* Time in which a thread surely comes to its call, or back from it. */
#define PATIENCE	30
#define LONG_PATIENCE	5000

static void work(void *argument)
{
	struct worker *self = argument;
	mach_msg_header_t *header = &self->message.header;

	self->result = (self->restart ? mach_msg : mach_msg_trap)(header, self->option,
		header->msgh_size, sizeof self->message, self->receive, self->timeout,
		MACH_PORT_NULL);
	self->done = TRUE;
}

void worker_start(struct worker *worker)
{
	worker->done = FALSE;
	EXPECT(mach_thread_start(work, worker, &worker->thread), KERN_SUCCESS);
	sleep_for(PATIENCE);
}

void worker_receive(struct worker *worker, mach_port_t port)
{
	memset(worker, 0, sizeof *worker);
	worker->option = MACH_RCV_MSG;
	worker->receive = port;
	worker_start(worker);
}

void worker_send(struct worker *worker, mach_port_t port, mach_msg_id_t id)
{
	memset(worker, 0, sizeof *worker);
	message_init(&worker->message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	worker->message.header.msgh_id = id;
	worker->option = MACH_SEND_MSG;
	worker_start(worker);
}

boolean_t worker_is_done(struct worker *worker)
{
	if (!worker->done)
		sleep_for(PATIENCE);
	return worker->done;
}

mach_msg_return_t worker_end(struct worker *worker)
{
	for (int i = 0; i < LONG_PATIENCE / PATIENCE && !worker->done; i++)
		sleep_for(PATIENCE);
	if (!worker->done) {
		tap_fail("a thread never came back from its call");
		thread_terminate(worker->thread);
		worker->result = -1;
	}
	mach_thread_join(worker->thread);
	return worker->result;
}
