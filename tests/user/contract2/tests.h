/* SPDX-License-Identifier: BSD-2-Clause */
/* The tests of this program, by section of the contract (spec/ipc.md). */
#ifndef _TESTS_H_
#define _TESTS_H_

/* notices.c: section 11, requests and what becomes of them */
void test_request_order(void);
void test_request_kinds(void);
void test_notify_dispositions(void);
void test_replaced(void);
void test_layouts(void);
void test_renamed(void);
void test_deleted(void);
void test_request_limits(void);
void test_no_senders_sync(void);
void test_no_senders_moved(void);
void test_no_senders_calls(void);
void test_own_requests(void);
void test_requests_after_death(void);

/* chains.c: sections 11 and 12, port-destroyed and death */
void test_destroyed_state(void);
void test_destroyed_senders(void);
void test_destroyed_chains(void);
void test_destroyed_lost(void);
void test_order_of_death(void);
void test_task_death(void);

/* codes.c: section 13, two things wrong at once */
void test_allocate_codes(void);
void test_rename_codes(void);
void test_receive_codes(void);
void test_member_codes(void);
void test_insert_order(void);
void test_insert_lost(void);
void test_trap_codes(void);

/* rights.c: section 13, rights into and out of other tasks */
void test_insert_kinds(void);
void test_extract_kinds(void);
void test_extract_at_limit(void);
void test_ending_tasks(void);

/* objects.c: section 10, ports of the wrong kind (see also sweep), counters */
void test_wrong_kind_traps(void);
void test_assignment(void);
void test_counters(void);
void test_reply_dispositions(void);

/* forms.c: section 9, the bare form */
void test_bare_forms(void);
void test_bare_payload(void);

/* moves.c: sections 9 and 13, what comes back, ports that change hands; porter's routines */
void test_interrupted(void);
void test_sent_again(void);
void test_changing_hands(void);
void test_inserted_in_own(void);
void test_porter_privilege(void);

/* shortage.c: sections 9 and 15, forms and trailers when names are short */
void test_bare_without_names(void);
void test_back_without_names(void);
void test_trailer_behind_error(void);
void test_trailer_first(void);

#endif
