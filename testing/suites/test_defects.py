"""Every check can fail, and fails only for what it should: one row for every defect."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from pytest_codex.endpoint.defects import DEFECTS

from .defects import ROWS, STEADY, TIME, Row
from .verification import SUITES, Subject, Verdict, run, verify

#: Endpoints that are verified in one run: enough to share its cost, few enough to be in time.
TOGETHER = 22
FEW = 9
#: They say that something could be better; nothing that they look at is ever wrong.
ONLY_ADVISE = {
    "a_401_says_how_to_authenticate",
    "models_head_and_options_behave",
    "the_stream_is_not_compressed",
    "usage_comes_only_when_asked_for",
}
#: Smoke's checks answer for a broken stream where they are selected; here the suite is alone.
SSE_ALONE = {
    "stream_502_traefik": "the_stream_is_answered_as_an_event_stream[chat_stream]",
    "stream_cut": "the_stream_is_not_cut[chat_stream]",
    "stream_error": "the_stream_holds_no_error[chat_stream]",
    "stream_takes": "first_event_and_silences_keep_within_their_budgets[chat_stream]",
    "stream_without_content": "stream_and_plain_answer_agree",
}


def batches(rows: Sequence[Row], size: int) -> list[object]:
    """The rows as parameters, so many at a time, named by the first of them."""
    cut = [rows[start : start + size] for start in range(0, len(rows), size)]
    return [pytest.param(batch, id=f"{batch[0].defect}+{len(batch) - 1}") for batch in cut]


def subject(row: Row) -> Subject:
    return Subject(row.defect, (row.defect,), row.declares)


def wrong(row: Row, verdict: Verdict) -> str | None:
    """What is not as the row says, with the messages; None if everything is."""
    failed, advised = frozenset(verdict.failed), frozenset(verdict.advice)
    as_expected = failed == row.red or (row.or_else and failed == row.or_else)
    unfounded = {check for check in verdict.because_of if not _ends_in_red(check, verdict)}
    if as_expected and advised == row.advice and not verdict.errors and not unfounded:
        return None
    lines = [
        f"{row.defect}: {DEFECTS[row.defect].description}",
        f"  should fail:   {sorted(row.red)}",
        f"  failed:        {sorted(failed)}",
        f"  should advise: {sorted(row.advice)}",
        f"  advised:       {sorted(advised)}",
        f"  errors:        {sorted(verdict.errors)}",
        f"  skipped because of what did not fail: {sorted(unfounded)}",
    ]
    said = {**verdict.skipped} if failed != row.red else {}
    for check, message in {**said, **verdict.failed, **verdict.errors, **verdict.advice}.items():
        lines.append(f"  {check}: {message}")
    return "\n".join(lines)


def _ends_in_red(check: str, verdict: Verdict) -> bool:
    seen = set()
    while check in verdict.because_of and check not in seen:
        seen.add(check)
        check = verdict.because_of[check]
    return check in verdict.failed


def assert_no_trace_of_ours(said: str) -> None:
    for sign in ("Traceback (most recent call last)", "INTERNALERROR"):
        assert sign not in said, said[max(said.index(sign) - 500, 0) :][:5000]


@pytest.mark.parametrize("rows", batches(STEADY, TOGETHER))
def test_a_defect_turns_red_what_it_should_and_nothing_else(
    rows: Sequence[Row], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The rows' defects, each on an endpoint of its own, verified in one run."""
    verdicts = verify([subject(row) for row in rows], tmp_path)
    found = [wrong(row, verdicts[row.defect]) for row in rows]
    assert not any(found), "\n\n".join(filter(None, found))
    assert_no_trace_of_ours("".join(capfd.readouterr()))


@pytest.mark.parametrize("rows", batches(TIME, FEW))
def test_a_defect_of_time_turns_red_what_it_should_and_nothing_else(
    rows: Sequence[Row], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """As above; what was inconclusive because this machine ran late is asked again, twice."""
    left = rows
    wrong_ones: list[str] = []
    for attempt in ("first", "second", "third"):
        folder = tmp_path / attempt
        folder.mkdir()
        verdicts = verify([subject(row) for row in left], folder)
        late = [row for row in left if "times unreliable" in str(verdicts[row.defect].skipped)]
        final = left if attempt == "third" else [row for row in left if row not in late]
        wrong_ones += filter(None, (wrong(row, verdicts[row.defect]) for row in final))
        left = [row for row in late if wrong(row, verdicts[row.defect])]
        if not left:
            break
    assert not wrong_ones, "\n\n".join(wrong_ones)
    assert_no_trace_of_ours("".join(capfd.readouterr()))


def test_the_sse_suite_answers_for_itself_where_it_is_alone(tmp_path: Path) -> None:
    """Without ``smoke``, what is broken fails one check of ``sse``."""
    budgets = {"stream_timeout": 10}
    subjects = [Subject(name, (name,), budgets) for name in SSE_ALONE]
    verdicts = verify(subjects, tmp_path, "-m", "sse")
    failed = {name: list(verdict.failed) for name, verdict in verdicts.items()}
    assert failed == {name: [check] for name, check in SSE_ALONE.items()}
    assert not any(verdict.errors for verdict in verdicts.values())


def test_a_target_that_declares_what_is_not_so_is_told(tmp_path: Path) -> None:
    """The policy is a promise: a list that is said to be private must not be public."""
    private = Subject("private", (), {"models_public": False})
    verdict = verify([private], tmp_path)["private"]
    assert set(verdict.failed) == {"models_needs_a_key_unless_it_is_public"}
    assert not verdict.errors


def test_what_the_compose_file_promises_must_be_on_the_wire(tmp_path: Path) -> None:
    """With ``--compose`` a missing security header is no advice any more."""
    subjects = [Subject("kept"), Subject("broken", ("without_strict_transport_security",))]
    compose = SUITES.parent / "examples" / "stack" / "docker-compose.yml"
    verdicts = verify(subjects, tmp_path, f"--codex-compose={compose}", "-k", "promised")
    assert not verdicts["kept"].failed
    failed = verdicts["broken"].failed
    assert set(failed) == {"promised_security_headers_are_on_the_wire"}
    assert "expected the header Strict-Transport-Security" in failed.popitem()[1]


@pytest.mark.parametrize("listens", ["nothing", "what speaks no TLS"])
def test_a_target_that_cannot_be_reached_is_one_failure(
    listens: str, tmp_path: Path, closed_port: int, silent_port: int
) -> None:
    """Everything else is skipped because of it, and nothing passes."""
    port = closed_port if listens == "nothing" else silent_port
    target = {"domain": f"https://127.0.0.1:{port}", "connect_timeout": 5}
    verdict = run({"there": target}, {"KEY_OF_THERE": "sk-of-nobody-in-particular"}, tmp_path)
    expected = {
        "nothing": {"the_endpoint_accepts_connections"},
        "what speaks no TLS": {"tls_verifies_for_the_domain"},
    }
    assert set(verdict["there"].failed) == expected[listens]
    assert not verdict["there"].errors
    assert verdict["there"].passed <= {"the_endpoint_accepts_connections"}


def test_every_defect_has_one_row() -> None:
    """The table is as long as the catalogue of the endpoint."""
    assert sorted(row.defect for row in ROWS) == sorted(DEFECTS)


def test_every_check_is_red_for_some_defect() -> None:
    """But for those few that only advise, which do so for some defect."""
    red = {check for row in ROWS for check in row.red}
    red |= {
        *SSE_ALONE.values(),
        "models_needs_a_key_unless_it_is_public",
        "the_endpoint_accepts_connections",
    }
    advised = {check for row in ROWS for check in row.advice}
    functions = {re.sub(r"\[.*", "", check) for check in red}
    assert functions == checks_of_the_suites() - ONLY_ADVISE
    assert {re.sub(r"\[.*", "", check) for check in advised} >= ONLY_ADVISE


def checks_of_the_suites() -> set[str]:
    """The names of all checks of ``smoke`` and ``sse``, without ``test_``."""
    files = [*(SUITES / "smoke").glob("test_*.py"), *(SUITES / "sse").glob("test_*.py")]
    return {
        name
        for file in files
        for name in re.findall(r"^def test_(\w+)", file.read_text(), re.MULTILINE)
    }
