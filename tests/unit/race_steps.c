/* SPDX-License-Identifier: BSD-2-Clause */
/* Steps of races other than mach_msg. */
#include <tests/unit/race_i.h>

#include <stdlib.h>

#include <ipc/kmsg.h>
#include <ipc/mqueue.h>
#include <ipc/right.h>
#include <kern/sched.h>
#include <mach/mach_port_server.h>
#include <mach/mach_server.h>
#include <mach/task_special_ports.h>
#include <vm/map.h>

/* --- Kernel routines --------------------------------------------------------------------- */

static void say_result(struct racer *racer, const char *what, kern_return_t kr)
{
	racer_say(racer, "%s=%x; ", what, kr);
}

void do_destroy(struct racer *racer, const struct step *step)
{
	say_result(racer, "destroy", mach_port_destroy(step->task->space, step->name));
}

void do_deallocate(struct racer *racer, const struct step *step)
{
	say_result(racer, "deallocate", mach_port_deallocate(step->task->space, step->name));
}

void do_mod_refs(struct racer *racer, const struct step *step)
{
	say_result(racer, "mod_refs", mach_port_mod_refs(step->task->space, step->name,
							 step->type, (int32_t)step->value));
}

void do_rename(struct racer *racer, const struct step *step)
{
	say_result(racer, "rename", mach_port_rename(step->task->space, step->name, step->other));
}

void do_move_member(struct racer *racer, const struct step *step)
{
	say_result(racer, "move_member",
		   mach_port_move_member(step->task->space, step->name, step->other));
}

void do_set_qlimit(struct racer *racer, const struct step *step)
{
	say_result(racer, "set_qlimit",
		   mach_port_set_qlimit(step->task->space, step->name, step->value));
}

void do_set_mscount(struct racer *racer, const struct step *step)
{
	say_result(racer, "set_mscount",
		   mach_port_set_mscount(step->task->space, step->name, step->value));
}

void do_set_payload(struct racer *racer, const struct step *step)
{
	say_result(racer, "set_payload", mach_port_set_protected_payload(step->task->space,
							     step->name, step->value));
}

void do_clear_payload(struct racer *racer, const struct step *step)
{
	say_result(racer, "clear_payload",
		   mach_port_clear_protected_payload(step->task->space, step->name));
}

void do_set_ktype(struct racer *racer, const struct step *step)
{
	struct host *host_priv = (struct host *)step;	/* anything but null */

	say_result(racer, "set_ktype",
		   mach_port_set_ktype(host_priv, step->task->space, step->name,
				       MACH_PORT_RIGHT_RECEIVE, IKOT_USER_DEVICE));
}

void do_allocate(struct racer *racer, const struct step *step)
{
	mach_port_name_t name;

	say_result(racer, "allocate", mach_port_allocate(step->task->space,
						       MACH_PORT_RIGHT_RECEIVE, &name));
}

void do_end_space(struct racer *racer, const struct step *step)
{
	ipc_space_destroy(step->task->space);
	racer_say(racer, "ended; ");
}

void do_type(struct racer *racer, const struct step *step)
{
	mach_port_type_t type = 0;

	say_result(racer, "type", mach_port_type(step->task->space, step->name, &type));
	racer_say(racer, "%x; ", type);
}

static int compare_words(const void *a, const void *b)
{
	return *(const uint32_t *)a < *(const uint32_t *)b ? -1 : 1;
}

/* Labels of names, in order; new ones come last. */
static void say_names(struct racer *racer, struct task *task, const struct vm_map_copy *copy)
{
	uint32_t count, labels[32];
	const uint32_t *words = race_copy_words(copy, &count);

	for (uint32_t i = 0; i < count && i < 32; i++) {
		char label = race_label(task, words[i]);

		labels[i] = label == 0 ? '~' : (uint32_t)label;
	}
	qsort(labels, count, sizeof(labels[0]), compare_words);
	for (uint32_t i = 0; i < count; i++)
		racer_say(racer, "%c", (char)labels[i]);
	racer_say(racer, "; ");
}

void do_names(struct racer *racer, const struct step *step)
{
	vm_map_copy_t copies[2] = { NULL, NULL };
	mach_msg_type_number_t counts[2];

	say_result(racer, "names", mach_port_names(step->task->space, &copies[0], &counts[0],
						 &copies[1], &counts[1]));
	say_names(racer, step->task, copies[0]);
	vm_map_copy_discard(copies[0]);
	vm_map_copy_discard(copies[1]);
}

void do_set_status(struct racer *racer, const struct step *step)
{
	mach_msg_type_number_t count;
	vm_map_copy_t copy = NULL;

	say_result(racer, "set_status",
		   mach_port_get_set_status(step->task->space, step->name, &copy, &count));
	say_names(racer, step->task, copy);
	vm_map_copy_discard(copy);
}

void do_receive_status(struct racer *racer, const struct step *step)
{
	mach_port_status_t s = { 0 };

	say_result(racer, "status",
		   mach_port_get_receive_status(step->task->space, step->name, &s));
	racer_say(racer, "%s #%u ms%u q%u n%u so%u sr%u pd%u ns%u; ",
		  race_name_text(step->task, s.mps_pset), s.mps_seqno, s.mps_mscount,
		  s.mps_qlimit, s.mps_msgcount, s.mps_sorights, s.mps_srights, s.mps_pdrequest,
		  s.mps_nsrequest);
}

/* --- Rights in and out -------------------------------------------------------------------- */

/* A right from the racer's own space, as the trap or the message takes it. */
static kern_return_t take_right(struct racer *racer, mach_port_name_t name, uint32_t disposition,
				struct ipc_port **portp)
{
	struct ipc_space *space = racer->thread->task->space;
	struct ipc_debris debris;
	kern_return_t kr = KERN_INVALID_TASK;

	ipc_debris_init(&debris);
	ipc_space_lock(space);
	if (space->active)
		kr = ipc_right_copyin(space, name, disposition, true, portp, &debris);
	ipc_space_unlock(space);
	ipc_debris_release(&debris);
	schedule_part();
	return kr;
}

void do_insert_right(struct racer *racer, const struct step *step)
{
	uint32_t type = ipc_type_after_copyin(step->type);
	struct ipc_port *port;
	kern_return_t kr = take_right(racer, step->other, step->type, &port);

	if (kr != KERN_SUCCESS) {
		say_result(racer, "take", kr);
		return;
	}
	kr = mach_port_insert_right(step->task->space, step->name, port, type);
	say_result(racer, "insert", kr);
	if (kr != KERN_SUCCESS)
		ipc_right_in_hand_release(port, type);
}

/* A right in hand goes to the racer, as in a reply. */
static void put_right(struct racer *racer, struct ipc_port *port, uint32_t type)
{
	struct ipc_space *space = racer->thread->task->space;
	mach_port_name_t name = 0;
	struct ipc_debris debris;
	kern_return_t kr;

	schedule_part();
	ipc_debris_init(&debris);
	ipc_space_lock(space);
	kr = space->active ? ipc_right_copyout(space, port, type, &name, &debris)
			   : KERN_INVALID_TASK;
	ipc_space_unlock(space);
	ipc_debris_release(&debris);
	if (kr != KERN_SUCCESS)
		ipc_right_in_hand_release(port, type);
	racer_say(racer, "to %s; ", race_name_text(racer->thread->task, name));
}

void do_extract_right(struct racer *racer, const struct step *step)
{
	mach_msg_type_name_t type;
	struct ipc_port *port;
	kern_return_t kr = mach_port_extract_right(step->task->space, step->name, step->type, &port,
						   &type);

	say_result(racer, "extract", kr);
	if (kr == KERN_SUCCESS)
		put_right(racer, port, type);
}

void do_set_special(struct racer *racer, const struct step *step)
{
	struct ipc_port *port = IP_NULL;
	kern_return_t kr = KERN_SUCCESS;

	if (step->other != 0)
		kr = take_right(racer, step->other, MACH_MSG_TYPE_COPY_SEND, &port);
	if (kr == KERN_SUCCESS)
		kr = task_set_special_port(step->task, TASK_BOOTSTRAP_PORT, port);
	say_result(racer, "set_special", kr);
}

void do_get_special(struct racer *racer, const struct step *step)
{
	struct ipc_port *port;
	kern_return_t kr = task_get_special_port(step->task, TASK_BOOTSTRAP_PORT, &port);

	say_result(racer, "get_special", kr);
	if (kr == KERN_SUCCESS)
		put_right(racer, port, MACH_MSG_TYPE_PORT_SEND);
}

void do_request(struct racer *racer, const struct step *step)
{
	struct ipc_port *notify = IP_NULL, *previous = IP_NULL;
	kern_return_t kr = KERN_SUCCESS;

	if (step->other != 0)
		kr = take_right(racer, step->other, MACH_MSG_TYPE_MAKE_SEND_ONCE, &notify);
	if (kr != KERN_SUCCESS) {
		say_result(racer, "take", kr);
		return;
	}
	kr = mach_port_request_notification(step->task->space, step->name, (int32_t)step->type,
					    step->value, notify, &previous);
	say_result(racer, "request", kr);
	schedule_part();
	ipc_port_release_sonce(kr == KERN_SUCCESS ? previous : notify);
}

/* --- Ends of waits ------------------------------------------------------------------------- */

void do_time_out(struct racer *racer, const struct step *step)
{
	(void)racer;
	schedule_point(&step->racer->thread->flags, SCHEDULE_WRITE);
	if (step->racer->timer)
		thread_wake(step->racer->thread, WAIT_TIMED_OUT);
}

void do_abort(struct racer *racer, const struct step *step)
{
	(void)racer;
	thread_interrupt(step->racer->thread);
}
