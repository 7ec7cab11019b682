"""The endpoint as a process: its command line, its launcher and its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_codex.endpoint import launcher
from pytest_codex.endpoint.defects import DEFECTS, VARIATIONS
from pytest_codex.endpoint.launcher import EndpointError, launch

from .asked import KEY, PLAIN, raw

DEADLINE = 10.0  # seconds
COMMAND = (sys.executable, "-m", "pytest_codex.endpoint")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself; its stdin is at its end."""
    return subprocess.run(
        [*COMMAND, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )


def start(*arguments: str, **environment: str) -> tuple[subprocess.Popen[str], dict[str, object]]:
    """An endpoint and what it announced."""
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    return process, json.loads(process.stdout.readline())


def test_list_names_every_defect_and_variation_with_its_description():
    listed = run("--list").stdout
    for defect in (*DEFECTS.values(), *VARIATIONS.values()):
        assert f"  {defect.name}" in listed
        assert f": {defect.description}\n" in listed


def test_a_wrong_name_ends_it_with_2_and_one_line():
    ended = run("--defect", "stream_without_don")
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr == (
        "unknown defect 'stream_without_don': did you mean 'stream_without_done'?\n"
    )


def test_a_certificate_defect_without_tls_is_refused():
    ended = run("--plain", "--defect", "certificate_expired")
    assert ended.returncode == 2
    assert "HTTPS only" in ended.stderr


def test_a_port_that_is_taken_is_said_in_one_line():
    with launch(plain=True) as running:
        port = running.url.rpartition(":")[2]
        ended = run("--plain", "--port", port)
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"cannot listen on port {port}: ")
    assert ended.stderr.count("\n") == 1


def test_the_end_of_stdin_ends_it_quietly_and_removes_its_files():
    process, announced = start("--defect", "crlf")
    folder = Path(str(announced["ca_file"])).parent
    assert folder.is_dir()
    assert announced["pid"] == process.pid
    assert announced["environment"] == "prod"
    assert announced["defects"] == ["crlf"]
    assert process.communicate(timeout=DEADLINE) == ("", "")
    assert process.returncode == 0
    assert not folder.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_quietly_and_removes_its_files(number):
    process, announced = start()
    process.send_signal(number)
    assert process.wait(DEADLINE) == 0
    assert process.communicate() == ("", "")
    assert not Path(str(announced["ca_file"])).exists()


def test_an_answer_that_is_held_does_not_keep_it_alive():
    with launch(defects=["stall_after=1"]) as running:
        received, end = raw(running, {**PLAIN, "stream": True}, seconds=0.2)
        assert (received != b"", end) == (True, "open")
        running.stop()
        assert running.process.returncode == 0


def test_the_key_comes_from_an_argument_or_the_environment_or_is_random():
    cases = (
        (("--key", "one"), {"CODEX_EMBEDDED_KEY": "two"}, "one"),
        ((), {"CODEX_EMBEDDED_KEY": "two"}, "two"),
    )
    for arguments, environment, expected in cases:
        process, announced = start(*arguments, **environment)
        process.communicate(timeout=DEADLINE)
        assert announced["key"] == expected
    with launch() as one, launch() as other:
        assert one.key != other.key
        assert len(one.key) >= 32


def test_a_launched_endpoint_says_what_it_is_and_hides_its_key():
    with launch("dev", defects=["crlf", "slow_start=2"], key=KEY) as running:
        assert (running.environment, running.key) == ("dev", KEY)
        assert running.defects == ("crlf", "slow_start=2")
        assert KEY not in repr(running)
        arguments = Path(f"/proc/{running.process.pid}/cmdline")
        if arguments.exists():
            assert KEY.encode() not in arguments.read_bytes()
        assert os.getsid(running.process.pid) != os.getsid(0)


def test_stopping_twice_is_harmless():
    running = launch()
    running.stop()
    running.stop()
    assert running.process.returncode == 0


def test_a_launch_from_another_folder_works_whatever_lies_there(tmp_path, monkeypatch):
    (tmp_path / "ssl.py").write_text("raise SystemExit('not this one')\n")
    monkeypatch.chdir(tmp_path)
    with launch(plain=True) as running:
        assert running.url.startswith("http://")


def test_a_failed_launch_says_what_the_process_said():
    with pytest.raises(EndpointError, match="did you mean 'crlf'") as problem:
        launch(defects=["crlff"])
    assert "unknown defect 'crlff'" in str(problem.value)


def test_a_launch_without_the_extra_says_what_to_install(monkeypatch):
    monkeypatch.setattr(launcher, "find_spec", lambda _: None)
    with pytest.raises(EndpointError) as problem:
        launch()
    assert str(problem.value) == (
        'the embedded endpoint needs: pip install "pytest-codex-live[embedded]"'
    )


def test_the_launcher_imports_the_standard_library_only():
    code = (
        "import sys; before = set(sys.modules); import pytest_codex.endpoint.launcher; "
        "tops = {m.partition('.')[0] for m in set(sys.modules) - before}; "
        "print(sorted(tops - set(sys.stdlib_module_names) - {'pytest_codex'}))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=DEADLINE, check=True
    )
    assert ended.stdout.strip() == "[]"


def test_the_endpoint_imports_nothing_else_of_this_package():
    code = (
        "import sys, pytest_codex.endpoint.__main__, pytest_codex.endpoint.app, "
        "pytest_codex.endpoint.certificates; "
        "print([m for m in sys.modules if m.startswith('pytest_codex.') "
        "and not m.startswith('pytest_codex.endpoint')])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=DEADLINE, check=True
    )
    assert ended.stdout.strip() == "[]"
