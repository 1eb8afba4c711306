/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel objects: requests that MIG's own stubs decode and the real dispatcher serves; and the traps
 * on ports.  A routine that fails leaves the request's rights to the dispatcher, one that succeeds
 * has used them up: all that there is afterwards is counted.
 */
#include <tests/unit/fakes_ipc.h>

#include <string.h>

#include <ipc/checker.h>
#include <ipc/kobject.h>
#include <ipc/traps.h>
#include <kern/host.h>
#include <kern/mig_support.h>
#include <kern/processor.h>
#include <kern/trace.h>
#include <mach/mach_host_server.h>
#include <mach/mach_port_server.h>
#include <mach/notify.h>

#define RECEIVE MACH_PORT_RIGHT_RECEIVE
#define NAME (0x10012000u | MACH_MSG_TYPE_PORT_NAME)
#define NUMBER (0x10012000u | MACH_MSG_TYPE_INTEGER_32)
#define RIGHT(disposition) (0x10012000u | (disposition))

static struct task *task;
static struct actor *actor;
static struct ipc_port *host_priv;
static mach_port_name_t task_name, priv_name, reply;
static uint32_t live_before;

static uint32_t words[64];		/* the message, both ways */
static mach_msg_header_t *const header = (mach_msg_header_t *)words;
static uint32_t length;			/* of the request, in words */

/* --- What stubs and conversions need of the rest of the kernel ---------------------------- */

struct processor_set default_pset;

void task_reference(struct task *of)
{
	of->ref_count++;
}

void task_release(struct task *of)
{
	kernel_must(of->ref_count > 0);
	of->ref_count--;
}

void thread_reference(struct thread *of)
{
	of->ref_count++;
}

void thread_release(struct thread *of)
{
	kernel_must(of->ref_count > 0);
	of->ref_count--;
}

/* Maps are not counted here. */
void vm_map_reference(struct vm_map *map);
void vm_map_reference(struct vm_map *map)
{
	kernel_must(map != NULL);
}

void vm_map_release(struct vm_map *map)
{
	kernel_must(map != NULL);
}

/* Serves as the routine that gives no answer. */
kern_return_t host_reboot(struct host *host, int options)
{
	kernel_must(host != NULL);
	return options == 7 ? MIG_NO_REPLY : KERN_INVALID_ARGUMENT;
}

/* --- The scene ---------------------------------------------------------------------------- */

static struct ipc_port *kernel_port(enum ipc_kobject_type type, void *object)
{
	struct ipc_port *port = ipc_port_alloc_kernel(type, object);

	ck_must(port != NULL);
	return port;
}

static void start(void)
{
	fake_ipc_start();
	live_before = fake_ipc_live();
	task = fake_ipc_task();
	actor = actor_create(task);
	task->self_port = kernel_port(IKOT_TASK, task);
	host_priv = kernel_port(IKOT_HOST_PRIV, task);	/* nobody looks into it */
	task_name = fake_insert_send(task, ipc_port_make_send(task->self_port));
	priv_name = fake_insert_send(task, ipc_port_make_send(host_priv));
	ck_must(mach_port_allocate(task->space, RECEIVE, &reply) == KERN_SUCCESS);
}

static void finish(void)
{
	ck_assert_uint_eq(task->ref_count, 0);
	ipc_port_dealloc_kernel(task->self_port);
	ipc_port_dealloc_kernel(host_priv);
	actor_end(actor);
	fake_ipc_task_end(task);
	ck_assert_uint_eq(fake_ipc_live(), live_before);
}

/* The host's ports belong to nobody that the checker knows. */
static void holders(struct ipc_check *check)
{
	ipc_check_hold(check, task->self_port, IPC_HOLDS_RECEIVE);
	ipc_check_hold(check, host_priv, IPC_HOLDS_RECEIVE);
}

static void check(void)
{
	fake_ipc_holders = holders;
	ck_assert_int_eq(ipc_check_all(), 0);
	fake_ipc_holders = NULL;
}

static struct ipc_port *port_named(mach_port_name_t name)
{
	struct ipc_entry *entry = ipc_entry_lookup(&task->space->table, name);

	ck_must(entry != NULL);
	return entry_port(entry);
}

/* --- Requests ----------------------------------------------------------------------------- */

static void request(mach_port_name_t dest, mach_msg_id_t id)
{
	memset(words, 0, sizeof(words));
	*header = (mach_msg_header_t){
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
		.msgh_remote_port = dest, .msgh_local_port = reply, .msgh_id = id,
	};
	length = sizeof(*header) / 4;
}

static void add(uint32_t type, uint32_t value)
{
	words[length++] = type;
	words[length++] = value;
	if ((type & 0xff) >= MACH_MSG_TYPE_MOVE_RECEIVE)
		header->msgh_bits |= MACH_MSGH_BITS_COMPLEX;
}

/* Send it; no answer comes. */
static mach_msg_return_t send(void)
{
	actor_mach_msg(actor, words, MACH_SEND_MSG, length * 4, 0, 0, 0, 0);
	ck_must(actor->done);
	return actor->result;
}

/* Send it, and take the answer: its return code. */
static kern_return_t call(void)
{
	mach_msg_id_t id = header->msgh_id;

	actor_mach_msg(actor, words, MACH_SEND_MSG | MACH_RCV_MSG | MACH_RCV_TIMEOUT, length * 4,
		       sizeof(words), reply, 0, 0);
	ck_must(actor->done && actor->result == MACH_MSG_SUCCESS);
	ck_must((uint32_t)header->msgh_id == (uint32_t)id + 100 && header->msgh_remote_port == 0);
	ck_must(header->msgh_local_port == reply && words[6] == NUMBER);
	check();
	return (kern_return_t)words[7];
}

/* A routine with arguments that are numbers or names. */
static kern_return_t rpc(mach_msg_id_t id, uint32_t count, const uint32_t *arguments)
{
	request(task_name, id);
	for (uint32_t i = 0; i < count; i++)
		add(arguments[2 * i], arguments[2 * i + 1]);
	return call();
}

#define RPC(id, ...) rpc(id, sizeof((uint32_t[]){ __VA_ARGS__ }) / 8, (uint32_t[]){ __VA_ARGS__ })

static uint32_t calls_of(mach_msg_id_t id)
{
	uint32_t calls = 0;

	ck_assert(ipc_kobject_calls(id, &calls));
	return calls;
}

/* --- Tests -------------------------------------------------------------------------------- */

START_TEST(test_names)
{
	mach_port_name_t name;
	uint32_t before;

	start();
	trace_host_mask = ~0u;
	before = calls_of(3204);
	ck_assert_int_eq(RPC(3204, NUMBER, RECEIVE), KERN_SUCCESS);
	ck_assert_uint_eq(words[8], NAME);
	name = words[9];
	ck_assert_uint_eq(calls_of(3204), before + 1);
	ck_assert_int_eq(RPC(3204, NUMBER, 77), KERN_INVALID_VALUE);
	ck_assert_int_eq(RPC(3201, NAME, name), KERN_SUCCESS);
	ck_assert_uint_eq(words[9], MACH_PORT_TYPE_RECEIVE);
	ck_assert_int_eq(RPC(3202, NAME, name, NAME, 0x1234), KERN_SUCCESS);
	ck_assert_int_eq(RPC(3203, NUMBER, 4, NAME, 0x5678), KERN_SUCCESS);
	ck_assert_int_eq(RPC(3208, NAME, 0x5678, NUMBER, 4, NUMBER, 2), KERN_SUCCESS);
	ck_assert_int_eq(RPC(3207, NAME, 0x5678, NUMBER, 4), KERN_SUCCESS);
	ck_assert_uint_eq(words[9], 3);
	ck_assert_int_eq(RPC(3206, NAME, 0x5678), KERN_SUCCESS);
	ck_assert_int_eq(RPC(3205, NAME, 0x5678), KERN_SUCCESS);
	ck_assert_int_eq(RPC(3205, NAME, 0x5678), KERN_INVALID_NAME);
	ck_assert_int_eq(RPC(3210, NAME, 0x1234, NUMBER, 3), KERN_SUCCESS);
	ck_assert_int_eq(RPC(3211, NAME, 0x1234, NUMBER, 9), KERN_SUCCESS);
	ck_assert_int_eq(RPC(3218, NAME, 0x1234, NUMBER, 8), KERN_SUCCESS);
	ck_assert_int_eq(RPC(3217, NAME, 0x1234), KERN_SUCCESS);
	ck_assert_uint_eq(words[10], 8);	/* seqno, behind the set */
	ck_assert_uint_eq(words[11], 9);
	ck_assert_uint_eq(words[12], 3);
	ck_assert_int_eq(RPC(3204, NUMBER, 3), KERN_SUCCESS);
	name = words[9];
	ck_assert_int_eq(RPC(3213, NAME, 0x1234, NAME, name), KERN_SUCCESS);
	finish();
}
END_TEST

/* Lists come out of line. */
START_TEST(test_lists)
{
	mach_port_name_t set;

	start();
	ck_assert_int_eq(RPC(3200), KERN_SUCCESS);
	ck_assert(header->msgh_bits & MACH_MSGH_BITS_COMPLEX);
	ck_assert_uint_eq(words[10], 3);
	ck_assert_uint_eq(words[14], 3);
	ck_must(mach_port_allocate(task->space, MACH_PORT_RIGHT_PORT_SET, &set) == KERN_SUCCESS);
	ck_must(mach_port_move_member(task->space, reply, set) == KERN_SUCCESS);
	ck_must(mach_port_move_member(task->space, reply, 0) == KERN_SUCCESS);
	ck_assert_int_eq(RPC(3212, NAME, set), KERN_SUCCESS);
	ck_assert_uint_eq(words[10], 0);
	ck_assert_uint_eq(words[11], 0);
	finish();
}
END_TEST

START_TEST(test_rights)
{
	struct ipc_port *port = NULL;

	start();
	ck_must(mach_port_allocate_name(task->space, RECEIVE, 0x100) == KERN_SUCCESS);
	port = port_named(0x100);
	ck_assert_int_eq(RPC(3216, NAME, 0x100, NUMBER, MACH_MSG_TYPE_MAKE_SEND), KERN_SUCCESS);
	ck_assert_uint_eq(words[9], 0x100);
	ck_assert_uint_eq(port->srights, 1);
	/* Used up by the routine that succeeds, by the dispatcher when it fails. */
	ck_assert_int_eq(RPC(3215, NAME, 0x100, RIGHT(MACH_MSG_TYPE_MAKE_SEND), 0x100),
			 KERN_SUCCESS);
	ck_assert_uint_eq(port->srights, 1);
	ck_assert_int_eq(RPC(3215, NAME, 0x300, RIGHT(MACH_MSG_TYPE_COPY_SEND), 0x100),
			 KERN_RIGHT_EXISTS);
	ck_assert_uint_eq(port->srights, 1);
	ck_assert_int_eq(RPC(3215, NAME, 0x300, RIGHT(MACH_MSG_TYPE_MAKE_SEND_ONCE), 0x100),
			 KERN_SUCCESS);
	ck_assert_uint_eq(port->sorights, 1);
	/* A request, and the one that it replaces. */
	ck_assert_int_eq(RPC(3214, NAME, 0x100, NUMBER, MACH_NOTIFY_NO_SENDERS, NUMBER, 0,
			     RIGHT(MACH_MSG_TYPE_MAKE_SEND_ONCE), 0x100), KERN_SUCCESS);
	ck_assert_uint_eq(words[9], MACH_PORT_NULL);
	ck_assert_int_eq(RPC(3214, NAME, 0x100, NUMBER, MACH_NOTIFY_NO_SENDERS, NUMBER, 0,
			     RIGHT(MACH_MSG_TYPE_MOVE_SEND_ONCE), 0), KERN_SUCCESS);
	ck_assert_uint_ne(words[9], MACH_PORT_NULL);
	ck_assert_uint_eq(port->sorights, 2);
	ck_assert_int_eq(RPC(3214, NAME, 0x777, NUMBER, MACH_NOTIFY_NO_SENDERS, NUMBER, 0,
			     RIGHT(MACH_MSG_TYPE_MAKE_SEND_ONCE), 0x100), KERN_INVALID_NAME);
	ck_assert_uint_eq(port->msgcount, 1);	/* the notify right's end */
	finish();
}
END_TEST

/* Unknown ids, also where there is a body with rights; wrong sizes, wrong types. */
START_TEST(test_bad_requests)
{
	static const mach_msg_id_t unknown[] = { 0, 1, -5, 70, 1999, 2001, 3209, 4899, 4900,
		0x7fffffff };
	uint32_t calls;

	start();
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		ck_assert_int_eq(RPC(unknown[i], NAME, 5, RIGHT(MACH_MSG_TYPE_MAKE_SEND), reply),
				 MIG_BAD_ID);
		ck_assert(!ipc_kobject_calls(unknown[i], &calls));
		ck_assert_uint_eq(port_named(reply)->srights, 0);
	}
	ck_assert_int_eq(RPC(3204), MIG_BAD_ARGUMENTS);
	ck_assert_int_eq(RPC(3204, NAME, RECEIVE), MIG_BAD_ARGUMENTS);
	ck_assert_int_eq(RPC(3204, NUMBER, RECEIVE, NUMBER, 1), MIG_BAD_ARGUMENTS);
	ck_assert_int_eq(RPC(3204, RIGHT(MACH_MSG_TYPE_MAKE_SEND), reply), MIG_BAD_ARGUMENTS);
	ck_assert_uint_eq(port_named(reply)->srights, 0);
	finish();
}
END_TEST

/* The wrong kind of kernel port. */
START_TEST(test_wrong_object)
{
	start();
	request(priv_name, 3204);
	add(NUMBER, RECEIVE);
	ck_assert_int_eq(call(), KERN_INVALID_TASK);
	request(priv_name, 3215);
	add(NAME, 0x300);
	add(RIGHT(MACH_MSG_TYPE_MAKE_SEND), reply);
	ck_assert_int_eq(call(), KERN_INVALID_TASK);
	ck_assert_uint_eq(port_named(reply)->srights, 0);
	request(task_name, 2014);
	add(NUMBER, 7);
	ck_assert_int_ne(call(), KERN_SUCCESS);
	finish();
}
END_TEST

/* Nobody to answer, or nothing to say. */
START_TEST(test_no_reply)
{
	mach_port_name_t dead;
	uint32_t before;

	start();
	ck_must(mach_port_allocate(task->space, MACH_PORT_RIGHT_DEAD_NAME, &dead) == KERN_SUCCESS);
	before = calls_of(3204);
	request(task_name, 3204);
	add(NUMBER, RECEIVE);
	header->msgh_bits = MACH_MSG_TYPE_COPY_SEND;
	header->msgh_local_port = 0;
	ck_assert_int_eq(send(), MACH_MSG_SUCCESS);
	request(task_name, 3204);
	add(NUMBER, RECEIVE);
	header->msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_COPY_SEND);
	header->msgh_local_port = dead;
	ck_assert_int_eq(send(), MACH_MSG_SUCCESS);
	request(task_name, 3204);
	add(NUMBER, RECEIVE);
	header->msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_COPY_SEND);
	header->msgh_local_port = priv_name;
	ck_assert_int_eq(send(), MACH_MSG_SUCCESS);
	ck_assert_uint_eq(calls_of(3204), before + 3);
	check();
	/* One that does not answer has taken the reply right itself, if there was one. */
	before = calls_of(2635);
	request(priv_name, 2635);
	add(NUMBER, 7);
	header->msgh_bits = MACH_MSG_TYPE_COPY_SEND;
	header->msgh_local_port = 0;
	ck_assert_int_eq(send(), MACH_MSG_SUCCESS);
	ck_assert_uint_eq(calls_of(2635), before + 1);
	ck_assert_uint_eq(port_named(reply)->msgcount, 0);
	check();
	finish();
}
END_TEST

/* A receive right that would be queued in its own port. */
START_TEST(test_circular_reply)
{
	start();
	request(task_name, 3216);
	add(NAME, reply);
	add(NUMBER, MACH_MSG_TYPE_MOVE_RECEIVE);
	ck_assert_int_eq(send(), MACH_MSG_SUCCESS);
	ck_must(ipc_entry_lookup(&task->space->table, reply) == NULL);
	check();
	ck_must(mach_port_allocate(task->space, RECEIVE, &reply) == KERN_SUCCESS);
	ck_assert(!ipc_port_check_circularity(host_priv, IP_NULL));
	ck_assert(!ipc_port_check_circularity(host_priv, IP_DEAD));
	finish();
}
END_TEST

/* Two routines with one number cannot be. */
START_TEST(test_table)
{
	start();
	ipc_kobject_calls(0, NULL);
	ck_assert_panics(ipc_kobject_init());
}
END_TEST

/* --- Traps -------------------------------------------------------------------------------- */

static void become(struct actor *who)
{
	host_stack_base.thread = &who->thread;
}

START_TEST(test_traps)
{
	mach_port_name_t name = 77, dead, once = 0x444;

	start();
	become(actor);
	name = mach_reply_port();
	ck_assert_uint_ne(name, 0);
	ck_assert_int_eq(syscall_mach_port_allocate(task_name, RECEIVE, &name), KERN_SUCCESS);
	ck_assert_int_eq(syscall_mach_port_allocate(task_name, 99, &name), KERN_INVALID_VALUE);
	ck_assert_int_eq(syscall_mach_port_allocate(priv_name, RECEIVE, &name),
			 MACH_SEND_INTERRUPTED);
	ck_assert_int_eq(syscall_mach_port_allocate(0x999, RECEIVE, &name), MACH_SEND_INTERRUPTED);
	/* Nobody could use a name that he is not told. */
	ck_assert_int_eq(syscall_mach_port_allocate(task_name, RECEIVE, (mach_port_name_t *)0x1000),
			 KERN_INVALID_ADDRESS);
	ck_assert_int_eq(syscall_mach_port_allocate_name(task_name, 4, 0x200), KERN_SUCCESS);
	ck_assert_int_eq(syscall_mach_port_allocate_name(task_name, 4, 0x200), KERN_NAME_EXISTS);
	ck_assert_int_eq(syscall_mach_port_allocate_name(0, 4, 0x200), MACH_SEND_INTERRUPTED);
	ck_assert_int_eq(syscall_mach_port_deallocate(task_name, 0x200), KERN_SUCCESS);
	ck_assert_int_eq(syscall_mach_port_deallocate(task_name, 0x200), KERN_INVALID_NAME);
	ck_assert_int_eq(syscall_mach_port_deallocate(0, 0x200), MACH_SEND_INTERRUPTED);
	ck_must(mach_port_allocate(task->space, MACH_PORT_RIGHT_DEAD_NAME, &dead) == KERN_SUCCESS);
	ck_assert_int_eq(syscall_mach_port_insert_right(task_name, name, name,
							MACH_MSG_TYPE_MAKE_SEND), KERN_SUCCESS);
	ck_assert_int_eq(syscall_mach_port_insert_right(task_name, once, name,
							MACH_MSG_TYPE_MAKE_SEND_ONCE),
			 KERN_SUCCESS);
	ck_assert_int_eq(syscall_mach_port_insert_right(task_name, once, name,
							MACH_MSG_TYPE_MAKE_SEND),
			 KERN_RIGHT_EXISTS);
	ck_assert_int_eq(syscall_mach_port_insert_right(task_name, once, name, 5),
			 KERN_INVALID_VALUE);
	ck_assert_int_eq(syscall_mach_port_insert_right(task_name, once, 0x999,
							MACH_MSG_TYPE_COPY_SEND),
			 KERN_INVALID_NAME);
	ck_assert_int_eq(syscall_mach_port_insert_right(task_name, 0x555, dead,
							MACH_MSG_TYPE_COPY_SEND),
			 KERN_INVALID_CAPABILITY);
	ck_assert_int_eq(syscall_mach_port_insert_right(task_name, 0x555, 0,
							MACH_MSG_TYPE_COPY_SEND),
			 KERN_INVALID_CAPABILITY);
	ck_assert_int_eq(syscall_mach_port_insert_right(task_name, 0x555, ~0u,
							MACH_MSG_TYPE_COPY_SEND),
			 KERN_INVALID_CAPABILITY);
	ck_assert_int_eq(syscall_mach_port_insert_right(dead, 0x555, name,
							MACH_MSG_TYPE_COPY_SEND),
			 MACH_SEND_INTERRUPTED);
	ck_assert_uint_eq(port_named(name)->srights, 1);
	ck_assert_uint_eq(port_named(name)->sorights, 1);
	become((struct actor *)&fake_thread);
	check();
	finish();
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_names);
	tcase_add_test(tcase, test_lists);
	tcase_add_test(tcase, test_rights);
	tcase_add_test(tcase, test_bad_requests);
	tcase_add_test(tcase, test_wrong_object);
	tcase_add_test(tcase, test_no_reply);
	tcase_add_test(tcase, test_circular_reply);
	tcase_add_test(tcase, test_table);
	tcase_add_test(tcase, test_traps);
}
