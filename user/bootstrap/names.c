/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of names. */
#include "names.h"

#include <libmach/memory.h>
#include <libmach/string.h>
#include <mach.h>
#include <servers/netname_defs.h>

struct entry {
	struct entry	*next;
	mach_port_t	port;
	mach_port_t	signature;
	netname_name_t	name;
};

static struct entry *entries;

/* The pointer that points at the entry with that name, or at the end of the list. */
static struct entry **find(const char *name)
{
	struct entry **link = &entries;

	while (*link != NULL && strcmp((*link)->name, name) != 0)
		link = &(*link)->next;
	return link;
}

static void release_right(mach_port_t port)
{
	if (MACH_PORT_VALID(port))
		mach_port_deallocate(mach_task_self(), port);
}

static void remove_entry(struct entry **link)
{
	struct entry *entry = *link;

	*link = entry->next;
	release_right(entry->port);
	release_right(entry->signature);
	free(entry);
}

kern_return_t names_enter(const char *name, mach_port_t port, mach_port_t signature)
{
	struct entry **link = find(name), *entry;

	if (*link != NULL && (*link)->signature != signature)
		return NETNAME_NOT_YOURS;
	entry = malloc(sizeof *entry);
	if (entry == NULL)
		return KERN_RESOURCE_SHORTAGE;
	if (*link != NULL)
		remove_entry(link);
	strncpy(entry->name, name, sizeof entry->name);
	entry->name[sizeof entry->name - 1] = '\0';
	entry->port = port;
	entry->signature = signature;
	entry->next = entries;
	entries = entry;
	return NETNAME_SUCCESS;
}

mach_port_t names_find(const char *name)
{
	struct entry *entry = *find(name);

	return entry == NULL ? MACH_PORT_NULL : entry->port;
}

kern_return_t names_remove(const char *name, mach_port_t signature)
{
	struct entry **link = find(name);

	if (*link == NULL)
		return NETNAME_NOT_CHECKED_IN;
	if ((*link)->signature != signature)
		return NETNAME_NOT_YOURS;
	remove_entry(link);
	return NETNAME_SUCCESS;
}

unsigned int names_remove_port(mach_port_t port)
{
	struct entry **link = &entries;
	unsigned int count = 0;

	while (*link != NULL)
		if ((*link)->port == port) {
			remove_entry(link);
			count++;
		} else {
			link = &(*link)->next;
		}
	return count;
}
