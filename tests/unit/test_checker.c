/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The checker sees each thing that can be wrong: one count or link at a time is made wrong, and then
 * right again.
 */
#include <ipc/right.h>
#include <tests/unit/scene_queue.h>

#include <ipc/checker.h>
#include <ipc/pset.h>
#include <kern/slab.h>
#include <mach/mach_port_server.h>

static struct ipc_port *port0;
static struct ipc_entry *send_entry, *receive_entry;

static void start(void)
{
	scene_start();
	scene_check();
	port0 = real(0);
	send_entry = ipc_entry_lookup(&client->space->table, to[0]);
	receive_entry = ipc_entry_lookup(&server->space->table, port[0]);
}

/* The statements before and after: wrong, and right again. */
#define ck_seen(wrong, right)							\
	do {									\
		wrong;								\
		ck_assert_int_gt(ipc_check_all(), 0);				\
		right;								\
		ck_assert_int_eq(ipc_check_all(), 0);				\
	} while (0)

START_TEST(test_counts)
{
	struct ipc_port saved;

	start();
	ck_seen(port0->srights++, port0->srights--);
	ck_seen(port0->sorights++, port0->sorights--);
	ck_seen(port0->object.ref_count++, port0->object.ref_count--);
	ck_seen(port0->object.active = false, port0->object.active = true);
	ck_seen(ipc_port_cache.live++, ipc_port_cache.live--);
	ck_seen(server->space->table.used++, server->space->table.used--);
	saved = *port0;
	ck_seen(port0->receiver = client->space, *port0 = saved);
	ck_seen(port0->receiver_name++, port0->receiver_name--);
	scene_finish();
}
END_TEST

START_TEST(test_queues)
{
	start();
	fill(0);
	ck_seen(port0->msgcount--, port0->msgcount++);
	send_to(1, 0, 9);
	ck_seen(port0->qlimit = 16, port0->qlimit = 5);
	receive_from(0, port[1]);
	scene_check();
	fake_ipc_holders = NULL;
	ck_assert_int_gt(ipc_check_all(), 0);	/* a waiting thread's reference */
	scene_check();
	ck_seen(real(1)->msgcount = 1, real(1)->msgcount = 0);
	end_wait(sender[1], WAIT_INTERRUPTED, MACH_SEND_INTERRUPTED);
	end_wait(receiver[0], WAIT_INTERRUPTED, MACH_RCV_INTERRUPTED);
	scene_finish();
}
END_TEST

START_TEST(test_sets)
{
	mach_port_name_t set;
	struct ipc_pset *pset, *none = NULL;

	start();
	set = new_right(server, MACH_PORT_RIGHT_PORT_SET);
	pset = entry_pset(ipc_entry_lookup(&server->space->table, set));
	move(port[0], set, KERN_SUCCESS);
	fill(0);
	scene_check();
	ck_seen(pset->member_count++, pset->member_count--);
	ck_seen(port0->pset = none, port0->pset = pset);
	ck_seen(queue_remove(&port0->ready_link),
		queue_insert_tail(&pset->ready, &port0->ready_link));
	scene_finish();
}
END_TEST

START_TEST(test_entries)
{
	struct ipc_port *previous, *right;
	struct ipc_request *request;
	mach_port_name_t name;

	start();
	ck_seen(send_entry->name++, send_entry->name--);
	ck_seen(ipc_hash_remove(&client->space->hash, send_entry),
		ipc_hash_insert(&client->space->hash, send_entry));
	right = ipc_port_make_sonce(real(1));
	ck_must(right != IP_DEAD);
	ck_must(mach_port_request_notification(client->space, to[0], 72, 0, right, &previous) ==
		KERN_SUCCESS);
	request = send_entry->request;
	name = request->name;
	ck_seen(request->name = 0x999, request->name = name);
	ck_seen(queue_remove(&request->link), queue_insert_tail(&port0->requests, &request->link));
	ck_seen(receive_entry->bits &= ~MACH_PORT_TYPE_RECEIVE,
		receive_entry->bits |= MACH_PORT_TYPE_RECEIVE);
	scene_finish();
}
END_TEST

/* More ports are reached than the cache has given out. */
START_TEST(test_strangers)
{
	static struct ipc_port stranger[1200];

	start();
	fake_ipc_holders = NULL;
	for (int i = 0; i < 1200; i++) {
		queue_init(&stranger[i].mqueue.messages);
		queue_init(&stranger[i].mqueue.receivers);
		queue_init(&stranger[i].senders);
		queue_init(&stranger[i].requests);
		stranger[i].nsrequest = i == 0 ? IP_NULL : &stranger[i - 1];
	}
	port0->nsrequest = &stranger[1199];
	ck_assert_int_gt(ipc_check_all(), 0);
	port0->nsrequest = IP_NULL;
	scene_finish();
}
END_TEST

START_TEST(test_no_memory)
{
	start();
	slab_fail_after(1);
	ck_assert_int_eq(ipc_check_all(), -1);
	slab_fail_after(0);
	scene_finish();
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_counts);
	tcase_add_test(tcase, test_queues);
	tcase_add_test(tcase, test_sets);
	tcase_add_test(tcase, test_entries);
	tcase_add_test(tcase, test_strangers);
	tcase_add_test(tcase, test_no_memory);
}
