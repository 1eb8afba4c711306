/* SPDX-License-Identifier: BSD-2-Clause */
/* Old flag bits of message ids; nothing in the kernel looks at them. */
#ifndef _MACH_MSG_TYPE_H_
#define _MACH_MSG_TYPE_H_

#include <mach/message.h>

#define MSG_TYPE_CAMELOT	(1 << 6)
#define MSG_TYPE_ENCRYPTED	(1 << 7)
#define MSG_TYPE_RPC		(1 << 8)

#endif
