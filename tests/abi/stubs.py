# SPDX-License-Identifier: BSD-2-Clause
"""Interface definitions: ids, and the very code that MIG makes of them.

The stubs of the package's definitions and of ours are compiled, and compared function by
function: that covers each size, type word, count and id of every request and reply.
"""

import re
from pathlib import Path

from toolchain import CC, FREESTANDING, Failed, run

HERE = Path(__file__).resolve().parent
# What the generated headers include.
IMPORTED = ("mach/mach_types.h", "mach_debug/mach_debug_types.h", "device/device_types.h",
            "device/net_status.h", "mach/machine/mach_i386_types.h")


def interfaces(tree):
    """Definitions that make a subsystem, not those of types only."""
    return [f for f in tree.files(".defs") if not f.endswith("types.defs")]


def ids(tree, defs):
    """{(subsystem, routine): request id} of one definition."""
    listed = tree.scratch / "ids"
    tree.mig(defs, ["-list", listed])
    rows = (line.split() for line in listed.read_text().splitlines())
    return {(row[0], row[2]): int(row[4]) for row in rows}


def check_ids(porter, report):
    """Our definitions against the table: every row, and no routine of its subsystems more."""
    have = {}
    for defs in interfaces(porter):
        have.update(ids(porter, defs))
    rows = [line.split("\t") for line in (HERE / "routines.tsv").read_text().splitlines()
            if not line.startswith("#")]
    want = {(row[0], row[2]): int(row[3]) for row in rows}
    for subsystem in sorted({name for name, _ in want}):
        mine = {k for k in set(want) | set(have) if k[0] == subsystem}
        wrong = [f"{k[1]}: table {want.get(k)}, definition {have.get(k)}" for k in sorted(mine)
                 if want.get(k) != have.get(k)]
        report(f"ids of {subsystem} ({len(mine)})", wrong)


def functions(tree, defs, flags):
    """{stub: its instructions}, of client and server side."""
    found = {}
    for side, header in (("-user", "-header"), ("-server", "-sheader")):
        base = tree.scratch / (re.sub(r"\W", "_", defs) + side)
        tree.mig(defs, [side, f"{base}.c", header, f"{base}.h"], *flags)
        run([CC, *FREESTANDING, *tree.search, "-iquote", tree.scratch, "-w", "-O0",
             "-mno-sse", "-fno-toplevel-reorder", "-ffunction-sections", "-c", "-o", f"{base}.o",
             f"{base}.c"])
        found.update(disassembled(f"{base}.o", side))
    return found


def disassembled(path, side):
    text = run(["objdump", "-dr", "--no-addresses", "--no-show-raw-insn", path])
    parts = re.split(r"^<(\w+)>:$", text, flags=re.M)
    for name, code in zip(parts[1::2], parts[2::2]):
        lines = (line for line in code.splitlines() if line.strip() and "Disassembly" not in line)
        yield f"{side[1:]} {name}", "\n".join(lines)


def prototypes(tree, defs):
    """{routine: its declaration} in the header that programs include."""
    header = tree.scratch / "prototypes.h"
    tree.mig(defs, ["-header", header])
    return {name: text for text, name in
            re.findall(r"^(kern_return_t (\w+)\n\(.*?^\);)", header.read_text(), re.M | re.S)}


def check_prototypes(package, porter, defs, exceptions):
    """Both declarations of each routine, with our types: one must be as good as the other.

    All in one source; only when that fails they are tried one by one, to tell which.
    """
    theirs, ours = prototypes(package, defs), prototypes(porter, defs)
    source = "".join(f"#include <{header}>\n" for header in IMPORTED)
    pairs = [f"{theirs[name]}\n{ours.get(name, '?')}\n" for name in theirs
             if name in ours or not exceptions.covers("stub", name)]
    if not compiled(porter, source + "".join(pairs)):
        return []
    return [wrong for pair in pairs for wrong in compiled(porter, source + pair)]


def compiled(tree, source):
    """What the compiler has to say against a source."""
    try:
        tree.cc(["-fsyntax-only"], source)
    except Failed as error:
        return [str(error)]
    return []


def compare(package, porter, exceptions, report):
    """Tests for each definition of the package (and for its form with sequence numbers)."""
    for defs in interfaces(package):
        if exceptions.covers("file", defs):
            continue
        report(f"prototypes of {defs}", check_prototypes(package, porter, defs, exceptions))
        variants = [[]]
        if "SEQNOS" in (package.root / defs).read_text():
            variants.append(["-DSEQNOS=1"])
        for flags in variants:
            name = f"stubs of {defs}" + (" with " + flags[0] if flags else "")
            try:
                theirs, ours = (functions(t, defs, flags) for t in (package, porter))
            except Failed as error:
                report(name, [str(error)])
                continue
            wrong = [f"{stub} {'differs' if stub in ours else 'is missing'}"
                     for stub in theirs if ours.get(stub) != theirs[stub]
                     and not exceptions.covers("stub", stub.split()[1])]
            report(f"{name} ({len(theirs)})", wrong)
