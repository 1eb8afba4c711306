# SPDX-License-Identifier: BSD-2-Clause
KERNEL_SRC += $(wildcard vm/*.c)
