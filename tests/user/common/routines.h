/* SPDX-License-Identifier: BSD-2-Clause */
/* Sweeps: every routine, and requests as the library's stubs make them. */
#ifndef _ROUTINES_H_
#define _ROUTINES_H_

#include <mach/mach_types.h>
#include <mach/message.h>

#include "request.h"

/* --- routines ------------------------------------------------------------------------------- */

struct routine {
	mach_msg_id_t	id;
	const char	*name;
	unsigned int	fits;		/* kinds of ports, as bits */
	kern_return_t	wrong;		/* on other ports of the kernel's */
};

extern const struct routine routines[];
extern const unsigned int routine_count;

/* Does the kernel serve it? */
boolean_t routine_is_served(mach_msg_id_t id);

/* Would the request change the machine or us, if it is sent to a port of that kind? */
boolean_t routine_is_harmful(mach_msg_id_t id, unsigned int kind);

/* --- requests ------------------------------------------------------------------------------- */

/*
 * The one number that all arguments are: a name with a receive and a send right, an address
 * of memory that is there, a small count, and MACH_MSG_TYPE_COPY_SEND.
 */
#define ARGUMENT	0x13u
#define ARGUMENT_MEMORY	0x10000u	/* at address 0 */

/* Memory at low addresses, and the port. */
void arguments_make(void);
void arguments_end(void);

/* Memory that requests have taken along is put back, with this in its first words. */
void arguments_renew(uint32_t value);

/* The request that a stub makes.  Returns: whether it could. */
boolean_t request_make(struct request *request, unsigned int routine);

/* The same with an argument each. */
boolean_t request_make_each(struct request *request, unsigned int routine,
	const uint32_t arguments[REQUEST_ARGUMENTS]);

/* Integers that are ARGUMENT get another value. */
void request_change(struct request *request, uint32_t value);

#endif
