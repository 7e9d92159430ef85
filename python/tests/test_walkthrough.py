"""The documents that show commands show what the commands print."""

import pytest

import walkthrough


@pytest.mark.parametrize("document", walkthrough.DOCUMENTS, ids=lambda path: path.name)
def test_commands_print_what_stands_there(document):
    wrong = walkthrough.differences(document)
    assert not wrong, "\n".join(f"$ {command}{what}" for command, what in wrong) + "\nafter a wanted change: python/tests/walkthrough.py --update"


@pytest.mark.parametrize("document", walkthrough.DOCUMENTS, ids=lambda path: path.name)
def test_document_has_commands_with_output(document):
    found = walkthrough.STEP.finditer(document.read_text())
    assert sum(bool(step["output"]) for step in found) >= 6
