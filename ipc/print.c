/* SPDX-License-Identifier: BSD-2-Clause */
#include <ipc/print.h>

#include <ipc/kmsg.h>
#include <ipc/pset.h>
#include <ipc/radix.h>
#include <ipc/space_lookup.h>
#include <kern/machine.h>
#include <kern/peek.h>
#include <kern/printf.h>
#include <kern/task.h>

/* How much is printed of each. */
#define ITEMS_MAX 32u
#define RIGHTS_MAX 8u
#define WORDS_MAX 8u
#define MESSAGES_MAX 8u
#define SENDERS_MAX 4u
#define NAMES_MAX 64u

/* --- What can be read ------------------------------------------------------------------- */

/* Is it a port?  Then *serial is its number. */
static bool peek_port(const struct ipc_port *port, uint32_t *serial)
{
	struct ipc_object header;
	uint32_t *word = (uint32_t *)&header;

	for (size_t i = 0; i < sizeof(header) / sizeof(*word); i++)
		if (!machine_peek((const uint32_t *)port + i, &word[i]))
			return false;
	return header.kind == IOT_PORT && machine_peek(&port->serial, serial);
}

static unsigned int address(const void *p)
{
	return (uintptr_t)p;
}

static void print_length(const char *what, const struct queue *queue)
{
	bool damaged = false;
	uint32_t length = peek_length(queue, &damaged);

	printf("%s %u%s", what, length, damaged ? " (damaged)" : "");
}

/* --- Rights ------------------------------------------------------------------------------ */

static const char *type_text(uint32_t type)
{
	switch (type) {
	case 0:
		return "none";
	case MACH_MSG_TYPE_PORT_RECEIVE:
		return "receive";
	case MACH_MSG_TYPE_PORT_SEND:
		return "send";
	case MACH_MSG_TYPE_PORT_SEND_ONCE:
		return "send-once";
	case MACH_MSG_TYPE_COPY_SEND:
		return "copy-send";
	case MACH_MSG_TYPE_MAKE_SEND:
		return "make-send";
	case MACH_MSG_TYPE_MAKE_SEND_ONCE:
		return "make-send-once";
	default:
		return "other";
	}
}

static void print_right(const struct ipc_port *port)
{
	uint32_t serial;

	if (port == IP_NULL)
		printf("null");
	else if (port == IP_DEAD)
		printf("dead");
	else if (peek_port(port, &serial))
		printf("0x%x (port %u)", address(port), serial);
	else
		printf("0x%x", address(port));
}

/* --- Messages ---------------------------------------------------------------------------- */

static void print_rights(const struct msg_item *item)
{
	uint32_t number = item->number < RIGHTS_MAX ? item->number : RIGHTS_MAX;
	uintptr_t right = (uintptr_t)item->data;	/* may be anything, null too */
	uint32_t value;

	printf("%u rights, %s", item->number, type_text(item->name));
	if (!item->is_inline && item->number != 0) {
		right = *(const uintptr_t *)item->data;
		printf(", out of line at 0x%x", (unsigned)right);
	}
	for (uint32_t i = 0; i < number; i++, right += sizeof(value)) {
		if (!machine_peek((const uint32_t *)right, &value))
			break;
		printf(i == 0 ? ": " : ", ");
		print_right((const struct ipc_port *)(uintptr_t)value);
	}
	if (number < item->number)
		printf(", ...");
}

static void print_data(const struct msg_item *item)
{
	const uint32_t *word = item->data;
	uint64_t words = (item->length + 3) / 4;

	printf("%u x %u bits, type %u", item->number, item->size, item->name);
	if (!item->is_inline) {
		printf(", out of line at 0x%x", word[0]);
		return;
	}
	for (uint32_t i = 0; i < words && i < WORDS_MAX; i++)
		printf(i == 0 ? ": %x" : " %x", word[i]);
	if (words > WORDS_MAX)
		printf(" ...");
}

static void print_item(uint32_t index, const struct msg_item *item)
{
	printf("  %u: ", index);
	if (item->is_port)
		print_rights(item);
	else
		print_data(item);
	printf("%s\n", item->deallocate ? ", to be deallocated" : "");
}

static void print_body(void *body, uint32_t size)
{
	struct msg_item_iter iter = msg_items(body, size);
	enum msg_item_status status;
	struct msg_item item;
	uint32_t index = 0;

	while ((status = msg_item_next(&iter, &item)) == MSG_ITEM_OK && index < ITEMS_MAX)
		print_item(index++, &item);
	if (status == MSG_ITEM_OK)
		printf("  ...\n");
	else if (status != MSG_ITEM_END)
		printf("  at byte %u: %s\n",
		       (unsigned int)(iter.next - (uint8_t *)body + sizeof(mach_msg_header_t)),
		       status == MSG_ITEM_TOO_SMALL ? "cut short" : "no type descriptor");
}

static void print_header(const struct ipc_kmsg *kmsg)
{
	mach_msg_bits_t bits = kmsg->header.bits;

	printf("message 0x%x: id %d, %u bytes, bits 0x%x%s%s%s\n", address(kmsg), kmsg->header.id,
	       kmsg->header.size, bits, bits & MACH_MSGH_BITS_COMPLEX ? ", complex" : "",
	       bits & MACH_MSGH_BITS_CIRCULAR ? ", circular" : "",
	       kmsg->accepted != NULL ? ", to be told when accepted" : "");
}

void ipc_print_kmsg(const struct ipc_kmsg *kmsg)
{
	uint32_t size;

	if (!peek_readable(kmsg, sizeof(*kmsg))) {
		printf("message 0x%x: not there\n", address(kmsg));
		return;
	}
	print_header(kmsg);
	printf("  to (%s) ", type_text(MACH_MSGH_BITS_REMOTE(kmsg->header.bits)));
	print_right(kmsg->header.remote);
	printf(", reply (%s) ", type_text(MACH_MSGH_BITS_LOCAL(kmsg->header.bits)));
	print_right(kmsg->header.local);
	printf("\n");
	size = kmsg->header.size;
	if (size < sizeof(kmsg->header) || size > kmsg->room ||
	    !peek_readable(&kmsg->header, size)) {
		printf("  damaged: room for %u bytes\n", kmsg->room);
		return;
	}
	print_body((void *)(uintptr_t)(&kmsg->header + 1), size - sizeof(kmsg->header));
}

/* --- Ports ------------------------------------------------------------------------------- */

static void print_task_of(const struct ipc_space *space)
{
	const struct task *task;

	if (!peek_readable(space, sizeof(*space))) {
		printf("space 0x%x (damaged)", address(space));
		return;
	}
	task = space->task;
	if (task != NULL && peek_readable(task, sizeof(*task)))
		printf("task %u (%.*s)", task->id, TASK_NAME_SIZE, task->name);
	else
		printf("space 0x%x", address(space));
}

static void print_place(const struct ipc_port *port)
{
	if (!port->object.active) {
		printf("  dead since %u\n", port->death_stamp);
	} else if (port->receiver == NULL) {
		printf("  in transit to ");
		print_right(port->destination);
		printf("\n");
	} else if (port->receiver == ipc_space_kernel) {
		printf("  kernel object 0x%x, type %u\n", address(port->kobject), port->kotype);
	} else {
		printf("  received as 0x%x by ", port->receiver_name);
		print_task_of(port->receiver);
		printf("\n");
	}
}

static void print_queue(const struct ipc_port *port)
{
	printf("  queue %u of %u, next number %u;", port->msgcount, port->qlimit, port->seqno);
	print_length(" messages", &port->mqueue.messages);
	print_length(", senders", &port->senders);
	print_length(", receivers", &port->mqueue.receivers);
	if (port->pset != NULL)
		printf(", set 0x%x", address(port->pset));
	printf("\n");
}

static void print_requests(const struct ipc_port *port)
{
	if (port->nsrequest == IP_NULL && port->pdrequest == IP_NULL && port->request_count == 0)
		return;
	printf("  requests: no-senders ");
	print_right(port->nsrequest);
	printf(", port-destroyed ");
	print_right(port->pdrequest);
	print_length(", dead-name", &port->requests);
	printf("\n");
}

static void print_messages(const struct queue *messages)
{
	bool damaged = false;
	const struct queue_link *link = peek_next(messages, &messages->head, &damaged);

	for (uint32_t i = 0; i < MESSAGES_MAX && link != NULL; i++) {
		const struct ipc_kmsg *kmsg = container_of(link, struct ipc_kmsg, link);

		printf("  ");
		if (peek_readable(kmsg, sizeof(*kmsg)))
			print_header(kmsg);
		else
			printf("message 0x%x: not there\n", address(kmsg));
		link = peek_next(messages, link, &damaged);
	}
}

static void print_senders(const struct queue *senders)
{
	bool damaged = false;
	const struct queue_link *link = peek_next(senders, &senders->head, &damaged);

	for (uint32_t i = 0; i < SENDERS_MAX && link != NULL; i++) {
		const struct thread *thread = container_of(link, struct thread, ipc.link);

		if (!peek_readable(thread, sizeof(*thread)))
			break;
		printf("  sender: thread %u (%.*s)", thread->id, THREAD_NAME_SIZE, thread->name);
		if (peek_readable(thread->task, sizeof(*thread->task)))
			printf(" of task %u", thread->task->id);
		printf("\n");
		link = peek_next(senders, link, &damaged);
	}
}

void ipc_print_port(const struct ipc_port *port)
{
	uint32_t serial;

	if (!peek_port(port, &serial) || !peek_readable(port, sizeof(*port))) {
		printf("port 0x%x: no port\n", address(port));
		return;
	}
	printf("port %u at 0x%x: %u references, %u send, %u send-once, make-send count %u\n",
	       port->serial, address(port), port->object.ref_count, port->srights, port->sorights,
	       port->mscount);
	print_place(port);
	print_queue(port);
	print_requests(port);
	print_messages(&port->mqueue.messages);
	print_senders(&port->senders);
}

/* --- Spaces ------------------------------------------------------------------------------ */

static void print_entry(const struct ipc_entry *entry)
{
	const struct ipc_pset *pset = (const struct ipc_pset *)entry->object;
	uint32_t bits = entry->bits;

	printf("  0x%x:%s%s%s%s%s", entry->name, bits & MACH_PORT_TYPE_RECEIVE ? " receive" : "",
	       bits & MACH_PORT_TYPE_SEND ? " send" : "",
	       bits & MACH_PORT_TYPE_SEND_ONCE ? " send-once" : "",
	       bits & MACH_PORT_TYPE_PORT_SET ? " set" : "",
	       bits & MACH_PORT_TYPE_DEAD_NAME ? " dead-name" : "");
	if (entry_urefs(entry) != 0)
		printf(" %u", entry_urefs(entry));
	if ((bits & MACH_PORT_TYPE_PORT_SET) && peek_readable(pset, sizeof(*pset))) {
		printf(", %u members", pset->member_count);
	} else if (entry->object != NULL) {
		printf(", ");
		print_right((const struct ipc_port *)entry->object);
	}
	printf("%s\n", entry->request != NULL ? ", dead-name request" : "");
}

/* Print entries of one chunk; *room: of how many more. */
static void print_chunk(const struct ipc_entry_chunk *chunk, uint32_t *room)
{
	for (uint32_t i = 0; i < CHUNK_ENTRIES && *room > 0; i++)
		if (MACH_NAME_VALID(chunk->slot[i].name)) {
			print_entry(&chunk->slot[i]);
			--*room;
		}
}

/* Places without a chunk all have the same one, which is empty, and so with leaves. */
static void print_leaf(const struct ipc_entry_leaf *leaf, uint32_t *room)
{
	const struct ipc_entry_chunk *last = NULL;

	for (uint32_t i = 0; i < LEAF_CHUNKS && *room > 0; i++) {
		const struct ipc_entry_chunk *chunk = leaf->chunk[i];

		if (chunk != last && peek_readable(chunk, sizeof(*chunk)))
			print_chunk(chunk, room);
		last = chunk;
	}
}

static void print_table(const struct ipc_table *table, uint32_t *room)
{
	const struct ipc_entry_leaf *last = NULL;

	for (uint32_t i = 0; i < ROOT_LEAVES && *room > 0; i++) {
		const struct ipc_entry_leaf *leaf = table->root[i];

		if (leaf != last && peek_readable(leaf, sizeof(*leaf)))
			print_leaf(leaf, room);
		last = leaf;
	}
}

/* The tree believes its own nodes. */
static void print_sparse(const struct ipc_table *table, uint32_t *room)
{
	const struct ipc_entry *entry;
	uint32_t key = 0;

	if (!peek_readable(table->radix, sizeof(uint32_t)))
		return;
	while (*room > 0 && (entry = radix_next(table->radix, &key)) != NULL) {
		if (peek_readable(entry, sizeof(*entry)))
			print_entry(entry);
		--*room;
		key++;
	}
}

void ipc_print_space(const struct ipc_space *space)
{
	uint32_t room = NAMES_MAX;

	if (!peek_readable(space, sizeof(*space))) {
		printf("space 0x%x: not there\n", address(space));
		return;
	}
	printf("space 0x%x, ", address(space));
	print_task_of(space);
	printf(": %s, %u references, %u names, %u of them sparse\n",
	       space->active ? "active" : "inactive", space->ref_count, space->table.used,
	       space->table.sparse);
	print_table(&space->table, &room);
	print_sparse(&space->table, &room);
	if (space->table.used > NAMES_MAX)
		printf("  ...\n");
}

/* --- Whatever it is ---------------------------------------------------------------------- */

static bool is_space(const void *object)
{
	bool damaged = false;
	const struct queue_link *link = peek_next(&ipc_spaces, &ipc_spaces.head, &damaged);

	for (uint32_t i = 0; link != NULL && i < PEEK_LINKS_MAX; i++) {
		if (container_of(link, struct ipc_space, link) == object)
			return true;
		link = peek_next(&ipc_spaces, link, &damaged);
	}
	return false;
}

static void print_set(const struct ipc_pset *pset)
{
	printf("set 0x%x, name 0x%x: %s, %u references, %u members;", address(pset), pset->name,
	       pset->object.active ? "active" : "dead", pset->object.ref_count,
	       pset->member_count);
	print_length(" ready", &pset->ready);
	print_length(", receivers", &pset->mqueue.receivers);
	printf("\n");
}

void ipc_print_object(const void *object)
{
	const struct ipc_object *header = object;

	if (is_space(object))
		ipc_print_space(object);
	else if (!peek_readable(object, sizeof(*header)))
		printf("object 0x%x: not there\n", address(object));
	else if (header->kind == IOT_PORT)
		ipc_print_port(object);
	else if (header->kind == IOT_PSET && peek_readable(object, sizeof(struct ipc_pset)))
		print_set(object);
}
