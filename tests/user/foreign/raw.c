/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages by hand: each word as the ABI has it, without MIG and without the package's types. */
#include "foreign.h"

typedef unsigned int word;

#define MSG_SEND		1
#define MSG_RECEIVE		2
#define MSG_RECEIVE_TIMEOUT	0x100
#define COPY_SEND		19
#define MAKE_SEND		20
#define MAKE_SEND_ONCE		21
#define WORD_TYPE		0x10012002u
#define NAME_TYPE		0x1001200fu
#define BOOLEAN_TYPE		0x10012000u
#define ROUTINE_VM_ALLOCATE	2021
#define ROUTINE_PORT_TYPE	3201

struct packet {
	word	bits, size, remote, local, seqno, id;
	word	body[64];
};

#define HEADER (sizeof(struct packet) - sizeof((struct packet *) 0)->body)

static word reply_port;

static int exchange(struct packet *packet, word options, word size)
{
	return mach_msg((mach_msg_header_t *) packet, options, size, sizeof *packet, reply_port, 10,
			0);
}

static int call(struct packet *packet, word port, word id, word words)
{
	packet->bits = COPY_SEND | MAKE_SEND_ONCE << 8;
	packet->size = HEADER + 4 * words;
	packet->remote = port;
	packet->local = reply_port;
	packet->seqno = 0;
	packet->id = id;
	return exchange(packet, MSG_SEND | MSG_RECEIVE, packet->size);
}

static void test_request(void)
{
	struct packet packet = { .body = { NAME_TYPE, reply_port } };

	check(call(&packet, mach_task_self(), ROUTINE_PORT_TYPE, 2) == 0,
	      "a request goes and its reply comes");
	check(packet.id == ROUTINE_PORT_TYPE + 100, "the reply's id");
	check(packet.bits == 18 << 8 && packet.size == 40, "its bits and size");
	check(packet.body[0] == WORD_TYPE && packet.body[1] == 0, "its return code");
	check(packet.body[2] == WORD_TYPE && packet.body[3] == 0x20000, "its answer");
}

static void test_memory_by_hand(void)
{
	struct packet packet = { .body = { WORD_TYPE, 0, WORD_TYPE, 2 * PAGE, BOOLEAN_TYPE, 1 } };
	volatile char *memory;

	check(call(&packet, mach_task_self(), ROUTINE_VM_ALLOCATE, 6) == 0 && packet.body[1] == 0,
	      "vm_allocate by hand");
	memory = (char *) packet.body[3];
	check(memory[0] == 0 && memory[2 * PAGE - 1] == 0, "the memory is there and zero");
	memory[2 * PAGE - 1] = 5;
	check(memory[2 * PAGE - 1] == 5, "and can be written");
}

static void test_message_to_self(void)
{
	struct packet packet = {
		.bits = MAKE_SEND, .size = HEADER + 4, .remote = reply_port, .id = 77,
		.body = { 0x12345678 },
	};

	check(exchange(&packet, MSG_SEND, HEADER + 4) == 0, "a message to oneself");
	packet.body[0] = 0;
	check(exchange(&packet, MSG_RECEIVE, 0) == 0 && packet.id == 77
	      && packet.body[0] == 0x12345678, "and what it is");
	check(exchange(&packet, MSG_RECEIVE | MSG_RECEIVE_TIMEOUT, 0) == 0x10004003,
	      "then there is none");
}

void test_raw(void)
{
	reply_port = mach_reply_port();
	test_request();
	test_memory_by_hand();
	test_message_to_self();
}
