/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Estates: what a task, and all tasks that come from it, take of the kernel's memory as tasks,
 * threads and page tables.  (Messages, ports and names: ipc/account.h.)
 *
 * Each task has one; what is charged to it is charged to those of its parent, its parent's parent and
 * so on, too, also when these tasks have died.  So whoever multiplies is stopped at its own limit,
 * however it does so, and nobody else is.  Tasks more than ESTATE_DEPTH_MAX generations from the first
 * have their parent's estate itself.
 *
 * Charged, in bytes: a task with its space, map and port; a thread with its port, and the registers
 * of the FPU, which come later but must not fail; page tables and directories; LDTs.
 *
 * References: a task (its threads refer to it), a pmap, and the estates of the children.  NULL pays for
 * everything: the kernel's own task has none.
 */
#ifndef KERN_ESTATE_H
#define KERN_ESTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ESTATE_DEPTH_MAX 32u
#define ESTATE_LIMIT_SHARE 2	/* one half of what the kernel can use for itself */

struct estate {
	uint32_t ref_count;		/* atomic */
	uint32_t bytes;			/* atomic */
	uint32_t limit;
	uint32_t depth;			/* generations before it */
	struct estate *parent;		/* a reference, or NULL */
};

void estate_init(void);

/*
 * The estate of a child: a new one, with the parent's limit, or at the depth that is allowed the
 * parent's.  For NULL a first one.  Returns a reference; NULL when memory is short.
 */
struct estate *estate_inherit(struct estate *parent);

void estate_reference(struct estate *estate);
void estate_release(struct estate *estate);

/* Slow parts of what follows. */
bool estate_charge_all(struct estate *estate, uint32_t bytes);
void estate_uncharge_all(struct estate *estate, uint32_t bytes);

/*
 * Charge for memory that is to be allocated.  False: it is beyond a limit, and nothing is charged.
 *
 * Locks:    any.
 */
static inline bool estate_charge(struct estate *estate, uint32_t bytes)
{
	return estate == NULL || estate_charge_all(estate, bytes);
}

static inline void estate_uncharge(struct estate *estate, uint32_t bytes)
{
	if (estate != NULL)
		estate_uncharge_all(estate, bytes);
}

#endif /* KERN_ESTATE_H */
