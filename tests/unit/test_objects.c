/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects whose entries are many, whose numbers grow, and that two threads take apart at a time.
 */
#include <tests/unit/fakes.h>
#include <tests/unit/map_words.h>

#include <ucontext.h>

#include <kern/sched.h>
#include <tests/unit/map_check.h>
#include <vm/copy.h>
#include <vm/map_entry.h>

/* --- Many entries ----------------------------------------------------------------------------- */

#define PIECES 300u

/* However many pieces of an object are mapped, what is given up of it is freed. */
START_TEST(given_up_among_many)
{
	vm_offset_t a = get(2 * PIECES * PAGE);

	for (uint32_t i = 0; i < 2 * PIECES; i++)
		put(a + i * PAGE, 1);
	for (uint32_t i = 0; i < PIECES; i++) {
		uint32_t at = i * 7 % PIECES;

		ck_must(vm_map_deallocate(map, a + 2 * at * PAGE, PAGE) == KERN_SUCCESS);
		ck_assert_uint_eq(object_pages(), 2 * PIECES - i - 1);
	}
	map_check(map);
	ck_must(vm_map_deallocate(map, a, (2 * PIECES - 4) * PAGE) == KERN_SUCCESS);
	ck_assert_uint_eq(object_pages(), 2);
	ck_assert_int_eq(look(a + (2 * PIECES - 1) * PAGE), 1);
}
END_TEST

/* The same when others see some of it: shared and copied pieces, which go in another order. */
START_TEST(given_up_by_many)
{
	vm_offset_t a = get(PIECES * PAGE);
	struct vm_map *child;

	for (uint32_t i = 0; i < PIECES; i++)
		put(a + i * PAGE, (char)i);
	for (uint32_t i = 0; i < PIECES; i += 3)
		ck_must(vm_map_inherit(map, a + i * PAGE, PAGE, VM_INHERIT_SHARE) == KERN_SUCCESS);
	child = fork_of(map);
	for (uint32_t i = 0; i < PIECES; i++) {
		uint32_t at = i * 11 % PIECES;

		ck_must(vm_map_deallocate(map, a + at * PAGE, PAGE) == KERN_SUCCESS);
	}
	map_check(child);
	ck_assert_uint_eq(object_pages(), PIECES);
	for (uint32_t i = 0; i < PIECES; i++) {
		ck_assert_int_eq(look_in(child, a + i * PAGE), (char)i);
		ck_must(vm_map_deallocate(child, a + i * PAGE, PAGE) == KERN_SUCCESS);
		ck_assert_uint_eq(object_pages(), PIECES - i - 1);
	}
	vm_map_release(child);
}
END_TEST

/* --- Numbers of pages --------------------------------------------------------------------------- */

static bool numbers_are_small(vm_offset_t addr)
{
	const struct vm_map_entry *entry;
	bool small;

	mutex_lock(&map->lock);
	entry = vm_map_lookup(map, addr);
	small = entry->object == NULL || entry->index + vm_entry_pages(entry) <= OBJECT_PAGES_MAX;
	mutex_unlock(&map->lock);
	return small;
}

/* Memory grows at its end, is given up at its beginning, and moves to where that was. */
START_TEST(numbers_have_an_end)
{
	const vm_size_t size = TOP / 2;
	vm_offset_t a = get(PAGE), b = a;
	struct vm_map_copy *copy;

	ck_must(vm_map_set_limits(map, TOP, TOP, true) == KERN_SUCCESS);
	put(a, 1);
	for (uint32_t i = 0; i < 2 * OBJECT_PAGES_MAX / (size / PAGE); i++) {
		fix(a + PAGE, size);
		ck_assert(numbers_are_small(a + size));
		ck_must(vm_map_deallocate(map, a, size) == KERN_SUCCESS);
		ck_must(vm_map_copyin(map, a + size, PAGE, true, &copy) == KERN_SUCCESS);
		ck_must(vm_map_copyout(map, &b, copy) == KERN_SUCCESS);
		ck_assert_uint_eq(a, b);
	}
}
END_TEST

/* --- Two threads ---------------------------------------------------------------------------------- */

/*
 * Each has a map of its own, with memory that one has from the other; at preemption points the other
 * goes on, or not, as the bits of a plan say: all plans are tried.
 */
#define PAGES 8u
#define PLAN_BITS 7u
#define STACK_BYTES 65536u

static struct vm_map *sides[2];
static vm_offset_t base;
static char wanted[2][PAGES];		/* 0: the page is not there */

static struct thread threads[2];
static ucontext_t contexts[2], main_context;
static char stacks[2][STACK_BYTES];
static void (*operations[2])(int side);
static bool ended[2];
static int running = -1;
static uint32_t plan, points;

static void become(int side)
{
	running = side;
	host_stack_base.thread = side < 0 ? &fake_thread : &threads[side];
}

void preemption_point(void)
{
	int self = running;

	assert_no_locks();
	if (self < 0 || ended[1 - self] || points >= PLAN_BITS || (plan >> points++ & 1) == 0)
		return;
	become(1 - self);
	swapcontext(&contexts[self], &contexts[1 - self]);
}

static void run_side(int side)
{
	operations[side](side);
	ended[side] = true;
}

static void prepare(int side)
{
	threads[side] = (struct thread){ .task = &fake_task, .active = true };
	ended[side] = false;
	getcontext(&contexts[side]);
	contexts[side].uc_stack.ss_sp = stacks[side];
	contexts[side].uc_stack.ss_size = STACK_BYTES;
	contexts[side].uc_link = &main_context;
	makecontext(&contexts[side], (void (*)(void))run_side, 1, side);
}

static void run_both(void)
{
	points = 0;
	prepare(0);
	prepare(1);
	while (!ended[0] || !ended[1]) {
		become(ended[0] ? 1 : 0);
		swapcontext(&main_context, &contexts[running]);
	}
	become(-1);
}

static void end_side(int side)
{
	vm_map_release(sides[side]);
	sides[side] = NULL;
}

static void give_up(int side)
{
	ck_must(vm_map_deallocate(sides[side], base + PAGE, (PAGES - 2) * PAGE) == KERN_SUCCESS);
	memset(wanted[side] + 1, 0, PAGES - 2);
}

static void write_all(int side)
{
	for (uint32_t i = 0; i < PAGES; i++) {
		wanted[side][i] = (char)(50 * (side + 1) + (int)i);
		put_in(sides[side], base + i * PAGE, wanted[side][i]);
	}
}

static void write_some(int side)
{
	for (uint32_t i = 0; i < PAGES; i += 3)
		put_in(sides[side], base + i * PAGE, wanted[side][i] = (char)(70 + side));
}

static void have_child(int side)
{
	struct vm_map *child = fork_of(sides[side]);

	for (uint32_t i = 0; i < PAGES; i++)
		ck_must(look_in(child, base + i * PAGE) == wanted[side][i]);
	vm_map_release(child);
}

static void (*const all_operations[])(int side) = {
	end_side, give_up, write_all, write_some, have_child,
};
#define OPERATIONS (sizeof(all_operations) / sizeof(all_operations[0]))

/* The second side has the first one's memory by so many generations, the others of which have ended. */
static void begin_both(uint32_t generations)
{
	sides[0] = vm_map_create();
	ck_must(sides[0] != NULL);
	base = PAGE;
	ck_must(vm_map_allocate(sides[0], &base, PAGES * PAGE, false) == KERN_SUCCESS);
	for (uint32_t i = 0; i < PAGES; i++)
		put_in(sides[0], base + i * PAGE, wanted[0][i] = wanted[1][i] = (char)(i + 1));
	sides[1] = fork_of(sides[0]);
	for (uint32_t n = 1; n < generations; n++) {
		struct vm_map *child = fork_of(sides[1]);

		put_in(sides[1], base + n * PAGE, 99);
		put_in(sides[0], base + n * PAGE, wanted[0][n] = 88);
		vm_map_release(sides[1]);
		sides[1] = child;
	}
}

static void check_side(int side)
{
	map_check(sides[side]);
	for (uint32_t i = 0; i < PAGES; i++)
		if (wanted[side][i] != 0)
			ck_assert_int_eq(look_in(sides[side], base + i * PAGE), wanted[side][i]);
}

static void end_both(void)
{
	for (int side = 0; side < 2; side++)
		if (sides[side] != NULL) {
			check_side(side);
			end_side(side);
		}
	ck_assert_uint_eq(vm_object_count(), 0);
	ck_assert_uint_eq(object_pages(), 0);
}

START_TEST(two_at_a_time)
{
	for (uint32_t pair = 0; pair < OPERATIONS * OPERATIONS; pair++)
		for (plan = 0; plan < 1u << PLAN_BITS; plan++) {
			operations[0] = all_operations[pair / OPERATIONS];
			operations[1] = all_operations[pair % OPERATIONS];
			begin_both(1 + (uint32_t)_i);
			run_both();
			end_both();
		}
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, map_setup, map_teardown);
	tcase_add_test(tcase, given_up_among_many);
	tcase_add_test(tcase, given_up_by_many);
	if (injecting)		/* stacks are not left on the way */
		return;
	tcase_add_test(tcase, numbers_have_an_end);
	tcase_add_loop_test(tcase, two_at_a_time, 0, 2);
}
