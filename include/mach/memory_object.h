/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory objects: the ports between the kernel and pagers, and the strategies. */
#ifndef _MACH_MEMORY_OBJECT_H_
#define _MACH_MEMORY_OBJECT_H_

#include <mach/port.h>

#ifndef KERNEL
typedef mach_port_t		memory_object_t;	/* the pager's port */
typedef memory_object_t		*memory_object_array_t;
typedef mach_port_t		memory_object_control_t; /* the kernel's, for the pager */
typedef mach_port_t		memory_object_name_t;	/* identity, for vm_region */
#endif

#define MEMORY_OBJECT_NULL	MACH_PORT_NULL

/* What the kernel does when the object's memory is copied. */
typedef int memory_object_copy_strategy_t;
#define MEMORY_OBJECT_COPY_NONE		0	/* copy at once */
#define MEMORY_OBJECT_COPY_CALL		1	/* tell the pager */
#define MEMORY_OBJECT_COPY_DELAY	2	/* copy on write */
#define MEMORY_OBJECT_COPY_TEMPORARY	3	/* copy on write, contents die with the last map */

/* Which pages memory_object_lock_request gives back. */
typedef int memory_object_return_t;
#define MEMORY_OBJECT_RETURN_NONE	0
#define MEMORY_OBJECT_RETURN_DIRTY	1	/* dirty ones */
#define MEMORY_OBJECT_RETURN_ALL	2	/* and precious ones */

#endif
