/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine with 64 MiB whose programs use 256 MiB, by way of user/default-pager: nothing that they
 * write is lost, and nothing is left behind.
 */
#include <libmach/string.h>
#include <mach.h>
#include <mach/mach_host.h>
#include <mach/thread_switch.h>

#include "../common/conserved.h"
#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/race.h"
#include "../common/tap.h"
#include "area.h"
#include "children.h"

#define PROGRAMS	4
#define OWN_OBJECTS	24	/* of the default pager's, whose memory goes out, too */
#define PROGRAM_PAGES	(64 * MIB_PAGES)
#define PRESSURE_PAGES	(96 * MIB_PAGES)

static void wait_for_pager(void)
{
	mach_port_t manager;

	for (;;) {
		manager = MACH_PORT_NULL;
		EXPECT(vm_set_default_memory_manager(tap_host_priv, &manager), KERN_SUCCESS);
		if (manager != MACH_PORT_NULL)
			break;
		sleep_for(10);
	}
	EXPECT(mach_port_deallocate(SELF, manager), KERN_SUCCESS);
}

/* --- Several programs ---------------------------------------------------------------------- */

/* In a page that all of them share: how many have filled their memory. */
static volatile unsigned int *filled;

/* A program's whole life; the argument is its number.  Nobody goes on before all have their memory. */
static unsigned int use_memory(void *argument)
{
	struct area area;
	unsigned int wrong = 0, versions = tap_rounds(1, 3);

	area_new(&area, (uintptr_t) argument, PROGRAM_PAGES);
	area_write(&area, 1);
	__sync_fetch_and_add(filled, 1);
	while (*filled < PROGRAMS)
		thread_switch(MACH_PORT_NULL, SWITCH_OPTION_WAIT, 10);
	for (uint32_t version = 2; version <= versions; version++)
		wrong += area_update(&area, version);
	return wrong + area_check(&area, versions);
}

static void run_programs(void)
{
	struct children children;

	*filled = 0;
	children_begin(&children);
	for (uintptr_t i = 1; i <= PROGRAMS; i++)
		children_start(&children, use_memory, (void *) i);
	children_end(&children);
}

static void test_programs(void)
{
	struct conserved before;
	unsigned int out = paged_out(), in = paged_in();
	vm_offset_t shared = 0;

	wait_for_pager();
	EXPECT(vm_allocate(SELF, &shared, PAGE_SIZE, TRUE), KERN_SUCCESS);
	EXPECT(vm_inherit(SELF, shared, PAGE_SIZE, VM_INHERIT_SHARE), KERN_SUCCESS);
	filled = (unsigned int *) shared;
	conserved_take(&before);
	run_programs();
	EXPECT_TRUE(paged_out() - out >= PROGRAMS * PROGRAM_PAGES / 2);
	EXPECT_TRUE(paged_in() - in >= PROGRAMS * PROGRAM_PAGES / 2);
	EXPECT(vm_deallocate(SELF, shared, PAGE_SIZE), KERN_SUCCESS);
	conserved_expect(&before, OWN_OBJECTS);
}

/* --- Copies ------------------------------------------------------------------------------- */

static struct area original;

/* What is in memory goes, because other memory is used. */
static void press(void)
{
	struct area area;

	area_new(&area, 99, PRESSURE_PAGES);
	area_write(&area, 1);
	for (uint32_t i = tap_rounds(0, 1); i > 0; i--)
		EXPECT(area_check(&area, 1), 0);
	area_free(&area);
}

/* A child, with a copy of the area as of version 1; its own child copies what it made of that. */
static unsigned int use_copy(void *argument)
{
	uint32_t generation = (uintptr_t) argument;
	struct children children;
	unsigned int wrong = area_update(&original, generation + 1);

	if (generation < 3) {
		children_begin(&children);
		children_start(&children, use_copy, (void *) (uintptr_t) (generation + 1));
		children_end(&children);
	}
	return wrong + area_check(&original, generation + 1);
}

/* The parent writes to its copy while the others write to theirs. */
static void test_copies(void)
{
	struct children children;
	struct conserved before;

	conserved_take(&before);
	area_new(&original, 5, 16 * MIB_PAGES);
	area_write(&original, 1);
	press();
	for (unsigned int round = 0; round < tap_rounds(1, 2); round++) {
		children_begin(&children);
		children_start(&children, use_copy, (void *) 1);
		children_start(&children, use_copy, (void *) 1);
		EXPECT(area_update(&original, 2), 0);
		EXPECT(area_update(&original, 3), 0);
		children_end(&children);
		EXPECT(area_check(&original, 3), 0);
		area_write(&original, 1);
	}
	area_free(&original);
	conserved_expect(&before, OWN_OBJECTS);
}

/* --- Messages ------------------------------------------------------------------------------- */

static void send_area(mach_port_t port, const struct area *area, boolean_t move)
{
	struct message message;

	message_init(&message, port, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
	message_memory(&message, MACH_MSG_TYPE_BYTE, 8, area->pages * PAGE_SIZE,
		(void *) area->base, move ? TYPE_DEALLOCATE : 0);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
}

static void receive_area(mach_port_t port, struct area *area)
{
	struct message message;

	EXPECT(message_receive(&message, port), MACH_MSG_SUCCESS);
	EXPECT(message.body[2], area->pages * PAGE_SIZE);
	*area = area_at(area, message.body[3]);
}

/* Pages that are out are sent, are written by the sender while nobody has received, and moved. */
static void send_and_receive(mach_port_t port)
{
	struct area area, copy;

	area_new(&area, 7, 24 * MIB_PAGES);
	area_write(&area, 1);
	press();
	send_area(port, &area, FALSE);
	EXPECT(area_update(&area, 2), 0);
	copy = area;
	receive_area(port, &copy);
	EXPECT(area_check(&copy, 1), 0);
	EXPECT(area_check(&area, 2), 0);
	area_free(&area);
	send_area(port, &copy, TRUE);
	press();
	receive_area(port, &copy);
	EXPECT(area_update(&copy, 2), 0);
	send_area(port, &copy, TRUE);	/* destroyed with the port, or received */
}

static void test_messages(void)
{
	struct conserved before;
	mach_port_t port;

	conserved_take(&before);
	for (unsigned int round = 0; round < tap_rounds(1, 2); round++) {
		port = port_new_with_send(1);
		send_and_receive(port);
		port_destroy(port);
	}
	conserved_expect(&before, OWN_OBJECTS);
}

/* --- Death ---------------------------------------------------------------------------------- */

static unsigned int use_for_ever(void *argument)
{
	struct area area;
	unsigned int wrong = 0;

	area_new(&area, (uintptr_t) argument, 32 * MIB_PAGES);
	area_write(&area, 1);
	for (uint32_t version = 2; wrong == 0; version++)
		wrong += area_update(&area, version);
	return wrong;
}

/* Tasks are killed while their pages come and go. */
static void test_death(void)
{
	struct racer chance = { .seed = 17 + tap_seed };
	struct children children;
	struct conserved before;
	struct message report;

	conserved_take(&before);
	for (unsigned int round = 0; round < tap_rounds(2, 10); round++) {
		children_begin(&children);
		for (uintptr_t i = 1; i <= PROGRAMS; i++)
			children_start(&children, use_for_ever, (void *) i);
		/* A report would be an error. */
		EXPECT(message_receive_wait(&report, children.port,
			100 + race_random(&chance, tap_rounds(100, 1000))),
			MACH_RCV_TIMED_OUT);
		children_expect_alive(&children);	/* none was refused memory */
		children_kill(&children);
	}
	conserved_expect(&before, OWN_OBJECTS);
}

/* --- Wired memory --------------------------------------------------------------------------- */

/* Memory is wired, and so comes back, and stays while all else goes. */
static void test_wired(void)
{
	struct area area;
	struct conserved before;

	conserved_take(&before);
	area_new(&area, 11, 8 * MIB_PAGES);
	area_write(&area, 1);
	press();
	EXPECT(vm_wire(tap_host_priv, SELF, area.base, area.pages * PAGE_SIZE, VM_PROT_READ),
		KERN_SUCCESS);
	press();
	EXPECT(area_update(&area, 2), 0);
	EXPECT(vm_wire(tap_host_priv, SELF, area.base, area.pages * PAGE_SIZE, VM_PROT_NONE),
		KERN_SUCCESS);
	press();
	EXPECT(area_check(&area, 2), 0);
	area_free(&area);
	conserved_expect(&before, OWN_OBJECTS);
}

static const struct test tests[] = {
	{ .name = "256 MiB in 64 MiB", .run = test_programs },
	{ .name = "copies of tasks whose memory is out", .run = test_copies },
	{ .name = "messages with memory that is out", .run = test_messages },
	{ .name = "tasks die while their pages come and go", .run = test_death },
	{ .name = "wiring what is out", .run = test_wired },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
