/* SPDX-License-Identifier: BSD-2-Clause */
#include <tests/unit/map_runs.h>

#include <tests/unit/fakes.h>
#include <tests/unit/map_ops.h>

#define A (&maps[0])
#define B (&maps[1])
#define AT(page) ((page) * PAGE_BYTES)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define POINTS_MAX 200u

/* --- What is interrupted --------------------------------------------------------------------- */

static void write_a(void)	{ do_touch(A, AT(8), AT(6), VM_PROT_WRITE); }
static void read_a(void)	{ do_touch(A, AT(8), AT(6), VM_PROT_READ); }
static void copyin_a(void)	{ do_copyin(A, &copies[0], AT(8), AT(4), false); }
static void bytes_a(void)	{ do_copyin(A, &copies[0], AT(9) - 100, 3000, false); }
static void take_a(void)	{ do_copyin(A, &copies[0], AT(8) + 9, AT(3), true); }
static void fork_a(void)	{ do_fork(A, &maps[2]); }
static void deallocate_a(void)	{ do_deallocate(A, AT(9), AT(4)); }
static void end_a(void)		{ do_end(A); }
static void wire_a(void)	{ do_wire(A, AT(8), AT(4), VM_PROT_READ); }
static void protect_a(void)	{ do_protect(A, AT(8), AT(4), false, VM_PROT_READ); }

static void (*const first_set[])(void) = {
	write_a, read_a, copyin_a, bytes_a, take_a, fork_a, deallocate_a, end_a, wire_a, protect_a,
};

/* --- By what: pagers' deeds, and these --------------------------------------------------------- */

static void write_b(void)	{ do_touch(B, AT(8), AT(6), VM_PROT_WRITE); }
static void copyin_b(void)	{ do_copyin(B, &copies[1], AT(8), AT(4), false); }
static void deallocate_b(void)	{ do_deallocate(B, AT(8), AT(4)); }
static void end_b(void)		{ do_end(B); }
static void fork_b(void)	{ do_fork(B, &maps[3]); }
static void wire_b(void)	{ do_wire(B, AT(8), AT(4), VM_PROT_READ); }

static void (*const second_set[])(void) = {
	write_b, copyin_b, deallocate_b, end_b, fork_b, wire_b,
};

static unsigned int second;

static void interruption(void)
{
	if (second < PAGER_DEEDS)
		pager_does(&objects[0], (enum pager_deed)second);
	else
		second_set[second - PAGER_DEEDS]();
}

/* --- Pairs ---------------------------------------------------------------------------------------- */

/* Both share an object; some pages are there, some were written, one has a snapshot. */
static void begin(uint32_t number)
{
	const struct map_args shared = {
		.addr = AT(8), .size = AT(6), .prot = 3, .max = 7, .inherit = VM_INHERIT_SHARE,
		.object = &objects[0], .index = 1,
	};

	random_state = number * 2 + 1;
	pagers_fail = false;
	map_world_begin(true);
	quiet = true;
	do_map(A, &shared);
	pager_does(&objects[0], PAGER_CHANGES);
	do_touch(A, AT(8), AT(1), VM_PROT_WRITE);
	do_touch(A, AT(10), AT(1), VM_PROT_READ);
	do_copyin(A, &copies[2], AT(9), AT(3), false);
	do_touch(A, AT(10), AT(1), VM_PROT_WRITE);
	do_fork(A, B);
}

/* Is the n-th point reached? */
static bool pair_run(void (*operation)(void), uint32_t n)
{
	bool reached;

	begin(n);
	map_interruption = interruption;
	map_points = n;
	operation();
	reached = map_points == 0;
	map_interruption = NULL;
	map_points = 0;
	check_all(true);
	if (B->map != NULL)
		do_touch(B, AT(8), AT(6), VM_PROT_READ);
	if (A->map != NULL)
		do_touch(A, AT(8), AT(6), VM_PROT_WRITE);
	check_all(true);
	map_world_end();
	return reached;
}

uint32_t pair_runs(void)
{
	uint32_t count = 0;

	for (unsigned int i = 0; i < COUNT(first_set); i++)
		for (second = 0; second < PAGER_DEEDS + COUNT(second_set); second++) {
			uint32_t n = 1;

			while (n < POINTS_MAX && pair_run(first_set[i], n))
				n++;
			count += n;
		}
	return count;
}
