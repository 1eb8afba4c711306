/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looking at structures of which nothing is believed, from any context: after a panic, in the
 * debugger, in the checker's reports.  No lock is taken; what is read may be old or damaged.
 */
#ifndef KERN_PEEK_H
#define KERN_PEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kern/queue.h>

/* How far a list is followed. */
#define PEEK_LINKS_MAX 10000u

/* Can all of it be read?  Sizes are rounded up to words. */
bool peek_readable(const void *p, size_t size);

/*
 * A walk along a queue that can be read: the link after this one (first: the head), or NULL at the
 * end, or NULL with *damaged where it is broken.
 */
const struct queue_link *peek_next(const struct queue *queue, const struct queue_link *link,
				   bool *damaged);

/* The length of a queue, as far as it can be followed. */
uint32_t peek_length(const struct queue *queue, bool *damaged);

/* The same walk over structures: until `visit` returns false, or the end.  True: whole and sound. */
bool peek_each(const struct queue *queue, bool (*visit)(const struct queue_link *link, void *arg),
	       void *arg);

#endif /* KERN_PEEK_H */
