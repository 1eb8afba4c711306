/* SPDX-License-Identifier: BSD-2-Clause */
/* What no honest program does, mostly two such things at a time. */
#ifndef _TESTS_H_
#define _TESTS_H_

#include <mach/mach_types.h>

#include "../common/pager.h"

/* The kernel's checker of rights, in debug builds: what it finds it tells in a panic. */
void check_rights(void);

/*
 * Two pages: an ordinary one, and behind the edge one of a pager that has not answered yet.
 * Children share the second.  The pager is `object'.
 */
struct edge {
	struct object	object;
	vm_offset_t	at;	/* where the pager's page begins */
};

void edge_new(struct edge *edge);
boolean_t edge_is_asked(struct edge *edge);	/* waits a little for a data_request */
void edge_dies(struct edge *edge);		/* the pager's port */
void edge_end(struct edge *edge);		/* all that is left */

void test_ends_of_waits(void);
void test_forged_names(void);
void test_array_replaced(void);
void test_option_bits(void);
void test_huge_sizes(void);
void test_complex_without_items(void);
void test_empty_items(void);
void test_single_rights(void);
void test_others_run(void);
void test_notify_port_leaves(void);
void test_circle_by_force(void);
void test_notices_for_the_dead(void);
void test_accepted_for_the_dead(void);
void test_nested_in_sets(void);
void test_reply_port_given_away(void);
void test_limit_in_copyout(void);
void test_limit_and_bad_buffer(void);
void test_target_dies(void);

#endif
