/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All that a thread has, in all flavours, is read and set wherever the thread is: while it runs, in
 * mach_msg, at a page fault, at an exception; suspended there or not.  It goes on with what was set.
 */
#include "tests.h"

#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach/i386/mach_i386.h>
#include <mach/vm_param.h>

#include "../common/fault.h"
#include "../common/messages.h"
#include "../common/pager.h"
#include "../common/ports.h"
#include "../common/tap.h"

/* What the thread finds in its registers when it has gone on. */
static volatile struct {
	unsigned int	ebx, gs, xmm[4];
	unsigned short	control;
} seen;

static mach_port_t port, thread;
static volatile boolean_t go;
static struct message received;
static struct object object;
static vm_address_t paged;

#define BEFORE	"pushl %%gs\n\tpushl %%ebx\n\tfninit\n\txorl %%ebx, %%ebx\n\t"
#define AFTER	"\n\tmovl %%ebx, %0\n\tmovl %%gs, %%ebx\n\tmovl %%ebx, %1\n\tfnstcw %2\n\t" \
	"movups %%xmm0, %3\n\tfninit\n\tpopl %%ebx\n\tpopl %%gs"
#define DR7_ONE	0x400u		/* is always set */
#define SEEN	"=m" (seen.ebx), "=m" (seen.gs), "=m" (seen.control), "=m" (seen.xmm)

/* --- places ----------------------------------------------------------------------------------- */

static void run(void *unused)
{
	(void) unused;
	__asm__ volatile(BEFORE "1:\tcmpl $0, %4\n\tje 1b" AFTER : SEEN : "m" (go) : "cc", "memory");
}

static void let_run(void)
{
	go = TRUE;
}

static void receive(void *unused)
{
	static unsigned int arguments[8];
	const unsigned int good[8] = { 0, (uintptr_t) &received, MACH_RCV_MSG, 0, sizeof received,
		port, 0, MACH_PORT_NULL };

	(void) unused;
	memcpy(arguments, good, sizeof arguments);
	__asm__ volatile(BEFORE "movl %%esp, %%esi\n\tmovl %4, %%esp\n\tmovl $-25, %%eax\n\t"
		"lcall $7, $0\n\tmovl %%esi, %%esp" AFTER
		: SEEN : "D" (arguments) : "eax", "ecx", "edx", "esi", "cc", "memory");
}

static void let_receive(void)
{
	EXPECT(send_simple(port, 5), MACH_MSG_SUCCESS);
}

static void fault_in(void *unused)
{
	(void) unused;
	__asm__ volatile(BEFORE "movb (%4), %%al" AFTER : SEEN : "c" (paged) : "eax", "memory");
}

static void let_fault(void)
{
	expect_request(&object, 2203, 0, VM_PROT_READ);
	EXPECT(supply(&object, 0, 1, VM_PROT_NONE, FALSE, MACH_PORT_NULL), KERN_SUCCESS);
}

static void break_there(void *unused)
{
	(void) unused;
	__asm__ volatile(BEFORE "int3" AFTER : SEEN : : "memory");
}

static void let_break(void)
{
	struct message request, reply;

	if (!EXPECT(message_receive_wait(&request, port, PATIENCE), MACH_MSG_SUCCESS))
		return;
	mach_port_deallocate(SELF, request.body[1]);
	mach_port_deallocate(SELF, request.body[3]);
	message_init(&reply, request.header.msgh_remote_port, MACH_MSG_TYPE_MOVE_SEND_ONCE,
		MACH_PORT_NULL, 0);
	reply.header.msgh_id = 2500;
	message_type(&reply, MACH_MSG_TYPE_INTEGER_32, 32, 1, TYPE_INLINE);
	message_word(&reply, KERN_SUCCESS);
	EXPECT(message_send(&reply), MACH_MSG_SUCCESS);
}

static const struct place {
	const char	*name;
	void		(*go_there)(void *);
	void		(*let_go_on)(void);
} places[] = {
	{ "while it runs", run, let_run },
	{ "in mach_msg", receive, let_receive },
	{ "at a page fault", fault_in, let_fault },
	{ "at an exception", break_there, let_break },
};

/* --- flavours --------------------------------------------------------------------------------- */

static unsigned int words[THREAD_STATE_MAX], again[THREAD_STATE_MAX];

static void get_words(int flavor, unsigned int *to, mach_msg_type_number_t *count)
{
	*count = THREAD_STATE_MAX;
	EXPECT(thread_get_state(thread, flavor, to, count), KERN_SUCCESS);
}

/* Something else in a flavour's state; some have nothing that could be. */
static void change(int flavor, unsigned int value)
{
	struct i386_thread_state *registers = (struct i386_thread_state *) words;
	struct i386_xfloat_state *extended = (struct i386_xfloat_state *) words;

	if (flavor == i386_THREAD_STATE)
		registers->ebx = value;
	if (flavor == i386_REGS_SEGS_STATE)
		registers->gs = value % 2 ? 0 : 0x1f;
	if (flavor == i386_FLOAT_STATE)
		*(unsigned short *) ((struct i386_float_state *) words)->hw_state =
			value % 2 ? 0x27f : 0x37f;
	if (flavor == i386_DEBUG_STATE) {
		words[0] = value << 12;
		words[7] |= DR7_ONE;
	}
	if (flavor != i386_XFLOAT_STATE)
		return;
	struct i386_xfp_save *area = (struct i386_xfp_save *) extended->hw_state;
	memset(area->fp_xreg_word[0], (int) value, 16);
	if (extended->fp_save_kind >= FP_XSAVE)
		area->header.xfp_features |= 3;
}

/* What is set is what is read then, for a running thread but for what it changes itself. */
static void try_flavor(int flavor, unsigned int value, boolean_t exact)
{
	mach_msg_type_number_t count, same;

	get_words(flavor, words, &count);
	change(flavor, value);
	EXPECT(thread_set_state(thread, flavor, words, count), KERN_SUCCESS);
	get_words(flavor, again, &same);
	EXPECT(same, count);
	if (exact)
		EXPECT(memcmp(words, again, count * sizeof words[0]), 0);
}

static void try_place(const struct place *place, boolean_t suspended, unsigned int value)
{
	static const int flavors[] = { i386_THREAD_STATE, i386_REGS_SEGS_STATE, i386_FLOAT_STATE,
		i386_XFLOAT_STATE, i386_ISA_PORT_MAP_STATE, i386_V86_ASSIST_STATE, i386_DEBUG_STATE };

	EXPECT(mach_thread_prepare(place->go_there, NULL, &thread), KERN_SUCCESS);
	EXPECT(thread_set_exception_port(thread, port), KERN_SUCCESS);
	EXPECT(thread_resume(thread), KERN_SUCCESS);
	sleep_for(30);
	if (suspended)
		EXPECT(thread_suspend(thread), KERN_SUCCESS);
	for (unsigned int i = 0; i < COUNT_OF(flavors); i++) {
		tap_about("%s, %ssuspended, flavour %d", place->name, suspended ? "" : "not ",
			flavors[i]);
		try_flavor(flavors[i], value, suspended || place->go_there != run);
	}
	if (suspended)
		EXPECT(thread_resume(thread), KERN_SUCCESS);
	place->let_go_on();
	mach_thread_join(thread);
	EXPECT(seen.ebx, value);
	EXPECT(seen.gs, value % 2 ? 0 : 0x1f);
	EXPECT(seen.control, value % 2 ? 0x27f : 0x37f);
	for (unsigned int i = 0; i < 4; i++)
		EXPECT(seen.xmm[i], 0x01010101u * value);
	tap_about("%s", "");
}

void test_all_places(void)
{
	for (unsigned int i = 0; i < 2 * COUNT_OF(places); i++) {
		const struct place *place = &places[i / 2];

		port = port_new_with_send(1);
		paged = object_map_new(&object, 1);
		object_ready(&object, FALSE, MEMORY_OBJECT_COPY_DELAY);
		go = FALSE;
		try_place(place, i % 2, 0x41 + i);
		object_unmap_last(&object, paged, 1);
		port_destroy(port);
	}
}
