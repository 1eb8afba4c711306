/* SPDX-License-Identifier: BSD-2-Clause */
#include <kern/version.h>

const char kernel_version_string[] = "Porter 0.1-" KERNEL_VERSION;
