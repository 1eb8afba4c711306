/* SPDX-License-Identifier: BSD-2-Clause */
/* Receive rights inside each other. */
#ifndef _BENCH_NESTED_H_
#define _BENCH_NESTED_H_

/* One more receive right in a chain of at least this many. */
void measure_nested(const char *name, unsigned int length);

#endif
