# SPDX-License-Identifier: BSD-2-Clause
"""Commands for gdb that know the kernel's structures.

tasks              all tasks, with their spaces and maps
threads [TASK]     all threads (of a task), what they wait for and where they go on
ports              every port that a space holds a right to
space TASK         the names of a task: right, references, port
message KMSG       a kernel message: header and the structure around it

A TASK is its number, its name, or an expression for the pointer.  The structures are read as
they are: nothing is called in the kernel, so that all of this works after a panic as well.
"""

import os
import time

import gdb

RIGHTS = {0x1: "send", 0x2: "receive", 0x4: "send-once", 0x8: "port set", 0x10: "dead name"}
TYPE_SHIFT = 16
SPARSE = 0x00200000
UREFS = 0xffff
RADIX_LEVELS = 8
THREAD_FLAGS = {1: "run", 2: "wait", 4: "uninterruptible", 8: "idle", 16: "stopped",
                32: "terminated", 64: "handoff", 128: "aborted"}


# --- reading ---------------------------------------------------------------------------------

def evaluate(expression):
    return gdb.parse_and_eval(expression)


def elements(queue, kind, link):
    """The structures of one queue, by the member that links them."""
    structure = gdb.lookup_type(kind)
    offset = next(f.bitpos // 8 for f in structure.fields() if f.name == link)
    byte = gdb.lookup_type("char").pointer()
    head = queue["head"].address
    place = head.dereference()["next"]
    while place and place != head:
        yield (place.cast(byte) - offset).cast(structure.pointer()).dereference()
        place = place["next"]


def flags(value, names):
    return ", ".join(name for bit, name in names.items() if int(value) & bit) or "-"


def symbol_at(address):
    """The function or variable at an address, or the number."""
    number = int(address)
    text = gdb.execute(f"info symbol {number:#x}", to_string=True)
    return f"{number:#x}" if text.startswith("No symbol") else text.split(" in section")[0]


def all_tasks():
    return elements(evaluate("all_tasks"), "struct task", "all_link")


def find_task(word):
    for task in all_tasks():
        if word in (str(int(task["id"])), task["name"].string()):
            return task
    try:
        value = evaluate(word)
        return value.cast(gdb.lookup_type("struct task").pointer()).dereference()
    except gdb.error:
        raise gdb.GdbError(f"no task is called {word}") from None


def pointers(array):
    """An array of pointers, read at once: tables are large and mostly empty."""
    memory = gdb.selected_inferior().read_memory(int(array.address), array.type.sizeof)
    return memoryview(bytes(memory)).cast("I")


def table_entries(table):
    """Every entry in use: those of the table's chunks, then those of the radix tree."""
    empty_leaf = int(evaluate("&'ipc/entry.c'::empty_leaf"))
    empty_chunk = int(evaluate("&'ipc/entry.c'::empty_chunk"))
    leaf_type = gdb.lookup_type("struct ipc_entry_leaf").pointer()
    chunk_type = gdb.lookup_type("struct ipc_entry_chunk").pointer()
    for leaf in pointers(table["root"]):
        if leaf == empty_leaf:
            continue
        for chunk in pointers(gdb.Value(leaf).cast(leaf_type).dereference()["chunk"]):
            if chunk == empty_chunk:
                continue
            slots = gdb.Value(chunk).cast(chunk_type).dereference()["slot"]
            first, last = slots.type.range()
            yield from (slots[i] for i in range(first, last + 1) if int(slots[i]["name"]))
    if int(table["sparse"]):
        yield from sparse_entries(table["radix"], RADIX_LEVELS)


def sparse_entries(node, levels):
    entry = gdb.lookup_type("struct ipc_entry").pointer()
    fields = node.dereference().type.fields()
    array = next(f.name for f in fields if f.type.code == gdb.TYPE_CODE_ARRAY)
    for child in pointers(node[array]):
        if child and levels > 1:
            yield from sparse_entries(gdb.Value(child).cast(node.type), levels - 1)
        elif child:
            yield gdb.Value(child).cast(entry).dereference()


# --- describing ------------------------------------------------------------------------------

def describe_port(port):
    state = "active" if port["object"]["active"] else "dead"
    kind = port["kotype"].cast(gdb.lookup_type("unsigned int"))
    what = f", kernel object {int(kind)} at {int(port['kobject']):#x}" if int(kind) else ""
    return (f"{state}, refs {int(port['object']['ref_count'])}, send {int(port['srights'])}, "
            f"send-once {int(port['sorights'])}, messages {int(port['msgcount'])}{what}")


def thread_line(thread):
    where = "on its stack" if thread["pcb"]["kstack_top"] else symbol_at(thread["continuation"])
    waits = f", waits for {symbol_at(thread['wait_event'])}" if thread["wait_event"] else ""
    task = thread["task"]["name"].string() if thread["task"] else "no task"
    return (f"{int(thread.address):#x} {thread['name'].string() or '-':20} of {task:20} "
            f"priority {int(thread['sched_priority']):2} {flags(thread['flags'], THREAD_FLAGS)}; "
            f"goes on at {where}{waits}")


class Command(gdb.Command):
    """A command whose help is its docstring."""

    def __init__(self):
        super().__init__(self.name, gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        self.run(argument.strip())


class Tasks(Command):
    """All tasks, with their spaces and maps."""
    name = "tasks"

    def run(self, _):
        for task in all_tasks():
            state = "" if task["active"] else ", dying"
            print(f"{int(task.address):#x} {int(task['id']):4} {task['name'].string():32} "
                  f"threads {int(task['thread_count'])}, refs {int(task['ref_count'])}, "
                  f"suspended {int(task['suspend_count'])}, space {int(task['space']):#x}, "
                  f"map {int(task['map']):#x}{state}")


class Threads(Command):
    """Threads: of the task given, or of all."""
    name = "threads"

    def run(self, argument):
        for task in [find_task(argument)] if argument else all_tasks():
            for thread in elements(task["threads"], "struct thread", "task_link"):
                print(thread_line(thread))


class Space(Command):
    """The names of a task."""
    name = "space"

    def run(self, argument):
        if not argument:
            raise gdb.GdbError("space TASK")
        for entry in table_entries(find_task(argument)["space"]["table"]):
            bits = int(entry["bits"])
            sparse = " (in the tree)" if bits & SPARSE else ""
            print(f"{int(entry['name']):#10x} {flags(bits >> TYPE_SHIFT, RIGHTS):14} "
                  f"refs {bits & UREFS:5} object {int(entry['object']):#x}{sparse}")


class Ports(Command):
    """Every port that a space holds a right to."""
    name = "ports"

    def run(self, _):
        seen = set()
        port_type = gdb.lookup_type("struct ipc_port").pointer()
        for space in elements(evaluate("ipc_spaces"), "struct ipc_space", "link"):
            for entry in table_entries(space["table"]):
                address = int(entry["object"])
                rights = int(entry["bits"]) >> TYPE_SHIFT
                if address and rights & 7 and address not in seen:
                    seen.add(address)
                    print(f"{address:#x} {describe_port(entry['object'].cast(port_type))}")
        print(f"{len(seen)} ports")


class Message(Command):
    """A kernel message."""
    name = "message"

    def run(self, argument):
        if not argument:
            raise gdb.GdbError("message KMSG")
        kmsg = evaluate(argument).cast(gdb.lookup_type("struct ipc_kmsg").pointer())
        print(kmsg.dereference().format_string(max_elements=32))


class Connect(Command):
    """porter-connect SOCKET: wait for QEMU's socket and attach."""
    name = "porter-connect"

    def run(self, argument):
        for _ in range(100):
            if os.path.exists(argument):
                break
            time.sleep(0.1)
        gdb.execute(f"target remote {argument}")


for command in (Tasks, Threads, Space, Ports, Message, Connect):
    command()
gdb.execute("set print pretty on")
gdb.execute("set disassembly-flavor att")
