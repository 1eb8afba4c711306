/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console as a device, under the names `console` and `com0`: characters as they are typed,
 * without echo or editing, and output as it is.  A read gets what is there; when nothing is, it
 * waits for the next characters, unless it says D_NOWAIT.
 *
 * Terminal drivers ask for a line's status and set it.  The line has one speed, and all is done to
 * the characters by them: what they set is kept, and they find it again, no more.  Output is
 * never pending: there is nothing to stop or to drain.
 */
#include <device/device.h>

#include <device/tty_status.h>
#include <ipc/checker.h>
#include <kern/machine.h>
#include <kern/machine_device.h>
#include <kern/sched.h>

#define INPUT_ROOM 1024u		/* a power of two */
#define READERS_MAX 256u		/* more are refused */
#define READ_MAX 256u			/* bytes that an answer which comes later may have */

static struct spin_lock input_lock = SPIN_LOCK_INIT(LOCK_HOST);	/* guards what follows */
static uint8_t input[INPUT_ROOM];
static uint32_t input_head, input_tail;	/* free running: taken at, put at */
static struct queue readers;		/* requests that wait, in their order */
static uint32_t reader_count;
static struct tty_status line_status = {
	.tt_ispeed = B115200,
	.tt_ospeed = B115200,
	.tt_flags = TF_ANYP | TF_LITOUT | TF_ECHO,
};

/* What does not fit any more is lost, as with a terminal that nobody reads. */
static void take_input(void)
{
	int c;

	while ((c = console_getc_poll()) >= 0)
		if (input_tail - input_head < INPUT_ROOM)
			input[input_tail++ % INPUT_ROOM] = (uint8_t)c;
}

static uint32_t get_input(uint8_t *data, uint32_t size)
{
	uint32_t done = 0;

	while (done < size && input_head != input_tail)
		data[done++] = input[input_head++ % INPUT_ROOM];
	return done;
}

int device_console_getc(void)
{
	uint8_t c;
	bool found;

	spin_lock(&input_lock);
	take_input();
	found = get_input(&c, 1) == 1;
	spin_unlock(&input_lock);
	return found ? c : -1;
}

/* The first reader and the characters for it, or NULL. */
static struct device_request *next_served(uint8_t *data, uint32_t *done)
{
	struct device_request *request = NULL;
	struct queue_link *link;

	spin_lock(&input_lock);
	take_input();
	*done = 0;
	if (input_head != input_tail && (link = queue_take_first(&readers)) != NULL) {
		request = container_of(link, struct device_request, link);
		reader_count--;
		if (request->reply->object.active)	/* else nobody would get them */
			*done = get_input(data, request->bytes_wanted < READ_MAX
							? request->bytes_wanted : READ_MAX);
	}
	spin_unlock(&input_lock);
	return request;
}

/* Take those out that read from a device; for NULL, those to whose reply ports nobody listens. */
static void take_readers(const struct device *device, struct queue *taken)
{
	struct queue_link *link, *next;

	queue_init(taken);
	spin_lock(&input_lock);
	for (link = readers.head.next; link != &readers.head; link = next) {
		const struct device_request *r = container_of(link, struct device_request, link);

		next = link->next;
		if (device == NULL ? r->reply->object.active : r->device != device)
			continue;
		queue_remove(link);
		queue_insert_tail(taken, link);
		reader_count--;
	}
	spin_unlock(&input_lock);
}

static void refuse(const struct device *device)
{
	struct queue_link *link;
	struct queue taken;

	take_readers(device, &taken);
	while ((link = queue_take_first(&taken)) != NULL)
		device_reply_data(container_of(link, struct device_request, link), D_DEVICE_DOWN,
				  NULL, 0);
}

/* Nobody has a right to it any more: who waits to read is told. */
static void console_close(struct device *device)
{
	refuse(device);
}

void device_console_serve(void)
{
	uint8_t data[READ_MAX];
	struct device_request *request;
	uint32_t done;

	while ((request = next_served(data, &done)) != NULL)
		device_reply_data(request, D_SUCCESS, data, done);
}

static io_return_t console_read(struct device *device, dev_mode_t mode, recnum_t recnum,
				void *data, uint32_t size, uint32_t *done,
				struct device_request *request)
{
	io_return_t code = D_SUCCESS;

	(void)device, (void)recnum;
	if (size == 0)
		return D_SUCCESS;
	if (reader_count >= READERS_MAX)
		refuse(NULL);
	spin_lock(&input_lock);
	take_input();
	if (queue_empty(&readers))
		*done = get_input(data, size);
	if (*done == 0 && (mode & D_NOWAIT)) {
		code = D_WOULD_BLOCK;
	} else if (*done == 0 && (reader_count >= READERS_MAX || !IP_VALID(request->reply))) {
		code = D_NO_MEMORY;
	} else if (*done == 0) {
		code = D_IO_QUEUED;
		reader_count++;
		queue_insert_tail(&readers, &request->link);
	}
	spin_unlock(&input_lock);
	return code;
}

static io_return_t console_write(struct device *device, dev_mode_t mode, recnum_t recnum,
				 const void *data, uint32_t size)
{
	const char *c = data;

	(void)device, (void)mode, (void)recnum;
	for (uint32_t i = 0; i < size; i++) {
		console_putc(c[i]);
		if (i % 64 == 63)
			preemption_point();
	}
	return D_SUCCESS;
}

/* --- Status ------------------------------------------------------------------------------------- */

#define LINE_MODEM (TM_LE | TM_DTR | TM_RTS | TM_CTS | TM_CAR | TM_DSR)

static bool is_speed(int speed)
{
	return speed >= B0 && speed < NSPEEDS;
}

static io_return_t console_get_status(struct device *device, dev_flavor_t flavor, int *status,
				      mach_msg_type_number_t *count)
{
	(void)device;
	if (flavor == TTY_STATUS && *count >= TTY_STATUS_COUNT) {
		spin_lock(&input_lock);
		*(struct tty_status *)status = line_status;
		spin_unlock(&input_lock);
		*count = TTY_STATUS_COUNT;
		return D_SUCCESS;
	}
	if (flavor == TTY_MODEM && *count >= TTY_MODEM_COUNT) {
		*status = LINE_MODEM;		/* there is always somebody */
		*count = TTY_MODEM_COUNT;
		return D_SUCCESS;
	}
	return D_INVALID_OPERATION;
}

static io_return_t set_line(const struct tty_status *status)
{
	if (!is_speed(status->tt_ispeed) || !is_speed(status->tt_ospeed))
		return D_INVALID_OPERATION;
	spin_lock(&input_lock);
	line_status = *status;
	spin_unlock(&input_lock);
	return D_SUCCESS;
}

static void forget_input(void)
{
	spin_lock(&input_lock);
	take_input();
	input_head = input_tail;
	spin_unlock(&input_lock);
}

static io_return_t console_set_status(struct device *device, dev_flavor_t flavor,
				      const int *status, mach_msg_type_number_t count)
{
	(void)device;
	if (flavor == TTY_STATUS && count >= TTY_STATUS_COUNT)
		return set_line((const struct tty_status *)status);
	if (flavor == TTY_FLUSH) {		/* without a word: both directions */
		if (count == 0 || *status == 0 || (*status & D_READ))
			forget_input();
		return D_SUCCESS;
	}
	return D_INVALID_OPERATION;
}

static const struct device_ops console_ops = {
	.close = console_close,
	.read = console_read,
	.write = console_write,
	.get_status = console_get_status,
	.set_status = console_set_status,
};
static struct device console = { .name = "console", .ops = &console_ops };
static struct device com = { .name = "com", .ops = &console_ops };

void device_console_init(void)
{
	queue_init(&readers);
	device_add(&console);
	device_add(&com);
	machine_console_interrupts();
}

void device_console_visit(struct ipc_check *check)
{
	queue_for_each(link, &readers) {
		struct device_request *request = container_of(link, struct device_request, link);

		ipc_check_hold(check, request->reply,
			       request->reply_type == MACH_MSG_TYPE_PORT_SEND ? IPC_HOLDS_SEND
									      : IPC_HOLDS_SEND_ONCE);
	}
}
