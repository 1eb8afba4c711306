/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KERN_DEFAULT_MANAGER_H
#define KERN_DEFAULT_MANAGER_H

struct ipc_check;
struct ipc_port;

/* A send right to it, or NULL; IP_DEAD: it has died. */
struct ipc_port *default_manager_right(void);

/* The default memory manager's port, which the kernel holds, for the checker. */
void default_manager_visit(struct ipc_check *check);

#endif /* KERN_DEFAULT_MANAGER_H */
