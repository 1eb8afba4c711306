/* SPDX-License-Identifier: BSD-2-Clause */
#include <kern/host.h>

#include <ipc/checker.h>
#include <ipc/port.h>
#include <kern/info_copy.h>
#include <kern/machine.h>
#include <kern/printf.h>
#include <kern/sched.h>
#include <kern/timer.h>
#include <kern/version.h>
#include <mach/mach_host_server.h>
#include <mach/porter_server.h>
#include <mach/reboot.h>
#include <vm/page.h>

#define QUANTUM_MS (QUANTUM_TICKS * TICK_MS)

struct host host_self;

static struct ipc_port *make_port(enum ipc_kobject_type type)
{
	struct ipc_port *port = ipc_port_alloc_kernel(type, &host_self);

	if (port == NULL)
		panic("host: no memory for its ports");
	return port;
}

void host_init(void)
{
	host_self.port = make_port(IKOT_HOST);
	host_self.priv_port = make_port(IKOT_HOST_PRIV);
	host_self.device_port = make_port(IKOT_MASTER_DEVICE);
}

/* --- Information ------------------------------------------------------------------------ */

static kern_return_t basic_info(host_info_t out, mach_msg_type_number_t *count)
{
	struct vm_page_counts pages;
	struct host_basic_info info = {
		.max_cpus = 1,
		.avail_cpus = 1,
		.cpu_type = machine_info.cpu_type,
		.cpu_subtype = machine_info.cpu_subtype,
	};

	vm_page_get_counts(&pages);
	info.memory_size = pages.total < UINT32_MAX / PAGE_BYTES ? pages.total * PAGE_BYTES
								 : UINT32_MAX - PAGE_OFFSET_MASK;
	return info_copy(out, count, &info, HOST_BASIC_INFO_COUNT, HOST_BASIC_INFO_COUNT)
		       ? KERN_SUCCESS : KERN_FAILURE;
}

/* The numbers of the processors: 0. */
static kern_return_t processor_slots(host_info_t out, mach_msg_type_number_t *count)
{
	static const integer_t slots[1];

	return info_copy(out, count, slots, 1, 1) ? KERN_SUCCESS : KERN_INVALID_ARGUMENT;
}

static kern_return_t sched_info(host_info_t out, mach_msg_type_number_t *count)
{
	static const struct host_sched_info info = {
		.min_timeout = TICK_MS,
		.min_quantum = QUANTUM_MS,
	};

	return info_copy(out, count, &info, HOST_SCHED_INFO_COUNT, HOST_SCHED_INFO_COUNT)
		       ? KERN_SUCCESS : KERN_FAILURE;
}

static kern_return_t load_info(host_info_t out, mach_msg_type_number_t *count)
{
	struct host_load_info info;

	for (unsigned i = 0; i < 3; i++) {
		uint32_t load = (uint32_t)sched_load_average[i];

		info.avenrun[i] = (integer_t)load;
		/* What a further thread would get of the processor. */
		info.mach_factor[i] = (integer_t)(LOAD_SCALE * LOAD_SCALE / (load + LOAD_SCALE));
	}
	return info_copy(out, count, &info, HOST_LOAD_INFO_COUNT, HOST_LOAD_INFO_COUNT)
		       ? KERN_SUCCESS : KERN_FAILURE;
}

kern_return_t host_info(struct host *host, int flavor, host_info_t out,
			mach_msg_type_number_t *count)
{
	if (host == NULL)
		return KERN_INVALID_ARGUMENT;
	switch (flavor) {
	case HOST_BASIC_INFO:
		return basic_info(out, count);
	case HOST_PROCESSOR_SLOTS:
		return processor_slots(out, count);
	case HOST_SCHED_INFO:
		return sched_info(out, count);
	case HOST_LOAD_INFO:
		return load_info(out, count);
	default:
		return KERN_INVALID_ARGUMENT;
	}
}

kern_return_t host_get_kernel_version(struct host *host, new_kernel_version_t version)
{
	if (host == NULL)
		return KERN_INVALID_ARGUMENT;
	memset(version, 0, KERNEL_VERSION_MAX);
	strlcpy(version, kernel_version_string, KERNEL_VERSION_MAX);
	return KERN_SUCCESS;
}

kern_return_t host_kernel_version(struct host *host, kernel_version_t version)
{
	return host_get_kernel_version(host, version);
}

kern_return_t host_rpc_calls(struct host *host_priv, mach_msg_id_t id, natural_t *calls)
{
	uint32_t count;

	if (host_priv == NULL)
		return KERN_INVALID_HOST;
	if (!ipc_kobject_calls(id, &count))
		return KERN_INVALID_ARGUMENT;
	*calls = count;
	return KERN_SUCCESS;
}

kern_return_t host_ipc_check(struct host *host_priv)
{
	int faults;

	if (host_priv == NULL)
		return KERN_INVALID_HOST;
	if (!DEBUG)
		return KERN_FAILURE;
	faults = ipc_check_all();
	if (faults > 0)
		panic("host_ipc_check: %d faults", faults);
	return faults == 0 ? KERN_SUCCESS : KERN_RESOURCE_SHORTAGE;
}

/* --- The end ---------------------------------------------------------------------------- */

/* In debug builds a system that ends must have kept its books (spec/ipc.md, section 16). */
static void check_before_end(void)
{
	int faults = DEBUG ? ipc_check_all() : 0;

	if (faults > 0) {
		printf("the IPC checker found %d faults at the end\n", faults);
		machine_stop(MACHINE_FAIL);
	}
}

kern_return_t host_reboot(struct host *host_priv, int options)
{
	if (host_priv == NULL)
		return KERN_INVALID_HOST;
	check_before_end();
	machine_stop(options & RB_HALT ? MACHINE_HALT : MACHINE_RESET);
}
