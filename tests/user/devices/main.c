/* SPDX-License-Identifier: BSD-2-Clause */
/* The device interface: opening, the console, ramdisks, interrupts for user drivers. */
#include "tests.h"

static const struct test tests[] = {
	{ .name = "names of devices", .run = test_names, .ours = TRUE },
	{ .name = "MK-7 the wrong ports", .run = test_wrong_ports },
	{ .name = "ND-3 opening and closing", .run = test_open_and_close },
	{ .name = "ND-1 forged notifications", .run = test_forged_notifications },
	{ .name = "writing to the console", .run = test_write, .ours = TRUE },
	{ .name = "reading from the console", .run = test_read, .ours = TRUE },
	{ .name = "status of a line", .run = test_line_status, .ours = TRUE },
	{ .name = "status of a modem", .run = test_modem_status, .ours = TRUE },
	{ .name = "writing by a trap", .run = test_trap_write, .ours = TRUE },
	{ .name = "writing in pieces by a trap", .run = test_trap_gather, .ours = TRUE },
	{ .name = "contents of a ramdisk", .run = test_ramdisk_contents, .ours = TRUE },
	{ .name = "size of a ramdisk", .run = test_ramdisk_status, .ours = TRUE },
	{ .name = "limits of a ramdisk", .run = test_ramdisk_limits, .ours = TRUE },
	{ .name = "writing to a ramdisk", .run = test_ramdisk_write, .ours = TRUE },
	{ .name = "a ramdisk for reading only", .run = test_ramdisk_read_only, .ours = TRUE },
	{ .name = "requests and answers", .run = test_requests, .ours = TRUE },
	{ .name = "what is typed", .run = test_typed, .ours = TRUE },
	{ .name = "what is typed is forgotten", .run = test_typed_flushed, .ours = TRUE },
	{ .name = "closing answers who waits", .run = test_close_answers, .ours = TRUE },
	{ .name = "IL-1 late answers", .run = test_late_answers_clean, .ours = TRUE },
	{ .name = "many readers", .run = test_many_readers, .ours = TRUE },
	{ .name = "readers come and go", .run = test_readers_conserved, .ours = TRUE },
	{ .name = "a ramdisk mapped", .run = test_map_disk, .ours = TRUE },
	{ .name = "MO-8 limits of windows", .run = test_map_limits, .ours = TRUE },
	{ .name = "access to windows", .run = test_map_access, .ours = TRUE },
	{ .name = "no address of mapped devices is told", .run = test_map_hidden, .ours = TRUE },
	{ .name = "copies of mapped devices", .run = test_map_copies, .ours = TRUE },
	{ .name = "uses of mapped devices", .run = test_map_uses, .ours = TRUE },
	{ .name = "proxies of mapped devices", .run = test_map_proxy, .ours = TRUE },
	{ .name = "devices that cannot be mapped", .run = test_map_nothing },
	{ .name = "mappings come and go", .run = test_map_conserved, .ours = TRUE },
	{ .name = "TH-9 the time in a page", .run = test_time_runs },
	{ .name = "the time is set", .run = test_time_set, .ours = TRUE },
	{ .name = "IL-1 limits of the time's page", .run = test_time_limits, .ours = TRUE },
	{ .name = "physical memory", .run = test_mem, .ours = TRUE },
	{ .name = "RAM is not mapped", .run = test_mem_limits, .ours = TRUE },
	{ .name = "codes of interrupts", .run = test_interrupt_codes, .ours = TRUE,
		.keeps = TRUE },	/* the line knows its driver until it is used */
	{ .name = "PR-9 ND-12 interrupts of the clock", .run = test_interrupts, .ours = TRUE },
	{ .name = "PR-9 registrations come and go", .run = test_registrations, .ours = TRUE },
};

int main(int argc, char **argv)
{
	return tap_main_conserving(argc, argv, tests, COUNT_OF(tests));
}
