/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The choices of one schedule, and which others are to be tried after it.
 */
#include <tests/unit/schedule_i.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH 3000
#define TOUCHED 40

/* --- What steps touch ------------------------------------------------------------------- */

struct touched {
	unsigned int count;		/* over TOUCHED: everything */
	const void *object[TOUCHED];
	uint8_t access[TOUCHED];
};

static bool conflict(uint8_t a, uint8_t b)
{
	return a != b || a >= SCHEDULE_WRITE;
}

/* Can they come the other way round?  Whoever waits for a lock cannot come before its release. */
static bool reversible(uint8_t a, uint8_t b)
{
	return conflict(a, b) && !(a == SCHEDULE_UNLOCK && b == SCHEDULE_LOCK);
}

/* Of one step: what it does to an object in all. */
static uint8_t both(uint8_t a, uint8_t b)
{
	if (a == b)
		return a;
	return a >= SCHEDULE_LOCK && b >= SCHEDULE_LOCK ? SCHEDULE_LOCK : SCHEDULE_WRITE;
}

/* Is there an object on which the test is true? */
static bool meet(const struct touched *a, const struct touched *b,
		 bool (*test)(uint8_t, uint8_t))
{
	if (a->count > TOUCHED || b->count > TOUCHED)
		return true;
	for (unsigned int i = 0; i < a->count; i++)
		for (unsigned int j = 0; j < b->count; j++)
			if (a->object[i] == b->object[j] && test(a->access[i], b->access[j]))
				return true;
	return false;
}

static void touch(struct touched *t, const void *object, enum schedule_access access)
{
	for (unsigned int i = 0; i < t->count && i < TOUCHED; i++) {
		if (t->object[i] == object) {
			t->access[i] = both(t->access[i], (uint8_t)access);
			return;
		}
	}
	if (t->count < TOUCHED) {
		t->object[t->count] = object;
		t->access[t->count] = (uint8_t)access;
	}
	t->count++;
}

/* --- The tree of choices: the path that is being followed ------------------------------------ */

/* Sets of actors are bit masks. */
struct node {
	uint8_t enabled, asleep, done;
	uint8_t wanted;			/* choices that are to be tried */
	int8_t chosen, previous;
	uint16_t preemptions;		/* before this choice */
	uint16_t before[SCHEDULE_ACTORS];	/* steps of each that come before this one's end */
	struct touched touched[SCHEDULE_ACTORS];	/* of the steps of those done or asleep */
};

static struct node path[DEPTH];
static unsigned int path_length;	/* nodes whose choice is given */
static unsigned int depth;		/* where the run is */

void path_restart(void)
{
	path_length = 0;
}

void path_start_run(void)
{
	depth = 0;
	search.aimless = false;
}

unsigned int path_depth(void)
{
	return depth;
}

int path_chosen(void)
{
	return path[depth - 1].chosen;
}

void path_touch(const void *object, enum schedule_access access)
{
	if (depth > 0)
		touch(&path[depth - 1].touched[path_chosen()], object, access);
}

/* --- Choosing - */

/* May this be chosen at all, by the bound? */
static bool within_bound(const struct node *node, int actor)
{
	bool preempts = node->previous >= 0 && actor != node->previous &&
			(node->enabled & 1u << node->previous);

	return search.reduced || search.sequential || !preempts ||
	       node->preemptions < search.bound;
}

/* The best that is left to be chosen: rather no switch; -1: nobody. */
static int candidate(const struct node *node)
{
	uint8_t left = node->enabled & (uint8_t)~(node->asleep | node->done);

	if (search.reduced && node->done != 0)
		left &= node->wanted;

	if (node->previous >= 0 && (left & 1u << node->previous))
		return node->previous;
	for (int i = 0; i < SCHEDULE_ACTORS; i++)
		if ((left & 1u << i) && within_bound(node, i))
			return i;
	return -1;
}

/* Those whose next step was tried above, and is independent of what happened since. */
static void inherit_sleep(struct node *node, const struct node *above)
{
	uint8_t tried = above->asleep | above->done;

	node->asleep = 0;
	if (!search.reduced)
		return;
	for (int i = 0; i < SCHEDULE_ACTORS; i++) {
		if (i == above->chosen || !(tried & 1u << i))
			continue;
		if (meet(&above->touched[i], &above->touched[above->chosen], conflict))
			continue;
		node->asleep |= (uint8_t)(1u << i);
		node->touched[i] = above->touched[i];
	}
}

static void node_start(struct node *node)
{
	const struct node *above = depth == 0 ? NULL : &path[depth - 1];
	bool preempted;

	node->done = node->asleep = node->wanted = 0;
	node->preemptions = 0;
	node->previous = above == NULL ? -1 : above->chosen;
	if (above == NULL)
		return;
	inherit_sleep(node, above);
	preempted = above->previous >= 0 && above->chosen != above->previous &&
		    (above->enabled & 1u << above->previous);
	node->preemptions = (uint16_t)(above->preemptions + preempted);
}

int path_choose(uint8_t enabled)
{
	struct node *node = &path[depth];

	if (depth + 1 == DEPTH)
		schedule_fail("more than %d steps: somebody turns in circles", DEPTH);
	if (depth < path_length && !search.aimless) {
		node->enabled = enabled;
		if (!(enabled & 1u << node->chosen))
			schedule_fail("the schedule cannot be followed at step %u", depth);
	} else {
		node_start(node);
		node->enabled = enabled;
		node->chosen = (int8_t)candidate(node);
		if (node->chosen < 0) {	/* all are asleep: run to the end, and learn nothing */
			search.aimless = true;
			node->asleep = 0;
			node->chosen = (int8_t)candidate(node);
		}
		if (!search.aimless)
			path_length = depth + 1;
	}
	node->done |= (uint8_t)(1u << node->chosen);
	node->touched[node->chosen].count = 0;
	depth++;
	return node->chosen;
}

/* --- What else is to be tried ------------------------------------------------------------- */

static const struct touched *step_touched(unsigned int step)
{
	return &path[step].touched[path[step].chosen];
}

static bool comes_before(unsigned int a, const uint16_t *before)
{
	return before[path[a].chosen] > a;
}

/* Step `later` is to come before `earlier`: try somebody there who leads to it. */
static void want_reversal(unsigned int earlier, unsigned int later)
{
	struct node *node = &path[earlier];
	uint8_t leads = 0;

	if (node->enabled & 1u << path[later].chosen)
		leads = (uint8_t)(1u << path[later].chosen);
	for (unsigned int i = earlier + 1; i < later && leads == 0; i++)
		if ((node->enabled & 1u << path[i].chosen) && path[i].chosen != node->chosen &&
		    comes_before(i, path[later].before))
			leads = (uint8_t)(1u << path[i].chosen);
	node->wanted |= leads != 0 ? leads : node->enabled;
}

/*
 * Look for pairs of dependent steps of two actors, such that nothing before the later one's actor
 * gets there needs the earlier one.  All of the run's steps are ordered by what they touch.
 */
void path_find_reversals(void)
{
	static uint16_t last[SCHEDULE_ACTORS][SCHEDULE_ACTORS];

	memset(last, 0, sizeof(last));
	for (unsigned int j = 0; j < depth; j++) {
		uint16_t *before = path[j].before, *previous = last[path[j].chosen];

		memcpy(before, previous, sizeof(path[j].before));
		for (unsigned int i = j; i-- > 0;) {
			if (path[i].chosen == path[j].chosen ||
			    !meet(step_touched(i), step_touched(j), conflict))
				continue;
			for (int a = 0; a < SCHEDULE_ACTORS; a++)
				if (before[a] < path[i].before[a])
					before[a] = path[i].before[a];
		}
		before[path[j].chosen] = (uint16_t)(j + 1);
		for (unsigned int i = 0; i < j && i < path_length; i++)
			if (path[i].chosen != path[j].chosen && !comes_before(i, previous) &&
			    meet(step_touched(i), step_touched(j), reversible))
				want_reversal(i, j);
		memcpy(previous, before, sizeof(path[j].before));
	}
}

bool path_next(void)
{
	while (path_length > 0) {
		struct node *node = &path[path_length - 1];
		int next = candidate(node);

		if (next >= 0) {
			node->chosen = (int8_t)next;
			return true;
		}
		path_length--;
	}
	return false;
}

/* --- As text - */

void path_print(char *text, size_t size)
{
	size_t length = 0;
	unsigned int i = 0, end = depth;

	while (i < end && length + 16 < size) {
		unsigned int start = i;

		while (i < end && path[i].chosen == path[start].chosen)
			i++;
		length += (size_t)snprintf(text + length, size - length, "%d*%u ",
					   path[start].chosen, i - start);
	}
	length += (size_t)snprintf(text + length, size - length, "/");
	watch_print(text + length, size - length);
}

void path_parse(const char *text)
{
	char *end;

	path_length = 0;
	for (;; text = end) {
		long chosen = strtol(text, &end, 10), times;

		if (end == text)
			break;
		times = strtol(end + 1, &end, 10);
		while (times-- > 0 && path_length < DEPTH)
			path[path_length++] = (struct node){ .chosen = (int8_t)chosen };
	}
	while (*text == ' ' || *text == '/')
		text++;
	watch_parse(text);
}
