/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Balanced search trees of intrusive nodes (red-black).
 *
 * The tree knows no keys: the owner walks from `root` to the place where a node belongs and
 * says so to rb_insert.  For trees that keep a summary of each subtree in its root (the
 * widest gap, say), `update` computes a node's summary from the node and its two children, and says
 * whether it is another one; the tree calls it where children changed, from below to above.
 *
 * Looking a key up:
 *
 *	for (struct rb_node *n = tree->root; n != NULL; )
 *		n = key < key_of(n) ? n->child[RB_LEFT] : ...
 *
 * Inserting one:
 *
 *	struct rb_node *parent = NULL, **place = &tree->root;
 *	while (*place != NULL) {
 *		parent = *place;
 *		place = &parent->child[key > key_of(parent)];
 *	}
 *	rb_insert(tree, node, parent, place);
 *
 * The owner says which lock guards a tree.  Nothing here allocates or recurses.
 */
#ifndef KERN_RBTREE_H
#define KERN_RBTREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rb_side { RB_LEFT, RB_RIGHT };

struct rb_node {
	struct rb_node *parent;
	struct rb_node *child[2];	/* by enum rb_side */
	bool red;
};

struct rb_tree {
	struct rb_node *root;
	bool (*update)(struct rb_node *node);	/* has the summary changed?  Or NULL */
};

static inline void rb_tree_init(struct rb_tree *tree, bool (*update)(struct rb_node *node))
{
	tree->root = NULL;
	tree->update = update;
}

static inline bool rb_empty(const struct rb_tree *tree)
{
	return tree->root == NULL;
}

/* Hang a node into the empty place `*place`, a child of `parent` (NULL: the root). */
void rb_insert(struct rb_tree *tree, struct rb_node *node, struct rb_node *parent,
	       struct rb_node **place);

void rb_remove(struct rb_tree *tree, struct rb_node *node);

/* Put `node`, which has the same place in the order, where `old` is. */
void rb_replace(struct rb_tree *tree, struct rb_node *old, struct rb_node *node);

/*
 * A node's own part of its summary changed: call `update` for it, and for those above as far as
 * that changes them.  To be told before the next change, also of the tree.
 */
void rb_update_path(struct rb_tree *tree, struct rb_node *node);

/* In order; NULL at the end. */
struct rb_node *rb_first(const struct rb_tree *tree);
struct rb_node *rb_last(const struct rb_tree *tree);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);

/* Check colours, parents and black heights, for tests and debugging. */
bool rb_valid(const struct rb_tree *tree);

#endif /* KERN_RBTREE_H */
