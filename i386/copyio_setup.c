/* SPDX-License-Identifier: BSD-2-Clause */
#include <i386/copyio.h>
#include <kern/lock.h>
#include <kern/machine.h>
#include <kern/string.h>

void copyio_init(void)
{
	const struct copyio_site *site;

	if (!machine_info.has_smap)
		return;
	for (site = copyio_sites; site < copyio_sites_end; site++)
		memcpy(site->instruction, &site->opcode, 3);
}

void copyio_check(void)
{
	assert_no_locks();
}
