/* SPDX-License-Identifier: BSD-2-Clause */
/* The client stub of each routine; without their headers, for all are of one type here. */
#include "request.h"

#define ROUTINE(id, name, object, wrong)	extern kern_return_t name(uint32_t, uint32_t, uint32_t, \
	uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t);
#include "routine_list.h"
#undef ROUTINE

extern const request_stub_t routine_stubs[];

#define ROUTINE(id, name, object, wrong)	name,
const request_stub_t routine_stubs[] = {
#include "routine_list.h"
};
#undef ROUTINE
