/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A memory object of ours: MIG's server of the package calls the functions here, while another
 * thread of ours touches the memory.
 */
#include "foreign.h"

#include <mach/memory_object.h>

#include "gnumach.h"
#include "mach_debug.h"
#include "memory_object_default_server.h"
#include "memory_object_server.h"

boolean_t memory_object_server(mach_msg_header_t *request, mach_msg_header_t *reply);
boolean_t memory_object_default_server(mach_msg_header_t *request, mach_msg_header_t *reply);

static mach_port_t object, control, object_name;
static unsigned int requests, returns, locked, supplied, changed, terminated, unlocks;
static unsigned int returned_word;
static enum { SUPPLY, ZEROS, FAIL } manner;

kern_return_t memory_object_init(mach_port_t memory_object, mach_port_t memory_control,
				 mach_port_t memory_object_name, vm_size_t page_size)
{
	check(memory_object == object && page_size == PAGE, "memory_object_init");
	control = memory_control;
	object_name = memory_object_name;
	answer("memory_object_ready",
	       memory_object_ready(memory_control, FALSE, MEMORY_OBJECT_COPY_DELAY), KERN_SUCCESS);
	return KERN_SUCCESS;
}

kern_return_t memory_object_terminate(mach_port_t memory_object, mach_port_t memory_control,
				      mach_port_t memory_object_name)
{
	(void) memory_object;
	terminated++;
	mach_port_destroy(mach_task_self(), memory_control);
	mach_port_destroy(mach_task_self(), memory_object_name);
	return KERN_SUCCESS;
}

kern_return_t memory_object_copy(mach_port_t old_object, mach_port_t old_control,
				 vm_offset_t offset, vm_size_t length, mach_port_t new_object)
{
	(void) old_object, (void) old_control, (void) offset, (void) length;
	mach_port_destroy(mach_task_self(), new_object);
	return KERN_SUCCESS;
}

static void supply(mach_port_t memory_control, vm_offset_t offset)
{
	vm_address_t page = new_page();

	*(unsigned int *) page = 0x1000 + offset;
	answer("memory_object_data_supply",
	       memory_object_data_supply(memory_control, offset, page, PAGE, TRUE, VM_PROT_NONE,
					 FALSE, object), KERN_SUCCESS);
}

kern_return_t memory_object_data_request(mach_port_t memory_object, mach_port_t memory_control,
					 vm_offset_t offset, vm_size_t length, vm_prot_t access)
{
	requests++;
	check(memory_object == object && memory_control == control && length == PAGE
	      && (access == VM_PROT_READ || access == (VM_PROT_READ | VM_PROT_WRITE)),
	      "memory_object_data_request");
	if (manner == SUPPLY)
		supply(memory_control, offset);
	else if (manner == ZEROS)
		answer("memory_object_data_unavailable",
		       memory_object_data_unavailable(memory_control, offset, length), KERN_SUCCESS);
	else
		answer("memory_object_data_error",
		       memory_object_data_error(memory_control, offset, length, KERN_FAILURE),
		       KERN_SUCCESS);
	drop(memory_control);
	return KERN_SUCCESS;
}

kern_return_t memory_object_data_unlock(mach_port_t memory_object, mach_port_t memory_control,
					vm_offset_t offset, vm_size_t length, vm_prot_t access)
{
	(void) memory_object, (void) access;
	unlocks++;
	memory_object_lock_request(memory_control, offset, length, MEMORY_OBJECT_RETURN_NONE, FALSE,
				   VM_PROT_NONE, MACH_PORT_NULL);
	drop(memory_control);
	return KERN_SUCCESS;
}

kern_return_t memory_object_lock_completed(mach_port_t memory_object, mach_port_t memory_control,
					   vm_offset_t offset, vm_size_t length)
{
	(void) memory_object, (void) memory_control, (void) offset;
	locked += length / PAGE;
	return KERN_SUCCESS;
}

kern_return_t memory_object_supply_completed(mach_port_t memory_object, mach_port_t memory_control,
					     vm_offset_t offset, vm_size_t length,
					     kern_return_t result, vm_offset_t error_offset)
{
	(void) memory_object, (void) memory_control, (void) offset, (void) error_offset;
	if (result == KERN_SUCCESS)
		supplied += length / PAGE;
	return KERN_SUCCESS;
}

kern_return_t memory_object_data_return(mach_port_t memory_object, mach_port_t memory_control,
					vm_offset_t offset, vm_offset_t data,
					mach_msg_type_number_t count, boolean_t dirty,
					boolean_t kernel_copy)
{
	(void) memory_object, (void) memory_control, (void) kernel_copy;
	check(offset == 0 && count == PAGE && dirty, "memory_object_data_return");
	returns++;
	returned_word = *(unsigned int *) data;
	mig_deallocate(data, count);
	return KERN_SUCCESS;
}

kern_return_t memory_object_change_completed(mach_port_t memory_object, boolean_t may_cache,
					     memory_object_copy_strategy_t strategy)
{
	(void) memory_object;
	changed += may_cache && strategy == MEMORY_OBJECT_COPY_DELAY;
	return KERN_SUCCESS;
}

/* Nobody makes us the default one: these are linked, and never called. */
kern_return_t memory_object_create(mach_port_t old_object, mach_port_t new_object, vm_size_t size,
				   mach_port_t new_control, mach_port_t name, vm_size_t page_size)
{
	(void) old_object, (void) new_object, (void) size, (void) new_control, (void) name;
	(void) page_size;
	return KERN_FAILURE;
}

kern_return_t memory_object_data_initialize(mach_port_t memory_object, mach_port_t memory_control,
					    vm_offset_t offset, vm_offset_t data,
					    mach_msg_type_number_t count)
{
	(void) memory_object, (void) memory_control, (void) offset, (void) data, (void) count;
	return KERN_FAILURE;
}

static boolean_t pager_demux(mach_msg_header_t *request, mach_msg_header_t *reply)
{
	return memory_object_server(request, reply) || memory_object_default_server(request, reply);
}

/* --- the other thread ------------------------------------------------------------------------- */

static vm_address_t mapped;
static volatile boolean_t touched;
static volatile unsigned int word_read;

static void touch_first(void)
{
	word_read = *(volatile unsigned int *) mapped;
	*(volatile unsigned int *) mapped = 0x77;
	touched = TRUE;
	end_thread();
}

static void touch_second(void)
{
	word_read = *(volatile unsigned int *) (mapped + PAGE);
	touched = TRUE;
	end_thread();
}

/* Without an exception: the kernel is to read it. */
static void touch_by_call(void)
{
	word_read = mach_msg((mach_msg_header_t *) (mapped + 2 * PAGE), MACH_SEND_MSG,
			     sizeof(mach_msg_header_t), 0, MACH_PORT_NULL, MACH_MSG_TIMEOUT_NONE,
			     MACH_PORT_NULL);
	touched = TRUE;
	end_thread();
}

/* Serve until the other thread has what it wants. */
static void touching(void (*function)(void), int how)
{
	manner = how;
	touched = FALSE;
	word_read = ~0u;
	drop(start_thread(function));
	for (unsigned int i = 0; i < 50 && !touched; i++)
		serve(object, pager_demux, 20);
	check(touched, "the thread has touched it");
}

static void serve_all(void)
{
	while (serve(object, pager_demux, 50))
		;
}

static void test_control(void)
{
	boolean_t ready, may_cache;
	memory_object_copy_strategy_t strategy;

	answer("memory_object_get_attributes",
	       memory_object_get_attributes(control, &ready, &may_cache, &strategy), KERN_SUCCESS);
	check(ready && !may_cache && strategy == MEMORY_OBJECT_COPY_DELAY, "as was said");
	answer("memory_object_lock_request",
	       memory_object_lock_request(control, 0, 4 * PAGE, MEMORY_OBJECT_RETURN_ALL, FALSE,
					  VM_PROT_NO_CHANGE, object), KERN_SUCCESS);
	serve_all();
	check(returns == 1 && returned_word == 0x77 && locked == 4,
	      "what was written comes back, and one completion");
	answer("memory_object_change_attributes",
	       memory_object_change_attributes(control, TRUE, MEMORY_OBJECT_COPY_DELAY, object),
	       KERN_SUCCESS);
	serve_all();
	check(changed == 1, "memory_object_change_completed");
	answer("vm_object_sync", vm_object_sync(object_name, 0, PAGE, FALSE, TRUE, FALSE),
	       KERN_SUCCESS);
	answer("memory_object_destroy", memory_object_destroy(control, KERN_FAILURE), KERN_SUCCESS);
	serve_all();
	check(terminated == 1, "memory_object_terminate");
}

static void test_object(void)
{
	vm_object_info_t info;
	mach_port_t shadow, copy;
	vm_page_info_array_t pages = NULL;
	mach_msg_type_number_t count = 0;

	answer("mach_vm_object_info", mach_vm_object_info(object_name, &info, &shadow, &copy),
	       KERN_SUCCESS);
	check(info.voi_pagesize == PAGE && info.voi_resident_page_count == 2
	      && (info.voi_state & VOI_STATE_PAGER_READY)
	      && info.voi_copy_strategy == MEMORY_OBJECT_COPY_DELAY, "its object has two pages");
	answer("mach_vm_object_pages", mach_vm_object_pages(object_name, &pages, &count),
	       KERN_SUCCESS);
	check(count == info.voi_resident_page_count, "as many as its information says");
	mig_deallocate((vm_address_t) pages, count * sizeof *pages);
}

void test_pager(void)
{
	mach_port_t manager = MACH_PORT_NULL;

	object = new_port();
	answer("vm_map of an object",
	       vm_map(mach_task_self(), &mapped, 4 * PAGE, 0, TRUE, object, 0, FALSE,
		      VM_PROT_READ | VM_PROT_WRITE, VM_PROT_ALL, VM_INHERIT_NONE), KERN_SUCCESS);
	touching(touch_first, SUPPLY);
	check(word_read == 0x1000, "the word supplied");
	serve_all();
	check(supplied == 1, "memory_object_supply_completed");
	touching(touch_second, ZEROS);
	check(word_read == 0, "a page of zeros");
	touching(touch_by_call, FAIL);
	check(word_read == MACH_SEND_INVALID_DATA && requests == 3, "a page that there is not");
	test_object();
	test_control();
	mig_deallocate(mapped, 4 * PAGE);
	mach_port_destroy(mach_task_self(), object);
	answer("vm_set_default_memory_manager",
	       vm_set_default_memory_manager(host_priv, &manager), KERN_SUCCESS);
	check(manager == MACH_PORT_NULL, "there is none, and it is only asked for");
}
