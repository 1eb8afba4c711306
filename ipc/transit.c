/* SPDX-License-Identifier: BSD-2-Clause */
#include <ipc/transit.h>

#include <kern/assert.h>

uint32_t transit_rotations;

/* --- Splay trees -------------------------------------------------------------------------- */

/* On which side of its parent in the same splay tree a node is; -1 for the top of one. */
static int side_of(const struct transit_node *node)
{
	const struct transit_node *parent = node->parent;

	if (parent == NULL)
		return -1;
	return parent->child[0] == node ? 0 : parent->child[1] == node ? 1 : -1;
}

static void set_child(struct transit_node *node, int side, struct transit_node *child)
{
	node->child[side] = child;
	if (child != NULL)
		child->parent = node;
}

/* Exchange a node with its parent, of which it is the child on this side; the order stays. */
static void rotate(struct transit_node *node, int side)
{
	struct transit_node *parent = node->parent, *above = parent->parent;
	int parent_side = side_of(parent);

	set_child(parent, side, node->child[1 - side]);
	set_child(node, 1 - side, parent);
	node->parent = above;
	if (parent_side >= 0)
		above->child[parent_side] = node;
	if (DEBUG)
		transit_rotations++;
}

/* Bring a node to the top of its splay tree. */
static void splay(struct transit_node *node)
{
	int side, parent_side;

	while ((side = side_of(node)) >= 0) {
		parent_side = side_of(node->parent);
		if (parent_side >= 0)
			rotate(parent_side == side ? node->parent : node,
			       parent_side == side ? parent_side : side);
		rotate(node, side_of(node));
	}
}

/* --- Paths ---------------------------------------------------------------------------------- */

/* Make the way from the root to the node a path that ends there, the node on top. */
static void expose(struct transit_node *node)
{
	struct transit_node *below = NULL;

	for (struct transit_node *at = node; at != NULL; at = at->parent) {
		splay(at);
		at->child[1] = below;
		below = at;
	}
	splay(node);
}

struct transit_node *transit_root(struct transit_node *node)
{
	expose(node);
	while (node->child[0] != NULL)
		node = node->child[0];
	splay(node);	/* pays for the way here */
	return node;
}

void transit_link(struct transit_node *root, struct transit_node *above)
{
	expose(root);
	assert(root->child[0] == NULL && root->parent == NULL);
	expose(above);
	assert(root->parent == NULL);
	root->parent = above;
}

void transit_cut(struct transit_node *node)
{
	expose(node);
	assert(node->child[0] != NULL);
	node->child[0]->parent = NULL;
	node->child[0] = NULL;
}
