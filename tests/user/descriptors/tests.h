/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of descriptors that users set, and what they share. */
#ifndef _DESCRIPTORS_TESTS_H_
#define _DESCRIPTORS_TESTS_H_

#include <mach.h>
#include <mach/i386/mach_i386.h>

#define SELF		mach_task_self()

/* Selectors of ring 3. */
#define LDT(index)	((index) << 3 | 7)
#define SLOT_0		0x4b
#define SLOT_1		0x53

/* Access bytes. */
#define DATA		0xf2
#define CODE		0xfa
#define ABSENT_DATA	0x72

/* A segment of 4 GiB. */
descriptor_t flat(unsigned int base, unsigned int access);

/* A thread that has never run, to hold descriptors; its end. */
mach_port_t idle_thread(void);
void end_thread(mach_port_t thread);

kern_return_t set_one(mach_port_t thread, unsigned int index, descriptor_t descriptor);

/* One entry of an LDT; all zero when there is none. */
descriptor_t get_one(mach_port_t thread, unsigned int index);

/* Set an entry of the calling thread's LDT, or a slot of its GDT. */
kern_return_t set_own(unsigned int index, descriptor_t descriptor);
kern_return_t set_own_slot(int *selector, descriptor_t descriptor);

/* The word at offset 0 of a segment, through fs.  Faults at load_word_at when that is bad. */
unsigned int load_word(unsigned int selector);
extern char load_word_at[], load_word_after[];

/* Put a selector into ss and back. */
void load_ss(void *selector);
extern char load_ss_at[];

/* Code that faults, for a segment that begins at far_base. */
extern char far_base[], far_int3[], far_hlt[], far_load[], far_trap[], far_int3_after[],
	far_hlt_at[], far_load_at[], far_trap_after[];

void test_set_ldt(void);
void test_bad_arguments(void);
void test_access_bytes(void);
void test_kernel_entries(void);
void test_many_entries(void);
void test_gap(void);
void test_many_bad_lists(void);
void test_ldt_ends(void);
void test_bad_slots(void);
void test_slots(void);

void test_fs_ldt(void);
void test_fs_slot(void);
void test_each_thread(void);
void test_changed_meanwhile(void);
void test_taken_meanwhile(void);
void test_absent(void);
void test_far_code(void);
void test_all_at_once(void);

#endif
