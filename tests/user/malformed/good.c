/* SPDX-License-Identifier: BSD-2-Clause */
/* Arguments with which routines succeed, as their client stubs take them. */
#include <libmach/string.h>
#include <mach.h>
#include <mach/gsync.h>
#include <mach/vm_param.h>

#include "tests.h"

#define ZERO		0x5a000000u
#define NUMBERS		0x2000u			/* where small numbers are, in our memory */
#define NUMBER(n)	(NUMBERS + 4 * (n))
#define TEXT		0x3000u
#define DATA		0x4000u
#define PAGE		PAGE_SIZE
#define PORT(kind)	(0x5a000100u + KERNEL_##kind)
#define ADDRESS		0x5000u
#define FREE_NAME	0x17u
#define LDT_SELECTOR	0x47u
#define GDT_SELECTOR	0x4bu

/* Where 0 stands the argument is ARGUMENT; the first is the port to which the request goes. */
static const struct good {
	mach_msg_id_t	id;
	uint32_t	argument[REQUEST_ARGUMENTS];
} good[] = {
	{ 2012, { 0, 1 } }, { 2017, { 0, 1 } }, { 2018, { 0, 1, NUMBERS, 17 } }, { 2019, { 0, 1 } },
	{ 2021, { 0, NUMBER(0), PAGE, TRUE } }, { 2023, { 0, ADDRESS, PAGE } },
	{ 2024, { 0, ADDRESS, PAGE, ZERO, 3 } }, { 2025, { 0, ADDRESS, PAGE, 1 } },
	{ 2026, { 0, ADDRESS, PAGE } }, { 2027, { 0, ADDRESS, DATA, PAGE } },
	{ 2028, { 0, ADDRESS, PAGE, DATA } }, { 2033, { 0, 0, 4 } },
	{ 2039, { 0, ZERO, PAGE } }, { 2044, { 0, ZERO, PAGE, ZERO, ZERO, ZERO } },
	{ 2058, { 0, 4 } }, { 2059, { 0, 4 } }, { 2067, { 0, 3 } }, { 2068, { 0, 3 } },
	{ 2089, { 0, NUMBER(0), PAGE, ZERO, TRUE, ZERO, ZERO, ZERO, 3, 7, 1 } },
	{ 2090, { 0, ZERO, PAGE, 5 } }, { 2093, { 0, ZERO, DATA, PAGE, ZERO, ZERO, ZERO } },
	{ 2094, { 0, ZERO, ZERO } }, { 2095, { 0, ZERO, ZERO } },
	{ 2099, { 0, ADDRESS, PAGE, 1 } }, { 2611, { 0, PORT(SET), ZERO } },
	{ 2613, { 0, PORT(SET) } }, { 2616, { 0, PORT(SET), ZERO } },
	{ 2620, { 0, 30, ZERO } }, { 2621, { 0, PORT(SET), 30 } }, { 2622, { 0, 30, ZERO } },
	{ 2624, { 0, 1, ZERO } }, { 2630, { 0, PORT(SET_NAME) } },
	{ 2636, { 0, PORT(TASK), ADDRESS, PAGE, 1 } }, { 2637, { 0, PORT(THREAD), TRUE } },
	{ 2638, { 0, 1 } }, { 2639, { 0, 1 } }, { 2640, { 0, 1 } },
	{ 2649, { 0, PORT(TASK), 30, ZERO, ZERO } },
	{ 2800, { 0, 1, TEXT } }, { 2806, { 0, 1, TEXT } }, { 3019, { 0, ADDRESS } },
	{ 3202, { 0, 0, FREE_NAME } }, { 3203, { 0, 1, FREE_NAME } }, { 3204, { 0, 1 } },
	{ 3207, { 0, 0, 1 } }, { 3208, { 0, 0, ZERO, 1 } }, { 3210, { 0, 0, 3 } },
	{ 3212, { 0, SET_NAME } }, { 3213, { 0, 0, SET_NAME } }, { 3214, { 0, 0, 70, ZERO } },
	{ 3215, { 0, FREE_NAME } }, { 3216, { 0, 0, 20 } }, { 3223, { 0, PORT(TASK), 0, 1, 28 } },
	{ 3803, { 0, LDT_SELECTOR, NUMBERS + PAGE / 2, 1 } }, { 3804, { 0, LDT_SELECTOR, 1 } },
	{ 3805, { 0, 0x80, 0x80 } }, { 3806, { 0, PORT(IO_PERM), TRUE } },
	{ 3807, { 0, NUMBER(GDT_SELECTOR), ZERO, ZERO } }, { 3808, { 0, GDT_SELECTOR } },
	{ 4000, { 0, 0, 1 } }, { 4002, { 0, NUMBER(0) } }, { 4003, { 0, 0, 1 } },
	{ 4005, { 0, NUMBER(0) } },
	{ 4010, { 0, 7, 0, 0, 1, NUMBER(0), 1, NUMBER(0), 1, NUMBER(0x13), 1 } },
	{ 4011, { 0, ADDRESS, 7, PAGE } },
	{ 4201, { 0, PORT(TASK), FREE_NAME, FREE_NAME, ADDRESS, PAGE } },
	{ 4204, { 0, ADDRESS, 1, 1, 1, GSYNC_TIMED } }, { 4205, { 0, ADDRESS, ZERO, GSYNC_MUTATE } },
	{ 4206, { 0, ADDRESS, ADDRESS + 4, ZERO, ZERO } }, { 4207, { 0, PORT(TASK), ZERO } },
	{ 4208, { 0, ZERO, PAGE, ZERO, ZERO, ZERO } }, { 4209, { 0, ADDRESS, PAGE, 1 } },
	{ 4210, { 0, PORT(TASK), 0, 0, PAGE, ZERO, ZERO, 0x4000000, ZERO, PAGE, ZERO } },
	{ 4211, { 0, ZERO } }, { 4212, { 0, PORT(TASK), ADDRESS, PAGE } },
	{ 4215, { 0, PORT(TASK), 0x10000000, 0x10000000 } }, { 4800, { 0, 2007 } },
	{ 4803, { 0, PORT(TASK) } }, { 4805, { 0, PORT(TASK) } },
	{ 4806, { 0, PORT(TASK), 1000 } }, { 4808, { 0, PORT(TASK) } }, { 4809, { 0, PORT(TASK) } },
	{ 4810, { 0, PORT(TASK) } }, { 4811, { 0, PORT(TASK) } }, { 4812, { 0, PORT(TASK) } },
	{ 4813, { 0, PORT(TASK) } }, { 4821, { 0, ZERO, ZERO, ZERO } },
	{ 4822, { 0, PORT(TASK) } },
};

static const struct good *find(mach_msg_id_t id)
{
	static const struct good none;

	for (unsigned int i = 0; i < sizeof good / sizeof good[0]; i++)
		if (good[i].id == id)
			return &good[i];
	return &none;
}

static uint32_t meant(uint32_t argument, const struct targets *ports)
{
	if (argument == 0)
		return ARGUMENT;
	if (argument == ZERO)
		return 0;
	if (argument >= PORT(TASK) && argument < PORT(TASK) + KERNEL_KINDS)
		return ports->port[argument - PORT(TASK)];
	return argument;
}

/* What arguments point to. */
static void fill_memory(void)
{
	memset((void *) NUMBERS, 0, PAGE);
	for (uint32_t n = 0; n < 0x100; n++)
		*(volatile uint32_t *) NUMBER(n) = n;
	memcpy((void *) TEXT, "time", 5);
}

boolean_t well_formed(struct request *request, unsigned int routine, const struct targets *ports)
{
	const struct good *row = find(routines[routine].id);
	uint32_t arguments[REQUEST_ARGUMENTS];

	fill_memory();
	for (unsigned int i = 0; i < REQUEST_ARGUMENTS; i++)
		arguments[i] = meant(row->argument[i], ports);
	return request_make_each(request, routine, arguments);
}
