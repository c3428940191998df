"""An LSP client: the JSON-RPC client with what an editor asks."""
from dindtest.jsonrpc import JsonRpcClient


class LspClient(JsonRpcClient):
    COMMAND = ("lsp",)

    def initialize(self, own=True, capabilities=None, **params):
        wanted = capabilities or {}
        if own:
            wanted = wanted | {"experimental": {"dind": {"output": True, "clientCommands": True}}}
        answer = self.call("initialize", {"processId": None, "capabilities": wanted, **params})
        self.notify("initialized", {})
        return answer["result"]

    def open(self, uri, text, language="python"):
        self.notify("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": language, "version": 1, "text": text}})

    def run(self, uri, id=None, token=None, **more):
        params = {"command": "dind.runFile", "arguments": [{"uri": uri, **more}]}
        if token is not None:
            params["workDoneToken"] = token
        return self.ask("workspace/executeCommand", params, id)

    def stop(self, **which):
        return self.call("workspace/executeCommand", {"command": "dind.stop", "arguments": [which] if which else []})

    def output(self, run_id, channel="stdout"):
        return "".join(p["text"] for p in self.sent("dind/output") if p["runId"] == run_id and p["channel"] == channel)
