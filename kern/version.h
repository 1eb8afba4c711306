/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KERN_VERSION_H
#define KERN_VERSION_H

/* "Porter 0.1-" and the commit that was built. */
extern const char kernel_version_string[];

#endif /* KERN_VERSION_H */
