/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What races have instead of scheduler, memory and kernel objects: as the real ones, but that every
 * thread has a processor of its own whenever it can run.
 */
#include <tests/unit/race_i.h>

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ipc/checker.h>
#include <ipc/kmsg.h>
#include <ipc/kobject.h>
#include <ipc/port.h>
#include <ipc/space.h>
#include <kern/run_queue.h>
#include <kern/slab.h>
#include <tests/unit/enter_mach_msg.h>
#include <vm/page.h>
#include <vm/kmem.h>
#include <vm/map.h>

/* --- The end ----------------------------------------------------------------------------- */

void panic(const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	schedule_fail("panic: %s", text);
}

void assert_failed(const char *expression, const char *file, int line)
{
	panic("%s:%d: assertion failed: %s", file, line, expression);
}

/* --- The machine ------------------------------------------------------------------------- */

struct percpu percpu_boot;
struct stack_base host_stack_base;
struct run_queue run_queue = { .best = PRIORITY_LEVELS };	/* nobody else wants the CPU */

void interrupts_enable(void)
{
}

void interrupts_disable(void)
{
}

bool interrupts_enabled(void)
{
	return false;
}

/* What has such points may be seen in parts, in sequential orders too. */
void preemption_point(void)
{
	schedule_part();
}

uint64_t machine_uptime_ns(void)
{
	return 0;
}

/* --- User memory: all of the process's --------------------------------------------------- */

int copyin(const void *user, void *kernel, size_t size)
{
	assert_no_locks();
	memcpy(kernel, user, size);
	return 0;
}

int copyout(const void *kernel, void *user, size_t size)
{
	assert_no_locks();
	if ((uintptr_t)user - (uintptr_t)IPC_ANSWER < PAGE_BYTES)	/* no buffer */
		return 1;
	memcpy(user, kernel, size);
	return 0;
}

int copyinmsg(const void *user, void *kernel, size_t size)
{
	return copyin(user, kernel, size);
}

int copyoutmsg(const void *kernel, void *user, size_t size)
{
	return copyout(kernel, user, size);
}

/* No race sends memory. */
kern_return_t vm_map_allocate(struct vm_map *map, vm_offset_t *addr, vm_size_t size, bool anywhere)
{
	(void)map, (void)addr, (void)size, (void)anywhere;
	panic("vm_map_allocate");
}

kern_return_t vm_map_deallocate(struct vm_map *map, vm_offset_t addr, vm_size_t size)
{
	(void)map, (void)addr, (void)size;
	panic("vm_map_deallocate");
}

kern_return_t vm_map_read_bytes(struct vm_map *map, vm_offset_t addr, void *buf, vm_size_t size)
{
	(void)map, (void)addr, (void)buf, (void)size;
	panic("vm_map_read_bytes");
}

kern_return_t vm_map_write_bytes(struct vm_map *map, vm_offset_t addr, const void *buf,
				 vm_size_t size)
{
	(void)map, (void)addr, (void)buf, (void)size;
	panic("vm_map_write_bytes");
}

kern_return_t vm_map_copyin(struct vm_map *map, vm_offset_t addr, vm_size_t size, bool destroy,
			    struct vm_map_copy **copyp)
{
	(void)map, (void)addr, (void)size, (void)destroy, (void)copyp;
	panic("vm_map_copyin");
}

kern_return_t vm_map_copyout(struct vm_map *map, vm_offset_t *addr, struct vm_map_copy *copy)
{
	(void)map, (void)addr, (void)copy;
	panic("vm_map_copyout");
}

bool machine_peek(const void *place, uint32_t *word)
{
	(void)place, (void)word;
	return false;
}

/* Lists of names go out as copies of kernel memory. */
struct vm_map_copy {
	vm_size_t size;
	uint32_t words[];
};

struct vm_map_copy *vm_map_copy_from_kernel(const void *data, vm_size_t size)
{
	struct vm_map_copy *copy = schedule_alloc(sizeof(*copy) + size);

	copy->size = size;
	memcpy(copy->words, data, size);
	return copy;
}

void vm_map_copy_discard(struct vm_map_copy *copy)
{
	if (copy != NULL)
		schedule_free(copy, sizeof(*copy) + copy->size);
}

const uint32_t *race_copy_words(const struct vm_map_copy *copy, uint32_t *count)
{
	*count = copy == NULL ? 0 : copy->size / sizeof(uint32_t);
	return copy == NULL ? NULL : copy->words;
}

vm_size_t vm_map_copy_memory_least(vm_size_t size)
{
	return size;
}

vm_size_t vm_map_copy_memory(const struct vm_map_copy *copy)
{
	return copy == NULL ? 0 : copy->size;
}

/* --- Kernel memory: nothing is used twice ------------------------------------------------ */

#define CACHES 32

static struct slab_cache *caches[CACHES];
static unsigned int cache_count;
static uint32_t buffers;		/* other than from caches */

void slab_cache_init(struct slab_cache *cache, const char *name, size_t size, size_t align)
{
	(void)align;
	*cache = (struct slab_cache){ .name = name, .size = size };
	if (cache_count == CACHES)
		panic("too many caches");
	caches[cache_count++] = cache;
}

void *slab_alloc(struct slab_cache *cache)
{
	void *object = schedule_alloc(cache->size);

	if (object == NULL)
		panic("the arena is full");
	memset(object, 0x5a, cache->size);
	cache->live++;
	return object;
}

void *slab_zalloc(struct slab_cache *cache)
{
	return memset(slab_alloc(cache), 0, cache->size);
}

void slab_free(struct slab_cache *cache, void *object)
{
	cache->live--;
	schedule_free(object, cache->size);
}

bool slab_fails_now(void)
{
	return false;
}

void *kalloc(size_t size)
{
	buffers++;
	return schedule_alloc(size);
}

void kfree(void *p, size_t size)
{
	buffers--;
	schedule_free(p, size);
}

void *kmem_alloc(size_t size)
{
	void *p = kalloc(size);

	return p == NULL ? NULL : memset(p, 0, size);
}

void kmem_free(void *p, size_t size)
{
	kfree(p, size);
}

size_t kmem_pages_used(void)
{
	return 0;
}

/* There is always enough. */
void vm_page_get_counts(struct vm_page_counts *counts)
{
	*counts = (struct vm_page_counts){ .zone_total = { [VM_ZONE_DIRECT] = 0x1000 } };
}

bool vm_page_kernel_short(size_t bytes)
{
	(void)bytes;
	return false;
}

uint32_t race_live(void)
{
	uint32_t live = buffers;

	for (unsigned int i = 0; i < cache_count; i++)
		live += caches[i]->live;
	return live;
}

/* --- Threads ------------------------------------------------------------------------------- */

static struct percpu cpus[SCHEDULE_ACTORS + 1];

/* Each actor is on a processor of its own; the main stack has another one and no thread. */
void race_switched(int actor)
{
	struct racer *r = actor < 0 ? NULL : race_racer((unsigned int)actor);

	host_stack_base = (struct stack_base){ &cpus[actor + 1],
					       r == NULL ? race_main_thread() : r->thread };
}

void race_cpus_reset(void)
{
	memset(cpus, 0, sizeof(cpus));
}

static uint32_t flags_change(struct thread *thread, uint32_t clear, uint32_t set)
{
	uint32_t old;

	schedule_point(&thread->flags, SCHEDULE_WRITE);
	old = thread->flags;
	thread->flags = (old & ~clear) | set;
	return old;
}

void thread_will_wait(struct thread *self, bool interruptible)
{
	uint32_t old;

	assert(self == current_thread() && interruptible);
	racer_of(self)->declared = true;
	schedule_point(&self->flags, SCHEDULE_WRITE);
	old = self->flags;
	if (old & TH_ABORTED) {
		self->flags &= ~(uint32_t)TH_ABORTED;
		self->wait_result = WAIT_INTERRUPTED;
		racer_of(self)->declared = false;
		return;
	}
	self->flags |= TH_WAIT;
}

void thread_set_timeout(struct thread *self, uint32_t ms)
{
	(void)ms;
	schedule_point(&self->flags, SCHEDULE_WRITE);
	racer_of(self)->timer = (self->flags & TH_WAIT) != 0;
}

bool thread_claim(struct thread *thread, enum wait_result result)
{
	if (!(flags_change(thread, TH_WAIT, 0) & TH_WAIT))
		return false;
	racer_of(thread)->timer = false;
	thread->wait_result = result;
	return true;
}

void thread_make_runnable(struct thread *thread)
{
	flags_change(thread, 0, TH_RUN);
	schedule_ready(racer_of(thread)->actor);
}

static void go_on(void)
{
	struct thread *self = current_thread();

	self->flags |= TH_RUN;
	racer_of(self)->declared = false;
	self->continuation();
	panic("a continuation has returned");
}

/* Who was claimed before it got here goes on when the claimer lets it. */
void thread_block(continuation_t continuation)
{
	struct thread *self = current_thread();

	assert_no_locks();
	assert(continuation != NULL);
	self->continuation = continuation;
	if (!racer_of(self)->declared)		/* aborted before: goes on at once */
		schedule_ready(racer_of(self)->actor);
	schedule_point(&self->flags, SCHEDULE_WRITE);
	if (self->flags & TH_WAIT)
		self->flags &= ~(uint32_t)TH_RUN;
	schedule_wait(go_on);
}

void thread_block_to(continuation_t continuation, struct thread *next)
{
	thread_make_runnable(next);
	thread_block(continuation);
}

void thread_hand_over(struct thread *self, continuation_t continuation, struct thread *next)
{
	assert_no_locks();
	assert((next->flags & (TH_RUN | TH_WAIT)) == 0);
	self->continuation = continuation;
	schedule_point(&self->flags, SCHEDULE_WRITE);
	if (self->flags & TH_WAIT)
		self->flags &= ~(uint32_t)TH_RUN;
	flags_change(next, 0, TH_RUN);
	race_hand_overs++;
	racer_of(next)->declared = false;
	racer_of(self)->declared = true;
	schedule_become(racer_of(next)->actor, go_on);
}

void thread_take_over_undo(struct thread *next)
{
	schedule_point(&next->flags, SCHEDULE_WRITE);
	if (next->flags == 0) {
		next->flags = TH_WAIT;
		return;
	}
	flags_change(next, TH_ABORTED, 0);
	next->wait_result = WAIT_INTERRUPTED;
	thread_make_runnable(next);
}

_Noreturn void machine_call_continuation(continuation_t continuation)
{
	continuation();
	panic("a continuation returns");
}

_Noreturn void machine_message_return(struct thread *self, const mach_msg_header_t *header,
				      mach_msg_header_t *user)
{
	leave_mach_msg(self, header, user);
}

void thread_interrupt(struct thread *thread)
{
	flags_change(thread, 0, TH_ABORTED);
	schedule_point(&thread->flags, SCHEDULE_READ);
	if ((thread->flags & (TH_WAIT | TH_UNINT)) == TH_WAIT &&
	    thread_claim(thread, WAIT_INTERRUPTED)) {
		flags_change(thread, TH_ABORTED, 0);
		thread_make_runnable(thread);
	}
}

/* --- The parts of a call of mach_msg ----------------------------------------------------- */

/*
 * The rules do not want these to be one step: a send takes the rights, and then meets its
 * destination, which may have died by then; a receive looks up what it receives from, takes the
 * message from its queue, and then gives its rights names (spec/ipc.md, sections 5 to 7, PR-13).
 */
mach_msg_return_t __real_ipc_mqueue_send(struct ipc_kmsg *kmsg, mach_msg_option_t option,
					 mach_msg_timeout_t timeout, void (*continuation)(void),
					 struct thread **receiverp);
mach_msg_return_t __wrap_ipc_mqueue_send(struct ipc_kmsg *kmsg, mach_msg_option_t option,
					 mach_msg_timeout_t timeout, void (*continuation)(void),
					 struct thread **receiverp);
mach_msg_return_t __wrap_ipc_mqueue_send(struct ipc_kmsg *kmsg, mach_msg_option_t option,
					 mach_msg_timeout_t timeout, void (*continuation)(void),
					 struct thread **receiverp)
{
	if (schedule_is_sequential())
		schedule_part();
	return __real_ipc_mqueue_send(kmsg, option, timeout, continuation, receiverp);
}

mach_msg_return_t __real_ipc_mqueue_receive(struct thread *self);
mach_msg_return_t __wrap_ipc_mqueue_receive(struct thread *self);
mach_msg_return_t __wrap_ipc_mqueue_receive(struct thread *self)
{
	mach_msg_return_t mr;

	if (schedule_is_sequential())
		schedule_part();
	mr = __real_ipc_mqueue_receive(self);
	if (schedule_is_sequential())
		schedule_part();
	return mr;
}

/* A body goes item by item, after the header (sections 4 and 8). */
enum msg_item_status __real_msg_item_next(struct msg_item_iter *iter, struct msg_item *item);
enum msg_item_status __wrap_msg_item_next(struct msg_item_iter *iter, struct msg_item *item);
enum msg_item_status __wrap_msg_item_next(struct msg_item_iter *iter, struct msg_item *item)
{
	if (schedule_is_sequential())
		schedule_part();
	return __real_msg_item_next(iter, item);
}

/* A port dies in one step; what it leaves is dealt with after it, without locks (section 12). */
void __real_ipc_port_release_receive(struct ipc_port *port);
void __wrap_ipc_port_release_receive(struct ipc_port *port);
void __wrap_ipc_port_release_receive(struct ipc_port *port)
{
	if (schedule_is_sequential() && IP_VALID(port) && !port->object.active)
		schedule_part();
	__real_ipc_port_release_receive(port);
}

/* A queue that is found full, and a message that is forced in. */
mach_msg_return_t __real_ipc_accepted_create(struct ipc_space *space, mach_port_name_t name,
					     struct ipc_port *dest, mach_port_name_t notify,
					     struct ipc_accepted **requestp);
mach_msg_return_t __wrap_ipc_accepted_create(struct ipc_space *space, mach_port_name_t name,
					     struct ipc_port *dest, mach_port_name_t notify,
					     struct ipc_accepted **requestp);
mach_msg_return_t __wrap_ipc_accepted_create(struct ipc_space *space, mach_port_name_t name,
					     struct ipc_port *dest, mach_port_name_t notify,
					     struct ipc_accepted **requestp)
{
	mach_msg_return_t mr;

	if (schedule_is_sequential())
		schedule_part();
	mr = __real_ipc_accepted_create(space, name, dest, notify, requestp);
	if (schedule_is_sequential())
		schedule_part();
	return mr;
}

/* --- Kernel objects: their answer to anything is an empty one ---------------------------- */

void ipc_kobject_init(void)
{
}

struct ipc_kmsg *ipc_kobject_server(struct ipc_kmsg *request)
{
	struct ipc_kmsg *answer = ipc_kmsg_alloc(sizeof(answer->header));

	schedule_part();
	answer->header = (struct kmsg_header){
		.bits = MACH_MSGH_BITS_LOCAL(request->header.bits),
		.size = sizeof(answer->header),
		.remote = request->header.local,
		.id = request->header.id + 100,
	};
	request->header.local = IP_NULL;
	ipc_kmsg_destroy(request);
	schedule_part();
	return answer;
}

/* Threads hold what they wait on, tasks their bootstrap ports. */
void kernel_visit_holders(struct ipc_check *check)
{
	for (int i = 0; i < RACE_TASKS; i++)
		ipc_check_hold(check, race_task[i]->bootstrap_port, IPC_HOLDS_SEND);
	for (unsigned int i = 0; race_racer(i) != NULL; i++) {
		struct ipc_object *object = race_racer(i)->thread->ipc.object;

		if (object != NULL && object->kind == IOT_PORT)
			ipc_check_hold(check, (struct ipc_port *)object, IPC_HOLDS_REFERENCE);
	}
	race_exceptions_visit(check);
}
