/* SPDX-License-Identifier: BSD-2-Clause */
/* The message that tells a user driver of an interrupt. */
#ifndef _DEVICE_NOTIFY_H_
#define _DEVICE_NOTIFY_H_

#include <mach/message.h>
#include <mach/port.h>

#define DEVICE_INTR_NOTIFY	100

typedef struct {
	mach_msg_header_t	intr_header;
	mach_msg_type_t		intr_type;	/* MACH_MSG_TYPE_INTEGER_32 */
	int			id;		/* the line */
} device_intr_notification_t;

#endif
