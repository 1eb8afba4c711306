/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Flags of vm_msync, which gives the modified and precious pages of mapped memory objects back to
 * their pagers, and has nothing to do for size 0.
 *
 * KERN_INVALID_ARGUMENT: both of the first two flags, or others than these; a range that wraps;
 * memory that is no object's own (anonymous memory, and copies).  KERN_INVALID_ADDRESS: not all of
 * the range is mapped.  KERN_MEMORY_ERROR: an object's pager has died.
 *
 * Synchronous or not, it returns when the pagers have been sent the pages.  vm_object_sync does the
 * same for a range of an object's offsets; whatever its flags, modified pages are returned
 * before they are dropped.
 */
#ifndef _MACH_VM_SYNC_H_
#define _MACH_VM_SYNC_H_

typedef int vm_sync_t;
#define VM_SYNC_ASYNCHRONOUS	((vm_sync_t) 0x01)
#define VM_SYNC_SYNCHRONOUS	((vm_sync_t) 0x02)
#define VM_SYNC_INVALIDATE	((vm_sync_t) 0x04)	/* and have the pages asked for anew */

#endif
