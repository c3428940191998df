"""One connection to a server: many calls at a time, from any threads, each answered once."""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import threading
from collections import deque
from typing import Any, Callable, NamedTuple, Optional

from .deadline import Deadline
from .errors import CallTimeout, DindExecutorError, InvalidRequest, ServerGone, to_error
from .framing import FrameReader, FramingError, frame
from .streams import Stream

log = logging.getLogger("dind_executor")

PROTOCOL = 1
_MAX_HELD = 16 << 20  # characters of output that wait for the callback of a call; more is dropped
CLOSE_TIMEOUT = 10.0  # seconds that a server has to remove its containers and end
_CANCEL_TIMEOUT = 0.5  # seconds in which a cancel must be sent


class NotSent(ServerGone):
    """The connection ended before the whole request was sent: no server acts on it, so it can be sent again."""


class Output(NamedTuple):
    """A piece of what a program wrote."""

    channel: str
    text: str


class Answer(NamedTuple):
    """The answer to a call: a result or an error."""

    result: Any
    error: Optional[DindExecutorError]

    def value(self) -> Any:
        """Returns the result, or raises the error."""
        if self.error is not None:
            raise self.error
        return self.result


class Call:
    """A request under way. Its events are put by the connection's reader and taken by the caller.

    Args:
        run_id: The run whose output the call gets.
        wake: A function that the reader's thread calls after each event.
    """

    def __init__(self, run_id: Optional[str], wake: Optional[Callable[[], None]]) -> None:
        self.run_id = run_id
        self._wake = wake
        self._changed = threading.Condition()
        self._outputs: deque[Output] = deque()
        self._held = 0
        self._answer: Optional[Answer] = None
        self._ignored = False
        self.left_out = 0  # characters of output that were dropped

    def put(self, output: Output) -> None:
        """Adds output. The reader never waits for the caller: one slow callback would delay all other calls."""
        with self._changed:
            if self._ignored or self._answer is not None:
                return
            if self._held + len(output.text) > _MAX_HELD:
                self.left_out += len(output.text)
                return
            self._outputs.append(output)
            self._held += len(output.text)
            self._changed.notify_all()
        self._notify()

    def finish(self, answer: Answer) -> None:
        """Sets the answer; only the first one counts."""
        with self._changed:
            if self._answer is None:
                self._answer = answer
            self._changed.notify_all()
        self._notify()

    def ignore(self) -> None:
        """The caller takes no more: further events are dropped."""
        with self._changed:
            self._ignored = True
            self._outputs.clear()

    def take(self) -> tuple[list[Output], Optional[Answer]]:
        """Returns the new output, and the answer if there is one. Does not wait."""
        with self._changed:
            outputs = list(self._outputs)
            self._outputs.clear()
            self._held = 0
            return outputs, self._answer

    def wait(self, deadline: Deadline) -> bool:
        """Waits for output or the answer. Returns False if the deadline passes first."""
        with self._changed:
            return self._changed.wait_for(lambda: bool(self._outputs) or self._answer is not None, deadline.left())

    def _notify(self) -> None:
        if self._wake is not None:
            with contextlib.suppress(RuntimeError):  # an event loop that is closed
                self._wake()


class Connection:
    """JSON-RPC 2.0 over a stream, with a thread that reads.

    Args:
        stream: The bytes to and from the server. The connection closes it.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._ids = itertools.count(1)
        self._lock = threading.Lock()  # of what follows
        self._calls: dict[int, Call] = {}
        self._runs: dict[str, Call] = {}
        self._ended: Optional[str] = None
        self._sending = threading.Lock()
        self._dropped = False
        self.enabled = True  # the server said in the handshake that it allows runs
        self.suspect = False  # it left a call without an answer, so it must answer a probe before the next call
        self._reader = threading.Thread(target=self._read, name="dind-executor reader", daemon=True)
        self._reader.start()

    @property
    def name(self) -> str:
        """The name of the server, for messages."""
        return self._stream.name

    @property
    def stream(self) -> Stream:
        """The stream that carries the messages."""
        return self._stream

    def alive(self) -> bool:
        """Whether calls can still be answered, as far as the client knows."""
        with self._lock:
            return self._ended is None

    def call(
        self,
        method: str,
        params: dict[str, Any],
        deadline: Deadline,
        run_id: Optional[str] = None,
        wake: Optional[Callable[[], None]] = None,
    ) -> Call:
        """Sends a request.

        Args:
            method: The method's name.
            params: Its parameters.
            deadline: When it must be sent.
            run_id: The run whose output the call gets.
            wake: See `Call`.

        Returns:
            The call. The server answers it, or it gets ServerGone when the connection ends.

        Raises:
            InvalidRequest: The parameters cannot be written as JSON, or the run has an open call.
            NotSent: The connection has ended.
            CallTimeout: The server took no bytes.
        """
        call = Call(run_id, wake)
        number = next(self._ids)
        try:
            data = frame({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        except (ValueError, TypeError, RecursionError) as error:
            raise InvalidRequest(f"The request can't be sent as JSON: {error}") from None
        with self._lock:
            if self._ended is not None:
                raise NotSent(self._ended)
            if run_id is not None:
                if run_id in self._runs:
                    raise InvalidRequest(f"A run with the id {run_id} is under way; use another id")
                self._runs[run_id] = call
            self._calls[number] = call
        try:
            self._send(data, deadline)
        except BaseException:
            self._forget(number)
            raise
        return call

    def cancel(self, run_id: str) -> None:
        """Tells the server to end a run. The call of the run gets its answer after that. Never raises."""
        try:
            self.call("run/cancel", {"runId": run_id}, Deadline(_CANCEL_TIMEOUT)).ignore()
        except DindExecutorError as error:
            log.debug("a run could not be cancelled: %s", error)

    def close(self, timeout: float = CLOSE_TIMEOUT) -> None:
        """Ends the connection and its runs. A server that this client started has `timeout` seconds to end."""
        self._end(f"The connection to {self.name} was closed during the call")
        self._stream.close(timeout)
        if threading.current_thread() is not self._reader:
            self._reader.join(1)

    def drop(self) -> None:
        """As `close`, for an owner that is being collected: without waiting and without a lock. The reader does it."""
        self._dropped = True
        self._stream.shut()

    def abandon(self) -> None:
        """Closes the descriptors in a forked child. The parent continues to use the connection."""
        self._stream.abandon()

    def _send(self, data: bytes, deadline: Deadline) -> None:
        left = deadline.left()
        if not self._sending.acquire(timeout=-1 if left is None else left):
            raise CallTimeout(f"The request could not be sent in time: {self.name} does not read")
        try:
            self._stream.send(data, deadline)
        except TimeoutError:
            # Half a frame may be sent, so nothing can follow it.
            self._end(f"{self.name} read no bytes in the time of a call; the next call opens a new connection")
            raise CallTimeout(f"The request could not be sent in time: {self.name} does not read") from None
        except OSError:
            self._end_after_loss()
            raise NotSent(self._ended or "") from None
        except BaseException:  # Ctrl-C: it is unknown how much of the frame was sent
            self._end(f"A call was interrupted while it was sent to {self.name}; the next call opens a new connection")
            raise
        finally:
            self._sending.release()

    def _read(self) -> None:
        frames = FrameReader()
        try:
            while data := self._stream.receive():
                for body in frames.feed(data):
                    self._handle(json.loads(body))
            self._end_after_loss()
        except (FramingError, ValueError, RecursionError, MemoryError) as error:
            log.error("%s sent an invalid message (%s); the connection is closed", self.name, error)
            self._end(f"{self.name} sent an invalid message ({error}); the next call opens a new connection")
        if self._dropped:
            self._stream.close(CLOSE_TIMEOUT)

    def _handle(self, message: Any) -> None:
        if not isinstance(message, dict):
            raise FramingError(f"a {type(message).__name__} for a message")
        method = message.get("method")
        if method is None:
            self._on_answer(message)
        elif method == "run/output":
            self._on_output(message.get("params"))
        else:
            log.debug("%s: %s", method, message.get("params"))

    def _forget(self, number: int) -> Optional[Call]:
        with self._lock:
            call = self._calls.pop(number, None)
            if call is not None and call.run_id is not None:
                self._runs.pop(call.run_id, None)
            return call

    def _on_answer(self, message: dict[str, Any]) -> None:
        number = message.get("id")
        call = self._forget(number) if isinstance(number, int) else None
        if call is None:
            log.warning("%s answered an unknown request (id %r): %.300s", self.name, number, message.get("error") or "")
            return
        self.suspect = False
        if "error" in message:
            call.finish(Answer(None, to_error(message["error"])))
        else:
            call.finish(Answer(message.get("result"), None))

    def _on_output(self, params: Any) -> None:
        if not isinstance(params, dict):
            return
        run_id, channel, text = params.get("runId"), params.get("channel"), params.get("text")
        with self._lock:
            call = self._runs.get(run_id) if isinstance(run_id, str) else None
        if call is not None and isinstance(channel, str) and isinstance(text, str):
            call.put(Output(channel, text))

    def _end_after_loss(self) -> None:
        if self.alive():
            self._end(
                f"{self.name} ended during the call{self._stream.exit_text()}; the next call opens a new connection"
            )

    def _end(self, message: str) -> None:
        with self._lock:
            if self._ended is not None:
                return
            self._ended = message
            calls = list(self._calls.values())
            self._calls.clear()
            self._runs.clear()
        self._stream.shut()  # if the server still runs, it sees that its runs have ended
        for call in calls:
            call.finish(Answer(None, ServerGone(message)))
