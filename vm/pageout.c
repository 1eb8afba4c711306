/* SPDX-License-Identifier: BSD-2-Clause */
#include <vm/pageout.h>

#include <kern/command_line.h>
#include <kern/default_manager.h>
#include <kern/mig_support.h>
#include <kern/machine.h>
#include <kern/sched.h>
#include <vm/object_pages.h>
#include <vm/pager.h>
#include <vm/pager_run.h>
#include <vm/pmap.h>
#include <vm/store.h>

#define LAUNDRY_MAX 128u		/* pages; a run more at most */
#define INACTIVE_SHARE 3		/* of the pages on both queues: one in so many */
#define STEP_PAGES 8			/* looked at between two preemption points */
#define STUCK_ROUNDS 10			/* without any progress */

#define PAUSE_MS 10
#define PATIENCE_NS 2000000000ull	/* without any progress */
#define REFUSE_NS 250000000ull		/* then look no sooner than this */

struct vm_pageout_counts vm_pageout_counts;

static struct spin_lock pageout_lock = SPIN_LOCK_INIT(LOCK_PAGEOUT);	/* guards what follows */
static bool wanted;			/* somebody has found free pages few */
static bool resting;			/* the thread waits for that */
static uint32_t waiters;
static uint64_t look_after;		/* nothing can be expected up to then */
static bool refused;			/* and no page has been there since; atomic */
static uint64_t progress;		/* when something came of it last */
static uint32_t rounds;			/* without progress */
static uint32_t promised;		/* pages that were asked for; atomic */

/* Constant after start-up. */
static uint32_t low_level, high_level;
static uint32_t always;

/* --- One page; its object is locked ----------------------------------------------------------- */

static bool may_launder;		/* there is a default manager: as of this round */
static bool stuck;			/* it does not take what it was sent: look what others have */
static bool hindered;			/* a page is kept by what goes on just now */

enum outcome { PAGE_KEPT, PAGE_FREED, PAGE_SENT };

static bool laundry_full(void)
{
	return vm_page_laundry_count() >= LAUNDRY_MAX;
}

/* To the default manager.  The lock is given up on the way. */
static enum outcome store(struct vm_page *page)
{
	uint32_t sent;

	if (!may_launder || laundry_full())
		return PAGE_KEPT;
	sent = vm_store_page_out(page->object, page->offset);
	vm_pageout_counts.pageouts += sent;
	return sent > 0 ? PAGE_SENT : PAGE_KEPT;
}

/* To its own pager.  The lock is given up on the way. */
static enum outcome send_back(struct vm_pager *pager, uint32_t index)
{
	uint32_t sent = vm_pager_page_out(pager, index);

	vm_pageout_counts.pageouts += sent;
	return sent > 0 ? PAGE_SENT : PAGE_KEPT;
}

static bool pager_has(struct vm_page *page)
{
	return (page->paging & (PAGING_DIRTY | PAGING_PRECIOUS)) == 0 && !pmap_page_modified(page);
}

/* Let a page go, if it can. */
static enum outcome evict(struct vm_page *page)
{
	struct vm_object *object = page->object;
	struct vm_pager *pager = object->pager;

	/* An operation that is let others in on the way finds again what it has seen. */
	if (object->dissolving || (object->holds > 0 && pager == NULL)) {
		hindered = true;
		return PAGE_KEPT;
	}
	if (pager == NULL || pager->state == PAGER_DEAD)
		return store(page);
	if (pager->state == PAGER_NEW || pager->ending)
		return PAGE_KEPT;
	pmap_page_protect(page, VM_PROT_NONE);
	if (!pager_has(page))
		return send_back(pager, page->offset);
	vm_object_free_page(object, page);
	vm_pageout_counts.dropped++;
	return PAGE_FREED;
}

/* --- The queues -------------------------------------------------------------------------------- */

static bool was_touched(struct vm_page *page)
{
	bool touched = pmap_page_referenced(page);

	if (touched)
		pmap_page_clear_referenced(page);
	return touched;
}

/* Look at the page that has been active longest. */
static void age(void)
{
	struct spin_lock *lock;
	struct vm_page *page = vm_page_queue_take(QUEUE_ACTIVE, &lock);

	if (page == NULL)
		return;
	if (!was_touched(page))
		vm_page_requeue(page, QUEUE_INACTIVE);
	spin_unlock(lock);
}

/* Look at the page that has been inactive longest. */
static enum outcome clean(void)
{
	struct spin_lock *lock;
	struct vm_page *page = vm_page_queue_take(QUEUE_INACTIVE, &lock);
	enum outcome outcome = PAGE_KEPT;

	if (page == NULL)
		return outcome;
	/* One that cannot go must not be in the way of others, either. */
	vm_page_requeue(page, QUEUE_ACTIVE);
	if (was_touched(page))
		vm_pageout_counts.reactivations++;
	else
		outcome = evict(page);
	spin_unlock(lock);
	return outcome;
}

static enum outcome look_at_one(void)
{
	uint32_t active = vm_page_queue_count(QUEUE_ACTIVE);
	uint32_t inactive = vm_page_queue_count(QUEUE_INACTIVE);

	if (active > 0 && inactive < (active + inactive) / INACTIVE_SHARE + 1) {
		age();
		return PAGE_KEPT;
	}
	return clean();
}

static void find_manager(void)
{
	struct ipc_port *manager = default_manager_right();

	may_launder = IP_VALID(manager);
	ipc_port_release_send(manager);
}

/* Can anything go at all? */
static bool anything(void)
{
	find_manager();
	return may_launder || vm_pager_count() > 0;
}

uint32_t vm_pageout_some(uint32_t pages)
{
	uint32_t before = vm_pageout_counts.pageouts + vm_pageout_counts.dropped, gone = 0;
	uint32_t looks = 2 * (vm_page_queue_count(QUEUE_ACTIVE) +
			      vm_page_queue_count(QUEUE_INACTIVE)) + 1;

	hindered = false;
	if (!anything())
		return 0;
	for (; gone < pages && looks > 0 && (stuck || !laundry_full()); looks--) {
		look_at_one();
		gone = vm_pageout_counts.pageouts + vm_pageout_counts.dropped - before;
		if (looks % STEP_PAGES == 0)
			preemption_point();
	}
	vm_pager_end_idle();
	return gone;
}

/* --- The thread -------------------------------------------------------------------------------- */

/* Wait for somebody who finds pages few, with ms not 0 no longer than that. */
static void rest(uint32_t ms)
{
	spin_lock(&pageout_lock);
	if (wanted) {
		spin_unlock(&pageout_lock);
		preemption_point();
		return;
	}
	resting = true;
	event_will_wait(&wanted, false);
	if (ms != 0)
		thread_set_timeout(current_thread(), ms);
	spin_unlock(&pageout_lock);
	thread_block(NULL);
	resting = false;
}

/* Have those who wait look again. */
static void tell_waiters(void)
{
	spin_lock(&pageout_lock);
	if (waiters > 0)
		event_wake_all(&waiters);
	spin_unlock(&pageout_lock);
}

/* Something has come of it. */
static void note_progress(void)
{
	spin_lock(&pageout_lock);
	progress = machine_uptime_ns();
	look_after = 0;
	spin_unlock(&pageout_lock);
	if (vm_page_user_available())
		tell_waiters();
}

/* Nothing can be expected now: who waits need not. */
static void refuse(void)
{
	spin_lock(&pageout_lock);
	look_after = machine_uptime_ns() + REFUSE_NS;
	__atomic_store_n(&refused, !vm_page_user_available(), __ATOMIC_RELAXED);
	wanted = false;
	spin_unlock(&pageout_lock);
	tell_waiters();
}

static bool is_stale(void)
{
	return machine_uptime_ns() > progress + PATIENCE_NS;
}

static void take_call(void)
{
	spin_lock(&pageout_lock);
	wanted = false;
	spin_unlock(&pageout_lock);
}

/* So many pages are to be free: enough also for those that come. */
static uint32_t target(void)
{
	return high_level + __atomic_load_n(&promised, __ATOMIC_RELAXED);
}

/* What a round has come to.  When nothing moves for a while the whole of the queues is looked at. */
static void note_round(uint32_t gone, bool washed)
{
	if (gone > 0 || washed)
		note_progress();
	if (washed) {
		stuck = false;
		rounds = 0;
	} else if (gone == 0) {
		rounds++;
		stuck = rounds % STUCK_ROUNDS == 0;
	}
}

/*
 * Nothing has come of the last round: give others time.  If they have freed memory, who waits for it
 * is told; but not each time that there is some, since it may not be enough for who waits.
 */
static void pause_round(void)
{
	uint32_t before = vm_page_free_count();

	rest(PAUSE_MS);
	if (vm_page_free_count() > before && vm_page_user_available())
		tell_waiters();
}

/*
 * Until pages are enough, or nothing can be done.  While laundry is out, or has just come back, there
 * is hope, up to a point; but whoever must wait for it is let go when it does not come back.
 */
static void make_room(void)
{
	uint32_t before = vm_page_laundry_count(), now;

	note_round(0, true);
	while (vm_page_free_count() < target()) {
		uint32_t gone;
		bool washed;

		take_call();
		gone = vm_pageout_some(PAGER_RUN_MAX);
		now = vm_page_laundry_count();
		washed = now < before;
		note_round(gone, washed);
		before = now;
		if (gone > 0)
			continue;
		/* A round that found the laundry full may end when it has all come back. */
		if ((now == 0 && !washed && !hindered) || is_stale()) {
			refuse();
			break;
		}
		pause_round();
	}
	stuck = false;
	tell_waiters();
}

static _Noreturn void pageout_thread(void)
{
	current_thread()->vm_privileged = true;
	for (;;) {
		rest(always > 0 ? PAUSE_MS : 0);
		take_call();
		if (vm_page_free_count() < target())
			make_room();
		else
			tell_waiters();
		if (always > 0)
			vm_pageout_some(always);
	}
}

/* Objects' locks may be held. */
static void call(void)
{
	spin_lock(&pageout_lock);
	wanted = true;
	if (resting)
		event_wake_all(&wanted);
	spin_unlock(&pageout_lock);
}

static bool is_vain(void)
{
	return look_after != 0 && machine_uptime_ns() < look_after;
}

/* Free pages are few, as a page is allocated. */
static void called(void)
{
	if (vm_page_user_available())
		__atomic_store_n(&refused, false, __ATOMIC_RELAXED);
	if (!wanted && !is_vain())
		call();
}

void vm_pageout_wake(void)
{
	spin_lock(&pageout_lock);
	look_after = 0;
	spin_unlock(&pageout_lock);
	call();
}

void vm_pageout_laundered(void)
{
	if (vm_page_laundry_count() < LAUNDRY_MAX / 2 && waiters > 0)
		call();
}

/* --- Who waits --------------------------------------------------------------------------------- */

static bool has_room(uint32_t pages)
{
	return vm_page_users_can_have(__atomic_load_n(&promised, __ATOMIC_RELAXED) + pages);
}

static kern_return_t wait_until(bool (*enough)(uint32_t pages))
{
	kern_return_t kr = KERN_SUCCESS;

	vm_pageout_counts.waits++;
	spin_lock(&pageout_lock);
	while (kr == KERN_SUCCESS && !enough(1)) {
		if (__atomic_load_n(&refused, __ATOMIC_RELAXED) && is_vain()) {
			kr = KERN_RESOURCE_SHORTAGE;
			break;
		}
		waiters++;
		event_will_wait(&waiters, true);
		spin_unlock(&pageout_lock);
		call();
		thread_block(NULL);
		spin_lock(&pageout_lock);
		waiters--;
		if (thread_wait_result(current_thread()) == WAIT_INTERRUPTED)
			kr = KERN_ABORTED;
	}
	spin_unlock(&pageout_lock);
	return kr;
}

kern_return_t vm_pageout_wait(void)
{
	struct thread *self = current_thread();
	kern_return_t kr = KERN_RESOURCE_SHORTAGE;

	assert_no_locks();
	if (!self->page_short)
		return kr;
	self->page_short = false;
	if (low_level != 0 && anything())
		kr = wait_until(vm_page_users_can_have);
	if (kr == KERN_RESOURCE_SHORTAGE)
		vm_pageout_counts.refusals++;
	return kr;
}

kern_return_t vm_pageout_wait_for_room(void)
{
	assert_no_locks();
	if (has_room(1) || current_thread()->vm_privileged || low_level == 0 || !anything())
		return KERN_SUCCESS;
	return wait_until(has_room) == KERN_ABORTED ? KERN_ABORTED : KERN_SUCCESS;
}

void vm_pageout_promise(void)
{
	__atomic_fetch_add(&promised, 1, __ATOMIC_RELAXED);
}

void vm_pageout_redeem(void)
{
	assert(promised > 0);
	__atomic_fetch_sub(&promised, 1, __ATOMIC_RELAXED);
	if (waiters > 0)
		call();
}

/* --- Start-up ------------------------------------------------------------------------------------ */

static uint32_t number(const char *p)
{
	uint32_t n = 0;

	for (; *p >= '0' && *p <= '9'; p++)
		n = n * 10 + (uint32_t)(*p - '0');
	return n;
}

void vm_pageout_init(const char *command_line)
{
	const char *value = command_line_value(command_line, "pageout-always");
	struct vm_page_counts counts;
	uint32_t share;

	vm_page_get_counts(&counts);
	share = counts.total / 64 < 1024 ? counts.total / 64 : 1024;
	low_level = vm_page_user_reserve() + share;
	high_level = low_level + share;
	if (DEBUG && value != NULL)
		always = number(value);
	vm_page_on_low(low_level, called);
}

void vm_pageout_start(void)
{
	kernel_thread_create("page-out", pageout_thread, BASEPRI_KERNEL);
}
