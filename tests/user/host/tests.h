/* SPDX-License-Identifier: BSD-2-Clause */
/* The tests, by file. */
#ifndef _HOST_TESTS_H_
#define _HOST_TESTS_H_

/* host.c */
void test_info(void);
void test_info_codes(void);
void test_versions(void);
void test_time(void);
void test_time_advances(void);
void test_default_set(void);

/* time.c */
void test_set_time(void);
void test_bad_times(void);
void test_adjust_time(void);
void test_version_string(void);

/* privilege.c */
void test_privilege(void);
void test_privilege_ours(void);
void test_no_privilege(void);
void test_info_sizes(void);

/* dispatch.c */
void test_unknown_ids(void);
void test_listed_ids(void);
void test_reply_form(void);
void test_bad_requests(void);
void test_no_reply_right(void);
void test_request_rights(void);

#endif
