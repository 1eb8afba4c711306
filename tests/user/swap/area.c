/* SPDX-License-Identifier: BSD-2-Clause */
#include "area.h"

#include <mach.h>

#include "../common/tap.h"

#define PAGE_WORDS	(PAGE_SIZE / sizeof(uint32_t))

/* In `make check' a few words in each page; else more. */
#define FEW_WORDS	127u
#define MORE_WORDS	5u

void area_new(struct area *area, uint32_t number, unsigned int pages)
{
	*area = (struct area) {
		.pages = pages,
		.number = number,
		.step = tap_rounds(FEW_WORDS, MORE_WORDS),
	};
	EXPECT(vm_allocate(SELF, &area->base, pages * PAGE_SIZE, TRUE), KERN_SUCCESS);
}

void area_free(struct area *area)
{
	EXPECT(vm_deallocate(SELF, area->base, area->pages * PAGE_SIZE), KERN_SUCCESS);
}

struct area area_at(const struct area *area, vm_offset_t base)
{
	struct area other = *area;

	other.base = base;
	return other;
}

/* The n-th page in the order of a version. */
static unsigned int nth(const struct area *area, uint32_t version, unsigned int n)
{
	switch (version % 3) {
	case 1:
		return n;
	case 2:
		return area->pages - 1 - n;
	default:
		/* All of them once, if the number of pages has no factor in common with this one. */
		return area->pages % 7919 == 0 ? n : n * 7919u % area->pages;
	}
}

static volatile uint32_t *page_at(const struct area *area, unsigned int page)
{
	return (volatile uint32_t *) (area->base + page * PAGE_SIZE);
}

static uint32_t first_word(const struct area *area, uint32_t version, unsigned int page)
{
	return (area->number * 65599u + page) * 0x9e3779b1u + version * 0x85ebca6bu;
}

static void write_page(const struct area *area, uint32_t version, unsigned int page)
{
	uint32_t word = first_word(area, version, page);

	for (unsigned int i = 0; i < PAGE_WORDS; i += area->step)
		page_at(area, page)[i] = word + i;
}

static unsigned int check_page(const struct area *area, uint32_t version, unsigned int page)
{
	uint32_t word = first_word(area, version, page);
	unsigned int wrong = 0;

	for (unsigned int i = 0; i < PAGE_WORDS; i += area->step)
		wrong += page_at(area, page)[i] != word + i;
	return wrong;
}

void area_write(const struct area *area, uint32_t version)
{
	for (unsigned int n = 0; n < area->pages; n++)
		write_page(area, version, nth(area, version, n));
}

unsigned int area_check(const struct area *area, uint32_t version)
{
	unsigned int wrong = 0;

	for (unsigned int n = 0; n < area->pages; n++)
		wrong += check_page(area, version, nth(area, version + 1, n));
	return wrong;
}

unsigned int area_update(const struct area *area, uint32_t version)
{
	unsigned int wrong = 0;

	for (unsigned int n = 0; n < area->pages; n++) {
		unsigned int page = nth(area, version, n);

		wrong += check_page(area, version - 1, page);
		write_page(area, version, page);
	}
	return wrong;
}
