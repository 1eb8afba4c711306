/* SPDX-License-Identifier: BSD-2-Clause */
#include <i386/io_bitmap.h>

#include <i386/segments.h>
#include <kern/machine_device.h>
#include <kern/slab.h>
#include <kern/string.h>
#include <kern/task.h>
#include <kern/thread.h>

/* A set bit refuses a port. */
struct io_bitmap {
	uint8_t byte[IO_BITMAP_BYTES];
};

static const struct task *loaded;	/* whose bitmap the CPU has; compared only */

/* --- The CPU's bitmap ----------------------------------------------------------------------- */

static void allow(bool yes)
{
	entry_area.tss.io_base = yes ? offsetof(struct entry_area, io_bitmap) -
					       offsetof(struct entry_area, tss)
				     : IO_BASE_NONE;
}

void io_bitmap_init(void)
{
	memset(entry_area.io_bitmap, 0xff, sizeof(entry_area.io_bitmap));
}

bool io_bitmap_load(struct thread *thread)
{
	struct task *task = thread->task;
	bool changed = false;

	if (thread->pcb.special & PCB_IO)
		return false;
	spin_lock(&task->lock);
	if (task->io != NULL) {
		if (loaded != task)
			memcpy(entry_area.io_bitmap, task->io->byte, IO_BITMAP_BYTES);
		loaded = task;
		thread->pcb.special |= PCB_IO;
		changed = true;
	}
	spin_unlock(&task->lock);
	if (changed)
		allow(true);
	return changed;
}

/* A thread whose bitmap is there no more finds out at its next instruction of that kind. */
void io_bitmap_switch(const struct thread *next)
{
	struct thread *thread = (struct thread *)next;

	if ((next->pcb.special & PCB_IO) && loaded != next->task)
		thread->pcb.special &= ~(uint32_t)PCB_IO;
	allow((next->pcb.special & PCB_IO) != 0);
}

void io_bitmap_task_end(struct task *task)
{
	struct io_bitmap *io;

	spin_lock(&task->lock);
	io = task->io;
	task->io = NULL;
	if (loaded == task)
		loaded = NULL;
	spin_unlock(&task->lock);
	if (io != NULL)
		kfree(io, sizeof(*io));
}

void io_bitmap_get(struct task *task, uint8_t *bits, size_t bytes)
{
	memset(bits, 0xff, bytes);
	spin_lock(&task->lock);
	if (task->io != NULL)
		memcpy(bits, task->io->byte, bytes);
	spin_unlock(&task->lock);
}

/* --- Changes ------------------------------------------------------------------------------- */

static void change_byte(uint8_t *byte, uint8_t bits, bool enable)
{
	*byte = (uint8_t)(enable ? *byte & ~bits : *byte | bits);
}

static void change_bits(uint8_t *bitmap, uint32_t from, uint32_t to, bool enable)
{
	uint32_t first = from / 8, last = to / 8;
	uint8_t from_bits = (uint8_t)(0xffu << (from % 8));
	uint8_t to_bits = (uint8_t)(0xffu >> (7 - to % 8));

	if (first == last) {
		change_byte(&bitmap[first], from_bits & to_bits, enable);
		return;
	}
	change_byte(&bitmap[first], from_bits, enable);
	memset(&bitmap[first + 1], enable ? 0 : 0xff, last - first - 1);
	change_byte(&bitmap[last], to_bits, enable);
}

/* The task's bitmap is there already, or `fresh` becomes it.  Returns whether that was needed. */
static bool change_task(struct task *task, uint32_t from, uint32_t to, bool enable,
			struct io_bitmap *fresh)
{
	bool used = false;

	spin_lock(&task->lock);
	if (task->io == NULL && fresh != NULL && task->active) {
		task->io = fresh;
		used = true;
	}
	if (task->io != NULL) {
		change_bits(task->io->byte, from, to, enable);
		if (loaded == task)
			change_bits(entry_area.io_bitmap, from, to, enable);
	}
	spin_unlock(&task->lock);
	return used;
}

kern_return_t machine_io_change(struct task *task, uint16_t from, uint16_t to, bool enable)
{
	struct io_bitmap *fresh = NULL;

	if (enable && task->io == NULL) {
		fresh = kalloc(sizeof(*fresh));
		if (fresh == NULL)
			return KERN_RESOURCE_SHORTAGE;
		memset(fresh->byte, 0xff, sizeof(fresh->byte));
	}
	if (!change_task(task, from, to, enable, fresh) && fresh != NULL)
		kfree(fresh, sizeof(*fresh));
	return KERN_SUCCESS;
}
