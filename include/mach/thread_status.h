/* SPDX-License-Identifier: BSD-2-Clause */
/* Thread state as the interface carries it: words, whose meaning the flavour tells. */
#ifndef _MACH_THREAD_STATUS_H_
#define _MACH_THREAD_STATUS_H_

#include <mach/machine/thread_status.h>
#include <mach/machine/vm_types.h>

typedef natural_t	*thread_state_t;
#define THREAD_STATE_MAX	(1024)
typedef natural_t	thread_state_data_t[THREAD_STATE_MAX];

#define THREAD_STATE_FLAVOR_LIST	0	/* asks which flavours there are */

#endif
