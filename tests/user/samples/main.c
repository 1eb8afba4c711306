/* SPDX-License-Identifier: BSD-2-Clause */
/* Samples of where threads are: at ticks and at page faults, of tasks and of threads. */
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/mach4.h>
#include <mach/pc_sample.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/snapshot.h"
#include "../common/tap.h"

#define SELF		mach_task_self()
#define ROOM		512u
#define TICK_US		10000

static sampled_pc_t samples[ROOM];
static mach_msg_type_number_t count;

static kern_return_t task_samples(mach_port_t task, sampled_pc_seqno_t *number)
{
	count = ROOM;
	return task_get_sampled_pcs(task, number, samples, &count);
}

static kern_return_t thread_samples(mach_port_t thread, sampled_pc_seqno_t *number)
{
	count = ROOM;
	return thread_get_sampled_pcs(thread, number, samples, &count);
}

/* --- somewhere to be -------------------------------------------------------------------------- */

static volatile boolean_t stop;

/* The thread is here while it runs, and nowhere else. */
static __attribute__((noinline)) void spin(void *unused)
{
	(void) unused;
	while (!stop)
		continue;
}

static boolean_t is_in_spin(const sampled_pc_t *sample)
{
	vm_address_t start = (vm_address_t) spin;

	return sample->pc >= start && sample->pc < start + 64;
}

static mach_port_t start_spinning(void)
{
	mach_port_t thread = MACH_PORT_NULL;

	stop = FALSE;
	EXPECT(mach_thread_start(spin, NULL, &thread), KERN_SUCCESS);
	return thread;
}

static void stop_spinning(mach_port_t thread)
{
	stop = TRUE;
	mach_thread_join(thread);
}

static unsigned int count_in_spin(void)
{
	unsigned int found = 0;

	for (unsigned int i = 0; i < count; i++)
		found += is_in_spin(&samples[i]);
	return found;
}

/* --- ticks ------------------------------------------------------------------------------------- */

/* About one for each tick that it had the processor, all of them where it was. */
static void test_thread(void)
{
	mach_port_t thread = start_spinning();
	sampled_pc_seqno_t number = 0;
	int tick = 0, taken = -1;

	EXPECT(thread_enable_pc_sampling(thread, &tick, SAMPLED_PC_PERIODIC), KERN_SUCCESS);
	EXPECT(tick, TICK_US);
	sleep_for(300);
	EXPECT(thread_samples(thread, &number), KERN_SUCCESS);
	EXPECT_TRUE(count >= 10 && count <= 60);
	EXPECT(number, count);
	EXPECT(count_in_spin(), count);
	for (unsigned int i = 0; i < count; i++) {
		EXPECT(samples[i].sampletype, SAMPLED_PC_PERIODIC);
		EXPECT(samples[i].id, samples[0].id);
		EXPECT_TRUE(samples[i].id < 0xc0000000);
	}
	EXPECT(thread_disable_pc_sampling(thread, &taken), KERN_SUCCESS);
	EXPECT_TRUE(taken >= (int) number);
	sleep_for(50);
	number = taken;
	EXPECT(thread_samples(thread, &number), KERN_SUCCESS);
	EXPECT(count, 0);
	EXPECT(number, (unsigned int) taken);
	stop_spinning(thread);
}

/* All threads of a task, and not those of others; the numbers go on. */
static void test_task(void)
{
	mach_port_t first = start_spinning(), second = start_spinning(), child;
	sampled_pc_seqno_t number = 0, before;
	unsigned int others = 0;
	int tick, taken;

	EXPECT(task_create(SELF, FALSE, &child), KERN_SUCCESS);
	EXPECT(task_enable_pc_sampling(child, &tick, SAMPLED_PC_PERIODIC), KERN_SUCCESS);
	EXPECT(task_enable_pc_sampling(SELF, &tick, SAMPLED_PC_PERIODIC), KERN_SUCCESS);
	sleep_for(400);
	EXPECT(task_samples(SELF, &number), KERN_SUCCESS);
	EXPECT(number, count);
	EXPECT_TRUE(count_in_spin() >= 10);
	for (unsigned int i = 1; i < count; i++)
		others += samples[i].id != samples[0].id;
	EXPECT_TRUE(others > 0);
	before = number;
	sleep_for(200);
	EXPECT(task_samples(SELF, &number), KERN_SUCCESS);
	EXPECT_TRUE(count > 0);
	EXPECT(number, before + count);
	EXPECT(task_disable_pc_sampling(SELF, &taken), KERN_SUCCESS);
	number = 0;
	EXPECT(task_samples(child, &number), KERN_SUCCESS);
	EXPECT(count, 0);
	EXPECT(task_terminate(child), KERN_SUCCESS);
	EXPECT(mach_port_deallocate(SELF, child), KERN_SUCCESS);
	stop = TRUE;
	mach_thread_join(first);
	mach_thread_join(second);
}

/* --- faults ------------------------------------------------------------------------------------ */

#define PAGES	600u

static __attribute__((noinline)) void touch(vm_address_t page)
{
	*(volatile char *) page = 1;
}

static void touch_all(vm_address_t start, unsigned int pages)
{
	for (unsigned int i = 0; i < pages; i++)
		touch(start + i * PAGE_SIZE);
}

static unsigned int faults_of(sampled_pc_flavor_t flavor)
{
	unsigned int found = 0;

	for (unsigned int i = 0; i < count; i++)
		found += samples[i].sampletype == flavor && samples[i].pc >= (vm_address_t) touch
			&& samples[i].pc < (vm_address_t) touch + 64;
	return found;
}

/* Those of the flavours that were asked for; more than there is room for: the last. */
static void test_faults(void)
{
	sampled_pc_seqno_t number = 0;
	vm_address_t memory = 0, copy;
	mach_msg_type_number_t size;
	int tick, taken;

	EXPECT(vm_allocate(SELF, &memory, PAGES * PAGE_SIZE, TRUE), KERN_SUCCESS);
	EXPECT(task_enable_pc_sampling(SELF, &tick, SAMPLED_PC_VM_ZFILL_FAULTS), KERN_SUCCESS);
	touch_all(memory, 20);
	EXPECT(task_samples(SELF, &number), KERN_SUCCESS);
	EXPECT(faults_of(SAMPLED_PC_VM_ZFILL_FAULTS), 20);
	EXPECT(vm_read(SELF, memory, 20 * PAGE_SIZE, &copy, &size), KERN_SUCCESS);
	EXPECT(task_enable_pc_sampling(SELF, &tick, SAMPLED_PC_VM_COW_FAULTS), KERN_SUCCESS);
	touch_all(memory, 30);
	number = 0;
	EXPECT(task_samples(SELF, &number), KERN_SUCCESS);
	EXPECT(faults_of(SAMPLED_PC_VM_COW_FAULTS), 20);
	EXPECT(faults_of(SAMPLED_PC_VM_ZFILL_FAULTS), 0);
	EXPECT(task_enable_pc_sampling(SELF, &tick, SAMPLED_PC_VM_FAULTS_ANY), KERN_SUCCESS);
	touch_all(memory, PAGES);
	number = 0;
	EXPECT(task_samples(SELF, &number), KERN_SUCCESS);
	EXPECT(count, ROOM);
	EXPECT_TRUE(number >= PAGES - 40);
	EXPECT_TRUE(faults_of(SAMPLED_PC_VM_ZFILL_FAULTS) > ROOM - 40);
	EXPECT(task_disable_pc_sampling(SELF, &taken), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, copy, size), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, memory, PAGES * PAGE_SIZE), KERN_SUCCESS);
}

/* --- codes ------------------------------------------------------------------------------------- */

static void test_codes(void)
{
	mach_port_t thread = mach_thread_self(), child, fresh;
	static const sampled_pc_flavor_t bad[] = { 0, 2, 0x200, 0x80000000, SAMPLED_PC_PERIODIC | 4 };
	sampled_pc_seqno_t number = 0;
	int tick, taken;

	EXPECT(task_create(SELF, FALSE, &child), KERN_SUCCESS);
	EXPECT(thread_create(child, &fresh), KERN_SUCCESS);
	EXPECT(task_samples(child, &number), KERN_FAILURE);
	EXPECT(thread_samples(fresh, &number), KERN_FAILURE);
	EXPECT(task_disable_pc_sampling(child, &taken), KERN_FAILURE);
	EXPECT(thread_disable_pc_sampling(fresh, &taken), KERN_FAILURE);
	for (unsigned int i = 0; i < COUNT_OF(bad); i++) {
		EXPECT(task_enable_pc_sampling(child, &tick, bad[i]), KERN_INVALID_ARGUMENT);
		EXPECT(thread_enable_pc_sampling(fresh, &tick, bad[i]), KERN_INVALID_ARGUMENT);
	}
	EXPECT(task_samples(child, &number), KERN_FAILURE);
	EXPECT(task_enable_pc_sampling(thread, &tick, 1), KERN_INVALID_ARGUMENT);
	EXPECT(task_disable_pc_sampling(thread, &taken), KERN_INVALID_ARGUMENT);
	EXPECT(task_samples(thread, &number), KERN_INVALID_ARGUMENT);
	EXPECT(thread_enable_pc_sampling(child, &tick, 1), KERN_INVALID_ARGUMENT);
	EXPECT(thread_disable_pc_sampling(child, &taken), KERN_INVALID_ARGUMENT);
	EXPECT(thread_samples(child, &number), KERN_INVALID_ARGUMENT);
	EXPECT(thread_enable_pc_sampling(fresh, &tick, SAMPLED_PC_PERIODIC | SAMPLED_PC_VM_FAULTS),
		KERN_SUCCESS);
	number = 1;			/* which has not been taken yet */
	EXPECT(thread_samples(fresh, &number), KERN_FAILURE);
	number = 0;
	EXPECT(thread_samples(fresh, &number), KERN_SUCCESS);
	EXPECT(count, 0);
	EXPECT(thread_disable_pc_sampling(fresh, &taken), KERN_SUCCESS);
	EXPECT(taken, 0);
	EXPECT(task_terminate(child), KERN_SUCCESS);
	port_destroy(fresh);
	port_destroy(child);
	EXPECT(mach_port_deallocate(SELF, thread), KERN_SUCCESS);
}

/* The samples go with the task and the thread. */
static void sample_and_die(void)
{
	mach_port_t child, thread;
	int tick;

	EXPECT(task_create(SELF, FALSE, &child), KERN_SUCCESS);
	EXPECT(thread_create(child, &thread), KERN_SUCCESS);
	EXPECT(task_enable_pc_sampling(child, &tick, SAMPLED_PC_PERIODIC), KERN_SUCCESS);
	EXPECT(task_enable_pc_sampling(child, &tick, SAMPLED_PC_VM_FAULTS), KERN_SUCCESS);
	EXPECT(thread_enable_pc_sampling(thread, &tick, SAMPLED_PC_PERIODIC), KERN_SUCCESS);
	EXPECT(task_terminate(child), KERN_SUCCESS);
	port_destroy(thread);
	port_destroy(child);
}

static void test_conserved(void)
{
	snapshot_conserved(sample_and_die, tap_rounds(100, 10000));
}

static const struct test tests[] = {
	{ .name = "samples of a thread", .run = test_thread, .ours = TRUE },
	{ .name = "samples of a task", .run = test_task, .ours = TRUE },
	{ .name = "samples at page faults", .run = test_faults, .ours = TRUE },
	{ .name = "codes of sampling", .run = test_codes, .ours = TRUE },
	{ .name = "samples come and go", .run = test_conserved, .ours = TRUE },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
