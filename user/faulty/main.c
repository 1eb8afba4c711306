/* SPDX-License-Identifier: BSD-2-Clause */
/* A program with mistakes, for user/debugger to look at: a breakpoint, then a division by zero. */
#include <libmach/print.h>

/* What stands behind the breakpoint can be stepped through. */
static unsigned int add_up(unsigned int a, unsigned int b)
{
	unsigned int sum;

	__asm__ volatile(
		"int3\n\t"
		"movl %1, %%eax\n\t"
		"addl %2, %%eax\n\t"
		"xorl %%ecx, %%ecx\n\t"
		"incl %%ecx\n\t"
		"movl %%eax, %0"
		: "=r" (sum) : "r" (a), "r" (b) : "eax", "ecx", "cc");
	return sum;
}

static unsigned int divide(unsigned int a, unsigned int b)
{
	unsigned int quotient;

	__asm__ volatile("divl %2" : "=a" (quotient) : "0" (a), "r" (b), "d" (0) : "cc");
	return quotient;
}

int main(void)
{
	printf("[faulty] 40 and 2 are %u.\n", add_up(40, 2));
	printf("[faulty] 1 divided by 0 is %u.\n", divide(1, 0));
	return 0;
}
