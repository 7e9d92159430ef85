"""Runs a kernel that was compiled for AVX-512 and AVX512_BF16 on any x86-64 processor.

The LLVM IR that gdpa-compile emits for such a processor is compiled for this one, with plain IR in place of the processor's
instructions: everything but the choice of instructions is the kernel's own code.
"""

import hashlib
import json
import pathlib
import re

import support

LLVM = pathlib.Path("/usr/lib/llvm-22/bin")

# What each instruction does: both products of a lane's pair are added to its sum; rounding to nearest even; a * 2^floor(b).
INSTRUCTIONS = {
    "llvm.x86.avx512bf16.dpbf16ps.512": """
define internal <16 x float> @NAME(<16 x float> %sum, <32 x bfloat> %a, <32 x bfloat> %b) {
  %aw = bitcast <32 x bfloat> %a to <16 x i32>
  %bw = bitcast <32 x bfloat> %b to <16 x i32>
  %al = shl <16 x i32> %aw, splat (i32 16)
  %bl = shl <16 x i32> %bw, splat (i32 16)
  %ah = and <16 x i32> %aw, splat (i32 -65536)
  %bh = and <16 x i32> %bw, splat (i32 -65536)
  %alf = bitcast <16 x i32> %al to <16 x float>
  %blf = bitcast <16 x i32> %bl to <16 x float>
  %ahf = bitcast <16 x i32> %ah to <16 x float>
  %bhf = bitcast <16 x i32> %bh to <16 x float>
  %high = fmul <16 x float> %ahf, %bhf
  %low = fmul <16 x float> %alf, %blf
  %first = fadd <16 x float> %sum, %high
  %both = fadd <16 x float> %first, %low
  ret <16 x float> %both
}""",
    "llvm.x86.avx512bf16.cvtneps2bf16.512": """
define internal <16 x bfloat> @NAME(<16 x float> %a) {
  %r = call <16 x bfloat> @emulated_round(<16 x float> %a)
  ret <16 x bfloat> %r
}""",
    "llvm.x86.avx512bf16.cvtne2ps2bf16.512": f"""
define internal <32 x bfloat> @NAME(<16 x float> %high, <16 x float> %low) {{
  %h = call <16 x bfloat> @emulated_round(<16 x float> %high)
  %l = call <16 x bfloat> @emulated_round(<16 x float> %low)
  %r = shufflevector <16 x bfloat> %l, <16 x bfloat> %h, <32 x i32> <{", ".join(f"i32 {lane}" for lane in range(32))}>
  ret <32 x bfloat> %r
}}""",
    "llvm.x86.avx512.mask.scalef.ps.512": """
declare <16 x float> @llvm.floor.v16f32(<16 x float>)
declare <16 x float> @llvm.minnum.v16f32(<16 x float>, <16 x float>)
declare <16 x float> @llvm.maxnum.v16f32(<16 x float>, <16 x float>)
define internal <16 x float> @NAME(<16 x float> %a, <16 x float> %b, <16 x float> %source, i16 %mask, i32 %rounding) {
  %low = call <16 x float> @llvm.maxnum.v16f32(<16 x float> %b, <16 x float> splat (float -250.0))
  %inside = call <16 x float> @llvm.minnum.v16f32(<16 x float> %low, <16 x float> splat (float 250.0))
  %floor = call <16 x float> @llvm.floor.v16f32(<16 x float> %inside)
  %n = fptosi <16 x float> %floor to <16 x i32>
  %half = ashr <16 x i32> %n, splat (i32 1)
  %rest = sub <16 x i32> %n, %half
  %e1 = add <16 x i32> %half, splat (i32 127)
  %e2 = add <16 x i32> %rest, splat (i32 127)
  %b1 = shl <16 x i32> %e1, splat (i32 23)
  %b2 = shl <16 x i32> %e2, splat (i32 23)
  %f1 = bitcast <16 x i32> %b1 to <16 x float>
  %f2 = bitcast <16 x i32> %b2 to <16 x float>
  %r1 = fmul <16 x float> %a, %f1
  %r2 = fmul <16 x float> %r1, %f2
  ret <16 x float> %r2
}""",
}


# To nearest, ties to even; a NaN keeps its sign and becomes quiet.
ROUND = """
define internal <16 x bfloat> @emulated_round(<16 x float> %a) {
  %bits = bitcast <16 x float> %a to <16 x i32>
  %shifted = lshr <16 x i32> %bits, splat (i32 16)
  %last = and <16 x i32> %shifted, splat (i32 1)
  %near = add <16 x i32> %bits, splat (i32 32767)
  %even = add <16 x i32> %near, %last
  %nan = fcmp uno <16 x float> %a, zeroinitializer
  %quiet = or <16 x i32> %bits, splat (i32 4194304)
  %chosen = select <16 x i1> %nan, <16 x i32> %quiet, <16 x i32> %even
  %top = lshr <16 x i32> %chosen, splat (i32 16)
  %words = trunc <16 x i32> %top to <16 x i16>
  %r = bitcast <16 x i16> %words to <16 x bfloat>
  ret <16 x bfloat> %r
}
"""


def checked(*command):
    done = support.call(*command)
    assert done.returncode == 0, f"{' '.join(str(word) for word in command)}: exit {done.returncode}\n{done.stderr}"


def for_this_processor(text):
    """LLVM IR without what only the other processor has."""
    text = re.sub(r'"target-(cpu|features)"="[^"]*"', "", text)
    text = re.sub(r"(attributes #\d+ = \{)\s*\}", r"\1 nounwind }", text)  # none may be empty
    for number, (name, definition) in enumerate(INSTRUCTIONS.items()):
        if f"@{name}(" not in text:
            continue
        text = re.sub(rf"^declare [^\n]*@{re.escape(name)}\([^\n]*\n", "", text, flags=re.M)
        text = text.replace(f"@{name}(", f"@emulated_{number}(") + definition.replace("@NAME(", f"@emulated_{number}(") + "\n"
    if "@emulated_round(" in text:
        text += ROUND
    left = sorted(set(re.findall(r"@llvm\.x86\.[\w.]+", text)))
    assert not left, f"instructions without an emulation: {left}"
    return text


def compile_emulated(source, folder, cpu, options=(), grad=True):
    """As support.compile_program for another processor, but its kernel runs here. Returns the launch description's path."""
    folder = pathlib.Path(folder)
    description = support.compile_program(source, folder, grad=grad, options=(f"--cpu={cpu}", *options))
    flags = ["--grad"] if grad else []
    checked(support.tool("gdpa-compile"), folder / "k.mlir", "--target=cpu", f"--cpu={cpu}", "--emit=llvm", *flags, *options, "-o", folder / "k.ll")
    text = (folder / "k.ll").read_text()
    (folder / "here.ll").write_text(for_this_processor(text))
    checked(LLVM / "llc", "-O2", "-mcpu=native", "-filetype=obj", "-relocation-model=pic", folder / "here.ll", "-o", folder / "here.o")
    library = folder / "k.so"
    checked(LLVM / "ld.lld", "-shared", "-z", "noexecstack", folder / "here.o", "-o", library)
    launch = json.loads(description.read_text())
    launch["code"]["sha256"] = hashlib.sha256(library.read_bytes()).hexdigest()
    launch["cpu_features"] = []
    description.write_text(json.dumps(launch))
    return description, text
