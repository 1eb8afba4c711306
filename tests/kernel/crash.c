/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ways to die, one for each boot: `crash=NAME` on the kernel's command line.  The tests of
 * the boot tier look at what the console says and how the machine ends.
 */
#include "ktest.h"

#include <kern/assert.h>
#include <kern/lock.h>
#include <kern/percpu.h>
#include <kern/printf.h>
#include <kern/slab.h>
#include <kern/string.h>

extern char _text_start[], _rodata_start[];

static struct spin_lock early = SPIN_LOCK_INIT(LOCK_SPACE);
static struct spin_lock late = SPIN_LOCK_INIT(LOCK_PORT);

static __attribute__((noinline)) void crash_inner(void)
{
	panic("asked for by the command line");
}

static __attribute__((noinline)) void crash_panic(void)
{
	crash_inner();
	printf("not reached\n");
}

static void crash_assertion(void)
{
	assert(early.held != 0);
}

static void crash_lock_order(void)
{
	spin_lock(&late);
	spin_lock(&early);
}

static void crash_lock_twice(void)
{
	spin_lock(&late);
	spin_lock(&late);
}

static void crash_write_text(void)
{
	*(volatile char *)_text_start = 0;
}

static void crash_write_rodata(void)
{
	*(volatile char *)_rodata_start = 0;
}

static void crash_execute_data(void)
{
	static const uint8_t ret[] = { 0xc3 };
	void *code = kalloc(sizeof(ret));

	memcpy(code, ret, sizeof(ret));
	((void (*)(void))(uintptr_t)code)();
}

static void crash_null(void)
{
	volatile uintptr_t nowhere = 16;

	*(volatile int *)nowhere = 1;
}

/* Each call needs stack, more of them than there is. */
static __attribute__((noinline)) int overflow(volatile char *above, int depth)
{
	volatile char room[512];

	room[0] = above[0];
	return depth == 0 ? 0 : overflow(room, depth - 1) + room[0];
}

static void crash_stack(void)
{
	volatile char top[1] = { 1 };

	overflow(top, 1000);
}

static void crash_double_free(void)
{
	void *p = kalloc(64);

	kfree(p, 64);
	kfree(p, 64);
}

static void crash_use_after_free(void)
{
	uint32_t *p = kalloc(64);

	kfree(p, 64);
	p[3] = 1;
	for (int i = 0; i < 100; i++)
		kalloc(64);
}

static const struct ktest crashes[] = {
	{ "panic", crash_panic },
	{ "assertion", crash_assertion },
	{ "lock-order", crash_lock_order },
	{ "lock-twice", crash_lock_twice },
	{ "write-text", crash_write_text },
	{ "write-rodata", crash_write_rodata },
	{ "execute-data", crash_execute_data },
	{ "null", crash_null },
	{ "stack", crash_stack },
	{ "double-free", crash_double_free },
	{ "use-after-free", crash_use_after_free },
	{ 0, 0 },
};

void ktest_crash(const char *command_line)
{
	static const char option[] = "crash=";
	const char *p = strchr(command_line, option[0]);

	while (p != NULL && strncmp(p, option, sizeof(option) - 1) != 0)
		p = strchr(p + 1, option[0]);
	if (p == NULL)
		return;
	p += sizeof(option) - 1;
	for (const struct ktest *c = crashes; c->name != NULL; c++)
		if (strncmp(p, c->name, strlen(c->name)) == 0)
			c->run();
	panic("no crash of that name, or it did no harm: %s", p);
}
