/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Physical memory as a device, for programs that drive hardware: its offsets are physical
 * addresses below 4 GiB.  What can be mapped is all that is no RAM, such as screen memory, firmware
 * and the registers of devices, and the first page, in which the firmware keeps its data.  RAM
 * is refused, whoever uses it.
 */
#include <device/device.h>

static io_return_t mem_map(struct device *device, vm_prot_t prot, vm_offset_t offset,
			   vm_size_t size, phys_addr_t *startp)
{
	phys_addr_t end = (phys_addr_t)offset + size;

	(void)device, (void)prot;
	if (vm_page_any_managed(offset == 0 ? PAGE_BYTES : offset, end))
		return D_INVALID_OPERATION;
	*startp = offset;
	return D_SUCCESS;
}

static const struct device_ops mem_ops = { .map = mem_map };
static struct device mem = { .name = "mem", .ops = &mem_ops };

void device_mem_init(void)
{
	device_add(&mem);
}
