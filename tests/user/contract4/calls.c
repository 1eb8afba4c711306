/* SPDX-License-Identifier: BSD-2-Clause */
/* Traps, the host, devices and the machine. */
#include <device/device.h>
#include <libmach/string.h>
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/i386/mach_i386.h>
#include <mach/mach4.h>
#include <mach/mach_host.h>
#include <mach/mach_traps.h>
#include <mach/reboot.h>
#include <mach/vm_param.h>
#include <mach_debug/mach_debug.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define SELF		mach_task_self()
#define MISSING		0x7ffffff3u
#define NO_DEVICE	2502
#define NOT_VALID	2505

kern_return_t syscall_device_write_request(mach_port_t, mach_port_t, uint32_t, uint32_t,
	vm_offset_t, uint32_t);
kern_return_t syscall_device_writev_request(mach_port_t, mach_port_t, uint32_t, uint32_t,
	vm_offset_t, uint32_t);

/* --- traps ------------------------------------------------------------------------------------ */

/* Every trap on a task, with a name that is none. */
static void try_no_task(mach_port_t task)
{
	vm_offset_t address = 0;
	mach_port_t name = MACH_PORT_NULL;

	EXPECT(syscall_vm_map(task, &address, PAGE_SIZE, 0, TRUE, MACH_PORT_NULL, 0, FALSE, 3, 7, 1),
		MACH_SEND_INTERRUPTED);
	EXPECT(syscall_vm_allocate(task, &address, PAGE_SIZE, TRUE), MACH_SEND_INTERRUPTED);
	EXPECT(syscall_vm_deallocate(task, 0, PAGE_SIZE), MACH_SEND_INTERRUPTED);
	EXPECT(syscall_task_create(task, FALSE, &name), MACH_SEND_INTERRUPTED);
	EXPECT(syscall_task_terminate(task), MACH_SEND_INTERRUPTED);
	EXPECT(syscall_task_suspend(task), MACH_SEND_INTERRUPTED);
	EXPECT(syscall_task_set_special_port(task, 4, MACH_PORT_NULL), MACH_SEND_INTERRUPTED);
	EXPECT(syscall_mach_port_allocate(task, MACH_PORT_RIGHT_RECEIVE, &name),
		MACH_SEND_INTERRUPTED);
	EXPECT(syscall_mach_port_deallocate(task, 1), MACH_SEND_INTERRUPTED);
	EXPECT(syscall_mach_port_insert_right(task, MISSING, tap_host_priv,
		MACH_MSG_TYPE_COPY_SEND), MACH_SEND_INTERRUPTED);
	EXPECT(syscall_mach_port_allocate_name(task, MACH_PORT_RIGHT_RECEIVE, MISSING),
		MACH_SEND_INTERRUPTED);
	EXPECT(syscall_thread_depress_abort(task), MACH_SEND_INTERRUPTED);
	EXPECT(name, MACH_PORT_NULL);
	EXPECT(address, 0);
}

void test_trap_names(void)
{
	mach_port_t ports[] = { MACH_PORT_NULL, MACH_PORT_DEAD, MISSING, tap_host_priv, port_new(),
		port_new_with_send(1), port_new_dead(), MACH_PORT_NULL };

	EXPECT(task_create(SELF, FALSE, &ports[COUNT_OF(ports) - 1]), KERN_SUCCESS);
	EXPECT(task_terminate(ports[COUNT_OF(ports) - 1]), KERN_SUCCESS);
	for (unsigned int i = 0; i < COUNT_OF(ports); i++) {
		tap_about("name %u", i);
		try_no_task(ports[i]);
	}
	tap_about("%s", "");
	for (unsigned int i = 4; i < COUNT_OF(ports); i++)
		port_destroy(ports[i]);
}

/* On another task: names are of its space; and what is wrong with those given. */
void test_trap_results(void)
{
	mach_port_t task, name = MACH_PORT_NULL, port = port_new(), set = port_new_set();
	mach_port_type_t type = 0;

	EXPECT(task_create(SELF, FALSE, &task), KERN_SUCCESS);
	EXPECT(syscall_mach_port_allocate(task, MACH_PORT_RIGHT_PORT_SET, &name), KERN_SUCCESS);
	EXPECT(mach_port_type(task, name, &type), KERN_SUCCESS);
	EXPECT(type, MACH_PORT_TYPE_PORT_SET);
	EXPECT(syscall_mach_port_insert_right(task, MISSING, 0x7ffffff7, MACH_MSG_TYPE_COPY_SEND),
		KERN_INVALID_NAME);
	EXPECT(syscall_mach_port_insert_right(task, MISSING, port, MACH_MSG_TYPE_COPY_SEND),
		KERN_INVALID_RIGHT);
	EXPECT(syscall_mach_port_insert_right(task, MISSING, set, MACH_MSG_TYPE_MAKE_SEND),
		KERN_INVALID_RIGHT);
	EXPECT(syscall_task_set_special_port(task, 4, 0x7ffffff7), KERN_INVALID_NAME);
	EXPECT(syscall_task_set_special_port(task, 4, port), KERN_INVALID_RIGHT);
	EXPECT(syscall_mach_port_deallocate(task, MISSING), KERN_INVALID_NAME);
	EXPECT(syscall_mach_port_deallocate(task, name), KERN_INVALID_RIGHT);
	EXPECT(syscall_mach_port_allocate_name(task, MACH_PORT_RIGHT_RECEIVE, name),
		KERN_NAME_EXISTS);
	EXPECT(syscall_task_terminate(task), KERN_SUCCESS);
	EXPECT(port_type(task), MACH_PORT_TYPE_DEAD_NAME);
	port_destroy(task);
	port_destroy(port);
	port_destroy(set);
}

void test_device_traps(void)
{
	mach_port_t ports[] = { MACH_PORT_NULL, MACH_PORT_DEAD, MISSING, tap_host_priv,
		tap_device_master, SELF };

	for (unsigned int i = 0; i < COUNT_OF(ports); i++) {
		EXPECT(syscall_device_write_request(ports[i], 0, 0, 0, 0, 0),
			KERN_INVALID_CAPABILITY);
		EXPECT(syscall_device_writev_request(ports[i], 0, 0, 0, 0, 0),
			KERN_INVALID_CAPABILITY);
	}
}

void test_events(void)
{
	static const natural_t bad[] = { 0, 1, 12345, 0x7fffffff, 0x80000000, -1 };

	for (unsigned int i = 0; i < COUNT_OF(bad); i++) {
		EXPECT(evc_wait(bad[i]), KERN_INVALID_ARGUMENT);
		EXPECT(evc_wait_clear(bad[i]), KERN_INVALID_ARGUMENT);
	}
}

/* --- the host --------------------------------------------------------------------------------- */

static void give_up(void *memory, unsigned int size)
{
	EXPECT(vm_deallocate(SELF, (vm_offset_t) memory, size), KERN_SUCCESS);
}

/* All that the plain port is enough for. */
void test_plain_host(void)
{
	mach_port_t host = mach_host_self(), name, *sets;
	kernel_version_t version;
	new_kernel_version_t long_version;
	rpc_time_value_t time;
	time_value64_t time64;
	mach_msg_type_number_t count;
	vm_size_t size, current, max;
	cache_info_t *caches;
	hash_info_bucket_t *buckets;

	EXPECT(host_kernel_version(host, version), KERN_SUCCESS);
	EXPECT(host_get_kernel_version(host, long_version), KERN_SUCCESS);
	EXPECT(host_get_time(host, &time), KERN_SUCCESS);
	EXPECT(host_get_time64(host, &time64), KERN_SUCCESS);
	EXPECT(host_get_uptime64(host, &time64), KERN_SUCCESS);
	EXPECT(processor_set_default(host, &name), KERN_SUCCESS);
	EXPECT(host_processor_sets(host, &sets, &count), KERN_SUCCESS);
	EXPECT(count, 1);
	EXPECT(sets[0], name);
	give_up(sets, sizeof *sets);
	EXPECT(mach_port_mod_refs(SELF, name, MACH_PORT_RIGHT_SEND, -2), KERN_SUCCESS);
	EXPECT(vm_get_size_limit(SELF, &current, &max), KERN_SUCCESS);
	EXPECT(vm_set_size_limit(host, SELF, current, max), KERN_SUCCESS);
	EXPECT(task_max_priority(host, SELF, 6, FALSE, FALSE), KERN_SUCCESS);
	EXPECT(i386_get_xstate_size(host, (void *) &size), KERN_SUCCESS);
	EXPECT(host_slab_info(host, &caches, &count), KERN_SUCCESS);
	give_up(caches, count * sizeof *caches);
	EXPECT(host_virtual_physical_table_info(host, &buckets, &count), KERN_SUCCESS);
	give_up(buckets, count * sizeof *buckets);
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
}

/* What it is refused by; by others' ports as well. */
static void try_unprivileged(mach_port_t host)
{
	mach_port_t port = MACH_PORT_NULL, *list;
	rpc_phys_addr_t physical, *pages;
	rpc_time_value_t time = { 0 };
	mach_msg_type_number_t count = 0;
	vm_address_t address;

	EXPECT(host_set_time(host, time), KERN_INVALID_HOST);
	EXPECT(host_adjust_time(host, time, &time), KERN_INVALID_HOST);
	EXPECT(host_reboot(host, RB_HALT), KERN_INVALID_HOST);
	EXPECT(vm_wire_all(host, SELF, 0), KERN_INVALID_HOST);
	EXPECT(vm_pages_phys(host, SELF, 0, PAGE_SIZE, &pages, &count), KERN_INVALID_HOST);
	EXPECT(vm_allocate_contiguous(host, SELF, &address, &physical, PAGE_SIZE, 0, 0x1000000, 0),
		KERN_INVALID_HOST);
	EXPECT(vm_set_default_memory_manager(host, &port), KERN_INVALID_HOST);
	EXPECT(register_new_task_notification(host, MACH_PORT_NULL, MACH_MSG_TYPE_COPY_SEND),
		KERN_INVALID_HOST);
	EXPECT(mach_port_set_ktype(host, SELF, 1, MACH_PORT_RIGHT_RECEIVE, 0), KERN_INVALID_HOST);
	EXPECT(host_processors(host, &list, &count), KERN_INVALID_ARGUMENT);
	EXPECT(host_processor_set_priv(host, SELF, &port), KERN_INVALID_ARGUMENT);
	EXPECT(thread_wire(host, SELF, TRUE), KERN_INVALID_ARGUMENT);
}

void test_privileged_host(void)
{
	mach_port_t host = mach_host_self();

	try_unprivileged(host);
	try_unprivileged(SELF);
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
}

void test_null_host(void)
{
	rpc_time_value_t time = { 0 };
	kernel_version_t version;

	EXPECT(host_kernel_version(MACH_PORT_NULL, version), MACH_SEND_INVALID_DEST);
	EXPECT(host_set_time(MACH_PORT_NULL, time), MACH_SEND_INVALID_DEST);
	EXPECT(host_reboot(MACH_PORT_NULL, RB_HALT), MACH_SEND_INVALID_DEST);
}

/* --- devices ---------------------------------------------------------------------------------- */

void test_devices(void)
{
	mach_port_t device = MACH_PORT_NULL, host = mach_host_self();
	int status[64];
	mach_msg_type_number_t count = COUNT_OF(status);

	EXPECT(device_open(tap_device_master, D_READ, "nothing", &device), NO_DEVICE);
	EXPECT(device_open_new(tap_device_master, D_READ, "nothing", &device), NO_DEVICE);
	EXPECT(device_open(tap_device_master, D_READ, "", &device), NO_DEVICE);
	EXPECT(device_open(host, D_READ, "time", &device), NOT_VALID);
	EXPECT(device_open(tap_host_priv, D_READ, "time", &device), NOT_VALID);
	EXPECT(device_open_new(SELF, D_READ, "time", &device), NOT_VALID);
	EXPECT(device_open(tap_device_master, D_READ, "time0", &device), KERN_SUCCESS);
	EXPECT(device_get_status(device, 0x12345, status, &count), NOT_VALID);
	EXPECT(device_close(device), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, device), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
}

void test_descriptors(void)
{
	struct descriptor data = { 0x0000ffff, 0x00cff200 }, none = { 0 };
	mach_port_t thread;
	int selector, slots[3] = { -1, -1, -1 };

	EXPECT(thread_create(SELF, &thread), KERN_SUCCESS);
	for (unsigned int i = 0; i < 3; i++)
		EXPECT(i386_set_gdt(thread, &slots[i], data), i < 2 ? KERN_SUCCESS : KERN_NO_SPACE);
	EXPECT(slots[0], 0x4b);
	EXPECT(slots[1], 0x53);
	for (unsigned int i = 0; i < 2; i++)
		EXPECT(i386_set_gdt(thread, &slots[i], none), KERN_SUCCESS);
	selector = 0x43;
	EXPECT(i386_set_gdt(thread, &selector, data), KERN_INVALID_ARGUMENT);
	EXPECT(thread_terminate(thread), KERN_SUCCESS);
	port_destroy(thread);
}

/* What other kernels die of. */
void test_fatal_elsewhere(void)
{
	vm_offset_t address = 0, data;
	mach_port_t host = mach_host_self(), device, proxy;
	mach_msg_type_number_t count;

	EXPECT(i386_io_perm_modify(SELF, tap_device_master, TRUE), KERN_INVALID_ARGUMENT);
	EXPECT(vm_allocate(SELF, &address, 4 * PAGE_SIZE, TRUE), KERN_SUCCESS);
	EXPECT(gsync_requeue(SELF, address, address + 4, FALSE, 0), KERN_SUCCESS);
	EXPECT(vm_region_create_proxy(SELF, address, VM_PROT_READ, PAGE_SIZE, &proxy), KERN_SUCCESS);
	port_destroy(proxy);
	EXPECT(vm_wire(host, SELF, address, PAGE_SIZE, VM_PROT_DEFAULT), KERN_SUCCESS);
	EXPECT(vm_protect(SELF, address, PAGE_SIZE, FALSE, VM_PROT_NONE), KERN_SUCCESS);
	EXPECT(vm_protect(SELF, address, PAGE_SIZE, FALSE, VM_PROT_DEFAULT), KERN_SUCCESS);
	*(volatile char *) address = 1;
	EXPECT(vm_deallocate(SELF, address, 4 * PAGE_SIZE), KERN_SUCCESS);
	EXPECT(device_open(tap_device_master, D_READ, "time", &device), KERN_SUCCESS);
	EXPECT_TRUE(device_read(device, 0, 0, 4, (io_buf_ptr_t *) &data, &count) != KERN_SUCCESS);
	EXPECT(device_close(device), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, device), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, host), KERN_SUCCESS);
}
