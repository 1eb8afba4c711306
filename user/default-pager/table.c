/* SPDX-License-Identifier: BSD-2-Clause */
/* Which page is where: two hash tables with chains. */
#include "table.h"

#include <libmach/memory.h>
#include <mach.h>
#include <mach/mach_host.h>
#include <mach/vm_param.h>

static mach_port_t host_priv;
static struct page *free_pages, **page_chains;
static struct object *free_objects, **object_chains;
static uint32_t chain_mask;	/* of both tables */

static struct object **object_chain(mach_port_t port)
{
	/* The lowest byte of names often is the same. */
	return &object_chains[(port ^ port >> 8) & chain_mask];
}

/* An object's pages lie side by side, objects wherever their records are. */
static struct page **page_chain(const struct object *object, uint32_t number)
{
	uint32_t seed = (uint32_t) (uintptr_t) object * 0x9e3779b1u;

	return &page_chains[((seed >> 8) + number) & chain_mask];
}

static void free_records(struct page *pages, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		pages[i].next = free_pages;
		free_pages = &pages[i];
	}
}

static kern_return_t make_pages(uint32_t count)
{
	struct page *pages = calloc(count, sizeof *pages);

	if (pages == NULL)
		return KERN_RESOURCE_SHORTAGE;
	free_records(pages, count);
	return KERN_SUCCESS;
}

static kern_return_t make_objects(uint32_t count)
{
	struct object *objects = calloc(count, sizeof *objects);

	if (objects == NULL)
		return KERN_RESOURCE_SHORTAGE;
	for (uint32_t i = 0; i < count; i++) {
		objects[i].next = free_objects;
		free_objects = &objects[i];
	}
	return KERN_SUCCESS;
}

kern_return_t table_init(mach_port_t host, uint32_t disk_pages, uint32_t memory_pages)
{
	uint32_t chains = 1024;
	kern_return_t result;

	host_priv = host;
	while (chains < disk_pages)
		chains *= 2;
	page_chains = calloc(chains, sizeof *page_chains);
	object_chains = calloc(chains, sizeof *object_chains);
	chain_mask = chains - 1;
	if (page_chains == NULL || object_chains == NULL)
		return KERN_RESOURCE_SHORTAGE;
	result = make_pages(disk_pages + memory_pages);
	return result == KERN_SUCCESS ? make_objects(memory_pages) : result;
}

struct object *table_object(mach_port_t port)
{
	struct object *object = *object_chain(port);

	while (object != NULL && object->port != port)
		object = object->next;
	return object;
}

struct object *table_new_object(mach_port_t port)
{
	struct object **chain = object_chain(port), *object = free_objects;

	if (object == NULL)
		return NULL;
	free_objects = object->next;
	*object = (struct object) { .next = *chain, .port = port };
	*chain = object;
	return object;
}

struct page *table_page(struct object *object, uint32_t number)
{
	struct page *page = *page_chain(object, number);

	while (page != NULL && (page->object != object || page->number != number))
		page = page->next;
	return page;
}

static void list_of_object(struct page *page)
{
	struct page **list = &page->object->pages;

	page->next_of_object = *list;
	page->link_of_object = list;
	if (*list != NULL)
		(*list)->link_of_object = &page->next_of_object;
	*list = page;
}

/* Some records more, wired as the others are. */
static void make_more(void)
{
	vm_offset_t memory = 0;

	if (vm_allocate(mach_task_self(), &memory, PAGE_SIZE, TRUE) != KERN_SUCCESS)
		return;
	if (vm_wire(host_priv, mach_task_self(), memory, PAGE_SIZE, VM_PROT_READ | VM_PROT_WRITE)
			== KERN_SUCCESS)
		free_records((struct page *) memory, PAGE_SIZE / sizeof(struct page));
	else
		vm_deallocate(mach_task_self(), memory, PAGE_SIZE);
}

struct page *table_new_page(struct object *object, uint32_t number)
{
	struct page **chain = page_chain(object, number), *page;

	if (free_pages == NULL)
		make_more();
	page = free_pages;
	if (page == NULL)
		return NULL;
	free_pages = page->next;
	*page = (struct page) { .next = *chain, .object = object, .number = number,
		.slot = NO_SLOT };
	*chain = page;
	list_of_object(page);
	return page;
}

void table_free_page(struct page *page)
{
	struct page **link = page_chain(page->object, page->number);

	while (*link != page)
		link = &(*link)->next;
	*link = page->next;
	*page->link_of_object = page->next_of_object;
	if (page->next_of_object != NULL)
		page->next_of_object->link_of_object = page->link_of_object;
	page->next = free_pages;
	free_pages = page;
}

void table_free_object(struct object *object)
{
	struct object **link = object_chain(object->port);
	struct page *page, *next;

	for (page = object->pages; page != NULL; page = next) {
		next = page->next_of_object;
		table_free_page(page);
	}
	while (*link != object)
		link = &(*link)->next;
	*link = object->next;
	object->next = free_objects;
	free_objects = object;
}
