# SPDX-License-Identifier: BSD-2-Clause
KERNEL_SRC += $(wildcard ipc/*.c)
