/* SPDX-License-Identifier: BSD-2-Clause */
/* What echo.defs refers to. */
#ifndef _ECHO_TYPES_H_
#define _ECHO_TYPES_H_

#include <libmach/server.h>

typedef char echo_text_t[128];
typedef const char *const_echo_text_t;

extern mach_server_t echo_server;

#endif
