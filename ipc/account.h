/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accounts: what one task's messages, ports and names take of the kernel's memory, and how much
 * they may (include/mach/ipc_limits.h).
 *
 * Each space has one.  What is charged remembers its payer and gives the charge back when it is
 * freed, wherever that is; so an account may outlive its space.  It counts its own size as long as
 * the space has it: when the count is zero nobody knows the account any more, and it is freed.
 *
 * Charged, in true bytes: message buffers, port arrays and the headers of copies in them; ports and
 * port sets; dead-name and msg-accepted requests; chunks, directories and trees of the names, and
 * the pages of the reverse hash.
 *
 * Who pays
 *	a message		its sender; but one that is queued by a send-once right, an answer
 *				or a notification, is paid by whoever pays for the port: a client
 *				that does not fetch its answers does not use up its server's
 *				account.  What the kernel queues by a send right is paid by the
 *				task for which it acts: who called, or whose thread has an
 *				exception.
 *	a port			the space that has its receive right, or had it last: also when it
 *				is in transit or dead.  The kernel's ports nobody; but proxies, and
 *				those of a memory object, the task that made them, or mapped the
 *				object first.
 *	all else		the space in which it is.
 * A message that is handed to a waiting receiver keeps its payer; the fast path makes none.
 *
 * An answer that its asker cannot pay is destroyed as if the asker had died: the send succeeds.  A
 * notification is lost, and counted in ipc_kmsg_lost.
 *
 * A charge fails beyond the account's limit; or when memory is short, unless the account holds less
 * than IPC_ACCOUNT_SMALL.  Short means less than half of the reserve that user memory leaves
 * (vm_page_alloc_user): on that live the kernel's answers, exceptions and small tasks, however many
 * large ones there are.  What exists already may change its payer in spite of it.
 *
 * Counts are atomic, without a lock; limits are changed under ipc_accounts_lock.  NULL pays for
 * everything: the kernel's own spaces have no account.
 */
#ifndef IPC_ACCOUNT_H
#define IPC_ACCOUNT_H

#include <kern/assert.h>
#include <kern/lock.h>
#include <kern/queue.h>
#include <mach/ipc_limits.h>
#include <vm/page.h>

#define IPC_ACCOUNT_SMALL (128u * 1024u)

/* No account holds more, and no charge is larger: sums do not wrap.  No machine has as much. */
#define IPC_ACCOUNT_MOST 0x7fffffffu

struct ipc_account {
	uint32_t memory;		/* bytes, atomic */
	uint32_t calm;			/* nothing is to be looked at up to here */
	uint32_t highest;		/* of memory */
	struct ipc_limits limits;	/* of these the names' is kept in the space's table */
	uint32_t refused_messages, refused_names, refused_memory;
	uint32_t audit;			/* the checker's */
	struct queue_link link;		/* in ipc_accounts */
};

extern struct queue ipc_accounts;		/* for the checker; ipc_accounts_lock */
extern struct spin_lock ipc_accounts_lock;	/* LOCK_LEAF */
extern struct ipc_limits ipc_limits_default;	/* of new accounts without a parent */

void ipc_account_init(void);

/* A new account with the default limits, held by its space; NULL when memory is short. */
struct ipc_account *ipc_account_create(void);

/* New limits, from now on.  Locks: none of class LOCK_LEAF or later. */
void ipc_account_set_limits(struct ipc_account *account, const struct ipc_limits *limits);

/* Slow parts of what follows. */
bool ipc_account_judge(struct ipc_account *account, uint32_t bytes, bool fresh);
void ipc_account_free(struct ipc_account *account);

static inline bool ipc_account_add(struct ipc_account *account, uint32_t bytes, bool fresh)
{
	assert(bytes <= IPC_ACCOUNT_MOST);
	if (account == NULL)
		return true;
	if (__builtin_expect(__atomic_add_fetch(&account->memory, bytes, __ATOMIC_RELAXED) <=
			     account->calm, 1))
		return true;
	return ipc_account_judge(account, bytes, fresh);
}

/* Would a charge of so many bytes be accepted now? */
static inline bool ipc_account_has_room(const struct ipc_account *account, uint32_t bytes)
{
	uint32_t sum = account->memory + bytes;		/* both are at most IPC_ACCOUNT_MOST */

	if (sum > account->limits.il_memory || sum > IPC_ACCOUNT_MOST)
		return false;
	return sum <= IPC_ACCOUNT_SMALL || !vm_page_kernel_short(bytes);
}

/* Charge for memory that is to be, or has just been, allocated.  False: nothing is charged. */
static inline bool ipc_account_charge(struct ipc_account *account, uint32_t bytes)
{
	return ipc_account_add(account, bytes, true);
}

/* Charge for what another has paid until now: the limit alone counts. */
static inline bool ipc_account_take_over(struct ipc_account *account, uint32_t bytes)
{
	return ipc_account_add(account, bytes, false);
}

/* Returns whether the account has nobody left and is to be freed. */
static inline bool ipc_account_subtract(struct ipc_account *account, uint32_t bytes)
{
	assert(account->memory >= bytes);
	return __builtin_expect(__atomic_sub_fetch(&account->memory, bytes, __ATOMIC_ACQ_REL) == 0,
				0);
}

/* Give a charge back; the account may be gone then. */
static inline void ipc_account_uncharge(struct ipc_account *account, uint32_t bytes)
{
	if (account != NULL && ipc_account_subtract(account, bytes))
		ipc_account_free(account);
}

/* The space lets its account go. */
static inline void ipc_account_release(struct ipc_account *account)
{
	ipc_account_uncharge(account, sizeof(*account));
}

#endif /* IPC_ACCOUNT_H */
