/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the fuzz targets share: the start of the machine, and a reader of the fuzzer's bytes.
 *
 * A target is a file that defines fuzz_start and fuzz_one.  An error is an assertion of the
 * kernel's, a ck_must, or what the sanitizers find; each ends the process, and libFuzzer keeps the
 * input.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <tests/unit/fakes_ipc.h>

/* Once, after the machine has started. */
void fuzz_start(int argc, char **argv);

/* One input.  Leaves nothing behind. */
void fuzz_one(const uint8_t *data, size_t size);

struct fuzz_input {
	const uint8_t *next, *end;
};

static inline struct fuzz_input fuzz_input(const uint8_t *data, size_t size)
{
	return (struct fuzz_input){ data, data + size };
}

static inline bool fuzz_more(const struct fuzz_input *in)
{
	return in->next != in->end;
}

/* What is not there is 0. */
static inline uint8_t fuzz_byte(struct fuzz_input *in)
{
	return fuzz_more(in) ? *in->next++ : 0;
}

static inline uint16_t fuzz_half(struct fuzz_input *in)
{
	uint16_t low = fuzz_byte(in);

	return (uint16_t)(low | fuzz_byte(in) << 8);
}

static inline uint32_t fuzz_word(struct fuzz_input *in)
{
	uint32_t low = fuzz_half(in);

	return low | (uint32_t)fuzz_half(in) << 16;
}

/* With what kernel memory is filled that is not zeroed; 0: it is left as it is. */
extern uint8_t fuzz_fill;

/*
 * A mutator for inputs that are sequences of records of `record` bytes: insert, remove, exchange or
 * repeat whole ones, or change bytes.  For a target's LLVMFuzzerCustomMutator.
 */
size_t fuzz_mutate_records(uint8_t *data, size_t size, size_t max, unsigned int seed,
			   size_t record);

#endif /* TESTS_FUZZ_FUZZ_H */
