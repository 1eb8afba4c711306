/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the compiler tells us of each access to memory, when it believes that it speaks to its
 * thread sanitizer (-fsanitize=thread; we link ours instead, this machine's is not for -m32).
 *
 * Each actor has a vector clock.  A lock and an atomic object carry the clock of who left
 * them last.  Two accesses to a word that no clock orders, one of them a write, make the word a
 * `shared` one: from the next search on, actors stop before each access to it.
 */
#include <tests/unit/schedule_i.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kern/lock.h>

#define ARENA_BYTES (1u << 20)
#define RED_BYTES 32u
#define GLOBALS 4096u		/* words of static memory that are accessed; a power of two */
#define SYNCS 1024u
#define WORDS_MAX 256u

struct clocks {
	uint32_t at[SCHEDULE_ACTORS];
};

/* The last accesses to one word. */
struct shadow {
	uint32_t run;			/* all else is of this run */
	uintptr_t word;
	int writer;
	uint32_t written;
	uint32_t read[SCHEDULE_ACTORS];
	const void *writer_pc;
	bool atomic;
};

struct sync {
	uint32_t run;
	const void *object;
	struct clocks clocks;
	bool tried;
};

static struct shadow globals[GLOBALS], arena_shadow[ARENA_BYTES / 4];
static struct sync syncs[SYNCS];
static struct clocks actor_clocks[SCHEDULE_ACTORS];
static uint32_t run;

/* Words at which actors stop, and locks that are tried, after whose release they stop. */
static uintptr_t words[WORDS_MAX];
static unsigned int word_count;
static bool found_more;

/* --- Memory ------------------------------------------------------------------------------ */

static uint8_t arena[ARENA_BYTES] __attribute__((aligned(64)));
static bool live[ARENA_BYTES / 4];
static uint32_t arena_used, arena_kept;

void *schedule_alloc(size_t size)
{
	uint32_t start = (arena_used + RED_BYTES + 63) & ~63u;

	if (start + size > ARENA_BYTES)
		return NULL;
	arena_used = start + size;
	memset(live + start / 4, 1, (size + 3) / 4);
	return arena + start;
}

void schedule_free(void *p, size_t size)
{
	uint32_t start = (uint32_t)((uint8_t *)p - arena);

	if (start >= ARENA_BYTES || !live[start / 4])
		schedule_fail("%p is freed, but not allocated", p);
	memset(live + start / 4, 0, (size + 3) / 4);
	memset(p, 0xa5, size);
}

void schedule_keep_memory(void)
{
	arena_kept = arena_used;
}

/* --- Words ------------------------------------------------------------------------------- */

static bool is_shared(uintptr_t word)
{
	for (unsigned int i = 0; i < word_count; i++)
		if (words[i] == word)
			return true;
	return false;
}

static void add_word(uintptr_t word)
{
	if (is_shared(word))
		return;
	if (word_count == WORDS_MAX) {
		fprintf(stderr, "more than %u words are shared\n", WORDS_MAX);
		abort();
	}
	words[word_count++] = word;
	found_more = true;
}

void schedule_share(const void *word)
{
	add_word((uintptr_t)word);
}

void watch_start_search(void)
{
	word_count = 0;
}

void watch_start_run(void)
{
	run++;
	memset(actor_clocks, 0, sizeof(actor_clocks));
	for (int i = 0; i < SCHEDULE_ACTORS; i++)
		actor_clocks[i].at[i] = 1;
	memset(live + arena_kept / 4, 0, (arena_used - arena_kept + 3) / 4);
	arena_used = arena_kept;
}

bool watch_found_more(void)
{
	bool more = found_more;

	found_more = false;
	return more;
}

uint32_t watch_words(void)
{
	return word_count;
}

size_t watch_print(char *text, size_t size)
{
	size_t length = 0;

	for (unsigned int i = 0; i < word_count && length + 12 < size; i++)
		length += (size_t)snprintf(text + length, size - length, " %lx",
					   (unsigned long)words[i]);
	return length;
}

void watch_parse(const char *text)
{
	char *end;

	word_count = 0;
	for (;; text = end) {
		uintptr_t word = strtoul(text, &end, 16);

		if (end == text || word_count == WORDS_MAX)
			return;
		words[word_count++] = word;
	}
}

/* --- Clocks ------------------------------------------------------------------------------ */

static void join(struct clocks *to, const struct clocks *from)
{
	for (int i = 0; i < SCHEDULE_ACTORS; i++)
		if (to->at[i] < from->at[i])
			to->at[i] = from->at[i];
}

static struct sync *sync_of(const void *object)
{
	for (uint32_t i = (uint32_t)((uintptr_t)object >> 2) * 2654435761u >> 20;; i++) {
		struct sync *sync = &syncs[i % SYNCS];

		if (sync->run == run && sync->object == object)
			return sync;
		if (sync->run != run) {
			*sync = (struct sync){ .run = run, .object = object };
			return sync;
		}
	}
}

static void sync_acquire(const void *object)
{
	int self = schedule_self();

	if (self >= 0)
		join(&actor_clocks[self], &sync_of(object)->clocks);
}

static void sync_release(const void *object)
{
	int self = schedule_self();

	if (self < 0)
		return;
	join(&sync_of(object)->clocks, &actor_clocks[self]);
	actor_clocks[self].at[self]++;
}

void watch_order(unsigned int before, unsigned int after)
{
	join(&actor_clocks[after], &actor_clocks[before]);
	actor_clocks[before].at[before]++;
}

/* --- Plain accesses ---------------------------------------------------------------------- */

static struct shadow *shadow_of(uintptr_t word)
{
	uintptr_t offset = word - (uintptr_t)arena;
	struct shadow *shadow;

	if (offset < ARENA_BYTES) {
		shadow = &arena_shadow[offset / 4];
	} else {
		uint32_t i = (uint32_t)(word >> 2) * 2654435761u >> 20;

		while (globals[i % GLOBALS].run == run && globals[i % GLOBALS].word != word)
			i++;
		shadow = &globals[i % GLOBALS];
	}
	if (shadow->run != run)
		*shadow = (struct shadow){ .run = run, .word = word, .writer = -1 };
	return shadow;
}

static void check_live(uintptr_t word, const void *pc, bool write)
{
	uintptr_t offset = word - (uintptr_t)arena;

	if (offset < ARENA_BYTES && !live[offset / 4])
		schedule_fail("%s of freed memory at %#lx by %p", write ? "write" : "read",
			      (unsigned long)word, pc);
}

static void compare(struct shadow *s, int self, bool write, const void *pc)
{
	const uint32_t *now = actor_clocks[self].at;
	bool race = s->writer >= 0 && s->writer != self && s->written > now[s->writer];

	for (int i = 0; write && i < SCHEDULE_ACTORS; i++)
		race |= i != self && s->read[i] > now[i];
	if (race && !s->atomic && !is_shared(s->word)) {
		add_word(s->word);
		if (getenv("SCHEDULE_WORDS") != NULL)
			printf("shared word %#lx: %s by %p, written by %p\n",
			       (unsigned long)s->word, write ? "write" : "read", pc, s->writer_pc);
	}
}

static void access_word(uintptr_t word, bool write, const void *pc)
{
	enum schedule_access access = write ? SCHEDULE_WRITE : SCHEDULE_READ;
	int self = schedule_self();
	struct shadow *shadow;

	if (word_count != 0 && is_shared(word))
		schedule_point((const void *)word, access);
	check_live(word, pc, write);
	shadow = shadow_of(word);
	compare(shadow, self, write, pc);
	if (write) {
		shadow->writer = self;
		shadow->written = actor_clocks[self].at[self];
		shadow->writer_pc = pc;
	} else {
		shadow->read[self] = actor_clocks[self].at[self];
	}
}

/* Its own stack is an actor's own business. */
static void access_memory(const void *p, size_t size, bool write, const void *pc)
{
	uintptr_t start = (uintptr_t)p & ~(uintptr_t)3;
	enum schedule_stack owner;

	if (schedule_watched < 0)
		return;
	owner = schedule_stack_of(p);
	if (owner == STACK_OWN)
		return;
	if (owner == STACK_OTHER)
		schedule_fail("%s of another processor's stack at %p by %p",
			      write ? "write" : "read", p, pc);
	for (uintptr_t word = start; word < (uintptr_t)p + size; word += 4)
		access_word(word, write, pc);
}

#define PC __builtin_return_address(0)

#define WATCH(size)								\
	void __tsan_read##size(void *p);					\
	void __tsan_read##size(void *p)						\
	{									\
		if (schedule_watched >= 0)					\
			access_memory(p, size, false, PC);		\
	}									\
	void __tsan_write##size(void *p);					\
	void __tsan_write##size(void *p)					\
	{									\
		if (schedule_watched >= 0)					\
			access_memory(p, size, true, PC);		\
	}									\
	void __tsan_unaligned_read##size(void *p);				\
	void __tsan_unaligned_read##size(void *p)				\
	{									\
		if (schedule_watched >= 0)					\
			access_memory(p, size, false, PC);		\
	}									\
	void __tsan_unaligned_write##size(void *p);				\
	void __tsan_unaligned_write##size(void *p)				\
	{									\
		if (schedule_watched >= 0)					\
			access_memory(p, size, true, PC);		\
	}
WATCH(1)
WATCH(2)
WATCH(4)
WATCH(8)
WATCH(16)

void __tsan_init(void);
void __tsan_init(void)
{
}

void __tsan_func_entry(void *pc);
void __tsan_func_entry(void *pc)
{
	(void)pc;
}

void __tsan_func_exit(void);
void __tsan_func_exit(void)
{
}

void __tsan_read_range(void *p, unsigned long size);
void __tsan_read_range(void *p, unsigned long size)
{
	access_memory(p, size, false, PC);
}

void __tsan_write_range(void *p, unsigned long size);
void __tsan_write_range(void *p, unsigned long size)
{
	access_memory(p, size, true, PC);
}

/* --- Locks ------------------------------------------------------------------------------- */

static const void *announced;		/* the lock that is about to be taken */
static const void *releasing;

void __real_spin_lock_check_acquire(struct spin_lock *lock, bool second);
void __real_spin_lock_check_acquired(struct spin_lock *lock);
void __real_spin_lock_check_release(struct spin_lock *lock);
void __wrap_spin_lock_check_acquire(struct spin_lock *lock, bool second);
void __wrap_spin_lock_check_acquired(struct spin_lock *lock);
void __wrap_spin_lock_check_release(struct spin_lock *lock);

void __wrap_spin_lock_check_acquire(struct spin_lock *lock, bool second)
{
	if (schedule_self() >= 0)
		check_live((uintptr_t)lock, PC, true);
	__real_spin_lock_check_acquire(lock, second);
	if (schedule_self() >= 0) {
		schedule_lock_wanted(&lock->held, PC);
		check_live((uintptr_t)lock, PC, true);
		announced = &lock->held;
	}
}

void __wrap_spin_lock_check_acquired(struct spin_lock *lock)
{
	announced = NULL;
	sync_acquire(&lock->held);
	__real_spin_lock_check_acquired(lock);
}

void __wrap_spin_lock_check_release(struct spin_lock *lock)
{
	__real_spin_lock_check_release(lock);
	releasing = &lock->held;
}

/* --- Atomic operations --------------------------------------------------------------------- */

static bool acquires(int order)
{
	return order == __ATOMIC_ACQUIRE || order >= __ATOMIC_ACQ_REL || order == __ATOMIC_CONSUME;
}

static bool releases(int order)
{
	return order >= __ATOMIC_RELEASE;
}

static void atomic_begin(const volatile void *p, enum schedule_access access, const void *pc)
{
	if (schedule_self() < 0)
		return;
	schedule_point((const void *)p, access);
	check_live((uintptr_t)p, pc, true);
	shadow_of((uintptr_t)p)->atomic = true;
}

static void atomic_end(const volatile void *p, int order)
{
	if (acquires(order))
		sync_acquire((const void *)p);
	if (releases(order))
		sync_release((const void *)p);
}

/* An actor that takes the lock which it has waited for goes on; one that tries a lock stops. */
uint32_t __tsan_atomic32_exchange(volatile uint32_t *p, uint32_t value, int order);
uint32_t __tsan_atomic32_exchange(volatile uint32_t *p, uint32_t value, int order)
{
	uint32_t old;

	if (announced == p || schedule_self() < 0) {
		old = *p;
		if (old != 0 && schedule_self() < 0)
			schedule_fail("a lock is held outside of all schedules");
		*p = value;
		return old;
	}
	add_word((uintptr_t)p);
	atomic_begin(p, SCHEDULE_WRITE, PC);
	old = *p;
	*p = value;
	if (old == 0)
		atomic_end(p, order);
	return old;
}

void __tsan_atomic32_store(volatile uint32_t *p, uint32_t value, int order);
void __tsan_atomic32_store(volatile uint32_t *p, uint32_t value, int order)
{
	bool lock = releasing == p;

	releasing = NULL;
	if (schedule_self() < 0) {
		*p = value;
		return;
	}
	if (!lock)
		atomic_begin(p, SCHEDULE_WRITE, PC);
	sync_release((const void *)p);
	*p = value;
	schedule_note((const void *)p, lock ? SCHEDULE_UNLOCK : SCHEDULE_WRITE);
	if (lock && is_shared((uintptr_t)p))
		schedule_point(NULL, SCHEDULE_READ);
	(void)order;
}

uint32_t __tsan_atomic32_load(const volatile uint32_t *p, int order);
uint32_t __tsan_atomic32_load(const volatile uint32_t *p, int order)
{
	atomic_begin(p, SCHEDULE_READ, PC);
	atomic_end(p, acquires(order) ? __ATOMIC_ACQUIRE : __ATOMIC_RELAXED);
	return *p;
}

/* Counts: only the step that comes to zero can be told from its order. */
#define FETCH(name, operator, kind)						\
	uint32_t __tsan_atomic32_fetch_##name(volatile uint32_t *p, uint32_t v, int order); \
	uint32_t __tsan_atomic32_fetch_##name(volatile uint32_t *p, uint32_t v, int order) \
	{									\
		uint32_t old;							\
										\
		atomic_begin(p, kind, PC);					\
		old = *p;							\
		*p = old operator v;						\
		if (*p == 0)							\
			schedule_note((const void *)p, SCHEDULE_WRITE);		\
		atomic_end(p, order);						\
		return old;							\
	}
FETCH(add, +, SCHEDULE_ADD)
FETCH(sub, -, SCHEDULE_ADD)
FETCH(and, &, SCHEDULE_WRITE)
FETCH(or, |, SCHEDULE_WRITE)

int __tsan_atomic32_compare_exchange_strong(volatile uint32_t *p, uint32_t *expected,
					    uint32_t value, int order, int failure);
int __tsan_atomic32_compare_exchange_strong(volatile uint32_t *p, uint32_t *expected,
					    uint32_t value, int order, int failure)
{
	uint32_t old;

	(void)failure;
	atomic_begin(p, SCHEDULE_WRITE, PC);
	atomic_end(p, order);
	old = *p;
	if (old == *expected) {
		*p = value;
		return true;
	}
	*expected = old;
	return false;
}
