/* SPDX-License-Identifier: BSD-2-Clause */
/* Rings of the event trace: what readers get, whatever is lost. */
#include <tests/unit/fakes.h>
#include <tests/unit/fakes_pmap.h>

#include <string.h>

#include <kern/machine.h>
#include <kern/percpu.h>
#include <kern/slab.h>
#include <kern/thread.h>
#include <kern/trace.h>
#include <mach/porter_server.h>
#include <vm/kmem.h>

#define HOST ((struct host *)1)

static uint32_t switched;		/* what the machine was told last */
static bool no_copy;
static trace_record_t got[TRACE_RECORDS];
static mach_msg_type_number_t count;
static uint64_t next;

void machine_trace_switch(uint32_t kinds)
{
	switched = kinds;
	trace_host_mask = kinds;
}

vm_map_copy_t vm_map_copy_from_kernel(const void *data, vm_size_t size);

vm_map_copy_t vm_map_copy_from_kernel(const void *data, vm_size_t size)
{
	ck_must(size > 0 && size <= sizeof(got));
	if (no_copy)
		return NULL;
	memcpy(got, data, size);
	return (vm_map_copy_t)got;
}

static kern_return_t read_from(uint64_t from)
{
	vm_map_copy_t copy = (vm_map_copy_t)1;

	count = 4711;
	next = 4712;
	return host_trace_read(HOST, 0, from, &copy, &count, &next);
}

static void start_memory(void)
{
	inject_pause();
	kmem_init();
	inject_begin();
	inject_resume();
}

static void start(void)
{
	start_memory();
	current_thread()->id = 55;
	ck_assert_int_eq(host_trace_control(HOST, TRACE_ALL), KERN_SUCCESS);
}

static void add(uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		if (trace_on(i % TRACE_KINDS))
			trace_record(i % TRACE_KINDS, i, ~i, i * 3);
}

/* The records from number `first` on, each with its contents. */
static void expect(uint32_t first, uint32_t end)
{
	ck_assert_uint_eq(count, end - first);
	ck_assert_uint_eq(next, end);
	for (uint32_t i = first; i < end; i++) {
		trace_record_t *r = &got[i - first];

		ck_assert_uint_eq(r->tr_kind, i % TRACE_KINDS);
		ck_assert_uint_eq(r->tr_cpu, 0);
		ck_assert_uint_eq(r->tr_thread, 55);
		ck_assert_uint_eq(r->tr_word[0], i);
		ck_assert_uint_eq(r->tr_word[1], ~i);
		ck_assert_uint_eq(r->tr_word[2], i * 3);
	}
}

START_TEST(test_off)
{
	start_memory();
	ck_assert_int_eq(read_from(0), KERN_SUCCESS);
	ck_assert_uint_eq(count, 0);
	ck_assert_uint_eq(next, 0);
	ck_assert_int_eq(read_from(1), KERN_INVALID_ARGUMENT);
	trace_record(0, 1, 2, 3);	/* no ring */
	ck_assert_int_eq(host_trace_control(HOST, 0), KERN_SUCCESS);
	ck_assert_ptr_null(current_cpu()->trace);
	ck_assert_uint_eq(kmem_pages_used(), 0);
}
END_TEST

START_TEST(test_arguments)
{
	vm_map_copy_t copy;

	start_memory();
	ck_assert_int_eq(host_trace_control(NULL, 1), KERN_INVALID_HOST);
	ck_assert_int_eq(host_trace_control(HOST, TRACE_ALL + 1), KERN_INVALID_ARGUMENT);
	ck_assert_int_eq(host_trace_control(HOST, 0x80000000), KERN_INVALID_ARGUMENT);
	ck_assert_ptr_null(current_cpu()->trace);
	ck_assert_uint_eq(switched, 0);
	ck_assert_int_eq(host_trace_read(NULL, 0, 0, &copy, &count, &next), KERN_INVALID_HOST);
	ck_assert_int_eq(host_trace_read(HOST, 1, 0, &copy, &count, &next),
			 KERN_INVALID_ARGUMENT);
}
END_TEST

/* Before the first lap, at its end, and far beyond: the last TRACE_RECORDS - 1 are there. */
START_TEST(test_rounds)
{
	static const uint32_t ends[] = { 1, 2, 100, TRACE_RECORDS - 1, TRACE_RECORDS,
					 TRACE_RECORDS + 1, 2 * TRACE_RECORDS, 50000 };
	uint32_t end = 0;

	start();
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		uint32_t oldest;

		add(end, ends[i]);
		end = ends[i];
		oldest = end < TRACE_RECORDS ? 0 : end - TRACE_RECORDS + 1;
		ck_assert_int_eq(read_from(0), KERN_SUCCESS);
		expect(oldest, end);
		ck_assert_int_eq(read_from(end - 1), KERN_SUCCESS);
		expect(end - 1, end);
		ck_assert_int_eq(read_from(end), KERN_SUCCESS);
		expect(end, end);
		ck_assert_int_eq(read_from(end + 1), KERN_INVALID_ARGUMENT);
		ck_assert_int_eq(read_from(UINT64_MAX), KERN_INVALID_ARGUMENT);
	}
}
END_TEST

/* Numbers beyond 32 bits. */
START_TEST(test_large_numbers)
{
	start();
	*(uint64_t *)current_cpu()->trace = UINT32_MAX - 1ull;
	add(0, 5);
	ck_assert_int_eq(read_from(UINT32_MAX - 1ull), KERN_SUCCESS);
	ck_assert_uint_eq(count, 5);
	ck_assert_uint_eq(next, UINT32_MAX + 4ull);
	for (uint32_t i = 0; i < 5; i++)
		ck_assert_uint_eq(got[i].tr_word[0], i);
}
END_TEST

START_TEST(test_kinds)
{
	start();
	ck_assert_uint_eq(switched, TRACE_ALL);
	ck_assert_int_eq(host_trace_control(HOST, TRACE_MASK(3)), KERN_SUCCESS);
	add(0, 10 * TRACE_KINDS);
	ck_assert_int_eq(host_trace_control(HOST, 0), KERN_SUCCESS);
	add(0, 10 * TRACE_KINDS);
	ck_assert_int_eq(read_from(0), KERN_SUCCESS);
	ck_assert_uint_eq(count, 10);
	for (uint32_t i = 0; i < 10; i++)
		ck_assert_uint_eq(got[i].tr_word[0], 3 + i * TRACE_KINDS);
}
END_TEST

/* No memory for the ring: nothing is switched, nothing kept; the next try finds some. */
START_TEST(test_no_ring)
{
	start_memory();
	for (unsigned int after = 1; after <= 8; after++) {
		fake_pmap_fail_after = after;
		ck_assert_int_eq(host_trace_control(HOST, TRACE_ALL), KERN_RESOURCE_SHORTAGE);
		ck_assert_uint_eq(switched, 0);
		ck_assert_ptr_null(current_cpu()->trace);
		ck_assert_uint_eq(kmem_pages_used(), 0);
	}
	fake_pmap_fail_after = 0;
	ck_assert_int_eq(host_trace_control(HOST, TRACE_ALL), KERN_SUCCESS);
	ck_assert_uint_eq(switched, TRACE_ALL);
	add(0, 3);
	fake_pmap_fail_after = 1;
	ck_assert_int_eq(read_from(0), KERN_RESOURCE_SHORTAGE);
	ck_assert_uint_eq(count, 4711);
	ck_assert_int_eq(read_from(0), KERN_SUCCESS);
	ck_assert_uint_eq(count, 3);
}
END_TEST

/* Nothing is kept by a reader, with or without success; the ring stays. */
START_TEST(test_memory)
{
	size_t used;

	start();
	add(0, 10);
	used = kmem_pages_used();
	ck_assert_int_eq(read_from(0), KERN_SUCCESS);
	no_copy = true;
	ck_assert_int_eq(read_from(0), KERN_RESOURCE_SHORTAGE);
	ck_assert_int_eq(host_trace_control(HOST, 0), KERN_SUCCESS);
	ck_assert_int_eq(host_trace_control(HOST, 7), KERN_SUCCESS);
	ck_assert_uint_eq(kmem_pages_used(), used);
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_off);
	tcase_add_test(tcase, test_arguments);
	tcase_add_test(tcase, test_rounds);
	tcase_add_test(tcase, test_large_numbers);
	tcase_add_test(tcase, test_kinds);
	tcase_add_test(tcase, test_no_ring);
	tcase_add_test(tcase, test_memory);
}
