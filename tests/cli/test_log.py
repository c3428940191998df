"""The log of the real program and engine: what it says about a run, its format, where it goes, and what is never in it."""
import http.server
import json
import re
import stat
import threading
import unicodedata

from dindtest.case import CliCase
from dindtest.program import IMAGE

SECRET = "supersecretvalue-4711"
PASSWORD = "hunter2hunter2"


class Engine(http.server.ThreadingHTTPServer):
    """Answers every request with the same error."""

    def __init__(self, body):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(500)
                self.send_header("Api-Version", "1.41")
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            do_POST = do_DELETE = do_GET

            def log_message(self, *_):
                pass
        super().__init__(("127.0.0.1", 0), Handler)
        self.port = self.server_address[1]
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        self.thread.start()

    def __exit__(self, *_):
        self.shutdown()
        self.thread.join()
        self.server_close()


class LogTest(CliCase):
    def lines(self, done, *skip):
        """The JSON lines of stderr. Each must have the format of the log."""
        lines = []
        for line in done.stderr.decode().splitlines():
            if line in skip:
                continue
            entry = json.loads(line)
            self.assertRegex(entry["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
            self.assertIn(entry["level"], ("debug", "info", "warning", "error"))
            self.assertIsInstance(entry["pid"], int)
            self.assertLessEqual(set(entry), {"time", "level", "pid", "run", "message"})
            lines.append(entry)
        return lines

    def assert_clean(self, text):
        """The text has no control character."""
        for character in text:
            self.assertFalse(unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") and character != "\n", (character, text))


class Life(LogTest):
    def test_each_line_of_a_run_is_json_with_its_id(self):
        done = self.call("run", "-q", "--memory", "64m", "--log-level", "info", "--log-format", "json", "--env", "API_TOKEN=" + SECRET,
                         self.file("x.sh", "echo $API_TOKEN; exit 3"))
        self.assert_run(done, 3, SECRET.encode() + b"\n")
        lines = self.lines(done)
        runs = {entry.get("run") for entry in lines}
        self.assertEqual(len(runs), 1, lines)
        said = [entry["message"] for entry in lines]
        wanted = (r"asked: x\.sh, by cli, client cli:\d+", rf"accepted: image (\S+ or )*{IMAGE}( or \S+)*, 1 min · 64 MiB · 1 CPU · 256 processes · network none",
                  rf"started: image {IMAGE}, 1 min · 64 MiB · .* · runc", r"ended: failed, exit code 3, [\d.]+ m?s, peak [\d.]+ [KM]iB, 22 B written",
                  rf"Removed the container dind-{runs.pop()}\.\S+")
        self.assertIn(len(said), (len(wanted) - 1, len(wanted)), said)  # the engine may remove the container after the program has ended
        for line, pattern in zip(said, wanted):
            self.assertRegex(line, f"^{pattern}$")
        self.assertNotIn(SECRET, done.stderr.decode())

    def test_a_person_sees_each_refusal_and_failure_once(self):
        path = self.file("x.sh", "true")
        done = self.call("run", "--timeout", "1", path, env=self.environment(DOCKER_HOST="tcp://127.0.0.1:1"))
        self.assert_run(done, 125)
        self.assertEqual(done.stderr.decode().count("\n"), 1, done.stderr)
        done = self.call("run", "--log-level", "info", "--log-format", "json", "-q", "--image", "UPPER CASE", "--", "true")
        entries = self.lines(done, next(line for line in done.stderr.decode().splitlines() if line.startswith("dind-executor: ")))
        self.assertRegex(entries[-1]["message"], "^not run: invalid_request: ")


class Form(LogTest):
    def test_text_is_the_default_and_the_flag_wins_over_the_configuration(self):
        path = self.file("x.sh", "true")
        config = self.file("config.json", json.dumps({"log": {"level": "info", "format": "json"}}))
        done = self.call("run", "-q", path, env=self.environment(DIND_CONFIG=config))
        self.assertTrue(self.lines(done))
        done = self.call("run", "-q", "--log-format", "text", path, env=self.environment(DIND_CONFIG=config))
        self.assertRegex(done.stderr.decode().splitlines()[0], r"^\d{4}-\d\d-\d\dT[\d:.]{12}Z info \d+ run=[0-9a-f]+ asked: x\.sh")
        done = self.call("run", "-q", "--log-level", "warning", path, env=self.environment(DIND_CONFIG=config))
        self.assertEqual(done.stderr, b"")
        self.assertEqual(self.call("run", "-q", path).stderr, b"")
        self.assert_refused(self.call("languages", "--log-format", "xml"), "--log-format")
        wrong = self.file("wrong.json", json.dumps({"log": {"level": "loud"}}))
        self.assert_refused(self.call("run", path, env=self.environment(DIND_CONFIG=wrong)), "log.level")

    def test_files_are_turned_over(self):
        path = self.file("x.sh", "true")
        log = self.folder / "own.log"
        config = self.file("config.json", json.dumps({"log": {"level": "info", "file": str(log), "maxBytes": 1000, "files": 2}}))
        for _ in range(4):
            done = self.call("run", "-q", path, env=self.environment(DIND_CONFIG=config))
            self.assert_run(done, 0, b"")
            self.assertEqual(done.stderr, b"")
        files = sorted(each.name for each in self.folder.glob("own*"))
        self.assertEqual(files, ["own.1.log", "own.log"])
        for name in files:
            status = (self.folder / name).stat()
            self.assertEqual(stat.S_IMODE(status.st_mode), 0o600)
            self.assertLessEqual(status.st_size, 1000)
        self.assertRegex(log.read_text().splitlines()[-1], "Removed the container|ended: ok")
        other = self.folder / "other.log"
        self.call("run", "-q", "--log-file", str(other), path, env=self.environment(DIND_CONFIG=config))
        self.assertIn("asked: x.sh", other.read_text())

    def test_a_file_that_cannot_be_written(self):
        path = self.file("x.sh", "echo fine")
        self.assert_refused(self.call("run", "--log-file", "/nowhere/x.log", path), "/nowhere/x.log", "No such file")
        config = self.file("config.json", json.dumps({"log": {"file": "/nowhere/x.log"}}))
        done = self.call("run", "-q", path, env=self.environment(DIND_CONFIG=config))
        self.assert_run(done, 0, b"fine\n")
        self.assertRegex(done.stderr.decode(), r"^\S+ warning \d+ The log file /nowhere/x\.log .*log\.file.*\n$")


class Untrusted(LogTest):
    EVIL = "a\x1b[31m\x9b2J\u0085\u2028\u202egnp\u2066\r\nfake"

    def test_control_characters_of_a_programs_name(self):
        path = self.file(self.EVIL + ".sh", "echo hi")
        for form in ("text", "json"):
            done = self.call("run", "-q", "--log-level", "debug", "--log-format", form, path)
            self.assert_run(done, 0, b"hi\n")
            text = done.stderr.decode()
            self.assert_clean(text)
            self.assertIn("u202e", text)
            self.assertFalse(any(line.startswith("fake") for line in text.splitlines()))
            if form == "json":
                for entry in self.lines(done):
                    self.assert_clean(entry["message"])

    def test_control_characters_of_an_engines_error(self):
        # An engine that answers every request with the same message.
        with Engine(("{\"message\": " + json.dumps(self.EVIL + " Authorization: Bearer " + PASSWORD + " " + SECRET) + "}").encode()) as engine:
            for form in ("text", "json"):
                done = self.call("run", "-q", "--log-level", "debug", "--log-format", form, "--env", "API_TOKEN=" + SECRET, self.file("x.sh", "true"),
                                 env=self.environment(DOCKER_HOST=f"tcp://127.0.0.1:{engine.port}"))
                self.assert_run(done, 125, b"")
                log = "".join(line + "\n" for line in done.stderr.decode().split("\n") if line and not line.startswith("dind-executor: "))
                self.assertIn("not run: ", log)
                self.assertIn("gnp", log)
                self.assert_clean(log)
                self.assertNotIn(SECRET, log)
                self.assertNotIn(PASSWORD, log)


class Secrets(LogTest):
    def test_no_secret_at_debug_level(self):
        path = self.file("x.sh", "echo $API_TOKEN $URL")
        done = self.call("run", "-q", "--log-level", "debug", "--env", "API_TOKEN=" + SECRET, "--env", f"URL=http://me:{PASSWORD}@x/", path, "--", SECRET)
        self.assert_run(done, 0)
        for each in (SECRET, PASSWORD):
            self.assertIn(each.encode(), done.stdout)
            self.assertNotIn(each.encode(), done.stderr)
        done = self.call("run", "-q", "--log-level", "debug", "--env", "API_TOKEN=" + SECRET, "--image", IMAGE, "--", "/bin/" + SECRET)
        self.assert_run(done, 125)
        log = [line for line in done.stderr.decode().splitlines() if re.match(r"\d{4}-", line)]
        self.assertTrue(any("not run: not_found" in line for line in log), log)
        for line in log:
            self.assertNotIn(SECRET, line)
