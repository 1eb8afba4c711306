# SPDX-License-Identifier: BSD-2-Clause
"""Small ELF files: one that is right, and the ways to be wrong."""

import struct

EM_386, EM_X86_64 = 3, 62
ET_REL, ET_EXEC, ET_DYN = 1, 2, 3
BASE = 0x08048000
HEADERS = 52 + 32
CODE = b"\xeb\xfe"          # a loop: no test lets it run
ON_STACK = b"\x68\xc3\0\0\0\xff\xd4\x0f\x0b"     # push a `ret`, call it; then ud2


def program(machine=EM_386, kind=ET_EXEC, data=1, base=BASE, entry=None, headers=1,
            file_size=None, memory_size=None, code=CODE):
    """An executable of one segment."""
    size = HEADERS + len(code)
    ident = b"\x7fELF" + bytes([1, data, 1]) + bytes(9)
    order = "<" if data == 1 else ">"
    start = base + HEADERS if entry is None else entry
    header = struct.pack(order + "HHIIIIIHHHHHH", kind, machine, 1, start & 0xffffffff, 52, 0, 0,
                         52, 32, headers, 0, 0, 0)
    segment = struct.pack(order + "IIIIIIII", 1, 0, base, base,
                          size if file_size is None else file_size,
                          size if memory_size is None else memory_size, 5, 4096)
    return ident + header + segment + code


def text():
    return b"#!/bin/sh\necho this is no program\n" * 10


def nothing():
    return b""


def one_byte():
    """As near to an empty file as QEMU takes."""
    return b"\0"


def short_header():
    return program()[:40]


def no_program_headers():
    return program(headers=0)


def truncated():
    return program(file_size=0x5000, memory_size=0x5000)


def x86_64():
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHI", ET_EXEC, EM_X86_64, 1)
    return header + bytes(200)


def relocatable():
    return program(kind=ET_REL)


def big_endian():
    return program(data=2)


def shared():
    """Without an address, and without a word on the stack, on which it runs code."""
    return program(kind=ET_DYN, base=0, code=ON_STACK)


def kernel_address():
    return program(base=0xC0000000)


def wrapping_address():
    return program(base=0xBFFFF000, memory_size=0xF0000000)


def file_over_memory():
    return program(memory_size=4)


def entry_nowhere():
    return program(entry=0x10)
