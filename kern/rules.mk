# SPDX-License-Identifier: BSD-2-Clause
KERNEL_SRC += $(wildcard kern/*.c)

# The version goes into one file only, so that a commit does not rebuild the kernel.
VERSION := $(shell git describe --always --dirty 2>/dev/null || echo unknown)

$(B)/version: FORCE
	$(call keep-if-same,$(VERSION))

$(B)/obj/kern/version.c.o: $(B)/version
$(B)/obj/kern/version.c.o: private EXTRA_CFLAGS := -DKERNEL_VERSION='"$(VERSION)"'

# Interfaces that the kernel serves.  It is no client of any: what it sends it builds itself.
KERNEL_SERVES := mach/mach mach/mach_port mach/mach_host mach/gnumach mach/mach4 mach/porter \
	mach/i386/mach_i386 mach_debug/mach_debug device/device

KERNEL_STUBS        := $(addsuffix _server,$(KERNEL_SERVES))
KERNEL_STUB_HEADERS := $(patsubst %,$(B)/gen/%.h,$(KERNEL_STUBS))
KERNEL_STUB_OBJECTS := $(patsubst %,$(B)/obj/gen/%.o,$(KERNEL_STUBS))

define kernel-server-stub
$(B)/gen/$(1)_server.c $(B)/gen/$(1)_server.h &: include/$(1).defs tools/mig-kernel
	$$(call stubs,$(B)/gen/$(1),-DKERNEL_SERVER=1 -server $(B)/gen/$(1).new/$(notdir $(1))_server.mig \
		-sheader $(B)/gen/$(1).new/$(notdir $(1))_server.h)
	$$(Q)$$(PYTHON) tools/mig-kernel $(B)/gen/$(1)_server.mig $(B)/gen/$(1)_server.c.new
	$$(Q)mv $(B)/gen/$(1)_server.c.new $(B)/gen/$(1)_server.c
endef
$(foreach d,$(KERNEL_SERVES),$(eval $(call kernel-server-stub,$(d))))

$(B)/obj/gen/%.o: $(B)/gen/%.c $(B)/kernel.flags | $(KERNEL_STUB_HEADERS)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(call compile,$(KERNEL_MIG_CFLAGS))
