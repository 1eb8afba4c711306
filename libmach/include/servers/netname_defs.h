/* SPDX-License-Identifier: BSD-2-Clause */
/* What a name server answers (netname_ routines). */
#ifndef _SERVERS_NETNAME_DEFS_H_
#define _SERVERS_NETNAME_DEFS_H_

#include <libmach/server.h>

#define NETNAME_SUCCESS		0
#define NETNAME_NOT_YOURS	1000	/* checked in with another signature */
#define NETNAME_NOT_CHECKED_IN	1001
#define NETNAME_NO_SUCH_HOST	1002

#define NETNAME_NAME_SIZE	80	/* with the zero at the end */
typedef char netname_name_t[NETNAME_NAME_SIZE];
typedef const char *const_netname_name_t;

extern mach_server_t netname_server;

#endif
