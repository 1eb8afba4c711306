/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Spin locks, and the one order in which they are taken.
 *
 * Every lock has a class.  A CPU that holds a lock may take only locks of a
 * later class in the enumeration below; two locks of the same class are taken
 * in order of address with spin_lock_second.  Debug builds check order, owner,
 * and that no lock is held while a thread blocks or touches user memory.
 *
 * Hard interrupt handlers take no locks, hence nobody disables interrupts to
 * take one.  Locks that may be held while blocking are `struct mutex`
 * (kern/mutex.h); they come before every spin lock.
 */
#ifndef KERN_LOCK_H
#define KERN_LOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kern/assert.h>

enum lock_class {
	LOCK_TASK = 1,		/* struct task: threads, ports, counts */
	LOCK_THREAD,		/* struct thread: suspend counts, ports, requests */
	LOCK_SPACE,		/* struct ipc_space: the entry table */
	LOCK_PORT,		/* struct ipc_port and its queue */
	LOCK_SET,		/* struct ipc_pset */
	LOCK_CIRCULAR,		/* global: walks along receive rights in transit */
	LOCK_HOST,		/* host and processor set lists and ports */
	LOCK_MAP_LIST,		/* reference counts and lists of maps */
	LOCK_OBJECT,		/* struct vm_object */
	LOCK_PMAP,		/* page tables */
	LOCK_WORDS,		/* threads that wait on words of memory */
	LOCK_PAGEOUT,		/* who waits for memory */
	LOCK_EVENT,		/* event hash buckets, timers */
	LOCK_RUN_QUEUE,		/* scheduler */
	LOCK_KMEM,		/* kernel virtual memory ranges */
	LOCK_SLAB,		/* one slab cache */
	LOCK_PAGE,		/* page queues and the physical allocator */
	LOCK_LEAF,		/* anything under which no lock is taken */
	LOCK_CLASSES
};

struct spin_lock {
	uint32_t held;
#if DEBUG
	enum lock_class lock_class;
	const void *owner;	/* struct percpu of the holder */
#endif
};

#if DEBUG
#define SPIN_LOCK_INIT(c) { .lock_class = (c) }
#else
#define SPIN_LOCK_INIT(c) { 0 }
#endif

#if DEBUG
void spin_lock_check_acquire(struct spin_lock *lock, bool second);
void spin_lock_check_acquired(struct spin_lock *lock);
void spin_lock_check_release(struct spin_lock *lock);
bool spin_lock_held(const struct spin_lock *lock);
void assert_no_locks_at(const char *file, int line);

static inline void spin_lock_set_class(struct spin_lock *lock, enum lock_class c)
{
	lock->lock_class = c;
	lock->owner = NULL;
}
#define assert_no_locks() assert_no_locks_at(__FILE__, __LINE__)
#else
static inline void spin_lock_check_acquire(struct spin_lock *lock, bool second)
{
	(void)lock, (void)second;
}
static inline void spin_lock_check_acquired(struct spin_lock *lock)
{
	(void)lock;
}
static inline void spin_lock_check_release(struct spin_lock *lock)
{
	(void)lock;
}
static inline bool spin_lock_held(const struct spin_lock *lock)
{
	return lock->held != 0;
}
static inline void spin_lock_set_class(struct spin_lock *lock, enum lock_class c)
{
	(void)lock, (void)c;
}
static inline void assert_no_locks(void)
{
}
#endif

/* State in a function's first lines that it is called with the lock held, or free. */
#define assert_locked(l) assert(spin_lock_held(l))

static inline void spin_lock_init(struct spin_lock *lock, enum lock_class c)
{
	lock->held = 0;
	spin_lock_set_class(lock, c);
}

/* Unit tests look for an exchange; to set one bit and tell what it was needs fewer instructions. */
#ifdef HOST_TEST
static inline bool spin_lock_take(struct spin_lock *lock)
{
	return __atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE) == 0;
}
#else
static inline __attribute__((always_inline)) bool spin_lock_take(struct spin_lock *lock)
{
	return (__atomic_fetch_or(&lock->held, 1, __ATOMIC_ACQUIRE) & 1) == 0;
}
#endif

static inline void spin_lock_acquire(struct spin_lock *lock)
{
	while (__builtin_expect(!spin_lock_take(lock), 0))
		__builtin_ia32_pause();
}

static inline void spin_lock(struct spin_lock *lock)
{
	spin_lock_check_acquire(lock, false);
	spin_lock_acquire(lock);
	spin_lock_check_acquired(lock);
}

/* Take a second lock of the class of one that is held, at a higher address. */
static inline void spin_lock_second(struct spin_lock *lock)
{
	spin_lock_check_acquire(lock, true);
	spin_lock_acquire(lock);
	spin_lock_check_acquired(lock);
}

/* Take the lock if it is free.  Cannot deadlock, so the order is not checked. */
static inline __attribute__((always_inline)) bool spin_try_lock(struct spin_lock *lock)
{
	if (__builtin_expect(!spin_lock_take(lock), 0))
		return false;
	spin_lock_check_acquired(lock);
	return true;
}

static inline void spin_unlock(struct spin_lock *lock)
{
	spin_lock_check_release(lock);
	__atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}

#endif /* KERN_LOCK_H */
