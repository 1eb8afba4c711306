/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sweeps: requests as the library's stubs make them, for every routine, to every kind of port.
 */
#ifndef _TESTS_H_
#define _TESTS_H_

#include <mach/mach_types.h>
#include <mach/message.h>

#include "../common/kernel_port.h"
#include "../common/request.h"

#define SELF	mach_task_self()

/* Kinds of ports, besides those of enum kernel_kind; those before OBJECT_KINDS are the kernel's. */
enum kind {
	KIND_CONTROL = KERNEL_KINDS, KIND_MEMORY_NAME, KIND_PROXY, OBJECT_KINDS,
	KIND_ORDINARY = OBJECT_KINDS,
	KIND_DEAD_TASK, KIND_DEAD_THREAD, KIND_DEAD_NAME, KIND_RECEIVE, KIND_PORT_SET,
	KIND_NONE, KIND_NULL, KIND_DEAD, KINDS,
};

const char *kind_text(unsigned int kind);

/* A port of each kind, new as far as there can be more than one. */
struct targets {
	struct kernel_port	object[KERNEL_KINDS];
	mach_port_t		port[KINDS];	/* the names, and those of the other kinds */
	mach_port_t		pager;		/* of the memory object, mapped at: */
	vm_address_t		mapped;
};

void targets_make(struct targets *targets);
void targets_end(struct targets *targets);

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
boolean_t is_served(mach_msg_id_t id);

/* Would the request change the machine or us, if it is sent to a port of that kind? */
boolean_t is_harmful(mach_msg_id_t id, unsigned int kind);

/* --- requests ------------------------------------------------------------------------------- */

/*
 * The one number that all arguments are: a name with a receive and a send right, an address
 * of memory that is there, a small count, and MACH_MSG_TYPE_COPY_SEND.
 */
#define ARGUMENT	0x13u

/* Memory at low addresses, and the port. */
void arguments_make(void);
void arguments_end(void);

/* Memory that requests have taken along is put back, with this in its first words. */
void arguments_renew(uint32_t value);

/* The request that a stub makes.  Returns: whether it could. */
boolean_t request_make(struct request *request, unsigned int routine);

/* Integers that are ARGUMENT get another value. */
void request_change(struct request *request, uint32_t value);

#endif
