/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Operations on the kernel and the model at once: each compares the two answers and gives the code.
 * `hand` is an index of m_hand.
 */
#ifndef TESTS_UNIT_MODEL_OPS_H
#define TESTS_UNIT_MODEL_OPS_H

#include <tests/unit/model_ipc.h>

#define NO_HAND (-1)			/* the null port */
#define DEAD_HAND (-2)			/* the dead port */

/* Who else is to act: after each operation, and before all names are destroyed.  NULL: nobody. */
extern void (*model_settle)(void);
extern void (*model_rest)(void);

/* Spaces without names, nothing in hand. */
void model_start(void);

/* The same when fake_ipc_start has been called: after model_finish, once more. */
void model_begin(void);

/* Everything the model knows is as it says: entries, counts, requests, sets, queues. */
void model_compare(void);

/* The kernel's own checker finds nothing. */
void model_check(void);

/* Destroy all names and rights; nothing is left. */
void model_finish(void);

/* The same, but the spaces stay for the next round. */
void model_clear(void);

int hand_put(struct m_right right);
struct ipc_port *model_real(struct m_right right);

/* *namep: name wanted, 0 for any; then the name given. */
kern_return_t op_allocate(struct m_space *space, mach_port_right_t right, mach_port_name_t *namep);
kern_return_t op_deallocate(struct m_space *space, mach_port_name_t name);
kern_return_t op_destroy(struct m_space *space, mach_port_name_t name);
kern_return_t op_mod_refs(struct m_space *space, mach_port_name_t name, uint32_t right,
			  int32_t delta);
kern_return_t op_rename(struct m_space *space, mach_port_name_t from, mach_port_name_t to);
kern_return_t op_move_member(struct m_space *space, mach_port_name_t name, mach_port_name_t set);

/* Questions about a name: type, references of each right, receive status. */
void op_ask(struct m_space *space, mach_port_name_t name);

/* All names with their types; the members of a set. */
void op_names(struct m_space *space);
void op_members(struct m_space *space, mach_port_name_t name);

/* The notify right is used up.  A previous one is destroyed. */
kern_return_t op_request(struct m_space *space, mach_port_name_t name, uint32_t id, uint32_t sync,
			 int notify);

/* On success *handp is the right. */
kern_return_t op_extract(struct m_space *space, mach_port_name_t name, uint32_t disposition,
			 int *handp);

/* The right is used up, by the space or destroyed. */
kern_return_t op_insert(struct m_space *space, mach_port_name_t name, int hand);
mach_port_name_t op_copyout(struct m_space *space, int hand);
void op_release(int hand);

/* --- Shorter forms, which must succeed --------------------------------------------------- */

mach_port_name_t make_receive(struct m_space *space);

/* Give `to` a right to a port of `from`'s name. */
mach_port_name_t give_right(struct m_space *from, mach_port_name_t name, uint32_t disposition,
			    struct m_space *to);

/* A dead-name, no-senders or port-destroyed request; from: the notify port's receive right. */
void make_request(struct m_space *space, mach_port_name_t name, uint32_t id,
		  struct m_space *from, mach_port_name_t notify);

#endif /* TESTS_UNIT_MODEL_OPS_H */
