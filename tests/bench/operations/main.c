/* SPDX-License-Identifier: BSD-2-Clause */
/* Instructions of the common operations: one line `bench OPERATION INSTRUCTIONS' for each. */
#include <libmach/print.h>
#include <libmach/string.h>
#include <mach.h>
#include <mach/mach_host.h>
#include <mach/reboot.h>

#include "exception.h"
#include "nested.h"
#include "rpc.h"
#include "single.h"

int main(int argc, char **argv)
{
	measure_trap();
	measure_rpc("rpc-same-task", SERVER_THREAD, LOAD_NONE);
	measure_rpc("rpc-cross-task", SERVER_TASK, LOAD_NONE);
	measure_rpc("rpc-cross-task-port-set", SERVER_TASK_ON_SET, LOAD_NONE);
	measure_rpc("rpc-cross-task-64", SERVER_TASK, LOAD_64_BYTES);
	measure_rpc("rpc-cross-task-1024", SERVER_TASK, LOAD_1024_BYTES);
	measure_rpc("rpc-cross-task-right", SERVER_TASK, LOAD_RIGHT);
	measure_kernel_rpc();
	measure_port_allocate();
	measure_page_fault();
	measure_exception();
	measure_send_self();
	measure_out_of_line();
	measure_nested("port-nested-100", 100);
	measure_nested("port-nested-10000", 10000);
	if (argc > 1)
		host_reboot(atoi(argv[1]), RB_HALT);
	return 0;
}
