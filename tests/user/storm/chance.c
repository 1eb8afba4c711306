/* SPDX-License-Identifier: BSD-2-Clause */
/* What is chosen at random. */
#include <mach.h>

#include "storm.h"

static const uint32_t edges[] = {
	0, 1, 2, 3, 4, 0xfff, 0x1000, 0x1001, 0x7fff, 0xffff, 0x10000, 0x1fffffff, 0x20000000,
	0x3fffffff, 0x40000000, 0x40000001, 0x7ffff000, 0x7fffffff, 0x80000000, 0x80000001,
	0xbfffe000, 0xbffff000, 0xbffffffc, 0xbfffffff, 0xc0000000, 0xc0000001, 0xc0100000,
	0xc0101000, 0xefffffff, 0xf0000000, 0xff000000, 0xfffff000, 0xfffffff0, 0xfffffffc,
	0xffffffff,
};

static uint32_t random_edge(struct worker_state *self)
{
	return edges[random_below(self, sizeof edges / sizeof edges[0])];
}

mach_port_name_t random_odd_name(struct worker_state *self)
{
	switch (random_below(self, 8)) {
	case 0:
		return MACH_PORT_NULL;
	case 1:
		return MACH_PORT_DEAD;
	case 2:
		return random_edge(self);
	case 3:
		return random_word(self);
	case 4:
		return random_word(self) & 0x7f00007f;	/* any generation of a small index */
	default:
		return random_below(self, 0x60);
	}
}

mach_port_name_t random_name(struct worker_state *self)
{
	switch (random_below(self, 20)) {
	case 0:
	case 1:
		return NAME_SET + random_below(self, SETS);
	case 2:
		return NAME_DEAD;
	case 3:
		return NAME_SINK + random_below(self, 8);
	case 4:
		return workers[random_below(self, WORKERS)].thread;
	case 5:
		return victim_thread;
	case 6:
		return victim_task;
	case 7:
		return mach_task_self();
	case 8:
	case 9:
		return self->recent[random_below(self, RECENT)];
	case 10:
		return self->reply;
	case 11:
		return random_odd_name(self);
	default:
		return NAME_PORT + random_below(self, PORTS);
	}
}

uintptr_t random_address(struct worker_state *self)
{
	switch (random_below(self, 16)) {
	case 0:
		return random_edge(self);
	case 1:
		return random_word(self);
	case 2:
		return ARENA + (random_word(self) & (ARENA_SIZE - 1));
	default:
		return ARENA + (random_word(self) & (ARENA_SIZE - 1) & ~3u);
	}
}

uint32_t random_argument(struct worker_state *self)
{
	switch (random_below(self, 16)) {
	case 0:
		return 1u << random_below(self, 32);
	case 1:
		return random_edge(self);
	case 2:
		return random_word(self);
	case 3:
	case 4:
	case 5:
	case 6:
		return random_name(self);
	case 7:
	case 8:
	case 9:
	case 10:
		return random_address(self);
	case 11:
		return random_below(self, 0x4000);
	default:
		return random_below(self, 32);
	}
}
