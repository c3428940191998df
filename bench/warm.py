"""A `dind-executor rpc` server under the bench's eye: which sandboxes wait is read from its log."""
import json
import subprocess
import threading
import time

from server import PROGRAM

LIMIT = 120


class Ready:
    """A server that keeps sandboxes waiting, or with `most=0` none. Any number of threads may run; each answer is its request's."""

    def __init__(self, home, most=2, **configuration):
        self.child = subprocess.Popen([PROGRAM, "--log-level", "debug", "rpc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                      env=home.environment(warmPool={"max": most}, **configuration))
        self.lock, self.changed = threading.Lock(), threading.Condition()
        self.open, self.next_id = {}, 0
        self.waiting, self.owed, self.taken = 0, 0, 0
        threading.Thread(target=self._read_log, daemon=True).start()
        threading.Thread(target=self._read, daemon=True).start()

    def _read_log(self):
        for line in self.child.stderr:
            with self.changed:
                if b"is warm" in line:
                    self.waiting += 1
                elif b"Uses the warm sandbox" in line:
                    self.waiting, self.taken = self.waiting - 1, self.taken + 1
                elif b" ended: " in line:
                    self.owed += 1
                elif b"Removed the container" in line:
                    self.owed -= 1
                self.changed.notify_all()

    def _read(self):
        stream = self.child.stdout
        while head := stream.readline():
            while stream.readline() != b"\r\n":
                pass
            body = stream.read(int(head.split(b":")[1]))
            now = time.perf_counter()
            if b'"method":"run/output"' in body:
                run = json.loads(body)["params"]["runId"]
                self.open[run].setdefault("first", now)
            elif b'"id":' in body and b'"method"' not in body[:60] and (message := json.loads(body)).get("id") is not None:
                each = self.open[message["id"]]
                each |= {"end": now, "answer": message}
                each["done"].set()

    def run(self, code="print(1)", runId=None):
        """(seconds to the first byte, seconds to the result)"""
        return self.ask("runPythonCode", runId, code=code)

    def build(self, dockerfile, context):
        return self.ask("buildAndRun", None, dockerfileContent=dockerfile, contextPath=context)

    def ask(self, method, run_id, **params):
        with self.lock:
            self.next_id += 1
            name = run_id or f"r{self.next_id}"
            each = self.open[name] = self.open[self.next_id] = {"done": threading.Event()}
            number = self.next_id
            body = json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params | {"stream": True, "runId": name}}).encode()
            message = b"Content-Length: %d\r\n\r\n" % len(body) + body
            begun = time.perf_counter()
            self.child.stdin.write(message)
            self.child.stdin.flush()
        if not each["done"].wait(LIMIT):
            raise SystemExit("the server did not answer")
        result = each["answer"].get("result")
        if result is None or result["verdict"] != "ok":
            raise SystemExit(f"a run of the bench failed: {each['answer']}")
        del self.open[name], self.open[number]
        return each.get("first", each["end"]) - begun, each["end"] - begun

    def quiet(self, waiting):
        """Until so many sandboxes wait and everything that ran is removed."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.waiting >= waiting and self.owed <= 0, LIMIT):
                raise SystemExit(f"{self.waiting} sandboxes wait and {self.owed} are not removed: {waiting} and 0 were expected")

    def close(self):
        self.child.stdin.close()
        self.child.wait()
        self.child.stdout.close()
