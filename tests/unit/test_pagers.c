/* SPDX-License-Identifier: BSD-2-Clause */
/* Routines on memory and memory objects one by one: what the model of maps does not try. */
#include <tests/unit/fakes.h>

#include <string.h>

#include <ipc/port.h>
#include <ipc/space.h>
#include <kern/default_manager.h>
#include <kern/mig_support.h>
#include <mach/mach4_server.h>
#include <mach/mach_server.h>
#include <mach/gnumach_server.h>
#include <tests/unit/map_model.h>
#include <tests/unit/map_ops.h>
#include <tests/unit/map_runs.h>
#include <tests/unit/pager_model.h>
#include <vm/copy.h>
#include <vm/map_entry.h>
#include <vm/extent.h>
#include <vm/object_away.h>
#include <vm/object_device.h>
#include <vm/object_pages.h>
#include <vm/pager.h>
#include <vm/pager_message.h>
#include <vm/proxy.h>
#include <vm/store.h>

#define PAGE PAGE_BYTES

static struct vm_map *map;
static struct object_model *object;

static void begin(void)
{
	map_machine_start();
	map_world_begin(true);
	quiet = true;
	map = maps[0].map;
	object = &objects[0];
}

static void end(void)
{
	fake_task.map = NULL;
	map_world_end();
}

/* All of an object's pages, served by the model's pager. */
static vm_offset_t map_object(int strategy)
{
	struct ipc_port *right = object_right(object);
	vm_offset_t address = 0;
	struct vm_pager *pager;

	ck_must(vm_map(map, &address, OBJECT_PAGES * PAGE, 0, true, right, 0, false,
		       VM_PROT_DEFAULT, VM_PROT_ALL, VM_INHERIT_COPY) == KERN_SUCCESS);
	ck_must(vm_fault(map, address, VM_PROT_READ) == KERN_SUCCESS);
	pager = convert_port_to_object(object->control);
	ck_must(memory_object_change_attributes(pager, false, strategy, IP_NULL, 0) ==
		KERN_SUCCESS);
	vm_pager_release(pager);
	return address;
}

static struct page_request *ask(struct vm_pager *pager, enum page_request_kind kind, uint32_t index)
{
	struct page_request *request;

	spin_lock(pager->lock);
	ck_must(vm_pager_ask(pager, kind, index, VM_PROT_READ) == VM_ASK_PAGER);
	spin_unlock(pager->lock);
	request = current_thread()->page_request;
	current_thread()->page_request = NULL;
	return request;
}

static kern_return_t answer_of(struct page_request *request)
{
	current_thread()->page_request = request;
	return vm_pager_wait();
}

static struct vm_pager *the_pager(void)
{
	struct vm_pager *pager = convert_port_to_object(object->control);

	ck_must(pager != NULL);
	return pager;
}

/* --- Arguments --------------------------------------------------------------------------------- */

START_TEST(no_map)
{
	vm_statistics_data_t statistics;
	vm_cache_statistics_data_t cached;
	vm_offset_t address = 0;
	vm_size_t size;
	int word;
	struct ipc_port *name;
	boolean_t flag;

	begin();
	ck_assert_int_eq(vm_allocate(NULL, &address, PAGE, true), KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(vm_deallocate(NULL, 0, PAGE), KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(vm_protect(NULL, 0, PAGE, false, 0), KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(vm_inherit(NULL, 0, PAGE, 0), KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(vm_read(NULL, 0, PAGE, NULL, NULL), KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(vm_write(NULL, 0, NULL, 0), KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(vm_write(map, 0, NULL, 5), KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(vm_write(map, 0, NULL, 0), KERN_SUCCESS);
	ck_assert_int_eq(vm_copy(NULL, 0, PAGE, 0), KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(vm_machine_attribute(NULL, 0, 0, 0, &word), KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(vm_machine_attribute(map, 0, 0, 0, &word), KERN_INVALID_ADDRESS);
	ck_assert_int_eq(vm_region(NULL, &address, &size, &word, &word, &word, &flag, &name,
				   &address), KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(vm_region(map, &address, &size, &word, &word, &word, &flag, &name,
				   &address), KERN_NO_SPACE);
	ck_assert_int_eq(vm_statistics(NULL, &statistics), KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(vm_cache_statistics(NULL, &cached), KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(vm_get_size_limit(NULL, &size, &size), KERN_INVALID_TASK);
	ck_assert_int_eq(vm_map(NULL, &address, PAGE, 0, true, IP_NULL, 0, false, 3, 7, 1),
			 KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(vm_map_read_bytes(map, VM_USER_MAX, &word, 4), KERN_INVALID_ADDRESS);
	ck_assert_int_eq(vm_map_write_bytes(map, VM_USER_MAX, &word, 4), KERN_INVALID_ADDRESS);
	ck_assert_int_eq(vm_map_read_bytes(map, 0, &word, 0), KERN_SUCCESS);
	ck_assert_int_eq(vm_map_write_bytes(map, 0, &word, 0), KERN_SUCCESS);
	end();
}
END_TEST

START_TEST(no_pager)
{
	boolean_t flag;
	int word;
	struct vm_pager *pager;
	vm_offset_t base;

	begin();
	ck_assert_int_eq(memory_object_data_supply(NULL, 0, NULL, 0, 0, false, IP_NULL, 0),
			 KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(memory_object_data_unavailable(NULL, 0, PAGE), KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(memory_object_data_error(NULL, 0, PAGE, 5), KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(memory_object_lock_request(NULL, 0, PAGE, 0, false, 0, IP_NULL, 0),
			 KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(memory_object_ready(NULL, false, 0), KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(memory_object_change_attributes(NULL, false, 0, IP_NULL, 0),
			 KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(memory_object_get_attributes(NULL, &flag, &flag, &word),
			 KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(memory_object_destroy(NULL, 0), KERN_INVALID_ARGUMENT);
	ck_assert_ptr_null(convert_port_to_object_name(IP_NULL));
	base = map_object(MEMORY_OBJECT_COPY_DELAY);
	pager = the_pager();
	ck_assert_int_eq(memory_object_ready(pager, false, 17), KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(memory_object_data_error(pager, 1, PAGE, 5), KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(memory_object_data_supply(pager, 1, NULL, 0, 0, false, IP_NULL, 0),
			 KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(memory_object_lock_request(pager, 0, PAGE, 5, false, 0, IP_NULL, 0),
			 KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(memory_object_get_attributes(pager, &flag, &flag, &word), KERN_SUCCESS);
	ck_assert_int_eq(word, MEMORY_OBJECT_COPY_DELAY);
	ck_assert_uint_ne(vm_pager_serial(pager), 0);
	vm_object_release(pager);
	ck_must(vm_deallocate(map, base, OBJECT_PAGES * PAGE) == KERN_SUCCESS);
	end();
}
END_TEST

/* --- What maps tell ------------------------------------------------------------------------------ */

START_TEST(told)
{
	vm_offset_t base, offset, at;
	vm_statistics_data_t statistics;
	vm_cache_statistics_data_t cached;
	vm_prot_t now, max;
	vm_inherit_t inherit;
	vm_size_t size, limit, limit_max;
	mach_msg_type_number_t count;
	struct vm_map_copy *copy;
	struct ipc_port *name;
	uint32_t entries, most, chained = 0;
	boolean_t shared;
	kern_return_t kr;
	char bytes[8];

	begin();
	fake_task.map = map;
	base = at = map_object(MEMORY_OBJECT_COPY_DELAY);
	ck_assert_int_eq(vm_region(map, &at, &size, &now, &max, &inherit, &shared, &name, &offset),
			 KERN_SUCCESS);
	ck_assert_uint_eq(at, base);
	ck_assert_uint_eq(size, OBJECT_PAGES * PAGE);
	ck_assert_uint_eq(vm_map_virtual_size(map), size);
	ck_assert(name != IP_NULL);
	ipc_port_release_send(name);
	ck_assert_int_eq(vm_read(map, base, PAGE, &copy, &count), KERN_SUCCESS);
	ck_assert_uint_eq(count, PAGE);
	ck_assert_uint_ge(vm_map_copy_memory(copy), vm_map_copy_memory_least(PAGE));
	ck_assert_uint_eq(vm_map_copy_memory(NULL), 0);
	ck_assert_int_eq(vm_write(map, base + 1, copy, count), KERN_INVALID_ARGUMENT);
	kr = vm_write(map, base + PAGE, copy, count);
	if (kr != KERN_SUCCESS)
		vm_map_copy_discard(copy);
	ck_must(kr == KERN_SUCCESS);
	ck_must(vm_map_read_bytes(map, base + PAGE, bytes, 8) == KERN_SUCCESS);
	ck_assert(memcmp(bytes, object->store[0], 8) == 0);
	memcpy(object->page[1]->bytes, object->store[0], PAGE);
	ck_assert_int_eq(vm_statistics(map, &statistics), KERN_SUCCESS);
	ck_assert_int_gt(statistics.faults, 0);
	ck_assert_uint_gt(fake_task.faults, 0);
	ck_assert_int_eq(vm_cache_statistics(map, &cached), KERN_SUCCESS);
	ck_assert_int_gt(cached.active_tmp_count, 0);
	for (uint32_t i = 0; i < vm_object_pages_buckets(); i++)
		chained += vm_object_pages_chain(i);
	ck_assert_uint_eq(chained, (uint32_t)cached.active_tmp_count);
	ck_assert(!vm_page_kernel_short(PAGE));
	ck_assert(vm_page_any_managed(0, (phys_addr_t)1 << 32));
	ck_assert(!vm_page_any_managed((phys_addr_t)1 << 32, (phys_addr_t)1 << 33));
	ck_assert_int_eq(vm_get_size_limit(map, &limit, &limit_max), KERN_SUCCESS);
	ck_assert_int_eq(vm_map_set_limits(map, limit, limit - 1, true), KERN_INVALID_ARGUMENT);
	vm_map_get_entry_limit(map, &entries, &most);
	vm_map_set_entry_limit(map, entries);
	ck_assert_int_eq(vm_allocate(map, &at, PAGE, true), KERN_RESOURCE_SHORTAGE);
	copy = vm_map_copy_from_kernel("a page", 7);
	ck_assert_int_eq(vm_map_copyout(map, &at, copy), KERN_RESOURCE_SHORTAGE);
	vm_map_copy_discard(copy);
	vm_map_set_entry_limit(map, most);
	ck_must(vm_deallocate(map, base, OBJECT_PAGES * PAGE) == KERN_SUCCESS);
	end();
}
END_TEST

/* --- Proxies ---------------------------------------------------------------------------------------- */


/* A window of a region of a map, which others map, or have copied. */
START_TEST(region_proxies)
{
	struct task task = { .map = NULL };
	vm_offset_t base = 0, first = 0, second = 0;
	struct ipc_port *proxy;
	char byte = 0;

	begin();
	task.map = map;
	ck_must(vm_allocate(map, &base, 4 * PAGE, true) == KERN_SUCCESS);
	ck_assert_int_eq(vm_region_create_proxy(NULL, base, 7, PAGE, &proxy),
			 KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(vm_region_create_proxy(&task, base + 1, 7, PAGE, &proxy),
			 KERN_INVALID_ARGUMENT);
	ck_assert_int_ne(vm_region_create_proxy(&task, base + 8 * PAGE, 7, PAGE, &proxy),
			 KERN_SUCCESS);
	ck_must(vm_region_create_proxy(&task, base + PAGE, 7, 2 * PAGE, &proxy) == KERN_SUCCESS);
	ck_must(vm_map_write_bytes(map, base + 2 * PAGE, "x", 1) == KERN_SUCCESS);
	ipc_port_copy_send(proxy);
	ck_must(vm_map(map, &first, PAGE, 0, true, proxy, PAGE, false, 3, 7, 1) == KERN_SUCCESS);
	ck_must(vm_map(map, &second, PAGE, 0, true, proxy, PAGE, true, 3, 7, 1) == KERN_SUCCESS);
	ck_must(vm_map_write_bytes(map, first, "y", 1) == KERN_SUCCESS);
	ck_must(vm_map_read_bytes(map, base + 2 * PAGE, &byte, 1) == KERN_SUCCESS);
	ck_assert_int_eq(byte, 'y');
	ck_must(vm_map_read_bytes(map, second, &byte, 1) == KERN_SUCCESS);
	ck_assert_int_eq(byte, 'x');
	ck_assert_uint_eq(vm_extent_count(), 0);	/* the right was the last */
	end();
}
END_TEST

static kern_return_t proxy_of(struct ipc_space *space, struct ipc_port *under, vm_offset_t start,
			      vm_size_t size, struct ipc_port **proxy)
{
	vm_offset_t offset = 0;

	return memory_object_create_proxy(space, VM_PROT_READ, &under, 1, &offset, 1, &start, 1,
					  &size, 1, proxy);
}

/* A window in a window shows no more than that. */
START_TEST(proxies_of_proxies)
{
	struct ipc_space *space;
	struct ipc_port *one = NULL, *two = NULL, *out = NULL, *right;
	vm_offset_t base = 0;
	char byte = 0;

	begin();
	ck_must(ipc_space_create(&space) == KERN_SUCCESS);
	right = object_right(object);
	ck_assert_int_eq(proxy_of(NULL, right, 0, PAGE, &one), KERN_INVALID_TASK);
	ck_assert_int_eq(proxy_of(space, IP_DEAD, 0, PAGE, &one), KERN_INVALID_NAME);
	ck_must(proxy_of(space, right, PAGE, 4 * PAGE, &one) == KERN_SUCCESS);
	right = ipc_port_copy_send(one);
	if (proxy_of(space, right, 2 * PAGE, 8 * PAGE, &two) != KERN_SUCCESS)
		ipc_port_release_send(right);
	ck_must(two != NULL);
	right = ipc_port_copy_send(one);
	if (proxy_of(space, right, 9 * PAGE, PAGE, &out) != KERN_SUCCESS)
		ipc_port_release_send(right);
	ck_must(out != NULL);
	ck_must(vm_map(map, &base, 2 * PAGE, 0, true, two, 0, false, VM_PROT_READ, VM_PROT_READ,
		       VM_INHERIT_COPY) == KERN_SUCCESS);
	ck_must(vm_map_read_bytes(map, base + PAGE, &byte, 1) == KERN_SUCCESS);
	ck_assert_int_eq(byte, (char)object->store[4][0]);
	ck_assert_int_ne(vm_map(map, &base, PAGE, 0, true, out, 0, false, VM_PROT_READ,
				VM_PROT_READ, VM_INHERIT_COPY), KERN_SUCCESS);
	ipc_port_release_send(out);
	ipc_port_release_send(one);
	ipc_space_destroy(space);
	ipc_space_release(space);
	end();
}
END_TEST

/* --- The default memory manager ------------------------------------------------------------------ */

static struct ipc_port *manager;	/* receive right, in nobody's space */

struct ipc_port *default_manager_right(void)
{
	return manager == NULL ? IP_NULL : ipc_port_make_send(manager);
}

void vm_pageout_laundered(void)
{
}

/* Pages of anonymous memory go to the manager, and one comes back. */
START_TEST(stored)
{
	struct page_request *request;
	struct vm_map_copy *copy;
	struct vm_object *anonymous;
	struct vm_pager *pager;
	struct vm_away *away;
	vm_offset_t base = 0;
	uint32_t index, sent;
	char byte = 0;

	begin();
	manager = ipc_port_create();
	ck_must(manager != NULL);
	ck_must(vm_allocate(map, &base, 3 * PAGE, true) == KERN_SUCCESS);
	for (uint32_t i = 0; i < 3; i++)
		ck_must(vm_map_write_bytes(map, base + i * PAGE, "a", 1) == KERN_SUCCESS);
	mutex_lock(&map->lock);
	anonymous = vm_map_lookup(map, base)->object;
	index = vm_entry_index(vm_map_lookup(map, base), base);
	mutex_unlock(&map->lock);
	spin_lock(anonymous->lock);
	for (uint32_t i = 0; i < 3; i++)
		vm_page_requeue(vm_object_page(anonymous, index + i), QUEUE_INACTIVE);
	ck_assert_uint_eq(vm_store_page_out(anonymous, index), 0);	/* a store is made */
	sent = vm_store_page_out(anonymous, index);
	away = vm_object_away(anonymous, index);
	spin_unlock(anonymous->lock);
	ck_must(sent == 3 && away != NULL);
	pager = away->store->pager;
	vm_pager_reference(pager);
	ck_assert_uint_eq(manager->msgcount, 1);
	ck_assert_uint_eq(pager_messages_waiting(pager), 1);
	spin_lock(anonymous->lock);
	ck_must(vm_pager_need(anonymous, index, VM_PROT_READ) == VM_ASK_PAGER);
	spin_unlock(anonymous->lock);
	request = current_thread()->page_request;
	current_thread()->page_request = NULL;
	copy = vm_map_copy_from_kernel(object->store[1], PAGE);
	ck_must(copy != NULL);
	ck_must(memory_object_data_supply(pager, (vm_offset_t)away->slot << PAGE_SHIFT, copy, PAGE,
					  VM_PROT_NONE, false, IP_NULL, 0) == KERN_SUCCESS);
	ck_assert_int_eq(answer_of(request), KERN_SUCCESS);
	ck_must(vm_map_read_bytes(map, base, &byte, 1) == KERN_SUCCESS);
	ck_assert_int_eq(byte, (char)object->store[1][0]);
	spin_lock(anonymous->lock);
	ck_must(vm_pager_need(anonymous, index + 1, VM_PROT_READ) == VM_ASK_PAGER);
	spin_unlock(anonymous->lock);
	request = current_thread()->page_request;
	current_thread()->page_request = NULL;
	ck_assert_int_eq(memory_object_data_unavailable(pager, 0, 8 * PAGE), KERN_SUCCESS);
	ck_assert_int_eq(answer_of(request), KERN_SUCCESS);
	ck_must(vm_map_read_bytes(map, base + PAGE, &byte, 1) == KERN_SUCCESS);
	ck_assert_int_eq(byte, 0);
	ipc_port_destroy(manager);
	manager = NULL;
	ck_assert_int_eq(vm_map_read_bytes(map, base + 2 * PAGE, &byte, 1), KERN_MEMORY_ERROR);
	vm_pager_release(pager);
	ck_must(vm_deallocate(map, base, 3 * PAGE) == KERN_SUCCESS);
	end();
}
END_TEST

/* --- Failing pagers ---------------------------------------------------------------------------------- */

/* The child has what could be had. */
START_TEST(fork_saved)
{
	vm_offset_t base;
	struct vm_map *child;
	struct vm_pager *pager;
	char byte = 0;

	begin();
	base = map_object(MEMORY_OBJECT_COPY_NONE);
	for (uint32_t i = 1; i < OBJECT_PAGES; i++)
		ck_must(vm_fault(map, base + i * PAGE, VM_PROT_READ) == KERN_SUCCESS);
	pager = the_pager();
	ck_must(memory_object_lock_request(pager, 2 * PAGE, 2 * PAGE, MEMORY_OBJECT_RETURN_ALL,
					   true, 8, IP_NULL, 0) == KERN_SUCCESS);
	ck_must(vm_map_write_bytes(map, base + PAGE, "a", 1) == KERN_SUCCESS);
	pager_troubles++;
	pager_refuses = object;
	child = vm_map_fork(map);
	pager_refuses = NULL;
	ck_must(child != NULL);
	ck_must(vm_map_write_bytes(map, base + PAGE, "b", 1) == KERN_SUCCESS);
	ck_must(vm_map_read_bytes(child, base + PAGE, &byte, 1) == KERN_SUCCESS);
	ck_assert_int_eq(byte, 'a');
	ck_assert_int_eq(vm_map_read_bytes(child, base + 2 * PAGE, &byte, 1), KERN_MEMORY_ERROR);
	ck_assert_int_eq(vm_fault(child, base + 3 * PAGE, VM_PROT_READ), KERN_MEMORY_ERROR);
	vm_map_release(child);
	vm_pager_end_idle();
	/* The next has all again. */
	child = vm_map_fork(map);
	ck_must(child != NULL);
	ck_must(vm_map_read_bytes(child, base + 2 * PAGE, &byte, 1) == KERN_SUCCESS);
	vm_map_release(child);
	vm_pager_release(pager);
	ck_must(vm_deallocate(map, base, OBJECT_PAGES * PAGE) == KERN_SUCCESS);
	memcpy(object->page[1]->bytes, "b", 1);
	end();
}
END_TEST

/* The copy is an object of its own; here its pager gives it up at once. */
START_TEST(called)
{
	vm_offset_t base;
	struct vm_map *child;
	char byte = 0;

	begin();
	base = map_object(MEMORY_OBJECT_COPY_CALL);
	child = vm_map_fork(map);
	ck_must(child != NULL);
	ck_must(vm_map_read_bytes(child, base, &byte, 1) == KERN_SUCCESS);
	pagers_settle();
	ck_assert_int_eq(vm_map_read_bytes(child, base + 4 * PAGE, &byte, 1), KERN_MEMORY_ERROR);
	vm_map_release(child);
	ck_must(vm_deallocate(map, base, OBJECT_PAGES * PAGE) == KERN_SUCCESS);
	end();
}
END_TEST

/* --- Pages that go back -------------------------------------------------------------------------------- */

static void write_pages(vm_offset_t base, uint32_t pages, char byte)
{
	for (uint32_t i = 0; i < pages; i++) {
		ck_must(vm_map_write_bytes(map, base + i * PAGE, &byte, 1) == KERN_SUCCESS);
		object->page[i]->bytes[0] = (unsigned char)byte;
	}
}

/* Who asks pays, up to its limit; nothing is lost beyond it. */
START_TEST(paid)
{
	vm_offset_t base;
	struct vm_pager *pager;
	vm_size_t limit, max;
	uint32_t before;

	begin();
	base = map_object(MEMORY_OBJECT_COPY_DELAY);
	pager = the_pager();
	fake_task.map = map;
	ck_must(vm_pager_hold(pager));
	vm_map_get_limits(map, &limit, &max);
	ck_must(vm_map_set_limits(map, 8 * PAGE, max, true) == KERN_SUCCESS);
	write_pages(base, 5, 'a');
	before = pager_messages_waiting(pager);
	ck_assert_int_eq(vm_pager_clean(pager, 0, 5 * PAGE, false), KERN_SUCCESS);
	ck_assert_uint_eq(pager_messages_waiting(pager), before + 1);
	write_pages(base, 5, 'b');
	ck_assert_int_eq(vm_pager_clean(pager, 0, 5 * PAGE, false), KERN_RESOURCE_SHORTAGE);
	pagers_settle();
	ck_assert_int_eq(vm_pager_clean(pager, 0, 5 * PAGE, true), KERN_SUCCESS);
	pagers_settle();
	ck_must(vm_map_set_limits(map, limit, max, true) == KERN_SUCCESS);
	vm_pager_unhold(pager);
	vm_pager_release(pager);
	ck_must(vm_deallocate(map, base, OBJECT_PAGES * PAGE) == KERN_SUCCESS);
	end();
}
END_TEST

static void make_inactive(struct vm_pager *pager)
{
	for (uint32_t i = 0; i < OBJECT_PAGES; i++) {
		struct vm_page *page = vm_object_page(pager->object, i);

		if (page != NULL)
			vm_page_requeue(page, QUEUE_INACTIVE);
	}
}

/* A page goes with its inactive neighbours, until the pager has received too little. */
START_TEST(paged_out)
{
	struct vm_pager *pager;
	uint32_t gone, rounds = 0;
	vm_offset_t base;

	begin();
	base = map_object(MEMORY_OBJECT_COPY_DELAY);
	pager = the_pager();
	do {
		write_pages(base, 5, (char)('a' + rounds));
		spin_lock(pager->lock);
		make_inactive(pager);
		gone = vm_pager_page_out(pager, 2);
		spin_unlock(pager->lock);
		ck_assert_uint_eq(vm_page_queue_count(QUEUE_INACTIVE) > 0, gone == 0);
		for (uint32_t i = 0; gone > 0 && i < 5; i++)
			ck_must(memory_object_data_unavailable(pager, i * PAGE, PAGE) ==
				KERN_SUCCESS);
		rounds++;
		if (rounds == 3)
			break;
		pagers_settle();
	} while (gone > 0);
	pagers_settle();
	vm_pager_release(pager);
	ck_must(vm_deallocate(map, base, OBJECT_PAGES * PAGE) == KERN_SUCCESS);
	end();
}
END_TEST

/* --- Requests ---------------------------------------------------------------------------------------------- */

#define REQUESTS 9u

/* Many at a time, of two kinds; each is found, and finished with its own result. */
START_TEST(requests)
{
	struct page_request *page[REQUESTS], *unlock[REQUESTS];
	struct vm_pager *pager;
	vm_offset_t base;
	uint32_t index = 0;

	begin();
	base = map_object(MEMORY_OBJECT_COPY_DELAY);
	pager = the_pager();
	for (uint32_t i = 0; i < REQUESTS; i++) {
		page[i] = ask(pager, REQUEST_PAGE, 1 + i * 5 % REQUESTS);
		unlock[i] = ask(pager, REQUEST_UNLOCK, 1 + i * 7 % REQUESTS);
		ck_assert_ptr_eq(ask(pager, REQUEST_PAGE, 1 + i * 5 % REQUESTS), page[i]);
	}
	spin_lock(pager->lock);
	vm_pager_wake(pager);
	ck_assert(vm_pager_next(pager, REQUEST_PAGE, 4, 100, &index));
	ck_assert_uint_eq(index, 4);
	ck_assert(!vm_pager_next(pager, REQUEST_READY, 0, 100, &index));
	ck_assert(!vm_pager_next(pager, REQUEST_PAGE, REQUESTS + 1, 100, &index));
	vm_pager_finish_range(pager, REQUEST_PAGE, 2, 8, KERN_MEMORY_ERROR);
	ck_assert(vm_pager_next(pager, REQUEST_PAGE, 2, 100, &index));
	ck_assert_uint_eq(index, 8);
	vm_pager_finish_range(pager, REQUEST_PAGE, 0, UINT32_MAX, KERN_SUCCESS);
	vm_pager_finish_range(pager, REQUEST_UNLOCK, 0, UINT32_MAX, KERN_SUCCESS);
	spin_unlock(pager->lock);
	for (uint32_t i = 0; i < REQUESTS; i++) {
		uint32_t at = 1 + i * 5 % REQUESTS;

		for (int twice = 0; twice < 2; twice++)
			ck_assert_int_eq(answer_of(page[i]), at >= 2 && at < 8 ? KERN_MEMORY_ERROR
									       : KERN_SUCCESS);
		ck_assert_int_eq(answer_of(unlock[i]), KERN_SUCCESS);
	}
	vm_pager_release(pager);
	ck_must(vm_deallocate(map, base, OBJECT_PAGES * PAGE) == KERN_SUCCESS);
	end();
}
END_TEST

/* The kernel's own pager has every page. */
START_TEST(device)
{
	struct vm_pager *pager, *other;
	struct ipc_port *port, *right;

	begin();
	port = ipc_port_alloc_kernel(IKOT_PAGER, NULL);
	ck_must(port != NULL);
	right = ipc_port_make_send(port);
	ck_must(vm_pager_make(port, NULL, &pager) == KERN_SUCCESS);
	ck_assert_int_eq(vm_pager_make(port, NULL, &other), KERN_NAME_EXISTS);
	ck_assert_int_eq(answer_of(ask(pager, REQUEST_PAGE, 0x50000)), KERN_SUCCESS);
	spin_lock(pager->lock);
	ck_assert(vm_device_page_add(pager->object, 0x50000));
	ck_assert(vm_device_page_add(pager->object, 0x50001));
	spin_unlock(pager->lock);
	ck_assert_uint_eq(vm_device_page_count(), 2);
	ck_assert_int_eq(vm_pager_return(pager, 0, UINT32_MAX, MEMORY_OBJECT_RETURN_ALL,
					 RETURN_COPIES), KERN_SUCCESS);
	vm_pager_unhold(pager);
	ck_assert_uint_eq(vm_device_page_count(), 0);
	ipc_port_release_send(right);
	ipc_port_dealloc_kernel(port);
	end();
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, no_map);
	tcase_add_test(tcase, no_pager);
	tcase_add_test(tcase, told);
	tcase_add_test(tcase, region_proxies);
	if (!injecting) {	/* what they would hold is not given back */
		tcase_add_test(tcase, proxies_of_proxies);
		tcase_add_test(tcase, stored);
	}
	tcase_add_test(tcase, fork_saved);
	tcase_add_test(tcase, called);
	tcase_add_test(tcase, paid);
	tcase_add_test(tcase, paged_out);
	tcase_add_test(tcase, requests);
	tcase_add_test(tcase, device);
}
