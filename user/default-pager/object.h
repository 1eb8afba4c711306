/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory objects that the kernel makes. */
#ifndef _DEFAULT_PAGER_OBJECT_H_
#define _DEFAULT_PAGER_OBJECT_H_

#include <mach/mach_types.h>
#include <mach/message.h>

/* The port set into which their ports go. */
void objects_init(mach_port_t set);

/* What could not be answered or written for want of memory: perhaps it can be now. */
void objects_try_again(void);

/* A message for an object could not be received: it dies, rather than have pages of zeros. */
void objects_lost(mach_port_t port);

/* A message that nobody else knows: is it that an object has no senders any more? */
boolean_t objects_notified(mach_msg_header_t *request, mach_msg_header_t *reply);

#endif
