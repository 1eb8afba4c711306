/* SPDX-License-Identifier: BSD-2-Clause */
/* Who leaks, who is stuck: the answers about ports, spaces and threads; mach_debug's about ports. */
#include <ipc/origin.h>
#include <tests/unit/scene_queue.h>

#include <string.h>

#include <ipc/accepted.h>
#include <ipc/kobject.h>
#include <ipc/pset.h>
#include <ipc/report.h>
#include <mach/mach_port_server.h>
#include <mach/porter_server.h>
#include <mach_debug/mach_debug_server.h>
#include <vm/map.h>

static struct host *const host = (struct host *)1;	/* nobody looks into it */
static struct port_statistics of_port;

static void start(void)
{
	scene_start();
	server->id = 5;
	client->id = 6;
	server->space->task = server;
	client->space->task = client;
	queue_init(&client->threads);
	queue_init(&server->threads);
}

static void ask_port(struct task *task, mach_port_name_t name)
{
	ck_assert_int_eq(port_statistics(host, task->space, name, &of_port), KERN_SUCCESS);
}

/* What a routine has given out of line. */
static void read_list(void *list, struct vm_map_copy *copy, uint32_t count, size_t size)
{
	ck_assert_uint_eq(vm_map_copy_size(copy), count * size);
	if (count != 0)
		vm_map_copy_read(copy, 0, list, count * size);
	vm_map_copy_discard(copy);
}

static mach_port_name_t new_set(void)
{
	return new_right(server, MACH_PORT_RIGHT_PORT_SET);
}

/* --- Ports -------------------------------------------------------------------------------- */

START_TEST(test_port)
{
	mach_port_name_t set;

	start();
	set = new_set();
	fill(0);
	send_to(1, 0, 6);
	ask_port(server, port[0]);
	ck_assert_uint_eq(of_port.pst_place, PORT_IN_SPACE);
	ck_assert_uint_eq(of_port.pst_task, 5);
	ck_assert_uint_eq(of_port.pst_name, port[0]);
	ck_assert_uint_eq(of_port.pst_set, 0);
	ck_assert_uint_eq(of_port.pst_sent, 5);
	ck_assert_uint_eq(of_port.pst_received, 0);
	ck_assert_uint_eq(of_port.pst_blocked, 1);
	ck_assert_uint_eq(of_port.pst_longest, 5);
	ck_assert_uint_eq(of_port.pst_queued, 5);
	ck_assert_uint_eq(of_port.pst_qlimit, 5);
	ck_assert_uint_eq(of_port.pst_senders, 1);
	ck_assert_uint_eq(of_port.pst_receivers, 0);
	ck_assert_uint_eq(of_port.pst_srights, 7);	/* each message holds one */
	end_wait(sender[1], WAIT_TIMED_OUT, MACH_SEND_TIMED_OUT);
	ck_assert_uint_eq(take(port[0]), 1);
	ask_port(client, to[0]);
	ck_assert_uint_eq(of_port.pst_failed, 1);
	ck_assert_uint_eq(of_port.pst_received, 1);
	ck_assert_uint_eq(of_port.pst_sent, 5);
	/* Who waits on a set waits on its members. */
	move(port[1], set, KERN_SUCCESS);
	receive_from(0, set);
	receive_from(1, port[2]);
	ask_port(server, port[1]);
	ck_assert_uint_eq(of_port.pst_set, set);
	ck_assert_uint_eq(of_port.pst_receivers, 1);
	ask_port(server, port[2]);
	ck_assert_uint_eq(of_port.pst_receivers, 1);
	end_wait(receiver[0], WAIT_INTERRUPTED, MACH_RCV_INTERRUPTED);
	end_wait(receiver[1], WAIT_INTERRUPTED, MACH_RCV_INTERRUPTED);
	scene_finish();
}
END_TEST

/* A right is in a space, in a message, or the kernel's. */
START_TEST(test_places)
{
	struct ipc_port *kernel;
	mach_port_name_t name, own;

	start();
	kernel = ipc_port_alloc_kernel(IKOT_HOST, NULL);
	ck_must(kernel != NULL);
	name = fake_insert_send(client, ipc_port_make_send(kernel));
	ask_port(client, name);
	ck_assert_uint_eq(of_port.pst_place, PORT_IN_KERNEL);
	ck_assert_uint_eq(of_port.pst_task, TASK_NUMBER_NONE);
	ck_assert_uint_eq(of_port.pst_name, 0);
	own = new_right(client, MACH_PORT_RIGHT_RECEIVE);
	fake_insert_send(client, ipc_port_make_send(entry_port(
		ipc_entry_lookup(&client->space->table, own))));
	sent[0] = (struct letter){
		.header = { .msgh_bits = MACH_MSG_TYPE_COPY_SEND | MACH_MSGH_BITS_COMPLEX,
			    .msgh_remote_port = to[0] },
		.serial = 0x10012000 | MACH_MSG_TYPE_MOVE_RECEIVE,
		.more = { own },
	};
	actor_mach_msg(sender[0], &sent[0], MACH_SEND_MSG, 32, 0, 0, 0, 0);
	expect(sender[0], MACH_MSG_SUCCESS);
	ask_port(client, own);
	ck_assert_uint_eq(of_port.pst_place, PORT_IN_TRANSIT);
	ck_assert_uint_eq(of_port.pst_name, 0);
	ipc_port_dealloc_kernel(kernel);
	ck_assert_int_eq(port_statistics(host, client->space, name, &of_port), KERN_INVALID_RIGHT);
	scene_finish();
}
END_TEST

/* --- Spaces ------------------------------------------------------------------------------- */

START_TEST(test_space)
{
	struct space_statistics s;
	struct ipc_port *previous, *right;

	start();
	ck_must(mach_port_mod_refs(client->space, to[0], MACH_PORT_RIGHT_SEND, 4) == KERN_SUCCESS);
	make_once(1);
	new_right(client, MACH_PORT_RIGHT_DEAD_NAME);
	new_right(client, MACH_PORT_RIGHT_PORT_SET);
	right = ipc_port_make_sonce(real(0));
	ck_must(right != IP_DEAD);
	ck_must(mach_port_request_notification(client->space, to[0], 72, 0, right, &previous) ==
		KERN_SUCCESS);
	ck_assert_int_eq(space_statistics(host, client->space, &s), KERN_SUCCESS);
	ck_assert_uint_eq(s.sst_names, 6);
	ck_assert_uint_eq(s.sst_receive, 0);
	ck_assert_uint_eq(s.sst_send, 3);
	ck_assert_uint_eq(s.sst_send_refs, 7);
	ck_assert_uint_eq(s.sst_send_once, 1);
	ck_assert_uint_eq(s.sst_port_set, 1);
	ck_assert_uint_eq(s.sst_dead_name, 1);
	ck_assert_uint_eq(s.sst_dead_refs, 1);
	ck_assert_uint_eq(s.sst_requests, 1);
	ck_assert_uint_ge(s.sst_memory, 4096);
	ck_assert_int_eq(space_statistics(host, server->space, &s), KERN_SUCCESS);
	ck_assert_uint_eq(s.sst_receive, PORTS);
	scene_finish();
}
END_TEST

/* Many names: the walk goes in parts, and finds each once. */
START_TEST(test_many_names)
{
	static struct right_origin origin[1100];
	struct vm_map_copy *copy;
	mach_msg_type_number_t count;

	start();
	for (int i = 0; i < 1000; i++)
		new_right(server, MACH_PORT_RIGHT_DEAD_NAME);
	ck_assert_int_eq(space_origins(host, server->space, 0, &copy, &count), KERN_SUCCESS);
	ck_assert_uint_eq(count, 1000 + PORTS);
	read_list(origin, copy, count, sizeof(origin[0]));
	for (uint32_t i = 1; i < count; i++)
		ck_must(origin[i].rio_name != origin[i - 1].rio_name);
	scene_finish();
}
END_TEST

START_TEST(test_origins)
{
	struct right_origin origin;
	struct vm_map_copy *copy;
	mach_msg_type_number_t count;
	mach_port_name_t name;

	start();
	fake_uptime_ns = 5123000000;
	ipc_origin_trap(-26);
	name = new_right(server, MACH_PORT_RIGHT_RECEIVE);
	ck_assert_int_eq(space_origins(host, server->space, name, &copy, &count), KERN_SUCCESS);
	ck_assert_uint_eq(count, 1);
	read_list(&origin, copy, count, sizeof(origin));
	ck_assert_uint_eq(origin.rio_name, name);
	ck_assert_uint_eq(origin.rio_type, MACH_PORT_TYPE_RECEIVE);
	ck_assert_uint_eq(origin.rio_kind, ORIGIN_TRAP);
	ck_assert_int_eq(origin.rio_id, -26);
	ck_assert_int_eq(space_origins(host, server->space, 0x999, &copy, &count),
			 KERN_INVALID_NAME);
	scene_finish();
}
END_TEST

START_TEST(test_stuck_ports)
{
	struct stuck_port stuck[PORTS];
	struct vm_map_copy *copy;
	mach_msg_type_number_t count;

	start();
	ck_assert_int_eq(space_stuck_ports(host, server->space, &copy, &count), KERN_SUCCESS);
	ck_assert_uint_eq(count, 0);
	ck_assert_ptr_eq(copy, NULL);
	fill(0);
	send_to(1, 0, 6);
	move(port[0], new_set(), KERN_SUCCESS);
	ck_assert_int_eq(space_stuck_ports(host, server->space, &copy, &count), KERN_SUCCESS);
	ck_assert_uint_eq(count, 1);
	read_list(stuck, copy, count, sizeof(stuck[0]));
	ck_assert_uint_eq(stuck[0].stp_name, port[0]);
	ck_assert_uint_ne(stuck[0].stp_set, 0);
	ck_assert_uint_eq(stuck[0].stp_queued, 5);
	ck_assert_uint_eq(stuck[0].stp_senders, 1);
	ck_assert_uint_eq(stuck[0].stp_first_sender, 6);
	end_wait(sender[1], WAIT_INTERRUPTED, MACH_SEND_INTERRUPTED);
	scene_finish();
}
END_TEST

/* --- Threads ------------------------------------------------------------------------------ */

static void add_thread(struct task *task, struct actor *actor, uint32_t id)
{
	actor->thread.id = id;
	queue_insert_tail(&task->threads, &actor->thread.task_link);
	task->thread_count++;
}

static uint32_t ask_threads(struct task *task, struct stuck_thread *stuck)
{
	struct vm_map_copy *copy = NULL;
	mach_msg_type_number_t count = 0;

	ck_assert_int_eq(task_stuck_threads(host, task, &copy, &count), KERN_SUCCESS);
	read_list(stuck, copy, count, sizeof(*stuck));
	return count;
}

START_TEST(test_stuck_threads)
{
	struct stuck_thread stuck[4];
	mach_port_name_t set;

	start();
	ck_assert_uint_eq(ask_threads(client, stuck), 0);
	add_thread(client, sender[1], 31);
	add_thread(client, sender[2], 32);
	add_thread(server, receiver[0], 41);
	add_thread(server, receiver[1], 42);
	ck_assert_uint_eq(ask_threads(client, stuck), 0);
	fill(0);
	send_to(1, 0, 6);
	ck_assert_uint_eq(ask_threads(client, stuck), 1);
	ck_assert_uint_eq(stuck[0].stt_thread, 31);
	ck_assert_uint_eq(stuck[0].stt_doing, STUCK_SENDING);
	ck_assert_uint_eq(stuck[0].stt_name, to[0]);
	ck_assert_uint_eq(stuck[0].stt_task, 5);
	end_wait(sender[1], WAIT_INTERRUPTED, MACH_SEND_INTERRUPTED);
	/* One waits on a port, one on a set; and one as if for a handler of its exception. */
	set = new_set();
	receive_from(0, set);
	receive_from(1, port[1]);
	ck_assert_uint_eq(ask_threads(server, stuck), 2);
	ck_assert_uint_eq(stuck[0].stt_doing, STUCK_RECEIVING);
	ck_assert_uint_eq(stuck[0].stt_name, set);
	ck_assert_uint_eq(stuck[0].stt_task, TASK_NUMBER_NONE);
	ck_assert_uint_eq(stuck[1].stt_name, port[1]);
	ck_assert_uint_eq(stuck[1].stt_task, 5);
	ck_assert_uint_eq(stuck[1].stt_serial, real(1)->serial);
	receiver[1]->thread.exc_reply_port = real(1);
	ck_assert_uint_eq(ask_threads(server, stuck), 2);
	ck_assert_uint_eq(stuck[1].stt_doing, STUCK_EXCEPTION);
	ck_assert_uint_eq(stuck[1].stt_name, 0);
	receiver[1]->thread.exc_reply_port = NULL;
	end_wait(receiver[0], WAIT_INTERRUPTED, MACH_RCV_INTERRUPTED);
	end_wait(receiver[1], WAIT_INTERRUPTED, MACH_RCV_INTERRUPTED);
	scene_finish();
}
END_TEST

/* --- Who may ask, and about what ---------------------------------------------------------- */

START_TEST(test_errors)
{
	struct space_statistics s;
	struct vm_map_copy *copy;
	mach_msg_type_number_t count;
	struct ipc_space *gone;

	start();
	ck_assert_int_eq(port_statistics(NULL, server->space, port[0], &of_port),
			 KERN_INVALID_HOST);
	ck_assert_int_eq(port_statistics(host, NULL, port[0], &of_port), KERN_INVALID_TASK);
	ck_assert_int_eq(port_statistics(host, server->space, 0x999, &of_port),
			 KERN_INVALID_NAME);
	ck_assert_int_eq(port_statistics(host, server->space, new_set(), &of_port),
			 KERN_INVALID_RIGHT);
	ck_assert_int_eq(space_statistics(NULL, server->space, &s), KERN_INVALID_HOST);
	ck_assert_int_eq(space_statistics(host, NULL, &s), KERN_INVALID_TASK);
	ck_assert_int_eq(space_stuck_ports(NULL, server->space, &copy, &count),
			 KERN_INVALID_HOST);
	ck_assert_int_eq(space_stuck_ports(host, NULL, &copy, &count), KERN_INVALID_TASK);
	ck_assert_int_eq(space_origins(NULL, server->space, 0, &copy, &count), KERN_INVALID_HOST);
	ck_assert_int_eq(space_origins(host, NULL, 0, &copy, &count), KERN_INVALID_TASK);
	ck_assert_int_eq(task_stuck_threads(NULL, server, &copy, &count), KERN_INVALID_HOST);
	ck_assert_int_eq(task_stuck_threads(host, NULL, &copy, &count), KERN_INVALID_TASK);
	ck_must(ipc_space_create(&gone) == KERN_SUCCESS);
	ipc_space_destroy(gone);
	ck_assert_int_eq(space_statistics(host, gone, &s), KERN_INVALID_TASK);
	ck_assert_int_eq(space_stuck_ports(host, gone, &copy, &count), KERN_INVALID_TASK);
	ipc_space_release(gone);
	scene_finish();
}
END_TEST

START_TEST(test_debug)
{
	hash_info_bucket_t bucket, *buckets = &bucket;
	mach_port_rights_t rights;
	struct ipc_port *kernel, *previous, *right;
	mach_port_name_t name, dead;
	unsigned int total, used, type;
	mach_msg_type_number_t count = 0;
	vm_offset_t object;

	start();
	kernel = ipc_port_alloc_kernel(IKOT_HOST, NULL);
	ck_must(kernel != NULL);
	name = fake_insert_send(client, ipc_port_make_send(kernel));
	dead = new_right(client, MACH_PORT_RIGHT_DEAD_NAME);
	ck_assert_int_eq(mach_port_get_srights(server->space, port[0], &rights), KERN_SUCCESS);
	ck_assert_uint_eq(rights, 1);
	ck_assert_int_eq(mach_port_get_srights(client->space, to[0], &rights), KERN_INVALID_RIGHT);
	right = ipc_port_make_sonce(real(1));
	ck_must(right != IP_DEAD);
	ck_must(mach_port_request_notification(client->space, to[0], 72, 0, right, &previous) ==
		KERN_SUCCESS);
	ck_assert_int_eq(mach_port_dnrequest_info(server->space, port[0], &total, &used),
			 KERN_SUCCESS);
	ck_assert_uint_eq(total, 1);
	ck_assert_uint_eq(used, 1);
	ck_assert_int_eq(mach_port_dnrequest_info(client->space, dead, &total, &used),
			 KERN_INVALID_RIGHT);
	ck_assert_int_eq(mach_port_kernel_object(client->space, name, &type, &object),
			 KERN_SUCCESS);
	ck_assert_uint_eq(type, IKOT_HOST);
	ck_assert_uint_eq(object, kernel->serial);
	ck_assert_int_eq(mach_port_kernel_object(server->space, port[0], &type, &object),
			 KERN_SUCCESS);
	ck_assert_uint_eq(object, 0);
	ck_assert_int_eq(mach_port_kernel_object(client->space, dead, &type, &object),
			 KERN_INVALID_RIGHT);
	ck_assert_int_eq(mach_port_kernel_object(NULL, name, &type, &object), KERN_INVALID_TASK);
	ck_assert_int_eq(host_ipc_marequest_info(host, &total, &buckets, &count), KERN_SUCCESS);
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(bucket.hib_count, ipc_accepted_pending());
	ck_assert_int_eq(host_ipc_marequest_info(NULL, &total, &buckets, &count),
			 KERN_INVALID_HOST);
	ipc_port_dealloc_kernel(kernel);
	scene_finish();
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_port);
	tcase_add_test(tcase, test_places);
	tcase_add_test(tcase, test_space);
	tcase_add_test(tcase, test_many_names);
	tcase_add_test(tcase, test_origins);
	tcase_add_test(tcase, test_stuck_ports);
	tcase_add_test(tcase, test_stuck_threads);
	tcase_add_test(tcase, test_errors);
	tcase_add_test(tcase, test_debug);
}
