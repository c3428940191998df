"""The program under test: `lsp` servers and `run` processes, in a HOME of the bench. It reads their messages and events."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import engine
from processes import children

PROGRAM = os.environ["BENCH_PROGRAM"]
PYTHON, SHELL = "dind-executor/runtime-python:bookworm", "dind-executor/runtime-shell:bookworm"
LIMIT = 120  # seconds; no answer may take longer: a run that hangs ends the bench


class Home:
    """A folder for programs, configurations and the history."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="dind-bench-"))
        self.files, self.configurations, self.lock = 0, {}, threading.Lock()

    def file(self, text, suffix=".py"):
        with self.lock:
            self.files += 1
            path = self.folder / f"program-{self.files}{suffix}"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def environment(self, **configuration):
        text = json.dumps(configuration, sort_keys=True)
        with self.lock:
            if text not in self.configurations:  # written once: another may be reading it
                self.configurations[text] = self.folder / f"configuration-{len(self.configurations)}.json"
                self.configurations[text].write_text(text)
        base = {key: value for key, value in os.environ.items() if not key.startswith(("DIND_", "BENCH_"))}
        mark = {"DIND_TEST_RUN": os.environ["DIND_TEST_RUN"]} if "DIND_TEST_RUN" in os.environ else {}
        return base | mark | {"HOME": str(self.folder), "XDG_STATE_HOME": str(self.folder / "state"), "DIND_CONFIG": str(self.configurations[text])}

    def history(self):
        return self.folder / "state/dind-executor/history.db"

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Request:
    """A request and its answers: one, if all is well."""

    def __init__(self):
        self.sent_at = time.monotonic()
        self.answers = []  # (when, message)
        self.answered = threading.Event()

    def wait(self, within=LIMIT):
        if not self.answered.wait(within):
            raise SystemExit(f"the server did not answer within {within} s")
        return self.answers[0][1]

    def took(self):
        return self.answers[0][0] - self.sent_at

    def error_kind(self):
        return self.wait().get("error", {}).get("data", {}).get("kind")


class Run(Request):
    """A run of a server. States and output come as it goes."""

    def __init__(self, run_id, request_id):
        super().__init__()
        self.run_id, self.request_id = run_id, request_id
        self.states = {}   # state, and "preparing/STAGE" → when it was first heard of
        self.heard = threading.Condition()
        self.text = []
        self.on_text = self.text.append

    def verdict(self):
        return self.wait().get("result", {}).get("verdict")

    def until(self, state, within=LIMIT):
        with self.heard:
            self.heard.wait_for(lambda: state in self.states or self.answered.is_set(), within)
        return self.states.get(state)


class Server:
    """`dind-executor lsp`, with a thread that reads all that it says, unless `read` is false."""

    def __init__(self, home, read=True, **configuration):
        self.child = subprocess.Popen([PROGRAM, "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                      env=home.environment(**configuration))
        self.lock = threading.Lock()
        self.requests, self.runs, self.every, self.next_id = {}, {}, [], 0
        self.reading = threading.Event()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        if read:
            self.reading.set()
        first = self.ask("initialize", {"processId": None, "capabilities": {"experimental": {"dind": {"output": True, "clientCommands": True}}}})
        if read:
            first.wait()
        self.notify("initialized", {})

    @property
    def pid(self):
        return self.child.pid

    def _read(self):
        self.reading.wait()
        stream = self.child.stdout
        try:
            while header := stream.readline():
                length = int(header.split(b":")[1])
                stream.readline()
                body = stream.read(length)
                self._take(time.monotonic(), json.loads(body))
        except ValueError:
            pass  # killed within a message, or closed

    def _take(self, at, message):
        if "method" not in message:
            request = self.requests.get(message.get("id"))
            if request:
                request.answers.append((at, message))
                request.answered.set()
                if isinstance(request, Run):
                    with request.heard:
                        request.heard.notify_all()
            return
        params = message.get("params") or {}
        run = self.runs.get(params.get("runId"))
        if run and message["method"] == "dind/output":
            run.on_text(params["text"])
        elif run and message["method"] == "dind/run":
            with run.heard:
                run.states.setdefault(params["state"], at)
                if "stage" in params:
                    run.states.setdefault(params["state"] + "/" + params["stage"], at)
                run.heard.notify_all()

    def _write(self, message):
        body = json.dumps(message).encode()
        self.child.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.child.stdin.flush()

    def notify(self, method, params):
        with self.lock:
            self._write({"jsonrpc": "2.0", "method": method, "params": params})

    def _send(self, make, method, params):
        with self.lock:
            self.next_id += 1
            request = make(self.next_id)
            self.requests[self.next_id] = request
            self.every.append(request)
            self._write({"jsonrpc": "2.0", "id": self.next_id, "method": method, "params": params})
            return request

    def ask(self, method, params=None):
        return self._send(lambda _: Request(), method, params)

    def run(self, path, run_id, on_text=None, **more):
        def make(request_id):
            run = self.runs[run_id] = Run(run_id, request_id)
            run.on_text = on_text or run.on_text
            return run
        return self._send(make, "workspace/executeCommand", {"command": "dind.runFile", "arguments": [{"uri": path.as_uri(), "runId": run_id} | more]})

    def stop(self, run_id):
        return self.ask("workspace/executeCommand", {"command": "dind.stop", "arguments": [{"runId": run_id}]})

    def forget(self, run):
        """An answered request needs no memory; a second answer is still counted."""
        self.runs.pop(run.run_id, None)
        run.text = []

    def figures(self):
        waiting = [each for each in engine.waiting() if each in engine.containers_of(self.pid, waiting=True)]
        files = connections = 0
        for each in os.listdir(f"/proc/{self.pid}/fd"):
            try:
                socket = os.readlink(f"/proc/{self.pid}/fd/{each}").startswith("socket:")
            except OSError:
                continue  # it has just been closed
            connections, files = connections + socket, files + (not socket)
        # A warm sandbox has a connection.
        return {"fds but connections": files, "connections": connections - len(waiting), "threads": len(os.listdir(f"/proc/{self.pid}/task")),
                "children": children(self.pid)}

    def kill(self):
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()
        self._close()

    def close(self, within=20):
        try:
            self.child.stdin.close()
        except BrokenPipeError:
            pass
        self.reading.set()
        try:
            return self.child.wait(within)
        except subprocess.TimeoutExpired:
            self.child.kill()
            return self.child.wait()
        finally:
            self._close()

    def _close(self):
        self.reading.set()
        self.thread.join(5)
        for stream in (self.child.stdin, self.child.stdout):
            try:
                stream.close()
            except (BrokenPipeError, ValueError):
                pass


class Command:
    """`dind-executor run --json ...`, its events with the time at which each came."""

    def __init__(self, home, *arguments, stdin=b"", **configuration):
        self.begun = time.monotonic()
        self.child = subprocess.Popen([PROGRAM, "run", "--no-handover", "--json", *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                      env=home.environment(**configuration))
        self.events, self.heard, self.errors = [], threading.Condition(), b""
        self.threads = [threading.Thread(target=each, args=more, daemon=True) for each, more in ((self._read, ()), (self._feed, (stdin,)))]
        for thread in self.threads:
            thread.start()

    @property
    def pid(self):
        return self.child.pid

    def _feed(self, data):
        try:
            self.child.stdin.write(data)
            self.child.stdin.close()
        except (BrokenPipeError, ValueError):
            pass

    def _read(self):
        for line in self.child.stdout:
            at = time.monotonic()
            try:
                event = json.loads(line)
            except ValueError:
                break  # killed within a line
            with self.heard:
                self.events.append((at, event))
                self.heard.notify_all()
        self.errors = self.child.stderr.read()
        with self.heard:
            self.events.append((time.monotonic(), {"event": "end"}))
            self.heard.notify_all()

    def _first(self, *names):
        return next((each for each in self.events if each[1]["event"] in names), None)

    def until(self, name, within=LIMIT):
        """When the event came, or None if the process ended without it."""
        with self.heard:
            self.heard.wait_for(lambda: self._first(name, "end"), within)
            found = self._first(name, "end")
        return found[0] if found and found[1]["event"] == name else None

    def answer(self):
        """When the finished or error event came, and the event."""
        return self._first("finished", "error")

    def output(self):
        return "".join(each.get("text", "") for _, each in list(self.events) if each["event"] == "output")

    def wait(self, within=LIMIT):
        try:
            code = self.child.wait(within)
        except subprocess.TimeoutExpired:
            self.kill()
            raise SystemExit(f"a `run` did not end within {within} s: {self.child.args}") from None
        self._close()
        return code

    def kill(self):
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()
        self._close()

    def _close(self):
        for thread in self.threads:
            thread.join(5)
        for stream in (self.child.stdin, self.child.stdout, self.child.stderr):
            try:
                stream.close()
            except (BrokenPipeError, ValueError):
                pass


def progress(text):
    print("  " + text, file=sys.stderr, flush=True)
