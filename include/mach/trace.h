/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The event trace: what each CPU has done last, as records of fixed size.
 *
 * host_trace_control says which kinds of events are recorded, host_trace_read reads (both in
 * <mach/porter.defs>).  Each CPU keeps its own last TRACE_RECORDS - 1 records, numbered from 0
 * since the start; older ones are lost.  When a read from number `from' gives `count' records and
 * `next', then next - from - count were lost in between; the following read begins at `next'.
 *
 * Nothing in a record is an address in the kernel: threads are given by their numbers (as in the
 * audit token of a trailer; 0 is the kernel's own), ports by their serial numbers (as in
 * port_statistics).
 */
#ifndef _MACH_TRACE_H_
#define _MACH_TRACE_H_

/*
 * Kinds of events, and the three words of each; words not named are 0.  Entries and exits are those
 * of user mode; the number of an entry is a system call's, which is negative, or a vector.
 */
#define TRACE_TRAP_ENTER	0	/* number; eip; error code */
#define TRACE_TRAP_EXIT		1	/* eax; eip */
#define TRACE_SEND		2	/* message's id; size; port */
#define TRACE_ENQUEUE		3	/* id; length of the queue with it; port */
#define TRACE_DEQUEUE		4	/* id; sequence number; port */
#define TRACE_RECEIVE		5	/* id; size; name on which it arrived */
#define TRACE_HANDOFF		6	/* id; thread that gets it without a queue; size */
#define TRACE_RPC_BEGIN		7	/* a kernel object serves: id; size */
#define TRACE_RPC_END		8	/* id; return code */
#define TRACE_FAULT		9	/* page fault: address; access wanted; result */
#define TRACE_BLOCK		10	/* next thread; whether it waits, or could go on */
#define TRACE_WAKE		11	/* thread whose wait is over */
#define TRACE_EXCEPTION		12	/* exception; code; subcode */
#define TRACE_KINDS		13

/*
 * In a remote procedure call by the fast path there is TRACE_HANDOFF alone, by the sender: it
 * stands for sending, blocking, waking and receiving.  On the ordinary path it says only
 * that the message went to a thread that waited for it.
 */

#define TRACE_MASK(kind)	(1u << (kind))
#define TRACE_ALL		(TRACE_MASK(TRACE_KINDS) - 1)

#define TRACE_RECORDS		4096u

#ifndef __ASSEMBLER__
typedef struct {
	unsigned long long	tr_time;	/* the CPU's time-stamp counter: never goes back */
	unsigned int		tr_cpu;
	unsigned int		tr_thread;	/* who was running */
	unsigned int		tr_kind;
	unsigned int		tr_word[3];
} trace_record_t;

typedef trace_record_t	*trace_record_array_t;
#endif

#endif
