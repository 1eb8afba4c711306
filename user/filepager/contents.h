/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the bytes of the file are: on a device, so that they outlive this task, or in a few pages
 * of its own.
 */
#ifndef _FILEPAGER_CONTENTS_H_
#define _FILEPAGER_CONTENTS_H_

#include <mach/mach_types.h>

/* With the name of a device and the device master port, or with a text. */
kern_return_t contents_on_device(mach_port_t master, const char *name);
kern_return_t contents_in_memory(const char *text);

/* In bytes. */
vm_size_t contents_size(void);

/*
 * Read a page, zeros behind the end.  The offset is below the size, rounded up to pages.
 *
 * Owns:     *page is memory for the caller.
 */
kern_return_t contents_read(vm_offset_t offset, vm_offset_t *page);

/* Write; what is behind the end is left out. */
kern_return_t contents_write(vm_offset_t offset, vm_offset_t data, vm_size_t size);

#endif
