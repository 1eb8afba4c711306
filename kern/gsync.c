/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting on words of memory: gsync_wait, gsync_wake, gsync_requeue (<mach/gsync.h>).
 *
 * A word is known by its map and address or, shared, by its memory object and the place in it; a
 * waiter of one kind is not found by the other.  Who waits is in the table first and looks at
 * the word afterwards, without a lock, since that may fault for long; who wakes has
 * written first.  So either the waiter sees the new value, or it is found in the table.
 */
#include <kern/gsync.h>

#include <kern/lock.h>
#include <kern/sched.h>
#include <kern/task.h>
#include <mach/gnumach_server.h>
#include <mach/gsync.h>
#include <vm/map.h>

#define BUCKET_BITS 9
#define BUCKETS (1u << BUCKET_BITS)

struct waiter {
	struct queue_link link;		/* in its word's bucket until it is woken */
	struct vm_word word;
	bool woken;
};

static struct spin_lock table_lock = SPIN_LOCK_INIT(LOCK_WORDS);	/* guards all of this */
static struct queue table[BUCKETS];

void gsync_init(void)
{
	for (unsigned int i = 0; i < BUCKETS; i++)
		queue_init(&table[i]);
}

static bool same_word(const struct vm_word *a, const struct vm_word *b)
{
	return a->base == b->base && a->offset == b->offset;
}

static struct queue *bucket_of(const struct vm_word *word)
{
	uint32_t key = (uint32_t)(uintptr_t)word->base ^ (uint32_t)word->offset;

	return &table[(key * 0x9E3779B1u) >> (32 - BUCKET_BITS)];
}

/* What a task's address stands for; references on it go to the caller. */
static kern_return_t find_word(struct task *task, vm_offset_t addr, int flags, vm_prot_t access,
			       struct vm_word *word)
{
	vm_size_t size = flags & GSYNC_QUAD ? 8 : 4;

	if (task == NULL)
		return KERN_INVALID_TASK;
	if (addr % 4 != 0 ||
	    vm_map_word(task->map, addr, size, access, (flags & GSYNC_SHARED) != 0, word) !=
		    KERN_SUCCESS)
		return KERN_INVALID_ADDRESS;
	return KERN_SUCCESS;
}

/* --- The table; locked ------------------------------------------------------------------ */

static void wake(struct waiter *waiter)
{
	queue_remove(&waiter->link);
	waiter->woken = true;
	event_wake_all(waiter);
}

/*
 * Wake or move, in the order in which they came, up to `max` of those that wait for a word.
 * Returns how many there were.
 */
static unsigned int serve(const struct vm_word *word, unsigned int max, const struct vm_word *to)
{
	struct queue *bucket = bucket_of(word);
	struct queue_link *next, *link = bucket->head.next;
	unsigned int served = 0;

	for (; link != &bucket->head && served < max; link = next) {
		struct waiter *waiter = container_of(link, struct waiter, link);

		next = link->next;
		if (!same_word(&waiter->word, word))
			continue;
		served++;
		if (to == NULL) {
			wake(waiter);
			continue;
		}
		queue_remove(link);
		waiter->word = *to;
		queue_insert_tail(bucket_of(to), link);
	}
	return served;
}

/* --- Waiting ------------------------------------------------------------------------------ */

/* Does the word, or do both, have the value? */
static kern_return_t compare(struct task *task, vm_offset_t addr, const unsigned int wanted[2],
			     int flags)
{
	unsigned int words = flags & GSYNC_QUAD ? 2 : 1;
	unsigned int value[2] = { 0, 0 };

	if (vm_map_read_bytes(task->map, addr, value, words * sizeof(value[0])) != KERN_SUCCESS)
		return KERN_INVALID_ADDRESS;
	if (value[0] != wanted[0] || (words == 2 && value[1] != wanted[1]))
		return KERN_INVALID_ARGUMENT;
	return KERN_SUCCESS;
}

/* Sleep unless woken already; then leave the table. */
static kern_return_t wait_until_woken(struct waiter *waiter, int flags, natural_t msec)
{
	struct thread *self = current_thread();
	enum wait_result result = WAIT_AWAKENED;
	bool wait;

	spin_lock(&table_lock);
	wait = !waiter->woken;
	if (wait)
		event_will_wait(waiter, true);
	if (wait && (flags & GSYNC_TIMED))
		thread_set_timeout(self, msec);
	spin_unlock(&table_lock);
	if (wait) {
		thread_block(NULL);
		result = thread_wait_result(self);
	}
	spin_lock(&table_lock);
	if (waiter->woken)
		result = WAIT_AWAKENED;
	else
		queue_remove(&waiter->link);
	spin_unlock(&table_lock);
	if (result == WAIT_AWAKENED)
		return KERN_SUCCESS;
	return result == WAIT_TIMED_OUT ? KERN_TIMEDOUT : KERN_INTERRUPTED;
}

kern_return_t gsync_wait(struct task *task, vm_address_t addr, unsigned int val1,
			 unsigned int val2, natural_t msec, int flags)
{
	const unsigned int wanted[2] = { val1, val2 };
	struct waiter waiter = { .woken = false };
	kern_return_t kr = find_word(task, addr, flags, VM_PROT_READ, &waiter.word);

	if (kr != KERN_SUCCESS)
		return kr;
	queue_link_init(&waiter.link);
	spin_lock(&table_lock);
	queue_insert_tail(bucket_of(&waiter.word), &waiter.link);
	spin_unlock(&table_lock);
	kr = compare(task, addr, wanted, flags);
	if (kr == KERN_SUCCESS)
		return wait_until_woken(&waiter, flags, msec);
	spin_lock(&table_lock);
	if (waiter.woken)
		kr = KERN_SUCCESS;	/* the wake-up is ours: it must not get lost */
	else
		queue_remove(&waiter.link);
	spin_unlock(&table_lock);
	return kr;
}

/* --- Waking -------------------------------------------------------------------------------- */

kern_return_t gsync_wake(struct task *task, vm_address_t addr, unsigned int val, int flags)
{
	vm_prot_t access = flags & GSYNC_MUTATE ? VM_PROT_READ | VM_PROT_WRITE : VM_PROT_READ;
	unsigned int woken;
	struct vm_word word;
	kern_return_t kr = find_word(task, addr, flags, access, &word);

	if (kr != KERN_SUCCESS)
		return kr;
	if ((flags & GSYNC_MUTATE) &&
	    vm_map_write_bytes(task->map, addr, &val, sizeof(val)) != KERN_SUCCESS)
		return KERN_INVALID_ADDRESS;
	spin_lock(&table_lock);
	woken = serve(&word, flags & GSYNC_BROADCAST ? ~0u : 1, NULL);
	spin_unlock(&table_lock);
	return woken > 0 ? KERN_SUCCESS : KERN_INVALID_ARGUMENT;
}

kern_return_t gsync_requeue(struct task *task, vm_address_t src_addr, vm_address_t dst_addr,
			    boolean_t wake_one, int flags)
{
	struct vm_word source, target;
	unsigned int served = 0;
	kern_return_t kr = find_word(task, src_addr, flags, VM_PROT_READ, &source);

	if (kr == KERN_SUCCESS)
		kr = find_word(task, dst_addr, flags, VM_PROT_READ, &target);
	if (kr != KERN_SUCCESS)
		return kr;
	if (same_word(&source, &target))
		return KERN_INVALID_ARGUMENT;
	spin_lock(&table_lock);
	if (wake_one)
		served = serve(&source, 1, NULL);
	served += serve(&source, flags & GSYNC_BROADCAST ? ~0u : 1, &target);
	spin_unlock(&table_lock);
	return served > 0 ? KERN_SUCCESS : KERN_INVALID_ARGUMENT;
}
