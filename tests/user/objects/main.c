/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel objects that are found while they go, ports typed by users, and the order of checks. */
#include <device/device.h>
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/vm_param.h>
#include <mach/vm_sync.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"

#define SELF		mach_task_self()
#define USER_DEVICE	28u		/* a type that users may give to a port of theirs */

/* --- vm_msync ------------------------------------------------------------------------------- */

static void test_msync(void)
{
	mach_port_t thread = mach_thread_self();
	vm_address_t page = 0;

	EXPECT(vm_allocate(SELF, &page, PAGE_SIZE, TRUE), KERN_SUCCESS);
	EXPECT(vm_msync(thread, page, PAGE_SIZE, VM_SYNC_SYNCHRONOUS), KERN_INVALID_ARGUMENT);
	EXPECT(vm_msync(SELF, page, PAGE_SIZE, VM_SYNC_SYNCHRONOUS | VM_SYNC_ASYNCHRONOUS),
		KERN_INVALID_ARGUMENT);
	EXPECT(vm_msync(SELF, page, 0, VM_SYNC_SYNCHRONOUS), KERN_SUCCESS);
	EXPECT(vm_msync(SELF, page, 0, VM_SYNC_ASYNCHRONOUS), KERN_SUCCESS);
	EXPECT(vm_msync(SELF, page, PAGE_SIZE, VM_SYNC_SYNCHRONOUS), KERN_INVALID_ARGUMENT);
	EXPECT(vm_msync(MACH_PORT_NULL, page, 0, VM_SYNC_SYNCHRONOUS), MACH_SEND_INVALID_DEST);
	EXPECT(vm_deallocate(SELF, page, PAGE_SIZE), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, thread), KERN_SUCCESS);
}

/* --- found by name while the last right goes --------------------------------------------------- */

#define ROUNDS	3000
#define THREADS	3

static volatile boolean_t stop;

static void open_and_close(void *argument)
{
	static const char names[2][128] = { "console", "com0" };
	const char *name = names[(uintptr_t) argument & 1];

	for (int i = 0; i < ROUNDS; i++) {
		mach_port_t device = MACH_PORT_NULL;

		EXPECT(device_open(tap_device_master, 0, name, &device), 0);
		if (i % 64 == 0)
			swtch_pri(0);
		EXPECT(mach_port_deallocate(SELF, device), KERN_SUCCESS);
	}
}

static void test_devices(void)
{
	mach_port_t thread[THREADS];

	for (int i = 0; i < THREADS; i++)
		EXPECT(mach_thread_start(open_and_close, (void *) (uintptr_t) i, &thread[i]),
			KERN_SUCCESS);
	for (int i = 0; i < THREADS; i++)
		mach_thread_join(thread[i]);
}

/* msg-accepted requests are found by name: they are made, fired and lose their name at once. */
static mach_port_t full;

static void receive_always(void *argument)
{
	struct message message;

	while (!stop)
		message_receive_wait(&message, full, 1);
	(void) argument;
}

static void test_requests(void)
{
	mach_port_t notify = port_new(), thread;
	unsigned int accepted = 0, expected = 0;
	struct message message;

	full = port_new_with_send(1);
	stop = FALSE;
	EXPECT(mach_port_set_qlimit(SELF, full, 1), KERN_SUCCESS);
	EXPECT(mach_thread_start(receive_always, NULL, &thread), KERN_SUCCESS);
	for (int i = 0; i < ROUNDS; i++) {
		mach_msg_return_t mr;

		message_init(&message, full, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
		mr = mach_msg(&message.header, MACH_SEND_MSG | MACH_SEND_NOTIFY, 24, 0,
			MACH_PORT_NULL, 0, notify);
		if (mr == MACH_SEND_WILL_NOTIFY)
			expected++;
		else if (mr == MACH_SEND_NOTIFY_IN_PROGRESS)
			mach_port_mod_refs(SELF, full, MACH_PORT_RIGHT_SEND, -1);
		else
			EXPECT(mr, MACH_MSG_SUCCESS);
		if (i % 32 == 31)
			swtch_pri(0);
		while (message_receive(&message, notify) == MACH_MSG_SUCCESS)
			accepted++;
	}
	stop = TRUE;
	mach_thread_join(thread);
	port_destroy(full);
	while (message_receive_wait(&message, notify, 20) == MACH_MSG_SUCCESS)
		accepted++;
	EXPECT(accepted, expected);
	port_destroy(notify);
}

/* --- a port that says it is a device ------------------------------------------------------------- */

static natural_t free_pages(void)
{
	struct vm_statistics statistics;

	EXPECT(vm_statistics(SELF, &statistics), KERN_SUCCESS);
	return statistics.free_count;
}

static void send_memory(mach_port_t port, vm_address_t address, vm_size_t size, uint32_t bits)
{
	struct message message;

	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	message_memory(&message, MACH_MSG_TYPE_BYTE, 8, size, (void *) address, bits);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
}

/* Memory on its way to it is touched, unmapped and shared meanwhile, and it never receives. */
static void test_user_device(void)
{
	vm_size_t size = 16 * PAGE_SIZE;
	natural_t before;

	for (int round = 0; round < 2; round++) {
		mach_port_t port = port_new_with_send(1), child;
		vm_address_t address = 0, shared = 0;

		before = free_pages();
		EXPECT(mach_port_set_ktype(tap_host_priv, SELF, port, MACH_PORT_RIGHT_RECEIVE,
			USER_DEVICE), KERN_SUCCESS);
		EXPECT(vm_allocate(SELF, &address, size, TRUE), KERN_SUCCESS);
		EXPECT(vm_allocate(SELF, &shared, size, TRUE), KERN_SUCCESS);
		memset((void *) address, 1, size);
		memset((void *) shared, 2, size);
		EXPECT(vm_inherit(SELF, shared, size, VM_INHERIT_SHARE), KERN_SUCCESS);
		EXPECT(task_create(SELF, TRUE, &child), KERN_SUCCESS);
		send_memory(port, address, size, 0);
		send_memory(port, shared, size, 0);
		memset((void *) address, 3, size);
		memset((void *) shared, 4, size);
		send_memory(port, address, size, TYPE_DEALLOCATE);
		EXPECT(vm_deallocate(SELF, shared, size), KERN_SUCCESS);
		EXPECT(task_terminate(child), KERN_SUCCESS);
		port_destroy(child);
		if (round == 1) {
			struct message message;

			EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
			EXPECT(*(volatile char *) message.body[3], 1);
			EXPECT(vm_deallocate(SELF, message.body[3], size), KERN_SUCCESS);
			EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
			EXPECT(*(volatile char *) message.body[3], 2);
			EXPECT(vm_deallocate(SELF, message.body[3], size), KERN_SUCCESS);
		}
		port_destroy(port);
		EXPECT_TRUE(free_pages() + 16 >= before);
	}
}

/* Sent to as a device, it is a port like others. */
static void test_user_device_is_a_port(void)
{
	mach_port_t port = port_new_with_send(1);
	struct message message;

	EXPECT(mach_port_set_ktype(tap_host_priv, SELF, port, MACH_PORT_RIGHT_RECEIVE,
		USER_DEVICE), KERN_SUCCESS);
	EXPECT(mach_port_set_ktype(tap_host_priv, SELF, port, MACH_PORT_RIGHT_RECEIVE, 2),
		KERN_INVALID_ARGUMENT);
	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	message.header.msgh_id = 2803;
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_id, 2803);
	EXPECT(mach_port_set_ktype(tap_host_priv, SELF, port, MACH_PORT_RIGHT_RECEIVE, 0),
		KERN_SUCCESS);
	port_destroy(port);
}

static const struct test tests[] = {
	{ .name = "MK-14 vm_msync", .run = test_msync },
	{ .name = "MK-16 devices are opened while they close", .run = test_devices, .ours = TRUE },
	{ .name = "MK-16 msg-accepted requests", .run = test_requests },
	{ .name = "MK-19 a user's device does not receive", .run = test_user_device },
	{ .name = "MK-19 PR-7 a user's device is a port", .run = test_user_device_is_a_port },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
