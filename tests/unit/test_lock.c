/* SPDX-License-Identifier: BSD-2-Clause */
/* What the checker of spin locks finds wrong, and what not. */
#include <tests/unit/fakes.h>

#include <kern/lock.h>
#include <kern/percpu.h>

static struct spin_lock locks[3];
static struct spin_lock task, port, leaf;

static void init_locks(void)
{
	unsigned int i;

	percpu_boot.lock_depth = 0;
	for (i = 0; i < 3; i++)
		spin_lock_init(&locks[i], LOCK_PORT);
	spin_lock_init(&task, LOCK_TASK);
	spin_lock_init(&port, LOCK_PORT);
	spin_lock_init(&leaf, LOCK_LEAF);
}

START_TEST(test_right_order)
{
	init_locks();
	spin_lock(&task);
	spin_lock(&locks[0]);
	spin_lock_second(&locks[1]);
	spin_lock_second(&locks[2]);
	spin_lock(&leaf);
	ck_assert(spin_lock_held(&locks[1]));
	spin_unlock(&locks[0]);			/* in any order */
	spin_unlock(&task);
	ck_assert(!spin_lock_held(&task));
	spin_unlock(&leaf);
	spin_unlock(&locks[2]);
	spin_unlock(&locks[1]);
	assert_no_locks();
}
END_TEST

START_TEST(test_wrong_class)
{
	init_locks();
	spin_lock(&leaf);
	ck_assert_panics(spin_lock(&task));
}
END_TEST

/* Not only the newest lock counts. */
START_TEST(test_wrong_below)
{
	init_locks();
	spin_lock(&task);
	spin_lock(&leaf);
	spin_unlock(&task);
	ck_assert_panics(spin_lock(&port));
}
END_TEST

START_TEST(test_same_class)
{
	init_locks();
	spin_lock(&locks[1]);
	ck_assert_panics(spin_lock(&locks[2]));
	ck_assert_panics(spin_lock_second(&locks[0]));
	spin_lock_second(&locks[2]);
}
END_TEST

START_TEST(test_twice)
{
	init_locks();
	spin_lock(&port);
	ck_assert_panics(spin_lock(&port));
	ck_assert_panics(spin_lock_second(&port));
	ck_assert(!spin_try_lock(&port));
}
END_TEST

START_TEST(test_release_of_free)
{
	init_locks();
	ck_assert_panics(spin_unlock(&port));
}
END_TEST

START_TEST(test_foreign_release)
{
	init_locks();
	spin_lock(&port);
	port.owner = &task;
	ck_assert(!spin_lock_held(&port));
	ck_assert_panics(spin_unlock(&port));
}
END_TEST

/* A lock that was only tried is in the list too. */
START_TEST(test_try)
{
	init_locks();
	spin_lock(&leaf);
	ck_assert(spin_try_lock(&port));
	spin_unlock(&leaf);
	ck_assert_panics(spin_lock(&task));
	ck_assert_panics(assert_no_locks());
	spin_unlock(&port);
	assert_no_locks();
}
END_TEST

START_TEST(test_no_class)
{
	struct spin_lock lock = { 0 };

	init_locks();
	ck_assert_panics(spin_lock(&lock));
}
END_TEST

START_TEST(test_held_while_blocking)
{
	init_locks();
	assert_no_locks();
	spin_lock(&task);
	ck_assert_panics(assert_no_locks());
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_right_order);
	tcase_add_test(tcase, test_wrong_class);
	tcase_add_test(tcase, test_wrong_below);
	tcase_add_test(tcase, test_same_class);
	tcase_add_test(tcase, test_twice);
	tcase_add_test(tcase, test_release_of_free);
	tcase_add_test(tcase, test_foreign_release);
	tcase_add_test(tcase, test_try);
	tcase_add_test(tcase, test_no_class);
	tcase_add_test(tcase, test_held_while_blocking);
}
