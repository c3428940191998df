"""Frames on a stream: the reader returns complete messages, however the bytes are split."""
import json
import unittest

from dind_executor.framing import FrameReader, FramingError, frame

MESSAGES = [{"id": 1}, {"text": "日本語 ü \u0000"}, {}, {"long": "x" * 300}]


class Framing(unittest.TestCase):
    def read(self, *pieces):
        reader = FrameReader()
        return [json.loads(body) for piece in pieces for body in reader.feed(piece)]

    def test_a_stream_reads_the_same_split_at_every_byte(self):
        stream = b"".join(map(frame, MESSAGES))
        for at in range(len(stream) + 1):
            self.assertEqual(self.read(stream[:at], stream[at:]), MESSAGES, at)

    def test_a_stream_reads_the_same_byte_by_byte(self):
        stream = b"".join(map(frame, MESSAGES))
        self.assertEqual(self.read(*(stream[at:at + 1] for at in range(len(stream)))), MESSAGES)

    def test_the_length_counts_bytes_and_not_characters(self):
        self.assertEqual(frame({"a": "é"}), b'Content-Length: 10\r\n\r\n{"a":"\xc3\xa9"}')

    def test_other_headers_and_another_case_are_read_over(self):
        self.assertEqual(self.read(b"Content-Type: x\r\ncontent-LENGTH:  2 \r\n\r\n{}"), [{}])

    def test_a_header_that_can_not_be_one_ends_the_stream(self):
        for header in (b"Content-Length: -1", b"Content-Length: 1x", b"Content-Length: ", b"Content-Type: a",
                       b"Content-Length", b"Content-Length: 99999999999", b"Content-Length: 1\r\nContent-Length: 2",
                       b"Content-Length: 1" + b" " * 5000, b"Content-Length: \xd9\xa1"):
            with self.subTest(header=header[:40]), self.assertRaises(FramingError):
                self.read(header + b"\r\n\r\n{}")

    def test_a_header_without_an_end_is_refused_before_it_fills_the_memory(self):
        reader = FrameReader()
        with self.assertRaises(FramingError):
            for _ in range(100):
                list(reader.feed(b"x" * 100))

    def test_what_is_no_json_is_not_framed(self):
        for value in (float("nan"), float("inf"), "\ud800", b"bytes", {1, 2}):
            with self.subTest(value=repr(value)), self.assertRaises((ValueError, TypeError)):
                frame({"value": value})


if __name__ == "__main__":
    unittest.main()
