/* SPDX-License-Identifier: BSD-2-Clause */
/* How the machine stops (kern/machine.h: machine_stop). */
#ifndef I386_STOP_H
#define I386_STOP_H

/* With the word `qemu-exit` on the command line, QEMU's test device is told how it went. */
void stop_configure(const char *command_line);

#endif /* I386_STOP_H */
