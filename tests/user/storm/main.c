/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Storms of calls, good and bad, against the kernel (storm.h).
 *
 * Arguments beyond the host's ports: `seed=N', for other storms than usual; `long', for more of
 * them; `messages', for those alone in which messages matter.  A batch of storms is told by its
 * seed alone: the same seed, the same instructions counted (-icount).
 */
#include <libmach/print.h>
#include <libmach/string.h>
#include <mach.h>
#include <mach/mach_host.h>
#include <mach/porter.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/snapshot.h"
#include "../common/tap.h"
#include "children.h"
#include "storm.h"

#define LONG_TURNS	5000	/* those that must come to their end have so long, times `times' */
#define LONG_TIMES	20	/* the argument `long' */
#define SLACK_PAGES	48	/* what caches may keep of what was in use before */
#define NAMES_PAGES	200	/* and the table of our names, when we have seen many tasks */

static unsigned int times = 1;
static uint32_t next_seed = 20260801;

/* --- what must be as before ------------------------------------------------------------------- */

static unsigned int free_pages(void)
{
	vm_statistics_data_t statistics;

	if (!EXPECT(vm_statistics(mach_task_self(), &statistics), KERN_SUCCESS))
		return 0;
	return statistics.free_count;
}

static void check_answers(void)
{
	host_basic_info_data_t info;
	mach_msg_type_number_t count = HOST_BASIC_INFO_COUNT;
	mach_port_t host = mach_host_self(), port = port_new();

	EXPECT(host_info(host, HOST_BASIC_INFO, (host_info_t) &info, &count), KERN_SUCCESS);
	EXPECT(info.avail_cpus, 1);
	EXPECT(port_type(port), MACH_PORT_TYPE_RECEIVE);
	port_destroy(port);
	mach_port_deallocate(mach_task_self(), host);
}

/* By the kernel's checker, in debug builds: what it finds it tells in a panic. */
static void check_rights(void)
{
	kern_return_t result = host_ipc_check(tap_host_priv);

	if (result != KERN_SUCCESS)
		EXPECT(result, KERN_FAILURE);
}

static void check_pages(unsigned int before, unsigned int slack)
{
	unsigned int after = 0;

	/* The last threads of the dead are put away when there is time. */
	for (unsigned int i = 0; i < 20; i++) {
		after = free_pages();
		if (after + slack >= before)
			return;
		sleep_for(CHILD_TURN);
	}
	tap_fail("%u pages were free before, %u are now", before, after);
}

/* --- storms ----------------------------------------------------------------------------------- */

/* Waiting costs nothing, spinning does: `turns' bounds how long a child may do that. */
struct plan {
	struct mix	mix;
	unsigned int	batches, children, rounds, turns;
	boolean_t	linger;		/* children never end by themselves */
};

static void run_batch(const struct plan *plan)
{
	static struct storm storm;
	static struct snapshot before, after;
	uint32_t seed = next_seed;

	tap_about("seed %u", seed);
	snapshot_take(mach_task_self(), &before);
	children_begin();
	for (unsigned int i = 0; i < plan->children; i++) {
		storm = (struct storm) {
			.seed = next_seed++, .rounds = plan->rounds, .linger = plan->linger,
			.mix = plan->mix,
		};
		child_start(storm_child, &storm, FALSE);
	}
	children_wait(plan->linger ? 1 + seed % plan->turns : plan->turns, FALSE);
	children_end();
	check_rights();
	check_answers();
	snapshot_take(mach_task_self(), &after);
	if (!snapshot_same(&before, &after))
		tap_fail("names have come or gone");
}

/* Children can write what they like there, too. */
static void tell(void)
{
	printf("# %u steps, %u faults; %u of %u children came to their end\n", tally->steps,
		tally->faults, tally->ended, tally->begun);
	memset(tally, 0, sizeof *tally);
}

/* The first batch fills caches; from then on all memory must come back. */
static void run(const struct plan *plan)
{
	unsigned int before;

	run_batch(plan);
	before = free_pages();
	for (unsigned int i = 0; i < plan->batches * times; i++)
		run_batch(plan);
	check_pages(before, SLACK_PAGES);
	tell();
}

static void test_messages(void)
{
	run(&(struct plan) { { .messages = 16 }, 4, 1, 1500, 150, FALSE });
}

static void test_traps(void)
{
	run(&(struct plan) { { .traps = 15, .messages = 1 }, 4, 1, 1500, 150, FALSE });
}

static void test_calls(void)
{
	run(&(struct plan) { { .calls = 16 }, 4, 1, 1500, 50, FALSE });
}

static void test_memory(void)
{
	run(&(struct plan) { { .memory = 13, .messages = 3 }, 4, 1, 1500, 50, FALSE });
}

static void test_threads(void)
{
	run(&(struct plan) { { .messages = 6, .threads = 6, .memory = 1, .state = 3 }, 4, 1, 1500,
		100, FALSE });
}

static void test_code(void)
{
	/* Emulators are slow at this. */
	run(&(struct plan) { { .messages = 10, .state = 2, .code = 4 }, 1, 1, 500, 5, FALSE });
}

#define EVERYTHING { 4, 3, 3, 2, 2, 1, 1 }

static void test_everything(void)
{
	run(&(struct plan) { EVERYTHING, 4, 3, 1500, 20, FALSE });
}

static void test_sudden_end(void)
{
	run(&(struct plan) { EVERYTHING, 8, 2, 0, 5, TRUE });
}

/* --- sweeps ----------------------------------------------------------------------------------- */

/* The child must come to its end, or the sweep was none. */
static void run_sweep(void (*function)(void *), unsigned int depth)
{
	static unsigned int argument;
	unsigned int before = free_pages();

	argument = depth;
	children_begin();
	child_start(function, &argument, TRUE);
	if (children_wait(LONG_TURNS * times, TRUE) != 1)
		tap_fail("the sweep came to no end, it was at %u", tally->at);
	children_end();
	check_rights();
	check_answers();
	check_pages(before, SLACK_PAGES);
}

static void test_sweep(void)
{
	run_sweep(sweep_child, 4 * times);
}

static void test_changes(void)
{
	run_sweep(change_child, 4 + 4 * times);
}

/* --- hunger ----------------------------------------------------------------------------------- */

static void run_hungry(int kind, unsigned int most)
{
	static struct hunger hunger;
	unsigned int before = free_pages();

	hunger.kind = kind;
	hunger.most = most;
	tap_about("hunger %u", kind);
	children_begin();
	child_start(hungry_child, &hunger, FALSE);
	children_wait(LONG_TURNS * times, TRUE);
	children_end();
	check_rights();
	check_answers();
	check_pages(before, SLACK_PAGES + NAMES_PAGES);
}

/* All of the memory for ports and tasks only when there is time. */
static void test_hunger(void)
{
	unsigned int most = times == 1 ? 300 : ~0u;

	run_hungry(HUNGRY_FOR_MESSAGES, 0);
	run_hungry(HUNGRY_FOR_PORTS, most);
	run_hungry(HUNGRY_FOR_TASKS, most);
	run_hungry(HUNGRY_FOR_PAGES, 0);
}

/* Storms while another child takes all memory: whatever needs some gets it, or an answer. */
static void run_storm_in_hunger(int kind)
{
	static struct hunger hunger;
	static struct storm storm;

	hunger.kind = kind;
	hunger.most = 0;
	storm = (struct storm) {
		.seed = next_seed++, .rounds = 100, .mix = { .messages = 10, .memory = 4, .calls = 2 },
	};
	children_begin();
	child_start(hungry_child, &hunger, FALSE);
	child_start(storm_child, &storm, FALSE);
	child_start(storm_child, &storm, FALSE);
	children_wait(75 * times, FALSE);
	children_end();
	check_rights();
	check_answers();
}

static void test_storm_in_hunger(void)
{
	unsigned int before;

	run_storm_in_hunger(HUNGRY_FOR_PAGES);
	run_storm_in_hunger(HUNGRY_FOR_MESSAGES);
	before = free_pages();
	for (unsigned int i = 0; i < times; i++) {
		run_storm_in_hunger(HUNGRY_FOR_PAGES);
		run_storm_in_hunger(HUNGRY_FOR_MESSAGES);
	}
	check_pages(before, SLACK_PAGES + NAMES_PAGES);
	tell();
}

#define ON_MESSAGES	6	/* the first ones */

static const struct test tests[] = {
	{ .name = "storm of messages", .run = test_messages, .ours = TRUE },
	{ .name = "storm of traps", .run = test_traps, .ours = TRUE },
	{ .name = "storm of calls", .run = test_calls, .ours = TRUE },
	{ .name = "threads against each other", .run = test_threads, .ours = TRUE },
	{ .name = "everything at once", .run = test_everything, .ours = TRUE },
	{ .name = "tasks end in the middle", .run = test_sudden_end, .ours = TRUE },
	{ .name = "every id to every kind of port", .run = test_sweep, .ours = TRUE },
	{ .name = "every call with something changed", .run = test_changes, .ours = TRUE },
	{ .name = "storm of memory", .run = test_memory, .ours = TRUE },
	{ .name = "code at random", .run = test_code, .ours = TRUE },
	{ .name = "all memory is taken", .run = test_hunger, .ours = TRUE },
	{ .name = "KM-10 storms while all memory is taken", .run = test_storm_in_hunger,
	  .ours = TRUE },
};

static void make_tally(void)
{
	vm_offset_t address = 0;

	vm_allocate(mach_task_self(), &address, sizeof *tally, TRUE);
	vm_inherit(mach_task_self(), address, sizeof *tally, VM_INHERIT_SHARE);
	tally = (struct tally *) address;
}

int main(int argc, char **argv)
{
	unsigned int count = COUNT_OF(tests);

	for (int i = 3; i < argc; i++) {
		if (strcmp(argv[i], "long") == 0)
			times = LONG_TIMES;
		else if (strcmp(argv[i], "messages") == 0)
			count = ON_MESSAGES;
		else if (strncmp(argv[i], "seed=", 5) == 0)
			next_seed = atoi(argv[i] + 5);
	}
	make_tally();
	return tap_main(argc, argv, tests, count);
}
