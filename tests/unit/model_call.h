/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls of mach_msg by the threads of four spaces, on the kernel and the model at once: they may
 * wait, and others wake them.
 *
 * The kernel runs an operation, and all whom it wakes, to the end; then the model does the same in
 * the same order, and takes from the kernel only what is the kernel's to choose: names.
 */
#ifndef TESTS_UNIT_MODEL_CALL_H
#define TESTS_UNIT_MODEL_CALL_H

#include <tests/unit/model_wait.h>

#define M_ACTORS 12			/* number i belongs to space i % M_SPACES */

extern struct m_actor m_actor[M_ACTORS];

/* Once, after model_start or model_begin. */
void model_call_start(void);
void model_call_finish(void);

/* A call with the arguments that are in the actor; `plan` too if the option says to send. */
void op_call(struct m_actor *actor);

/* The same in two parts: the kernel's, then the model's with all comparisons. */
void call_kernel(struct m_actor *actor);
void call_model(struct m_actor *actor);

/* All of the model as it is between the two, and back to that. */
void model_save(void);
void model_restore(void);

/* End an actor's wait: by its timeout, if it has one, or by an abort. */
void op_wake(struct m_actor *actor, enum wait_result how);

/* All waits are ended. */
void op_wake_all(void);

/* A task ends, and another takes its place. */
void op_task_ends(struct m_space *space);

/*
 * After an operation of another kind: let run whom it has woken, on both sides.  Then everyone
 * waits in the kernel who waits in the model.
 */
void op_settle(void);

/* How often calls had this result. */
uint32_t model_call_results(mach_msg_return_t mr);

/* --- Of a message that has arrived (model_arrive.c) ---------------------------------------- */

/* As it should; without the body and the reply; in a buffer that cannot be written. */
mach_msg_return_t arrive(struct m_actor *actor, struct m_message *m, struct m_port *notify);
void arrive_bare(struct m_actor *actor, struct m_message *m);
void arrive_nowhere(struct m_actor *actor, struct m_message *m, struct m_port *notify);

/* It has come back to its sender, in the pseudo-received form. */
mach_msg_return_t come_back(struct m_actor *actor, struct m_message *m);

#endif /* TESTS_UNIT_MODEL_CALL_H */
