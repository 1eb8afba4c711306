/* SPDX-License-Identifier: BSD-2-Clause */
/* Everything that most programs need: types, traps, messages, and the kernel's main routines. */
#ifndef _MACH_H_
#define _MACH_H_

#include <stddef.h>

#include <mach/boolean.h>
#include <mach/kern_return.h>
#include <mach/mach_traps.h>
#include <mach/mach_types.h>
#include <mach/message.h>
#include <mach/mig_errors.h>
#include <mach/notify.h>
#include <mach/port.h>

#include <mach_error.h>
#include <mach_init.h>

#include <mach/mach_interface.h>
#include <mach/mach_port.h>

#include <libmach/server.h>

#endif
