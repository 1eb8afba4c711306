/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Running the boot script: the strings of the modules, in their order.
 */
#ifndef KERN_BOOTSCRIPT_H
#define KERN_BOOTSCRIPT_H

struct boot_info;

/*
 * Create and start what the modules say.  Runs in a thread of the kernel.  Anything wrong
 * stops the machine, with one line that names the module and the reason; no program has run then.
 */
void bootscript_run(const struct boot_info *info);

#endif /* KERN_BOOTSCRIPT_H */
