/* SPDX-License-Identifier: BSD-2-Clause */
#include "foreign.h"

mach_port_t host_priv, device_master;

static unsigned int tests;

static void print_number(unsigned int number)
{
	char text[12], *at = text + sizeof text - 1;

	*at = '\0';
	do
		*--at = '0' + number % 10;
	while ((number /= 10) != 0);
	mach_print(at);
}

void note(const char *what, unsigned int number)
{
	mach_print("# ");
	mach_print(what);
	mach_print(": ");
	print_number(number);
	mach_print("\n");
}

void check(boolean_t good, const char *what)
{
	mach_print(good ? "ok " : "not ok ");
	print_number(++tests);
	mach_print(" - ");
	mach_print(what);
	mach_print("\n");
}

void answer(const char *what, kern_return_t result, kern_return_t expected)
{
	if (result != expected)
		note("the answer was", result);
	check(result == expected, what);
}

static unsigned int parse(const char *text)
{
	unsigned int value = 0;

	while (*text >= '0' && *text <= '9')
		value = value * 10 + (*text++ - '0');
	return value;
}

void foreign_main(int argc, char **argv);
void foreign_main(int argc, char **argv)
{
	check(argc == 3, "two arguments");
	host_priv = parse(argv[1]);
	device_master = parse(argv[2]);
	test_raw();
	test_ports();
	test_debug();
	test_tasks();
	test_threads();
	test_scheduling();
	test_samples();
	test_memory();
	test_pager();
	test_exceptions();
	test_notices();
	test_devices();
	test_machine();
	test_host();
	test_rpc();
	test_gsync();
	test_not_served();
	mach_print("1..");
	print_number(tests);
	mach_print("\n");
	host_reboot(host_priv, 8);
	for (;;)
		;
}
