/* SPDX-License-Identifier: BSD-2-Clause */
/* Flags of gsync_wait, gsync_wake and gsync_requeue. */
#ifndef _MACH_GSYNC_H_
#define _MACH_GSYNC_H_

#define GSYNC_SHARED		0x01	/* the word is shared between tasks */
#define GSYNC_QUAD		0x02	/* two words are compared */
#define GSYNC_TIMED		0x04	/* with a timeout */
#define GSYNC_BROADCAST		0x08	/* wake or move all */
#define GSYNC_MUTATE		0x10	/* write the word before waking */

#endif
