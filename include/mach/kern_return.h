/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What kernel routines answer. Message errors (<mach/message.h>), MIG's errors
 * (<mach/mig_errors.h>) and device errors (<device/device_types.h>) share the
 * number space and do not overlap with these. 11 and 25 are not used.
 */
#ifndef _MACH_KERN_RETURN_H_
#define _MACH_KERN_RETURN_H_

#include <mach/machine/kern_return.h>

#define KERN_SUCCESS			0

/* Memory. */
#define KERN_INVALID_ADDRESS		1	/* nothing is mapped there */
#define KERN_PROTECTION_FAILURE		2	/* mapped, but not for this access */
#define KERN_NO_SPACE			3	/* no range of that size, or it is taken */
#define KERN_MEMORY_FAILURE		9	/* the pager's data cannot be had */
#define KERN_MEMORY_ERROR		10	/* the pager answered with an error */
#define KERN_MEMORY_PRESENT		23	/* the pager supplied a page that was there */
#define KERN_WRITE_PROTECTION_FAILURE	24	/* between kernel parts only */

/* Arguments and objects. */
#define KERN_INVALID_ARGUMENT		4
#define KERN_FAILURE			5	/* cannot be done, for no better-named reason */
#define KERN_RESOURCE_SHORTAGE		6
#define KERN_NO_ACCESS			8	/* the port given does not entitle to it */
#define KERN_ABORTED			14	/* thread_abort ended the operation */
#define KERN_INVALID_TASK		16
#define KERN_INVALID_VALUE		18	/* argument out of range */
#define KERN_INVALID_HOST		22	/* not the (privileged) host port */
#define KERN_TERMINATED			26	/* the object is being destroyed */
#define KERN_TIMEDOUT			27
#define KERN_INTERRUPTED		28

/* Port names and rights. */
#define KERN_NOT_RECEIVER		7
#define KERN_NOT_IN_SET			12
#define KERN_NAME_EXISTS		13
#define KERN_INVALID_NAME		15	/* no such name in the space */
#define KERN_INVALID_RIGHT		17	/* the name holds another kind of right */
#define KERN_UREFS_OVERFLOW		19
#define KERN_INVALID_CAPABILITY		20	/* a null or dead right was given */
#define KERN_RIGHT_EXISTS		21	/* the space has the right under another name */

#endif
