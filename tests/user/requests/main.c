/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Malformed requests.  Every client stub of the library is called once, and its request kept
 * instead of sent; then the request goes to the kernel with one thing wrong at a time.  The one
 * number that all arguments are is a name, with a send and a receive right, and an address
 * as well, of memory that is there.
 */
#include <libmach/string.h>
#include <mach.h>
#include <mach/mach_traps.h>
#include <mach/notify.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/request.h"
#include "../common/tap.h"
#include "../storm/storm.h"

#define SELF		mach_task_self()
#define ARGUMENT	0x4013u		/* as a type: MACH_MSG_TYPE_COPY_SEND */
#define MEMORY		0x4000u		/* so much from there on */
#define MEMORY_SIZE	0x40000u
#define NO_ANSWER	0x7eadbeef

static struct request kept;	/* of the stub called last */

static mach_port_t victim, reply, target;
static unsigned int tried;

/* --- requests ------------------------------------------------------------------------------- */

/* Returns: whether the stub has made a request that can be sent, and made longer. */
static boolean_t keep_request(unsigned int stub)
{
	return request_keep(&kept, storm_stubs[stub], ARGUMENT) &&
		kept.size <= sizeof kept.word - 8;
}

/*
 * Send so much of what is kept, changed by the caller, to the target.
 * Returns: the code in the reply, or that of the send.
 */
static kern_return_t send_kept(mach_msg_size_t size)
{
	struct message message;
	mach_msg_return_t mr;

	memcpy(&message, kept.word, sizeof message < size + 8 ? sizeof message : size + 8);
	message.header.msgh_bits = (message.header.msgh_bits & MACH_MSGH_BITS_COMPLEX) |
		MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message.header.msgh_remote_port = target;
	message.header.msgh_local_port = reply;
	tried++;
	mr = mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG | MACH_RCV_TIMEOUT, size,
		sizeof message, reply, 0, MACH_PORT_NULL);
	if (mr == MACH_RCV_TIMED_OUT)
		return NO_ANSWER;
	if (mr != MACH_MSG_SUCCESS)
		return mr;
	if (message.header.msgh_id != request_header(&kept)->msgh_id + 100) {
		/* The reply right went while the request was taken in. */
		EXPECT(message.header.msgh_id, MACH_NOTIFY_SEND_ONCE);
		return NO_ANSWER;
	}
	EXPECT(message.body[0], 0x10012002);
	mr = message.body[1];
	if (message.header.msgh_bits & MACH_MSGH_BITS_COMPLEX)
		mach_msg_destroy(&message.header);
	return mr;
}

/* --- what must hold ---------------------------------------------------------------------------- */

/* A send fails in the body for one of these reasons, and the reply right is used up. */
static boolean_t is_body_error(kern_return_t kr)
{
	return kr == MACH_SEND_INVALID_TYPE || kr == MACH_SEND_MSG_TOO_SMALL ||
		kr == MACH_SEND_INVALID_RIGHT || kr == MACH_SEND_INVALID_MEMORY;
}

/* Take the notifications for send-once rights that were not used. */
static void drain(mach_port_t port)
{
	struct message message;

	while (message_receive(&message, port) == MACH_MSG_SUCCESS)
		EXPECT(message.header.msgh_id, MACH_NOTIFY_SEND_ONCE);
}

/* A request that is wrong is refused: by the checks of its routine, or when it is taken in. */
static void expect_refused(kern_return_t kr)
{
	if (is_body_error(kr)) {
		drain(reply);
		return;
	}
	if (kr != MIG_BAD_ID)
		EXPECT(kr, (unsigned int) MIG_BAD_ARGUMENTS);
}

/*
 * The port under the name ARGUMENT has the rights that it had, after one notification for each
 * send-once right that a request has lost.
 */
static void expect_same_rights(void)
{
	mach_port_status_t status;

	drain(ARGUMENT);
	status = port_status(ARGUMENT);

	EXPECT(port_refs(ARGUMENT, MACH_PORT_RIGHT_SEND), 1);
	EXPECT(status.mps_sorights, 0);
	EXPECT(status.mps_msgcount, 0);
	EXPECT(mach_port_mod_refs(SELF, ARGUMENT, MACH_PORT_RIGHT_SEND, -1), KERN_SUCCESS);
	EXPECT(port_status(ARGUMENT).mps_srights, FALSE);
	port_make_send(ARGUMENT);
}

/* Memory that requests have taken along is put back. */
static void renew_memory(void)
{
	for (vm_address_t page = MEMORY; page < MEMORY + MEMORY_SIZE; page += PAGE_SIZE) {
		vm_address_t address = page;

		if (vm_allocate(SELF, &address, PAGE_SIZE, FALSE) != KERN_SUCCESS)
			EXPECT(address, page);
	}
	for (vm_address_t word = ARGUMENT; word < MEMORY + PAGE_SIZE; word += 4)
		*(volatile uint32_t *) word = ARGUMENT;
}

static void victim_new(void)
{
	EXPECT(task_create(SELF, FALSE, &victim), KERN_SUCCESS);
	target = victim;
}

static void victim_end(void)
{
	task_terminate(victim);
	port_destroy(victim);
}

static void set_up(void)
{
	victim_new();
	reply = port_new();
	EXPECT(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_RECEIVE, ARGUMENT), KERN_SUCCESS);
	port_make_send(ARGUMENT);
	renew_memory();
	tried = 0;
}

static void tear_down(void)
{
	EXPECT_TRUE(tried >= 15);
	expect_same_rights();
	port_destroy(ARGUMENT);
	port_destroy(reply);
	victim_end();
	EXPECT(vm_deallocate(SELF, MEMORY, MEMORY_SIZE), KERN_SUCCESS);
}

/* --- what is wrong ------------------------------------------------------------------------------ */

static void for_each_request(void (*try)(void))
{
	set_up();
	for (unsigned int stub = 0; stub < storm_stub_count; stub++) {
		if (!keep_request(stub))
			continue;
		tap_about("id %d", request_header(&kept)->msgh_id);
		try();
		expect_same_rights();
		renew_memory();
	}
	tap_about("%s", "");
	tear_down();
}

static void wrong_size(void)
{
	memset((char *) kept.word + kept.size, 0, 8);
	expect_refused(send_kept(kept.size + 4));
	if (kept.size >= sizeof(mach_msg_header_t) + 4)
		expect_refused(send_kept(kept.size - 4));
	if (kept.size > sizeof(mach_msg_header_t))
		expect_refused(send_kept(sizeof(mach_msg_header_t)));
}

/* A body without rights and memory loses the bit on its way: then nothing is wrong with it. */
static void wrong_complex(void)
{
	mach_msg_header_t *header = request_header(&kept);

	if (!(header->msgh_bits & MACH_MSGH_BITS_COMPLEX))
		return;
	header->msgh_bits &= ~MACH_MSGH_BITS_COMPLEX;
	expect_refused(send_kept(kept.size));
}

/* An item more than the routine knows, with a right. */
static void extra_item(void)
{
	uint32_t *end = kept.word + kept.size / 4;

	end[0] = 0x10012000u | MACH_MSG_TYPE_MAKE_SEND;
	end[1] = ARGUMENT;
	request_header(&kept)->msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	expect_refused(send_kept(kept.size + 8));
}

static boolean_t is_right(unsigned int type_name)
{
	return type_name >= MACH_MSG_TYPE_MOVE_RECEIVE &&
		type_name <= MACH_MSG_TYPE_MAKE_SEND_ONCE;
}

/* Is the item at this word one with a type that its routine checks fully: one inline number or right? */
static boolean_t is_single(uint32_t word)
{
	return (word & 0xffffff00u) == 0x10012000u;
}

/* Words between the type words are the arguments, and those are left alone. */
static void wrong_types(void)
{
	for (unsigned int i = 6; i + 1 < kept.size / 4 && is_single(kept.word[i]); i += 2)
		for (unsigned int bit = 0; bit < 32; bit++) {
			uint32_t good = kept.word[i], bad = good ^ (1u << bit);

			/* Rights of other kinds are what some routines take. */
			if (bit < 8 && (is_right(good & 0xff) || is_right(bad & 0xff)))
				continue;
			tap_about("id %d, word %u, bit %u", request_header(&kept)->msgh_id, i, bit);
			kept.word[i] = bad;
			expect_refused(send_kept(kept.size));
			kept.word[i] = good;
		}
}

#define REPETITIONS	10

/* Would it change the machine when it goes to a port with that power? */
static boolean_t has_power(mach_msg_id_t id)
{
	switch (id) {
	case 2632: case 2633: case 2635:	/* host_set_time, adjust_time, reboot */
	case 2644: case 2645:
	case 2041: case 4203:			/* default memory manager, new tasks */
		return TRUE;
	default:
		return FALSE;
	}
}

static void repeat_to(mach_port_t port)
{
	target = port;
	for (int i = 0; i < REPETITIONS; i++) {
		kern_return_t kr = send_kept(kept.size);

		if (is_body_error(kr))
			drain(reply);
		if (request_header(&kept)->msgh_bits & MACH_MSGH_BITS_COMPLEX)
			renew_memory();
	}
	target = victim;
}

/*
 * As it is, again and again, to ports of all kinds: whatever the answer, what the request brings is
 * taken over or destroyed, once.
 */
static void repeat(void)
{
	mach_port_t thread, host = mach_host_self();
	mach_msg_id_t id = request_header(&kept)->msgh_id;

	EXPECT(thread_create(victim, &thread), KERN_SUCCESS);
	repeat_to(victim);
	repeat_to(thread);
	repeat_to(host);
	repeat_to(tap_device_master);
	if (!has_power(id))
		repeat_to(tap_host_priv);
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
	victim_end();
	port_destroy(thread);
	victim_new();
}

static void test_repeated(void)
{
	for_each_request(repeat);
}

static void test_sizes(void)
{
	for_each_request(wrong_size);
}

static void test_complex(void)
{
	for_each_request(wrong_complex);
}

static void test_extra(void)
{
	for_each_request(extra_item);
}

static void test_types(void)
{
	for_each_request(wrong_types);
}

static const struct test tests[] = {
	{ .name = "MK-2 wrong sizes", .run = test_sizes },
	{ .name = "MK-2 bodies said to be simple", .run = test_complex },
	{ .name = "MK-2 an item too many", .run = test_extra },
	{ .name = "MK-2 a bit of a type word wrong", .run = test_types },
	{ .name = "MK-3 requests that fail and that succeed", .run = test_repeated },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
