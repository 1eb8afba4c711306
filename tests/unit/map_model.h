/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A model of maps: bytes.  For each map and page it says what is mapped with which attributes, and
 * the page's contents, which maps share by pointer: with each other, and with memory objects
 * (tests/unit/pager_model.h).
 */
#ifndef TESTS_UNIT_MAP_MODEL_H
#define TESTS_UNIT_MAP_MODEL_H

#include <vm/map.h>

#define MAPS 4
#define COPIES 4
#define PAGES 96u			/* of a map that the model knows, from address 0 */
#define RANGE_MAX 7u			/* pages of an operation, mostly */
#define BYTES_MAX 20000u

struct object_model;
struct vm_map_entry;

struct page_model {
	unsigned int refs;
	unsigned char bytes[PAGE_BYTES];
};

struct slot {
	struct page_model *page;	/* NULL: a hole */
	int prot, max, inherit;
	bool wired, shared;
	struct object_model *object;	/* whose page it is, no copy of it; or NULL */
	uint32_t index, life;		/* which, and when */
};

struct map_model {
	struct vm_map *map;		/* NULL: none */
	bool busy;			/* an operation that was preempted is on it */
	struct slot slots[PAGES];
};

struct copy_model {
	struct vm_map_copy *copy;
	vm_size_t size;
	vm_offset_t offset;
	bool busy;			/* an operation that was preempted works on it */
	unsigned char bytes[BYTES_MAX];
};

extern struct map_model maps[MAPS];
extern struct copy_model copies[COPIES];
extern uint32_t step;
extern bool preempted;		/* another thread runs, or none may */

/* Choices: by whatever says so, or at random. */
extern uint32_t (*map_pick)(uint32_t n);
extern uint32_t random_state;
uint32_t any_number(void);
uint32_t below(uint32_t n);

struct page_model *page_new(const void *bytes);
void page_drop(struct page_model *page);
void slot_clear(struct slot *slot);
void slot_set(struct slot *slot, const void *bytes);	/* a hole: fresh memory now */

/* Take over what can be seen of memory that was written in part. */
void model_adopt(const struct map_model *m, vm_offset_t addr, vm_size_t size);
int access_of(const struct slot *slot);

/* What an operation that needs `access` everywhere answers. */
kern_return_t access_check(const struct map_model *m, vm_offset_t addr, vm_size_t size,
			   int access);
void model_copy(unsigned char *to, const struct map_model *m, vm_offset_t addr, vm_size_t size);
void model_write(const struct map_model *m, vm_offset_t addr, const unsigned char *from,
		 vm_size_t size);
void model_remove(struct map_model *m, vm_offset_t addr, vm_size_t size);

/*
 * Compare: every mapping that the processor would use must show the model's bytes and allow
 * no more than the model does; with `contents` all bytes, and no page is kept for nobody.
 */
void check_copy(const struct copy_model *c);
void check_all(bool contents);

#endif /* TESTS_UNIT_MAP_MODEL_H */
