/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef _TESTS_H_
#define _TESTS_H_

/* faults.c */
void test_fault(void);
void test_counted(void);
void test_supply_before_ready(void);
void test_data_error(void);
void test_silent(void);
void test_abandoned(void);
void test_silent_vm_read(void);
void test_death(void);
void test_destroy(void);
void test_unlock(void);
void test_map_race(void);

/* control.c */
void test_supply_completed(void);
void test_argument_errors(void);
void test_attributes(void);
void test_caching(void);
void test_lock_request(void);
void test_lock_ranges(void);

/* proxies.c */
void test_proxy_codes(void);
void test_proxy_window(void);
void test_proxy_protection(void);
void test_proxy_chain(void);
void test_proxy_churn(void);

/* copies.c */
void test_delayed_copy(void);
void test_map_copy(void);
void test_kernel_read(void);
void test_read_dying_task(void);
void test_late_receive(void);

/* chains.c */
void test_generations(void);

/* wrong.c */
void test_answers_elsewhere(void);
void test_supplies_elsewhere(void);
void test_supplies_around(void);
void test_other_control(void);
void test_no_control(void);
void test_answers_twice(void);
void test_unlocks_badly(void);

/* dying.c */
void test_poor_client(void);
void test_pager_dies(void);
void test_victim_dies(void);
void test_waiter_blocks_nobody(void);

/* protections.c */
void test_all_protections(void);
void test_capped_elsewhere(void);

/* hygiene.c */
void test_forged_notifications(void);
void test_clean_messages(void);
void test_user_device(void);

/* failing.c */
void test_copy_locked(void);
void test_snapshot_locked(void);
void test_fork_error(void);
void test_fork_unnamed(void);
void test_returned_paid(void);
void test_lost_receive(void);

#endif
