/* SPDX-License-Identifier: BSD-2-Clause */
/* Sweeps over type descriptors. */
#ifndef _SWEEP_H_
#define _SWEEP_H_

void test_changed_bits(void);

#endif
