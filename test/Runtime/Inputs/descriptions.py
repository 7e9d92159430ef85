"""usage: descriptions.py TOY_KERNELS SCHEMA DIRECTORY

Good descriptions are valid by the schema and run; broken ones are refused by gdpa-run with exit status 1 and the message given
here, and, where a schema can tell, by the schema.
"""
import json
import os
import subprocess
import sys

import artefact
import jsonschema

toy, schema_path, directory = sys.argv[1:]
os.chdir(directory)
with open(schema_path) as opened:
    schema = json.load(opened)
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
with open("code.ptx", "w") as opened:
    opened.write("fake ptx")

GOOD = ["attention", "copy", "copy-bf16", "copy-i1", "scalar", "cuda", "tensor-map"]
GOOD_CHANGES = [
    ("copy", ['precision="fast"', 'cpu_features=["avx2"]', 'schedule=""', "registers=168", "spill_bytes=0"]),
    ("copy", ['arguments.0.type="index"', 'arguments.1.type="i64"', "arguments.0.stride_multiple_bytes=16"]),
    ("cuda", ["entries.forward.kernels.0.cluster=[1,1,1]", 'target="sm_100f"', 'target="sm_120"']),
    ("tensor-map", ["entries.forward.kernels.0.params.0.swizzle=0", "entries.forward.kernels.0.params.0.box=[256,256,1]"]),
    ("tensor-map", ['arguments.0.type="f16"', 'arguments.1.type="f16"', "entries.forward.kernels.0.params.0.box=[64,256,256]"]),
]

KERNEL = "entries.forward.kernels.0"
MAP = KERNEL + ".params.0"
# kind, changes, whether the schema can tell, message
BROKEN = [
    ("copy", ["gdpa_launch=2"], True, "gdpa_launch: expected version 1 of the launch description, found 2"),
    ("copy", ['gdpa_launch="1"'], True, "gdpa_launch: expected version 1 of the launch description, found \"1\""),
    ("copy", ["gdpa_launch=null"], True, "missing key 'gdpa_launch'"),
    ("copy", ["target=null"], True, "missing key 'target'"),
    ("copy", ['target="gpu"'], True, "target: expected a target: 'cpu', 'reference' or 'sm_NN', found \"gpu\""),
    ("copy", ['target="sm_"'], True, "target: expected a target"),
    ("copy", ['target="sm_90z"'], True, "target: expected a target"),
    ("copy", ["target=80"], True, "target: expected a string, found 80"),
    ("copy", ["extra=1"], True, "unknown key 'extra'; expected 'gdpa_launch'"),
    ("copy", ["code.sha256=null"], True, "code: missing key 'sha256'"),
    ("copy", ['code.sha256="12"'], True, "code.sha256: expected 64 lower-case hex digits, found \"12\""),
    ("copy", ['code.file="../k.so"'], True, "code.file: expected the name of a file beside the description, found"),
    ("copy", ['code.file="none.so"'], False, "code.file: cannot read './none.so': No such file or directory"),
    ("copy", ['code.sha256="%s"' % ("0" * 64)], False, "code.sha256: expected " + "0" * 64 + ", found "),
    ("copy", ['code="k.so"'], True, "code: expected an object, found \"k.so\""),
    ("copy", ['precision="double"'], True, "precision: expected one of 'exact', 'fast', found \"double\""),
    ("copy", ['cpu_features=["fast"]'], False, "unknown processor feature 'fast'"),
    ("copy", ["schedule=7"], True, "schedule: expected a string, found 7"),
    ("copy", ["registers=-1"], True, "registers: expected an integer from 0 to 2147483647, found -1"),
    ("copy", ["arguments=[]"], True, "arguments: expected an array of 1 to 1024 elements, found an array of 0 elements"),
    ("copy", ["arguments={}"], True, "arguments: expected an array, found an object"),
    ("copy", ["arguments.0.name=null"], True, "arguments[0]: missing key 'name'"),
    ("copy", ["arguments.0.kind=1"], True, "arguments[0]: unknown key 'kind'; expected 'name', 'type', 'shape', 'access'"),
    ("copy", ['arguments.1.name="q"'], False, "arguments[1].name: expected a name of its own, found \"q\""),
    ("copy", ['arguments.0.type="f8"'], True, "arguments[0].type: expected one of 'f64', "),
    ("copy", ['arguments.0.access="readwrite"'], True, "arguments[0].access: expected one of 'read', 'write', found"),
    ("copy", ['arguments.0.role="query"'], True, "arguments[0].role: expected one of 'q', "),
    ("copy", ['arguments.0.shape=["m"]'], False, "arguments[0].shape[0]: expected an extent or a symbol that stands in "
                                                "'symbols', found \"m\""),
    ("copy", ["arguments.0.shape=[-1]"], True, "arguments[0].shape[0]: expected an integer of at least 0, found -1"),
    ("copy", ["arguments.0.shape=[1.5]"], True, "arguments[0].shape[0]: expected an integer of at least 0, found 1.5"),
    ("copy", ["arguments.0.shape=[1,1,1,1,1,1,1]"], True, "arguments[0].shape: expected an array of 0 to 6 elements"),
    ("copy", ["arguments.0.stride_multiple_bytes=6"], False, "expected a multiple of the element's 4 bytes, found 6"),
    ("copy", ['symbols.n=["q",1]'], False, "symbols.n[1]: expected an integer from 0 to 0, found 1"),
    ("copy", ['symbols.n=["q"]'], True, "symbols.n: expected an array of 2 elements, found an array of 1 elements"),
    ("copy", ['symbols.n=["x",0]'], False, "symbols.n[0]: expected the name of an argument, found \"x\""),
    ("copy", ['symbols.n=["q",0]', "arguments.0.shape=[4]"], False, "symbols.n: dimension 0 of argument 'q' is not 'n'"),
    ("copy", ['symbols.sm_count=["q",0]'], True, "symbols.sm_count: the symbol 'sm_count' is reserved"),
    ("scalar", ['symbols.n=["q",0]'], False, "symbols.n: argument 'q' is a scalar"),
    ("copy", ["entries={}"], True, "entries: expected at least one entry, found none"),
    ("copy", ["entries=[]"], True, "entries: expected an object, found an array of 0 elements"),
    ("copy", ["entries.forward.symbol=null"], True, "entries.forward: missing key 'symbol'"),
    ("copy", ['entries.forward.symbol="none"'], False, "expected the function 'none' of entry 'forward', found none"),
    ("copy", ["entries.forward.kernels=[]"], True, "entries.forward: unknown key 'kernels'"),
    ("copy", ['entries.forward.arguments=["q","q"]'], True, "entries.forward.arguments[1]: argument 'q' stands twice"),
    ("copy", ['entries.forward.arguments=["q","x"]'], False, "entries.forward.arguments[1]: expected the name of an argument"),
    ("copy", ['entries.forward.workspace=[{"name":"w","bytes":1}]'], True, "workspace[0]: missing key 'init'"),
    ("copy", ['entries.forward.workspace=[{"name":"w","bytes":1,"init":"ones"}]'], True,
     "workspace[0].init: expected one of 'zero', 'none', found \"ones\""),
    ("copy", ['entries.forward.workspace=[{"name":"w","bytes":"m","init":"none"}]'], False,
     "workspace[0].bytes: expected a symbol that stands in 'symbols', or 'sm_count', found \"m\""),
    ("copy", ['entries.forward.workspace=[{"name":"w","bytes":"sm_count","init":"none"}]'], False,
     "workspace[0].bytes: 'sm_count' has no meaning for target 'cpu'"),
    ("copy", ['entries.forward.workspace=[{"name":"w","bytes":["div","n",2],"init":"none"}]'], True,
     "workspace[0].bytes[0]: expected one of 'add', 'sub', 'mul', 'ceildiv', 'floordiv', 'min', 'max', found \"div\""),
    ("copy", ['entries.forward.workspace=[{"name":"w","bytes":["add","n"],"init":"none"}]'], True,
     "workspace[0].bytes: expected an array of 3 elements, found an array of 2 elements"),
    ("copy", ['entries.forward.workspace=[{"name":"w","bytes":1.5,"init":"none"}]'], True,
     "workspace[0].bytes: expected a size expression (an integer, a symbol or [op, a, b]), found 1.5"),
    ("copy", ['entries.forward.workspace=[{"name":"w","bytes":["sub",0,"n"],"init":"none"}]'], False,
     "workspace 'w' of entry 'forward': expected a size of at least 0, found -4"),
    ("copy", ['entries.forward.workspace=[{"name":"w","bytes":["floordiv",1,["sub","n",4]],"init":"none"}]'], False,
     "workspace 'w' of entry 'forward': division by zero in a size expression"),
    ("copy", ['entries.forward.workspace=[{"name":"w","bytes":["mul","n",9223372036854775807],"init":"none"}]'], False,
     "workspace 'w' of entry 'forward': overflow in a size expression"),
    ("cuda", [KERNEL + ".grid=[1,1]"], True, "grid: expected an array of 3 elements"),
    ("cuda", [KERNEL + ".block=[2048,1,1]"], True, "block[0]: expected an integer from 1 to 1024, found 2048"),
    ("cuda", [KERNEL + ".threads=1"], True, "kernels[0]: unknown key 'threads'"),
    ("cuda", [KERNEL + ".symbol=null"], True, "kernels[0]: missing key 'symbol'"),
    ("cuda", ["entries.forward.kernels=[]"], True, "kernels: expected an array of 1 to 64 elements"),
    ("cuda", [KERNEL + ".params.0={}"], True, "params[0]: expected a parameter: an object with 'pointer', "),
    ("cuda", [KERNEL + '.params.0={"pointer":"q","stride":["q",0]}'], True, "params[0]: unknown key 'stride'"),
    ("cuda", [KERNEL + '.params.0={"pointer":"x"}'], False, "params[0].pointer: expected the name of an argument"),
    ("cuda", [KERNEL + '.params.0={"pointer":"scale"}'], False, "argument 'scale' is passed both as 'scalar' and as 'pointer'"),
    ("cuda", [KERNEL + '.params.0={"scalar":"q"}'], False, "params[0].scalar: expected a scalar that is read, found \"q\""),
    ("cuda", [KERNEL + '.params.0={"size":["q",1]}'], False, "params[0].size[1]: expected an integer from 0 to 0, found 1"),
    ("cuda", [KERNEL + '.params.0={"size":["scale",0]}'], False, "params[0].size[0]: expected a tensor, found \"scale\""),
    ("cuda", [KERNEL + '.params.0={"value":1}'], True, "params[0]: missing key 'type'"),
    ("cuda", [KERNEL + '.params.0={"value":1,"type":"f64"}'], True, "params[0].type: expected one of 'i32', 'i64', 'f32'"),
    ("cuda", [KERNEL + '.params.0={"workspace":"x"}'], False, "params[0].workspace: expected the name of a workspace"),
    ("tensor-map", [MAP + ".tensor_map=null"], True, "params[0]: expected a parameter: an object with 'pointer', "),
    ("tensor-map", [MAP + ".swizzle=null"], True, "params[0]: missing key 'swizzle'"),
    ("tensor-map", [MAP + ".type=\"i64\""], True, "params[0]: unknown key 'type'; expected 'tensor_map', 'dims', 'box', 'swizzle'"),
    ("tensor-map", [MAP + ".tensor_map=\"x\""], False, "params[0].tensor_map: expected the name of an argument, found \"x\""),
    ("tensor-map", ['arguments.0.type="i32"'], False,
     "params[0].tensor_map: expected an argument of type bf16, f16 or f32, found \"q\""),
    ("tensor-map", ['arguments.0.shape=["Sk","Hkv",1,1,1,1]'], False,
     "params[0].tensor_map: expected an argument of 1 to 5 dimensions, found \"q\""),
    ("tensor-map", [MAP + ".dims=[2,0]"], False, "params[0].dims: expected an array of 3 elements, found an array of 2 elements"),
    ("tensor-map", [MAP + ".dims=[2,0,3]"], False, "params[0].dims[2]: expected an integer from 0 to 2, found 3"),
    ("tensor-map", [MAP + ".dims=[2,0,-1]"], True, "params[0].dims[2]: expected an integer from 0 to 2, found -1"),
    ("tensor-map", [MAP + ".dims=[2,0,2]"], True, "params[0].dims[2]: dimension 2 stands twice"),
    ("tensor-map", [MAP + ".box=[32,4,1,1]"], False, "params[0].box: expected an array of 3 elements, found an array of 4 elements"),
    ("tensor-map", [MAP + ".box=[32,0,1]"], True, "params[0].box[1]: expected an integer from 1 to 256, found 0"),
    ("tensor-map", [MAP + ".box=[32,257,1]"], True, "params[0].box[1]: expected an integer from 1 to 256, found 257"),
    ("tensor-map", [MAP + ".box=[36,4,1]"], False, "params[0].box[0]: expected at most the 128 bytes of the swizzle, found 36"),
    ("tensor-map", [MAP + ".box=[30,4,1]"], False, "params[0].box[0]: expected a multiple of 16 bytes, found 30"),
    ("tensor-map", [MAP + ".swizzle=64"], True, "params[0].swizzle: expected 0 or 128, found 64"),
    ("tensor-map", [MAP + ".swizzle=256"], True, "params[0].swizzle: expected an integer from 0 to 128, found 256"),
    ("cuda", ['entries.forward.arguments=["q","scale"]'], False,
     "params[1].pointer: expected an argument of the entry 'forward', found \"o\""),
]

# Not JSON, or JSON that cannot be trusted.
TEXTS = [
    ("", ":1:1: expected JSON, found ''"),
    ("{\"gdpa_launch\": 1,\n \"target\": cpu}", ":2:12: expected JSON, found '"),
    ("{\"gdpa_launch\": 1, \"gdpa_launch\": 1}", "key 'gdpa_launch' stands twice in one object"),
    ("[" * 100000, "nested more than 64 levels deep"),
    ("\x7fELF\0\1\2", ":1:1: expected JSON, found '"),
    ("[]", "expected an object, found an array of 0 elements"),
    ("7", "expected an object, found 7"),
]

failures = 0


def fail(text):
    global failures
    failures += 1
    print(text)


def make(kind, changes):
    return artefact.make(kind, ".", "code.ptx" if kind in artefact.CUDA else toy, changes)


def run(*arguments):
    return subprocess.run(["gdpa-run", "k.json", *arguments], capture_output=True, text=True)


def expect_message(what, message, *arguments):
    found = run(*arguments)
    lines = found.stderr.splitlines()
    if found.returncode != 1 or len(lines) != 1 or message not in lines[0] or "k.json" not in lines[0] and "k.so" not in lines[0]:
        fail(f"{what}:\n  expected exit status 1 and: {message}\n  found {found.returncode} and: {found.stderr}")


with open("v.npy", "wb") as opened:
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }".ljust(117) + b"\n"
    opened.write(b"\x93NUMPY\x01\x00\x76\x00" + header + b"\0" * 16)

for kind, changes in [(kind, []) for kind in GOOD] + GOOD_CHANGES:
    for error in validator.iter_errors(make(kind, changes)):
        fail(f"{kind} {changes}: the schema refuses a good description: {error.message}")
    # A name that no artefact has: the description was read.
    found = run("--arg", "no-such-name=1")
    if found.returncode != 2 or "no-such-name" not in found.stderr:
        fail(f"{kind} {changes}: the runtime refuses a good description: {found.stderr}")

for kind, changes, schema_tells, message in BROKEN:
    refused = not validator.is_valid(make(kind, changes))
    if refused != schema_tells:
        fail(f"{kind} {changes}: expected the schema to {'refuse' if schema_tells else 'accept'} it")
    expect_message(f"{kind} {changes}", message, "--arg", "q=v.npy", *(["--arg", "scale=1"] if kind == "cuda" else []))

for text, message in TEXTS:
    with open("k.json", "w") as opened:
        opened.write(text)
    expect_message(repr(text[:40]), message)

sys.exit(f"{failures} failures" if failures else 0)
