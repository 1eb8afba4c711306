/* SPDX-License-Identifier: BSD-2-Clause */
#include <vm/print.h>

#include <kern/peek.h>
#include <kern/printf.h>
#include <vm/map.h>
#include <vm/object.h>
#include <vm/pager.h>

#define ENTRIES_MAX 200u

static unsigned int address(const void *p)
{
	return (uintptr_t)p;
}

/* As rwx, a letter for each that is allowed. */
static void print_protection(unsigned int protection)
{
	printf("%c%c%c", protection & VM_PROT_READ ? 'r' : '-',
	       protection & VM_PROT_WRITE ? 'w' : '-', protection & VM_PROT_EXECUTE ? 'x' : '-');
}

static const char *inheritance_text(unsigned int inheritance)
{
	static const char *const names[] = { "share", "copy", "none" };

	return inheritance < 3 ? names[inheritance] : "?";
}

static void print_entry(const struct vm_map_entry *entry)
{
	printf("  %08x-%08x ", (unsigned int)entry->start, (unsigned int)entry->end);
	print_protection(entry->protection);
	printf("/");
	print_protection(entry->max_protection);
	printf(" %s%s%s", inheritance_text(entry->inheritance), entry->shared ? ", shared" : "",
	       entry->wired ? ", wired" : "");
	if (entry->object != NULL)
		printf(", object 0x%x from page %u", address(entry->object), entry->index);
	printf("\n");
}

static bool print_entry_of_link(const struct queue_link *link, void *arg)
{
	const struct vm_map_entry *entry = container_of(link, struct vm_map_entry, link);
	uint32_t *room = arg;

	if (*room == 0) {
		printf("  ...\n");
		return false;
	}
	--*room;
	if (peek_readable(entry, sizeof(*entry)))
		print_entry(entry);
	return true;
}

void vm_print_map(const struct vm_map *map)
{
	uint32_t room = ENTRIES_MAX;

	if (!peek_readable(map, sizeof(*map))) {
		printf("map 0x%x: not there\n", address(map));
		return;
	}
	printf("map 0x%x: %u references, %u bytes, %u of them wired, limit %u%s\n", address(map),
	       map->ref_count, (unsigned int)map->size, (unsigned int)map->size_wired,
	       (unsigned int)map->limit, map->dead ? ", terminated" : "");
	if (!peek_each(&map->entries, print_entry_of_link, &room))
		printf("  the list of entries is damaged\n");
}

static void print_pager(const struct vm_pager *pager)
{
	static const char *const states[] = { "new", "ready", "dead" };

	if (!peek_readable(pager, sizeof(*pager))) {
		printf("  pager 0x%x: not there\n", address(pager));
		return;
	}
	printf("  pager 0x%x: %s, port 0x%x, control 0x%x, %u requests\n", address(pager),
	       pager->state < 3 ? states[pager->state] : "?", address(pager->port),
	       address(pager->control), pager->request_count);
}

void vm_print_object(const struct vm_object *object)
{
	for (uint32_t i = 0; object != NULL && i <= OBJECT_HEIGHT_MAX; i++) {
		bool damaged;

		if (!peek_readable(object, sizeof(*object))) {
			printf("object 0x%x: not there\n", address(object));
			return;
		}
		printf("object 0x%x: %u pages here, %u entries, %u snapshots%s%s\n",
		       address(object), object->resident, object->entry_count,
		       peek_length(&object->snapshots, &damaged),
		       object->frozen ? ", frozen" : "", object->wirings ? ", wired" : "");
		if (object->pager != NULL)
			print_pager(object->pager);
		object = object->shadow;
	}
}
