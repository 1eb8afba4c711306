/* SPDX-License-Identifier: BSD-2-Clause */
/* A client of the echo server: looks it up, has a text echoed, measures a round trip. */
#include <libmach/print.h>
#include <libmach/string.h>
#include <mach.h>
#include <mach/mach_host.h>

#include "echo.h"
#include "netname.h"

#define WARM_UP		100
#define ROUNDS		1000
#define KNOWN_ROUNDS	1000

static uint64_t time_stamp(void)
{
	uint64_t ticks;

	__asm__ volatile("rdtsc" : "=A" (ticks) : : "memory");
	return ticks;
}

/*
 * Does the time-stamp counter count instructions?  QEMU's does when it runs with -icount; then
 * a loop of two instructions a round shows it, to the instruction.
 */
static boolean_t counts_instructions(void)
{
	for (int i = 0; i < 4; i++) {
		unsigned int rounds = KNOWN_ROUNDS;
		uint64_t begin = time_stamp();

		__asm__ volatile("1:\tdecl %0\n\tjnz 1b" : "+r" (rounds));
		if (time_stamp() - begin - 2 * KNOWN_ROUNDS > 20)
			return FALSE;
	}
	return TRUE;
}

static kern_return_t measure(mach_port_t echo)
{
	kern_return_t result = KERN_SUCCESS;
	uint64_t ticks;
	unsigned int each;

	for (int i = 0; i < WARM_UP && result == KERN_SUCCESS; i++)
		result = echo_nothing(echo);
	ticks = time_stamp();
	for (int i = 0; i < ROUNDS && result == KERN_SUCCESS; i++)
		result = echo_nothing(echo);
	each = (unsigned int) (time_stamp() - ticks) / ROUNDS;
	if (result != KERN_SUCCESS)
		return result;
	if (counts_instructions())
		printf("[client] A round trip to the server and back took %u instructions,\n"
			"[client] MIG's stubs on both sides included (mean of %d).\n",
			each, ROUNDS);
	else
		printf("[client] A round trip took about %u ticks of the time-stamp counter\n"
			"[client] (mean of %d; under qemu -icount the ticks are instructions).\n",
			each, ROUNDS);
	return KERN_SUCCESS;
}

static void show_kernel(void)
{
	kernel_version_t version;
	mach_port_t host = mach_host_self();

	if (host_kernel_version(host, version) == KERN_SUCCESS)
		printf("[client] The kernel calls itself \"%s\".\n", version);
	mach_port_deallocate(mach_task_self(), host);
}

static kern_return_t talk(mach_port_t echo)
{
	echo_text_t answer;
	kern_return_t result = echo_text(echo, "Is anybody there?", answer);

	if (result != KERN_SUCCESS)
		return result;
	printf("[client] I sent \"Is anybody there?\", back came \"%s\".\n", answer);
	return measure(echo);
}

int main(void)
{
	mach_port_t names, echo, nobody;
	netname_name_t version;
	kern_return_t result;

	show_kernel();
	result = task_get_bootstrap_port(mach_task_self(), &names);
	if (result == KERN_SUCCESS)
		result = netname_version(names, version);
	if (result == KERN_SUCCESS) {
		printf("[client] My bootstrap port leads to \"%s\".\n", version);
		result = netname_look_up(names, "", "nobody", &nobody);
		printf("[client] It does not know \"nobody\" (code %d).\n", result);
		result = netname_look_up(names, "", "echo", &echo);
	}
	if (result == KERN_SUCCESS) {
		printf("[client] It knows \"echo\": my name for that port is %u.\n", echo);
		result = talk(echo);
	}
	if (result != KERN_SUCCESS)
		mach_error("[client] FAILED", result);
	return result;
}
