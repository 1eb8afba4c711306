/* SPDX-License-Identifier: BSD-2-Clause */
/* The explorer itself: races that are there must be found, and those that are not must not. */
#include <tests/unit/schedule.h>

#include <check.h>
#include <string.h>

#include <kern/lock.h>
#include <tests/unit/schedule_toys.h>

static struct schedule_result result;

/* Deadlocks are what we want: no checker of the order of locks. */
void spin_lock_check_acquire(struct spin_lock *lock, bool second)
{
	(void)lock, (void)second;
}

void spin_lock_check_acquired(struct spin_lock *lock)
{
	(void)lock;
}

void spin_lock_check_release(struct spin_lock *lock)
{
	(void)lock;
}

static void switched(int actor)
{
	(void)actor;
}

static void run(const char *name, void (*start)(void), void (*finish)(void), bool expected)
{
	const struct race race = { .name = name, .start = start, .finish = finish };

	schedule_switched = switched;
	toys_init();
	schedule_run(&race, expected, &result);
}

static void say_count(void)
{
	schedule_say("%u", toy_count);
}

/* --- An update that is lost ---------------------------------------------------------------- */

static void start_unlocked(void)
{
	toy_count = 0;
	schedule_add(toy_increment);
	schedule_add(toy_increment);
}

START_TEST(lost_update_is_found)
{
	run("lost", start_unlocked, say_count, true);
	ck_assert(result.failed);
	ck_assert_ptr_nonnull(strstr(result.failure, "no sequential order has the outcome\n1"));
	ck_assert_ptr_nonnull(strstr(result.failure, "SCHEDULE='lost: "));
}
END_TEST

/* The lock is given up between reading and writing. */
static void start_half_locked(void)
{
	toy_count = 0;
	schedule_add(toy_increment_half_locked);
	schedule_add(toy_increment_half_locked);
}

START_TEST(lost_update_between_two_locks_is_found)
{
	run("half", start_half_locked, say_count, true);
	ck_assert(result.failed);
	ck_assert_ptr_nonnull(strstr(result.failure, "no sequential order has the outcome\n1"));
}
END_TEST

static void start_locked(void)
{
	toy_count = 0;
	for (int i = 0; i < 3; i++)
		schedule_add(toy_increment_locked);
}

START_TEST(locked_update_is_right)
{
	run("locked", start_locked, say_count, false);
	ck_assert(!result.failed);
	ck_assert(result.complete);
	ck_assert_uint_eq(result.outcomes, 1);
	ck_assert_uint_eq(result.words, 0);
	ck_assert_uint_eq(result.schedules, 6);	/* the orders in which three take the lock */
}
END_TEST

static void start_atomic(void)
{
	toy_count = 0;
	schedule_add(toy_increment_atomic);
	schedule_add(toy_increment_atomic);
}

START_TEST(atomic_update_is_right)
{
	run("atomic", start_atomic, say_count, false);
	ck_assert(!result.failed);
	ck_assert_uint_eq(result.outcomes, 1);
}
END_TEST

/* Each writes its own words under its own lock: one schedule stands for all. */
static void start_apart(void)
{
	schedule_add(toy_write_first);
	schedule_add(toy_write_second);
}

START_TEST(independent_steps_are_not_permuted)
{
	run("apart", start_apart, say_count, false);
	ck_assert(!result.failed);
	ck_assert(result.complete);
	ck_assert_uint_eq(result.schedules, 1);
}
END_TEST

/* --- Locks --------------------------------------------------------------------------------- */

static void start_deadlock(void)
{
	schedule_add(toy_lock_forward);
	schedule_add(toy_lock_backward);
}

START_TEST(deadlock_is_found)
{
	run("deadlock", start_deadlock, say_count, true);
	ck_assert(result.failed);
	ck_assert_ptr_nonnull(strstr(result.failure, "deadlock: 0 waits for lock"));
	ck_assert_ptr_nonnull(strstr(result.failure, "1 waits for lock"));
}
END_TEST

/* --- References ---------------------------------------------------------------------------- */

static void start_reference(void)
{
	toy_object_create();
	schedule_add(toy_release_early);
	schedule_add(toy_use_late);
}

START_TEST(use_after_free_is_found)
{
	run("reference", start_reference, say_count, true);
	ck_assert(result.failed);
	ck_assert_ptr_nonnull(strstr(result.failure, "freed memory"));
}
END_TEST

/* --- Waiting ------------------------------------------------------------------------------- */

static void start_wakeup(void)
{
	toy_count = 0;
	toy_waker = schedule_add(toy_wait);
	schedule_add(toy_wake);
}

static void say_waits(void)
{
	schedule_say("%u", toy_count);
}

START_TEST(lost_wakeup_is_found)
{
	toy_careful = false;
	run("wakeup", start_wakeup, say_waits, true);
	ck_assert(result.failed);
	ck_assert_ptr_nonnull(strstr(result.failure, "[0 waits]"));
}
END_TEST

START_TEST(kept_wakeup_is_right)
{
	toy_careful = true;
	run("careful", start_wakeup, say_waits, false);
	ck_assert(!result.failed);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create(argc > 0 ? argv[0] : "schedule");
	TCase *tcase = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, lost_update_is_found);
	tcase_add_test(tcase, lost_update_between_two_locks_is_found);
	tcase_add_test(tcase, locked_update_is_right);
	tcase_add_test(tcase, atomic_update_is_right);
	tcase_add_test(tcase, independent_steps_are_not_permuted);
	tcase_add_test(tcase, deadlock_is_found);
	tcase_add_test(tcase, use_after_free_is_found);
	tcase_add_test(tcase, lost_wakeup_is_found);
	tcase_add_test(tcase, kept_wakeup_is_right);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
