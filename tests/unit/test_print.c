/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages, ports and spaces as text: known ones word by word, damaged ones without harm, and
 * random bytes as the body of a message.
 */
#include <tests/unit/scene_queue.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <ipc/kmsg.h>
#include <ipc/print.h>
#include <kern/slab.h>
#include <mach/mach_port_server.h>
#include <mach/notify.h>

static void *nowhere;		/* an address that is not mapped */

static void start(void)
{
	scene_start();
	nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert(nowhere != MAP_FAILED);
}

/* A test in the scene, which it leaves as it was. */
#define SCENE_TEST(name)			\
	static void in_scene_##name(void);	\
	START_TEST(name)			\
	{					\
		start();					\
		in_scene_##name();		\
		scene_finish();			\
	}					\
	END_TEST				\
	static void in_scene_##name(void)

/* --- What is printed --------------------------------------------------------------------- */

static char *printed;
static size_t printed_size;
static FILE *console;

static void listen(void)
{
	console = stdout;
	stdout = open_memstream(&printed, &printed_size);
}

static void heard(void)
{
	fclose(stdout);
	stdout = console;
}

static void print_message(const struct ipc_kmsg *kmsg)
{
	listen();
	ipc_print_kmsg(kmsg);
	heard();
}

static void print_port(const struct ipc_port *p)
{
	listen();
	ipc_print_port(p);
	heard();
}

static void print_space(const struct ipc_space *space)
{
	listen();
	ipc_print_space(space);
	heard();
}

static void print_object(const void *object)
{
	listen();
	ipc_print_object(object);
	heard();
}

/* The text is just this. */
static __attribute__((format(printf, 1, 2))) void expect_text(const char *format, ...)
{
	char wanted[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(wanted, sizeof(wanted), format, args);
	va_end(args);
	ck_assert_str_eq(printed, wanted);
	free(printed);
}

/* The text has this in it. */
static __attribute__((format(printf, 1, 2))) void expect_part(const char *format, ...)
{
	char wanted[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(wanted, sizeof(wanted), format, args);
	va_end(args);
	ck_assert_msg(strstr(printed, wanted) != NULL, "no \"%s\" in:\n%s", wanted, printed);
}

static uint32_t lines(void)
{
	uint32_t count = 0;

	for (const char *p = printed; *p != '\0'; p++)
		count += *p == '\n';
	return count;
}

#define AT(p) ((unsigned int)(uintptr_t)(p))

/* --- Messages ---------------------------------------------------------------------------- */

/* A message in the kernel's form that owns nothing; freed as a buffer. */
static struct ipc_kmsg *make(const uint32_t *words, uint32_t count, mach_msg_bits_t bits)
{
	struct ipc_kmsg *kmsg = ipc_kmsg_alloc(sizeof(struct kmsg_header) + 4 * count);

	ck_must(kmsg != NULL);
	kmsg->header = (struct kmsg_header){
		.bits = bits,
		.size = sizeof(struct kmsg_header) + 4 * count,
		.remote = real(0),
		.id = 77,
	};
	for (uint32_t i = 0; i < count; i++)
		((uint32_t *)kmsg_body(kmsg))[i] = words[i];
	return kmsg;
}

#define COMPLEX (MACH_MSGH_BITS_COMPLEX | MACH_MSG_TYPE_PORT_SEND)

SCENE_TEST(test_header_only)
{
	struct ipc_kmsg *kmsg = make(NULL, 0, MACH_MSG_TYPE_PORT_SEND);

	print_message(kmsg);
	expect_text("message 0x%x: id 77, 24 bytes, bits 0x11\n"
		    "  to (send) 0x%x (port %u), reply (none) null\n",
		    AT(kmsg), AT(real(0)), real(0)->serial);
	kmsg->header.bits = MACH_MSGH_BITS_CIRCULAR | MACH_MSGH_BITS(18, 18);
	kmsg->header.local = IP_DEAD;
	kmsg->header.id = -3;
	print_message(kmsg);
	expect_text("message 0x%x: id -3, 24 bytes, bits 0x%x, circular\n"
		    "  to (send-once) 0x%x (port %u), reply (send-once) dead\n",
		    AT(kmsg), kmsg->header.bits, AT(real(0)), real(0)->serial);
	ipc_kmsg_free(kmsg);
}

/* Names of a task stay numbers. */
SCENE_TEST(test_user_form)
{
	struct ipc_kmsg *kmsg = make(NULL, 0, MACH_MSGH_BITS(19, 21));

	kmsg->user.msgh_remote_port = 0x105;
	kmsg->user.msgh_local_port = 0x2000106;
	print_message(kmsg);
	expect_text("message 0x%x: id 77, 24 bytes, bits 0x1513\n"
		    "  to (copy-send) 0x105, reply (make-send-once) 0x2000106\n", AT(kmsg));
	ipc_kmsg_free(kmsg);
}

SCENE_TEST(test_data)
{
	static const uint32_t words[] = {
		0x10032002, 1, 2, 0xffffffff,		/* three integers */
		0x10050809, 0x64636261, 0x00000065,	/* five characters */
		0x10002002,				/* none */
		0x30000000, 0x00200002, 10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
		0x40082009, 0x5000,			/* out of line */
	};
	struct ipc_kmsg *kmsg = make(words, sizeof(words) / 4, MACH_MSG_TYPE_PORT_SEND);

	print_message(kmsg);
	expect_text("message 0x%x: id 77, 116 bytes, bits 0x11\n"
		    "  to (send) 0x%x (port %u), reply (none) null\n"
		    "  0: 3 x 32 bits, type 2: 1 2 ffffffff\n"
		    "  1: 5 x 8 bits, type 9: 64636261 65\n"
		    "  2: 0 x 32 bits, type 2\n"
		    "  3: 10 x 32 bits, type 2: 1 2 3 4 5 6 7 8 ...\n"
		    "  4: 8 x 32 bits, type 9, out of line at 0x5000, to be deallocated\n",
		    AT(kmsg), AT(real(0)), real(0)->serial);
	ipc_kmsg_free(kmsg);
}

SCENE_TEST(test_rights)
{
	struct ipc_port *array[9] = { real(1), IP_NULL, real(2) };
	uint32_t words[] = {
		0x10032011, AT(real(1)), 0, ~0u,	/* send rights inline */
		0x10012010, AT(real(2)),
		0x00092012, AT(array),			/* out of line */
		0x00012014, 0x5000,			/* in the user's form */
		0x00002011, 0,
	};
	struct ipc_kmsg *kmsg = make(words, sizeof(words) / 4, COMPLEX);

	print_message(kmsg);
	expect_text("message 0x%x: id 77, 72 bytes, bits 0x80000011, complex\n"
		    "  to (send) 0x%x (port %u), reply (none) null\n"
		    "  0: 3 rights, send: 0x%x (port %u), null, dead\n"
		    "  1: 1 rights, receive: 0x%x (port %u)\n"
		    "  2: 9 rights, send-once, out of line at 0x%x: 0x%x (port %u), null, "
		    "0x%x (port %u), null, null, null, null, null, ...\n"
		    "  3: 1 rights, make-send, out of line at 0x5000\n"
		    "  4: 0 rights, send\n",
		    AT(kmsg), AT(real(0)), real(0)->serial, AT(real(1)), real(1)->serial,
		    AT(real(2)), real(2)->serial, AT(array), AT(real(1)), real(1)->serial,
		    AT(real(2)), real(2)->serial);
	ipc_kmsg_free(kmsg);
}

SCENE_TEST(test_bad_items)
{
	static const uint32_t unused[] = { 0x10012002, 5, 0x90012002, 5 };
	static const uint32_t cut[] = { 0x10012002, 5, 0x10042002, 5 };
	struct ipc_kmsg *kmsg = make(unused, 4, MACH_MSG_TYPE_PORT_SEND);

	print_message(kmsg);
	expect_part("  0: 1 x 32 bits, type 2: 5\n  at byte 32: no type descriptor\n");
	free(printed);
	ipc_kmsg_free(kmsg);
	kmsg = make(cut, 4, MACH_MSG_TYPE_PORT_SEND);
	print_message(kmsg);
	expect_part("  0: 1 x 32 bits, type 2: 5\n  at byte 32: cut short\n");
	free(printed);
	ipc_kmsg_free(kmsg);
}

/* More items than anybody reads. */
SCENE_TEST(test_many_items)
{
	uint32_t words[200];
	struct ipc_kmsg *kmsg;

	for (uint32_t i = 0; i < 200; i += 2) {
		words[i] = 0x10012002;
		words[i + 1] = i;
	}
	kmsg = make(words, 200, MACH_MSG_TYPE_PORT_SEND);
	print_message(kmsg);
	ck_assert_uint_eq(lines(), 2 + 32 + 1);
	expect_part("  31: 1 x 32 bits, type 2: 3e\n  ...\n");
	free(printed);
	ipc_kmsg_free(kmsg);
}

static uint32_t state = 1;

static uint32_t chance(void)
{
	state = state * 1664525 + 1013904223;
	return state >> 8;
}

/* Descriptors that are nearly right, or wholly random. */
static uint32_t random_word(void)
{
	switch (chance() % 4) {
	case 0:
		return chance() % 40;
	case 1:
		return 0x10000000 | (chance() % 6) << 16 | 0x2000 | (14 + chance() % 10);
	case 2:
		return (chance() & 0xf) << 28 | (chance() % 9) << 16 | (chance() % 65) << 8 |
		       chance() % 24;
	default:
		return chance() << 16 ^ chance();
	}
}

SCENE_TEST(test_random_bodies)
{
	uint32_t words[60], ends = 0;

	for (uint32_t round = 0; round < 20000; round++) {
		uint32_t count = chance() % 60;
		struct ipc_kmsg *kmsg;

		for (uint32_t i = 0; i < count; i++)
			words[i] = random_word();
		kmsg = make(words, count, (chance() & 1) << 31 | (chance() & 0xffff));
		kmsg->header.remote = (struct ipc_port *)random_word();
		kmsg->header.local = chance() % 2 ? real(1) : (struct ipc_port *)random_word();
		print_message(kmsg);
		ck_must(printed_size > 0 && printed[printed_size - 1] == '\n');
		ck_must(lines() <= 35 && printed_size < 35 * 400);
		ends += strstr(printed, "cut short") != NULL;
		free(printed);
		ipc_kmsg_free(kmsg);
	}
	ck_assert(ends > 1000 && ends < 19000);
}

/* --- Ports ------------------------------------------------------------------------------- */

SCENE_TEST(test_port)
{
	struct ipc_port *p = real(0);

	snprintf(server->name, TASK_NAME_SIZE, "server");
	server->id = 12;
	server->space->task = server;
	print_port(p);
	expect_text("port %u at 0x%x: 2 references, 1 send, 0 send-once, make-send count 1\n"
		    "  received as 0x%x by task 12 (server)\n"
		    "  queue 0 of 5, next number 0; messages 0, senders 0, receivers 0\n",
		    p->serial, AT(p), port[0]);
	print_object(p);
	expect_part("port %u at 0x%x: 2 references", p->serial, AT(p));
	free(printed);
}

SCENE_TEST(test_full_port)
{
	struct ipc_port *p = real(0);

	fill(0);
	sender[0]->thread.id = 34;
	snprintf(sender[0]->thread.name, THREAD_NAME_SIZE, "waiter");
	client->id = 9;
	send_to(0, 0, 6);
	print_port(p);
	expect_part("  queue 5 of 5, next number 0; messages 5, senders 1, receivers 0\n"
		    "  message 0x");
	expect_part("  sender: thread 34 (waiter) of task 9\n");
	ck_assert_uint_eq(lines(), 3 + 5 + 1);
	free(printed);
	for (int i = 0; i < 6; i++)
		take(port[0]);
	expect(sender[0], MACH_MSG_SUCCESS);
	receive_from(0, port[0]);
	print_port(p);
	expect_part("  queue 0 of 5, next number 6; messages 0, senders 0, receivers 1\n");
	free(printed);
	send_to(0, 0, 7);
	expect(sender[0], MACH_MSG_SUCCESS);
	expect(receiver[0], MACH_MSG_SUCCESS);
}

SCENE_TEST(test_requests)
{
	mach_port_name_t notify = new_right(server, MACH_PORT_RIGHT_RECEIVE);
	struct ipc_port *to_here = entry_port(ipc_entry_lookup(&server->space->table, notify));
	static const mach_msg_id_t kind[] = { MACH_NOTIFY_NO_SENDERS, MACH_NOTIFY_DEAD_NAME };

	for (int i = 0; i < 2; i++) {
		struct ipc_port *right = ipc_port_make_sonce(to_here), *previous;
		kern_return_t kr = mach_port_request_notification(server->space, port[0], kind[i],
								  0, right, &previous);

		if (kr != KERN_SUCCESS)
			ipc_port_release_sonce(right);
		ck_must(kr == KERN_SUCCESS);
	}
	print_port(real(0));
	expect_part("  requests: no-senders 0x%x (port %u), port-destroyed null, dead-name 1\n",
		    AT(to_here), to_here->serial);
	free(printed);
	print_space(server->space);
	expect_part("  0x%x: receive, 0x%x (port %u), dead-name request\n", port[0], AT(real(0)),
		    real(0)->serial);
	free(printed);
	destroy(notify);
}

SCENE_TEST(test_other_places)
{
	struct ipc_port *p = ipc_port_alloc_kernel(IKOT_TASK, (void *)0x1234);

	ck_must(p != NULL);
	print_port(p);
	expect_part("  kernel object 0x1234, type 2\n");
	free(printed);
	ipc_port_reference(p);
	ipc_port_dealloc_kernel(p);
	print_port(p);
	expect_part("  dead since %u\n", p->death_stamp);
	free(printed);
	ipc_port_release(p);
	p = ipc_port_create();
	ck_must(p != NULL);
	print_port(p);
	expect_part("  in transit to null\n");
	free(printed);
	ipc_port_destroy(p);
}

/* --- Spaces ------------------------------------------------------------------------------ */

SCENE_TEST(test_space)
{
	struct task *task = fake_ipc_task();
	mach_port_name_t set, dead, name;

	task->id = 5;
	snprintf(task->name, TASK_NAME_SIZE, "some");
	task->space->task = task;
	set = new_right(task, MACH_PORT_RIGHT_PORT_SET);
	dead = new_right(task, MACH_PORT_RIGHT_DEAD_NAME);
	ck_assert_int_eq(ipc_space_insert_send(task->space, ipc_port_make_send(real(1)), &name),
			 KERN_SUCCESS);
	ck_assert_int_eq(mach_port_mod_refs(task->space, name, MACH_PORT_RIGHT_SEND, 3),
			 KERN_SUCCESS);
	ck_assert_int_eq(mach_port_allocate_name(task->space, MACH_PORT_RIGHT_DEAD_NAME,
						 0xfffffffe), KERN_SUCCESS);
	print_space(task->space);
	expect_text("space 0x%x, task 5 (some): active, 1 references, 4 names, 1 of them sparse\n"
		    "  0x%x: set, 0 members\n"
		    "  0x%x: dead-name 1\n"
		    "  0x%x: send 4, 0x%x (port %u)\n"
		    "  0xfffffffe: dead-name 1\n",
		    AT(task->space), set, dead, name, AT(real(1)), real(1)->serial);
	print_object(task->space);
	expect_part("space 0x%x, task 5", AT(task->space));
	free(printed);
	print_object(ipc_entry_lookup(&task->space->table, set)->object);
	expect_text("set 0x%x, name 0x%x: active, 1 references, 0 members; ready 0, receivers 0\n",
		    AT(ipc_entry_lookup(&task->space->table, set)->object), set);
	fake_ipc_task_end(task);
}

SCENE_TEST(test_large_space)
{
	struct task *task = fake_ipc_task();

	for (int i = 0; i < 3000; i++)
		new_right(task, MACH_PORT_RIGHT_DEAD_NAME);
	print_space(task->space);
	ck_assert_uint_eq(lines(), 1 + 64 + 1);
	expect_part("3000 names, 0 of them sparse\n");
	free(printed);
	fake_ipc_task_end(task);
}

/* --- What is damaged ----------------------------------------------------------------------- */

static void *bad_pointer(int i)
{
	void *const bad[] = { nowhere, (char *)nowhere + 2, (void *)4, (void *)0xfffffffc,
			      (char *)real(0) + 1, NULL };

	return bad[i];
}

#define BAD_POINTERS 6

SCENE_TEST(test_not_there)
{
	for (int i = 0; i < BAD_POINTERS; i++) {
		unsigned int at = AT(bad_pointer(i));

		print_message(bad_pointer(i));
		expect_text("message 0x%x: not there\n", at);
		print_port(bad_pointer(i));
		expect_text("port 0x%x: no port\n", at);
		print_space(bad_pointer(i));
		expect_text("space 0x%x: not there\n", at);
		print_object(bad_pointer(i));
		expect_text("object 0x%x: not there\n", at);
	}
	/* Something else than it is said to be. */
	print_port((struct ipc_port *)server->space->table.root);
	expect_part(": no port\n");
	free(printed);
}

SCENE_TEST(test_damaged_message)
{
	static const uint32_t words[] = { 0x10012002, 5 };
	struct ipc_kmsg *kmsg = make(words, 2, MACH_MSG_TYPE_PORT_SEND);
	static const uint32_t size[] = { 0, 23, 0x80000000, 0xffffffff, 0x20000 };
	uint32_t right_size = kmsg->header.size, room = kmsg->room;

	for (uint32_t i = 0; i < sizeof(size) / sizeof(size[0]); i++) {
		kmsg->header.size = size[i];
		print_message(kmsg);
		expect_part("  damaged: room for %u bytes\n", kmsg->room);
		free(printed);
	}
	kmsg->header.size = right_size;
	kmsg->room = 0;
	print_message(kmsg);
	expect_part("  damaged: room for 0 bytes\n");
	free(printed);
	kmsg->room = room;
	ipc_kmsg_free(kmsg);
}

SCENE_TEST(test_damaged_port)
{
	struct ipc_port *p = real(0), copy;

	send_to(0, 0, 1);
	expect(sender[0], MACH_MSG_SUCCESS);
	for (int i = 0; i < BAD_POINTERS; i++) {
		struct queue_link *link = queue_first(&p->mqueue.messages), good = *link;

		copy = *p;
		link->next = bad_pointer(i);
		p->senders.head.next = bad_pointer(i);
		p->requests.head.next = bad_pointer(i);
		p->receiver = bad_pointer(i);
		p->nsrequest = bad_pointer(i);
		p->request_count = 1;
		print_port(p);
		expect_part("messages 1 (damaged), senders 0 (damaged), receivers 0\n");
		expect_part("dead-name 0 (damaged)\n");
		free(printed);
		*p = copy;
		*link = good;
	}
	/* A list that leads elsewhere. */
	copy = *p;
	p->mqueue.messages.head.next = real(1)->mqueue.messages.head.next;
	print_port(p);
	expect_part("messages 0 (damaged)");
	free(printed);
	*p = copy;
	take(port[0]);
}

/* Elements of lists of which only the link can be read: they lie at the end of a page. */
SCENE_TEST(test_cut_elements)
{
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct queue_link *link = (struct queue_link *)(pages + 4096) - 1;
	struct queue *list[2] = { &real(0)->mqueue.messages, &real(0)->senders };

	ck_must(pages != MAP_FAILED && mprotect(pages + 4096, 4096, PROT_NONE) == 0);
	for (int i = 0; i < 2; i++) {
		queue_insert_tail(list[i], link);
		print_port(real(0));
		queue_remove(link);
		expect_part(i == 0 ? "messages 1, senders 0" : "messages 0, senders 1");
		ck_assert_uint_eq(lines(), i == 0 ? 4 : 3);
		if (i == 0)
			expect_part("  message 0x%x: not there\n", AT(link));
		free(printed);
	}
	munmap(pages, 8192);
}

SCENE_TEST(test_damaged_space)
{
	struct ipc_space *space = server->space;
	struct ipc_entry_leaf *leaf = space->table.root[0], *other = space->table.root[9];
	struct ipc_entry_chunk *chunk = leaf->chunk[0];
	struct ipc_entry *entry = ipc_entry_lookup(&space->table, port[0]);
	struct ipc_object *object = entry->object;
	struct task *task = space->task;

	for (int i = 0; i < BAD_POINTERS; i++) {
		space->task = bad_pointer(i);
		space->table.root[9] = bad_pointer(i);
		entry->object = bad_pointer(i);
		print_space(space);
		expect_part("  0x%x: receive", port[0]);
		expect_part("  0x%x: receive, 0x%x (port %u)\n", port[1], AT(real(1)),
			    real(1)->serial);
		free(printed);
		leaf->chunk[0] = bad_pointer(i);
		print_space(space);
		ck_assert_uint_eq(lines(), 1);
		free(printed);
		leaf->chunk[0] = chunk;
	}
	space->task = task;
	space->table.root[9] = other;
	entry->object = object;
}

void unit_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_header_only);
	tcase_add_test(tcase, test_user_form);
	tcase_add_test(tcase, test_data);
	tcase_add_test(tcase, test_rights);
	tcase_add_test(tcase, test_bad_items);
	tcase_add_test(tcase, test_many_items);
	tcase_add_test(tcase, test_random_bodies);
	tcase_add_test(tcase, test_port);
	tcase_add_test(tcase, test_full_port);
	tcase_add_test(tcase, test_requests);
	tcase_add_test(tcase, test_other_places);
	tcase_add_test(tcase, test_space);
	tcase_add_test(tcase, test_large_space);
	tcase_add_test(tcase, test_not_there);
	tcase_add_test(tcase, test_damaged_message);
	tcase_add_test(tcase, test_damaged_port);
	tcase_add_test(tcase, test_cut_elements);
	tcase_add_test(tcase, test_damaged_space);
}
