"""The base class of the history's tests: a history of their own, and functions that read it."""
import json
import pathlib

from dindtest.case import CliCase


class HistoryTest(CliCase):
    def environment(self, **more):
        return super().environment(XDG_STATE_HOME=str(self.folder / "state"), **more)

    @property
    def database(self):
        return self.folder / "state/dind-executor/history.db"

    def stored(self):
        """Every byte of the history's files."""
        return b"".join(path.read_bytes() for path in pathlib.Path(self.database.parent).glob("history.db*"))

    def list(self, *more):
        done = self.call("history", "list", "--json", *more)
        self.assert_run(done, 0)
        self.assertEqual(done.stderr, b"")
        return json.loads(done.stdout)

    def show(self, run):
        done = self.call("history", "show", run, "--json")
        self.assert_run(done, 0)
        return json.loads(done.stdout)


class CopyTest(HistoryTest):
    def ids(self):
        return [run["id"] for run in self.list("--limit", "1000")]

    def runs(self, count):
        path = self.file("x.sh", "true")
        for _ in range(count):
            self.assert_run(self.call("run", "-q", path), 0)
