/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A radix tree from 32-bit keys to pointers: eight levels of four bits.
 *
 * Constant time whatever the keys; a node is freed when its last child goes.
 */
#ifndef IPC_RADIX_H
#define IPC_RADIX_H

#include <stdbool.h>
#include <stdint.h>

struct ipc_account;
struct radix_node;

void radix_setup(void);

void *radix_lookup(const struct radix_node *root, uint32_t key);

/*
 * Nodes are paid by an account, always the same for one tree; NULL for none.
 *
 * Returns false, with nothing changed, when memory is short.  The key is not present.
 */
bool radix_insert(struct radix_node **root, uint32_t key, void *value, struct ipc_account *payer);

/* Returns the value that was there, or NULL. */
void *radix_remove(struct radix_node **root, uint32_t key, struct ipc_account *payer);

/* Bytes that the nodes take, by walking to all of them. */
uint32_t radix_memory(const struct radix_node *root);

/* The value with the smallest key >= *key, which is set to that key; NULL when there is none. */
void *radix_next(const struct radix_node *root, uint32_t *key);

#endif /* IPC_RADIX_H */
