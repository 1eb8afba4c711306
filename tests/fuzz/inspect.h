/* SPDX-License-Identifier: BSD-2-Clause */
/* All questions that can be asked about a space and a name; nobody looks at the answers. */
#ifndef TESTS_FUZZ_INSPECT_H
#define TESTS_FUZZ_INSPECT_H

#include <tests/fuzz/fuzz.h>

void inspect(struct task *task, mach_port_name_t name);

/* Memory, messages and names that the task may have; the tighter, the smaller `code` is. */
void inspect_limit(struct task *task, uint8_t code);

#endif /* TESTS_FUZZ_INSPECT_H */
