/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel says to its default pager.  These memory objects are the kernel's own: it makes
 * one when it wants to get rid of pages that are nobody's file.
 *
 *	memory_object_create		here is a port: its receiver shall keep pages
 *	memory_object_data_initialize	the first contents of some pages
 *	memory_object_data_return	other contents
 *	memory_object_data_request	give me a page back	-> data_supply
 *	memory_object_supply_completed	I have it, and it is mine now
 *	memory_object_terminate		none of it is needed any more
 *
 * The answer to a request is the page, as it was: who waits for it has done nothing wrong, and a
 * program without its memory can only die.  So a request for which there is no memory now waits:
 * pages that go to the disk meanwhile make some free.
 */
#include <device/device.h>
#include <libmach/print.h>
#include <mach.h>
#include <mach/memory_object.h>
#include <mach/memory_object_S.h>
#include <mach/memory_object_default_S.h>
#include <mach/vm_param.h>

#include "object.h"
#include "pages.h"

static mach_port_t all_ports;

void objects_init(mach_port_t set)
{
	all_ports = set;
}

/* A routine that returns success owns what the message has brought. */
static void give_up(mach_port_t right)
{
	mach_port_deallocate(mach_task_self(), right);
}

/* The object is to hear when nobody can send to it any more. */
static kern_return_t watch(mach_port_t port)
{
	mach_port_t previous;

	return mach_port_request_notification(mach_task_self(), port, MACH_NOTIFY_NO_SENDERS, 1,
		port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
}

static void end(struct object *object, mach_port_t port)
{
	pages_drop(object);
	mach_port_destroy(mach_task_self(), port);
}

/*
 * The kernel does not wait for memory_object_ready here, and each message brings a right to the
 * control port: there is nothing to keep but the new port.  The size is how much may come at most.
 */
kern_return_t memory_object_create(mach_port_t manager, mach_port_t port, vm_size_t size,
	mach_port_t control, mach_port_t name, vm_size_t page_size)
{
	struct object *object;

	(void) manager, (void) size, (void) page_size;
	give_up(control);
	give_up(name);
	object = table_new_object(port);
	if (object == NULL) {
		printf("[default-pager] I cannot take another object: it dies.\n");
		mach_port_destroy(mach_task_self(), port);
	} else if (mach_port_move_member(mach_task_self(), port, all_ports) != KERN_SUCCESS
			|| watch(port) != KERN_SUCCESS) {
		printf("[default-pager] I cannot watch another object: it dies.\n");
		end(object, port);
	}
	return KERN_SUCCESS;
}

void objects_lost(mach_port_t port)
{
	struct object *object = table_object(port);

	if (object != NULL)
		end(object, port);
}

static kern_return_t take(mach_port_t port, mach_port_t control, vm_offset_t offset,
	vm_offset_t data, vm_size_t size, boolean_t only_new)
{
	struct object *object = table_object(port);

	if (object == NULL || (offset | data | size) % PAGE_SIZE != 0)
		return KERN_INVALID_ARGUMENT;
	if (!pages_put(object, offset / PAGE_SIZE, data, size / PAGE_SIZE, only_new)) {
		printf("[default-pager] FAILED: no memory for a record. An object dies, and whoever needs it.\n");
		end(object, port);
	}
	give_up(control);
	return KERN_SUCCESS;
}

/* Contents to begin with: if there are others already, those are the newer ones. */
kern_return_t memory_object_data_initialize(mach_port_t port, mach_port_t control,
	vm_offset_t offset, vm_offset_t data, mach_msg_type_number_t size)
{
	return take(port, control, offset, data, size, TRUE);
}

kern_return_t memory_object_data_return(mach_port_t port, mach_port_t control,
	vm_offset_t offset, vm_offset_t data, mach_msg_type_number_t size, boolean_t dirty,
	boolean_t kernel_copy)
{
	(void) dirty, (void) kernel_copy;
	return take(port, control, offset, data, size, FALSE);
}

/* Will it be different when memory is free again? */
static boolean_t is_shortage(kern_return_t result)
{
	switch (result) {
	case KERN_RESOURCE_SHORTAGE:
	case D_NO_MEMORY:
	case MACH_SEND_NO_BUFFER:
		return TRUE;
	default:
		return (result & MACH_MSG_VM_KERNEL) != 0
			&& (result & ~MACH_MSG_MASK) >= MACH_SEND_IN_PROGRESS;
	}
}

static kern_return_t send_page(struct object *object, mach_port_t control, uint32_t number)
{
	vm_offset_t data;
	kern_return_t result = pages_get(object, number, &data);

	if (result != KERN_SUCCESS)
		return result;
	result = memory_object_data_supply(control, number * PAGE_SIZE, data, PAGE_SIZE, TRUE,
		VM_PROT_NONE, FALSE, object->port);
	if (result == KERN_SUCCESS)
		pages_supplied(object, number);
	else
		vm_deallocate(mach_task_self(), data, PAGE_SIZE);
	return result;
}

/*
 * What never came to us is zeros.
 *
 * Returns: false when there is no memory for an answer now.
 */
static boolean_t supply(struct object *object, mach_port_t control, uint32_t number)
{
	kern_return_t result;

	if (!pages_has(object, number))
		return !is_shortage(memory_object_data_unavailable(control, number * PAGE_SIZE,
			PAGE_SIZE));
	result = send_page(object, control, number);
	if (result != KERN_SUCCESS && result != MACH_SEND_INVALID_DEST && !is_shortage(result)) {
		mach_error("[default-pager] FAILED to read a page", result);
		result = memory_object_data_error(control, number * PAGE_SIZE, PAGE_SIZE, result);
	}
	return !is_shortage(result);
}

/* The kernel asks for one page at a time. */
kern_return_t memory_object_data_request(mach_port_t port, mach_port_t control,
	vm_offset_t offset, vm_size_t length, vm_prot_t access)
{
	struct object *object = table_object(port);

	(void) access;
	if (object == NULL || offset % PAGE_SIZE != 0 || length != PAGE_SIZE)
		return KERN_INVALID_ARGUMENT;
	if (supply(object, control, offset / PAGE_SIZE)
			|| !pages_want(object, offset / PAGE_SIZE, control))
		give_up(control);
	return KERN_SUCCESS;
}

void objects_try_again(void)
{
	struct page *page;

	pages_write_kept();
	while ((page = pages_wanted()) != NULL
			&& supply(page->object, page->control, page->number))
		pages_not_wanted(page);
}

kern_return_t memory_object_supply_completed(mach_port_t port, mach_port_t control,
	vm_offset_t offset, vm_size_t length, kern_return_t result, vm_offset_t error_offset)
{
	struct object *object = table_object(port);

	(void) error_offset;
	if (object == NULL || length != PAGE_SIZE)
		return KERN_INVALID_ARGUMENT;
	pages_completed(object, offset / PAGE_SIZE, result == KERN_SUCCESS);
	give_up(control);
	return KERN_SUCCESS;
}

kern_return_t memory_object_terminate(mach_port_t port, mach_port_t control, mach_port_t name)
{
	struct object *object = table_object(port);

	if (object == NULL)
		return KERN_INVALID_ARGUMENT;
	end(object, port);
	mach_port_destroy(mach_task_self(), control);
	mach_port_destroy(mach_task_self(), name);
	return KERN_SUCCESS;
}

/* The kernel may be too short of memory for the message above: then only the port goes. */
boolean_t objects_notified(mach_msg_header_t *request, mach_msg_header_t *reply)
{
	mach_port_t port = request->msgh_local_port;
	struct object *object = table_object(port);

	if (request->msgh_id != MACH_NOTIFY_NO_SENDERS || object == NULL)
		return FALSE;
	end(object, port);
	((mig_reply_header_t *) reply)->RetCode = MIG_NO_REPLY;
	return TRUE;
}

/* --- What the kernel does not ask of its default pager -------------------------------------- */

kern_return_t memory_object_init(mach_port_t port, mach_port_t control, mach_port_t name,
	vm_size_t page_size)
{
	(void) port, (void) control, (void) name, (void) page_size;
	return KERN_FAILURE;
}

kern_return_t memory_object_data_unlock(mach_port_t port, mach_port_t control,
	vm_offset_t offset, vm_size_t length, vm_prot_t access)
{
	(void) port, (void) control, (void) offset, (void) length, (void) access;
	return KERN_FAILURE;
}

kern_return_t memory_object_copy(mach_port_t old_object, mach_port_t old_control,
	vm_offset_t offset, vm_size_t length, mach_port_t new_object)
{
	(void) old_object, (void) old_control, (void) offset, (void) length, (void) new_object;
	return KERN_FAILURE;
}

kern_return_t memory_object_lock_completed(mach_port_t port, mach_port_t control,
	vm_offset_t offset, vm_size_t length)
{
	(void) port, (void) control, (void) offset, (void) length;
	return KERN_FAILURE;
}

kern_return_t memory_object_change_completed(mach_port_t port, boolean_t may_cache,
	memory_object_copy_strategy_t strategy)
{
	(void) port, (void) may_cache, (void) strategy;
	return KERN_FAILURE;
}
