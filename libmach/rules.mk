# SPDX-License-Identifier: BSD-2-Clause
#
# libmach.a: its own sources and MIG's stubs, client side for every subsystem, server side
# for those that a program may have to answer.

LIBMACH     := $(B)/libmach.a
CRT0        := $(B)/crt0.o
LIBMACH_SRC := $(filter-out libmach/crt0.%,$(wildcard libmach/*.c libmach/*.S))

# Name of the definition, a colon, name of the header that programs include.
LIBMACH_CALLS := mach/mach:mach/mach_interface mach/mach_port:mach/mach_port \
	mach/mach_host:mach/mach_host mach/gnumach:mach/gnumach mach/mach4:mach/mach4 \
	mach/porter:mach/porter mach/i386/mach_i386:mach/i386/mach_i386 \
	mach_debug/mach_debug:mach_debug/mach_debug device/device:device/device \
	device/device_request:device/device_request \
	mach/exc:mach/exc_U mach/notify:mach/notify_U mach/memory_object:mach/memory_object_U \
	mach/memory_object_default:mach/memory_object_default_U mach/bootstrap:mach/bootstrap
LIBMACH_SERVES := mach/exc:mach/exc_S mach/notify:mach/notify_S \
	mach/memory_object:mach/memory_object_S \
	mach/memory_object_default:mach/memory_object_default_S \
	mach/task_notify:mach/task_notify_S device/device_reply:device/device_reply_S \
	device/notify:device/notify_S

defs-of   = $(firstword $(subst :, ,$(1)))
header-of = $(lastword $(subst :, ,$(1)))
existing  = $(foreach pair,$(1),$(if $(wildcard include/$(call defs-of,$(pair)).defs),$(pair)))

LIBMACH_STUBS := $(foreach pair,$(call existing,$(LIBMACH_CALLS) $(LIBMACH_SERVES)),\
	$(call header-of,$(pair)))
LIBMACH_STUB_HEADERS := $(patsubst %,$(B)/ugen/%.h,$(LIBMACH_STUBS))

define libmach-user-stub
$(B)/ugen/$(2).c $(B)/ugen/$(2).h &: include/$(1).defs
	$$(call stubs,$(B)/ugen/$(2),-user $(B)/ugen/$(2).new/$(notdir $(2)).c \
		-header $(B)/ugen/$(2).new/$(notdir $(2)).h)
endef
define libmach-server-stub
$(B)/ugen/$(2).c $(B)/ugen/$(2).h &: include/$(1).defs
	$$(call stubs,$(B)/ugen/$(2),-server $(B)/ugen/$(2).new/$(notdir $(2)).c \
		-sheader $(B)/ugen/$(2).new/$(notdir $(2)).h)
endef
$(foreach pair,$(call existing,$(LIBMACH_CALLS)),$(eval \
	$(call libmach-user-stub,$(call defs-of,$(pair)),$(call header-of,$(pair)))))
$(foreach pair,$(call existing,$(LIBMACH_SERVES)),$(eval \
	$(call libmach-server-stub,$(call defs-of,$(pair)),$(call header-of,$(pair)))))

LIBMACH_OBJECTS := $(call objects,$(LIBMACH_SRC)) $(patsubst %,$(B)/obj/ugen/%.o,$(LIBMACH_STUBS))

$(LIBMACH): $(LIBMACH_OBJECTS) $(LIBMACH).objects
	$(call say,AR,$@)
	$(call archive,$(LIBMACH_OBJECTS))

$(LIBMACH).objects: FORCE
	$(call keep-if-same,$(LIBMACH_OBJECTS))

$(CRT0): $(B)/obj/libmach/crt0.S.o
	$(Q)cp $< $@.new && $(complete)

$(B)/obj/libmach/%.o: libmach/% $(B)/user.flags | $(LIBMACH_STUB_HEADERS)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(call compile,$(USER_CFLAGS))

$(B)/obj/ugen/%.o: $(B)/ugen/%.c $(B)/user.flags | $(LIBMACH_STUB_HEADERS)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(call compile,$(USER_MIG_CFLAGS))

# --- installation ----------------------------------------------------------------------------

INSTALLED := "$(if $(filter /%,$(DESTDIR)$(PREFIX)),,$(CURDIR)/)$(DESTDIR)$(PREFIX)"

define MACH_PC
prefix=$(PREFIX)
libdir=$${prefix}/lib
includedir=$${prefix}/include

Name: mach
Description: Library for programs that run on a Mach kernel (i386)
Version: $(VERSION)
Cflags: -m32 -ffreestanding -fno-pie -I$${includedir}
Libs: -m32 -nostdlib -static -no-pie $${libdir}/crt0.o -L$${libdir} -lmach -lgcc
endef

# Stubs of programs of ours are not the library's: those of the library are in folders.
install: kernel libmach
	install -d $(INSTALLED)/boot $(INSTALLED)/lib/pkgconfig $(INSTALLED)/include
	install -m 644 $(PORTER) $(INSTALLED)/boot/porter
	install -m 644 $(LIBMACH) $(CRT0) $(INSTALLED)/lib
	cd include && find -L . \( -name '*.h' -o -name '*.defs' \) \
		-exec install -D -m 644 {} $(INSTALLED)/include/{} \;
	cd libmach/include && find . -name '*.h' -exec install -D -m 644 {} $(INSTALLED)/include/{} \;
	cd $(B)/ugen && find */ -name '*.h' -exec install -D -m 644 {} $(INSTALLED)/include/{} \;
	$(file >$(B)/mach.pc,$(MACH_PC))
	install -m 644 $(B)/mach.pc $(INSTALLED)/lib/pkgconfig/mach.pc
