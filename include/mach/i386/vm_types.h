/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scalar types of the interface on i386. Everything is one 32-bit word
 * except the long long types; the `rpc_' types are what a message carries,
 * which is the same size here as what a program computes with.
 */
#ifndef _MACH_I386_VM_TYPES_H_
#define _MACH_I386_VM_TYPES_H_

#ifndef __ASSEMBLER__

#include <stdint.h>

typedef unsigned int		natural_t;
typedef int			integer_t;
typedef unsigned long		long_natural_t;
typedef long			long_integer_t;
typedef long_natural_t		rpc_long_natural_t;
typedef long_integer_t		rpc_long_integer_t;

typedef uintptr_t		vm_offset_t;
typedef vm_offset_t		*vm_offset_array_t;
typedef uintptr_t		vm_size_t;
typedef vm_size_t		*vm_size_array_t;
typedef vm_offset_t		rpc_vm_address_t;
typedef vm_offset_t		rpc_vm_offset_t;
typedef vm_size_t		rpc_vm_size_t;
typedef uintptr_t		rpc_uintptr_t;

/* Physical addresses: 36 bits and more with PAE. */
typedef unsigned long long	phys_addr_t;
typedef unsigned long long	rpc_phys_addr_t;
typedef rpc_phys_addr_t		*rpc_phys_addr_array_t;

#endif

/* The message type of integer_t and natural_t. */
#define MACH_MSG_TYPE_INTEGER_T	MACH_MSG_TYPE_INTEGER_32

#endif
