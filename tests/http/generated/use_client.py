"""What a user of the generated Python client writes: type-checked by mypy --strict, and run against a server (test_generated_clients.py)."""
import json
import sys

from generated_client import AuthenticatedClient, Client
from generated_client.api.default import cancel_run, execute_code, list_runs, live, metrics, ready, run, show_run
from generated_client.models import (
    ErrorKind,
    ExecuteReply,
    ExecuteRequest,
    ExecutionResult,
    Health,
    HealthStatus,
    Limits,
    Network,
    Problem,
    RunCode,
    RunCommand,
    RunDockerfile,
    RunList,
    RunRecord,
    Verdict,
)
from generated_client.types import UNSET, Unset


def ran(answer: ExecutionResult | Problem | None) -> ExecutionResult:
    assert isinstance(answer, ExecutionResult), answer
    return answer


def refused(answer: object) -> Problem:
    assert isinstance(answer, Problem), answer
    return answer


def main(url: str, token: str, image: str) -> None:
    client = AuthenticatedClient(base_url=url, token=token)
    anyone = Client(base_url=url)

    health = ready.sync(client=anyone)
    assert isinstance(health, Health) and health.status == HealthStatus.OK
    assert isinstance(live.sync(client=anyone), Health)

    reply = execute_code.sync(client=client, body=ExecuteRequest(code="print(6 * 7)"))
    assert isinstance(reply, ExecuteReply) and reply.output == "42\n" and reply.success
    reply = execute_code.sync(client=client, body=ExecuteRequest(code="print(1)", timeout=None, language=None))
    assert isinstance(reply, ExecuteReply) and reply.success

    # Each kind of run has its type.
    code = ran(run.sync(client=client, body=RunCode(code="import sys; sys.exit(3)", language="python", limits=Limits(timeout=5, memory="64m"), run_id="typed", network=Network.NONE)))
    assert code.verdict is Verdict.FAILED and code.returncode == 3 and code.exit_code == 3 and code.signal is None and code.cancel_reason is None
    killed = ran(run.sync(client=client, body=RunCode(code="kill -9 $$", language="shell", env=None, stdin=None)))
    assert killed.verdict is Verdict.SIGNALLED and killed.exit_code is None and killed.signal == 9
    command = ran(run.sync(client=client, body=RunCommand(command=["echo", "a b"], image=image)))
    assert command.stdout == "a b\n"
    line = ran(run.sync(client=client, body=RunCommand(command="echo $((6 * 7))", image=image)))
    assert line.stdout == "42\n"
    built = ran(run.sync(client=client, body=RunDockerfile(dockerfile=f"FROM {image}\n", command=["echo", "built"])))
    assert built.stdout == "built\n"

    # Errors have one type and a status that the client knows.
    for body, status, kind in ((RunCommand(command=["nope"], image=image), 422, ErrorKind.NOT_FOUND),
                               (RunCode(code="1", language="klingon"), 400, ErrorKind.UNSUPPORTED_LANGUAGE),
                               (RunCommand(command=["true"], image="Not A Name"), 400, ErrorKind.INVALID_REQUEST)):
        answer = run.sync_detailed(client=client, body=body)
        assert answer.status_code == status, answer
        problem = refused(answer.parsed)
        assert problem.error.kind is kind and problem.error.http_status == status and isinstance(problem.error.began, bool)
    answer = run.sync_detailed(client=Client(base_url=url), body=RunCode(code="1", language="python"))
    assert answer.status_code == 401 and refused(answer.parsed).detail
    assert cancel_run.sync_detailed("none", client=client).status_code == 404
    assert refused(execute_code.sync(client=client, body=ExecuteRequest(code="1", language="klingon"))).error.kind is ErrorKind.UNSUPPORTED_LANGUAGE

    runs = list_runs.sync(client=client, limit=10)
    assert isinstance(runs, RunList) and len(runs.runs) >= 5
    record = show_run.sync("typed", client=client)
    assert isinstance(record, RunRecord) and record.run_id == "typed" and record.verdict is Verdict.FAILED
    phase: object = record.phase
    assert isinstance(phase, Unset) and phase is UNSET
    assert not isinstance(record.result, (Unset, type(None))) and record.result.exit_code == 3
    for each in runs.runs:
        assert each.frontend == "http" and each.what
    figures = metrics.sync(client=client)
    assert isinstance(figures, str) and "dind_executor_runs_total" in figures
    print(json.dumps({"runs": len(runs.runs)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
