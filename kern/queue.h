/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doubly linked, circular, intrusive queues.
 *
 * A `struct queue` is a head; a `struct queue_link` is embedded in each
 * element.  A link that is in no queue points at itself, so that "am I queued"
 * can be asked of the element.  The owner of the head says which lock guards it.
 */
#ifndef KERN_QUEUE_H
#define KERN_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

struct queue_link {
	struct queue_link *next;
	struct queue_link *prev;
};

struct queue {
	struct queue_link head;
};

/* The structure of `type` in which `link` is the member `member`. */
#define container_of(link, type, member) \
	((type *)((char *)(link) - offsetof(type, member)))

/* Visit every link; the current one must stay in the queue meanwhile. */
#define queue_for_each(l, q) \
	for (struct queue_link *l = (q)->head.next; l != &(q)->head; l = l->next)

static inline void queue_link_init(struct queue_link *l)
{
	l->next = l;
	l->prev = l;
}

static inline void queue_init(struct queue *q)
{
	queue_link_init(&q->head);
}

static inline bool queue_empty(const struct queue *q)
{
	return q->head.next == &q->head;
}

static inline bool queue_linked(const struct queue_link *l)
{
	return l->next != l;
}

/* Insert l, which is in no queue, after the link `pos`. */
static inline void queue_insert_after(struct queue_link *pos, struct queue_link *l)
{
	l->next = pos->next;
	l->prev = pos;
	pos->next->prev = l;
	pos->next = l;
}

static inline void queue_insert_tail(struct queue *q, struct queue_link *l)
{
	struct queue_link *last = q->head.prev;

	l->next = &q->head;
	l->prev = last;
	last->next = l;
	q->head.prev = l;
}

static inline void queue_insert_head(struct queue *q, struct queue_link *l)
{
	queue_insert_after(&q->head, l);
}

/* Remove l from its queue; removing a link that is in none does nothing. */
static inline void queue_remove(struct queue_link *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	queue_link_init(l);
}

/* Remove l, which is the first link of q. */
static inline void queue_remove_first(struct queue *q, struct queue_link *l)
{
	struct queue_link *next = l->next;

	q->head.next = next;
	next->prev = &q->head;
	queue_link_init(l);
}

/* The first link, or NULL when the queue is empty; it stays in the queue. */
static inline struct queue_link *queue_first(const struct queue *q)
{
	return queue_empty(q) ? NULL : q->head.next;
}

/* Remove and return the first link, or NULL. */
static inline struct queue_link *queue_take_first(struct queue *q)
{
	struct queue_link *l = queue_first(q);

	if (l != NULL)
		queue_remove_first(q, l);
	return l;
}

/* Move all elements of `from` to the tail of `to`; `from` is empty then. */
static inline void queue_move_all(struct queue *to, struct queue *from)
{
	struct queue_link *first = from->head.next;
	struct queue_link *last = from->head.prev;

	if (queue_empty(from))
		return;
	first->prev = to->head.prev;
	to->head.prev->next = first;
	last->next = &to->head;
	to->head.prev = last;
	queue_init(from);
}

#endif /* KERN_QUEUE_H */
