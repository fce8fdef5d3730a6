"""Whether every asynchronous function of an optimized program stays within its context.

    contexts.py PROGRAM

An asynchronous function keeps what it needs after a suspension in a context, which its caller allocates: how large it is
stands beside the function, in its "async function pointer". Swift 6.3.1 makes some functions that keep more there than
that (docs/decisions/0073-contexts-have-room.md). Each is named; one that needs more than `CTaskAlloc` adds is a failure.

Reads the machine code of x86-64: a function begins with its context in r14, and each part after a suspension begins
with it in r14 or with a pointer to it there. Only what is addressed by such a register is looked at, so nothing
that fits is named; a function that keeps the register elsewhere meanwhile may be missed.
"""

import re
import struct
import subprocess
import sys

CONTEXT = "%r14"
# What `CTaskAlloc` adds to each context.
ADDED = 16
# The part of a function after a call, and the part after a change of executor.
PART = re.compile(r"(.*)T([QY])\d+_$")
LABEL = re.compile(r"[0-9a-f]+ <(.*)>:$")
INSTRUCTION = re.compile(r" *([0-9a-f]+):\t(.*?)\s*(#.*)?$")
MEMORY = re.compile(r"(0x[0-9a-f]+)?\((%r\w+)\)")
MOVE = re.compile(r"mov +(.*),(%r\w+)$")
NEVER_WRITE = ("cmp", "test", "push", "call", "jmp")


def output(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def sections(program):
    """Address, offset in the file, and size of each section with contents."""
    found = re.findall(
        r"^ *\[ *\d+\] \S+ +PROGBITS +([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+)",
        output("readelf", "-SW", program),
        re.MULTILINE,
    )
    return [tuple(int(number, 16) for number in section) for section in found]


def context_sizes(program):
    """The size of each asynchronous function's context, by the function's name."""
    with open(program, "rb") as file:
        contents = file.read()
    parts = sections(program)
    sizes = {}
    for line in output("nm", program).splitlines():
        fields = line.split()
        if len(fields) != 3 or not fields[2].endswith("Tu"):
            continue
        address = int(fields[0], 16)
        for start, offset, size in parts:
            if start <= address < start + size:
                place = offset + address - start
                sizes[fields[2][:-2]] = struct.unpack_from("<iI", contents, place)[1]
    return sizes


class Function:
    """A function, or a part of one, as its instructions go by."""

    def __init__(self, name, size, is_after_call):
        self.name, self.size = name, size
        # After a call r14 is the callee's context, whose first word is the own one.
        self.waits = is_after_call
        self.registers = set() if is_after_call else {CONTEXT}

    def take(self, instruction):
        """Gives the offset of something beyond the end, or nothing."""
        move = MOVE.match(instruction)
        if move and self.waits and move[1] == f"({CONTEXT})":
            self.waits = False
            self.registers.add(move[2])
            return None
        beyond = [
            int(offset or "0", 16)
            for offset, register in MEMORY.findall(instruction)
            if register in self.registers and int(offset or "0", 16) >= self.size
        ]
        if move and move[1] in self.registers:
            self.registers.add(move[2])
        elif not instruction.startswith(NEVER_WRITE):
            self.registers.discard(instruction.rsplit(",", 1)[-1].split()[-1])
        return max(beyond, default=None)


def function(name, sizes):
    """The function with this label; nothing for one that is not asynchronous."""
    part = PART.match(name)
    size = sizes.get(part[1] if part else name)
    return None if size is None else Function(name, size, bool(part) and part[2] == "Q")


def beyond(program, sizes):
    """Which functions use what is behind the end of their contexts, with the size and the last offset."""
    found = {}
    code = subprocess.Popen(
        ["objdump", "-d", "--no-show-raw-insn", "--section=.text", program],
        stdout=subprocess.PIPE,
        text=True,
    )
    current, was_end = None, False
    for line in code.stdout:
        label = LABEL.match(line)
        if label:
            current, was_end = function(label[1], sizes), False
            continue
        instruction = INSTRUCTION.match(line)
        if current is None or not instruction:
            continue
        text = instruction[2]
        # A function of which the program has no name.
        if was_end and text.startswith("push") and int(instruction[1], 16) % 16 == 0:
            current = None
            continue
        was_end = text.startswith(("jmp", "ret", "ud2")) or "nop" in text
        offset = current.take(text)
        if offset is not None:
            known = found.get(current.name, (current.size, 0))[1]
            found[current.name] = (current.size, max(offset, known))
    if code.wait() != 0:
        sys.exit("objdump cannot read the program.")
    return found


def main():
    program = sys.argv[1]
    sizes = context_sizes(program)
    if len(sizes) < 1_000:
        sys.exit(f"Only {len(sizes)} asynchronous functions were found: is this the program?")
    found = beyond(program, sizes)
    names = output("swift-demangle", input="\n".join(found)).splitlines()
    lacking = 0
    for (size, offset), name in sorted(zip(found.values(), names)):
        lacks = offset >= size + ADDED
        lacking += lacks
        print(f"{name}\n    has {size} bytes, uses what is at {offset}{': TOO MUCH' if lacks else ''}")
    print(f"{len(sizes)} asynchronous functions; {len(found)} parts use the room that is added, {lacking} more than that.")
    sys.exit(1 if lacking else 0)


main()
