/* SPDX-License-Identifier: BSD-2-Clause */
#include <ipc/notify.h>

#include <ipc/account.h>
#include <ipc/kmsg.h>
#include <ipc/mqueue.h>
#include <ipc/port.h>
#include <kern/slab.h>
#include <mach/notify.h>

#define TYPE_WORD(name) (0x10012000u | (name))	/* one inline element of 32 bits */

struct notification {
	uint32_t type;
	uint32_t value;			/* a name, a count or a port */
};

static struct slab_cache request_cache;

void ipc_request_init(void)
{
	slab_cache_init(&request_cache, "ipc_request", sizeof(struct ipc_request), 0);
}

struct ipc_request *ipc_request_alloc(struct ipc_account *payer)
{
	struct ipc_request *request;

	if (!ipc_account_charge(payer, sizeof(*request)))
		return NULL;
	request = slab_alloc(&request_cache);
	if (request == NULL) {
		ipc_account_uncharge(payer, sizeof(*request));
		return NULL;
	}
	queue_link_init(&request->link);
	request->notify = IP_NULL;
	request->payer = payer;
	return request;
}

void ipc_request_free(struct ipc_request *request)
{
	struct ipc_account *payer = request->payer;

	slab_free(&request_cache, request);
	ipc_account_uncharge(payer, sizeof(*request));
}

/* A notification without a body yet; NULL, with the right dropped, when memory is short. */
static struct ipc_kmsg *notification_alloc(struct ipc_port *notify, mach_msg_id_t id,
					   uint32_t body_size)
{
	struct ipc_kmsg *kmsg = ipc_kmsg_alloc(sizeof(struct kmsg_header) + body_size);

	if (kmsg == NULL) {
		ipc_kmsg_lost++;
		ipc_port_drop_sonce(notify);
		return NULL;
	}
	/* As the receiver sees it after the swap: local the notify port, remote null. */
	kmsg->header = (struct kmsg_header){
		.bits = MACH_MSGH_BITS(MACH_MSG_TYPE_PORT_SEND_ONCE, 0),
		.size = sizeof(struct kmsg_header) + body_size,
		.remote = notify,
		.local = IP_NULL,
		.id = id,
	};
	return kmsg;
}

static void notify_value(struct ipc_port *notify, mach_msg_id_t id, uint32_t type, uint32_t value)
{
	struct ipc_kmsg *kmsg = notification_alloc(notify, id, sizeof(struct notification));
	struct notification *body;

	if (kmsg == NULL)
		return;
	body = kmsg_body(kmsg);
	body->type = TYPE_WORD(type);
	body->value = value;
	ipc_mqueue_deliver(kmsg);
}

void ipc_notify_port_deleted(struct ipc_port *notify, mach_port_name_t name)
{
	notify_value(notify, MACH_NOTIFY_PORT_DELETED, MACH_MSG_TYPE_PORT_NAME, name);
}

void ipc_notify_msg_accepted(struct ipc_port *notify, mach_port_name_t name)
{
	notify_value(notify, MACH_NOTIFY_MSG_ACCEPTED, MACH_MSG_TYPE_PORT_NAME, name);
}

void ipc_notify_dead_name(struct ipc_port *notify, mach_port_name_t name)
{
	notify_value(notify, MACH_NOTIFY_DEAD_NAME, MACH_MSG_TYPE_PORT_NAME, name);
}

void ipc_notify_no_senders(struct ipc_port *notify, mach_port_mscount_t mscount)
{
	notify_value(notify, MACH_NOTIFY_NO_SENDERS, MACH_MSG_TYPE_INTEGER_32, mscount);
}

void ipc_notify_send_once(struct ipc_port *notify)
{
	struct ipc_kmsg *kmsg = notification_alloc(notify, MACH_NOTIFY_SEND_ONCE, 0);

	if (kmsg != NULL)
		ipc_mqueue_deliver(kmsg);
}

void ipc_notify_port_destroyed(struct ipc_port *notify, struct ipc_port *right)
{
	struct ipc_kmsg *kmsg = notification_alloc(notify, MACH_NOTIFY_PORT_DESTROYED,
						   sizeof(struct notification));
	struct notification *body;

	if (kmsg == NULL) {
		ipc_port_destroy(right);
		return;
	}
	kmsg->header.bits |= MACH_MSGH_BITS_COMPLEX;
	if (!ipc_port_depart(right, notify))
		kmsg->header.bits |= MACH_MSGH_BITS_CIRCULAR;
	body = kmsg_body(kmsg);
	body->type = TYPE_WORD(MACH_MSG_TYPE_PORT_RECEIVE);
	body->value = (uint32_t)(uintptr_t)right;
	ipc_mqueue_deliver(kmsg);
}

void ipc_requests_fire_dead(struct queue *requests)
{
	struct queue_link *link;

	while ((link = queue_take_first(requests)) != NULL) {
		struct ipc_request *request = container_of(link, struct ipc_request, link);

		ipc_notify_dead_name(request->notify, request->name);
		ipc_request_free(request);
	}
}

void ipc_requests_fire_deleted(struct queue *requests)
{
	struct queue_link *link;

	while ((link = queue_take_first(requests)) != NULL) {
		struct ipc_request *request = container_of(link, struct ipc_request, link);

		ipc_notify_port_deleted(request->notify, request->name);
		ipc_request_free(request);
	}
}
