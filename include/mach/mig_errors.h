/* SPDX-License-Identifier: BSD-2-Clause */
/* What stubs made by MIG return when a message is not as the interface says. */
#ifndef _MACH_MIG_ERRORS_H_
#define _MACH_MIG_ERRORS_H_

#include <mach/kern_return.h>
#include <mach/message.h>

#define MIG_TYPE_ERROR		-300	/* client: the reply's types are wrong */
#define MIG_REPLY_MISMATCH	-301	/* client: the reply's id is wrong */
#define MIG_REMOTE_ERROR	-302	/* server found an error and said no more */
#define MIG_BAD_ID		-303	/* server: no such routine */
#define MIG_BAD_ARGUMENTS	-304	/* server: the request's types are wrong */
#define MIG_NO_REPLY		-305	/* server: done, and nobody shall be told */
#define MIG_EXCEPTION		-306
#define MIG_ARRAY_TOO_LARGE	-307	/* client: the array given does not fit */
#define MIG_SERVER_DIED		-308	/* client: the server is gone */
#define MIG_DESTROY_REQUEST	-309	/* server: drop the request, no reply */

/* How every reply begins. */
typedef struct {
	mach_msg_header_t	Head;
	mach_msg_type_t		RetCodeType;
	kern_return_t		RetCode;
} mig_reply_header_t;

typedef struct mig_symtab {
	char	*ms_routine_name;
	int	ms_routine_number;
	void	(*ms_routine)(void);
} mig_symtab_t;

/* A server stub: reads the request, fills in the reply. */
typedef void (*mig_routine_t)(mach_msg_header_t *request, mach_msg_header_t *reply);

#endif
