/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A model of spaces, ports and rights, written from spec/ipc.md (sections 1, 3, 9, 11 to 13) and
 * from nothing else, in the plainest way: counts are not kept but found by looking at everything,
 * and what dies is dead everywhere at once.
 *
 * Operations (model_ops.h) act on the kernel and on the model and compare the answers;
 * model_compare compares all that there is.
 */
#ifndef TESTS_UNIT_MODEL_IPC_H
#define TESTS_UNIT_MODEL_IPC_H

#include <mach/notify.h>
#include <tests/unit/fakes_ipc.h>

#define M_SPACES 4
#define M_ENTRIES 64
#define M_PORTS 96
#define M_HANDS 24
#define M_MESSAGES 512
#define M_BODY 4
#define M_UNKNOWN_NAME 0xf0000000u	/* and a few more: the kernel's choice, not seen by a user */

struct m_port;
struct m_actor;				/* model_wait.h */

/* A right somewhere. port: NULL is the null port, M_DEAD the dead value. */
struct m_right {
	struct m_port *port;
	uint32_t type;			/* MACH_MSG_TYPE_PORT_..., 0: nothing */
};

struct m_message {
	bool used;
	struct m_message *next;		/* in the queue */
	struct m_right dest, reply;
	uint32_t id;
	uint32_t value;			/* of a notification; else the first body word */
	bool has_value;
	bool complex;			/* rights or memory, or empty items of them */
	uint32_t memory;		/* bytes out of line */
	unsigned int rights;
	struct m_right body[M_BODY];
	uint8_t array[M_BODY];		/* the out-of-line array that it is in, from 1; 0: inline */
	unsigned int size;
	bool circular;			/* must not be queued */
	bool accepted;			/* sent by force: a request for msg-accepted */
	struct m_port *accepted_notify;	/* a send-once right */
	struct m_entry *accepted_entry;	/* by which it was sent, while that is there */
	uint32_t sender[4];		/* his security token and audit token */
};

struct m_set {
	bool used;
	struct ipc_pset *real;
	struct m_actor *receivers;	/* that wait, the first one */
};

struct m_port {
	bool used;
	bool alive;
	struct m_space *receiver;	/* NULL: nobody, or in a message */
	struct m_port *queued_at;	/* where the receive right's message is */
	uint32_t mscount, seqno;
	uint32_t qlimit;
	bool has_payload;
	uint32_t payload;
	struct m_port *nsrequest, *pdrequest;	/* each a send-once right */
	struct m_set *set;
	struct m_message *queue;	/* first */
	uint32_t ready;			/* in a set, with messages: smaller ones come first */
	uint32_t death;			/* dead: smaller ones died before */
	struct m_actor *receivers, *senders;	/* that wait, the first one of each */
	struct ipc_port *real;
};

extern struct m_port m_dead_port;
#define M_DEAD (&m_dead_port)

struct m_entry {
	bool used;
	mach_port_name_t name;
	uint32_t type;			/* MACH_PORT_TYPE_* */
	uint32_t urefs;			/* of SEND or DEAD_NAME */
	struct m_port *port;
	struct m_set *set;
	bool request;
	struct m_port *notify;		/* of the request: a send-once right */
	struct m_message *accepted;	/* sent by this name, and its request not yet answered */
};

struct m_space {
	struct m_entry entry[M_ENTRIES];
	struct task *task;		/* the real one */
};

extern struct m_space m_space[M_SPACES];
extern struct m_port m_port[M_PORTS];
extern struct m_right m_hand[M_HANDS];	/* rights that the test holds; type 0: none */

/* --- State ------------------------------------------------------------------------------- */

struct m_entry *m_lookup(struct m_space *space, mach_port_name_t name);
struct m_entry *m_entry_new(struct m_space *space, mach_port_name_t name);
struct m_port *m_port_new(struct ipc_port *real);

/* Dead ports that nobody holds make room. */
void m_forget_dead(void);
struct m_set *m_set_new(struct ipc_pset *real);
struct m_message *m_message_new(struct m_right dest, struct m_right reply, uint32_t id);

/* Send and send-once rights that exist. */
uint32_t m_count_send(const struct m_port *port);
uint32_t m_count_once(const struct m_port *port);
uint32_t m_queue_length(const struct m_port *port);

struct m_entry *m_entry_of_port(struct m_space *space, const struct m_port *port);

/* A name that only the kernel has known is taken over. */
static inline bool m_value_is(struct m_message *m, uint32_t value)
{
	if (m->id == MACH_NOTIFY_PORT_DELETED && m->value >> 16 == M_UNKNOWN_NAME >> 16)
		m->value = value;
	return m->value == value;
}

static inline bool m_is_port(const struct m_port *port)
{
	return port != NULL && port != M_DEAD;
}

/* --- Memory that runs short ---------------------------------------------------------------- */

/*
 * The model asks m_alloc wherever the kernel may allocate something whose failure can be seen, and
 * then does what is documented for it.  Which one the kernel's failure was the model cannot know: a
 * test tries all (test_shortage.c).
 */
bool m_alloc(void);
void m_fail_after(uint32_t n);		/* the n-th from now fails; 0: none */
uint32_t m_allocs(void);		/* how many there were since */

/* The whole model as it is now, and back to that. */
void m_save(void);
void m_restore(void);

/* What the model is told may yet be undone: user memory is left alone. */
extern bool m_trial;

/* --- What happens ------------------------------------------------------------------------ */

/* The right, which nothing holds any more, is destroyed. */
void m_release(struct m_right right);
void m_destroy_message(struct m_message *message);

/* The same with a right that lies in a message. */
void m_release_from(struct m_right *place);

/* A port's receive right leaves its space. */
void m_leave_space(struct m_port *port);

/* The notification that the send-once right to `notify` stands for. */
void m_notify(struct m_port *notify, uint32_t id, uint32_t value, bool has_value,
	      struct m_right carried);

/* Give a message to who waits for it, or put it at the end of its destination's queue. */
void m_enqueue(struct m_message *message);

/* A message that was sent by force has left its queue. */
void m_fire_accepted(struct m_message *message);

/* Would the receive right, in a message to dest, be reachable from its own queue only? */
bool m_circular(const struct m_port *port, const struct m_port *dest);

/* Drop count references (count <= urefs), with all consequences. */
void m_drop_urefs(struct m_entry *entry, uint32_t count);

/* The entry goes: port-deleted, if there is a request. */
void m_entry_gone(struct m_entry *entry);

/* --- The user's operations on one name; each gives the code ------------------------------ */

kern_return_t m_deallocate(struct m_space *space, mach_port_name_t name);
kern_return_t m_destroy(struct m_space *space, mach_port_name_t name);
kern_return_t m_mod_refs(struct m_space *space, mach_port_name_t name, uint32_t right,
			 int32_t delta);
kern_return_t m_rename(struct m_space *space, mach_port_name_t from, mach_port_name_t to);
kern_return_t m_request(struct m_space *space, mach_port_name_t name, uint32_t id, uint32_t sync,
			struct m_port *notify, struct m_port **previous);
kern_return_t m_insert(struct m_space *space, mach_port_name_t name, struct m_right right);
kern_return_t m_move_member(struct m_space *space, mach_port_name_t member,
			    mach_port_name_t after);

/* --- Rights in and out of the kernel; model_msg.c ---------------------------------------- */

uint32_t m_type_after(uint32_t disposition);

/* Could the right be taken?  dead: from a dead name too. */
bool m_takeable(const struct m_entry *entry, uint32_t disposition, bool dead);
struct m_right m_take(struct m_entry *entry, uint32_t disposition);

/* KERN_SUCCESS, KERN_INVALID_NAME, KERN_INVALID_RIGHT; null and dead names pass as values. */
kern_return_t m_copyin(struct m_space *space, mach_port_name_t name, uint32_t disposition,
		       struct m_right *right);

/* The kernel has given the right this name. */
void m_copyout(struct m_space *space, struct m_right right, mach_port_name_t name);

struct m_header {
	uint32_t dest_type, reply_type;
	mach_port_name_t dest, reply;
	bool cancel;
	mach_port_name_t notify;
};

mach_msg_return_t m_header_copyin(struct m_space *space, const struct m_header *header,
				  struct m_right *dest, struct m_right *reply);

#endif /* TESTS_UNIT_MODEL_IPC_H */
