/* SPDX-License-Identifier: BSD-2-Clause */
/* A thread's exception, its handler's answer in another task, and the thread goes on. */
#ifndef _BENCH_EXCEPTION_H_
#define _BENCH_EXCEPTION_H_

void measure_exception(void);

#endif
