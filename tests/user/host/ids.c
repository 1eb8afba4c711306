/* SPDX-License-Identifier: BSD-2-Clause */
/* The ids of the kernel's interface. */
#include "ids.h"

#include "../common/tap.h"

const struct id_range served_ids[] = {
	{ 2007, 2008 },			/* task_create, task_terminate */
	{ 2011, 2012 },			/* task_threads, task_info */
	{ 2016, 2019 },			/* thread_terminate, state, info */
	{ 2021, 2021 }, { 2023, 2030 },	/* vm_ */
	{ 2033, 2034 },			/* mach_ports_ */
	{ 2056, 2059 },			/* task_suspend, resume, special ports */
	{ 2061, 2064 },			/* thread_create, suspend, resume, abort */
	{ 2067, 2068 },			/* thread special ports */
	{ 2089, 2089 },			/* vm_map */
	{ 2619, 2620 },			/* host_kernel_version, thread_priority */
	{ 2634, 2635 }, { 2638, 2638 },	/* host_get_time, host_reboot, host_info */
	{ 3200, 3208 }, { 3210, 3218 }, { 3221, 3222 },	/* mach_port_ */
};
const unsigned int served_count = COUNT_OF(served_ids);

const struct id_range other_ids[] = {
	{ 2009, 2010 }, { 2039, 2044 }, { 2070, 2071 }, { 2090, 2099 },
	{ 2600, 2618 }, { 2621, 2633 }, { 2636, 2637 }, { 2639, 2649 },
	{ 2800, 2814 }, { 3000, 3024 }, { 3223, 3223 }, { 3803, 3809 },
	{ 4000, 4005 }, { 4010, 4011 }, { 4200, 4216 }, { 4800, 4820 },
};
const unsigned int other_count = COUNT_OF(other_ids);
