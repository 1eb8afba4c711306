/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of what the machine's part of the kernel promises. */
#include "ktest.h"

#include <i386/irq.h>
#include <i386/ksym.h>
#include <i386/pmap_types.h>
#include <kern/machine.h>
#include <kern/percpu.h>
#include <kern/string.h>
#include <mach/i386/eflags.h>
#include <vm/kmem.h>
#include <vm/pmap.h>

/* --- The kernel's own mappings ------------------------------------------------------------- */

extern char _text_start[], _data_start[], _rodata_start[], _rodata_end[];

static bool safe_access(const struct pte *pte)
{
	bool executable = machine_info.has_nx && !(pte->high & PTE_HIGH_NX);

	return !(pte->low & PTE_USER) && !((pte->low & PTE_WRITE) && executable);
}

static void check_table(const struct pte *table)
{
	for (unsigned int i = 0; i < TABLE_ENTRIES; i++)
		if (pte_valid(&table[i]))
			CHECK(safe_access(&table[i]));
}

static bool is_in(const char *p, const char *start, const char *end)
{
	return p >= start && p < end;
}

/* A page of the kernel's image: only text is executable, only data is writable. */
static bool image_access(const char *page)
{
	const struct pte *pte = pmap_find_pte(&kernel_pmap, (vm_offset_t)page);
	bool executable = is_in(page, _text_start, _data_start);
	bool writable = is_in(page, _data_start, _rodata_start);

	if (!pte_valid(pte))		/* below the first stack */
		return true;
	return !(pte->low & PTE_WRITE) == !writable &&
	       (!machine_info.has_nx || !(pte->high & PTE_HIGH_NX) == executable);
}

/*
 * TM-11: in all page tables of the kernel nothing is both writable and executable, nothing is the
 * user's, and the low addresses are empty.
 */
static void test_kernel_access(void)
{
	for (unsigned int i = 0; i < KERNEL_DIRECTORY; i++)
		CHECK(!pte_valid(&kernel_pmap.directory[i]));
	for (unsigned int i = 0; i < TABLE_ENTRIES; i++) {
		const struct pte *entry = &kernel_directory[i];

		if (pte_valid(entry) && (entry->low & PTE_LARGE))
			CHECK(safe_access(entry));
		else if (pte_valid(entry))
			check_table(pte_table(entry));
	}
	for (const char *page = _text_start; page < _rodata_end; page += PAGE_BYTES)
		if (!CHECK(image_access(page)))
			break;
}

/* --- Address spaces against a model ---------------------------------------------------------- */

#define SPACES	3
#define PAGES	32
#define PLACES	128
#define STEPS	20000

static struct pmap *spaces[SPACES];
static struct vm_page *pages[PAGES];

/* What is mapped: page number + 1, or 0; and how. */
static struct {
	int page;
	vm_prot_t prot;
} model[SPACES][PLACES];

static uint32_t random_below(uint32_t limit)
{
	static uint32_t seed = 20260822;

	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % limit;
}

/* Many places in few tables, in all directories of user space. */
static vm_offset_t place_address(int place)
{
	return (vm_offset_t)(place % 3) * DIRECTORY_SPAN + (vm_offset_t)(place / 16) * LARGE_PAGE +
	       (vm_offset_t)(place * 37 % 512) * PAGE_BYTES;
}

static void model_lower(int space, int place, vm_prot_t prot)
{
	if (!(prot & VM_PROT_READ))
		model[space][place].page = 0;
	model[space][place].prot &= prot;
}

static void step_enter(int space, int place, vm_prot_t prot)
{
	int page = (int)random_below(PAGES);

	CHECK(pmap_enter(spaces[space], place_address(place), vm_page_to_phys(pages[page]), prot,
			 false));
	model[space][place].page = prot & VM_PROT_READ ? page + 1 : 0;
	model[space][place].prot = prot;
}

static void step_range(int space, int place, vm_prot_t prot)
{
	vm_offset_t start = place_address(place);
	vm_offset_t end = start + random_below(3 * 512) * PAGE_BYTES;

	if (prot == VM_PROT_NONE)
		pmap_remove(spaces[space], start, end);
	else
		pmap_protect(spaces[space], start, end, prot);
	for (int i = 0; i < PLACES; i++)
		if (place_address(i) >= start && place_address(i) < end)
			model_lower(space, i, prot);
}

static void step_page(int page, vm_prot_t prot)
{
	pmap_page_protect(pages[page], prot);
	for (int space = 0; space < SPACES; space++)
		for (int i = 0; i < PLACES; i++)
			if (model[space][i].page == page + 1)
				model_lower(space, i, prot);
}

static void step_renew(int space)
{
	pmap_destroy(spaces[space]);
	spaces[space] = pmap_create();
	for (int i = 0; i < PLACES; i++)
		model[space][i].page = 0;
}

static void random_step(void)
{
	int space = (int)random_below(SPACES), place = (int)random_below(PLACES);
	vm_prot_t prot = (vm_prot_t)random_below(VM_PROT_ALL + 1);
	uint32_t choice = random_below(64);

	if (choice < 40)
		step_enter(space, place, prot);
	else if (choice < 56)
		step_range(space, place, prot);
	else if (choice < 63)
		step_page((int)random_below(PAGES), prot);
	else
		step_renew(space);
}

static bool entry_is(int space, int place)
{
	struct pte *pte = pmap_find_pte(spaces[space], place_address(place));
	vm_prot_t prot = model[space][place].prot;
	int page = model[space][place].page;
	phys_addr_t pa;

	if (!pmap_extract(spaces[space], place_address(place), &pa))
		return page == 0;
	return page != 0 && pa == vm_page_to_phys(pages[page - 1]) && (pte->low & PTE_USER) &&
	       !(pte->low & PTE_WRITE) == !(prot & VM_PROT_WRITE) &&
	       pte->high == (prot & VM_PROT_EXECUTE ? 0 : pmap_nx);
}

static void compare_with_model(void)
{
	for (int space = 0; space < SPACES; space++) {
		uint32_t mapped = 0;

		for (int i = 0; i < PLACES; i++) {
			CHECK(entry_is(space, i));
			mapped += model[space][i].page != 0;
		}
		CHECK(pmap_resident_count(spaces[space]) == mapped);
	}
}

static struct vm_page *object_page(void)
{
	struct vm_page *page = vm_page_alloc_user();

	vm_page_set_state(page, PAGE_OBJECT);
	vm_page_zero(page);
	return page;
}

static void free_object_page(struct vm_page *page)
{
	CHECK(page->mappings == NULL);
	vm_page_set_state(page, PAGE_KERNEL);
	vm_page_free(page, 0);
}

static void test_pmap_model(void)
{
	memset(model, 0, sizeof(model));
	for (int i = 0; i < PAGES; i++)
		pages[i] = object_page();
	for (int i = 0; i < SPACES; i++)
		spaces[i] = pmap_create();
	for (int step = 0; step < STEPS; step++) {
		random_step();
		if (step % 256 == 0)
			compare_with_model();
	}
	compare_with_model();
	for (int i = 0; i < SPACES; i++)
		pmap_destroy(spaces[i]);
	for (int i = 0; i < PAGES; i++)
		free_object_page(pages[i]);
}

/* --- User memory ------------------------------------------------------------------------------ */

#define HERE	0x10000000u	/* two pages, of which the first is mapped */
#define LAST	(HERE + PAGE_BYTES)

static struct pmap *space_before, *space;
static struct vm_page *here;

static void user_begin(void)
{
	space_before = current_cpu()->pmap;
	space = pmap_create();
	here = object_page();
	CHECK(pmap_enter(space, HERE, vm_page_to_phys(here), VM_PROT_READ | VM_PROT_WRITE, false));
	pmap_activate(space);
}

static void user_end(void)
{
	pmap_activate(space_before);
	pmap_destroy(space);
	free_object_page(here);
}

/* The notes of use come from the processor, survive a mapping, and can be taken back. */
static void test_page_bits(void)
{
	uint32_t word = 5;

	user_begin();
	CHECK(!pmap_page_referenced(here) && !pmap_page_modified(here));
	CHECK(copyin((void *)HERE, &word, 4) == 0 && word == 0);
	CHECK(pmap_page_referenced(here) && !pmap_page_modified(here));
	CHECK(copyout(&word, (void *)HERE, 4) == 0);
	CHECK(pmap_page_modified(here));
	pmap_page_clear_modified(here);
	CHECK(!pmap_page_modified(here));
	CHECK(copyout(&word, (void *)HERE, 4) == 0);
	pmap_remove(space, HERE, LAST);
	CHECK(pmap_page_modified(here));
	user_end();
}

static char pattern[512], result[512];

/* Every length and alignment, up to the last byte that is mapped. */
static void test_copy_sizes(void)
{
	user_begin();
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (char)(i * 7 + 1);
	for (size_t size = 0; size < 300; size++) {
		void *user = (void *)(LAST - size);

		memset(result, 0, sizeof(result));
		CHECK(copyout(pattern + size % 5, user, size) == 0);
		CHECK(copyin(user, result, size) == 0);
		CHECK(memcmp(result, pattern + size % 5, size) == 0 && result[size] == 0);
		CHECK(copyoutmsg(pattern, user, size) == 0);
		CHECK(copyinmsg(user, result, size & ~3u) == 0);
		CHECK(memcmp(result, pattern, size & ~3u) == 0);
	}
	user_end();
}

static void test_copy_refused(void)
{
	void *limit = (void *)KERNEL_BASE, *edge = (void *)(KERNEL_BASE - 1);

	CHECK(copyin(limit, result, 0) == 0 && copyin(limit, result, 1) == 1);
	CHECK(copyin(edge, result, 2) == 1 && copyout(pattern, edge, 2) == 1);
	CHECK(copyinmsg(_data_start, result, 4) == 1 && copyoutmsg(pattern, _data_start, 4) == 1);
	for (uint32_t size = 0xffffffff; size >= KERNEL_BASE; size = size / 2 + 0x3fffffff)
		CHECK(copyin((void *)0x1000, result, size) == 1);
}

/* A fault that cannot be served ends the copy, with user memory closed again. */
static void test_copy_faults(void)
{
	uint32_t flags;

	user_begin();
	CHECK(copyin((void *)(LAST - 2), result, 4) == 1);
	CHECK(copyout(pattern, (void *)(LAST - 2), 4) == 1);
	CHECK(copyinmsg((void *)(LAST - 4), result, 8) == 1);
	CHECK(copyoutmsg(pattern, (void *)(LAST - 4), 8) == 1);
	CHECK(copyoutmsg(pattern, (void *)(LAST - 2), 3) == 1);
	pmap_protect(space, HERE, LAST, VM_PROT_READ);
	CHECK(copyout(pattern, (void *)HERE, 4) == 1);
	CHECK(copyin((void *)HERE, result, 4) == 0);
	__asm__ volatile("pushfl; popl %0" : "=r"(flags));
	CHECK(!(flags & EFL_AC));
	user_end();
}

static void test_copy_string(void)
{
	const size_t size = sizeof("hello");
	char *string = (char *)(LAST - size);
	size_t length = 0;

	user_begin();
	CHECK(copyout("hello", string, size) == 0);
	CHECK(copyinstr(string, result, sizeof(result), &length) == 0);
	CHECK(length == size && memcmp(result, "hello", size) == 0);
	CHECK(copyinstr(string, result, size, &length) == 0);
	CHECK(copyinstr(string, result, size - 1, &length) == 1);
	CHECK(copyinstr(string, result, 0, &length) == 1);
	CHECK(copyinstr(_data_start, result, sizeof(result), &length) == 1);
	CHECK(copyout("!", string + size - 1, 1) == 0);
	CHECK(copyinstr(string, result, sizeof(result), &length) == 1);
	user_end();
}

/* --- Time, names --------------------------------------------------------------------------- */

static void test_clock(void)
{
	uint64_t begin = machine_uptime_ns(), last = begin, now;

	for (int i = 0; i < 10000; i++, last = now) {
		now = machine_uptime_ns();
		CHECK(now >= last);
	}
	begin = machine_uptime_ns();
	ktest_sleep(200);
	now = machine_uptime_ns() - begin;
	/* The clock interrupts of an emulator under load are late, and then close together. */
	CHECK(now >= 100000000 && now < 20000000000);
	CHECK(machine_rtc_seconds() > 1577836800);	/* 2020 */
}

static void test_symbols(void)
{
	uint32_t offset = 1;
	const char *name = ksym_lookup((uint32_t)irq_handler + 1, &offset);

	CHECK(name != NULL && strcmp(name, "irq_handler") == 0 && offset == 1);
	CHECK(ksym_lookup((uint32_t)_data_start, &offset) == NULL);
	CHECK(ksym_lookup(0, &offset) == NULL);
	for (uint32_t i = 1; i < ksym_count; i++)
		CHECK(ksym_table[i - 1].address <= ksym_table[i].address);
}

static void test_temporary(void)
{
	uint32_t *one = pmap_temp_map(vm_page_to_phys(here = object_page()));
	uint32_t *two = pmap_temp_map(vm_page_to_phys(here));
	uint32_t word = 0;

	CHECK(one != two);
	*one = 4711;
	CHECK(*two == 4711);
	pmap_temp_unmap(two);
	pmap_temp_unmap(one);
	vm_page_read(here, 0, &word, sizeof(word));
	CHECK(word == 4711);
	free_object_page(here);
}

/* --- Looking at what may not be there -------------------------------------------------------- */

static void test_peek(void)
{
	uint32_t *buffer = kmem_alloc(2 * PAGE_BYTES), word = 5;

	if (!CHECK(buffer != NULL))
		return;
	buffer[1023] = 77;
	CHECK(machine_peek(&buffer[1023], &word) && word == 77);
	CHECK(machine_peek(_text_start, &word) && word == *(uint32_t *)_text_start);
	word = 5;
	CHECK(!machine_peek((char *)buffer + 2, &word));
	CHECK(!machine_peek(buffer + 2 * PAGE_BYTES / 4, &word));	/* nothing is behind */
	CHECK(!machine_peek(NULL, &word));
	CHECK(!machine_peek((void *)(KERNEL_BASE - 4), &word));
	kmem_free(buffer, 2 * PAGE_BYTES);
	CHECK(!machine_peek(buffer, &word));
	CHECK(word == 5);
}

const struct ktest machine_tests[] = {
	{ "TM-11 nothing is writable and executable", test_kernel_access },
	{ "address spaces do as a model does", test_pmap_model },
	{ "pages know that they were used", test_page_bits },
	{ "copies of every size", test_copy_sizes },
	{ "copies beyond the user's limit", test_copy_refused },
	{ "copies that fault", test_copy_faults },
	{ "copies of strings", test_copy_string },
	{ "time goes on", test_clock },
	{ "functions have names", test_symbols },
	{ "temporary mappings", test_temporary },
	{ "words that may not be there", test_peek },
	{ NULL, NULL },
};
