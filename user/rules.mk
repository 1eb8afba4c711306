# SPDX-License-Identifier: BSD-2-Clause
#
# A folder below user/ (or tests/user/, tests/bench/) is a program.  A .defs file in any of them
# gives stubs of both sides, name.h with name_user.c and name_server.h with name_server.c; they
# are in one archive, so that each program takes what it calls.

USER_LDFLAGS := -m elf_i386 -static --build-id=none -z noexecstack -z max-page-size=4096 \
	-Ttext-segment=0x08048000
LIBGCC := $(shell $(CC) -m32 -print-libgcc-file-name 2>/dev/null)

USER_LIB  := $(B)/libuser.a
USER_DEFS := $(wildcard user/*/*.defs tests/user/*/*.defs tests/bench/*/*.defs)
USER_STUB_HEADERS := $(foreach d,$(basename $(notdir $(USER_DEFS))),\
	$(B)/ugen/$(d).h $(B)/ugen/$(d)_server.h)
USER_STUB_OBJECTS := $(foreach d,$(basename $(notdir $(USER_DEFS))),\
	$(B)/obj/ugen/$(d)_user.o $(B)/obj/ugen/$(d)_server.o)

# $(call program-folders,dir): the folders in dir that hold sources.
program-folders = $(sort $(patsubst %/,%,$(dir $(wildcard $(1)/*/*.c $(1)/*/*.S))))

USER_FOLDERS  := $(call program-folders,user)
USER_PROGRAMS := $(addprefix $(B)/,$(USER_FOLDERS))

# $(call user-stubs,definition,name)
define user-stubs
$(B)/ugen/$(2).h $(B)/ugen/$(2)_user.c $(B)/ugen/$(2)_server.h $(B)/ugen/$(2)_server.c &: $(1)
	$$(call stubs,$(B)/ugen/$(2),-header $(B)/ugen/$(2).new/$(2).h \
		-user $(B)/ugen/$(2).new/$(2)_user.c -sheader $(B)/ugen/$(2).new/$(2)_server.h \
		-server $(B)/ugen/$(2).new/$(2)_server.c)
endef
$(foreach d,$(USER_DEFS),$(eval $(call user-stubs,$(d),$(basename $(notdir $(d))))))

$(USER_LIB): $(USER_STUB_OBJECTS) $(USER_LIB).objects
	$(call say,AR,$@)
	$(call archive,$(USER_STUB_OBJECTS))

$(USER_LIB).objects: FORCE
	$(call keep-if-same,$(USER_STUB_OBJECTS))

# $(call user-program,folder,archive of shared code)
define user-program
$(B)/obj/$(1)/%.o: $(1)/% $(B)/user.flags | $(LIBMACH_STUB_HEADERS) $(USER_STUB_HEADERS)
	@mkdir -p $$(@D)
	$$(call say,CC,$$<)
	$$(call compile,$$(USER_CFLAGS) -I$(1) -I$(dir $(1))common)

$(B)/syntax/$(1)/%: $(1)/% $(B)/user.flags | $(LIBMACH_STUB_HEADERS) $(USER_STUB_HEADERS)
	@mkdir -p $$(@D)
	$$(call say,CC,$$<)
	$$(Q)$$(CC) $$(USER_CFLAGS) -I$(1) -I$(dir $(1))common -fsyntax-only -MMD -MP -MF $$@.d \
		-MT $$@ $$< && touch $$@

$(B)/$(1): $(call objects,$(wildcard $(1)/*.c $(1)/*.S)) $(2) $(CRT0) $(USER_LIB) $(LIBMACH)
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$$(Q)$$(LD) $$(USER_LDFLAGS) -o $$@.new $(CRT0) $$(filter-out $(CRT0) %.a,$$^) $(2) \
		$(USER_LIB) $(LIBMACH) $$(LIBGCC) && $$(complete)
endef
$(foreach folder,$(USER_FOLDERS),$(eval $(call user-program,$(folder),)))
