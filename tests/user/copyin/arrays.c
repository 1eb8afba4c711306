/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages full of rights: sizes at the kernel's edges, and what is left when one is bad. */
#include <libmach/string.h>
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/mach_param.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/snapshot.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF	mach_task_self()
#define COPY	MACH_MSG_TYPE_COPY_SEND
#define MOVE	MACH_MSG_TYPE_MOVE_SEND
#define BOGUS	0x7ffff123

static void init_to(struct message *message, mach_port_t port)
{
	message_init(message, port, COPY, MACH_PORT_NULL, 0);
}

/* --- CI-5: sizes ----------------------------------------------------------------------------- */

/*
 * Every small number, and those at which a buffer of the kernel's, with up to 160 bytes for
 * itself, is just full: powers of two.  Names and pointers have one size here, so nothing grows;
 * debug kernels have a red zone behind every buffer.
 */
static boolean_t is_edge(unsigned int words)
{
	unsigned int bytes = 4 * words;

	if (words < 48)
		return TRUE;
	for (unsigned int power = 256; power <= 8192; power *= 2)
		if (bytes + 160 >= power && bytes <= power + 16)
			return TRUE;
	return FALSE;
}

static void drop_references(mach_port_t port, unsigned int count)
{
	EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), 1 + count);
	EXPECT(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, -(int) count), KERN_SUCCESS);
}

static boolean_t all_are(const uint32_t *names, unsigned int count, mach_port_t port)
{
	for (unsigned int i = 0; i < count; i++)
		if (!EXPECT(names[i], port))
			return FALSE;
	return TRUE;
}

static void try_inline(mach_port_t port, unsigned int count)
{
	static struct message message;

	tap_about("%u rights", count);
	init_to(&message, port);
	message.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	message_long_type(&message, COPY, 32, count, TYPE_INLINE);
	for (unsigned int i = 0; i < count; i++)
		message_word(&message, port);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	memset(&message, 0xee, sizeof message);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.header.msgh_size, 36 + 4 * count);
	all_are(&message.body[3], count, port);
	EXPECT(message.body[3 + count], 0xeeeeeeee);
	drop_references(port, count);
}

void test_inline_edges(void)
{
	mach_port_t port = port_new_with_send(1);

	for (unsigned int count = 0; count < 2080; count++)
		if (is_edge(count + 9))
			try_inline(port, count);
	port_destroy(port);
}

static void try_array(mach_port_t port, const mach_port_t *names, unsigned int count)
{
	struct message message;

	tap_about("%u rights", count);
	init_to(&message, port);
	message_memory(&message, COPY, 32, count, names, 0);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.body[2], count);
	all_are((const uint32_t *) message.body[3], count, port);
	drop_references(port, count);
	vm_deallocate(SELF, message.body[3], count * sizeof *names);
}

void test_array_edges(void)
{
	static mach_port_t names[2080];
	mach_port_t port = port_new_with_send(1);

	for (unsigned int i = 0; i < COUNT_OF(names); i++)
		names[i] = port;
	for (unsigned int count = 0; count < COUNT_OF(names); count++)
		if (is_edge(count))
			try_array(port, names, count);
	port_destroy(port);
}

/* --- CI-8: nothing --------------------------------------------------------------------------- */

/* Arrays of no rights at all, as MIG makes them; the items themselves are in tests/user/body. */
void test_register_nothing(void)
{
	mach_port_array_t ports = NULL;
	mach_msg_type_number_t count = 0;
	mach_port_t task;

	EXPECT(task_create(SELF, FALSE, &task), KERN_SUCCESS);
	EXPECT(mach_ports_register(task, NULL, 0), KERN_SUCCESS);
	EXPECT(mach_ports_lookup(task, &ports, &count), KERN_SUCCESS);
	EXPECT(count, TASK_PORT_REGISTER_MAX);
	all_are(ports, count, MACH_PORT_NULL);
	vm_deallocate(SELF, (vm_offset_t) ports, count * sizeof *ports);
	EXPECT(task_terminate(task), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, task), KERN_SUCCESS);
}

/* --- CI-11: a bad right ---------------------------------------------------------------------- */

struct partial {
	mach_port_t	to, notify;
	mach_port_t	first, last, third, fourth;	/* `last': its only send right is sent */
	unsigned int	to_rights;
};

static void partial_start(struct partial *p)
{
	p->to = port_new_with_send(1);
	p->notify = port_new();
	p->first = port_new_with_send(2);
	p->last = port_new_with_send(1);
	p->third = port_new_with_send(2);
	EXPECT(port_request(p->last, MACH_NOTIFY_NO_SENDERS, 1, p->notify), KERN_SUCCESS);
	p->to_rights = snapshot_send_rights(p->to);
}

/* The two before the bad one are gone, and what had one sender only says so once. */
static void partial_end(struct partial *p)
{
	EXPECT(port_refs(p->first, MACH_PORT_RIGHT_SEND), 1);
	EXPECT(port_type(p->last), MACH_PORT_TYPE_RECEIVE);
	EXPECT(port_refs(p->third, MACH_PORT_RIGHT_SEND), 2);
	EXPECT(snapshot_send_rights(p->first), 1);
	EXPECT(snapshot_send_rights(p->third), 1);
	EXPECT(snapshot_send_rights(p->to), p->to_rights);
	EXPECT_TRUE(notification_is(p->notify, MACH_NOTIFY_NO_SENDERS, 1));
	EXPECT_TRUE(queue_is_empty(p->notify));
	EXPECT_TRUE(queue_is_empty(p->to));
	port_destroy(p->to);
	port_destroy(p->notify);
	port_destroy(p->first);
	port_destroy(p->last);
	port_destroy(p->third);
}

static void partial_names(const struct partial *p, uint32_t *names)
{
	names[0] = p->first;
	names[1] = p->last;
	names[2] = BOGUS;
	names[3] = p->third;
}

void test_partial_inline(void)
{
	struct partial p;
	struct message message;

	partial_start(&p);
	init_to(&message, p.to);
	message.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	message_type(&message, MOVE, 32, 4, TYPE_INLINE);
	partial_names(&p, &message.body[1]);
	message.header.msgh_size += 4 * sizeof(uint32_t);
	EXPECT(message_send(&message), MACH_SEND_INVALID_RIGHT);
	partial_end(&p);
}

void test_partial_out_of_line(void)
{
	vm_offset_t page = 0, again;
	struct partial p;
	struct message message;

	partial_start(&p);
	EXPECT(vm_allocate(SELF, &page, PAGE_SIZE, TRUE), KERN_SUCCESS);
	partial_names(&p, (uint32_t *) page);
	init_to(&message, p.to);
	message_memory(&message, MACH_MSG_TYPE_BYTE, 8, 100, &p, 0);
	message_memory(&message, MOVE, 32, 4, (void *) page, TYPE_DEALLOCATE);
	message_right(&message, p.third, MOVE);
	EXPECT(message_send(&message), MACH_SEND_INVALID_RIGHT);
	again = page;
	EXPECT(vm_allocate(SELF, &again, PAGE_SIZE, FALSE), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, again, PAGE_SIZE), KERN_SUCCESS);
	partial_end(&p);
}

/* --- CI-9: no room for what arrives ---------------------------------------------------------- */

#define FILLINGS	400

static struct {
	vm_offset_t	address;
	vm_size_t	size;
} fillings[FILLINGS];
static unsigned int filling_count;

static void fill_map(void)
{
	filling_count = 0;
	for (vm_size_t size = 1u << 30; size >= PAGE_SIZE; size /= 2)
		while (filling_count < FILLINGS) {
			vm_offset_t address = 0;

			if (vm_allocate(SELF, &address, size, TRUE) != KERN_SUCCESS)
				break;
			fillings[filling_count].address = address;
			fillings[filling_count++].size = size;
		}
}

static void empty_map(void)
{
	while (filling_count-- > 0)
		EXPECT(vm_deallocate(SELF, fillings[filling_count].address,
			fillings[filling_count].size), KERN_SUCCESS);
}

/*
 * The header arrives, the array's rights are destroyed and no name is left of them, memory is
 * gone, and the inline right behind them arrives.
 */
static void receive_without_room(mach_port_t port, mach_port_t reply, mach_port_t passed,
	void (*fill)(void), void (*empty)(void))
{
	mach_port_t names[] = { passed, passed };
	struct message message;

	message_init(&message, port, COPY, reply, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message_memory(&message, MACH_MSG_TYPE_MAKE_SEND, 32, 2, names, 0);
	message_memory(&message, MACH_MSG_TYPE_MAKE_SEND_ONCE, 32, 2, names, 0);
	message_memory(&message, MACH_MSG_TYPE_BYTE, 8, 5000, (void *) &fillings, 0);
	message_right(&message, reply, MACH_MSG_TYPE_MAKE_SEND);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	fill();
	EXPECT(message_receive(&message, port), MACH_RCV_BODY_ERROR | MACH_MSG_VM_SPACE);
	empty();
	EXPECT(port_type(message.header.msgh_remote_port), MACH_PORT_TYPE_SEND_ONCE);
	EXPECT(message.header.msgh_local_port, port);
	EXPECT(message.header.msgh_size, 24 + 3 * 16 + 8);
	for (unsigned int item = 0; item < 3; item++) {
		EXPECT(message.body[4 * item + 1] >> 16, 0);
		EXPECT(message.body[4 * item + 3], 0);
	}
	EXPECT(message.body[13], reply);
	EXPECT(mach_port_deallocate(SELF, message.header.msgh_remote_port), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, reply), KERN_SUCCESS);
}

static void try_without_room(void (*fill)(void), void (*empty)(void))
{
	static struct snapshot before, after;
	mach_port_t port = port_new_with_send(1), reply = port_new(), passed = port_new();

	snapshot_take(SELF, &before);
	receive_without_room(port, reply, passed, fill, empty);
	EXPECT_TRUE(notification_is(reply, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT_TRUE(notification_is(passed, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT_TRUE(notification_is(passed, MACH_NOTIFY_SEND_ONCE, 0));
	EXPECT_TRUE(queue_is_empty(passed));
	snapshot_take(SELF, &after);
	EXPECT_TRUE(snapshot_same(&before, &after));
	port_destroy(port);
	port_destroy(reply);
	port_destroy(passed);
}

void test_map_full(void)
{
	try_without_room(fill_map, empty_map);
}

static vm_size_t old_limit, old_max;

static void set_limit(void)
{
	EXPECT(vm_get_size_limit(SELF, &old_limit, &old_max), KERN_SUCCESS);
	EXPECT(vm_set_size_limit(tap_host_priv, SELF, PAGE_SIZE, old_max), KERN_SUCCESS);
}

static void unset_limit(void)
{
	EXPECT(vm_set_size_limit(tap_host_priv, SELF, old_limit, old_max), KERN_SUCCESS);
}

void test_map_limit(void)
{
	try_without_room(set_limit, unset_limit);
}
