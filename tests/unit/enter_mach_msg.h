/* SPDX-License-Identifier: BSD-2-Clause */
/* mach_msg as the entry code calls it (i386/entry.S): the fast path first. */
#ifndef TESTS_UNIT_ENTER_MACH_MSG_H
#define TESTS_UNIT_ENTER_MACH_MSG_H

#include <ipc/fast_path.h>
#include <kern/machine.h>

static inline mach_msg_return_t enter_mach_msg(struct thread *self, struct mach_msg_args args)
{
	struct fast_call call = { .args = args };

	if (args.option == (MACH_SEND_MSG | MACH_RCV_MSG) &&
	    copyinmsg(args.msg, &call.header, sizeof(call.header)) == 0) {
		call.header.msgh_size = args.send_size;
		ipc_fast_path(self, call);
	}
	return mach_msg_trap(args);
}

/* machine_message_return. */
static inline _Noreturn void leave_mach_msg(struct thread *self, const mach_msg_header_t *header,
					    mach_msg_header_t *user)
{
	if (copyoutmsg(header, user, sizeof(*header)) != 0)
		syscall_return(ipc_fast_path_failed(self));
	syscall_return(MACH_MSG_SUCCESS);
}

#endif /* TESTS_UNIT_ENTER_MACH_MSG_H */
