/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel asks of the machine.  The only header of kern/, ipc/ and vm/
 * through which anything of i386/ is seen (physical maps: vm/pmap.h).
 */
#ifndef KERN_MACHINE_H
#define KERN_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mach/boolean.h>
#include <mach/kern_return.h>
#include <mach/machine/vm_types.h>
#include <mach/message.h>

#include <i386/pcb.h>

struct thread;
struct task;

typedef void (*continuation_t)(void);

/* --- User memory ------------------------------------------------------- */

/*
 * Copy between the current task's memory and the kernel.  Any user range may be
 * given: what does not lie wholly below the user limit is refused untouched.
 * Page faults are served on the way.  copyin never reads a byte outside the range.
 *
 * Locks:    none held.
 * Blocks:   may, in a page fault.
 * Returns:  0; or 1 when the range is not accessible, a part may be copied then.
 */
int copyin(const void *user, void *kernel, size_t size);
int copyout(const void *kernel, void *user, size_t size);

/*
 * copyin/copyout of a message: sizes are multiples of 4 except copyoutmsg's, and short ones
 * take few instructions.
 */
int copyinmsg(const void *user, void *kernel, size_t size);
int copyoutmsg(const void *kernel, void *user, size_t size);

/*
 * The current thread's system call is over with success: write a message's header, which lies where
 * the entry code has put it (ipc/fast_path.h), to its buffer, and go to user mode.  If the buffer is
 * not writable the call's result is what ipc_fast_path_failed says.
 */
_Noreturn void machine_message_return(struct thread *self, const mach_msg_header_t *header,
				      mach_msg_header_t *user);

/* Copy a terminated string of at most max bytes, the terminator included; 1 when it faults
 * or is longer. *length is the number of bytes copied with the terminator. */
int copyinstr(const void *user, char *kernel, size_t max, size_t *length);

/* --- Interrupts and time ------------------------------------------------ */

#ifdef HOST_TEST
void interrupts_enable(void);	/* unit tests fake the flag */
void interrupts_disable(void);
#else
static inline void interrupts_enable(void)
{
	__asm__ volatile("sti" : : : "memory");
}

static inline void interrupts_disable(void)
{
	__asm__ volatile("cli" : : : "memory");
}
#endif

/* Is the interrupt flag set? */
bool interrupts_enabled(void);

/* Start the clock interrupt, TICK_HZ times a second: it counts ticks and sets AST_TICK. */
void machine_clock_start(void);

/* Halt until an interrupt has been taken; called with interrupts off, returns with them off. */
void machine_idle(void);

/* Nanoseconds since start, monotonic, from the time-stamp counter. */
uint64_t machine_uptime_ns(void);

/* The raw time-stamp counter, and how long so many of it are: less than 4 seconds. */
uint64_t machine_cycles(void);
uint32_t machine_cycles_ns(uint32_t cycles);

/* Seconds since 1970 as the clock chip says at start. */
uint32_t machine_rtc_seconds(void);

/* --- Threads ------------------------------------------------------------ */

/* Set up the pcb of a new thread: all zero registers, standard segments, FPU unused. */
void machine_thread_init(struct thread *thread);

/* Bytes that a thread may come to need for its registers, besides the pcb. */
size_t machine_thread_bytes(void);

/* Give back what the pcb owns (FPU area, tables); the thread will not run again. */
void machine_thread_terminate(struct thread *thread);

/* The same for what a task owns. */
void machine_task_terminate(struct task *task);

/*
 * Make `next` the thread whose user mode this CPU returns to: address space,
 * TSS.esp0, user segments, FPU ownership.  Does not touch stacks.
 */
void machine_thread_load(struct thread *prev, struct thread *next);

/*
 * Save the kernel context of prev on its stack, go on where next saved its own.
 * Returns, in prev's context later, the thread that was switched away from then.
 */
struct thread *machine_switch_context(struct thread *prev, struct thread *next);

/* Prepare a fresh stack so that machine_switch_context to it calls start(previous thread). */
void machine_stack_prepare(struct thread *thread, void (*start)(struct thread *previous));

/* Throw away all frames of the current stack and call the continuation, which never returns. */
_Noreturn void machine_call_continuation(continuation_t continuation);

/*
 * Leave the kernel: serve pending ASTs, then go to user mode with the registers
 * in the current thread's pcb (user_return), the result register set first
 * (syscall_return).
 */
_Noreturn void user_return(void);
_Noreturn void syscall_return(kern_return_t result);

/*
 * Raise the exception that is due for the current thread at the boundary to user mode, what
 * AST_STEP stands for: does not return then.
 */
void machine_raise_deferred(void);

/* What threads need of the machine; after the slab caches work, before threads are made. */
void machine_threads_init(void);

/* Registers in the pcb, for trap emulation and thread start. */
void machine_set_syscall_result(struct thread *thread, kern_return_t result);
void machine_set_user_entry(struct thread *thread, vm_offset_t eip, vm_offset_t esp);

/*
 * thread_get_state / thread_set_state of all flavours of mach/i386/thread_status.h;
 * the thread is not running in user mode.  *count in words, in and out.
 * Errors: KERN_INVALID_ARGUMENT for an unknown flavour, a short count or bad contents.
 */
kern_return_t machine_thread_get_state(struct thread *thread, int flavor, uint32_t *state,
				       uint32_t *count);
kern_return_t machine_thread_set_state(struct thread *thread, int flavor, const uint32_t *state,
				       uint32_t count);

/*
 * Record these kinds of events (a mask, <mach/trace.h>) from now on, and no others.
 *
 * Locks:    none of class LOCK_LEAF.
 */
void machine_trace_switch(uint32_t kinds);

/* --- Console and the end ------------------------------------------------ */

void console_putc(char c);
int console_getc_poll(void);	/* -1 when no character waits */
void console_forget_break(void);	/* those that have come on the line mean nothing */

enum machine_stop { MACHINE_HALT, MACHINE_RESET, MACHINE_FAIL };

/* Power off (test device or ACPI), reset, or stop with the test device's failure status. */
_Noreturn void machine_stop(enum machine_stop how);

/* Print a symbolised backtrace of the current kernel stack. */
void machine_backtrace(void);

/* The same of a thread that is blocked on a stack of its own, or runs; nothing of another. */
void machine_thread_backtrace(const struct thread *thread);

/* Where a thread was in user mode when it entered the kernel. */
vm_offset_t machine_user_pc(const struct thread *thread);

/* Print what a thread's registers in user mode were when it entered the kernel. */
void machine_print_user_registers(const struct thread *thread);

/* Print the name of the function at a kernel address, as NAME+OFFSET. */
void machine_print_symbol(const void *address);

/*
 * Read a word of kernel memory that may not be there, to look at what may be damaged.  Can be
 * called in any context.
 * Returns:  false when the address is not aligned, not the kernel's or not mapped.
 */
bool machine_peek(const void *place, uint32_t *word);

/* --- Processor ------------------------------------------------------------ */

struct machine_features {
	const char *name;	/* vendor string of CPUID */
	int cpu_type;		/* mach/machine.h */
	int cpu_subtype;
	bool has_nx, has_sysenter, has_fxsr, has_xsave, has_sse, has_smep, has_smap, has_pge;
};

extern struct machine_features machine_info;	/* the tag is not that of mach/machine.h */

#endif /* KERN_MACHINE_H */
