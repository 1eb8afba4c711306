/* SPDX-License-Identifier: BSD-2-Clause */
/* Result codes in words.  A group of codes is a first code and a table of texts. */
#include <device/device_types.h>
#include <libmach/print.h>
#include <mach.h>

struct group {
	kern_return_t		first;
	unsigned int		count;
	const char *const	*text;
};

static const char *const kernel_texts[] = {
	"success",
	"no memory is mapped at the address",
	"the memory may not be used in this way",
	"no room in the address space",
	"invalid argument",
	"the operation failed",
	"the kernel is short of resources",
	"the task does not receive from this port",
	"no access with this port",
	"the memory object could not supply the data",
	"the memory object answered with an error",
	NULL,
	"the port is in no set",
	"the name is in use",
	"aborted",
	"no such port name",
	"not a task",
	"the name does not hold this kind of right",
	"a value is out of range",
	"too many user references",
	"a dead or null right was given",
	"the right is there under another name",
	"not this kind of host port",
	"the memory was there already",
	"write protection",
	NULL,
	"the object is being destroyed",
	"timed out",
	"interrupted",
};

static const char *const send_texts[] = {
	"send: in progress",
	"send: the message cannot be read",
	"send: no such destination",
	"send: timed out",
	"send: accepted, a notification will follow",
	"send: a notification is pending already",
	"send: interrupted",
	"send: size and contents do not agree",
	"send: invalid reply port",
	"send: a port in the body is invalid",
	"send: invalid notify port",
	"send: out-of-line memory is invalid",
	"send: no memory for the message",
	"send: no memory for the notification",
	"send: a type descriptor is invalid",
	"send: the header is invalid",
};

static const char *const receive_texts[] = {
	"receive: in progress",
	"receive: no such port or set",
	"receive: timed out",
	"receive: the message is larger than the buffer",
	"receive: interrupted",
	"receive: the port was put into a set",
	"receive: invalid notify port",
	"receive: the buffer cannot be written",
	"receive: the port or set died or moved away",
	"receive: the port is in a set",
	"receive: the header's rights could not be delivered",
	"receive: rights or memory of the body could not be delivered",
	NULL,
	NULL,
	"receive: no such trailer",
};

/* From MIG_DESTROY_REQUEST up to MIG_TYPE_ERROR. */
static const char *const mig_texts[] = {
	"MIG: destroy the request, send no reply",
	"MIG: the server died",
	"MIG: an array is too large",
	"MIG: exception",
	"MIG: no reply will be sent",
	"MIG: the arguments have the wrong types",
	"MIG: no such routine",
	"MIG: the server failed",
	"MIG: the reply answers another request",
	"MIG: the reply has the wrong types",
};

static const char *const device_texts[] = {
	"device: input or output error",
	"device: would block",
	"device: no such device",
	"device: open already, exclusively",
	"device: down",
	"device: not possible with this device",
	"device: no such record",
	"device: invalid size",
	"device: no memory",
	"device: read only",
};

#define GROUP(first, texts)	{ first, sizeof texts / sizeof texts[0], texts }

static const struct group groups[] = {
	GROUP(KERN_SUCCESS, kernel_texts),
	GROUP(MACH_SEND_IN_PROGRESS, send_texts),
	GROUP(MACH_RCV_IN_PROGRESS, receive_texts),
	GROUP(MIG_DESTROY_REQUEST, mig_texts),
	GROUP(D_IO_ERROR, device_texts),
};

const char *mach_error_string(mach_error_t code)
{
	if ((code & ~MACH_MSG_MASK) == MACH_RCV_HEADER_ERROR
			|| (code & ~MACH_MSG_MASK) == MACH_RCV_BODY_ERROR)
		code &= ~MACH_MSG_MASK;
	for (unsigned int i = 0; i < sizeof groups / sizeof groups[0]; i++) {
		const struct group *group = &groups[i];
		unsigned int offset = (unsigned int) code - (unsigned int) group->first;

		if (offset < group->count && group->text[offset] != NULL)
			return group->text[offset];
	}
	return "unknown code";
}

void mach_error(const char *string, mach_error_t code)
{
	printf("%s: %s (0x%x)\n", string, mach_error_string(code), code);
}
