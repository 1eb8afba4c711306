/* SPDX-License-Identifier: BSD-2-Clause */
/* Pages that the kernel has given us. */
#include "pages.h"

#include <libmach/print.h>
#include <libmach/string.h>
#include <mach.h>
#include <mach/vm_param.h>

static struct page *kept;	/* in memory */
static uint32_t kept_count;
static boolean_t told;		/* that the disk is full */

/* --- In memory ---------------------------------------------------------------------------- */

static void tell_full(void)
{
	if (!told)
		printf("[default-pager] The disk is full, with %u pages. What comes now stays in my "
			"memory,\n[default-pager] and frees none, until pages on the disk are not "
			"needed any more.\n", store_slots());
	told = TRUE;
}

static void keep(struct page *page, vm_offset_t data)
{
	page->memory = data;
	page->next_kept = kept;
	kept = page;
	kept_count++;
}

static void free_memory(struct page *page)
{
	struct page **link = &kept;

	while (*link != page)
		link = &(*link)->next_kept;
	*link = page->next_kept;
	kept_count--;
	vm_deallocate(mach_task_self(), page->memory, PAGE_SIZE);
	page->memory = 0;
}

/* What was kept goes to the disk. */
static void use_free_slots(void)
{
	while (kept != NULL && store_take(&kept->slot)) {
		if (store_write(kept->slot, kept->memory) != KERN_SUCCESS) {
			store_give_back(kept->slot);
			return;
		}
		free_memory(kept);
	}
	if (told && kept == NULL)
		printf("[default-pager] There is room on the disk again: all is there now.\n");
	told = kept != NULL;
}

/* --- On the disk, or else in memory --------------------------------------------------------- */

static boolean_t put_new(struct page *page, vm_offset_t data)
{
	if (store_take(&page->slot)) {
		if (store_write(page->slot, data) == KERN_SUCCESS)
			return FALSE;
		store_give_back(page->slot);
		printf("[default-pager] The disk fails: I keep a page in memory.\n");
	} else {
		tell_full();
	}
	keep(page, data);
	return TRUE;
}

boolean_t pages_put(struct object *object, uint32_t number, vm_offset_t data)
{
	struct page *page = table_page(object, number);

	if (page == NULL) {
		page = table_new_page(object, number);
		if (page != NULL)
			return put_new(page, data);
		printf("[default-pager] FAILED: no record is left, a page is lost.\n");
		return FALSE;
	}
	if (page->memory != 0)
		free_memory(page);
	else if (store_write(page->slot, data) == KERN_SUCCESS)
		return FALSE;
	else
		store_give_back(page->slot);
	return put_new(page, data);
}

boolean_t pages_has(struct object *object, uint32_t number)
{
	return table_page(object, number) != NULL;
}

static kern_return_t copy_memory(vm_offset_t from, vm_offset_t *to)
{
	kern_return_t result;

	*to = 0;
	result = vm_allocate(mach_task_self(), to, PAGE_SIZE, TRUE);
	if (result == KERN_SUCCESS)
		memcpy((void *) *to, (const void *) from, PAGE_SIZE);
	return result;
}

kern_return_t pages_get(struct object *object, uint32_t number, vm_offset_t *data)
{
	struct page *page = table_page(object, number);

	return page->memory != 0 ? copy_memory(page->memory, data) : store_read(page->slot, data);
}

void pages_drop(struct object *object)
{
	for (struct page *page = object->pages; page != NULL; page = page->next_of_object)
		if (page->memory != 0)
			free_memory(page);
		else
			store_give_back(page->slot);
	table_free_object(object);
	use_free_slots();
}
