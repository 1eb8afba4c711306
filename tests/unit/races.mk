# SPDX-License-Identifier: BSD-2-Clause
#
# Races (tests/unit/schedule.h): the kernel's sources tell us of each access to memory, as they
# would tell a thread sanitizer.  At fixed addresses, so that a schedule means the same in each run.
RACE_CFLAGS := -std=gnu17 -m32 -O1 -g -fno-omit-frame-pointer -fno-strict-aliasing -fno-pie \
	-ffunction-sections -fdata-sections \
	-DHOST_TEST=1 -DDEBUG=1 -DKERNEL=1 -Iinclude -I. -I$(B)/gen $(WARNINGS) \
	-fno-builtin-printf -fno-builtin-vprintf
RACE_WATCHED := -fsanitize=thread

$(B)/race.flags: FORCE
	$(call keep-if-same,$(RACE_CFLAGS) $(RACE_WATCHED))

$(B)/obj/race/kern/task_rpc.o $(B)/obj/race/kern/exception.o: private RACE_EXTRA := $(RACE_WATCHED)
$(B)/obj/race/ipc/%.o: private RACE_EXTRA := $(RACE_WATCHED)
$(B)/obj/race/tests/unit/schedule_toys.o: private RACE_EXTRA := $(RACE_WATCHED)
$(B)/obj/race/%.o: %.c $(B)/race.flags | $(KERNEL_STUB_HEADERS)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(call compile,$(RACE_CFLAGS) $(RACE_EXTRA),gcc)

race-objects = $(addprefix $(B)/obj/race/,$(patsubst %.c,%.o,$(1)))

# Also where a call may be seen in parts.
RACE_WRAPPED := ipc_mqueue_send ipc_mqueue_receive ipc_accepted_create msg_item_next \
	ipc_port_release_receive

define race-test
UNIT_TESTS += $(B)/tests/unit/$(1)
RACE_TESTS += $(B)/tests/unit/$(1)
$(B)/tests/unit/$(1): $(call race-objects,$(sort tests/unit/test_$(1).c $(2) \
		$(addprefix tests/unit/schedule,.c _path.c _search.c _watch.c)))
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$$(Q)gcc -m32 -no-pie -Wl,--gc-sections -o $$@.new $$^ $$(foreach f,acquire acquired \
		release,-Wl,--wrap=spin_lock_check_$$(f)) $$(addprefix -Wl$$(comma)--wrap=, \
		$$(RACE_WRAPPED)) -Wl,-Bstatic -lcheck_pic -lsubunit \
		-Wl,-Bdynamic -lpthread -lrt -lm && $$(complete)
endef

$(eval $(call race-test,schedule,tests/unit/schedule_toys.c))

# Of ipc/, all but the dispatcher and the traps on ports; of what else there is, what races call.
RACE_IPC := $(filter-out ipc/kobject.c ipc/traps.c,$(wildcard ipc/*.c)) kern/lock.c \
	kern/task_rpc.c kern/exception.c \
	$(addprefix tests/unit/,race.c race_fakes.c race_main.c race_outcome.c \
	race_raise.c race_steps.c fakes_trace.c) kern/command_line.c kern/peek.c
$(eval $(call race-test,race_death,$(RACE_IPC)))
$(eval $(call race-test,race_queue,$(RACE_IPC)))
$(eval $(call race-test,race_names,$(RACE_IPC)))
$(eval $(call race-test,race_space,$(RACE_IPC)))
$(eval $(call race-test,race_fast,$(RACE_IPC)))
$(eval $(call race-test,race_raise,$(RACE_IPC)))
$(eval $(call race-test,race_pairs,$(RACE_IPC)))

# The full form: each pair of operations in all schedules, and three of them, too.
.PHONY: check-races
check-races: $(RACE_TESTS)
	@for test in $^; do echo $$test; SCHEDULE_FULL=1 $$test || exit 1; done
