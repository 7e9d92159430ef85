"""Tensors of more than 2^32 elements: offsets are 64 bits wide.

On paper: q of [64, 64, 16384, 128] has 8,589,934,592 elements; the last row of its last head begins at element 8,589,934,464,
which needs 33 bits (34 for its bytes in bf16). A row, a head or a batch index fits 31 bits; what is multiplied by a stride must be
widened before the product. Here this is read off the LLVM IR of the kernels, and run on the CPU with strides that reach over
2^33 elements of address space of which almost nothing is touched.
"""

import json
import mmap
import re

import numpy as np
import pytest

import artefact
import catalogue
import oracle
import support

NO_RESERVE = 0x4000  # Linux: MAP_NORESERVE
WIDENING = ("sext", "zext")
ARITHMETIC = ("add", "sub", "mul", "shl", "sdiv", "udiv", "srem", "urem")


def functions(text):
    """{name: {value: (operation, type, operand values, line)}} and the lines of each function."""
    found = {}
    for match in re.finditer(r"^define [^@]*@\"?([\w.$]+)\"?\(.*?^}", text, flags=re.M | re.S):
        lines = match[0].splitlines()
        values = {}
        for line in lines:
            definition = re.match(r"\s*(%[\w.-]+) = (?:tail |contract |nnan |fast )*(\w+)(.*)", line)
            if definition:
                name, operation, rest = definition.groups()
                kind = re.search(r"\b(i\d+|ptr|float|double|half|bfloat|<[^>]+>)", rest)
                values[name] = (operation, kind[1] if kind else "", re.findall(r"%[\w.-]+", rest), line)
        found[match[1]] = (values, lines)
    return found


def address_indices(lines, global_only):
    """(index value, its type, line) of every dynamic index of an address in global memory."""
    for line in lines:
        gep = re.search(r"getelementptr (?:inbounds |nuw |nusw )*[^,]+, ptr( addrspace\(\d+\))? (?:%[\w.-]+|@[\w.]+)(.*)", line)
        if not gep or (gep[1] or "").strip() == "addrspace(3)" or global_only and (gep[1] or "").strip() != "addrspace(1)":
            continue
        for kind, value in re.findall(r"\b(i\d+) (%[\w.-]+)", gep[2]):
            yield value, kind, line


class Function:
    """What a value of one function depends on."""

    def __init__(self, values, parameters, strides=()):
        self.values, self.parameters, self.strides = values, set(parameters), set(strides)

    def leaves(self, name, seen=None):
        """Parameters, and "thread", "block" or "memory", behind a value."""
        seen = set() if seen is None else seen
        if name in seen:
            return set()
        seen.add(name)
        if name not in self.values:
            return {name} & self.parameters
        operation, _, operands, line = self.values[name]
        if operation in ("call", "load"):
            return {"thread" if ".tid." in line or ".laneid" in line else "block" if ".ctaid." in line else "memory"}
        return set().union(*(self.leaves(x, seen) for x in operands)) if operands else set()

    def is_narrow(self, name):
        operation, kind, *_ = self.values[name]
        width = re.match(r"i(\d+)$", kind)
        return operation == "trunc" or operation in ARITHMETIC and width and int(width[1]) <= 32

    def is_remainder(self, name):
        """quotient * divisor, at most the dividend."""
        operands = self.values[name][2]
        return any(self.values.get(x, ("",))[0] in ("udiv", "sdiv") and self.values[x][2][-1:] == [y]
                   for x, y in (operands, operands[::-1]) if x in self.values) if len(operands) == 2 else False

    def wrong_anywhere(self):
        """Narrow arithmetic on a stride, narrow products of two sizes or positions."""
        for name, (operation, _, operands, line) in self.values.items():
            if not self.is_narrow(name):
                continue
            if self.leaves(name) & self.strides:
                yield line.strip()
            elif operation == "mul" and len(operands) == 2 and not self.is_remainder(name) and all(self.leaves(x) - {"thread"} for x in operands):
                yield line.strip()

    def wrong_before(self, index):
        """Narrow arithmetic on more than the thread's number between a product with a stride or size and an address."""
        seen, stack = set(), [index]
        while stack:
            name = stack.pop()
            if name in seen or name not in self.values:
                continue
            seen.add(name)
            operation, kind, operands, line = self.values[name]
            if operation in ("load", "call") or kind == "i64" and operation == "mul" and self.leaves(name) & self.parameters:
                continue  # a position times a stride
            if self.is_narrow(name) and self.leaves(name) - {"thread"}:
                yield line.strip()
            stack += operands


EXAMPLES = ("silu", "polynomial", "relative-position", "document-mask", "jagged-silu", "jagged-decay")


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("target, dtype", [("cpu", "f32"), ("sm_80", "bf16")])
def test_offsets_are_64_bits_wide(name, target, dtype, tmp_path):
    source = support.specialise(catalogue.BY_NAME[name].source, dtype, 64, 64)
    support.compile_program(source, tmp_path, target=target, reference=False)
    done = support.call(support.tool("gdpa-compile"), tmp_path / "k.mlir", f"--target={target}", "--grad", "--emit=llvm", "-o", tmp_path / "k.ll")
    assert done.returncode == 0, done.stderr
    description = json.loads((tmp_path / "k.json").read_text())
    kernels = {kernel["symbol"]: kernel["params"] for entry in description["entries"].values() for kernel in entry.get("kernels", ())}
    count = 0
    for symbol, (values, lines) in functions((tmp_path / "k.ll").read_text()).items():
        parameters = re.findall(r"(%[\w.-]+)(?:,|\))", lines[0])
        kinds = kernels.get(symbol, [])
        assert not kinds or len(kinds) == len(parameters)
        function = Function(values, parameters, [p for p, kind in zip(parameters, kinds) if "stride" in kind])
        if kinds:
            assert not list(function.wrong_anywhere()), symbol
        if "_diagonal" in symbol or "_ranges" in symbol:
            # the last dimension of the workspace is a position or a block, which no stride multiplies: 32 bits hold it
            continue
        for index, kind, line in address_indices(lines, global_only=target != "cpu"):
            count += 1
            bad = list(function.wrong_before(index))
            if kind != "i64" and function.leaves(index) - {"thread"}:
                bad.append(line)
            assert not bad, f"@{symbol}: an address is computed in 32 bits:\n{line}\n" + "\n".join(bad)
    assert count > 20


@pytest.mark.parametrize("narrow, wrong", [("%x = trunc i64 %stride to i32", True), ("%x = mul i32 %b, %n", True), ("%x = shl i32 %b, 7", True),
                                           ("%x = shl i32 %t, 7", False), ("%y = mul i64 %c, %stride\n  %x = trunc i64 %y to i32", True)])
def test_narrow_offsets_are_found(narrow, wrong):
    """The check itself."""
    text = f"""define void @f(ptr addrspace(1) %p, i32 %n, i64 %stride) {{
  %b = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %c = sext i32 %b to i64
  {narrow}
  %wide = sext i32 %x to i64
  %a = getelementptr i8, ptr addrspace(1) %p, i64 %wide
  ret void
}}
"""
    (values, lines), = functions(text).values()
    function = Function(values, ["%p", "%n", "%stride"], ["%stride"])
    (index, _, _), = address_indices(lines, global_only=True)
    assert bool([*function.wrong_anywhere(), *function.wrong_before(index)]) == wrong


@pytest.mark.parametrize("name", ["silu", "jagged-silu"])
def test_runs_beyond_32_bits(name, tmp_path):
    """Batches (heads, where jagged) lie 2^33 elements apart; a truncated offset would meet NaN or another tensor's rows."""
    example = catalogue.BY_NAME[name]
    path = support.compile_program(example.source, tmp_path, reference=False)
    apart, rows, heads = 2**33, 40, 2
    rng = np.random.default_rng(8)
    dense = {argument: rng.standard_normal((heads, rows, 64)).astype(np.float32) for argument in ("q", "k", "v", "do")}
    arrays = {"scale": np.array(0.125, np.float32), "cu_seqlens_q": np.array([0, rows], np.int32), "cu_seqlens_k": np.array([0, rows], np.int32)}
    memories = []
    for argument in ("q", "k", "v", "do", "o", "dq", "dk", "dv"):
        try:  # address space without memory behind it
            memory = mmap.mmap(-1, 4 * (apart + rows * 64), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | NO_RESERVE)
        except (OSError, ValueError) as error:
            pytest.skip(f"no address space for 32 GiB a tensor: {error}")
        memories.append(memory)
        flat = np.frombuffer(memory, np.float32)
        view = np.lib.stride_tricks.as_strided(flat, (heads, rows, 64), (4 * apart, 4 * 64, 4))
        view[...] = dense.get(argument, np.float32(np.nan))
        arrays[argument] = view.transpose(1, 0, 2) if name.startswith("jagged") else view[None].transpose(1, 0, 2, 3)
    artefact.call_entry(path, "forward", arrays)
    artefact.call_entry(path, "backward", arrays)
    wide = {argument: value[None].astype(np.float64) for argument, value in dense.items()}
    if not name.startswith("jagged"):  # the heads above are batches here
        wide = {argument: value.transpose(1, 0, 2, 3) for argument, value in wide.items()}
    case = oracle.Attention(wide["q"], wide["k"], wide["v"], 0.125, example.activation, example.mask)
    want, _ = case.backward(wide["do"])
    want["o"] = case.forward()
    for result, expected in want.items():
        found = arrays[result].transpose(1, 0, 2)[None] if name.startswith("jagged") else arrays[result]
        assert oracle.error(found, expected) <= 1e-5, result
