/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sweeps: every request id of the kernel's interfaces, and more, to every kind of port that a user
 * can have, with bodies that fit no or some routine; and every call of the library to each of
 * them, with one thing in the request changed at a time.
 */
#include <libmach/string.h>
#include <mach.h>
#include <mach/mach_traps.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "storm.h"

/* First and last id of what subsystems have, with some beyond. */
static const struct {
	mach_msg_id_t	first, last;
} ids[] = {
	{ 60, 75 }, { 100, 100 }, { 1999, 2101 }, { 2200, 2210 }, { 2250, 2251 }, { 2400, 2402 },
	{ 2598, 2652 }, { 2798, 2818 }, { 3000, 3030 }, { 3199, 3230 }, { 3799, 3812 },
	{ 4000, 4012 }, { 4199, 4220 }, { 4400, 4401 }, { 4798, 4803 }, { 4899, 4901 },
};

enum { TO_TASK, TO_THREAD, TO_VICTIM, TO_VICTIM_THREAD, TO_FIRST_NAME, KINDS = TO_FIRST_NAME + 12 };

static struct worker_state *self = &workers[0];
static mach_port_t own_thread;

static mach_port_t target(unsigned int kind)
{
	static const mach_port_t names[KINDS - TO_FIRST_NAME] = {
		NAME_HOST, NAME_HOST_PRIV, NAME_DEVICE, NAME_PROCESSOR, NAME_PSET, NAME_PSET_NAME,
		NAME_PORT, NAME_SET, NAME_DEAD, NAME_SINK, MACH_PORT_NULL, MACH_PORT_DEAD,
	};

	switch (kind) {
	case TO_TASK:
		return mach_task_self();
	case TO_THREAD:
		return own_thread;
	case TO_VICTIM:
		renew_victim();
		return victim_task;
	case TO_VICTIM_THREAD:
		renew_victim();
		return victim_thread;
	default:
		return names[kind - TO_FIRST_NAME];
	}
}

/* Requests that would be the end of the sweep. */
static boolean_t is_end(const mach_msg_header_t *request)
{
	mach_port_t to = request->msgh_remote_port;

	switch (request->msgh_id) {
	case 2008:		/* task_terminate, _suspend; task_set_special_port */
	case 2056:
	case 2059:
		return to == mach_task_self();
	case 2016:		/* thread_terminate, _suspend */
	case 2062:
	case 4201:
		return to == own_thread;
	case 2023:		/* what could take our own memory: vm_deallocate and others */
	case 2024:
	case 2027:
	case 2028:
	case 4207:
	case 4215:
	case 3205:		/* or our names: mach_port_destroy and others */
	case 3206:
	case 3208:
	case 3202:
	case 3213:
		return to == mach_task_self();
	default:
		return is_forbidden(request);
	}
}

/* Send, take the reply if one comes, and destroy what it brings. */
static void send_and_forget(mach_msg_header_t *request, mach_msg_size_t size)
{
	mach_msg_return_t result;

	if (is_end(request))
		return;
	result = mach_msg_trap(request, MACH_SEND_MSG | MACH_RCV_MSG | MACH_SEND_TIMEOUT
		| MACH_RCV_TIMEOUT, size, BUFFER_WORDS * 4, self->reply, 0, MACH_PORT_NULL);
	if (result == MACH_MSG_SUCCESS || result == MACH_SEND_TIMED_OUT)
		mach_msg_destroy(request);
	if (result == MACH_RCV_INVALID_NAME || result == MACH_RCV_PORT_DIED)
		self->reply = mach_reply_port();
}

static void take_all(mach_port_t from)
{
	while (mach_msg_trap(self->message, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, BUFFER_WORDS * 4,
			from, 0, MACH_PORT_NULL) == MACH_MSG_SUCCESS)
		mach_msg_destroy(self->message);
}

/* --- every id --------------------------------------------------------------------------------- */

static mach_msg_size_t sweep_body(unsigned int variant)
{
	struct message *message = (struct message *) self->message;

	switch (variant) {
	case 0:
		break;
	case 1:			/* integers */
		for (unsigned int n = random_below(self, 5); n > 0; n--) {
			message_type(message, MACH_MSG_TYPE_INTEGER_32, 32, 1, TYPE_INLINE);
			message_word(message, random_below(self, 64));
		}
		break;
	case 2:			/* names and rights */
		for (unsigned int n = 1 + random_below(self, 2); n > 0; n--) {
			message_type(message, MACH_MSG_TYPE_PORT_NAME, 32, 1, TYPE_INLINE);
			message_word(message, NAME_PORT + random_below(self, PORTS));
		}
		message_right(message, NAME_PORT + random_below(self, PORTS),
			once_in(self, 2) ? MACH_MSG_TYPE_MAKE_SEND_ONCE : MACH_MSG_TYPE_MAKE_SEND);
		break;
	default:		/* memory and arrays of rights */
		message_memory(message, once_in(self, 2) ? MACH_MSG_TYPE_BYTE
			: MACH_MSG_TYPE_INTEGER_32, 8, random_below(self, 0x3000),
			(const void *) ARENA, 0);
		*(uint32_t *) (ARENA + 0x20000) = NAME_PORT;
		message_memory(message, MACH_MSG_TYPE_MAKE_SEND, 32, 1,
			(const void *) (ARENA + 0x20000), 0);
	}
	return message->header.msgh_size;
}

static void sweep_one(mach_msg_id_t id, unsigned int kind, unsigned int variant)
{
	message_init((struct message *) self->message, target(kind), MACH_MSG_TYPE_COPY_SEND,
		self->reply, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	self->message->msgh_id = id;
	send_and_forget(self->message, sweep_body(variant));
}

static void set_up(void)
{
	vm_offset_t address = 0x20000000;

	make_ports();
	make_arena();
	vm_allocate(mach_task_self(), &address, BUFFER_WORDS * 4, FALSE);
	self->message = (mach_msg_header_t *) address;
	self->random = 0x5eed;
	self->reply = mach_reply_port();
	own_thread = mach_thread_self();
}

/* Tell the parent that it is done. */
static void report(void)
{
	send_simple(NAME_SINK, 1);
}

void sweep_child(void *argument)
{
	unsigned int variants = *(unsigned int *) argument;

	set_up();
	for (unsigned int range = 0; range < sizeof ids / sizeof ids[0]; range++)
		for (mach_msg_id_t id = ids[range].first; id <= ids[range].last; id++)
			for (unsigned int kind = 0; kind < KINDS; kind++) {
				tally->at = (unsigned int) id * 100 + kind;
				make_ports();
				for (unsigned int v = 0; v < variants; v++)
					sweep_one(id, kind, v & 3);
				take_all(NAME_PORT);
			}
	report();
}

/* --- every call, changed ---------------------------------------------------------------------- */

static unsigned int change;	/* what is done to the request */
static mach_port_t change_target;
static boolean_t changing;	/* the next call is one under test */

static boolean_t changed(mach_msg_header_t *message, mach_msg_size_t *size)
{
	uint32_t *body = (uint32_t *) (message + 1);
	unsigned int words = (*size - sizeof *message) / 4;

	switch (change) {
	case 0:
		return TRUE;
	case 1:
		*size += 4;
		return TRUE;
	case 2:
		*size -= 4;
		return *size >= sizeof *message;
	case 3:
		message->msgh_bits ^= MACH_MSGH_BITS_COMPLEX;
		return TRUE;
	default:
		if (words == 0)
			return FALSE;
		body[random_below(self, words)] ^= 1u << random_below(self, 32);
		return TRUE;
	}
}

/* The library's call is made with the change, or not at all. */
static mach_msg_return_t change_hook(mach_msg_header_t *message, mach_msg_option_t option,
	mach_msg_size_t send_size, mach_msg_size_t rcv_size, mach_port_t rcv_name,
	mach_msg_timeout_t timeout, mach_port_t notify)
{
	if (!changing)
		return mach_msg_trap(message, option, send_size, rcv_size, rcv_name, timeout,
			notify);
	message->msgh_remote_port = change_target;
	if (!changed(message, &send_size) || is_end(message)
			|| (change_target == NAME_PSET && (message->msgh_id == 2627
			|| message->msgh_id == 2628)))	/* no rights for tasks of others */
		return MACH_SEND_INVALID_DEST;
	return mach_msg_trap(message, option | MACH_SEND_TIMEOUT | MACH_RCV_TIMEOUT, send_size,
		rcv_size, rcv_name, 0, MACH_PORT_NULL);
}

/*
 * Some calls take the memory of their arguments along.  An address that is read there, where an answer
 * is to be put, must be one of such memory too.
 */
static void renew_low_memory(void)
{
	for (vm_offset_t page = 0; page < 0x4000; page += PAGE_SIZE) {
		vm_offset_t address = page;

		syscall_vm_allocate(mach_task_self(), &address, PAGE_SIZE, FALSE);
		memset((void *) page, 0, PAGE_SIZE);
	}
}

/* Arguments that are small numbers, names and pointers at once: low memory is there. */
static void change_one(unsigned int stub, unsigned int kind)
{
	uint32_t arguments[ARGUMENTS];
	mach_port_t to = target(kind);

	for (unsigned int i = 0; i < ARGUMENTS; i++)
		arguments[i] = once_in(self, 2) ? NAME_PORT + random_below(self, PORTS)
			: random_below(self, 40);
	renew_low_memory();
	change_target = to;
	changing = TRUE;
	call_stub(stub, arguments);
	changing = FALSE;
}

void change_child(void *argument)
{
	unsigned int changes = *(unsigned int *) argument;

	set_up();
	hook_messages(change_hook);
	for (unsigned int stub = 0; stub < storm_stub_count; stub++)
		for (unsigned int kind = 0; kind < KINDS; kind++) {
			tally->at = stub * 100 + kind;
			make_ports();
			for (change = 0; change < changes; change++)
				change_one(stub, kind);
			take_all(NAME_PORT);
		}
	report();
}
