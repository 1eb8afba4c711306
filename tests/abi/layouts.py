# SPDX-License-Identifier: BSD-2-Clause
"""Types: every type of the package is there in our headers, with the same layout.

Layouts are read from the debugging information of a source that includes all headers.
A type is compared by shape: sizes, offsets and names of members, kind of scalar; not by
the names of the types that it is made of.
"""

import re

from toolchain import run

NAMED = {"DW_TAG_structure_type": "struct ", "DW_TAG_union_type": "union ",
         "DW_TAG_enumeration_type": "enum ", "DW_TAG_typedef": ""}
QUALIFIERS = ("DW_TAG_typedef", "DW_TAG_const_type", "DW_TAG_volatile_type")


class Entry:
    def __init__(self, tag):
        self.tag, self.attributes, self.children = tag, {}, []

    def number(self, name, default=0):
        return int(self.attributes.get(name, str(default)), 0)


def plain(value):
    """A value without its form and place, which some versions of readelf print in front."""
    value = re.sub(r"^\([a-z]+\w*\) ", "", value)
    value = re.sub(r"^\([a-z][^)]*\): ", "", value)
    return value.split("\t")[0]


def entries(dump):
    """All debugging entries of a dump, by their offset."""
    found, stack, entry = {}, [], None
    for line in dump.splitlines():
        start = re.match(r" <(\w+)><(\w+)>: Abbrev Number: \d+ \((\w+)\)", line)
        if start:
            depth = int(start.group(1), 16)
            entry = found[int(start.group(2), 16)] = Entry(start.group(3))
            del stack[depth:]
            if stack:
                stack[-1].children.append(entry)
            stack.append(entry)
            continue
        attribute = re.match(r"\s+<\w+>\s+(DW_AT_\w+)\s*:\s*(.*?)\s*$", line)
        if attribute and entry:
            entry.attributes[attribute.group(1)] = plain(attribute.group(2))
    return found


class Types:
    """The types that a source defines, and the shape of each."""

    def __init__(self, tree, source):
        made = tree.scratch / "layouts.o"
        tree.cc(["-w", "-g", "-gdwarf-4", "-fno-eliminate-unused-debug-types",
                 "-c", "-o", made], source + "int abi_anchor;\n")
        self.entries = entries(run(["readelf", "--debug-dump=info", "--wide", made]))
        self.names = {}
        for entry in self.entries.values():
            name = entry.attributes.get("DW_AT_name")
            if entry.tag in NAMED and name and "DW_AT_declaration" not in entry.attributes:
                self.names[NAMED[entry.tag] + name] = entry

    def target(self, entry):
        where = entry.attributes.get("DW_AT_type")
        return self.entries[int(re.match(r"<(\w+)>", where).group(1), 16)] if where else None

    def resolve(self, entry):
        while entry is not None and entry.tag in QUALIFIERS:
            entry = self.target(entry)
        return entry

    def pointee(self, entry):
        """Enough of what a pointer points to: not its layout, which is compared by itself."""
        entry = self.resolve(entry)
        if entry is None:
            return "void"
        if entry.tag in NAMED:
            return entry.attributes.get("DW_AT_name", entry.tag)
        return entry.tag if entry.tag == "DW_TAG_subroutine_type" else self.shape(entry)

    def shape(self, entry):
        entry = self.resolve(entry)
        if entry is None:
            return "void"
        size = entry.number("DW_AT_byte_size")
        if entry.tag == "DW_TAG_base_type":
            return f"{entry.attributes['DW_AT_encoding'].split()[0]}:{size}"
        if entry.tag == "DW_TAG_pointer_type":
            return f"pointer to {self.pointee(self.target(entry))}"
        if entry.tag == "DW_TAG_array_type":
            bounds = [c.number("DW_AT_upper_bound", -1) for c in entry.children]
            return f"array {bounds} of {self.shape(self.target(entry))}"
        if entry.tag == "DW_TAG_enumeration_type":
            return f"enum:{size} " + ", ".join(
                f"{c.attributes['DW_AT_name']}={c.number('DW_AT_const_value')}"
                for c in entry.children)
        if entry.tag in NAMED:
            return f"{size} bytes: " + "; ".join(self.members(entry))
        return entry.tag

    def members(self, entry):
        """A line for each member of a structure or union, those of unnamed ones inside too."""
        for child in entry.children:
            if child.tag != "DW_TAG_member":
                continue
            bits = child.attributes.get("DW_AT_bit_size")
            place = child.attributes.get("DW_AT_data_bit_offset" if bits else
                                         "DW_AT_data_member_location", "0")
            place += "." + child.attributes.get("DW_AT_bit_offset", "0") if bits else ""
            yield (f"{child.attributes.get('DW_AT_name', '(unnamed)')} at {place}"
                   f"{'/' + bits if bits else ''}: {self.shape(self.target(child))}")

    def size(self, entry):
        entry = self.resolve(entry)
        return entry.number("DW_AT_byte_size") if entry else 0


def grown(theirs, their_entry, ours, our_entry):
    """May the type have got members at its end, and has it?  Returns what is wrong, or None."""
    before = list(theirs.members(theirs.resolve(their_entry)))
    now = list(ours.members(ours.resolve(our_entry)))
    if now[:len(before)] != before:
        return "the members that the package has are different"
    return None if len(now) > len(before) else "has not grown: take it out of the exceptions"


def compare(package, porter, source, exceptions, report):
    """One test for each type of the package."""
    theirs, ours = Types(package, source), Types(porter, source)
    builtin = Types(package, "#include <stddef.h>\n#include <stdint.h>\n").names
    for name, entry in sorted(theirs.names.items()):
        if name in builtin or exceptions.covers("type", name):
            continue
        if name not in ours.names:
            report(f"type {name}", ["is missing"])
        elif exceptions.covers("grown", name):
            wrong = grown(theirs, entry, ours, ours.names[name])
            report(f"type {name}", [wrong] if wrong else [])
        else:
            shapes = theirs.shape(entry), ours.shape(ours.names[name])
            report(f"type {name}", [] if shapes[0] == shapes[1] else
                   [f"package: {shapes[0]}", f"here:    {shapes[1]}"])
