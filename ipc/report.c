/* SPDX-License-Identifier: BSD-2-Clause */
#include <ipc/report.h>

#include <ipc/right.h>
#include <kern/sched.h>
#include <vm/kmem.h>
#include <vm/map.h>

static void release(struct ipc_report *report)
{
	if (report->data != NULL)
		kmem_free(report->data, report->room * report->element);
}

bool ipc_report_reserve(struct ipc_report *report, uint32_t more)
{
	struct ipc_report larger = *report;

	if (report->count + more <= report->room)
		return true;
	larger.room = 2 * report->room + more;
	larger.data = kmem_alloc(larger.room * larger.element);
	if (larger.data == NULL)
		return false;
	if (report->count != 0)
		memcpy(larger.data, report->data, report->count * report->element);
	release(report);
	*report = larger;
	return true;
}

void *ipc_report_add(struct ipc_report *report)
{
	assert(report->count < report->room);
	return report->data + report->count++ * report->element;
}

kern_return_t ipc_report_end(struct ipc_report *report, kern_return_t kr, vm_map_copy_t *copyp,
			     mach_msg_type_number_t *countp)
{
	vm_map_copy_t copy = NULL;

	if (kr == KERN_SUCCESS && report->count != 0) {
		copy = vm_map_copy_from_kernel(report->data, report->count * report->element);
		if (copy == NULL)
			kr = KERN_RESOURCE_SHORTAGE;
	}
	release(report);
	if (kr == KERN_SUCCESS) {
		*copyp = copy;
		*countp = report->count;
	}
	return kr;
}

/* One part of a walk.  *more: it is not the last. */
static kern_return_t visit_part(struct ipc_space *space, struct ipc_space_visitor *visitor,
				struct ipc_table_cursor *cursor, bool *more)
{
	uint32_t steps = IPC_WALK_STEPS;
	struct ipc_entry *entry;

	ipc_space_lock(space);
	if (!space->active) {
		ipc_space_unlock(space);
		return KERN_INVALID_TASK;
	}
	while ((entry = ipc_table_next_within(&space->table, cursor, &steps)) != NULL) {
		ipc_right_refresh(space, entry);
		visitor->visit(visitor, space, entry);
	}
	ipc_space_unlock(space);
	*more = steps == 0;
	return KERN_SUCCESS;
}

kern_return_t ipc_space_visit(struct ipc_space *space, struct ipc_space_visitor *visitor)
{
	struct ipc_table_cursor cursor = { .index = 0 };
	kern_return_t kr = KERN_SUCCESS;
	bool more = true;

	while (kr == KERN_SUCCESS && more) {
		if (visitor->report != NULL &&
		    !ipc_report_reserve(visitor->report, IPC_WALK_STEPS))
			return KERN_RESOURCE_SHORTAGE;
		kr = visit_part(space, visitor, &cursor, &more);
		preemption_point();
	}
	return kr;
}
