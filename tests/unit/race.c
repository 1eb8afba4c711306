/* SPDX-License-Identifier: BSD-2-Clause */
#include <tests/unit/race_i.h>

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ipc/checker.h>
#include <ipc/init.h>
#include <ipc/kmsg.h>
#include <ipc/mach_msg.h>
#include <ipc/mqueue.h>
#include <ipc/right.h>
#include <kern/sched.h>
#include <mach/mach_port_server.h>
#include <mach/mach_server.h>
#include <mach/task_special_ports.h>
#include <tests/unit/enter_mach_msg.h>
#include <vm/map.h>

struct task *race_task[RACE_TASKS];
uint32_t race_hand_overs;

static struct task tasks[RACE_TASKS];
static struct racer racers[SCHEDULE_ACTORS];
static unsigned int racer_count;
static struct thread main_thread;
static uint32_t live_before;

/* --- Labels ------------------------------------------------------------------------------ */

static mach_port_name_t names[RACE_TASKS][26];
static struct ipc_port *ports[26];

static void label_set(struct task *task, char label, mach_port_name_t name)
{
	names[task - tasks][label - 'A'] = name;
}

mach_port_name_t race_name(struct task *task, char label)
{
	mach_port_name_t name = names[task - tasks][label - 'A'];

	if (name == 0)
		schedule_fail("%c has no name there", label);
	return name;
}

char race_label(struct task *task, mach_port_name_t name)
{
	for (int i = 0; i < 26; i++)
		if (names[task - tasks][i] == name)
			return (char)('A' + i);
	return 0;
}

const char *race_name_text(struct task *task, mach_port_name_t name)
{
	static char text[4][2];
	static int next;
	char label = race_label(task, name);

	if (!MACH_NAME_VALID(name))
		return name == 0 ? "0" : "dead";
	if (label == 0)
		return "new";
	next = (next + 1) % 4;
	text[next][0] = label;
	return text[next];
}

struct ipc_port *race_port_of(char label)
{
	return ports[label - 'A'];
}

void race_port_label(char label, struct ipc_port *port)
{
	ports[label - 'A'] = port;
}

const char *race_port_text(const struct ipc_port *port)
{
	static char text[4][2];
	static int next;

	if (!IP_VALID(port))
		return port == NULL ? "0" : "dead";
	for (int i = 0; i < 26; i++) {
		if (ports[i] != port)
			continue;
		next = (next + 1) % 4;
		text[next][0] = (char)('A' + i);
		return text[next];
	}
	return "new";
}

/* --- The state before -------------------------------------------------------------------- */

struct thread *race_main_thread(void)
{
	return &main_thread;
}

/* Once: what is allocated here stays. */
static void bootstrap(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	queue_init(&main_thread.kmsg_graveyard);
	main_thread.flags = TH_RUN;
	ipc_bootstrap();
	schedule_keep_memory();
}

void race_start(void)
{
	bootstrap();
	race_cpus_reset();
	race_switched(-1);
	memset(names, 0, sizeof(names));
	memset(ports, 0, sizeof(ports));
	racer_count = 0;
	live_before = race_live();
	for (int i = 0; i < RACE_TASKS; i++) {
		tasks[i] = (struct task){ .active = true };
		spin_lock_init(&tasks[i].lock, LOCK_TASK);
		race_task[i] = &tasks[i];
		if (ipc_space_create(&tasks[i].space) != KERN_SUCCESS)
			abort();
	}
	main_thread.task = C;
}

static void must(kern_return_t kr, const char *what)
{
	if (kr != KERN_SUCCESS)
		schedule_fail("%s: %#x", what, kr);
}

static struct ipc_port *port_named(struct task *task, mach_port_name_t name)
{
	return entry_port(ipc_entry_lookup(&task->space->table, name));
}

mach_port_name_t race_port(struct task *task, char label)
{
	mach_port_name_t name;

	must(mach_port_allocate(task->space, MACH_PORT_RIGHT_RECEIVE, &name), "race_port");
	label_set(task, label, name);
	ports[label - 'A'] = port_named(task, name);
	return name;
}

mach_port_name_t race_set(struct task *task, char label)
{
	mach_port_name_t name;

	must(mach_port_allocate(task->space, MACH_PORT_RIGHT_PORT_SET, &name), "race_set");
	label_set(task, label, name);
	return name;
}

mach_port_name_t race_dead_name(struct task *task, char label)
{
	mach_port_name_t name;

	must(mach_port_allocate(task->space, MACH_PORT_RIGHT_DEAD_NAME, &name), "race_dead_name");
	label_set(task, label, name);
	return name;
}

mach_port_name_t race_send_right(struct task *task, char label, uint32_t count)
{
	mach_port_name_t name;

	must(ipc_space_insert_send(task->space, ipc_port_make_send(race_port_of(label)), &name),
	     "race_send_right");
	if (count > 1)
		must(mach_port_mod_refs(task->space, name, MACH_PORT_RIGHT_SEND,
					(int32_t)count - 1), "mod_refs");
	label_set(task, label, name);
	return name;
}

mach_port_name_t race_sonce(struct task *task, char label)
{
	mach_port_name_t name = 0x4000 + (uint32_t)label;

	must(mach_port_insert_right(task->space, name, ipc_port_make_sonce(race_port_of(label)),
				    MACH_MSG_TYPE_PORT_SEND_ONCE), "race_sonce");
	label_set(task, label, name);
	return name;
}

static void queue_message(char label, mach_msg_id_t id, struct ipc_port *reply)
{
	struct ipc_kmsg *kmsg = ipc_kmsg_alloc(sizeof(struct kmsg_header));

	kmsg->header = (struct kmsg_header){
		.bits = MACH_MSGH_BITS(MACH_MSG_TYPE_PORT_SEND,
				       reply != NULL ? MACH_MSG_TYPE_PORT_SEND : 0),
		.size = sizeof(struct kmsg_header),
		.remote = ipc_port_make_send(race_port_of(label)),
		.local = reply,
		.id = id,
	};
	ipc_mqueue_deliver(kmsg);
}

void race_queue(char label, mach_msg_id_t first, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		queue_message(label, first + (int32_t)i, IP_NULL);
}

void race_queue_call(char label, mach_msg_id_t id, char reply)
{
	queue_message(label, id, ipc_port_make_send(race_port_of(reply)));
}

void race_join_set(struct task *task, char port, char set)
{
	must(mach_port_move_member(task->space, race_name(task, port), race_name(task, set)),
	     "move_member");
}

void race_set_qlimit(struct task *task, char label, uint32_t qlimit)
{
	must(mach_port_set_qlimit(task->space, race_name(task, label), qlimit), "set_qlimit");
}

void race_hold_special(struct task *task, char label)
{
	task->bootstrap_port = ipc_port_make_send(race_port_of(label));
}

void race_set_payload(struct task *task, char label, uint32_t payload)
{
	must(mach_port_set_protected_payload(task->space, race_name(task, label), payload),
	     "set_protected_payload");
}

void race_request(struct task *task, char label, mach_msg_id_t id, uint32_t sync, char notify)
{
	struct ipc_port *previous = IP_NULL;

	must(mach_port_request_notification(task->space, race_name(task, label), id, sync,
					    ipc_port_make_sonce(race_port_of(notify)), &previous),
	     "request_notification");
}

/* --- Steps ------------------------------------------------------------------------------- */

struct racer *race_racer(unsigned int actor)
{
	return actor < racer_count ? &racers[actor] : NULL;
}

struct racer *racer_of(struct thread *thread)
{
	for (unsigned int i = 0; i < racer_count; i++)
		if (racers[i].thread == thread)
			return &racers[i];
	abort();
}

void racer_say(struct racer *racer, const char *format, ...)
{
	size_t length = strlen(racer->log);
	va_list args;

	va_start(args, format);
	vsnprintf(racer->log + length, sizeof(racer->log) - length, format, args);
	va_end(args);
}

void racer_goes_on(struct racer *racer)
{
	while (racer->at < racer->steps) {
		const struct step *step = &racer->step[racer->at++];

		step->run(racer, step);
		assert_no_locks();
		if (racer->at < racer->steps)
			schedule_part();
	}
	schedule_end();
}

static void program(void)
{
	racer_goes_on(race_racer((unsigned int)racer_of(current_thread())->actor));
}

struct racer *racer_add(struct task *task, const struct step *steps, unsigned int count)
{
	struct racer *r = &racers[racer_count];

	memset(r, 0, sizeof(*r));
	r->thread = schedule_alloc(sizeof(*r->thread));
	memset(r->thread, 0, sizeof(*r->thread));
	r->thread->task = task;
	r->thread->flags = TH_RUN;
	queue_init(&r->thread->kmsg_graveyard);
	queue_link_init(&r->thread->run_link);
	queue_link_init(&r->thread->ipc.link);
	queue_link_init(&r->thread->wait_timer.link);
	memcpy(r->step, steps, count * sizeof(*steps));
	r->steps = count;
	racer_count++;
	r->actor = schedule_add(program);
	schedule_share(&r->thread->flags);
	return r;
}

struct racer *racer_waits(struct racer *racer)
{
	schedule_prepare(racer->actor);
	return racer;
}

/* --- Messages ---------------------------------------------------------------------------- */

static mach_msg_size_t message_build(struct racer *racer, const struct step *step)
{
	mach_msg_header_t *header = (mach_msg_header_t *)racer->buffer;
	mach_port_name_t reply = header->msgh_remote_port;	/* of what came last */
	uint32_t *body = (uint32_t *)(header + 1);
	bool simple = step->body_count == 0 || step->body[0].type == MACH_MSG_TYPE_INTEGER_32;

	*header = (mach_msg_header_t){
		.msgh_bits = MACH_MSGH_BITS(step->type, step->other_type) |
			     (simple ? 0 : MACH_MSGH_BITS_COMPLEX),
		.msgh_remote_port = step->name == REPLY_NAME ? reply : step->name,
		.msgh_local_port = step->other,
		.msgh_id = (mach_msg_id_t)step->value,
	};
	for (unsigned int i = 0; i < step->body_count; i++) {
		*body++ = 0x10012000u | step->body[i].type;
		*body++ = step->body[i].name;
	}
	return (mach_msg_size_t)((char *)body - (char *)racer->buffer);
}

static mach_msg_return_t trap(struct racer *racer, const struct step *step,
			      mach_msg_option_t parts)
{
	mach_msg_size_t size = parts & MACH_SEND_MSG ? message_build(racer, step) : 0;
	mach_msg_option_t option = parts | step->option;

	return enter_mach_msg(racer->thread, (struct mach_msg_args){
				(mach_msg_header_t *)racer->buffer, option, size,
				step->rcv_size != 0 ? step->rcv_size : sizeof(racer->buffer),
				step->rcv_name, step->timeout, step->notify });
}

static bool is_port_type(uint32_t type)
{
	return MACH_MSG_TYPE_PORT_ANY(type) || type == MACH_MSG_TYPE_PORT_NAME;
}

static void say_words(struct racer *racer, const uint32_t *word, const uint32_t *end)
{
	for (; word + 1 < end; word += 2) {
		uint32_t type = word[0] & 0xff;

		if (is_port_type(type))
			racer_say(racer, " %u:%s", type,
				  race_name_text(racer->thread->task, word[1]));
		else
			racer_say(racer, " %u:%u", type, word[1]);
	}
}

/* The message in the racer's buffer. */
static void say_message(struct racer *racer)
{
	const mach_msg_header_t *header = (const mach_msg_header_t *)racer->buffer;
	uint32_t type = MACH_MSGH_BITS_LOCAL(header->msgh_bits);
	struct task *task = racer->thread->task;

	racer_say(racer, " (%d #%u %u:%s %u:", header->msgh_id, header->msgh_seqno,
		  MACH_MSGH_BITS_REMOTE(header->msgh_bits),
		  race_name_text(task, header->msgh_remote_port), type);
	if (type == MACH_MSG_TYPE_PROTECTED_PAYLOAD)
		racer_say(racer, "%u", header->msgh_local_port);
	else
		racer_say(racer, "%s", race_name_text(task, header->msgh_local_port));
	say_words(racer, (const uint32_t *)(header + 1),
		  (const uint32_t *)((const char *)header + header->msgh_size));
	racer_say(racer, ")");
}

static bool has_message(mach_msg_return_t mr, mach_msg_option_t option)
{
	if (mr == MACH_MSG_SUCCESS)
		return (option & MACH_RCV_MSG) != 0;
	return mr == MACH_SEND_TIMED_OUT || mr == MACH_SEND_INTERRUPTED ||
	       (mr & ~MACH_MSG_MASK) == MACH_RCV_BODY_ERROR ||
	       (mr & ~MACH_MSG_MASK) == MACH_RCV_HEADER_ERROR;
}

/* A call of mach_msg is over: in two parts, its second one comes now. */
static void call_returned(struct racer *racer, mach_msg_return_t mr)
{
	const struct step *step = &racer->step[racer->at - 1];

	if (racer->call_receives) {
		racer->call_receives = false;
		if (mr == MACH_MSG_SUCCESS) {
			schedule_part();
			mr = trap(racer, step, MACH_RCV_MSG);
		}
	}
	racer_say(racer, "msg=%x", mr);
	if (has_message(mr, step->parts))
		say_message(racer);
	racer_say(racer, "; ");
}

_Noreturn void syscall_return(kern_return_t result)
{
	struct racer *racer = racer_of(current_thread());

	call_returned(racer, result);
	racer_goes_on(racer);
}

void do_mach_msg(struct racer *racer, const struct step *step)
{
	call_returned(racer, trap(racer, step, step->parts));
}

void do_call(struct racer *racer, const struct step *step)
{
	mach_msg_option_t parts = step->parts;

	if (schedule_is_sequential()) {
		racer->call_receives = true;
		parts = MACH_SEND_MSG;
	}
	call_returned(racer, trap(racer, step, parts));
}

void race_send_away(struct task *task, char label, uint32_t disposition, char dest)
{
	struct {
		mach_msg_header_t header;
		uint32_t body[2];
	} message = {
		.header = {
			.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0) |
				     MACH_MSGH_BITS_COMPLEX,
			.msgh_remote_port = race_name(task, dest),
			.msgh_id = 900,
		},
		.body = { 0x10012000u | disposition, race_name(task, label) },
	};

	main_thread.task = task;
	must(mach_msg_trap((struct mach_msg_args){ &message.header, MACH_SEND_MSG,
			   sizeof(message), 0, 0, 0, 0 }), "race_send_away");
	main_thread.task = C;
	label_set(task, label, 0);
}

void race_send_by_force(struct task *task, char label, char notify)
{
	mach_msg_header_t header = {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
		.msgh_remote_port = race_name(task, label),
		.msgh_id = 800,
	};

	main_thread.task = task;
	if (mach_msg_trap((struct mach_msg_args){ &header, MACH_SEND_MSG | MACH_SEND_NOTIFY,
			  sizeof(header), 0, 0, 0, race_name(task, notify) }) !=
	    MACH_SEND_WILL_NOTIFY)
		schedule_fail("race_send_by_force");
	main_thread.task = C;
}

/* --- The end ------------------------------------------------------------------------------- */

void race_take_down(void)
{
	for (unsigned int i = 0; i < racer_count; i++) {
		racers[i].steps = racers[i].at;
		racers[i].thread->flags &= ~(uint32_t)TH_ABORTED;
		thread_interrupt(racers[i].thread);
	}
	schedule_drain();
	race_exceptions_take_down();
	for (int i = 0; i < RACE_TASKS; i++) {
		task_set_special_port(&tasks[i], TASK_BOOTSTRAP_PORT, IP_NULL);
		ipc_space_destroy(tasks[i].space);
		ipc_space_release(tasks[i].space);
	}
	if (race_live() != live_before)
		schedule_fail("%u objects are left over", race_live() - live_before);
}
