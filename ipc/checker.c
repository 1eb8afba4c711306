/* SPDX-License-Identifier: BSD-2-Clause */
#include <ipc/checker.h>

#include <ipc/accepted.h>
#include <ipc/kmsg.h>
#include <ipc/print.h>
#include <ipc/pset.h>
#include <ipc/radix.h>
#include <ipc/right.h>
#include <kern/printf.h>
#include <kern/slab.h>
#include <kern/thread.h>
#include <vm/kmem.h>

/* What was found to point at one port. */
struct tally {
	struct ipc_port *port;
	uint32_t references, srights, sorights, receives;
	bool scanned;			/* its queue has been walked */
};

struct ipc_check {
	struct tally *tally;		/* open addressing; room is a power of two */
	uint32_t room, used;
	int faults;
};

/* So many things that are wrong are shown in full. */
#define SHOWN_MAX 4

static void fault(struct ipc_check *check, const char *what, const void *object, uint32_t found,
		  uint32_t expected)
{
	check->faults++;
	printf("ipc check: %s of %p: found %u, recorded %u\n", what, object, found, expected);
	if (check->faults <= SHOWN_MAX)
		ipc_print_object(object);
}

static struct tally *tally_of(struct ipc_check *check, struct ipc_port *port)
{
	uint32_t i = ((uintptr_t)port >> 5) * 2654435761u;

	for (;; i++) {
		struct tally *tally = &check->tally[i & (check->room - 1)];

		if (tally->port == port)
			return tally;
		if (tally->port == NULL) {
			tally->port = port;
			check->used++;
			return tally;
		}
	}
}

void ipc_check_hold(struct ipc_check *check, struct ipc_port *port, enum ipc_holding holding)
{
	struct tally *tally;

	if (!IP_VALID(port))
		return;
	if (check->used * 4 > check->room * 3) {
		fault(check, "more ports reached than exist: number", port, check->used, 0);
		return;
	}
	tally = tally_of(check, port);
	tally->references++;
	if (holding == IPC_HOLDS_SEND)
		tally->srights++;
	else if (holding == IPC_HOLDS_SEND_ONCE)
		tally->sorights++;
	else if (holding == IPC_HOLDS_RECEIVE)
		tally->receives++;
}

/* Something has been found for which an account pays. */
static void audit(struct ipc_account *payer, uint32_t bytes)
{
	if (payer != NULL)
		payer->audit += bytes;
}

/* --- Messages ----------------------------------------------------------------------------- */

static void hold_type(struct ipc_check *check, struct ipc_port *port, uint32_t type)
{
	if (type == MACH_MSG_TYPE_PORT_SEND)
		ipc_check_hold(check, port, IPC_HOLDS_SEND);
	else if (type == MACH_MSG_TYPE_PORT_SEND_ONCE)
		ipc_check_hold(check, port, IPC_HOLDS_SEND_ONCE);
	else if (type == MACH_MSG_TYPE_PORT_RECEIVE)
		ipc_check_hold(check, port, IPC_HOLDS_RECEIVE);
}

/* Its receive right may be in a message of those that wait for room in its own queue. */
void ipc_check_reach(struct ipc_check *check, struct ipc_port *port)
{
	if (IP_VALID(port))
		tally_of(check, port);
}

void ipc_check_hold_message(struct ipc_check *check, struct ipc_kmsg *kmsg)
{
	struct msg_item_iter iter = kmsg_items(kmsg);
	struct msg_item item;

	if (kmsg->payer != NULL && kmsg->charge != ipc_kmsg_measure(kmsg))
		fault(check, "charge of message", kmsg, ipc_kmsg_measure(kmsg), kmsg->charge);
	audit(kmsg->payer, kmsg->charge);
	if (kmsg->accepted != NULL) {
		audit(kmsg->accepted->space->account, sizeof(*kmsg->accepted));
		ipc_check_hold(check, kmsg->accepted->notify, IPC_HOLDS_SEND_ONCE);
	}
	hold_type(check, kmsg->header.remote, MACH_MSGH_BITS_REMOTE(kmsg->header.bits));
	hold_type(check, kmsg->header.local, MACH_MSGH_BITS_LOCAL(kmsg->header.bits));
	if (!(kmsg->header.bits & MACH_MSGH_BITS_COMPLEX))
		return;
	while (msg_item_next(&iter, &item) == MSG_ITEM_OK) {
		struct ipc_port **ports = item.data;

		if (!item.is_port || item.number == 0)
			continue;
		if (!item.is_inline)
			ports = *(struct ipc_port ***)item.data;
		for (uint32_t i = 0; i < item.number; i++)
			hold_type(check, ports[i], item.name);
	}
}

/* --- Ports ---------------------------------------------------------------------------------- */

static uint32_t check_queue(struct ipc_check *check, struct ipc_port *port)
{
	uint32_t length = 0;

	queue_for_each(link, &port->mqueue.messages) {
		ipc_check_hold_message(check, container_of(link, struct ipc_kmsg, link));
		length++;
	}
	return length;
}

static void check_waiters(struct ipc_check *check, struct ipc_port *port)
{
	if (!queue_empty(&port->senders) && port->msgcount < port->qlimit)
		fault(check, "room for blocked senders in the queue", port, port->msgcount,
		      port->qlimit);
	if (!queue_empty(&port->mqueue.receivers) && port->msgcount != 0)
		fault(check, "messages while a receiver waits in the queue", port, port->msgcount, 0);
	queue_for_each(link, &port->senders)
		ipc_check_hold_message(check, container_of(link, struct thread, ipc.link)->ipc.kmsg);
}

/* A port's own state, and what it holds of others. */
static void scan_port(struct ipc_check *check, struct ipc_port *port)
{
	uint32_t length = check_queue(check, port);

	if (length != port->msgcount)
		fault(check, "queue length", port, length, port->msgcount);
	check_waiters(check, port);
	audit(port->payer, sizeof(*port));
	length = 0;
	queue_for_each(link, &port->requests) {
		struct ipc_request *request = container_of(link, struct ipc_request, link);

		audit(request->payer, sizeof(*request));
		ipc_check_hold(check, request->notify, IPC_HOLDS_SEND_ONCE);
		length++;
	}
	if (length != port->request_count)
		fault(check, "dead-name requests", port, length, port->request_count);
	ipc_check_hold(check, port->nsrequest, IPC_HOLDS_SEND_ONCE);
	ipc_check_hold(check, port->pdrequest, IPC_HOLDS_SEND_ONCE);
	if (port->object.active && port->receiver == NULL)
		ipc_check_hold(check, port->destination, IPC_HOLDS_REFERENCE);
}

/* Walk the queues of all ports found, until no new ports turn up. */
static void scan_ports(struct ipc_check *check)
{
	uint32_t before;

	do {
		before = check->used;
		for (uint32_t i = 0; i < check->room; i++) {
			struct tally *tally = &check->tally[i];

			if (tally->port != NULL && !tally->scanned) {
				tally->scanned = true;
				scan_port(check, tally->port);
				before = 0;
			}
		}
	} while (before != check->used);
}

static void compare(struct ipc_check *check)
{
	for (uint32_t i = 0; i < check->room; i++) {
		struct tally *t = &check->tally[i];
		struct ipc_port *port = t->port;

		if (port == NULL)
			continue;
		if (t->srights != port->srights)
			fault(check, "send rights", port, t->srights, port->srights);
		if (t->sorights != port->sorights)
			fault(check, "send-once rights", port, t->sorights, port->sorights);
		if (t->references != port->object.ref_count)
			fault(check, "references", port, t->references, port->object.ref_count);
		if (t->receives != port->object.active)
			fault(check, "receive rights", port, t->receives, port->object.active);
	}
	if (check->used != ipc_port_cache.live)
		fault(check, "number of ports", &ipc_port_cache, check->used, ipc_port_cache.live);
}

/* --- Spaces ------------------------------------------------------------------------------------ */

static void check_set(struct ipc_check *check, struct ipc_space *space, struct ipc_pset *pset)
{
	uint32_t members = 0;

	queue_for_each(link, &pset->members) {
		struct ipc_port *port = container_of(link, struct ipc_port, pset_link);

		members++;
		if (port->pset != pset || port->receiver != space)
			fault(check, "member elsewhere, set", pset, port->receiver_name,
			      pset->name);
		if ((port->msgcount != 0) != queue_linked(&port->ready_link))
			fault(check, "ready mark", port, queue_linked(&port->ready_link),
			      port->msgcount);
	}
	audit(pset->payer, sizeof(*pset));
	if (members != pset->member_count)
		fault(check, "members", pset, members, pset->member_count);
}

static bool has_request(const struct ipc_port *port, const struct ipc_request *request)
{
	queue_for_each(link, &port->requests)
		if (container_of(link, struct ipc_request, link) == request)
			return true;
	return false;
}

static void check_port_entry(struct ipc_check *check, struct ipc_space *space,
			     struct ipc_entry *entry)
{
	struct ipc_port *port = entry_port(entry);
	enum ipc_holding holding = IPC_HOLDS_REFERENCE;

	if (entry->bits & MACH_PORT_TYPE_RECEIVE) {
		holding = IPC_HOLDS_RECEIVE;
		if (port->receiver != space || port->receiver_name != entry->name)
			fault(check, "receiver's name", port, entry->name, port->receiver_name);
	} else if (entry->bits & MACH_PORT_TYPE_SEND_ONCE) {
		holding = IPC_HOLDS_SEND_ONCE;
	}
	ipc_check_hold(check, port, holding);
	if (entry->bits & MACH_PORT_TYPE_SEND) {
		tally_of(check, port)->srights++;
		if (!(entry->bits & MACH_PORT_TYPE_RECEIVE) &&
		    ipc_hash_lookup(&space->hash, &port->object) != entry)
			fault(check, "reverse entry", port, 0, entry->name);
	}
	if (entry->request != NULL && port->object.active &&
	    (!has_request(port, entry->request) || entry->request->name != entry->name))
		fault(check, "request of entry", port, entry->name, 0);
}

static void check_space(struct ipc_check *check, struct ipc_space *space)
{
	struct ipc_table_cursor cursor = { .index = 0 };
	struct ipc_entry *entry;
	uint32_t count = 0;

	while ((entry = ipc_table_next(&space->table, &cursor)) != NULL) {
		count++;
		if (ipc_entry_lookup(&space->table, entry->name) != entry)
			fault(check, "entry found by its name in space", space, entry->name, 0);
		if (entry->bits & MACH_PORT_TYPE_PORT_SET)
			check_set(check, space, entry_pset(entry));
		else if (!(entry->bits & MACH_PORT_TYPE_DEAD_NAME))
			check_port_entry(check, space, entry);
	}
	if (count != space->table.used)
		fault(check, "entries", space, count, space->table.used);
	audit(space->account, ipc_table_memory(&space->table) + ipc_hash_memory(&space->hash) +
	      radix_memory(space->accepted) + sizeof(*space->account));
}

static void start_audit(void)
{
	queue_for_each(link, &ipc_accounts)
		container_of(link, struct ipc_account, link)->audit = 0;
}

/* What was found of each payer must be what is charged. */
static void compare_accounts(struct ipc_check *check)
{
	queue_for_each(link, &ipc_accounts) {
		struct ipc_account *account = container_of(link, struct ipc_account, link);

		if (account->audit != account->memory)
			fault(check, "memory of account", account, account->audit,
			      account->memory);
	}
}

int ipc_check_all(void)
{
	struct ipc_check check = { .room = 1024 };

	while (check.room < 2 * ipc_port_cache.live + 64)
		check.room *= 2;
	check.tally = kmem_alloc(check.room * sizeof(*check.tally));
	if (check.tally == NULL)
		return -1;
	start_audit();
	queue_for_each(link, &ipc_spaces)
		check_space(&check, container_of(link, struct ipc_space, link));
	kernel_visit_holders(&check);
	scan_ports(&check);
	compare(&check);
	compare_accounts(&check);
	kmem_free(check.tally, check.room * sizeof(*check.tally));
	return check.faults;
}
