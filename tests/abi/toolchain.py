# SPDX-License-Identifier: BSD-2-Clause
"""Running the compiler and MIG over one of two trees of headers: the package's and ours."""

import os
import re
import subprocess
from pathlib import Path

CC = "gcc"          # its messages and its debugging information are read
MIG = os.environ.get("MIG", "i686-gnu-mig")

# Our headers by themselves must not give a single warning.
WARNINGS = ["-Wall", "-Wextra", "-Werror", "-Wundef", "-Wshadow", "-Wmissing-prototypes",
            "-Wstrict-prototypes", "-Wvla"]
FREESTANDING = ["-m32", "-std=gnu17", "-ffreestanding", "-fno-pic", "-fcf-protection=none",
                "-fno-asynchronous-unwind-tables"]

# What headers of the package and MIG's user stubs include without its being in the package.
SHIMS = {
    "kern/macros.h": "#define __packed __attribute__((packed))\n",
    "sys/types.h": "#include <stddef.h>\n#include <stdint.h>\n",
    "string.h": "#include <stddef.h>\nvoid *memcpy(void *, const void *, size_t);\n"
                "size_t strlen(const char *);\n",
    "mach/mig_support.h": """
#include <string.h>
#include <mach/message.h>
mach_port_t mig_get_reply_port(void);
void mig_put_reply_port(mach_port_t);
void mig_dealloc_reply_port(mach_port_t);
void mig_allocate(vm_offset_t *, vm_size_t);
void mig_deallocate(vm_offset_t, vm_size_t);
vm_size_t mig_strncpy(char *, const char *, vm_size_t);
""",
}


class Failed(Exception):
    """A tool that had to succeed did not; the text is what it said."""


def run(words, text=None, cwd=None, env=None):
    """Run a program that must succeed; return what it prints."""
    try:
        done = subprocess.run([str(w) for w in words], input=text, cwd=cwd, text=True,
                              env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    except OSError as error:
        raise Failed(f"{words[0]}: {error.strerror}") from error
    if done.returncode:
        raise Failed(done.stderr.strip() or f"{words[0]}: status {done.returncode}")
    return done.stdout


def write_shims(folder):
    for name, text in SHIMS.items():
        path = folder / "shims" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / "shims"


class Tree:
    """One set of headers and definitions, with the flags that make the tools see only it."""

    def __init__(self, name, root, shims, scratch):
        self.name, self.root = name, Path(root).resolve()
        self.scratch = scratch / name
        self.scratch.mkdir(parents=True, exist_ok=True)
        include = run([CC, "-print-file-name=include"]).strip()
        self.search = ["-nostdinc", "-isystem", include, "-I", self.root, "-I", shims]

    def files(self, suffix):
        """Names of all headers; <mach/machine/...> is <mach/i386/...>."""
        found = (path.relative_to(self.root) for folder in ("mach", "device", "mach_debug")
                 for path in (self.root / folder).rglob("*" + suffix))
        return sorted(str(f) for f in found if f.parts[:2] != ("mach", "machine"))

    def cc(self, words, text):
        return run([CC, *FREESTANDING, *self.search, *words, "-x", "c", "-"], text)

    def compiling(self, source, probes):
        """Those of some probes, each one line of C, that compile after a source."""
        first, good = source.count("\n") + 1, list(probes)
        while good:
            bad = self.errors(source + "\n".join(good) + "\n")
            kept = [probe for n, probe in enumerate(good) if first + n not in bad]
            if len(kept) == len(good):      # an unknown word is reported only once
                break
            good = kept
        return set(good)

    def errors(self, text):
        """The lines of a source at which the compiler finds errors."""
        done = subprocess.run([CC, *FREESTANDING, *map(str, self.search), "-w", "-fsyntax-only",
                               "-ftrack-macro-expansion=0", "-x", "c", "-"], input=text,
                              text=True, check=False, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE)
        return {int(n) for n in re.findall(r"^<stdin>:(\d+):\d+: (?:fatal )?error",
                                           done.stderr, re.M)}

    def mig(self, defs, outputs, *flags):
        """Run MIG over a definition; outputs is a list such as ["-user", path].

        MIG wants paths without blanks: it runs beside its output, and finds our tree from there.
        """
        root = str(self.root)
        if " " in root:
            root = os.path.relpath(root, self.scratch)
        words = [str(word) if str(word).startswith("-") else Path(word).name for word in outputs]
        return run([MIG, "-n", *words, *flags, f"{root}/{defs}"], cwd=self.scratch,
                   env={**os.environ, "CPP": f"{CC} -m32 -E -x c -undef -ansi -nostdinc -I {root}"})
