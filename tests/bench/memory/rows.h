/* SPDX-License-Identifier: BSD-2-Clause */
/* What memory costs; each function prints some rows and leaves no memory behind. */
#ifndef _BENCH_ROWS_H_
#define _BENCH_ROWS_H_

#include <mach/mach_types.h>

#define SELF		mach_task_self()

/* faults.c: of one page; one supplied by a pager; memory that comes and goes. */
void measure_allocation(void);
void measure_faults(void);
void measure_pager_fault(void);

/* out_of_line.c: a message to oneself, received, its memory touched or not. */
void measure_out_of_line(const char *size_name, vm_size_t size);

/* entries.c: one entry of a map that has `entries` of them. */
void measure_entries(const char *count_name, unsigned int entries);

/* copies.c: a megabyte within the task and out of it and in; a child of so many entries. */
void measure_copies(void);
void measure_child(const char *entries_name, unsigned int entries);

/* Write a word of each page. */
void touch(vm_offset_t address, vm_size_t size);

/* Memory whose pages are entries each, since neighbours differ in how they are inherited. */
vm_offset_t allocate_entries(unsigned int entries);

#endif
