/* SPDX-License-Identifier: BSD-2-Clause */
#include <tests/fuzz/world.h>

#include <ipc/checker.h>
#include <ipc/kobject.h>
#include <kern/slab.h>
#include <mach/mach_port_server.h>
#include <vm/map.h>

struct task *world_task[WORLD_TASKS];
struct actor *world_actor[WORLD_ACTORS];
uint8_t *world_page[WORLD_ACTORS];

static struct ipc_port *kernel_port;
static uint32_t live;

void world_start(void)
{
	fake_ipc_start();
	live = fake_ipc_live();
	fake_user_strict = true;
}

/* --- Begin ------------------------------------------------------------------------------- */

static struct ipc_port *receive_right(unsigned int task, mach_port_name_t name)
{
	ck_must(mach_port_allocate_name(world_task[task]->space, MACH_PORT_RIGHT_RECEIVE, name) ==
		KERN_SUCCESS);
	return entry_port(ipc_entry_lookup(&world_task[task]->space->table, name));
}

static void give_send(unsigned int task, struct ipc_port *port)
{
	mach_port_name_t name;

	ck_must(ipc_space_insert_send(world_task[task]->space, ipc_port_make_send(port), &name) ==
		KERN_SUCCESS);
}

/* Each task has two ports and a set; the first port is known to the next task. */
static void make_names(unsigned int task)
{
	struct ipc_space *space = world_task[task]->space;
	struct ipc_port *first = receive_right(task, 0x10);

	receive_right(task, 0x11);
	ck_must(mach_port_allocate_name(space, MACH_PORT_RIGHT_PORT_SET, 0x12) == KERN_SUCCESS);
	give_send((task + 1) % WORLD_TASKS, first);
	give_send(task, kernel_port);
}

static void begin_task(unsigned int t)
{
	world_task[t] = fake_ipc_task();
	queue_init(&world_task[t]->threads);
}

void world_begin(void)
{
	kernel_port = ipc_port_alloc_kernel(IKOT_HOST, NULL);
	for (unsigned int t = 0; t < WORLD_TASKS; t++)
		begin_task(t);
	for (unsigned int t = 0; t < WORLD_TASKS; t++)
		make_names(t);
	for (unsigned int a = 0; a < WORLD_ACTORS; a++) {
		struct task *task = world_task[a % WORLD_TASKS];

		world_actor[a] = actor_create(task);
		queue_insert_tail(&task->threads, &world_actor[a]->thread.task_link);
		task->thread_count++;
		world_page[a] = fake_user_alloc(task->map, 2 * WORLD_PAGE);
		fake_user_free(task->map, world_page[a] + WORLD_PAGE, WORLD_PAGE);
	}
}

/* --- Names ------------------------------------------------------------------------------- */

static mach_port_name_t name_in_use(struct ipc_space *space, uint8_t code)
{
	struct ipc_table_cursor cursor = { .index = 0 };
	struct ipc_entry *entry = NULL;
	uint32_t number = space->table.used != 0 ? code % space->table.used : 0;

	ipc_space_lock(space);
	for (uint32_t i = 0; i <= number; i++)
		entry = ipc_table_next(&space->table, &cursor);
	ipc_space_unlock(space);
	return entry != NULL ? entry->name : MACH_PORT_NULL;
}

mach_port_name_t world_name(struct ipc_space *space, uint8_t code)
{
	static const mach_port_name_t others[] = {
		0, ~0u, 1, 2, 0x13, 0x14, 0x1234, 0x80000000, 0xfffffffe, 0x01000001, 0x7f000003,
		0x40000000,
	};

	if (code < 0xe0)
		return name_in_use(space, code);
	return others[(code - 0xe0) % (sizeof(others) / sizeof(others[0]))];
}

/* How many ports have messages; *namep is the name of number `which` of them. */
static uint32_t full_ports(struct ipc_space *space, uint32_t which, mach_port_name_t *namep)
{
	struct ipc_table_cursor cursor = { .index = 0 };
	struct ipc_entry *entry;
	uint32_t count = 0;

	ipc_space_lock(space);
	while ((entry = ipc_table_next(&space->table, &cursor)) != NULL) {
		if (!(entry->bits & MACH_PORT_TYPE_RECEIVE) || entry_port(entry)->msgcount == 0)
			continue;
		if (count++ == which)
			*namep = entry->name;
	}
	ipc_space_unlock(space);
	return count;
}

mach_port_name_t world_source(struct ipc_space *space, uint8_t code)
{
	mach_port_name_t name = world_name(space, code);
	uint32_t count = full_ports(space, ~0u, &name);

	if (code < 0xa0 && count != 0)
		full_ports(space, code % count, &name);
	return name;
}

/* --- End --------------------------------------------------------------------------------- */

void world_interrupt(struct actor *actor)
{
	actor_wake(actor, WAIT_INTERRUPTED);
	actors_run();
	ck_must(actor->done);
}

/* What the threads in calls hold, and the test. */
static void holders(struct ipc_check *check)
{
	ipc_check_hold(check, kernel_port, IPC_HOLDS_RECEIVE);
	for (unsigned int a = 0; a < WORLD_ACTORS; a++) {
		struct ipc_object *object = world_actor[a]->thread.ipc.object;

		if (object != NULL && object->kind == IOT_PORT)
			ipc_check_hold(check, (struct ipc_port *)object, IPC_HOLDS_REFERENCE);
	}
}

void world_check(void)
{
	slab_fail_after(0);
	fake_ipc_holders = holders;
	ck_must(ipc_check_all() == 0);
	fake_ipc_holders = NULL;
}

void world_kill(unsigned int task)
{
	for (unsigned int a = task; a < WORLD_ACTORS; a += WORLD_TASKS)
		if (!world_actor[a]->done)
			world_interrupt(world_actor[a]);
	ipc_space_destroy(world_task[task]->space);
	actors_run();
}

void world_end(void)
{
	slab_fail_after(0);
	fake_user_full = false;
	for (unsigned int t = 0; t < WORLD_TASKS; t++)
		world_kill(t);
	for (unsigned int a = 0; a < WORLD_ACTORS; a++)
		actor_end(world_actor[a]);
	for (unsigned int t = 0; t < WORLD_TASKS; t++)
		fake_ipc_task_end(world_task[t]);
	ipc_port_dealloc_kernel(kernel_port);
	ck_must(fake_ipc_live() == live);
}
