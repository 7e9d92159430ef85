"""The install tree: what is in it, that it can be removed, that each of its headers compiles by itself."""

import os
import pathlib
import shutil
import subprocess

import pytest
import support

LLVM = pathlib.Path("/usr/lib/llvm-22")
HEADERS = sorted(str(path.relative_to(support.ROOT / "include")) for path in (support.ROOT / "include").rglob("*.h"))


def script(what, prefix, destination=""):
    return subprocess.run([support.ROOT / "scripts" / "install.sh", what], env={**os.environ, "PREFIX": str(prefix), "DESTDIR": str(destination)},
                          check=True, text=True, capture_output=True).stdout


@pytest.fixture(scope="module")
def tree(worker_id):
    """An installation, one for each worker."""
    folder = support.BUILD / "test" / f"installed-{worker_id}"
    shutil.rmtree(folder, ignore_errors=True)
    script("install", folder)
    return folder


def test_uninstall_removes_what_install_put_and_nothing_else(tmp_path):
    prefix = tmp_path / "stage" / "opt" / "gdpa"
    prefix.mkdir(parents=True)
    (prefix / "bin").mkdir()
    (prefix / "bin" / "other").write_text("a file of somebody else")
    script("install", "/opt/gdpa", tmp_path / "stage")
    for name in ("bin/gdpa-opt", "lib/libGDPA.so", "lib/GDPAPlugin.so", "lib/cmake/GDPA/GDPAConfig.cmake", "include/gdpa/InitAll.h"):
        assert (prefix / name).exists()
    script("uninstall", "/opt/gdpa", tmp_path / "stage")
    assert [path for path in prefix.rglob("*") if not path.is_dir()] == [prefix / "bin" / "other"]
    assert [path for path in prefix.rglob("*") if path.is_dir()] == [prefix / "bin"]


def test_uninstall_without_an_installation_is_an_error(tmp_path):
    with pytest.raises(subprocess.CalledProcessError) as failed:
        script("uninstall", tmp_path)
    assert "expected the list of an installation" in failed.value.stderr


def test_installed_tools_use_the_installed_library(tree):
    listed = subprocess.run(["ldd", tree / "bin" / "gdpa-opt"], check=True, text=True, capture_output=True).stdout
    libraries = {line.split()[0]: pathlib.Path(line.split()[2]).resolve() for line in listed.splitlines() if " => " in line}
    assert libraries["libGDPA.so.0.1"].parent == tree / "lib"
    assert not [name for name, path in libraries.items() if path.is_relative_to(support.BUILD / "lib")]
    # A runtime without LLVM.
    for name in ("bin/gdpa-run", "lib/libgdpa_runtime.so"):
        assert "LLVM" not in subprocess.run(["ldd", tree / name], check=True, text=True, capture_output=True).stdout


def test_installed_compiler_compiles(tree, tmp_path):
    subprocess.run([tree / "bin" / "gdpa-compile", support.ROOT / "examples" / "silu.mlir", "--target=cpu", "-o", tmp_path / "k.so"], check=True)
    assert (tmp_path / "k.json").exists()


def test_all_headers_are_installed(tree):
    installed = sorted(str(path.relative_to(tree / "include")) for path in (tree / "include").rglob("*.h"))
    assert installed == HEADERS


@pytest.mark.parametrize("header", HEADERS)
def test_header_compiles_alone(tree, header):
    language = "c++" if header.startswith("gdpa/") else "c"
    source = pathlib.Path(header.replace("/", "-")).with_suffix(".cpp" if language == "c++" else ".c")
    # Twice: its guard holds.
    (tree / source).write_text(f'#include "{header}"\n#include "{header}"\n')
    standard = ["-std=c++17"] if language == "c++" else ["-std=c11", "-pedantic"]
    compiler = [shutil.which("ccache") or "env", LLVM / "bin" / ("clang++" if language == "c++" else "clang")]
    done = subprocess.run([*compiler, *standard, "-Wall", "-Werror", "-Iinclude", "-isystem", LLVM / "include", "-c", source, "-o", source.with_suffix(".o")],
                          cwd=tree, env={**os.environ, "CCACHE_NOHASHDIR": "1"}, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
