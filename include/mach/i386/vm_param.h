/* SPDX-License-Identifier: BSD-2-Clause */
/* Page size and user address range of i386. */
#ifndef _MACH_I386_VM_PARAM_H_
#define _MACH_I386_VM_PARAM_H_

#include <mach/machine/vm_types.h>

#define BYTE_SIZE	8

#define I386_PGSHIFT	12
#define I386_PGBYTES	4096
#define PAGE_SHIFT	12

#define i386_btop(x)		(((unsigned long) (x)) >> I386_PGSHIFT)
#define i386_ptob(x)		(((unsigned long) (x)) << I386_PGSHIFT)
#define i386_trunc_page(x)	(((unsigned long) (x)) & ~(I386_PGBYTES - 1))
#define i386_round_page(x)	i386_trunc_page((unsigned long) (x) + I386_PGBYTES - 1)

/* User addresses: VM_MIN_ADDRESS <= address < VM_MAX_ADDRESS. */
#define VM_MIN_ADDRESS	0
#ifdef __ASSEMBLER__
#define VM_MAX_ADDRESS	0xc0000000
#else
#define VM_MAX_ADDRESS	0xc0000000UL
#endif

#endif
