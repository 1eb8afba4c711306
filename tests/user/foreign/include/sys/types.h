/* SPDX-License-Identifier: BSD-2-Clause */
/* The package's headers ask for it, and take only what the compiler has. */
#include <stddef.h>
#include <stdint.h>
