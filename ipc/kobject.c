/* SPDX-License-Identifier: BSD-2-Clause */
#include <ipc/kobject.h>

#include <ipc/kmsg.h>
#include <ipc/port.h>
#include <ipc/space.h>
#include <kern/mig_support.h>
#include <kern/trace.h>

/* All ids of all subsystems fall in here; one slot for each id makes the search one load. */
#define FIRST_ID 2000
#define ID_COUNT 2900

struct slot {
	const struct mig_kernel_routine *routine;	/* NULL: not served */
	uint32_t calls;
};

static struct slot slots[ID_COUNT];

static const struct mig_kernel_subsystem *const subsystems[] = {
	&mach_subsystem, &mach_port_subsystem, &mach_host_subsystem,
	&mach4_subsystem, &gnumach_subsystem, &porter_subsystem,
	&mach_i386_subsystem, &mach_debug_subsystem, &device_subsystem,
};

static struct slot *slot_of(mach_msg_id_t id)
{
	uint32_t index = (uint32_t)id - FIRST_ID;

	return index < ID_COUNT ? &slots[index] : NULL;
}

static void add_subsystem(const struct mig_kernel_subsystem *subsystem)
{
	for (uint32_t i = 0; i < subsystem->count; i++) {
		const struct mig_kernel_routine *routine = &subsystem->routine[i];
		struct slot *slot = slot_of(routine->id);

		if (slot == NULL || slot->routine != NULL)
			panic("ipc_kobject: routine %s has a bad id, %d", routine->name,
			      routine->id);
		if (mig_kernel_served(routine))
			slot->routine = routine;
	}
}

void ipc_kobject_init(void)
{
	for (size_t i = 0; i < sizeof(subsystems) / sizeof(subsystems[0]); i++)
		add_subsystem(subsystems[i]);
}

bool ipc_kobject_calls(mach_msg_id_t id, uint32_t *calls)
{
	struct slot *slot = slot_of(id);

	if (slot == NULL || slot->routine == NULL)
		return false;
	*calls = slot->calls;
	return true;
}

/* A reply with nothing in it but a return code. */
static void reply_start(struct ipc_kmsg *reply, const struct ipc_kmsg *request)
{
	mig_reply_header_t *message = (mig_reply_header_t *)&reply->user;

	reply->header = (struct kmsg_header){
		.bits = MACH_MSGH_BITS(MACH_MSGH_BITS_LOCAL(request->header.bits), 0),
		.size = sizeof(*message),
		.remote = request->header.local,
		.local = IP_NULL,
		.id = (mach_msg_id_t)((uint32_t)request->header.id + 100),	/* may wrap */
	};
	*(uint32_t *)&message->RetCodeType = 0x10012000u | MACH_MSG_TYPE_INTEGER_32;
	message->RetCode = MIG_BAD_ID;
}

/* Release what is left of a request.  The reply right has gone to the reply. */
static void request_end(struct ipc_kmsg *request, bool consumed)
{
	mach_msg_bits_t bits = request->header.bits;

	if (!consumed && (bits & MACH_MSGH_BITS_COMPLEX))
		ipc_kmsg_clean_body(request, request->header.size - sizeof(request->header));
	ipc_right_in_hand_release(request->header.remote, MACH_MSGH_BITS_REMOTE(bits));
	ipc_kmsg_free(request);
}

struct ipc_kmsg *ipc_kobject_server(struct ipc_kmsg *request)
{
	struct slot *slot = slot_of(request->header.id);
	const struct mig_kernel_routine *routine = slot != NULL ? slot->routine : NULL;
	uint32_t size = sizeof(mig_reply_header_t);
	struct thread *self = current_thread();
	struct ipc_kmsg *reply;
	kern_return_t kr;

	if (routine != NULL && routine->reply_size > size)
		size = routine->reply_size;
	reply = ipc_kmsg_alloc(size);
	if (reply == NULL) {	/* the caller learns it by the loss of its reply right */
		ipc_kmsg_destroy(request);
		return NULL;
	}
	reply_start(reply, request);
	if (trace_on(TRACE_RPC_BEGIN))
		trace_record(TRACE_RPC_BEGIN, (uint32_t)request->header.id, request->header.size, 0);
	if (routine != NULL) {
		slot->calls++;
		self->ipc.serving = request;
		routine->stub(&request->user, &reply->user);
		self->ipc.serving = NULL;
	}
	kr = ((mig_reply_header_t *)&reply->user)->RetCode;
	if (trace_on(TRACE_RPC_END))
		trace_record(TRACE_RPC_END, (uint32_t)request->header.id, (uint32_t)kr, 0);
	request_end(request, kr == KERN_SUCCESS || kr == MIG_NO_REPLY);
	if (kr == MIG_NO_REPLY) {	/* the routine has taken the reply right too */
		ipc_kmsg_free(reply);
		return NULL;
	}
	if (!IP_VALID(reply->header.remote)) {
		ipc_kmsg_destroy(reply);
		return NULL;
	}
	return reply;
}

boolean_t ipc_port_check_circularity(struct ipc_port *port, struct ipc_port *destination)
{
	return IP_VALID(destination) && !ipc_port_depart(port, destination);
}
