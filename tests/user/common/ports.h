/* SPDX-License-Identifier: BSD-2-Clause */
/* Making ports and looking at names, in one's own space; all of it must work. */
#ifndef _PORTS_H_
#define _PORTS_H_

#include <mach/mach_types.h>
#include <mach/message.h>

/* A receive right; with so many references of a send right beside it. */
mach_port_t port_new(void);
mach_port_t port_new_with_send(unsigned int references);

/* A port set; a dead name with one reference. */
mach_port_t port_new_set(void);
mach_port_t port_new_dead(void);

/* A send-once right (the result) to a port of ours. */
mach_port_t port_make_send_once(mach_port_t port);

/* One reference more of a send right, made from the receive right. */
void port_make_send(mach_port_t port);

/* Destroy what is under a name, whatever it is. */
void port_destroy(mach_port_t port);

/* Type 0 if there is no such name. */
mach_port_type_t port_type(mach_port_t name);
mach_port_urefs_t port_refs(mach_port_t name, mach_port_right_t right);

/* Names in our space. */
natural_t port_count(void);
mach_port_status_t port_status(mach_port_t name);

/* Register a request; notifications go to `notify'.  The code is returned. */
kern_return_t port_request(mach_port_t name, mach_msg_id_t kind, mach_port_mscount_t sync,
	mach_port_t notify);

#endif
