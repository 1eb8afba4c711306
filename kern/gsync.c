/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting on words of memory: gsync_wait, gsync_wake, gsync_requeue (<mach/gsync.h>).
 *
 * A word is known by its map and address or, shared, by its memory object and the place in it
 * (struct vm_word); a waiter of one kind is not found by the other.  Who waits is in the table first and looks at
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
#define SERVED_AT_ONCE 64u		/* then others may run */

struct waiter {
	struct queue_link link;		/* in its word's bucket until it is woken */
	struct vm_word word;
	struct thread *thread;
	uint64_t number;		/* later ones have higher numbers */
	bool asleep;			/* the thread's next wait, or its last, was this one */
	bool woken;
};

/* What is done with those that wait for a word, in the order in which they came. */
struct service {
	struct vm_word word;
	const struct vm_word *to;	/* where they wait from now on; NULL: they are woken */
	unsigned int max;		/* so many at most */
};

static struct spin_lock table_lock = SPIN_LOCK_INIT(LOCK_WORDS);	/* guards all of this */
static struct queue table[BUCKETS];
static uint64_t last_number;

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
	uint32_t key = (uint32_t)word->base ^ (uint32_t)word->offset;

	return &table[(key * 0x9E3779B1u) >> (32 - BUCKET_BITS)];
}

/* What a task's address stands for. */
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
	if (waiter->asleep)
		thread_wake(waiter->thread, WAIT_AWAKENED);
}

static void move(struct waiter *waiter, const struct vm_word *to)
{
	queue_remove(&waiter->link);
	waiter->word = *to;
	queue_insert_tail(bucket_of(to), &waiter->link);
}

/* Serve up to `max`, none of those that came after `last`.  Returns how many there were. */
static unsigned int serve_some(const struct service *service, unsigned int max, uint64_t last)
{
	struct queue *bucket = bucket_of(&service->word);
	struct queue_link *next, *link = bucket->head.next;
	unsigned int served = 0;

	for (; link != &bucket->head && served < max; link = next) {
		struct waiter *waiter = container_of(link, struct waiter, link);

		next = link->next;
		if (waiter->number > last || !same_word(&waiter->word, &service->word))
			continue;
		served++;
		if (service->to == NULL)
			wake(waiter);
		else
			move(waiter, service->to);
	}
	return served;
}

/* The same without the lock, of those that wait now.  Others may run in between. */
static unsigned int serve(const struct service *service)
{
	unsigned int some, served = 0;
	uint64_t last;

	spin_lock(&table_lock);
	last = last_number;
	for (;;) {
		unsigned int left = service->max - served;

		some = serve_some(service, left < SERVED_AT_ONCE ? left : SERVED_AT_ONCE, last);
		spin_unlock(&table_lock);
		served += some;
		if (some < SERVED_AT_ONCE)
			return served;
		preemption_point();
		spin_lock(&table_lock);
	}
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
	if (wait) {
		thread_will_wait(self, true);
		waiter->asleep = true;
	}
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
	struct waiter waiter = { .thread = current_thread() };
	kern_return_t kr = find_word(task, addr, flags, VM_PROT_READ, &waiter.word);

	if (kr != KERN_SUCCESS)
		return kr;
	queue_link_init(&waiter.link);
	spin_lock(&table_lock);
	waiter.number = ++last_number;
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
	struct service service = { .max = flags & GSYNC_BROADCAST ? ~0u : 1 };
	kern_return_t kr = find_word(task, addr, flags, access, &service.word);

	if (kr != KERN_SUCCESS)
		return kr;
	if ((flags & GSYNC_MUTATE) &&
	    vm_map_write_bytes(task->map, addr, &val, sizeof(val)) != KERN_SUCCESS)
		return KERN_INVALID_ADDRESS;
	return serve(&service) > 0 ? KERN_SUCCESS : KERN_INVALID_ARGUMENT;
}

kern_return_t gsync_requeue(struct task *task, vm_address_t src_addr, vm_address_t dst_addr,
			    boolean_t wake_one, int flags)
{
	struct service first = { .max = 1 }, rest = { .max = flags & GSYNC_BROADCAST ? ~0u : 1 };
	struct vm_word target;
	unsigned int served = 0;
	kern_return_t kr = find_word(task, src_addr, flags, VM_PROT_READ, &first.word);

	if (kr == KERN_SUCCESS)
		kr = find_word(task, dst_addr, flags, VM_PROT_READ, &target);
	if (kr != KERN_SUCCESS)
		return kr;
	if (same_word(&first.word, &target))
		return KERN_INVALID_ARGUMENT;
	rest.word = first.word;
	rest.to = &target;
	if (wake_one)
		served = serve(&first);
	served += serve(&rest);
	return served > 0 ? KERN_SUCCESS : KERN_INVALID_ARGUMENT;
}
