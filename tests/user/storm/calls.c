/* SPDX-License-Identifier: BSD-2-Clause */
/* Traps and kernel calls at random. */
#include <mach.h>
#include <mach/task_special_ports.h>

#include "../../../libmach/internal.h"
#include "storm.h"

#define TRAP_LAST	129
#define TRAP_MACH_MSG	25
#define TRAP_PRINT	30
#define TRAP_SWITCH	61
#define TRAP_DEALLOCATE	66
#define TRAP_TERMINATE	69
#define TRAP_SUSPEND	70

#define ID_TASK_TERMINATE	2008
#define ID_VM_DEALLOCATE	2023
#define ID_VM_PROTECT		2024
#define ID_VM_WRITE		2027
#define ID_VM_COPY		2028
#define ID_TASK_SUSPEND		2056
#define ID_SET_MAX_PRIORITY	2623
#define ID_POLICY_ENABLE	2625
#define ID_POLICY_DISABLE	2626
#define ID_SET_TIME		2632
#define ID_ADJUST_TIME		2633
#define ID_REBOOT		2635
#define ID_SET_TIME64		2644
#define ID_ADJUST_TIME64	2645
#define ID_SET_LIMITS		4802
#define ID_SET_TASK_LIMITS	4804
#define ID_IPC_CHECK		4830	/* finds faults where others are in a call */
#define ID_SET_ESSENTIAL	4211

/* --- traps ------------------------------------------------------------------------------------ */

static const unsigned char real_traps[] = {
	17, 18, 25, 26, 27, 28, 29, 30, 39, 40, 59, 60, 61, 64, 65, 66, 68, 69, 70, 71, 72, 73, 74,
	75, 76, 77,
};

/* Addresses of nothing, so that nothing is printed. */
static uint32_t unprintable(struct worker_state *self)
{
	return once_in(self, 2) ? 0xc0000000u + (random_word(self) >> 2) : 0xb0000000u;
}

/* What would take a worker's own code and stack from it does so seldom. */
static void stay_in_arena(struct worker_state *self, uint32_t *address, uint32_t *size)
{
	*address = ARENA + random_below(self, ARENA_SIZE);
	*size = random_below(self, ARENA + ARENA_SIZE - *address + 1);
}

static void tame(struct worker_state *self, int number, uint32_t *arguments)
{
	switch (number) {
	case TRAP_PRINT:
		arguments[0] = unprintable(self);
		break;
	case TRAP_SWITCH:
		if (arguments[2] > 10 && !once_in(self, 16))
			arguments[2] = 3;
		break;
	case TRAP_MACH_MSG:
		if (!once_in(self, 8)) {
			arguments[1] |= MACH_SEND_TIMEOUT | MACH_RCV_TIMEOUT;
			arguments[5] &= 7;
		}
		break;
	case TRAP_DEALLOCATE:
		if (arguments[0] == mach_task_self() && !once_in(self, 128))
			stay_in_arena(self, &arguments[1], &arguments[2]);
		break;
	case TRAP_TERMINATE:
	case TRAP_SUSPEND:
		if (arguments[0] == mach_task_self() && !once_in(self, 1024))
			arguments[0] = victim_task;
		break;
	}
}

void step_trap(struct worker_state *self)
{
	uint32_t arguments[ARGUMENTS];
	int number = real_traps[random_below(self, sizeof real_traps)];
	boolean_t sysenter = mach_used_entry() == MACH_ENTRY_SYSENTER && once_in(self, 2);

	if (once_in(self, 16))
		number = random_below(self, TRAP_LAST + 8);
	for (unsigned int i = 0; i < ARGUMENTS; i++)
		arguments[i] = random_argument(self);
	if (once_in(self, 2))
		arguments[0] = mach_task_self();
	tame(self, number, arguments);
	storm_trap(once_in(self, 64) ? (int) random_word(self) | INT32_MIN : -number, arguments,
		sysenter);
}

/* --- calls ------------------------------------------------------------------------------------ */

kern_return_t call_stub(unsigned int index, const uint32_t a[ARGUMENTS])
{
	return storm_stubs[index](a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9],
		a[10], a[11]);
}

void hook_messages(message_hook_t hook)
{
	mach_msg_entry = (mach_entry_t) (uintptr_t) hook;
}

boolean_t is_forbidden(const mach_msg_header_t *request)
{
	mach_port_t to = request->msgh_remote_port;

	switch (request->msgh_id) {
	case ID_REBOOT:
	case ID_SET_TIME:
	case ID_ADJUST_TIME:
	case ID_SET_TIME64:
	case ID_ADJUST_TIME64:
	case ID_IPC_CHECK:
		return to == NAME_HOST_PRIV;
	case ID_SET_MAX_PRIORITY:
	case ID_POLICY_ENABLE:
	case ID_POLICY_DISABLE:
		return to == NAME_PSET;
	case ID_SET_ESSENTIAL:		/* a death is the end of all then */
		return TRUE;
	default:
		return FALSE;
	}
}

static boolean_t is_suicide(const mach_msg_header_t *request)
{
	return (request->msgh_id == ID_TASK_TERMINATE || request->msgh_id == ID_TASK_SUSPEND)
		&& request->msgh_remote_port == mach_task_self();
}

/* The address comes first, after its type; then the size, and for vm_copy where to. */
static void tame_memory(struct worker_state *self, mach_msg_header_t *message, mach_msg_size_t size)
{
	uint32_t *body = (uint32_t *) (message + 1), end;

	if (size < sizeof *message + 4 * sizeof *body)
		return;
	switch (message->msgh_id) {
	case ID_VM_DEALLOCATE:
	case ID_VM_PROTECT:
		stay_in_arena(self, &body[1], &body[3]);
		break;
	case ID_VM_WRITE:
		stay_in_arena(self, &body[1], &end);
		break;
	case ID_VM_COPY:
		if (size >= sizeof *message + 6 * sizeof *body)
			stay_in_arena(self, &body[5], &body[3]);
		break;
	}
}

static void change_something(struct worker_state *self, mach_msg_header_t *message,
	mach_msg_size_t *size)
{
	uint32_t *words = (uint32_t *) message;
	unsigned int count = *size / 4;

	switch (random_below(self, 8)) {
	case 0:
		*size += once_in(self, 2) ? 4 : -4;
		break;
	case 1:
		message->msgh_bits ^= MACH_MSGH_BITS_COMPLEX;
		break;
	case 2:
		message->msgh_bits ^= 1u << random_below(self, 32);
		break;
	case 3:
		message->msgh_remote_port = random_name(self);
		break;
	case 4:
		message->msgh_id += random_below(self, 16) - 8;
		break;
	case 5:
		words[random_below(self, count)] ^= 1u << random_below(self, 32);
		break;
	default:
		if (count > 6)
			words[6 + random_below(self, count - 6)] = random_argument(self);
	}
}

mach_msg_return_t change_call(struct worker_state *self, mach_msg_header_t *message,
	mach_msg_option_t option, mach_msg_size_t send_size, mach_msg_size_t rcv_size,
	mach_port_t rcv_name)
{
	mach_msg_timeout_t timeout = 0;

	if (send_size >= sizeof *message && once_in(self, 4))
		change_something(self, message, &send_size);
	if (message->msgh_remote_port == mach_task_self() && !once_in(self, 64))
		tame_memory(self, message, send_size);
	if (is_forbidden(message) || (is_suicide(message) && !once_in(self, 1024)))
		return MACH_SEND_INVALID_DEST;
	if (!once_in(self, 8)) {
		option |= MACH_SEND_TIMEOUT | MACH_RCV_TIMEOUT;
		timeout = 5;
	}
	return mach_msg_trap(message, option, send_size, rcv_size, rcv_name, timeout,
		MACH_PORT_NULL);
}

/* Most calls are about the task itself, some about threads. */
static mach_port_t random_target(struct worker_state *self)
{
	switch (random_below(self, 8)) {
	case 0:
		return victim_task;
	case 1:
		return victim_thread;
	case 2:
		return workers[random_below(self, WORKERS)].thread;
	case 3:
		return random_name(self);
	default:
		return mach_task_self();
	}
}

void step_call(struct worker_state *self)
{
	uint32_t arguments[ARGUMENTS];

	for (unsigned int i = 0; i < ARGUMENTS; i++)
		arguments[i] = random_argument(self);
	arguments[0] = random_target(self);
	call_stub(random_below(self, storm_stub_count), arguments);
}

/* --- threads against each other --------------------------------------------------------------- */

void step_thread(struct worker_state *self)
{
	mach_port_t thread = workers[random_below(self, WORKERS)].thread;
	mach_port_t name = MACH_PORT_NULL;

	if (once_in(self, 4))
		thread = victim_thread;
	switch (random_below(self, 12)) {
	case 0:
		thread_suspend(thread);
		break;
	case 1:
	case 2:
		thread_abort(thread);
		break;
	case 3:
		if (once_in(self, 4))
			thread_terminate(thread);
		break;
	case 4:
		thread_switch(thread, random_below(self, 3), 1);
		break;
	case 5:
		if (thread_create(once_in(self, 2) ? victim_task : mach_task_self(), &name)
				== KERN_SUCCESS) {
			if (once_in(self, 2))
				thread_terminate(name);
			mach_port_deallocate(mach_task_self(), name);
		}
		break;
	case 6:
		thread_set_exception_port(thread, random_name(self));
		break;
	case 7:
		task_suspend(victim_task);
		break;
	case 8:
		task_resume(victim_task);
		break;
	case 9:
		if (once_in(self, 4))
			task_terminate(victim_task);
		break;
	default:
		thread_resume(thread);
	}
}

/* Registers of others and of one's own. */
void step_state(struct worker_state *self)
{
	static const unsigned char counts[] = { 4, 17, 30, 32, 2, 17, 8, 2, 32 };
	mach_port_t thread = workers[random_below(self, WORKERS)].thread;
	uint32_t state[64];
	unsigned int flavor = random_below(self, sizeof counts);
	mach_msg_type_number_t count = counts[flavor];

	for (unsigned int i = 0; i < 64; i++)
		state[i] = once_in(self, 2) ? random_argument(self) : random_below(self, 0x60);
	if (once_in(self, 2)) {
		thread_get_state(thread, flavor, state, &count);
		state[random_below(self, 32)] = random_argument(self);
	}
	if (once_in(self, 8))
		count = random_below(self, 64);
	if (once_in(self, 2))
		thread_set_state(thread, flavor, state, count);
	else
		storm_trap(-77, (uint32_t[ARGUMENTS]) { flavor, (uintptr_t) state, count }, FALSE);
}

/* --- code ------------------------------------------------------------------------------------- */

/* Instructions that mean something to a kernel; each is its length and its bytes. */
static const unsigned char pieces[][9] = {
	{ 7, 0x9a, 0, 0, 0, 0, 7, 0 },				/* lcall $7, $0 */
	{ 2, 0x0f, 0x34 },					/* sysenter */
	{ 6, 0x89, 0xe1, 0x89, 0xfa, 0x0f, 0x34 },		/* sysenter, edx = edi */
	{ 2, 0x0f, 0x35 },					/* sysexit */
	{ 2, 0x0f, 0x05 },					/* syscall */
	{ 1, 0xcc }, { 1, 0xce }, { 2, 0xcd, 0x80 }, { 2, 0xcd, 0x0e }, { 2, 0xcd, 0x02 },
	/* iret, with NT: without it some emulators are slow to find out that it fails */
	{ 7, 0x68, 0x02, 0x40, 0, 0, 0x9d, 0xcf },
	{ 6, 0x68, 0x02, 0x43, 0, 0, 0x9d },			/* TF and NT */
	{ 6, 0x68, 0x02, 0x45, 0x04, 0, 0x9d },			/* TF, DF, NT, AC */
	{ 6, 0x68, 0x02, 0x40, 0, 0, 0x9d },			/* NT */
	{ 1, 0xfd }, { 1, 0xf4 }, { 1, 0xfa }, { 1, 0xec },
	{ 2, 0x8e, 0xd8 }, { 2, 0x8e, 0xc0 }, { 2, 0x8e, 0xe0 }, { 2, 0x8e, 0xe8 },
	{ 2, 0x8e, 0xd0 },					/* mov eax to ds, es, fs, gs, ss */
	{ 4, 0x6a, 0x1f, 0x0f, 0xa9 },				/* gs = 0x1f */
	{ 4, 0x31, 0xc0, 0x8e, 0xd8 }, { 4, 0x31, 0xc0, 0x8e, 0xe8 },
	{ 4, 0xb0, 0x1b, 0x8e, 0xe8 },
	{ 2, 0xdb, 0xe3 }, { 2, 0xd9, 0xee }, { 2, 0xde, 0xf9 }, { 1, 0x9b },
	{ 3, 0x0f, 0x28, 0xc1 }, { 3, 0x0f, 0xae, 0x0f }, { 3, 0x0f, 0xae, 0x07 },
	{ 5, 0xb8, 0xe7, 0xff, 0xff, 0xff },			/* a trap number */
	{ 5, 0xb8, 0xe5, 0xff, 0xff, 0xff },
	{ 2, 0x31, 0xe4 },					/* esp = 0 */
	{ 5, 0xbc, 0x04, 0, 0, 0xc0 },				/* esp in the kernel */
	{ 5, 0xbc, 0xfc, 0xff, 0xff, 0xbf },			/* esp at the end of users */
	{ 2, 0x0f, 0x0b }, { 2, 0x0f, 0xa2 }, { 2, 0x0f, 0x31 }, { 1, 0xc3 },
	{ 3, 0x8b, 0x40, 0x04 }, { 3, 0x0f, 0x00, 0xd8 }, { 3, 0x0f, 0x01, 0x07 },
	{ 3, 0x0f, 0x22, 0xd8 }, { 2, 0x0f, 0x09 },
};

void step_code(struct worker_state *self)
{
	uint8_t *code = (uint8_t *) ARENA + ARENA_SIZE / 2 + 0x1000
		* (unsigned int) (self - workers);
	unsigned int length = 0;
	uint32_t eax = random_argument(self), edi = random_argument(self);

	for (unsigned int n = 1 + random_below(self, 6); n > 0; n--) {
		const unsigned char *piece = pieces[random_below(self, sizeof pieces
			/ sizeof pieces[0])];

		if (once_in(self, 6))
			code[length++] = random_word(self);
		for (unsigned int i = 1; i <= piece[0]; i++)
			code[length++] = piece[i];
	}
	code[length++] = 0xc3;
	__asm__ volatile("pushl %%ebp; pushl %%ebx; pushfl; call *%2; popfl; popl %%ebx; popl %%ebp"
		: "+a" (eax), "+D" (edi) : "S" (code) : "ecx", "edx", "memory");
}
