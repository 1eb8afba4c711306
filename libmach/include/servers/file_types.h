/* SPDX-License-Identifier: BSD-2-Clause */
/* What file.defs refers to. */
#ifndef _FILE_TYPES_H_
#define _FILE_TYPES_H_

#include <libmach/server.h>

extern mach_server_t file_server;

#endif
