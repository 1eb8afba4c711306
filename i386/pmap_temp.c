/* SPDX-License-Identifier: BSD-2-Clause */
/* Temporary mappings: each CPU has a few entries of one table, used like a stack. */
#include <stdint.h>

#include <i386/cpu.h>
#include <i386/pmap_types.h>
#include <kern/assert.h>
#include <kern/percpu.h>
#include <vm/pmap.h>

static unsigned int temp_used[PMAP_CPUS];

static uint32_t slot_va(unsigned int slot)
{
	return TEMP_MAP_BASE + slot * PAGE_BYTES;
}

void *pmap_temp_map(phys_addr_t pa)
{
	unsigned int cpu = current_cpu()->id;
	unsigned int slot = cpu * TEMP_MAP_SLOTS + temp_used[cpu];

	assert(temp_used[cpu] < TEMP_MAP_SLOTS);
	assert((pa & PAGE_OFFSET_MASK) == 0 && pa >> 32 == 0);
	temp_used[cpu]++;
	pte_set(&temp_table[slot],
		(uint32_t)pa | PTE_VALID | PTE_WRITE | PTE_REFERENCED | PTE_MODIFIED, pmap_nx);
	return (void *)slot_va(slot);
}

void pmap_temp_unmap(void *va)
{
	unsigned int cpu = current_cpu()->id;
	unsigned int slot = cpu * TEMP_MAP_SLOTS + --temp_used[cpu];

	assert((uintptr_t)va == slot_va(slot));
	pte_clear(&temp_table[slot]);
	invlpg(slot_va(slot));
}
