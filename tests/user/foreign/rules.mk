# SPDX-License-Identifier: BSD-2-Clause
#
# A program for any Mach kernel: headers and interface definitions are those of gnumach-dev:i386,
# which are looked for in a folder where there is nothing else; its stubs are MIG's.  Of this tree
# it has nothing but what is in its own folder (tests/tools/foreign).

FOREIGN         := tests/user/foreign
FOREIGN_BUILD   := $(B)/foreign
FOREIGN_PACKAGE := /usr/include/i386-linux-gnu

FOREIGN_CALLS  := mach/mach mach/mach4 mach/mach_port mach/mach_host mach/gnumach mach/experimental \
	mach/i386/mach_i386 mach_debug/mach_debug device/device device/device_request
FOREIGN_SERVES := mach/exc mach/notify mach/task_notify mach/memory_object \
	mach/memory_object_default device/device_reply

# What the package leaves out unless it is asked for, and two names that it gives twice.
FOREIGN_MIG := -DMACH_PCSAMPLE
$(FOREIGN_BUILD)/stubs/experimental.h: private FOREIGN_MIG := \
	$(foreach name,device_intr_register vm_allocate_contiguous,-D$(name)=experimental_$(name))

FOREIGN_CFLAGS := $(FREESTANDING) -march=pentium3 -O2 -g -fno-stack-protector \
	-I$(FOREIGN)/include -I$(FOREIGN_BUILD)/stubs \
	-isystem $(FOREIGN_BUILD)/include

FOREIGN_STUBS := $(addsuffix _user.c,$(notdir $(FOREIGN_CALLS))) \
	$(addsuffix _server.c,$(notdir $(FOREIGN_SERVES)))
FOREIGN_HEADERS := $(addprefix $(FOREIGN_BUILD)/stubs/,$(addsuffix .h,$(notdir $(FOREIGN_CALLS))) \
	$(addsuffix _server.h,$(notdir $(FOREIGN_SERVES))))
FOREIGN_OBJECTS := $(patsubst $(FOREIGN)/%,$(FOREIGN_BUILD)/%.o,\
	$(wildcard $(FOREIGN)/*.c $(FOREIGN)/*.S)) \
	$(patsubst %,$(FOREIGN_BUILD)/%.o,$(FOREIGN_STUBS))

TEST_PROGRAMS += $(B)/tests/user/foreign

$(FOREIGN_BUILD)/include:
	@mkdir -p $@.new
	@ln -sfn $(addprefix $(FOREIGN_PACKAGE)/,mach mach_debug device) $@.new/
	@rm -rf $@ && $(complete)

foreign-mig = cd $(FOREIGN_BUILD)/stubs && CC=$(CC) \
	CPP='$(CC) -m32 -E -x c -undef -ansi -nostdinc -I ../include $(FOREIGN_MIG)' $(MIG) -n

define foreign-user
$(FOREIGN_BUILD)/stubs/$(notdir $(1)).h $(FOREIGN_BUILD)/stubs/$(notdir $(1))_user.c &: \
		$(FOREIGN_PACKAGE)/$(1).defs $(FOREIGN)/rules.mk | $(FOREIGN_BUILD)/include
	@mkdir -p $$(@D)
	$$(call say,MIG,$$<)
	$$(Q)$$(foreign-mig) -header $(notdir $(1)).h -user $(notdir $(1))_user.c ../include/$(1).defs
endef
define foreign-server
$(FOREIGN_BUILD)/stubs/$(notdir $(1))_server.h $(FOREIGN_BUILD)/stubs/$(notdir $(1))_server.c &: \
		$(FOREIGN_PACKAGE)/$(1).defs $(FOREIGN)/rules.mk | $(FOREIGN_BUILD)/include
	@mkdir -p $$(@D)
	$$(call say,MIG,$$<)
	$$(Q)$$(foreign-mig) -sheader $(notdir $(1))_server.h -server $(notdir $(1))_server.c \
		../include/$(1).defs
endef
$(foreach d,$(FOREIGN_CALLS),$(eval $(call foreign-user,$(d))))
$(foreach d,$(FOREIGN_SERVES),$(eval $(call foreign-server,$(d))))

$(FOREIGN_BUILD)/foreign.flags: FORCE
	$(call keep-if-same,$(CC) $(FOREIGN_CFLAGS))

# All headers are noted, also those of the system, to see later that none is ours.
foreign-compile = $(Q)$(CC) $(FOREIGN_CFLAGS) $(1) -MD -MP -MF $@.d -MT $@ -c -o $@.new $< \
	&& $(complete)

$(FOREIGN_BUILD)/%.o: $(FOREIGN)/% $(FOREIGN_BUILD)/foreign.flags | $(FOREIGN_HEADERS)
	$(call say,CC,$<)
	$(call foreign-compile,$(WARNINGS))

$(FOREIGN_BUILD)/%.o: $(FOREIGN_BUILD)/stubs/% $(FOREIGN_BUILD)/foreign.flags | $(FOREIGN_HEADERS)
	$(call say,CC,$<)
	$(call foreign-compile,$(MIG_WARNINGS) -Wno-missing-prototypes)

$(B)/tests/user/foreign: $(FOREIGN_OBJECTS)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(LD) $(USER_LDFLAGS) -o $@.new $(FOREIGN_OBJECTS) && $(complete)
