/* SPDX-License-Identifier: BSD-2-Clause */
/* The notifications that the kernel sends; they arrive by send-once rights. */
#ifndef _MACH_NOTIFY_H_
#define _MACH_NOTIFY_H_

#include <mach/message.h>
#include <mach/port.h>

#define MACH_NOTIFY_FIRST		64
#define MACH_NOTIFY_PORT_DELETED	(MACH_NOTIFY_FIRST + 1)
#define MACH_NOTIFY_MSG_ACCEPTED	(MACH_NOTIFY_FIRST + 2)
#define MACH_NOTIFY_PORT_DESTROYED	(MACH_NOTIFY_FIRST + 5)
#define MACH_NOTIFY_NO_SENDERS		(MACH_NOTIFY_FIRST + 6)
#define MACH_NOTIFY_SEND_ONCE		(MACH_NOTIFY_FIRST + 7)
#define MACH_NOTIFY_DEAD_NAME		(MACH_NOTIFY_FIRST + 8)
#define MACH_NOTIFY_LAST		(MACH_NOTIFY_FIRST + 13)

/* The name was freed while a dead-name request was on it. */
typedef struct {
	mach_msg_header_t	not_header;
	mach_msg_type_t		not_type;	/* MACH_MSG_TYPE_PORT_NAME */
	mach_port_name_t	not_port;
} mach_port_deleted_notification_t;

/* The message sent with MACH_SEND_NOTIFY has left the queue. */
typedef struct {
	mach_msg_header_t	not_header;
	mach_msg_type_t		not_type;	/* MACH_MSG_TYPE_PORT_NAME */
	mach_port_name_t	not_port;
} mach_msg_accepted_notification_t;

/* The receive right that would have been destroyed: here it is. */
typedef struct {
	mach_msg_header_t	not_header;
	mach_msg_type_t		not_type;	/* MACH_MSG_TYPE_PORT_RECEIVE */
	mach_port_t		not_port;
} mach_port_destroyed_notification_t;

/* There are no send rights any more. */
typedef struct {
	mach_msg_header_t	not_header;
	mach_msg_type_t		not_type;	/* MACH_MSG_TYPE_INTEGER_32 */
	unsigned int		not_count;	/* the make-send count */
} mach_no_senders_notification_t;

/* A send-once right was destroyed without being used. */
typedef struct {
	mach_msg_header_t	not_header;
} mach_send_once_notification_t;

/* The port behind the name has died; the name has one more reference. */
typedef struct {
	mach_msg_header_t	not_header;
	mach_msg_type_t		not_type;	/* MACH_MSG_TYPE_PORT_NAME */
	mach_port_name_t	not_port;
} mach_dead_name_notification_t;

#endif
