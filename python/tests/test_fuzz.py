"""The fuzzer knows every pass of ours by itself, and the reproducers of upstream's crashes still crash in upstream alone."""

import re
import subprocess

import support


def registered_passes():
    names = []
    for path in sorted((support.ROOT / "include").rglob("Passes.td")):
        names += re.findall(r'^def \w+\s*:\s*Pass<"([^"]+)"', path.read_text(), flags=re.M)
    assert len(names) > 20
    return names


def test_every_pass_is_fuzzed():
    listed = subprocess.run([support.tool("gdpa-fuzz"), "--list-pipelines"], capture_output=True, text=True, check=True).stdout
    alone = {re.sub(r"\{.*\}", "", re.findall(r"\(([^()]*)\)", line)[-1]) for line in listed.splitlines() if line.startswith("builtin.module(")}
    assert set(registered_passes()) - alone == set()
