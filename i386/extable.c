/* SPDX-License-Identifier: BSD-2-Clause */
#include <stddef.h>

#include <i386/extable.h>

extern const struct extable_entry _extable_start[], _extable_end[];

/* The table has a few dozen entries, and faults that end here are rare. */
uint32_t extable_lookup(uint32_t eip)
{
	const struct extable_entry *e;

	for (e = _extable_start; e < _extable_end; e++)
		if (e->fault == eip)
			return e->fixup;
	return 0;
}
