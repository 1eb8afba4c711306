/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one processor and the one set.  What would change that answers KERN_FAILURE; what asks gets
 * the truth.
 */
#include <kern/processor.h>

#include <kern/host.h>
#include <kern/info_copy.h>
#include <kern/mig_support.h>
#include <kern/object_list.h>
#include <mach/mach_host_server.h>

struct processor processor_boot;

struct processor_set default_pset = {
	.policies = POLICY_TIMESHARE,
	.max_priority = 6,
};

static struct ipc_port *make_port(enum ipc_kobject_type type, void *object)
{
	struct ipc_port *port = ipc_port_alloc_kernel(type, object);

	if (port == NULL)
		panic("processor: no memory for its ports");
	return port;
}

void processor_init(void)
{
	processor_boot.port = make_port(IKOT_PROCESSOR, &processor_boot);
	processor_boot.name_port = make_port(IKOT_PROCESSOR_NAME, &processor_boot);
	default_pset.port = make_port(IKOT_PSET, &default_pset);
	default_pset.name_port = make_port(IKOT_PSET_NAME, &default_pset);
}

/* --- Processors ------------------------------------------------------------------------- */

kern_return_t host_processors(struct host *host_priv, processor_array_t *processors,
			      mach_msg_type_number_t *count)
{
	if (host_priv == NULL)
		return KERN_INVALID_ARGUMENT;
	return port_array_of_one(convert_processor_to_port(&processor_boot), processors, count);
}

kern_return_t processor_start(struct processor *processor)
{
	return processor == NULL ? KERN_INVALID_ARGUMENT : KERN_FAILURE;
}

kern_return_t processor_exit(struct processor *processor)
{
	return processor == NULL ? KERN_INVALID_ARGUMENT : KERN_FAILURE;
}

kern_return_t processor_control(struct processor *processor, const processor_info_t command,
				mach_msg_type_number_t count)
{
	(void)command, (void)count;
	return processor == NULL ? KERN_INVALID_ARGUMENT : KERN_FAILURE;
}

kern_return_t processor_assign(struct processor *processor, struct processor_set *set,
			       boolean_t wait)
{
	(void)wait;
	return processor == NULL || set == NULL ? KERN_INVALID_ARGUMENT : KERN_FAILURE;
}

kern_return_t processor_get_assignment(struct processor *processor, struct processor_set **set)
{
	if (processor == NULL)
		return KERN_INVALID_ARGUMENT;
	*set = &default_pset;
	return KERN_SUCCESS;
}

kern_return_t processor_info(struct processor *processor, int flavor, struct host **host,
			     processor_info_t out, mach_msg_type_number_t *count)
{
	const struct processor_basic_info info = {
		.cpu_type = machine_info.cpu_type,
		.cpu_subtype = machine_info.cpu_subtype,
		.running = 1,
		.slot_num = 0,
		.is_master = 1,
	};

	if (processor == NULL)
		return KERN_INVALID_ARGUMENT;
	if (flavor != PROCESSOR_BASIC_INFO ||
	    !info_copy(out, count, &info, PROCESSOR_BASIC_INFO_COUNT, PROCESSOR_BASIC_INFO_COUNT))
		return KERN_FAILURE;
	*host = &host_self;
	return KERN_SUCCESS;
}

/* --- Assignment: all are, and stay, in the one set, so that nobody's right is looked at --- */

kern_return_t thread_assign(struct thread *thread, struct processor_set *set)
{
	(void)thread, (void)set;
	return KERN_FAILURE;
}

kern_return_t thread_assign_default(struct thread *thread)
{
	(void)thread;
	return KERN_FAILURE;
}

kern_return_t thread_get_assignment(struct thread *thread, struct processor_set **set)
{
	if (thread == NULL)
		return KERN_INVALID_ARGUMENT;
	*set = &default_pset;
	return KERN_SUCCESS;
}

kern_return_t task_assign(struct task *task, struct processor_set *set, boolean_t threads)
{
	(void)task, (void)set, (void)threads;
	return KERN_FAILURE;
}

kern_return_t task_assign_default(struct task *task, boolean_t threads)
{
	(void)task, (void)threads;
	return KERN_FAILURE;
}

kern_return_t task_get_assignment(struct task *task, struct processor_set **set)
{
	if (task == NULL)
		return KERN_INVALID_ARGUMENT;
	*set = &default_pset;
	return KERN_SUCCESS;
}
