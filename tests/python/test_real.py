"""The client with the real program and a real engine: the calls of the guide, and that each kind of end leaves nothing."""
import asyncio
import logging
import os
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor

from case import LIMIT, SOURCES, ClientTest
import dind_executor
from dind_executor import AsyncExecutor, Cancellation
from dindtest import engine, wait
from dindtest.program import SHELL as IMAGE
from dindtest.program import program

SLEEP = "echo started; sleep 60"


class RealTest(ClientTest):
    """With `dind-executor rpc` as a child, which the tests of a class share."""

    @classmethod
    def setUpClass(cls):
        cls.client = dind_executor.Executor(program=program())
        cls.addClassCleanup(cls.client.close)
        cls.client.is_available()  # started here, since the tests share it

    def setUp(self):
        super().setUp()
        self.set_environment(HOME=str(self.folder))
        self.before = engine.containers(warm=False)
        self.addCleanup(self.assert_nothing_left)

    def assert_nothing_left(self, within=10.0):
        self.wait_until(lambda: not engine.containers(warm=False) - self.before, within)

    def wait_until(self, true, within=LIMIT):
        wait.until(true, within)

    def wait_for_container(self):
        self.wait_until(lambda: engine.containers(warm=False) - self.before)


class GuidesCalls(RealTest):
    def test_it_is_available_and_says_which_engine_there_is(self):
        self.assertIs(self.client.is_available(), True)
        status = self.client.engine_status()
        self.assertEqual((status["enabled"], status["available"], status["message"]), (True, True, None))
        self.assertRegex(status["version"], r"^\d+\.")

    def test_python_code_of_a_version(self):
        engine.call("POST", "/images/dind-executor/runtime-python:bookworm/tag?repo=python&tag=3.11-slim")
        self.addCleanup(engine.call, "DELETE", "/images/python:3.11-slim")
        result = self.client.run_python_code(
            code='''
import sys
print(f"Python {sys.version}")
print("Hello from DinD!")
    ''',
            python_version="3.11",
        )
        self.assertEqual(result["returncode"], 0, result)
        self.assertRegex(result["stdout"], r"\APython 3\.11.*\nHello from DinD!\n\Z")
        self.assertEqual((result["stderr"], result.image), ("", "python:3.11-slim"))

    def test_python_code(self):
        result = self.client.run_python_code("import sys; print('out 世界'); print('err', file=sys.stderr); sys.exit(3)")
        self.assertEqual((result["returncode"], result["stdout"], result["stderr"]), (3, "out 世界\n", "err\n"))
        self.assertEqual((result.verdict, result.exit_code, result.signal, result.stage, result.isolation),
                         ("failed", 3, None, "program", "runc"))
        self.assertEqual((result.stdout_bytes, result.stderr_bytes, result.stdout_truncated_bytes), (11, 4, 0))
        self.assertTrue(0 < result.duration < LIMIT and result.cpu_time > 0 and result.peak_memory > 1 << 20, result)
        self.assertIs(self.client.run_python_code("pass").ok, True)

    def test_shell_script(self):
        result = self.client.run_shell_script(
            script='''
#!/bin/bash
echo "Current directory: $(pwd)"
ls -la
    ''',
            shell="/bin/bash",
            timeout=30,
        )
        self.assertEqual(result["returncode"], 0, result)
        self.assertIn("Current directory: /", result["stdout"])
        self.assertEqual(self.client.run_shell_script("echo $0; exit 7", "/bin/sh", image=IMAGE)["returncode"], 7)

    def test_a_command_is_a_text_for_the_shell_or_argv(self):
        result = self.client.run_command(image=IMAGE, command="echo one && echo 'two  three'", timeout=30)
        self.assertEqual((result["returncode"], result["stdout"]), (0, "one\ntwo  three\n"))
        result = self.client.run_command(IMAGE, ["printf", "%s|", "a b", "$HOME", "&&"])
        self.assertEqual(result["stdout"], "a b|$HOME|&&|")
        result = self.client.run_command(IMAGE, "pwd", working_dir="/tmp")
        self.assertEqual(result["stdout"], "/tmp\n")

    def test_an_image_that_is_not_there_is_an_error(self):
        with self.assert_raises(dind_executor.ImageUnavailable, "dind.invalid/none"):
            self.client.run_command("dind.invalid/none:1", "true")

    def test_what_the_caller_gets_is_not_logged_as_a_warning(self):  # I30
        said = []
        handler = logging.Handler()
        handler.emit = said.append
        log = logging.getLogger("dind_executor")
        log.addHandler(handler)
        self.addCleanup(log.removeHandler, handler)
        client = dind_executor.Executor(program=program())
        self.addCleanup(client.close)
        with self.assert_raises(dind_executor.ImageUnavailable, "dind.invalid/none"):
            client.run_command("dind.invalid/none:1", "true")
        with self.assert_raises(dind_executor.InvalidRequest):
            client.run_command(IMAGE, "true", working_dir="relative")
        client.close()  # after this, the messages of the server have been read
        self.assertEqual([each.getMessage() for each in said if each.levelno >= logging.WARNING], [])

    def test_what_the_server_refuses_is_an_invalid_request(self):
        with self.assert_raises(dind_executor.InvalidRequest):
            self.client.run_python_code("print()", run_id="no such id!")
        with self.assert_raises(dind_executor.InvalidRequest):
            self.client.run_command(IMAGE, "true", working_dir="relative")
        with self.assert_raises(dind_executor.InvalidRequest):
            self.client.run("x", command="y", image=IMAGE)

    def test_the_whole_run(self):
        result = self.client.run("const [,, a] = process.argv; console.log(a + process.env.B)", language="javascript",
                                 args=["x"], env={"B": "y"}, limits={"pids": 64}, timeout=30)
        self.assertEqual((result["returncode"], result["stdout"]), (0, "xy\n"), result)
        with self.assert_raises(dind_executor.UnsupportedLanguage, "cobol"):
            self.client.run("x", language="cobol")


class Ends(RealTest):
    def test_a_timeout_is_a_result_and_bounds_the_call(self):
        began = time.monotonic()
        result = self.client.run_shell_script(SLEEP, timeout=1)
        self.assertEqual((result["returncode"], result["verdict"], result["stdout"]), (124, "timeout", "started\n"))
        self.assertLess(time.monotonic() - began, 3)
        result = self.client.run("import time; time.sleep(60)", language="python", limits={"timeout": 0.5}, timeout=30)
        self.assertEqual((result["returncode"], result["verdict"]), (124, "timeout"))

    def test_memory_and_signals(self):
        result = self.client.run_python_code("x = bytearray(1 << 30)", limits={"memory": "64m"})
        self.assertEqual((result["returncode"], result["verdict"]), (137, "out_of_memory"), result)
        result = self.client.run_shell_script("kill -SEGV $$")
        self.assertEqual((result["returncode"], result["verdict"], result.signal), (139, "signalled", 11))

    def test_input_environment_and_output_as_it_comes(self):
        seen = []
        result = self.client.run_shell_script(
            'while read -r line; do echo "$WORD $line"; echo "e $line" >&2; done', stdin="一\n二\n",
            env={"WORD": "got"}, on_output=lambda channel, text: seen.append((channel, text)))
        self.assertEqual((result["stdout"], result["stderr"]), ("got 一\ngot 二\n", "e 一\ne 二\n"))
        for channel in ("stdout", "stderr"):
            self.assertEqual("".join(text for each, text in seen if each == channel), result[channel])

    def test_output_is_live(self):
        # The program waits for a reaction to its output. If the output did not come at once, the timeout would end the program.
        stop, seen = Cancellation(), []

        def on_output(channel, text):
            seen.append(text)
            stop.cancel()
        result = self.client.run_shell_script(SLEEP, timeout=50, on_output=on_output, cancel=stop)
        self.assertEqual((result["verdict"], seen), ("cancelled", ["started\n"]))

    def test_long_output_is_kept_from_its_beginning_and_counted(self):
        result = self.client.run_shell_script("seq 1 200000", keep_output_bytes=1000)
        self.assertTrue(result["stdout"].startswith("1\n2\n3\n"))
        self.assertEqual(len(result["stdout"]) + result.stdout_truncated_bytes, result.stdout_bytes)
        self.assertEqual((len(result["stdout"]), result.stdout_bytes), (1000, 1288895))

    def test_bytes_that_are_no_text(self):
        result = self.client.run_shell_script(r"printf 'a\377b\000c\n'")
        self.assertEqual(result["stdout"], "a\ufffdb\0c\n")

    def test_twenty_threads(self):
        with ThreadPoolExecutor(20) as pool:
            results = list(pool.map(lambda each: self.client.run_shell_script(f"echo {each}", timeout=100), range(20)))
        self.assertEqual([each["stdout"] for each in results], [f"{each}\n" for each in range(20)])

    def test_a_cancellation_from_another_thread(self):
        stop = Cancellation()
        with ThreadPoolExecutor(1) as pool:
            call = pool.submit(self.client.run_shell_script, SLEEP, cancel=stop)
            self.wait_for_container()
            stop.cancel()
            try:
                self.assertEqual(call.result(LIMIT)["verdict"], "cancelled")
            except dind_executor.Cancelled:
                pass  # the cancel came before the program began
            self.assert_nothing_left(2)

    def test_cancelling_a_task_removes_its_container(self):
        async def main():
            async with AsyncExecutor(program=program()) as client:
                self.assertTrue(await client.is_available())
                started = asyncio.Event()
                task = asyncio.ensure_future(client.run_shell_script(SLEEP, on_output=lambda *_: started.set()))
                await started.wait()
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task
                await asyncio.to_thread(self.assert_nothing_left, 2)
                results = await asyncio.gather(*(client.run_python_code(f"print({each})") for each in range(4)))
                return [each["stdout"] for each in results]
        self.assertEqual(asyncio.run(asyncio.wait_for(main(), LIMIT)), ["0\n", "1\n", "2\n", "3\n"])

    def test_ctrl_c_removes_the_container(self):
        child = self.child('client.run_shell_script("sleep 60", on_output=None)')
        self.wait_for_container()
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(LIMIT), -signal.SIGINT)
        self.assert_nothing_left()

    def test_close_and_the_interpreters_end_remove_the_containers(self):
        child = self.child('threading.Thread(target=client.run_shell_script, args=["sleep 60"], daemon=True).start()\n'
                           "sys.stdin.read()")
        self.wait_for_container()
        child.stdin.close()
        self.assertEqual(child.wait(LIMIT), 0)
        self.assert_nothing_left(1)

    def test_a_killed_process_leaves_no_container(self):
        child = self.child('client.run_shell_script("sleep 60")')
        self.wait_for_container()
        child.kill()
        child.wait()
        self.assert_nothing_left()

    def test_a_killed_server_is_reported_and_replaced_and_leaves_no_container(self):
        client = self.executor(program=program())
        self.assertTrue(client.is_available())
        with ThreadPoolExecutor(1) as pool:
            call = pool.submit(client.run_shell_script, SLEEP)
            self.wait_for_container()
            os.kill(client._link._connection.stream.pid, signal.SIGKILL)
            self.assertIsInstance(call.exception(LIMIT), dind_executor.ServerGone)
        self.assertEqual(client.run_shell_script("echo anew")["stdout"], "anew\n")
        # Its owner is gone: the present server removes it.
        self.assert_nothing_left(45)

    def child(self, code):
        """Runs `code`, with an executor `client`, in another Python process."""
        script = f"import sys, threading\nsys.path.insert(0, {str(SOURCES)!r})\nimport dind_executor\n" \
                 f"client = dind_executor.Executor(program={program()!r})\n" + textwrap.dedent(code)
        child = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)

        def end():
            child.kill()
            child.wait()
            child.stdin.close()
        self.addCleanup(end)
        return child


class NotAvailable(ClientTest):
    def test_a_missing_engine_is_reported_within_two_seconds(self):
        self.set_environment(DOCKER_HOST="unix:///nonexistent/docker.sock")
        client = self.executor(program=program())
        began = time.monotonic()
        self.assertIs(client.is_available(), False)
        self.assertLess(time.monotonic() - began, 2.5)
        self.assertTrue(client.engine_status()["message"])
        with self.assert_raises(dind_executor.EngineUnavailable, "/nonexistent/docker.sock"):
            client.run_python_code("print()")

    def test_an_engine_that_never_answers_is_not_available_in_two_seconds(self):
        silent = self.server(lambda peer, request: None)  # takes connections and answers no request
        self.set_environment(DOCKER_HOST=f"unix://{silent.path}")
        client = self.executor(program=program())
        began = time.monotonic()
        self.assertIs(client.is_available(), False)
        self.assertLess(time.monotonic() - began, 2.5)

    def test_switched_off_at_the_server(self):
        switched_off = self.folder / "dind-executor"
        switched_off.write_text(f'#!/bin/sh\nDIND_ENABLED=false exec {program()} "$@"\n')
        switched_off.chmod(0o700)
        client = self.executor(program=switched_off)
        self.assertIs(client.is_available(), False)
        self.assertIs(client.engine_status()["enabled"], False)
        with self.assert_raises(dind_executor.Disabled):
            client.run_python_code("print()")


class OnASocket(RealTest):
    """`dind-executor serve --socket`, which many clients share."""

    @classmethod
    def setUpClass(cls):
        pass

    def setUp(self):
        super().setUp()
        self.path = str(self.folder / "server.sock")
        self.start()
        self.client = self.executor(socket=self.path)

    def start(self):
        with (self.folder / "log").open("ab") as log:
            server = subprocess.Popen([program(), "serve", "--socket", self.path], stdin=subprocess.DEVNULL, stdout=log,
                                      stderr=log)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        self.wait_until(lambda: self.executor(socket=self.path).is_available())
        self.process = server

    def test_many_processes_share_it_and_each_one_s_runs_end_with_it(self):
        other = self.executor(socket=self.path)
        with ThreadPoolExecutor(1) as pool:
            call = pool.submit(other.run_shell_script, SLEEP)
            self.wait_for_container()
            self.assertEqual(self.client.run_shell_script("echo ours")["stdout"], "ours\n")
            other.close()
            self.assertIsInstance(call.exception(LIMIT), dind_executor.ServerGone)
        self.assert_nothing_left()
        self.assertEqual(self.client.run_shell_script("echo still")["stdout"], "still\n")

    def test_a_server_that_was_started_again_is_found_again(self):
        self.assertEqual(self.client.run_shell_script("echo one")["stdout"], "one\n")
        self.process.terminate()
        self.process.wait()
        with self.assert_raises(dind_executor.ServerUnavailable, self.path):
            self.client.run_shell_script("echo none")
        self.start()
        self.assertEqual(self.client.run_shell_script("echo two")["stdout"], "two\n")

    def test_it_is_found_where_the_environment_or_its_usual_place_says(self):
        self.set_environment(DIND_EXECUTOR_SOCKET=self.path)
        self.assertEqual(dind_executor.get_executor().run_shell_script("echo found")["stdout"], "found\n")
        dind_executor.get_executor().close()
