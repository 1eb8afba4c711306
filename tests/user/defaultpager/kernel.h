/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's part towards a default pager: objects that it makes, and what it says of them. */
#ifndef _KERNEL_H_
#define _KERNEL_H_

#include <mach/mach_types.h>

#include "../common/messages.h"

#define DISK_PAGES	256	/* tests/check: ramdisk=1M */

struct object {
	mach_port_t	port;		/* a send right */
	mach_port_t	control, name;	/* ours */
	struct message	answer;
};

/* Wait for the default pager; release what was got. */
void kernel_begin(void);
void kernel_end(void);

void object_create(struct object *object);

/* Terminate it: its port dies. */
void object_terminate(struct object *object);

/* The rights to its port just go. */
void object_abandon(struct object *object);

/*
 * Hand out pages: `count' from page number `first' on, each filled from the value in a way of its
 * own (page number and value tell which bytes).
 */
void object_initialize(struct object *object, unsigned int first, unsigned int count, int value);
void object_return(struct object *object, unsigned int first, unsigned int count, int value);

/* Ask for a page: it must be the one of that value; or it was never there. */
void expect_page(struct object *object, unsigned int number, int value);
void expect_absent(struct object *object, unsigned int number);

/* The same, but at first the pager has no memory for an answer. */
void expect_page_later(struct object *object, unsigned int number, int value);
void expect_absent_later(struct object *object, unsigned int number);

/* Ask for it and take it over: the pager need not have it any more. */
void take_page(struct object *object, unsigned int number, int value);

/* The same, but the page has gone out again, with the next value, before that is said. */
void take_page_again(struct object *object, unsigned int number, int value);

#endif
