/* SPDX-License-Identifier: BSD-2-Clause */
#include <ipc/trailer.h>

#include <ipc/kmsg.h>
#include <kern/machine.h>
#include <kern/task.h>

#define TRAILER_TYPE(option) (((uint32_t)(option) >> 28) & 0xf)
#define TRAILER_ELEMENTS(option) (((uint32_t)(option) >> 24) & 0xf)

/* Where the trailer ends, by the number of elements. */
static const uint8_t trailer_sizes[] = {
	0,
	[MACH_RCV_TRAILER_SEQNO] = offsetof(mach_msg_format_0_trailer_t, msgh_sender),
	[MACH_RCV_TRAILER_SENDER] = offsetof(mach_msg_format_0_trailer_t, msgh_audit),
	[MACH_RCV_TRAILER_AUDIT] = sizeof(mach_msg_format_0_trailer_t),
};
_Static_assert(sizeof(mach_msg_format_0_trailer_t) == 28, "no padding");

bool ipc_trailer_known(mach_msg_option_t option)
{
	return TRAILER_TYPE(option) == MACH_MSG_TRAILER_FORMAT_0 &&
	       TRAILER_ELEMENTS(option) < sizeof(trailer_sizes);
}

/* Offset of the trailer behind a message of so many bytes. */
static mach_msg_size_t trailer_start(mach_msg_size_t size)
{
	return (size + 3) & ~(mach_msg_size_t)3;
}

mach_msg_size_t ipc_trailer_end(mach_msg_size_t size, mach_msg_option_t option)
{
	assert(ipc_trailer_known(option));
	return trailer_start(size) + trailer_sizes[TRAILER_ELEMENTS(option)];
}

void ipc_trailer_sign(struct ipc_kmsg *kmsg, const struct thread *sender)
{
	struct task *task = sender->task;

	kmsg->sender.audit = (audit_token_t){ task->id, sender->id };
	spin_lock(&task->lock);		/* the token's words belong together */
	kmsg->sender.token = task->security_token;
	spin_unlock(&task->lock);
}

int ipc_trailer_put(const struct ipc_kmsg *kmsg, mach_msg_header_t *msg,
		    mach_msg_option_t option)
{
	mach_msg_size_t size = trailer_sizes[TRAILER_ELEMENTS(option)];
	mach_msg_format_0_trailer_t trailer = {
		.msgh_trailer_type = MACH_MSG_TRAILER_FORMAT_0,
		.msgh_trailer_size = size,
		.msgh_seqno = kmsg->user.msgh_seqno,
		.msgh_sender = kmsg->sender.token,
		.msgh_audit = kmsg->sender.audit,
	};

	if (size == 0)
		return 0;
	return copyoutmsg(&trailer, (uint8_t *)msg + trailer_start(kmsg->user.msgh_size), size);
}
