/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small allocator.  Blocks come in sizes of powers of two, from 32 bytes; a freed block goes
 * to the list of its size.  New blocks are cut from chunks of the kernel's memory.  Blocks above
 * LARGE are memory of their own, and go back when freed.
 */
#include <libmach/memory.h>
#include <mach.h>
#include <libmach/string.h>

#include "internal.h"

#define SMALLEST_SHIFT	5
#define LARGEST_SHIFT	14
#define LARGE		(1u << LARGEST_SHIFT)
#define CHUNK		(64u * 1024)

/* Stands before each block, and keeps it aligned to 16 bytes. */
struct block {
	size_t		size;		/* with this header */
	struct block	*next;		/* of a free block */
	size_t		unused[2];
};

static struct mach_lock lock;
static struct block *free_blocks[LARGEST_SHIFT + 1];
static char *fresh, *fresh_end;

void mach_memory_forget(void)
{
	mach_unlock(&lock);
}

static void *get_memory(size_t size)
{
	vm_offset_t address = 0;

	if (vm_allocate(mach_task_self(), &address, size, TRUE) != KERN_SUCCESS)
		return NULL;
	return (void *) address;
}

static unsigned int shift_for(size_t size)
{
	unsigned int shift = SMALLEST_SHIFT;

	while (((size_t) 1 << shift) < size)
		shift++;
	return shift;
}

static struct block *cut_block(size_t size)
{
	struct block *block;

	if ((size_t) (fresh_end - fresh) < size) {
		fresh = get_memory(CHUNK);
		fresh_end = fresh == NULL ? NULL : fresh + CHUNK;
		if (fresh == NULL)
			return NULL;
	}
	block = (struct block *) fresh;
	block->size = size;
	fresh += size;
	return block;
}

static struct block *get_small(size_t size)
{
	unsigned int shift = shift_for(size);
	struct block *block;

	mach_lock(&lock);
	block = free_blocks[shift];
	if (block != NULL)
		free_blocks[shift] = block->next;
	else
		block = cut_block((size_t) 1 << shift);
	mach_unlock(&lock);
	return block;
}

static struct block *get_large(size_t size)
{
	struct block *block = get_memory(size);

	if (block != NULL)
		block->size = size;
	return block;
}

void *malloc(size_t size)
{
	struct block *block;

	if (__builtin_add_overflow(size, sizeof *block, &size))
		return NULL;
	block = size > LARGE ? get_large(size) : get_small(size);
	return block == NULL ? NULL : block + 1;
}

void *calloc(size_t count, size_t size)
{
	void *memory;

	if (__builtin_mul_overflow(count, size, &size))
		return NULL;
	memory = malloc(size);
	if (memory != NULL)
		memset(memory, 0, size);
	return memory;
}

void free(void *memory)
{
	struct block *block = (struct block *) memory - 1;
	unsigned int shift;

	if (memory == NULL)
		return;
	if (block->size > LARGE) {
		vm_deallocate(mach_task_self(), (vm_offset_t) block, block->size);
		return;
	}
	shift = shift_for(block->size);
	mach_lock(&lock);
	block->next = free_blocks[shift];
	free_blocks[shift] = block;
	mach_unlock(&lock);
}
