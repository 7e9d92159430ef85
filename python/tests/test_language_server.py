"""An editor session with gdpa-lsp-server: hover, go to definition, references and diagnostics in our syntax."""

import pytest
import support
from language_client import Editor

URI = "file:///attention.mlir"
SOURCE = (support.ROOT / "examples" / "sigmoid-bias.mlir").read_text()


@pytest.fixture
def editor():
    editor = Editor([support.tool("gdpa-lsp-server")])
    yield editor
    assert editor.close() == 0


def place(text, fragment, word):
    """Line and column of `word` in the line of SOURCE that holds `fragment`."""
    found = [(number, line) for number, line in enumerate(text.splitlines()) if fragment in line]
    assert len(found) == 1, fragment
    number, line = found[0]
    return number, line.index(word, line.index(fragment))


def test_hover_shows_operations_and_values(editor):
    assert editor.open(URI, SOURCE) == []
    shown = editor.hover(URI, place(SOURCE, "gdpa.attention bhsd none", "gdpa.attention"))
    assert '"gdpa.attention"' in shown and "layout = #gdpa.layout<bhsd>" in shown
    assert "`index`" in editor.hover(URI, place(SOURCE, "arith.index_cast %nk", "%nk"))
    score = editor.hover(URI, place(SOURCE, "arith.addf %s, %shift", "%s"))
    assert '"gdpa.attention"' in score and "Argument #0" in score and "`f32`" in score


def test_definition_leads_out_of_and_into_regions(editor):
    editor.open(URI, SOURCE)
    # An operand, a value of the region, an argument of the region that has the name of one of the function.
    assert editor.definition(URI, place(SOURCE, "ins(%q, %k, %v", "%k")) == [place(SOURCE, '%k: !key', "%k")]
    assert editor.definition(URI, place(SOURCE, "gdpa.yield %z", "%z")) == [place(SOURCE, "%z = arith.divf", "%z")]
    assert editor.definition(URI, place(SOURCE, "tensor.extract %bias[%h]", "%bias")) == [place(SOURCE, "activation(", "%bias")]
    assert editor.definition(URI, place(SOURCE, "captures(%bias", "%bias")) == [place(SOURCE, "%bias: tensor<?xf32> {", "%bias")]
    uses = editor.request("textDocument/references", {"textDocument": {"uri": URI}, "context": {"includeDeclaration": False},
                                                      "position": dict(zip(("line", "character"), place(SOURCE, "%log_nk = ", "%log_nk")))})
    assert place(SOURCE, "arith.subf", "%log_nk")[0] in [use["range"]["start"]["line"] for use in uses]


@pytest.mark.parametrize("right, wrong, at, message", [
    ("gdpa.yield %z : f32", "gdpa.yield %h : index", "gdpa.yield", "expected activation to yield 'f32', found 'index'"),
    ("gdpa.attention bhsd none", "gdpa.attention bhds none", "bhds", "expected layout bhsd, bshd or thd, found 'bhds'"),
    ("scale(%scale : f32)", "scale(%nowhere : f32)", "%nowhere", "use of undeclared SSA value name"),
    ("outs(%o0 : !output)", "outs(%q, %o0 : !query, !output)", "gdpa.attention bhsd", "expected no destination of statistics"),
])
def test_diagnostics_come_and_go(editor, right, wrong, at, message):
    assert SOURCE.count(right) == 1
    broken = SOURCE.replace(right, wrong)
    found = editor.open(URI, broken)
    assert [diagnostic["severity"] for diagnostic in found] == [1]
    assert message in found[0]["message"]
    start = found[0]["range"]["start"]
    assert (start["line"], start["character"]) == place(broken, at, at)
    assert editor.change(URI, 2, SOURCE) == []
