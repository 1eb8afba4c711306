/* SPDX-License-Identifier: BSD-2-Clause */
/* What goes on in the arena.  A fighter that has been sent back knows nothing of what it did. */
#include "arena.h"

#include <libmach/string.h>
#include <mach.h>
#include <mach/gnumach.h>
#include <mach/gsync.h>
#include <mach/mach_host.h>
#include <mach/policy.h>
#include <mach/thread_switch.h>
#include <mach/vm_param.h>

#include "../common/messages.h"

#define SELF		mach_task_self()
#define CALL_ID		5000
#define REPLY_ID	5100
#define RAISE_ID	2400
#define PATTERN_WORDS	20
#define PAGE_WORDS	(PAGE_SIZE / sizeof(uint32_t))
#define SHORT_WAIT	30

struct arena *arena;

/* With what it was: a code, or an id. */
static void note(enum wrong wrong, uint32_t what)
{
	arena->what[wrong] = what;
	__atomic_fetch_add(&arena->wrong[wrong], 1, __ATOMIC_RELAXED);
}

static void count(volatile unsigned int *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

/* --- messages: whole or untouched ------------------------------------------------------------- */

/* A pattern of words, a right, a page out of line; all follows from the first word. */
static void fill_call(struct message *message, uint32_t *page, uint32_t seed, mach_port_t to,
	mach_port_t reply)
{
	message_init(message, to, MACH_MSG_TYPE_COPY_SEND, reply,
		reply == MACH_PORT_NULL ? 0 : MACH_MSG_TYPE_MAKE_SEND_ONCE);
	message->header.msgh_id = CALL_ID;
	message_type(message, MACH_MSG_TYPE_INTEGER_32, 32, PATTERN_WORDS, TYPE_INLINE);
	for (uint32_t i = 0; i < PATTERN_WORDS; i++)
		message_word(message, seed + i);
	message_right(message, NAME_SERVICE, MACH_MSG_TYPE_COPY_SEND);
	for (uint32_t i = 0; i < PAGE_WORDS; i++)
		page[i] = seed ^ i;
	message_memory(message, MACH_MSG_TYPE_INTEGER_32, 32, PAGE_WORDS, page, 0);
}

#define RIGHT_WORD	(1 + PATTERN_WORDS + 1)
#define ADDRESS_WORD	(RIGHT_WORD + 4)
#define CALL_SIZE	(sizeof(mach_msg_header_t) + (ADDRESS_WORD + 1) * sizeof(uint32_t))

/* Has nothing of it been lost?  The address must be one that we have. */
static boolean_t is_whole(const struct message *message)
{
	uint32_t seed = message->body[1];
	const volatile uint32_t *page = (const uint32_t *) message->body[ADDRESS_WORD];

	if (message->header.msgh_id != CALL_ID || message->header.msgh_size != CALL_SIZE)
		return FALSE;
	for (uint32_t i = 0; i < PATTERN_WORDS; i++)
		if (message->body[1 + i] != seed + i)
			return FALSE;
	return message->body[RIGHT_WORD] == NAME_SERVICE && page[0] == seed
		&& page[PAGE_WORDS - 1] == (seed ^ (PAGE_WORDS - 1));
}

/* What could not be sent is given back: with rights and memory of ours, and the same contents. */
static void take_back(struct message *message)
{
	count(&arena->given_back);
	if (!is_whole(message))
		note(WRONG_GIVEN_BACK, message->header.msgh_id);
	else
		mach_msg_destroy(&message->header);
}

static void call(struct fighter *self)
{
	struct message message;
	uint32_t page[PAGE_WORDS], seed = chance(self, 1u << 24);
	mach_msg_return_t result;

	fill_call(&message, page, seed, NAME_SERVICE, self->reply);
	result = mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_RCV_MSG,
		message.header.msgh_size, sizeof message, self->reply, 0, MACH_PORT_NULL);
	if (result == MACH_SEND_INTERRUPTED) {
		take_back(&message);
	} else if (result == MACH_RCV_INTERRUPTED) {
		mach_port_destroy(SELF, self->reply);	/* an answer may still come */
		self->reply = mach_reply_port();
	} else if (result != MACH_MSG_SUCCESS) {
		note(WRONG_RESULT, result);
	} else if (message.header.msgh_id != REPLY_ID || message.body[1] != seed) {
		if (message.header.msgh_id != MACH_NOTIFY_SEND_ONCE)	/* who served it ended */
			note(WRONG_REPLY, message.header.msgh_id);
	} else {
		count(&arena->calls);
	}
}

/* Nobody takes it. */
static void send_in_vain(struct fighter *self)
{
	struct message message;
	uint32_t page[PAGE_WORDS];
	mach_msg_return_t result;

	fill_call(&message, page, chance(self, 1u << 24), NAME_FULL, MACH_PORT_NULL);
	result = mach_msg_trap(&message.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT,
		message.header.msgh_size, 0, MACH_PORT_NULL, chance(self, SHORT_WAIT),
		MACH_PORT_NULL);
	if (result == MACH_SEND_INTERRUPTED || result == MACH_SEND_TIMED_OUT)
		take_back(&message);
	else
		note(WRONG_RESULT, result);
}

static void receive_in_vain(struct fighter *self)
{
	struct message message;
	mach_msg_return_t result = mach_msg_trap(&message.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT,
		0, sizeof message, NAME_QUIET, chance(self, SHORT_WAIT), MACH_PORT_NULL);

	if (result != MACH_RCV_INTERRUPTED && result != MACH_RCV_TIMED_OUT)
		note(WRONG_RESULT, result);
}

/* --- serving ---------------------------------------------------------------------------------- */

static void answer(const struct message *request, mach_msg_id_t id, uint32_t word)
{
	struct message reply;

	message_init(&reply, request->header.msgh_remote_port, MACH_MSG_TYPE_MOVE_SEND_ONCE,
		MACH_PORT_NULL, 0);
	reply.header.msgh_id = id;
	message_type(&reply, MACH_MSG_TYPE_INTEGER_32, 32, 1, TYPE_INLINE);
	message_word(&reply, word);
	if (message_send(&reply) != MACH_MSG_SUCCESS)
		mach_msg_destroy(&reply.header);
}

static void serve_break(struct message *request)
{
	count(&arena->breaks);
	mach_port_deallocate(SELF, request->body[1]);
	mach_port_deallocate(SELF, request->body[3]);
	answer(request, RAISE_ID + 100, KERN_SUCCESS);
}

static void serve_call(struct message *request)
{
	uint32_t seed = request->body[1];
	struct message rest = *request;

	if (!is_whole(request)) {
		note(WRONG_REQUEST, seed);
		return;
	}
	answer(request, REPLY_ID, seed);
	rest.header.msgh_remote_port = MACH_PORT_NULL;
	rest.header.msgh_bits &= ~MACH_MSGH_BITS_PORTS_MASK;
	mach_msg_destroy(&rest.header);
}

static void serve(struct fighter *self)
{
	struct message request;
	mach_msg_return_t result = mach_msg_trap(&request.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT,
		0, sizeof request, NAME_SERVED, 1 + chance(self, SHORT_WAIT), MACH_PORT_NULL);

	if (result == MACH_RCV_INTERRUPTED || result == MACH_RCV_TIMED_OUT)
		return;
	if (result != MACH_MSG_SUCCESS)
		note(WRONG_RESULT, result);
	else if (request.header.msgh_id == RAISE_ID)
		serve_break(&request);
	else if (request.header.msgh_id == CALL_ID)
		serve_call(&request);
	else
		note(WRONG_REQUEST, request.header.msgh_id);
}

/* --- other waits ------------------------------------------------------------------------------ */

static void have_exception(struct fighter *self)
{
	(void) self;
	__asm__ volatile("int3");
}

static void wait_for_word(struct fighter *self)
{
	gsync_wait(SELF, (vm_address_t) &arena->word, 0, 0, 1 + chance(self, SHORT_WAIT),
		GSYNC_TIMED);
}

static void wake_words(struct fighter *self)
{
	gsync_wake(SELF, (vm_address_t) &arena->word, 0, chance(self, 2) ? GSYNC_BROADCAST : 0);
}

static void give_way(struct fighter *self)
{
	thread_switch(NAME_FIGHTER + chance(self, FIGHTERS), (int) chance(self, 3),
		chance(self, SHORT_WAIT));
}

static void wait_for_pager(struct fighter *self)
{
	if (chance(self, 4) == 0)
		(void) *(volatile char *) arena->paged;
}

static void fault_in_page(struct fighter *self)
{
	vm_address_t page = 0;
	uint32_t mark = chance(self, 1u << 24);

	if (syscall_vm_allocate(SELF, &page, PAGE_SIZE, TRUE) != KERN_SUCCESS)
		return;
	*(volatile uint32_t *) page = mark;
	if (*(volatile uint32_t *) page != mark)
		note(WRONG_MEMORY, mark);
	syscall_vm_deallocate(SELF, page, PAGE_SIZE);
}

/* --- at another ------------------------------------------------------------------------------- */

static mach_port_t another(struct fighter *self)
{
	return NAME_FIGHTER + chance(self, FIGHTERS);
}

static void suspend_another(struct fighter *self)
{
	thread_suspend(another(self));
}

static void resume_others(struct fighter *self)
{
	for (unsigned int i = chance(self, FIGHTERS); i > 0; i--)
		thread_resume(another(self));
}

static void abort_another(struct fighter *self)
{
	thread_abort(another(self));
}

static void end_another(struct fighter *self)
{
	if (chance(self, 4) == 0)
		thread_terminate(another(self));
}

/* Where it is: it may be anywhere. */
static void send_back(struct fighter *self)
{
	unsigned int index = chance(self, FIGHTERS);
	struct i386_thread_state state;

	if (chance(self, 4) != 0)
		return;
	fighter_begin(index, &state);
	thread_set_state(NAME_FIGHTER + index, i386_THREAD_STATE, (thread_state_t) &state,
		i386_THREAD_STATE_COUNT);
}

/* As a debugger does it, with all kinds of state. */
static void stop_and_look(struct fighter *self)
{
	static const int flavors[] = { i386_THREAD_STATE, i386_FLOAT_STATE, i386_DEBUG_STATE,
		i386_REGS_SEGS_STATE };
	mach_port_t thread = another(self);
	int flavor = flavors[chance(self, 4)];
	unsigned int words[i386_THREAD_STATE_COUNT + i386_FLOAT_STATE_COUNT];
	mach_msg_type_number_t count = sizeof words / sizeof words[0];

	if (thread_suspend(thread) != KERN_SUCCESS)
		return;
	if (thread_abort(thread) == KERN_SUCCESS && chance(self, 2) == 0
			&& thread_get_state(thread, flavor, words, &count) == KERN_SUCCESS)
		thread_set_state(thread, flavor, words, count);
	thread_resume(thread);
}

static void look(struct fighter *self)
{
	struct thread_basic_info info;
	mach_msg_type_number_t count = THREAD_BASIC_INFO_COUNT;

	thread_info(another(self), THREAD_BASIC_INFO, (thread_info_t) &info, &count);
}

static void change_priority(struct fighter *self)
{
	mach_port_t thread = another(self);

	switch (chance(self, 3)) {
	case 0:
		thread_priority(thread, 20 + (int) chance(self, 20), FALSE);
		break;
	case 1:
		thread_depress_abort(thread);
		break;
	default:
		thread_policy(thread, POLICY_TIMESHARE, 0);
		break;
	}
}

/* The first may well be the last that we do before somebody outside resumes us all. */
static void stop_all(struct fighter *self)
{
	if (chance(self, 8) != 0)
		return;
	task_suspend(SELF);
	task_resume(SELF);
}

static void (*const deeds[])(struct fighter *) = {
	call, call, call, call, send_in_vain, receive_in_vain, have_exception, have_exception,
	wait_for_word, wake_words, give_way, wait_for_pager, fault_in_page,
	suspend_another, resume_others, resume_others, abort_another, end_another, send_back,
	stop_and_look, look, change_priority, stop_all,
};

static __attribute__((used, cdecl)) _Noreturn void fight(unsigned int index)
{
	struct fighter *self = &arena->fighters[index];

	mach_port_destroy(SELF, self->reply);
	self->reply = mach_reply_port();
	for (;;) {
		if (index < SERVERS && chance(self, 8) != 0)
			serve(self);
		else
			deeds[chance(self, sizeof deeds / sizeof deeds[0])](self);
		self->steps++;
	}
}

/* Its number is in ebx: what is in eax the end of a trap may still change. */
__asm__(".text\nfighter_start:\n\tpushl %ebx\n\tcall fight\n");
extern char fighter_start[];

void fighter_begin(unsigned int index, struct i386_thread_state *state)
{
	memset(state, 0, sizeof *state);
	state->ebx = index;
	state->eip = (uintptr_t) fighter_start;
	state->uesp = arena->fighters[index].stack;
}

/* --- the names -------------------------------------------------------------------------------- */

static void make_port(mach_port_t name)
{
	mach_port_allocate_name(SELF, MACH_PORT_RIGHT_RECEIVE, name);
	mach_port_insert_right(SELF, name, name, MACH_MSG_TYPE_MAKE_SEND);
}

void arena_open(void *unused)
{
	(void) unused;
	for (mach_port_t name = NAME_SERVICE; name <= NAME_QUIET; name++)
		if (name != NAME_SERVED)
			make_port(name);
	mach_port_allocate_name(SELF, MACH_PORT_RIGHT_PORT_SET, NAME_SERVED);
	mach_port_move_member(SELF, NAME_SERVICE, NAME_SERVED);
	mach_port_move_member(SELF, NAME_BREAKS, NAME_SERVED);
	mach_port_set_qlimit(SELF, NAME_FULL, 0);
	task_set_exception_port(SELF, NAME_BREAKS);
	vm_map(SELF, &arena->paged, PAGE_SIZE, 0, TRUE, NAME_FULL, 0, FALSE, VM_PROT_READ,
		VM_PROT_READ, VM_INHERIT_NONE);
	arena->open = TRUE;
	for (;;)
		thread_switch(MACH_PORT_NULL, SWITCH_OPTION_WAIT, 1000000);
}
