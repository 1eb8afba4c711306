/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page allocator against a model: who owns each page, what must be free, and that all
 * blocks merge back to what there was at the start.
 */
#include <tests/unit/fakes.h>
#include <tests/unit/fakes_pmap.h>

#include <stdlib.h>
#include <string.h>

#include <kern/lock.h>
#include <kern/thread.h>

static struct vm_page_counts counts(void)
{
	struct vm_page_counts c;

	vm_page_get_counts(&c);
	ck_must(c.total == c.free + c.kernel + c.object + c.reserved);
	ck_must(c.free == c.zone_free[0] + c.zone_free[1] + c.zone_free[2]);
	ck_must(c.total == c.zone_total[0] + c.zone_total[1] + c.zone_total[2]);
	return c;
}

/* All memory of a zone and those below it, as blocks of one order, linked by page->object. */
static struct vm_page *take_all(enum vm_zone zone, unsigned int order, unsigned int *number)
{
	struct vm_page *list = NULL, *page;

	for (*number = 0; (page = vm_page_alloc(zone, order)) != NULL; ++*number) {
		page->object = (void *)list;
		list = page;
	}
	return list;
}

static void give_all(struct vm_page *list, unsigned int order)
{
	while (list != NULL) {
		struct vm_page *next = (void *)list->object;

		vm_page_free(list, order);
		list = next;
	}
}

START_TEST(test_start)
{
	struct vm_page_counts c = counts();

	ck_assert_uint_eq(c.total, 0x9F + (FAKE_DIRECT_END - 0x100000) / PAGE_BYTES + 2048);
	ck_assert_uint_eq(c.zone_total[VM_ZONE_DMA], 0x9F + 0xF00);
	ck_assert_uint_eq(c.zone_total[VM_ZONE_HIGH], 2048);
	ck_assert_uint_eq(c.zone_free[VM_ZONE_HIGH], 2048);
	ck_assert_uint_eq(c.object, 0);
	ck_assert_uint_eq(c.wired, 0);
	/* The first page, the kernel, the module, the array. */
	ck_assert_uint_eq(c.reserved - 1 - 0x80 - 3,
			  (c.total * sizeof(struct vm_page) + PAGE_BYTES - 1) / PAGE_BYTES);
	ck_assert_ptr_null(vm_page_from_phys(0x9F000));
	ck_assert_ptr_null(vm_page_from_phys(FAKE_DIRECT_END));
	ck_assert_ptr_null(vm_page_from_phys(0x500000000));
	ck_assert_uint_eq(vm_page_from_phys(0)->state, PAGE_RESERVED);
	ck_assert_uint_eq(vm_page_from_phys(0x17F000)->state, PAGE_RESERVED);
	ck_assert_uint_eq(vm_page_from_phys(FAKE_MODULE_START + 2 * PAGE_BYTES)->state,
			  PAGE_RESERVED);
	ck_assert_uint_ne(vm_page_from_phys(FAKE_MODULE_START + 3 * PAGE_BYTES)->state,
			  PAGE_RESERVED);
}
END_TEST

START_TEST(test_addresses)
{
	for (unsigned int i = 0; i < fake_boot_info.memory_ranges; i++) {
		const struct boot_range *r = &fake_boot_info.memory[i];

		for (phys_addr_t pa = r->start; pa < r->end; pa += PAGE_BYTES) {
			struct vm_page *page = vm_page_from_phys(pa + 123);

			ck_must(page != NULL);
			ck_must(vm_page_to_phys(page) == pa);
			ck_must(vm_page_is_direct(page) == (pa < DIRECT_MAP_MAX));
		}
	}
}
END_TEST

START_TEST(test_zones)
{
	struct vm_page *page = vm_page_alloc(VM_ZONE_DMA, 3);

	ck_assert_uint_lt(vm_page_to_phys(page), 0x1000000);
	vm_page_free(page, 3);
	page = vm_page_alloc(VM_ZONE_DIRECT, 0);
	ck_assert_uint_ge(vm_page_to_phys(page), 0x1000000);
	ck_assert_uint_lt(vm_page_to_phys(page), DIRECT_MAP_MAX);
	vm_page_free(page, 0);
	page = vm_page_alloc(VM_ZONE_HIGH, 5);
	ck_assert_uint_ge(vm_page_to_phys(page), DIRECT_MAP_MAX);
	vm_page_free(page, 5);
}
END_TEST

/* A zone that is used up falls back on the lower ones, never on higher ones. */
START_TEST(test_exhaustion)
{
	struct vm_page_counts before = counts(), c;
	unsigned int low, direct, all;
	struct vm_page *list = take_all(VM_ZONE_DMA, 0, &low);

	ck_assert_uint_eq(low, before.zone_free[VM_ZONE_DMA]);
	give_all(list, 0);
	list = take_all(VM_ZONE_DIRECT, 0, &direct);
	ck_assert_uint_eq(direct, low + before.zone_free[VM_ZONE_DIRECT]);
	c = counts();
	ck_assert_uint_eq(c.free, before.zone_free[VM_ZONE_HIGH]);
	ck_assert_uint_eq(c.kernel, before.kernel + direct);
	give_all(list, 0);
	list = take_all(VM_ZONE_HIGH, 0, &all);
	ck_assert_uint_eq(all, before.free);
	ck_assert_uint_eq(counts().free, 0);
	give_all(list, 0);
	c = counts();
	ck_assert_mem_eq(&c, &before, sizeof c);
}
END_TEST

/* Single pages freed in any order merge to as many large blocks as there were. */
START_TEST(test_merging)
{
	unsigned int large, single, again;
	struct vm_page *list = take_all(VM_ZONE_HIGH, VM_PAGE_ORDER_MAX, &large);
	struct vm_page **pages;

	ck_assert_uint_ge(large, 7);
	give_all(list, VM_PAGE_ORDER_MAX);
	list = take_all(VM_ZONE_HIGH, 0, &single);
	pages = malloc(single * sizeof *pages);
	for (unsigned int i = 0; i < single; i++, list = (void *)list->object)
		pages[i] = list;
	for (unsigned int i = single; i > 0; i--) {
		unsigned int pick = fake_random() % i;

		vm_page_free(pages[pick], 0);
		pages[pick] = pages[i - 1];
	}
	free(pages);
	list = take_all(VM_ZONE_HIGH, VM_PAGE_ORDER_MAX, &again);
	ck_assert_uint_eq(again, large);
	give_all(list, VM_PAGE_ORDER_MAX);
}
END_TEST

/* --- Random operations against a model ---------------------------------------------- */

#define BLOCKS 6000

struct block {
	struct vm_page *page;
	unsigned int order;
};

/* Owner (block number + 1) of each page, by page number. */
static uint16_t owner[FAKE_HIGH_END / PAGE_BYTES];

static void set_owner(const struct block *b, uint16_t from, uint16_t to)
{
	uint32_t first = (uint32_t)(vm_page_to_phys(b->page) >> PAGE_SHIFT);

	ck_must(first % (1u << b->order) == 0);
	for (uint32_t i = 0; i < 1u << b->order; i++) {
		ck_must(vm_page_from_phys((phys_addr_t)(first + i) << PAGE_SHIFT) == b->page + i);
		ck_must(owner[first + i] == from);
		owner[first + i] = to;
	}
}

static uint32_t model_alloc(struct block *b, uint16_t id)
{
	b->order = (unsigned int)__builtin_ctz(fake_random() | 1 << 8);
	b->page = vm_page_alloc(fake_random() % VM_ZONES, b->order);
	if (b->page == NULL)
		return 0;
	ck_must(b->page->state == PAGE_KERNEL);
	set_owner(b, 0, id);
	return 1u << b->order;
}

static uint32_t model_free(struct block *b, uint16_t id)
{
	set_owner(b, id, 0);
	vm_page_free(b->page, b->order);
	b->page = NULL;
	return 1u << b->order;
}

START_TEST(test_random)
{
	static struct block blocks[BLOCKS];
	struct vm_page_counts before = counts(), c;
	uint32_t used = 0, failed = 0;

	/* What is reserved has an owner that is no block. */
	for (uint32_t n = 0; n < FAKE_HIGH_END / PAGE_BYTES; n++) {
		struct vm_page *page = vm_page_from_phys((phys_addr_t)n << PAGE_SHIFT);

		owner[n] = page == NULL || page->state == PAGE_RESERVED ? UINT16_MAX : 0;
	}
	for (unsigned int round = 0; round < 100000; round++) {
		uint16_t pick = (uint16_t)(fake_random() % BLOCKS);
		struct block *b = &blocks[pick];

		if (b->page != NULL) {
			used -= model_free(b, pick + 1);
		} else {
			uint32_t got = model_alloc(b, pick + 1);

			used += got;
			failed += got == 0;
		}
		if (round % 64 == 0)
			ck_must(counts().free == before.free - used);
	}
	ck_assert_uint_gt(failed, 0);
	for (uint16_t i = 0; i < BLOCKS; i++)
		if (blocks[i].page != NULL)
			model_free(&blocks[i], i + 1);
	c = counts();
	ck_assert_mem_eq(&c, &before, sizeof c);
}
END_TEST

/* --- Errors are seen -------------------------------------------------------------------- */

START_TEST(test_double_free)
{
	struct vm_page *page = vm_page_alloc(VM_ZONE_DIRECT, 0);

	vm_page_alloc(VM_ZONE_DIRECT, 5);	/* the counts alone do not tell */
	vm_page_free(page, 0);
	ck_assert_panics(vm_page_free(page, 0));
}
END_TEST

START_TEST(test_free_part_of_free_block)
{
	struct vm_page *page = vm_page_alloc(VM_ZONE_DIRECT, 4);

	vm_page_alloc(VM_ZONE_DIRECT, 5);
	vm_page_free(page, 4);
	ck_assert_panics(vm_page_free(page + 3, 0));
}
END_TEST

START_TEST(test_free_reserved)
{
	vm_page_alloc(VM_ZONE_DIRECT, 5);
	ck_assert_panics(vm_page_free(vm_page_from_phys(0x100000), 0));
}
END_TEST

START_TEST(test_free_unaligned)
{
	struct vm_page *page = vm_page_alloc(VM_ZONE_DIRECT, 2);

	ck_assert_panics(vm_page_free(page + 1, 1));
}
END_TEST

START_TEST(test_free_wired)
{
	struct vm_page *page = vm_page_alloc(VM_ZONE_DIRECT, 0);

	vm_page_wire(page);
	ck_assert_panics(vm_page_free(page, 0));
}
END_TEST

START_TEST(test_free_owned)
{
	struct vm_page *page = vm_page_alloc(VM_ZONE_DIRECT, 0);

	vm_page_set_state(page, PAGE_OBJECT);
	ck_assert_panics(vm_page_free(page, 0));
}
END_TEST

START_TEST(test_write_after_free)
{
	struct vm_page *page = vm_page_alloc(VM_ZONE_DIRECT, 0);
	char *p = vm_page_direct(page);
	unsigned int number;

	vm_page_free(page, 0);
	p[777] = 1;
	ck_assert_panics(take_all(VM_ZONE_DIRECT, 0, &number));
	ck_assert_ptr_nonnull(strstr(fake_panic_message, "was written"));
}
END_TEST

/* --- The rest ------------------------------------------------------------------------------ */

START_TEST(test_counts)
{
	struct vm_page_counts before = counts(), c;
	struct vm_page *page = vm_page_alloc(VM_ZONE_HIGH, 0);

	ck_assert_uint_eq(counts().kernel, before.kernel + 1);
	vm_page_set_state(page, PAGE_OBJECT);
	vm_page_wire(page);
	vm_page_wire(page);
	c = counts();
	ck_assert_uint_eq(c.kernel, before.kernel);
	ck_assert_uint_eq(c.object, 1);
	ck_assert_uint_eq(c.wired, 1);
	vm_page_unwire(page);
	ck_assert_uint_eq(counts().wired, 1);
	vm_page_unwire(page);
	ck_assert_panics(vm_page_unwire(page));
	vm_page_set_state(page, PAGE_KERNEL);
	vm_page_free(page, 0);
	c = counts();
	ck_assert_mem_eq(&c, &before, sizeof c);
}
END_TEST

/* Users get all of the high memory, but leave the kernel its part of the rest. */
START_TEST(test_user_reserve)
{
	struct vm_page_counts before = counts(), c;
	uint32_t got = 0;

	while (vm_page_alloc_user() != NULL)
		got++;
	c = counts();
	ck_assert_uint_eq(c.zone_free[VM_ZONE_HIGH], 0);
	ck_assert_uint_eq(c.free, 256);
	ck_assert_uint_eq(got, before.free - 256);
	ck_assert_ptr_nonnull(vm_page_alloc(VM_ZONE_DIRECT, 0));
}
END_TEST

/* The kernel's own tables and objects grow no further than three eighths, but for who frees memory. */
START_TEST(test_kernel_reserve)
{
	while (vm_page_alloc_user() != NULL)
		ck_assert(vm_page_kernel_may_grow());
	while (counts().free > 97)
		ck_assert_ptr_nonnull(vm_page_alloc(VM_ZONE_DIRECT, 0));
	current_thread()->page_short = false;
	ck_assert(vm_page_kernel_may_grow());
	ck_assert(!current_thread()->page_short);
	ck_assert_ptr_nonnull(vm_page_alloc(VM_ZONE_DIRECT, 0));
	ck_assert(!vm_page_kernel_may_grow());
	ck_assert(current_thread()->page_short);
	current_thread()->page_short = false;
	current_thread()->vm_privileged = true;
	ck_assert(vm_page_kernel_may_grow());
	ck_assert(!current_thread()->page_short);
	current_thread()->vm_privileged = false;
}
END_TEST

/* The reserve is of memory that the kernel can use. */
START_TEST(test_user_high)
{
	unsigned int number;

	take_all(VM_ZONE_DIRECT, 0, &number);
	ck_assert_uint_eq(vm_page_alloc_user()->zone, VM_ZONE_HIGH);
}
END_TEST

static void check_contents(enum vm_zone zone)
{
	struct vm_page *a = vm_page_alloc(zone, 0), *b = vm_page_alloc(zone, 0);
	static char in[PAGE_BYTES], out[PAGE_BYTES], zero[PAGE_BYTES];

	for (size_t i = 0; i < PAGE_BYTES; i++)
		in[i] = (char)fake_random();
	vm_page_zero(b);
	vm_page_read(b, 0, out, PAGE_BYTES);
	ck_assert_mem_eq(out, zero, PAGE_BYTES);
	vm_page_write(a, 0, in, PAGE_BYTES);
	vm_page_copy(a, b);
	vm_page_read(b, 0, out, PAGE_BYTES);
	ck_assert_mem_eq(out, in, PAGE_BYTES);
	vm_page_write(b, 4095, "x", 1);
	vm_page_read(b, 4094, out, 2);
	ck_assert_int_eq(out[0], in[4094]);
	ck_assert_int_eq(out[1], 'x');
	vm_page_read(a, 0, out, PAGE_BYTES);
	ck_assert_mem_eq(out, in, PAGE_BYTES);
	ck_assert_panics(vm_page_read(a, 4095, out, 2));
}

START_TEST(test_contents)
{
	check_contents(VM_ZONE_DIRECT);
	check_contents(VM_ZONE_HIGH);
}
END_TEST

START_TEST(test_free_module)
{
	struct vm_page_counts before = counts();

	/* The last page is only given back when it is given whole. */
	vm_page_boot_free(FAKE_MODULE_START, FAKE_MODULE_START + FAKE_MODULE_SIZE);
	ck_assert_uint_eq(counts().free, before.free + 2);
	vm_page_boot_free(FAKE_MODULE_START, FAKE_MODULE_START + 3 * PAGE_BYTES);
	ck_assert_uint_eq(counts().free, before.free + 3);
	ck_assert_uint_eq(counts().reserved, before.reserved - 3);
	/* What is free or not memory is left alone. */
	vm_page_boot_free(FAKE_MODULE_START, FAKE_MODULE_START + 0x10000);
	vm_page_boot_free(0x9F000, 0x100000);
	ck_assert_uint_eq(counts().free, before.free + 3);
}
END_TEST

/* Modules may lie anywhere, also where the array would be put first. */
START_TEST(test_boot_crowded)
{
	struct boot_info info = fake_boot_info;
	struct vm_page *page;

	info.modules = 3;
	info.module[1] = (struct boot_module){ 0x1000000, 0x800001, "" };
	info.module[2] = (struct boot_module){ 0x1802000, 0x1000, "" };
	fake_memory_map();
	memset(phys_to_direct(0x1000000), 0x77, 0x801000);
	vm_page_boot(&info);
	for (uint32_t i = 0; i < 0x800001; i += 1000)
		ck_must(((char *)phys_to_direct(0x1000000))[i] == 0x77);
	page = vm_page_from_phys(0x1802000);
	ck_assert_uint_eq(page->state, PAGE_RESERVED);
	ck_assert_uint_ne((page - 1)->state, PAGE_RESERVED);
	counts();
}
END_TEST

START_TEST(test_boot_small)
{
	struct boot_info info = fake_boot_info;
	unsigned int number;

	info.memory_ranges = 2;
	info.memory[1].end = 0x400000;
	fake_memory_map();
	vm_page_boot(&info);
	ck_assert_uint_eq(counts().total, 0x9F + 0x300);
	take_all(VM_ZONE_HIGH, 0, &number);
	ck_assert_uint_gt(number, 0x300);
}
END_TEST

START_TEST(test_boot_no_room)
{
	struct boot_info info = fake_boot_info;

	info.memory[1].end = 0x182000;
	info.memory[0].end = 0x2000;
	fake_memory_map();
	ck_assert_panics(vm_page_boot(&info));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("page");
	TCase *boot = tcase_create("boot"), *tcase = tcase_create("alloc");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, fake_machine_start, NULL);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, test_start);
	tcase_add_test(tcase, test_addresses);
	tcase_add_test(tcase, test_zones);
	tcase_add_test(tcase, test_exhaustion);
	tcase_add_test(tcase, test_merging);
	tcase_add_test(tcase, test_random);
	tcase_add_test(tcase, test_double_free);
	tcase_add_test(tcase, test_free_part_of_free_block);
	tcase_add_test(tcase, test_free_reserved);
	tcase_add_test(tcase, test_free_unaligned);
	tcase_add_test(tcase, test_free_wired);
	tcase_add_test(tcase, test_free_owned);
	tcase_add_test(tcase, test_write_after_free);
	tcase_add_test(tcase, test_counts);
	tcase_add_test(tcase, test_user_reserve);
	tcase_add_test(tcase, test_kernel_reserve);
	tcase_add_test(tcase, test_user_high);
	tcase_add_test(tcase, test_contents);
	tcase_add_test(tcase, test_free_module);
	tcase_add_test(boot, test_boot_crowded);
	tcase_add_test(boot, test_boot_small);
	tcase_add_test(boot, test_boot_no_room);
	suite_add_tcase(suite, tcase);
	suite_add_tcase(suite, boot);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
