/* SPDX-License-Identifier: BSD-2-Clause */
/* Section 10: what each kernel port says to routines of the others, and the counters of calls. */
#include <device/device.h>
#include <libmach/string.h>
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/mach_host.h>
#include <mach/mach_traps.h>
#include <mach/porter.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF			mach_task_self()
#define INVALID_OPERATION	2505u
#define NO_SUCH_DEVICE		2502u
#define ASSIGN_REFUSED		5u		/* KERN_FAILURE */

enum object { TASK, THREAD, HOST, HOST_PRIV, DEVICE_MASTER, SET_NAME, SET, OBJECTS };

static const char *const object_text[OBJECTS] = { "task", "thread", "host", "privileged host",
	"device master", "processor set name", "processor set" };

static mach_port_t object_port(enum object object)
{
	mach_port_t port = MACH_PORT_NULL, name;

	switch (object) {
	case TASK:
		EXPECT(task_create(SELF, FALSE, &port), KERN_SUCCESS);
		break;
	case THREAD:
		EXPECT(task_create(SELF, FALSE, &name), KERN_SUCCESS);
		EXPECT(thread_create(name, &port), KERN_SUCCESS);
		EXPECT(mach_port_deallocate(SELF, name), KERN_SUCCESS);
		break;
	case HOST:
		port = mach_host_self();
		break;
	case HOST_PRIV:
		EXPECT(mach_port_mod_refs(SELF, port = tap_host_priv, MACH_PORT_RIGHT_SEND, 1),
			KERN_SUCCESS);
		break;
	case DEVICE_MASTER:
		EXPECT(mach_port_mod_refs(SELF, port = tap_device_master, MACH_PORT_RIGHT_SEND, 1),
			KERN_SUCCESS);
		break;
	case SET_NAME:
		EXPECT(processor_set_default(tap_host_priv, &port), KERN_SUCCESS);
		break;
	default:
		EXPECT(processor_set_default(tap_host_priv, &name), KERN_SUCCESS);
		EXPECT(host_processor_set_priv(tap_host_priv, name, &port), KERN_SUCCESS);
		EXPECT(mach_port_deallocate(SELF, name), KERN_SUCCESS);
	}
	return port;
}

/* --- a call of each kind -------------------------------- */

static kern_return_t c_task_create(mach_port_t port)
{
	mach_port_t task;

	return task_create(port, FALSE, &task);
}

static kern_return_t c_task_info(mach_port_t port)
{
	struct task_basic_info info;
	mach_msg_type_number_t count = TASK_BASIC_INFO_COUNT;

	return task_info(port, TASK_BASIC_INFO, (task_info_t) &info, &count);
}

static kern_return_t c_task_threads(mach_port_t port)
{
	thread_array_t threads;
	mach_msg_type_number_t count;

	return task_threads(port, &threads, &count);
}

static kern_return_t c_thread_create(mach_port_t port)
{
	mach_port_t thread;

	return thread_create(port, &thread);
}

static kern_return_t c_task_special(mach_port_t port)
{
	mach_port_t got;

	return task_get_special_port(port, TASK_BOOTSTRAP_PORT, &got);
}

static kern_return_t c_ports_lookup(mach_port_t port)
{
	mach_port_array_t ports;
	mach_msg_type_number_t count;

	return mach_ports_lookup(port, &ports, &count);
}

static kern_return_t c_thread_info(mach_port_t port)
{
	struct thread_basic_info info;
	mach_msg_type_number_t count = THREAD_BASIC_INFO_COUNT;

	return thread_info(port, THREAD_BASIC_INFO, (thread_info_t) &info, &count);
}

static kern_return_t c_vm_allocate(mach_port_t port)
{
	vm_address_t address = 0;

	return vm_allocate(port, &address, PAGE_SIZE, TRUE);
}

static kern_return_t c_vm_deallocate(mach_port_t port)
{
	return vm_deallocate(port, 0x1000, PAGE_SIZE);
}

static kern_return_t c_vm_read(mach_port_t port)
{
	vm_offset_t data;
	mach_msg_type_number_t count;

	return vm_read(port, 0x1000, PAGE_SIZE, &data, &count);
}

static kern_return_t c_vm_statistics(mach_port_t port)
{
	struct vm_statistics statistics;

	return vm_statistics(port, &statistics);
}

static kern_return_t c_vm_map(mach_port_t port)
{
	vm_address_t address = 0;

	return vm_map(port, &address, PAGE_SIZE, 0, TRUE, MACH_PORT_NULL, 0, FALSE, 3, 7, 1);
}

static kern_return_t c_size_limit(mach_port_t port)
{
	vm_size_t current, max;

	return vm_get_size_limit(port, &current, &max);
}

static kern_return_t c_mp_allocate(mach_port_t port)
{
	mach_port_t name;

	return mach_port_allocate(port, MACH_PORT_RIGHT_RECEIVE, &name);
}

static kern_return_t c_mp_names(mach_port_t port)
{
	mach_port_array_t names;
	mach_port_type_array_t types;
	mach_msg_type_number_t count, type_count;

	return mach_port_names(port, &names, &count, &types, &type_count);
}

static kern_return_t c_mp_insert(mach_port_t port)
{
	return mach_port_insert_right(port, 0x777, SELF, MACH_MSG_TYPE_COPY_SEND);
}

static kern_return_t c_get_time(mach_port_t port)
{
	time_value_t time;

	return host_get_time(port, &time);
}

static kern_return_t c_set_time(mach_port_t port)
{
	return host_set_time(port, (time_value_t) { 1, 0 });
}

static kern_return_t c_reboot(mach_port_t port)
{
	return host_reboot(port, 8);
}

static kern_return_t c_host_info(mach_port_t port)
{
	struct host_basic_info info;
	mach_msg_type_number_t count = HOST_BASIC_INFO_COUNT;

	return host_info(port, HOST_BASIC_INFO, (host_info_t) &info, &count);
}

static kern_return_t c_processor_start(mach_port_t port)
{
	return processor_start(port);
}

static kern_return_t c_set_destroy(mach_port_t port)
{
	return processor_set_destroy(port);
}

static kern_return_t c_set_tasks(mach_port_t port)
{
	task_array_t tasks;
	mach_msg_type_number_t count;

	return processor_set_tasks(port, &tasks, &count);
}

static kern_return_t c_task_assign(mach_port_t port)
{
	return task_assign(port, MACH_PORT_NULL, FALSE);
}

static kern_return_t c_device_open(mach_port_t port)
{
	static const char name[128] = "time";
	mach_port_t device;

	return device_open(port, 0, name, &device);
}

static kern_return_t c_device_close(mach_port_t port)
{
	return device_close(port);
}

static kern_return_t c_device_read(mach_port_t port)
{
	io_buf_ptr_t data;
	mach_msg_type_number_t count;

	return device_read(port, 0, 0, 4, &data, &count);
}

static kern_return_t c_device_get_status(mach_port_t port)
{
	int status[16];
	mach_msg_type_number_t count = 16;

	return device_get_status(port, 1, status, &count);
}

static kern_return_t c_device_set_status(mach_port_t port)
{
	int status[4] = { 0 };

	return device_set_status(port, 1, status, 4);
}

static kern_return_t c_device_set_filter(mach_port_t port)
{
	filter_t filter[4] = { 0 };

	return device_set_filter(port, SELF, MACH_MSG_TYPE_COPY_SEND, 1, filter, 4);
}

static kern_return_t c_device_write(mach_port_t port)
{
	static const char data[128];
	int written;

	return device_write_inband(port, 0, 0, data, 1, &written);
}

static kern_return_t c_task_priority(mach_port_t port)
{
	return task_priority(port, 25, FALSE);
}

static kern_return_t c_task_assign_default(mach_port_t port)
{
	return task_assign_default(port, FALSE);
}

static kern_return_t c_thread_assign(mach_port_t port)
{
	return thread_assign(port, MACH_PORT_NULL);
}

static kern_return_t c_thread_priority(mach_port_t port)
{
	return thread_priority(port, 25, FALSE);
}

static kern_return_t c_thread_policy(mach_port_t port)
{
	return thread_policy(port, 1, 0);
}

static kern_return_t c_thread_state(mach_port_t port)
{
	struct i386_thread_state state;
	mach_msg_type_number_t count = i386_THREAD_STATE_COUNT;

	return thread_get_state(port, i386_REGS_SEGS_STATE, (thread_state_t) &state, &count);
}

static kern_return_t c_thread_special(mach_port_t port)
{
	mach_port_t got;

	return thread_get_special_port(port, THREAD_EXCEPTION_PORT, &got);
}

static kern_return_t c_vm_protect(mach_port_t port)
{
	return vm_protect(port, 0x1000, PAGE_SIZE, FALSE, 0);
}

static kern_return_t c_vm_inherit(mach_port_t port)
{
	return vm_inherit(port, 0x1000, PAGE_SIZE, 0);
}

static kern_return_t c_vm_write(mach_port_t port)
{
	return vm_write(port, 0x1000, 0, 0);
}

static kern_return_t c_vm_copy(mach_port_t port)
{
	return vm_copy(port, 0x1000, PAGE_SIZE, 0x3000);
}

static kern_return_t c_host_version(mach_port_t port)
{
	kernel_version_t version;

	return host_kernel_version(port, version);
}

static kern_return_t c_host_processors(mach_port_t port)
{
	processor_array_t list;
	mach_msg_type_number_t count;

	return host_processors(port, &list, &count);
}

static kern_return_t c_default_set(mach_port_t port)
{
	mach_port_t set;

	return processor_set_default(port, &set);
}

static kern_return_t c_mp_type(mach_port_t port)
{
	mach_port_type_t type;

	return mach_port_type(port, 1, &type);
}

static kern_return_t c_mp_refs(mach_port_t port)
{
	mach_port_urefs_t refs;

	return mach_port_get_refs(port, 1, 99, &refs);
}

static kern_return_t c_mp_mod(mach_port_t port)
{
	return mach_port_mod_refs(port, 1, 99, 0);
}

static kern_return_t c_mp_deallocate(mach_port_t port)
{
	return mach_port_deallocate(port, 1);
}

static kern_return_t c_mp_destroy(mach_port_t port)
{
	return mach_port_destroy(port, 1);
}

static kern_return_t c_mp_limit(mach_port_t port)
{
	return mach_port_set_qlimit(port, 1, 99);
}

#define ON(object)	(1u << (object))
#define HOSTS		(ON(HOST) | ON(HOST_PRIV))

/* What the routine answers to all other ports than those that it is for. */
static const struct {
	const char	*text;
	kern_return_t	(*call)(mach_port_t port);
	unsigned int	fits;
	kern_return_t	code;
} calls[] = {
	{ "task_create", c_task_create, ON(TASK), KERN_INVALID_TASK },
	{ "task_info", c_task_info, ON(TASK), KERN_INVALID_ARGUMENT },
	{ "task_threads", c_task_threads, ON(TASK), KERN_INVALID_ARGUMENT },
	{ "task_suspend", task_suspend, ON(TASK), KERN_INVALID_ARGUMENT },
	{ "task_resume", task_resume, ON(TASK), KERN_INVALID_ARGUMENT },
	{ "task_terminate", task_terminate, ON(TASK), KERN_INVALID_ARGUMENT },
	{ "task_get_special_port", c_task_special, ON(TASK), KERN_INVALID_ARGUMENT },
	{ "mach_ports_lookup", c_ports_lookup, ON(TASK), KERN_INVALID_ARGUMENT },
	{ "thread_create", c_thread_create, ON(TASK), KERN_INVALID_ARGUMENT },
	{ "thread_info", c_thread_info, ON(THREAD), KERN_INVALID_ARGUMENT },
	{ "thread_suspend", thread_suspend, ON(THREAD), KERN_INVALID_ARGUMENT },
	{ "thread_resume", thread_resume, ON(THREAD), KERN_INVALID_ARGUMENT },
	{ "thread_abort", thread_abort, ON(THREAD), KERN_INVALID_ARGUMENT },
	{ "thread_terminate", thread_terminate, ON(THREAD), KERN_INVALID_ARGUMENT },
	{ "vm_allocate", c_vm_allocate, ON(TASK), KERN_INVALID_ARGUMENT },
	{ "vm_deallocate", c_vm_deallocate, ON(TASK), KERN_INVALID_ARGUMENT },
	{ "vm_read", c_vm_read, ON(TASK), KERN_INVALID_ARGUMENT },
	{ "vm_statistics", c_vm_statistics, ON(TASK), KERN_INVALID_ARGUMENT },
	{ "vm_map", c_vm_map, ON(TASK), KERN_INVALID_ARGUMENT },
	{ "vm_get_size_limit", c_size_limit, ON(TASK), KERN_INVALID_TASK },
	{ "mach_port_allocate", c_mp_allocate, ON(TASK), KERN_INVALID_TASK },
	{ "mach_port_names", c_mp_names, ON(TASK), KERN_INVALID_TASK },
	{ "mach_port_insert_right", c_mp_insert, ON(TASK), KERN_INVALID_TASK },
	{ "host_get_time", c_get_time, HOSTS, KERN_INVALID_HOST },
	{ "host_set_time", c_set_time, ON(HOST_PRIV), KERN_INVALID_HOST },
	{ "host_reboot", c_reboot, ON(HOST_PRIV), KERN_INVALID_HOST },
	{ "host_info", c_host_info, HOSTS, KERN_INVALID_ARGUMENT },
	{ "processor_start", c_processor_start, 0, KERN_INVALID_ARGUMENT },
	{ "processor_set_destroy", c_set_destroy, ON(SET), KERN_INVALID_ARGUMENT },
	{ "processor_set_tasks", c_set_tasks, ON(SET), KERN_INVALID_ARGUMENT },
	{ "task_assign", c_task_assign, ON(TASK), ASSIGN_REFUSED },
	{ "device_open", c_device_open, ON(DEVICE_MASTER), INVALID_OPERATION },
	{ "device_close", c_device_close, 0, NO_SUCH_DEVICE },
	{ "device_read", c_device_read, 0, NO_SUCH_DEVICE },
	{ "device_get_status", c_device_get_status, 0, NO_SUCH_DEVICE },
	{ "device_set_status", c_device_set_status, 0, NO_SUCH_DEVICE },
	{ "device_set_filter", c_device_set_filter, 0, NO_SUCH_DEVICE },
	{ "device_write_inband", c_device_write, 0, NO_SUCH_DEVICE },
	{ "task_priority", c_task_priority, ON(TASK), KERN_INVALID_ARGUMENT },
	{ "task_assign_default", c_task_assign_default, ON(TASK), ASSIGN_REFUSED },
	{ "thread_assign", c_thread_assign, ON(THREAD), ASSIGN_REFUSED },
	{ "thread_assign_default", thread_assign_default, ON(THREAD), ASSIGN_REFUSED },
	{ "thread_priority", c_thread_priority, ON(THREAD), KERN_INVALID_ARGUMENT },
	{ "thread_policy", c_thread_policy, ON(THREAD), KERN_INVALID_ARGUMENT },
	{ "thread_get_state", c_thread_state, ON(THREAD), KERN_INVALID_ARGUMENT },
	{ "thread_get_special_port", c_thread_special, ON(THREAD), KERN_INVALID_ARGUMENT },
	{ "thread_depress_abort", thread_depress_abort, ON(THREAD), KERN_INVALID_ARGUMENT },
	{ "vm_protect", c_vm_protect, ON(TASK), KERN_INVALID_ARGUMENT },
	{ "vm_inherit", c_vm_inherit, ON(TASK), KERN_INVALID_ARGUMENT },
	{ "vm_write", c_vm_write, ON(TASK), KERN_INVALID_ARGUMENT },
	{ "vm_copy", c_vm_copy, ON(TASK), KERN_INVALID_ARGUMENT },
	{ "host_kernel_version", c_host_version, HOSTS, KERN_INVALID_ARGUMENT },
	{ "host_processors", c_host_processors, ON(HOST_PRIV), KERN_INVALID_ARGUMENT },
	{ "processor_set_default", c_default_set, HOSTS, KERN_INVALID_ARGUMENT },
	{ "mach_port_type", c_mp_type, ON(TASK), KERN_INVALID_TASK },
	{ "mach_port_get_refs", c_mp_refs, ON(TASK), KERN_INVALID_TASK },
	{ "mach_port_mod_refs", c_mp_mod, ON(TASK), KERN_INVALID_TASK },
	{ "mach_port_deallocate", c_mp_deallocate, ON(TASK), KERN_INVALID_TASK },
	{ "mach_port_destroy", c_mp_destroy, ON(TASK), KERN_INVALID_TASK },
	{ "mach_port_set_qlimit", c_mp_limit, ON(TASK), KERN_INVALID_TASK },
};

static void object_end(enum object object, mach_port_t port)
{
	if (object == TASK)
		EXPECT(task_terminate(port), KERN_SUCCESS);
	if (object == THREAD)
		EXPECT(thread_terminate(port), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, port), KERN_SUCCESS);
}

void test_wrong_kind(void)
{
	for (enum object object = 0; object < OBJECTS; object++) {
		mach_port_t port = object_port(object);

		for (unsigned int i = 0; i < COUNT_OF(calls); i++) {
			tap_about("%s of the %s", calls[i].text, object_text[object]);
			if (!(calls[i].fits & ON(object)))
				EXPECT(calls[i].call(port), calls[i].code);
		}
		tap_about("%s", "");
		object_end(object, port);
	}
	tap_about("task_assign of the calling task");
	EXPECT(c_task_assign(SELF), ASSIGN_REFUSED);
	EXPECT(c_task_assign_default(SELF), ASSIGN_REFUSED);
	for (unsigned int i = 0; i < COUNT_OF(calls); i++) {
		tap_about("%s of nothing", calls[i].text);
		EXPECT(calls[i].call(MACH_PORT_NULL), MACH_SEND_INVALID_DEST);
		EXPECT(calls[i].call(MACH_PORT_DEAD), MACH_SEND_INVALID_DEST);
	}
}

/* The traps leave all but tasks to the message. */
void test_wrong_kind_traps(void)
{
	mach_port_t name;

	for (enum object object = 0; object < OBJECTS; object++) {
		mach_port_t port = object_port(object), there = MACH_PORT_NULL;
		mach_port_type_t type;

		tap_about("%s", object_text[object]);
		if (object == TASK) {
			EXPECT(syscall_mach_port_allocate(port, MACH_PORT_RIGHT_RECEIVE, &there),
				KERN_SUCCESS);
			EXPECT(mach_port_type(port, there, &type), KERN_SUCCESS);
			EXPECT(type, MACH_PORT_TYPE_RECEIVE);
			EXPECT(syscall_mach_port_insert_right(port, there, 0x7ffff123,
				MACH_MSG_TYPE_MAKE_SEND), KERN_INVALID_NAME);
			EXPECT(syscall_mach_port_deallocate(port, there), KERN_INVALID_RIGHT);
			EXPECT(syscall_task_suspend(port), KERN_SUCCESS);
		} else {
			EXPECT(syscall_mach_port_allocate(port, MACH_PORT_RIGHT_RECEIVE, &name),
				MACH_SEND_INTERRUPTED);
			EXPECT(syscall_mach_port_deallocate(port, 1), MACH_SEND_INTERRUPTED);
			EXPECT(syscall_task_suspend(port), MACH_SEND_INTERRUPTED);
			EXPECT(syscall_task_terminate(port), MACH_SEND_INTERRUPTED);
		}
		object_end(object, port);
	}
}

/* --- counters -------------------------------- */

static natural_t calls_of(mach_msg_id_t id)
{
	natural_t count = 0;

	EXPECT(host_rpc_calls(tap_host_priv, id, &count), KERN_SUCCESS);
	return count;
}

/* Each request counts, whatever becomes of it; those that nobody serves have no counter. */
void test_counters(void)
{
	natural_t before = calls_of(3201), own = calls_of(4800), count;
	mach_port_t host = mach_host_self();
	mach_port_type_t type;

	EXPECT(mach_port_type(SELF, SELF, &type), KERN_SUCCESS);
	EXPECT(mach_port_type(SELF, 0x7ffff123, &type), KERN_INVALID_NAME);
	EXPECT(mach_port_type(host, SELF, &type), KERN_INVALID_TASK);
	EXPECT(calls_of(3201), before + 3);
	EXPECT(calls_of(4800), own + 2);
	EXPECT(host_rpc_calls(host, 3201, &count), KERN_INVALID_HOST);
	EXPECT(host_rpc_calls(SELF, 3201, &count), KERN_INVALID_HOST);
	EXPECT(host_rpc_calls(host, 0, &count), KERN_INVALID_HOST);
	static const mach_msg_id_t unknown[] = { 0, -1, 72, 1999, 3209, 4899, 4900, 0x7fffffff };

	for (unsigned int i = 0; i < COUNT_OF(unknown); i++) {
		tap_about("id %d", unknown[i]);
		EXPECT(host_rpc_calls(tap_host_priv, unknown[i], &count), KERN_INVALID_ARGUMENT);
	}
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
}

/* The reply goes by the right and the type that were given, and uses the right up. */
void test_reply_dispositions(void)
{
	for (unsigned int how = MACH_MSG_TYPE_MOVE_SEND; how <= MACH_MSG_TYPE_MAKE_SEND_ONCE;
			how++) {
		mach_port_t port = port_new_with_send(1), once = port_make_send_once(port);
		mach_port_t reply = how == MACH_MSG_TYPE_MOVE_SEND_ONCE ? once : port;
		boolean_t is_once = how == MACH_MSG_TYPE_MOVE_SEND_ONCE
			|| how == MACH_MSG_TYPE_MAKE_SEND_ONCE;
		struct message message;

		tap_about("disposition %u", how);
		message_init(&message, SELF, MACH_MSG_TYPE_COPY_SEND, reply, how);
		message.header.msgh_id = 3201;
		message_type(&message, MACH_MSG_TYPE_PORT_NAME, 32, 1, TYPE_INLINE);
		message_word(&message, 0x5555);
		EXPECT(message_send(&message), MACH_MSG_SUCCESS);
		EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
		EXPECT(message.header.msgh_bits, MACH_MSGH_BITS(0, is_once
			? MACH_MSG_TYPE_PORT_SEND_ONCE : MACH_MSG_TYPE_PORT_SEND));
		EXPECT(message.header.msgh_id, 3301);
		EXPECT(message.header.msgh_size, 32);
		EXPECT(message.header.msgh_remote_port, MACH_PORT_NULL);
		EXPECT(message.header.msgh_local_port, port);
		EXPECT(message.body[0], 0x10012002);
		EXPECT(message.body[1], KERN_INVALID_NAME);
		EXPECT(port_refs(port, MACH_PORT_RIGHT_SEND), how == MACH_MSG_TYPE_MOVE_SEND ? 0
			: 1);
		EXPECT(port_status(port).mps_sorights, how == MACH_MSG_TYPE_MOVE_SEND_ONCE ? 0
			: 1);
		EXPECT(port_status(port).mps_srights, how != MACH_MSG_TYPE_MOVE_SEND);
		EXPECT(port_status(port).mps_mscount, 1 + (how == MACH_MSG_TYPE_MAKE_SEND));
		EXPECT_TRUE(how == MACH_MSG_TYPE_MOVE_SEND_ONCE ? port_type(once) == 0
			: port_type(once) == MACH_PORT_TYPE_SEND_ONCE);
		port_destroy(port);
		if (port_type(once) != 0)
			port_destroy(once);
	}
}
