/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A memory object whose pager is the test: its messages are received and answered by hand, while a
 * second thread touches the memory.
 */
#ifndef _PAGER_H_
#define _PAGER_H_

#include <mach/mach_types.h>
#include <mach/vm_param.h>

#include "messages.h"

#define SELF		mach_task_self()
#define PATIENCE	2000	/* milliseconds for what must come */
#define QUIET		60	/* for what must not */

struct object {
	mach_port_t	port;		/* receive and send */
	mach_port_t	control;	/* send rights, from memory_object_init */
	mach_port_t	name;
	struct message	message;	/* received last */
};

/* A memory object that is mapped nowhere. */
void object_new(struct object *object);

/* The object's port and control rights go; no message may be left. */
void object_end(struct object *object);

/* Map pages from an offset on, anywhere; with init, expects and takes memory_object_init. */
vm_offset_t object_map(struct object *object, vm_offset_t offset, unsigned int pages);
vm_offset_t object_map_new(struct object *object, unsigned int pages);
void object_ready(struct object *object, boolean_t may_cache, int strategy);

/* The next message; each is checked word by word.  Rights in it are given up. */
void expect_init(struct object *object);
void expect_request(struct object *object, int id, vm_offset_t offset, vm_prot_t access);
void expect_return(struct object *object, vm_offset_t offset, unsigned int pages, int byte,
	boolean_t dirty, boolean_t kernel_copy);
void expect_terminate(struct object *object);

/* memory_object_copy: the new object, whose memory_object_init is taken, too. */
void expect_copy(struct object *object, vm_offset_t offset, unsigned int pages,
	struct object *copy);
void expect_quiet(struct object *object);

/* Unmap the last, and see the object end. */
void object_unmap_last(struct object *object, vm_offset_t address, unsigned int pages);

/* Supply one page of a byte; pages of their number. */
kern_return_t supply(struct object *object, vm_offset_t offset, int byte, vm_prot_t lock,
	boolean_t precious, mach_port_t reply);

/* A second thread that reads or writes one byte. */
struct toucher {
	volatile unsigned char	*byte;
	boolean_t		write;
	unsigned char		value;		/* to write, or read */
	mach_port_t		port, thread;
	struct message		message;
};

void touch_start(struct toucher *toucher, vm_offset_t address, boolean_t write, int value);

/* Is it still waiting? */
boolean_t touch_waits(struct toucher *toucher);

/* It comes to its end: the byte; or by an exception: -(code). */
int touch_end(struct toucher *toucher);

/* End it as it is. */
void touch_kill(struct toucher *toucher);

/* Read a page in, served by us. */
void page_in(struct object *object, vm_offset_t base, vm_offset_t offset, int byte);

#endif
