/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64

#include <tests/unit/fakes.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <kern/assert.h>
#include <kern/machine.h>
#include <kern/mutex.h>
#include <kern/percpu.h>
#include <kern/sched.h>
#include <kern/slab.h>
#include <kern/task.h>
#include <kern/thread.h>
#include <tests/unit/fakes_pmap.h>
#include <tests/unit/inject.h>

#define WEAK __attribute__((weak))

/* --- The end ------------------------------------------------------------------ */

bool fake_panic_expected;
jmp_buf fake_panic_return;
char fake_panic_message[256];

WEAK void panic(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(fake_panic_message, sizeof fake_panic_message, format, args);
	va_end(args);
	if (fake_panic_expected)
		longjmp(fake_panic_return, 1);
	fprintf(stderr, "panic: %s\n", fake_panic_message);
	abort();
}

WEAK void assert_failed(const char *expression, const char *file, int line)
{
	panic("%s:%d: assertion failed: %s", file, line, expression);
}

WEAK void machine_stop(enum machine_stop how)
{
	fprintf(stderr, "machine_stop(%d)\n", how);
	abort();
}

WEAK void machine_backtrace(void)
{
}

/* --- Fault injection: only in programs that have tests/unit/inject.c -------------- */

WEAK bool injecting;			/* each run has a machine of its own */

WEAK void inject_arguments(int argc, char **argv)
{
	(void)argc, (void)argv;
}

WEAK bool inject_summary(const char *name)
{
	(void)name;
	return true;
}

WEAK void inject_expected(void)
{
}

WEAK bool inject_fails_now(void)
{
	return false;
}

WEAK void inject_pause(void)
{
}

WEAK void inject_resume(void)
{
}

WEAK void inject_begin(void)
{
}

void fake_rule_broken(const char *rule, const char *file, int line)
{
	fprintf(stderr, "%s:%d: the kernel breaks a rule: %s\n", file, line, rule);
	abort();
}

/* --- Console, time, interrupts --------------------------------------------------- */

char fake_console[4096];
size_t fake_console_length;

WEAK void console_putc(char c)
{
	if (fake_console_length + 1 < sizeof fake_console)
		fake_console[fake_console_length++] = c;
}

WEAK int console_getc_poll(void)
{
	return -1;
}

uint64_t fake_uptime_ns;

WEAK uint64_t machine_uptime_ns(void)
{
	return fake_uptime_ns;
}

WEAK uint64_t machine_cycles(void)
{
	return fake_uptime_ns;
}

WEAK uint32_t machine_rtc_seconds(void)
{
	return 0;
}

static bool interrupt_flag;

WEAK void interrupts_enable(void)
{
	interrupt_flag = true;
}

WEAK void interrupts_disable(void)
{
	interrupt_flag = false;
}

WEAK bool interrupts_enabled(void)
{
	return interrupt_flag;
}

/* --- User memory ------------------------------------------------------------------- */

static const char *fault_start;
static size_t fault_size;

void fake_user_fault(const void *start, size_t size)
{
	fault_start = start;
	fault_size = size;
}

/* How many bytes of a user range come before the fault. */
static size_t accessible(const void *user, size_t size)
{
	const char *start = user;

	if (fault_size == 0 || start >= fault_start + fault_size || start + size <= fault_start)
		return size;
	return start >= fault_start ? 0 : (size_t)(fault_start - start);
}

static int copy_some(void *dst, const void *src, size_t size, size_t possible)
{
	memcpy(dst, src, possible);
	return possible < size;
}

WEAK int copyin(const void *user, void *kernel, size_t size)
{
	return copy_some(kernel, user, size, accessible(user, size));
}

WEAK int copyout(const void *kernel, void *user, size_t size)
{
	return copy_some(user, kernel, size, accessible(user, size));
}

WEAK int copyinmsg(const void *user, void *kernel, size_t size)
{
	kernel_must(size % 4 == 0);
	return copyin(user, kernel, size);
}

WEAK int copyoutmsg(const void *kernel, void *user, size_t size)
{
	return copyout(kernel, user, size);
}

/* The system reads it for us, so that nothing can happen. */
WEAK bool machine_peek(const void *place, uint32_t *word)
{
	struct iovec to = { word, sizeof(*word) }, from = { (void *)place, sizeof(*word) };

	return (uintptr_t)place % sizeof(*word) == 0 &&
	       process_vm_readv(getpid(), &to, 1, &from, 1, 0) == sizeof(*word);
}

WEAK int copyinstr(const void *user, char *kernel, size_t max, size_t *length)
{
	const char *from = user;

	for (size_t i = 0; i < max; i++) {
		if (copyin(from + i, kernel + i, 1) != 0)
			return 1;
		if (kernel[i] == '\0') {
			*length = i + 1;
			return 0;
		}
	}
	return 1;
}

/* --- Threads --------------------------------------------------------------------------- */

WEAK struct percpu percpu_boot;
WEAK struct machine_features machine_info = { .name = "fake" };
struct thread fake_thread;
struct task fake_task;
struct stack_base host_stack_base;

static void thread_start(void)
{
	spin_lock_init(&fake_task.lock, LOCK_TASK);
	queue_init(&fake_task.threads);
	spin_lock_init(&fake_thread.lock, LOCK_THREAD);
	queue_link_init(&fake_thread.run_link);
	queue_link_init(&fake_thread.ipc.link);
	fake_task.ref_count = fake_thread.ref_count = 1;
	fake_task.active = fake_thread.active = true;
	fake_thread.task = &fake_task;
	host_stack_base = (struct stack_base){ &percpu_boot, &fake_thread };
}

/* There is one thread: a mutex that is held when it is wanted would never be free. */
WEAK void mutex_init(struct mutex *mutex)
{
	*mutex = (struct mutex){ 0 };
}

WEAK bool mutex_held(const struct mutex *mutex)
{
	return mutex->owner == current_thread();
}

WEAK bool mutex_try_lock(struct mutex *mutex)
{
	if (mutex->owner != NULL)
		return false;
	mutex->owner = current_thread();
	return true;
}

WEAK void mutex_lock(struct mutex *mutex)
{
	if (!mutex_try_lock(mutex))
		panic("mutex_lock: deadlock");
}

WEAK void mutex_unlock(struct mutex *mutex)
{
	assert(mutex_held(mutex));
	mutex->owner = NULL;
}

WEAK void preemption_point(void)
{
}

/* --- Locks: enough to see one that is taken twice or never; kern/lock.c does better -------- */

WEAK void spin_lock_check_acquire(struct spin_lock *lock, bool second)
{
	(void)second;
	assert(lock->lock_class != 0);
	assert(lock->held == 0);
}

WEAK void spin_lock_check_acquired(struct spin_lock *lock)
{
	lock->owner = current_cpu();
}

WEAK void spin_lock_check_release(struct spin_lock *lock)
{
	assert(lock->held != 0 && lock->owner == current_cpu());
	lock->owner = NULL;
}

WEAK bool spin_lock_held(const struct spin_lock *lock)
{
	return lock->held != 0 && lock->owner == current_cpu();
}

WEAK void assert_no_locks_at(const char *file, int line)
{
	(void)file, (void)line;
}

/* --- Memory -------------------------------------------------------------------------------- */

const struct boot_info fake_boot_info = {
	.command_line = "",
	.memory_ranges = 3,
	.memory = {
		{ 0, 0x9F000 },
		{ 0x100000, FAKE_DIRECT_END },
		{ DIRECT_MAP_MAX, FAKE_HIGH_END },
	},
	.kernel_start = 0x100000,
	.kernel_end = 0x180000,
	.modules = 1,
	.module = { { FAKE_MODULE_START, FAKE_MODULE_SIZE, "module" } },
};

static int memory_file;

void *fake_map_phys(void *where, phys_addr_t pa, size_t size, int prot)
{
	int flags = MAP_SHARED | (where != NULL ? MAP_FIXED : 0);
	void *p = mmap(where, size, prot, flags, memory_file, (off_t)pa);

	if (p == MAP_FAILED) {
		perror("fake_map_phys");
		abort();
	}
	return p;
}

/* Before the library has taken these addresses: a process cannot do without them. */
static __attribute__((constructor)) void reserve_addresses(void)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
	void *wanted = (void *)KERNEL_BASE;

	if (mmap(wanted, KERNEL_MAP_END - KERNEL_BASE, PROT_NONE, flags, -1, 0) != wanted) {
		perror("reserve_addresses");
		abort();
	}
}

void fake_memory_map(void)
{
	thread_start();
	memory_file = memfd_create("memory", 0);
	if (memory_file < 0 || ftruncate(memory_file, (off_t)FAKE_HIGH_END) != 0) {
		perror("fake_memory_map");
		abort();
	}
	fake_map_phys((void *)KERNEL_BASE, 0, FAKE_DIRECT_END, PROT_READ | PROT_WRITE);
}

void fake_machine_start(void)
{
	fake_memory_map();
	vm_page_boot(&fake_boot_info);
	kalloc_init();
}

uint32_t fake_random(void)
{
	static uint32_t state = 2463534242;

	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

/* --- Running ----------------------------------------------------------------- */

WEAK bool fake_machine_later;

WEAK void unit_tests(TCase *tcase)
{
	(void)tcase;
}

/* Memory that tests do not give back is no error: caches count what matters. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0:abort_on_error=0";
}

WEAK int main(int argc, char **argv)
{
	Suite *suite = suite_create(argc > 0 ? argv[0] : "unit");
	TCase *tcase = tcase_create("all");
	SRunner *runner;
	int failed;

	inject_arguments(argc, argv);
	tcase_set_timeout(tcase, injecting ? 3600 : 300);
	if (!injecting && !fake_machine_later)
		tcase_add_checked_fixture(tcase, fake_machine_start, NULL);
	unit_tests(tcase);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	if (injecting && !inject_summary(argv[0]))
		failed++;
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
