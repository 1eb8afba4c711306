/* SPDX-License-Identifier: BSD-2-Clause */
/* Operations that need no server. */
#ifndef _BENCH_SINGLE_H_
#define _BENCH_SINGLE_H_

/* In null_trap.S. */
int null_trap(void);

void measure_trap(void);
void measure_kernel_rpc(void);
void measure_port_allocate(void);
void measure_page_fault(void);
void measure_send_self(void);
void measure_out_of_line(void);

#endif
