/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the server stubs that MIG makes for the kernel need, and what their
 * authors need to know: the C type of each argument, who owns it, and the table
 * by which the dispatcher finds a stub.
 *
 * A stub checks the request's types, translates ports to objects, calls the
 * routine of the same name (ds_ in front for devices), releases what it
 * translated, and fills in the reply.
 *
 *   in the interface        in a server routine             ownership
 *   task_t and its like     struct task *, NULL if the      borrowed: the stub releases it
 *                           port stands for no task
 *   the same, out           struct task **                  a reference, that the stub consumes
 *   mach_port_t, rights     ipc_port_t: a port, IP_NULL,    consumed on success, kept on error;
 *                           IP_DEAD                         the port that the message was sent
 *                                                           to is only borrowed
 *   the same, out           ipc_port_t *                    a right, ready made
 *   polymorphic right       also mach_msg_type_name_t, one  as above
 *                           of MACH_MSG_TYPE_PORT_*
 *   pointer_t, io_buf_ptr_t vm_map_copy_t, and a count in   consumed on success; out: given away;
 *   names, types, vectors   elements                        NULL for nothing
 *   ^array of ports         ipc_port_array_t: a kalloc'ed   array and rights consumed on success;
 *   (task_array_t, ...)     array of port pointers, and a   out: given away, a right in each
 *                           count; objects are not          (convert_task_to_port); NULL for
 *                           translated in arrays            nothing
 *   array[] of structures,  pointer to the pointer to room  stays inline if it fits: fill it in;
 *   out                     in the reply, and to its count  else make the pointer a vm_map_copy_t
 *                           of elements                     (cast) and give it away
 *   array[*:n]              pointer into the message and a  borrowed; an incoming count is as
 *                           count (out: where the count     long as the message, so check it
 *                           goes; it holds the room)        against n
 *   c_string[*:n], in       const char *                    ends within the message or at the
 *                                                           zero word behind it; see below
 *   fixed strings           char[n]                         need not be terminated
 *
 * The dispatcher puts a zero word behind each request, so that a string without
 * a terminator ends there.
 */
#ifndef KERN_MIG_SUPPORT_H
#define KERN_MIG_SUPPORT_H

#include <stdbool.h>

#include <ipc/ipc_types.h>
#include <ipc/port.h>
#include <ipc/space.h>
#include <kern/string.h>
#include <kern/task.h>
#include <kern/thread.h>
#include <mach/mach_types.h>
#include <mach/mig_errors.h>

struct device;
struct host;
struct io_perm;
struct processor;
struct processor_set;
struct vm_pager;

typedef struct ipc_port		*ipc_port_t;
typedef struct ipc_space	*ipc_space_t;
typedef struct task		*task_t;
typedef struct thread		*thread_t;
typedef struct vm_map		*vm_map_t;
typedef struct vm_map_copy	*vm_map_copy_t;
typedef struct vm_pager	*vm_object_t;	/* by its control port */
typedef struct host		*host_t;
typedef struct processor	*processor_t;
typedef struct processor_set	*processor_set_t;
typedef struct device		*device_t;
typedef struct io_perm		*io_perm_t;

/* Arrays of ports, whatever the ports stand for. */
typedef ipc_port_t		*ipc_port_array_t;
typedef ipc_port_t		*task_array_t;
typedef ipc_port_t		*thread_array_t;
typedef ipc_port_t		*processor_array_t;
typedef ipc_port_t		*processor_name_array_t;
typedef ipc_port_t		*processor_set_array_t;
typedef ipc_port_t		*processor_set_name_array_t;
typedef ipc_port_t		*memory_object_array_t;

/*
 * From ports to objects. Each takes any port pointer, IP_NULL and IP_DEAD too.
 *
 * Locks:    none; the port's lock is taken inside.
 * Owns:     borrows the port; returns a reference where the object is counted (not for the
 *           host and processors, which are there for ever).
 * Returns:  NULL when the port does not stand for such an object, or its object is gone.
 *           convert_port_to_host takes the privileged port too, ..._pset_name the set's own,
 *           convert_port_to_map and convert_port_to_space the task's.
 */
struct task *convert_port_to_task(struct ipc_port *port);
struct thread *convert_port_to_thread(struct ipc_port *port);
struct vm_map *convert_port_to_map(struct ipc_port *port);
struct ipc_space *convert_port_to_space(struct ipc_port *port);
struct host *convert_port_to_host(struct ipc_port *port);
struct host *convert_port_to_host_priv(struct ipc_port *port);
struct processor *convert_port_to_processor(struct ipc_port *port);
struct processor *convert_port_to_processor_name(struct ipc_port *port);
struct processor_set *convert_port_to_pset(struct ipc_port *port);
struct processor_set *convert_port_to_pset_name(struct ipc_port *port);
struct vm_pager *convert_port_to_object(struct ipc_port *port);
struct vm_pager *convert_port_to_object_name(struct ipc_port *port);
struct device *convert_port_to_device(struct ipc_port *port);
struct io_perm *convert_port_to_io_perm(struct ipc_port *port);

/*
 * From objects to ports.
 *
 * Owns:     consumes the object's reference (where it is counted); returns a send right.
 * Returns:  IP_NULL for NULL and for an object whose port is gone.
 */
struct ipc_port *convert_task_to_port(struct task *task);
struct ipc_port *convert_thread_to_port(struct thread *thread);
struct ipc_port *convert_host_to_port(struct host *host);
struct ipc_port *convert_processor_to_port(struct processor *processor);
struct ipc_port *convert_pset_to_port(struct processor_set *pset);
struct ipc_port *convert_pset_name_to_port(struct processor_set *pset);
struct ipc_port *convert_device_to_port(struct device *device);
struct ipc_port *convert_io_perm_to_port(struct io_perm *io_perm);

/*
 * Would a receive right in a reply, queued at destination, become reachable only from its own
 * queue?  Borrows both.
 */
boolean_t ipc_port_check_circularity(struct ipc_port *port, struct ipc_port *destination);

/* As in vm/map.h, which has a vm_region_info of its own and cannot be included by all stubs. */
void vm_map_release(struct vm_map *map);

void vm_object_release(struct vm_pager *object);
void pset_release(struct processor_set *pset);
void device_release(struct device *device);
void io_perm_release(struct io_perm *io_perm);

/*
 * Not every kernel has all of these objects. Routines whose translations are missing are not
 * served (struct mig_kernel_routine).
 */
#pragma weak convert_port_to_processor
#pragma weak convert_port_to_processor_name
#pragma weak convert_port_to_pset
#pragma weak convert_port_to_pset_name
#pragma weak convert_port_to_object
#pragma weak convert_port_to_object_name
#pragma weak convert_port_to_device
#pragma weak convert_port_to_io_perm
#pragma weak convert_processor_to_port
#pragma weak convert_pset_to_port
#pragma weak convert_pset_name_to_port
#pragma weak convert_device_to_port
#pragma weak convert_io_perm_to_port
#pragma weak vm_object_release
#pragma weak pset_release
#pragma weak device_release
#pragma weak io_perm_release

/* Ends of translations: what was NULL needs none. */
static inline void mig_release_task(struct task *task)
{
	if (task)
		task_release(task);
}

static inline void mig_release_thread(struct thread *thread)
{
	if (thread)
		thread_release(thread);
}

static inline void mig_release_map(struct vm_map *map)
{
	if (map)
		vm_map_release(map);
}

static inline void mig_release_space(struct ipc_space *space)
{
	if (space)
		ipc_space_release(space);
}

static inline void mig_release_object(struct vm_pager *object)
{
	if (object)
		vm_object_release(object);
}

static inline void mig_release_pset(struct processor_set *pset)
{
	if (pset)
		pset_release(pset);
}

static inline void mig_release_device(struct device *device)
{
	if (device)
		device_release(device);
}

static inline void mig_release_io_perm(struct io_perm *io_perm)
{
	if (io_perm)
		io_perm_release(io_perm);
}

/*
 * The routines of a subsystem, by ascending id. A routine is served when everything that it
 * requires (itself and its translations, all weak) is there: else it answers MIG_BAD_ID.
 * tools/mig-kernel writes these tables at the end of MIG's output.
 */
struct mig_kernel_routine {
	mach_msg_id_t id;
	uint32_t request_size, reply_size;	/* the largest of each, in bytes */
	const char *name;
	mig_routine_t stub;
	const void *requires[6];
	uint32_t required;			/* how many of these are in use */
};

struct mig_kernel_subsystem {
	const char *name;
	uint32_t count;
	const struct mig_kernel_routine *routine;
};

extern const struct mig_kernel_subsystem mach_subsystem, mach_port_subsystem,
	mach_host_subsystem, mach4_subsystem, gnumach_subsystem, porter_subsystem,
	mach_i386_subsystem, mach_debug_subsystem, device_subsystem;

static inline bool mig_kernel_served(const struct mig_kernel_routine *routine)
{
	for (uint32_t i = 0; i < routine->required; i++)
		if (!routine->requires[i])
			return false;
	return true;
}

#endif /* KERN_MIG_SUPPORT_H */
