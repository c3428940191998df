"""What the runs of a client leave in the history."""
import json
import os
import subprocess

from dindtest.client_case import ClientCase
from dindtest.program import LIMIT, program

FAILED = -32803


class History(ClientCase):
    def history(self):
        env = {key: value for key, value in os.environ.items() if not key.startswith("DIND_")} | {"HOME": str(self.folder)}
        done = subprocess.run([program(), "history", "list", "--json"], env=env, capture_output=True, timeout=LIMIT, check=True)
        return [each["runId"] for each in json.loads(done.stdout)]

    def test_k13_a_run_or_a_client_that_asks_for_it_leaves_nothing_in_the_history(self):
        uri = self.file("a.py", "print(1)")
        keeps = self.client()
        keeps.reply(keeps.run(uri, runId="asked-not", record=False))
        self.assert_error(keeps.reply(keeps.run(uri, record="no")), FAILED, "invalid_request", "record")
        keeps.reply(keeps.run(uri, runId="kept"))
        leaves = self.client(initializationOptions={"record": False})
        leaves.reply(leaves.run(uri, runId="client-not"))
        leaves.reply(leaves.run(uri, runId="asked", record=True))
        self.assertEqual(self.history(), ["asked", "kept"])
