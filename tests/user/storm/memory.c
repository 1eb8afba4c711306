/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory at random: one's own, the victim's, that which both share. */
#include <mach.h>
#include <mach/mach_host.h>
#include <mach/vm_param.h>

#include "storm.h"

/* A part of the arena, mostly whole pages; now and then anything. */
static vm_size_t random_part(struct worker_state *self, vm_offset_t *start)
{
	vm_size_t size;

	if (once_in(self, 64)) {
		*start = random_argument(self);
		return random_argument(self);
	}
	*start = ARENA + random_below(self, ARENA_SIZE);
	size = random_below(self, once_in(self, 4) ? ARENA_SIZE : 0x4000);
	if (!once_in(self, 8)) {
		*start &= -PAGE_SIZE;
		size = (size + PAGE_SIZE) & -PAGE_SIZE;
	}
	if (size > ARENA + ARENA_SIZE - *start)
		size = ARENA + ARENA_SIZE - *start;
	return size;
}

static void touch(struct worker_state *self, vm_offset_t start, vm_size_t size)
{
	volatile uint8_t *byte = (volatile uint8_t *) (start + random_below(self, size | 1));

	if (once_in(self, 2))
		*byte += 1;
	else
		(void) *byte;
}

static void allocate(struct worker_state *self, mach_port_t task, vm_offset_t start, vm_size_t size)
{
	if (once_in(self, 2))
		vm_allocate(task, &start, size, FALSE);
	else
		vm_map(task, &start, size, once_in(self, 4) ? random_argument(self) : 0,
			FALSE, MACH_PORT_NULL, 0, once_in(self, 2), random_below(self, 8),
			VM_PROT_ALL, random_below(self, 3));
}

static void wire(struct worker_state *self, mach_port_t task, vm_offset_t start, vm_size_t size)
{
	vm_wire(NAME_HOST, task, start, size, once_in(self, 2) ? VM_PROT_NONE : VM_PROT_READ);
}

/* What was read is written back, there or elsewhere; what is left over goes. */
static void read_write(struct worker_state *self, mach_port_t task, vm_offset_t start,
	vm_size_t size)
{
	mach_port_t other = once_in(self, 2) ? victim_task : mach_task_self();
	mach_msg_type_number_t count;
	vm_offset_t data, to;

	if (vm_read(task, start, size, &data, &count) != KERN_SUCCESS)
		return;
	random_part(self, &to);
	vm_write(other, to, data, count);
	if (data < ARENA || data >= ARENA + ARENA_SIZE)
		vm_deallocate(mach_task_self(), data, count);
}

void step_memory(struct worker_state *self)
{
	mach_port_t task = once_in(self, 4) ? victim_task : mach_task_self();
	vm_offset_t start, other;
	vm_size_t size = random_part(self, &start);

	switch (random_below(self, 16)) {
	case 0:
		if (start >= ARENA && start < ARENA + ARENA_SIZE)
			vm_deallocate(task, start, size);
		break;
	case 1:
	case 2:
	case 3:
		allocate(self, task, start, size);
		break;
	case 4:
		if (start >= ARENA && start < ARENA + ARENA_SIZE)
			vm_protect(task, start, size, once_in(self, 16), random_below(self, 8));
		break;
	case 5:
		vm_inherit(task, start, size, random_below(self, 3));
		break;
	case 6:
		random_part(self, &other);
		if (other >= ARENA && other < ARENA + ARENA_SIZE)
			vm_copy(task, start, size, other);
		break;
	case 7:
	case 8:
		read_write(self, task, start, size);
		break;
	case 9:
		wire(self, task, start, size);
		break;
	case 10:
		if (once_in(self, 8))
			task_terminate(victim_task);
		break;
	default:
		if (start >= ARENA && start < ARENA + ARENA_SIZE)
			touch(self, start, size);
	}
}
