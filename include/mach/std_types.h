/* SPDX-License-Identifier: BSD-2-Clause */
/* The types that every interface may use. */
#ifndef _MACH_STD_TYPES_H_
#define _MACH_STD_TYPES_H_

#define EXPORT_BOOLEAN
#include <mach/boolean.h>
#include <mach/kern_return.h>
#include <mach/machine/vm_types.h>
#include <mach/port.h>

typedef vm_offset_t	pointer_t;
typedef vm_offset_t	vm_address_t;

#endif
