/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Red-black trees: no red node has a red child, and all paths down from a node meet the same
 * number of black nodes.  So no path is longer than twice another.
 *
 * Left and right are mirror images: code that would differ only in that takes a side, and
 * `!side` is the other one.
 */
#include <kern/rbtree.h>

#include <kern/assert.h>

static bool is_red(const struct rb_node *node)
{
	return node != NULL && node->red;
}

/* Which child of its parent a node is; it is not the root. */
static enum rb_side side_of(const struct rb_node *node)
{
	return node == node->parent->child[RB_RIGHT] ? RB_RIGHT : RB_LEFT;
}

/* Have the parent of `old` (or the tree) point at `node` instead. */
static void set_place(struct rb_tree *tree, struct rb_node *old, struct rb_node *node)
{
	struct rb_node *parent = old->parent;

	if (parent == NULL)
		tree->root = node;
	else
		parent->child[side_of(old)] = node;
	if (node != NULL)
		node->parent = parent;
}

static void set_child(struct rb_node *parent, enum rb_side side, struct rb_node *child)
{
	parent->child[side] = child;
	if (child != NULL)
		child->parent = parent;
}

static void update_node(struct rb_tree *tree, struct rb_node *node)
{
	if (tree->update != NULL)
		tree->update(node);
}

/* What the first node said before may have been of another place, so that does not end it. */
void rb_update_path(struct rb_tree *tree, struct rb_node *node)
{
	if (tree->update == NULL || node == NULL)
		return;
	tree->update(node);
	do
		node = node->parent;
	while (node != NULL && tree->update(node));
}

/* Sink `top` to `side`; its child on the other side takes its place. */
static void rotate(struct rb_tree *tree, struct rb_node *top, enum rb_side side)
{
	struct rb_node *riser = top->child[!side];

	set_place(tree, top, riser);
	set_child(top, !side, riser->child[side]);
	set_child(riser, side, top);
	update_node(tree, top);
	update_node(tree, riser);
}

/* --- Insertion ------------------------------------------------------------ */

/*
 * `node` is red under a red parent, whose sibling is black: one or two rotations end it.
 */
static void insert_rotate(struct rb_tree *tree, struct rb_node *node)
{
	struct rb_node *parent = node->parent, *top = parent->parent;
	enum rb_side side = side_of(parent);

	if (side_of(node) != side) {
		rotate(tree, parent, side);
		parent = node;
	}
	rotate(tree, top, !side);
	parent->red = false;
	top->red = true;
}

static void insert_rebalance(struct rb_tree *tree, struct rb_node *node)
{
	while (is_red(node->parent)) {
		struct rb_node *top = node->parent->parent;
		struct rb_node *uncle = top->child[!side_of(node->parent)];

		if (!is_red(uncle)) {
			insert_rotate(tree, node);
			break;
		}
		uncle->red = false;
		node->parent->red = false;
		top->red = true;
		node = top;
	}
	tree->root->red = false;
}

void rb_insert(struct rb_tree *tree, struct rb_node *node, struct rb_node *parent,
	       struct rb_node **place)
{
	assert(*place == NULL);
	*node = (struct rb_node){ .parent = parent, .red = true };
	*place = node;
	rb_update_path(tree, node);
	insert_rebalance(tree, node);
}

/* --- Removal --------------------------------------------------------------- */

/*
 * The subtree at `parent`'s `side` has a black node too few, its sibling is black and has a
 * red child: rotations supply the missing one.
 */
static void remove_rotate(struct rb_tree *tree, struct rb_node *parent, enum rb_side side)
{
	struct rb_node *sibling = parent->child[!side];

	if (!is_red(sibling->child[!side])) {
		sibling->child[side]->red = false;
		sibling->red = true;
		rotate(tree, sibling, !side);
		sibling = parent->child[!side];
	}
	sibling->red = parent->red;
	parent->red = false;
	sibling->child[!side]->red = false;
	rotate(tree, parent, side);
}

/*
 * One step for a subtree that has a black node too few.
 * Returns true when the tree is balanced, false when now `parent`'s subtree has one too few.
 */
static bool remove_step(struct rb_tree *tree, struct rb_node *parent, enum rb_side side)
{
	struct rb_node *sibling = parent->child[!side];

	if (is_red(sibling)) {
		sibling->red = false;
		parent->red = true;
		rotate(tree, parent, side);
		sibling = parent->child[!side];
	}
	if (is_red(sibling->child[RB_LEFT]) || is_red(sibling->child[RB_RIGHT])) {
		remove_rotate(tree, parent, side);
		return true;
	}
	sibling->red = true;
	if (!parent->red)
		return false;
	parent->red = false;
	return true;
}

static void remove_rebalance(struct rb_tree *tree, struct rb_node *parent, enum rb_side side)
{
	while (parent != NULL && !remove_step(tree, parent, side)) {
		struct rb_node *above = parent->parent;

		if (above != NULL)
			side = side_of(parent);
		parent = above;
	}
}

/* Remove a node that has one child at most. */
static void remove_single(struct rb_tree *tree, struct rb_node *node)
{
	struct rb_node *child = node->child[node->child[RB_LEFT] == NULL];
	struct rb_node *parent = node->parent;
	enum rb_side side = parent != NULL ? side_of(node) : RB_LEFT;

	set_place(tree, node, child);
	rb_update_path(tree, parent);
	if (node->red)
		return;
	if (is_red(child))
		child->red = false;
	else
		remove_rebalance(tree, parent, side);
}

void rb_replace(struct rb_tree *tree, struct rb_node *old, struct rb_node *node)
{
	*node = *old;
	set_place(tree, old, node);
	set_child(node, RB_LEFT, old->child[RB_LEFT]);
	set_child(node, RB_RIGHT, old->child[RB_RIGHT]);
	rb_update_path(tree, node);
}

void rb_remove(struct rb_tree *tree, struct rb_node *node)
{
	struct rb_node *successor;

	if (node->child[RB_LEFT] == NULL || node->child[RB_RIGHT] == NULL) {
		remove_single(tree, node);
		return;
	}
	successor = rb_next(node);	/* has no left child */
	remove_single(tree, successor);
	rb_replace(tree, node, successor);
}

/* --- Order ------------------------------------------------------------------ */

/* The outermost node of a subtree. */
static struct rb_node *outermost(struct rb_node *node, enum rb_side side)
{
	while (node != NULL && node->child[side] != NULL)
		node = node->child[side];
	return node;
}

static struct rb_node *neighbour(const struct rb_node *node, enum rb_side side)
{
	if (node->child[side] != NULL)
		return outermost(node->child[side], !side);
	while (node->parent != NULL && side_of(node) == side)
		node = node->parent;
	return node->parent;
}

struct rb_node *rb_first(const struct rb_tree *tree)
{
	return outermost(tree->root, RB_LEFT);
}

struct rb_node *rb_last(const struct rb_tree *tree)
{
	return outermost(tree->root, RB_RIGHT);
}

struct rb_node *rb_next(const struct rb_node *node)
{
	return neighbour(node, RB_RIGHT);
}

struct rb_node *rb_prev(const struct rb_node *node)
{
	return neighbour(node, RB_LEFT);
}

/* --- Check ------------------------------------------------------------------- */

/* Black nodes from here up to the root, this one included. */
static unsigned int black_above(const struct rb_node *node)
{
	unsigned int count = 0;

	for (; node != NULL; node = node->parent)
		count += !node->red;
	return count;
}

static bool node_valid(const struct rb_node *node, unsigned int height)
{
	for (enum rb_side side = RB_LEFT; side <= RB_RIGHT; side++) {
		const struct rb_node *child = node->child[side];

		if (child == NULL && black_above(node) != height)
			return false;
		if (child != NULL && child->parent != node)
			return false;
		if (node->red && is_red(child))
			return false;
	}
	return true;
}

bool rb_valid(const struct rb_tree *tree)
{
	const struct rb_node *first = rb_first(tree);
	unsigned int height = black_above(first);

	if (tree->root != NULL && (tree->root->red || tree->root->parent != NULL))
		return false;
	for (const struct rb_node *node = first; node != NULL; node = rb_next(node))
		if (!node_valid(node, height))
			return false;
	return true;
}
