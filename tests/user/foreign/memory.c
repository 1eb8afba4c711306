/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory: of subsystems mach, mach4, gnumach and mach_host. */
#include "foreign.h"

#include <mach/vm_cache_statistics.h>

#include "gnumach.h"
#include "mach4.h"

static vm_prot_t protection_of(vm_address_t address)
{
	vm_prot_t protection, maximum;
	vm_inherit_t inheritance;
	boolean_t shared;
	mach_port_t name;
	vm_offset_t offset;
	vm_size_t size;

	if (vm_region(mach_task_self(), &address, &size, &protection, &maximum, &inheritance,
		      &shared, &name, &offset) != KERN_SUCCESS)
		return VM_PROT_NONE;
	drop(name);
	return protection;
}

static void test_regions(void)
{
	mach_port_t self = mach_task_self(), name;
	vm_address_t page = 0, address;
	vm_prot_t protection, maximum;
	vm_inherit_t inheritance;
	boolean_t shared;
	vm_offset_t offset;
	vm_size_t size;

	answer("vm_allocate", vm_allocate(self, &page, 3 * PAGE, TRUE), KERN_SUCCESS);
	answer("vm_allocate where there is something", vm_allocate(self, &page, PAGE, FALSE),
	       KERN_NO_SPACE);
	answer("vm_protect", vm_protect(self, page, PAGE, FALSE, VM_PROT_READ), KERN_SUCCESS);
	answer("vm_inherit", vm_inherit(self, page, PAGE, VM_INHERIT_NONE), KERN_SUCCESS);
	address = page;
	answer("vm_region", vm_region(self, &address, &size, &protection, &maximum, &inheritance,
				      &shared, &name, &offset), KERN_SUCCESS);
	check(address == page && size == PAGE && protection == VM_PROT_READ
	      && maximum == VM_PROT_ALL && inheritance == VM_INHERIT_NONE && !shared
	      && name == MACH_PORT_NULL, "it is what was set");
	answer("vm_deallocate", vm_deallocate(self, page, 3 * PAGE), KERN_SUCCESS);
	address = 0xbffffffc;
	check(protection_of(address) == (VM_PROT_READ | VM_PROT_WRITE), "the stack, up to the top");
}

static void test_copies(void)
{
	mach_port_t self = mach_task_self();
	vm_address_t from = new_page(), to = new_page(), read;
	mach_msg_type_number_t count;

	memset((void *) from, 0x41, PAGE);
	answer("vm_read", vm_read(self, from + 8, 100, &read, &count), KERN_SUCCESS);
	check(count == 100 && (read & (PAGE - 1)) == 8
	      && memcmp((void *) read, (void *) (from + 8), 100) == 0, "with its place in the page");
	answer("vm_write", vm_write(self, to, from, PAGE), KERN_SUCCESS);
	check(memcmp((void *) to, (void *) from, PAGE) == 0, "the bytes have come");
	memset((void *) from, 0x42, PAGE);
	answer("vm_copy", vm_copy(self, from, PAGE, to), KERN_SUCCESS);
	check(*(char *) to == 0x42, "those of now");
	answer("vm_write, not aligned", vm_write(self, to + 1, from, PAGE), KERN_INVALID_ARGUMENT);
	mig_deallocate(read, count);
	mig_deallocate(from, PAGE);
	mig_deallocate(to, PAGE);
}

static void test_maps(void)
{
	mach_port_t self = mach_task_self(), proxy, window;
	vm_address_t page = new_page(), address = 0;
	vm_offset_t zero = 0;
	vm_size_t size = PAGE;

	answer("vm_map", vm_map(self, &address, PAGE, 0, TRUE, MACH_PORT_NULL, 0, FALSE,
				VM_PROT_READ, VM_PROT_ALL, VM_INHERIT_COPY), KERN_SUCCESS);
	check(protection_of(address) == VM_PROT_READ && *(char *) address == 0, "zeros to be read");
	mig_deallocate(address, PAGE);

	*(unsigned int *) page = 0xfeed;
	answer("vm_region_create_proxy",
	       vm_region_create_proxy(self, page, VM_PROT_READ, PAGE, &proxy), KERN_SUCCESS);
	answer("memory_object_create_proxy",
	       memory_object_create_proxy(self, VM_PROT_READ, &proxy, MACH_MSG_TYPE_COPY_SEND, 1,
					  &zero, 1, &zero, 1, &size, 1, &window), KERN_SUCCESS);
	address = 0;
	answer("vm_map of a window", vm_map(self, &address, PAGE, 0, TRUE, window, 0, FALSE,
					    VM_PROT_READ, VM_PROT_READ, VM_INHERIT_NONE),
	       KERN_SUCCESS);
	check(*(volatile unsigned int *) address == 0xfeed, "the page is seen through it");
	*(unsigned int *) page = 0xbeef;
	check(*(volatile unsigned int *) address == 0xbeef, "and what is written later");
	mig_deallocate(address, PAGE);
	mig_deallocate(page, PAGE);
	drop(window);
	drop(proxy);
}

static void test_rest(void)
{
	mach_port_t self = mach_task_self();
	vm_address_t page = new_page(), address;
	rpc_phys_addr_t physical;
	vm_machine_attribute_val_t value = MATTR_VAL_CACHE_FLUSH;

	answer("vm_wire", vm_wire(mach_host_self(), self, page, PAGE, VM_PROT_READ), KERN_SUCCESS);
	answer("vm_wire, to nothing", vm_wire(host_priv, self, page, PAGE, VM_PROT_NONE),
	       KERN_SUCCESS);
	answer("vm_wire_all", vm_wire_all(host_priv, self, VM_WIRE_NONE), KERN_SUCCESS);
	answer("vm_machine_attribute",
	       vm_machine_attribute(self, page, PAGE, MATTR_CACHE, &value), KERN_INVALID_ADDRESS);
	answer("vm_msync", vm_msync(self, page, PAGE, VM_SYNC_SYNCHRONOUS), KERN_INVALID_ARGUMENT);
	answer("vm_msync of nothing", vm_msync(self, page, 0, VM_SYNC_SYNCHRONOUS), KERN_SUCCESS);
	answer("vm_allocate_contiguous",
	       vm_allocate_contiguous(host_priv, self, &address, &physical, 2 * PAGE, 0,
				      0x1000000, 0), KERN_SUCCESS);
	check(physical + 2 * PAGE <= 0x1000000 && (physical & (PAGE - 1)) == 0,
	      "below the address asked for");
	mig_deallocate(address, 2 * PAGE);
	mig_deallocate(page, PAGE);
}

/* The two kinds of statistics, the host's and the task's must agree. */
static void test_statistics(void)
{
	vm_statistics_data_t before, after;
	vm_cache_statistics_data_t cached;
	host_basic_info_data_t host;
	mach_msg_type_number_t count = HOST_BASIC_INFO_COUNT;
	vm_address_t pages;
	unsigned int known;

	mig_allocate(&pages, 16 * PAGE);
	answer("vm_statistics", vm_statistics(mach_task_self(), &before), KERN_SUCCESS);
	memset((void *) pages, 1, 16 * PAGE);
	vm_statistics(mach_task_self(), &after);
	check(after.zero_fill_count - before.zero_fill_count == 16, "16 pages were filled");
	check(after.faults - before.faults >= 16 && before.free_count - after.free_count >= 16,
	      "by as many faults, from the free ones");
	answer("vm_cache_statistics", vm_cache_statistics(mach_task_self(), &cached), KERN_SUCCESS);
	host_info(mach_host_self(), HOST_BASIC_INFO, (host_info_t) &host, &count);
	known = after.free_count + after.active_count + after.inactive_count + after.wire_count;
	check(after.pagesize == PAGE && known <= host.memory_size / PAGE
	      && known >= host.memory_size / PAGE / 2, "all pages are the host's memory");
	mig_deallocate(pages, 16 * PAGE);
}

void test_memory(void)
{
	test_regions();
	test_copies();
	test_maps();
	test_rest();
	test_statistics();
}
