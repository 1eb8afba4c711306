/* SPDX-License-Identifier: BSD-2-Clause */
/* The client stub of each routine. */
	.section .rodata
	.balign	4
	.globl	sweep_stubs
sweep_stubs:
#define ROUTINE(id, name, object, wrong)	.long name
#include "routines.h"

	.section .note.GNU-stack, "", @progbits
