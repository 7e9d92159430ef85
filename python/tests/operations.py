"""One small activation for each operation of arith, math and scf that a region may hold, with the same in numpy.

A case's body computes %z from %s (f32), %i and %j (index); its formula takes s, i, j as arrays. Where an operation jumps or has
an unbounded slope, the body keeps the score away from there.
"""

import dataclasses
import re
from typing import Callable

import numpy as np
from scipy import special


@dataclasses.dataclass(frozen=True)
class Operation:
    name: str
    body: str
    formula: Callable  # formula(s, i, j) -> z
    # away from kinks central differences mean something; where a rule rounds, jumps or counts they do not
    gradient: bool = True


CASES = []


def case(name, body, formula, **options):
    CASES.append(Operation(name, body, formula, **options))


def unary(name, formula, before="", inner=lambda s: s, **options):
    """z = op(x), where `before` computes %x from %s; without it x = s."""
    case(name, (before or "%x = arith.mulf %s, %one : f32") + f"\n%z = {name} %x : f32", lambda s, i, j: formula(inner(s)), **options)


def double_angle(x):
    return np.sin(x) * np.cos(x)


UNIT = ("%x = math.tanh %s : f32", np.tanh)
POSITIVE = ("%p = arith.mulf %s, %s : f32\n%x = arith.addf %p, %half : f32", lambda s: s * s + 0.5)
ABOVE_ONE = ("%p = arith.mulf %s, %s : f32\n%x = arith.addf %p, %two : f32", lambda s: s * s + 2)
# the rest of a rounded value, 0.3 to 0.7, far from the jumps of a step function: x = floor(3 s) + 0.5 + 0.2 sin(s)
STEADY = ("%m = arith.mulf %s, %three : f32\n%n = math.floor %m : f32\n%w = math.sin %s : f32\n%v = arith.mulf %w, %fifth : f32\n"
          "%h = arith.addf %n, %quarter : f32\n%x = arith.addf %h, %v : f32", lambda s: np.floor(3 * s) + 0.25 + 0.2 * np.sin(s))

for name, formula in {
        "arith.negf": np.negative, "math.absf": np.abs, "math.exp": np.exp, "math.exp2": np.exp2, "math.expm1": np.expm1,
        "math.tanh": np.tanh, "math.sinh": np.sinh, "math.cosh": np.cosh, "math.asinh": np.arcsinh, "math.atan": np.arctan,
        "math.erf": special.erf, "math.erfc": special.erfc, "math.sin": np.sin, "math.cos": np.cos}.items():
    unary(name, formula)
for name, formula in {"math.asin": np.arcsin, "math.acos": np.arccos, "math.atanh": np.arctanh}.items():
    unary(name, formula, "%t = math.tanh %s : f32\n%x = arith.mulf %t, %most : f32", lambda s: 0.75 * np.tanh(s))
unary("math.tan", np.tan, *UNIT)
unary("math.acosh", np.arccosh, *ABOVE_ONE)
for name, formula in {"math.log": np.log, "math.log2": np.log2, "math.log10": np.log10, "math.log1p": np.log1p, "math.sqrt": np.sqrt,
                      "math.rsqrt": lambda x: 1 / np.sqrt(x), "math.cbrt": np.cbrt}.items():
    unary(name, formula, *POSITIVE)
for name, formula in {"math.floor": np.floor, "math.ceil": np.ceil, "math.trunc": np.trunc, "math.roundeven": np.rint,
                      "math.round": lambda x: np.trunc(x + np.copysign(0.5, x))}.items():
    case(name, STEADY[0] + f"\n%y = {name} %x : f32\n%z = arith.mulf %y, %s : f32",
         lambda s, i, j, f=formula: f(STEADY[1](s)) * s, gradient=False)

for name, formula in {"arith.addf": np.add, "arith.subf": np.subtract, "arith.mulf": np.multiply, "arith.maximumf": np.maximum,
                      "arith.minimumf": np.minimum, "arith.maxnumf": np.fmax, "arith.minnumf": np.fmin, "math.atan2": np.arctan2}.items():
    case(name, f"%t = math.sin %s : f32\n%u = arith.addf %t, %two : f32\n%v = arith.mulf %s, %u : f32\n%z = {name} %u, %v : f32",
         lambda s, i, j, f=formula: f(np.sin(s) + 2, s * (np.sin(s) + 2)))
case("arith.divf", "%e = math.exp %s : f32\n%d = arith.addf %e, %one : f32\n%z = arith.divf %s, %d : f32", lambda s, i, j: s / (1 + np.exp(s)))
case("arith.remf", "%m = arith.mulf %s, %s : f32\n%d = arith.addf %m, %three : f32\n%z = arith.remf %s, %d : f32", lambda s, i, j: np.fmod(s, s * s + 3))
case("math.powf", POSITIVE[0] + "\n%z = math.powf %x, %s : f32", lambda s, i, j: (s * s + 0.5) ** s)
case("math.powf of a constant", POSITIVE[0] + "\n%c = arith.constant 1.75 : f32\n%z = math.powf %x, %c : f32", lambda s, i, j: (s * s + 0.5) ** 1.75)
case("math.powf of whole constants", "%c = arith.constant 3.0 : f32\n%a = math.powf %s, %c : f32\n%d = arith.constant -2.0 : f32\n" + ABOVE_ONE[0]
     + "\n%r = math.powf %x, %d : f32\n%z = arith.addf %a, %r : f32", lambda s, i, j: s**3 + (s * s + 2) ** -2.0)
for exponent in (-3, 0, 1, 5):
    case(f"math.fpowi of {exponent}", ABOVE_ONE[0] + f"\n%n = arith.constant {exponent} : i32\n%y = math.fpowi %x, %n : f32, i32\n%z = arith.mulf %y, %s : f32",
         lambda s, i, j, n=exponent: (s * s + 2) ** n * s)
case("math.fpowi", "%four = arith.constant 4 : index\n%r = arith.remui %j, %four : index\n%n = arith.index_cast %r : index to i32\n"
     "%m = arith.subi %n, %i1 : i32\n" + POSITIVE[0] + "\n%z = math.fpowi %x, %m : f32, i32", lambda s, i, j: (s * s + 0.5) ** (j % 4 - 1.0))
case("math.sincos", "%a, %d = math.sincos %s : f32\n%z = arith.mulf %a, %d : f32", lambda s, i, j: double_angle(s))
case("math.copysign", "%t = math.exp %s : f32\n%z = math.copysign %t, %s : f32", lambda s, i, j: np.copysign(np.exp(s), s), gradient=False)
case("math.fma", "%t = math.sin %s : f32\n%z = math.fma %s, %t, %half : f32", lambda s, i, j: s * np.sin(s) + 0.5)
case("math.clampf", "%l = arith.negf %half : f32\n%z = math.clampf %s to [%l, %two] : f32", lambda s, i, j: np.clip(s, -0.5, 2))
case("arith.select", "%c = arith.cmpf ogt, %s, %zero : f32\n%t = math.sin %s : f32\n%z = arith.select %c, %t, %s : f32", lambda s, i, j: np.where(s > 0, np.sin(s), s))
PREDICATES = {"oeq": False, "ogt": True, "oge": True, "olt": True, "ole": True, "one": True, "ord": False, "ueq": False, "ugt": True, "uge": True,
              "ult": True, "ule": True, "une": True, "uno": False, "true": False, "false": False}
COMPARE = {"eq": np.equal, "gt": np.greater, "ge": np.greater_equal, "lt": np.less, "le": np.less_equal, "ne": np.not_equal}
for predicate in PREDICATES:
    # compared with a number that no score equals, and with NaN: %n is NaN in every third column
    kind, which = predicate[0], COMPARE.get(predicate[1:])
    def holds(s, i, j, predicate=predicate, kind=kind, which=which):
        right = np.where(j % 3 == 0, np.nan, 0.25) + 0 * s
        unordered = np.isnan(right)
        if predicate in ("true", "false"):
            return np.full(s.shape, predicate == "true")
        if predicate in ("ord", "uno"):
            return unordered == (predicate == "uno")
        return np.where(unordered, kind == "u", which(s, right))
    case(f"arith.cmpf {predicate}", "%m = arith.constant 3 : index\n%r = arith.remui %j, %m : index\n%c0 = arith.constant 0 : index\n"
         "%t = arith.cmpi eq, %r, %c0 : index\n%nan = arith.constant 0x7FC00000 : f32\n%n = arith.select %t, %nan, %quarter : f32\n"
         f"%c = arith.cmpf {predicate}, %s, %n : f32\n%d = arith.mulf %s, %two : f32\n%z = arith.select %c, %d, %s : f32",
         lambda s, i, j, holds=holds: np.where(holds(s, i, j), 2 * s, s), gradient=False)
for name, special_value in {"math.isnan": "0x7FC00000", "math.isinf": "0x7F800000", "math.isfinite": "0x7F800000", "math.isnormal": "0x00000001"}.items():
    positive = name in ("math.isnan", "math.isinf")
    case(name, f"%odd = arith.constant {special_value} : f32\n%m = arith.constant 2 : index\n%r = arith.remui %j, %m : index\n"
         f"%c1 = arith.constant 1 : index\n%t = arith.cmpi eq, %r, %c1 : index\n%n = arith.select %t, %odd, %s : f32\n%c = {name} %n : f32\n"
         "%d = arith.mulf %s, %two : f32\n%z = arith.select %c, %d, %s : f32",
         lambda s, i, j, positive=positive: np.where((j % 2 == 1) == positive, 2 * s, s))

# conversions
for kind in ("bf16", "f16"):
    # x is a whole number of eighths: it converts exactly
    case(f"arith.truncf and arith.extf of {kind}", "%m = arith.constant 8.0 : f32\n%t = arith.mulf %s, %m : f32\n%u = math.floor %t : f32\n%v = arith.divf %u, %m : f32\n"
         f"%n = arith.truncf %v : f32 to {kind}\n%w = arith.extf %n : {kind} to f32\n%z = arith.mulf %w, %s : f32", lambda s, i, j: np.floor(8 * s) / 8 * s, gradient=False)
case("arith.sitofp", "%t = arith.subi %i, %j : index\n%n = arith.index_cast %t : index to i32\n%f = arith.sitofp %n : i32 to f32\n"
     "%g = arith.mulf %f, %fifth : f32\n%z = arith.mulf %g, %s : f32", lambda s, i, j: (i - j) * 0.2 * s)
case("arith.sitofp of i64", "%t = arith.subi %i, %j : index\n%n = arith.index_cast %t : index to i64\n%f = arith.sitofp %n : i64 to f32\n"
     "%g = arith.mulf %f, %fifth : f32\n%z = arith.mulf %g, %s : f32", lambda s, i, j: (i - j) * 0.2 * s)
case("arith.uitofp", "%n = arith.index_castui %j : index to i32\n%f = arith.uitofp %n : i32 to f32\n%g = arith.mulf %f, %fifth : f32\n%z = arith.mulf %g, %s : f32",
     lambda s, i, j: j * 0.2 * s)
case("arith.uitofp of i1", "%c = arith.cmpi sgt, %i, %j : index\n%f = arith.uitofp %c : i1 to f32\n%g = arith.addf %f, %one : f32\n%z = arith.mulf %g, %s : f32",
     lambda s, i, j: np.where(i > j, 2, 1) * s)
case("arith.fptosi", STEADY[0] + "\n%r = arith.fptosi %x : f32 to i32\n%f = arith.sitofp %r : i32 to f32\n%z = arith.mulf %f, %s : f32",
     lambda s, i, j: np.trunc(STEADY[1](s)) * s, gradient=False)
case("arith.fptoui", STEADY[0] + "\n%a = math.absf %x : f32\n%r = arith.fptoui %a : f32 to i32\n%f = arith.uitofp %r : i32 to f32\n%z = arith.mulf %f, %s : f32",
     lambda s, i, j: np.trunc(np.abs(STEADY[1](s))) * s, gradient=False)

# integers, on a = i + 3 and b = j mod 7 + 1, with signs
INTEGER = """%k3 = arith.constant 3 : index
%k7 = arith.constant 7 : index
%k1 = arith.constant 1 : index
%a0 = arith.addi %i, %k3 : index
%b0 = arith.remui %j, %k7 : index
%b1 = arith.addi %b0, %k1 : index
%a2 = arith.index_cast %a0 : index to i32
%y = arith.index_cast %b1 : index to i32
%x = SIGN
"""
NEGATIVE = "arith.subi %i0, %a2 : i32"
KEPT = "arith.addi %i0, %a2 : i32"
AFTER = "\n%f = arith.sitofp %r : i32 to f32\n%g = arith.mulf %f, %tenth : f32\n%z = arith.mulf %g, %s : f32"


def integers(name, formula, negative=False, suffix="i32"):
    def z(s, i, j):
        a, b = (-1 if negative else 1) * (i + 3) + 0 * j, j % 7 + 1 + 0 * i
        return formula(a, b) * 0.1 * s
    label = name + (" of a negative number" if negative else "")
    case(label, INTEGER.replace("SIGN", NEGATIVE if negative else KEPT) + f"%r = {name} %x, %y : {suffix}" + AFTER, z)


for name, formula in {
        "arith.addi": np.add, "arith.subi": np.subtract, "arith.muli": np.multiply, "arith.divui": np.floor_divide, "arith.remui": np.remainder,
        "arith.ceildivui": lambda a, b: -(-a // b), "arith.andi": np.bitwise_and, "arith.ori": np.bitwise_or, "arith.xori": np.bitwise_xor,
        "arith.shli": np.left_shift, "arith.shrui": np.right_shift, "arith.maxui": np.maximum, "arith.minui": np.minimum}.items():
    integers(name, formula)
for name, formula in {
        "arith.divsi": lambda a, b: np.trunc(a / b), "arith.remsi": np.fmod, "arith.floordivsi": np.floor_divide, "arith.ceildivsi": lambda a, b: -(-a // b),
        "arith.shrsi": np.right_shift, "arith.maxsi": np.maximum, "arith.minsi": np.minimum}.items():
    integers(name, formula)
    integers(name, formula, negative=True)
for predicate, which in {"eq": np.equal, "ne": np.not_equal, "slt": np.less, "sle": np.less_equal, "sgt": np.greater, "sge": np.greater_equal,
                         "ult": np.less, "ule": np.less_equal, "ugt": np.greater, "uge": np.greater_equal}.items():
    case(f"arith.cmpi {predicate}", f"%c = arith.cmpi {predicate}, %i, %j : index\n%d = arith.mulf %s, %two : f32\n%z = arith.select %c, %d, %s : f32",
         lambda s, i, j, f=which: np.where(f(i, j), 2, 1) * s)
case("arith.extsi, extui, trunci", INTEGER.replace("SIGN", NEGATIVE) + "%n = arith.trunci %x : i32 to i8\n%w = arith.extsi %n : i8 to i32\n%m = arith.trunci %y : i32 to i16\n"
     "%u = arith.extui %m : i16 to i32\n%r = arith.addi %w, %u : i32" + AFTER, lambda s, i, j: (-(i + 3) + j % 7 + 1) * 0.1 * s)
case("arith.bitcast of an integer", INTEGER.replace("SIGN", KEPT) + "%q = arith.bitcast %x : i32 to i32\n%r = arith.addi %q, %y : i32" + AFTER,
     lambda s, i, j: (i + 3 + j % 7 + 1) * 0.1 * s)
case("math.absi", INTEGER.replace("SIGN", NEGATIVE) + "%q = math.absi %x : i32\n%r = arith.addi %q, %y : i32" + AFTER, lambda s, i, j: (i + 3 + j % 7 + 1) * 0.1 * s)
case("math.ipowi", INTEGER.replace("SIGN", KEPT) + "%q = arith.constant 2 : i32\n%t = arith.minsi %x, %q : i32\n%r = math.ipowi %t, %y : i32" + AFTER, lambda s, i, j: 2.0 ** (j % 7 + 1) * 0.1 * s)
for name, formula in {"math.ctpop": lambda a: np.bitwise_count(a), "math.ctlz": lambda a: 31 - np.floor(np.log2(a)), "math.cttz": lambda a: np.log2(a & -a)}.items():
    case(name, INTEGER.replace("SIGN", KEPT) + f"%q = {name} %x : i32\n%r = arith.addi %q, %y : i32" + AFTER, lambda s, i, j, f=formula: (f(i + 3) + j % 7 + 1) * 0.1 * s)
case("arith.addui_extended", INTEGER.replace("SIGN", NEGATIVE) + "%q, %c = arith.addui_extended %x, %y : i32, i1\n%r = arith.select %c, %y, %q : i32" + AFTER,
     lambda s, i, j: np.where(j % 7 + 1 >= i + 3, j % 7 + 1, j % 7 + 1 - (i + 3)) * 0.1 * s)
case("arith.mulsi_extended", INTEGER.replace("SIGN", NEGATIVE) + "%q, %h = arith.mulsi_extended %x, %y : i32\n%r = arith.subi %q, %h : i32" + AFTER,
     lambda s, i, j: (-(i + 3) * (j % 7 + 1) + 1) * 0.1 * s)
case("arith.mului_extended", INTEGER.replace("SIGN", KEPT) + "%q, %h = arith.mului_extended %x, %y : i32\n%r = arith.addi %q, %h : i32" + AFTER,
     lambda s, i, j: (i + 3) * (j % 7 + 1) * 0.1 * s)

# control flow
case("scf.if", """%c = arith.cmpf ogt, %s, %zero : f32
%z = scf.if %c -> f32 {
  %t = math.sin %s : f32
  scf.yield %t : f32
} else {
  %e = math.expm1 %s : f32
  scf.yield %e : f32
}""", lambda s, i, j: np.where(s > 0, np.sin(s), np.expm1(s)))
LOOP = """%l0 = arith.constant 0 : index
%l1 = arith.constant 1 : index
%l5 = arith.constant 5 : index
%z = scf.for %n = %l0 to %l5 step %l1 iter_args(%x = %s) -> f32 {
  %k = arith.index_cast %n : index to i32
  %f = arith.sitofp %k : i32 to f32
  %g = arith.mulf %f, %fifth : f32
  %t = math.sin %x : f32
  %y = arith.addf %t, %g : f32
  scf.yield %y : f32
}"""


def loop(s, i, j):
    for n in range(5):
        s = np.sin(s) + 0.2 * n
    return s


case("scf.for", LOOP, loop)
case("scf.if in scf.for", """%l0 = arith.constant 0 : index
%l2 = arith.constant 2 : index
%l7 = arith.constant 7 : index
%z, %last = scf.for %n = %l0 to %l7 step %l2 iter_args(%x = %s, %w = %one) -> (f32, f32) {
  %c = arith.cmpf olt, %x, %half : f32
  %y = scf.if %c -> f32 {
    %t = arith.mulf %x, %w : f32
    scf.yield %t : f32
  } else {
    %t = math.tanh %x : f32
    scf.yield %t : f32
  }
  %v = arith.addf %w, %fifth : f32
  scf.yield %y, %v : f32, f32
}""", lambda s, i, j: branching_loop(s), gradient=False)


def branching_loop(s):
    w = 1.0
    for _ in range(0, 7, 2):
        s, w = np.where(s < 0.5, s * w, np.tanh(s)), w + 0.2
    return s


def union(operations, name):
    """One operation whose z is the sum of those of `operations`."""
    bodies, total = [], None
    for number, operation in enumerate(operations):
        local = set(re.findall(r"%(\w+)(?=[\w,% ]* = |: index\))", operation.body)) | set(re.findall(r"%(\w+) = %", operation.body))
        body = re.sub(r"%(\w+)", lambda m: f"%u{number}_{m[1]}" if m[1] in local else m[0], operation.body)
        bodies.append(body)
        term = f"%u{number}_z"
        bodies.append(f"%u{number}_total = arith.addf {total}, {term} : f32" if total else f"%u{number}_total = arith.addf {term}, %zero : f32")
        total = f"%u{number}_total"
    body = "\n".join(bodies) + f"\n%z = arith.addf {total}, %zero : f32"
    return Operation(name, body, lambda s, i, j: sum(o.formula(s, i, j) for o in operations), all(o.gradient for o in operations))


def grouped():
    """The cases, with the comparisons and the integer operations in one case each."""
    groups, rest = {}, []
    for operation in CASES:
        kind = operation.name.split(" ")[0]
        if kind in ("arith.cmpf", "arith.cmpi"):
            groups.setdefault(kind, []).append(operation)
        elif "%x = SIGN" not in operation.body and "%b1 = arith.addi" in operation.body:
            groups.setdefault("integers of a negative number" if operation.name.endswith("negative number") else "integers", []).append(operation)
        else:
            rest.append(operation)
    return rest + [union(group, name) for name, group in groups.items()]


CONSTANTS = {"zero": 0.0, "one": 1.0, "two": 2.0, "three": 3.0, "half": 0.5, "quarter": 0.25, "fifth": 0.2, "tenth": 0.1, "most": 0.75}


def source(operation, columns=16, dtype="f32", compute="f32"):
    """The attention program whose activation is the case's body."""
    constants = "\n".join(f"%{name} = arith.constant {value} : f32" for name, value in CONSTANTS.items())
    body = f"{constants}\n%i0 = arith.constant 0 : i32\n%i1 = arith.constant 1 : i32\n{operation.body}"
    if compute != "f32":
        body = body.replace("f32", compute)
    body = "\n".join("        " + line for line in body.splitlines())
    return f"""!rows = tensor<?x?x?x{columns}x{dtype}>
func.func @attention(%q: !rows {{gdpa.name = "q"}}, %k: !rows {{gdpa.name = "k"}}, %v: !rows {{gdpa.name = "v"}},
                     %scale: {compute} {{gdpa.name = "scale"}}) -> !rows {{
  %d0 = arith.constant 0 : index
  %d1 = arith.constant 1 : index
  %d2 = arith.constant 2 : index
  %batch = tensor.dim %q, %d0 : !rows
  %heads = tensor.dim %q, %d1 : !rows
  %queries = tensor.dim %q, %d2 : !rows
  %o0 = tensor.empty(%batch, %heads, %queries) : !rows
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : !rows, !rows, !rows)
      outs(%o0 : !rows)
      scale(%scale : {compute})
      activation(%s: {compute}, %b: index, %head: index, %i: index, %j: index, %nq: index, %nk: index) {{
{body}
        gdpa.yield %z : {compute}
      }}
      -> !rows
  return %o : !rows
}}
"""
