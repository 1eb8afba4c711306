/* SPDX-License-Identifier: BSD-2-Clause */
/* Between libFuzzer and a target. */
#include <tests/fuzz/fuzz.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kern/slab.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

/* The linker puts these in the place of libcheck's: there is no test that could fail. */
_Noreturn void __wrap__ck_assert_failed(const char *file, int line, const char *expression,
					const char *message, ...);
void __wrap__mark_point(const char *file, int line);

void __wrap__ck_assert_failed(const char *file, int line, const char *expression,
			      const char *message, ...)
{
	va_list args;

	fprintf(stderr, "%s:%d: ", file, line);
	va_start(args, message);
	vfprintf(stderr, message != NULL ? message : expression, args);
	fprintf(stderr, "\n");
	abort();
}

void __wrap__mark_point(const char *file, int line)
{
	(void)file, (void)line;
}

/* --- What new memory holds --------------------------------------------------------------- */

void *__real_slab_alloc(struct slab_cache *cache);
void *__real_kalloc(size_t size);
void *__wrap_slab_alloc(struct slab_cache *cache);
void *__wrap_kalloc(size_t size);

uint8_t fuzz_fill;

static void *filled(void *p, size_t size)
{
	if (p != NULL && fuzz_fill != 0)
		memset(p, fuzz_fill, size);
	return p;
}

void *__wrap_slab_alloc(struct slab_cache *cache)
{
	return filled(__real_slab_alloc(cache), cache->size);
}

void *__wrap_kalloc(size_t size)
{
	return filled(__real_kalloc(size), size);
}

/* ------------------------------------------------------------------------------------------- */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	fake_machine_start();
	fuzz_start(*argc, *argv);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_one(data, size);
	return 0;
}

/* --- Records ----------------------------------------------------------------------------- */

static uint32_t chance(unsigned int *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static size_t remove_record(uint8_t *data, size_t size, size_t record, size_t at)
{
	memmove(data + at, data + at + record, size - at - record);
	return size - record;
}

/* Another record's copy, with a few bytes changed, comes to stand before this one. */
static size_t insert_record(uint8_t *data, size_t size, size_t record, size_t at, size_t from)
{
	uint8_t copy[64];

	ck_must(record <= sizeof(copy));
	memcpy(copy, data + from, record);
	LLVMFuzzerMutate(copy, record, record);
	memmove(data + at + record, data + at, size - at);
	memcpy(data + at, copy, record);
	return size + record;
}

static size_t exchange_records(uint8_t *data, size_t size, size_t record, size_t one, size_t two)
{
	for (size_t i = 0; i < record; i++) {
		uint8_t byte = data[one + i];

		data[one + i] = data[two + i];
		data[two + i] = byte;
	}
	return size;
}

size_t fuzz_mutate_records(uint8_t *data, size_t size, size_t max, unsigned int seed,
			   size_t record)
{
	size_t count = size / record, one, two;

	if (count < 2 || chance(&seed) % 3 == 0)
		return LLVMFuzzerMutate(data, size, max);
	one = chance(&seed) % count * record;
	two = chance(&seed) % count * record;
	switch (chance(&seed) % 4) {
	case 0:
		return remove_record(data, size, record, one);
	case 1:
		return exchange_records(data, size, record, one, two);
	case 2:
		if (size + record <= max)
			return insert_record(data, size, record, one, two);
		/* fall through */
	default:
		LLVMFuzzerMutate(data + one, record, record);
		return size;
	}
}
