/* SPDX-License-Identifier: BSD-2-Clause */
/* One name of every kind, for tests that try an operation on all of them. */
#ifndef _SUBJECT_H_
#define _SUBJECT_H_

#include <mach/mach_types.h>

enum kind {
	KIND_NONE,		/* a number that is no name */
	KIND_NULL,
	KIND_DEAD_VALUE,	/* ~0 */
	KIND_RECEIVE,
	KIND_SEND,
	KIND_SEND_2,		/* two references */
	KIND_SEND_RECEIVE,	/* both under one name, one send reference */
	KIND_SEND_ONCE,
	KIND_DEAD_NAME,
	KIND_SET,
	KIND_COUNT,
};

struct subject {
	enum kind	kind;
	mach_port_t	name;
	mach_port_t	other;	/* the port of a send-once right; where a receive right travels */
};

struct subject subject_make(enum kind kind);

/* Destroy all that subject_make made, also when the name itself is gone. */
void subject_destroy(struct subject *subject);

const char *kind_text(enum kind kind);
boolean_t kind_has_send(enum kind kind);
boolean_t kind_has_receive(enum kind kind);

#endif
