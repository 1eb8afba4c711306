/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Permission to use I/O ports.
 *
 * A task has a bitmap of the 65,536 ports, or none: then it may use no port.  The CPU has room for
 * one bitmap behind its task state (Intel manual, volume 1, 19.5.2); it is filled at the first
 * instruction that it would refuse, and the threads that go on with it are marked PCB_IO, so that
 * switches between others do nothing for it.
 */
#ifndef I386_IO_BITMAP_H
#define I386_IO_BITMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct task;
struct thread;

void io_bitmap_init(void);

/*
 * The thread was refused a general-protection fault ago.  Returns true when its task may use ports
 * and the CPU did not know: try again.
 */
bool io_bitmap_load(struct thread *thread);

/* A switch from or to a thread with PCB_IO. */
void io_bitmap_switch(const struct thread *next);

/* The first bytes of a task's bitmap. */
void io_bitmap_get(struct task *task, uint8_t *bits, size_t bytes);

/* The task ends. */
void io_bitmap_task_end(struct task *task);

#endif /* I386_IO_BITMAP_H */
