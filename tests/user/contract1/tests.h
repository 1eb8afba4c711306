/* SPDX-License-Identifier: BSD-2-Clause */
/* The tests of this program, by section of the contract (spec/ipc.md). */
#ifndef _TESTS_H_
#define _TESTS_H_

/* refused.c: sections 2 and 3, calls that are wrong in two ways */
void test_refused_header(void);
void test_refused_sizes(void);
void test_refused_body(void);
void test_refused_in_one_item(void);
void test_cancel(void);

/* items.c: sections 4 and 8, descriptors and what comes back */
void test_plain_types(void);
void test_empty_items(void);
void test_arrays(void);
void test_bad_element(void);
void test_overlapping_pages(void);
void test_restored_bits(void);

/* full.c: section 5, full queues and what comes back */
void test_given_back(void);
void test_zero_limit(void);
void test_notify_order(void);
void test_notify_entries(void);
void test_notify_waits(void);
void test_long_timeouts(void);
void test_senders_in_order(void);
void test_circles(void);
void test_full_circle(void);

/* receive.c: section 6, bytes and codes */
void test_written_bytes(void);
void test_waiting_written_bytes(void);
void test_source_names(void);
void test_options(void);
void test_waiters_survive(void);
void test_set_waiters(void);
void test_notify_kinds(void);
void test_notify_replies(void);
void test_seqno(void);

/* arrive.c: sections 1, 7 and 8, how rights and ports arrive */
void test_payload_forms(void);
void test_payload_zero(void);
void test_leaving(void);
void test_names_exhausted(void);
void test_limits_of_references(void);
void test_limits_of_dead_names(void);
void test_dead_on_the_way(void);
void test_order_of_death(void);

/* odd.c: sections 2 to 9, odd addresses and sizes, rights whose order matters */
void test_odd_buffers(void);
void test_unused_arguments(void);
void test_one_name_twice(void);
void test_header_then_body(void);
void test_rescued_circle(void);
void test_in_transit(void);
void test_accepted_ways(void);
void test_empty_deallocate(void);
void test_last_send_right(void);

/* short.c: sections 2 to 8, shortages */
void test_no_buffer(void);
void test_no_memory_for_array(void);
void test_no_notify(void);
void test_no_request(void);
void test_two_shortages(void);
void test_unwritable_sender(void);

/* calls.c: sections 5 and 6, round trips and messages to the kernel */
void test_waiting_calls(void);
void test_receiver_left(void);
void test_small_answers(void);
void test_unwritable_answers(void);
void test_unwritable_requests(void);
void test_bad_sources(void);
void test_requested_answer(void);
void test_kernel_destination(void);

#endif
