# SPDX-License-Identifier: BSD-2-Clause
KERNEL_SRC += $(wildcard i386/*.c i386/*.S)

KERNEL_OBJECTS      := $(call objects,$(KERNEL_SRC)) $(KERNEL_STUB_OBJECTS)
KERNEL_TEST_OBJECTS := $(KERNEL_OBJECTS) $(call objects,$(KERNEL_TEST_SRC))

KERNEL_LDFLAGS := -m elf_i386 -static --build-id=none -z noexecstack -z max-page-size=4096 \
	--orphan-handling=error --fatal-warnings -T i386/kernel.lds

kernel-sources = kern ipc vm i386 device tests/kernel
define kernel-compile
$(B)/obj/$(1)/%.o: $(1)/% $(B)/kernel.flags | $(KERNEL_STUB_HEADERS)
	@mkdir -p $$(@D)
	$$(call say,CC,$$<)
	$$(call compile,$$(KERNEL_CFLAGS) $$(EXTRA_CFLAGS))
endef
$(foreach d,$(kernel-sources),$(eval $(call kernel-compile,$(d))))

# The symbol table is made from a first link and stands at the end of the image, so that
# adding it moves nothing; mksyms checks that.
$(PORTER): $(KERNEL_OBJECTS)
$(PORTER_TEST): $(KERNEL_TEST_OBJECTS)
$(PORTER) $(PORTER_TEST): %: %.objects i386/kernel.lds tools/mksyms
	$(call say,LD,$@)
	$(Q)$(PYTHON) tools/mksyms table /dev/null > $@.syms1.S
	$(Q)$(CC) -m32 -c -o $@.syms1.o $@.syms1.S
	$(Q)$(LD) $(KERNEL_LDFLAGS) -o $@.pass1 $(filter %.o,$^) $@.syms1.o
	$(Q)$(NM) $@.pass1 > $@.nm1
	$(Q)$(PYTHON) tools/mksyms table $@.nm1 > $@.syms2.S
	$(Q)$(CC) -m32 -c -o $@.syms2.o $@.syms2.S
	$(Q)$(LD) $(KERNEL_LDFLAGS) -o $@.pass2 $(filter %.o,$^) $@.syms2.o
	$(Q)$(NM) $@.pass2 > $@.nm2
	$(Q)$(PYTHON) tools/mksyms compare $@.nm1 $@.nm2
	$(Q)mv $@.pass2 $@

# A file that disappears must link the kernel again, although nothing is newer.
$(PORTER).objects: FORCE
	$(call keep-if-same,$(KERNEL_OBJECTS))

$(PORTER_TEST).objects: FORCE
	$(call keep-if-same,$(KERNEL_TEST_OBJECTS))
