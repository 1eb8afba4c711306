/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KERN_KERNEL_TESTS_H
#define KERN_KERNEL_TESTS_H

/*
 * Run all tests inside the kernel, in a thread of its own, and print TAP.  Only there in a
 * kernel built for that (tests/kernel); NULL in others.
 */
void kernel_tests_run(const char *command_line) __attribute__((weak));

#endif /* KERN_KERNEL_TESTS_H */
