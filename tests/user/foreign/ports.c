/* SPDX-License-Identifier: BSD-2-Clause */
/* Subsystems mach_port and mach_debug, on our own space. */
#include "foreign.h"

#include <mach/notify.h>

#include "mach_debug.h"

static void test_names(void)
{
	mach_port_t self = mach_task_self(), name, first;
	mach_port_type_t type;
	mach_port_urefs_t count;
	mach_port_name_array_t names;
	mach_port_type_array_t types;
	mach_msg_type_number_t name_count, type_count;

	answer("mach_port_allocate_name",
	       mach_port_allocate_name(self, MACH_PORT_RIGHT_RECEIVE, 0x1234500), KERN_SUCCESS);
	answer("mach_port_rename", mach_port_rename(self, 0x1234500, 0x1234600), KERN_SUCCESS);
	answer("mach_port_type", mach_port_type(self, 0x1234600, &type), KERN_SUCCESS);
	check(type == MACH_PORT_TYPE_RECEIVE, "a receive right");
	answer("mach_port_type of what is no more", mach_port_type(self, 0x1234500, &type),
	       KERN_INVALID_NAME);
	answer("mach_port_allocate", mach_port_allocate(self, MACH_PORT_RIGHT_DEAD_NAME, &name),
	       KERN_SUCCESS);
	answer("mach_port_mod_refs", mach_port_mod_refs(self, name, MACH_PORT_RIGHT_DEAD_NAME, 4),
	       KERN_SUCCESS);
	answer("mach_port_deallocate", mach_port_deallocate(self, name), KERN_SUCCESS);
	answer("mach_port_get_refs",
	       mach_port_get_refs(self, name, MACH_PORT_RIGHT_DEAD_NAME, &count), KERN_SUCCESS);
	check(count == 4, "as many references as given and taken");
	answer("mach_port_names",
	       mach_port_names(self, &names, &name_count, &types, &type_count), KERN_SUCCESS);
	check(name_count == type_count, "as many types as names");
	first = MACH_PORT_NULL;
	for (unsigned int i = 0; i < name_count; i++)
		if (names[i] == name && types[i] == MACH_PORT_TYPE_DEAD_NAME)
			first = names[i];
	check(first == name, "one of them is the dead name");
	answer("mach_port_destroy", mach_port_destroy(self, name), KERN_SUCCESS);
	mach_port_destroy(self, 0x1234600);
	mig_deallocate((vm_address_t) names, name_count * sizeof *names);
	mig_deallocate((vm_address_t) types, type_count * sizeof *types);
}

static void test_rights(void)
{
	mach_port_t self = mach_task_self(), port = new_port(), taken, previous;
	mach_msg_type_name_t poly;
	mach_port_rights_t rights;
	unsigned int total, used, kind;
	vm_offset_t address;

	answer("mach_port_insert_right",
	       mach_port_insert_right(self, port, port, MACH_MSG_TYPE_MAKE_SEND), KERN_SUCCESS);
	answer("mach_port_extract_right",
	       mach_port_extract_right(self, port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &taken, &poly),
	       KERN_SUCCESS);
	check(poly == MACH_MSG_TYPE_PORT_SEND_ONCE && taken != port, "a send-once right");
	answer("mach_port_get_srights", mach_port_get_srights(self, port, &rights), KERN_SUCCESS);
	check(rights == 1, "one send right, in our space");
	answer("mach_port_request_notification",
	       mach_port_request_notification(self, port, MACH_NOTIFY_DEAD_NAME, 0, taken,
					      MACH_MSG_TYPE_MOVE_SEND_ONCE, &previous),
	       KERN_SUCCESS);
	answer("mach_port_dnrequest_info", mach_port_dnrequest_info(self, port, &total, &used),
	       KERN_SUCCESS);
	check(used == 1 && total >= used, "one request for a dead name");
	answer("mach_port_kernel_object", mach_port_kernel_object(self, self, &kind, &address),
	       KERN_SUCCESS);
	check(kind == 2, "our task is one");
	mach_port_destroy(self, port);
}

static void test_status(void)
{
	mach_port_t self = mach_task_self(), port = new_port(), set;
	mach_port_status_t status;
	mach_port_name_array_t members;
	mach_msg_type_number_t count;

	mach_port_allocate(self, MACH_PORT_RIGHT_PORT_SET, &set);
	answer("mach_port_set_qlimit", mach_port_set_qlimit(self, port, 7), KERN_SUCCESS);
	answer("mach_port_set_mscount", mach_port_set_mscount(self, port, 21), KERN_SUCCESS);
	answer("mach_port_set_seqno", mach_port_set_seqno(self, port, 33), KERN_SUCCESS);
	answer("mach_port_move_member", mach_port_move_member(self, port, set), KERN_SUCCESS);
	answer("mach_port_get_receive_status", mach_port_get_receive_status(self, port, &status),
	       KERN_SUCCESS);
	check(status.mps_qlimit == 7 && status.mps_mscount == 21 && status.mps_seqno == 33
	      && status.mps_pset == set && status.mps_srights && status.mps_msgcount == 0
	      && status.mps_sorights == 0 && !status.mps_pdrequest && !status.mps_nsrequest,
	      "its status is what was set");
	answer("mach_port_get_set_status",
	       mach_port_get_set_status(self, set, &members, &count), KERN_SUCCESS);
	check(count == 1 && members[0] == port, "the set has one member");
	mig_deallocate((vm_address_t) members, count * sizeof *members);
	mach_port_destroy(self, port);
	mach_port_destroy(self, set);
}

/* The payload arrives instead of the port's name. */
static void test_payload(void)
{
	mach_port_t self = mach_task_self(), port = new_port();
	mach_msg_header_t message = {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
		.msgh_size = sizeof message, .msgh_remote_port = port, .msgh_id = 5,
	};

	answer("mach_port_set_protected_payload",
	       mach_port_set_protected_payload(self, port, 0xfeed), KERN_SUCCESS);
	mach_msg(&message, MACH_SEND_MSG | MACH_RCV_MSG, sizeof message, sizeof message, port,
		 MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
	check(MACH_MSGH_BITS_LOCAL(message.msgh_bits) == MACH_MSG_TYPE_PROTECTED_PAYLOAD
	      && message.msgh_protected_payload == 0xfeed, "it comes with each message");
	answer("mach_port_clear_protected_payload", mach_port_clear_protected_payload(self, port),
	       KERN_SUCCESS);
	mach_port_destroy(self, port);
}

void test_ports(void)
{
	test_names();
	test_rights();
	test_status();
	test_payload();
}

static void test_memory_info(void)
{
	vm_address_t page = new_page();
	vm_region_info_t region;
	mach_port_t object;

	*(char *) page = 1;
	answer("mach_vm_region_info",
	       mach_vm_region_info(mach_task_self(), page, &region, &object), KERN_SUCCESS);
	check(region.vri_start <= page && page < region.vri_end
	      && region.vri_protection == (VM_PROT_READ | VM_PROT_WRITE)
	      && object == MACH_PORT_NULL, "the region of a page, whose object has no name");
	mig_deallocate(page, PAGE);
}

void test_debug(void)
{
	mach_port_t host = mach_host_self(), set;
	unsigned int total, requests;
	vm_size_t reserved, space, resident, usage;
	vm_offset_t largest;
	hash_info_bucket_array_t buckets = NULL;
	cache_info_array_t caches = NULL;
	mach_msg_type_number_t count = 0;
	boolean_t sensible = TRUE;

	test_memory_info();
	answer("host_stack_usage", host_stack_usage(host, &reserved, &total, &space, &resident,
						    &usage, &largest), KERN_SUCCESS);
	check(resident <= space && usage <= resident && total * PAGE <= space,
	      "no more is used than there is");
	processor_set_default(host, &set);
	answer("processor_set_stack_usage",
	       processor_set_stack_usage(set, &total, &space, &resident, &usage, &largest),
	       KERN_SUCCESS);
	answer("host_ipc_marequest_info", host_ipc_marequest_info(host, &requests, &buckets, &count),
	       KERN_SUCCESS);
	count = 0;
	answer("host_virtual_physical_table_info",
	       host_virtual_physical_table_info(host, &buckets, &count), KERN_SUCCESS);
	count = 0;
	answer("host_slab_info", host_slab_info(host, &caches, &count), KERN_SUCCESS);
	for (unsigned int i = 0; i < count; i++)
		if (caches[i].obj_size == 0 || caches[i].nr_objs > caches[i].nr_bufs
		    || caches[i].nr_free_slabs > caches[i].nr_slabs || caches[i].name[0] == '\0')
			sensible = FALSE;
	check(count > 10 && sensible, "each cache has a name, and its numbers fit");
}
