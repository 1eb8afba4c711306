/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages of devices: structures for physical pages that the allocator does not have, or has given to
 * a driver for ever.
 *
 * Such a page is in an object whose page n is the physical page n; it begins and ends there, and
 * the memory itself is never allocated or freed.  It counts as wired, so it is never paged out,
 * flushed or moved.  It has no list of mappings: what maps it goes by address, before the object
 * ends.
 */
#ifndef VM_OBJECT_DEVICE_H
#define VM_OBJECT_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

struct vm_object;
struct vm_page;

void vm_device_pages_init(void);

/* Pages that exist, for tests. */
uint32_t vm_device_page_count(void);

/* See that the object has the page.  Object locked.  Returns false when memory is short. */
bool vm_device_page_add(struct vm_object *object, uint32_t index);

/* Free one that has been taken out of its object; for vm/object_pages.c. */
void vm_device_page_free(struct vm_page *page);

#endif /* VM_OBJECT_DEVICE_H */
