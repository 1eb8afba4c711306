# SPDX-License-Identifier: BSD-2-Clause
KERNEL_SRC += $(wildcard kern/*.c)

# The version goes into one file only, so that a commit does not rebuild the kernel.
VERSION := $(shell git describe --always --dirty 2>/dev/null || echo unknown)

$(B)/version: FORCE
	$(call keep-if-same,$(VERSION))

$(B)/obj/kern/version.o: $(B)/version
$(B)/obj/kern/version.o: private EXTRA_CFLAGS := -DKERNEL_VERSION='"$(VERSION)"'

# Interfaces that the kernel serves, and those that it calls as a client.
KERNEL_SERVES := mach/mach mach/mach_port mach/mach_host mach/gnumach mach/mach4 mach/porter \
	mach/i386/mach_i386 mach_debug/mach_debug device/device
KERNEL_CALLS  := mach/exc mach/memory_object mach/notify device/device_reply

# Only those whose definition is there.
defined = $(patsubst include/%.defs,%,$(wildcard $(addprefix include/,$(addsuffix .defs,$(1)))))

KERNEL_STUBS := $(addsuffix _server,$(call defined,$(KERNEL_SERVES))) \
	$(addsuffix _user,$(call defined,$(KERNEL_CALLS)))
KERNEL_STUB_HEADERS := $(patsubst %,$(B)/gen/%.h,$(KERNEL_STUBS))
KERNEL_STUB_OBJECTS := $(patsubst %,$(B)/obj/gen/%.o,$(KERNEL_STUBS))

define kernel-server-stub
$(B)/gen/$(1)_server.c $(B)/gen/$(1)_server.h &: include/$(1).defs
	@mkdir -p $$(@D)
	$$(call say,MIG,$$<)
	$$(Q)$$(mig) -DKERNEL_SERVER=1 -server $(B)/gen/$(1)_server.c \
		-sheader $(B)/gen/$(1)_server.h $$<
endef
define kernel-user-stub
$(B)/gen/$(1)_user.c $(B)/gen/$(1)_user.h &: include/$(1).defs
	@mkdir -p $$(@D)
	$$(call say,MIG,$$<)
	$$(Q)$$(mig) -DKERNEL_USER=1 -user $(B)/gen/$(1)_user.c -header $(B)/gen/$(1)_user.h $$<
endef
$(foreach d,$(call defined,$(KERNEL_SERVES)),$(eval $(call kernel-server-stub,$(d))))
$(foreach d,$(call defined,$(KERNEL_CALLS)),$(eval $(call kernel-user-stub,$(d))))

$(B)/obj/gen/%.o,$(KERNEL_STUBS))

$(B)/gen/%_server.c $(B)/gen/%_server.h: include/%.defs
	@mkdir -p $(@D)
	$(call say,MIG,$<)
	$(Q)$(mig) -DKERNEL_SERVER=1 -server $(B)/gen/$*_server.c -sheader $(B)/gen/$*_server.h $<

$(B)/gen/%_user.c $(B)/gen/%_user.h: include/%.defs
	@mkdir -p $(@D)
	$(call say,MIG,$<)
	$(Q)$(mig) -DKERNEL_USER=1 -user $(B)/gen/$*_user.c -header $(B)/gen/$*_user.h $<

.SECONDARY: $(patsubst %,$(B)/gen/%.c,$(KERNEL_STUBS))

$(B)/obj/gen/%.o: $(B)/gen/%.c $(B)/kernel.flags | $(KERNEL_STUB_HEADERS)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(KERNEL_MIG_CFLAGS) -MMD -MP -c -o $@ $<
