/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KERN_GSYNC_H
#define KERN_GSYNC_H

/* Once, before the first task. */
void gsync_init(void);

#endif /* KERN_GSYNC_H */
