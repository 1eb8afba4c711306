/* SPDX-License-Identifier: BSD-2-Clause */
#include <tests/unit/fakes_vm.h>

#include <stdlib.h>
#include <string.h>

#include <kern/machine.h>
#include <kern/slab.h>
#include <tests/unit/fakes_ipc.h>
#include <vm/map.h>

#define ARENA_PAGES 512u

struct vm_map_copy {
	vm_size_t size;
	vm_offset_t offset;		/* of the source in its page */
	uint8_t bytes[];
};

static uint8_t arena[ARENA_PAGES * PAGE_BYTES] __attribute__((aligned(4096)));
static struct vm_map *owner[ARENA_PAGES];

unsigned int fake_copies, fake_user_pages;
unsigned int fake_user_copies_out;
bool fake_user_full, fake_user_read_only, fake_user_strict;

/* A map is known by its address only. */
struct vm_map *fake_map_create(void)
{
	return calloc(1, sizeof(struct vm_map));
}

static void give_page(uint32_t page, struct vm_map *map)
{
	fake_user_pages += (map != NULL) - (owner[page] != NULL);
	owner[page] = map;
	memset(arena + page * PAGE_BYTES, map != NULL ? 0 : 0xdd, PAGE_BYTES);
}

void fake_map_destroy(struct vm_map *map)
{
	for (uint32_t page = 0; page < ARENA_PAGES; page++)
		if (owner[page] == map)
			give_page(page, NULL);
	free(map);
}

/* --- Access ------------------------------------------------------------------------------ */

/* Memory that is nobody's own is everybody's, but for the first pages and the kernel's first. */
static bool accessible(const struct vm_map *map, vm_offset_t address, vm_size_t size)
{
	vm_offset_t start = (vm_offset_t)(uintptr_t)arena;

	if (size == 0)
		return true;
	if (address < 0x10000 || address + size < address || address - KERNEL_BASE < PAGE_BYTES)
		return false;
	for (vm_offset_t at = address & ~PAGE_OFFSET_MASK; at < address + size; at += PAGE_BYTES)
		if (at - start < sizeof(arena) ? owner[(at - start) / PAGE_BYTES] != map
					       : fake_user_strict)
			return false;
	return true;
}

static bool task_accessible(const void *user, size_t size)
{
	assert_no_locks();
	return accessible(current_task()->map, (vm_offset_t)(uintptr_t)user, size);
}

int copyin(const void *user, void *kernel, size_t size)
{
	if (!task_accessible(user, size))
		return 1;
	memcpy(kernel, user, size);
	return 0;
}

/* To find out that a page is not there may take a wait, which leaves no continuation. */
int copyout(const void *kernel, void *user, size_t size)
{
	if (fake_user_read_only || !task_accessible(user, size)) {
		if (user < (void *)KERNEL_BASE)
			current_thread()->continuation = NULL;
		return 1;
	}
	memcpy(user, kernel, size);
	return 0;
}

int copyinmsg(const void *user, void *kernel, size_t size)
{
	kernel_must(size % 4 == 0);
	return copyin(user, kernel, size);
}

int copyoutmsg(const void *kernel, void *user, size_t size)
{
	return copyout(kernel, user, size);
}

kern_return_t vm_map_read_bytes(struct vm_map *map, vm_offset_t addr, void *buf, vm_size_t size)
{
	if (!accessible(map, addr, size))
		return KERN_INVALID_ADDRESS;
	memcpy(buf, (void *)(uintptr_t)addr, size);
	return KERN_SUCCESS;
}

kern_return_t vm_map_write_bytes(struct vm_map *map, vm_offset_t addr, const void *buf,
				 vm_size_t size)
{
	if (slab_fails_now())
		return KERN_RESOURCE_SHORTAGE;
	if (!accessible(map, addr, size))
		return KERN_INVALID_ADDRESS;
	memcpy((void *)(uintptr_t)addr, buf, size);
	return KERN_SUCCESS;
}

/* --- Allocation -------------------------------------------------------------------------- */

static bool pages_free(uint32_t first, uint32_t count)
{
	for (uint32_t i = first; i < first + count; i++)
		if (i >= ARENA_PAGES || owner[i] != NULL)
			return false;
	return true;
}

static kern_return_t allocate(struct vm_map *map, vm_offset_t *addr, vm_size_t size)
{
	uint32_t count = (size + PAGE_BYTES - 1) / PAGE_BYTES, first = 0;

	while (first < ARENA_PAGES && !pages_free(first, count))
		first++;
	if (fake_user_full || first == ARENA_PAGES)
		return KERN_NO_SPACE;
	for (uint32_t i = 0; i < count; i++)
		give_page(first + i, map);
	*addr = (vm_offset_t)(uintptr_t)arena + first * PAGE_BYTES;
	return KERN_SUCCESS;
}

kern_return_t vm_map_allocate(struct vm_map *map, vm_offset_t *addr, vm_size_t size, bool anywhere)
{
	kernel_must(anywhere && size != 0);
	fake_user_copies_out++;
	return slab_fails_now() ? KERN_RESOURCE_SHORTAGE : allocate(map, addr, size);
}

/* Whole pages; holes do not matter. */
kern_return_t vm_map_deallocate(struct vm_map *map, vm_offset_t addr, vm_size_t size)
{
	vm_offset_t start = (vm_offset_t)(uintptr_t)arena;

	for (vm_offset_t at = addr & ~PAGE_OFFSET_MASK; at < addr + size; at += PAGE_BYTES)
		if (at - start < sizeof(arena) && owner[(at - start) / PAGE_BYTES] == map)
			give_page((at - start) / PAGE_BYTES, NULL);
	return KERN_SUCCESS;
}

void *fake_user_alloc(struct vm_map *map, size_t size)
{
	vm_offset_t address = 0;

	ck_must(allocate(map, &address, size) == KERN_SUCCESS);
	return (void *)(uintptr_t)address;
}

bool fake_user_owns(const struct vm_map *map, const void *p)
{
	uint32_t page = (uint32_t)((const uint8_t *)p - arena) / PAGE_BYTES;

	return page < ARENA_PAGES && owner[page] == map;
}

void fake_user_free(struct vm_map *map, void *p, size_t size)
{
	vm_map_deallocate(map, (vm_offset_t)(uintptr_t)p, size);
}

/* --- Copies ------------------------------------------------------------------------------ */

static struct vm_map_copy *copy_create(const void *data, vm_size_t size, vm_offset_t offset)
{
	struct vm_map_copy *copy = malloc(sizeof(*copy) + size);

	copy->size = size;
	copy->offset = offset;
	memcpy(copy->bytes, data, size);
	fake_copies++;
	return copy;
}

kern_return_t vm_map_copyin(struct vm_map *map, vm_offset_t addr, vm_size_t size, bool destroy,
			    struct vm_map_copy **copyp)
{
	assert_no_locks();
	kernel_must(size != 0);
	if (slab_fails_now())
		return KERN_RESOURCE_SHORTAGE;
	if (!accessible(map, addr, size))
		return KERN_INVALID_ADDRESS;
	*copyp = copy_create((void *)(uintptr_t)addr, size, addr & PAGE_OFFSET_MASK);
	return destroy ? vm_map_deallocate(map, addr, size) : KERN_SUCCESS;
}

kern_return_t vm_map_copyout(struct vm_map *map, vm_offset_t *addr, struct vm_map_copy *copy)
{
	kern_return_t kr;

	assert_no_locks();
	*addr = 0;
	if (copy == NULL)
		return KERN_SUCCESS;
	kr = vm_map_allocate(map, addr, copy->offset + copy->size, true);
	if (kr != KERN_SUCCESS)
		return kr;
	*addr += copy->offset;
	memcpy((void *)(uintptr_t)*addr, copy->bytes, copy->size);
	vm_map_copy_discard(copy);
	return KERN_SUCCESS;
}

void vm_map_copy_discard(struct vm_map_copy *copy)
{
	assert_no_locks();
	if (copy == NULL)
		return;
	kernel_must(fake_copies > 0);
	fake_copies--;
	free(copy);
}

struct vm_map_copy *vm_map_copy_from_kernel(const void *data, vm_size_t size)
{
	assert_no_locks();
	return slab_fails_now() ? NULL : copy_create(data, size, 0);
}

vm_size_t vm_map_copy_memory_least(vm_size_t size)
{
	return kalloc_rounded(size <= PAGE_BYTES ? size : 16);	/* more is not copied */
}

vm_size_t vm_map_copy_memory(const struct vm_map_copy *copy)
{
	return copy == NULL ? 0 : vm_map_copy_memory_least(copy->size);
}

vm_size_t vm_map_copy_size(const struct vm_map_copy *copy)
{
	return copy == NULL ? 0 : copy->size;
}

kern_return_t vm_map_copy_read(struct vm_map_copy *copy, vm_size_t offset, void *buf,
			       vm_size_t size)
{
	kernel_must(offset + size <= copy->size);
	memcpy(buf, copy->bytes + offset, size);
	return KERN_SUCCESS;
}
