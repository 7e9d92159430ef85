# Configuration of the lit suite. Each .mlir or .test file below test/ with a RUN line is a test.
#
# Substitutions: %examples (the examples' folder), %python (an interpreter with numpy, if `make setup` made one), %ptxas.
# Features: ptxas (an assembler was found), gpu (a CUDA device node exists), avx512f, avx512_bf16, system-linux.
import glob
import os
import shutil

import lit.formats

config.name = "GDPA"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "Upstream", "CMakeLists.txt"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.gdpa_binary_root, "test")

tools = os.path.join(config.gdpa_binary_root, "bin")
config.environment["PATH"] = os.pathsep.join([tools, config.llvm_tools_dir, os.environ.get("PATH", "")])
config.environment["FILECHECK_OPTS"] = "--dump-input=fail --enable-var-scope"

venv = os.path.join(config.gdpa_source_root, ".venv")
venv_python = os.path.join(venv, "bin", "python")
config.substitutions.append(("%python", venv_python if os.path.exists(venv_python) else config.gdpa_python))
config.substitutions.append(("%examples", os.path.join(config.gdpa_source_root, "examples")))


def find_ptxas():
    in_venv = glob.glob(os.path.join(venv, "lib", "python3*", "site-packages", "nvidia", "cu13", "bin", "ptxas"))
    return in_venv[0] if in_venv else shutil.which("ptxas")


ptxas = find_ptxas()
if ptxas:
    config.available_features.add("ptxas")
    config.substitutions.append(("%ptxas", ptxas))
if os.path.exists("/dev/nvidia0"):
    config.available_features.add("gpu")
try:
    with open("/proc/cpuinfo") as cpuinfo:
        flags = next((line for line in cpuinfo if line.startswith("flags")), "").split()
except OSError:
    flags = []
for feature in ("avx2", "avx512f", "avx512_bf16"):
    if feature in flags:
        config.available_features.add(feature)
