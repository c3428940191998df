"""A scripted Messages API on loopback, in place of the real one: it asks for one tool call and repeats the tool's answer.

Runs inside the backend's container: messages_api.py PORT TOOL CODE. The Claude Agent SDK is pointed at it by ANTHROPIC_BASE_URL.
"""
import http.server
import json
import sys

PORT, TOOL, CODE = int(sys.argv[1]), sys.argv[2], sys.argv[3]


def tool_result(messages):
    """The text of the last tool result, if there is one."""
    for message in reversed(messages):
        for block in message["content"] if isinstance(message["content"], list) else []:
            if block.get("type") == "tool_result":
                content = block["content"]
                return content if isinstance(content, str) else "".join(each.get("text", "") for each in content)
    return None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.answer(b"", "text/plain")

    do_GET = do_HEAD

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        if "count_tokens" in self.path:
            return self.answer(b'{"input_tokens": 1}', "application/json")
        if not self.path.startswith("/v1/messages"):
            return self.answer(b"{}", "application/json")
        said = tool_result(body.get("messages", []))
        offered = [each.get("name") for each in body.get("tools", [])]
        if TOOL in offered and said is None:
            block = {"type": "tool_use", "id": "toolu_1", "name": TOOL, "input": {"code": CODE}}
        else:
            block = {"type": "text", "text": f"The tool said: {said}" if said is not None else "hello"}
        self.answer(*((stream(body, block), "text/event-stream") if body.get("stream") else (json.dumps(message(body, [block])).encode(), "application/json")))

    def answer(self, data, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def message(body, content):
    reason = "tool_use" if content and content[0]["type"] == "tool_use" else "end_turn"
    return {"id": "msg_1", "type": "message", "role": "assistant", "model": body.get("model", "m"), "content": content,
            "stop_reason": reason if content else None, "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1}}


def stream(body, block):
    whole = message(body, [block])
    if block["type"] == "text":
        start, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": block["text"]}
    else:
        start, delta = block | {"input": {}}, {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    events = [{"type": "message_start", "message": message(body, [])}, {"type": "content_block_start", "index": 0, "content_block": start},
              {"type": "content_block_delta", "index": 0, "delta": delta}, {"type": "content_block_stop", "index": 0},
              {"type": "message_delta", "delta": {"stop_reason": whole["stop_reason"], "stop_sequence": None}, "usage": {"output_tokens": 1}},
              {"type": "message_stop"}]
    return "".join(f"event: {each['type']}\ndata: {json.dumps(each)}\n\n" for each in events).encode()


if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
