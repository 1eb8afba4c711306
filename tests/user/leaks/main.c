/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nothing of others' memory in what the kernel gives.  The kernel's buffers and pages are filled
 * with a pattern first, by messages and memory that go again; then all that the kernel
 * makes itself is looked through for it.
 */
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/mach_host.h>
#include <mach/mach_traps.h>
#include <mach/notify.h>
#include <mach/task_special_ports.h>
#include <mach/vm_param.h>

#include "../../../libmach/internal.h"
#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "../storm/storm.h"

#define SELF		mach_task_self()
#define ARGUMENT	0x4013u
#define MEMORY		0x4000u
#define MEMORY_SIZE	0x40000u
#define WORDS		2048

/* --- the pattern --------------------------------------------------------------------------- */

static unsigned char pattern;

static struct message secret;

/* Messages of some sizes, queued and destroyed: their buffers are used again first. */
static void fill_messages(void)
{
	static const mach_msg_size_t sizes[] = { 64, 200, 256, 600, 1000, 2000 };
	mach_port_t port = port_new();

	memset(&secret, pattern, sizeof secret);
	for (unsigned int i = 0; i < COUNT_OF(sizes); i++) {
		secret.header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND_ONCE, 0);
		secret.header.msgh_remote_port = port;
		secret.header.msgh_local_port = MACH_PORT_NULL;
		EXPECT(message_send_size(&secret, sizes[i], 0, 0), MACH_MSG_SUCCESS);
	}
	port_destroy(port);
}

static void fill_pages(unsigned int pages)
{
	vm_address_t address = 0;

	EXPECT(vm_allocate(SELF, &address, pages * PAGE_SIZE, TRUE), KERN_SUCCESS);
	memset((void *) address, pattern, pages * PAGE_SIZE);
	EXPECT(vm_deallocate(SELF, address, pages * PAGE_SIZE), KERN_SUCCESS);
}

static void fill_kernel(void)
{
	fill_pages(64);
	fill_messages();
}

/* Is the pattern there, two bytes in a row? */
static boolean_t is_dirty(const void *data, unsigned int size)
{
	const unsigned char *byte = data;

	for (unsigned int i = 0; i + 1 < size; i++)
		if (byte[i] == pattern && byte[i + 1] == pattern)
			return TRUE;
	return FALSE;
}

/* The whole pages of an item that came out of line, beyond its end too. */
static void expect_clean_memory(vm_address_t address, unsigned int size)
{
	vm_address_t start = address & ~(PAGE_SIZE - 1);
	vm_address_t end = (address + size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);

	EXPECT_TRUE(!is_dirty((void *) start, end - start));
}

/* A message whose buffer held something else before. */
static void expect_clean(const mach_msg_header_t *message)
{
	const uint32_t *word = (const uint32_t *) (message + 1);
	const uint32_t *end = (const uint32_t *) ((const char *) message + message->msgh_size);

	EXPECT_TRUE(!is_dirty(message, message->msgh_size));
	if (!(message->msgh_bits & MACH_MSGH_BITS_COMPLEX))
		return;
	/* Items of the long form out of line; the others were looked at. */
	for (; word + 3 < end; word++)
		if ((word[0] & 0x70000000u) == 0x60000000u && word[2] != 0 && word[3] != 0)
			expect_clean_memory(word[3], word[2] * (word[1] >> 16) / 8);
}

/* --- answers of all routines ------------------------------------------------------------------ */

static struct {
	mach_msg_size_t	size;
	uint32_t	word[WORDS];
} kept;

static mach_port_t reply;
static unsigned int answers, successes;

static mach_msg_return_t keep(mach_msg_header_t *message, mach_msg_option_t option,
	mach_msg_size_t send_size, mach_msg_size_t rcv_size, mach_port_t rcv_name,
	mach_msg_timeout_t timeout, mach_port_t notify)
{
	if (kept.size != 0)
		return mach_msg_trap(message, option, send_size, rcv_size, rcv_name, timeout,
			notify);
	kept.size = send_size;
	if (send_size <= sizeof kept.word)
		memcpy(kept.word, message, send_size);
	return MACH_SEND_INVALID_DEST;
}

static boolean_t keep_request(unsigned int stub, uint32_t argument)
{
	mach_entry_t entry = mach_msg_entry;

	kept.size = 0;
	mach_msg_entry = (mach_entry_t) (uintptr_t) keep;
	storm_stubs[stub](argument, argument, argument, argument, argument, argument, argument,
		argument, argument, argument, argument, argument);
	mach_msg_entry = entry;
	return kept.size >= sizeof(mach_msg_header_t) && kept.size <= sizeof kept.word;
}

static void ask(mach_port_t target)
{
	static uint32_t buffer[WORDS];
	mach_msg_header_t *message = (mach_msg_header_t *) buffer;

	memcpy(buffer, kept.word, kept.size);
	message->msgh_bits = (message->msgh_bits & MACH_MSGH_BITS_COMPLEX) |
		MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message->msgh_remote_port = target;
	message->msgh_local_port = reply;
	fill_pages(4);
	fill_messages();
	if (mach_msg_trap(message, MACH_SEND_MSG | MACH_RCV_MSG | MACH_RCV_TIMEOUT, kept.size,
			sizeof buffer, reply, 0, MACH_PORT_NULL) != MACH_MSG_SUCCESS)
		return;
	answers++;
	successes += message->msgh_size > 32;
	expect_clean(message);
	mach_msg_destroy(message);
}

/* What would change the machine, or us. */
static boolean_t is_harmful(mach_msg_id_t id)
{
	switch (id) {
	case 2623: case 2625: case 2626:	/* the processor set's maximum and policies */
	case 2632: case 2633: case 2635: case 2644: case 2645:
	case 2041: case 4203:
		return TRUE;
	default:
		return FALSE;
	}
}

static void renew_memory(uint32_t value)
{
	for (vm_address_t page = MEMORY; page < MEMORY + MEMORY_SIZE; page += PAGE_SIZE) {
		vm_address_t address = page;

		vm_allocate(SELF, &address, PAGE_SIZE, FALSE);
	}
	for (vm_address_t word = MEMORY; word < MEMORY + PAGE_SIZE; word += 4)
		*(volatile uint32_t *) word = value;
}

/* Every routine, asked of every kind of object, with small numbers and with names for arguments. */
static void ask_all(uint32_t argument)
{
	mach_port_t task, thread, host = mach_host_self(), set, name;

	EXPECT(task_create(SELF, TRUE, &task), KERN_SUCCESS);
	EXPECT(thread_create(task, &thread), KERN_SUCCESS);
	EXPECT(processor_set_default(host, &name), KERN_SUCCESS);
	EXPECT(host_processor_set_priv(tap_host_priv, name, &set), KERN_SUCCESS);
	for (int round = 0; round < 2; round++) {
		pattern = round == 0 ? 0xa5 : 0x5c;
		renew_memory(argument);
		ask(task);
		ask(thread);
		ask(host);
		ask(name);
		ask(tap_host_priv);
		if (kept.word[5] != 2627 && kept.word[5] != 2628)	/* rights to all tasks */
			ask(set);
	}
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, name), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, set), KERN_SUCCESS);
	task_terminate(task);
	port_destroy(task);
	port_destroy(thread);
}

static void test_answers(void)
{
	static const uint32_t arguments[] = { ARGUMENT, 1, 2 };

	reply = port_new();
	EXPECT(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_RECEIVE, ARGUMENT), KERN_SUCCESS);
	port_make_send(ARGUMENT);
	answers = successes = 0;
	for (unsigned int stub = 0; stub < storm_stub_count; stub++)
		for (unsigned int i = 0; i < COUNT_OF(arguments); i++) {
			/* Small numbers are bad addresses: keep the stub's layout, change words. */
			renew_memory(arguments[i]);
			if (!keep_request(stub, ARGUMENT) || is_harmful(kept.word[5]))
				continue;
			for (unsigned int w = 7; i > 0 && w < kept.size / 4; w += 2)
				if (kept.word[w] == ARGUMENT && kept.word[w - 1] == 0x10012002)
					kept.word[w] = arguments[i];
			tap_about("id %u, argument %x", kept.word[5], arguments[i]);
			ask_all(arguments[i]);
		}
	tap_about("%s", "");
	EXPECT_TRUE(answers > 1000);
	EXPECT_TRUE(successes > 100);
	EXPECT_TRUE(is_dirty(&secret, sizeof secret));	/* it would be found */
	port_destroy(ARGUMENT);
	port_destroy(reply);
	EXPECT(vm_deallocate(SELF, MEMORY, MEMORY_SIZE), KERN_SUCCESS);
}

/* --- messages that the kernel sends by itself ------------------------------------------------- */

static void expect_clean_message(mach_port_t port)
{
	struct message message;

	memset(&message, 0, sizeof message);
	EXPECT(message_receive_wait(&message, port, 1000), MACH_MSG_SUCCESS);
	expect_clean(&message.header);
	mach_msg_destroy(&message.header);
}

static void cause_notifications(mach_port_t notify)
{
	mach_port_t port = port_new(), name, carrier = port_new();

	port_make_send(port);
	EXPECT(port_request(port, MACH_NOTIFY_NO_SENDERS, 0, notify), KERN_SUCCESS);
	EXPECT(port_request(port, MACH_NOTIFY_DEAD_NAME, 0, notify), KERN_SUCCESS);
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, -1), KERN_SUCCESS);
	port_make_send(port);
	port_destroy(port);				/* no-senders, then dead-name or deleted */
	name = port_make_send_once(notify);
	port_destroy(name);				/* send-once */
	port = port_new();
	EXPECT(port_request(port, MACH_NOTIFY_PORT_DESTROYED, 0, notify), KERN_SUCCESS);
	port_destroy(port);
	name = port_make_send_once(carrier);
	EXPECT(port_request(name, MACH_NOTIFY_DEAD_NAME, 0, notify), KERN_SUCCESS);
	port_destroy(carrier);
	port_destroy(name);
}

static void test_notifications(void)
{
	mach_port_t notify = port_new();

	for (int round = 0; round < 2; round++) {
		pattern = round == 0 ? 0xa5 : 0x5c;
		fill_kernel();
		cause_notifications(notify);
		EXPECT_TRUE(port_status(notify).mps_msgcount >= 4);
		while (port_status(notify).mps_msgcount > 0)
			expect_clean_message(notify);
	}
	port_destroy(notify);
}

static void fault(void *argument)
{
	*(volatile int *) argument = 1;
}

static void test_exceptions(void)
{
	mach_port_t handler = port_new();

	port_make_send(handler);
	for (int round = 0; round < 2; round++) {
		mach_port_t thread;

		pattern = round == 0 ? 0xa5 : 0x5c;
		EXPECT(mach_thread_prepare(fault, NULL, &thread), KERN_SUCCESS);
		EXPECT(thread_set_special_port(thread, THREAD_EXCEPTION_PORT, handler),
			KERN_SUCCESS);
		fill_kernel();
		EXPECT(thread_resume(thread), KERN_SUCCESS);
		while (port_status(handler).mps_msgcount == 0)
			sleep_for(10);
		EXPECT(thread_terminate(thread), KERN_SUCCESS);
		expect_clean_message(handler);
		port_destroy(thread);
	}
	port_destroy(handler);
}

/* --- memory ---------------------------------------------------------------------------------------- */

static void test_zero_memory(void)
{
	vm_address_t address = 0;
	vm_size_t size = 256 * PAGE_SIZE;

	pattern = 0xa5;
	for (int round = 0; round < 8; round++) {
		fill_kernel();
		address = 0;
		EXPECT(vm_allocate(SELF, &address, size, TRUE), KERN_SUCCESS);
		for (unsigned int *word = (unsigned int *) address;
				(vm_address_t) word < address + size; word++)
			if (*word != 0) {
				tap_fail("%x at %x", *word, (unsigned int) (uintptr_t) word);
				break;
			}
		memset((void *) address, pattern, size);
		EXPECT(vm_deallocate(SELF, address, size), KERN_SUCCESS);
	}
}

/* The bytes around what was sent out of line do not come along. */
static void test_pages_around_data(void)
{
	mach_port_t port = port_new();
	vm_address_t address = 0;

	pattern = 0xa5;
	EXPECT(vm_allocate(SELF, &address, 2 * PAGE_SIZE, TRUE), KERN_SUCCESS);
	for (unsigned int size = 1; size <= PAGE_SIZE; size += size + 1) {
		static struct message message;

		memset((void *) address, pattern, 2 * PAGE_SIZE);
		memset((void *) (address + 100), 1, size);
		message_init(&message, port, MACH_MSG_TYPE_MAKE_SEND_ONCE, MACH_PORT_NULL, 0);
		message_memory(&message, MACH_MSG_TYPE_BYTE, 8, size, (void *) (address + 100), 0);
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
		expect_clean(&message.header);
		mach_msg_destroy(&message.header);
	}
	EXPECT(vm_deallocate(SELF, address, 2 * PAGE_SIZE), KERN_SUCCESS);
	port_destroy(port);
}

/* --- counts and fresh threads ---------------------------------------------------------------------- */

#define STATE_WORDS	150

/* No more words are written than the call says, whatever room there is. */
static void test_counts(void)
{
	mach_port_t thread;

	pattern = 0xa5;
	EXPECT(thread_create(SELF, &thread), KERN_SUCCESS);
	for (int flavor = 0; flavor <= 9; flavor++)
		for (unsigned int room = 0; room <= 34; room++) {
			natural_t state[STATE_WORDS];
			mach_msg_type_number_t count = room;

			fill_messages();
			memset(state, 0x77, sizeof state);
			if (thread_get_state(thread, flavor, state, &count) != KERN_SUCCESS)
				continue;
			tap_about("flavour %d, room %u, count %u", flavor, room, count);
			EXPECT_TRUE(count <= room);
			EXPECT_TRUE(!is_dirty(state, count * sizeof *state));
			for (unsigned int i = count; i < STATE_WORDS; i++)
				EXPECT(state[i], 0x77777777);
		}
	tap_about("%s", "");
	port_destroy(thread);
}

/* A thread that never ran has registers of zeros, but for segments, flags and the FPU's reset. */
static void test_fresh_registers(void)
{
	pattern = 0xa5;
	for (int round = 0; round < 4; round++) {
		natural_t state[STATE_WORDS];
		mach_msg_type_number_t count = 17;
		mach_port_t thread;

		fill_kernel();
		EXPECT(thread_create(SELF, &thread), KERN_SUCCESS);
		EXPECT(thread_get_state(thread, 1, state, &count), KERN_SUCCESS);
		EXPECT(count, 17);
		for (unsigned int i = 0; i < 4; i++)
			EXPECT(state[i], 0x1f);		/* gs, fs, es, ds */
		for (unsigned int i = 4; i < 13; i++)
			EXPECT(state[i], 0);		/* edi to eax, eip */
		EXPECT(state[13], 0x17);
		EXPECT(state[14], 0x200);
		EXPECT(state[15], 0);
		EXPECT(state[16], 0x1f);
		EXPECT(thread_terminate(thread), KERN_SUCCESS);
		port_destroy(thread);
	}
}

static const struct test tests[] = {
	{ .name = "IL-1 KM-11 answers of every routine", .run = test_answers },
	{ .name = "IL-1 notifications", .run = test_notifications },
	{ .name = "IL-1 exceptions", .run = test_exceptions },
	{ .name = "IL-6 new memory", .run = test_zero_memory },
	{ .name = "IL-6 pages around what was sent", .run = test_pages_around_data, .ours = TRUE },
	{ .name = "IL-3 no more than the count", .run = test_counts },
	{ .name = "IL-5 registers of a new thread", .run = test_fresh_registers },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
