/* SPDX-License-Identifier: BSD-2-Clause */
/* Accounts: what is charged to whom, when it is given back, and what happens at a limit. */
#include <tests/unit/fakes_ipc.h>

#include <ipc/account.h>
#include <ipc/checker.h>
#include <ipc/kmsg.h>
#include <ipc/pset.h>
#include <ipc/right.h>
#include <kern/slab.h>
#include <kern/task.h>
#include <mach/mach_port_server.h>
#include <mach/notify.h>
#include <vm/page.h>

#define SPARSE 0x90000001u

static struct task *task, *other;	/* two spaces */
static struct actor *actor, *other_actor;
static uint32_t live;			/* objects before */

static void start(void)
{
	fake_ipc_start();
	live = fake_ipc_live();
	task = fake_ipc_task();
	other = fake_ipc_task();
	actor = actor_create(task);
	other_actor = actor_create(other);
}

static void finish(void)
{
	actor_end(actor);
	actor_end(other_actor);
	fake_ipc_task_end(task);
	fake_ipc_task_end(other);
	ck_assert(queue_empty(&ipc_accounts));
	ck_assert_uint_eq(fake_ipc_live(), live);
}

static uint32_t used(const struct task *t)
{
	return t->space->account->memory;
}

static void set_memory(struct task *t, uint32_t bytes)
{
	struct ipc_limits limits = t->space->account->limits;

	limits.il_memory = bytes;
	ipc_space_set_limits(t->space, &limits);
}

static mach_port_name_t new_right(struct task *t, mach_port_right_t right)
{
	mach_port_name_t name;

	ck_must(mach_port_allocate(t->space, right, &name) == KERN_SUCCESS);
	return name;
}

static struct ipc_port *port_of(struct task *t, mach_port_name_t name)
{
	return entry_port(ipc_entry_lookup(&t->space->table, name));
}

/* A right of one task's port for the other one. */
static mach_port_name_t give(struct task *from, mach_port_name_t name, struct task *to,
			     mach_msg_type_name_t disposition)
{
	mach_port_name_t there = 0;
	mach_msg_type_name_t type;
	struct ipc_debris debris;
	struct ipc_port *port;
	kern_return_t kr;

	ck_must(mach_port_extract_right(from->space, name, disposition, &port, &type) ==
		KERN_SUCCESS);
	ipc_debris_init(&debris);
	ipc_space_lock(to->space);
	kr = ipc_right_copyout(to->space, port, type, &there, &debris);
	ipc_space_unlock(to->space);
	ipc_debris_release(&debris);
	if (kr != KERN_SUCCESS)
		ipc_right_in_hand_release(port, type);
	ck_must(kr == KERN_SUCCESS);
	return there;
}

static mach_msg_return_t send(struct actor *a, mach_port_name_t name, uint32_t disposition,
			      uint32_t size)
{
	static mach_msg_header_t message[400];

	message[0] = (mach_msg_header_t){ .msgh_bits = disposition, .msgh_remote_port = name };
	actor_mach_msg(a, message, MACH_SEND_MSG | MACH_SEND_TIMEOUT, size, 0, 0, 0, 0);
	ck_must(a->done);
	return a->result;
}

static mach_msg_return_t receive(struct actor *a, mach_port_name_t name)
{
	static mach_msg_header_t message[400];

	actor_mach_msg(a, message, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(message), name, 0, 0);
	ck_must(a->done);
	return a->result;
}

/* What a message of so many bytes takes. */
static uint32_t message_cost(uint32_t size)
{
	uint32_t total = size + 4 + KMSG_OVERHEAD;

	return total <= 256 ? 256 : kalloc_rounded(total);
}

/* --- Each kind ------------------------------------------------------------------------------- */

enum thing { PORT, SET, REQUEST, FAR_PORT, SPARSE_NAME, THINGS };

static kern_return_t make(enum thing thing, mach_port_name_t base, mach_port_name_t *namep)
{
	struct ipc_port *previous;
	struct ipc_port *notify;
	kern_return_t kr;

	switch (thing) {
	case PORT:
		return mach_port_allocate(task->space, MACH_PORT_RIGHT_RECEIVE, namep);
	case SET:
		return mach_port_allocate(task->space, MACH_PORT_RIGHT_PORT_SET, namep);
	case FAR_PORT:
		*namep = 0x5000;
		return mach_port_allocate_name(task->space, MACH_PORT_RIGHT_RECEIVE, *namep);
	case SPARSE_NAME:
		*namep = SPARSE;
		return mach_port_allocate_name(task->space, MACH_PORT_RIGHT_DEAD_NAME, *namep);
	default:
		notify = ipc_port_make_sonce(port_of(task, base));
		kr = mach_port_request_notification(task->space, base, MACH_NOTIFY_DEAD_NAME, 0,
						    notify, &previous);
		if (kr != KERN_SUCCESS)
			ipc_port_drop_sonce(notify);
		return kr;
	}
}

static void unmake(enum thing thing, mach_port_name_t base, mach_port_name_t name)
{
	struct ipc_port *previous;

	if (thing != REQUEST) {
		ck_must(mach_port_destroy(task->space, name) == KERN_SUCCESS);
		return;
	}
	ck_must(mach_port_request_notification(task->space, base, MACH_NOTIFY_DEAD_NAME, 0, IP_NULL,
					       &previous) == KERN_SUCCESS);
	ipc_port_drop_sonce(previous);
}

static uint32_t cost(enum thing thing)
{
	switch (thing) {
	case PORT:
		return sizeof(struct ipc_port);
	case SET:
		return sizeof(struct ipc_pset);
	case REQUEST:
		return sizeof(struct ipc_request);
	case FAR_PORT:
		return sizeof(struct ipc_port) + sizeof(struct ipc_entry_chunk);
	default:	/* eight nodes of 17 words */
		return sizeof(struct ipc_entry) + 8 * 17 * sizeof(uint32_t);
	}
}

START_TEST(test_kinds)
{
	enum thing thing = (enum thing)_i;
	mach_port_name_t base, name;
	uint32_t before, objects;

	start();
	base = new_right(task, MACH_PORT_RIGHT_RECEIVE);
	before = used(task);
	objects = fake_ipc_live();
	ck_assert_uint_eq(before, sizeof(struct ipc_account) + sizeof(struct ipc_entry_leaf) +
				  sizeof(struct ipc_entry_chunk) + sizeof(struct ipc_port));
	for (uint32_t missing = cost(thing); missing > 0; missing /= 2) {
		set_memory(task, before + cost(thing) - missing);
		ck_assert_int_eq(make(thing, base, &name), KERN_RESOURCE_SHORTAGE);
		ck_assert_uint_eq(used(task), before);
		ck_assert_uint_eq(fake_ipc_live(), objects);
		ck_assert_int_eq(ipc_check_all(), 0);
		if (thing == FAR_PORT)	/* with a little more it would be a sparse name */
			break;
	}
	ck_assert_uint_gt(task->space->account->refused_memory, 0);
	set_memory(task, before + cost(thing));
	ck_assert_int_eq(make(thing, base, &name), KERN_SUCCESS);
	ck_assert_uint_eq(used(task), before + cost(thing));
	ck_assert_uint_eq(task->space->account->highest, before + cost(thing));
	ck_assert_int_eq(ipc_check_all(), 0);
	unmake(thing, base, name);
	if (thing != FAR_PORT)
		ck_assert_uint_eq(used(task), before);
	ck_assert_int_eq(ipc_check_all(), 0);
	finish();
}
END_TEST

START_TEST(test_names)
{
	mach_port_name_t name, gone;
	struct ipc_limits limits;

	start();
	limits = task->space->account->limits;
	limits.il_names = 2;
	ipc_space_set_limits(task->space, &limits);
	gone = new_right(task, MACH_PORT_RIGHT_RECEIVE);
	new_right(task, MACH_PORT_RIGHT_DEAD_NAME);
	for (mach_port_right_t right = MACH_PORT_RIGHT_PORT_SET; right <= MACH_PORT_RIGHT_DEAD_NAME;
	     right++) {
		ck_assert_int_eq(mach_port_allocate(task->space, right, &name), KERN_NO_SPACE);
		ck_assert_int_eq(mach_port_allocate_name(task->space, right, SPARSE),
				 KERN_NO_SPACE);
	}
	ck_assert_uint_eq(task->space->account->refused_names, 4);
	ck_assert_int_eq(mach_port_rename(task->space, gone, SPARSE), KERN_SUCCESS);
	ck_assert_int_eq(mach_port_destroy(task->space, SPARSE), KERN_SUCCESS);
	new_right(task, MACH_PORT_RIGHT_RECEIVE);
	ipc_space_inherit_limits(other->space, task->space);
	ck_assert_uint_eq(other->space->table.limit, 2);
	finish();
}
END_TEST

/* --- Messages -------------------------------------------------------------------------------- */

START_TEST(test_sender_pays)
{
	mach_port_name_t port, to;
	uint32_t before, there, message;

	start();
	port = new_right(other, MACH_PORT_RIGHT_RECEIVE);
	to = give(other, port, task, MACH_MSG_TYPE_MAKE_SEND);
	before = used(task);
	there = used(other);
	for (uint32_t size = 24; size < 6000; size = size * 2 + 4) {
		message = message_cost(size);
		set_memory(task, before + message - 1);
		ck_assert_int_eq(send(actor, to, MACH_MSG_TYPE_COPY_SEND, size),
				 MACH_SEND_NO_BUFFER);
		ck_assert_uint_eq(used(task), before);
		set_memory(task, before + message);
		ck_assert_int_eq(send(actor, to, MACH_MSG_TYPE_COPY_SEND, size), MACH_MSG_SUCCESS);
		ck_assert_uint_eq(used(task), before + message);
		ck_assert_uint_eq(used(other), there);
		ck_assert_int_eq(ipc_check_all(), 0);
		ck_assert_int_eq(receive(other_actor, port), MACH_MSG_SUCCESS);
		ck_assert_uint_eq(used(task), before);
	}
	finish();
}
END_TEST

/* An answer is paid by who asked, as soon as it is queued. */
START_TEST(test_asker_pays)
{
	mach_port_name_t port, once;
	uint32_t before, there;

	start();
	port = new_right(other, MACH_PORT_RIGHT_RECEIVE);
	there = used(other);
	for (uint32_t missing = 0; missing < 2; missing++) {
		once = give(other, port, task, MACH_MSG_TYPE_MAKE_SEND_ONCE);
		before = used(task);
		set_memory(other, there + 256 - missing);
		ck_assert_int_eq(send(actor, once, MACH_MSG_TYPE_MOVE_SEND_ONCE, 24),
				 MACH_MSG_SUCCESS);
		ck_assert_uint_eq(used(task), before);
		ck_assert_uint_eq(used(other), missing == 0 ? there + 256 : there);
		ck_assert_uint_eq(port_of(other, port)->sorights, missing == 0 ? 1 : 0);
		ck_assert_int_eq(ipc_check_all(), 0);
		ck_assert_int_eq(receive(other_actor, port), missing == 0 ? MACH_MSG_SUCCESS
									  : MACH_RCV_TIMED_OUT);
		ck_assert_uint_eq(used(other), there);
	}
	ck_assert_uint_eq(other->space->account->refused_memory, 1);
	ck_assert_uint_eq(ipc_kmsg_lost, 0);
	finish();
}
END_TEST

/* Who waits gets it for nothing. */
START_TEST(test_handed_over)
{
	static mach_msg_header_t message[4];
	mach_port_name_t port, once;

	start();
	port = new_right(other, MACH_PORT_RIGHT_RECEIVE);
	once = give(other, port, task, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	set_memory(other, used(other));
	actor_mach_msg(other_actor, message, MACH_RCV_MSG, 0, sizeof(message), port, 0, 0);
	ck_assert(!other_actor->done);
	ck_assert_int_eq(send(actor, once, MACH_MSG_TYPE_MOVE_SEND_ONCE, 24), MACH_MSG_SUCCESS);
	ck_assert(other_actor->done);
	ck_assert_int_eq(other_actor->result, MACH_MSG_SUCCESS);
	finish();
}
END_TEST

START_TEST(test_notification_lost)
{
	struct ipc_port *dying;
	mach_port_name_t port;
	uint32_t there;

	start();
	port = new_right(other, MACH_PORT_RIGHT_RECEIVE);
	there = used(other);
	set_memory(other, there + 255);
	ipc_notify_send_once(ipc_port_make_sonce(port_of(other, port)));
	ck_assert_uint_eq(ipc_kmsg_lost, 1);
	ck_assert_uint_eq(port_of(other, port)->sorights, 0);
	/* A receive right that comes with one dies. */
	dying = ipc_port_create();
	ck_must(dying != NULL);
	ipc_notify_port_destroyed(ipc_port_make_sonce(port_of(other, port)), dying);
	ck_assert_uint_eq(ipc_kmsg_lost, 2);
	ck_assert_uint_eq(ipc_port_cache.live, 1);
	set_memory(other, there + 256);
	ipc_notify_send_once(ipc_port_make_sonce(port_of(other, port)));
	ck_assert_uint_eq(port_of(other, port)->msgcount, 1);
	ck_assert_uint_eq(used(other), there + 256);
	ck_assert_int_eq(ipc_check_all(), 0);
	finish();
}
END_TEST

/* --- Ports that move and die ----------------------------------------------------------------- */

START_TEST(test_port_moves)
{
	const uint32_t size = sizeof(struct ipc_port);
	mach_port_name_t port, there;
	mach_msg_type_name_t type;
	struct ipc_port *moved;
	uint32_t before;

	start();
	new_right(other, MACH_PORT_RIGHT_DEAD_NAME);
	port = new_right(task, MACH_PORT_RIGHT_RECEIVE);
	before = used(task);
	ck_must(mach_port_extract_right(task->space, port, MACH_MSG_TYPE_MOVE_RECEIVE, &moved,
					&type) == KERN_SUCCESS);
	/* In transit it is paid by who had it last, and so are answers to it. */
	ck_assert_uint_eq(used(task), before);
	ipc_notify_send_once(ipc_port_make_sonce(moved));
	ck_assert_uint_eq(used(task), before + 256);
	set_memory(other, used(other) + size - 1);
	ck_assert_int_eq(mach_port_insert_right(other->space, 0x50, moved,
						MACH_MSG_TYPE_PORT_RECEIVE),
			 KERN_RESOURCE_SHORTAGE);
	ck_assert_uint_eq(used(task), before + 256);
	ck_assert_uint_eq(other->space->table.used, 1);
	set_memory(other, IPC_LIMIT_NONE);
	ck_assert_int_eq(mach_port_insert_right(other->space, 0x50, moved,
						MACH_MSG_TYPE_PORT_RECEIVE), KERN_SUCCESS);
	ck_assert_uint_eq(used(task), before + 256 - size);
	ck_assert_int_eq(ipc_check_all(), 0);
	there = give(other, 0x50, task, MACH_MSG_TYPE_MAKE_SEND);
	before = used(other);
	/* A dead port is paid for as long as somebody knows it. */
	ck_assert_int_eq(mach_port_destroy(other->space, 0x50), KERN_SUCCESS);
	ck_assert_uint_eq(used(other), before);
	ck_assert_int_eq(mach_port_deallocate(task->space, there), KERN_SUCCESS);
	ck_assert_uint_eq(used(other), before - size);
	finish();
}
END_TEST

START_TEST(test_outlives_space)
{
	struct ipc_account *account;
	mach_port_name_t port, to;

	start();
	port = new_right(other, MACH_PORT_RIGHT_RECEIVE);
	to = give(other, port, task, MACH_MSG_TYPE_MAKE_SEND);
	ck_assert_int_eq(send(actor, to, MACH_MSG_TYPE_COPY_SEND, 1000), MACH_MSG_SUCCESS);
	account = task->space->account;
	actor_end(actor);
	fake_ipc_task_end(task);
	ck_assert_uint_eq(account->memory, message_cost(1000));
	ck_assert_int_eq(ipc_check_all(), 0);
	ck_assert_int_eq(receive(other_actor, port), MACH_MSG_SUCCESS);
	ck_assert(queue_first(&ipc_accounts) == &other->space->account->link);
	ck_assert(queue_first(&ipc_accounts)->next == &ipc_accounts.head);
	task = fake_ipc_task();
	actor = actor_create(task);
	finish();
}
END_TEST

/* --- Arithmetic, shortage -------------------------------------------------------------------- */

START_TEST(test_overflow)
{
	struct ipc_account *account;

	start();
	set_memory(task, IPC_LIMIT_NONE);
	account = task->space->account;
	ck_assert(ipc_account_take_over(account, IPC_ACCOUNT_MOST - 1 - account->memory));
	ck_assert(!ipc_account_take_over(account, 2));
	ck_assert(!ipc_account_take_over(account, IPC_ACCOUNT_MOST));
	ck_assert_uint_eq(account->memory, IPC_ACCOUNT_MOST - 1);
	ck_assert(ipc_account_take_over(account, 1));
	ck_assert_uint_eq(account->highest, IPC_ACCOUNT_MOST);
	ipc_account_uncharge(account, IPC_ACCOUNT_MOST - sizeof(*account));
	finish();
}
END_TEST

/* A port of the kernel's that a task has asked for; and one for which it has no room. */
START_TEST(test_kernel_port)
{
	struct ipc_space *before;
	struct ipc_port *port;
	uint32_t bytes;

	start();
	before = current_task()->space;
	current_task()->space = task->space;
	bytes = used(task);
	port = ipc_port_alloc_kernel_paid(IKOT_HOST, NULL);
	ck_must(port != NULL);
	ck_assert_uint_eq(used(task), bytes + sizeof(*port));
	ipc_port_dealloc_kernel(port);
	ck_assert_uint_eq(used(task), bytes);
	set_memory(task, bytes + sizeof(*port) - 1);
	ck_assert_ptr_null(ipc_port_alloc_kernel_paid(IKOT_HOST, NULL));
	ck_assert_uint_eq(used(task), bytes);
	current_task()->space = before;
	finish();
}
END_TEST

/* With little memory left large accounts get no more, and small ones do. */
START_TEST(test_shortage)
{
	struct ipc_account *large, *small;
	struct queue taken;
	struct queue_link *link;

	start();
	queue_init(&taken);
	large = task->space->account;
	small = other->space->account;
	ck_assert(ipc_account_charge(large, IPC_ACCOUNT_SMALL));
	while (!vm_page_kernel_short(0)) {
		struct vm_page *page = vm_page_alloc(VM_ZONE_DIRECT, 0);

		ck_must(page != NULL);
		queue_insert_tail(&taken, &page->link);
	}
	ck_assert(!ipc_account_charge(large, 1));
	ck_assert(ipc_account_take_over(large, 1));
	ipc_account_uncharge(large, 1);
	ck_assert(ipc_account_charge(small, IPC_ACCOUNT_SMALL - small->memory));
	ck_assert(!ipc_account_charge(small, 1));
	ipc_account_uncharge(small, IPC_ACCOUNT_SMALL - sizeof(*small));
	ck_assert_uint_eq(large->refused_memory, 1);
	while ((link = queue_take_first(&taken)) != NULL)
		vm_page_free(container_of(link, struct vm_page, link), 0);
	ck_assert(ipc_account_charge(large, 1));
	ipc_account_uncharge(large, IPC_ACCOUNT_SMALL + 1);
	finish();
}
END_TEST

START_TEST(test_message_size)
{
	struct ipc_limits limits;
	mach_port_name_t port;

	start();
	port = new_right(task, MACH_PORT_RIGHT_RECEIVE);
	limits = task->space->account->limits;
	limits.il_message_size = IPC_LIMIT_MESSAGE_MIN;
	ipc_space_set_limits(task->space, &limits);
	ck_assert_int_eq(send(actor, port, MACH_MSG_TYPE_MAKE_SEND, IPC_LIMIT_MESSAGE_MIN),
			 MACH_MSG_SUCCESS);
	ck_assert_int_eq(send(actor, port, MACH_MSG_TYPE_MAKE_SEND, IPC_LIMIT_MESSAGE_MIN + 4),
			 MACH_SEND_NO_BUFFER);
	ck_assert_uint_eq(task->space->account->refused_messages, 1);
	ck_assert_uint_eq(port_of(task, port)->msgcount, 1);
	finish();
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_loop_test(tcase, test_kinds, 0, THINGS);
	tcase_add_test(tcase, test_names);
	tcase_add_test(tcase, test_sender_pays);
	tcase_add_test(tcase, test_asker_pays);
	tcase_add_test(tcase, test_handed_over);
	tcase_add_test(tcase, test_notification_lost);
	tcase_add_test(tcase, test_port_moves);
	tcase_add_test(tcase, test_outlives_space);
	tcase_add_test(tcase, test_overflow);
	tcase_add_test(tcase, test_kernel_port);
	tcase_add_test(tcase, test_shortage);
	tcase_add_test(tcase, test_message_size);
}
