/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of the flavours of thread state. */
#ifndef _REGISTERS_TESTS_H_
#define _REGISTERS_TESTS_H_

#include <mach.h>

#define SELF	mach_task_self()

/* A thread that has never run; its end. */
mach_port_t idle_thread(void);
void end_thread(mach_port_t thread);

/* State of a flavour, which must be of so many words. */
void get_state(mach_port_t thread, int flavor, void *state, unsigned int count);
kern_return_t set_state(mach_port_t thread, int flavor, const void *state, unsigned int count);

/* A word that is no flavour's business. */
unsigned int next_random(void);

/* flavors.c */
void test_counts(void);
void test_flags(void);
void test_selectors(void);
void test_port_map(void);
void test_v86(void);
void test_self_state(void);
void test_never_ran(void);

/* float.c */
void test_xstate_size(void);
void test_fresh_float(void);
void test_xstate_of_thread(void);
void test_xstate_refused(void);
void test_mxcsr(void);
void test_random_images(void);
void test_pending_error(void);
void test_clean_registers(void);

/* debug.c */
void test_breakpoint(void);
void test_four_watchpoints(void);
void test_watched_arguments(void);
void test_debug_limits(void);
void test_debug_elsewhere(void);
void test_shadowed_watchpoint(void);

/* stopped.c */
void test_in_receive(void);
void test_in_exception(void);
void test_running(void);
void test_flags_survive(void);

/* places.c */
void test_all_places(void);

/* Code that stops (code.S). */
void receive_by(unsigned int sysenter, const unsigned int *arguments);
extern char receive_lcall_after[], receive_sysenter_after[];
void mark_and_break(void *unused);
extern char mark_and_break_after[];
void count_up(void *unused);
extern char count_up_at[];
extern volatile unsigned int counted;
void store_words(unsigned int *words);
extern char store_words_after[];
extern unsigned int watched_arguments[];
void trap_with_arguments(unsigned int sysenter);
void shadow_int3(const unsigned int *watched), shadow_lcall(const unsigned int *watched);
void shadow_sysenter(const unsigned int *watched);

#endif
