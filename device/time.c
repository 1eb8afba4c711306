/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The time of day in a page that programs map for reading (mapped_time_value_t).  It is written at
 * every tick from when it is first mapped, and when the time is set.
 *
 * Readers take the seconds, then the fraction, then the check, so these are written the other way
 * round: when check and seconds are the same, the fraction is of that second.
 */
#include <device/device.h>

#include <kern/host_time.h>
#include <kern/lock.h>
#include <kern/machine.h>
#include <kern/string.h>
#include <kern/timer.h>

static struct mapped_time_value *mapped;	/* at the start of its page */
static struct timer update_timer;
static bool updating;

static void barrier(void)
{
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static void write_time(void)
{
	uint64_t uptime = machine_uptime_ns();
	time_value64_t up = time_value64_of((int64_t)uptime);
	time_value64_t now = time_value64_of(host_time_of(uptime));

	mapped->check_seconds = (integer_t)now.seconds;
	mapped->check_seconds64 = now.seconds;
	mapped->check_upseconds64 = up.seconds;
	barrier();
	mapped->microseconds = (integer_t)now.nanoseconds / 1000;
	mapped->time_value.nanoseconds = now.nanoseconds;
	mapped->uptime_value.nanoseconds = up.nanoseconds;
	barrier();
	mapped->seconds = (integer_t)now.seconds;
	mapped->time_value.seconds = now.seconds;
	mapped->uptime_value.seconds = up.seconds;
}

static void update(void *unused)
{
	(void)unused;
	write_time();
	timer_set_ms(&update_timer, 0);		/* at the next tick */
}

static void time_changed(void)
{
	if (updating)
		write_time();
}

static io_return_t time_map(struct device *device, vm_prot_t prot, vm_offset_t offset,
			    vm_size_t size, phys_addr_t *startp)
{
	(void)device;
	if ((prot & VM_PROT_WRITE) != 0)
		return D_READ_ONLY;
	if (offset != 0 || size > PAGE_BYTES)
		return D_INVALID_SIZE;
	if (!updating) {
		updating = true;
		update(NULL);
	}
	*startp = direct_to_phys(mapped);
	return D_SUCCESS;
}

static const struct device_ops time_ops = { .map = time_map };
static struct device time = { .name = "time", .ops = &time_ops };

void device_time_init(void)
{
	struct vm_page *page = vm_page_alloc(VM_ZONE_DIRECT, 0);

	if (page == NULL)
		panic("time: no memory for its page");
	mapped = vm_page_direct(page);
	memset(mapped, 0, PAGE_BYTES);
	timer_init(&update_timer, update, NULL);
	host_time_on_change(time_changed);
	device_add(&time);
}
