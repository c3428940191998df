"""Images from a real registry: what is pulled, when, with which login, and what happens if the connection breaks."""
import json
import os
import pathlib
import signal
import tempfile
import time
import unittest

from registry import PASSWORD, USER, Registry, Relay, ask_engine, login, make_image, remove_image, unique

from dindtest.alone import alone
from dindtest.case import CliCase
from dindtest.engine import exists, has_containerd_store
from dindtest.lsp import LspClient
from dindtest.program import LIMIT

SAYS = ("--", "cat", "/says")


def pulls_of(requests):
    return [each for each in requests if b"/images/create" in each]


def setUpModule():
    folder = tempfile.TemporaryDirectory(prefix="dind-registry-")
    unittest.addModuleCleanup(folder.cleanup)
    for name, protected in (("OPEN", False), ("PROTECTED", True)):
        registry = Registry(pathlib.Path(folder.name) / name, protected)
        unittest.addModuleCleanup(registry.close)
        globals()[name] = registry


class RegistryTest(CliCase):
    def image(self, registry, says="hello\n", size=1 << 16, port=None):
        """The name of an image that the registry has and the engine has not. `port`: that of a relay."""
        repository = f"t{unique()}:1"
        registry.push(f"{registry.host}/{repository}", says, size)
        name = f"127.0.0.1:{port}/{repository}" if port else f"{registry.host}/{repository}"
        self.addCleanup(remove_image, name)
        for relay in self.relays:
            self.addCleanup(relay.close)  # before: a pull that ends afterwards would leave its image
        return name

    def setUp(self):
        super().setUp()
        self.relays = []

    def relay(self, *arguments, **more):
        self.relays.append(Relay(*arguments, **more))
        self.addCleanup(self.relays[-1].close)
        return self.relays[-1]

    def docker_config(self, **config):
        (self.folder / ".docker").mkdir(exist_ok=True)
        (self.folder / ".docker/config.json").write_text(json.dumps(config))

    def our_config(self, **config):
        return self.environment(DIND_CONFIG=self.file("dind.json", json.dumps(config)))

    def helper(self, script, name="test"):
        folder = self.folder / "programs"
        folder.mkdir(exist_ok=True)
        path = folder / f"docker-credential-{name}"
        path.write_text("#!/bin/sh\n" + script)
        path.chmod(0o755)
        return self.environment(PATH=f"{folder}:{os.environ['PATH']}")

    def assert_not_pulled(self, done, *said):
        """One line after the progress, exit 125, and no secret in the output."""
        self.assert_run(done, 125, b"")
        text = done.stderr.decode()
        for part in said:
            self.assertIn(part, text.splitlines()[-1])
        self.assert_no_secret(text)

    def assert_no_secret(self, text):
        for secret in (PASSWORD, login(), "wrong-s3cret"):
            self.assertNotIn(secret, text)


class Pulling(RegistryTest):
    def test_a_pulled_image_runs_and_the_result_has_its_digest(self):
        repository = f"{OPEN.host}/t{unique()}:1"
        digest = OPEN.push(repository, "pulled\n")
        self.addCleanup(remove_image, repository)
        result, text, code = self.result_of("--image", repository, *SAYS)
        self.assertEqual((code, text), (0, "pulled\n"))
        self.assertRegex(digest, "^sha256:[0-9a-f]{64}$")
        self.assertEqual(result["imageDigest"], digest)
        # The same by its digest, without another pull.
        result, text, _ = self.result_of("--pull", "never", "--image", f"{repository.rsplit(':', 1)[0]}@{digest}", *SAYS)
        self.assertEqual((text, result["imageDigest"]), ("pulled\n", digest))

    def test_an_image_that_was_built_here_has_no_digest(self):
        name = f"t{unique()}:1"
        make_image(name, "local\n")
        self.addCleanup(remove_image, name)
        result, text, _ = self.result_of("--image", name, *SAYS)
        self.assertEqual(text, "local\n")
        if has_containerd_store():  # N06: its engine gives one to every image (docs/protocol.md)
            self.assertRegex(result["imageDigest"], "^sha256:[0-9a-f]{64}$")
        else:
            self.assertIsNone(result["imageDigest"])

    def test_never_pulls_nothing_and_says_what_to_do(self):
        name = self.image(OPEN)
        path = str(self.folder / "engine.sock")
        relay = self.relay(os.environ["DOCKER_HOST"].removeprefix("unix://"), unix=path)
        done = self.call("run", "--host", f"unix://{path}", "--pull", "never", "--image", name, *SAYS)
        self.assert_refused(done, "does not have the image " + name, f"docker pull {name}", "--pull missing")
        self.assertTrue(relay.requests)
        self.assertEqual(pulls_of(relay.requests), [])
        self.assert_run(self.call("run", "--quiet", "--image", name, *SAYS), 0, b"hello\n")
        self.assert_run(self.call("run", "--quiet", "--pull", "never", "--image", name, *SAYS), 0, b"hello\n")

    def test_pull_policy_never_of_the_operator_holds_for_every_caller(self):
        name = self.image(OPEN)
        for wish in ([], ["--pull", "always"], ["--pull", "missing"]):
            done = self.call("run", *wish, "--image", name, *SAYS, env=self.our_config(pull="never"))
            self.assert_refused(done, "nothing is pulled here", "in the configuration")

    def test_always_takes_what_the_registry_has_now_and_missing_does_not(self):
        name = self.image(OPEN, "first\n")
        self.assert_run(self.call("run", "--quiet", "--image", name, *SAYS), 0, b"first\n")
        other = f"{OPEN.host}/t{unique()}:1"
        make_image(other, "second\n")
        self.addCleanup(remove_image, other)
        repository, tag = name.rsplit(":", 1)
        # Tagged for the push only: the engine's own `name` is put back to the first.
        first = json.loads(ask_engine("GET", f"/images/{name}/json")[1])["Id"]
        ask_engine("POST", f"/images/{other}/tag?repo={repository}&tag={tag}")
        status, text = ask_engine("POST", f"/images/{repository}/push?tag={tag}", headers={"X-Registry-Auth": "e30="})
        self.assertNotIn('"error"', text)
        ask_engine("POST", f"/images/{first}/tag?repo={repository}&tag={tag}")
        self.addCleanup(remove_image, first)
        self.assert_run(self.call("run", "--quiet", "--image", name, *SAYS), 0, b"first\n")
        self.assert_run(self.call("run", "--quiet", "--pull", "always", "--image", name, *SAYS), 0, b"second\n")
        self.assert_run(self.call("run", "--quiet", "--image", name, *SAYS, env=self.our_config(pull="always")), 0, b"second\n")

    def test_always_without_the_registry_is_an_error_though_the_image_is_there(self):
        name = f"127.0.0.1:1/t{unique()}:1"
        make_image(name, "here\n")
        self.addCleanup(remove_image, name)
        done = self.call("run", "--pull", "always", "--image", name, *SAYS)
        self.assert_not_pulled(done, "could not pull the image " + name)
        self.assert_run(self.call("run", "--quiet", "--image", name, *SAYS), 0, b"here\n")


class WhoWeAre(RegistryTest):
    def run_it(self, name, env=None):
        return self.call("run", "--log-level", "debug", "--image", name, *SAYS, env=env)

    def test_without_a_login_it_is_refused_with_the_remedy(self):
        self.assert_not_pulled(self.run_it(self.image(PROTECTED)), "no basic auth credentials", "docker login")

    def test_a_login_of_docker_is_used_and_never_written_anywhere(self):
        name = self.image(PROTECTED)
        self.docker_config(auths={PROTECTED.host: {"auth": login()}})
        done = self.run_it(name)
        self.assert_run(done, 0, b"hello\n")
        self.assert_no_secret(done.stderr.decode())

    def test_docker_config_names_another_folder(self):
        name = self.image(PROTECTED)
        self.docker_config(auths={PROTECTED.host: {"auth": login()}})
        elsewhere = self.folder / "elsewhere"
        (self.folder / ".docker").rename(elsewhere)
        self.assert_not_pulled(self.run_it(name), "docker login")
        self.assert_run(self.run_it(name, env=self.environment(DOCKER_CONFIG=str(elsewhere))), 0, b"hello\n")

    def test_a_wrong_password_is_refused(self):
        name = self.image(PROTECTED)
        self.docker_config(auths={PROTECTED.host: {"auth": login(password="wrong-s3cret")}})
        self.assert_not_pulled(self.run_it(name), "could not pull", "docker login")

    def test_a_login_at_another_registry_is_not_used(self):
        name = self.image(PROTECTED)
        self.docker_config(auths={"127.0.0.1:1": {"auth": login()}, "https://index.docker.io/v1/": {"auth": login()}})
        self.assert_not_pulled(self.run_it(name), "docker login")

    def test_a_broken_file_does_not_keep_from_what_is_public(self):
        (self.folder / ".docker").mkdir()
        (self.folder / ".docker/config.json").write_text('{"auths": {"x": {"auth": "' + login())
        self.assert_run(self.call("run", "--quiet", "--image", self.image(OPEN), *SAYS), 0, b"hello\n")
        self.assert_not_pulled(self.run_it(self.image(PROTECTED)), "config.json: it is not a JSON object")

    def test_a_helper_is_asked_for_this_registry(self):
        name = self.image(PROTECTED)
        self.docker_config(credHelpers={PROTECTED.host: "test"}, auths={PROTECTED.host: {}})
        env = self.helper(f'echo "$@" >>{self.folder}/asked; cat >>{self.folder}/asked; '
                          f"""echo '{json.dumps({"ServerURL": PROTECTED.host, "Username": USER, "Secret": PASSWORD})}'\n""")
        done = self.run_it(name, env)
        self.assert_run(done, 0, b"hello\n")
        self.assert_no_secret(done.stderr.decode())
        self.assertEqual((self.folder / "asked").read_text(), f"get\n{PROTECTED.host}\n")

    def test_a_helper_without_a_login_and_one_that_fails_are_distinguished(self):
        name = self.image(PROTECTED)
        self.docker_config(credsStore="test")
        done = self.run_it(name, self.helper("echo 'credentials not found in native keychain'; exit 1\n"))
        self.assert_not_pulled(done, "no basic auth credentials")
        self.assertNotIn("helper", done.stderr.decode())
        self.assert_not_pulled(self.run_it(name, self.helper("echo the keyring is locked >&2; exit 1\n")),
                               "docker-credential-test failed (exit 1): the keyring is locked")
        self.docker_config(credsStore="absent")
        self.assert_not_pulled(self.run_it(name), "there is no docker-credential-absent on PATH")

    def test_what_is_public_needs_no_helper_that_works(self):
        self.docker_config(credsStore="absent")
        self.assert_run(self.call("run", "--quiet", "--image", self.image(OPEN), *SAYS), 0, b"hello\n")

    @alone
    def test_a_helper_that_hangs_is_ended_when_the_run_is_stopped(self):
        name = self.image(PROTECTED)
        self.docker_config(credsStore="test")
        env = self.helper(f"echo $$ >{self.folder}/pid; exec sleep 1000\n")
        child = self.start("run", "--image", name, *SAYS, env=env)
        self.until(lambda: (self.folder / "pid").exists() and (self.folder / "pid").read_text().strip(), LIMIT)
        child.send_signal(signal.SIGINT)
        begun = time.monotonic()
        self.assertEqual(child.wait(LIMIT), 130)
        self.assertLess(time.monotonic() - begun, 1.0)
        pid = (self.folder / "pid").read_text().strip()
        self.until(lambda: not os.path.exists(f"/proc/{pid}"), 5)


class BrokenWays(RegistryTest):
    def test_a_pull_that_breaks_half_way_is_one_line_and_no_image(self):
        relay = self.relay(("127.0.0.1", OPEN.port), after=1 << 20, then="cut")
        name = self.image(OPEN, size=4 << 20, port=relay.port)
        begun = time.monotonic()
        done = self.call("run", "--image", name, *SAYS)
        self.measured("registry: a pull that was cut, answered after s", round(time.monotonic() - begun, 1))
        self.assertTrue(relay.broken.is_set())
        self.assert_not_pulled(done, "could not pull the image " + name)
        self.assertFalse(exists("images", name + "/json"))
        relay.broken.clear()
        relay.after = None
        self.assert_run(self.call("run", "--quiet", "--image", name, *SAYS), 0, b"hello\n")

    def test_an_image_that_is_larger_than_the_operators_bound_is_not_pulled(self):  # S19
        name = self.image(OPEN, size=64 << 20)  # containerd's store tells sizes while it fetches: a small one is there at once
        for file, asks in ((None, ["--image", name, *SAYS]), (f"FROM {name}\nCMD true\n", ["--dockerfile", "-"])):
            with self.subTest(dockerfile=file):
                done = self.call("run", *asks, env=self.our_config(maxPull="1m"), **({"input": file.encode()} if file else {}))
                self.assert_not_pulled(done, f"The image {name} needs a download of more than 1 MiB", "maxPull")
                self.assertFalse(exists("images", name + "/json"))
        self.assert_run(self.call("run", "--quiet", "--image", name, *SAYS, env=self.our_config(maxPull="80m")), 0, b"hello\n")

    def test_an_engine_that_stops_during_a_pull_is_reported(self):
        stall = self.relay(("127.0.0.1", OPEN.port), after=1 << 20, then="stall")
        name = self.image(OPEN, size=4 << 20, port=stall.port)
        path = str(self.folder / "engine.sock")
        engine = self.relay(os.environ["DOCKER_HOST"].removeprefix("unix://"), unix=path, after=None)
        child = self.start("run", "--host", f"unix://{path}", "--image", name, *SAYS)
        self.until(stall.broken.is_set, LIMIT)
        engine.drop_all()
        _, errors = child.communicate(timeout=LIMIT)
        self.assertEqual(child.returncode, 125, errors)
        self.assertIn("engine at", errors.decode().splitlines()[-1])

    def test_a_stopped_pull_is_answered_at_once(self):
        relay = self.relay(("127.0.0.1", OPEN.port), after=1 << 20, then="stall")
        name = self.image(OPEN, size=4 << 20, port=relay.port)
        child = self.start("run", "--json", "--image", name, *SAYS)
        self.until(relay.broken.is_set, LIMIT)
        begun = time.monotonic()
        child.send_signal(signal.SIGINT)
        lines = child.stdout.read().splitlines()
        answered = time.monotonic() - begun
        self.measured("registry: a stopped pull, answered after ms", round(answered * 1000))
        self.assertEqual(json.loads(lines[-1])["error"]["kind"], "cancelled")
        self.assertLess(answered, 0.3)
        self.assertEqual(child.wait(LIMIT), 130)

    def test_runs_that_wait_for_the_same_image_share_one_pull(self):
        registry = self.relay(("127.0.0.1", OPEN.port), after=1 << 20, then="stall")
        name = self.image(OPEN, size=4 << 20, port=registry.port)
        path = str(self.folder / "engine.sock")
        engine = self.relay(os.environ["DOCKER_HOST"].removeprefix("unix://"), unix=path)
        client = LspClient("--host", f"unix://{path}", env={"HOME": str(self.folder)})
        self.addCleanup(client.close)
        client.initialize(initializationOptions={"images": {"shell": name}})
        uri = pathlib.Path(self.file("says.sh", "cat /says\n")).as_uri()
        ids = [client.run(uri, runId=f"r{n}") for n in range(3)]
        self.until(registry.broken.is_set, LIMIT)
        time.sleep(0.5)
        pulls = pulls_of(engine.requests)
        self.assertEqual(len(pulls), 1, engine.requests)
        # One stops waiting; the others still wait and get it.
        client.stop(runId="r0")
        self.assertEqual(client.reply(ids[0])["result"]["verdict"], "cancelled")
        time.sleep(0.3)
        self.assertEqual(pulls_of(engine.ended), [])
        registry.go_on.set()
        for n in (1, 2):
            self.assertEqual(client.reply(ids[n])["result"]["verdict"], "ok")
            self.assertEqual(client.output(f"r{n}"), "hello\n")
        self.assertEqual(len(pulls_of(engine.requests)), 1)

    def test_a_pull_without_a_waiting_run_is_cancelled(self):
        registry = self.relay(("127.0.0.1", OPEN.port), after=1 << 20, then="stall")
        name = self.image(OPEN, size=4 << 20, port=registry.port)
        path = str(self.folder / "engine.sock")
        engine = self.relay(os.environ["DOCKER_HOST"].removeprefix("unix://"), unix=path)
        client = LspClient("--host", f"unix://{path}", env={"HOME": str(self.folder)})
        self.addCleanup(client.close)
        client.initialize(initializationOptions={"images": {"shell": name}})
        uri = pathlib.Path(self.file("says.sh", "cat /says\n")).as_uri()
        ids = [client.run(uri) for _ in range(2)]
        self.until(registry.broken.is_set, LIMIT)
        client.stop()
        for id in ids:
            self.assertEqual(client.reply(id)["result"]["verdict"], "cancelled")
        self.until(lambda: len(pulls_of(engine.ended)) == 1, 5)
