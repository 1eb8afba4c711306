/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shares of the processor: what threads do together, counted in time of their own (thread_info),
 * in a time of everybody's.  The clock counts instructions, so all of this is the same in each run.
 */
#include <libmach/thread.h>
#include <mach.h>
#include <mach/mach_host.h>
#include <mach/policy.h>
#include <mach/thread_switch.h>

#include "../common/messages.h"
#include "../common/ports.h"
#include "../common/tap.h"
#include "tests.h"

#define SHARERS 3
#define SLOW 40			/* a priority that leaves room above: ours */
#define WATCH_MS 720

struct sharer {
	void		(*body)(struct sharer *self);
	mach_port_t	thread;
	mach_port_t	partner;	/* to whom it gives way */
	mach_port_t	port, to;	/* where it receives, whom it calls */
	volatile boolean_t stop;
	boolean_t	last;		/* to be ended when the others have */
	unsigned int	time_ms;	/* its part */
};

static struct sharer sharers[SHARERS];

static void sharer_main(void *argument)
{
	struct sharer *self = argument;

	while (!self->stop)
		self->body(self);
}

static void work_on(struct sharer *self)
{
	(void) self;
	for (volatile int i = 0; i < 100; i++)
		continue;
}

static void give_way(struct sharer *self)
{
	work_on(self);
	thread_switch(self->partner, SWITCH_OPTION_NONE, 0);
}

static void call(struct sharer *self)
{
	struct message message;

	work_on(self);
	message_init(&message, self->to, MACH_MSG_TYPE_COPY_SEND, self->port,
		MACH_MSG_TYPE_MAKE_SEND_ONCE);
	mach_msg(&message.header, MACH_SEND_MSG | MACH_RCV_MSG | MACH_RCV_TIMEOUT,
		sizeof(mach_msg_header_t), sizeof(message), self->port, 20, 0);
}

static struct message question;

/* Answer the question, if there is one, and take the next. */
static void answer(struct sharer *self)
{
	mach_msg_header_t *header = &question.header;
	mach_msg_option_t option = MACH_RCV_MSG | MACH_RCV_TIMEOUT;

	work_on(self);
	if (header->msgh_remote_port != MACH_PORT_NULL)
		option |= MACH_SEND_MSG;
	header->msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0);
	header->msgh_local_port = MACH_PORT_NULL;
	if (mach_msg(header, option, sizeof(*header), sizeof(question), self->port, 20, 0)
			!= MACH_MSG_SUCCESS)
		header->msgh_remote_port = MACH_PORT_NULL;
}

static unsigned int time_of(mach_port_t thread)
{
	struct thread_basic_info info;
	mach_msg_type_number_t count = THREAD_BASIC_INFO_COUNT;

	if (thread_info(thread, THREAD_BASIC_INFO, (thread_info_t) &info, &count) != KERN_SUCCESS)
		tap_fail("no times of a thread");
	return (info.user_time.seconds + info.system_time.seconds) * 1000
		+ (info.user_time.microseconds + info.system_time.microseconds) / 1000;
}

static mach_port_t default_set(void)
{
	mach_port_t host = mach_host_self(), name, control;

	EXPECT(processor_set_default(host, &name), KERN_SUCCESS);
	EXPECT(host_processor_set_priv(tap_host_priv, name, &control), KERN_SUCCESS);
	mach_port_deallocate(mach_task_self(), name);
	mach_port_deallocate(mach_task_self(), host);
	return control;
}

static void prepare(unsigned int i, void (*body)(struct sharer *))
{
	struct sharer *sharer = &sharers[i];

	sharer->body = body;
	sharer->stop = FALSE;
	sharer->last = FALSE;
	EXPECT(mach_thread_prepare(sharer_main, sharer, &sharer->thread), KERN_SUCCESS);
	EXPECT(thread_priority(sharer->thread, SLOW, FALSE), KERN_SUCCESS);
}

static void stop(boolean_t last)
{
	for (unsigned int i = 0; i < SHARERS; i++)
		if (sharers[i].last == last)
			sharers[i].stop = TRUE;
	for (unsigned int i = 0; i < SHARERS; i++)
		if (sharers[i].last == last)
			mach_thread_join(sharers[i].thread);
}

/* Let them share, note how, and end them: who calls before who answers. */
static void share(void)
{
	for (unsigned int i = 0; i < SHARERS; i++)
		EXPECT(thread_resume(sharers[i].thread), KERN_SUCCESS);
	sleep_for(WATCH_MS);
	for (unsigned int i = 0; i < SHARERS; i++)
		sharers[i].time_ms = time_of(sharers[i].thread);
	stop(FALSE);
	stop(TRUE);
}

/* A part of all the time that was shared, in hundredths. */
static unsigned int part(unsigned int i)
{
	unsigned int sum = 0;

	for (unsigned int s = 0; s < SHARERS; s++)
		sum += sharers[s].time_ms;
	tap_about("%u, %u and %u ms", sharers[0].time_ms, sharers[1].time_ms, sharers[2].time_ms);
	return sum == 0 ? 0 : sharers[i].time_ms * 100 / sum;
}

/* The first two are together; the third has its part, as far as usage that fades can tell. */
static void expect_third_has_its_part(void)
{
	share();
	EXPECT_TRUE(part(2) >= 25);
	EXPECT_TRUE(part(0) + part(1) >= 30);
	tap_about("%s", "");
}

static void prepare_pair(void)
{
	prepare(0, give_way);
	prepare(1, give_way);
	prepare(2, work_on);
	sharers[0].partner = sharers[1].thread;
	sharers[1].partner = sharers[0].thread;
}

void test_hints_starve_nobody(void)
{
	prepare_pair();
	expect_third_has_its_part();
}

void test_fixed_hints_starve_nobody(void)
{
	mach_port_t set = default_set();

	EXPECT(processor_set_policy_enable(set, POLICY_FIXEDPRI), KERN_SUCCESS);
	prepare_pair();
	for (unsigned int i = 0; i < SHARERS; i++)
		EXPECT(thread_policy(sharers[i].thread, POLICY_FIXEDPRI, 20), KERN_SUCCESS);
	expect_third_has_its_part();
	EXPECT(processor_set_policy_disable(set, POLICY_FIXEDPRI, TRUE), KERN_SUCCESS);
	mach_port_deallocate(mach_task_self(), set);
}

void test_calls_starve_nobody(void)
{
	prepare(0, call);
	prepare(1, answer);
	sharers[1].last = TRUE;
	prepare(2, work_on);
	sharers[0].port = port_new();
	sharers[1].port = sharers[0].to = port_new_with_send(1);
	expect_third_has_its_part();
	if (question.header.msgh_remote_port != MACH_PORT_NULL)
		mach_port_deallocate(mach_task_self(), question.header.msgh_remote_port);
	port_destroy(sharers[0].port);
	port_destroy(sharers[1].port);
}

/* Of threads that only work, the one with slices four times as long has four times as much. */
void test_slices_are_kept(void)
{
	mach_port_t set = default_set();

	EXPECT(processor_set_policy_enable(set, POLICY_FIXEDPRI), KERN_SUCCESS);
	for (unsigned int i = 0; i < SHARERS; i++) {
		prepare(i, work_on);
		EXPECT(thread_policy(sharers[i].thread, POLICY_FIXEDPRI, i == 2 ? 80 : 20),
			KERN_SUCCESS);
	}
	share();
	EXPECT_TRUE(part(2) >= 57 && part(2) <= 77);
	EXPECT_TRUE(part(0) >= 11 && part(1) >= 11);
	tap_about("%s", "");
	EXPECT(processor_set_policy_disable(set, POLICY_FIXEDPRI, TRUE), KERN_SUCCESS);
	mach_port_deallocate(mach_task_self(), set);
}

/* One level makes all the difference. */
void test_fixed_is_strict(void)
{
	mach_port_t set = default_set();

	EXPECT(processor_set_policy_enable(set, POLICY_FIXEDPRI), KERN_SUCCESS);
	for (unsigned int i = 0; i < SHARERS; i++) {
		prepare(i, work_on);
		EXPECT(thread_policy(sharers[i].thread, POLICY_FIXEDPRI, 20), KERN_SUCCESS);
		EXPECT(thread_priority(sharers[i].thread, i == 1 ? SLOW - 1 : SLOW, FALSE),
			KERN_SUCCESS);
	}
	share();
	EXPECT_TRUE(part(1) >= 99);
	tap_about("%s", "");
	EXPECT(processor_set_policy_disable(set, POLICY_FIXEDPRI, TRUE), KERN_SUCCESS);
	mach_port_deallocate(mach_task_self(), set);
}
