"""An editor, as far as gdpa-lsp-server sees one: JSON-RPC over the server's standard streams, framed as the Language Server Protocol says."""

import json
import subprocess


class Editor:
    """Talks to one server. Positions are (line, column), from 0."""

    def __init__(self, command):
        self.server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.number = 0
        # What the server published of each document, oldest first.
        self.published = {}
        self.capabilities = self.request("initialize", {"processId": None, "rootUri": None, "capabilities": {}})["capabilities"]
        self.notify("initialized", {})

    def send(self, message):
        text = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(text), text))
        self.server.stdin.flush()

    def receive(self):
        length = None
        while (line := self.server.stdout.readline().strip()) or length is None:
            if not line:
                raise EOFError("the server has closed its output")
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        message = json.loads(self.server.stdout.read(length))
        if message.get("method") == "textDocument/publishDiagnostics":
            self.published.setdefault(message["params"]["uri"], []).append(message["params"]["diagnostics"])
        return message

    def request(self, method, parameters):
        self.number += 1
        self.send({"id": self.number, "method": method, "params": parameters})
        while (message := self.receive()).get("id") != self.number:
            pass
        assert "error" not in message, message["error"]
        return message["result"]

    def notify(self, method, parameters):
        self.send({"method": method, "params": parameters})

    def open(self, uri, text):
        """Opens a document and returns its diagnostics."""
        self.notify("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "mlir", "version": 1, "text": text}})
        return self.diagnostics(uri, 1)

    def change(self, uri, version, text):
        """Replaces the text of a document and returns its diagnostics."""
        before = len(self.published.get(uri, []))
        self.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": version}, "contentChanges": [{"text": text}]})
        return self.diagnostics(uri, before + 1)

    def diagnostics(self, uri, count):
        while len(self.published.get(uri, [])) < count:
            self.receive()
        return self.published[uri][-1]

    def at(self, method, uri, position):
        return self.request(f"textDocument/{method}", {"textDocument": {"uri": uri}, "position": {"line": position[0], "character": position[1]}})

    def hover(self, uri, position):
        """The text that is shown at a position; "" where there is none."""
        result = self.at("hover", uri, position)
        return result["contents"]["value"] if result else ""

    def definition(self, uri, position):
        """The places (line, column) where what stands at a position is defined."""
        starts = [place["range"]["start"] for place in self.at("definition", uri, position)]
        return [(start["line"], start["character"]) for start in starts]

    def close(self):
        self.request("shutdown", None)
        self.notify("exit", None)
        return self.server.wait(timeout=30)
