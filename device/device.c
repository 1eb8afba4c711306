/* SPDX-License-Identifier: BSD-2-Clause */
#include <device/device.h>

#include <device/device_server.h>
#include <device/request.h>
#include <ipc/checker.h>
#include <ipc/space.h>
#include <kern/ast.h>
#include <kern/mig_support.h>
#include <kern/string.h>
#include <vm/device_memory.h>
#include <vm/map_entry.h>

/* Guards the list and each device's port; it is taken before port locks. */
static struct spin_lock device_lock = SPIN_LOCK_INIT(LOCK_TASK);
static struct queue devices;

/* The port has died of having no senders. */
static void device_no_senders(void *object)
{
	struct device *device = object;
	bool close = false;

	spin_lock(&device_lock);
	if (device->port != NULL && !device->port->object.active) {
		ipc_port_release(device->port);
		device->port = NULL;
		close = true;
	}
	spin_unlock(&device_lock);
	if (close && device->ops->close != NULL)
		device->ops->close(device);
}

static void serve_interrupts(void)
{
	device_console_serve();
	device_irq_serve();
}

void device_init(void)
{
	queue_init(&devices);
	ipc_kobject_on_no_senders(IKOT_DEVICE, device_no_senders);
	device_request_init();
	device_console_init();
	device_irq_init();
	device_time_init();
	device_mem_init();
	io_perm_init();
	ast_set_device_work(serve_interrupts);
}

void device_add(struct device *device)
{
	queue_link_init(&device->link);
	device->port = NULL;
	spin_lock(&device_lock);
	queue_insert_tail(&devices, &device->link);
	spin_unlock(&device_lock);
}

void device_visit_holders(struct ipc_check *check)
{
	queue_for_each(link, &devices) {
		struct device *device = container_of(link, struct device, link);

		ipc_check_hold(check, device->port, IPC_HOLDS_RECEIVE);
		ipc_check_hold(check, device->port, IPC_HOLDS_REFERENCE);
	}
	device_console_visit(check);
	device_irq_visit(check);
	io_perm_visit(check);
}

/* --- Names ------------------------------------------------------------------------------------ */

/* Is the text a unit number that the device may have?  None means 0. */
static bool is_unit(const struct device *device, const char *text)
{
	uint32_t unit = 0;

	for (; *text >= '0' && *text <= '9'; text++) {
		if (device->numbered && unit > device->unit)
			return false;
		unit = unit * 10 + (uint32_t)(*text - '0');
	}
	return *text == '\0' && (!device->numbered || unit == device->unit);
}

static bool is_named(const struct device *device, const char *name)
{
	size_t length = strlen(device->name);

	return strncmp(name, device->name, length) == 0 && is_unit(device, name + length);
}

/* A device that can be written is listed before the one that stands in for reading. */
static struct device *find(const char *name, dev_mode_t mode)
{
	bool reading = (mode & (D_READ | D_WRITE)) == D_READ;
	struct device *found = NULL;

	spin_lock(&device_lock);
	queue_for_each(link, &devices) {
		struct device *device = container_of(link, struct device, link);

		if ((found == NULL || (reading && device->read_only)) && is_named(device, name))
			found = device;
	}
	spin_unlock(&device_lock);
	return found;
}

/* --- Ports ---------------------------------------------------------------------------------- */

struct device *convert_port_to_device(struct ipc_port *port)
{
	struct device *device = NULL;

	if (!IP_VALID(port))
		return NULL;
	ipc_port_lock(port);
	if (port->object.active && port->receiver == ipc_space_kernel &&
	    port->kotype == IKOT_DEVICE)
		device = port->kobject;
	ipc_port_unlock(port);
	return device;
}

/* Devices are not counted. */
void device_release(struct device *device)
{
	(void)device;
}

/* A send right to the device's port, if it has one that lives. */
static struct ipc_port *existing_right(struct device *device)
{
	struct ipc_port *right = IP_NULL;

	spin_lock(&device_lock);
	if (device->port != NULL)
		right = ipc_port_make_send(device->port);
	spin_unlock(&device_lock);
	return right == IP_DEAD ? IP_NULL : right;
}

/* The fresh port becomes the device's, unless another thread was faster: then it goes. */
static void install_port(struct device *device, struct ipc_port *fresh)
{
	struct ipc_port *unused = fresh, *dead = NULL;

	spin_lock(&device_lock);
	if (device->port == NULL || !device->port->object.active) {
		dead = device->port;
		ipc_port_reference(fresh);
		device->port = fresh;
		unused = NULL;
	}
	spin_unlock(&device_lock);
	if (unused != NULL)
		ipc_port_dealloc_kernel(unused);
	if (dead != NULL)
		ipc_port_release(dead);
}

struct ipc_port *convert_device_to_port(struct device *device)
{
	struct ipc_port *right, *fresh;

	if (device == NULL)
		return IP_NULL;
	while ((right = existing_right(device)) == IP_NULL) {
		fresh = ipc_port_alloc_kernel(IKOT_DEVICE, device);
		if (fresh == NULL)
			return IP_NULL;
		install_port(device, fresh);
	}
	return right;
}

/* --- Opening -------------------------------------------------------------------------------- */

bool device_is_master(struct ipc_port *port)
{
	bool master;

	if (!IP_VALID(port))
		return false;
	ipc_port_lock(port);
	master = port->object.active && port->receiver == ipc_space_kernel &&
		 port->kotype == IKOT_MASTER_DEVICE;
	ipc_port_unlock(port);
	return master;
}

static io_return_t open_device(struct ipc_port *master, dev_mode_t mode, const char *name,
			       struct device **devicep)
{
	struct device *device;
	io_return_t code;

	if (!device_is_master(master))
		return D_INVALID_OPERATION;
	device = find(name, mode);
	if (device == NULL)
		return D_NO_SUCH_DEVICE;
	code = device->ops->open != NULL ? device->ops->open(device, mode) : D_SUCCESS;
	if (code == D_SUCCESS)
		*devicep = device;
	return code;
}

kern_return_t ds_device_open(struct ipc_port *master, struct ipc_port *reply, unsigned reply_type,
			     dev_mode_t mode, const char *name, struct device **devicep)
{
	(void)reply, (void)reply_type;
	return open_device(master, mode, name, devicep);
}

kern_return_t ds_device_open_new(struct ipc_port *master, struct ipc_port *reply,
				 unsigned reply_type, dev_mode_t mode, const char *name,
				 struct device **devicep)
{
	(void)reply, (void)reply_type;
	return open_device(master, mode, name, devicep);
}

/* Nothing is closed before the last right goes, whoever else has it open. */
kern_return_t ds_device_close(struct device *device)
{
	return device == NULL ? D_NO_SUCH_DEVICE : D_SUCCESS;
}

/* --- Mapping ----------------------------------------------------------------------------------- */

/* The result is a window of the device's memory: the offset is where it begins. */
kern_return_t ds_device_map(struct device *device, vm_prot_t prot, vm_offset_t offset,
			    vm_size_t size, struct ipc_port **pager, int unmap)
{
	vm_size_t whole = vm_page_round(size);
	phys_addr_t start;
	io_return_t code;

	(void)unmap;
	if (device == NULL)
		return D_NO_SUCH_DEVICE;
	if (device->ops->map == NULL)
		return D_INVALID_OPERATION;
	if ((prot & ~VM_PROT_ALL) != 0 || (offset & PAGE_OFFSET_MASK) != 0)
		return KERN_INVALID_ARGUMENT;
	if (whole == 0 || offset + (whole - 1) < offset)
		return D_INVALID_SIZE;
	if (device->read_only && (prot & VM_PROT_WRITE) != 0)
		return D_READ_ONLY;
	code = device->ops->map(device, prot, offset, whole, &start);
	if (code != D_SUCCESS)
		return code;
	*pager = vm_device_window(start, whole, prot);
	return *pager == NULL ? D_NO_MEMORY : D_SUCCESS;
}

/* --- Status and interrupts ------------------------------------------------------------------ */

kern_return_t ds_device_get_status(struct device *device, dev_flavor_t flavor, int *status,
				   mach_msg_type_number_t *count)
{
	if (device == NULL)
		return D_NO_SUCH_DEVICE;
	if (device->ops->get_status == NULL)
		return D_INVALID_OPERATION;
	return device->ops->get_status(device, flavor, status, count);
}

kern_return_t ds_device_set_status(struct device *device, dev_flavor_t flavor,
				   const dev_status_t status, mach_msg_type_number_t count)
{
	if (device == NULL)
		return D_NO_SUCH_DEVICE;
	if (device->ops->set_status == NULL)
		return D_INVALID_OPERATION;
	return device->ops->set_status(device, flavor, status, count);
}

/* No device of ours receives packets. */
kern_return_t ds_device_set_filter(struct device *device, struct ipc_port *receive_port,
				   int priority, const filter_array_t filter,
				   mach_msg_type_number_t count)
{
	(void)receive_port, (void)priority, (void)filter, (void)count;
	return device == NULL ? D_NO_SUCH_DEVICE : D_INVALID_OPERATION;
}

kern_return_t ds_device_intr_register(struct device *device, int id, int flags,
				      struct ipc_port *receive_port)
{
	if (device == NULL)
		return D_NO_SUCH_DEVICE;
	if (device->ops->intr_register == NULL)
		return D_INVALID_OPERATION;
	return device->ops->intr_register(device, id, flags, receive_port);
}

kern_return_t ds_device_intr_ack(struct device *device, struct ipc_port *receive_port)
{
	if (device == NULL)
		return D_NO_SUCH_DEVICE;
	if (device->ops->intr_ack == NULL)
		return D_INVALID_OPERATION;
	return device->ops->intr_ack(device, receive_port);
}
