/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef _TESTS_H_
#define _TESTS_H_

/* ranges.c */
void test_sweeps(void);
void test_sweep_phys(void);
void test_sweep_messages(void);
void test_wrap_race(void);

/* attributes.c */
void test_masks(void);
void test_flags(void);
void test_offsets(void);
void test_wrong_tasks(void);

/* limits.c */
void test_limit_codes(void);
void test_limit_ways(void);
void test_limit_none(void);
void test_limit_answers(void);
void test_limit_messages(void);
void test_limit_children(void);

/* wire.c */
void test_wire_quota(void);
void test_wire_race(void);
void test_wired_memory(void);
void test_wire_paged(void);
void test_wire_stopped(void);
void test_wire_all(void);
void test_contiguous_codes(void);
void test_contiguous(void);
void test_contiguous_bounds(void);
void test_contiguous_reserve(void);
void test_contiguous_sent(void);
void test_phys_race(void);

/* regions.c */
void test_region_proxy(void);
void test_region_proxy_codes(void);
void test_region_proxy_life(void);
void test_region_proxy_nested(void);
void test_region_proxy_paged(void);
void test_region_proxy_paid(void);

/* call.c */
void test_call(void);
void test_call_inherited(void);
void test_call_read(void);
void test_call_refused(void);
void test_copy_of_dead(void);
void test_all_strategies(void);
void test_call_written(void);
void test_call_churn(void);

/* sync.c */
void test_msync(void);
void test_msync_codes(void);
void test_msync_invalidate(void);
void test_object_sync(void);
void test_object_sync_codes(void);

/* churn.c */
void test_pieces(void);
void test_survivors(void);
void test_many_pieces(void);
void test_no_page_stays(void);

/* debug.c */
void test_region_info(void);
void test_object_info(void);
void test_object_pages(void);
void test_many_object_pages(void);
void test_slab_info(void);
void test_page_table_info(void);

#endif
