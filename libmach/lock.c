/* SPDX-License-Identifier: BSD-2-Clause */
/* A lock that gives the processor away while it waits. */
#include <mach/mach_traps.h>

#include "internal.h"

void mach_lock(struct mach_lock *lock)
{
	while (__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE) != 0)
		swtch_pri(0);
}

void mach_unlock(struct mach_lock *lock)
{
	__atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}
