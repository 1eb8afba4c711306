/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A user may have code and data of ring 3, of any base and limit: the kernel's memory is safe by
 * its pages.  Everything else a descriptor can be is refused; and so are 16-bit stacks, since the
 * processor leaves the upper half of the kernel's stack pointer in esp when it returns to one.
 */
#include <i386/ldt.h>

#include <i386/regs.h>
#include <kern/estate.h>
#include <kern/machine.h>
#include <kern/mig_support.h>
#include <kern/percpu.h>
#include <kern/slab.h>
#include <kern/string.h>
#include <kern/thread.h>
#include <mach/i386/mach_i386_server.h>
#include <vm/map.h>

/* The high word of a descriptor. */
#define ACCESS_BYTE	0x0000ff00u
#define PRESENT		0x00008000u
#define RING_3		0x00006000u
#define NOT_SYSTEM	0x00001000u
#define CODE		0x00000800u
#define WRITABLE	0x00000200u	/* of data */
#define BIG		0x00400000u	/* offsets and stack pointers of 32 bits */

#define SELECTOR_LDT	4
#define SELECTOR_RING	3
#define ANY_SLOT	(-1)
#define ENTRIES_MAX	8191

static unsigned int selector_index(int selector)
{
	return (unsigned int)selector >> 3;
}

/* --- What may be set ---------------------------------------------------------------------- */

static bool descriptor_is_empty(const struct descriptor *descriptor)
{
	return (descriptor->high_word & ACCESS_BYTE) == 0;
}

static bool is_stack(uint32_t high_word)
{
	return (high_word & (CODE | WRITABLE)) == WRITABLE;
}

static bool descriptor_ok(const struct descriptor *descriptor)
{
	uint32_t high = descriptor->high_word;

	if (descriptor_is_empty(descriptor))
		return true;
	return (high & (RING_3 | NOT_SYSTEM)) == (RING_3 | NOT_SYSTEM) &&
	       (!is_stack(high) || (high & BIG));
}

/* Entries 0, 2 and 3 are there for ever. */
static bool entries_are_free(unsigned int first, unsigned int count)
{
	return first >= LDT_KERNEL_ENTRIES || (first == 1 && count <= 1) || count == 0;
}

/* A range of a table of ENTRIES_MAX. */
static bool range_ok(int first_selector, uint32_t count)
{
	return first_selector >= 0 && selector_index(first_selector) <= ENTRIES_MAX &&
	       count <= ENTRIES_MAX - selector_index(first_selector);
}

/* --- The thread's tables ------------------------------------------------------------------ */

static size_t ldt_size(uint32_t entries)
{
	return sizeof(struct ldt) + entries * sizeof(struct descriptor);
}

_Static_assert(sizeof(struct ldt) % sizeof(struct descriptor) == 0, "entries are aligned");

static void ldt_release(struct ldt *ldt)
{
	if (ldt == NULL)
		return;
	estate_uncharge(ldt->payer, ldt_size(ldt->entries));
	kfree(ldt, ldt_size(ldt->entries));
}

void ldt_free(struct pcb *pcb)
{
	ldt_release(pcb->ldt);
	pcb->ldt = NULL;
}

/* A table with what the old one has, if there is an old one, and nothing behind that. */
static struct ldt *ldt_create(uint32_t entries, const struct ldt *old, struct estate *payer)
{
	struct ldt *ldt;

	if (!estate_charge(payer, ldt_size(entries)))
		return NULL;
	ldt = kalloc(ldt_size(entries));
	if (ldt == NULL) {
		estate_uncharge(payer, ldt_size(entries));
		return NULL;
	}
	memset(ldt, 0, ldt_size(entries));
	ldt->entries = entries;
	ldt->payer = payer;
	if (old != NULL)
		memcpy(ldt->entry, old->entry, old->entries * sizeof(old->entry[0]));
	else
		segments_fill_ldt(ldt->entry);
	return ldt;
}

/* The CPU has other descriptors now; what is loaded is loaded again, or found to be bad. */
static void reload(struct thread *thread)
{
	struct user_regs *regs = &thread->pcb.regs;

	if (thread != current_thread())
		return;
	__asm__ volatile("movl %%fs, %0\n\t"
			 "movl %%gs, %1" : "=r"(regs->fs), "=r"(regs->gs));
	segments_load(&thread->pcb);
	regs_load_fs_gs(thread);
}

/* Give the thread a table of at least so many entries.  Locked.  The old one is in *oldp. */
static bool ldt_provide(struct thread *thread, uint32_t entries, struct ldt **oldp)
{
	struct pcb *pcb = &thread->pcb;
	struct ldt *ldt;

	if (pcb->ldt != NULL && pcb->ldt->entries >= entries)
		return true;
	ldt = ldt_create(entries < LDT_KERNEL_ENTRIES ? LDT_KERNEL_ENTRIES : entries, pcb->ldt,
			 thread->task->estate);
	if (ldt == NULL)
		return false;
	*oldp = pcb->ldt;
	pcb->ldt = ldt;
	pcb->special |= PCB_LDT;
	return true;
}

static kern_return_t ldt_write(struct thread *thread, unsigned int first,
			       const struct descriptor *list, uint32_t count)
{
	struct ldt *old = NULL;
	unsigned int i;

	spin_lock(&thread->lock);
	if (!ldt_provide(thread, first + count, &old)) {
		spin_unlock(&thread->lock);
		return KERN_RESOURCE_SHORTAGE;
	}
	for (i = 0; i < count; i++)
		thread->pcb.ldt->entry[first + i] =
			descriptor_is_empty(&list[i]) ? (struct descriptor){ 0, 0 } : list[i];
	reload(thread);
	spin_unlock(&thread->lock);
	ldt_release(old);
	return KERN_SUCCESS;
}

/* --- i386_set_ldt and i386_get_ldt -------------------------------------------------------- */

static kern_return_t set_list(struct thread *thread, unsigned int first,
			      const struct descriptor *list, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		if (!descriptor_ok(&list[i]))
			return KERN_INVALID_ARGUMENT;
	return count == 0 ? KERN_SUCCESS : ldt_write(thread, first, list, count);
}

/* The list has come out of line. */
static kern_return_t set_copy(struct thread *thread, unsigned int first, struct vm_map_copy *copy,
			      uint32_t count)
{
	uint32_t size = count * (uint32_t)sizeof(struct descriptor);
	struct descriptor *list;
	kern_return_t kr;

	if (count == 0)
		return KERN_SUCCESS;
	list = kalloc(size);
	if (list == NULL)
		return KERN_RESOURCE_SHORTAGE;
	kr = vm_map_copy_read(copy, 0, list, size);
	if (kr == KERN_SUCCESS)
		kr = set_list(thread, first, list, count);
	kfree(list, size);
	return kr;
}

kern_return_t i386_set_ldt(struct thread *thread, int first_selector,
			   const_descriptor_list_t list, mach_msg_type_number_t count,
			   boolean_t in_message)
{
	unsigned int first = selector_index(first_selector);
	struct vm_map_copy *copy = (struct vm_map_copy *)(uintptr_t)list;
	kern_return_t kr;

	if (thread == NULL || !range_ok(first_selector, count) || !entries_are_free(first, count))
		return KERN_INVALID_ARGUMENT;
	if (in_message)
		return set_list(thread, first, list, count);
	kr = set_copy(thread, first, copy, count);
	if (kr == KERN_SUCCESS)
		vm_map_copy_discard(copy);
	return kr;
}

/* As users see it: the address in the call gate is not for them. */
static void ldt_read(const struct ldt *ldt, unsigned int first, struct descriptor *list,
		     uint32_t count)
{
	memcpy(list, &ldt->entry[first], count * sizeof(*list));
	if (first == 0 && count > 0)
		list[0] = make_gate(0, 0, GATE_CALL | GATE_DPL_USER);
}

/* How many of `count` entries from `first` on the thread has.  Locked. */
static uint32_t ldt_count(const struct ldt *ldt, unsigned int first, uint32_t count)
{
	if (ldt == NULL || first >= ldt->entries)
		return 0;
	return count < ldt->entries - first ? count : ldt->entries - first;
}

/* More than fit in the reply. */
static kern_return_t get_copy(struct thread *thread, unsigned int first,
			      struct vm_map_copy **copyp, uint32_t *count)
{
	size_t size = *count * sizeof(struct descriptor);
	struct descriptor *list = kalloc(size);

	if (list == NULL)
		return KERN_RESOURCE_SHORTAGE;
	spin_lock(&thread->lock);
	*count = ldt_count(thread->pcb.ldt, first, *count);
	ldt_read(thread->pcb.ldt, first, list, *count);
	spin_unlock(&thread->lock);
	*copyp = vm_map_copy_from_kernel(list, *count * sizeof(struct descriptor));
	kfree(list, size);
	return *copyp == NULL ? KERN_RESOURCE_SHORTAGE : KERN_SUCCESS;
}

kern_return_t i386_get_ldt(struct thread *thread, int first_selector, int selector_count,
			   descriptor_list_t *list, mach_msg_type_number_t *count)
{
	unsigned int first = selector_index(first_selector);
	uint32_t room = *count;

	if (thread == NULL || selector_count < 0 ||
	    !range_ok(first_selector, (uint32_t)selector_count))
		return KERN_INVALID_ARGUMENT;
	spin_lock(&thread->lock);
	*count = ldt_count(thread->pcb.ldt, first, (uint32_t)selector_count);
	if (*count <= room && *count > 0)
		ldt_read(thread->pcb.ldt, first, *list, *count);
	spin_unlock(&thread->lock);
	if (*count <= room)
		return KERN_SUCCESS;
	return get_copy(thread, first, (struct vm_map_copy **)list, count);
}

/* --- i386_set_gdt and i386_get_gdt -------------------------------------------------------- */

static bool slot_is_free(const struct descriptor *slot)
{
	return !(slot->high_word & PRESENT);
}

/* The slot of a selector that users may have; false for others. */
static bool find_slot(int selector, unsigned int *slot)
{
	*slot = selector_index(selector) - selector_index(USER_SLOT_0);
	return selector >= 0 && selector <= 0xffff &&
	       (selector & (SELECTOR_LDT | SELECTOR_RING)) == SELECTOR_RING && *slot < 2;
}

/* One that is free, or the one that is named.  Locked. */
static kern_return_t choose_slot(const struct pcb *pcb, int selector, unsigned int *slot)
{
	if (selector != ANY_SLOT)
		return find_slot(selector, slot) ? KERN_SUCCESS : KERN_INVALID_ARGUMENT;
	for (*slot = 0; *slot < 2; ++*slot)
		if (slot_is_free(&pcb->gdt_slots[*slot]))
			return KERN_SUCCESS;
	return KERN_NO_SPACE;
}

static void set_slot(struct thread *thread, unsigned int slot, struct descriptor descriptor)
{
	struct pcb *pcb = &thread->pcb;

	pcb->gdt_slots[slot] = descriptor;
	pcb->special |= PCB_GDT;
	reload(thread);
	if (slot_is_free(&pcb->gdt_slots[0]) && slot_is_free(&pcb->gdt_slots[1]))
		pcb->special &= ~(uint32_t)PCB_GDT;
}

/* A descriptor that is not present empties the slot. */
kern_return_t i386_set_gdt(struct thread *thread, int *selector, descriptor_t descriptor)
{
	unsigned int slot;
	kern_return_t kr;

	if (thread == NULL)
		return KERN_INVALID_ARGUMENT;
	if (!(descriptor.high_word & PRESENT))
		descriptor = (struct descriptor){ 0, 0 };
	if (!descriptor_ok(&descriptor))
		return KERN_INVALID_ARGUMENT;
	spin_lock(&thread->lock);
	kr = choose_slot(&thread->pcb, *selector, &slot);
	if (kr == KERN_SUCCESS) {
		set_slot(thread, slot, descriptor);
		*selector = USER_SLOT_0 + (int)slot * 8;
	}
	spin_unlock(&thread->lock);
	return kr;
}

kern_return_t i386_get_gdt(struct thread *thread, int selector, descriptor_t *descriptor)
{
	unsigned int slot;

	if (thread == NULL || !find_slot(selector, &slot))
		return KERN_INVALID_ARGUMENT;
	spin_lock(&thread->lock);
	*descriptor = thread->pcb.gdt_slots[slot];
	spin_unlock(&thread->lock);
	return KERN_SUCCESS;
}
