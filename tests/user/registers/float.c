/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of FPU and vector registers (TM-6): in the processor's own form and in that of FNSAVE. */
#include "tests.h"

#include <libmach/string.h>
#include <libmach/thread.h>
#include <mach/i386/mach_i386.h>

#include "../common/fault.h"
#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"


/* As a user sees it: struct i386_xfloat_state, then the processor's area. */
static union {
	struct i386_xfloat_state	state;
	unsigned int			word[THREAD_STATE_MAX];
} image;

static unsigned int image_count;

static struct i386_xfp_save *area(void)
{
	return (struct i386_xfp_save *) image.state.hw_state;
}

static unsigned int area_size(void)
{
	return image_count * sizeof(int) - sizeof image.state;
}

static void learn_size(void)
{
	vm_size_t size = 0;

	EXPECT(i386_get_xstate_size(tap_host_priv, &size), KERN_SUCCESS);
	image_count = size / sizeof(int);
}

static kern_return_t set(mach_port_t thread)
{
	return set_state(thread, i386_XFLOAT_STATE, &image, image_count);
}

static void get(mach_port_t thread)
{
	get_state(thread, i386_XFLOAT_STATE, &image, image_count);
}

void test_xstate_size(void)
{
	vm_size_t size = 0, same = 0;
	mach_port_t host = mach_host_self();

	EXPECT(i386_get_xstate_size(host, &size), KERN_SUCCESS);
	EXPECT(i386_get_xstate_size(tap_host_priv, &same), KERN_SUCCESS);
	EXPECT(size, same);
	EXPECT_TRUE(size >= sizeof(struct i386_xfloat_state) + FP_STATE_BYTES);
	EXPECT_TRUE(size <= THREAD_STATE_MAX * sizeof(int));
	EXPECT(size % sizeof(int), 0);
	EXPECT(i386_get_xstate_size(SELF, &size), KERN_INVALID_ARGUMENT);
	mach_port_deallocate(SELF, host);
}

/* --- threads that use their registers -------------------------------------------------------- */

static volatile boolean_t go;
static unsigned int found[8][4] __attribute__((aligned(16)));
static unsigned int found_mxcsr;
static unsigned char found_x87[108];

/* Shows what the registers hold when the thread uses them for the first time. */
static void show_registers(void *unused)
{
	(void) unused;
	__asm__ volatile(
		"movaps %%xmm0, %0\n\tmovaps %%xmm1, %1\n\tmovaps %%xmm2, %2\n\t"
		"movaps %%xmm3, %3\n\tmovaps %%xmm4, %4\n\tmovaps %%xmm5, %5\n\t"
		"movaps %%xmm6, %6\n\tmovaps %%xmm7, %7"
		: "=m" (found[0]), "=m" (found[1]), "=m" (found[2]), "=m" (found[3]),
		  "=m" (found[4]), "=m" (found[5]), "=m" (found[6]), "=m" (found[7]));
	__asm__ volatile("stmxcsr %0\n\tfnsave %1" : "=m" (found_mxcsr), "=m" (found_x87));
}

/* Dirties everything in the calling thread. */
static void fill_registers(void)
{
	static unsigned int fill[4] __attribute__((aligned(16))) = { ~0u, ~0u, ~0u, ~0u };

	__asm__ volatile(
		"movaps %0, %%xmm0\n\tmovaps %0, %%xmm1\n\tmovaps %0, %%xmm2\n\t"
		"movaps %0, %%xmm3\n\tmovaps %0, %%xmm4\n\tmovaps %0, %%xmm5\n\t"
		"movaps %0, %%xmm6\n\tmovaps %0, %%xmm7\n\t"
		"fninit\n\tfldpi\n\tfldpi\n\tfldpi" : : "m" (fill));
}

static void expect_clean(void)
{
	static const unsigned char zero[80];

	for (unsigned int i = 0; i < 8; i++)
		for (unsigned int j = 0; j < 4; j++)
			EXPECT(found[i][j], 0);
	EXPECT(found_mxcsr, 0x1f80);
	EXPECT(*(unsigned short *) found_x87, 0x37f);
	EXPECT(*(unsigned short *) (found_x87 + 8), 0xffff);
	EXPECT(memcmp(found_x87 + 28, zero, sizeof zero), 0);
}

/* A new thread finds nothing of those that ran before it. */
void test_clean_registers(void)
{
	mach_port_t thread;

	for (int i = 0; i < 3; i++) {
		fill_registers();
		memset(found, 0x55, sizeof found);
		EXPECT(mach_thread_start(show_registers, NULL, &thread), KERN_SUCCESS);
		mach_thread_join(thread);
		expect_clean();
	}
	__asm__ volatile("fninit");
}

void test_fresh_float(void)
{
	mach_port_t thread = idle_thread();
	struct i386_float_state state;

	learn_size();
	get(thread);
	EXPECT(image.state.initialized, FALSE);
	for (unsigned int i = 0; i < area_size(); i++)
		if (image.state.hw_state[i] != 0)
			tap_fail("byte %u is not 0", i);
	get_state(thread, i386_FLOAT_STATE, &state, i386_FLOAT_STATE_COUNT);
	EXPECT(state.initialized, FALSE);
	EXPECT(state.fpkind, image.state.fpkind);
	end_thread(thread);
}

/* A thread that has run a little, and stands still. */
static void wait_then_show(void *argument)
{
	__asm__ volatile("fld1");
	while (!go)
		swtch_pri(0);
	__asm__ volatile("fstp %st(0)");
	show_registers(argument);
}

static mach_port_t suspended_user(void)
{
	mach_port_t thread;

	go = FALSE;
	EXPECT(mach_thread_start(wait_then_show, NULL, &thread), KERN_SUCCESS);
	sleep_for(30);
	EXPECT(thread_suspend(thread), KERN_SUCCESS);
	return thread;
}

static void let_go(mach_port_t thread)
{
	go = TRUE;
	EXPECT(thread_resume(thread), KERN_SUCCESS);
	mach_thread_join(thread);
}

/* What is set is what the thread has, and what is read again. */
void test_xstate_of_thread(void)
{
	static unsigned char before[THREAD_STATE_MAX * sizeof(int)];
	mach_port_t thread;
	struct i386_float_state state;

	learn_size();
	thread = suspended_user();
	get(thread);
	EXPECT(image.state.initialized, TRUE);
	EXPECT(area()->fp_control, 0x37f);
	for (unsigned int i = 0; i < 8; i++)
		memset(area()->fp_xreg_word[i], 0x10 + i, 16);
	area()->fp_mxcsr = 0x1f80 | 0x2000;
	if (image.state.fp_save_kind >= FP_XSAVE)
		area()->header.xfp_features |= 3;
	image.state.exc_status = 0x1234;
	memcpy(before, &image, image_count * sizeof(int));
	EXPECT(set(thread), KERN_SUCCESS);
	memset(&image, 0, sizeof image);
	get(thread);
	EXPECT(memcmp(before, &image, image_count * sizeof(int)), 0);
	get_state(thread, i386_FLOAT_STATE, &state, i386_FLOAT_STATE_COUNT);
	EXPECT(state.initialized, TRUE);
	EXPECT(state.exc_status, 0x1234);
	EXPECT(*(unsigned short *) state.hw_state, 0x37f);
	let_go(thread);
	for (unsigned int i = 0; i < 8; i++)
		EXPECT(found[i][3], 0x01010101u * (0x10 + i));
	EXPECT(found_mxcsr, 0x3f80);
}

/* A good image, to be spoiled. */
static mach_port_t good_image(void)
{
	mach_port_t thread = suspended_user();

	learn_size();
	get(thread);
	return thread;
}

static void try_refused(mach_port_t thread, const char *what)
{
	tap_about("%s", what);
	EXPECT(set(thread), KERN_INVALID_ARGUMENT);
	get(thread);
	EXPECT(image.state.initialized, TRUE);
}

void test_xstate_refused(void)
{
	mach_port_t thread = good_image();
	int kind = image.state.fp_save_kind;

	for (int i = -1; i < 8; i++) {
		if (i == kind)
			continue;
		image.state.fp_save_kind = i;
		try_refused(thread, "another kind");
	}
	if (kind >= FP_XSAVE) {
		area()->header.xfp_features |= 1ull << 62;
		try_refused(thread, "a feature that there is not");
		area()->header.xfp_features |= 1ull << 8;
		try_refused(thread, "a feature of the kernel's");
		area()->header.xcomp_bv = XSAVE_XCOMP_BV_COMPACT;
		try_refused(thread, "the compact form");
		for (unsigned int i = 0; i < 6; i++) {
			area()->header.reserved[i] = 1;
			try_refused(thread, "a reserved word");
		}
	}
	tap_about("%s", "");
	EXPECT(set(thread), KERN_SUCCESS);
	/* Not initialised: whatever else it says, the thread begins again. */
	memset(&image, 0xff, sizeof image);
	image.state.initialized = FALSE;
	EXPECT(set(thread), KERN_SUCCESS);
	get(thread);
	EXPECT(image.state.initialized, FALSE);
	let_go(thread);
	expect_clean();
}

/* Each bit: it is there, or it is refused. */
void test_mxcsr(void)
{
	mach_port_t thread = good_image();

	for (unsigned int i = 0; i < 32; i++) {
		kern_return_t result;

		tap_about("bit %u", i);
		area()->fp_mxcsr = 0x1f80 | 1u << i;
		result = set(thread);
		if (i >= 16)
			EXPECT(result, KERN_INVALID_ARGUMENT);
		else if (i != 6)
			EXPECT(result, KERN_SUCCESS);
		get(thread);
		if (result == KERN_SUCCESS)
			EXPECT(area()->fp_mxcsr, 0x1f80 | 1u << i);
	}
	area()->fp_mxcsr = 0x1f80;
	EXPECT(set(thread), KERN_SUCCESS);
	let_go(thread);
}

/* Loads whatever it has been given, all the time. */
static void use_registers(void *unused)
{
	(void) unused;
	while (!go) {
		__asm__ volatile("fnop\n\tmovaps %xmm0, %xmm1");
		swtch_pri(0);
	}
}

static void fill_random(void *bytes, unsigned int size)
{
	unsigned int *words = bytes;

	for (unsigned int i = 0; i < size / 4; i++)
		words[i] = next_random();
}

static void spoil_image(void)
{
	fill_random(image.state.hw_state, area_size());
	image.state.initialized = 1;
	if (next_random() % 2 == 0)
		area()->fp_mxcsr &= 0xffbf;
	if (next_random() % 2 == 0 && image.state.fp_save_kind >= FP_XSAVE) {
		memset(&area()->header, 0, sizeof area()->header);
		area()->header.xfp_features = next_random() % 8;
	}
}

/* Whatever the images are, the kernel loads them or refuses; the thread may get an exception. */
void test_random_images(void)
{
	mach_port_t thread, port = port_new_with_send(1);
	unsigned int accepted = 0;
	struct i386_float_state state;
	static struct message message;

	learn_size();
	go = FALSE;
	for (unsigned int i = 0; i < tap_rounds(200, 5000); i++) {
		EXPECT(mach_thread_prepare(use_registers, NULL, &thread), KERN_SUCCESS);
		EXPECT(thread_set_exception_port(thread, port), KERN_SUCCESS);
		get(thread);
		spoil_image();
		accepted += set(thread) == KERN_SUCCESS;
		EXPECT(thread_resume(thread), KERN_SUCCESS);
		swtch_pri(0);
		get_state(thread, i386_FLOAT_STATE, &state, i386_FLOAT_STATE_COUNT);
		fill_random(state.hw_state, sizeof state.hw_state);
		EXPECT(set_state(thread, i386_FLOAT_STATE, &state, i386_FLOAT_STATE_COUNT),
			KERN_SUCCESS);
		swtch_pri(0);
		get(thread);
		EXPECT(thread_terminate(thread), KERN_SUCCESS);
		mach_thread_join(thread);
		while (message_receive(&message, port) == MACH_MSG_SUCCESS)
			mach_msg_destroy(&message.header);
	}
	EXPECT_TRUE(accepted > 10);
	port_destroy(port);
}

/* A thread ends with an x87 error that nobody has been told of: no other thread is. */
static void leave_error(void *unused)
{
	static const unsigned short control = 0x340;

	(void) unused;
	__asm__ volatile("fninit\n\tfldcw %0\n\tfld1\n\tfldz\n\tfdivrp" : : "m" (control));
}

static void use_x87(void *unused)
{
	(void) unused;
	__asm__ volatile("fld1\n\tfstp %st(0)\n\tfwait");
}

void test_pending_error(void)
{
	struct fault fault;
	mach_port_t thread;

	for (int i = 0; i < 10; i++) {
		EXPECT(mach_thread_start(leave_error, NULL, &thread), KERN_SUCCESS);
		mach_thread_join(thread);
		fault_run(use_x87, NULL, &fault);
		EXPECT(fault.happened, FALSE);
	}
}
