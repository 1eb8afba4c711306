/* SPDX-License-Identifier: BSD-2-Clause */
/* What can be seen after a race: in words that do not depend on the names that the kernel chose. */
#include <tests/unit/race_i.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ipc/checker.h>
#include <ipc/kmsg.h>
#include <ipc/pset.h>
#include <ipc/right.h>
#include <mach/notify.h>

#define LINES 64
#define LINE 512

static char lines[LINES][LINE];
static unsigned int line_count;

static void line_add(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Add to the line that is being made. */
static void line_add(const char *format, ...)
{
	char *line = lines[line_count];
	size_t length = strlen(line);
	va_list args;

	va_start(args, format);
	vsnprintf(line + length, LINE - length, format, args);
	va_end(args);
}

/* --- Ports and messages ------------------------------------------------------------------ */

static void say_port(struct ipc_port *port, struct task *task);

/* Words that are no rights: of notifications, names of whoever receives them. */
static void say_data(const uint32_t *word, uint32_t type, struct task *task)
{
	if (type == MACH_MSG_TYPE_PORT_NAME && task != NULL)
		line_add(" %s", race_name_text(task, *word));
	else
		line_add(" %u", *word);
}

static void say_item(const struct msg_item *item, struct task *task)
{
	struct ipc_port **right = item->data;

	if (!item->is_port) {
		say_data(item->data, item->name, task);
		return;
	}
	for (uint32_t i = 0; i < item->number; i++) {
		line_add(" %u:%s", item->name, race_port_text(right[i]));
		if (IP_VALID(right[i]) && item->name == MACH_MSG_TYPE_PORT_RECEIVE)
			say_port(right[i], NULL);
	}
}

/*
 * Notifications are sent when all locks are gone, so that those of two operations come in any
 * order: a run of them is told sorted.
 */
static bool is_notification(const struct ipc_kmsg *kmsg)
{
	return kmsg->header.id >= MACH_NOTIFY_FIRST && kmsg->header.id <= MACH_NOTIFY_LAST;
}

static void say_kmsg(struct ipc_kmsg *kmsg, struct task *task)
{
	struct msg_item_iter iter = kmsg_items(kmsg);
	struct msg_item item;

	line_add(" (%d %x %s", kmsg->header.id, kmsg->header.bits,
		 race_port_text(kmsg->header.local));
	while (msg_item_next(&iter, &item) == MSG_ITEM_OK)
		say_item(&item, task);
	line_add(")");
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The text from mark[0] to its end, split at the marks, in order. */
static void sort_texts(char *const *mark, unsigned int count)
{
	char *text[16], *end = mark[0] + strlen(mark[0]);

	for (unsigned int i = 0; i < count; i++)
		text[i] = strndup(mark[i], (size_t)((i + 1 < count ? mark[i + 1] : end) - mark[i]));
	qsort(text, count, sizeof(text[0]), compare_texts);
	*mark[0] = '\0';
	for (unsigned int i = 0; i < count; i++) {
		strcat(mark[0], text[i]);
		free(text[i]);
	}
}

static void say_queue(struct ipc_port *port, struct task *task)
{
	char *line = lines[line_count], *mark[16];
	unsigned int count = 0;

	queue_for_each(link, &port->mqueue.messages) {
		struct ipc_kmsg *kmsg = container_of(link, struct ipc_kmsg, link);

		if ((!is_notification(kmsg) || count == 16) && count > 0) {
			sort_texts(mark, count);
			count = 0;
		}
		if (is_notification(kmsg))
			mark[count++] = line + strlen(line);
		say_kmsg(kmsg, task);
	}
	if (count > 0)
		sort_texts(mark, count);
}

static void say_port(struct ipc_port *port, struct task *task)
{
	line_add("{#%u ms%u q%u so%u sr%u", port->seqno, port->mscount, port->qlimit,
		 port->sorights, port->srights);
	line_add("%s%s", port->nsrequest != NULL ? " ns" : "", port->pdrequest != NULL ? " pd" : "");
	if (port->pset != NULL)
		line_add(" in %s", task == NULL ? "?" : race_name_text(task, port->pset->name));
	if (port->has_payload)
		line_add(" payload %u", (uint32_t)port->payload);
	say_queue(port, task);
	queue_for_each(link, &port->senders)
		line_add(" sender");
	queue_for_each(link, &port->mqueue.receivers)
		line_add(" receiver");
	line_add("}");
}

/* --- Spaces ------------------------------------------------------------------------------ */

static void say_set(struct ipc_pset *pset, struct task *task)
{
	char members[27] = "";

	queue_for_each(link, &pset->members) {
		mach_port_name_t name = container_of(link, struct ipc_port, pset_link)->receiver_name;
		char label = race_label(task, name);

		members[strlen(members)] = label == 0 ? '~' : label;
	}
	line_add(" set of %s", members);
	queue_for_each(link, &pset->mqueue.receivers)
		line_add(" receiver");
}

static void say_entry(struct task *task, struct ipc_entry *entry)
{
	lines[line_count][0] = '\0';
	line_add("%c.%s", (char)('A' + (task - race_task[0])), race_name_text(task, entry->name));
	line_add("%s%s ", entry->request != NULL ? "!" : "",
		 entry->bits & ENTRY_ACCEPTED ? "?" : "");
	if (entry->bits & MACH_PORT_TYPE_SEND)
		line_add("send*%u ", entry_urefs(entry));
	if (entry->bits & MACH_PORT_TYPE_SEND_ONCE)
		line_add("once ");
	if (entry->bits & MACH_PORT_TYPE_DEAD_NAME)
		line_add("dead*%u", entry_urefs(entry));
	else if (entry->bits & MACH_PORT_TYPE_PORT_SET)
		say_set(entry_pset(entry), task);
	else
		line_add("%s", race_port_text(entry_port(entry)));
	if (entry->bits & MACH_PORT_TYPE_RECEIVE)
		say_port(entry_port(entry), task);
	line_count++;
}

static void say_space(struct task *task)
{
	struct ipc_space *space = task->space;
	struct ipc_table_cursor cursor = { .index = 0 };
	struct ipc_entry *entry;

	if (task->bootstrap_port != NULL) {
		lines[line_count][0] = '\0';
		line_add("%c: bootstrap %s", (char)('A' + (task - race_task[0])),
			 race_port_text(task->bootstrap_port));
		line_count++;
	}
	ipc_space_lock(space);
	while ((entry = ipc_table_next(&space->table, &cursor)) != NULL && line_count < LINES) {
		ipc_right_refresh(space, entry);
		say_entry(task, entry);
	}
	ipc_space_unlock(space);
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(a, b);
}

void race_finish(void)
{
	line_count = 0;
	for (unsigned int i = 0; race_racer(i) != NULL; i++)
		schedule_say("%u: %s\n", i, race_racer(i)->log);
	if (ipc_check_all() != 0)
		schedule_fail("the checker finds faults");
	for (int i = 0; i < RACE_TASKS; i++)
		say_space(race_task[i]);
	qsort(lines, line_count, LINE, compare_lines);
	for (unsigned int i = 0; i < line_count; i++)
		schedule_say("%s\n", lines[i]);
	race_take_down();
}
