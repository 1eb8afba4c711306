/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Another CPU at work.  Whenever a call is about to take a lock, something may have happened just
 * before: a port has died or has gone into a set, a name has gone, a task has ended.  Each call is
 * made again and again, with each of these before the first lock that it takes, the second, and so
 * on.  Whatever the call then answers, the checker finds nothing, and nothing is left.
 *
 * (All orders of all accesses are tried by the tests of races; this is quick, and has sanitizers.)
 */
#include <ipc/right.h>
#include <tests/unit/fakes_ipc.h>

#include <string.h>

#include <ipc/checker.h>
#include <ipc/pset.h>
#include <kern/percpu.h>
#include <kern/trace.h>
#include <mach/mach_port_server.h>
#include <mach/notify.h>
#include <mach/porter_server.h>
#include <mach_debug/mach_debug_server.h>
#include <vm/map.h>

void __real_spin_lock_check_acquire(struct spin_lock *lock, bool second);
void __wrap_spin_lock_check_acquire(struct spin_lock *lock, bool second);

static struct host *const host = (struct host *)1;	/* nobody looks into it */

static struct task *us, *them;		/* a client and a server */
static struct actor *ours, *theirs, *waiting;
static struct actor elsewhere;		/* the thread of the other CPU */
static struct percpu other_cpu;
static mach_port_name_t port, set, dest, own, once;
static struct ipc_port *the_port, *our_port;
static struct ipc_space *us_space, *them_space;
static uint32_t words[32], more[32];

/* --- The other CPU ------------------------------------------------------------------------ */

static void (*meanwhile)(void);
static unsigned int countdown;
static bool happened;

static bool is_free(const struct spin_lock *lock)
{
	return lock->held == 0;
}

/* Whoever waits for a lock that we hold comes later. */
static bool possible_at_port(void)
{
	struct ipc_pset *pset = the_port->pset;

	return is_free(&them_space->lock) && is_free(&the_port->object.lock) &&
	       is_free(&our_port->object.lock) && (pset == NULL || is_free(&pset->object.lock));
}

static bool possible(void)
{
	return is_free(&us_space->lock) && possible_at_port();
}

static void port_dies(void)
{
	mach_port_destroy(them_space, port);
}

static void port_joins(void)
{
	mach_port_move_member(them_space, port, set);
}

static void set_dies(void)
{
	mach_port_destroy(them_space, set);
}

static void name_goes(void)
{
	mach_port_destroy(us_space, dest);
}

static void we_end(void)
{
	ipc_space_destroy(us_space);
}

static void they_end(void)
{
	ipc_space_destroy(them_space);
}

static const struct {
	void (*function)(void);
	bool (*possible)(void);
} events[] = {
	{ port_dies, possible_at_port }, { port_joins, possible_at_port },
	{ set_dies, possible_at_port }, { they_end, possible_at_port }, { name_goes, possible },
	{ we_end, possible },
};
#define EVENTS (sizeof(events) / sizeof(events[0]))

static bool (*may_happen)(void);

void __wrap_spin_lock_check_acquire(struct spin_lock *lock, bool second)
{
	struct stack_base here = host_stack_base;

	kernel_must(here.cpu != &other_cpu || is_free(lock));	/* or it would wait for ever */
	if (countdown != 0 && --countdown == 0) {
		if (may_happen()) {
			host_stack_base = (struct stack_base){ &other_cpu, &elsewhere.thread };
			happened = true;
			meanwhile();
			host_stack_base = here;
		}
	}
	__real_spin_lock_check_acquire(lock, second);
}

/* --- Calls -------------------------------------------------------------------------------- */

static void send(mach_port_name_t to, uint32_t type, mach_msg_option_t option)
{
	mach_msg_header_t *header = (mach_msg_header_t *)words;

	*header = (mach_msg_header_t){
		.msgh_bits = MACH_MSGH_BITS(type, MACH_MSG_TYPE_MAKE_SEND_ONCE),
		.msgh_remote_port = to, .msgh_local_port = own, .msgh_id = 1000,
	};
	actor_mach_msg(ours, words, MACH_SEND_MSG | MACH_SEND_TIMEOUT | option, 24, 0, 0, 0, own);
}

static void send_copy(void)
{
	send(dest, MACH_MSG_TYPE_COPY_SEND, 0);
}

static void send_move(void)
{
	send(dest, MACH_MSG_TYPE_MOVE_SEND, 0);
}

static void send_once(void)
{
	send(once, MACH_MSG_TYPE_MOVE_SEND_ONCE, 0);
}

static void send_by_force(void)
{
	for (uint32_t i = 0; i < MACH_PORT_QLIMIT_DEFAULT; i++)
		send(dest, MACH_MSG_TYPE_COPY_SEND, 0);
	send(dest, MACH_MSG_TYPE_COPY_SEND, MACH_SEND_NOTIFY);
}

/* Rights to the port in the body of a message to ourselves; then it is received. */
static void send_rights(void)
{
	mach_msg_header_t *header = (mach_msg_header_t *)words;

	*header = (mach_msg_header_t){
		.msgh_bits = MACH_MSG_TYPE_MAKE_SEND | MACH_MSGH_BITS_COMPLEX,
		.msgh_remote_port = own, .msgh_id = 1000,
	};
	words[6] = 0x10022000 | MACH_MSG_TYPE_COPY_SEND;
	words[7] = words[8] = dest;
	words[9] = 0x10012000 | MACH_MSG_TYPE_MOVE_SEND_ONCE;
	words[10] = once;
	actor_mach_msg(ours, words, MACH_SEND_MSG | MACH_RCV_MSG | MACH_RCV_TIMEOUT, 44,
		       sizeof(words), own, 0, 0);
}

static void receive(mach_port_name_t name, mach_msg_option_t option, mach_msg_size_t size)
{
	actor_mach_msg(theirs, more, MACH_RCV_MSG | MACH_RCV_TIMEOUT | option, 0, size, name, 0, 0);
}

static void receive_port(void)
{
	send(dest, MACH_MSG_TYPE_COPY_SEND, 0);
	receive(port, 0, sizeof(more));
}

static void receive_small(void)
{
	send(dest, MACH_MSG_TYPE_COPY_SEND, 0);
	receive(port, 0, 20);
}

static void receive_set(void)
{
	mach_port_move_member(them_space, port, set);
	send(dest, MACH_MSG_TYPE_COPY_SEND, 0);
	receive(set, 0, sizeof(more));
}

static void receive_nowhere(void)
{
	send(dest, MACH_MSG_TYPE_COPY_SEND, 0);
	actor_mach_msg(theirs, (void *)0x1000, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(more),
		       port, 0, 0);
}

static void wait_then_send(void)
{
	actor_mach_msg(waiting, more, MACH_RCV_MSG, 0, sizeof(more), port, 0, 0);
	send(dest, MACH_MSG_TYPE_COPY_SEND, 0);
}

static void deallocate(void)
{
	mach_port_deallocate(us_space, dest);
}

static void deallocate_once(void)
{
	mach_port_deallocate(us_space, once);
}

static void mod_refs(void)
{
	mach_port_mod_refs(us_space, dest, MACH_PORT_RIGHT_SEND, -1);
}

static void destroy(void)
{
	mach_port_destroy(us_space, dest);
}

static void extract(void)
{
	struct ipc_port *right;
	mach_msg_type_name_t type;

	if (mach_port_extract_right(us_space, dest, MACH_MSG_TYPE_COPY_SEND, &right, &type) ==
	    KERN_SUCCESS)
		ipc_right_in_hand_release(right, type);
}

static void insert(void)
{
	struct ipc_port *right = ipc_port_make_send(the_port);

	if (IP_VALID(right) && mach_port_insert_right(us_space, dest, right,
						      MACH_MSG_TYPE_PORT_SEND) != KERN_SUCCESS)
		ipc_port_release_send(right);
}

static void insert_new(void)
{
	struct ipc_port *right = ipc_port_make_sonce(the_port);

	if (IP_VALID(right) && mach_port_insert_right(us_space, 0x888, right,
						      MACH_MSG_TYPE_PORT_SEND_ONCE) !=
			       KERN_SUCCESS)
		ipc_port_release_sonce(right);
}

static void give(void)
{
	struct ipc_port *right = ipc_port_make_send(the_port);
	mach_port_name_t name;

	if (IP_VALID(right) && ipc_space_insert_send(them_space, right, &name) != KERN_SUCCESS)
		ipc_port_release_send(right);
}

static void rename_it(void)
{
	mach_port_rename(us_space, dest, 0x777);
}

static void request(mach_msg_id_t id, struct ipc_space *space, mach_port_name_t name)
{
	struct ipc_port *previous = IP_NULL, *right = IP_NULL;
	mach_msg_type_name_t type;

	if (mach_port_extract_right(us_space, own, MACH_MSG_TYPE_MAKE_SEND_ONCE, &right, &type) !=
	    KERN_SUCCESS)
		return;
	if (mach_port_request_notification(space, name, id, 0, right, &previous) != KERN_SUCCESS)
		previous = right;
	ipc_port_release_sonce(previous);
}

static void request_dead_name(void)
{
	request(MACH_NOTIFY_DEAD_NAME, us_space, dest);
}

static void request_dead_once(void)
{
	request(MACH_NOTIFY_DEAD_NAME, us_space, once);
}

static void request_no_senders(void)
{
	request(MACH_NOTIFY_NO_SENDERS, them_space, port);
}

static void move_member(void)
{
	mach_port_move_member(them_space, port, set);
	mach_port_move_member(them_space, port, 0);
}

static void destroy_set(void)
{
	mach_port_move_member(them_space, port, set);
	mach_port_destroy(them_space, set);
}

static void ask(void)
{
	struct vm_map_copy *one = NULL, *two = NULL;
	mach_msg_type_number_t count, count2;
	struct port_statistics statistics;
	struct space_statistics sums;
	mach_port_rights_t rights;
	mach_port_status_t status;
	mach_port_type_t type;

	port_statistics(host, us_space, dest, &statistics);
	mach_port_get_srights(them_space, port, &rights);
	mach_port_get_receive_status(them_space, port, &status);
	mach_port_type(us_space, dest, &type);
	space_statistics(host, us_space, &sums);
	if (mach_port_names(us_space, &one, &count, &two, &count2) == KERN_SUCCESS) {
		vm_map_copy_discard(one);
		vm_map_copy_discard(two);
	}
	if (mach_port_get_set_status(them_space, set, &one, &count) == KERN_SUCCESS)
		vm_map_copy_discard(one);
}

static void (*const calls[])(void) = {
	send_copy, send_move, send_once, send_by_force, send_rights, receive_port, receive_small,
	receive_set, receive_nowhere, wait_then_send, deallocate, deallocate_once, mod_refs,
	destroy, extract, insert, insert_new, give, rename_it, request_dead_name,
	request_dead_once, request_no_senders, move_member, destroy_set, ask,
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))

/* --- One round ---------------------------------------------------------------------------- */

static mach_port_name_t make(struct task *task, mach_port_right_t right)
{
	mach_port_name_t name = 0;

	ck_must(mach_port_allocate(task->space, right, &name) == KERN_SUCCESS);
	return name;
}

static struct ipc_port *port_named(struct task *task, mach_port_name_t name)
{
	return entry_port(ipc_entry_lookup(&task->space->table, name));
}

static void begin(void)
{
	struct ipc_port *right;

	us = fake_ipc_task();
	them = fake_ipc_task();
	us_space = us->space;
	them_space = them->space;
	ours = actor_create(us);
	theirs = actor_create(them);
	waiting = actor_create(them);
	own = make(us, MACH_PORT_RIGHT_RECEIVE);
	port = make(them, MACH_PORT_RIGHT_RECEIVE);
	set = make(them, MACH_PORT_RIGHT_PORT_SET);
	the_port = port_named(them, port);
	our_port = port_named(us, own);
	ipc_port_reference(the_port);
	ipc_port_reference(our_port);
	dest = fake_insert_send(us, ipc_port_make_send(the_port));
	once = 0x1234;
	right = ipc_port_make_sonce(the_port);
	ck_must(right != IP_DEAD);
	ck_must(mach_port_insert_right(us_space, once, right, MACH_MSG_TYPE_PORT_SEND_ONCE) ==
		KERN_SUCCESS);
	request(MACH_NOTIFY_DEAD_NAME, us_space, dest);
}

static void holders(struct ipc_check *check)
{
	struct ipc_object *object = waiting->thread.ipc.object;

	ipc_check_hold(check, the_port, IPC_HOLDS_REFERENCE);
	ipc_check_hold(check, our_port, IPC_HOLDS_REFERENCE);
	if (object != NULL && object->kind == IOT_PORT)
		ipc_check_hold(check, (struct ipc_port *)object, IPC_HOLDS_REFERENCE);
}

static void end(void)
{
	actors_run();
	fake_ipc_holders = holders;
	ck_must(ipc_check_all() == 0);
	fake_ipc_holders = NULL;
	actor_wake(ours, WAIT_INTERRUPTED);
	actor_wake(theirs, WAIT_INTERRUPTED);
	actor_wake(waiting, WAIT_INTERRUPTED);
	actors_run();
	actor_end(ours);
	actor_end(theirs);
	actor_end(waiting);
	ipc_port_release(the_port);
	ipc_port_release(our_port);
	fake_ipc_task_end(us);
	fake_ipc_task_end(them);
}

/* With event number e before the n-th lock; false when the call takes no more. */
static bool one_round(size_t call, size_t e, unsigned int n)
{
	uint32_t live = fake_ipc_live();

	begin();
	trace_host_mask = e % 2 ? ~0u : 0;	/* what the probes look at must be there */
	meanwhile = events[e].function;
	may_happen = events[e].possible;
	countdown = n;
	calls[call]();
	n = countdown;
	countdown = 0;
	end();
	ck_must(fake_ipc_live() == live);
	return n == 0;
}

START_TEST(test_meanwhile)
{
	uint32_t count = 0;

	fake_ipc_start();
	queue_init(&elsewhere.thread.kmsg_graveyard);
	for (size_t call = 0; call < CALLS; call++)
		for (size_t e = 0; e < EVENTS; e++) {
			happened = false;
			for (unsigned int n = 1; one_round(call, e, n); n++)
				count++;
			ck_must(happened);
		}
	ck_assert_uint_gt(count, 1000);
}
END_TEST

/* --- Limits ------------------------------------------------------------------------------- */

/* A call by a task that can have only so many names, or so much memory, more than it has. */
static void limited_round(size_t call, bool theirs_too, uint32_t names, uint32_t memory)
{
	uint32_t live = fake_ipc_live();
	struct ipc_limits limits = { .il_message_size = IPC_LIMIT_MESSAGE_MIN };
	struct ipc_space *space;

	begin();
	space = theirs_too ? them_space : us_space;
	limits.il_names = space->table.used + names;
	limits.il_memory = space->account->memory + memory;
	ipc_space_set_limits(space, &limits);
	calls[call]();
	end();
	ck_must(fake_ipc_live() == live);
}

/* Wherever a limit is met, nothing is left of what was begun. */
START_TEST(test_limits)
{
	fake_ipc_start();
	for (size_t call = 0; call < CALLS; call++)
		for (int who = 0; who < 2; who++) {
			for (uint32_t names = 0; names < 4; names++)
				limited_round(call, who, names, 1u << 20);
			for (uint32_t memory = 0; memory < 1500; memory += 20)
				limited_round(call, who, 100, memory);
			for (uint32_t memory = 1500; memory < 12000; memory += 500)
				limited_round(call, who, 100, memory);
		}
}
END_TEST

START_TEST(test_limit_routines)
{
	struct ipc_limits all, limits;
	struct ipc_usage usage;
	mach_port_name_t name;

	fake_ipc_start();
	begin();
	ck_assert_int_eq(host_get_ipc_limits(NULL, &all), KERN_INVALID_HOST);
	ck_assert_int_eq(host_get_ipc_limits(host, &all), KERN_SUCCESS);
	ck_assert_int_eq(host_set_ipc_limits(NULL, all), KERN_INVALID_HOST);
	limits = all;
	limits.il_message_size = IPC_LIMIT_MESSAGE_MIN - 1;
	ck_assert_int_eq(host_set_ipc_limits(host, limits), KERN_INVALID_VALUE);
	ck_assert_int_eq(task_set_ipc_limits(host, us_space, limits), KERN_INVALID_VALUE);
	limits.il_message_size = IPC_LIMIT_MESSAGE_MAX + 1;
	ck_assert_int_eq(host_set_ipc_limits(host, limits), KERN_INVALID_VALUE);
	ck_assert_int_eq(host_set_ipc_limits(host, all), KERN_SUCCESS);
	ck_assert_int_eq(task_set_ipc_limits(NULL, us_space, all), KERN_INVALID_HOST);
	ck_assert_int_eq(task_set_ipc_limits(host, NULL, all), KERN_INVALID_TASK);
	ck_assert_int_eq(task_set_ipc_limits(host, ipc_space_kernel, all), KERN_INVALID_TASK);
	ck_assert_int_eq(task_get_ipc_limits(NULL, us_space, &limits), KERN_INVALID_HOST);
	ck_assert_int_eq(task_ipc_usage(host, NULL, &usage), KERN_INVALID_TASK);
	limits = all;
	limits.il_names = 4;
	ck_assert_int_eq(task_set_ipc_limits(host, us_space, limits), KERN_SUCCESS);
	ck_assert_int_eq(mach_port_allocate(us_space, MACH_PORT_RIGHT_RECEIVE, &name),
			 KERN_SUCCESS);
	ck_assert_int_eq(mach_port_allocate(us_space, MACH_PORT_RIGHT_RECEIVE, &name),
			 KERN_NO_SPACE);
	ck_assert_int_eq(mach_port_allocate_name(us_space, MACH_PORT_RIGHT_DEAD_NAME, 0x999),
			 KERN_NO_SPACE);
	ck_assert_int_eq(task_ipc_usage(host, us_space, &usage), KERN_SUCCESS);
	ck_assert_uint_eq(usage.iu_names, 4);
	ck_assert_uint_eq(usage.iu_refused_names, 2);
	ipc_space_inherit_limits(them_space, us_space);
	ck_assert_int_eq(task_get_ipc_limits(host, them_space, &limits), KERN_SUCCESS);
	ck_assert_uint_eq(limits.il_names, 4);
	end();
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_meanwhile);
	tcase_add_test(tcase, test_limits);
	tcase_add_test(tcase, test_limit_routines);
}
