/* SPDX-License-Identifier: BSD-2-Clause */
/* Round trips with a server, raw: mach_msg_trap on both sides, the header set for each message. */
#ifndef _BENCH_RPC_H_
#define _BENCH_RPC_H_

#include <mach/mach_types.h>

/* What a request carries besides its header.  The reply is a bare header always. */
enum load {
	LOAD_NONE,
	LOAD_64_BYTES,
	LOAD_1024_BYTES,
	LOAD_RIGHT,
};

/* Where the server is, and on what it receives. */
enum server {
	SERVER_THREAD,
	SERVER_TASK,
	SERVER_TASK_ON_SET,
};

void measure_rpc(const char *name, enum server server, enum load load);

#endif
