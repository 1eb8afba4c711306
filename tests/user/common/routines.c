/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of routines, and their requests. */
#include "routines.h"

#include <mach.h>
#include <mach/porter.h>
#include <mach/vm_param.h>

#include "ports.h"
#include "tap.h"
#include "targets.h"

#define SELF		mach_task_self()
#define INTEGER_TYPE	0x10012002u
#define RIGHT_TYPE	0x10012000u

#define REQUEST_NOTIFICATION	3214

#define ON(kind)	(1u << KERNEL_##kind)
#define FITS_TASK	ON(TASK)
#define FITS_THREAD	ON(THREAD)
#define FITS_HOSTS	(ON(HOST) | ON(HOST_PRIV))
#define FITS_HOST_PRIV	ON(HOST_PRIV)
#define FITS_MASTER	ON(MASTER)
#define FITS_PROCESSOR	ON(PROCESSOR)
#define FITS_SET	ON(SET)
#define FITS_SET_NAMES	(ON(SET_NAME) | ON(SET))
#define FITS_DEVICE	ON(DEVICE)
#define FITS_CONTROL	(1u << TARGET_CONTROL)
#define FITS_MEMORY_NAME (1u << TARGET_MEMORY_NAME)

#define CODE_ARGUMENT	KERN_INVALID_ARGUMENT
#define CODE_TASK	KERN_INVALID_TASK
#define CODE_HOST	KERN_INVALID_HOST
#define CODE_FAILURE	KERN_FAILURE
#define CODE_NO_DEVICE	2502		/* D_NO_SUCH_DEVICE */
#define CODE_NOT_MASTER	2505		/* D_INVALID_OPERATION */

#define ROUTINE(id, name, object, wrong)	{ id, #name, FITS_##object, CODE_##wrong },
const struct routine routines[] = {
#include "routine_list.h"
};
#undef ROUTINE

const unsigned int routine_count = COUNT_OF(routines);

boolean_t routine_is_served(mach_msg_id_t id)
{
	natural_t calls;

	return host_rpc_calls(tap_host_priv, id, &calls) == KERN_SUCCESS;
}

boolean_t routine_is_harmful(mach_msg_id_t id, unsigned int kind)
{
	switch (id) {
	case 2041:			/* default memory manager */
	case 2632: case 2633: case 2635: case 2644: case 2645:	/* the clock, and reboot */
	case 4203:			/* new tasks are told */
	case 4802: case 4804:		/* limits */
	case 4820:			/* the trace */
		return kind == KERNEL_HOST_PRIV;
	case 2623: case 2625: case 2626:	/* what threads of the set may do */
		return kind == KERNEL_SET;
	default:
		return FALSE;
	}
}

/* --- arguments ------------------------------------------------------------------------------ */

void arguments_renew(uint32_t value)
{
	for (vm_address_t page = 0; page < ARGUMENT_MEMORY; page += PAGE_SIZE) {
		vm_address_t address = page;

		vm_allocate(SELF, &address, PAGE_SIZE, FALSE);
	}
	for (vm_address_t word = ARGUMENT; word < PAGE_SIZE; word += 4)
		*(volatile uint32_t *) word = value;
}

void arguments_make(void)
{
	EXPECT(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_RECEIVE, ARGUMENT), KERN_SUCCESS);
	port_make_send(ARGUMENT);
	arguments_renew(ARGUMENT);
}

void arguments_end(void)
{
	port_destroy(ARGUMENT);
	EXPECT(vm_deallocate(SELF, 0, ARGUMENT_MEMORY), KERN_SUCCESS);
}

/* --- keeping -------------------------------------------------------------------------------- */

extern const request_stub_t routine_stubs[];

boolean_t request_make_each(struct request *request, unsigned int routine,
	const uint32_t arguments[REQUEST_ARGUMENTS])
{
	boolean_t kept = request_keep_each(request, routine_stubs[routine], arguments);

	if (kept && request_header(request)->msgh_id == REQUEST_NOTIFICATION)
		for (unsigned int w = 6; w < request->size / 4; w += 2)
			/* Its right has one type only. */
			if (request->word[w] == RIGHT_TYPE + MACH_MSG_TYPE_COPY_SEND)
				request->word[w] = RIGHT_TYPE + MACH_MSG_TYPE_MAKE_SEND_ONCE;
	return kept;
}

boolean_t request_make(struct request *request, unsigned int routine)
{
	uint32_t arguments[REQUEST_ARGUMENTS];

	for (unsigned int i = 0; i < REQUEST_ARGUMENTS; i++)
		arguments[i] = ARGUMENT;
	return request_make_each(request, routine, arguments);
}

void request_change(struct request *request, uint32_t value)
{
	for (unsigned int w = 7; w < request->size / 4; w += 2)
		if (request->word[w] == ARGUMENT && request->word[w - 1] == INTEGER_TYPE)
			request->word[w] = value;
}
