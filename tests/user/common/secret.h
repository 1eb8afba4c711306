/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Old memory.  The kernel's buffers and pages are filled with a pattern, by messages and memory that go
 * again; then it is looked for in all that the kernel makes itself.
 */
#ifndef _SECRET_H_
#define _SECRET_H_

#include <mach/message.h>

/* Things are done once with each pattern: what is old memory differs. */
#define SECRET_PATTERNS	2
extern const unsigned char secret_patterns[SECRET_PATTERNS];

/* Fill so many pages, and messages of many sizes. */
void secret_spread(unsigned char pattern, unsigned int pages);

/* Is the pattern there, two bytes in a row, or what debug builds fill free memory with? */
boolean_t secret_is_in(unsigned char pattern, const void *data, unsigned int size);

/* Expect that it is not; in messages also in memory out of line, up to the ends of pages. */
void secret_expect_none(unsigned char pattern, const void *data, unsigned int size);
void secret_expect_clean(unsigned char pattern, const mach_msg_header_t *message);

/*
 * The same bytes of two runs, one for each pattern: none is the pattern in both, and no word is an
 * address of the kernel's.
 */
void secret_compare(const void *first, const void *second, unsigned int size);

/* Wait for a message, expect it to be clean, destroy what it brings.  Returns: its id, or 0. */
mach_msg_id_t secret_receive(unsigned char pattern, mach_port_t port);

#endif
