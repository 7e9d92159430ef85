"""No activation may cost more instructions in NVIDIA kernels than docs/activation-cost.md says.

benchmarks/gpu/instructions.py writes the table anew. FP32 and MUFU may not grow at all; the other instructions, where ptxas has its own
ideas, by a quarter of an instruction or a tenth.
"""

import sys

import pytest

import support

sys.path.append(str(support.ROOT / "benchmarks" / "gpu"))
import instructions  # noqa: E402

TABLE = instructions.parse((support.ROOT / "docs" / "activation-cost.md").read_text())


@pytest.mark.skipif(not (instructions.find_tool("ptxas") and instructions.find_tool("nvdisasm")), reason="no ptxas or nvdisasm: make setup")
@pytest.mark.parametrize("name", instructions.programs())
def test_costs_no_more_than_the_table(name, tmp_path):
    found = instructions.costs(instructions.programs()[name], tmp_path, support.tool("gdpa-compile"))
    assert set(found) == set(instructions.PRODUCTS)
    for kind, (fp32, mufu, other) in found.items():
        most = TABLE[name][kind]
        assert fp32 <= most[0] + 0.01 and mufu <= most[1] + 0.01, f"{name} {kind}: {fp32} + {mufu}, in the table {most[0]} + {most[1]}"
        assert other <= max(most[2] * 1.1, most[2] + 0.25), f"{name} {kind}: {other} other instructions, in the table {most[2]}"


def test_the_table_is_whole():
    assert set(TABLE) == set(instructions.programs())
