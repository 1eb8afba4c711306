/* SPDX-License-Identifier: BSD-2-Clause */
#include <kern/machine.h>

#include <i386/extable.h>
#include <vm/map.h>

bool machine_peek(const void *place, uint32_t *word)
{
	uint32_t found = 0, value = 0;

	if ((uintptr_t)place < VM_USER_MAX || (uintptr_t)place % sizeof(*word) != 0)
		return false;
	__asm__ volatile("1:\tmovl (%2), %1\n\t"
			 "movl $1, %0\n"
			 "2:\n\t"
			 EXTABLE_1_2
			 : "+r"(found), "+r"(value)
			 : "r"(place));
	if (found)
		*word = value;
	return found;
}
