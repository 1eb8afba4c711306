/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting on words of memory. */
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/gsync.h>
#include <mach/mig_support.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define PATIENCE	30
#define KERNEL_ADDRESS	0xc0000000u

vm_address_t page_new(unsigned int pages)
{
	vm_address_t address = 0;

	EXPECT(vm_allocate(SELF, &address, pages * PAGE_SIZE, TRUE), KERN_SUCCESS);
	return address;
}

void page_end(vm_address_t address, unsigned int pages)
{
	EXPECT(vm_deallocate(SELF, address, pages * PAGE_SIZE), KERN_SUCCESS);
}

/* --- calls: libmach's do not wait for the answer ------------------------------------------ */

#define INTEGER_WORD	0x10012002u
#define BOOLEAN_WORD	0x10012000u

static kern_return_t answer(mach_port_t task, mach_msg_id_t id, const unsigned int *values,
	unsigned int count, int boolean)
{
	struct message message;
	unsigned int *body = (unsigned int *) (&message.header + 1);
	mach_msg_return_t mr;

	message_init(&message, task, MACH_MSG_TYPE_COPY_SEND, mig_get_reply_port(),
		MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message.header.msgh_id = id;
	for (unsigned int i = 0; i < count; i++) {
		body[2 * i] = (int) i == boolean ? BOOLEAN_WORD : INTEGER_WORD;
		body[2 * i + 1] = values[i];
	}
	mr = mach_msg(&message.header, MACH_SEND_MSG | MACH_RCV_MSG,
		sizeof message.header + count * 8, sizeof message, mig_get_reply_port(), 0,
		MACH_PORT_NULL);
	if (mr != MACH_MSG_SUCCESS)
		return mr;
	EXPECT(message.header.msgh_id, id + 100);
	EXPECT(message.header.msgh_size, 32);
	return body[1];
}

kern_return_t wake(mach_port_t task, vm_address_t address, unsigned int value, int flags)
{
	const unsigned int values[] = { address, value, flags };

	return answer(task, 4205, values, COUNT_OF(values), -1);
}

kern_return_t requeue(mach_port_t task, vm_address_t from, vm_address_t to,
	boolean_t wake_one, int flags)
{
	const unsigned int values[] = { from, to, wake_one, flags };

	return answer(task, 4206, values, COUNT_OF(values), 2);
}

/* --- threads that wait ------------------------------------------------------------------ */

struct waiter {
	vm_address_t		address;
	unsigned int		value;
	int			flags;
	natural_t		timeout;
	mach_port_t		thread;
	volatile boolean_t	done;
	kern_return_t		result;
};

static void wait_on(void *argument)
{
	struct waiter *self = argument;

	self->result = gsync_wait(SELF, self->address, self->value, 0, self->timeout, self->flags);
	self->done = TRUE;
}

static void waiter_start(struct waiter *waiter, vm_address_t address, int flags)
{
	memset(waiter, 0, sizeof *waiter);
	waiter->address = address;
	waiter->flags = flags;
	EXPECT(mach_thread_start(wait_on, waiter, &waiter->thread), KERN_SUCCESS);
	sleep_for(PATIENCE);
	EXPECT(waiter->done, FALSE);
}

static kern_return_t waiter_end(struct waiter *waiter)
{
	for (int i = 0; i < 100 && !waiter->done; i++)
		sleep_for(PATIENCE);
	if (!waiter->done) {
		tap_fail("a thread still waits on its word");
		thread_terminate(waiter->thread);
		waiter->result = -1;
	}
	mach_thread_join(waiter->thread);
	return waiter->result;
}

/* --- tests ------------------------------------------------------------------------------- */

static void test_values(void)
{
	vm_address_t page = page_new(1);

	*word_at(page) = 5;
	*word_at(page + 4) = 6;
	EXPECT(gsync_wait(SELF, page, 4, 0, 0, 0), KERN_INVALID_ARGUMENT);
	EXPECT(gsync_wait(SELF, page, 5, 0, 10, GSYNC_TIMED), KERN_TIMEDOUT);
	EXPECT(gsync_wait(SELF, page, 5, 0, 0, GSYNC_TIMED), KERN_TIMEDOUT);
	EXPECT(gsync_wait(SELF, page, 5, 7, 0, GSYNC_QUAD), KERN_INVALID_ARGUMENT);
	EXPECT(gsync_wait(SELF, page, 4, 6, 0, GSYNC_QUAD), KERN_INVALID_ARGUMENT);
	EXPECT(gsync_wait(SELF, page, 5, 6, 10, GSYNC_QUAD | GSYNC_TIMED), KERN_TIMEDOUT);
	EXPECT(gsync_wait(SELF, page, 5, 6, 10, GSYNC_SHARED | GSYNC_QUAD | GSYNC_TIMED),
		KERN_TIMEDOUT);
	page_end(page, 1);
}

static void test_waking(void)
{
	vm_address_t page = page_new(1);
	struct waiter waiter[4];

	for (int shared = 0; shared <= GSYNC_SHARED; shared += GSYNC_SHARED) {
		tap_about("flags %x", shared);
		for (int i = 0; i < 4; i++)
			waiter_start(&waiter[i], page, shared);
		EXPECT(wake(SELF, page + 4, 0, shared), KERN_INVALID_ARGUMENT);
		EXPECT(wake(SELF, page, 0, shared ^ GSYNC_SHARED), KERN_INVALID_ARGUMENT);
		EXPECT(wake(SELF, page, 0, shared), KERN_SUCCESS);
		EXPECT(waiter_end(&waiter[0]), KERN_SUCCESS);	/* first come first served */
		sleep_for(PATIENCE);
		EXPECT(waiter[1].done || waiter[2].done || waiter[3].done, FALSE);
		EXPECT(wake(SELF, page, 0, shared | GSYNC_BROADCAST), KERN_SUCCESS);
		for (int i = 1; i < 4; i++)
			EXPECT(waiter_end(&waiter[i]), KERN_SUCCESS);
		EXPECT(wake(SELF, page, 0, shared | GSYNC_BROADCAST), KERN_INVALID_ARGUMENT);
	}
	tap_about("%s", "");
	page_end(page, 1);
}

static void test_mutate(void)
{
	vm_address_t page = page_new(1);
	struct waiter waiter;

	EXPECT(wake(SELF, page, 17, GSYNC_MUTATE), KERN_INVALID_ARGUMENT);
	EXPECT(*word_at(page), 17);			/* written all the same */
	*word_at(page) = 0;
	waiter_start(&waiter, page, 0);
	EXPECT(wake(SELF, page, 18, GSYNC_MUTATE), KERN_SUCCESS);
	EXPECT(waiter_end(&waiter), KERN_SUCCESS);
	EXPECT(*word_at(page), 18);
	EXPECT(vm_protect(SELF, page, PAGE_SIZE, FALSE, VM_PROT_READ), KERN_SUCCESS);
	EXPECT(wake(SELF, page, 19, GSYNC_MUTATE), KERN_INVALID_ADDRESS);
	EXPECT(*word_at(page), 18);
	EXPECT(gsync_wait(SELF, page, 18, 0, 10, GSYNC_TIMED), KERN_TIMEDOUT);
	EXPECT(gsync_wait(SELF, page, 18, 0, 10, GSYNC_TIMED | GSYNC_SHARED), KERN_TIMEDOUT);
	page_end(page, 1);
}

static void test_requeue(void)
{
	vm_address_t page = page_new(1), other = page + 64;
	struct waiter waiter[4];

	EXPECT(requeue(SELF, page, other, FALSE, 0), KERN_INVALID_ARGUMENT);
	EXPECT(requeue(SELF, page, other, TRUE, GSYNC_BROADCAST), KERN_INVALID_ARGUMENT);
	EXPECT(gsync_requeue(SELF, page, other, FALSE, 0), KERN_SUCCESS);	/* no answer */
	for (int i = 0; i < 4; i++)
		waiter_start(&waiter[i], page, 0);
	EXPECT(requeue(SELF, page, page, TRUE, GSYNC_BROADCAST), KERN_INVALID_ARGUMENT);
	EXPECT(requeue(SELF, page, page + 1, TRUE, 0), KERN_INVALID_ADDRESS);
	EXPECT(requeue(SELF, page + 2, page, TRUE, 0), KERN_INVALID_ADDRESS);
	EXPECT(requeue(SELF, page, KERNEL_ADDRESS, TRUE, 0), KERN_INVALID_ADDRESS);
	/* One wakes, one moves; then the rest moves. */
	EXPECT(requeue(SELF, page, other, TRUE, 0), KERN_SUCCESS);
	EXPECT(waiter_end(&waiter[0]), KERN_SUCCESS);
	EXPECT(wake(SELF, other, 0, 0), KERN_SUCCESS);
	EXPECT(waiter_end(&waiter[1]), KERN_SUCCESS);
	EXPECT(requeue(SELF, page, other, FALSE, GSYNC_BROADCAST), KERN_SUCCESS);
	EXPECT(wake(SELF, page, 0, GSYNC_BROADCAST), KERN_INVALID_ARGUMENT);
	EXPECT(waiter[2].done || waiter[3].done, FALSE);
	EXPECT(wake(SELF, other, 0, GSYNC_BROADCAST), KERN_SUCCESS);
	EXPECT(waiter_end(&waiter[2]), KERN_SUCCESS);
	EXPECT(waiter_end(&waiter[3]), KERN_SUCCESS);
	page_end(page, 1);
}

/* A word that two tasks share is one word; private waits are the task's own. */
static void test_other_tasks(void)
{
	vm_address_t page = page_new(1);
	struct waiter waiter;
	mach_port_t child;

	EXPECT(vm_inherit(SELF, page, PAGE_SIZE, VM_INHERIT_SHARE), KERN_SUCCESS);
	EXPECT(task_create(SELF, TRUE, &child), KERN_SUCCESS);
	waiter_start(&waiter, page, GSYNC_SHARED);
	EXPECT(wake(child, page, 0, 0), KERN_INVALID_ARGUMENT);
	EXPECT(wake(child, page, 3, GSYNC_SHARED | GSYNC_MUTATE), KERN_SUCCESS);
	EXPECT(waiter_end(&waiter), KERN_SUCCESS);
	EXPECT(*word_at(page), 3);
	EXPECT(gsync_wait(child, page, 2, 0, 0, GSYNC_SHARED), KERN_INVALID_ARGUMENT);
	EXPECT(gsync_wait(child, page, 3, 0, 10, GSYNC_TIMED), KERN_TIMEDOUT);
	*word_at(page) = 0;
	waiter_start(&waiter, page, 0);
	EXPECT(wake(child, page, 0, 0), KERN_INVALID_ARGUMENT);
	EXPECT(wake(SELF, page, 0, 0), KERN_SUCCESS);
	EXPECT(waiter_end(&waiter), KERN_SUCCESS);
	EXPECT(task_terminate(child), KERN_SUCCESS);
	mach_port_deallocate(SELF, child);
	page_end(page, 1);
}

/* Memory that is copied while somebody waits stays the same word for those who share it. */
static void test_copies(void)
{
	vm_address_t page = page_new(1), copy;
	mach_msg_type_number_t size;
	struct waiter waiter;
	mach_port_t child;

	EXPECT(vm_inherit(SELF, page, PAGE_SIZE, VM_INHERIT_SHARE), KERN_SUCCESS);
	EXPECT(task_create(SELF, TRUE, &child), KERN_SUCCESS);
	waiter_start(&waiter, page, GSYNC_SHARED);
	EXPECT(vm_read(SELF, page, PAGE_SIZE, &copy, &size), KERN_SUCCESS);
	EXPECT(wake(SELF, copy, 0, GSYNC_SHARED), KERN_INVALID_ARGUMENT);
	*word_at(page) = 9;				/* takes the page away from the copy */
	EXPECT(wake(child, page, 0, GSYNC_SHARED), KERN_SUCCESS);
	EXPECT(waiter_end(&waiter), KERN_SUCCESS);
	page_end(copy, 1);
	EXPECT(task_terminate(child), KERN_SUCCESS);
	mach_port_deallocate(SELF, child);
	page_end(page, 1);
}

static void test_bad_addresses(void)
{
	vm_address_t page = page_new(2);
	const vm_address_t bad[] = { 0, KERNEL_ADDRESS, 0xfffffffc, 0xffffffff, page + 1,
		page + 2, page + 3 };

	for (unsigned int i = 0; i < COUNT_OF(bad); i++)
		for (int flags = 0; flags < 32; flags++) {
			tap_about("%x with flags %x", bad[i], flags);
			EXPECT(gsync_wait(SELF, bad[i], 0, 0, 1, flags | GSYNC_TIMED),
				KERN_INVALID_ADDRESS);
			EXPECT(wake(SELF, bad[i], 0, flags), KERN_INVALID_ADDRESS);
			EXPECT(requeue(SELF, bad[i], page, TRUE, flags),
				KERN_INVALID_ADDRESS);
		}
	tap_about("%s", "");
	/* Two words at the end of a page need the next page. */
	EXPECT(gsync_wait(SELF, page + PAGE_SIZE - 4, 0, 0, 1, GSYNC_QUAD | GSYNC_TIMED),
		KERN_TIMEDOUT);
	page_end(page + PAGE_SIZE, 1);
	EXPECT(gsync_wait(SELF, page + PAGE_SIZE - 4, 0, 0, 1, GSYNC_QUAD | GSYNC_TIMED),
		KERN_INVALID_ADDRESS);
	EXPECT(gsync_wait(SELF, page + PAGE_SIZE - 4, 0, 0, 1, GSYNC_TIMED), KERN_TIMEDOUT);
	EXPECT(vm_protect(SELF, page, PAGE_SIZE, FALSE, VM_PROT_NONE), KERN_SUCCESS);
	EXPECT(gsync_wait(SELF, page, 0, 0, 1, GSYNC_TIMED), KERN_INVALID_ADDRESS);
	page_end(page, 1);
}

static void test_bad_tasks(void)
{
	vm_address_t page = page_new(1);
	mach_port_t thread = mach_thread_self(), child;

	EXPECT(gsync_wait(thread, page, 0, 0, 1, GSYNC_TIMED), KERN_INVALID_TASK);
	EXPECT(wake(thread, page, 0, 0), KERN_INVALID_TASK);
	EXPECT(requeue(thread, page, page, TRUE, 0), KERN_INVALID_TASK);
	EXPECT(task_create(SELF, FALSE, &child), KERN_SUCCESS);
	EXPECT(gsync_wait(child, page, 0, 0, 1, GSYNC_TIMED), KERN_INVALID_ADDRESS);
	EXPECT(task_terminate(child), KERN_SUCCESS);
	EXPECT(wake(child, page, 0, 0), MACH_SEND_INVALID_DEST);
	mach_port_deallocate(SELF, child);
	mach_port_deallocate(SELF, thread);
	page_end(page, 1);
}

/* The word may go while somebody waits on it; a thread always can be got out. */
static void test_ends_of_waits(void)
{
	vm_address_t page = page_new(1);
	struct waiter waiter;

	waiter_start(&waiter, page, 0);
	EXPECT(vm_protect(SELF, page, PAGE_SIZE, FALSE, VM_PROT_NONE), KERN_SUCCESS);
	EXPECT(wake(SELF, page, 0, 0), KERN_INVALID_ADDRESS);
	EXPECT(vm_protect(SELF, page, PAGE_SIZE, FALSE, VM_PROT_DEFAULT), KERN_SUCCESS);
	EXPECT(wake(SELF, page, 0, 0), KERN_SUCCESS);
	EXPECT(waiter_end(&waiter), KERN_SUCCESS);
	for (int shared = 0; shared <= GSYNC_SHARED; shared += GSYNC_SHARED) {
		waiter_start(&waiter, page, shared);
		page_end(page, 1);
		EXPECT(thread_abort(waiter.thread), KERN_SUCCESS);
		EXPECT(waiter_end(&waiter), KERN_INTERRUPTED);
		EXPECT(vm_allocate(SELF, &page, PAGE_SIZE, FALSE), KERN_SUCCESS);
		EXPECT(wake(SELF, page, 0, shared), KERN_INVALID_ARGUMENT);
	}
	waiter_start(&waiter, page, 0);
	EXPECT(thread_suspend(waiter.thread), KERN_SUCCESS);
	EXPECT(wake(SELF, page, 0, 0), KERN_SUCCESS);
	sleep_for(PATIENCE);
	EXPECT(waiter.done, FALSE);
	EXPECT(thread_resume(waiter.thread), KERN_SUCCESS);
	EXPECT(waiter_end(&waiter), KERN_SUCCESS);
	page_end(page, 1);
}

/* --- a lock and a condition made of words -------------------------------------------------- */

#define CLIENTS	8
#define ROUNDS	300

static volatile unsigned int lock_word, inside, total;

static void lock(void)
{
	while (__sync_lock_test_and_set(&lock_word, 2) != 0)
		gsync_wait(SELF, (vm_address_t) &lock_word, 2, 0, 0, 0);
}

static void unlock(void)
{
	__sync_lock_release(&lock_word);
	gsync_wake(SELF, (vm_address_t) &lock_word, 0, 0);
}

static void contend(void *argument)
{
	for (int i = 0; i < ROUNDS; i++) {
		lock();
		if (inside++ != 0)
			tap_fail("two threads hold one lock");
		if (i % 16 == 0)
			swtch_pri(0);
		total++;
		inside--;
		unlock();
	}
	*(volatile boolean_t *) argument = TRUE;
}

static void test_lock(void)
{
	static boolean_t done[CLIENTS];
	mach_port_t thread[CLIENTS];

	total = 0;
	for (int i = 0; i < CLIENTS; i++)
		EXPECT(mach_thread_start(contend, &done[i], &thread[i]), KERN_SUCCESS);
	for (int i = 0; i < CLIENTS; i++)
		mach_thread_join(thread[i]);
	EXPECT(total, CLIENTS * ROUNDS);
}

static volatile boolean_t stop;

static void disturb(void *argument)
{
	vm_address_t page = (vm_address_t) argument;

	while (!stop) {
		vm_protect(SELF, page, PAGE_SIZE, FALSE, VM_PROT_NONE);
		vm_protect(SELF, page, PAGE_SIZE, FALSE, VM_PROT_DEFAULT);
		vm_deallocate(SELF, page, PAGE_SIZE);
		vm_allocate(SELF, &page, PAGE_SIZE, FALSE);
	}
}

/* The page changes while it is waited on: no call hangs, and each answers as documented. */
static void test_changing_memory(void)
{
	vm_address_t page = page_new(1);
	mach_port_t thread;

	stop = FALSE;
	EXPECT(mach_thread_start(disturb, (void *) page, &thread), KERN_SUCCESS);
	for (int i = 0; i < 2000; i++) {
		int flags = (i & (GSYNC_SHARED | GSYNC_QUAD)) | GSYNC_TIMED;
		kern_return_t kr = gsync_wait(SELF, page, 0, 0, i % 3, flags);

		if (kr != KERN_TIMEDOUT && kr != KERN_INVALID_ADDRESS)
			EXPECT(kr, KERN_TIMEDOUT);
		kr = wake(SELF, page, 0, (i & GSYNC_SHARED) | GSYNC_MUTATE);
		if (kr != KERN_INVALID_ARGUMENT && kr != KERN_INVALID_ADDRESS)
			EXPECT(kr, KERN_INVALID_ARGUMENT);
	}
	stop = TRUE;
	mach_thread_join(thread);
	page_end(page, 1);
}

static const struct test tests[] = {
	{ .name = "values and timeouts", .run = test_values },
	{ .name = "waking one and all", .run = test_waking },
	{ .name = "writing before waking", .run = test_mutate },
	{ .name = "moving waiters", .run = test_requeue, .ours = TRUE },
	{ .name = "MK-18 words of other tasks", .run = test_other_tasks },
	{ .name = "words whose memory is copied", .run = test_copies },
	{ .name = "MK-18 bad addresses", .run = test_bad_addresses, .ours = TRUE },
	{ .name = "bad tasks", .run = test_bad_tasks },
	{ .name = "ends of waits", .run = test_ends_of_waits },
	{ .name = "a lock", .run = test_lock },
	{ .name = "MK-18 memory that changes", .run = test_changing_memory },
	{ .name = "all flags", .run = test_flags, .ours = TRUE },
	{ .name = "shared words that have gone", .run = test_forgotten_words, .ours = TRUE },
	{ .name = "many waiters", .run = test_many_waiters },
	{ .name = "tasks that end while they wait", .run = test_tasks_that_end, .ours = TRUE },
	{ .name = "waits on words of a task that ends", .run = test_waits_on_the_dead },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
