/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which receive right in transit is inside which port.
 *
 * A receive right that is in a message hangs below the port that the message is for, and that
 * port's own receive right may be in a message too.  So ports in transit make up trees; the root of
 * each is a port whose receive right is in a space, in somebody's hands, or gone.  A right that is
 * put into a message for a port of its own tree would cut that tree off from all spaces: nobody
 * could ever receive it.  To find that out means to find a root, and a chain of ports may be as
 * long as users like.
 *
 * Hence link-cut trees.  Each tree is divided into paths that go downwards.  A path is kept as a
 * splay tree ordered by depth: child[0] is nearer to the root, child[1] farther away.  The parent of
 * the top of a splay tree is the port below which the path hangs, which does not know of it.  To
 * look at a node makes the way from the root to it one path, with the node on top; so long ways
 * become short ones by being used, and any sequence of operations takes O(log n) for each on average.
 */
#ifndef IPC_TRANSIT_H
#define IPC_TRANSIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Embedded in each port; zeroed it is a tree of its own. */
struct transit_node {
	struct transit_node *parent, *child[2];
};

/* Rotations made, in debug builds: what the operations cost. */
extern uint32_t transit_rotations;

/* So is a node that is a tree of its own (and perhaps a root to which nobody has looked yet). */
static inline bool transit_is_bare(const struct transit_node *node)
{
	return node->parent == NULL && node->child[0] == NULL && node->child[1] == NULL;
}

/*
 * All of these change the trees' form, but for transit_is_bare.
 * Locks: one lock of the caller's for all nodes.
 */

/* The root of the node's tree. */
struct transit_node *transit_root(struct transit_node *node);

/* Put a root below a node of another tree. */
void transit_link(struct transit_node *root, struct transit_node *above);

/* Take a node that is below another one from there, with all that is below it. */
void transit_cut(struct transit_node *node);

#endif /* IPC_TRANSIT_H */
