"""The Debian packages: what they depend on, and that they install and work in a system that has nothing else.

One test, since everything needs the packages.
"""

import os
import re
import shutil
import subprocess

import numpy as np
import oracle
import pytest
import support

VERSION = re.search(r"project\(GDPA VERSION (\S+)", (support.ROOT / "CMakeLists.txt").read_text())[1]
PACKAGES = support.BUILD / "packages"


def output(*command):
    return subprocess.run([str(word) for word in command], check=True, text=True, stdout=subprocess.PIPE).stdout


def package(name):
    return PACKAGES / f"{name}_{VERSION}_{output('dpkg', '--print-architecture').strip()}.deb"


def dependencies(name):
    return [re.sub(r" \(.*?\)", "", entry.strip()) for entry in output("dpkg-deb", "-f", package(name), "Depends").split(",")]


def files(name):
    return [line.split()[5] for line in output("dpkg-deb", "-c", package(name)).splitlines() if not line.startswith("d")]


def check_packages():
    """What the packages hold and ask for."""
    subprocess.run(["cpack", "-G", "DEB"], cwd=support.BUILD, check=True, stdout=subprocess.DEVNULL)
    assert {"./usr/bin/gdpa-run", f"./usr/lib/libgdpa_runtime.so.{VERSION}"} <= set(files("gdpa-runtime"))
    assert {"./usr/bin/gdpa-compile", "./usr/bin/gdpa-opt", "./usr/lib/GDPAPlugin.so", f"./usr/lib/libGDPA.so.{VERSION}"} <= set(files("gdpa"))
    assert {"./usr/include/gdpa/InitAll.h", "./usr/lib/cmake/GDPA/GDPAConfig.cmake", "./usr/lib/libGDPA.so"} <= set(files("gdpa-dev"))
    assert not [name for name in dependencies("gdpa-runtime") if "llvm" in name or "mlir" in name or "cuda" in name]
    assert {"gdpa-runtime", "libmlir-22", "libllvm22", "lld-22 | binutils"} <= set(dependencies("gdpa"))
    assert {"gdpa", "libmlir-22-dev", "llvm-22-dev"} <= set(dependencies("gdpa-dev"))


def can_make_a_root():
    return (os.geteuid() == 0 and shutil.which("mmdebstrap") and support.call("unshare", "--mount", "true").returncode == 0)


def check_clean_root(root):
    """Compiles and runs a kernel in a minimal system with the packages."""
    subprocess.run([support.ROOT / "scripts" / "clean-root.sh", root, "gdpa"], check=True)
    inputs = support.make_inputs(np.random.default_rng(3), "f32", 1, 2, 2, 33, 70, 64, 64)
    for name in "qkv":
        np.save(root / "tmp" / f"{name}.npy", inputs[name])
    shutil.copy(support.ROOT / "examples" / "silu.mlir", root / "tmp")
    commands = ("cd /tmp && gdpa-compile silu.mlir --target=cpu -o k.so && "
                "gdpa-run k.json --arg q=q.npy --arg k=k.npy --arg v=v.npy --arg scale=0.125 --out o=o.npy && "
                "gdpa-opt silu.mlir --gdpa-autodiff")
    differentiated = output("chroot", root, "/bin/sh", "-c", commands)
    assert "gdpa.attention_backward" in differentiated
    case = oracle.Attention(*(inputs[name].astype(np.float64) for name in "qkv"), 0.125, lambda s, *_: s / (1 + np.exp(-s)))
    assert oracle.error(np.load(root / "tmp" / "o.npy"), case.forward()) < 1e-5


def test_packages(tmp_path):
    check_packages()
    if not can_make_a_root():
        pytest.skip("the packages are as they should be; installing them in a clean root needs root, mmdebstrap and mounts")
    check_clean_root(tmp_path / "root")
    shutil.rmtree(tmp_path / "root")
