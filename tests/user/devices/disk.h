/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The disks of the tests: rd0 and rd1 are copies of the file `disk', rd2 is an empty one that the
 * kernel's command line asks for.
 */
#ifndef _DISK_H_
#define _DISK_H_

#define PAGE		4096
#define RECORD		512
#define FILE_SIZE	(300 * 23)	/* lines of 23 bytes that say where they begin */
#define RECORDS		((FILE_SIZE + RECORD - 1) / RECORD)
#define DISK_SIZE	(RECORDS * RECORD)
#define EMPTY_SIZE	(1 << 20)

/* So many bytes are what the file has from there on; the rest of a disk's last record is zero. */
void expect_disk(const char *data, unsigned int at, unsigned int size);
void expect_zeros(const char *data, unsigned int size);

#endif
