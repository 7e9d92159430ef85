"""Folders for failing programs and a note of what is run."""

import pytest
import support


def pytest_report_header(config):
    return f"build: {support.BUILD}, level: {'nightly' if support.NIGHTLY else 'ci'}, ptxas: {support.find_ptxas()}"


@pytest.fixture(scope="session", autouse=True)
def built():
    missing = [name for name in ("gdpa-opt", "gdpa-compile", "gdpa-run") if not (support.BUILD / "bin" / name).exists()]
    if missing:
        pytest.exit(f"{support.BUILD}/bin lacks {', '.join(missing)}: run make", returncode=2)


@pytest.fixture
def failures():
    """Where a failing random program is kept."""
    folder = support.BUILD / "test-failures"
    folder.mkdir(exist_ok=True)
    return folder
