/* SPDX-License-Identifier: BSD-2-Clause */
/* Ports of the kernel's, and names for rights that the kernel gives and looks up. */
#include <tests/unit/fakes_ipc.h>

#include <string.h>

#include <ipc/checker.h>
#include <ipc/fast_path.h>
#include <ipc/kobject.h>
#include <mach/mach_port_server.h>
#include <vm/map.h>

static struct task *task;
static struct actor *actor;
static uint32_t live_before;
static mach_msg_header_t msg;

static void start(void)
{
	fake_ipc_start();
	live_before = fake_ipc_live();
	task = fake_ipc_task();
	actor = actor_create(task);
}

static void finish(void)
{
	actor_end(actor);
	fake_ipc_task_end(task);
	ck_assert_uint_eq(fake_ipc_live(), live_before);
}

static mach_port_name_t insert(struct ipc_port *right)
{
	return fake_insert_send(task, right);
}

static mach_port_name_t new_receive(void)
{
	mach_port_name_t name;

	ck_must(mach_port_allocate(task->space, MACH_PORT_RIGHT_RECEIVE, &name) == KERN_SUCCESS);
	return name;
}

static struct ipc_port *new_kernel(enum ipc_kobject_type type)
{
	struct ipc_port *port = ipc_port_alloc_kernel(type, &live_before);

	ck_must(port != NULL);
	return port;
}

static struct ipc_port *port_named(mach_port_name_t name)
{
	return entry_port(ipc_entry_lookup(&task->space->table, name));
}

static mach_msg_return_t call(mach_port_name_t dest, uint32_t reply_type, mach_port_name_t reply,
			      mach_port_name_t from)
{
	msg = (mach_msg_header_t){
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, reply_type),
		.msgh_remote_port = dest, .msgh_local_port = reply, .msgh_id = 2000,
	};
	actor_mach_msg(actor, &msg, MACH_SEND_MSG | (from ? MACH_RCV_MSG | MACH_RCV_TIMEOUT : 0),
		       24, 24, from, 0, 0);
	ck_must(actor->done);
	return actor->result;
}

static mach_port_type_t type_of(mach_port_name_t name)
{
	mach_port_type_t type;

	ck_must(mach_port_type(task->space, name, &type) == KERN_SUCCESS);
	return type;
}

/* A request to the kernel is answered at once, also where the queue of the reply port is full. */
START_TEST(test_request)
{
	struct ipc_port *kernel;
	mach_port_name_t dest, reply;

	start();
	kernel = new_kernel(IKOT_HOST);
	dest = insert(ipc_port_make_send(kernel));
	reply = new_receive();
	ck_assert_int_eq(call(dest, MACH_MSG_TYPE_MAKE_SEND_ONCE, reply, reply), MACH_MSG_SUCCESS);
	ck_assert_int_eq(msg.msgh_id, 2100);
	ck_assert_uint_eq(msg.msgh_bits, MACH_MSGH_BITS(0, MACH_MSG_TYPE_PORT_SEND_ONCE));
	ck_assert_uint_eq(msg.msgh_local_port, reply);
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(call(dest, MACH_MSG_TYPE_MAKE_SEND, reply, 0), MACH_MSG_SUCCESS);
	ck_assert_uint_eq(port_named(reply)->msgcount, 8);
	/* No reply right, a dead one, one of the kernel's own: it is done, and that is all. */
	ck_assert_int_eq(call(dest, 0, 0, 0), MACH_MSG_SUCCESS);
	ck_assert_int_eq(call(dest, MACH_MSG_TYPE_COPY_SEND, dest, 0), MACH_MSG_SUCCESS);
	ck_assert_int_eq(call(dest, MACH_MSG_TYPE_MAKE_SEND, MACH_PORT_DEAD, 0), MACH_MSG_SUCCESS);
	ck_assert_uint_eq(kernel->srights, 1);
	ipc_port_dealloc_kernel(kernel);
	ck_assert_uint_eq(type_of(dest), MACH_PORT_TYPE_DEAD_NAME);
	ck_assert_int_eq(call(dest, 0, 0, 0), MACH_SEND_INVALID_DEST);
	finish();
}
END_TEST

/* The end of a kernel port is told like any other. */
START_TEST(test_kernel_port_dies)
{
	struct ipc_port *kernel, *previous, *right;
	mach_port_name_t name, notify;

	start();
	notify = new_receive();
	kernel = new_kernel(IKOT_TASK);
	name = insert(ipc_port_make_send(kernel));
	right = ipc_port_make_sonce(port_named(notify));
	ck_must(right != IP_DEAD);
	ck_must(mach_port_request_notification(task->space, name, 72, 0, right, &previous) ==
		KERN_SUCCESS);
	ipc_kobject_set(kernel, IKOT_NONE, NULL);
	ck_assert_int_eq(kernel->kotype, IKOT_NONE);
	ipc_port_dealloc_kernel(kernel);
	ck_assert_uint_eq(port_named(notify)->msgcount, 1);
	/* Rights made of and copied from what is dead are dead. */
	kernel = port_named(name);
	ck_assert_ptr_eq(ipc_port_make_send(kernel), IP_DEAD);
	ck_assert_ptr_eq(ipc_port_make_sonce(kernel), IP_DEAD);
	ck_assert_ptr_eq(ipc_port_copy_send(kernel), IP_DEAD);
	ck_assert_ptr_eq(ipc_port_copy_send(IP_NULL), IP_NULL);
	ck_assert_ptr_eq(ipc_port_copy_send(IP_DEAD), IP_DEAD);
	ck_assert_uint_eq(type_of(name), MACH_PORT_TYPE_DEAD_NAME);
	finish();
}
END_TEST

static void *lost;

static void on_loss(void *object)
{
	lost = object;
}

/* What the kernel knows a user's port by is told of its death. */
START_TEST(test_loss)
{
	mach_port_name_t name;
	int thing;

	start();
	name = new_receive();
	lost = NULL;
	ipc_port_on_loss(on_loss);
	port_named(name)->kobject = &thing;
	ck_assert_int_eq(mach_port_destroy(task->space, name), KERN_SUCCESS);
	ck_assert_ptr_eq(lost, &thing);
	lost = NULL;
	ck_assert_int_eq(mach_port_destroy(task->space, new_receive()), KERN_SUCCESS);
	ck_assert_ptr_eq(lost, NULL);
	finish();
}
END_TEST

START_TEST(test_insert_send)
{
	struct ipc_port *kernel;
	mach_port_name_t name;
	struct ipc_space *gone;

	start();
	kernel = new_kernel(IKOT_HOST);
	name = insert(ipc_port_make_send(kernel));
	ck_assert_uint_eq(insert(ipc_port_make_send(kernel)), name);
	ck_assert_uint_eq(entry_urefs(ipc_entry_lookup(&task->space->table, name)), 2);
	ck_assert_uint_eq(kernel->srights, 1);
	ck_assert_uint_eq(insert(IP_NULL), MACH_PORT_NULL);
	ck_assert_uint_eq(insert(IP_DEAD), MACH_PORT_DEAD);
	ck_must(ipc_space_create(&gone) == KERN_SUCCESS);
	ipc_space_destroy(gone);
	ipc_space_destroy(gone);
	ipc_port_make_send(kernel);
	ck_assert_int_eq(ipc_space_insert_send(gone, kernel, &name), KERN_INVALID_TASK);
	ck_assert_uint_eq(kernel->srights, 2);
	ipc_port_release_send(kernel);
	ipc_space_release(gone);
	/* A right that dies in hand. */
	ipc_port_make_send(kernel);
	ipc_port_dealloc_kernel(kernel);
	ck_assert_uint_eq(insert(kernel), MACH_PORT_DEAD);
	finish();
}
END_TEST

START_TEST(test_lookup_send)
{
	struct ipc_port *kernel, *found = NULL;
	mach_port_name_t name, receive, dead;
	struct ipc_space *gone;

	start();
	kernel = new_kernel(IKOT_HOST);
	name = insert(ipc_port_make_send(kernel));
	receive = new_receive();
	ck_must(mach_port_allocate(task->space, MACH_PORT_RIGHT_DEAD_NAME, &dead) == KERN_SUCCESS);
	ck_assert_int_eq(ipc_space_lookup_send(task->space, name, &found), KERN_SUCCESS);
	ck_assert_ptr_eq(found, kernel);
	ipc_port_release(found);
	ck_assert_int_eq(ipc_space_lookup_send(task->space, receive, &found), KERN_SUCCESS);
	ck_assert_ptr_eq(found, port_named(receive));
	ipc_port_release(found);
	ck_assert_int_eq(ipc_space_lookup_send(task->space, dead, &found), KERN_INVALID_RIGHT);
	ck_assert_int_eq(ipc_space_lookup_send(task->space, 0, &found), KERN_INVALID_NAME);
	ck_assert_int_eq(ipc_space_lookup_send(task->space, 0x777, &found), KERN_INVALID_NAME);
	ipc_port_dealloc_kernel(kernel);
	ck_assert_int_eq(ipc_space_lookup_send(task->space, name, &found), KERN_INVALID_RIGHT);
	ck_must(ipc_space_create(&gone) == KERN_SUCCESS);
	ipc_space_reference(gone);
	ipc_space_destroy(gone);
	ipc_space_release(gone);
	ck_assert_int_eq(ipc_space_lookup_send(gone, 1, &found), KERN_INVALID_TASK);
	ck_assert(!ipc_space_holds_send(gone, port_named(receive)));
	ipc_space_release(gone);
	finish();
}
END_TEST

START_TEST(test_holds_send)
{
	struct ipc_port *kernel;
	mach_port_name_t name;

	start();
	kernel = new_kernel(IKOT_HOST);
	ck_assert(!ipc_space_holds_send(task->space, kernel));
	name = insert(ipc_port_make_send(kernel));
	ck_assert(ipc_space_holds_send(task->space, kernel));
	ck_must(mach_port_deallocate(task->space, name) == KERN_SUCCESS);
	ck_assert(!ipc_space_holds_send(task->space, kernel));
	ipc_port_dealloc_kernel(kernel);
	finish();
}
END_TEST

/* No space, or one that is no more. */
START_TEST(test_no_space)
{
	mach_port_name_t name = 1;
	struct ipc_space *gone, *const none[] = { NULL, NULL };
	struct ipc_port *previous;
	mach_port_urefs_t refs;
	mach_port_type_t type;

	start();
	ck_must(ipc_space_create(&gone) == KERN_SUCCESS);
	ipc_space_destroy(gone);
	for (int i = 0; i < 2; i++) {
		struct ipc_space *space = i == 0 ? none[0] : gone;

		ck_assert_int_eq(mach_port_allocate(space, 1, &name), KERN_INVALID_TASK);
		ck_assert_int_eq(mach_port_allocate(space, 3, &name), KERN_INVALID_TASK);
		ck_assert_int_eq(mach_port_allocate(space, 4, &name), KERN_INVALID_TASK);
		ck_assert_int_eq(mach_port_allocate_name(space, 1, 5), KERN_INVALID_TASK);
		ck_assert_int_eq(mach_port_deallocate(space, 1), KERN_INVALID_TASK);
		ck_assert_int_eq(mach_port_destroy(space, 1), KERN_INVALID_TASK);
		ck_assert_int_eq(mach_port_mod_refs(space, 1, 0, 1), KERN_INVALID_TASK);
		ck_assert_int_eq(mach_port_get_refs(space, 1, 0, &refs), KERN_INVALID_TASK);
		ck_assert_int_eq(mach_port_type(space, 1, &type), KERN_INVALID_TASK);
		ck_assert_int_eq(mach_port_rename(space, 1, 2), KERN_INVALID_TASK);
		ck_assert_int_eq(mach_port_move_member(space, 1, 2), KERN_INVALID_TASK);
		ck_assert_int_eq(mach_port_set_qlimit(space, 1, 2), KERN_INVALID_TASK);
		ck_assert_int_eq(mach_port_request_notification(space, 1, 72, 0, IP_NULL,
								&previous), KERN_INVALID_TASK);
	}
	ipc_space_release(gone);
	finish();
}
END_TEST

START_TEST(test_ktype)
{
	struct host *host = (struct host *)1;	/* nobody looks into it */
	mach_port_name_t name, dead;

	start();
	name = new_receive();
	ck_must(mach_port_allocate(task->space, MACH_PORT_RIGHT_DEAD_NAME, &dead) == KERN_SUCCESS);
	ck_assert_int_eq(mach_port_set_ktype(NULL, task->space, name, 1, 28), KERN_INVALID_HOST);
	ck_assert_int_eq(mach_port_set_ktype(host, task->space, name, 1, 3),
			 KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(mach_port_set_ktype(host, task->space, 0x999, 1, 28), KERN_INVALID_NAME);
	ck_assert_int_eq(mach_port_set_ktype(host, task->space, dead, 1, 28), KERN_INVALID_RIGHT);
	ck_assert_int_eq(mach_port_set_ktype(host, task->space, name, 1, 28), KERN_SUCCESS);
	ck_assert_int_eq(port_named(name)->kotype, IKOT_USER_DEVICE);
	ck_assert_int_eq(mach_port_set_ktype(host, task->space, name, 1, 0), KERN_SUCCESS);
	finish();
}
END_TEST

/* 3,000 members, half of them gone again. */
START_TEST(test_large_set)
{
	mach_port_name_t set, name[3000];
	struct vm_map_copy *copy;
	mach_msg_type_number_t count;

	start();
	ck_must(mach_port_allocate(task->space, MACH_PORT_RIGHT_PORT_SET, &set) == KERN_SUCCESS);
	for (int i = 0; i < 3000; i++) {
		name[i] = new_receive();
		ck_must(mach_port_move_member(task->space, name[i], set) == KERN_SUCCESS);
	}
	for (int i = 0; i < 3000; i += 2)
		ck_must(mach_port_destroy(task->space, name[i]) == KERN_SUCCESS);
	ck_assert_int_eq(mach_port_get_set_status(task->space, set, &copy, &count), KERN_SUCCESS);
	ck_assert_uint_eq(count, 1500);
	vm_map_copy_discard(copy);
	ck_must(mach_port_destroy(task->space, set) == KERN_SUCCESS);
	ck_assert_int_eq(mach_port_move_member(task->space, name[1], 0), KERN_NOT_IN_SET);
	ck_assert_int_eq(ipc_check_all(), 0);
	finish();
}
END_TEST

/* What the kernel's own parts ask for, and no user. */
START_TEST(test_kernel_only)
{
	struct ipc_port *port;
	struct ipc_kmsg *kmsg;
	mach_port_name_t name;

	start();
	ck_assert_ptr_eq(ipc_kmsg_alloc(MACH_MSG_SIZE_MAX_INLINE + 8), NULL);
	ipc_fast_path_init("console=com0 fast-path=1 of=f");
	ck_assert(ipc_fast_path == ipc_fast_path_try);
	ipc_fast_path_init("console=com0 fast-path=0");
	ck_assert(ipc_fast_path != ipc_fast_path_try);
	/* A message that has been used where it arrived: its send-once right tells nobody. */
	name = new_receive();
	port = ipc_port_make_sonce(port_named(name));
	kmsg = ipc_kmsg_alloc(sizeof(struct kmsg_header));
	ck_must(kmsg != NULL);
	kmsg->header = (struct kmsg_header){
		.bits = MACH_MSGH_BITS(MACH_MSG_TYPE_PORT_SEND_ONCE, 0),
		.size = sizeof(struct kmsg_header), .remote = port,
	};
	ipc_kmsg_destroy_received(kmsg);
	ck_assert_uint_eq(port_named(name)->msgcount, 0);
	ck_assert_uint_eq(port_named(name)->sorights, 0);
	port = ipc_port_make_send(port_named(name));
	ck_assert_ptr_eq(ipc_port_copy_send(port), port);
	ipc_port_release_send(port);
	ipc_port_release_send(port);
	finish();
}
END_TEST

static void *ended;

static void object_ends(void *object)
{
	ended = object;
}

/* A kernel object may end with its last send right. */
START_TEST(test_no_senders)
{
	struct ipc_port *kernel;
	mach_port_name_t name;

	start();
	ipc_kobject_on_no_senders(IKOT_USER_DEVICE, object_ends);
	kernel = new_kernel(IKOT_USER_DEVICE);
	name = insert(ipc_port_make_send(kernel));
	ipc_kobject_no_senders(kernel);
	ck_assert_ptr_eq(ended, NULL);
	ck_assert_int_eq(mach_port_deallocate(task->space, name), KERN_SUCCESS);
	if (ended == NULL)
		ipc_kobject_no_senders(kernel);
	ck_assert_ptr_eq(ended, &live_before);
	ipc_kobject_on_no_senders(IKOT_USER_DEVICE, NULL);
	finish();
}
END_TEST

/* Routines on receive rights, without one. */
START_TEST(test_no_receive_right)
{
	struct ipc_port *right = IP_NULL;
	mach_msg_type_name_t type;
	mach_port_status_t status;

	start();
	ck_assert_int_eq(mach_port_set_mscount(task->space, 0x999, 1), KERN_INVALID_NAME);
	ck_assert_int_eq(mach_port_set_seqno(task->space, 0x999, 1), KERN_INVALID_NAME);
	ck_assert_int_eq(mach_port_set_protected_payload(task->space, 0x999, 1),
			 KERN_INVALID_NAME);
	ck_assert_int_eq(mach_port_clear_protected_payload(task->space, 0x999),
			 KERN_INVALID_NAME);
	ck_assert_int_eq(mach_port_get_receive_status(NULL, 0x999, &status), KERN_INVALID_TASK);
	ck_assert_int_eq(mach_port_extract_right(NULL, 1, MACH_MSG_TYPE_MAKE_SEND, &right, &type),
			 KERN_INVALID_TASK);
	ck_assert_int_eq(mach_port_insert_right(NULL, 1, right, MACH_MSG_TYPE_PORT_SEND),
			 KERN_INVALID_TASK);
	ck_assert_int_eq(mach_port_names(NULL, NULL, NULL, NULL, NULL), KERN_INVALID_TASK);
	finish();
}
END_TEST

/* An array so long that others run in between. */
START_TEST(test_long_array)
{
	static uint32_t words[9 + 200];
	mach_port_name_t name;
	uint32_t used;

	start();
	name = new_receive();
	insert(ipc_port_make_send(port_named(name)));
	*(mach_msg_header_t *)words = (mach_msg_header_t){
		.msgh_bits = MACH_MSG_TYPE_COPY_SEND | MACH_MSGH_BITS_COMPLEX,
		.msgh_remote_port = name, .msgh_id = 2000,
	};
	words[6] = 0x10002000 | 200 << 16 | MACH_MSG_TYPE_COPY_SEND;
	for (int i = 0; i < 200; i++)
		words[7 + i] = name;
	used = task->space->table.used;
	actor_mach_msg(actor, words, MACH_SEND_MSG | MACH_RCV_MSG | MACH_RCV_TIMEOUT, 28 + 800,
		       sizeof(words), name, 0, 0);
	ck_must(actor->done);
	ck_assert_int_eq(actor->result, MACH_MSG_SUCCESS);
	ck_assert_uint_eq(task->space->table.used, used);
	ck_assert_uint_eq(entry_urefs(ipc_entry_lookup(&task->space->table, name)), 201);
	finish();
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_kernel_only);
	tcase_add_test(tcase, test_no_senders);
	tcase_add_test(tcase, test_no_receive_right);
	tcase_add_test(tcase, test_long_array);
	tcase_add_test(tcase, test_request);
	tcase_add_test(tcase, test_kernel_port_dies);
	tcase_add_test(tcase, test_loss);
	tcase_add_test(tcase, test_insert_send);
	tcase_add_test(tcase, test_lookup_send);
	tcase_add_test(tcase, test_holds_send);
	tcase_add_test(tcase, test_no_space);
	tcase_add_test(tcase, test_ktype);
	tcase_add_test(tcase, test_large_set);
}
