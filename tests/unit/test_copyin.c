/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages in and out by hand: sizes and buffers at their edges, errors on arrival, the order of
 * deaths, and every allocation on the way failing.  (test_message.c does it at random.)
 */
#include <tests/unit/fakes_ipc.h>

#include <stdlib.h>
#include <string.h>

#include <ipc/checker.h>
#include <kern/slab.h>
#include <mach/mach_port_server.h>
#include <mach/notify.h>
#include <vm/map.h>

/* --- The scene: a task sends to another's port ------------------------------------------- */

#define WORD_TYPE 0x10012002u

static struct task *sender, *receiver;
static struct actor *sending, *receiving;
static mach_port_name_t port, dest;	/* receive right, send right */
static uint32_t live_before;

static uint32_t user[1024];		/* user memory */
static mach_msg_header_t *const msg = (mach_msg_header_t *)user;

/* Give a space a right that the test makes. */
static mach_port_name_t put_right(struct task *to, struct ipc_port *right)
{
	return fake_insert_send(to, right);
}

static mach_port_name_t new_receive(struct task *task)
{
	mach_port_name_t name;

	ck_must(mach_port_allocate(task->space, MACH_PORT_RIGHT_RECEIVE, &name) == KERN_SUCCESS);
	return name;
}

static struct ipc_port *port_named(struct task *task, mach_port_name_t name)
{
	return entry_port(ipc_entry_lookup(&task->space->table, name));
}

static void pair_start(void)
{
	live_before = fake_ipc_live();
	sender = fake_ipc_task();
	receiver = fake_ipc_task();
	sending = actor_create(sender);
	receiving = actor_create(receiver);
	port = new_receive(receiver);
	dest = put_right(sender, ipc_port_make_send(port_named(receiver, port)));
}

static void pair_end(void)
{
	actor_end(sending);
	actor_end(receiving);
	fake_ipc_task_end(sender);
	fake_ipc_task_end(receiver);
	ck_assert_uint_eq(fake_ipc_live(), live_before);
}

static void header(uint32_t bits)
{
	*msg = (mach_msg_header_t){ .msgh_bits = bits, .msgh_remote_port = dest, .msgh_id = 5 };
}

static mach_msg_return_t send_from(void *from, mach_msg_size_t size)
{
	actor_mach_msg(sending, from, MACH_SEND_MSG | MACH_SEND_TIMEOUT, size, 0, 0, 0, 0);
	ck_must(sending->done);
	return sending->result;
}

static mach_msg_return_t receive_to(void *to, mach_msg_size_t size, mach_msg_option_t option)
{
	actor_mach_msg(receiving, to, MACH_RCV_MSG | MACH_RCV_TIMEOUT | option, 0, size, port,
		       0, 0);
	ck_must(receiving->done);
	return receiving->result;
}

static void no_holders(void)
{
	fake_ipc_holders = NULL;
	ck_must(ipc_check_all() == 0);
}

/* --- Sizes and buffers ------------------------------------------------------------------- */

/* CI-4: nor does a size wrap. */
START_TEST(test_sizes)
{
	static const struct {
		mach_msg_size_t size;
		mach_msg_return_t mr;
	} sizes[] = {
		{ 0, MACH_SEND_MSG_TOO_SMALL }, { 20, MACH_SEND_MSG_TOO_SMALL },
		{ 23, MACH_SEND_MSG_TOO_SMALL }, { 24, MACH_MSG_SUCCESS },
		{ 25, MACH_SEND_MSG_TOO_SMALL }, { 26, MACH_SEND_MSG_TOO_SMALL },
		{ 28, MACH_MSG_SUCCESS }, { 1u << 20, MACH_MSG_SUCCESS },
		{ MACH_MSG_SIZE_MAX_INLINE, MACH_MSG_SUCCESS },
		{ MACH_MSG_SIZE_MAX_INLINE + 4, MACH_SEND_NO_BUFFER },
		{ 0x7ffffffc, MACH_SEND_NO_BUFFER }, { 0x80000000, MACH_SEND_NO_BUFFER },
		{ 0xffffffc0, MACH_SEND_NO_BUFFER }, { 0xffffffe0, MACH_SEND_NO_BUFFER },
		{ 0xfffffff0, MACH_SEND_NO_BUFFER }, { 0xfffffffc, MACH_SEND_NO_BUFFER },
		{ 0xffffffff, MACH_SEND_MSG_TOO_SMALL },
	};
	mach_msg_header_t *big = calloc(1, MACH_MSG_SIZE_MAX_INLINE);

	fake_ipc_start();
	pair_start();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		header(MACH_MSG_TYPE_COPY_SEND);
		*big = *msg;
		ck_assert_int_eq(send_from(big, sizes[i].size), sizes[i].mr);
		if (sizes[i].mr != MACH_MSG_SUCCESS)
			continue;
		ck_assert_int_eq(receive_to(big, MACH_MSG_SIZE_MAX_INLINE, 0), MACH_MSG_SUCCESS);
		ck_assert_uint_eq(big->msgh_size, sizes[i].size);
	}
	pair_end();
}
END_TEST

/* CI-5: every size around the edges of the kernel's buffers: all arrives, nothing behind it. */
START_TEST(test_buffer_edges)
{
	static uint32_t bytes[20000 / 4], back[20000 / 4];

	fake_ipc_start();
	pair_start();
	for (uint32_t i = 0; i < 20000 / 4; i++)
		bytes[i] = i;
	for (mach_msg_size_t size = 24; size < 18000; size += size < 600 ? 4 : 52) {
		header(MACH_MSG_TYPE_COPY_SEND);
		memcpy(bytes, msg, sizeof(*msg));
		ck_must(send_from(bytes, size) == MACH_MSG_SUCCESS);
		memset(back, 0xee, sizeof(back));
		ck_must(receive_to(back, size, 0) == MACH_MSG_SUCCESS);
		ck_must(memcmp(back + 6, bytes + 6, size - 24) == 0);
		ck_must(back[size / 4] == 0xeeeeeeee);
	}
	pair_end();
}
END_TEST

/* Memory that cannot be read: nothing has happened. */
START_TEST(test_bad_send_buffer)
{
	fake_ipc_start();
	pair_start();
	for (uint32_t size = 24; size <= 5000; size += 1244) {
		uint8_t *page = fake_user_alloc(sender->map, 4096);
		mach_msg_header_t *last = (mach_msg_header_t *)(page + 4096 - 24);

		header(MACH_MSG_TYPE_MOVE_SEND);
		*last = *msg;
		if (size > 24)		/* goes on in a page that is not there */
			ck_assert_int_eq(send_from(last, size), MACH_SEND_INVALID_DATA);
		fake_user_free(sender->map, page, 4096);
		ck_assert_int_eq(send_from(last, 24), MACH_SEND_INVALID_DATA);
	}
	ck_assert_int_eq(send_from(NULL, 24), MACH_SEND_INVALID_DATA);
	ck_assert_uint_eq(port_named(receiver, port)->srights, 1);
	pair_end();
}
END_TEST

/* A trap's bits that nobody knows are not passed on; nor is what the user says of the size. */
START_TEST(test_header_bits)
{
	fake_ipc_start();
	pair_start();
	header(MACH_MSG_TYPE_COPY_SEND | 0x3fff0000 | MACH_MSGH_BITS_COMPLEX);
	msg->msgh_size = ~0u;
	user[6] = WORD_TYPE;
	user[7] = 9;
	ck_assert_int_eq(send_from(user, 32), MACH_MSG_SUCCESS);
	ck_assert_int_eq(receive_to(user, sizeof(user), 0), MACH_MSG_SUCCESS);
	ck_assert_uint_eq(msg->msgh_bits, MACH_MSGH_BITS(0, MACH_MSG_TYPE_PORT_SEND));
	ck_assert_uint_eq(msg->msgh_size, 32);
	ck_assert_uint_eq(user[7], 9);
	pair_end();
}
END_TEST

/* Counts whose bytes wrap in 32 bits, and memory beyond what there can be. */
START_TEST(test_long_items)
{
	static const struct {
		uint32_t word, name_size, number, address;
		mach_msg_return_t mr;
	} items[] = {
		{ 0x30000000, 19 | 32 << 16, 0x40000001, 0, MACH_SEND_MSG_TOO_SMALL },
		{ 0x20000000, 19 | 32 << 16, 0x40000000, 0, MACH_SEND_INVALID_MEMORY },
		{ 0x20000000, 19 | 32 << 16, 0x40000001, 0, MACH_SEND_INVALID_MEMORY },
		{ 0x20000000, 16 | 32 << 16, 0xffffffff, 0x20000, MACH_SEND_INVALID_MEMORY },
		{ 0x20000000, 17 | 32 << 16, 0x100001, 0x20000, MACH_SEND_INVALID_MEMORY },
		{ 0x20000000, 9 | 8 << 16, 0xffffffff, 0x20000, MACH_SEND_INVALID_MEMORY },
		{ 0x20000000, 9 | 0xffffu << 16, 0xffffffff, 0x20000, MACH_SEND_INVALID_MEMORY },
		{ 0x20000000, 9 | 8 << 16, 0xc0000000, 0x20000, MACH_SEND_INVALID_MEMORY },
		{ 0x30000000, 9 | 8 << 16, 0x20000001, 0, MACH_SEND_MSG_TOO_SMALL },
		{ 0x20000000, 9 | 0 << 16, 0xffffffff, 0x20000, MACH_MSG_SUCCESS },
		{ 0x20000000, 19 | 32 << 16, 0, 0x20000, MACH_MSG_SUCCESS },
		{ 0x60000000, 19 | 32 << 16, 0, 0xd0000000, MACH_MSG_SUCCESS },
	};

	fake_ipc_start();
	pair_start();
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		header(MACH_MSG_TYPE_COPY_SEND | MACH_MSGH_BITS_COMPLEX);
		memcpy(&user[6], &items[i], 16);
		ck_assert_int_eq(send_from(user, 40), items[i].mr);
		no_holders();
		if (items[i].mr != MACH_MSG_SUCCESS)
			continue;
		ck_assert_int_eq(receive_to(user, sizeof(user), 0), MACH_MSG_SUCCESS);
		/* Nothing: null address, the descriptor as it was but for deallocate. */
		ck_assert_uint_eq(user[6], 0x60000000);
		ck_assert_uint_eq(user[7], items[i].name_size - (items[i].number == 0 ? 2 : 0));
		ck_assert_uint_eq(user[8], items[i].number);
		ck_assert_uint_eq(user[9], 0);
	}
	pair_end();
}
END_TEST

/* Two items that give away the same page: the second has no memory any more. */
START_TEST(test_same_page_twice)
{
	uint32_t *page;

	fake_ipc_start();
	pair_start();
	page = fake_user_alloc(sender->map, 4096);
	header(MACH_MSG_TYPE_COPY_SEND | MACH_MSGH_BITS_COMPLEX);
	for (int i = 0; i < 2; i++) {
		user[6 + 2 * i] = MACH_MSG_TYPE_COPY_SEND | 32 << 8 | 1 << 16 | 0x40000000;
		user[7 + 2 * i] = (uint32_t)(uintptr_t)(page + 8 * i);
	}
	page[0] = page[8] = dest;
	ck_assert_int_eq(send_from(user, 40), MACH_SEND_INVALID_MEMORY);
	ck_assert_uint_eq(port_named(receiver, port)->srights, 1);
	ck_assert_uint_eq(fake_user_pages, 0);
	no_holders();
	pair_end();
}
END_TEST

/* --- Errors on arrival ------------------------------------------------------------------- */

/* A rich message: three rights in line, two in an array, memory, and a reply right. */
static mach_msg_size_t rich_message(mach_port_name_t *reply)
{
	uint32_t *w = user + 6, *array = fake_user_alloc(sender->map, 8);
	uint8_t *memory = fake_user_alloc(sender->map, 5000);

	*reply = new_receive(sender);
	header(MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE) |
	       MACH_MSGH_BITS_COMPLEX);
	msg->msgh_local_port = *reply;
	*w++ = 0x10000000 | MACH_MSG_TYPE_MAKE_SEND | 32 << 8 | 2 << 16;
	*w++ = new_receive(sender);
	*w++ = new_receive(sender);
	*w++ = 0x10000000 | MACH_MSG_TYPE_MOVE_RECEIVE | 32 << 8 | 1 << 16;
	*w++ = new_receive(sender);
	*w++ = 0x40000000 | MACH_MSG_TYPE_MAKE_SEND_ONCE | 32 << 8 | 2 << 16;
	*w++ = (uint32_t)(uintptr_t)array;
	*w++ = 0x60000000;
	*w++ = MACH_MSG_TYPE_BYTE | 8 << 16;
	*w++ = 5000;
	*w++ = (uint32_t)(uintptr_t)memory;
	array[0] = *reply;
	array[1] = *reply;
	return (mach_msg_size_t)((uint8_t *)w - (uint8_t *)user);
}

/* Use up the slots of a space but for a few. */
static void fill_space(struct task *task, uint32_t spare)
{
	uint32_t room = CHUNK_ENTRIES - 1 - spare;
	mach_port_name_t name;

	while (task->space->table.used < room)
		ck_must(mach_port_allocate(task->space, MACH_PORT_RIGHT_DEAD_NAME, &name) ==
			KERN_SUCCESS);
}

/* Each allocation of the sending fails in turn. */
START_TEST(test_send_no_memory)
{
	mach_msg_return_t mr;
	unsigned int n = 0;

	fake_ipc_start();
	do {
		mach_port_name_t reply;
		mach_msg_size_t size;

		pair_start();
		size = rich_message(&reply);
		slab_fail_after(++n);
		mr = send_from(user, size);
		slab_fail_after(0);
		ck_assert(mr == MACH_MSG_SUCCESS || mr == MACH_SEND_NO_BUFFER ||
			  mr == MACH_SEND_INVALID_MEMORY);
		no_holders();
		pair_end();
	} while (mr != MACH_MSG_SUCCESS);
	ck_assert_uint_ge(n, 4);
}
END_TEST

/* Names that a rich message shows; all are different ones. */
static uint32_t names_shown(bool bare)
{
	static const int places[] = { 7, 8, 10 };
	uint32_t count = msg->msgh_remote_port != 0;
	const mach_port_name_t *array = (const mach_port_name_t *)(uintptr_t)user[12];

	if (bare)
		return 0;
	for (int i = 0; i < 3; i++)
		count += user[places[i]] != 0;
	for (int i = 0; i < 2 && array != NULL; i++)
		count += array[i] != 0;
	return count;
}

/* The same for the receiving, with more and more names that need no memory. */
START_TEST(test_receive_no_memory)
{
	bool bares = false, rights = false, memory = false;

	fake_ipc_start();
	for (uint32_t spare = 0; spare < 8; spare++)
		for (unsigned int n = 1; n < 8; n++) {
			mach_port_name_t reply;
			mach_msg_return_t mr;
			uint32_t used;
			bool bare;

			pair_start();
			ck_must(send_from(user, rich_message(&reply)) == MACH_MSG_SUCCESS);
			fill_space(receiver, spare);
			used = receiver->space->table.used;
			slab_fail_after(n);
			mr = receive_to(user, sizeof(user), 0);
			slab_fail_after(0);
			no_holders();
			bare = mr == (MACH_RCV_HEADER_ERROR | MACH_MSG_IPC_KERNEL);
			ck_assert_uint_eq(receiver->space->table.used, used + names_shown(bare));
			if (bare) {
				bares = true;
				ck_assert_uint_eq(msg->msgh_remote_port, 0);
				ck_assert_uint_eq(msg->msgh_local_port, port);
			} else if (mr != MACH_MSG_SUCCESS) {
				ck_assert_int_eq(mr & ~MACH_MSG_MASK, MACH_RCV_BODY_ERROR);
				rights |= (mr & MACH_MSG_IPC_KERNEL) != 0;
				memory |= (mr & MACH_MSG_VM_KERNEL) != 0;
			}
			pair_end();
		}
	ck_assert(bares && rights && memory);
}
END_TEST

/* CI-9: no room in the receiver's map: memory shows as nothing, the rights in it are destroyed. */
START_TEST(test_receive_no_room)
{
	mach_port_name_t reply;
	mach_msg_return_t mr;
	uint32_t names;

	fake_ipc_start();
	pair_start();
	ck_must(send_from(user, rich_message(&reply)) == MACH_MSG_SUCCESS);
	names = receiver->space->table.used;
	fake_user_full = true;
	mr = receive_to(user, sizeof(user), 0);
	fake_user_full = false;
	ck_assert_int_eq(mr, MACH_RCV_BODY_ERROR | MACH_MSG_VM_SPACE);
	ck_assert_uint_eq(user[11], 0x40000000 | MACH_MSG_TYPE_PORT_SEND_ONCE | 2 << 16);
	ck_assert_uint_eq(user[12], 0);
	ck_assert_uint_eq(user[14], MACH_MSG_TYPE_BYTE);
	ck_assert_uint_eq(user[16], 0);
	ck_assert_uint_eq(receiver->space->table.used, names + 1 + 3);
	/* Each of the two send-once rights has told of its end. */
	ck_assert_uint_eq(port_named(sender, reply)->msgcount, 2);
	no_holders();
	pair_end();
}
END_TEST

/* Into a space that is being destroyed: bare, and nothing is left. */
START_TEST(test_receive_dead_space)
{
	mach_port_name_t reply;
	struct ipc_space *space;
	struct ipc_kmsg *kmsg;
	struct ipc_port *p;

	fake_ipc_start();
	pair_start();
	ck_must(send_from(user, rich_message(&reply)) == MACH_MSG_SUCCESS);
	p = port_named(receiver, port);
	kmsg = container_of(queue_take_first(&p->mqueue.messages), struct ipc_kmsg, link);
	p->msgcount--;
	ck_must(ipc_space_create(&space) == KERN_SUCCESS);
	ipc_space_destroy(space);
	ck_assert_int_eq(ipc_kmsg_copyout(kmsg, space, receiver->map),
			 MACH_RCV_HEADER_ERROR | MACH_MSG_IPC_SPACE);
	ipc_kmsg_copyout_bare(kmsg, space);
	ck_assert_uint_eq(kmsg->user.msgh_local_port, 0);
	ipc_kmsg_free(kmsg);
	ipc_space_release(space);
	no_holders();
	pair_end();
}
END_TEST

/* --- MACH_RCV_NOTIFY --------------------------------------------------------------------- */

static mach_msg_return_t receive_notify(mach_port_name_t notify)
{
	actor_mach_msg(receiving, user, MACH_RCV_MSG | MACH_RCV_TIMEOUT | MACH_RCV_NOTIFY, 0,
		       sizeof(user), port, 0, notify);
	ck_must(receiving->done);
	return receiving->result;
}

static void send_with_reply(uint32_t type, mach_port_name_t reply)
{
	header(MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, type));
	msg->msgh_local_port = reply;
	ck_must(send_from(user, 24) == MACH_MSG_SUCCESS);
}

static bool requested(mach_port_name_t name)
{
	mach_port_type_t type;

	ck_must(mach_port_type(receiver->space, name, &type) == KERN_SUCCESS);
	return (type & MACH_PORT_TYPE_DNREQUEST) != 0;
}

START_TEST(test_receive_notify)
{
	mach_port_name_t reply, notify, send;

	fake_ipc_start();
	pair_start();
	reply = new_receive(sender);
	notify = new_receive(receiver);
	/* Not a receive right: looked at when there is a message, which comes bare. */
	ck_assert_int_eq(receive_notify(0), MACH_RCV_TIMED_OUT);
	send_with_reply(MACH_MSG_TYPE_MAKE_SEND_ONCE, reply);
	ck_assert_int_eq(receive_notify(0x999), MACH_RCV_INVALID_NOTIFY);
	ck_assert_uint_eq(msg->msgh_remote_port, 0);
	ck_assert_uint_eq(port_named(sender, reply)->msgcount, 1);
	/* A new name is watched; one that was there before is not, nor a dead one. */
	send_with_reply(MACH_MSG_TYPE_MAKE_SEND_ONCE, reply);
	ck_assert_int_eq(receive_notify(notify), MACH_MSG_SUCCESS);
	ck_assert(requested(msg->msgh_remote_port));
	send = put_right(receiver, ipc_port_make_send(port_named(sender, reply)));
	send_with_reply(MACH_MSG_TYPE_MAKE_SEND, reply);
	ck_assert_int_eq(receive_notify(notify), MACH_MSG_SUCCESS);
	ck_assert_uint_eq(msg->msgh_remote_port, send);
	ck_assert(!requested(send));
	send_with_reply(MACH_MSG_TYPE_MAKE_SEND_ONCE, reply);
	ck_must(mach_port_destroy(sender->space, reply) == KERN_SUCCESS);
	ck_assert_uint_eq(port_named(receiver, notify)->msgcount, 1);
	ck_assert_int_eq(receive_notify(notify), MACH_MSG_SUCCESS);
	ck_assert_uint_eq(msg->msgh_remote_port, MACH_PORT_DEAD);
	ck_assert_uint_eq(port_named(receiver, notify)->sorights, 1);
	no_holders();
	pair_end();
}
END_TEST

/* --- The order of deaths, as the receiver is told it ------------------------------------- */

enum { DEST_DIES = 1, REPLY_DIES = 2 };

static void check_deaths(int first, int second, mach_port_name_t local, mach_port_name_t remote)
{
	struct ipc_kmsg *kmsg;
	mach_port_name_t reply;
	struct ipc_port *p;

	pair_start();
	reply = new_receive(sender);
	header(MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND));
	msg->msgh_local_port = reply;
	ck_must(send_from(user, 24) == MACH_MSG_SUCCESS);
	p = port_named(receiver, port);
	kmsg = container_of(queue_take_first(&p->mqueue.messages), struct ipc_kmsg, link);
	p->msgcount--;
	for (int i = 0; i < 2; i++) {
		int dies = i == 0 ? first : second;

		if (dies == DEST_DIES)
			ck_must(mach_port_destroy(receiver->space, port) == KERN_SUCCESS);
		if (dies == REPLY_DIES)
			ck_must(mach_port_destroy(sender->space, reply) == KERN_SUCCESS);
	}
	ck_must(ipc_kmsg_copyout(kmsg, receiver->space, receiver->map) == MACH_MSG_SUCCESS);
	ck_assert_uint_eq(kmsg->user.msgh_local_port, local == 1 ? port : local);
	if (remote == 1)
		ck_assert(MACH_PORT_VALID(kmsg->user.msgh_remote_port));
	else
		ck_assert_uint_eq(kmsg->user.msgh_remote_port, remote);
	ipc_kmsg_free(kmsg);
	pair_end();
}

/* PR-13: the receive right has gone since the message was taken: null; a send-once ends. */
START_TEST(test_right_moved)
{
	static const uint32_t types[] = { MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MOVE_SEND_ONCE };

	fake_ipc_start();
	for (int i = 0; i < 2; i++) {
		mach_msg_type_name_t type;
		mach_port_name_t once;
		struct ipc_kmsg *kmsg;
		struct ipc_port *p, *right;

		pair_start();
		p = port_named(receiver, port);
		once = 0x700;
		ck_must(mach_port_insert_right(sender->space, once, ipc_port_make_sonce(p),
					       MACH_MSG_TYPE_PORT_SEND_ONCE) == KERN_SUCCESS);
		header(types[i]);
		msg->msgh_remote_port = i == 0 ? dest : once;
		ck_must(send_from(user, 24) == MACH_MSG_SUCCESS);
		kmsg = container_of(queue_take_first(&p->mqueue.messages), struct ipc_kmsg, link);
		p->msgcount--;
		ck_must(mach_port_extract_right(receiver->space, port, MACH_MSG_TYPE_MOVE_RECEIVE,
						&right, &type) == KERN_SUCCESS);
		ck_must(ipc_kmsg_copyout(kmsg, receiver->space, receiver->map) ==
			MACH_MSG_SUCCESS);
		ck_assert_uint_eq(kmsg->user.msgh_local_port, MACH_PORT_NULL);
		ck_assert_uint_eq(p->msgcount, (uint32_t)i);
		ipc_kmsg_free(kmsg);
		ipc_port_release_receive(right);
		pair_end();
	}
}
END_TEST

/* PR-13. 1: a name. */
START_TEST(test_death_order)
{
	fake_ipc_start();
	check_deaths(0, 0, 1, 1);
	check_deaths(DEST_DIES, 0, MACH_PORT_DEAD, 1);
	check_deaths(REPLY_DIES, 0, 1, MACH_PORT_DEAD);
	check_deaths(DEST_DIES, REPLY_DIES, MACH_PORT_DEAD, MACH_PORT_DEAD);
	check_deaths(REPLY_DIES, DEST_DIES, MACH_PORT_NULL, MACH_PORT_DEAD);
}
END_TEST

/* Too large comes before a buffer that is no memory. */
START_TEST(test_too_large_nowhere)
{
	fake_ipc_start();
	pair_start();
	for (int i = 0; i < 2; i++) {
		header(MACH_MSG_TYPE_COPY_SEND);
		ck_must(send_from(user, 40) == MACH_MSG_SUCCESS);
	}
	ck_assert_int_eq(receive_to((void *)8, 39, MACH_RCV_LARGE), MACH_RCV_TOO_LARGE);
	ck_assert_int_eq(receive_to((void *)8, 39, 0), MACH_RCV_TOO_LARGE);
	ck_assert_int_eq(receive_to((void *)8, 40, 0), MACH_RCV_INVALID_DATA);
	ck_assert_int_eq(receive_to((void *)8, 40, 0), MACH_RCV_TIMED_OUT);
	no_holders();
	pair_end();
}
END_TEST

static void request(struct task *task, mach_port_name_t name, mach_msg_id_t id,
		    struct ipc_port *notify)
{
	struct ipc_port *previous, *right = ipc_port_make_sonce(notify);

	ck_must(right != IP_DEAD);
	ck_must(mach_port_request_notification(task->space, name, id, 0, right, &previous) ==
		KERN_SUCCESS);
}

/* What a death tells, in its order: no-senders dropped, the queue's messages, dead names. */
START_TEST(test_death_tells)
{
	static const mach_msg_id_t order[] = { MACH_NOTIFY_SEND_ONCE, MACH_NOTIFY_NO_SENDERS,
		MACH_NOTIFY_DEAD_NAME };
	mach_port_name_t watched, notify;
	struct ipc_port *observer;
	int i = 0;

	fake_ipc_start();
	pair_start();
	notify = new_receive(sender);
	watched = new_receive(sender);
	observer = port_named(sender, notify);
	request(receiver, port, MACH_NOTIFY_NO_SENDERS, observer);
	request(sender, dest, MACH_NOTIFY_DEAD_NAME, observer);
	put_right(sender, ipc_port_make_send(port_named(sender, watched)));
	header(MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MOVE_SEND));
	msg->msgh_local_port = watched;
	ck_must(send_from(user, 24) == MACH_MSG_SUCCESS);
	request(sender, watched, MACH_NOTIFY_NO_SENDERS, observer);
	ck_must(mach_port_destroy(receiver->space, port) == KERN_SUCCESS);
	ck_assert_uint_eq(observer->msgcount, 3);
	queue_for_each(link, &observer->mqueue.messages)
		ck_assert_int_eq(container_of(link, struct ipc_kmsg, link)->header.id, order[i++]);
	no_holders();
	pair_end();
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_sizes);
	tcase_add_test(tcase, test_buffer_edges);
	tcase_add_test(tcase, test_bad_send_buffer);
	tcase_add_test(tcase, test_header_bits);
	tcase_add_test(tcase, test_long_items);
	tcase_add_test(tcase, test_same_page_twice);
	tcase_add_test(tcase, test_send_no_memory);
	tcase_add_test(tcase, test_receive_no_memory);
	tcase_add_test(tcase, test_receive_no_room);
	tcase_add_test(tcase, test_receive_dead_space);
	tcase_add_test(tcase, test_receive_notify);
	tcase_add_test(tcase, test_right_moved);
	tcase_add_test(tcase, test_death_order);
	tcase_add_test(tcase, test_death_tells);
	tcase_add_test(tcase, test_too_large_nowhere);
}
