"""Evaluates, in numpy's f32, what a block program of NVIDIA's host pipeline does to one score: its activation, and the factor that is left
to the sums. No GPU is needed; the errors of the hardware's functions are not in it.
"""

import re

import numpy as np

import support

PASSES = ["--gdpa-autodiff", "--gdpa-prepare-entry", "--gdpa-simplify-activation=hardware-tanh form-fma=false", "--one-shot-bufferize",
          "--gdpa-plan=target=sm_90", "--convert-gdpa-to-tile", "--canonicalize", "--cse"]

F32 = np.float32
COMPARE = {"gt": np.greater, "ge": np.greater_equal, "lt": np.less, "le": np.less_equal, "eq": np.equal, "ne": np.not_equal}
UNARY = {"math.tanh": np.tanh, "math.exp2": np.exp2, "math.exp": np.exp, "math.log2": np.log2, "math.log": np.log, "math.absf": np.abs,
         "arith.negf": np.negative, "math.sqrt": np.sqrt, "math.sin": np.sin, "math.cos": np.cos}
BINARY = {"arith.mulf": np.multiply, "arith.addf": np.add, "arith.subf": np.subtract, "arith.divf": np.divide,
          "arith.andi": np.logical_and, "arith.ori": np.logical_or, "arith.maxnumf": np.fmax, "arith.minnumf": np.fmin, "arith.maximumf": np.maximum, "arith.minimumf": np.minimum}


def programs(source):
    """{name: Program} of a program text, forward and backward, in bf16."""
    source = re.sub(r"(tensor<(?:\?x)+64x)f32>", r"\1bf16>", source)
    done = support.subprocess.run([support.tool("gdpa-opt"), *PASSES], input=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    texts = re.split(r"^  gdpa_tile\.program @", done.stdout, flags=re.M)[1:]
    return {text[:text.index("(")]: Program(text) for text in texts}


def number(text):
    if text.startswith("0x"):
        return np.array(int(text, 16), np.uint32).view(F32)[()]
    return {"true": True, "false": False}.get(text, None) if text in ("true", "false") else F32(text)


class Program:
    def __init__(self, text):
        self.definitions = {}  # name -> (operation, rest of the line), outside bodies
        self.activation = None  # (arguments, lines)
        self.scales = []  # values that "scale" generics multiply by
        self.arguments = re.findall(r"(%\w+): ([^,)]+(?:<[^)]*?>+)?)", text[:text.index(" attributes")])
        lines = iter(text.splitlines())
        for line in lines:
            if "linalg.generic" in line:
                role = re.search(r'role = "(\w+)"', line)
                body = [next(lines)]
                while "linalg.yield" not in body[-1]:
                    body.append(next(lines))
                if role and role[1] == "activation":
                    self.activation = body
                elif role and role[1] == "scale":
                    self.scales += [re.search(r"arith\.mulf %\w+, (%\w+)", body[1])[1]]
            elif found := re.match(r"\s+(%\w+) = (arith\.\w+|math\.\w+) (.*)", line):
                self.definitions[found[1]] = found.groups()[1:]

    def scalars(self):
        """Names of the f32 parameters, in order: the scale, then captured numbers."""
        return [name for name, type in self.arguments if type == "f32"]

    def evaluate(self, values, operation, rest):
        if operation == "gdpa_tile.keep":
            return True
        operands = [self.lookup(values, name) for name in re.findall(r"%\w+(?:#\d+)?", rest)]
        with np.errstate(all="ignore"):
            if operation == "arith.constant":
                return number(rest.split(" ")[0])
            if operation in UNARY:
                return UNARY[operation](np.asarray(operands[0], np.float64)).astype(F32)
            if operation in BINARY:
                return BINARY[operation](*operands)
            if operation == "math.fma":
                a, b, c = (np.asarray(operand, np.float64) for operand in operands)
                return (a * b + c).astype(F32)
            if operation == "arith.select":
                return np.where(*operands)
            if operation == "arith.cmpf":
                return compare(rest.split(",")[0], *operands)
            if operation == "math.clampf":
                return np.minimum(np.maximum(operands[0], operands[1]), operands[2])
            if operation in ("arith.truncf", "arith.extf"):
                return operands[0]
        raise NotImplementedError(f"{operation} {rest}")

    def lookup(self, values, name):
        if name not in values:
            values[name] = self.evaluate(values, *(self.body.get(name) or self.definitions[name]))
        return values[name]

    def run(self, scalars, *scores):
        """What the activation yields for scores (and cotangents) with the values of the f32 parameters; and the scales' values."""
        values = dict(zip(self.scalars(), (F32(scalar) for scalar in scalars)))
        names = re.findall(r"(%\w+): ", self.activation[0])
        values.update(zip(names, scores))
        lines = [re.match(r"\s+(%\w+) = (\S+) (.*)", line) for line in self.activation[1:-1]]
        self.body = {line[1]: line.groups()[1:] for line in lines}
        yielded = re.match(r"\s+linalg\.yield (.*) :", self.activation[-1])[1].split(",")
        results = [self.lookup(values, name.strip()) for name in yielded]
        return results, [self.lookup(values, name) for name in self.scales]


def compare(predicate, lhs, rhs):
    either = np.isnan(lhs) | np.isnan(rhs)
    if predicate in ("ord", "uno"):
        return either if predicate == "uno" else ~either
    result = COMPARE[predicate[1:]](lhs, rhs)
    return result & ~either if predicate[0] == "o" else result | either
