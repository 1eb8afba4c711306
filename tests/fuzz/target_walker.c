/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The walk over the items of a message (ipc/msg_item.c) on arbitrary bytes, beside a second parser
 * that was written from spec/ipc.md, section 4; and the loops that are built on the walk: copyin,
 * clean, copyout, undo, print.
 *
 * Bodies lie in memory of their exact size, so that a byte read beyond the end is seen.
 */
#include <tests/fuzz/fuzz.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ipc/checker.h>
#include <ipc/msg_item.h>
#include <ipc/print.h>
#include <mach/mach_port_server.h>

#define BODY_MAX 4096u

/* --- The second parser ------------------------------------------------------------------- */

enum verdict { GOOD, END, SHORT, BAD };

struct parsed {
	enum verdict verdict;
	bool is_inline, deallocate, longform;
	uint64_t name, size, number, bytes;
	size_t data, whole;		/* where the data is, and the whole item's size */
};

/* Bits [from, from + count) of a string of bytes. */
static uint64_t bits(const uint8_t *p, unsigned int from, unsigned int count)
{
	uint64_t value = 0;

	for (unsigned int i = count; i-- > 0;)
		value = value << 1 | ((p[(from + i) / 8] >> ((from + i) % 8)) & 1);
	return value;
}

static struct parsed parse(const uint8_t *p, size_t left)
{
	struct parsed d = { .verdict = SHORT };
	bool unused, port, clean = true;

	if (left == 0)
		d.verdict = END;
	if (left < 4)
		return d;
	d.is_inline = bits(p, 28, 1);
	d.longform = bits(p, 29, 1);
	d.deallocate = bits(p, 30, 1);
	unused = bits(p, 31, 1);
	d.data = d.longform ? 12 : 4;
	if (left < d.data)
		return d;
	d.name = d.longform ? bits(p, 32, 16) : bits(p, 0, 8);
	d.size = d.longform ? bits(p, 48, 16) : bits(p, 8, 8);
	d.number = d.longform ? bits(p, 64, 32) : bits(p, 16, 12);
	if (d.longform)
		clean = bits(p, 0, 28) == 0;
	port = d.name >= 16 && d.name <= 21;
	if (unused || !clean || (d.deallocate && d.is_inline) || (port && d.size != 32)) {
		d.verdict = BAD;
		return d;
	}
	d.bytes = (d.number * d.size + 7) / 8;
	d.whole = d.data + 4;
	if (d.is_inline) {
		if (d.bytes > left)
			return d;
		d.whole = d.data + ((size_t)d.bytes + 3) / 4 * 4;
	}
	if (d.whole <= left)
		d.verdict = GOOD;
	return d;
}

static void compare(const struct msg_item *item, const struct parsed *d, uint8_t *at)
{
	ck_must(item->type == at && item->data == at + d->data);
	ck_must(item->name == d->name && item->size == d->size && item->number == d->number);
	ck_must(item->is_inline == d->is_inline && item->deallocate == d->deallocate);
	ck_must(item->longform == d->longform && item->length == d->bytes);
	ck_must(item->is_port == (d->name >= 16 && d->name <= 21));
}

/* Changed by its setters and back, an item reads as what was set. */
static void change(const struct msg_item *item, size_t left)
{
	struct msg_item_iter iter = msg_items(item->type, left);
	struct msg_item copy = *item, again;

	msg_item_set_name(&copy, item->name ^ 1);
	if (!item->is_port && !msg_type_is_port(item->name ^ 1)) {
		ck_must(msg_item_next(&iter, &again) == MSG_ITEM_OK);
		ck_must(again.name == (item->name ^ 1) && again.number == item->number);
	}
	msg_item_set_name(&copy, item->name);
	msg_item_set_size(&copy, 0);
	msg_item_set_size(&copy, item->size);
	msg_item_set_number(&copy, 0);
	msg_item_set_number(&copy, item->number);
	iter = msg_items(item->type, left);
	ck_must(msg_item_next(&iter, &again) == MSG_ITEM_OK);
	ck_must(again.length == item->length && again.name == item->name);
}

static void walk(const uint8_t *data, size_t size)
{
	static const enum msg_item_status status_of[] = {
		[GOOD] = MSG_ITEM_OK, [END] = MSG_ITEM_END, [SHORT] = MSG_ITEM_TOO_SMALL,
		[BAD] = MSG_ITEM_BAD_TYPE,
	};
	uint8_t *body = malloc(size), *at = body;
	struct msg_item_iter iter = msg_items(body, size);
	struct msg_item item;

	memcpy(body, data, size);
	for (;;) {
		size_t left = (size_t)(body + size - at);
		struct parsed d = parse(at, left);

		ck_must(msg_item_next(&iter, &item) == status_of[d.verdict]);
		if (d.verdict != GOOD)
			break;
		compare(&item, &d, at);
		change(&item, left);
		at += d.whole;
		ck_must(iter.next == at && at <= body + size);
	}
	ck_must(iter.next == at && iter.end == body + size);
	free(body);
}

/* --- The loops --------------------------------------------------------------------------- */

static struct task *task, *other;
static struct ipc_port *port;		/* the destination, the kernel's */
static mach_port_name_t to;		/* it is known by this to both */
static uint32_t live;
static FILE *nowhere;

static void names(struct task *t)
{
	mach_port_name_t name;

	for (mach_port_name_t i = 2; i < 8; i++)
		mach_port_allocate_name(t->space, MACH_PORT_RIGHT_RECEIVE, i);
	mach_port_allocate_name(t->space, MACH_PORT_RIGHT_DEAD_NAME, 8);
	mach_port_allocate_name(t->space, MACH_PORT_RIGHT_PORT_SET, 9);
	for (mach_port_name_t i = 2; i < 5; i++) {
		struct ipc_entry *e = ipc_entry_lookup(&t->space->table, i);

		ipc_space_insert_send(t->space, ipc_port_make_send(entry_port(e)), &name);
	}
}

static void scene(void)
{
	task = fake_ipc_task();
	other = fake_ipc_task();
	names(task);
	names(other);
	port = entry_port(ipc_entry_lookup(&other->space->table, 7));
	ck_must(ipc_space_insert_send(task->space, ipc_port_make_send(port), &to) == KERN_SUCCESS);
}

/* An address in the task's two pages. */
static uint32_t relocate(uint32_t word, const uint8_t *pages)
{
	return word >> 20 == 0xaaa ? (uint32_t)(uintptr_t)pages + (word & 0x1fff) : word;
}

static struct ipc_kmsg *make(const uint8_t *data, size_t size)
{
	static struct {
		mach_msg_header_t header;
		uint32_t body[BODY_MAX / 4];
	} user;
	uint8_t *pages = fake_user_alloc(task->map, 8192);
	struct ipc_kmsg *kmsg;

	for (int i = 0; i < 2048; i++)
		((uint32_t *)pages)[i] = (uint32_t)i % 11;
	user.header = (mach_msg_header_t){
		.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
		.msgh_remote_port = to,
	};
	memcpy(user.body, data, size);
	for (size_t i = 0; i < size / 4; i++)
		user.body[i] = relocate(user.body[i], pages);
	fake_user_strict = false;
	ck_must(ipc_kmsg_get(&user.header, sizeof(user.header) + size, &kmsg) == MACH_MSG_SUCCESS);
	fake_user_strict = true;
	return kmsg;
}

/* Whatever is in it. */
static void print(const struct ipc_kmsg *kmsg)
{
	FILE *console = stdout;

	stdout = nowhere;
	ipc_print_kmsg(kmsg);
	stdout = console;
}

/* What is made of a message that has been copied in; how: 0 to 3. */
static void use(struct ipc_kmsg *kmsg, uint32_t how)
{
	if (how == 0)
		return ipc_kmsg_destroy(kmsg);
	if (how == 1)
		ipc_kmsg_copyout_bare(kmsg, other->space);
	else if (how == 2)
		ipc_kmsg_copyout_pseudo(kmsg, task->space, task->map);
	else if ((ipc_kmsg_copyout(kmsg, other->space, other->map) & ~MACH_MSG_MASK) !=
		 MACH_RCV_HEADER_ERROR)
		ipc_kmsg_copyout_undo(kmsg, other->space, other->map);
	else
		return ipc_kmsg_destroy(kmsg);
	ipc_kmsg_free(kmsg);
}

static void loops(const uint8_t *data, size_t size, uint32_t how, bool printed)
{
	struct ipc_kmsg *kmsg;

	scene();
	fake_thread.task = task;
	kmsg = make(data, size);
	if (printed)
		print(kmsg);
	if (ipc_kmsg_copyin(kmsg, task->space, task->map, 0, 0) != MACH_MSG_SUCCESS) {
		ipc_kmsg_free(kmsg);
	} else {
		if (printed)
			print(kmsg);
		use(kmsg, how);
	}
	if (size % 16 == 0)	/* it takes longer than all the rest */
		ck_must(ipc_check_all() == 0);
	fake_thread.task = &fake_task;
	fake_ipc_task_end(task);
	fake_ipc_task_end(other);
	ck_must(fake_ipc_live() == live);
}

void fuzz_start(int argc, char **argv)
{
	(void)argc, (void)argv;
	fake_ipc_start();
	live = fake_ipc_live();
	nowhere = fopen("/dev/null", "w");
	fake_user_strict = true;
}

void fuzz_one(const uint8_t *data, size_t size)
{
	uint32_t how;
	bool printed;

	if (size == 0)
		return;
	printed = (*data & 0xfc) == 0xfc;
	how = *data++ & 3;
	size--;
	walk(data, size);
	if (size <= BODY_MAX)
		loops(data, size & ~(size_t)3, how, printed);
}
