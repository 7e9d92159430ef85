"""Prints one function per elementary operation: it applies the operation to a buffer, eight elements at a time."""

UNARY = "exp exp2 expm1 log log2 log10 log1p tanh sinh cosh erf sin cos rsqrt".split()
BINARY = {"powf": "math.powf %x, %y", "remf": "arith.remf %x, %y"}


def function(name, expression, inputs):
    arguments = "".join(f"%{i}: memref<?xf32>, " for i in inputs)
    loads = "\n".join(f"    %{v} = vector.load %{i}[%k] : memref<?xf32>, vector<8xf32>" for i, v in zip(inputs, "xy"))
    return f"""func.func @k_{name}({arguments}%out: memref<?xf32>) attributes {{llvm.emit_c_interface, gdpa_cpu.program}} {{
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %n = memref.dim %out, %c0 : memref<?xf32>
  scf.for %k = %c0 to %n step %c8 {{
{loads}
    %r = {expression} : vector<8xf32>
    vector.store %r, %out[%k] : memref<?xf32>, vector<8xf32>
  }}
  return
}}"""


for name in UNARY:
    print(function(name, f"math.{name} %x", ["a"]))
# exp with its result added to a constant takes a cheaper road
print(function("logistic", "arith.divf %one, %sum", ["a"]).replace(
    "    %r =", "    %e = math.exp %x : vector<8xf32>\n    %one = arith.constant dense<1.0> : vector<8xf32>\n"
    "    %sum = arith.addf %e, %one : vector<8xf32>\n    %r ="))
for name, expression in BINARY.items():
    print(function(name, expression, ["a", "b"]))
