/* SPDX-License-Identifier: BSD-2-Clause */
/* Limits on messages, names and kernel memory of a task, instead of denial of service. */
#include "../common/tap.h"
#include "tests.h"

#define OURS	.ours = TRUE

static const struct test tests[] = {
	{ .name = "who may ask and set", .run = test_arguments, OURS },
	{ .name = "children have what their parents have", .run = test_inheritance, OURS },
	{ .name = "the size of messages", .run = test_message_size, OURS },
	{ .name = "names", .run = test_names, OURS },
	{ .name = "names in messages", .run = test_names_in_messages, OURS },
	{ .name = "memory of ports, sets, requests, names", .run = test_memory, OURS },
	{ .name = "a limit below what is used", .run = test_lowered, OURS },
	{ .name = "a port that moves is paid by its new owner", .run = test_moved_port, OURS },
	{ .name = "arrays and memory in a message", .run = test_body, OURS },
	{ .name = "entries of a map", .run = test_entries, OURS },
	{ .name = "KM-3: proxies", .run = test_proxies_paid, OURS },
	{ .name = "KM-3: memory objects", .run = test_objects_paid, OURS },
	{ .name = "KM-1: memory sent that nobody receives", .run = test_memory_sent, OURS },
	{ .name = "codes of estates", .run = test_estate_codes, OURS },
	{ .name = "KM-3: threads and tasks", .run = test_estate_threads, OURS },
	{ .name = "KM-3: tasks of tasks", .run = test_estate_orphans, OURS },
	{ .name = "KM-3: page tables", .run = test_estate_tables, OURS },
	{ .name = "who asked pays for the answer", .run = test_answers, OURS },
	{ .name = "KM-4: kernel answers that nobody takes", .run = test_kernel_answers, OURS },
	{ .name = "KM-8: a notification that cannot be paid", .run = test_notifications, OURS },
	{ .name = "KM-1: ports full of large messages", .run = test_messages_flood, OURS },
	{ .name = "KM-3: ports and requests without end", .run = test_objects_flood, OURS },
	{ .name = "KM-3: tasks, threads and protections", .run = test_tasks_flood, OURS },
	{ .name = "KM-4: messages past the queue limit", .run = test_send_once_flood, OURS },
	{ .name = "KM-4: many send-once rights, all used", .run = test_send_once_names, OURS },
	{ .name = "KM-8: a flood of notifications", .run = test_notification_flood, OURS },
	{ .name = "KM-2: a fault with no memory left", .run = test_exception_without_memory, OURS },
	{ .name = "KM-8: a flood beyond the limit", .run = test_notifications_lost, OURS },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
