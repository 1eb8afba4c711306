/* SPDX-License-Identifier: BSD-2-Clause */
/* Ports in transit: roots, against a naive model; the cost of long chains. */
#include <tests/unit/fakes.h>

#include <stdlib.h>

#include <ipc/transit.h>

#define NODES 300
#define STEPS 200000
#define CHAIN 100000
#define LOG_CHAIN 17			/* of base 2 */

static struct transit_node node[CHAIN];
static int above[NODES];		/* the model; -1 for a root */

static int model_root(int n)
{
	while (above[n] >= 0)
		n = above[n];
	return n;
}

static int index_of(const struct transit_node *n)
{
	return (int)(n - node);
}

/* Who is alone is free to go, and children know their parents. */
static void check_nodes(void)
{
	bool alone[NODES];

	for (int i = 0; i < NODES; i++)
		alone[i] = true;
	for (int i = 0; i < NODES; i++)
		if (above[i] >= 0)
			alone[i] = alone[above[i]] = false;
	for (int i = 0; i < NODES; i++) {
		for (int side = 0; side < 2; side++)
			if (node[i].child[side] != NULL)
				ck_must(node[i].child[side]->parent == &node[i]);
		if (alone[i])
			ck_must(transit_is_bare(&node[i]));
	}
}

/* Cut what is below something, link what is not and may be; now and then the same again and again. */
static void step(void)
{
	int n = (int)(fake_random() % NODES), to = (int)(fake_random() % NODES);

	ck_must(index_of(transit_root(&node[to])) == model_root(to));
	if (above[n] >= 0 && fake_random() % 4 == 0) {
		transit_cut(&node[n]);
		above[n] = -1;
	}
	if (above[n] < 0 && model_root(to) != n) {
		transit_link(&node[n], &node[to]);
		above[n] = to;
	}
}

START_TEST(test_model)
{
	for (int i = 0; i < NODES; i++)
		above[i] = -1;
	for (int i = 0; i < STEPS; i++) {
		step();
		if (i % 100 == 0)
			check_nodes();
	}
	for (int i = 0; i < NODES; i++)
		if (above[i] >= 0) {
			transit_cut(&node[i]);
			above[i] = -1;
		}
	check_nodes();
}
END_TEST

/* What a send of node n to node `to` does. */
static void depart(int n, int to)
{
	ck_must(transit_root(&node[to]) != &node[n]);
	transit_link(&node[n], &node[to]);
}

/* Everybody's root is asked for, in an order without order. */
static void ask_all(int root)
{
	for (int i = 0; i < CHAIN; i++)
		ck_must(transit_root(&node[fake_random() % CHAIN]) == &node[root]);
}

static void expect_cost(unsigned int operations)
{
	ck_assert_uint_gt(transit_rotations, 0);
	ck_assert_uint_le(transit_rotations, operations * 3 * LOG_CHAIN);
	transit_rotations = 0;
}

/* Each right goes to the port that went last. */
START_TEST(test_chain_downwards)
{
	for (int i = 1; i < CHAIN; i++)
		depart(i, i - 1);
	ck_must(transit_root(&node[CHAIN - 1]) == &node[0]);
	expect_cost(CHAIN);
	ask_all(0);
	expect_cost(CHAIN);
	for (int i = 1; i < CHAIN; i++)
		transit_cut(&node[i]);
	expect_cost(CHAIN);
	for (int i = 0; i < CHAIN; i++)
		ck_must(transit_is_bare(&node[i]));
}
END_TEST

/* Each port that has a right in its queue goes into the next one's. */
START_TEST(test_chain_upwards)
{
	for (int i = 1; i < CHAIN; i++) {
		depart(i - 1, i);
		if (i % 1000 == 0)
			ck_must(transit_root(&node[0]) == &node[i]);
	}
	ask_all(CHAIN - 1);
	expect_cost(2 * CHAIN);
	/* The top comes back, and would go to the bottom. */
	for (int i = CHAIN - 2; i >= 0; i--) {
		transit_cut(&node[i]);
		ck_must(transit_root(&node[0]) == &node[i]);
	}
	expect_cost(2 * CHAIN);
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_model);
	tcase_add_test(tcase, test_chain_downwards);
	tcase_add_test(tcase, test_chain_upwards);
}
