r"""Frames of JSON-RPC messages on a byte stream: `Content-Length: N`, an empty line, N bytes of UTF-8 JSON.

See the Language Server Protocol 3.17, "Base Protocol". No I/O.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

_MAX_HEADER_BYTES = 4096
_MAX_BODY_BYTES = 256 << 20  # bytes; four times what a server sends, so that only garbage is refused


class FramingError(Exception):
    """The stream cannot be read any further, because the start of the next frame cannot be found."""


def frame(message: dict[str, Any]) -> bytes:
    r"""Encodes a message as one frame.

    Args:
        message: A JSON-RPC message.

    Returns:
        Header and body.

    Raises:
        ValueError: The message has a value that JSON or UTF-8 does not have (NaN, a lone surrogate).
        TypeError: The message holds an object that is not a JSON value.

    Example:
        >>> frame({"id": 1})
        b'Content-Length: 8\r\n\r\n{"id":1}'
    """
    body = json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


class FrameReader:
    r"""Takes bytes as they come, and returns the bodies of complete frames.

    Example:
        >>> reader = FrameReader()
        >>> list(reader.feed(b"Content-Length: 2\r\n"))
        []
        >>> list(reader.feed(b"\r\n{}"))
        [b'{}']
    """

    def __init__(self) -> None:
        self._held = bytearray()
        self._searched = 0  # bytes of _held that have no end of a header, and are not searched again
        self._length = -1  # of the body that comes next; -1 in a header

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Takes the next bytes of the stream.

        Args:
            data: Any number of bytes, split anywhere.

        Yields:
            The body of each frame that is complete.

        Raises:
            FramingError: The stream has no valid frame.
        """
        self._held += data
        while True:
            if self._length < 0 and not self._header():
                return
            if len(self._held) < self._length:
                return
            body = bytes(self._held[: self._length])
            del self._held[: self._length]
            self._length = -1
            yield body

    def _header(self) -> bool:
        end = self._held.find(b"\r\n\r\n", self._searched)
        if end > _MAX_HEADER_BYTES or (end < 0 and len(self._held) > _MAX_HEADER_BYTES + 3):
            raise FramingError("a header without an end")
        if end < 0:
            self._searched = max(0, len(self._held) - 3)
            return False
        self._length = _content_length(bytes(self._held[:end]))
        del self._held[: end + 4]
        self._searched = 0
        return True


def _content_length(header: bytes) -> int:
    length = -1
    for line in header.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if not colon:
            raise FramingError(f"a header line without a colon: {line[:80]!r}")
        if name.strip().lower() != b"content-length":
            continue
        digits = value.strip()
        if not digits.isdigit() or len(digits) > 12 or int(digits) > _MAX_BODY_BYTES or length not in (-1, int(digits)):
            raise FramingError(f"an invalid Content-Length: {line[:80]!r}")
        length = int(digits)
    if length < 0:
        raise FramingError("a header without Content-Length")
    return length
