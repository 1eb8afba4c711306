# SPDX-License-Identifier: BSD-2-Clause
#
# The one makefile.  Each folder adds its sources in a rules.mk of a few lines; nothing recurses.
# Everything that is made lands below build/$(MODE), so the two modes never disturb each other.
# `make help` says what can be asked for.

MODE ?= debug
ifeq ($(filter debug release,$(MODE)),)
$(error MODE is "$(MODE)", it can be debug or release)
endif

# What runs or tests needs more than a compiler: see that it is there before anything else.
ifneq ($(filter run run-iso iso debug bench stress stress-memory fuzz check check-%,$(MAKECMDGOALS)),)
ifneq ($(shell tools/setup >&2; echo $$?),0)
$(error packages are missing, see above)
endif
endif

# All processors, if nobody says -j; to remove and to build are not for the same time.
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS))$(filter clean,$(MAKECMDGOALS)),0)
MAKEFLAGS += -j$(shell nproc)
endif

B       ?= build/$(MODE)
CC      := $(if $(filter default,$(origin CC)),gcc,$(CC))
LD      := ld
AR      := ar
NM      := nm
MIG     := i686-gnu-mig
PYTHON  := python3
PREFIX  ?= /usr/local
DESTDIR ?=

# A mere build installs nothing, but says how.
ifneq ($(filter-out help clean,$(or $(MAKECMDGOALS),all)),)
MISSING := $(strip $(foreach tool,$(firstword $(CC)) $(LD) $(MIG) $(PYTHON),\
	$(if $(shell command -v $(tool) 2>/dev/null),,$(tool))))
ifneq ($(MISSING),)
$(error missing: $(MISSING); tools/setup installs what a build needs)
endif
endif

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

PORTER      := $(B)/porter
PORTER_TEST := $(B)/porter-test

# $(call objects,sources): kern/thread.c gives kern/thread.c.o, so that a source which changes its
# language is another object.
objects = $(addprefix $(B)/obj/,$(addsuffix .o,$(1)))

# One short line for each step; V=1 shows the whole commands.
Q   := $(if $(V),,@)
say  = $(if $(V),,@printf '  %-5s %s\n' '$(1)' '$(2)')

WARNINGS := -Wall -Wextra -Werror -Wundef -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wvla

# MIG compares signed counts with unsigned limits.
MIG_WARNINGS := $(WARNINGS) -Wno-sign-compare

# No header of the machine we build on: only the compiler's own (stdint.h and the like).
FREESTANDING := -std=gnu17 -m32 -ffreestanding -fno-pic -fno-pie -fcf-protection=none \
	-fno-strict-aliasing -fno-asynchronous-unwind-tables -nostdinc \
	-isystem $(shell $(CC) -print-file-name=include 2>/dev/null)

KERNEL_MODE_FLAGS_debug   := -DDEBUG=1 -Og -g -fno-omit-frame-pointer
KERNEL_MODE_FLAGS_release := -DDEBUG=0 -O2 -g -fomit-frame-pointer

KERNEL_BASE_CFLAGS := $(FREESTANDING) -march=i686 -mregparm=3 -mno-sse -mno-mmx -mno-80387 \
	-fstack-protector-strong -mstack-protector-guard=global -fno-common \
	-DKERNEL=1 $(KERNEL_MODE_FLAGS_$(MODE)) -Iinclude -I. -I$(B)/gen
KERNEL_CFLAGS     := $(KERNEL_BASE_CFLAGS) $(WARNINGS)
KERNEL_MIG_CFLAGS := $(KERNEL_BASE_CFLAGS) $(MIG_WARNINGS)

USER_BASE_CFLAGS := $(FREESTANDING) -march=pentium3 -O2 -g -fno-stack-protector \
	-Iinclude -Ilibmach/include -I$(B)/ugen
USER_CFLAGS     := $(USER_BASE_CFLAGS) $(WARNINGS)
# Nothing declares the demultiplexers that MIG writes for servers.
USER_MIG_CFLAGS := $(USER_BASE_CFLAGS) $(MIG_WARNINGS) -Wno-missing-prototypes

# i386 links the kernel, and so comes after all that add to it.
include kern/rules.mk ipc/rules.mk vm/rules.mk device/rules.mk
include libmach/rules.mk user/rules.mk tests/rules.mk i386/rules.mk tools/rules.mk

# --- what people ask for ---------------------------------------------------------------------

.PHONY: all kernel libmach programs tests help clean install FORCE

all: kernel libmach programs

kernel: $(PORTER)

libmach: $(LIBMACH) $(CRT0)

programs: $(USER_PROGRAMS)

clean:
	rm -rf build

help:
	@echo 'make              build the kernel, libmach and the programs (MODE=debug, or MODE=release)'
	@echo 'make run          install what is missing, build, boot in QEMU, show the demonstration'
	@echo 'make check        run all tests; the last line says how many passed and failed'
	@echo 'make fuzz         look for defects with random input until one is found (FUZZ_SECONDS=3600)'
	@echo
	@echo 'make iso          make a GRUB CD-ROM image of the demonstration'
	@echo 'make run-iso      boot that image in QEMU'
	@echo 'make debug        start QEMU and gdb on the demonstration, stopped at the first instruction'
	@echo 'make coverage     what the unit tests do not reach of ipc/, line by line'
	@echo 'make bench        count the instructions of the common operations (release build)'
	@echo 'make stress       the test programs, with many more repetitions than in make check; again'
	@echo '                  and again for STRESS_SECONDS=, only some with STRESS_PROGRAMS="memory pager"'
	@echo 'make stress-memory  those about memory, for half an hour (STRESS_SECONDS=)'
	@echo 'make install      install kernel, libmach and headers (DESTDIR=, PREFIX=/usr/local)'
	@echo 'make clean        remove everything that was built'
	@echo
	@echo 'Single test tiers:'
	@echo '  make check-unit      kernel sources compiled for this machine, with sanitizers'
	@echo '                       (INJECT=all fails each allocation of each test, not just some)'
	@echo '  make check-kernel    tests that run inside the kernel'
	@echo '  make check-user      test programs (KERNEL=path boots them on another Mach kernel)'
	@echo '  make check-fuzz      what fuzzing has found, and some new random input'
	@echo '  make check-coverage  that they reach enough, and the rest is listed with its reason'
	@echo '  make check-abi       sizes, offsets, constants and ids against gnumach-dev'
	@echo '  make check-boot      ways to boot, bad modules, little and much memory'
	@echo '  make check-tools     the tools: what judges the tests, the set-up, the symbol table'
	@echo '  make check-includes  the direction of includes between folders'
	@echo '  make check-build     both modes with gcc and with clang, without a warning'
	@echo '  make check-races     all schedules of races in ipc/; check-unit has the short form'

# --- general rules ---------------------------------------------------------------------------

FORCE:

# $(call keep-if-same,text): write text to $@, but leave its date alone when nothing changed.
keep-if-same = @mkdir -p $(@D); echo '$(1)' | cmp -s - $@ || echo '$(1)' > $@

$(B)/kernel.flags: FORCE
	$(call keep-if-same,$(CC) $(KERNEL_CFLAGS))

$(B)/user.flags: FORCE
	$(call keep-if-same,$(CC) $(USER_CFLAGS))

# Recipes that take their time write a file under another name, and it gets its own when it is
# complete: even a build that was killed goes on where it stopped.
complete = mv $@.new $@
compile  = $(Q)$(or $(2),$(CC)) $(1) -MMD -MP -MF $@.d -MT $@ -c -o $@.new $< && $(complete)
archive  = $(Q)rm -f $@.new && $(AR) rcs $@.new $(1) && $(complete)

# Stubs from interface definitions.  MIG wants a C preprocessor for the target; MIG's own -MD
# writes into the current directory, so the preprocessor is asked directly.
MIG_CPP = $(CC) -m32 -E -x c -undef -ansi -nostdinc -Iinclude -I. -MD -MF $@.d -MT $@ -MP
mig     = CC=$(CC) CPP='$(MIG_CPP)' $(MIG) -n

# $(call stubs,folder,options): MIG writes several files, in a folder of their own at first.
define stubs
	@mkdir -p $(1).new
	$(call say,MIG,$<)
	$(Q)$(mig) $(2) $<
	$(Q)mv $(1).new/* $(@D) && rmdir $(1).new
endef

-include $(shell find $(B) -name '*.d' 2>/dev/null)
