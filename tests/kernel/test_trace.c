/* SPDX-License-Identifier: BSD-2-Clause */
/* The trace's probes in the kernel's text: jumps while they are on, and the old bytes again. */
#include "ktest.h"

#include <i386/cpu.h>
#include <i386/trace_sites.h>
#include <kern/machine.h>
#include <kern/string.h>
#include <kern/trace.h>

#define SITES_MAX 128

extern char _text_start[], _text_end[];

static const uint8_t nop[TRACE_SITE_SIZE] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };

static uint32_t text_sum(void)
{
	uint32_t sum = 0;

	for (const uint32_t *word = (const uint32_t *)_text_start;
	     word < (const uint32_t *)_text_end; word++)
		sum = sum * 33 + *word;
	return sum;
}

static bool is_jump(const struct trace_site *site)
{
	uint32_t distance;

	memcpy(&distance, site->at + 1, sizeof(distance));
	return site->at[0] == 0xe9 &&
	       (uint32_t)(uintptr_t)site->at + TRACE_SITE_SIZE + distance == site->target;
}

/* Exactly the sites of these kinds are on. */
static bool sites_are(uint32_t kinds)
{
	for (const struct trace_site *site = _trace_sites_start; site < _trace_sites_end; site++) {
		if (kinds & TRACE_MASK(site->kind) ? !is_jump(site)
						   : memcmp(site->at, nop, sizeof(nop)) != 0)
			return false;
	}
	return true;
}

static void test_table(void)
{
	uint32_t kinds = 0;

	for (const struct trace_site *site = _trace_sites_start; site < _trace_sites_end; site++) {
		CHECK((char *)site->at >= _text_start && (char *)site->at < _text_end);
		CHECK(site->target >= (uint32_t)(uintptr_t)_text_start &&
		      site->target < (uint32_t)(uintptr_t)_text_end);
		CHECK(site->kind < TRACE_KINDS);
		kinds |= TRACE_MASK(site->kind);
	}
	CHECK(kinds == TRACE_ALL);
	CHECK(sites_are(0));
}

/* There is no ring yet: what the probes say is lost, and nothing else happens. */
static void test_switching(void)
{
	uint32_t before = text_sum();

	for (unsigned int kind = 0; kind < TRACE_KINDS; kind++) {
		machine_trace_switch(TRACE_MASK(kind));
		CHECK(sites_are(TRACE_MASK(kind)));
		ktest_sleep(1);
		CHECK(text_sum() != before);
		CHECK(cr0_read() & CR0_WP);
		CHECK(interrupts_enabled());
	}
	for (unsigned int i = 0; i < 100; i++) {
		uint32_t kinds = i * 0x9e3779b9u & TRACE_ALL;

		machine_trace_switch(kinds);
		CHECK(sites_are(kinds));
	}
	machine_trace_switch(TRACE_ALL);
	ktest_sleep(20);
	CHECK(sites_are(TRACE_ALL));
	machine_trace_switch(0);
	CHECK(sites_are(0));
	CHECK(text_sum() == before);
}

const struct ktest trace_tests[] = {
	{ "trace: the table of probes", test_table },
	{ "trace: probes are switched, and restored", test_switching },
	{ 0 },
};
