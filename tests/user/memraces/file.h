/* SPDX-License-Identifier: BSD-2-Clause */
/* A memory object whose pager is a thread of the test: what comes back is kept, and supplied again. */
#ifndef _FILE_H_
#define _FILE_H_

#include <mach/mach_types.h>

#include "../common/messages.h"

#define FILE_PAGES	16

struct file {
	mach_port_t	port, thread;
	mach_port_t	control, name;	/* null when it is not mapped */
	vm_offset_t	store;		/* FILE_PAGES */
	void		(*idle)(struct file *file);	/* when no message is there; or null */
	volatile unsigned int	requests;		/* answered so far */
	volatile boolean_t	stop;
	struct message	message;
};

/* All bytes the same.  Its thread runs until file_end. */
void file_new(struct file *file, int byte, void (*idle)(struct file *file));

/* It is mapped nowhere any more: wait for its termination. */
void file_end(struct file *file);

/* Map all of it, anywhere. */
vm_offset_t file_map(struct file *file, vm_prot_t protection);

#endif
