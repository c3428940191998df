"""How a server is stopped (K05): after the first signal, runs may end by themselves; a second signal or the timeout cancels them. A client can tell this from the end of a program."""
import json
import signal
import socket
import threading
import time

from dindtest.http_case import ENDLESS, JSON, HttpCase
from dindtest.program import LIMIT


class Stop(HttpCase):
    def post(self, server, path, body):
        """Sends a request; a call of the result waits for its reply."""
        connection = self.connect(server)
        connection.request("POST", path, json.dumps(body).encode(), JSON | {"Authorization": f"Bearer {server.token}"})
        return connection

    def until_ready_is(self, server, status):
        until = time.monotonic() + LIMIT
        while self.ask(server, "GET", "/readyz").status != status:
            self.assertLess(time.monotonic(), until)

    def shuts_down(self, reply, body):
        self.assertEqual(reply.status, 503, body)
        error = json.loads(body)["error"]
        self.assertEqual((error["kind"], error["httpStatus"]), ("shutting_down", 503))
        self.assertEqual(reply.headers["Retry-After"], str(error["retryAfter"]))
        return error

    def waiting(self, server, **more):
        """The events of a run that has no end of its own."""
        _, reply = self.events(server, ENDLESS, **more)
        self.until_event(reply, "output")
        return reply

    def test_what_runs_ends_by_itself_and_nothing_new_begins(self):
        server = self.serve()
        code = "import time\nprint('up', flush=True)\ntime.sleep(3)\nprint('done')"
        runs = [self.post(server, "/runs", {"code": code, "language": "python", "runId": "whole"}), self.post(server, "/execute", {"code": code})]
        _, events = self.events(server, code, runId="events")
        self.until_event(events, "output")
        while sum(each["phase"] == "running" for each in self.ask(server, "GET", "/runs").json()["runs"]) < 3:
            pass
        server.child.send_signal(signal.SIGTERM)
        self.until_ready_is(server, 503)
        self.assertEqual(self.ask(server, "GET", "/livez").status, 200)
        self.assertEqual(self.ask(server, "GET", "/healthz").status, 503)
        for path, body in (("/runs", {"code": "print(1)", "language": "python"}), ("/execute", {"code": "print(1)"})):
            refused = self.ask(server, "POST", path, body)
            self.shuts_down(refused, refused.body)
        self.assertIn(b"dind_executor_accepting_runs 0", self.ask(server, "GET", "/metrics").body)
        whole, short = (each.getresponse() for each in runs)
        self.assertEqual((whole.status, json.loads(whole.read())["stdout"]), (200, "up\ndone\n"))
        self.assertEqual((short.status, json.loads(short.read())), (200, {"success": True, "output": "up\ndone\n", "error": ""}))
        self.assertEqual(self.until_event(events, "finished")["verdict"], "ok")
        self.assertEqual(server.child.wait(LIMIT), 0)
        self.gone_within(0.5)

    def test_with_nothing_under_way_it_ends_at_once(self):
        server = self.serve()
        self.assertEqual(self.run_code(server, "print(1)").status, 200)
        code, seconds = server.stop()
        self.assertEqual(code, 0)
        self.assertLess(seconds, 5)

    def cancelled_by(self, server, stop, seconds):
        """A run over each route, which `stop` ends. Each client learns this, and gets the output so far."""
        whole = self.post(server, "/runs", {"code": ENDLESS, "language": "python", "runId": "whole"})
        short = self.post(server, "/execute", {"code": ENDLESS})
        _, events = self.events(server, ENDLESS, runId="events")
        self.until_event(events, "output")
        while sum(each["phase"] == "running" for each in self.ask(server, "GET", "/runs").json()["runs"]) < 3:
            pass
        begun = time.monotonic()
        stop()
        reply = whole.getresponse()
        error = self.shuts_down(reply, reply.read())
        self.assertEqual((error["runId"], error["began"]), ("whole", True))
        reply = short.getresponse()
        self.shuts_down(reply, reply.read())
        error = self.until_event(events, "error")
        self.assertEqual((error["kind"], error["runId"], error["began"], error["stdout"]), ("shutting_down", "events", True, "up\n"))
        self.assertIsNone(self.event(events))
        self.assertEqual(server.child.wait(LIMIT), 0, server.errors())
        self.assertLess(time.monotonic() - begun, seconds)
        self.gone_within(0.5)

    def test_a_second_signal_cancels(self):
        server = self.serve()
        def stop():
            server.child.send_signal(signal.SIGTERM)
            self.until_ready_is(server, 503)
            server.child.send_signal(signal.SIGTERM)
        self.cancelled_by(server, stop, 10)

    def test_the_time_cancels(self):
        server = self.serve(config={"serve": {"drainTimeout": "1s"}})
        self.cancelled_by(server, lambda: server.child.send_signal(signal.SIGTERM), 11)

    def test_runs_that_wait_for_their_turn_are_sent_away_at_once(self):
        server = self.serve(config={"concurrentRuns": 1})
        _, first = self.events(server, "import time\nprint('up', flush=True)\ntime.sleep(3)", runId="first")
        self.until_event(first, "output")
        whole = self.post(server, "/runs", {"code": "print(1)", "language": "python", "runId": "second"})
        short = self.post(server, "/execute", {"code": "print(1)"})
        while sum(each["phase"] == "queued" for each in self.ask(server, "GET", "/runs").json()["runs"]) < 2:
            pass
        server.child.send_signal(signal.SIGTERM)
        for each in (whole, short):
            reply = each.getresponse()
            self.assertFalse(self.shuts_down(reply, reply.read())["began"])
        self.assertEqual(self.until_event(first, "finished")["verdict"], "ok")
        self.assertEqual(server.child.wait(LIMIT), 0)

    def test_with_an_engine_that_hangs(self):
        path = str(self.folder / "mute.sock")
        with socket.socket(socket.AF_UNIX) as mute:
            mute.bind(path)
            mute.listen()
            server = self.serve(*self.ARGUMENTS, "--host", "unix://" + path)
            connection = self.post(server, "/runs", {"code": "print(1)", "language": "python"})
            while b"runs_preparing 1" not in self.ask(server, "GET", "/metrics").body:
                pass
            code, seconds = server.stop_now()
            self.assertEqual(code, 0, server.errors())
            self.assertLess(seconds, 11)
            reply = connection.getresponse()
            self.assertFalse(self.shuts_down(reply, reply.read())["began"])

    def test_a_client_that_comes_during_the_stop_gets_an_answer_and_its_connection_ends(self):
        server = self.serve()
        reply = self.waiting(server, runId="r")
        kept = self.connect(server)
        self.assertEqual(self.ask(server, "GET", "/runs", connection=kept).status, 200)
        server.child.send_signal(signal.SIGTERM)
        self.until_ready_is(server, 503)
        self.assertEqual(self.ask(server, "GET", "/runs", connection=kept).headers["Connection"], "close")
        threads = [threading.Thread(target=self.ask, args=(server, "POST", "/execute", {"code": "1"})) for _ in range(5)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(LIMIT)
        self.ask(server, "DELETE", "/runs/r")
        self.assertEqual(self.until_event(reply, "finished")["cancelReason"], "user")
        self.assertEqual(server.child.wait(LIMIT), 0)
