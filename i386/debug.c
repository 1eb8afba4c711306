/* SPDX-License-Identifier: BSD-2-Clause */
/* Debug registers (Intel manual, volume 3, chapter 17). */
#include <i386/debug.h>

#include <stdbool.h>

#include <kern/machine.h>
#include <kern/slab.h>
#include <kern/string.h>
#include <kern/thread.h>
#include <mach/i386/eflags.h>
#include <vm/map.h>

#define DR6_CLEAR	0xffff0ff0u
#define DR7_CLEAR	0x00000400u
#define DR7_USER	0xffff03ffu	/* what users may set; the rest is fixed */
#define DR7_GENERAL_DETECT 0x2000u
#define ACCESS_EXECUTE	0u
#define ACCESS_PORT	2u

static struct slab_cache debug_cache;

void debug_init(void)
{
	slab_cache_init(&debug_cache, "debug_state", sizeof(struct debug_state), 0);
}

static uint32_t dr6_read(void)
{
	uint32_t value;

	__asm__ volatile("movl %%dr6, %0" : "=r"(value));
	return value;
}

static void dr7_write(uint32_t value)
{
	__asm__ volatile("movl %0, %%dr7" : : "r"(value));
}

void debug_clear_status(void)
{
	__asm__ volatile("movl %0, %%dr6" : : "r"(DR6_CLEAR));
}

/* Has a breakpoint stopped an instruction before it was executed? */
static bool is_instruction_breakpoint(const struct debug_state *debug)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		if ((debug->dr[6] >> i & 1) && (debug->dr[7] >> (2 * i) & 3) != 0 &&
		    (debug->dr[7] >> (16 + 4 * i) & 3) == ACCESS_EXECUTE)
			return true;
	return false;
}

/* A thread that goes on where it stands must not meet the same breakpoint for ever. */
void debug_take_status(struct pcb *pcb)
{
	if (pcb->debug != NULL) {
		pcb->debug->dr[6] = dr6_read();
		if (is_instruction_breakpoint(pcb->debug))
			pcb->regs.eflags |= EFL_RF;
	}
	debug_clear_status();
}

void debug_load(const struct pcb *pcb)
{
	const struct debug_state *debug = pcb->debug;

	dr7_write(DR7_CLEAR);
	if (debug == NULL)
		return;
	__asm__ volatile("movl %0, %%dr0\n\t"
			 "movl %1, %%dr1\n\t"
			 "movl %2, %%dr2\n\t"
			 "movl %3, %%dr3"
			 : : "r"(debug->dr[0]), "r"(debug->dr[1]), "r"(debug->dr[2]),
			     "r"(debug->dr[3]));
	debug_clear_status();
	dr7_write(debug->dr[7]);
}

static bool debug_registers_ok(const uint32_t dr[8])
{
	unsigned int i;

	if (dr[7] & DR7_GENERAL_DETECT)
		return false;
	for (i = 0; i < 4; i++)
		if (dr[i] >= VM_USER_MAX || (dr[7] >> (16 + 4 * i) & 3) == ACCESS_PORT)
			return false;
	return true;
}

kern_return_t debug_set(struct pcb *pcb, const uint32_t dr[8])
{
	if (!debug_registers_ok(dr))
		return KERN_INVALID_ARGUMENT;
	if (pcb->debug == NULL) {
		pcb->debug = slab_zalloc(&debug_cache);
		if (pcb->debug == NULL)
			return KERN_RESOURCE_SHORTAGE;
		pcb->special |= PCB_DEBUG;
	}
	memcpy(pcb->debug->dr, dr, sizeof(pcb->debug->dr));
	pcb->debug->dr[4] = pcb->debug->dr[5] = 0;
	pcb->debug->dr[7] = (dr[7] & DR7_USER) | DR7_CLEAR;
	if (pcb == &current_thread()->pcb)
		debug_load(pcb);
	return KERN_SUCCESS;
}

void debug_get(const struct pcb *pcb, uint32_t dr[8])
{
	if (pcb->debug != NULL)
		memcpy(dr, pcb->debug->dr, sizeof(pcb->debug->dr));
	else
		memset(dr, 0, sizeof(pcb->debug->dr));
}

void debug_free(struct pcb *pcb)
{
	if (pcb->debug == NULL)
		return;
	slab_free(&debug_cache, pcb->debug);
	pcb->debug = NULL;
	pcb->special &= ~(uint32_t)PCB_DEBUG;
}
