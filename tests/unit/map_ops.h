/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Operations on maps and on the model of them (tests/unit/map_model.h) at once: each must answer
 * what the model says.  Where memory is short, or a pager fails, that may be the answer, and then
 * nothing may have happened, but that a write may be done in part.
 *
 * At preemption points another thread does something to another map, and so while one waits for
 * a pager; pagers go on meanwhile.
 */
#ifndef TESTS_UNIT_MAP_OPS_H
#define TESTS_UNIT_MAP_OPS_H

#include <stdio.h>

#include <tests/unit/map_model.h>
#include <tests/unit/pager_model.h>

extern bool scarce;			/* operations may answer KERN_RESOURCE_SHORTAGE */
extern bool quiet;			/* nobody runs in between, and pagers do what they should */
extern FILE *story;			/* operations are told there; or NULL */
void map_tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A world with one map; pagers, too, if there are to be some.  The end of all: nothing is left. */
void map_world_begin(bool pagers);
void map_world_end(void);

/*
 * While nobody else runs: have another thread do this at the n-th point from now on where the kernel
 * lets others in or waits for a pager.  map_points counts down, and is 0 when it has come to that.
 */
extern void (*map_interruption)(void);
extern uint32_t map_points;

/* Any operation, on any map that is free. */
void map_any_operation(void);

/* --- With everything said ---------------------------------------------------------------- */

struct map_args {
	vm_offset_t addr;
	vm_size_t size;
	vm_offset_t mask;
	bool anywhere;
	int prot, max, inherit;
	/* Of an object; NULL: anonymous. */
	struct object_model *object;
	uint32_t index;
	bool copy;
	bool proxy;			/* through one that allows `proxy_max` */
	int proxy_max;
};

void do_allocate(struct map_model *m, vm_offset_t addr, vm_size_t size, bool anywhere);
void do_map(struct map_model *m, const struct map_args *a);
void do_deallocate(struct map_model *m, vm_offset_t addr, vm_size_t size);
void do_protect(struct map_model *m, vm_offset_t addr, vm_size_t size, bool set_max, int prot);
void do_inherit(struct map_model *m, vm_offset_t addr, vm_size_t size, int inherit);
void do_fork(struct map_model *m, struct map_model *child);
void do_end(struct map_model *m);
void do_touch(struct map_model *m, vm_offset_t addr, vm_size_t size, int access);
void do_write_bytes(struct map_model *m, vm_offset_t addr, vm_size_t size);
void do_copyin(struct map_model *m, struct copy_model *c, vm_offset_t addr, vm_size_t size,
	       bool destroy);
void do_copyout(struct map_model *m, struct copy_model *c);
void do_overwrite(struct map_model *m, struct copy_model *c, vm_offset_t addr);
void do_vm_copy(struct map_model *m, vm_offset_t from, vm_size_t size, vm_offset_t to);
void do_discard(struct copy_model *c);
void do_wire(struct map_model *m, vm_offset_t addr, vm_size_t size, int access);

#endif /* TESTS_UNIT_MAP_OPS_H */
