/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of names.  Each entry owns a send right to its port and one to its signature. */
#ifndef _BOOTSTRAP_NAMES_H_
#define _BOOTSTRAP_NAMES_H_

#include <mach/mach_types.h>

/*
 * Enter a port, or replace it if the signature is the same.
 *
 * Owns:     consumes both rights on success.
 * Returns:  NETNAME_SUCCESS, NETNAME_NOT_YOURS, KERN_RESOURCE_SHORTAGE.
 */
kern_return_t names_enter(const char *name, mach_port_t port, mach_port_t signature);

/* Returns: the port, which stays the table's, or null. */
mach_port_t names_find(const char *name);

/*
 * Take a name out.  The signature is compared, not consumed.
 *
 * Returns:  NETNAME_SUCCESS, NETNAME_NOT_CHECKED_IN, NETNAME_NOT_YOURS.
 */
kern_return_t names_remove(const char *name, mach_port_t signature);

/* Take all names of a port out; for a port that has died.  Returns: how many there were. */
unsigned int names_remove_port(mach_port_t port);

#endif
