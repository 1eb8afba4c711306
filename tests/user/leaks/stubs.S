/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of all client stubs. */
#include "../storm/entry.S"
