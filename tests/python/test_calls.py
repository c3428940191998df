"""Calls over one connection: many at a time, with any behaviour of the server."""
import json
import os
import signal
import threading
import time
from dindtest.alone import alone
from concurrent.futures import ThreadPoolExecutor

from case import LIMIT, ClientTest
import dind_executor
from dind_executor import runs
from fake_server import framed, result


class Calls(ClientTest):
    def test_an_answer_split_at_every_byte_is_the_same(self):
        pieces = []

        def script(peer, request):
            answer = framed({"jsonrpc": "2.0", "id": request["id"], "result": result(stdout="é\n")})
            at = len(pieces) % len(answer)
            pieces.append(len(answer))
            peer.raw(answer[:at])
            peer.raw(answer[at:])
        client = self.executor(self.server(script))
        while not pieces or len(pieces) <= max(pieces):
            self.assertEqual(client.run_python_code("x")["stdout"], "é\n")

    def test_twenty_threads_each_get_their_own_answers(self):
        held = []

        def script(peer, request):
            # Answers seven at a time, the last one first.
            held.append(request)
            if len(held) == 7:
                while held:
                    each = held.pop()
                    peer.output(each["params"]["runId"], "stdout", each["params"]["code"])
                    peer.answer(each, result(stdout=each["params"]["code"]))
        server = self.server(script)
        client = self.executor(server)

        def work(number):
            seen, code = [], f"code {number}"
            made = client.run_python_code(code, on_output=lambda channel, text: seen.append((channel, text)))
            self.assertEqual((made.stdout, seen), (code, [("stdout", code)]))
        with ThreadPoolExecutor(20) as pool:
            for each in [pool.submit(work, number) for number in range(140)]:
                each.result(LIMIT)
        self.assertEqual(server.connections, 1)

    def test_a_server_that_dies_ends_its_calls_and_the_next_call_connects_again(self):
        def script(peer, request):
            if request["params"]["code"] == "answer":
                peer.answer(request, result())
        server = self.server(script)
        client = self.executor(server)
        with ThreadPoolExecutor(3) as pool:
            under_way = [pool.submit(client.run_python_code, "wait") for _ in range(3)]
            server.wait_for("runPythonCode", 3)
            server.drop()
            for each in under_way:
                with self.assert_raises(dind_executor.ServerGone, server.path, "during the call"):
                    each.result(LIMIT)
        self.assertEqual(client.run_python_code("answer").verdict, "ok")
        self.assertEqual(server.connections, 2)

    def test_a_server_that_died_between_two_calls_is_not_noticed(self):
        server = self.server(lambda peer, request: peer.answer(request, result()))
        client = self.executor(server)
        for _ in range(20):
            self.assertTrue(client.run_python_code("x").ok)
            server.drop()

    def test_a_second_answer_changes_nothing(self):
        def script(peer, request):
            peer.answer(request, result(stdout="first"))
            peer.answer(request, result(stdout="second"))
            peer.refuse(request, "internal")
            peer.answer({"id": "nobody's"}, 1)
            peer.answer({"id": None}, 1)
        server = self.server(script)
        client = self.executor(server)
        with self.assertLogs("dind_executor", "WARNING") as logged:
            for _ in range(5):
                self.assertEqual(client.run_python_code("x")["stdout"], "first")
        self.assertIn("answered an unknown request", "".join(logged.output))
        self.assertEqual(server.connections, 1)

    def test_what_is_no_message_ends_the_connection_and_the_call(self):
        for wrong in (framed(b"not json"), framed(b"\xff\xfe"), framed(b"[]"), framed(b"7"), b"no header\r\n\r\n",
                      framed(b"[" * 100_000), b"x" * 10_000):
            with self.subTest(wrong=wrong[:60]):
                server = self.server(lambda peer, request, wrong=wrong: peer.raw(wrong))
                client = self.executor(server)
                with self.assertLogs("dind_executor", "ERROR"), \
                        self.assert_raises(dind_executor.ServerGone, "invalid message"):
                    client.run_python_code("x")
                client.close()
                self.assertTrue(server.gone.wait(LIMIT))

    def test_an_answer_that_is_not_a_result_is_an_error_of_that_call_only(self):
        def script(peer, request):
            peer.answer(request, json.loads(request["params"]["code"]))
        server = self.server(script)
        client = self.executor(server)
        for answer in ("null", "[]", "{}", '{"returncode": "0"}'):
            with self.subTest(answer), self.assert_raises(dind_executor.DindExecutorError, "without a run"):
                client.run_python_code(answer)
        self.assertTrue(client.run_python_code(json.dumps(result())).ok)
        self.assertEqual(server.connections, 1)

    def test_an_error_of_the_server_is_raised_as_its_class(self):
        server = self.server(lambda peer, request: peer.refuse(request, "image_unavailable", "no such image", 502))
        with self.assert_raises(dind_executor.ImageUnavailable, "no such image") as caught:
            self.executor(server).run_command("image", "true")
        self.assertEqual(caught.exception.http_status, 502)

    def test_a_run_id_that_is_under_way_is_refused(self):
        server = self.server(lambda peer, request: None)
        client = self.executor(server)
        stop = dind_executor.Cancellation()
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(client.run_python_code, "x", run_id="one", cancel=stop)
            server.wait_for("runPythonCode")
            with self.assert_raises(dind_executor.InvalidRequest, "one is under way"):
                client.run_python_code("x", run_id="one")
            self.assertEqual(len(server.requests), 1)  # and the first one goes on
            server.drop()
            self.assertIsInstance(first.exception(LIMIT), dind_executor.ServerGone)


class Deadlines(ClientTest):
    def setUp(self):
        super().setUp()
        self.addCleanup(setattr, runs, "GRACE", runs.GRACE)
        runs.GRACE = 0.2

    @alone
    def test_a_call_without_an_answer_ends_in_a_timeout_and_cancels_its_run(self):
        server = self.server(lambda peer, request: None)
        began = time.monotonic()
        with self.assert_raises(dind_executor.CallTimeout, "0.3 s", "0.2 s more") as caught:
            self.executor(server).run_python_code("x", timeout=0.3)
        self.assertLess(abs(time.monotonic() - began - 0.5), 0.4)
        self.assertIsInstance(caught.exception, TimeoutError)
        run = server.wait_for("runPythonCode")[0]
        self.assertEqual(server.wait_for("run/cancel")[0]["params"], {"runId": run["params"]["runId"]})

    def test_output_without_end_does_not_put_the_deadline_off(self):
        over = threading.Event()

        def script(peer, request):
            if request["method"] == "runPythonCode":
                def flood():
                    while not over.is_set():
                        peer.output(request["params"]["runId"], "stdout", "y\n")
                threading.Thread(target=flood).start()
        client = self.executor(self.server(script))
        self.addCleanup(over.set)
        with self.assert_raises(dind_executor.CallTimeout):
            client.run_python_code("x", timeout=0.3, on_output=lambda channel, text: None)

    def test_a_server_that_takes_no_more_bytes_ends_in_a_timeout_too(self):
        over = threading.Event()

        def script(peer, request):
            peer.answer(request, result())
            over.wait(LIMIT)
        server = self.server(script)
        self.addCleanup(over.set)
        client = self.executor(server)
        self.assertTrue(client.run_python_code("x").ok)
        began = time.monotonic()
        with self.assert_raises(dind_executor.CallTimeout, "does not read"):
            client.run_python_code("x" * (8 << 20), timeout=0.3)
        self.assertLess(time.monotonic() - began, 2)

    def test_a_server_that_hangs_is_left_for_a_new_connection(self):
        hang = threading.Event()

        def script(peer, request):
            if request["method"] == "run/cancel":
                hang.wait(LIMIT)  # reads nothing more on this connection
            elif request["params"]["code"] == "answer":
                peer.answer(request, result())
        server = self.server(script)
        self.addCleanup(hang.set)
        client = self.executor(server)
        with self.assert_raises(dind_executor.CallTimeout):
            client.run_python_code("hang", timeout=0.1)
        self.assertTrue(client.run_python_code("answer", timeout=10).ok)
        self.assertEqual(server.connections, 2)

    def test_a_server_that_only_lost_one_call_is_kept(self):
        def script(peer, request):
            if request["params"].get("code") != "lost":
                peer.answer(request, result())
        server = self.server(script)
        client = self.executor(server)
        with self.assert_raises(dind_executor.CallTimeout):
            client.run_python_code("lost", timeout=0.1)
        self.assertTrue(client.run_python_code("answer", timeout=10).ok)
        self.assertEqual(server.connections, 1)

    @alone
    def test_is_available_is_false_in_two_seconds_where_nothing_answers(self):
        for name, script, info in (("status", lambda peer, request: None, {"protocol": 1}),
                                   ("greeting", lambda peer, request: None, None)):
            with self.subTest(name):
                client = self.executor(self.server(script, **({"info": info})))
                began = time.monotonic()
                self.assertIs(client.is_available(), False)
                self.assertLess(time.monotonic() - began, 2.5)


class Endings(ClientTest):
    """Events that end a call before its answer."""

    def script(self, peer, request):
        if request["method"] == "run/cancel":
            run_id = request["params"]["runId"]
            for each in self.server_.requests:
                if each["method"] != "run/cancel" and each["params"]["runId"] == run_id:
                    peer.answer(each, result(verdict="cancelled", returncode=130, cancelReason="user"))
            peer.answer(request, {"cancelled": True})

    def setUp(self):
        super().setUp()
        self.server_ = self.server(self.script)
        self.client = self.executor(self.server_)

    def test_a_cancellation_ends_its_calls_with_the_verdict_cancelled(self):
        stop = dind_executor.Cancellation()
        with ThreadPoolExecutor(3) as pool:
            calls = [pool.submit(self.client.run_shell_script, "sleep 60", cancel=stop) for _ in range(3)]
            self.server_.wait_for("runShellScript", 3)
            self.assertFalse(stop.cancelled)
            stop.cancel()
            self.assertEqual([each.result(LIMIT)["verdict"] for each in calls], ["cancelled"] * 3)
        self.assertTrue(stop.cancelled)

    def test_a_cancellation_from_before_the_call_ends_it_at_once(self):
        stop = dind_executor.Cancellation()
        stop.cancel()
        self.assertEqual(self.client.run_shell_script("sleep 60", cancel=stop)["verdict"], "cancelled")

    def test_a_cancellation_after_the_answer_does_nothing(self):
        server = self.server(lambda peer, request: peer.answer(request, result()))
        client, stop = self.executor(server), dind_executor.Cancellation()
        self.assertTrue(client.run_python_code("x", cancel=stop).ok)
        stop.cancel()
        self.assertTrue(client.run_python_code("x").ok)
        self.assertEqual([each["method"] for each in server.requests], ["runPythonCode"] * 2)

    def test_an_exception_of_on_output_ends_the_run_and_reaches_the_caller(self):
        class Own(Exception):
            pass

        def script(peer, request):
            if request["method"] == "runPythonCode":
                peer.output(request["params"]["runId"], "stderr", "x")

        def fail(channel, text):
            raise Own(channel + text)
        server = self.server(script)
        with self.assertRaisesRegex(Own, "stderrx"):
            self.executor(server).run_python_code("x", on_output=fail)
        server.wait_for("run/cancel")

    def test_ctrl_c_ends_the_run(self):
        def interrupt():
            self.server_.wait_for("runPythonCode")
            os.kill(os.getpid(), signal.SIGINT)
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        thread = threading.Thread(target=interrupt)
        thread.start()
        with self.assertRaises(KeyboardInterrupt):
            self.client.run_python_code("x")
            self.fail("there was an answer")
        thread.join()
        self.server_.wait_for_end()

    def test_close_ends_calls_under_way_and_the_executor_may_be_used_again(self):
        with ThreadPoolExecutor(1) as pool:
            call = pool.submit(self.client.run_python_code, "x")
            self.server_.wait_for("runPythonCode")
            self.client.close()
            self.assertIsInstance(call.exception(LIMIT), dind_executor.ServerGone)
        self.assertTrue(self.server_.gone.wait(LIMIT))
        stop = dind_executor.Cancellation()
        stop.cancel()
        self.assertEqual(self.client.run_python_code("x", cancel=stop)["verdict"], "cancelled")
        self.assertEqual(self.server_.connections, 2)
        self.client.close()
        self.client.close()


class Streaming(ClientTest):
    def test_output_comes_in_order_before_the_result_in_the_callers_thread(self):
        def script(peer, request):
            for each in range(200):
                peer.output(request["params"]["runId"], "stdout" if each % 3 else "stderr", f"{each}é\n")
            peer.output("another-run", "stdout", "not ours")
            peer.send({"jsonrpc": "2.0", "method": "run/output", "params": [1]})
            peer.send({"jsonrpc": "2.0", "method": "run/output", "params": {"runId": request["params"]["runId"]}})
            peer.send({"jsonrpc": "2.0", "method": "run/state", "params": {"runId": "x", "state": "started"}})
            peer.answer(request, result())
        seen = []
        client = self.executor(self.server(script))
        client.run_python_code("x", on_output=lambda *event: seen.append((*event, threading.get_ident())))
        self.assertEqual(seen, [("stdout" if each % 3 else "stderr", f"{each}é\n", threading.get_ident())
                                for each in range(200)])

    def test_a_slow_callback_holds_up_no_other_call_and_bounds_what_waits_for_it(self):
        block = "x" * (1 << 20)
        began, slow, seen = threading.Event(), threading.Event(), []

        def script(peer, request):
            if request["params"]["code"] == "flood":
                for _ in range(40):
                    peer.output(request["params"]["runId"], "stdout", block)
            peer.answer(request, result())

        def on_output(channel, text):
            seen.append(len(text))
            began.set()
            self.assertTrue(slow.wait(LIMIT))
        client = self.executor(self.server(script))
        with ThreadPoolExecutor(1) as pool:
            flooded = pool.submit(client.run_python_code, "flood", on_output=on_output)
            self.assertTrue(began.wait(LIMIT))
            self.assertTrue(client.run_python_code("other", timeout=LIMIT).ok)
            slow.set()
            made = flooded.result(LIMIT)
        left_out = (40 << 20) - sum(seen)
        self.assertGreater(left_out, 0)
        self.assertIn(f"{left_out} characters", made.notes[-1])
