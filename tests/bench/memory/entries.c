/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps with few and with many entries: what is done to one entry must cost nearly the same in
 * both.  Places are chosen all over the map.
 */
#include <libmach/print.h>
#include <libmach/string.h>
#include <mach.h>
#include <mach/vm_param.h>

#include "../common/measure.h"
#include "rows.h"

/* Each second page differs from its neighbours, and has not been touched. */
vm_offset_t allocate_entries(unsigned int entries)
{
	vm_offset_t base = 0;

	must("allocate", vm_allocate(SELF, &base, entries * PAGE_SIZE, TRUE));
	for (unsigned int i = 1; i < entries; i += 2)
		must("inherit", vm_inherit(SELF, base + i * PAGE_SIZE, PAGE_SIZE,
			VM_INHERIT_NONE));
	return base;
}

struct place {
	vm_offset_t	base;
	unsigned int	entries;
	unsigned int	number;		/* of the entry that was chosen last */
};

/* Always in steps over the same entries: 7919 is prime. */
static vm_offset_t next_place(struct place *place)
{
	place->number = (place->number + 7919) % place->entries;
	return place->base + place->number * PAGE_SIZE;
}

static void fault(void *argument)
{
	*(volatile uint32_t *) next_place(argument) = 1;
}

static void region(void *argument)
{
	vm_offset_t address = next_place(argument), offset;
	vm_size_t size;
	vm_prot_t protection, maximum;
	vm_inherit_t inheritance;
	boolean_t shared;
	mach_port_t name;

	must("region", vm_region(SELF, &address, &size, &protection, &maximum, &inheritance,
		&shared, &name, &offset));
}

/* There and back. */
static void protect(void *argument)
{
	struct place *place = argument;
	vm_offset_t address = next_place(place);

	must("protect", vm_protect(SELF, address, PAGE_SIZE, FALSE, VM_PROT_READ));
	must("protect", vm_protect(SELF, address, PAGE_SIZE, FALSE, VM_PROT_DEFAULT));
}

/* A hole, and what is put into it at its place. */
static void replace(void *argument)
{
	vm_offset_t address = next_place(argument);

	must("deallocate", syscall_vm_deallocate(SELF, address, PAGE_SIZE));
	must("allocate", syscall_vm_allocate(SELF, &address, PAGE_SIZE, FALSE));
}

/* The lowest place that there is: behind all entries, which fill what is below. */
static void anywhere(void *argument)
{
	vm_offset_t address = 0;

	(void) argument;
	must("allocate", syscall_vm_allocate(SELF, &address, 2 * PAGE_SIZE, TRUE));
	must("deallocate", syscall_vm_deallocate(SELF, address, 2 * PAGE_SIZE));
}

static void row(const char *operation, const char *count_name, void (*function)(void *),
	struct place *place)
{
	char name[40];

	snprintf(name, sizeof name, "map-%s-%s", count_name, operation);
	measure(name, function, place, NULL);
}

/* Faults: each entry's first, as long as there are entries; then there is none. */
static void measure_first_faults(const char *count_name, struct place *place)
{
	char name[40];

	snprintf(name, sizeof name, "map-%s-fault", count_name);
	measure_each(name, 8, fault, place, NULL, NULL);
}

void measure_entries(const char *count_name, unsigned int entries)
{
	static struct place place;

	place = (struct place) { .base = allocate_entries(entries), .entries = entries };
	measure_first_faults(count_name, &place);
	row("region", count_name, region, &place);
	row("protect", count_name, protect, &place);
	row("replace", count_name, replace, &place);
	row("anywhere", count_name, anywhere, &place);
	must("deallocate", vm_deallocate(SELF, place.base, entries * PAGE_SIZE));
}
