/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sequences of operations by the threads of three tasks: mach_msg with arbitrary headers, bodies,
 * options, sizes and buffers; the mach_port routines; the ends of waits; deaths; failing
 * allocations.
 *
 * An input is a sequence of records of 16 bytes, an operation each; the first byte says which.  The
 * kernel must stay consistent, and all must be gone at the end.
 */
#include <tests/fuzz/inspect.h>
#include <tests/fuzz/world.h>

#include <stdio.h>
#include <string.h>

#include <ipc/fast_path.h>
#include <ipc/print.h>
#include <ipc/right.h>
#include <kern/slab.h>
#include <mach/mach_port_server.h>
#include <mach/notify.h>
#include <vm/map.h>

#define RECORD 16u
#define RECORDS_MAX 96u
#define BODY_MAX 3072u
#define CHECK_EVERY 24u

#define INLINE 0x10000000u
#define LONG 0x20000000u
#define DEALLOC 0x40000000u
#define UNUSED 0x80000000u

struct record {
	unsigned int actor;
	struct ipc_space *space;	/* the actor's */
	struct vm_map *map;
	struct fuzz_input in;		/* the rest of the record */
};

static uint8_t body[BODY_MAX];		/* of the next message */
static size_t body_size;

/* --- Items ------------------------------------------------------------------------------- */

static void put(const void *bytes, size_t size)
{
	if (size > BODY_MAX - body_size)
		return;
	memcpy(body + body_size, bytes, size);
	body_size += size;
}

static void put_word(uint32_t word)
{
	put(&word, sizeof(word));
}

static void put_type(uint32_t name, uint32_t bits, uint32_t number, uint32_t flags)
{
	if (flags & LONG) {
		put_word(flags);
		put_word((name & 0xffff) | bits << 16);
		put_word(number);
	} else {
		put_word((name & 0xff) | (bits & 0xff) << 8 | (number & 0xfff) << 16 | flags);
	}
}

/* New memory of the task's with some bytes in it; or an address where nothing is. */
static uint32_t put_outside(struct record *r, const void *bytes, size_t size, size_t room)
{
	vm_offset_t address = 0;

	if (vm_map_allocate(r->map, &address, room != 0 ? room : 1, true) != KERN_SUCCESS)
		return 0x1000;
	if (size != 0)
		memcpy((void *)(uintptr_t)address, bytes, size);
	return address;
}

static uint32_t item_flags(uint8_t code)
{
	return (code & 1 ? LONG : 0) | (code & 2 ? DEALLOC : 0);
}

static void op_ports(struct record *r)
{
	uint8_t code = fuzz_byte(&r->in);
	uint32_t disposition = MACH_MSG_TYPE_MOVE_RECEIVE + fuzz_byte(&r->in) % 6;
	uint32_t number = fuzz_byte(&r->in) % 10, names[10];

	for (uint32_t i = 0; i < number; i++)
		names[i] = world_name(r->space, fuzz_byte(&r->in));
	if (code & 4) {
		put_type(disposition, 32, number, item_flags(code & ~2) | INLINE);
		put(names, number * sizeof(names[0]));
	} else {
		put_type(disposition, 32, number, item_flags(code));
		put_word(put_outside(r, names, number * sizeof(names[0]), sizeof(names)));
	}
}

static void op_memory(struct record *r)
{
	static const uint32_t sizes[] = { 0, 1, 100, 4095, 4096, 4097, 9000, 20000 };
	uint8_t code = fuzz_byte(&r->in), where = fuzz_byte(&r->in);
	uint32_t size = sizes[fuzz_byte(&r->in) % 8], offset = fuzz_half(&r->in) % WORLD_PAGE;
	uint32_t address = put_outside(r, NULL, 0, offset + size) + offset;

	if (where % 16 == 1)
		address = 0;
	else if (where % 16 == 2)
		address = 0xc0000000u + offset;
	else if (where % 16 == 3)
		address = (uint32_t)(uintptr_t)world_page[where / 16 % WORLD_ACTORS] + offset;
	put_type(MACH_MSG_TYPE_BYTE, 8, size, item_flags(size > 4095 ? code | 1 : code));
	put_word(address);
}

/* A descriptor with any fields, and some data. */
static void op_any_item(struct record *r)
{
	uint8_t code = fuzz_byte(&r->in);
	uint32_t flags = item_flags(code) | (code & 4 ? INLINE : 0) |
			 (code & 0xf8 ? 0 : UNUSED);
	uint32_t name = fuzz_half(&r->in), bits = fuzz_half(&r->in), number = fuzz_word(&r->in);

	put_type(name, bits, number, flags);
	put(r->in.next, (size_t)(r->in.end - r->in.next));
}

static void op_bytes(struct record *r)
{
	put(r->in.next, (size_t)(r->in.end - r->in.next) & ~(size_t)3);
}

/* --- Calls of mach_msg ------------------------------------------------------------------- */

/* A buffer of the actor's by a code: most are good. */
static uint8_t *buffer(const struct record *r, uint8_t code)
{
	uint8_t *page = world_page[r->actor];

	if (code < 0xd0)
		return page;
	switch (code % 8) {
	case 0:
		return page + WORLD_PAGE - 4 * (code / 8 % 16);
	case 1:
		return world_page[(r->actor + 1) % WORLD_ACTORS];
	case 2:
		return NULL;
	case 3:
		return (uint8_t *)(uintptr_t)(0xc0000000u + code);
	case 4:
		return (uint8_t *)(uintptr_t)0xffffffe8u;
	default:
		return page + WORLD_PAGE - 4 * (code % 16 + 1);
	}
}

/* Put the message where it is to be sent from; all memory in question is the test's own. */
static void place_message(const struct record *r, uint8_t *to, const mach_msg_header_t *header)
{
	uint8_t *page = world_page[r->actor];

	if (to < page || to >= page + WORLD_PAGE)
		return;
	for (size_t i = 0; i < sizeof(*header) + body_size && to + i < page + WORLD_PAGE; i++)
		to[i] = i < sizeof(*header) ? ((const uint8_t *)header)[i]
					    : body[i - sizeof(*header)];
}

static mach_msg_size_t send_size(uint8_t code)
{
	static const mach_msg_size_t odd[] = { 0, 20, 23, 25, 26, 0x7ffffffc, 0xfffffffc,
		0xffffffff, 0x80000000, 4096, 70000, 0x110000 };
	mach_msg_size_t size = sizeof(mach_msg_header_t) + body_size;

	if (code < 0xe0)
		return size;
	if (code < 0xf0)
		return size - 4 * (code & 3);
	return odd[code % 12];
}

static mach_msg_size_t receive_size(uint8_t code)
{
	static const mach_msg_size_t sizes[] = { WORLD_PAGE, WORLD_PAGE, 24, 32, 20, 0, 40, 64, 52,
		0xffffffff, 5, 23 };

	return sizes[code % 12];
}

static uint32_t header_type(uint8_t code)
{
	static const uint32_t types[] = { MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE,
		MACH_MSG_TYPE_MOVE_SEND_ONCE, MACH_MSG_TYPE_MOVE_SEND, MACH_MSG_TYPE_MAKE_SEND,
		MACH_MSG_TYPE_MOVE_RECEIVE, 0, 22 };

	return types[code % 8];
}

/* Where the name stands, the type that most likely fits. */
static uint32_t fitting(struct ipc_space *space, mach_port_name_t name, uint8_t code)
{
	const struct ipc_entry *entry = ipc_entry_lookup(&space->table, name);

	if (entry == NULL || code < 64)
		return header_type(code);
	if (entry->bits & MACH_PORT_TYPE_SEND_ONCE)
		return MACH_MSG_TYPE_MOVE_SEND_ONCE;
	if ((entry->bits & MACH_PORT_TYPE_SEND) && (code & 1))
		return code & 2 ? MACH_MSG_TYPE_COPY_SEND : MACH_MSG_TYPE_MOVE_SEND;
	if (entry->bits & MACH_PORT_TYPE_RECEIVE)
		return code & 4 ? MACH_MSG_TYPE_MAKE_SEND : MACH_MSG_TYPE_MAKE_SEND_ONCE;
	return MACH_MSG_TYPE_COPY_SEND;
}

static mach_msg_header_t make_header(struct record *r)
{
	uint8_t dest = fuzz_byte(&r->in), reply = fuzz_byte(&r->in);
	mach_msg_header_t h = {
		.msgh_remote_port = world_name(r->space, dest),
		.msgh_id = fuzz_byte(&r->in),
	};
	uint32_t remote = fitting(r->space, h.msgh_remote_port, fuzz_byte(&r->in)), local = 0;
	uint8_t bits = fuzz_byte(&r->in);

	if (reply != 0xff) {
		h.msgh_local_port = world_name(r->space, reply);
		local = fitting(r->space, h.msgh_local_port, bits);
	}
	h.msgh_bits = MACH_MSGH_BITS(remote, local) | (body_size != 0 ? MACH_MSGH_BITS_COMPLEX : 0);
	if (bits == 0x3f)
		h.msgh_bits ^= 0xffff0000;
	return h;
}

static mach_msg_option_t send_options(uint8_t code)
{
	return (code & 1 ? MACH_SEND_TIMEOUT : 0) | (code & 2 ? MACH_SEND_NOTIFY : 0) |
	       (code & 4 ? MACH_SEND_CANCEL : 0) | (code & 8 ? MACH_SEND_INTERRUPT : 0);
}

static mach_msg_option_t receive_options(uint8_t code)
{
	return (code & 0x10 ? MACH_RCV_TIMEOUT : 0) | (code & 0x20 ? MACH_RCV_NOTIFY : 0) |
	       (code & 0x40 ? MACH_RCV_LARGE : 0) |
	       (code & 0x80 ? (mach_msg_option_t)(code & 0x0f) << 24 : 0);
}

/* The actor must be out of its last call: now and then somebody gets it out. */
static bool ready(const struct record *r)
{
	return world_actor[r->actor]->done;
}

static void call(struct record *r, mach_msg_option_t option)
{
	mach_msg_header_t header = make_header(r);
	uint8_t *where = buffer(r, fuzz_byte(&r->in));
	mach_msg_size_t size = send_size(fuzz_byte(&r->in));
	mach_msg_size_t room = receive_size(fuzz_byte(&r->in));
	mach_port_name_t from = world_source(r->space, fuzz_byte(&r->in));
	mach_port_name_t notify = world_name(r->space, fuzz_byte(&r->in));
	uint8_t options = fuzz_byte(&r->in), timeout = fuzz_byte(&r->in);

	if (!ready(r))
		return;
	if (option & MACH_SEND_MSG) {
		option |= send_options(options);
		place_message(r, where, &header);
		body_size = 0;
	}
	if (option & MACH_RCV_MSG)
		option |= receive_options(options);
	actor_mach_msg(world_actor[r->actor], where, option, size, room, from,
		       timeout & 1 ? timeout : 0, notify);
}

static void op_send(struct record *r)
{
	call(r, MACH_SEND_MSG);
}

static void op_receive(struct record *r)
{
	call(r, MACH_RCV_MSG);
}

static void op_both(struct record *r)
{
	call(r, MACH_SEND_MSG | MACH_RCV_MSG);
}

/* The usual ones: a request and the wait for its reply, or a reply and the wait for more. */
static void op_rpc(struct record *r)
{
	mach_port_name_t dest = world_name(r->space, fuzz_byte(&r->in));
	mach_port_name_t from = world_name(r->space, fuzz_byte(&r->in));
	uint8_t code = fuzz_byte(&r->in);
	bool is_reply = code & 1;
	mach_msg_header_t header = {
		.msgh_bits = is_reply ? MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0)
				      : MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND,
						       MACH_MSG_TYPE_MAKE_SEND_ONCE),
		.msgh_remote_port = dest,
		.msgh_local_port = is_reply ? 0 : from,
	};

	if (!ready(r))
		return;
	body_size = code / 2 % 32 * 4;
	place_message(r, world_page[r->actor], &header);
	actor_mach_msg(world_actor[r->actor], world_page[r->actor], MACH_SEND_MSG | MACH_RCV_MSG,
		       24 + body_size, WORLD_PAGE, from, 0, 0);
	body_size = 0;
}

/* --- The mach_port routines -------------------------------------------------------------- */

static void op_allocate(struct record *r)
{
	mach_port_name_t name;

	if (fuzz_byte(&r->in) & 1)
		mach_port_allocate(r->space, fuzz_byte(&r->in) % 6, &name);
	else
		mach_port_allocate_name(r->space, fuzz_byte(&r->in) % 6,
					world_name(r->space, fuzz_byte(&r->in)));
}

static void op_drop(struct record *r)
{
	uint8_t code = fuzz_byte(&r->in);
	mach_port_name_t name = world_name(r->space, fuzz_byte(&r->in));

	if (code & 1)
		mach_port_deallocate(r->space, name);
	else
		mach_port_destroy(r->space, name);
}

static void op_mod_refs(struct record *r)
{
	static const int32_t deltas[] = { -1, 1, 0, -2, 65532, 65533, 65534, -65534, INT32_MIN };
	mach_port_name_t name = world_name(r->space, fuzz_byte(&r->in));
	uint8_t right = fuzz_byte(&r->in) % 6;

	mach_port_mod_refs(r->space, name, right, deltas[fuzz_byte(&r->in) % 9]);
}

static void op_names(struct record *r)
{
	mach_port_name_t one = world_name(r->space, fuzz_byte(&r->in));
	mach_port_name_t two = world_name(r->space, fuzz_byte(&r->in));

	if (fuzz_byte(&r->in) & 1)
		mach_port_rename(r->space, one, two);
	else
		mach_port_move_member(r->space, one, two);
}

static void op_request(struct record *r)
{
	static const mach_msg_id_t ids[] = { MACH_NOTIFY_DEAD_NAME, MACH_NOTIFY_NO_SENDERS,
		MACH_NOTIFY_PORT_DESTROYED, MACH_NOTIFY_SEND_ONCE };
	mach_port_name_t name = world_name(r->space, fuzz_byte(&r->in));
	mach_port_name_t from = world_name(r->space, fuzz_byte(&r->in));
	mach_msg_id_t id = ids[fuzz_byte(&r->in) % 4];
	struct ipc_port *notify = IP_NULL, *previous = IP_NULL;
	mach_msg_type_name_t type;

	mach_port_extract_right(r->space, from, MACH_MSG_TYPE_MAKE_SEND_ONCE, &notify, &type);
	if (mach_port_request_notification(r->space, name, id, fuzz_byte(&r->in) % 4, notify,
					   &previous) != KERN_SUCCESS)
		previous = notify;
	ipc_right_in_hand_release(previous, MACH_MSG_TYPE_PORT_SEND_ONCE);
}

/* A right goes from one task to another. */
static void op_transfer(struct record *r)
{
	struct ipc_space *other = world_space(fuzz_byte(&r->in));
	mach_port_name_t name = world_name(r->space, fuzz_byte(&r->in));
	uint32_t disposition = 15 + fuzz_byte(&r->in) % 8;
	mach_port_name_t there = world_name(other, fuzz_byte(&r->in));
	struct ipc_port *port = IP_NULL;
	mach_msg_type_name_t type = 0;

	if (mach_port_extract_right(r->space, name, disposition, &port, &type) != KERN_SUCCESS)
		return;
	if (fuzz_byte(&r->in) & 1)
		there = 0x20 + fuzz_byte(&r->in) % 16;
	if (mach_port_insert_right(other, there, port, type) != KERN_SUCCESS)
		ipc_right_in_hand_release(port, type);
}

static void op_attribute(struct record *r)
{
	mach_port_name_t name = world_name(r->space, fuzz_byte(&r->in));
	uint8_t what = fuzz_byte(&r->in);
	uint32_t value = fuzz_byte(&r->in) % 20;

	switch (what % 8) {
	case 0: case 1: case 2:
		mach_port_set_qlimit(r->space, name, value);
		return;
	case 3:
		mach_port_set_mscount(r->space, name, value);
		return;
	case 4:
		mach_port_set_seqno(r->space, name, value);
		return;
	case 5: case 6:
		mach_port_set_protected_payload(r->space, name, value);
		return;
	default:
		mach_port_clear_protected_payload(r->space, name);
	}
}

static FILE *nowhere;

/* The space, and a port of its. */
static void print(struct ipc_space *space, mach_port_name_t name)
{
	const struct ipc_entry *entry = ipc_entry_lookup(&space->table, name);
	FILE *console = stdout;

	stdout = nowhere;
	ipc_print_space(space);
	if (entry != NULL)
		ipc_print_object(entry->object);
	stdout = console;
}

static void op_ask(struct record *r)
{
	mach_port_name_t name = world_name(r->space, fuzz_byte(&r->in));
	mach_port_type_t type;

	if (fuzz_byte(&r->in) == 0xff)
		print(r->space, name);
	else
		mach_port_type(r->space, name, &type);
}

/* --- The world --------------------------------------------------------------------------- */

/* The end of a wait that nobody else would end. */
static void op_wake(struct record *r)
{
	struct actor *actor = world_actor[r->actor];

	if (actor->done)
		return;
	if ((fuzz_byte(&r->in) & 1) && actor->timeout_set)
		actor_wake(actor, WAIT_TIMED_OUT);
	else
		actor_wake(actor, WAIT_INTERRUPTED);
}

static void op_kill(struct record *r)
{
	uint8_t code = fuzz_byte(&r->in);

	if (code % 4 == 0)
		world_kill(r->actor % WORLD_TASKS);
	else if (code % 4 == 1)
		inspect_limit(world_task[r->actor % WORLD_TASKS], fuzz_byte(&r->in));
}

static void op_inspect(struct record *r)
{
	inspect(world_task[r->actor % WORLD_TASKS], world_name(r->space, fuzz_byte(&r->in)));
}

/* Many send rights at once. */
static void op_many(struct record *r)
{
	struct ipc_space *other = world_space(fuzz_byte(&r->in));
	uint32_t count = fuzz_byte(&r->in) % 48;
	struct ipc_port *port = IP_NULL;
	mach_msg_type_name_t type;
	mach_port_name_t name;

	for (uint32_t i = 0; i < count; i++) {
		if (mach_port_allocate(other, MACH_PORT_RIGHT_RECEIVE, &name) != KERN_SUCCESS)
			return;
		if (mach_port_extract_right(other, name, MACH_MSG_TYPE_MAKE_SEND, &port, &type) !=
		    KERN_SUCCESS)
			return;
		if (ipc_space_insert_send(r->space, port, &name) != KERN_SUCCESS)
			ipc_right_in_hand_release(port, type);
	}
}

/* Allocations fail, until the operation after the next. */
static void op_fail(struct record *r)
{
	slab_fail_after(1 + fuzz_byte(&r->in) % 12);
}

static void op_world(struct record *r)
{
	uint8_t code = fuzz_byte(&r->in);

	if (code % 4 == 0)
		ipc_fast_path_enable((code & 4) != 0);
	else if (code % 4 == 1)
		fake_user_full = !fake_user_full;
	else
		vm_map_deallocate(r->map, (vm_offset_t)(uintptr_t)world_page[r->actor], 1);
}

static void operate(const uint8_t *bytes)
{
	static void (*const operations[])(struct record *r) = {
		op_send, op_receive, op_both, op_rpc, op_ports, op_memory, op_any_item, op_bytes,
		op_allocate, op_drop, op_mod_refs, op_names, op_request, op_transfer, op_attribute,
		op_ask, op_wake, op_kill, op_fail, op_world, op_send, op_inspect, op_many, op_ports,
	};
	struct record r = { .actor = bytes[1] % WORLD_ACTORS };
	bool fails = slab_fail_pending() != 0;

	r.space = world_space(r.actor);
	r.map = world_task[r.actor % WORLD_TASKS]->map;
	r.in = fuzz_input(bytes + 2, RECORD - 2);
	operations[bytes[0] % (sizeof(operations) / sizeof(operations[0]))](&r);
	actors_run();
	if (fails)
		slab_fail_after(0);
}

void fuzz_start(int argc, char **argv)
{
	(void)argc, (void)argv;
	world_start();
	nowhere = fopen("/dev/null", "w");
}

/* All that the threads can see of their pages. */
static uint32_t digest(void)
{
	uint32_t sum = 2166136261u;

	for (unsigned int a = 0; a < WORLD_ACTORS; a++)
		for (uint32_t i = 0; i < WORLD_PAGE / 4; i++)
			sum = (sum ^ ((uint32_t *)(uintptr_t)world_page[a])[i]) * 16777619u;
	return sum;
}

/* seen: what there was to be seen after each record; NULL: nobody asks. */
static void run(const uint8_t *data, size_t count, uint32_t *seen)
{
	ipc_fast_path_enable(true);
	memset(body, 0, sizeof(body));
	body_size = 0;
	world_begin();
	for (size_t i = 0; i < count; i++) {
		operate(data + i * RECORD);
		if (seen != NULL)
			seen[i] = digest();
		if (i % CHECK_EVERY == CHECK_EVERY - 1)
			world_check();
	}
	world_check();
	world_end();
}

/* IL-1: what was in the kernel's memory before can nowhere be seen. */
static void run_twice(const uint8_t *data, size_t count)
{
	static uint32_t seen[2][RECORDS_MAX];

	fuzz_fill = 0xa5;
	run(data, count, seen[0]);
	fuzz_fill = 0x3c;
	run(data, count, seen[1]);
	fuzz_fill = 0;
	for (size_t i = 0; i < count; i++)
		if (seen[0][i] != seen[1][i])
			ck_abort_msg("record %u shows memory that nobody has written", (unsigned)i);
}

void fuzz_one(const uint8_t *data, size_t size)
{
	size_t count = size / RECORD;

	if (count > RECORDS_MAX)
		count = RECORDS_MAX;
	if (size != 0 && data[size - 1] % 4 == 0)
		run_twice(data, count);
	else
		run(data, count, NULL);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	return fuzz_mutate_records(data, size, max, seed, RECORD);
}
