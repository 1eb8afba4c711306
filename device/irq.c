/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts for drivers that are user programs: the device `irq`.
 *
 * A driver registers a port for a line and gets a message (interface device_intr, 100) for each
 * interrupt.  The line is masked from then on until all drivers that were told have
 * acknowledged.  Whose port has died counts no more; while a line waits this is looked at now and
 * then.
 */
#include <device/device.h>

#include <ipc/checker.h>
#include <ipc/kmsg.h>
#include <ipc/mqueue.h>
#include <kern/machine_device.h>
#include <kern/slab.h>
#include <kern/timer.h>

#define INTR_NOTIFY_ID 100
#define INTEGER_TYPE 0x10012002u
#define CHECK_MS 50u
#define DRIVERS_MAX 64u			/* of all lines together */

struct driver {
	struct queue_link link;		/* its line's */
	struct ipc_port *port;		/* a send right */
	uint32_t unacknowledged;
};

struct notification {
	uint32_t type;
	uint32_t line;
};

static struct slab_cache driver_cache;
static struct spin_lock irq_lock = SPIN_LOCK_INIT(LOCK_TASK);	/* guards what follows */
static struct queue drivers[MACHINE_IRQ_LINES];
static uint32_t waiting[MACHINE_IRQ_LINES];	/* acknowledgements until the line is let through */
static uint32_t driver_count;
static struct timer check_timer;

/* --- Drivers; the lock is held ----------------------------------------------------------------- */

/* So many acknowledgements have come, or will not come any more. */
static void acknowledge(unsigned int line, uint32_t count)
{
	if (count == 0)
		return;
	assert(waiting[line] >= count);
	waiting[line] -= count;
	if (waiting[line] == 0 && !queue_empty(&drivers[line]))
		machine_irq_enable(line);
}

/* Take drivers whose ports have died off a line. */
static void drop_dead(unsigned int line, struct queue *dead)
{
	struct queue_link *next, *link = drivers[line].head.next;
	uint32_t lost = 0;

	for (; link != &drivers[line].head; link = next) {
		struct driver *driver = container_of(link, struct driver, link);

		next = link->next;
		if (driver->port->object.active)
			continue;
		queue_remove(link);
		queue_insert_tail(dead, link);
		lost += driver->unacknowledged;
		driver_count--;
	}
	if (!queue_empty(dead) && queue_empty(&drivers[line]))
		machine_irq_disable(line);
	acknowledge(line, lost);
}

static struct driver *find(unsigned int line, const struct ipc_port *port)
{
	queue_for_each(link, &drivers[line]) {
		struct driver *driver = container_of(link, struct driver, link);

		if (driver->port == port)
			return driver;
	}
	return NULL;
}

/* --- Without the lock ---------------------------------------------------------------------------- */

static void free_drivers(struct queue *dead)
{
	struct queue_link *link;

	while ((link = queue_take_first(dead)) != NULL) {
		struct driver *driver = container_of(link, struct driver, link);

		ipc_port_release_send(driver->port);
		slab_free(&driver_cache, driver);
	}
}

/* Consumes the right.  Without memory the driver is not told, which counts as acknowledged. */
static bool tell(struct ipc_port *port, unsigned int line)
{
	uint32_t size = sizeof(struct kmsg_header) + sizeof(struct notification);
	struct ipc_kmsg *kmsg = ipc_kmsg_alloc(size);

	if (kmsg == NULL) {
		ipc_kmsg_lost++;
		ipc_port_release_send(port);
		return false;
	}
	kmsg->header = (struct kmsg_header){
		.bits = MACH_MSGH_BITS(MACH_MSG_TYPE_PORT_SEND, 0),
		.size = size,
		.remote = port,
		.id = INTR_NOTIFY_ID,
	};
	*(struct notification *)kmsg_body(kmsg) = (struct notification){ INTEGER_TYPE, line };
	ipc_mqueue_deliver(kmsg);
	return true;
}

/* A right to the port of a driver that has not been told yet, which now counts as told; or NULL. */
static struct ipc_port *next_to_tell(unsigned int line, uint32_t *told)
{
	struct ipc_port *right = IP_NULL;
	uint32_t i = 0;

	spin_lock(&irq_lock);
	queue_for_each(link, &drivers[line]) {
		struct driver *driver = container_of(link, struct driver, link);

		if (i++ != *told)
			continue;
		right = ipc_port_copy_send(driver->port);
		if (IP_VALID(right)) {
			driver->unacknowledged++;
			waiting[line]++;
			break;
		}
		right = IP_NULL;
		(*told)++;
	}
	(*told)++;
	spin_unlock(&irq_lock);
	return right;
}

static void take_back(unsigned int line, struct ipc_port *port)
{
	struct driver *driver;

	spin_lock(&irq_lock);
	driver = find(line, port);
	if (driver != NULL && driver->unacknowledged > 0) {
		driver->unacknowledged--;
		acknowledge(line, 1);
	}
	spin_unlock(&irq_lock);
}

/* Take off the drivers that have died.  Returns whether the line waits for others. */
static bool bury(unsigned int line)
{
	struct queue dead;
	bool waits;

	queue_init(&dead);
	spin_lock(&irq_lock);
	drop_dead(line, &dead);
	waits = waiting[line] > 0;
	spin_unlock(&irq_lock);
	free_drivers(&dead);
	return waits;
}

static void check_lines(void *unused)
{
	bool wait = false;

	(void)unused;
	for (unsigned int line = 0; line < MACHINE_IRQ_LINES; line++)
		wait |= bury(line);
	if (wait)
		timer_set_ms(&check_timer, CHECK_MS);
}

static void serve_line(unsigned int line)
{
	struct ipc_port *port;
	uint32_t told = 0;

	bury(line);
	timer_cancel(&check_timer);
	timer_set_ms(&check_timer, CHECK_MS);
	while ((port = next_to_tell(line, &told)) != IP_NULL) {
		ipc_port_reference(port);
		if (!tell(port, line))
			take_back(line, port);
		ipc_port_release(port);
	}
}

void device_irq_serve(void)
{
	uint32_t lines = machine_irq_take();

	for (unsigned int line = 0; lines != 0; line++, lines >>= 1)
		if (lines & 1)
			serve_line(line);
}

/* --- Operations ------------------------------------------------------------------------------------ */

static io_return_t add_driver(unsigned int line, struct driver *driver, struct queue *dead)
{
	drop_dead(line, dead);
	if (find(line, driver->port) != NULL)
		return D_ALREADY_OPEN;
	if (driver_count >= DRIVERS_MAX)
		return D_NO_MEMORY;
	driver_count++;
	queue_insert_tail(&drivers[line], &driver->link);
	if (waiting[line] == 0)
		machine_irq_enable(line);
	return D_SUCCESS;
}

static io_return_t irq_register(struct device *device, int id, int flags, struct ipc_port *port)
{
	struct driver *driver;
	struct queue dead;
	io_return_t code;

	(void)device;
	if (id < 0 || !machine_irq_is_free((unsigned int)id) || flags != 0 || !IP_VALID(port))
		return D_INVALID_OPERATION;
	driver = slab_alloc(&driver_cache);
	if (driver == NULL)
		return D_NO_MEMORY;
	*driver = (struct driver){ .port = port };
	queue_link_init(&driver->link);
	queue_init(&dead);
	spin_lock(&irq_lock);
	code = add_driver((unsigned int)id, driver, &dead);
	spin_unlock(&irq_lock);
	free_drivers(&dead);
	if (code != D_SUCCESS)
		slab_free(&driver_cache, driver);
	return code;
}

/* Consumes the right on success. */
static io_return_t irq_ack(struct device *device, struct ipc_port *port)
{
	io_return_t code = D_INVALID_OPERATION;

	(void)device;
	if (!IP_VALID(port))
		return code;
	spin_lock(&irq_lock);
	for (unsigned int line = 0; line < MACHINE_IRQ_LINES && code != D_SUCCESS; line++) {
		struct driver *driver = find(line, port);

		if (driver != NULL && driver->unacknowledged > 0) {
			driver->unacknowledged--;
			acknowledge(line, 1);
			code = D_SUCCESS;
		}
	}
	spin_unlock(&irq_lock);
	if (code == D_SUCCESS)
		ipc_port_release_send(port);
	return code;
}

static const struct device_ops irq_ops = { .intr_register = irq_register, .intr_ack = irq_ack };
static struct device irq = { .name = "irq", .ops = &irq_ops };

void device_irq_init(void)
{
	slab_cache_init(&driver_cache, "irq_driver", sizeof(struct driver), 0);
	for (unsigned int line = 0; line < MACHINE_IRQ_LINES; line++)
		queue_init(&drivers[line]);
	timer_init(&check_timer, check_lines, NULL);
	device_add(&irq);
}

void device_irq_visit(struct ipc_check *check)
{
	for (unsigned int line = 0; line < MACHINE_IRQ_LINES; line++)
		queue_for_each(link, &drivers[line])
			ipc_check_hold(check, container_of(link, struct driver, link)->port,
				       IPC_HOLDS_SEND);
}
