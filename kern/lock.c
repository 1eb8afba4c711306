/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The checker of spin locks, in debug builds.
 *
 * Each CPU keeps the list of the locks that it holds, in the order taken, so a wrong order
 * shows at the first attempt, not only when two CPUs wait for each other.
 */
#include <kern/lock.h>

#include <kern/percpu.h>

#if DEBUG

static const struct spin_lock *newest_lock(const struct percpu *cpu)
{
	return cpu->lock_depth == 0 ? NULL : cpu->locks[cpu->lock_depth - 1];
}

static void check_order(const struct spin_lock *held, const struct spin_lock *lock, bool second)
{
	if (held == lock)
		panic("lock %p (class %d) is taken twice", lock, lock->lock_class);
	if (held->lock_class < lock->lock_class)
		return;
	if (second && held->lock_class == lock->lock_class && held < lock)
		return;
	panic("lock %p (class %d) is taken after %p (class %d)", lock, lock->lock_class, held,
	      held->lock_class);
}

void spin_lock_check_acquire(struct spin_lock *lock, bool second)
{
	struct percpu *cpu = current_cpu();
	unsigned int i;

	if (lock->lock_class <= 0 || lock->lock_class >= LOCK_CLASSES)
		panic("lock %p has no class", lock);
	for (i = 0; i < cpu->lock_depth; i++)
		check_order(cpu->locks[i], lock, second);
}

void spin_lock_check_acquired(struct spin_lock *lock)
{
	struct percpu *cpu = current_cpu();

	if (lock->lock_class <= 0 || lock->lock_class >= LOCK_CLASSES)
		panic("lock %p has no class", lock);
	if (cpu->lock_depth >= PERCPU_LOCKS)
		panic("more than %d locks are held", PERCPU_LOCKS);
	cpu->locks[cpu->lock_depth++] = lock;
	lock->owner = cpu;
}

void spin_lock_check_release(struct spin_lock *lock)
{
	struct percpu *cpu = current_cpu();
	unsigned int i;

	if (!lock->held || lock->owner != cpu)
		panic("lock %p (class %d) is released but not held", lock, lock->lock_class);
	lock->owner = NULL;
	for (i = cpu->lock_depth; cpu->locks[i - 1] != lock; i--)
		assert(i > 1);
	for (; i < cpu->lock_depth; i++)
		cpu->locks[i - 1] = cpu->locks[i];
	cpu->lock_depth--;
}

bool spin_lock_held(const struct spin_lock *lock)
{
	return lock->held != 0 && lock->owner == current_cpu();
}

void assert_no_locks_at(const char *file, int line)
{
	const struct spin_lock *lock = newest_lock(current_cpu());

	if (lock != NULL)
		panic("%s:%d: lock %p (class %d) is held", file, line, lock, lock->lock_class);
}

#endif
