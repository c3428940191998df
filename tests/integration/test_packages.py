"""Dependencies in two phases: an installer with a network, then the program without one. The package index is the real one."""
import os
import pathlib
import time

from dindtest import engine
from dindtest.case import CliCase
from dindtest.engine import CACHE, OWNER
from dindtest.program import PYTHON

SIX_HASH = "8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254"  # of six-1.16.0-py2.py3-none-any.whl
BUNDLE = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")


class Packages(CliCase):
    def packages(self, *arguments, configuration=None, **more):
        if configuration is not None:
            (self.folder / "config.json").write_text(configuration)
        extra = {"DIND_CA_BUNDLE": str(BUNDLE)} | ({"DIND_CONFIG": str(self.folder / "config.json")} if configuration is not None else {})
        return self.call("run", "--image", PYTHON, *arguments, env=self.environment(**extra | more.pop("env", {})), **more)

    def leftovers(self):
        """Volumes that belong to a run (the shared ones have the cache label)."""
        volumes = engine.call("GET", "/volumes")["Volumes"] or []
        return [each["Name"] for each in volumes if OWNER in (each["Labels"] or {}) and CACHE not in each["Labels"]]

    def test_a_package_is_there_for_the_program_which_has_no_network(self):
        program = self.python(
            "import six, socket, pathlib\n"
            "print(six.__version__, six.__file__)\n"
            "try: pathlib.Path('/dependencies/site/mine').write_text('x')\n"
            "except OSError as e: print(e.strerror)\n"
            "try: socket.create_connection(('192.0.2.1', 80), 1)\n"
            "except OSError as e: print(e.strerror)\n")
        done = self.packages("--with", "six==1.16.0", program)
        self.assertIn(b"Successfully installed six-1.16.0\n", done.stderr)  # P26
        self.assert_run(done, 0, b"1.16.0 /dependencies/site/six.py\nRead-only file system\nNetwork is unreachable\n")
        self.until(lambda: not self.leftovers())

    def test_a_person_sees_the_message_of_the_installer(self):
        done = self.packages("--with", "no-such-package-of-anybodys-0", self.python("print('never')"))
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, b"")
        self.assertIn(b"No matching distribution found for no-such-package-of-anybodys-0", done.stderr)
        self.assertIn(b"the packages could not be installed", done.stderr)
        self.until(lambda: not self.leftovers())

    def test_without_the_bundle_the_installer_says_what_it_does_not_trust_or_works(self):
        """On a machine that trusts an extra authority, it fails because of the certificate; elsewhere it works."""
        done = self.packages("--with", "six", self.python("print('ran')"), env={"DIND_CA_BUNDLE": ""})
        self.assertTrue(done.returncode == 0 or b"CERTIFICATE_VERIFY_FAILED" in done.stderr, done.stderr[-500:])

    def test_what_is_no_package_is_refused_before_anything_is_made(self):
        for wrong in ("--index-url=https://localhost", "./local", "a; b\nc", "git+https://host/x"):
            with self.subTest(wrong):
                self.assert_refused(self.packages("--with", wrong, self.python("1")), "dependency 1 of 1")

    def test_p06_requirements_files_as_pip_reads_them(self):
        pinned = "six==1.16.0"
        files = {
            "hash.txt": f"{pinned} \\\n    --hash=sha256:{SIX_HASH}\n".encode(),
            "mark.txt": f"\ufeff{pinned}\r\n".encode(),
            "powershell.txt": f"{pinned}\r\n".encode("utf-16"),
            "tabs.txt": f"\t# a tab\n{pinned}\t# note\n".encode(),
            "include.txt": b"-r sub/tabs.txt\n-c bounds.txt\n",
        }
        (self.folder / "sub").mkdir()
        (self.folder / "sub/tabs.txt").write_bytes(b"six \\\n  >=1.0\n")
        (self.folder / "bounds.txt").write_bytes(b"six<1.17\nno-such-package-of-anybodys-0<1\n")
        program = self.python("import six; print(six.__version__)")
        for name, text in files.items():
            with self.subTest(name):
                (self.folder / name).write_bytes(text)
                done = self.packages("--with-requirements", str(self.folder / name), program)
                self.assert_run(done, 0, b"1.16.0\n")

    def test_p09_packages_come_after_the_standard_library(self):
        program = self.python("import pathlib, sys\nprint(pathlib.__file__.startswith('/dependencies'), '/dependencies/site' in sys.path)\n"
                              "import subprocess\nprint(subprocess.run([sys.executable, '-c', 'import six; print(six.__version__)'], capture_output=True, text=True).stdout, end='')\n")
        done = self.packages("--with", "pathlib", "--with", "six==1.16.0", program)
        self.assert_run(done, 0, b"False True\n1.16.0\n")
        done = self.packages("--with", "six==1.16.0", "-e", "PYTHONPATH=/tmp", self.python("import six, sys\nprint(six.__version__, '/tmp' in sys.path)"))
        self.assert_run(done, 0, b"1.16.0 True\n")

    def test_p06_a_hash_that_is_wrong_ends_the_run(self):
        (self.folder / "wrong.txt").write_text(f"six==1.16.0 --hash=sha256:{SIX_HASH[::-1]}\n")
        done = self.packages("--with-requirements", str(self.folder / "wrong.txt"), self.python("print('never')"))
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertIn(b"DO NOT MATCH THE HASHES", done.stderr)

    def test_p06_a_folder_whose_requirements_have_hashes_runs(self):
        folder = self.folder / "hashed"
        folder.mkdir()
        (folder / "requirements.txt").write_text(f"six==1.16.0 \\\n    --hash=sha256:{SIX_HASH}\n")
        (folder / "main.py").write_text("import six\nprint(six.__version__)\n")
        self.folder.chmod(0o755)
        environment = self.environment(DIND_CA_BUNDLE=str(BUNDLE))
        self.assert_run(self.call("run", "--workspace", str(folder), env=environment), 0, b"1.16.0\n")
        self.assert_run(self.call("run", "--workspace", str(folder), "--", "python3", "main.py", env=environment), 0, b"1.16.0\n")

    def test_a_requirements_file(self):
        (self.folder / "requirements.txt").write_text("# what it needs\nsix==1.16.0  # this\n\n")
        program = self.python("import six; print(six.__version__)")
        self.assert_run(self.packages("--with-requirements", str(self.folder / "requirements.txt"), program), 0, b"1.16.0\n")

    def test_an_operator_may_forbid_packages(self):
        for configuration in ('{"dependencies": {"enabled": false}}', '{"limits": {"allowInternet": false}}'):
            with self.subTest(configuration):
                self.assert_refused(self.packages("--with", "six", self.python("1"), configuration=configuration), "dependencies.enabled")

    def test_the_installer_has_limits_of_its_own(self):
        done = self.packages("--with", "six", self.python("1"), configuration='{"dependencies": {"timeout": "100ms"}}')
        self.assertEqual(done.returncode, 124, done.stderr)
        self.assertIn(b"dependencies.timeout", done.stderr)
        done = self.packages("--with", "numpy", self.python("1"), configuration='{"dependencies": {"disk": "1m"}}')
        self.assertEqual(done.returncode, 122, done.stderr)
        self.assertIn(b"dependencies.disk", done.stderr)
        self.until(lambda: not self.leftovers())

    def test_a_stop_while_the_packages_are_installed(self):
        child = self.start("run", "--image", PYTHON, "--with", "numpy", self.python("print('never')"), env=self.environment(DIND_CA_BUNDLE=str(BUNDLE)))
        self.sandbox_of(child)
        asked = time.monotonic()
        child.terminate()
        self.assertEqual(child.wait(20), 143)
        self.measured("stop while packages are installed, until the process is gone", f"{time.monotonic() - asked:.2f} s")
        self.until(lambda: not self.leftovers())

    def test_the_whole_calls_time(self):
        begun = time.monotonic()
        done = self.packages("--with", "numpy", "--total-timeout", "300ms", self.python("1"))
        self.assertEqual(done.returncode, 124, done.stderr)
        self.assertIn(b"passed while its packages were installed", done.stderr)
        self.assertLess(time.monotonic() - begun, 10)

    def test_a_folder_that_is_run_gets_what_its_requirements_name(self):
        folder = self.folder / "project"
        folder.mkdir()
        (folder / "requirements.txt").write_text("six==1.16.0\n")
        (folder / "main.py").write_text("import six, socket\nprint(six.__version__, six.__file__)\ntry: socket.create_connection(('192.0.2.1', 80), 1)\nexcept OSError as e: print(e.strerror)\nopen('made', 'w')\n")
        for path in (folder, *folder.iterdir()):
            os.chown(path, 1000, 1000)
        self.folder.chmod(0o755)
        environment = self.environment(DIND_CA_BUNDLE=str(BUNDLE))
        self.assert_run(self.call("run", "--workspace", str(folder), env=environment), 0, b"1.16.0 /dependencies/site/six.py\nNetwork is unreachable\n")
        self.assertTrue((folder / "made").exists())
        self.assert_run(self.call("run", "--workspace", str(folder), "--", "python3", "-c", "import six; print(six.__version__)", env=environment), 0, b"1.16.0\n")
        (folder / "requirements.txt").write_text("--index-url https://localhost/\n")
        self.assert_refused(self.call("run", "--workspace", str(folder), env=environment), "option of the installer")
        self.until(lambda: not self.leftovers())
