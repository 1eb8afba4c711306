/* SPDX-License-Identifier: BSD-2-Clause */
/* Name spaces while others change them, and after their end. */
#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach.h>
#include <mach/vm_param.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"

#define SELF	mach_task_self()

static mach_port_t child_new(void)
{
	mach_port_t child = MACH_PORT_NULL;

	EXPECT(task_create(SELF, FALSE, &child), KERN_SUCCESS);
	return child;
}

static void child_end(mach_port_t child)
{
	EXPECT(task_terminate(child), KERN_SUCCESS);
	port_destroy(child);
}

/* --- lists of names ------------------------------------------------------------------------ */

struct list {
	mach_port_t		*name;
	mach_port_type_t	*type;
	mach_msg_type_number_t	count;
};

static struct list list_names(mach_port_t task)
{
	struct list list = { 0 };
	mach_msg_type_number_t types = 0;

	EXPECT(mach_port_names(task, &list.name, &list.count, &list.type, &types), KERN_SUCCESS);
	EXPECT(types, list.count);
	return list;
}

static void list_end(struct list *list)
{
	vm_size_t size = list->count * sizeof(mach_port_t);

	if (size == 0)
		return;
	EXPECT(vm_deallocate(SELF, (vm_address_t) list->name, size), KERN_SUCCESS);
	EXPECT(vm_deallocate(SELF, (vm_address_t) list->type, size), KERN_SUCCESS);
}

/* What follows the last name in its page. */
static boolean_t rest_is_zero(const void *column, mach_msg_type_number_t count)
{
	const mach_port_t *word = column;

	for (; (uintptr_t) &word[count] % PAGE_SIZE != 0; count++)
		if (word[count] != 0)
			return FALSE;
	return TRUE;
}

static boolean_t list_holds(const struct list *list, mach_port_t name)
{
	for (unsigned int i = 0; i < list->count; i++)
		if (list->name[i] == name)
			return TRUE;
	return FALSE;
}

static boolean_t list_is_unique(const struct list *list)
{
	for (unsigned int i = 0; i < list->count; i++)
		for (unsigned int j = 0; j < i; j++)
			if (list->name[i] == list->name[j])
				return FALSE;
	return TRUE;
}

/* Around the number that fills a page. */
static void test_sizes(void)
{
	static const unsigned int counts[] = { 0, 1, 2, 1023, 1024, 1025, 2047, 2048, 2049 };
	mach_port_t child = child_new(), name;
	unsigned int have = 0;

	for (unsigned int i = 0; i < COUNT_OF(counts); i++) {
		struct list list;

		for (; have < counts[i]; have++)
			EXPECT(mach_port_allocate(child, MACH_PORT_RIGHT_DEAD_NAME, &name),
				KERN_SUCCESS);
		list = list_names(child);
		EXPECT(list.count, counts[i]);
		if (list.count > 0) {
			EXPECT_TRUE(list_holds(&list, name));
			EXPECT_TRUE(rest_is_zero(list.name, list.count));
			EXPECT_TRUE(rest_is_zero(list.type, list.count));
		}
		list_end(&list);
	}
	child_end(child);
}

#define FIXED	40
#define CHURN	60
#define THREADS	3

static mach_port_t space;		/* the one that is changed */
static volatile boolean_t stop;

static kern_return_t churn_one(unsigned int seed)
{
	mach_port_t name = 0x5000 + seed, other = 0x90000000u + seed * 0x10001u;
	kern_return_t kr = mach_port_allocate_name(space, seed % 3 == 0 ?
		MACH_PORT_RIGHT_RECEIVE : MACH_PORT_RIGHT_DEAD_NAME, name);

	if (kr == KERN_SUCCESS)
		kr = mach_port_rename(space, name, other);
	if (kr == KERN_SUCCESS)
		kr = mach_port_destroy(space, other);
	if (kr == KERN_SUCCESS)
		kr = mach_port_allocate(space, MACH_PORT_RIGHT_PORT_SET, &name);
	if (kr == KERN_SUCCESS)
		kr = mach_port_destroy(space, name);
	return kr;
}

static void churn(void *argument)
{
	unsigned int first = (uintptr_t) argument;

	for (unsigned int i = 0; !stop; i = (i + 1) % CHURN)
		EXPECT(churn_one(first + i), KERN_SUCCESS);
}

/* Each answer shows one instant: all that stays, nothing twice, no more than there can be. */
static void test_names_while_changing(void)
{
	mach_port_t thread[THREADS], fixed[FIXED];

	space = child_new();
	stop = FALSE;
	for (int i = 0; i < FIXED; i++)
		EXPECT(mach_port_allocate(space, MACH_PORT_RIGHT_RECEIVE, &fixed[i]), KERN_SUCCESS);
	for (int i = 0; i < THREADS; i++)
		EXPECT(mach_thread_start(churn, (void *) (uintptr_t) (i * CHURN), &thread[i]),
			KERN_SUCCESS);
	for (int i = 0; i < 300; i++) {
		struct list list = list_names(space);

		EXPECT_TRUE(list.count >= FIXED && list.count <= FIXED + THREADS);
		EXPECT_TRUE(list_is_unique(&list));
		EXPECT_TRUE(list_holds(&list, fixed[i % FIXED]));
		list_end(&list);
	}
	stop = TRUE;
	for (int i = 0; i < THREADS; i++)
		mach_thread_join(thread[i]);
	child_end(space);
}

/* --- names made in all ways at once ---------------------------------------------------------- */

#define MAKERS	4
#define MADE	400

struct maker {
	unsigned int	kind;
	mach_port_t	thread;
	mach_port_t	name[MADE];
};

static mach_port_t made_by_message(void)
{
	mach_port_t from = port_new(), carried = port_new();
	struct message message;

	message_init(&message, from, MACH_MSG_TYPE_MAKE_SEND_ONCE, MACH_PORT_NULL, 0);
	message_right(&message, carried, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	EXPECT(message_send(&message), MACH_MSG_SUCCESS);
	EXPECT(message_receive(&message, from), MACH_MSG_SUCCESS);
	port_destroy(from);
	port_destroy(carried);		/* leaves a dead name */
	return message.body[1];
}

static mach_port_t made_by_insertion(unsigned int i)
{
	mach_port_t name = 0x7000 + i, port = port_new();

	EXPECT(mach_port_rename(SELF, port, 0xa0000000u + i), KERN_SUCCESS);
	EXPECT(mach_port_insert_right(SELF, name, 0xa0000000u + i, MACH_MSG_TYPE_MAKE_SEND_ONCE),
		KERN_SUCCESS);
	port_destroy(0xa0000000u + i);
	return name;
}

static void make(void *argument)
{
	struct maker *self = argument;

	for (unsigned int i = 0; i < MADE; i++)
		switch (self->kind) {
		case 0:
			self->name[i] = port_new();
			break;
		case 1:
			self->name[i] = made_by_insertion(i);
			break;
		case 2:
			self->name[i] = made_by_message();
			break;
		default:
			self->name[i] = 0x8000 + i;
			EXPECT(mach_port_rename(SELF, port_new(), self->name[i]), KERN_SUCCESS);
		}
}

static void test_names_made_at_once(void)
{
	static struct maker maker[MAKERS];
	struct list list;

	for (unsigned int i = 0; i < MAKERS; i++) {
		maker[i].kind = i;
		EXPECT(mach_thread_start(make, &maker[i], &maker[i].thread), KERN_SUCCESS);
	}
	for (unsigned int i = 0; i < MAKERS; i++)
		mach_thread_join(maker[i].thread);
	list = list_names(SELF);
	EXPECT_TRUE(list.count >= MAKERS * MADE);
	EXPECT_TRUE(list_is_unique(&list));
	list_end(&list);
	for (unsigned int i = 0; i < MAKERS; i++)
		for (unsigned int j = 0; j < MADE; j++) {
			mach_port_type_t type = port_type(maker[i].name[j]);

			EXPECT(type, i == 0 || i == 3 ? MACH_PORT_TYPE_RECEIVE :
				MACH_PORT_TYPE_DEAD_NAME);
			port_destroy(maker[i].name[j]);
		}
}

/* --- stale names ------------------------------------------------------------------------------- */

#define GENERATIONS	128

/* A name is not given again in the next 127 allocations, and means nothing meanwhile. */
static void test_stale_names(void)
{
	mach_port_t old = port_new(), name;
	struct message message;

	port_destroy(old);
	for (int i = 1; i < GENERATIONS; i++) {
		name = port_new();
		EXPECT_TRUE(name != old);
		EXPECT(port_type(old), 0);
		message_init(&message, old, MACH_MSG_TYPE_MAKE_SEND, MACH_PORT_NULL, 0);
		EXPECT(message_send(&message), MACH_SEND_INVALID_DEST);
		EXPECT(mach_port_deallocate(SELF, old), KERN_INVALID_NAME);
		port_destroy(name);
	}
}

#define BOGUS_SENDS	20000

/* Nothing is printed for them: the console would show it. */
static void test_bogus_names(void)
{
	struct message message;

	for (unsigned int i = 0; i < BOGUS_SENDS; i++) {
		message_init(&message, 0x7f000000u | (i * 0x9e3779b1u >> 8),
			MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
		EXPECT(message_send(&message), MACH_SEND_INVALID_DEST);
	}
}

/* --- spaces of tasks that end -------------------------------------------------------------------- */

/* Calls on a space by a send right to its task; each is done once. */
static kern_return_t call_on(mach_port_t task, unsigned int which)
{
	mach_port_t name = 1;
	mach_port_type_t type;
	mach_port_urefs_t refs;
	mach_port_status_t status;
	struct list list = { 0 };
	mach_msg_type_number_t types;
	kern_return_t kr;

	switch (which) {
	case 0:
		return mach_port_allocate(task, MACH_PORT_RIGHT_RECEIVE, &name);
	case 1:
		return mach_port_allocate_name(task, MACH_PORT_RIGHT_RECEIVE, 0x1234);
	case 2:
		return mach_port_type(task, 0x1234, &type);
	case 3:
		return mach_port_rename(task, 0x1234, 0x4321);
	case 4:
		return mach_port_get_refs(task, 0x4321, MACH_PORT_RIGHT_RECEIVE, &refs);
	case 5:
		return mach_port_get_receive_status(task, 0x4321, &status);
	case 6:
		return mach_port_set_qlimit(task, 0x4321, 3);
	case 7:
		return mach_port_move_member(task, 0x4321, MACH_PORT_NULL);
	case 8:
		return mach_port_insert_right(task, 0x99, SELF, MACH_MSG_TYPE_COPY_SEND);
	case 9:
		return mach_port_destroy(task, 0x4321);
	case 10:
		return mach_port_deallocate(task, 0x99);
	case 11:
		kr = mach_port_names(task, &list.name, &list.count, &list.type, &types);
		if (kr == KERN_SUCCESS)
			list_end(&list);
		return kr;
	default:
		return mach_port_mod_refs(task, 0x99, MACH_PORT_RIGHT_SEND, -1);
	}
}

#define CALLS	13

static void test_ended_task(void)
{
	mach_port_t child = child_new();

	for (unsigned int i = 0; i < CALLS; i++)
		call_on(child, i);
	EXPECT(task_terminate(child), KERN_SUCCESS);
	for (unsigned int i = 0; i < CALLS; i++) {
		tap_about("call %u", i);
		EXPECT(call_on(child, i), MACH_SEND_INVALID_DEST);
	}
	tap_about("%s", "");
	port_destroy(child);
}

static void call_always(void *argument)
{
	mach_port_t task = (mach_port_t) (uintptr_t) argument;

	for (unsigned int i = 0; !stop; i++) {
		kern_return_t kr = call_on(task, i % CALLS);

		if (kr == MACH_SEND_INVALID_DEST)
			return;
	}
}

/* The task ends while calls on it are under way. */
static void test_ending_task(void)
{
	for (int round = 0; round < 10; round++) {
		mach_port_t child = child_new(), thread[2];

		stop = FALSE;
		for (int i = 0; i < 2; i++)
			EXPECT(mach_thread_start(call_always, (void *) (uintptr_t) child,
				&thread[i]), KERN_SUCCESS);
		sleep_for(round);
		EXPECT(task_terminate(child), KERN_SUCCESS);
		for (int i = 0; i < 2; i++)
			mach_thread_join(thread[i]);
		stop = TRUE;
		port_destroy(child);
	}
}

/* Answers are about the space that was asked. */
static void test_whose_space(void)
{
	mach_port_t child = child_new(), mine = port_new(), its;
	mach_port_type_t type;

	EXPECT(mach_port_rename(SELF, mine, 0x45670), KERN_SUCCESS);
	EXPECT(mach_port_type(child, 0x45670, &type), KERN_INVALID_NAME);
	EXPECT(mach_port_allocate_name(child, MACH_PORT_RIGHT_PORT_SET, 0x45671), KERN_SUCCESS);
	EXPECT(port_type(0x45671), 0);
	EXPECT(mach_port_allocate_name(child, MACH_PORT_RIGHT_DEAD_NAME, 0x45670), KERN_SUCCESS);
	EXPECT(mach_port_type(child, 0x45670, &type), KERN_SUCCESS);
	EXPECT(type, MACH_PORT_TYPE_DEAD_NAME);
	EXPECT(port_type(0x45670), MACH_PORT_TYPE_RECEIVE);
	EXPECT(mach_port_destroy(child, 0x45670), KERN_SUCCESS);
	EXPECT(port_type(0x45670), MACH_PORT_TYPE_RECEIVE);
	its = 0x45670;
	EXPECT(mach_port_insert_right(child, its, 0x45670, MACH_MSG_TYPE_MAKE_SEND), KERN_SUCCESS);
	EXPECT(mach_port_rename(child, its, 0x45672), KERN_SUCCESS);
	EXPECT(mach_port_type(child, 0x45672, &type), KERN_SUCCESS);
	EXPECT(type, MACH_PORT_TYPE_SEND);
	port_destroy(0x45670);
	EXPECT(mach_port_type(child, 0x45672, &type), KERN_SUCCESS);
	EXPECT(type, MACH_PORT_TYPE_DEAD_NAME);
	child_end(child);
}

static const struct test tests[] = {
	{ .name = "NS-1 lists of names of every size", .run = test_sizes },
	{ .name = "NS-1 lists of names that change", .run = test_names_while_changing },
	{ .name = "NS-2 names made in four ways at once", .run = test_names_made_at_once },
	{ .name = "NS-3 stale names", .run = test_stale_names, .ours = TRUE },
	{ .name = "NS-7 sends to bogus names", .run = test_bogus_names },
	{ .name = "NS-8 calls on a task that has ended", .run = test_ended_task },
	{ .name = "NS-8 calls on a task that ends", .run = test_ending_task },
	{ .name = "NS-10 MK-11 whose space is asked", .run = test_whose_space },
};

int main(int argc, char **argv)
{
	return tap_main(argc, argv, tests, COUNT_OF(tests));
}
