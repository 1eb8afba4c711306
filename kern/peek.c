/* SPDX-License-Identifier: BSD-2-Clause */
#include <kern/peek.h>

#include <kern/machine.h>

#define PEEK_PAGE 4096u

bool peek_readable(const void *p, size_t size)
{
	uintptr_t at = (uintptr_t)p, last = (at + size - 1) & ~(uintptr_t)3;
	uint32_t word;

	if (size == 0 || last < at)
		return false;
	for (; at < last && at / PEEK_PAGE != last / PEEK_PAGE; at += PEEK_PAGE)
		if (!machine_peek((const void *)at, &word))
			return false;
	return machine_peek(p, &word) && machine_peek((const void *)last, &word);
}

const struct queue_link *peek_next(const struct queue *queue, const struct queue_link *link,
				   bool *damaged)
{
	const struct queue_link *next = link->next;

	if (next == &queue->head)
		return NULL;
	if (!peek_readable(next, sizeof(*next)) || next->prev != link) {
		*damaged = true;
		return NULL;
	}
	return next;
}

static bool count_link(const struct queue_link *link, void *arg)
{
	uint32_t *count = arg;

	(void)link;
	++*count;
	return true;
}

uint32_t peek_length(const struct queue *queue, bool *damaged)
{
	uint32_t count = 0;

	*damaged = !peek_each(queue, count_link, &count);
	return count;
}

bool peek_each(const struct queue *queue, bool (*visit)(const struct queue_link *link, void *arg),
	       void *arg)
{
	const struct queue_link *link = &queue->head;
	bool damaged = false;

	for (uint32_t i = 0; i < PEEK_LINKS_MAX; i++) {
		link = peek_next(queue, link, &damaged);
		if (link == NULL || !visit(link, arg))
			break;
	}
	return !damaged;
}
