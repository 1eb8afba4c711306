/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets that change while threads receive from them. */
#ifndef _RACES_H_
#define _RACES_H_

void test_no_lost_wakeup(void);		/* PS-1 */
void test_changing_sets(void);		/* PS-3, PS-4 */
void test_dying_sets(void);		/* PS-3 */
void test_status_under_change(void);	/* PS-6 */

#endif
