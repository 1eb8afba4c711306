/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page-out thread and those who wait for it: who is let wait, who is refused and for how long.
 * Pages, queues and the manager are simulated, step by step: everything that others do happens
 * where the thread lets them, at its preemption points and when it rests.
 *
 * The thread runs when somebody waits, on the same stack, up to the next rest without an end.
 */
#include <tests/unit/fakes.h>

#include <stdlib.h>

#include <ipc/port.h>
#include <kern/default_manager.h>
#include <kern/sched.h>
#include <kern/thread.h>
#include <mach/vm_prot.h>
#include <vm/object_pages.h>
#include <vm/page.h>
#include <vm/pageout.h>
#include <vm/pager.h>
#include <vm/pmap.h>
#include <vm/store.h>

#define PAGES 300u			/* of users */
#define LAUNDRY_FULL 128u
#define MS 1000000ull

/* --- The scene --------------------------------------------------------------------------------- */

static void (*thread_function)(void);	/* the page-out thread's */
static bool inside;			/* it runs */
static bool limited;			/* its next rest has an end */
static bool woken;
static jmp_buf idle;			/* the end of its run */
static const void *event;		/* that somebody waits for */
static bool interrupted;		/* whoever waits is */

static struct spin_lock lock = SPIN_LOCK_INIT(LOCK_OBJECT);
static struct vm_object object = { .lock = &lock };
static struct queue queues[PAGE_QUEUES];
static uint32_t counts[PAGE_QUEUES];
static struct vm_page *laundry[LAUNDRY_FULL + PAGES];
static uint32_t washing;		/* in there */
static bool there_is_a_manager, takes;	/* pages */

static struct vm_page *hoard[12000];	/* all that nobody is to have */
static uint32_t hoarded;

/* What others do meanwhile. */
static void (*at_rest)(void);
static void (*at_end_of_round)(void);
static uint32_t rests, points;

static void put(struct vm_page *page, enum vm_page_queue which)
{
	page->queue = (uint8_t)which;
	queue_insert_tail(&queues[which], &page->queue_link);
	counts[which]++;
}

/* A page that users have. */
static void use(struct vm_page *page)
{
	vm_page_set_state(page, PAGE_OBJECT);
	page->object = &object;
	put(page, QUEUE_ACTIVE);
}

static void hoard_all(void)
{
	while (vm_page_user_available())
		hoard[hoarded++] = vm_page_alloc(VM_ZONE_HIGH, 0);
}

/* Others give up so many pages. */
static void spare(uint32_t pages)
{
	while (pages-- > 0)
		vm_page_free(hoard[--hoarded], 0);
}

/* Of the laundry so many come back clean, and are free. */
static void wash(uint32_t pages)
{
	for (; pages > 0 && washing > 0; pages--) {
		struct vm_page *page = laundry[--washing];

		vm_page_set_state(page, PAGE_KERNEL);
		vm_page_free(page, 0);
		vm_pageout_laundered();
	}
}

static void begin(void)
{
	queue_init(&queues[QUEUE_ACTIVE]);
	queue_init(&queues[QUEUE_INACTIVE]);
	hoard_all();
	for (uint32_t i = 0; i < PAGES; i++)
		use(hoard[--hoarded]);
	vm_pageout_init("");
	vm_pageout_start();
	there_is_a_manager = takes = true;
}

/* --- What the page-out thread calls --------------------------------------------------------------- */

struct vm_page *vm_page_queue_take(enum vm_page_queue which, struct spin_lock **lockp)
{
	struct vm_page *page;

	if (queue_empty(&queues[which]))
		return NULL;
	page = container_of(queue_take_first(&queues[which]), struct vm_page, queue_link);
	queue_insert_tail(&queues[which], &page->queue_link);
	spin_lock(&lock);
	*lockp = &lock;
	return page;
}

static void take_off(struct vm_page *page)
{
	counts[page->queue]--;
	queue_remove(&page->queue_link);
	page->queue = QUEUE_NONE;
}

void vm_page_requeue(struct vm_page *page, enum vm_page_queue which)
{
	take_off(page);
	put(page, which);
}

uint32_t vm_page_queue_count(enum vm_page_queue which)
{
	return counts[which];
}

uint32_t vm_page_laundry_count(void)
{
	return washing;
}

/* One page, the first that could go: it is the last of the active ones now. */
uint32_t vm_store_page_out(struct vm_object *from, uint32_t index)
{
	struct vm_page *page = container_of(queues[QUEUE_ACTIVE].head.prev, struct vm_page,
					    queue_link);

	(void)index;
	ck_must(from == &object && washing < LAUNDRY_FULL);
	if (!takes)
		return 0;
	take_off(page);
	laundry[washing++] = page;
	return 1;
}

struct ipc_port *default_manager_right(void)
{
	static char manager;

	return there_is_a_manager ? (struct ipc_port *)&manager : NULL;
}

void ipc_port_release_send(struct ipc_port *port)
{
	(void)port;
}

bool pmap_page_referenced(struct vm_page *page)
{
	(void)page;
	return false;
}

/* No pagers but the default one. */
uint32_t vm_pagers_idle;

uint32_t vm_pager_count(void)
{
	return 0;
}

void vm_pager_end_idle_now(void)
{
	at_end_of_round();
}

uint32_t vm_pager_page_out(struct vm_pager *pager, uint32_t index)
{
	(void)pager, (void)index;
	abort();
}

void vm_object_free_page(struct vm_object *from, struct vm_page *page)
{
	(void)from, (void)page;
	abort();
}

/* --- Threads ------------------------------------------------------------------------------------- */

struct thread *kernel_thread_create(const char *name, void (*function)(void), int priority)
{
	(void)name, (void)priority;
	thread_function = function;
	return &fake_thread;
}

void preemption_point(void)
{
	assert_no_locks();
	points++;
	ck_must(points < 1000000);
}

void event_will_wait(const void *which, bool interruptible)
{
	ck_must(inside == !interruptible);
	event = which;
	woken = false;
}

void event_wake_all(const void *which)
{
	woken |= which == event;
}

void thread_set_timeout(struct thread *thread, uint32_t ms)
{
	(void)thread;
	limited = true;
	fake_uptime_ns += ms * MS;
}

static void run_thread(void)
{
	static struct thread thread;
	const void *awaited = event;

	inside = true;
	host_stack_base.thread = &thread;
	if (setjmp(idle) == 0)
		thread_function();
	host_stack_base.thread = &fake_thread;
	inside = false;
	event = awaited;
}

static void rest(void)
{
	rests++;
	if (!limited)
		longjmp(idle, 1);
	limited = false;
	if (at_rest != NULL)
		at_rest();
}

/* A waiter: the thread works until it has no more to do. */
void thread_block(continuation_t continuation)
{
	ck_must(continuation == NULL);
	assert_no_locks();
	if (inside) {
		rest();
		return;
	}
	fake_thread.wait_result = interrupted ? WAIT_INTERRUPTED : WAIT_AWAKENED;
	if (!interrupted)
		run_thread();
}

/* --- Tests --------------------------------------------------------------------------------------- */

/* A page for users, by the contract of vm_pageout_wait; what it says when there is none. */
static kern_return_t want_page(void)
{
	kern_return_t kr = KERN_SUCCESS;
	struct vm_page *page;

	while ((page = vm_page_alloc_user()) == NULL && kr == KERN_SUCCESS)
		kr = vm_pageout_wait();
	if (page != NULL)
		hoard[hoarded++] = page;
	return kr;
}

static void wash_some(void)
{
	wash(3);
}

START_TEST(pages_go)
{
	begin();
	at_rest = wash_some;
	for (uint32_t i = 0; i < 100; i++)
		ck_assert_int_eq(want_page(), KERN_SUCCESS);
	ck_assert_uint_ge(vm_pageout_counts.pageouts, 100);
	ck_assert_uint_eq(vm_pageout_counts.refusals, 0);
}
END_TEST

/* Nothing that can go: it is said at once, and not looked for again at every request. */
START_TEST(nothing_can_go)
{
	uint32_t before;

	begin();
	takes = false;
	ck_assert_int_eq(want_page(), KERN_RESOURCE_SHORTAGE);
	before = points;
	ck_assert_int_eq(want_page(), KERN_RESOURCE_SHORTAGE);
	ck_assert_uint_eq(points, before);
	ck_assert_uint_eq(vm_pageout_counts.refusals, 2);
	takes = true;
	at_rest = wash_some;
	ck_assert_int_eq(want_page(), KERN_RESOURCE_SHORTAGE);
	fake_uptime_ns += 250 * MS;
	ck_assert_int_eq(want_page(), KERN_SUCCESS);
}
END_TEST

START_TEST(things_have_changed)
{
	begin();
	takes = false;
	ck_assert_int_eq(want_page(), KERN_RESOURCE_SHORTAGE);
	takes = true;
	at_rest = wash_some;
	vm_pageout_wake();
	ck_assert_int_eq(want_page(), KERN_SUCCESS);
}
END_TEST

START_TEST(no_manager)
{
	begin();
	there_is_a_manager = false;
	ck_assert_int_eq(want_page(), KERN_RESOURCE_SHORTAGE);
	ck_assert_uint_eq(points, 0);
}
END_TEST

/* Somebody else's page has come and gone since: it is not known any more that nothing can go. */
START_TEST(refusal_ends_with_a_page)
{
	begin();
	takes = false;
	ck_assert_int_eq(want_page(), KERN_RESOURCE_SHORTAGE);
	spare(1);
	ck_assert_int_eq(want_page(), KERN_SUCCESS);
	takes = true;
	at_rest = wash_some;
	ck_assert_int_eq(want_page(), KERN_SUCCESS);
}
END_TEST

/* A manager that gives nothing back: who waits is let go, but not soon. */
START_TEST(silent_manager)
{
	uint64_t start;

	begin();
	start = fake_uptime_ns;
	ck_assert_int_eq(want_page(), KERN_RESOURCE_SHORTAGE);
	ck_assert_uint_eq(washing, LAUNDRY_FULL);
	ck_assert_uint_ge(fake_uptime_ns - start, 2000 * MS);
	ck_assert_uint_le(fake_uptime_ns - start, 4000 * MS);
}
END_TEST

static void wash_late(void)
{
	if (rests % 150 == 0)
		wash(1);
}

/* One that is slow is waited for, as long as anything comes back. */
START_TEST(slow_manager)
{
	begin();
	at_rest = wash_late;
	for (uint32_t i = 0; i < 5; i++)
		ck_assert_int_eq(want_page(), KERN_SUCCESS);
	ck_assert_uint_eq(vm_pageout_counts.refusals, 0);
}
END_TEST

/* A round could send nothing for laundry; by its end all of that is back, and others have the pages. */
static void wash_and_take_all(void)
{
	if (washing < LAUNDRY_FULL || rests < 12)
		return;
	wash(LAUNDRY_FULL);
	hoard_all();
	vm_pagers_idle = 0;
	at_rest = wash_some;
}

START_TEST(laundry_back_in_a_round)
{
	begin();
	vm_pagers_idle = 1;
	at_end_of_round = wash_and_take_all;
	ck_assert_int_eq(want_page(), KERN_SUCCESS);
	ck_assert_uint_eq(vm_pageout_counts.refusals, 0);
	ck_assert_ptr_eq(at_rest, wash_some);
}
END_TEST

static void dissolved(void)
{
	if (rests < 20)
		return;
	object.dissolving = false;
	wash(3);
}

/* What an operation that goes on just now keeps is waited for. */
START_TEST(hindered)
{
	begin();
	object.dissolving = true;
	at_rest = dissolved;
	ck_assert_int_eq(want_page(), KERN_SUCCESS);
	ck_assert_uint_ge(rests, 20);
}
END_TEST

START_TEST(who_waits_is_aborted)
{
	begin();
	interrupted = true;
	ck_assert_int_eq(want_page(), KERN_ABORTED);
	ck_assert_int_eq(vm_pageout_wait_for_room(), KERN_ABORTED);
	ck_assert_uint_eq(vm_pageout_counts.refusals, 0);
}
END_TEST

/* So many pages go that those that were asked for have room as well. */
START_TEST(promises)
{
	begin();
	at_rest = wash_some;
	for (uint32_t i = 0; i < 20; i++) {
		ck_assert_int_eq(vm_pageout_wait_for_room(), KERN_SUCCESS);
		vm_pageout_promise();
	}
	ck_assert(vm_page_users_can_have(20));
	ck_assert(!inside);
	for (uint32_t i = 0; i < 20; i++)
		vm_pageout_redeem();
}
END_TEST

/* When nothing can be expected the page is asked for all the same. */
START_TEST(no_room)
{
	begin();
	takes = false;
	ck_assert_int_eq(vm_pageout_wait_for_room(), KERN_SUCCESS);
	ck_assert(!vm_page_user_available());
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, pages_go);
	tcase_add_test(tcase, nothing_can_go);
	tcase_add_test(tcase, things_have_changed);
	tcase_add_test(tcase, no_manager);
	tcase_add_test(tcase, refusal_ends_with_a_page);
	tcase_add_test(tcase, silent_manager);
	tcase_add_test(tcase, slow_manager);
	tcase_add_test(tcase, laundry_back_in_a_round);
	tcase_add_test(tcase, hindered);
	tcase_add_test(tcase, who_waits_is_aborted);
	tcase_add_test(tcase, promises);
	tcase_add_test(tcase, no_room);
}
