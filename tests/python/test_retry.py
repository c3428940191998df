"""A full queue: what `Busy` says, and calls that wait until the queue has space (I15)."""
import asyncio
import pickle
import threading
import time

from case import LIMIT, ClientTest
from dind_executor import AsyncExecutor, Busy, Cancellation, Cancelled, DindExecutorError, InvalidRequest, ShuttingDown
from dind_executor.deadline import Deadline
from dind_executor.errors import to_error
from dind_executor.retry import next_try
from dind_executor.wire import Request
from fake_server import result


class Places(ClientTest):
    def busy_first(self, times, retry_after=0.02):
        """A server that refuses each run `times` times and then accepts it."""
        refused = {}

        def script(peer, request):
            if request["method"] == "run/cancel":
                return
            run = request["params"]["runId"]
            refused[run] = refused.get(run, 0) + 1
            if refused[run] > times:
                peer.answer(request, result(stdout=str(refused[run])))
            else:
                peer.send({"jsonrpc": "2.0", "id": request["id"], "error": {"code": -32000, "message": "full", "data": {
                    "kind": "busy", "message": "full", "httpStatus": 429, "retryAfter": retry_after}}})
        return self.server(script)

    def test_busy_says_when_to_try_again(self):
        with self.assert_raises(Busy, "full") as caught:
            self.executor(self.busy_first(1, 2.5)).run_python_code("x")
        self.assertEqual((caught.exception.retry_after, caught.exception.http_status), (2.5, 429))
        copy = pickle.loads(pickle.dumps(caught.exception))
        self.assertEqual((copy.retry_after, copy.kind, copy.message), (2.5, "busy", "full"))
        for odd in (None, True, -1, "3", 1e12):
            self.assertEqual(to_error({"data": {"kind": "busy", "retryAfter": odd}}).retry_after, 1.0)

    def test_a_server_that_is_being_stopped_has_an_exception_of_its_own_and_is_not_asked_again(self):  # K05
        def script(peer, request):
            peer.send({"jsonrpc": "2.0", "id": request["id"], "error": {"code": -32000, "message": "stops", "data": {
                "kind": "shutting_down", "message": "stops", "httpStatus": 503, "retryAfter": 7, "began": True, "stdout": "up"}}})
        server = self.server(script)
        for call in (lambda: self.executor(server).run_python_code("x", wait=True),
                     lambda: asyncio.run(AsyncExecutor(executor=self.executor(server)).run_python_code("x", wait=True))):
            with self.assert_raises(ShuttingDown, "stops") as caught:
                call()
            error = caught.exception
            self.assertEqual((error.kind, error.http_status, error.retry_after, error.began, error.stdout), ("shutting_down", 503, 7.0, True, "up"))
            self.assertIsInstance(error, DindExecutorError)
            self.assertNotIsInstance(error, Busy)
        self.assertEqual(len([each for each in server.requests if each["method"] == "runPythonCode"]), 2)
        self.assertEqual(to_error({"data": {"kind": "shutting_down"}}).retry_after, 5.0)

    def test_a_request_that_the_server_can_not_read_is_the_callers(self):  # I13
        for code in (-32700, -32600, -32602):
            self.assertIs(type(to_error({"code": code, "message": "The message has a number that is too large"})), InvalidRequest)

    def test_a_call_that_waits_gets_its_place_with_what_is_left_of_its_time(self):
        server = self.busy_first(3)
        self.assertEqual(self.executor(server).run_python_code("x", timeout=LIMIT, wait=True).stdout, "4")
        times = [each["params"]["timeout"] for each in server.wait_for("runPythonCode", 4)]
        self.assertEqual(times, sorted(times, reverse=True))
        self.assertLess(times[-1], times[0])
        self.assertEqual(self.executor(server).run(command="x", image="i", wait=True).stdout, "4")  # without a timeout

    def test_a_call_that_waits_gives_up_when_its_time_is_over(self):
        begun = time.monotonic()
        with self.assert_raises(Busy, "full"):
            self.executor(self.busy_first(10**6)).run_python_code("x", timeout=0.3, wait=True)
        self.assertLess(time.monotonic() - begun, LIMIT)

    def test_a_cancellation_ends_the_wait(self):
        server, cancel = self.busy_first(10**6, 1000), Cancellation()
        threading.Thread(target=lambda: (server.wait_for("runPythonCode"), cancel.cancel())).start()
        with self.assert_raises(Cancelled, "waited for a place"):
            self.executor(server).run_python_code("x", timeout=None, wait=True, cancel=cancel)

    def test_many_calls_at_once_all_get_their_answers(self):
        server = self.busy_first(2)
        client = AsyncExecutor(executor=self.executor(server))

        async def main():
            return await asyncio.gather(*[client.run_python_code("x", wait=True) for _ in range(100)])
        self.assertEqual([each.stdout for each in asyncio.run(asyncio.wait_for(main(), LIMIT))], ["3"] * 100)

    def test_the_next_try(self):
        busy = Busy("full")
        request = Request("run", {"totalTimeout": 9, "code": "x"}, "r", 9)
        again, pause = next_try(request, busy, Deadline(9))
        self.assertTrue(0.5 <= pause <= 1.0)
        self.assertAlmostEqual(again.params["totalTimeout"], 9 - pause, delta=0.5)
        self.assertEqual((again.timeout, again.params["code"], request.params["totalTimeout"]), (again.params["totalTimeout"], "x", 9))
        self.assertIsNone(next_try(request, busy, Deadline(0.1)))
        self.assertIs(next_try(request, busy, Deadline(None))[0], request)
