/* SPDX-License-Identifier: BSD-2-Clause */
#include <kern/run_queue.h>

struct run_queue run_queue;

void run_queue_init(void)
{
	unsigned int i;

	spin_lock_init(&run_queue.lock, LOCK_RUN_QUEUE);
	run_queue.best = PRIORITY_LEVELS;
	for (i = 0; i < PRIORITY_LEVELS; i++)
		queue_init(&run_queue.level[i]);
}

int32_t run_queue_next_level(int32_t level)
{
	uint32_t bits;

	if (level >= PRIORITY_LEVELS)
		return PRIORITY_LEVELS;
	bits = run_queue.used[level / 32] >> (level % 32);
	if (bits != 0)
		return level + __builtin_ctz(bits);
	if (level < 32 && run_queue.used[1] != 0)
		return 32 + __builtin_ctz(run_queue.used[1]);
	return PRIORITY_LEVELS;
}

void run_queue_insert(struct thread *thread, bool first)
{
	int32_t level = thread->sched_priority;
	struct queue *q = &run_queue.level[level];

	assert_locked(&run_queue.lock);
	assert(!queue_linked(&thread->run_link) && (thread->flags & TH_RUN));
	if (first)
		queue_insert_head(q, &thread->run_link);
	else
		queue_insert_tail(q, &thread->run_link);
	run_queue.used[level / 32] |= 1u << (level % 32);
	run_queue.count++;
	if (level < run_queue.best)
		run_queue.best = level;
}

void run_queue_remove(struct thread *thread)
{
	int32_t level = thread->sched_priority;

	assert_locked(&run_queue.lock);
	assert(queue_linked(&thread->run_link) && run_queue.count > 0);
	queue_remove(&thread->run_link);
	run_queue.count--;
	if (!queue_empty(&run_queue.level[level]))
		return;
	run_queue.used[level / 32] &= ~(1u << (level % 32));
	if (level == run_queue.best)
		run_queue.best = run_queue_next_level(level);
}

struct thread *run_queue_take(void)
{
	struct thread *thread;

	if (run_queue.best == PRIORITY_LEVELS)
		return NULL;
	thread = container_of(queue_first(&run_queue.level[run_queue.best]), struct thread,
			      run_link);
	run_queue_remove(thread);
	return thread;
}
