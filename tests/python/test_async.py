"""The executor for asyncio."""
import asyncio
import gc
import inspect
import threading
import time

from dindtest.alone import alone
from case import LIMIT, ClientTest
import dind_executor
from dind_executor import AsyncExecutor, Executor, runs
from fake_server import result


class Async(ClientTest):
    def client(self, script, **more):
        self.server_ = self.server(script, **more)
        return AsyncExecutor(executor=self.executor(self.server_))

    def run_in_loop(self, coroutine):
        return asyncio.run(asyncio.wait_for(coroutine, LIMIT))

    @staticmethod
    def wait_for_cancel(peer, request, seen=None):
        """Answers a run only after it is cancelled."""
        if request["method"] != "run/cancel":
            seen[request["params"]["runId"]] = request
        else:
            peer.answer(seen[request["params"]["runId"]], result(verdict="cancelled", returncode=130))
            peer.answer(request, {"cancelled": True})

    def test_every_method_has_its_twin_with_the_same_arguments(self):
        for name, method in inspect.getmembers(Executor, inspect.isfunction):
            if name.startswith("_"):
                continue
            with self.subTest(name):
                twin = getattr(AsyncExecutor, name)
                self.assertTrue(inspect.iscoroutinefunction(twin))
                self.assertEqual(inspect.signature(twin), inspect.signature(method))

    def test_calls_at_the_same_time_each_get_their_own_answers(self):
        held = []

        def script(peer, request):
            held.append(request)
            if len(held) == 50:
                for each in reversed(held):
                    peer.output(each["params"]["runId"], "stdout", each["params"]["code"])
                    peer.answer(each, result(stdout=each["params"]["code"]))
        client = self.client(script)

        async def one(number):
            seen = []
            made = await client.run_python_code(str(number), on_output=lambda *event: seen.append(event))
            return made.stdout, seen

        async def main():
            return await asyncio.gather(*map(one, range(50)))
        self.assertEqual(self.run_in_loop(main()), [(str(each), [("stdout", str(each))]) for each in range(50)])
        self.assertEqual(self.server_.connections, 1)

    def test_the_loop_is_not_blocked_and_on_output_is_called_in_it(self):
        ticked = threading.Event()

        def script(peer, request):
            if not ticked.wait(LIMIT):
                return
            peer.output(request["params"]["runId"], "stdout", "x")
            peer.answer(request, result())
        client = self.client(script)

        async def main():
            threads = []
            asyncio.get_running_loop().call_later(0, ticked.set)
            await client.run_python_code("x", on_output=lambda channel, text: threads.append(threading.get_ident()))
            return threads
        self.assertEqual(self.run_in_loop(main()), [threading.get_ident()])

    def test_cancelling_the_task_ends_the_run_before_the_task_ends(self):
        seen = {}
        client = self.client(lambda peer, request: self.wait_for_cancel(peer, request, seen))

        async def main():
            task = asyncio.ensure_future(client.run_shell_script("sleep 60"))
            await asyncio.to_thread(self.server_.wait_for, "runShellScript")
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            return [each["method"] for each in self.server_.requests]
        methods = self.run_in_loop(main())
        # Two cancels if the task was cancelled before it knew that its request had been sent.
        self.assertIn(methods, (["runShellScript", "run/cancel"], ["runShellScript", "run/cancel", "run/cancel"]))

    def test_wait_for_ends_the_run_too(self):
        seen = {}
        client = self.client(lambda peer, request: self.wait_for_cancel(peer, request, seen))

        async def main():
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(client.run_shell_script("sleep 60"), 0.2)
        self.run_in_loop(main())
        self.server_.wait_for("run/cancel")

    def test_a_cancelled_task_ends_although_the_server_does_not_answer(self):
        self.addCleanup(setattr, runs, "GRACE", runs.GRACE)
        runs.GRACE = 0.2
        client = self.client(lambda peer, request: None)

        async def main():
            task = asyncio.ensure_future(client.run_shell_script("sleep 60"))
            await asyncio.to_thread(self.server_.wait_for, "runShellScript")
            began = time.monotonic()
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            self.assertLess(time.monotonic() - began, 2)
        self.run_in_loop(main())

    def test_a_task_that_is_cancelled_while_it_connects_leaves_no_run(self):
        greet = threading.Event()
        seen = {}

        def script(peer, request):
            if request["method"] == "server/info":
                greet.wait(LIMIT)
                peer.answer(request, {"protocol": 1})
            else:
                self.wait_for_cancel(peer, request, seen)
        client = self.client(script, info=None)
        self.addCleanup(greet.set)

        async def main():
            task = asyncio.ensure_future(client.run_shell_script("sleep 60"))
            await asyncio.to_thread(self.server_.wait_for, "server/info")
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            greet.set()
            await asyncio.to_thread(self.server_.wait_for, "run/cancel")
        self.run_in_loop(main())

    def test_a_cancellation_from_another_thread_ends_it_with_a_result(self):
        seen = {}
        client = self.client(lambda peer, request: self.wait_for_cancel(peer, request, seen))
        stop = dind_executor.Cancellation()

        def stop_it():
            self.server_.wait_for("runShellScript")
            stop.cancel()

        async def main():
            made, _ = await asyncio.gather(client.run_shell_script("sleep 60", cancel=stop),
                                           asyncio.to_thread(stop_it))
            return made.verdict
        self.assertEqual(self.run_in_loop(main()), "cancelled")

    def test_errors_are_those_of_the_executor(self):
        client = self.client(lambda peer, request: peer.refuse(request, "busy", "later"))

        async def main():
            with self.assertRaises(dind_executor.Busy):
                await client.run_python_code("x")
            with self.assertRaises(dind_executor.InvalidRequest):
                await client.run_python_code(b"x")
            self.assertIs(await client.is_available(), False)
            self.server_.script = lambda peer, request: peer.answer(request, {"enabled": True, "available": True})
            self.assertIs(await client.is_available(), True)
        self.run_in_loop(main())
        with self.assert_raises(dind_executor.InvalidRequest, "not both"):
            AsyncExecutor(socket="/a", executor=self.executor(self.server_))

    @alone
    def test_a_server_that_never_answers_ends_in_a_timeout(self):
        self.addCleanup(setattr, runs, "GRACE", runs.GRACE)
        runs.GRACE = 0.2
        client = self.client(lambda peer, request: None)

        async def main():
            with self.assertRaises(dind_executor.CallTimeout):
                await client.run_python_code("x", timeout=0.2)
            began = time.monotonic()
            self.assertIs(await client.is_available(), False)
            self.assertLess(time.monotonic() - began, 2.5)
        self.run_in_loop(main())
        self.server_.wait_for("run/cancel")

    def test_a_loop_that_is_closed_does_not_disturb_the_connection(self):
        requests = []

        def script(peer, request):
            requests.append((peer, request))
        client = self.client(script)
        loop = asyncio.new_event_loop()
        task = loop.create_task(client.run_python_code("x"))
        while not requests:
            loop.run_until_complete(asyncio.sleep(0.01))
        loop.close()
        peer, request = requests[0]
        peer.answer(request, result())
        self.server_.script = lambda peer, request: peer.answer(request, result())
        self.assertTrue(self.run_in_loop(client.run_python_code("y")).ok)
        self.assertEqual(self.server_.connections, 1)
        with self.assertLogs("asyncio", "ERROR"):  # asyncio's message "Task was destroyed but it is pending"
            del task
            gc.collect()

    def test_it_closes_with_its_block(self):
        async def main():
            server = self.server_
            async with AsyncExecutor(socket=server.path) as client:
                self.assertTrue((await client.run_python_code("x")).ok)
            self.assertTrue(await asyncio.to_thread(server.gone.wait, LIMIT))
        self.client(lambda peer, request: peer.answer(request, result()))
        self.run_in_loop(main())
