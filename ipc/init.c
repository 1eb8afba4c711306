/* SPDX-License-Identifier: BSD-2-Clause */
#include <ipc/init.h>

#include <ipc/accepted.h>
#include <ipc/account.h>
#include <ipc/kmsg.h>
#include <ipc/kobject.h>
#include <ipc/notify.h>
#include <ipc/pset.h>
#include <ipc/space.h>
#include <kern/slab.h>

void ipc_bootstrap(void)
{
	slab_cache_init(&ipc_pset_cache, "ipc_pset", sizeof(struct ipc_pset), 32);
	ipc_account_init();
	ipc_port_init();
	ipc_space_init();
	ipc_kmsg_init();
	ipc_request_init();
	ipc_accepted_init();
	ipc_kobject_init();
}
