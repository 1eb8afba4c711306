/* SPDX-License-Identifier: BSD-2-Clause */
/* How many kernel stacks there are, and how deep the deepest has been. */
#include <kern/kstack.h>
#include <kern/mig_support.h>
#include <kern/processor.h>
#include <kern/task.h>
#include <mach_debug/mach_debug_server.h>

struct stack_usage {
	unsigned int count;
	vm_size_t deepest;
};

/* Stacks begin as zeros.  Threads come and go, so this counts under the list's lock. */
static struct stack_usage usage_of_threads(void)
{
	struct stack_usage usage = { 0, 0 };

	spin_lock(&all_tasks_lock);
	queue_for_each(link, &all_threads) {
		struct thread *thread = container_of(link, struct thread, pset_link);
		vm_size_t depth = kstack_depth(thread);

		usage.count += depth != 0;
		if (depth > usage.deepest)
			usage.deepest = depth;
	}
	spin_unlock(&all_tasks_lock);
	return usage;
}

kern_return_t processor_set_stack_usage(struct processor_set *pset, unsigned *total,
					vm_size_t *space, vm_size_t *resident, vm_size_t *maxusage,
					vm_offset_t *maxstack)
{
	struct stack_usage usage;

	if (pset == NULL)
		return KERN_INVALID_ARGUMENT;
	usage = usage_of_threads();
	*total = usage.count;
	*space = *resident = usage.count * KSTACK_SIZE;
	*maxusage = usage.deepest;
	*maxstack = 0;		/* an address in the kernel */
	return KERN_SUCCESS;
}

kern_return_t host_stack_usage(struct host *host, vm_size_t *reserved, unsigned *total,
			       vm_size_t *space, vm_size_t *resident, vm_size_t *maxusage,
			       vm_offset_t *maxstack)
{
	if (host == NULL)
		return KERN_INVALID_HOST;
	*reserved = kstack_free_count() * KSTACK_SIZE;
	return processor_set_stack_usage(&default_pset, total, space, resident, maxusage,
					 maxstack);
}
