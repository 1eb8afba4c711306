# SPDX-License-Identifier: BSD-2-Clause
#
# Sources in tests/kernel are linked into a second kernel.  tests/user and tests/bench hold
# programs, one folder each; what they share is in tests/user/common and tests/bench/common.

KERNEL_TEST_SRC := $(wildcard tests/kernel/*.c)

TEST_FOLDERS   := $(filter-out %/common %/foreign,$(call program-folders,tests/user))
BENCH_FOLDERS  := $(filter-out %/common,$(call program-folders,tests/bench))
TEST_PROGRAMS  := $(addprefix $(B)/,$(TEST_FOLDERS))
BENCH_PROGRAMS := $(addprefix $(B)/,$(BENCH_FOLDERS))

# What the programs of one folder share is an archive: each takes what it calls.
define shared-code
$(B)/obj/$(1)/common/%.o: $(1)/common/% $(B)/user.flags \
		| $(LIBMACH_STUB_HEADERS) $(USER_STUB_HEADERS)
	@mkdir -p $$(@D)
	$$(call say,CC,$$<)
	$$(call compile,$$(USER_CFLAGS))

$(B)/$(1)/common.a: $(call objects,$(wildcard $(1)/common/*.c))
	@mkdir -p $$(@D)
	$$(call say,AR,$$@)
	$$(call archive,$$^)
endef
$(eval $(call shared-code,tests/user))
$(eval $(call shared-code,tests/bench))

$(foreach f,$(TEST_FOLDERS),$(eval $(call user-program,$(f),$(B)/tests/user/common.a)))
$(foreach f,$(BENCH_FOLDERS),$(eval $(call user-program,$(f),$(B)/tests/bench/common.a)))

# Adds its program to TEST_PROGRAMS.
include tests/user/foreign/rules.mk

# Adds its programs to UNIT_TESTS.
-include tests/unit/rules.mk tests/unit/races.mk

# Adds its programs to FUZZ_TARGETS; after the unit tests, whose sources they share.
-include tests/fuzz/rules.mk

.PHONY: check stress stress-memory fuzz fuzz-targets fuzz-coverage bench build-tests build-bench test-kernel \
	test-syntax
tests: kernel programs build-tests $(UNIT_TESTS) fuzz-targets

# What can be built with any compiler; the unit tests are for gcc.
build-tests: test-kernel $(TEST_PROGRAMS) build-bench

# The same sources, only read by the compiler, which is enough to hear its warnings.
test-syntax: $(addprefix $(B)/syntax/,$(foreach f,$(TEST_FOLDERS) $(BENCH_FOLDERS),$(wildcard $(f)/*.c)))

test-kernel: $(PORTER_TEST)

build-bench: $(BENCH_PROGRAMS)

check:
	@tests/check --mode $(MODE)

check-%:
	@tests/check --mode $(MODE) --tier $* $(if $(KERNEL),--kernel $(KERNEL)) \
		$(if $(INJECT),--inject $(INJECT))

# The test programs, with their full numbers of repetitions: once, or for STRESS_SECONDS with other
# seeds each time; all, or STRESS_PROGRAMS.
stress:
	@tests/check --mode $(MODE) --tier user --long \
		$(if $(STRESS_PROGRAMS),--programs "$(STRESS_PROGRAMS)") \
		$(if $(STRESS_SECONDS),--seconds $(STRESS_SECONDS))

# Those that are about memory, for half an hour; the longest first.
MEMORY_TESTS := swap memraces pageout pager vmcalls memory devices defaultpager
stress-memory: STRESS_PROGRAMS = $(MEMORY_TESTS)
stress-memory: STRESS_SECONDS = 1800
stress-memory: stress

fuzz-targets: $(FUZZ_TARGETS)

# For FUZZ_SECONDS, an hour if nobody says, with new choices each time (or those of FUZZ_SEED).
fuzz: fuzz-targets kernel $(B)/tests/user/storm
	@FUZZ_SECONDS=$(FUZZ_SECONDS) FUZZ_SEED=$(FUZZ_SEED) tests/fuzz/run $(B)

# What the kept inputs reach of ipc/.
fuzz-coverage:
	@$(MAKE) --no-print-directory -s B=$(B)/fuzz-coverage FUZZ_COVERAGE=1 fuzz-targets
	@tests/fuzz/run $(B)/fuzz-coverage --coverage

# What the unit tests reach of ipc/, and every line and branch that they do not.
.PHONY: coverage
coverage:
	@tests/coverage --list

# Instructions are counted where it matters, in the release build.
bench:
	@$(MAKE) --no-print-directory MODE=release kernel build-bench
	@tools/bench
