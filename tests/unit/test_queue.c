/* SPDX-License-Identifier: BSD-2-Clause */
/* Queues, against arrays that hold the same numbers. */
#include <tests/unit/fakes.h>

#include <kern/queue.h>

struct item {
	int value;
	struct queue_link link;
};

static struct item items[10];

static void init_items(void)
{
	for (int i = 0; i < 10; i++) {
		items[i].value = i;
		queue_link_init(&items[i].link);
	}
}

/* The queue holds exactly these digits, forwards and backwards. */
static void check_queue(const struct queue *q, const char *digits)
{
	const struct queue_link *last = &q->head;

	queue_for_each(l, q) {
		ck_assert_ptr_eq(l->prev, last);
		ck_assert_int_eq(container_of(l, struct item, link)->value, *digits - '0');
		digits++;
		last = l;
	}
	ck_assert_ptr_eq(q->head.prev, last);
	ck_assert_int_eq(*digits, '\0');
}

START_TEST(test_order)
{
	struct queue q;

	init_items();
	queue_init(&q);
	ck_assert(queue_empty(&q));
	ck_assert_ptr_null(queue_first(&q));
	ck_assert_ptr_null(queue_take_first(&q));
	queue_insert_tail(&q, &items[1].link);
	queue_insert_tail(&q, &items[2].link);
	queue_insert_head(&q, &items[0].link);
	check_queue(&q, "012");
	queue_insert_after(&items[1].link, &items[5].link);
	check_queue(&q, "0152");
	ck_assert(!queue_empty(&q));
	ck_assert_ptr_eq(queue_first(&q), &items[0].link);
	check_queue(&q, "0152");
	ck_assert_ptr_eq(queue_take_first(&q), &items[0].link);
	check_queue(&q, "152");
}
END_TEST

START_TEST(test_remove)
{
	struct queue q;

	init_items();
	queue_init(&q);
	for (int i = 0; i < 5; i++)
		queue_insert_tail(&q, &items[i].link);
	ck_assert(queue_linked(&items[2].link));
	queue_remove(&items[2].link);
	check_queue(&q, "0134");
	ck_assert(!queue_linked(&items[2].link));
	queue_remove(&items[2].link);
	check_queue(&q, "0134");
	queue_remove(&items[0].link);
	queue_remove(&items[4].link);
	check_queue(&q, "13");
	queue_remove(&items[1].link);
	queue_remove(&items[3].link);
	check_queue(&q, "");
	ck_assert(queue_empty(&q));
}
END_TEST

START_TEST(test_move_all)
{
	struct queue a, b;

	init_items();
	queue_init(&a);
	queue_init(&b);
	queue_move_all(&a, &b);
	check_queue(&a, "");
	queue_insert_tail(&b, &items[3].link);
	queue_insert_tail(&b, &items[4].link);
	queue_move_all(&a, &b);
	check_queue(&a, "34");
	check_queue(&b, "");
	queue_insert_tail(&b, &items[5].link);
	queue_move_all(&a, &b);
	check_queue(&a, "345");
	queue_move_all(&a, &b);
	check_queue(&a, "345");
	ck_assert(queue_empty(&b));
}
END_TEST

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_order);
	tcase_add_test(tcase, test_remove);
	tcase_add_test(tcase, test_move_all);
}
