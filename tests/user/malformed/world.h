/* SPDX-License-Identifier: BSD-2-Clause */
/* Where requests go, and what must be as it was when one has been answered or not. */
#ifndef _WORLD_H_
#define _WORLD_H_

#include "tests.h"

/* The routine that is tried, the ports that its arguments name, and the port that it goes to. */
struct world {
	const struct routine	*routine;
	unsigned int		kind;		/* of the target */
	boolean_t		silent;		/* without a reply port */
	struct targets		ports, target;
	struct request		good, request;	/* well-formed, and what is sent */
};

extern struct world world;
extern unsigned int world_asked, world_succeeded;

void world_begin(void);
void world_end(void);

/* For a routine: can its request be made?  In the end the objects of the kernel are gone. */
boolean_t world_open(unsigned int routine);
void world_close(void);

/* A new target in place of the one that took requests; nothing of ours may be held then. */
void world_renew(void);

/*
 * Send world.request, see that it is answered or not, and give up what is answered; then
 * world.request is the good one again.  A refused one has types that are wrong.
 */
enum outcome { ANY_CODE, REFUSED };
void world_try(enum outcome outcome);

#endif
