/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages of the kernel to pagers (include/mach/memory_object.defs).  Nothing is locked.  What
 * cannot be sent for want of memory is lost, if nothing else is said.
 */
#ifndef VM_PAGER_MESSAGE_H
#define VM_PAGER_MESSAGE_H

#include <mach/message.h>
#include <vm/pager.h>

struct ipc_kmsg;

/* false when memory is short. */
bool pager_send_init(struct vm_pager *pager);

/*
 * The last message, which each pager has from the beginning: it must not be lost.  Returns NULL when
 * memory is short.
 */
struct ipc_kmsg *pager_farewell_alloc(void);
void pager_farewell_free(struct ipc_kmsg *farewell);

/* Consumes that, the right to the memory object, and the kernel's control and name ports. */
void pager_send_terminate(struct ipc_kmsg *farewell, struct ipc_port *port,
			  struct ipc_port *control, struct ipc_port *name);

/*
 * Tell of a copy of a range.  Consumes the new memory object's receive right on success; false when
 * memory is short, or the pager has died.
 */
bool pager_send_copy(struct vm_pager *pager, vm_offset_t offset, vm_size_t length,
		     struct ipc_port *object);

/* false when memory is short. */
bool pager_send_request(struct vm_pager *pager, bool unlock, vm_offset_t offset,
			vm_prot_t access);

/*
 * The default memory manager gets a new memory object, whose receive right this consumes: the
 * pager's own.  Consumes the right to the manager, too.
 */
void pager_send_create(struct vm_pager *pager, struct ipc_port *manager, struct ipc_port *object,
		       vm_size_t size);

/*
 * Data go in two steps, so that nothing can fail once the pages are taken: first a message, NULL when
 * memory is short or the pager is dead; then it is sent, which consumes the copy, or not.  With
 * `initialize` it is a memory_object_data_initialize, else a data_return; nobody pays, but for a
 * data_return that the current task has asked for.
 */
struct ipc_kmsg *pager_data_start(struct vm_pager *pager, bool initialize);
struct ipc_kmsg *pager_data_start_asked(struct vm_pager *pager);
void pager_data_finish(struct vm_pager *pager, struct ipc_kmsg *kmsg, vm_offset_t offset,
		       struct vm_map_copy *copy, bool dirty, bool kernel_copy);
void pager_data_cancel(struct ipc_kmsg *kmsg);

/* Messages that wait at a pager's port. */
uint32_t pager_messages_waiting(struct vm_pager *pager);

/*
 * Completions go to a right of the pager's choice and consume it; nothing goes to a dead one.
 * Blocks: for memory, but for a thread that serves page-out.
 */
struct pager_reply {
	struct ipc_port *port;
	mach_msg_type_name_t type;	/* of the right */
};

void pager_send_lock_completed(struct vm_pager *pager, struct pager_reply reply,
			       vm_offset_t offset, vm_size_t length);
void pager_send_supply_completed(struct vm_pager *pager, struct pager_reply reply,
				 vm_offset_t offset, vm_size_t length, kern_return_t result,
				 vm_offset_t error_offset);
void pager_send_change_completed(struct pager_reply reply, bool may_cache,
				 memory_object_copy_strategy_t strategy);

#endif /* VM_PAGER_MESSAGE_H */
