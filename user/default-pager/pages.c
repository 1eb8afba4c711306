/* SPDX-License-Identifier: BSD-2-Clause */
/* Pages that the kernel has given us. */
#include "pages.h"

#include <libmach/print.h>
#include <libmach/string.h>
#include <mach.h>
#include <mach/mach_host.h>
#include <mach/vm_param.h>

static mach_port_t host_priv;

static struct page *kept;	/* in memory */
static boolean_t told;		/* that the disk is full */

static struct page *wanted, **wanted_end = &wanted;	/* first in, first out */

/* Or was it only asked for? */
static boolean_t has_contents(const struct page *page)
{
	return page->memory != 0 || page->slot != NO_SLOT;
}

void pages_init(mach_port_t host)
{
	host_priv = host;
}

/* --- In memory ---------------------------------------------------------------------------- */

static void tell_full(void)
{
	if (!told)
		printf("[default-pager] The disk is full, with %u pages. What comes now stays in my "
			"memory,\n[default-pager] and frees none, until pages on the disk are not "
			"needed any more.\n", store_slots());
	told = TRUE;
}

/* Wired, or it might be sent to us again. */
static void keep(struct page *page, vm_offset_t data)
{
	vm_wire(host_priv, mach_task_self(), data, PAGE_SIZE, VM_PROT_READ | VM_PROT_WRITE);
	page->memory = data;
	page->next_kept = kept;
	page->link_of_kept = &kept;
	if (kept != NULL)
		kept->link_of_kept = &page->next_kept;
	kept = page;
}

static void free_memory(struct page *page)
{
	*page->link_of_kept = page->next_kept;
	if (page->next_kept != NULL)
		page->next_kept->link_of_kept = page->link_of_kept;
	vm_deallocate(mach_task_self(), page->memory, PAGE_SIZE);
	page->memory = 0;
}

/* What was kept goes to the disk, as far as that has room, and takes it. */
static void use_free_slots(void)
{
	while (kept != NULL && store_take(&kept->slot)) {
		if (store_write(kept->slot, kept->memory, 1) != KERN_SUCCESS) {
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

/* Pages in a row, in memory, in their object and on the disk: one write. */
struct run {
	struct object	*object;
	uint32_t	number, count;
	vm_offset_t	data;
	slot_t		slot;
};

static void write_run(struct run *run)
{
	if (run->count == 0 || store_write(run->slot, run->data, run->count) == KERN_SUCCESS)
		return;
	printf("[default-pager] The disk does not take %u pages: I keep them in memory for now.\n",
		run->count);
	for (uint32_t i = 0; i < run->count; i++) {
		store_give_back(run->slot + i);
		keep(table_page(run->object, run->number + i), run->data + i * PAGE_SIZE);
	}
}

/* Write it with the run before it, or as the first of a new one. */
static void add_to_run(struct run *run, const struct page *page, vm_offset_t data)
{
	if (run->count > 0 && page->number == run->number + run->count
			&& page->slot == run->slot + run->count) {
		run->count++;
		return;
	}
	write_run(run);
	*run = (struct run) { page->object, page->number, 1, data, page->slot };
}

/* Give the page a place.  Returns: false when it is not to be written. */
static boolean_t find_place(struct page *page, vm_offset_t data)
{
	if (page->memory != 0)
		free_memory(page);
	else if (page->slot != NO_SLOT)
		return TRUE;
	if (store_take(&page->slot))
		return TRUE;
	page->slot = NO_SLOT;
	tell_full();
	keep(page, data);
	return FALSE;
}

/* Memory goes, but for the pages that were kept. */
static void free_rest(struct object *object, uint32_t number, vm_offset_t data, uint32_t count)
{
	vm_offset_t begin = data, end = data + count * PAGE_SIZE;

	for (vm_offset_t at = data; at < end && kept != NULL; at += PAGE_SIZE, number++) {
		struct page *page = table_page(object, number);

		if (page == NULL || page->memory != at)
			continue;
		vm_deallocate(mach_task_self(), begin, at - begin);
		begin = at + PAGE_SIZE;
	}
	vm_deallocate(mach_task_self(), begin, end - begin);
}

boolean_t pages_put(struct object *object, uint32_t number, vm_offset_t data, uint32_t count,
	boolean_t only_new)
{
	struct run run = { .count = 0 };
	boolean_t complete = TRUE;

	for (uint32_t i = 0; i < count; i++) {
		struct page *page = table_page(object, number + i);
		vm_offset_t at = data + i * PAGE_SIZE;

		if (page != NULL && only_new && has_contents(page))
			continue;
		if (page == NULL)
			page = table_new_page(object, number + i);
		if (page == NULL) {
			complete = FALSE;
			continue;
		}
		page->supplied = FALSE;
		if (find_place(page, at))
			add_to_run(&run, page, at);
	}
	write_run(&run);
	free_rest(object, number, data, count);
	return complete;
}

boolean_t pages_has(struct object *object, uint32_t number)
{
	const struct page *page = table_page(object, number);

	return page != NULL && has_contents(page);
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

static void free_place(struct page *page)
{
	if (page->memory != 0)
		free_memory(page);
	else if (page->slot != NO_SLOT)
		store_give_back(page->slot);
	page->slot = NO_SLOT;
}

void pages_supplied(struct object *object, uint32_t number)
{
	struct page *page = table_page(object, number);

	page->supplied = TRUE;
	page->supplies++;
}

static void page_taken(struct page *page, boolean_t success)
{
	if (--page->supplies > 0)
		return;
	if (success && page->supplied && page->control == MACH_PORT_NULL) {
		free_place(page);
		table_free_page(page);
	} else {
		page->supplied = FALSE;
	}
}

void pages_completed(struct object *object, uint32_t number, boolean_t success)
{
	struct page *page = table_page(object, number);

	if (page == NULL || page->supplies == 0)
		return;
	page_taken(page, success);
	use_free_slots();
}

void pages_drop(struct object *object)
{
	for (struct page *page = object->pages, *next; page != NULL; page = next) {
		next = page->next_of_object;
		free_place(page);
		if (page->control != MACH_PORT_NULL)
			pages_not_wanted(page);
	}
	table_free_object(object);
	use_free_slots();
}

/* --- Later --------------------------------------------------------------------------------- */

boolean_t pages_want(struct object *object, uint32_t number, mach_port_t control)
{
	struct page *page = table_page(object, number);

	if (page == NULL)
		page = table_new_page(object, number);
	if (page == NULL || page->control != MACH_PORT_NULL)
		return FALSE;
	page->control = control;
	page->next_wanted = NULL;
	page->link_of_wanted = wanted_end;
	*wanted_end = page;
	wanted_end = &page->next_wanted;
	return TRUE;
}

void pages_not_wanted(struct page *page)
{
	*page->link_of_wanted = page->next_wanted;
	if (page->next_wanted != NULL)
		page->next_wanted->link_of_wanted = page->link_of_wanted;
	else
		wanted_end = page->link_of_wanted;
	mach_port_deallocate(mach_task_self(), page->control);
	page->control = MACH_PORT_NULL;
	if (!has_contents(page))
		table_free_page(page);
}

struct page *pages_wanted(void)
{
	return wanted;
}

boolean_t pages_are_waiting(void)
{
	return wanted != NULL || (kept != NULL && store_free_slots() > 0);
}

void pages_write_kept(void)
{
	use_free_slots();
}
