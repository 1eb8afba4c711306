/* SPDX-License-Identifier: BSD-2-Clause */
/* Instructions that memory costs: one line `bench OPERATION INSTRUCTIONS' for each operation. */
#include <libmach/string.h>
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/mach_host.h>
#include <mach/reboot.h>

#include "../common/measure.h"
#include "rows.h"

#define MEGABYTE	(1024 * 1024)

int main(int argc, char **argv)
{
	mach_port_t host = argc > 1 ? atoi(argv[1]) : MACH_PORT_NULL;

	must("limit", vm_set_size_limit(host, SELF, 0x80000000u, 0x80000000u));
	measure_allocation();
	measure_faults();
	measure_pager_fault();
	measure_out_of_line("4k", 4096);
	measure_out_of_line("64k", 65536);
	measure_out_of_line("1m", MEGABYTE);
	measure_out_of_line("16m", 16 * MEGABYTE);
	measure_entries("10", 10);
	measure_entries("100000", 100000);
	measure_copies();
	measure_child("10", 10);
	measure_child("1000", 1000);
	host_reboot(host, RB_HALT);
	return 0;
}
