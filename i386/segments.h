/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Selectors, and the segments and task state of a CPU.
 *
 * The order of the first four descriptors is what SYSENTER and SYSEXIT demand.  While the
 * kernel runs, ds and es hold USER_DS, the flat segment that user programs normally have
 * loaded: so most entries and exits load no segment register.
 */
#ifndef I386_SEGMENTS_H
#define I386_SEGMENTS_H

#define KERNEL_CS	0x08
#define KERNEL_SS	0x10
#define SYSEXIT_CS	0x1b
#define SYSEXIT_SS	0x23
#define TSS_SELECTOR	0x28
#define LDT_SELECTOR	0x30
#define FAULT_SELECTOR	0x38	/* task state of the fault task */
#define USER_SLOT_0	0x4b	/* descriptors that users set, for each thread */
#define USER_SLOT_1	0x53

/* Entries 0, 2 and 3 of the LDT that every task has. */
#define USER_GATE	0x07	/* the call gate */
#define USER_CS		0x17
#define USER_DS		0x1f

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

#include <mach/machine/mach_i386_types.h>

struct pcb;

struct tss {
	uint32_t link;
	uint32_t esp0, ss0, esp1, ss1, esp2, ss2;
	uint32_t cr3, eip, eflags;
	uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
	uint32_t es, cs, ss, ds, fs, gs;
	uint32_t ldt;
	uint16_t trap, io_base;
};

#define IO_BITMAP_BYTES (65536 / 8)

/*
 * The CPU's task state.  The stack pointer for SYSENTER is the address of tss.esp0, from where
 * the entry code loads the real one; `room` takes the frame of a single step at that moment.
 */
struct entry_area {
	uint32_t room[32];
	struct tss tss;
	uint8_t io_bitmap[IO_BITMAP_BYTES];	/* a set bit refuses a port (i386/io_bitmap.h) */
	uint8_t io_bitmap_end;			/* all ones */
};

#define TSS_SIZE (sizeof(struct entry_area) - offsetof(struct entry_area, tss))
#define IO_BASE_NONE ((uint16_t)TSS_SIZE)	/* tss.io_base beyond the limit: no port allowed */

extern struct entry_area entry_area;

/* The table, and the task states in it; loads all segment registers. */
void segments_init(void);

/* Load a thread's own GDT slots and LDT, or empty slots and the shared LDT. */
void segments_load(const struct pcb *pcb);

#define LDT_KERNEL_ENTRIES 4		/* of each LDT, the kernel's own; entry 1 is free */

/* The first entries of an LDT that is to be a thread's own. */
void segments_fill_ldt(struct descriptor entry[LDT_KERNEL_ENTRIES]);

/* A gate of the given type byte (present, privilege, type). */
static inline struct descriptor make_gate(uint16_t selector, uint32_t offset, uint8_t type)
{
	return (struct descriptor){
		.low_word = (uint32_t)selector << 16 | (offset & 0xffff),
		.high_word = (offset & 0xffff0000) | (uint32_t)type << 8,
	};
}

#define GATE_TASK	0x85
#define GATE_CALL	0x8c
#define GATE_INTERRUPT	0x8e
#define GATE_DPL_USER	0x60

/* In i386/entry.S; user memory is opened under SMAP where the name says so. */
void sysenter_entry_plain(void);
void sysenter_entry_smap(void);
void lcall_entry_plain(void);
void lcall_entry_smap(void);
void fault_task_entry(void);

#endif

#endif /* I386_SEGMENTS_H */
