/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client that passes a megabyte out of line.  The kernel copies nothing at first: both tasks
 * see the same pages until one of them writes, and then the writer gets a page of its own.
 */
#include <libmach/print.h>
#include <libmach/string.h>
#include <mach.h>

#include "echo.h"
#include "netname.h"

#define SIZE	(1024 * 1024)

static void fill(unsigned char *bytes, unsigned int seed)
{
	for (unsigned int i = 0; i < SIZE; i++)
		bytes[i] = (i >> 12) + i * seed;
}

static unsigned int sum(const unsigned char *bytes)
{
	unsigned int total = 0;

	for (unsigned int i = 0; i < SIZE; i++)
		total += bytes[i];
	return total;
}

/* The server's copy is what was sent, whatever we write later. */
static kern_return_t check_snapshot(mach_port_t echo, unsigned char *bytes)
{
	unsigned int before = sum(bytes), after, server;
	kern_return_t result = echo_keep(echo, (pointer_t) bytes, SIZE);

	if (result != KERN_SUCCESS)
		return result;
	memset(bytes, 0, SIZE);
	after = sum(bytes);
	result = echo_sum(echo, &server);
	if (result != KERN_SUCCESS)
		return result;
	printf("[memory] I sent bytes with the sum %u and cleared mine: now their sum is %u.\n",
		before, after);
	printf("[memory] The server's sum is %u: %s.\n", server, server == before
		? "it has what I sent, not what I wrote later" : "WRONG");
	return server == before ? KERN_SUCCESS : KERN_FAILURE;
}

static kern_return_t check_contents(const unsigned char *bytes, unsigned int seed)
{
	for (unsigned int i = 0; i < SIZE; i++)
		if (bytes[i] != (unsigned char) ((i >> 12) + i * seed)) {
			printf("[memory] WRONG: byte %u is %u.\n", i, bytes[i]);
			return KERN_FAILURE;
		}
	return KERN_SUCCESS;
}

static kern_return_t get_back(mach_port_t echo)
{
	pointer_t data;
	mach_msg_type_number_t size;
	kern_return_t result = echo_return(echo, &data, &size);

	if (result != KERN_SUCCESS)
		return result;
	printf("[memory] It came back: %u bytes at 0x%x.\n", size, data);
	result = size == SIZE ? check_contents((const unsigned char *) data, 3) : KERN_FAILURE;
	if (result == KERN_SUCCESS)
		printf("[memory] Each of them is as it was sent.\n");
	vm_deallocate(mach_task_self(), data, size);
	return result;
}

int main(void)
{
	mach_port_t names, echo;
	vm_offset_t address = 0;
	kern_return_t result;

	result = task_get_bootstrap_port(mach_task_self(), &names);
	if (result == KERN_SUCCESS)
		result = netname_look_up(names, "", "echo", &echo);
	if (result == KERN_SUCCESS)
		result = vm_allocate(mach_task_self(), &address, SIZE, TRUE);
	if (result == KERN_SUCCESS) {
		printf("[memory] I fill a megabyte at 0x%x and send it out of line.\n", address);
		fill((unsigned char *) address, 3);
		result = check_snapshot(echo, (unsigned char *) address);
	}
	if (result == KERN_SUCCESS)
		result = get_back(echo);
	if (result != KERN_SUCCESS)
		mach_error("[memory] FAILED", result);
	return result;
}
