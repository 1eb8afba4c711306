/* SPDX-License-Identifier: BSD-2-Clause */
#include <ipc/radix.h>

#include <ipc/account.h>
#include <kern/assert.h>
#include <kern/slab.h>

#define RADIX_BITS 4
#define RADIX_FANOUT (1u << RADIX_BITS)
#define RADIX_LEVELS (32 / RADIX_BITS)

struct radix_node {
	uint32_t used;
	void *child[RADIX_FANOUT];	/* nodes; values in the last level */
};

static struct slab_cache radix_cache;

void radix_setup(void)
{
	slab_cache_init(&radix_cache, "radix_node", sizeof(struct radix_node), 0);
}

static struct radix_node *node_alloc(struct ipc_account *payer)
{
	struct radix_node *node;

	if (!ipc_account_charge(payer, sizeof(*node)))
		return NULL;
	node = slab_zalloc(&radix_cache);
	if (node == NULL)
		ipc_account_uncharge(payer, sizeof(*node));
	return node;
}

static void node_free(struct radix_node *node, struct ipc_account *payer)
{
	slab_free(&radix_cache, node);
	ipc_account_uncharge(payer, sizeof(*node));
}

static uint32_t radix_digit(uint32_t key, int level)
{
	return (key >> (32 - RADIX_BITS * (level + 1))) & (RADIX_FANOUT - 1);
}

void *radix_lookup(const struct radix_node *root, uint32_t key)
{
	const void *p = root;

	for (int level = 0; level < RADIX_LEVELS && p != NULL; level++)
		p = ((const struct radix_node *)p)->child[radix_digit(key, level)];
	return (void *)(uintptr_t)p;
}

/* The nodes on the way to a key, as far as they exist; returns how many. */
static int radix_path(struct radix_node *root, uint32_t key, struct radix_node *path[])
{
	struct radix_node *node = root;
	int depth = 0;

	while (node != NULL && depth < RADIX_LEVELS) {
		path[depth] = node;
		node = node->child[radix_digit(key, depth)];
		depth++;
	}
	return depth;
}

/* Remove nodes at the end of the path that have no children. */
static void radix_prune(struct radix_node **root, uint32_t key, struct radix_node *path[],
			int depth, struct ipc_account *payer)
{
	while (depth > 0 && path[depth - 1]->used == 0) {
		depth--;
		node_free(path[depth], payer);
		if (depth == 0) {
			*root = NULL;
			break;
		}
		path[depth - 1]->child[radix_digit(key, depth - 1)] = NULL;
		path[depth - 1]->used--;
	}
}

bool radix_insert(struct radix_node **root, uint32_t key, void *value, struct ipc_account *payer)
{
	struct radix_node *path[RADIX_LEVELS];
	int depth = radix_path(*root, key, path);

	while (depth < RADIX_LEVELS) {
		struct radix_node *node = node_alloc(payer);

		if (node == NULL) {
			radix_prune(root, key, path, depth, payer);
			return false;
		}
		if (depth == 0) {
			*root = node;
		} else {
			path[depth - 1]->child[radix_digit(key, depth - 1)] = node;
			path[depth - 1]->used++;
		}
		path[depth++] = node;
	}
	assert(path[RADIX_LEVELS - 1]->child[radix_digit(key, RADIX_LEVELS - 1)] == NULL);
	path[RADIX_LEVELS - 1]->child[radix_digit(key, RADIX_LEVELS - 1)] = value;
	path[RADIX_LEVELS - 1]->used++;
	return true;
}

void *radix_remove(struct radix_node **root, uint32_t key, struct ipc_account *payer)
{
	struct radix_node *path[RADIX_LEVELS];
	int depth = radix_path(*root, key, path);
	uint32_t last = radix_digit(key, RADIX_LEVELS - 1);
	void *value;

	if (depth < RADIX_LEVELS)
		return NULL;
	value = path[depth - 1]->child[last];
	if (value == NULL)
		return NULL;
	path[depth - 1]->child[last] = NULL;
	path[depth - 1]->used--;
	radix_prune(root, key, path, depth, payer);
	return value;
}

/* In the subtree of node (at `level`), the first value at or after *key. */
static void *radix_first(const struct radix_node *root, uint32_t *key)
{
	uint32_t at = *key;

	for (;;) {
		const void *p = root;
		int level = 0;

		while (level < RADIX_LEVELS) {
			p = ((const struct radix_node *)p)->child[radix_digit(at, level)];
			if (p == NULL)
				break;
			level++;
		}
		if (level == RADIX_LEVELS) {
			*key = at;
			return (void *)(uintptr_t)p;
		}
		/* Nothing below this digit: on to the next value of it. */
		uint32_t step = 1u << (32 - RADIX_BITS * (level + 1));

		at = (at & ~(step - 1)) + step;
		if (at < step)
			return NULL;
	}
}

void *radix_next(const struct radix_node *root, uint32_t *key)
{
	return root == NULL ? NULL : radix_first(root, key);
}

static uint32_t nodes_below(const struct radix_node *node, int level)
{
	uint32_t count = 1;

	for (uint32_t i = 0; level < RADIX_LEVELS - 1 && i < RADIX_FANOUT; i++)
		if (node->child[i] != NULL)
			count += nodes_below(node->child[i], level + 1);
	return count;
}

uint32_t radix_memory(const struct radix_node *root)
{
	return root == NULL ? 0 : nodes_below(root, 0) * sizeof(*root);
}
