/* SPDX-License-Identifier: BSD-2-Clause */
/* The ports that thread_get_special_port and thread_set_special_port know. */
#ifndef _MACH_THREAD_SPECIAL_PORTS_H_
#define _MACH_THREAD_SPECIAL_PORTS_H_

#define THREAD_KERNEL_PORT	1	/* stands for the thread */
#define THREAD_EXCEPTION_PORT	3

#define thread_get_kernel_port(thread, port) \
	(thread_get_special_port((thread), THREAD_KERNEL_PORT, (port)))
#define thread_set_kernel_port(thread, port) \
	(thread_set_special_port((thread), THREAD_KERNEL_PORT, (port)))
#define thread_get_exception_port(thread, port) \
	(thread_get_special_port((thread), THREAD_EXCEPTION_PORT, (port)))
#define thread_set_exception_port(thread, port) \
	(thread_set_special_port((thread), THREAD_EXCEPTION_PORT, (port)))

#endif
