/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files that make up tests/unit/race.h. */
#ifndef TESTS_UNIT_RACE_I_H
#define TESTS_UNIT_RACE_I_H

#include <tests/unit/race.h>

struct racer {
	struct thread *thread;		/* in watched memory */
	unsigned int actor;
	struct step step[RACE_STEPS];
	unsigned int steps, at;
	bool declared;			/* it is going to wait, or waits */
	bool timer;			/* of the wait */
	bool call_receives;		/* second half of a call in two parts */
	uint32_t buffer[64];		/* for messages */
	char log[1024];
};

struct racer *race_racer(unsigned int actor);	/* NULL: no such */
struct racer *racer_of(struct thread *thread);
struct thread *race_main_thread(void);

extern uint32_t race_hand_overs;	/* times that the fast path was taken */

uint32_t race_live(void);		/* kernel objects and buffers */
void race_take_down(void);
void race_cpus_reset(void);
void race_switched(int actor);

/* The next step, or the end. */
_Noreturn void racer_goes_on(struct racer *racer);

/* What exceptions leave in threads and tasks (race_raise.c). */
struct ipc_check;
void race_exceptions_visit(struct ipc_check *check);
void race_exceptions_take_down(void);

struct vm_map_copy;
const uint32_t *race_copy_words(const struct vm_map_copy *copy, uint32_t *count);

/* What a step has to say. */
void racer_say(struct racer *racer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Labels: "P", "0", "dead", "new". */
char race_label(struct task *task, mach_port_name_t name);
const char *race_name_text(struct task *task, mach_port_name_t name);
const char *race_port_text(const struct ipc_port *port);
void race_port_label(char label, struct ipc_port *port);

#endif /* TESTS_UNIT_RACE_I_H */
