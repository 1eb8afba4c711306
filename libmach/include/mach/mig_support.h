/* SPDX-License-Identifier: BSD-2-Clause */
/* What the stubs that MIG writes call. */
#ifndef _MACH_MIG_SUPPORT_H_
#define _MACH_MIG_SUPPORT_H_

#include <libmach/string.h>
#include <mach/message.h>
#include <mach/mig_errors.h>

/* Forget the calling thread's reply port; the argument is there for old callers. */
void mig_init(void *first);

/* The thread's reply port: made at the first call and kept. */
mach_port_t mig_get_reply_port(void);

/* The stub is through with it: kept for the next call, or destroyed after an error. */
void mig_put_reply_port(mach_port_t port);
void mig_dealloc_reply_port(mach_port_t port);

/* Memory for arrays in replies.  *address is 0 when there is none. */
void mig_allocate(vm_offset_t *address, vm_size_t size);
void mig_deallocate(vm_offset_t address, vm_size_t size);

/*
 * Copy at most size - 1 characters and end them with a zero.
 *
 * Returns: the string's length without the zero.
 */
vm_size_t mig_strncpy(char *to, const char *from, vm_size_t size);

/* Fill in a reply's header for the request, with the result MIG_BAD_ID. */
void mig_reply_setup(const mach_msg_header_t *request, mach_msg_header_t *reply);

#endif
