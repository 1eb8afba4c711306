# SPDX-License-Identifier: BSD-2-Clause
#
# Fuzz targets: the real sources on the unit tests' fakes, driven by libFuzzer.  To add one: write
# tests/fuzz/target_NAME.c and name it here.  Their corpora are in corpus/NAME, the inputs that once
# found something in crashes/NAME; tests/fuzz/run runs them.

FUZZ_NAMES := walker mach_msg model vm

FUZZ_CFLAGS := -std=gnu17 -m32 -O2 -g -fno-omit-frame-pointer -fno-strict-aliasing \
	-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-sanitize=alignment \
	-fno-builtin-printf -fno-builtin-vprintf \
	-DHOST_TEST=1 -DDEBUG=1 -DKERNEL=1 -Iinclude -I. -I$(B)/gen $(WARNINGS)

# The fuzzer's runtime is C++, of which only the library for running programs need be there.
FUZZ_LDFLAGS := -m32 -fsanitize=fuzzer,address,undefined -nostdlib++ -l:libstdc++.so.6 \
	$(addprefix -Wl$(comma)--wrap=,_ck_assert_failed _mark_point slab_alloc kalloc)

# What the fuzzer is to reach; the rest would only make it slow.  FUZZ_COVERAGE=1 counts lines and
# branches instead.
FUZZ_PROFILE := $(if $(FUZZ_COVERAGE),-fprofile-instr-generate -fcoverage-mapping)
$(B)/obj/fuzz/ipc/%.o $(B)/obj/fuzz/vm/%.o: private FUZZ_EXTRA := $(or $(FUZZ_PROFILE),\
	-fsanitize-coverage=inline-8bit-counters$(comma)pc-table)
$(addprefix $(B)/obj/fuzz/,ipc/checker.o vm/page.o vm/kmem.o): private FUZZ_EXTRA :=

fuzz-objects = $(addprefix $(B)/obj/fuzz/,$(patsubst %.c,%.o,$(1)))

$(B)/fuzz.flags: FORCE
	$(call keep-if-same,$(FUZZ_CFLAGS) $(FUZZ_PROFILE))

$(B)/obj/fuzz/%.o: %.c $(B)/fuzz.flags | $(KERNEL_STUB_HEADERS)
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(call compile,$(FUZZ_CFLAGS) $(FUZZ_EXTRA),clang)

# All that the tests of messages have.
FUZZ_SOURCES := $(sort $(addprefix tests/fuzz/,harness.c world.c inspect.c) \
	tests/unit/fakes.c tests/unit/fakes_pmap.c \
	$(UNIT_BASE) $(UNIT_IPC))

# And those of memory.
FUZZ_VM := $(sort tests/fuzz/harness.c tests/unit/fakes.c tests/unit/fakes_pmap.c $(UNIT_BASE) $(UNIT_VM))

FUZZ_TARGETS := $(addprefix $(B)/tests/fuzz/,$(FUZZ_NAMES))
$(B)/tests/fuzz/vm: $(call fuzz-objects,$(FUZZ_VM))
$(filter-out %/vm,$(FUZZ_TARGETS)): $(call fuzz-objects,$(FUZZ_SOURCES))
$(FUZZ_TARGETS): $(B)/tests/fuzz/%: $(B)/obj/fuzz/tests/fuzz/target_%.o
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)clang -o $@.new $^ $(FUZZ_LDFLAGS) $(FUZZ_PROFILE) -Wl,-Bstatic -lcheck_pic -lsubunit -Wl,-Bdynamic \
		-lpthread -lrt -lm && $(complete)
