/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What needs the privileged host port is refused with the plain one, and does nothing; what does
 * not need it works with both.  Arguments are such that it would be done.  (user/sweep calls every
 * routine of every interface with the plain port as well.)
 */
#include <libmach/string.h>
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/i386/mach_i386.h>
#include <mach/mach_host.h>
#include <mach/mach_port.h>
#include <mach/porter.h>
#include <mach/reboot.h>
#include <mach/vm_param.h>
#include <mach/vm_wire.h>
#include <mach_debug/mach_debug.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF	mach_task_self()

/* --- refused ------------------------------------------------------------------------------------ */

static kern_return_t try_set_time(mach_port_t host)
{
	return host_set_time(host, (time_value_t) { 5, 5 });
}

static kern_return_t try_set_time64(mach_port_t host)
{
	return host_set_time64(host, (time_value64_t) { 5, 5 });
}

static kern_return_t try_adjust_time(mach_port_t host)
{
	time_value_t old;

	return host_adjust_time(host, (time_value_t) { 5, 5 }, &old);
}

static kern_return_t try_adjust_time64(mach_port_t host)
{
	time_value64_t old;

	return host_adjust_time64(host, (time_value64_t) { 5, 5 }, &old);
}

static kern_return_t try_reboot(mach_port_t host)
{
	return host_reboot(host, RB_HALT);
}

static kern_return_t try_wire_all(mach_port_t host)
{
	return vm_wire_all(host, SELF, VM_WIRE_CURRENT);
}

static kern_return_t try_pages_phys(mach_port_t host)
{
	rpc_phys_addr_t one, *pages = &one;
	mach_msg_type_number_t room = 1;

	return vm_pages_phys(host, SELF, (vm_address_t) &one & ~(PAGE_SIZE - 1), PAGE_SIZE, &pages,
		&room);
}

static kern_return_t try_contiguous(mach_port_t host)
{
	rpc_phys_addr_t where;
	vm_address_t address;

	return vm_allocate_contiguous(host, SELF, &address, &where, PAGE_SIZE, 0, ~0ull, 0);
}

static kern_return_t try_default_manager(mach_port_t host)
{
	mach_port_t manager = MACH_PORT_NULL;

	return vm_set_default_memory_manager(host, &manager);
}

static kern_return_t try_new_tasks(mach_port_t host)
{
	return register_new_task_notification(host, SELF, MACH_MSG_TYPE_COPY_SEND);
}

static kern_return_t try_ktype(mach_port_t host)
{
	mach_port_t port = port_new();
	kern_return_t kr = mach_port_set_ktype(host, SELF, port, MACH_MSG_TYPE_MAKE_SEND, 28);

	port_destroy(port);
	return kr;
}

static kern_return_t try_processors(mach_port_t host)
{
	mach_msg_type_number_t count;
	processor_array_t list;

	return host_processors(host, &list, &count);
}

static kern_return_t try_set_priv(mach_port_t host)
{
	mach_port_t name, control;
	kern_return_t kr;

	EXPECT(processor_set_default(host, &name), KERN_SUCCESS);
	kr = host_processor_set_priv(host, name, &control);
	port_destroy(name);
	return kr;
}

static kern_return_t try_thread_wire(mach_port_t host)
{
	mach_port_t self = mach_thread_self();
	kern_return_t kr = thread_wire(host, self, FALSE);

	EXPECT(mach_port_deallocate(SELF, self), KERN_SUCCESS);
	return kr;
}

static kern_return_t try_rpc_calls(mach_port_t host)
{
	natural_t calls;

	return host_rpc_calls(host, 2012, &calls);
}

static kern_return_t try_ipc_check(mach_port_t host)
{
	return host_ipc_check(host);
}

static kern_return_t try_space_statistics(mach_port_t host)
{
	space_statistics_t statistics;

	return space_statistics(host, SELF, &statistics);
}

static kern_return_t try_token(mach_port_t host)
{
	return task_set_security_token(host, SELF, (security_token_t) { { 5, 5 } });
}

/* Without privilege a task may wire some, but not so much. */
static kern_return_t try_wire_much(mach_port_t host)
{
	vm_address_t address = 0;
	vm_size_t size = 9 << 20;
	kern_return_t kr;

	EXPECT(vm_allocate(SELF, &address, size, TRUE), KERN_SUCCESS);
	kr = vm_wire(host, SELF, address, size, VM_PROT_READ);
	EXPECT(vm_deallocate(SELF, address, size), KERN_SUCCESS);
	return kr;
}

/* Nor raise a limit. */
static kern_return_t try_max_priority(mach_port_t host)
{
	return task_max_priority(host, SELF, 1, FALSE, FALSE);
}

static const struct refused {
	const char	*name;
	kern_return_t	(*call)(mach_port_t host);
	kern_return_t	code;		/* for the plain port */
} refused[] = {
	{ "host_set_time", try_set_time, KERN_INVALID_HOST },
	{ "host_set_time64", try_set_time64, KERN_INVALID_HOST },
	{ "host_adjust_time", try_adjust_time, KERN_INVALID_HOST },
	{ "host_adjust_time64", try_adjust_time64, KERN_INVALID_HOST },
	{ "host_reboot", try_reboot, KERN_INVALID_HOST },
	{ "vm_wire_all", try_wire_all, KERN_INVALID_HOST },
	{ "vm_pages_phys", try_pages_phys, KERN_INVALID_HOST },
	{ "vm_allocate_contiguous", try_contiguous, KERN_INVALID_HOST },
	{ "vm_set_default_memory_manager", try_default_manager, KERN_INVALID_HOST },
	{ "register_new_task_notification", try_new_tasks, KERN_INVALID_HOST },
	{ "mach_port_set_ktype", try_ktype, KERN_INVALID_HOST },
	{ "host_processors", try_processors, KERN_INVALID_ARGUMENT },
	{ "host_processor_set_priv", try_set_priv, KERN_INVALID_ARGUMENT },
	{ "thread_wire", try_thread_wire, KERN_INVALID_ARGUMENT },
	{ "vm_wire", try_wire_much, KERN_NO_ACCESS },
	{ "task_max_priority", try_max_priority, KERN_NO_ACCESS },
};

static const struct refused refused_ours[] = {
	{ "host_rpc_calls", try_rpc_calls, KERN_INVALID_HOST },
	{ "host_ipc_check", try_ipc_check, KERN_INVALID_HOST },
	{ "space_statistics", try_space_statistics, KERN_INVALID_HOST },
	{ "task_set_security_token", try_token, KERN_INVALID_HOST },
};

static int64_t seconds(mach_port_t host)
{
	time_value64_t time = { 0, 0 };

	EXPECT(host_get_time64(host, &time), KERN_SUCCESS);
	return time.seconds;
}

/* The clock goes on as it did. */
static void try_refused(const struct refused *table, unsigned int count)
{
	mach_port_t host = mach_host_self();
	int64_t before = seconds(host);

	for (unsigned int i = 0; i < count; i++) {
		tap_about("%s", table[i].name);
		EXPECT(table[i].call(host), table[i].code);
	}
	tap_about("%s", "");
	EXPECT_TRUE(host != tap_host_priv);
	EXPECT_TRUE(seconds(host) - before < 60 && seconds(host) >= before);
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
}

void test_privilege(void)
{
	try_refused(refused, COUNT_OF(refused));
	EXPECT(task_priority(SELF, 1, FALSE), KERN_NO_ACCESS);
	EXPECT(host_reboot(SELF, RB_HALT), KERN_INVALID_HOST);
	EXPECT(host_reboot(tap_device_master, RB_HALT), KERN_INVALID_HOST);
}

void test_privilege_ours(void)
{
	try_refused(refused_ours, COUNT_OF(refused_ours));
}

/* --- allowed ------------------------------------------------------------------------------------- */

/* Both ports are good for what everybody may ask; the set's name is no key to its control. */
static void try_allowed(mach_port_t host)
{
	struct host_basic_info basic;
	mach_msg_type_number_t count = HOST_BASIC_INFO_COUNT;
	kernel_version_t version;
	time_value64_t time;
	processor_array_t list;
	mach_port_t set;
	natural_t size;

	EXPECT(host_info(host, HOST_BASIC_INFO, (host_info_t) &basic, &count), KERN_SUCCESS);
	EXPECT(host_kernel_version(host, version), KERN_SUCCESS);
	EXPECT(host_get_time64(host, &time), KERN_SUCCESS);
	EXPECT(host_get_uptime64(host, &time), KERN_SUCCESS);
	EXPECT(i386_get_xstate_size(host, &size), KERN_SUCCESS);
	EXPECT(task_max_priority(host, SELF, 6, FALSE, FALSE), KERN_SUCCESS);
	EXPECT(host_processor_sets(host, &list, &count), KERN_SUCCESS);
	EXPECT(count, 1);
	EXPECT(processor_set_default(host, &set), KERN_SUCCESS);
	EXPECT(list[0], set);
	EXPECT(mach_port_deallocate(SELF, list[0]), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, (vm_address_t) list, sizeof *list), KERN_SUCCESS);
	EXPECT(processor_set_max_priority(set, 6, FALSE), KERN_INVALID_ARGUMENT);
	EXPECT(processor_set_policy_disable(set, POLICY_FIXEDPRI, TRUE), KERN_INVALID_ARGUMENT);
	EXPECT(processor_set_destroy(set), KERN_INVALID_ARGUMENT);
	EXPECT(mach_port_deallocate(SELF, set), KERN_SUCCESS);
}

void test_no_privilege(void)
{
	mach_port_t host = mach_host_self();

	try_allowed(host);
	try_allowed(tap_host_priv);
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
}

/* --- all sizes of all flavours ---------------------------------------------------------------------- */

/*
 * No word behind what is answered is touched, whatever room there is; less than a flavour has is
 * an error.
 */
static void try_flavor(mach_port_t host, int flavor, mach_msg_type_number_t full,
	kern_return_t too_short)
{
	for (mach_msg_type_number_t room = 0; room <= full + 3; room++) {
		mach_msg_type_number_t count = room;
		integer_t words[32];

		tap_about("flavour %d, %u words", flavor, room);
		memset(words, 0x5a, sizeof words);
		EXPECT(host_info(host, flavor, words, &count),
			room < full ? too_short : KERN_SUCCESS);
		if (room >= full)
			EXPECT(count, full);
		for (unsigned int i = room < full ? 0 : full; i < COUNT_OF(words); i++)
			EXPECT(words[i], 0x5a5a5a5a);
	}
	tap_about("%s", "");
}

void test_info_sizes(void)
{
	mach_port_t host = mach_host_self();
	mach_msg_type_number_t count;
	integer_t words[HOST_INFO_MAX];

	try_flavor(host, HOST_BASIC_INFO, HOST_BASIC_INFO_COUNT, KERN_FAILURE);
	try_flavor(host, HOST_PROCESSOR_SLOTS, 1, KERN_INVALID_ARGUMENT);
	try_flavor(host, HOST_SCHED_INFO, HOST_SCHED_INFO_COUNT, KERN_FAILURE);
	try_flavor(host, HOST_LOAD_INFO, HOST_LOAD_INFO_COUNT, KERN_FAILURE);
	for (int flavor = -1; flavor < 12; flavor++) {
		count = HOST_INFO_MAX;
		if (flavor == HOST_BASIC_INFO || flavor == HOST_PROCESSOR_SLOTS
				|| flavor == HOST_SCHED_INFO || flavor == HOST_LOAD_INFO)
			continue;
		tap_about("flavour %d", flavor);
		EXPECT(host_info(host, flavor, words, &count), KERN_INVALID_ARGUMENT);
	}
	tap_about("%s", "");
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
}
