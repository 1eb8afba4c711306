/* SPDX-License-Identifier: BSD-2-Clause */
/* What MIG's stubs call. */
#ifndef FOREIGN_MIG_SUPPORT_H
#define FOREIGN_MIG_SUPPORT_H

#include <mach/machine/vm_types.h>
#include <mach/message.h>
#include <mach/std_types.h>
#include <string.h>

mach_port_t mig_get_reply_port(void);
void mig_put_reply_port(mach_port_t port);
void mig_dealloc_reply_port(mach_port_t port);
vm_size_t mig_strncpy(char *to, const char *from, vm_size_t size);
void mig_allocate(vm_address_t *address, vm_size_t size);
void mig_deallocate(vm_address_t address, vm_size_t size);

#endif /* FOREIGN_MIG_SUPPORT_H */
