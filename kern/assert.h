/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Assertions and panic.
 *
 * An assertion states what the kernel itself guarantees; it never checks what
 * a user passed in.  `panic` is for a state from which there is no way on.
 */
#ifndef KERN_ASSERT_H
#define KERN_ASSERT_H

/*
 * Print the message and a symbolised backtrace on the console, then stop the
 * machine with the failure status of the test device.
 */
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

_Noreturn void assert_failed(const char *expression, const char *file, int line);

#if DEBUG
#define assert(e) ((e) ? (void)0 : assert_failed(#e, __FILE__, __LINE__))
#else
#define assert(e) ((void)sizeof(e))
#endif

#endif /* KERN_ASSERT_H */
