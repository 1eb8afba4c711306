/* SPDX-License-Identifier: BSD-2-Clause */
/* What happens in a few operations, event by event. */
#include <libmach/thread.h>
#include <mach.h>
#include <mach/exception.h>
#include <mach/vm_param.h>

#include "../common/fault.h"
#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF		mach_task_self()
#define TRAP_MSG	-25u
#define TRAP_TASK_SELF	-28u
#define PAGE_FAULT	14
#define INVALID_OPCODE	6
#define ID		0x1234
#define REPLY_ID	0x2345
#define PATIENCE	5000

/* --- calls --------------------------------------------------------------------------------- */

/* The kernel takes the ordinary path when a call has a timeout. */
static mach_msg_option_t call_option;
static mach_port_t service, reply;
static unsigned int server_thread;

static void serve(void *argument)
{
	struct {
		mach_msg_header_t	header;
		unsigned int		room[8];
	} message;
	mach_msg_return_t result;

	(void) argument;
	server_thread = own_thread();
	result = mach_msg_trap(&message.header, MACH_RCV_MSG, 0, sizeof message, service, 0,
		MACH_PORT_NULL);
	while (result == MACH_MSG_SUCCESS) {
		message.header.msgh_bits = MACH_MSG_TYPE_MOVE_SEND_ONCE;
		message.header.msgh_local_port = MACH_PORT_NULL;
		message.header.msgh_id = REPLY_ID;
		result = mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG | call_option,
			24, sizeof message, service, PATIENCE, MACH_PORT_NULL);
	}
}

static void call(void)
{
	struct {
		mach_msg_header_t	header;
		unsigned int		room[8];
	} message;

	message.header = (mach_msg_header_t) {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
		.msgh_remote_port = service, .msgh_local_port = reply, .msgh_id = ID,
	};
	EXPECT(mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG | call_option, 24,
		sizeof message, reply, PATIENCE, MACH_PORT_NULL), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_id, REPLY_ID);
}

static void record_calls(mach_msg_option_t option)
{
	mach_port_t thread;

	call_option = option;
	service = port_new_with_send(1);
	reply = port_new();
	EXPECT(mach_thread_start(serve, NULL, &thread), KERN_SUCCESS);
	sleep_for(30);
	call();
	trace_during(call);
	port_destroy(service);
	port_destroy(reply);
	mach_thread_join(thread);
}

void test_call_fast(void)
{
	unsigned int self = own_thread();

	record_calls(0);
	expect_records((const struct expected[]) {
		{ TRACE_TRAP_ENTER, self, { TRAP_MSG, ANY, 0 } },
		{ TRACE_HANDOFF, self, { ID, server_thread, 24 } },
		{ TRACE_TRAP_EXIT, server_thread, { MACH_MSG_SUCCESS, ANY, 0 } },
		{ TRACE_TRAP_ENTER, server_thread, { TRAP_MSG, ANY, 0 } },
		{ TRACE_HANDOFF, server_thread, { REPLY_ID, self, 24 } },
		{ TRACE_TRAP_EXIT, self, { MACH_MSG_SUCCESS, ANY, 0 } },
	}, 6);
}

void test_call_ordinary(void)
{
	unsigned int self = own_thread();

	record_calls(MACH_RCV_TIMEOUT);
	expect_records((const struct expected[]) {
		{ TRACE_TRAP_ENTER, self, { TRAP_MSG, ANY, 0 } },
		{ TRACE_SEND, self, { ID, 24, ANY } },
		{ TRACE_WAKE, self, { server_thread, 0, 0 } },
		{ TRACE_HANDOFF, self, { ID, server_thread, 24 } },
		{ TRACE_BLOCK, self, { server_thread, 1, 0 } },
		{ TRACE_RECEIVE, server_thread, { ID, 24, service } },
		{ TRACE_TRAP_EXIT, server_thread, { MACH_MSG_SUCCESS, ANY, 0 } },
		{ TRACE_TRAP_ENTER, server_thread, { TRAP_MSG, ANY, 0 } },
		{ TRACE_SEND, server_thread, { REPLY_ID, 24, ANY } },
		{ TRACE_WAKE, server_thread, { self, 0, 0 } },
		{ TRACE_HANDOFF, server_thread, { REPLY_ID, self, 24 } },
		{ TRACE_BLOCK, server_thread, { self, 1, 0 } },
		{ TRACE_RECEIVE, self, { REPLY_ID, 24, reply } },
		{ TRACE_TRAP_EXIT, self, { MACH_MSG_SUCCESS, ANY, 0 } },
	}, 14);
}

/* --- messages that wait -------------------------------------------------------------------- */

static void queue_one(void)
{
	mach_msg_header_t header = {
		.msgh_bits = MACH_MSG_TYPE_COPY_SEND, .msgh_remote_port = service, .msgh_id = ID,
	};

	EXPECT(mach_msg_trap(&header, MACH_SEND_MSG, 24, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL),
		MACH_MSG_SUCCESS);
	EXPECT(mach_msg_trap(&header, MACH_RCV_MSG, 0, 24, service, 0, MACH_PORT_NULL),
		MACH_MSG_SUCCESS);
}

void test_queue(void)
{
	unsigned int self = own_thread(), port;

	service = port_new_with_send(1);
	trace_during(queue_one);
	port = find_record(0, TRACE_SEND)->tr_word[2];
	EXPECT_TRUE(port != 0);
	expect_records((const struct expected[]) {
		{ TRACE_TRAP_ENTER, self, { TRAP_MSG, ANY, 0 } },
		{ TRACE_SEND, self, { ID, 24, port } },
		{ TRACE_ENQUEUE, self, { ID, 1, port } },
		{ TRACE_TRAP_EXIT, self, { MACH_MSG_SUCCESS, ANY, 0 } },
		{ TRACE_TRAP_ENTER, self, { TRAP_MSG, ANY, 0 } },
		{ TRACE_DEQUEUE, self, { ID, ANY, port } },
		{ TRACE_RECEIVE, self, { ID, 24, service } },
		{ TRACE_TRAP_EXIT, self, { MACH_MSG_SUCCESS, ANY, 0 } },
	}, 8);
	port_destroy(service);
}

/* --- the kernel as a server ---------------------------------------------------------------- */

static void kernel_calls(void)
{
	mach_port_type_t type;

	EXPECT(mach_port_type(SELF, SELF, &type), KERN_SUCCESS);
	EXPECT(mach_port_type(SELF, 0x7654321, &type), KERN_INVALID_NAME);
}

/* Begin and end of each, with the id and what it answered; how the reply comes is its affair. */
void test_kernel_call(void)
{
	unsigned int self = own_thread(), begins = 0, ends = 0;

	trace_during(kernel_calls);
	for (unsigned int i = 0; i < recorded_count; i++) {
		const trace_record_t *r = &recorded[i];

		EXPECT(r->tr_thread, self);
		if (r->tr_kind == TRACE_RPC_BEGIN) {
			EXPECT(r->tr_word[0], 3201);
			EXPECT(begins++, ends);
		} else if (r->tr_kind == TRACE_RPC_END) {
			EXPECT(r->tr_word[0], 3201);
			EXPECT(r->tr_word[1], ends == 0 ? KERN_SUCCESS : KERN_INVALID_NAME);
			EXPECT(++ends, begins);
		}
	}
	EXPECT(ends, 2);
	EXPECT(recorded[0].tr_kind, TRACE_TRAP_ENTER);
	EXPECT(recorded[recorded_count - 1].tr_kind, TRACE_TRAP_EXIT);
}

/* --- a trap that does nothing else --------------------------------------------------------- */

static unsigned int references;
static mach_port_t self_name;

static void small_trap(void)
{
	self_name = (mach_task_self)();
	references++;
}

void test_small_traps(void)
{
	unsigned int self = own_thread();

	references = 0;
	trace_during(small_trap);
	expect_records((const struct expected[]) {
		{ TRACE_TRAP_ENTER, self, { TRAP_TASK_SELF, ANY, 0 } },
		{ TRACE_TRAP_EXIT, self, { self_name, recorded[0].tr_word[1], 0 } },
	}, 2);
	EXPECT(mach_port_mod_refs(SELF, self_name, MACH_PORT_RIGHT_SEND, -(int) references),
		KERN_SUCCESS);
}

/* --- faults -------------------------------------------------------------------------------- */

static volatile unsigned char *page;

static void touch(void)
{
	page[PAGE_SIZE + 5] = 1;
	page += PAGE_SIZE;
}

void test_fault(void)
{
	unsigned int self = own_thread(), address;
	vm_address_t pages = 0;

	EXPECT(vm_allocate(SELF, &pages, 100 * PAGE_SIZE, TRUE), KERN_SUCCESS);
	page = (volatile unsigned char *) pages;
	trace_during(touch);
	address = (unsigned int) page + 5;
	expect_records((const struct expected[]) {
		{ TRACE_TRAP_ENTER, self, { PAGE_FAULT, ANY, ANY } },
		{ TRACE_FAULT, self, { address, VM_PROT_READ | VM_PROT_WRITE, KERN_SUCCESS } },
		{ TRACE_TRAP_EXIT, self, { ANY, recorded[0].tr_word[1], 0 } },
	}, 3);
	EXPECT_TRUE(recorded[0].tr_word[1] < VM_MAX_ADDRESS);
	EXPECT(vm_deallocate(SELF, pages, 100 * PAGE_SIZE), KERN_SUCCESS);
}

static void undefined(void *argument)
{
	(void) argument;
	__asm__ volatile("ud2");
}

static void raise(void)
{
	struct fault fault;

	fault_run(undefined, NULL, &fault);
	EXPECT_TRUE(fault.happened);
}

void test_exception(void)
{
	unsigned int self = own_thread();
	const trace_record_t *r;

	trace_during(raise);
	r = find_record(0, TRACE_EXCEPTION);
	EXPECT(r->tr_word[0], EXC_BAD_INSTRUCTION);
	EXPECT(r->tr_word[1], 1);
	EXPECT(r->tr_word[2], 0);
	EXPECT_TRUE(r->tr_thread != self && r->tr_thread != 0);
	if (r > recorded) {
		EXPECT(r[-1].tr_kind, TRACE_TRAP_ENTER);
		EXPECT(r[-1].tr_thread, r->tr_thread);
		EXPECT(r[-1].tr_word[0], INVALID_OPCODE);
	}
}

/* --- waiting ------------------------------------------------------------------------------- */

static void wait_a_little(void)
{
	mach_msg_header_t header;

	EXPECT(mach_msg_trap(&header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof header, service,
		15, MACH_PORT_NULL), MACH_RCV_TIMED_OUT);
}

/* Nobody else wants to run: the kernel's idle thread does, until time has passed. */
void test_wait(void)
{
	unsigned int self = own_thread();

	sleep_for(30);		/* threads of other tests have ended by then */
	service = port_new();
	trace_during(wait_a_little);
	expect_records((const struct expected[]) {
		{ TRACE_TRAP_ENTER, self, { TRAP_MSG, ANY, 0 } },
		{ TRACE_BLOCK, self, { 0, 1, 0 } },
		{ TRACE_WAKE, 0, { self, 0, 0 } },
		{ TRACE_BLOCK, 0, { self, 0, 0 } },
		{ TRACE_TRAP_EXIT, self, { MACH_RCV_TIMED_OUT, ANY, 0 } },
	}, 5);
	port_destroy(service);
}
