"""Machine code of sm_90a: size of a kernel, and waits of other warps' data that the activation comes to share.

An instruction of 16 bytes carries its control word in its last 23 bits: among them the scoreboard (one of six) that it signals when its
result is there, and the scoreboards that it waits for. ptxas moves the test of an mbarrier, SYNCS.PHASECHK.TRYWAIT, up into the activation.
That is harmless as long as only its own branch waits for its scoreboard. But where a hardware function gets the same scoreboard, whatever
needs the function's result waits for the data of the barrier too: measured 10% of a kernel. Unrelated changes make it come and go.
"""

import dataclasses
import re
import struct
import subprocess


@dataclasses.dataclass(frozen=True)
class Instruction:
    address: int
    text: str  # predicate, name, operands
    signals: int  # the scoreboard of its result, 7: none
    waits: int  # a bit for each scoreboard
    target: int = None  # address that a branch leads to

    @property
    def name(self):
        return re.sub(r"^@!?U?P\w+ ", "", self.text).split(" ")[0]

    def waits_for(self, scoreboard):
        return bool(self.waits >> scoreboard & 1)


def disassemble(nvdisasm, cubin):
    """{kernel: its instructions}"""
    done = subprocess.run([str(nvdisasm), "-hex", "-c", str(cubin)], capture_output=True, text=True, check=True)
    return parse(done.stdout)


def parse(text):
    """{kernel: its instructions} of what nvdisasm -hex -c prints."""
    kernels, labels, found, pending, fresh = {}, {}, [], None, []
    for line in text.splitlines():
        if match := re.match(r"\.text\.(\S+):", line):
            found = kernels.setdefault(match[1], [])
        elif match := re.match(r"\s*(\.L_x_\d+):", line):
            fresh.append(match[1])
        elif match := re.match(r"\s+/\*([0-9a-f]{4,})\*/\s+(.*?)\s*;\s+/\* 0x[0-9a-f]{16} \*/", line):
            pending = int(match[1], 16), re.sub(r"\s+", " ", match[2])
        elif pending and (match := re.match(r"\s+/\* 0x([0-9a-f]{16}) \*/", line)):
            control = int(match[1], 16) >> 41
            labels.update(dict.fromkeys(fresh, pending[0]))
            fresh.clear()
            to = re.search(r"BRA `\((\.L_x_\d+)\)", pending[1])
            # loops lead back, to labels that are known
            found.append(Instruction(*pending, control >> 5 & 7, control >> 11 & 63, labels.get(to[1]) if to else None))
            pending = None
    return kernels


def early_waits(instructions):
    """Addresses of the barrier tests that an activation comes to wait for: something waits for their scoreboard before their branch does,
    and functions of the hardware are called behind that. Counted where a product is in flight, that is once for each block of keys: before
    a tile's first block the same costs next to nothing."""
    found, in_flight = [], False
    for at, test in enumerate(instructions):
        if test.name == "WARPGROUP.DEPBAR.LE":
            in_flight = not test.text.endswith("0x0")
        if not in_flight or not test.name.startswith("SYNCS.PHASECHK") or "TRYWAIT" not in test.name or test.signals > 5:
            continue
        branch = next((n for n in range(at + 1, len(instructions)) if instructions[n].name.startswith(("BRA", "EXIT"))), len(instructions))
        waiter = next((n for n in range(at + 1, branch) if instructions[n].waits_for(test.signals)), branch)
        if any(later.name.startswith("MUFU") for later in instructions[waiter:branch]):
            found.append(test.address)
    return found


def overwritten_operands(instructions):
    """Writes to registers that a product of a loop reads as its left operand in every step, filled by LDSM before the loop: the next step
    would read something else. ptxas 13.0 made such a kernel (softmax of |i - j| <= 100, head dims 8 and 128)."""
    found, places = [], {}
    loaded = {register for one in instructions if (match := re.match(r"LDSM\S* R(\d+)", one.text))
              for register in range(int(match[1]), int(match[1]) + 4)}
    for number, one in enumerate(instructions):
        places[one.address] = number
        target = re.match(r"(?:@!?U?P\w+ )?BRA (?:`\(\.\S+\)|0x([0-9a-f]+))", one.text)
        first = places.get(one.target) if target and one.target is not None else None
        if first is None:
            continue
        body = instructions[first:number + 1]
        if any("LDSM" in inner.text for inner in body):
            continue
        # of a score: the left operand of a sum (tnspB) is made anew in every step
        read = {register for inner in body if (match := re.search(r"HGMMA\S* R\d+, R(\d+), gdesc(?!\S*tnspB)", inner.text))
                for register in range(int(match[1]), int(match[1]) + 4)} & loaded
        for inner in body:
            match = re.match(r"(?:@!?U?P\w+ )?(\S+) (?:U?P\d, )?R(\d+)(?:,|$)", inner.text)
            if match and int(match[2]) in read and not match[1].startswith(("HGMMA", "ST", "BAR", "SYNCS")):
                found.append(inner.address)
    return found


def code_bytes(cubin):
    """{kernel: bytes of machine code} from the ELF file's section headers."""
    data = cubin.read_bytes()
    start, = struct.unpack_from("<Q", data, 0x28)
    size, count, names = struct.unpack_from("<HHH", data, 0x3A)
    headers = [struct.unpack_from("<IIQQQQ", data, start + size * number) for number in range(count)]
    strings = headers[names][4]
    found = {}
    for name, _, _, _, _, length in headers:
        text = data[strings + name:data.index(b"\0", strings + name)].decode()
        if text.startswith(".text."):
            found[text.removeprefix(".text.")] = length
    return found
