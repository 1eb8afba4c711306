# SPDX-License-Identifier: BSD-2-Clause
"""Constants: every macro of the package is there in our headers, with the same value.

Macros with arguments are tried with a few numbers; where that gives no constant they only
have to exist, as macro or function.
"""

import re
import struct

from toolchain import run

SAMPLES = ((1, 2, 3, 4), (17, 18, 19, 20), (0x80001513, 0x1000, 7, 1))
GUARD = re.compile(r".*_(H|DEFS)_*$|.*_h$")


def defined(tree, source):
    """Return {name: (header, parameters or None, replacement)} of the tree's own macros."""
    macros, here = {}, None
    for line in tree.cc(["-E", "-dD"], source).splitlines():
        marker = re.match(r'# \d+ "(.*?)"', line)
        if marker:
            path = marker.group(1)
            here = path[len(str(tree.root)) + 1:] if path.startswith(f"{tree.root}/") else None
            continue
        macro = re.match(r"#define (\w+)(?:\(([^)]*)\))?(?: (.*))?$", line)
        if macro and here and not GUARD.match(macro.group(1)):
            name, parameters, text = macro.groups()
            header = here.replace("mach/machine/", "mach/i386/")
            macros[name] = (header, parameters, (text or "").strip())
    return macros


def uses(macros):
    """Expressions to compare: (name, expression)."""
    for name, (_, parameters, _) in macros.items():
        if parameters is None:
            yield name, name
        elif parameters:
            count = parameters.count(",") + 1
            for sample in SAMPLES:
                yield name, f"{name}({', '.join(hex(v) for v in sample[:count])})"


def values(tree, source, expressions):
    """{expression: (value, size, is signed)} of those that are integer constants."""
    probes = {f"enum {{ abi_{n} = ((unsigned long long) ({e}) == 0) }};": e
              for n, e in enumerate(expressions)}
    good = [probes[p] for p in tree.compiling(source, probes)]
    if not good:
        return {}
    rows = "".join(f"{{ (unsigned long long) ({e}), sizeof({e}), (__typeof__({e})) -1 < 0 }},\n"
                   for e in good)
    table = ('__attribute__((section(".abi"), used))\n'
             f"const unsigned long long abi_values[][3] = {{\n{rows}}};\n")
    made, raw = tree.scratch / "macros.o", tree.scratch / "macros.bin"
    tree.cc(["-w", "-c", "-o", made], source + table)
    run(["objcopy", "-O", "binary", "-j", ".abi", "--set-section-flags", ".abi=alloc", made, raw])
    triples = struct.iter_unpack("<3Q", raw.read_bytes())
    return dict(zip(good, triples))


def named(tree, source, names):
    """Those names that mean something in the headers: a macro, a function, an object."""
    macros = defined(tree, source)
    probes = {f"void *abi_{n}(void) {{ return (void *) &{n}; }}": n
              for n in names if n not in macros}
    return set(macros) | {probes[p] for p in tree.compiling(source, probes)}


def compare(package, porter, source, exceptions, report):
    """One test for each header of the package."""
    theirs, our_macros = defined(package, source), defined(porter, source)
    wanted = {n: m for n, m in theirs.items() if not exceptions.covers("macro", n)}
    pairs = list(uses(wanted))
    expressions = [expression for _, expression in pairs]
    known, found = values(package, source, expressions), values(porter, source, expressions)
    there = named(porter, source, sorted(wanted))
    trouble = {header: [] for header, _, _ in theirs.values()}

    for name, expression in pairs:
        header, parameters, text = wanted[name]
        if expression in known:
            if known[expression] != found.get(expression):
                trouble[header].append(f"{expression}: package {show(known[expression])}, "
                                       f"here {show(found.get(expression))}")
        elif name not in there:
            trouble[header].append(f"{name} is missing")
        elif parameters is None and plain(text) != plain(our_macros.get(name, (0, 0, ""))[2]):
            trouble[header].append(f"{name}: package `{text}', here something else")
    for header, lines in sorted(trouble.items()):
        count = sum(m[0] == header for m in wanted.values())
        report(f"macros of <{header}> ({count})", sorted(set(lines)))


def plain(text):
    return re.sub(r"\s+", "", text)


def show(value):
    if value is None:
        return "no constant"
    number, size, signed = value
    return f"{number:#x} ({'' if signed else 'un'}signed, {size} bytes)"
