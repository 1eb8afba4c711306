/* SPDX-License-Identifier: BSD-2-Clause */
#include <ipc/account.h>

#include <kern/slab.h>
#include <vm/page.h>

struct queue ipc_accounts;
struct spin_lock ipc_accounts_lock = SPIN_LOCK_INIT(LOCK_LEAF);
struct ipc_limits ipc_limits_default;

static struct slab_cache account_cache;

void ipc_account_init(void)
{
	struct vm_page_counts counts;

	queue_init(&ipc_accounts);
	slab_cache_init(&account_cache, "ipc_account", sizeof(struct ipc_account), 0);
	vm_page_get_counts(&counts);
	ipc_limits_default = (struct ipc_limits){
		.il_message_size = IPC_LIMIT_MESSAGE_DEFAULT,
		.il_names = IPC_LIMIT_NAMES_DEFAULT,
		.il_memory = (counts.zone_total[VM_ZONE_DMA] + counts.zone_total[VM_ZONE_DIRECT]) /
			     IPC_LIMIT_MEMORY_SHARE * PAGE_BYTES,
	};
}

struct ipc_account *ipc_account_create(void)
{
	struct ipc_account *account = slab_zalloc(&account_cache);

	if (account == NULL)
		return NULL;
	account->memory = account->highest = sizeof(*account);
	spin_lock(&ipc_accounts_lock);
	account->limits = ipc_limits_default;
	queue_insert_tail(&ipc_accounts, &account->link);
	spin_unlock(&ipc_accounts_lock);
	return account;
}

void ipc_account_free(struct ipc_account *account)
{
	spin_lock(&ipc_accounts_lock);
	queue_remove(&account->link);
	spin_unlock(&ipc_accounts_lock);
	slab_free(&account_cache, account);
}

/* Up to the highest count so far, of a small account within its limit, all charges are alike. */
static void set_calm(struct ipc_account *account)
{
	uint32_t calm = account->highest;

	if (calm > IPC_ACCOUNT_SMALL)
		calm = IPC_ACCOUNT_SMALL;
	if (calm > account->limits.il_memory)
		calm = account->limits.il_memory;
	account->calm = calm;
}

void ipc_account_set_limits(struct ipc_account *account, const struct ipc_limits *limits)
{
	spin_lock(&ipc_accounts_lock);
	account->limits = *limits;
	set_calm(account);
	spin_unlock(&ipc_accounts_lock);
}

bool ipc_account_judge(struct ipc_account *account, uint32_t bytes, bool fresh)
{
	uint32_t now = account->memory;		/* with these bytes */

	if (now > IPC_ACCOUNT_MOST || now > account->limits.il_memory ||
	    (fresh && now > IPC_ACCOUNT_SMALL && vm_page_kernel_short(bytes))) {
		__atomic_fetch_sub(&account->memory, bytes, __ATOMIC_RELAXED);
		__atomic_fetch_add(&account->refused_memory, 1, __ATOMIC_RELAXED);
		return false;
	}
	if (now > account->highest) {
		spin_lock(&ipc_accounts_lock);
		account->highest = now;
		set_calm(account);
		spin_unlock(&ipc_accounts_lock);
	}
	return true;
}
