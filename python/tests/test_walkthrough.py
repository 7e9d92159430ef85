"""docs/walkthrough.md is what the tools print."""

import walkthrough


def test_commands_print_what_stands_there():
    wrong = walkthrough.differences()
    assert not wrong, "\n".join(f"$ {command}{what}" for command, what in wrong) + "\nafter a wanted change: python/tests/walkthrough.py --update"


def test_document_has_commands_with_output():
    found = walkthrough.steps(walkthrough.DOCUMENT.read_text())
    assert sum(bool(step["output"]) for step in found) >= 6
