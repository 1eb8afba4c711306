/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies of what a pager forbids or does not have; and who pays for what a pager does not receive. */
#include <libmach/thread.h>
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/mach_host.h>
#include <mach/mach_traps.h>
#include <mach/memory_object.h>
#include <mach/notify.h>
#include <mach/processor_info.h>
#include <mach/vm_sync.h>

#include "../common/pager.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "../common/worker.h"
#include "tests.h"

/* A second thread that makes one call on our memory. */
struct caller {
	void		(*call)(struct caller *caller);
	vm_offset_t	base, data;
	vm_size_t	size, got;
	mach_port_t	task, thread;
	kern_return_t	result;
};

static void caller_body(void *argument)
{
	struct caller *caller = argument;

	caller->call(caller);
}

static void caller_start(struct caller *caller)
{
	EXPECT(mach_thread_prepare(caller_body, caller, &caller->thread), KERN_SUCCESS);
	EXPECT(thread_resume(caller->thread), KERN_SUCCESS);
}

static void read_it(struct caller *caller)
{
	caller->result = vm_read(SELF, caller->base, caller->size, &caller->data, &caller->got);
}

static void fork_it(struct caller *caller)
{
	caller->result = task_create(SELF, TRUE, &caller->task);
}

/* --- Strategy NONE ---------------------------------------------------------------------------- */

/* What is copied at once is unlocked first, as for any other reader. */
void test_copy_locked(void)
{
	static struct caller caller;
	struct object object;

	caller = (struct caller) { .call = read_it, .size = 2 * PAGE_SIZE };
	caller.base = object_map_new(&object, 2);
	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_NONE);
	page_in(&object, caller.base, 0, 1);
	page_in(&object, caller.base, PAGE_SIZE, 2);
	EXPECT(memory_object_lock_request(object.control, PAGE_SIZE, PAGE_SIZE,
		MEMORY_OBJECT_RETURN_NONE, FALSE, VM_PROT_READ, MACH_PORT_NULL), KERN_SUCCESS);
	caller_start(&caller);
	expect_request(&object, 2204, PAGE_SIZE, VM_PROT_READ);
	EXPECT(memory_object_lock_request(object.control, PAGE_SIZE, PAGE_SIZE,
		MEMORY_OBJECT_RETURN_NONE, FALSE, VM_PROT_NONE, MACH_PORT_NULL), KERN_SUCCESS);
	mach_thread_join(caller.thread);
	EXPECT(caller.result, KERN_SUCCESS);
	EXPECT(*(char *) caller.data, 1);
	EXPECT(*(char *) (caller.data + PAGE_SIZE), 2);
	EXPECT(vm_deallocate(SELF, caller.data, caller.got), KERN_SUCCESS);
	object_unmap_last(&object, caller.base, 2);
}

/* A snapshot gets no copy of a locked page that goes, but asks for it. */
void test_snapshot_locked(void)
{
	static struct caller caller;
	struct object object;
	vm_offset_t copy = 0;

	caller = (struct caller) { .call = read_it, .size = PAGE_SIZE };
	caller.base = object_map_new(&object, 1);
	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	page_in(&object, caller.base, 0, 1);
	EXPECT(vm_allocate(SELF, &copy, PAGE_SIZE, TRUE), KERN_SUCCESS);
	EXPECT(vm_copy(SELF, caller.base, PAGE_SIZE, copy), KERN_SUCCESS);
	EXPECT(memory_object_lock_request(object.control, 0, PAGE_SIZE,
		MEMORY_OBJECT_RETURN_NONE, FALSE, VM_PROT_READ, MACH_PORT_NULL), KERN_SUCCESS);
	EXPECT(memory_object_lock_request(object.control, 0, PAGE_SIZE,
		MEMORY_OBJECT_RETURN_DIRTY, TRUE, 8, MACH_PORT_NULL), KERN_SUCCESS);
	expect_quiet(&object);
	page_in(&object, copy, 0, 3);
	EXPECT(vm_deallocate(SELF, copy, PAGE_SIZE), KERN_SUCCESS);
	object_unmap_last(&object, caller.base, 1);
}

/* --- A pager fails a fork ------------------------------------------------------------------------ */

/* The child has what is there; who touches the rest is told what the parent would have been. */
void test_fork_error(void)
{
	static struct caller caller;
	struct object object;
	vm_offset_t data;
	vm_size_t size;

	for (int round = 0; round < 2; round++) {
		caller = (struct caller) { .call = fork_it };
		caller.base = object_map_new(&object, 3);
		object_ready(&object, FALSE, MEMORY_OBJECT_COPY_NONE);
		page_in(&object, caller.base, 0, 1);
		page_in(&object, caller.base, 2 * PAGE_SIZE, 3);
		*(char *) caller.base = 7;
		caller_start(&caller);
		expect_request(&object, 2203, PAGE_SIZE, VM_PROT_READ);
		EXPECT(memory_object_data_error(object.control, PAGE_SIZE, PAGE_SIZE, 5),
			KERN_SUCCESS);
		mach_thread_join(caller.thread);
		if (!EXPECT(caller.result, KERN_SUCCESS))
			break;
		*(char *) caller.base = 8;
		EXPECT(vm_read(caller.task, caller.base, PAGE_SIZE, &data, &size), KERN_SUCCESS);
		EXPECT(*(char *) data, 7);
		EXPECT(vm_deallocate(SELF, data, size), KERN_SUCCESS);
		EXPECT(vm_read(caller.task, caller.base + 2 * PAGE_SIZE, 8, &data, &size),
			KERN_SUCCESS);
		EXPECT(*(char *) data, 3);
		EXPECT(vm_deallocate(SELF, data, PAGE_SIZE), KERN_SUCCESS);
		EXPECT(vm_read(caller.task, caller.base + PAGE_SIZE, 8, &data, &size),
			KERN_MEMORY_ERROR);
		EXPECT(vm_msync(caller.task, caller.base, PAGE_SIZE, 0), KERN_MEMORY_ERROR);
		EXPECT(task_terminate(caller.task), KERN_SUCCESS);
		EXPECT(mach_port_deallocate(SELF, caller.task), KERN_SUCCESS);
		EXPECT(vm_deallocate(SELF, caller.base, 3 * PAGE_SIZE), KERN_SUCCESS);
		expect_return(&object, 0, 1, 8, TRUE, FALSE);
		expect_terminate(&object);
		object_end(&object);
	}
}

static int task_count(void)
{
	mach_msg_type_number_t count = PROCESSOR_SET_BASIC_INFO_COUNT;
	struct processor_set_basic_info info = { .task_count = 0 };
	mach_port_t set = MACH_PORT_NULL, host = MACH_PORT_NULL;

	EXPECT(processor_set_default(tap_host_priv, &set), KERN_SUCCESS);
	EXPECT(processor_set_info(set, PROCESSOR_SET_BASIC_INFO, &host, (int *) &info, &count),
		KERN_SUCCESS);
	mach_port_deallocate(SELF, host);
	mach_port_deallocate(SELF, set);
	return info.task_count;
}

static vm_offset_t result_page;

static void fork_to_page(struct caller *caller)
{
	caller->result = syscall_task_create(SELF, TRUE, (mach_port_t *) result_page);
}

/* The name cannot be written any more when the child is there: it goes. */
void test_fork_unnamed(void)
{
	static struct caller caller;
	struct object object;
	natural_t names = port_count();
	int tasks = task_count();

	caller = (struct caller) { .call = fork_to_page };
	caller.base = object_map_new(&object, 1);
	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_NONE);
	EXPECT(vm_allocate(SELF, &result_page, PAGE_SIZE, TRUE), KERN_SUCCESS);
	EXPECT(mach_thread_prepare(caller_body, &caller, &caller.thread), KERN_SUCCESS);
	EXPECT(thread_resume(caller.thread), KERN_SUCCESS);
	expect_request(&object, 2203, 0, VM_PROT_READ);
	EXPECT(vm_deallocate(SELF, result_page, PAGE_SIZE), KERN_SUCCESS);
	EXPECT(supply(&object, 0, 1, VM_PROT_NONE, FALSE, MACH_PORT_NULL), KERN_SUCCESS);
	mach_thread_join(caller.thread);
	EXPECT(caller.result, KERN_INVALID_ADDRESS);
	EXPECT(task_count(), tasks);
	object_unmap_last(&object, caller.base, 1);
	EXPECT(port_count(), names);
}

/* --- What is not received ------------------------------------------------------------------------- */

#define PAGES		4u
#define MESSAGES	8u	/* of so many pages, that the limit allows */

static void write_all(vm_offset_t base, int byte)
{
	for (unsigned int i = 0; i < PAGES; i++)
		*(volatile char *) (base + i * PAGE_SIZE) = (char) byte;
}

/* KM-1: who asks for pages pays for them until they are received; beyond the limit nothing is lost. */
void test_returned_paid(void)
{
	struct object object;
	vm_offset_t base = object_map_new(&object, PAGES);
	mach_port_t reply = port_new();
	vm_size_t current, maximum;
	static struct message message;

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	for (unsigned int i = 0; i < PAGES; i++)
		page_in(&object, base, i * PAGE_SIZE, 1);
	EXPECT(vm_get_size_limit(SELF, &current, &maximum), KERN_SUCCESS);
	EXPECT(vm_set_size_limit(tap_host_priv, SELF, MESSAGES * PAGES * PAGE_SIZE, maximum),
		KERN_SUCCESS);
	for (unsigned int n = 0; n < MESSAGES; n++) {
		write_all(base, n);
		if (n % 2 == 0) {
			EXPECT(vm_msync(SELF, base, PAGES * PAGE_SIZE, 0), KERN_SUCCESS);
			continue;
		}
		EXPECT(memory_object_lock_request(object.control, 0, PAGES * PAGE_SIZE,
			MEMORY_OBJECT_RETURN_ALL, FALSE, 8, reply), KERN_SUCCESS);
		EXPECT(message_receive(&message, reply), MACH_MSG_SUCCESS);
		EXPECT(message.header.msgh_id, 2206);
		EXPECT(mach_port_deallocate(SELF, message.body[1]), KERN_SUCCESS);
	}
	write_all(base, MESSAGES);
	EXPECT(vm_msync(SELF, base, PAGES * PAGE_SIZE, 0), KERN_RESOURCE_SHORTAGE);
	EXPECT(vm_object_sync(object.name, 0, ~0u, FALSE, TRUE, TRUE), KERN_RESOURCE_SHORTAGE);
	/* No completion where there is nothing complete. */
	EXPECT(memory_object_lock_request(object.control, 0, PAGES * PAGE_SIZE,
		MEMORY_OBJECT_RETURN_ALL, TRUE, VM_PROT_WRITE, reply), KERN_SUCCESS);
	EXPECT(message_receive(&message, reply), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_id, MACH_NOTIFY_SEND_ONCE);
	EXPECT(vm_set_size_limit(tap_host_priv, SELF, current, maximum), KERN_SUCCESS);
	for (unsigned int n = 0; n < MESSAGES; n++)
		expect_return(&object, 0, PAGES, n, TRUE, TRUE);
	EXPECT(vm_msync(SELF, base, PAGES * PAGE_SIZE, 0), KERN_SUCCESS);
	expect_return(&object, 0, PAGES, MESSAGES, TRUE, TRUE);
	port_destroy(reply);
	object_unmap_last(&object, base, PAGES);
}

/* --- a message comes to a page that does not ------------------------------------------------- */

static void receive_there(struct caller *caller)
{
	caller->result = mach_msg_trap((mach_msg_header_t *) caller->base, MACH_RCV_MSG, 0,
		(mach_msg_size_t) caller->size, (mach_port_t) caller->data, 0, MACH_PORT_NULL);
}

/* From a client that waits for the answer, straight to a thread that waits, too. */
static void lose_message(mach_port_t port, mach_port_t reply, boolean_t with_right)
{
	static struct worker client;
	struct object object;
	struct caller receiver = {
		.call = receive_there, .base = object_map_new(&object, 1), .size = 100,
		.data = port,
	};

	object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
	caller_start(&receiver);
	sleep_for(20);
	client = (struct worker) { .option = MACH_SEND_MSG | MACH_RCV_MSG, .receive = reply };
	message_init(&client.message, port, MACH_MSG_TYPE_COPY_SEND, reply,
		MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message_word(&client.message, TYPE_INLINE | 1 << 16 | 32 << 8 | MACH_MSG_TYPE_INTEGER_32);
	message_word(&client.message, 77);
	if (with_right)
		message_right(&client.message, reply, MACH_MSG_TYPE_MAKE_SEND);
	worker_start(&client);
	expect_request(&object, 2203, 0, VM_PROT_DEFAULT);
	EXPECT(memory_object_data_error(object.control, 0, PAGE_SIZE, 77), KERN_SUCCESS);
	mach_thread_join(receiver.thread);
	EXPECT(receiver.result, MACH_RCV_INVALID_DATA);
	EXPECT(worker_end(&client), MACH_MSG_SUCCESS);
	EXPECT(client.message.header.msgh_id, MACH_NOTIFY_SEND_ONCE);
	EXPECT(port_type(reply), MACH_PORT_TYPE_RECEIVE);
	object_unmap_last(&object, receiver.base, 1);
}

void test_lost_receive(void)
{
	mach_port_t port = port_new_with_send(1), reply = port_new();

	lose_message(port, reply, FALSE);
	lose_message(port, reply, TRUE);
	port_destroy(port);
	port_destroy(reply);
}
