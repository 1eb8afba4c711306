/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of the trap thread_switch. */
#ifndef _MACH_THREAD_SWITCH_H_
#define _MACH_THREAD_SWITCH_H_

#define SWITCH_OPTION_NONE	0
#define SWITCH_OPTION_DEPRESS	1	/* lowest priority for a time */
#define SWITCH_OPTION_WAIT	2	/* wait for a time */

#define valid_switch_option(opt)	(0 <= (opt) && (opt) <= 2)

#endif
