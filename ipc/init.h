/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef IPC_INIT_H
#define IPC_INIT_H

/* Set up caches, the kernel's space and the dispatcher.  Once, after the slab allocator. */
void ipc_bootstrap(void);

#endif /* IPC_INIT_H */
