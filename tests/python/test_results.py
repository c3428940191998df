"""Results and errors as Python sees them."""
import copy
import json
import pickle
import typing

from case import ClientTest
import dind_executor
from dind_executor.errors import to_error
from dind_executor.result import to_result
from fake_server import result


class Results(ClientTest):
    def test_the_guides_keys_and_the_rest_in_pythons_names_and_units(self):
        made = to_result(result(returncode=137, stdout="日本語\n", verdict="out_of_memory", exitCode=None, signal=9,
                                durationMs=1500, cpuMs=250.5, peakMemoryBytes=1 << 40, imageDigest="sha256:2",
                                builder="classic", cancelReason="user", ending="out of memory: the limit is 64 MiB", notes=["a note"], stdoutTruncatedBytes=7))
        self.assertEqual(dict(made), {
            "returncode": 137, "stdout": "日本語\n", "stderr": "", "stdout_truncated_bytes": 7,
            "stderr_truncated_bytes": 0, "verdict": "out_of_memory", "exit_code": None, "signal": 9, "duration": 1.5,
            "cpu_time": 0.2505, "peak_memory": 1 << 40, "oom_seen": False, "stdout_bytes": 0, "stderr_bytes": 0,
            "dropped_bytes": 0, "image": "python:3.11-slim", "image_id": "sha256:1", "image_digest": "sha256:2",
            "isolation": "runc", "stage": "program", "builder": "classic", "cancel_reason": "user",
            "run_id": "r", "ending": "out of memory: the limit is 64 MiB", "notes": ["a note"]})

    def test_every_key_is_declared_for_items_and_attributes_alike(self):
        made = to_result(result())
        self.assertEqual(set(made), set(dind_executor.ResultDict.__annotations__))
        for name in made:
            self.assertEqual(getattr(made, name), made[name])
        declared = typing.get_type_hints(dind_executor.RunResult)
        self.assertEqual({name: declared[name] for name in made}, typing.get_type_hints(dind_executor.ResultDict))

    def test_a_result_is_a_dict_that_copies_pickles_and_turns_into_json(self):
        made = to_result(result(stdout="x"))
        self.assertIsInstance(made, dict)
        self.assertEqual(json.loads(json.dumps(made)), made)
        for again in (pickle.loads(pickle.dumps(made)), copy.deepcopy(made), copy.copy(made)):
            self.assertEqual((type(again), again, again.stdout), (type(made), made, "x"))
        self.assertTrue(made.ok)
        with self.assertRaises(AttributeError):
            made.nothing
        with self.assertRaises(KeyError):
            made["nothing"]

    def test_an_answer_that_is_not_a_result_is_an_error(self):
        for answer in (None, [], "ok", {}, {"returncode": 0}, {"returncode": True, "verdict": "ok"},
                       {"returncode": "0", "verdict": "ok"}, {"returncode": 0, "verdict": None}):
            with self.subTest(answer=answer), self.assertRaises(ValueError):
                to_result(answer)

    def test_an_answer_with_values_of_other_types_has_neutral_ones(self):
        made = to_result(result(stdout=3, exitCode="0", durationMs="long", cpuMs=True, notes="one", peakMemoryBytes=None))
        self.assertEqual((made.stdout, made.exit_code, made.duration, made.cpu_time, made.notes, made.peak_memory),
                         ("", None, 0.0, None, [], None))


class Errors(ClientTest):
    def test_each_kind_is_a_class_with_its_kind_message_and_status(self):
        for kind, wanted in {"invalid_request": dind_executor.InvalidRequest, "not_found": dind_executor.NotFound,
                             "unsupported_language": dind_executor.UnsupportedLanguage, "busy": dind_executor.Busy,
                             "unauthorized": dind_executor.Unauthorized, "engine_error": dind_executor.EngineError,
                             "image_unavailable": dind_executor.ImageUnavailable, "disabled": dind_executor.Disabled,
                             "engine_unavailable": dind_executor.EngineUnavailable,
                             "cancelled": dind_executor.Cancelled,
                             "internal": dind_executor.DindExecutorError,
                             "of_a_later_version": dind_executor.DindExecutorError}.items():
            with self.subTest(kind):
                error = to_error({"code": -32000, "message": "m",
                                  "data": {"kind": kind, "message": "the message", "httpStatus": 418}})
                self.assertIs(type(error), wanted)
                self.assertIsInstance(error, dind_executor.DindExecutorError)
                self.assertEqual((error.kind, error.message, error.http_status, str(error)),
                                 (kind, "the message", 418, "the message"))
                again = pickle.loads(pickle.dumps(error))
                self.assertEqual((type(again), again.kind, again.message, again.http_status),
                                 (wanted, kind, "the message", 418))

    def test_an_error_of_any_shape_is_one(self):
        for answer in (None, 1, [], {}, {"code": -32000}, {"data": []}, {"message": 3, "data": {"kind": 1}}):
            with self.subTest(answer=answer):
                error = to_error(answer)
                self.assertEqual((error.kind, error.http_status), ("internal", 500))
                self.assertTrue(error.message)
        self.assertIsInstance(to_error({"code": -32602, "message": "m"}), dind_executor.InvalidRequest)
        self.assertIn("different versions", str(to_error({"code": -32601, "message": "no method x"})))

    def test_errors_are_also_what_python_calls_them(self):
        self.assertTrue(issubclass(dind_executor.InvalidRequest, ValueError))
        self.assertTrue(issubclass(dind_executor.CallTimeout, TimeoutError))
        self.assertTrue(issubclass(dind_executor.ServerGone, dind_executor.ServerUnavailable))
