"""A token is a client (S12): it sees and ends its own runs, and an operator's token sees and ends all. Tokens and limits change (K10)."""
import os
import signal
import subprocess
import time

from dindtest.http_case import ENDLESS, HttpCase
from dindtest.program import LIMIT, program

ALICE, BOB, BOSS = "alice-0123456789", "bob-0123456789", "boss-0123456789"


class Tenants(HttpCase):
    def serve_tokens(self, text=f"{ALICE}\n{BOB}\n{BOSS} operator\n", **more):
        self.tokens = self.folder / "tokens"
        self.tokens.write_text(text)
        return self.serve(*self.ARGUMENTS, "--token-file", str(self.tokens), *more.pop("arguments", ()), **more)

    def as_(self, server, token, method, path, body=None):
        return self.ask(server, method, path, body, {"Authorization": f"Bearer {token}"})

    def run_as(self, server, token, run_id, code="print('secret of ' + 'mine')"):
        reply = self.as_(server, token, "POST", "/runs", {"code": code, "language": "python", "runId": run_id, "args": ["arg"], "env": {"NAME": "value"}})
        self.assertEqual(reply.status, 200, reply.body)
        return reply.json()

    def ids(self, server, token):
        return [each["runId"] for each in self.as_(server, token, "GET", "/runs").json()["runs"]]

    def test_the_history_of_others_is_not_shown_and_an_operators_token_sees_all(self):
        server = self.serve_tokens()
        self.run_as(server, ALICE, "alice-1")
        self.run_as(server, BOB, "bob-1")
        self.assertEqual((self.ids(server, ALICE), self.ids(server, BOB), self.ids(server, BOSS)), (["alice-1"], ["bob-1"], ["bob-1", "alice-1"]))
        record = self.as_(server, ALICE, "GET", "/runs/alice-1").json()["id"]
        # The id of a record is hexadecimal, so none begins with "alice".
        for id in ("alice-1", "alice", record, record[:6]):
            self.assert_detail(self.as_(server, BOB, "GET", f"/runs/{id}"), 404)
            self.assertNotIn(b"secret", self.as_(server, BOB, "GET", f"/runs/{id}").body)
        self.assertEqual(self.as_(server, BOSS, "GET", "/runs/alice-1").json()["stdout"]["head"]["text"], "secret of mine\n")

    def test_what_the_operator_ran_in_a_terminal_is_not_shown(self):
        server = self.serve_tokens()
        (self.folder / "own.py").write_text("print('operator')")
        env = {key: value for key, value in os.environ.items() if not key.startswith("DIND_")} | {"HOME": str(self.folder)}
        subprocess.run([program(), "run", "--no-handover", "own.py"], cwd=self.folder, env=env, check=True, capture_output=True, timeout=LIMIT)
        self.assertEqual((self.ids(server, ALICE), len(self.ids(server, BOSS))), ([], 1))

    def test_an_id_that_another_client_had_is_not_taken_over(self):
        server = self.serve_tokens()
        self.run_as(server, ALICE, "same", "print('of alice')")
        self.run_as(server, BOB, "same", "print('of bob')")
        self.assertEqual(self.as_(server, ALICE, "GET", "/runs/same").json()["stdout"]["head"]["text"], "of alice\n")
        self.assertEqual(self.as_(server, BOB, "GET", "/runs/same").json()["stdout"]["head"]["text"], "of bob\n")
        self.assert_detail(self.as_(server, BOSS, "GET", "/runs/same"), 400, "more than one client")

    def test_runs_under_way_are_seen_and_ended_by_their_client_and_an_operator(self):
        for history in (True, False):
            server = self.serve_tokens(config={"history": {"enabled": history}})
            server.token = ALICE
            for n, who in enumerate((ALICE, BOSS)):
                id = f"{history}-{n}"
                _, reply = self.events(server, ENDLESS, runId=id)
                self.until_event(reply, "output")
                self.assertNotIn(id, self.ids(server, BOB))
                self.assertIn(id, self.ids(server, ALICE))
                self.assertIn(id, self.ids(server, BOSS))
                self.assert_detail(self.as_(server, BOB, "GET", f"/runs/{id}"), 404)
                self.assert_detail(self.as_(server, BOB, "DELETE", f"/runs/{id}"), 404)
                # While the run is active, no other client can use its id.
                self.assertEqual(self.as_(server, BOB, "POST", "/runs", {"code": "1", "language": "python", "runId": id}).status, 400)
                self.assertEqual(self.as_(server, who, "DELETE", f"/runs/{id}").json(), {"cancelled": 1})
                self.assertEqual(self.until_event(reply, "finished")["verdict"], "cancelled")
            server.close()

    def test_a_client_keeps_its_runs_when_its_line_moves(self):
        server = self.serve_tokens()
        self.run_as(server, BOB, "b1")
        server.close()
        server = self.serve_tokens(f"# new\nother-0123456789\n{BOB}\n")
        self.assertEqual(self.ids(server, BOB), ["b1"])
        self.assertEqual(self.ids(server, "other-0123456789"), [])

    def test_no_token_is_in_the_history(self):
        server = self.serve_tokens()
        self.run_as(server, ALICE, "a1")
        shown = self.as_(server, BOSS, "GET", "/runs/a1")
        self.assertRegex(shown.json()["client"], "^token:[0-9a-f]{16}$")
        self.assertNotIn(b"alice", shown.body)


class Reloading(Tenants):
    """K10: tokens and limits change without a restart."""

    def until(self, condition, what):
        deadline = time.monotonic() + LIMIT
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)

    def status(self, server, token):
        return self.as_(server, token, "GET", "/runs").status

    def test_sighup_takes_new_tokens_and_drops_old_ones_and_runs_go_on(self):
        server = self.serve_tokens()
        server.token = ALICE
        _, reply = self.events(server, ENDLESS, runId="a1")
        self.until_event(reply, "output")
        self.tokens.write_text(f"{ALICE}\nnew-0123456789\n")
        server.child.send_signal(signal.SIGHUP)
        self.until(lambda: self.status(server, "new-0123456789") == 200, "the new token is not known")
        self.assertEqual((self.status(server, BOB), self.status(server, ALICE)), (401, 200))
        self.assertEqual(self.as_(server, ALICE, "DELETE", "/runs/a1").status, 200)
        self.assertEqual(self.until_event(reply, "finished")["cancelReason"], "user")

    def test_a_file_that_changes_is_read_without_a_signal(self):
        server = self.serve_tokens()
        beside = self.folder / "beside"
        beside.write_text("moved-0123456789\n")
        os.replace(beside, self.tokens)  # the way in which tools of operators and Kubernetes change a file
        self.until(lambda: self.status(server, "moved-0123456789") == 200, "the new token is not known")
        self.assertEqual(self.status(server, ALICE), 401)

    def test_a_file_that_is_wrong_changes_nothing(self):
        server = self.serve_tokens(arguments=("--log-level", "error", "--log-file", str(self.folder / "log")))
        self.tokens.write_text("two words\n")
        server.child.send_signal(signal.SIGHUP)
        self.until(lambda: "stay" in (self.folder / "log").read_text(), "nothing is said")
        self.assertEqual(self.status(server, ALICE), 200)

    def test_limits_are_read_again(self):
        server = self.serve_tokens(config={"limits": {"max": {"timeout": 10}}})
        def notes():
            return " ".join(self.as_(server, ALICE, "POST", "/runs", {"code": "1", "language": "python", "limits": {"timeout": 99}}).json()["notes"])
        self.assertIn("10 s is in force", notes())
        (self.folder / "config.json").write_text('{"limits": {"max": {"timeout": 20}}}')
        server.child.send_signal(signal.SIGHUP)
        self.until(lambda: "20 s is in force" in notes(), "the new limit is not in force")
        (self.folder / "config.json").write_text("{")
        server.child.send_signal(signal.SIGHUP)
        self.assertIn("20 s is in force", notes())

    def test_a_configuration_that_comes_later_is_read(self):  # K10
        self.tokens = self.folder / "tokens"
        self.tokens.write_text(f"{ALICE}\n")
        home = self.folder / "home"
        (home / ".config/dind-executor").mkdir(parents=True)
        server = self.serve(*self.ARGUMENTS, "--token-file", str(self.tokens), env={"HOME": str(home), "DIND_CONFIG": ""})
        def notes():
            return " ".join(self.as_(server, ALICE, "POST", "/runs", {"code": "1", "language": "python", "limits": {"timeout": 99}}).json()["notes"])
        self.assertEqual(notes(), "")
        (home / ".config/dind-executor/config.json").write_text('{"limits": {"max": {"timeout": 20}}}')
        self.until(lambda: "20 s is in force" in notes(), "the new limit is not in force")

    def test_more_runs_at_once_take_effect_for_those_that_wait(self):
        server = self.serve_tokens(config={"concurrentRuns": 1})
        server.token = ALICE
        _, first = self.events(server, ENDLESS, runId="r1")
        self.until_event(first, "output")
        _, second = self.events(server, ENDLESS, runId="r2")
        self.until_event(second, "queued")
        (self.folder / "config.json").write_text('{"concurrentRuns": 2}')
        server.child.send_signal(signal.SIGHUP)
        self.until_event(second, "output")
        for id, reply in (("r1", first), ("r2", second)):
            self.as_(server, ALICE, "DELETE", f"/runs/{id}")
            self.until_event(reply, "finished")
