/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The event trace in plain words: `trace ${host-port} [milliseconds]' records for so long, or, with
 * no time, during one call to the kernel, and prints what there was, oldest first.
 */
#include <libmach/print.h>
#include <libmach/string.h>
#include <mach.h>
#include <mach/porter.h>
#include <mach/trace.h>

/* How the three words of a kind are to be read, in the order in which they stand. */
static const char *const texts[TRACE_KINDS] = {
	[TRACE_TRAP_ENTER] = "enters the kernel: trap %d at 0x%x, error code 0x%x",
	[TRACE_TRAP_EXIT] = "leaves the kernel: eax 0x%x, at 0x%x",
	[TRACE_SEND] = "sends message %d of %u bytes to port #%u",
	[TRACE_ENQUEUE] = "message %d is number %u in the queue of port #%u",
	[TRACE_DEQUEUE] = "message %d, sequence number %u, leaves the queue of port #%u",
	[TRACE_RECEIVE] = "receives message %d of %u bytes on name 0x%x",
	[TRACE_HANDOFF] = "message %d goes straight to thread %u, %u bytes",
	[TRACE_RPC_BEGIN] = "kernel call %d begins, %u bytes",
	[TRACE_RPC_END] = "kernel call %d ends with %d",
	[TRACE_FAULT] = "page fault at 0x%x, access %u, result %u",
	[TRACE_BLOCK] = "gives the processor to thread %u",
	[TRACE_WAKE] = "ends the wait of thread %u",
	[TRACE_EXCEPTION] = "exception %u, code %u, subcode 0x%x",
};

static void print_record(const trace_record_t *record, unsigned long long start)
{
	const unsigned int *word = record->tr_word;

	printf("%10u  cpu %u  thread %4u  ", (unsigned int) (record->tr_time - start),
		record->tr_cpu, record->tr_thread);
	if (record->tr_kind < TRACE_KINDS)
		printf(texts[record->tr_kind], word[0], word[1], word[2]);
	printf("\n");
}

static void wait_for(unsigned int milliseconds)
{
	mach_msg_header_t message;

	mach_msg(&message, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof message,
		mach_reply_port(), milliseconds, MACH_PORT_NULL);
}

static kern_return_t record(mach_port_t host, const char *milliseconds)
{
	mach_port_type_t type;
	kern_return_t result = host_trace_control(host, TRACE_ALL);

	if (result != KERN_SUCCESS)
		return result;
	if (milliseconds != NULL)
		wait_for(strtoul(milliseconds, NULL, 10));
	else
		mach_port_type(mach_task_self(), mach_task_self(), &type);
	return host_trace_control(host, 0);
}

static kern_return_t print_all(mach_port_t host)
{
	trace_record_array_t records;
	mach_msg_type_number_t count;
	unsigned long long next;
	kern_return_t result = host_trace_read(host, 0, 0, &records, &count, &next);

	if (result != KERN_SUCCESS)
		return result;
	if (next > count)
		printf("(%u records are lost)\n", (unsigned int) (next - count));
	for (unsigned int i = 0; i < count; i++)
		print_record(&records[i], records[0].tr_time);
	return vm_deallocate(mach_task_self(), (vm_address_t) records, count * sizeof *records);
}

int main(int argc, char **argv)
{
	mach_port_t host = argc > 1 ? strtoul(argv[1], NULL, 10) : MACH_PORT_NULL;
	kern_return_t result = record(host, argc > 2 ? argv[2] : NULL);

	if (result == KERN_SUCCESS)
		result = print_all(host);
	if (result != KERN_SUCCESS)
		mach_error("trace", result);
	return result != KERN_SUCCESS;
}
