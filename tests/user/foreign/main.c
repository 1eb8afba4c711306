/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program that was not made for this kernel: it includes no header of ours and calls nothing
 * of our library.  Its trap stubs, types, constants and requests are its own, as other people's
 * are; only what the ABI says is the same.
 */

typedef unsigned int word;

#define MSG_SEND		1
#define MSG_RECEIVE		2
#define MSG_RECEIVE_TIMEOUT	0x100
#define COPY_SEND		19
#define MAKE_SEND		20
#define MAKE_SEND_ONCE		21
#define WORD_TYPE		0x10012002u
#define NAME_TYPE		0x1001200fu
#define ROUTINE_TASK_SUSPEND	2056
#define ROUTINE_VM_ALLOCATE	2021
#define ROUTINE_PORT_TYPE	3201
#define ROUTINE_HOST_REBOOT	2635
#define HALT			8

struct header {
	word	bits, size, remote, local, seqno;
	int	id;
};

struct packet {
	struct header	header;
	word		body[64];
};

/* Each stub: the trap's number in eax, a far call, and the caller's arguments where they are. */
#define TRAP(name, number) \
	__asm__(".text\n" #name ":\n\tmovl $" #number ", %eax\n\tlcall $7, $0\n\tret\n")

TRAP(foreign_mach_msg, -25);
TRAP(foreign_reply_port, -26);
TRAP(foreign_task_self, -28);
TRAP(foreign_host_self, -29);
TRAP(foreign_print, -30);

int foreign_mach_msg(void *, word, word, word, word, word, word);
word foreign_reply_port(void);
word foreign_task_self(void);
word foreign_host_self(void);
void foreign_print(const char *);

static word reply_port;
static int number;

static void report(int good, const char *name)
{
	static char digits[] = "00 - ";

	number++;
	digits[0] = '0' + number / 10;
	digits[1] = '0' + number % 10;
	foreign_print(good ? "ok " : "not ok ");
	foreign_print(number < 10 ? digits + 1 : digits);
	foreign_print(name);
	foreign_print("\n");
}

static int call(struct packet *packet, word port, int id, word words)
{
	packet->header.bits = COPY_SEND | MAKE_SEND_ONCE << 8;
	packet->header.size = sizeof packet->header + 4 * words;
	packet->header.remote = port;
	packet->header.local = reply_port;
	packet->header.seqno = 0;
	packet->header.id = id;
	return foreign_mach_msg(packet, MSG_SEND | MSG_RECEIVE, packet->header.size,
		sizeof *packet, reply_port, 0, 0);
}

/* A request to one's own task, with one argument, and its answer. */
static void test_port_type(word task)
{
	struct packet packet;
	int result;

	packet.body[0] = NAME_TYPE;
	packet.body[1] = reply_port;
	result = call(&packet, task, ROUTINE_PORT_TYPE, 2);
	report(result == 0, "the message goes and the reply comes");
	report(packet.header.id == ROUTINE_PORT_TYPE + 100, "the reply's id");
	report(packet.header.bits == 18 << 8 && packet.header.size == 40, "its bits and size");
	report(packet.body[0] == WORD_TYPE && packet.body[1] == 0, "its return code");
	report(packet.body[2] == WORD_TYPE && packet.body[3] == 0x20000, "its answer");
}

static void test_vm_allocate(word task)
{
	struct packet packet;
	volatile char *memory;

	packet.body[0] = WORD_TYPE;
	packet.body[1] = 0;
	packet.body[2] = WORD_TYPE;
	packet.body[3] = 8192;
	packet.body[4] = 0x10012000u;
	packet.body[5] = 1;
	report(call(&packet, task, ROUTINE_VM_ALLOCATE, 6) == 0 && packet.body[1] == 0,
		"vm_allocate");
	memory = (char *) packet.body[3];
	report(memory[0] == 0 && memory[8191] == 0, "the memory is there and zero");
	memory[8191] = 5;
	report(memory[8191] == 5, "and can be written");
}

static void test_message_to_self(void)
{
	struct packet packet;
	int result;

	packet.header = (struct header) {
		.bits = MAKE_SEND,
		.size = 28,
		.remote = reply_port,
		.id = 77,
	};
	packet.body[0] = 0x12345678;
	result = foreign_mach_msg(&packet, MSG_SEND, 28, 0, 0, 0, 0);
	report(result == 0, "a message to itself");
	packet.body[0] = 0;
	result = foreign_mach_msg(&packet, MSG_RECEIVE, 0, sizeof packet, reply_port, 0, 0);
	report(result == 0 && packet.header.id == 77 && packet.body[0] == 0x12345678,
		"and what it is");
	result = foreign_mach_msg(&packet, MSG_RECEIVE | MSG_RECEIVE_TIMEOUT, 0, sizeof packet,
		reply_port, 10, 0);
	report(result == 0x10004003, "then there is none");
}

static word parse(const char *text)
{
	word value = 0;

	while (*text != '\0')
		value = value * 10 + (*text++ - '0');
	return value;
}

static int ends_in(const char *text, const char *end)
{
	const char *at = end;

	for (; *text != '\0'; text++)
		at = *text == *at ? at + 1 : *text == *end ? end + 1 : end;
	return *at == '\0';
}

/* The stack at the start, as the System V ABI has it: argc, argv, 0, envp, 0. */
static void test_start(char **stack)
{
	word argc = (word) stack[0];
	char **argv = stack + 1;

	report(argc >= 2 && argv[argc] == 0, "arguments");
	report(ends_in(argv[0], "foreign"), "the program's name");
}

/* Where the program begins: not in the library's start-up. */
__asm__(".text\n.globl _start\n_start:\n\tpushl %esp\n\tcall begin\n");

void begin(char **stack);

void begin(char **stack)
{
	struct packet packet;
	word task = foreign_task_self();

	reply_port = foreign_reply_port();
	foreign_print("TAP version 13\n1..13\n");
	test_start(stack);
	test_port_type(task);
	test_vm_allocate(task);
	test_message_to_self();
	packet.body[0] = WORD_TYPE;
	packet.body[1] = HALT;
	call(&packet, parse(stack[2]), ROUTINE_HOST_REBOOT, 2);
	foreign_print("# the machine does not halt\n");
	for (;;)
		;
}

/* The library's start-up, linked though never reached, refers to it. */
int main(void);

int main(void)
{
	return 1;
}
