"""usage: parameters.py K.json: compares the parameters of each kernel in the PTX with those that the description names."""
import json
import pathlib
import re
import sys

path = pathlib.Path(sys.argv[1])
description = json.loads(path.read_text())
text = (path.parent / description["code"]["file"]).read_text()
found = {name: len(re.findall(r"\.param", parameters)) for name, parameters in re.findall(r"\.entry (\w+)\((.*?)\n\)", text, re.S)}
named = {kernel["symbol"]: len(kernel["params"]) for entry in description["entries"].values() for kernel in entry["kernels"]}
if found != named:
    sys.exit(f"expected kernels with parameters {named}, found {found}")
