/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages, ports and spaces as text on the console: for the checker, for tests, and for what is
 * left to be seen after a panic.
 *
 * Nothing is believed.  No lock is taken; every pointer is tried before it is followed, every list
 * and every text has an end; what cannot be read is said to be damaged.  A message may be in its
 * user's form or in the kernel's: a number that is no port is printed as it is.
 */
#ifndef IPC_PRINT_H
#define IPC_PRINT_H

#include <ipc/ipc_types.h>

void ipc_print_kmsg(const struct ipc_kmsg *kmsg);
void ipc_print_port(const struct ipc_port *port);
void ipc_print_space(const struct ipc_space *space);

/* A space if it is one of them, a port or set if it says that it is one, else nothing. */
void ipc_print_object(const void *object);

#endif /* IPC_PRINT_H */
