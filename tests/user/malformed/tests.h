/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every routine with each of its arguments malformed in turn.  The requests are those that the
 * client stubs make, from arguments with which most routines succeed; what is changed in them are
 * the items that are found by reading their type descriptors.
 */
#ifndef _TESTS_H_
#define _TESTS_H_

#include <mach/mach_types.h>

#include "../common/routines.h"
#include "../common/targets.h"

/* --- well-formed ------------------------------------------------------------------------------ */

/* A task that is a target or an argument has memory where we have it, a port ARGUMENT, and a set: */
#define SET_NAME	0x15u

/* The request with good arguments, which name `ports'.  Returns: whether there is one. */
boolean_t well_formed(struct request *request, unsigned int routine, const struct targets *ports);

/* --- items ------------------------------------------------------------------------------------ */

/* What a type descriptor in a request says. */
struct item {
	unsigned int	word;		/* index of the descriptor */
	unsigned int	data;		/* of what follows it */
	uint32_t	name, size, number;
	boolean_t	is_long, is_inline;
};

/* The items of a request.  Returns: how many there are. */
#define ITEMS_MAX	16
unsigned int items_find(const struct request *request, struct item items[ITEMS_MAX]);

boolean_t item_is_right(uint32_t name);

/* One number or name inline. */
boolean_t item_is_single(const struct item *item);

/* Change one of the fields. */
enum field { FIELD_NAME, FIELD_SIZE, FIELD_NUMBER, FIELDS };
void item_set(struct request *request, const struct item *item, enum field field, uint32_t value);

#endif
