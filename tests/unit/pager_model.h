/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pagers in the model of maps: a few memory objects, each with what its pager has stored, and what
 * everyone who maps it must see.
 *
 * Where a page is resident it shows the latter; where it is not, the two are the same once the
 * pager has taken what was sent to it: no write is ever lost.  The exceptions are those the pager
 * itself has asked for: a flush without return, destruction, the death of its port.
 *
 * The pager takes its messages in order, and answers them late, twice, in any order, for more
 * pages than were asked for, locked or precious, and, if it may fail, with errors or not at all.
 */
#ifndef TESTS_UNIT_PAGER_MODEL_H
#define TESTS_UNIT_PAGER_MODEL_H

#include <tests/unit/map_model.h>

#define OBJECTS 2
#define OBJECT_PAGES 10u

struct ipc_port;

struct object_model {
	struct ipc_port *port;			/* its receive right is in the pagers' space */
	uint32_t name;
	struct ipc_port *control;		/* a send right, while the kernel knows it */
	bool said_ready;
	uint32_t life;				/* how often all ties were cut */
	struct page_model *page[OBJECT_PAGES];	/* what maps see */
	unsigned char store[OBJECT_PAGES][PAGE_BYTES];
	bool wanted[OBJECT_PAGES], locked[OBJECT_PAGES];	/* asked for, not answered */
};

extern struct object_model objects[OBJECTS];
extern bool pagers_fail;		/* they may do what makes operations fail */
extern uint32_t pager_troubles;		/* how often they have */
extern const struct object_model *pager_refuses;	/* all requests for this one */

void pagers_start(bool any);
void pagers_end(void);

/* The pager does something, whatever anybody waits for. */
void pager_act(struct object_model *o);

/* Pagers take what was sent, and answer what they owe; false: nobody had anything to do. */
bool pagers_answer(void);

/* A lock request or a supply of the pager's own accord, and other things that it may do. */
void pager_volunteer(struct object_model *o, bool lossy);

/* One of the things that it may do, to all pages. */
enum pager_deed {
	PAGER_SUPPLIES, PAGER_CLEANS, PAGER_FLUSHES, PAGER_FORBIDS, PAGER_ALLOWS, PAGER_CHANGES,
	PAGER_FAILS, PAGER_DESTROYS, PAGER_DIES, PAGER_DEEDS
};
void pager_does(struct object_model *o, enum pager_deed deed);

/* A send right to the object, or to a proxy of it that begins `start` pages into it. */
struct ipc_port *object_right(struct object_model *o);
struct ipc_port *object_proxy(struct object_model *o, uint32_t start, uint32_t pages, int max);

/* All memory of objects against the model; what was sent is taken first. */
void pagers_check(void);

/*
 * Memory was short: objects that could not end for want of it do so, and all that was sent is taken.
 * The message that an object has ended may be missing; its pages may not.
 */
void pagers_settle(void);

/* Resident pages of objects that no entry leads to are no waste. */
uint32_t pagers_mark(uint32_t (*mark)(const struct vm_page *page));

/* Is the page absent there and a pager's?  Tells which of which object; NULL: its pager is dead. */
bool pager_absent(const struct vm_map_entry *entry, vm_offset_t va, struct object_model **op,
		  uint32_t *index);

#endif /* TESTS_UNIT_PAGER_MODEL_H */
