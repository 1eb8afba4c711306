/* SPDX-License-Identifier: BSD-2-Clause */
/* Who senders are: threads, tasks, the kernel. */
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/porter.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF		mach_task_self()
#define CHILD_NAME	0x5005		/* the child's name of our port */

static const security_token_t kernel_token = KERNEL_SECURITY_TOKEN_VALUE;
static const audit_token_t kernel_audit = { 0, 0 };

/* --- threads ------------------------------------------------------------------------------- */

static void send_one(void *argument)
{
	send_header(*(mach_port_t *) argument);
}

static audit_token_t audit_of_next(mach_port_t port)
{
	struct arrival arrival;

	EXPECT(arrive(&arrival, port, 3), MACH_MSG_SUCCESS);
	expect_trailer(&arrival, 24, 3);
	return arrival.trailer.msgh_audit;
}

/* No two have the same number, and nobody the kernel's. */
void test_threads(void)
{
	mach_port_t port = port_new_with_send(1);
	audit_token_t self = own_audit(), seen[20];

	EXPECT_TRUE(self.task != 0 && self.thread != 0);
	EXPECT_TRUE(same_audit(self, own_audit()));
	for (unsigned int i = 0; i < COUNT_OF(seen); i++) {
		mach_port_t thread;

		EXPECT(mach_thread_start(send_one, &port, &thread), KERN_SUCCESS);
		seen[i] = audit_of_next(port);
		mach_thread_join(thread);
		EXPECT(seen[i].task, self.task);
		EXPECT_TRUE(seen[i].thread != self.thread && seen[i].thread != 0);
		for (unsigned int j = 0; j < i; j++)
			EXPECT_TRUE(seen[i].thread != seen[j].thread);
	}
	port_destroy(port);
}

/* --- tasks --------------------------------------------------------------------------------- */

static void child(void *argument)
{
	struct message message;

	(void) argument;
	message_init(&message, CHILD_NAME, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	(void) message_send(&message);
}

/* A task that will send one message to the port and end. */
static mach_port_t child_prepare(mach_port_t port, mach_port_t *thread)
{
	mach_port_t task = MACH_PORT_NULL;

	*thread = MACH_PORT_NULL;
	EXPECT(mach_task_prepare(child, NULL, &task, thread), KERN_SUCCESS);
	EXPECT(mach_port_insert_right(task, CHILD_NAME, port, MACH_MSG_TYPE_MAKE_SEND),
		KERN_SUCCESS);
	return task;
}

static void child_run(mach_port_t thread)
{
	EXPECT(thread_resume(thread), KERN_SUCCESS);
	port_destroy(thread);
}

static void wait_for_death(mach_port_t task)
{
	while (port_type(task) & MACH_PORT_TYPE_SEND)
		sleep_for(5);
	port_destroy(task);
}

void test_tasks(void)
{
	mach_port_t port = port_new();
	audit_token_t self = own_audit(), seen[6];

	for (unsigned int i = 0; i < COUNT_OF(seen); i++) {
		mach_port_t thread, task = child_prepare(port, &thread);

		child_run(thread);
		seen[i] = audit_of_next(port);
		wait_for_death(task);
		EXPECT_TRUE(seen[i].task != self.task && seen[i].task != 0);
		EXPECT_TRUE(seen[i].thread != self.thread && seen[i].thread != 0);
		for (unsigned int j = 0; j < i; j++)
			EXPECT_TRUE(seen[i].task != seen[j].task
				&& seen[i].thread != seen[j].thread);
	}
	port_destroy(port);
}

void test_dead_sender(void)
{
	const security_token_t token = { { 12, 34 } };
	mach_port_t port = port_new(), thread, task = child_prepare(port, &thread);
	struct arrival arrival;

	EXPECT(task_set_security_token(tap_host_priv, task, token), KERN_SUCCESS);
	child_run(thread);
	wait_for_death(task);
	EXPECT(port_status(port).mps_msgcount, 1);
	EXPECT(arrive(&arrival, port, 3), MACH_MSG_SUCCESS);
	expect_trailer(&arrival, 24, 3);
	EXPECT_TRUE(same_token(arrival.trailer.msgh_sender, token));
	EXPECT_TRUE(arrival.trailer.msgh_audit.task > own_audit().task);
	port_destroy(port);
}

/* --- security tokens ----------------------------------------------------------------------- */

static void expect_token(mach_port_t port, security_token_t token)
{
	struct arrival arrival;

	EXPECT(arrive(&arrival, port, 2), MACH_MSG_SUCCESS);
	expect_trailer(&arrival, 24, 2);
	EXPECT(arrival.trailer.msgh_sender.val[0], token.val[0]);
	EXPECT(arrival.trailer.msgh_sender.val[1], token.val[1]);
}

/* Programs of the boot script have 0, 0; a child has what its parent had when it was made. */
void test_tokens(void)
{
	const security_token_t none = { { 0, 0 } }, mine = { { 0xffffffff, 0x80000000 } };
	const security_token_t other = { { 77, 78 } };
	mach_port_t port = port_new_with_send(1), thread[2], task[2];

	send_header(port);
	expect_token(port, none);
	send_header(port);
	EXPECT(task_set_security_token(tap_host_priv, SELF, mine), KERN_SUCCESS);
	send_header(port);
	expect_token(port, none);
	expect_token(port, mine);
	task[0] = child_prepare(port, &thread[0]);
	task[1] = child_prepare(port, &thread[1]);
	EXPECT(task_set_security_token(tap_host_priv, SELF, none), KERN_SUCCESS);
	EXPECT(task_set_security_token(tap_host_priv, task[1], other), KERN_SUCCESS);
	send_header(port);
	expect_token(port, none);
	child_run(thread[0]);
	expect_token(port, mine);
	child_run(thread[1]);
	expect_token(port, other);
	wait_for_death(task[0]);
	wait_for_death(task[1]);
	port_destroy(port);
}

void test_token_refused(void)
{
	const security_token_t token = { { 1, 2 } }, none = { { 0, 0 } };
	mach_port_t port = port_new_with_send(1), host = mach_host_self();
	mach_port_t thread = mach_thread_self(), dead;

	EXPECT(task_set_security_token(host, SELF, token), KERN_INVALID_HOST);
	EXPECT(task_set_security_token(SELF, SELF, token), KERN_INVALID_HOST);
	EXPECT(task_set_security_token(host, thread, token), KERN_INVALID_HOST);
	EXPECT(task_set_security_token(tap_host_priv, thread, token), KERN_INVALID_ARGUMENT);
	EXPECT(task_set_security_token(tap_host_priv, host, token), KERN_INVALID_ARGUMENT);
	EXPECT(task_set_security_token(tap_host_priv, port, token), KERN_INVALID_ARGUMENT);
	EXPECT(task_set_security_token(tap_host_priv, MACH_PORT_NULL, token),
		KERN_INVALID_ARGUMENT);
	EXPECT(task_set_security_token(tap_host_priv, MACH_PORT_DEAD, token),
		KERN_INVALID_ARGUMENT);
	EXPECT(task_set_security_token(MACH_PORT_NULL, SELF, token), MACH_SEND_INVALID_DEST);
	EXPECT(task_create(SELF, FALSE, &dead), KERN_SUCCESS);
	EXPECT(task_terminate(dead), KERN_SUCCESS);
	EXPECT(task_set_security_token(tap_host_priv, dead, token), KERN_INVALID_ARGUMENT);
	send_header(port);
	expect_token(port, none);
	port_destroy(dead);
	port_destroy(port);
	mach_port_deallocate(SELF, host);
	mach_port_deallocate(SELF, thread);
}

/* --- the kernel ---------------------------------------------------------------------------- */

/* The kernel's message buffers, small and large, have held a pattern. */
static void leave_pattern(void)
{
	mach_port_t port = port_new_with_send(1);
	struct message message;

	for (unsigned int words = 10; words < 200; words += 30) {
		message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
		for (unsigned int i = 0; i < words; i++)
			message_word(&message, FILL_WORD);
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	}
	port_destroy(port);
}

/* The next message is the kernel's, and each word of it was written (IL-1).  Size 0: any. */
static void expect_kernel(mach_port_t port, mach_msg_id_t id, mach_msg_size_t size)
{
	struct arrival arrival;
	const mach_msg_format_0_trailer_t *trailer;

	tap_about("message %d", id);
	EXPECT(arrive(&arrival, port, 3), MACH_MSG_SUCCESS);
	if (size == 0)
		size = arrival.header.msgh_size;
	EXPECT(arrival.header.msgh_id, id);
	EXPECT(arrival.header.msgh_size, size);
	for (unsigned int i = 0; i < size / 4; i++)
		EXPECT_TRUE(((const uint32_t *) &arrival)[i] != FILL_WORD);
	expect_trailer(&arrival, size, 3);
	trailer = (const void *) ((const char *) &arrival + size);
	EXPECT_TRUE(same_token(trailer->msgh_sender, kernel_token));
	EXPECT_TRUE(same_audit(trailer->msgh_audit, kernel_audit));
	if (arrival.header.msgh_bits & MACH_MSGH_BITS_COMPLEX)
		mach_msg_destroy(&arrival.header);
	tap_about("%s", "");
}

/* Have a kernel object answer. */
static void ask_kernel(mach_port_t object, mach_msg_id_t id, mach_port_t reply)
{
	struct message message;

	leave_pattern();
	message_init(&message, object, MACH_MSG_TYPE_COPY_SEND, reply,
		MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message.header.msgh_id = id;
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
}

static void test_replies(mach_port_t port)
{
	mach_port_t host = mach_host_self();

	ask_kernel(SELF, 2999, port);			/* no such routine */
	expect_kernel(port, 3099, 32);
	ask_kernel(SELF, 3202, port);			/* arguments are missing */
	expect_kernel(port, 3302, 32);
	ask_kernel(SELF, 2057, port);			/* task_resume: fails */
	expect_kernel(port, 2157, 32);
	ask_kernel(host, 2619, port);			/* host_kernel_version */
	expect_kernel(port, 2719, 0);
	ask_kernel(host, 2634, port);			/* host_get_time */
	expect_kernel(port, 2734, 0);
	mach_port_deallocate(SELF, host);
}

/* A request on a receive right, and what makes it fire. */
static void test_notification(mach_port_t port, mach_msg_id_t kind, mach_msg_size_t size,
	void (*end)(mach_port_t name))
{
	mach_port_t name = port_new_with_send(1);

	leave_pattern();
	EXPECT(port_request(name, kind, kind == MACH_NOTIFY_NO_SENDERS, port), KERN_SUCCESS);
	(*end)(name);
	expect_kernel(port, kind, size);
	if (port_type(name) != 0)
		port_destroy(name);
}

static void drop_send(mach_port_t name)
{
	EXPECT(mach_port_mod_refs(SELF, name, MACH_PORT_RIGHT_SEND, -1), KERN_SUCCESS);
}

void test_kernel_messages(void)
{
	mach_port_t port = port_new(), once;
	struct message message;

	test_replies(port);
	leave_pattern();
	once = port_make_send_once(port);
	EXPECT(mach_port_deallocate(SELF, once), KERN_SUCCESS);
	expect_kernel(port, MACH_NOTIFY_SEND_ONCE, 24);
	test_notification(port, MACH_NOTIFY_NO_SENDERS, 32, drop_send);
	test_notification(port, MACH_NOTIFY_PORT_DESTROYED, 32, port_destroy);
	/* And between them a sender like everybody. */
	message_init(&message, port, MACH_MSG_TYPE_MAKE_SEND, MACH_PORT_NULL, 0);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT_TRUE(same_audit(audit_of_next(port), own_audit()));
	port_destroy(port);
}

/* A dead name, and a name that went otherwise. */
void test_name_messages(void)
{
	mach_port_t port = port_new(), other = port_new(), once;

	once = port_make_send_once(other);
	leave_pattern();
	EXPECT(port_request(once, MACH_NOTIFY_DEAD_NAME, 0, port), KERN_SUCCESS);
	port_destroy(other);
	expect_kernel(port, MACH_NOTIFY_DEAD_NAME, 32);
	port_destroy(once);
	other = port_new_with_send(1);
	EXPECT(port_request(other, MACH_NOTIFY_DEAD_NAME, 0, port), KERN_SUCCESS);
	EXPECT(mach_port_mod_refs(SELF, other, MACH_PORT_RIGHT_RECEIVE, -1), KERN_SUCCESS);
	expect_kernel(port, MACH_NOTIFY_DEAD_NAME, 32);
	EXPECT(port_request(other, MACH_NOTIFY_DEAD_NAME, 1, port), KERN_SUCCESS);
	expect_kernel(port, MACH_NOTIFY_DEAD_NAME, 32);
	port_destroy(other);
	other = port_new();
	EXPECT(port_request(other, MACH_NOTIFY_DEAD_NAME, 0, port), KERN_SUCCESS);
	port_destroy(other);
	expect_kernel(port, MACH_NOTIFY_PORT_DELETED, 32);
	port_destroy(port);
}

/* An exception is the kernel's message, whosever thread it is about. */
static void fault(void *argument)
{
	(void) argument;
	__asm__ volatile("ud2");
}

void test_exception(void)
{
	mach_port_t port = port_new_with_send(1), thread = MACH_PORT_NULL;

	EXPECT(mach_thread_prepare(fault, NULL, &thread), KERN_SUCCESS);
	EXPECT(thread_set_special_port(thread, THREAD_EXCEPTION_PORT, port), KERN_SUCCESS);
	leave_pattern();
	EXPECT(thread_resume(thread), KERN_SUCCESS);
	sleep_for(30);
	EXPECT(thread_terminate(thread), KERN_SUCCESS);
	sleep_for(30);		/* dropping the reply right would end the task */
	expect_kernel(port, 2400, 64);
	mach_thread_join(thread);
	port_destroy(port);
}
