/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Switching the trace's probes: each is a no-op of five bytes, or a jump in its place.
 *
 * The kernel's text is read-only; while it is written, this CPU ignores that.  Interrupts are off
 * meanwhile and no other CPU runs, so nobody executes half an instruction.  (More CPUs would have
 * to be held at a known place first.)
 */
#include <i386/trace_sites.h>

#include <i386/cpu.h>
#include <kern/lock.h>
#include <kern/machine.h>
#include <kern/string.h>
#include <kern/thread.h>
#include <kern/trace.h>

#define JMP_REL32 0xe9

static struct spin_lock lock = SPIN_LOCK_INIT(LOCK_LEAF);
static uint32_t kinds_on;

static void encode(const struct trace_site *site, bool on, uint8_t code[TRACE_SITE_SIZE])
{
	static const uint8_t nop[TRACE_SITE_SIZE] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };
	uint32_t distance = site->target - ((uint32_t)(uintptr_t)site->at + TRACE_SITE_SIZE);

	memcpy(code, nop, sizeof(nop));
	if (on) {
		code[0] = JMP_REL32;
		memcpy(code + 1, &distance, sizeof(distance));
	}
}

static void switch_site(const struct trace_site *site, bool on)
{
	uint8_t before[TRACE_SITE_SIZE], after[TRACE_SITE_SIZE];

	encode(site, !on, before);
	encode(site, on, after);
	assert(memcmp(site->at, before, sizeof(before)) == 0);
	memcpy(site->at, after, sizeof(after));
}

void machine_trace_switch(uint32_t kinds)
{
	bool enabled = interrupts_enabled();
	uint32_t changed, cr0;

	spin_lock(&lock);
	interrupts_disable();
	cr0 = cr0_read();
	cr0_write(cr0 & ~CR0_WP);
	changed = kinds ^ kinds_on;
	for (const struct trace_site *site = _trace_sites_start; site < _trace_sites_end; site++)
		if (changed & TRACE_MASK(site->kind))
			switch_site(site, (kinds & TRACE_MASK(site->kind)) != 0);
	kinds_on = kinds;
	cr0_write(cr0);
	cpuid(0);	/* what was fetched before is thrown away */
	if (enabled)
		interrupts_enable();
	spin_unlock(&lock);
}

void trace_system_call(int32_t number)
{
	trace_record(TRACE_TRAP_ENTER, (uint32_t)number, current_thread()->pcb.regs.eip, 0);
}

void trace_exit(uint32_t eax)
{
	trace_record(TRACE_TRAP_EXIT, eax, current_thread()->pcb.regs.eip, 0);
}
