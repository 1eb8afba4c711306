/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef _TESTS_H_
#define _TESTS_H_

/* ranges.c */
void test_sweeps(void);
void test_sweep_phys(void);
void test_sweep_messages(void);

/* regions.c */
void test_region_proxy(void);
void test_region_proxy_codes(void);
void test_region_proxy_life(void);
void test_region_proxy_nested(void);
void test_region_proxy_paged(void);

/* call.c */
void test_call(void);
void test_call_inherited(void);
void test_call_read(void);
void test_call_refused(void);
void test_call_written(void);
void test_call_churn(void);

/* sync.c */
void test_msync(void);
void test_msync_codes(void);
void test_msync_invalidate(void);
void test_object_sync(void);
void test_object_sync_codes(void);

/* debug.c */
void test_region_info(void);
void test_object_info(void);
void test_object_pages(void);
void test_many_object_pages(void);
void test_slab_info(void);
void test_page_table_info(void);

#endif
