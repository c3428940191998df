"""The calls for threads are generated from those for asyncio, and a difference is noticed."""
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from case import ROOT


class OneSource(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="dind-one-source-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        for part in ("src", "tools"):
            shutil.copytree(ROOT / "python" / part, self.folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        package = self.folder / "src" / "dind_executor"
        self.source, self.generated = package / "calls_async.py", package / "calls_sync.py"

    def generate(self, *options):
        script = self.folder / "tools" / "generate_sync.py"
        return subprocess.run([sys.executable, script, *options], capture_output=True, text=True, timeout=60, check=False)

    def test_a_change_of_one_side_alone_is_refused(self):
        self.assertEqual(self.generate("--check").returncode, 0)
        for changed in (self.source, self.generated):
            with self.subTest(changed.name):
                text = changed.read_text()
                changed.write_text(text.replace("STATUS_TIMEOUT", "OTHER_TIMEOUT"))
                done = self.generate("--check")
                self.assertEqual(done.returncode, 1)
                self.assertIn("Run python/tools/generate_sync.py", done.stderr)
                changed.write_text(text)

    def test_a_name_of_asyncio_without_a_counterpart_is_refused(self):
        self.source.write_text(self.source.read_text() + "\n\nasyncio.sleep(1)\n")
        done = self.generate()
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('"asyncio" has no counterpart', done.stderr)
