/* SPDX-License-Identifier: BSD-2-Clause */
#include "world.h"

#include <device/device_types.h>
#include <libmach/string.h>
#include <mach.h>
#include <mach/mach_host.h>
#include <mach/mach_traps.h>
#include <mach/notify.h>
#include <mach/vm_param.h>
#include <mach_debug/mach_debug.h>

#include "../common/conserved.h"
#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/snapshot.h"
#include "../common/tap.h"

#define SELF		mach_task_self()
#define KERN_LAST	KERN_INTERRUPTED
#define TASKS_MAX	64
#define TASK_CREATE	2007
#define MEMORY_OBJECT_DESTROY	2092
#define FIRST_PAGER_ID	2200
#define LAST_PAGER_ID	2209
#define REPLY_BITS	MACH_MSGH_BITS(0, MACH_MSG_TYPE_PORT_SEND_ONCE)

struct world world;
unsigned int world_asked, world_succeeded;
static mach_port_t reply;
static boolean_t takes_memory;		/* out of line: it may have gone */

static struct conserved before;

/* --- ports and tasks -------------------------------------------------------------------------- */

/* Memory and names, where and as we have them. */
static void furnish(mach_port_t task)
{
	vm_address_t address = 0;

	EXPECT(vm_allocate(task, &address, ARGUMENT_MEMORY, FALSE), KERN_SUCCESS);
	EXPECT(mach_port_allocate_name(task, MACH_PORT_RIGHT_RECEIVE, ARGUMENT), KERN_SUCCESS);
	EXPECT(mach_port_allocate_name(task, MACH_PORT_RIGHT_PORT_SET, SET_NAME), KERN_SUCCESS);
}

static void target_make(void)
{
	targets_make_one(&world.target, world.kind);
	if (world.kind == KERNEL_TASK)
		furnish(world.target.port[KERNEL_TASK]);
}

/* Whatever comes to the port that is an argument: it may be a pager, and where completions go. */
static void take_messages(void)
{
	struct message message;

	while (message_receive(&message, ARGUMENT) == MACH_MSG_SUCCESS) {
		mach_msg_id_t id = message.header.msgh_id;

		if (id < FIRST_PAGER_ID || id > LAST_PAGER_ID)
			EXPECT_TRUE(id >= MACH_NOTIFY_FIRST && id <= MACH_NOTIFY_LAST);
		mach_msg_destroy(&message.header);
	}
}

/* The kernel holds none of our rights besides those that the names are. */
static void expect_none_held(void)
{
	take_messages();
	EXPECT(port_refs(ARGUMENT, MACH_PORT_RIGHT_SEND), 1);
	EXPECT(port_status(ARGUMENT).mps_sorights, 0);
	EXPECT(snapshot_send_rights(ARGUMENT), 1);
	EXPECT(port_status(reply).mps_sorights, 0);
	EXPECT(port_status(reply).mps_srights, FALSE);
}

/* A task may be there whose port nobody has; what was there before has the same name now. */
static unsigned int take_tasks(mach_port_t *list, unsigned int size)
{
	task_array_t tasks;
	mach_msg_type_number_t count;

	EXPECT(processor_set_tasks(world.ports.port[KERNEL_SET], &tasks, &count), KERN_SUCCESS);
	for (unsigned int i = 0; i < count && i < size; i++)
		list[i] = tasks[i];
	EXPECT(vm_deallocate(SELF, (vm_offset_t) tasks, count * sizeof *tasks), KERN_SUCCESS);
	return count < size ? count : size;
}

static mach_port_t old_tasks[TASKS_MAX];
static unsigned int old_count;

static boolean_t is_old(mach_port_t task)
{
	for (unsigned int i = 0; i < old_count; i++)
		if (old_tasks[i] == task)
			return TRUE;
	return FALSE;
}

static void end_new_tasks(void)
{
	mach_port_t tasks[TASKS_MAX];
	unsigned int count = take_tasks(tasks, TASKS_MAX);

	for (unsigned int i = 0; i < count; i++) {
		if (!is_old(tasks[i]) && tasks[i] != world.target.port[world.kind])
			task_terminate(tasks[i]);
		EXPECT(mach_port_deallocate(SELF, tasks[i]), KERN_SUCCESS);
	}
}

/* A page without access behind our memory, where memory of a pager would come else. */
static void guard_make(void)
{
	vm_address_t address = ARGUMENT_MEMORY;

	EXPECT(vm_allocate(SELF, &address, PAGE_SIZE, FALSE), KERN_SUCCESS);
	EXPECT(vm_protect(SELF, address, PAGE_SIZE, FALSE, VM_PROT_NONE), KERN_SUCCESS);
}

/* Requests may have taken pages along. */
static void memory_renew(void)
{
	EXPECT(vm_deallocate(SELF, 0, ARGUMENT_MEMORY + PAGE_SIZE), KERN_SUCCESS);
	arguments_renew(ARGUMENT);
	guard_make();
}

static void replace_target(void)
{
	targets_end_one(&world.target, world.kind);
	target_make();
}

void world_renew(void)
{
	if (takes_memory)
		memory_renew();
	replace_target();
	expect_none_held();
}

/* The kernel's caches have been used once then. */
static void warm_up(void)
{
	targets_make(&world.ports);
	targets_end(&world.ports);
}

void world_begin(void)
{
	reply = port_new();
	arguments_make();
	guard_make();
	warm_up();
	world_asked = world_succeeded = 0;
}

void world_end(void)
{
	tap_about("%s", "");
	arguments_end();
	EXPECT(vm_deallocate(SELF, ARGUMENT_MEMORY, PAGE_SIZE), KERN_SUCCESS);
	port_destroy(reply);
}

static boolean_t has_memory(void)
{
	struct item items[ITEMS_MAX];
	unsigned int count = items_find(&world.good, items);

	while (count > 0)
		if (!items[--count].is_inline)
			return TRUE;
	return FALSE;
}

boolean_t world_open(unsigned int routine)
{
	world.routine = &routines[routine];
	tap_about("%s (%d)", world.routine->name, world.routine->id);
	if (!routine_is_served(world.routine->id))
		return FALSE;
	world.kind = 31 - __builtin_clz(world.routine->fits);
	memory_renew();
	conserved_take(&before);
	targets_make(&world.ports);
	furnish(world.ports.port[KERNEL_TASK]);
	target_make();
	if (world.routine->id == TASK_CREATE)
		old_count = take_tasks(old_tasks, TASKS_MAX);
	if (EXPECT(well_formed(&world.good, routine, &world.ports), TRUE)) {
		world.request = world.good;
		takes_memory = has_memory();
		return TRUE;
	}
	world_close();
	return FALSE;
}

void world_close(void)
{
	while (old_count > 0)
		EXPECT(mach_port_deallocate(SELF, old_tasks[--old_count]), KERN_SUCCESS);
	targets_end_one(&world.target, world.kind);
	targets_end(&world.ports);
	memory_renew();
	expect_none_held();
	conserved_expect(&before, 0);
}

/* --- asking ----------------------------------------------------------------------------------- */

/* A send fails in the body for one of these reasons; the reply right is used up then. */
static boolean_t is_body_error(kern_return_t code)
{
	return code == MACH_SEND_INVALID_TYPE || code == MACH_SEND_MSG_TOO_SMALL ||
		code == MACH_SEND_INVALID_RIGHT || code == MACH_SEND_INVALID_MEMORY;
}

static boolean_t is_documented(kern_return_t code)
{
	return (code >= KERN_SUCCESS && code <= KERN_LAST) || code == MIG_BAD_ARGUMENTS ||
		(code >= D_IO_ERROR && code <= D_READ_ONLY) || is_body_error(code);
}

static unsigned int take_unused(void)
{
	struct message message;
	unsigned int count = 0;

	for (; message_receive(&message, reply) == MACH_MSG_SUCCESS; count++)
		EXPECT(message.header.msgh_id, MACH_NOTIFY_SEND_ONCE);
	return count;
}

/* Has it ended the target?  A memory object's control port is ours in the end. */
static boolean_t target_is_gone(void)
{
	return world.routine->id == MEMORY_OBJECT_DESTROY ||
		(port_type(world.target.port[world.kind]) & MACH_PORT_TYPE_SEND) == 0;
}

static mach_msg_return_t ask(struct message *answer)
{
	mach_msg_header_t *header = &answer->header;

	memcpy(answer, world.request.word, world.request.size);
	header->msgh_bits = (header->msgh_bits & MACH_MSGH_BITS_COMPLEX) | MACH_MSGH_BITS(
		MACH_MSG_TYPE_COPY_SEND, world.silent ? 0 : MACH_MSG_TYPE_MAKE_SEND_ONCE);
	header->msgh_remote_port = world.target.port[world.kind];
	header->msgh_local_port = world.silent ? MACH_PORT_NULL : reply;
	world_asked++;
	return mach_msg_trap(header, MACH_SEND_MSG | MACH_RCV_MSG | MACH_RCV_TIMEOUT,
		world.request.size, sizeof *answer, reply, 0, MACH_PORT_NULL);
}

/* Returns: the code in a good answer. */
static kern_return_t expect_answer(struct message *answer)
{
	kern_return_t code = answer->body[1];

	EXPECT(answer->header.msgh_bits & ~MACH_MSGH_BITS_COMPLEX, REPLY_BITS);
	EXPECT(answer->header.msgh_id, world.routine->id + 100);
	EXPECT(answer->body[0], 0x10012002u);
	if (code != KERN_SUCCESS)
		EXPECT(answer->header.msgh_size, 32);
	mach_msg_destroy(&answer->header);
	return code;
}

void world_try(enum outcome outcome)
{
	static struct message answer;
	mach_msg_return_t code = ask(&answer);
	unsigned int unused = is_body_error(code) && !world.silent;

	if (code == MACH_MSG_SUCCESS && EXPECT(world.silent, FALSE))
		code = expect_answer(&answer);
	else if (!is_body_error(code))
		EXPECT(code, MACH_RCV_TIMED_OUT);
	EXPECT(take_unused(), unused);
	if (!world.silent && !is_documented(code))
		tap_fail("the code is %d", code);
	if (outcome == REFUSED && !world.silent && !is_body_error(code))
		EXPECT(code, MIG_BAD_ARGUMENTS);
	world_succeeded += code == KERN_SUCCESS;
	take_messages();
	if (world.routine->id == TASK_CREATE)
		end_new_tasks();
	if (takes_memory)
		arguments_renew(ARGUMENT);
	if (target_is_gone())
		replace_target();
	world.request = world.good;
}
