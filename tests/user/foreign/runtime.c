/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What other people's libraries would have: MIG's run-time, threads, and a few functions on bytes,
 * in instructions that no compiler makes into calls of these functions.
 */
#include "foreign.h"

#include <mach/thread_status.h>

void *memcpy(void *to, const void *from, size_t size)
{
	void *begin = to;

	__asm__ volatile ("rep movsb" : "+D" (to), "+S" (from), "+c" (size) : : "memory");
	return begin;
}

void *memmove(void *to, const void *from, size_t size)
{
	char *last = (char *) to + size - 1;
	const char *last_from = (const char *) from + size - 1;

	if (to <= from)
		return memcpy(to, from, size);
	__asm__ volatile ("std\n\trep movsb\n\tcld"
			  : "+D" (last), "+S" (last_from), "+c" (size) : : "memory");
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	void *begin = to;

	__asm__ volatile ("rep stosb" : "+D" (to), "+c" (size) : "a" (byte) : "memory");
	return begin;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const unsigned char *x = a, *y = b;

	for (; size > 0; size--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strlen(const char *text)
{
	const char *end = text;
	size_t most = -1;

	__asm__ volatile ("repne scasb" : "+D" (end), "+c" (most) : "a" (0) : "memory");
	return end - text - 1;
}

/* --- MIG's run-time --------------------------------------------------------------------------- */

/* One for each call: two threads may be in stubs at once. */
mach_port_t mig_get_reply_port(void)
{
	return mach_reply_port();
}

void mig_put_reply_port(mach_port_t port)
{
	mig_dealloc_reply_port(port);
}

/* A trap, which needs no reply port. */
int syscall_vm_allocate(mach_port_t task, vm_address_t *address, vm_size_t size, boolean_t anywhere);
int syscall_vm_deallocate(mach_port_t task, vm_address_t address, vm_size_t size);

/* By a message without a reply, since there is no trap that ends a receive right. */
void mig_dealloc_reply_port(mach_port_t port)
{
	struct {
		mach_msg_header_t	head;
		mach_msg_type_t		name_type;
		mach_port_t		name;
		mach_msg_type_t		right_type;
		unsigned int		right;
		mach_msg_type_t		delta_type;
		int			delta;
	} request = {
		.head = {
			.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
			.msgh_size = sizeof request,
			.msgh_remote_port = mach_task_self(),
			.msgh_id = 3208,	/* mach_port_mod_refs */
		},
		.name_type = { .msgt_name = MACH_MSG_TYPE_PORT_NAME, .msgt_size = 32,
			       .msgt_number = 1, .msgt_inline = TRUE },
		.name = port,
		.right_type = { .msgt_name = MACH_MSG_TYPE_INTEGER_32, .msgt_size = 32,
				.msgt_number = 1, .msgt_inline = TRUE },
		.right = MACH_PORT_RIGHT_RECEIVE,
		.delta_type = { .msgt_name = MACH_MSG_TYPE_INTEGER_32, .msgt_size = 32,
				.msgt_number = 1, .msgt_inline = TRUE },
		.delta = -1,
	};

	mach_msg(&request.head, MACH_SEND_MSG, sizeof request, 0, MACH_PORT_NULL,
		 MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
}

vm_size_t mig_strncpy(char *to, const char *from, vm_size_t size)
{
	vm_size_t length = 0;

	while (length + 1 < size && from[length] != '\0') {
		to[length] = from[length];
		length++;
	}
	to[length] = '\0';
	return length + 1;
}

void mig_allocate(vm_address_t *address, vm_size_t size)
{
	*address = 0;
	syscall_vm_allocate(mach_task_self(), address, size, TRUE);
}

void mig_deallocate(vm_address_t address, vm_size_t size)
{
	syscall_vm_deallocate(mach_task_self(), address, size);
}

/* --- threads ---------------------------------------------------------------------------------- */

#define STACK (8 * PAGE)

mach_port_t start_thread(void (*function)(void))
{
	struct i386_thread_state state;
	mach_msg_type_number_t count = i386_THREAD_STATE_COUNT;
	vm_address_t stack;
	void (**top)(void);
	mach_port_t thread;

	mig_allocate(&stack, STACK);
	top = (void (**)(void)) (stack + STACK - 20);
	*top = end_thread;
	if (thread_create(mach_task_self(), &thread) != KERN_SUCCESS
	    || thread_get_state(thread, i386_REGS_SEGS_STATE, (thread_state_t) &state, &count)
	       != KERN_SUCCESS)
		return MACH_PORT_NULL;
	state.eip = (vm_address_t) function;
	state.uesp = (vm_address_t) top;
	thread_set_state(thread, i386_REGS_SEGS_STATE, (thread_state_t) &state, count);
	thread_resume(thread);
	return thread;
}

void end_thread(void)
{
	thread_terminate(mach_thread_self());
}

void sleep_for(unsigned int milliseconds)
{
	mach_port_t port = mach_reply_port();
	mach_msg_header_t nothing;

	mach_msg(&nothing, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof nothing, port, milliseconds,
		 MACH_PORT_NULL);
	mig_dealloc_reply_port(port);
}

vm_address_t new_page(void)
{
	vm_address_t address;

	mig_allocate(&address, PAGE);
	return address;
}

mach_port_t new_port(void)
{
	mach_port_t port = MACH_PORT_NULL;

	mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port);
	mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND);
	return port;
}

void drop(mach_port_t name)
{
	mach_port_deallocate(mach_task_self(), name);
}

boolean_t serve(mach_port_t port, server_function *server, unsigned int milliseconds)
{
	static union {
		mach_msg_header_t	head;
		mig_reply_header_t	reply;
		char			bytes[PAGE];
	} request, reply;

	if (mach_msg(&request.head, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof request, port,
		     milliseconds, MACH_PORT_NULL) != MACH_MSG_SUCCESS
	    || !server(&request.head, &reply.head))
		return FALSE;
	if (reply.head.msgh_remote_port != MACH_PORT_NULL
	    && reply.reply.RetCode != MIG_NO_REPLY)
		mach_msg(&reply.head, MACH_SEND_MSG, reply.head.msgh_size, 0, MACH_PORT_NULL,
			 MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
	return TRUE;
}
