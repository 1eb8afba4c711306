/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trees against a model: which keys are in is an array of flags.  The summary kept in the
 * nodes is the sum of the subtree's weights.
 */
#include <tests/unit/fakes.h>

#include <kern/rbtree.h>

#define KEYS 512

struct item {
	struct rb_node node;
	int key;
	uint32_t weight, sum;
	bool in;
};

static struct item items[KEYS];
static struct rb_tree tree;

static struct item *item_of(const struct rb_node *node)
{
	return container_of(node, struct item, node);
}

static uint32_t sum_of(const struct rb_node *node)
{
	return node != NULL ? item_of(node)->sum : 0;
}

static bool update_sum(struct rb_node *node)
{
	struct item *item = item_of(node);
	uint32_t before = item->sum;

	item->sum = item->weight + sum_of(node->child[RB_LEFT]) + sum_of(node->child[RB_RIGHT]);
	return item->sum != before;
}

/* A summary that seldom changes far up: what is not told further must be right all the same. */
static bool update_heaviest(struct rb_node *node)
{
	struct item *item = item_of(node);
	uint32_t before = item->sum;

	item->sum = item->weight;
	for (int side = RB_LEFT; side <= RB_RIGHT; side++)
		if (sum_of(node->child[side]) > item->sum)
			item->sum = sum_of(node->child[side]);
	return item->sum != before;
}

static void insert(struct item *item)
{
	struct rb_node *parent = NULL, **place = &tree.root;

	while (*place != NULL) {
		parent = *place;
		place = &parent->child[item->key > item_of(parent)->key];
	}
	rb_insert(&tree, &item->node, parent, place);
	item->in = true;
}

static void drop(struct item *item)
{
	rb_remove(&tree, &item->node);
	item->in = false;
}

static void check_sums(void)
{
	for (struct rb_node *n = rb_first(&tree); n != NULL; n = rb_next(n)) {
		uint32_t sum = item_of(n)->sum;

		ck_must(!tree.update(n));
		ck_must(item_of(n)->sum == sum);
	}
}

/* The tree is valid and holds what the flags say, in both directions. */
static void check_tree(void)
{
	struct rb_node *n = rb_first(&tree), *back = rb_last(&tree);

	ck_must(rb_valid(&tree));
	for (int i = 0; i < KEYS; i++) {
		if (!items[i].in)
			continue;
		ck_must(n == &items[i].node);
		n = rb_next(n);
	}
	ck_must(n == NULL);
	for (int i = KEYS; i-- > 0;) {
		if (!items[i].in)
			continue;
		ck_must(back == &items[i].node);
		back = rb_prev(back);
	}
	ck_must(back == NULL);
	if (tree.update != NULL)
		check_sums();
}

static void start(bool (*update)(struct rb_node *))
{
	rb_tree_init(&tree, update);
	for (int i = 0; i < KEYS; i++)
		items[i] = (struct item){ .key = i, .weight = fake_random() % 1000 };
}

static bool (*const updates[])(struct rb_node *) = { update_sum, update_heaviest };

/* _i / 2: bits that must be clear for an insertion, so that trees are full or sparse. */
START_TEST(test_random)
{
	start(updates[_i % 2]);
	check_tree();
	for (unsigned int round = 0; round < 20000; round++) {
		struct item *item = &items[fake_random() % KEYS];

		if (item->in)
			drop(item);
		else if ((fake_random() & (uint32_t)_i / 2) == 0)
			insert(item);
		if (round % 16 == 0 || round < 1000)
			check_tree();
	}
}
END_TEST

START_TEST(test_sequences)
{
	start(NULL);
	for (int i = 0; i < KEYS; i++)
		insert(&items[_i ? KEYS - 1 - i : i]);
	check_tree();
	for (int i = 0; i < KEYS; i++) {
		drop(&items[i]);
		check_tree();
	}
	ck_assert(rb_empty(&tree));
}
END_TEST

static unsigned int depth(const struct rb_node *node)
{
	unsigned int left, right;

	if (node == NULL)
		return 0;
	left = depth(node->child[RB_LEFT]);
	right = depth(node->child[RB_RIGHT]);
	return 1 + (left > right ? left : right);
}

START_TEST(test_depth)
{
	start(NULL);
	for (int i = 0; i < KEYS - 1; i++)
		insert(&items[i]);
	ck_assert_uint_le(depth(tree.root), 18);	/* twice log2(512) */
}
END_TEST

START_TEST(test_replace)
{
	struct item other;

	start(updates[_i % 2]);
	for (int i = 0; i < KEYS; i++)
		insert(&items[i]);
	for (int i = 0; i < KEYS; i++) {
		other = (struct item){ .key = i, .weight = 5 };
		rb_replace(&tree, &items[i].node, &other.node);
		ck_must(rb_valid(&tree));
		check_sums();
		rb_replace(&tree, &other.node, &items[i].node);
		check_tree();
	}
}
END_TEST

START_TEST(test_update_path)
{
	start(updates[_i % 2]);
	for (int i = 0; i < KEYS; i++)
		insert(&items[i]);
	for (int i = 0; i < KEYS; i++) {
		items[i].weight = fake_random() % 1000;
		rb_update_path(&tree, &items[i].node);
		check_sums();
	}
}
END_TEST

/* The check itself must see faults. */
START_TEST(test_valid)
{
	struct rb_node *left;

	start(NULL);
	for (int i = 0; i < 3; i++)
		insert(&items[i]);
	left = tree.root->child[RB_LEFT];
	ck_assert(left->red && rb_valid(&tree));
	left->red = false;
	ck_assert(!rb_valid(&tree));
	left->red = true;
	tree.root->red = true;
	ck_assert(!rb_valid(&tree));
	tree.root->red = false;
	insert(&items[3]);
	items[3].node.red = true;
	ck_assert(rb_valid(&tree));
	items[2].node.red = true;
	ck_assert(!rb_valid(&tree));
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_loop_test(tcase, test_random, 0, 8);
	tcase_add_loop_test(tcase, test_sequences, 0, 2);
	tcase_add_test(tcase, test_depth);
	tcase_add_loop_test(tcase, test_replace, 0, 2);
	tcase_add_loop_test(tcase, test_update_path, 0, 2);
	tcase_add_test(tcase, test_valid);
}
