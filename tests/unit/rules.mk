# SPDX-License-Identifier: BSD-2-Clause
#
# Unit tests: kernel sources compiled for this machine (-m32), with address and undefined-behaviour
# sanitizers and all assertions, run by libcheck.
#
# To add one: write tests/unit/test_NAME.c and a line
#
#	$(eval $(call unit-test,NAME,the kernel sources it needs))
#
# The test file defines `void unit_tests(TCase *tcase)`, which adds its test functions (or its own
# main).  tests/unit/fakes.h says what there is instead of a machine: memory, a current thread, user
# memory that faults where told, panics that can be expected.  The sources of UNIT_BASE are linked
# to every test.  Fakes are weak symbols: a kernel source on the line, or a function in the
# test, takes their place.
#
# Each test function runs in a process of its own, on a machine that has just started:
#
#	build/debug/tests/unit/NAME                          all of them
#	CK_RUN_CASE=... CK_FORK=no gdb build/debug/tests/unit/NAME
#	build/debug/tests/unit/NAME --inject		each allocation fails (tests/unit/inject.h)

comma := ,
UNIT_BASE := vm/page.c vm/page_segments.c kern/slab.c kern/kalloc.c kern/rbtree.c \
	$(wildcard kern/lock.c) kern/command_line.c kern/peek.c tests/unit/fakes_trace.c

UNIT_CFLAGS := -std=gnu17 -m32 -O1 -g -fno-omit-frame-pointer -fno-strict-aliasing \
	-fsanitize=address,undefined -fno-sanitize-recover=undefined \
	-DHOST_TEST=1 -DDEBUG=1 -DKERNEL=1 -Iinclude -I. -I$(B)/gen $(WARNINGS)

# The kernel's printf is not the library's; what has no kern/printf.c prints with the latter.
UNIT_CFLAGS += -fno-builtin-printf -fno-builtin-vprintf

# Where the tests of these look for them, since the library has the same names.
kernel-name = -D$(1)=kernel_$(1)
$(B)/obj/unit/kern/string.o: private UNIT_EXTRA := -fno-builtin $(foreach f,memcpy memmove memset \
	memcmp strlen strnlen strcmp strncmp strchr strlcpy,$(call kernel-name,$(f)))
$(B)/obj/unit/kern/printf.o: private UNIT_EXTRA := -fno-builtin \
	$(foreach f,printf vprintf snprintf vsnprintf,$(call kernel-name,$(f)))

unit-objects    = $(addprefix $(B)/obj/unit/,$(patsubst %.c,%.o,$(1)))
covered-objects = $(addprefix $(B)/obj/covered/,$(patsubst %.c,%.o,$(1)))

$(B)/unit.flags: FORCE
	$(call keep-if-same,$(UNIT_CFLAGS))

# A source may be generated, and then it is below $(B)/gen.
$(B)/obj/unit/%.o: %.c $(B)/unit.flags | $(KERNEL_STUB_HEADERS)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(call compile,$(UNIT_CFLAGS) $(UNIT_EXTRA),gcc)

# For tests/coverage the tests are built a second time, with counters in what is measured, and
# nothing there that has branches of its own.  What is written once is counted once, wherever it is
# inlined.  Without sanitizers they need half of the time.
$(B)/obj/covered/ipc/%.o $(B)/obj/covered/vm/%.o: private COUNTERS := -O0 --coverage \
	-Dalways_inline=unused

$(B)/obj/covered/%.o: %.c $(B)/unit.flags | $(KERNEL_STUB_HEADERS)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(call compile,$(filter-out -fsanitize=% -g,$(UNIT_CFLAGS)) $(UNIT_EXTRA) $(COUNTERS),gcc)

# What tests/unit/inject.c looks at on its way.
UNIT_WRAPS := $(addprefix -Wl$(comma)--wrap=,slab_fail_after vm_page_alloc \
	vm_page_alloc_user vm_page_alloc_paging ipc_check_all printf \
	_mark_point _ck_assert_failed _tcase_add_test tcase_add_checked_fixture)

# $(call unit-link,program,objects,flags)
define unit-link
$(1): $(2)
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$$(Q)gcc -m32 $$(UNIT_LDFLAGS) $(3) -o $$@.new $$^ $(UNIT_WRAPS) \
		-Wl,-Bstatic -lcheck_pic -lsubunit -Wl,-Bdynamic -lpthread -lrt -lm && $$(complete)
endef

define unit-test
UNIT_TESTS += $(B)/tests/unit/$(1)
INJECT_TESTS += $(if $(filter-out ipc/msg_item.c ipc/transit.c vm/pageout.c,$(filter ipc/%.c vm/%.c,$(2))),$(1))
UNIT_SOURCES_$(1) := $(sort tests/unit/test_$(1).c tests/unit/fakes.c \
	tests/unit/fakes_pmap.c tests/unit/inject.c $(UNIT_BASE) $(2))
$$(eval $$(call unit-link,$(B)/tests/unit/$(1),$$(call unit-objects,$$(UNIT_SOURCES_$(1))),\
	-fsanitize=address$$(comma)undefined))
$$(eval $$(call unit-link,$(B)/tests/covered/$(1),$$(call covered-objects,$$(UNIT_SOURCES_$(1)) \
	tests/unit/no_sanitizer.c),--coverage -Wl$$(comma)-u$$(comma)__gcov_dump))
endef

$(eval $(call unit-test,page))
$(eval $(call unit-test,slab))
$(eval $(call unit-test,queue))
$(eval $(call unit-test,rbtree))
$(eval $(call unit-test,div64))
$(eval $(call unit-test,timer,kern/timer.c))
$(eval $(call unit-test,lock))
$(eval $(call unit-test,string,kern/string.c))
$(eval $(call unit-test,printf,kern/printf.c))
$(eval $(call unit-test,kmem,vm/kmem.c))
$(eval $(call unit-test,trace,kern/trace.c vm/kmem.c))
$(eval $(call unit-test,bootscript,kern/bootscript_parse.c))
$(eval $(call unit-test,elf,kern/elf_parse.c))
$(eval $(call unit-test,radix,ipc/radix.c ipc/account.c))
$(eval $(call unit-test,hash,ipc/hash.c ipc/account.c))
$(eval $(call unit-test,entry,ipc/entry.c ipc/radix.c ipc/account.c ipc/origin.c))
$(eval $(call unit-test,transit,ipc/transit.c))

MAP_SOURCES := $(wildcard vm/map*.c vm/object*.c vm/copy*.c) vm/fault.c vm/contiguous.c \
	tests/unit/map_check.c tests/unit/fakes_pager.c
$(eval $(call unit-test,map,$(MAP_SOURCES) tests/unit/map_words.c))
$(eval $(call unit-test,map_copy,$(MAP_SOURCES) tests/unit/map_words.c))
$(eval $(call unit-test,map_scale,$(MAP_SOURCES) tests/unit/map_words.c))
$(eval $(call unit-test,objects,$(MAP_SOURCES) tests/unit/map_words.c))

# With pagers: what the kernel sends them is real, and so are their ports.
UNIT_VM := $(filter-out tests/unit/fakes_pager.c,$(MAP_SOURCES)) $(wildcard vm/pager*.c) \
	vm/memory_object.c vm/proxy.c vm/extent.c vm/store.c vm/user.c vm/kmem.c \
	$(filter-out ipc/kobject.c ipc/traps.c,$(wildcard ipc/*.c)) \
	$(addprefix tests/unit/,fakes_wait.c map_model.c map_ops.c map_runs.c pager_model.c)
$(eval $(call unit-test,map_model,$(UNIT_VM) $(addprefix tests/unit/,map_pairs.c map_shrink.c)))
$(eval $(call unit-test,pagers,$(UNIT_VM)))
$(eval $(call unit-test,pageout,$(filter-out %/fakes_pager.c %/map_check.c,$(MAP_SOURCES)) \
	vm/store.c vm/pageout.c vm/pager_run.c vm/pager_request.c))
$(eval $(call unit-test,pageout_scarce,$(filter-out $(addprefix tests/unit/,map_model.c map_ops.c \
	map_runs.c map_check.c pager_model.c),$(UNIT_VM)) vm/pageout.c vm/sync.c))
$(eval $(call unit-test,pageout_thread,vm/pageout.c))
$(eval $(call unit-test,msg_item,ipc/msg_item.c))

# Rights, messages and queues: all of ipc/ but the dispatcher and the traps on ports, beside a model.
UNIT_IPC := $(filter-out ipc/kobject.c ipc/traps.c,$(wildcard ipc/*.c)) vm/kmem.c \
	$(addprefix tests/unit/,fakes_ipc.c fakes_vm.c model_ipc.c model_msg.c model_compare.c \
	model_ops.c model_wait.c model_plan.c model_arrive.c model_call.c model_random.c \
	model_storm.c scene_queue.c)
$(eval $(call unit-test,right,$(UNIT_IPC)))
$(eval $(call unit-test,header,$(UNIT_IPC)))
$(eval $(call unit-test,copyin,$(UNIT_IPC)))
$(eval $(call unit-test,message,$(UNIT_IPC)))
$(eval $(call unit-test,mqueue,$(UNIT_IPC)))
$(eval $(call unit-test,pset,$(UNIT_IPC)))
$(eval $(call unit-test,account,$(UNIT_IPC)))
$(eval $(call unit-test,accepted,$(UNIT_IPC)))
$(eval $(call unit-test,print,$(UNIT_IPC)))
$(eval $(call unit-test,counts,$(UNIT_IPC)))
$(eval $(call unit-test,rpc,$(UNIT_IPC)))
$(eval $(call unit-test,raise,$(UNIT_IPC)))
$(eval $(call unit-test,kernel_call,$(UNIT_IPC)))
$(eval $(call unit-test,fast_rights,$(UNIT_IPC)))
$(eval $(call unit-test,kport,$(UNIT_IPC)))
$(eval $(call unit-test,trailer,$(UNIT_IPC)))
$(eval $(call unit-test,statistics,$(UNIT_IPC)))
$(eval $(call unit-test,meanwhile,$(UNIT_IPC)))
$(addprefix $(B)/tests/,unit/meanwhile covered/meanwhile): private UNIT_LDFLAGS := \
	-Wl,--wrap=spin_lock_check_acquire
$(eval $(call unit-test,shortage,$(UNIT_IPC)))
$(eval $(call unit-test,checker,$(UNIT_IPC)))

# The dispatcher and the traps, with MIG's stubs for all interfaces; routines that are not here are
# not served.
UNIT_STUBS := $(patsubst %,$(B)/gen/%.c,$(KERNEL_STUBS))
$(foreach kind,unit covered,$(call $(kind)-objects,$(UNIT_STUBS))): private UNIT_EXTRA := \
	-Wno-sign-compare
$(eval $(call unit-test,kobject,$(UNIT_IPC) ipc/kobject.c ipc/traps.c kern/port_convert.c $(UNIT_STUBS)))

# The tests that run a second time with failing allocations: those of sources that make any.
$(B)/tests/unit/injected: FORCE
	$(call keep-if-same,$(strip $(INJECT_TESTS)))
UNIT_TESTS += $(B)/tests/unit/injected

.PHONY: unit-coverage
unit-coverage: $(addprefix $(B)/tests/covered/,$(strip $(INJECT_TESTS)) msg_item pageout_thread) \
	$(B)/tests/unit/injected
