/* SPDX-License-Identifier: BSD-2-Clause */
/* Copying between user and kernel memory (kern/machine.h: copyin and its kin). */
#ifndef I386_COPYIO_H
#define I386_COPYIO_H

#include <stdint.h>

/* A place in copyio.S where user memory is opened or closed with SMAP. */
struct copyio_site {
	uint8_t *instruction;	/* a no-operation of 3 bytes */
	uint32_t opcode;	/* what it is with SMAP, low byte first */
};

extern const struct copyio_site copyio_sites[], copyio_sites_end[];

/* Put the instructions for SMAP in; while the kernel's code can still be written. */
void copyio_init(void);

/* Debug builds: no lock may be held where a page fault may block. */
void copyio_check(void);

#endif /* I386_COPYIO_H */
