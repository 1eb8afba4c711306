/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rings of the event trace, and their readers.
 *
 * A record is written before `next` counts it, so a reader trusts what is below `next` and not
 * about to be written over: the last TRACE_RECORDS - 1, by the value of `next` after the copy.
 */
#include <kern/trace.h>

#include <kern/machine.h>
#include <kern/mig_support.h>
#include <kern/percpu.h>
#include <kern/printf.h>
#include <mach/porter_server.h>
#include <vm/kmem.h>

_Static_assert((TRACE_RECORDS & (TRACE_RECORDS - 1)) == 0, "a power of two");
_Static_assert(sizeof(trace_record_t) == 32, "as the interface says");

struct trace_ring {
	volatile uint64_t next;		/* number of the next record */
	trace_record_t record[TRACE_RECORDS];
};

static struct percpu *const cpus[] = { &percpu_boot };

#define CPU_COUNT (sizeof(cpus) / sizeof(cpus[0]))

vm_map_copy_t vm_map_copy_from_kernel(const void *data, vm_size_t size);

void trace_record(unsigned int kind, uint32_t a, uint32_t b, uint32_t c)
{
	struct percpu *cpu = current_cpu();
	struct trace_ring *ring = cpu->trace;

	if (ring == NULL)
		return;
	ring->record[ring->next % TRACE_RECORDS] = (trace_record_t){
		.tr_time = machine_cycles(),
		.tr_cpu = cpu->id,
		.tr_thread = current_thread()->id,
		.tr_kind = kind,
		.tr_word = { a, b, c },
	};
	__atomic_signal_fence(__ATOMIC_RELEASE);
	ring->next++;
}

/* --- Switching ---------------------------------------------------------------------------- */

/* Rings are made once, and stay. */
static bool make_ring(struct percpu *cpu)
{
	struct trace_ring *none = NULL, *ring;

	if (cpu->trace != NULL)
		return true;
	ring = kmem_alloc(sizeof(*ring));
	if (ring == NULL)
		return false;
	ring->next = 0;
	if (!__atomic_compare_exchange_n(&cpu->trace, &none, ring, false, __ATOMIC_RELEASE,
					 __ATOMIC_RELAXED))
		kmem_free(ring, sizeof(*ring));		/* another thread was quicker */
	return true;
}

kern_return_t host_trace_control(struct host *host_priv, natural_t kinds)
{
	if (host_priv == NULL)
		return KERN_INVALID_HOST;
	if ((kinds & ~TRACE_ALL) != 0)
		return KERN_INVALID_ARGUMENT;
	for (size_t i = 0; kinds != 0 && i < CPU_COUNT; i++)
		if (!make_ring(cpus[i]))
			return KERN_RESOURCE_SHORTAGE;
	machine_trace_switch(kinds);
	return KERN_SUCCESS;
}

/* --- Reading ------------------------------------------------------------------------------ */

/* Two words that their CPU may be changing. */
static uint64_t ring_next(const struct trace_ring *ring)
{
	uint64_t next;

	do
		next = ring->next;
	while (next != ring->next);
	return next;
}

/* The oldest record that can be had, not before `from`. */
static uint64_t ring_first(uint64_t next, uint64_t from)
{
	uint64_t oldest = next < TRACE_RECORDS ? 0 : next - (TRACE_RECORDS - 1);

	return from < oldest ? oldest : from;
}

/* Copy what is there of a range of numbers; returns how many, moved to the start of the buffer. */
static uint32_t ring_copy(const struct trace_ring *ring, uint64_t from, uint64_t next,
			  trace_record_t *buffer)
{
	uint32_t count = 0;

	for (uint64_t i = from; i < next; i++)
		buffer[count++] = ring->record[i % TRACE_RECORDS];
	from = ring_first(ring_next(ring), from) - from;
	if (from >= count)
		return 0;
	if (from > 0)
		memmove(buffer, buffer + from, (count - (uint32_t)from) * sizeof(*buffer));
	return count - (uint32_t)from;
}

static kern_return_t ring_read(const struct trace_ring *ring, uint64_t from, uint64_t next,
			       vm_map_copy_t *copyp, mach_msg_type_number_t *countp)
{
	uint32_t room = (uint32_t)(next - from) * sizeof(trace_record_t);
	trace_record_t *buffer = kmem_alloc(room);
	vm_map_copy_t copy = NULL;
	uint32_t count;

	if (buffer == NULL)
		return KERN_RESOURCE_SHORTAGE;
	count = ring_copy(ring, from, next, buffer);
	if (count > 0)
		copy = vm_map_copy_from_kernel(buffer, count * sizeof(*buffer));
	kmem_free(buffer, room);
	if (count > 0 && copy == NULL)
		return KERN_RESOURCE_SHORTAGE;
	*copyp = copy;
	*countp = count;
	return KERN_SUCCESS;
}

kern_return_t host_trace_read(struct host *host_priv, natural_t cpu, uint64_t from,
			      vm_map_copy_t *copyp, mach_msg_type_number_t *countp,
			      uint64_t *nextp)
{
	const struct trace_ring *ring;
	uint64_t next = 0;

	if (host_priv == NULL)
		return KERN_INVALID_HOST;
	if (cpu >= CPU_COUNT)
		return KERN_INVALID_ARGUMENT;
	ring = cpus[cpu]->trace;
	if (ring != NULL)
		next = ring_next(ring);
	if (from > next)
		return KERN_INVALID_ARGUMENT;
	if (from < next) {
		kern_return_t kr = ring_read(ring, ring_first(next, from), next, copyp, countp);

		if (kr != KERN_SUCCESS)
			return kr;
	} else {
		*copyp = NULL;
		*countp = 0;
	}
	*nextp = next;
	return KERN_SUCCESS;
}

/* --- Printing ----------------------------------------------------------------------------- */

static void print_record(uint64_t number, const trace_record_t *record)
{
	static const char *const names[TRACE_KINDS] = {
		[TRACE_TRAP_ENTER] = "enter", [TRACE_TRAP_EXIT] = "exit", [TRACE_SEND] = "send",
		[TRACE_ENQUEUE] = "enqueue", [TRACE_DEQUEUE] = "dequeue",
		[TRACE_RECEIVE] = "receive", [TRACE_HANDOFF] = "handoff",
		[TRACE_RPC_BEGIN] = "call", [TRACE_RPC_END] = "answer", [TRACE_FAULT] = "fault",
		[TRACE_BLOCK] = "block", [TRACE_WAKE] = "wake", [TRACE_EXCEPTION] = "exception",
	};

	printf("  %llu thread %u %s 0x%x 0x%x 0x%x\n", number, record->tr_thread,
	       record->tr_kind < TRACE_KINDS ? names[record->tr_kind] : "?", record->tr_word[0],
	       record->tr_word[1], record->tr_word[2]);
}

void trace_print(uint32_t count)
{
	if (count >= TRACE_RECORDS)
		count = TRACE_RECORDS - 1;
	for (size_t i = 0; i < CPU_COUNT; i++) {
		const struct trace_ring *ring = cpus[i]->trace;
		uint64_t next = ring != NULL ? ring->next : 0;

		if (next == 0)
			printf("CPU %u has recorded nothing\n", (unsigned int)i);
		for (uint64_t n = next > count ? next - count : 0; n < next; n++)
			print_record(n, &ring->record[n % TRACE_RECORDS]);
	}
}
