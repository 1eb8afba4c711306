/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client of the pager in user/filepager: a file as memory.  It is read by reading memory, and
 * written by writing memory; what was written is in the file when it is mapped again.
 */
#include <libmach/print.h>
#include <mach.h>
#include <mach/vm_param.h>

#include "file.h"
#include "netname.h"

static char *map(mach_port_t object, vm_size_t size)
{
	vm_offset_t address = 0;
	kern_return_t result;

	result = vm_map(mach_task_self(), &address, round_page(size), 0, TRUE, object, 0, FALSE,
		VM_PROT_READ | VM_PROT_WRITE, VM_PROT_ALL, VM_INHERIT_SHARE);
	if (result == KERN_SUCCESS)
		return (char *) address;
	mach_error("[filemap] FAILED to map", result);
	return NULL;
}

static void unmap(const char *text, vm_size_t size)
{
	vm_deallocate(mach_task_self(), (vm_offset_t) text, round_page(size));
}

static void print_line(const char *about, const char *text, vm_size_t size)
{
	vm_size_t length = 0;

	while (length < size && text[length] >= ' ')
		length++;
	printf("[filemap] %s \"%.*s\"\n", about, (int) length, text);
}

static void change_letters(char *text, vm_size_t size)
{
	for (vm_size_t i = 0; i < size; i++)
		if (text[i] >= 'a' && text[i] <= 'z')
			text[i] -= 'a' - 'A';
}

static boolean_t is_changed(const char *text, vm_size_t size)
{
	for (vm_size_t i = 0; i < size; i++)
		if (text[i] >= 'a' && text[i] <= 'z')
			return FALSE;
	return TRUE;
}

static kern_return_t use(mach_port_t object, vm_size_t size)
{
	char *text = map(object, size), *other = map(object, size);

	if (text == NULL || other == NULL)
		return KERN_FAILURE;
	printf("[filemap] The file has %u bytes: I map them twice, at 0x%x and at 0x%x.\n", size,
		(unsigned int) (uintptr_t) text, (unsigned int) (uintptr_t) other);
	print_line("I read", text, size);
	change_letters(text, size);
	print_line("I wrote; in the other mapping I read", other, size);
	unmap(text, size);
	unmap(other, size);
	text = map(object, size);
	if (text == NULL)
		return KERN_FAILURE;
	print_line("Unmapped both, mapped it once more: I read", text, size);
	printf("[filemap] What I wrote is in the file: %s.\n",
		is_changed(text, size) ? "right" : "WRONG");
	unmap(text, size);
	return KERN_SUCCESS;
}

int main(void)
{
	mach_port_t names, server, object;
	vm_size_t size;
	kern_return_t result;

	result = task_get_bootstrap_port(mach_task_self(), &names);
	if (result == KERN_SUCCESS)
		result = netname_look_up(names, "", "file", &server);
	if (result == KERN_SUCCESS)
		result = file_open(server, &object, &size);
	if (result == KERN_SUCCESS)
		result = use(object, size);
	if (result != KERN_SUCCESS)
		mach_error("[filemap] FAILED", result);
	return result;
}
