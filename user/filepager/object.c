/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file's memory object, seen from its pager: what the kernel says, and what one answers.
 *
 * A memory object is a port of ours.  A client that has a send right gives it to vm_map; then the
 * kernel sends to that port, as somebody's touching the memory demands:
 *
 *	memory_object_init		first mapping	-> memory_object_ready
 *	memory_object_data_request	a page, please	-> data_supply, or data_error
 *	memory_object_data_return	a page changed: here it is
 *	memory_object_terminate		nobody maps it any more
 *
 * Answers go to the object's *control port*, a right to which comes with each message.  A thread that
 * has touched a page stands still until the answer is there: a pager that needs long delays
 * others, one that never answers hangs them.
 *
 * All messages about one object come through one port, in order: when the file is mapped again at
 * once, what was written is returned before it is asked for.
 */
#include <libmach/print.h>
#include <mach.h>
#include <mach/memory_object.h>
#include <mach/memory_object_S.h>
#include <mach/vm_param.h>

#include "contents.h"

/* A routine that returns success owns the rights that the message has brought. */
static void give_up(mach_port_t right)
{
	mach_port_deallocate(mach_task_self(), right);
}

/*
 * The first mapping.  Until it hears that we are ready the kernel asks for nothing.  We say: do not
 * keep the pages when nobody maps them (so that changes come back at once), and copy them only
 * when somebody writes.
 */
kern_return_t memory_object_init(mach_port_t object, mach_port_t control, mach_port_t name,
	vm_size_t page_size)
{
	(void) object, (void) page_size;
	printf("[filepager] The kernel says: somebody maps the file. I am ready.\n");
	memory_object_ready(control, FALSE, MEMORY_OBJECT_COPY_DELAY);
	give_up(control);
	give_up(name);
	return KERN_SUCCESS;
}

/*
 * Somebody has touched a page that is not in memory.  The page that we supply is moved, not copied
 * (TRUE: deallocate); the kernel need not give it back unchanged (FALSE: precious).
 */
kern_return_t memory_object_data_request(mach_port_t object, mach_port_t control,
	vm_offset_t offset, vm_size_t length, vm_prot_t access)
{
	vm_offset_t page;
	kern_return_t result = KERN_INVALID_ARGUMENT;

	(void) object;
	printf("[filepager] The page at offset %u is wanted, for %s.\n", offset,
		access & VM_PROT_WRITE ? "writing" : "reading");
	if (offset < round_page(contents_size()))
		result = contents_read(offset, &page);
	if (result == KERN_SUCCESS)
		memory_object_data_supply(control, offset, page, PAGE_SIZE, TRUE, VM_PROT_NONE,
			FALSE, MACH_PORT_NULL);
	else	/* who has touched it gets an exception */
		memory_object_data_error(control, offset, length, result);
	give_up(control);
	return KERN_SUCCESS;
}

/*
 * Changed pages.  The data is ours; the kernel's own copy is gone, or not (kernel_copy), but it
 * holds nothing that we have not.
 */
kern_return_t memory_object_data_return(mach_port_t object, mach_port_t control,
	vm_offset_t offset, vm_offset_t data, mach_msg_type_number_t size, boolean_t dirty,
	boolean_t kernel_copy)
{
	kern_return_t result = KERN_SUCCESS;

	(void) object, (void) kernel_copy;
	printf("[filepager] %u bytes at offset %u come back%s.\n", size, offset,
		dirty ? ", changed: I write them" : "");
	if (dirty)
		result = contents_write(offset, data, size);
	if (result != KERN_SUCCESS)
		mach_error("[filepager] they are lost", result);
	vm_deallocate(mach_task_self(), data, size);
	give_up(control);
	return KERN_SUCCESS;
}

/*
 * The end of what began with init: the kernel gives us the receive rights of its two ports, which
 * have served their purpose.  Our own port stays, and the file can be mapped again.
 */
kern_return_t memory_object_terminate(mach_port_t object, mach_port_t control, mach_port_t name)
{
	(void) object;
	printf("[filepager] Nobody maps the file any more.\n");
	mach_port_destroy(mach_task_self(), control);
	mach_port_destroy(mach_task_self(), name);
	return KERN_SUCCESS;
}

/* --- What we have not asked for: no page is locked, no completion wanted, no copy by call ----- */

kern_return_t memory_object_data_unlock(mach_port_t object, mach_port_t control,
	vm_offset_t offset, vm_size_t length, vm_prot_t access)
{
	(void) object, (void) control, (void) offset, (void) length, (void) access;
	return KERN_FAILURE;
}

kern_return_t memory_object_copy(mach_port_t old_object, mach_port_t old_control,
	vm_offset_t offset, vm_size_t length, mach_port_t new_object)
{
	(void) old_object, (void) old_control, (void) offset, (void) length, (void) new_object;
	return KERN_FAILURE;
}

kern_return_t memory_object_lock_completed(mach_port_t object, mach_port_t control,
	vm_offset_t offset, vm_size_t length)
{
	(void) object, (void) control, (void) offset, (void) length;
	return KERN_FAILURE;
}

kern_return_t memory_object_supply_completed(mach_port_t object, mach_port_t control,
	vm_offset_t offset, vm_size_t length, kern_return_t result, vm_offset_t error_offset)
{
	(void) object, (void) control, (void) offset, (void) length, (void) result;
	(void) error_offset;
	return KERN_FAILURE;
}

kern_return_t memory_object_change_completed(mach_port_t object, boolean_t may_cache,
	memory_object_copy_strategy_t strategy)
{
	(void) object, (void) may_cache, (void) strategy;
	return KERN_FAILURE;
}
