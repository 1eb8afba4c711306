/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's functions by address; the table is made by tools/mksyms at link time. */
#ifndef I386_KSYM_H
#define I386_KSYM_H

#include <stdint.h>

struct ksym {
	uint32_t address;
	const char *name;
};

extern const struct ksym ksym_table[];	/* sorted by address */
extern const uint32_t ksym_count;

/* The function that addr is in, and how far; NULL when it is not kernel code. */
const char *ksym_lookup(uint32_t addr, uint32_t *offset);

#endif /* I386_KSYM_H */
