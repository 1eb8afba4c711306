/* SPDX-License-Identifier: BSD-2-Clause */
#include <tests/unit/map_runs.h>

#include <kern/slab.h>
#include <tests/unit/fakes.h>
#include <tests/unit/fakes_pmap.h>
#include <tests/unit/fakes_wait.h>
#include <tests/unit/map_ops.h>
#include <vm/copy.h>
#include <vm/pager.h>
#include <vm/proxy.h>

void map_machine_start(void)
{
	inject_pause();
	fake_wait_start();
	vm_map_init();
	vm_pager_init();
	vm_proxy_init();
	inject_begin();
	inject_resume();
}

/* --- Short memory -------------------------------------------------------------------------- */

#define HOG_MAX 16384u

static struct vm_page *hogged[HOG_MAX];
static uint32_t hog_count;

/* Take user pages away until `left` or fewer can be had. */
static void hog(uint32_t left)
{
	struct vm_page *page;

	inject_pause();
	while (hog_count < HOG_MAX && (page = vm_page_alloc_user()) != NULL)
		hogged[hog_count++] = page;
	inject_resume();
	for (; left > 0 && hog_count > 0; left--)
		vm_page_free(hogged[--hog_count], 0);
}

static void begin_shortage(void)
{
	scarce = below(4) == 0;
	if (!scarce)
		return;
	if (below(2))
		slab_fail_after(1 + below(5));
	if (below(3) == 0)
		fake_pmap_fail_after = 1 + below(3);
	if (below(2))
		hog(below(6));
}

static void end_shortage(void)
{
	slab_fail_after(0);
	fake_pmap_fail_after = 0;
	if (scarce) {
		hog(600);
		pagers_settle();
	}
	scarce = false;
}

/* --- Random sequences ------------------------------------------------------------------------ */

void sequence_make(struct sequence *s, uint32_t seed, uint32_t count)
{
	random_state = 88172645u + seed * 7919u;
	s->count = count;
	for (uint32_t i = 0; i < count; i++)
		s->seeds[i] = any_number() | 1;
}

static void one_step(const struct sequence *s)
{
	random_state = s->seeds[step];
	if (story != NULL)
		fprintf(story, "%5u: ", step);
	if (injecting)
		scarce = true;
	else
		begin_shortage();
	map_any_operation();
	if (!injecting)
		end_shortage();
	else
		pagers_settle();
	if (story != NULL)
		fprintf(story, "\n");
}

/*
 * When failures are injected nobody runs in between: an operation may be abandoned where it is.
 * The one that meets the failure must answer that, with nothing changed.
 */
void sequence_run(const struct sequence *s)
{
	pagers_fail = s->fail;
	map_world_begin(s->pagers);
	hog(600);
	quiet = injecting;
	for (step = 0; step < s->count; step++) {
		one_step(s);
		preempted = true;
		if (step % s->checks == 0)
			check_all(step % (4 * s->checks) == 0);
		preempted = false;
	}
	map_world_end();
}

/* --- All short ones ----------------------------------------------------------------------------- */

#define A (&maps[0])
#define B (&maps[1])
#define AT(page) ((page) * PAGE_BYTES)

static void map_shared(struct map_model *m, uint32_t page, bool copy)
{
	const struct map_args a = {
		.addr = AT(page), .size = PAGE_BYTES, .prot = 3, .max = 7,
		.inherit = VM_INHERIT_SHARE, .object = &objects[0], .index = 1, .copy = copy,
	};

	do_map(m, &a);
}

static void fork_a(void)	{ do_fork(A, B); }
static void end_b(void)		{ if (B->map != NULL) do_end(B); }
static void write_a1(void)	{ do_touch(A, AT(1), 9, VM_PROT_WRITE); }
static void write_a2(void)	{ do_touch(A, AT(2), 9, VM_PROT_WRITE); }
static void write_b1(void)	{ if (B->map != NULL) do_touch(B, AT(1), 9, VM_PROT_WRITE); }
static void write_b2(void)	{ if (B->map != NULL) do_touch(B, AT(2), 9, VM_PROT_WRITE); }
static void read_a(void)	{ do_touch(A, AT(1), 2 * PAGE_BYTES, VM_PROT_READ); }
static void allocate_a(void)	{ do_allocate(A, AT(3), PAGE_BYTES, false); }
static void deallocate_a2(void)	{ do_deallocate(A, AT(2), PAGE_BYTES); }
static void deallocate_b1(void)	{ if (B->map != NULL) do_deallocate(B, AT(1), PAGE_BYTES); }
static void protect_a(void)	{ do_protect(A, AT(1), PAGE_BYTES, false, VM_PROT_READ); }
static void share_a(void)	{ do_inherit(A, AT(1), 2 * PAGE_BYTES, VM_INHERIT_SHARE); }
static void none_a2(void)	{ do_inherit(A, AT(2), PAGE_BYTES, VM_INHERIT_NONE); }
static void copyin_a(void)	{ do_copyin(A, &copies[0], AT(1), 2 * PAGE_BYTES, false); }
static void take_a(void)	{ do_copyin(A, &copies[0], AT(1) + 5, PAGE_BYTES + 3, true); }
static void copyout_a(void)	{ do_copyout(A, &copies[0]); }
static void overwrite_a(void)	{ do_overwrite(A, &copies[0], AT(1)); }
static void discard_copy(void)	{ do_discard(&copies[0]); }
static void copy_a(void)	{ do_vm_copy(A, AT(1), PAGE_BYTES, AT(2)); }
static void wire_a(void)	{ do_wire(A, AT(1), 2 * PAGE_BYTES, VM_PROT_READ); }
static void unwire_a1(void)	{ do_wire(A, AT(1), PAGE_BYTES, VM_PROT_NONE); }
static void map_a4(void)	{ map_shared(A, 4, false); }
static void map_copy_a5(void)	{ map_shared(A, 5, true); }
static void write_a4(void)	{ do_touch(A, AT(4), 9, VM_PROT_WRITE); }
static void write_a5(void)	{ do_touch(A, AT(5), 9, VM_PROT_WRITE); }
static void deallocate_a4(void)	{ do_deallocate(A, AT(4), PAGE_BYTES); }
static void write_b4(void)	{ if (B->map != NULL) do_touch(B, AT(4), 9, VM_PROT_WRITE); }
static void pager_a(void)	{ pager_volunteer(&objects[0], true); }
static void copyin_a4(void)	{ do_copyin(A, &copies[0], AT(4), 2 * PAGE_BYTES, false); }

static void (*const plain_set[])(void) = {
	fork_a, end_b, write_a1, write_a2, write_b1, write_b2, read_a, allocate_a, deallocate_a2,
	deallocate_b1, protect_a, share_a, none_a2, copyin_a, take_a, copyout_a, overwrite_a,
	discard_copy, copy_a, wire_a, unwire_a1,
};

static void (*const pager_set[])(void) = {
	fork_a, end_b, map_a4, map_copy_a5, write_a4, write_a5, write_b4, deallocate_a4, pager_a,
	pager_a, copyin_a4, copyout_a, discard_copy,
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

unsigned int short_operations(bool pagers)
{
	return pagers ? COUNT(pager_set) : COUNT(plain_set);
}

/* Operations are the digits of a number, the first one the highest. */
static void short_run(uint32_t number, unsigned int length, bool pagers)
{
	uint32_t base = short_operations(pagers), digit = 1;

	random_state = number + 1;
	pagers_fail = false;
	map_world_begin(pagers);
	quiet = true;
	do_allocate(A, AT(1), 2 * PAGE_BYTES, false);
	do_touch(A, AT(1), 2 * PAGE_BYTES, VM_PROT_WRITE);
	for (unsigned int i = 1; i < length; i++)
		digit *= base;
	for (; digit > 0; digit /= base)
		(pagers ? pager_set : plain_set)[number / digit % base]();
	check_all(true);
	map_world_end();
}

uint32_t short_runs(unsigned int first, unsigned int length, bool pagers)
{
	uint32_t count = 1;

	for (unsigned int i = 1; i < length; i++)
		count *= short_operations(pagers);
	for (uint32_t i = 0; i < count; i++)
		short_run(first * count + i, length, pagers);
	return count;
}
