/* SPDX-License-Identifier: BSD-2-Clause */
#include <tests/unit/schedule_toys.h>

#include <kern/lock.h>
#include <tests/unit/schedule.h>

uint32_t toy_count;
unsigned int toy_waker;
bool toy_careful;

static struct spin_lock first_lock, second_lock;
static uint32_t first_value, second_value;

void toys_init(void)
{
	spin_lock_init(&first_lock, LOCK_PORT);
	spin_lock_init(&second_lock, LOCK_SET);
}

/* --- Counting -------------------------------------------------------------------------------- */

void toy_increment(void)
{
	toy_count++;
}

void toy_increment_half_locked(void)
{
	uint32_t count;

	spin_lock(&first_lock);
	count = toy_count;
	spin_unlock(&first_lock);
	spin_lock(&first_lock);
	toy_count = count + 1;
	spin_unlock(&first_lock);
}

void toy_increment_locked(void)
{
	spin_lock(&first_lock);
	toy_count++;
	spin_unlock(&first_lock);
}

void toy_increment_atomic(void)
{
	__atomic_fetch_add(&toy_count, 1, __ATOMIC_RELAXED);
}

void toy_write_first(void)
{
	for (int i = 0; i < 4; i++) {
		spin_lock(&first_lock);
		first_value++;
		spin_unlock(&first_lock);
	}
}

void toy_write_second(void)
{
	for (int i = 0; i < 4; i++) {
		spin_lock(&second_lock);
		second_value++;
		spin_unlock(&second_lock);
	}
}

/* --- Two locks, in both orders --------------------------------------------------------------- */

void toy_lock_forward(void)
{
	spin_lock(&first_lock);
	spin_lock(&second_lock);
	spin_unlock(&second_lock);
	spin_unlock(&first_lock);
}

void toy_lock_backward(void)
{
	spin_lock(&second_lock);
	spin_lock(&first_lock);
	spin_unlock(&first_lock);
	spin_unlock(&second_lock);
}

/* --- An object whose reference comes too late ------------------------------------------------- */

struct object {
	uint32_t ref_count;
	uint32_t value;
};

static struct object *object;

void toy_object_create(void)
{
	object = schedule_alloc(sizeof(*object));
	object->ref_count = 1;
	object->value = 0;
}

static void object_release(struct object *o)
{
	if (__atomic_sub_fetch(&o->ref_count, 1, __ATOMIC_ACQ_REL) == 0)
		schedule_free(o, sizeof(*o));
}

void toy_release_early(void)
{
	struct object *o;

	spin_lock(&first_lock);
	o = object;
	object = NULL;
	spin_unlock(&first_lock);
	if (o != NULL)
		object_release(o);
}

void toy_use_late(void)
{
	struct object *o;

	spin_lock(&first_lock);
	o = object;
	spin_unlock(&first_lock);
	if (o == NULL)
		return;
	__atomic_fetch_add(&o->ref_count, 1, __ATOMIC_RELAXED);
	object_release(o);
}

/* --- Waiting for an event --------------------------------------------------------------------- */

static bool happened, waiting;

static void toy_woken(void)
{
	spin_lock(&first_lock);
	toy_count++;
	happened = waiting = false;
	spin_unlock(&first_lock);
}

/* Careless: it looks, and then says that it waits. */
void toy_wait(void)
{
	bool wait;

	spin_lock(&first_lock);
	wait = !happened;
	if (toy_careful)
		waiting = wait;
	spin_unlock(&first_lock);
	if (!wait) {
		toy_woken();
		return;
	}
	spin_lock(&first_lock);
	waiting = true;
	spin_unlock(&first_lock);
	schedule_wait(toy_woken);
}

void toy_wake(void)
{
	bool wake;

	spin_lock(&first_lock);
	happened = true;
	wake = waiting;
	spin_unlock(&first_lock);
	if (wake)
		schedule_ready(toy_waker);
}
