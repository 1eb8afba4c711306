# SPDX-License-Identifier: BSD-2-Clause
#
# Running what was built; with time counted in instructions.  APPEND= adds words to the kernel's
# command line.

.PHONY: run iso run-iso debug
RUN_WORDS := console=com0 qemu-exit $(APPEND)
DEMO      := user/demo.modules
ISO       := $(B)/porter.iso

run: kernel programs
	@tools/qemu-run $(PORTER) --icount --append "$(RUN_WORDS)" --modules $(DEMO) --folder $(B)/user \
		--expect 'That was all' --reject 'FAILED|WRONG' --log $(B)/log/run.log

iso: $(ISO)

$(ISO): $(PORTER) $(USER_PROGRAMS) $(DEMO) $(ISO).words tools/make-iso tools/qemu.py
	$(call say,ISO,$@)
	$(Q)tools/make-iso $@.new $(PORTER) "$(RUN_WORDS)" $(DEMO) $(B)/user && $(complete)

$(ISO).words: FORCE
	$(call keep-if-same,$(RUN_WORDS))

run-iso: $(ISO)
	@tools/qemu-run --icount --iso $(ISO) --log $(B)/log/run-iso.log

debug: kernel programs
	@tools/debug $(PORTER) --append "$(RUN_WORDS)" --modules $(DEMO) --folder $(B)/user \
		--log $(B)/log/debug.log
