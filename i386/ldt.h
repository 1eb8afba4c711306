/* SPDX-License-Identifier: BSD-2-Clause */
/* A thread's own LDT: entries 0, 2 and 3 are as in the shared one. */
#ifndef I386_LDT_H
#define I386_LDT_H

#include <stdint.h>

#include <i386/segments.h>

struct ldt {
	uint32_t entries;
	struct descriptor entry[];
};

#endif /* I386_LDT_H */
