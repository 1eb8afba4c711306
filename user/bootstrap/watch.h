/* SPDX-License-Identifier: BSD-2-Clause */
/* Hearing of the deaths of ports. */
#ifndef _BOOTSTRAP_WATCH_H_
#define _BOOTSTRAP_WATCH_H_

#include <mach/mach_types.h>

/* The port on which the notifications shall arrive. */
void watch_init(mach_port_t notify);

/* Ask for a notification when the port behind the name dies; at once if it is dead. */
kern_return_t watch_death(mach_port_t name);

#endif
