/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers of the info routines: an array of words, of which the caller takes as many as it knows.
 * Structures have grown at their ends; who passes the old count gets the old structure.
 */
#ifndef KERN_INFO_COPY_H
#define KERN_INFO_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include <kern/string.h>
#include <mach/message.h>

/* *count in: the caller's room, out: what it got, in words.  False when it is below `least`. */
static inline bool info_copy(void *out, mach_msg_type_number_t *count, const void *info,
			     uint32_t least, uint32_t full)
{
	if (*count < least)
		return false;
	if (*count > full)
		*count = full;
	memcpy(out, info, *count * sizeof(uint32_t));
	return true;
}

#endif /* KERN_INFO_COPY_H */
