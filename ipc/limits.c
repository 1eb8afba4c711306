/* SPDX-License-Identifier: BSD-2-Clause */
/* The routines on limits (include/mach/porter.defs). */
#include <ipc/space.h>
#include <mach/porter_server.h>

static bool limits_valid(const struct ipc_limits *limits)
{
	return limits->il_message_size >= IPC_LIMIT_MESSAGE_MIN &&
	       limits->il_message_size <= IPC_LIMIT_MESSAGE_MAX;
}

/* Every task has one; a space that is being destroyed does as well. */
static kern_return_t check_arguments(const struct host *host_priv, const struct ipc_space *space)
{
	if (host_priv == NULL)
		return KERN_INVALID_HOST;
	return space == NULL || space->account == NULL ? KERN_INVALID_TASK : KERN_SUCCESS;
}

kern_return_t host_get_ipc_limits(struct host *host_priv, ipc_limits_t *limits)
{
	if (host_priv == NULL)
		return KERN_INVALID_HOST;
	spin_lock(&ipc_accounts_lock);
	*limits = ipc_limits_default;
	spin_unlock(&ipc_accounts_lock);
	return KERN_SUCCESS;
}

kern_return_t host_set_ipc_limits(struct host *host_priv, ipc_limits_t limits)
{
	if (host_priv == NULL)
		return KERN_INVALID_HOST;
	if (!limits_valid(&limits))
		return KERN_INVALID_VALUE;
	spin_lock(&ipc_accounts_lock);
	ipc_limits_default = limits;
	spin_unlock(&ipc_accounts_lock);
	return KERN_SUCCESS;
}

kern_return_t task_get_ipc_limits(struct host *host_priv, struct ipc_space *space,
				  ipc_limits_t *limits)
{
	kern_return_t kr = check_arguments(host_priv, space);

	if (kr != KERN_SUCCESS)
		return kr;
	ipc_space_lock(space);
	*limits = space->account->limits;
	ipc_space_unlock(space);
	return KERN_SUCCESS;
}

kern_return_t task_set_ipc_limits(struct host *host_priv, struct ipc_space *space,
				  ipc_limits_t limits)
{
	kern_return_t kr = check_arguments(host_priv, space);

	if (kr == KERN_SUCCESS && !limits_valid(&limits))
		kr = KERN_INVALID_VALUE;
	if (kr == KERN_SUCCESS)
		ipc_space_set_limits(space, &limits);
	return kr;
}

kern_return_t task_ipc_usage(struct host *host_priv, struct ipc_space *space, ipc_usage_t *usage)
{
	kern_return_t kr = check_arguments(host_priv, space);
	const struct ipc_account *account;

	if (kr != KERN_SUCCESS)
		return kr;
	account = space->account;
	ipc_space_lock(space);
	*usage = (ipc_usage_t){
		.iu_memory = account->memory,
		.iu_memory_highest = account->highest,
		.iu_names = space->table.used,
		.iu_refused_messages = account->refused_messages,
		.iu_refused_names = account->refused_names,
		.iu_refused_memory = account->refused_memory,
	};
	ipc_space_unlock(space);
	return KERN_SUCCESS;
}
