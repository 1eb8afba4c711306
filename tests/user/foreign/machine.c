/* SPDX-License-Identifier: BSD-2-Clause */
/* Subsystem mach_i386: descriptors and I/O ports; and states of threads that are the machine's. */
#include "foreign.h"

#include <mach/machine/mach_i386_types.h>
#include <mach/thread_status.h>

#include "mach_i386.h"

/* A data segment of ring 3 from an address on, a page long. */
static struct descriptor data_segment(vm_address_t base)
{
	return (struct descriptor) {
		.low_word = (base << 16) | (PAGE - 1),
		.high_word = (base & 0xff000000) | 0x0040f200 | ((base >> 16) & 0xff),
	};
}

static unsigned int read_through(unsigned int selector)
{
	unsigned int word;

	__asm__ volatile ("movw %w1, %%fs\n\tmovl %%fs:4, %0\n\tmovw %w2, %%fs"
			  : "=&r" (word) : "r" (selector), "r" (0));
	return word;
}

static void test_segments(void)
{
	vm_address_t page = new_page();
	struct descriptor descriptor = data_segment(page), found;
	mach_port_t thread = mach_thread_self();
	descriptor_list_t list = NULL;
	mach_msg_type_number_t count = 0;
	int selector = -1;

	((unsigned int *) page)[1] = 0x5e9;
	answer("i386_set_gdt", i386_set_gdt(thread, &selector, descriptor), KERN_SUCCESS);
	check((selector & 3) == 3 && read_through(selector) == 0x5e9, "memory through it");
	answer("i386_get_gdt", i386_get_gdt(thread, selector, &found), KERN_SUCCESS);
	check(found.low_word == descriptor.low_word, "it is what was set");
	answer("i386_set_ldt", i386_set_ldt(thread, 0x27, &descriptor, 1), KERN_SUCCESS);
	check(read_through(0x27) == 0x5e9, "memory through the LDT");
	answer("i386_get_ldt", i386_get_ldt(thread, 0x27, 1, &list, &count), KERN_SUCCESS);
	check(count == 1 && list[0].low_word == descriptor.low_word, "the same there");
	mig_deallocate((vm_address_t) list, count * sizeof *list);
	mig_deallocate(page, PAGE);
	drop(thread);
}

static void test_ports_of_the_machine(void)
{
	mach_port_t permission;
	unsigned char byte;

	answer("i386_io_perm_create, reversed",
	       i386_io_perm_create(device_master, 0x71, 0x70, &permission), KERN_INVALID_ARGUMENT);
	answer("i386_io_perm_create", i386_io_perm_create(device_master, 0x70, 0x71, &permission),
	       KERN_SUCCESS);
	answer("i386_io_perm_modify", i386_io_perm_modify(mach_task_self(), permission, TRUE),
	       KERN_SUCCESS);
	__asm__ volatile ("outb %1, $0x70\n\tinb $0x71, %0" : "=a" (byte) : "a" ((char) 0x0b));
	check(byte != 0xff, "the clock answers");
	answer("i386_io_perm_modify, back",
	       i386_io_perm_modify(mach_task_self(), permission, FALSE), KERN_SUCCESS);
	drop(permission);
}

static void test_states(void)
{
	struct i386_float_state floats;
	struct i386_isa_port_map_state ports;
	struct i386_debug_state debug = { .dr = { 0 } };
	mach_msg_type_number_t count = i386_FLOAT_STATE_COUNT;
	mach_port_t thread;

	thread_create(mach_task_self(), &thread);
	answer("floating point state",
	       thread_get_state(thread, i386_FLOAT_STATE, (thread_state_t) &floats, &count),
	       KERN_SUCCESS);
	check(count == i386_FLOAT_STATE_COUNT && !floats.initialized, "none yet");
	count = i386_ISA_PORT_MAP_STATE_COUNT;
	answer("I/O bitmap", thread_get_state(thread, i386_ISA_PORT_MAP_STATE,
					      (thread_state_t) &ports, &count), KERN_SUCCESS);
	check(ports.pm[0x70 / 8] == 0xff, "no ports");
	count = i386_DEBUG_STATE_COUNT;
	debug.dr[0] = 0x1000;
	answer("debug registers",
	       thread_set_state(thread, i386_DEBUG_STATE, (thread_state_t) &debug, count),
	       KERN_SUCCESS);
	debug.dr[0] = 0xc0000000;
	answer("debug registers, a kernel's address",
	       thread_set_state(thread, i386_DEBUG_STATE, (thread_state_t) &debug, count),
	       KERN_INVALID_ARGUMENT);
	thread_terminate(thread);
	drop(thread);
}

void test_machine(void)
{
	test_segments();
	test_ports_of_the_machine();
	test_states();
}
