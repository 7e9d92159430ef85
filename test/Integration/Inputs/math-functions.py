"""Prints one function per elementary operation: it applies the operation to a buffer, eight (f32) or four (f64) elements at a time.

    math-functions.py [exact|fast] [f32] [f64]
"""

import sys

UNARY = ("exp exp2 expm1 log log2 log10 log1p tanh sinh cosh asinh acosh atanh erf erfc sin cos tan asin acos atan cbrt "
         "rsqrt").split()
BINARY = {"powf": "math.powf %x, %y", "remf": "arith.remf %x, %y", "atan2": "math.atan2 %x, %y"}
LANES = {"f32": 8, "f64": 4}


def function(name, expression, inputs, kind, precision):
    lanes = LANES[kind]
    arguments = "".join(f"%{i}: memref<?x{kind}>, " for i in inputs)
    loads = "\n".join(f"    %{v} = vector.load %{i}[%k] : memref<?x{kind}>, vector<{lanes}x{kind}>" for i, v in zip(inputs, "xy"))
    attributes = f"llvm.emit_c_interface, gdpa_cpu.program, precision = #gdpa.precision<{precision}>"
    return f"""func.func @{kind}_{name}({arguments}%out: memref<?x{kind}>) attributes {{{attributes}}} {{
  %c0 = arith.constant 0 : index
  %step = arith.constant {lanes} : index
  %n = memref.dim %out, %c0 : memref<?x{kind}>
  scf.for %k = %c0 to %n step %step {{
{loads}
    %r = {expression} : vector<{lanes}x{kind}>
    vector.store %r, %out[%k] : memref<?x{kind}>, vector<{lanes}x{kind}>
  }}
  return
}}"""


precision = "fast" if "fast" in sys.argv else "exact"
for kind in LANES:
    if kind not in sys.argv and not (kind == "f32" and "f64" not in sys.argv):
        continue
    for name in UNARY:
        print(function(name, f"math.{name} %x", ["a"], kind, precision))
    # exp with its result added to a constant takes a cheaper road
    print(function("logistic", "arith.divf %one, %sum", ["a"], kind, precision).replace(
        "    %r =", f"    %e = math.exp %x : vector<{LANES[kind]}x{kind}>\n    %one = arith.constant dense<1.0> : vector<{LANES[kind]}x{kind}>\n"
        f"    %sum = arith.addf %e, %one : vector<{LANES[kind]}x{kind}>\n    %r ="))
    for name, expression in BINARY.items():
        print(function(name, expression, ["a", "b"], kind, precision))
