"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from pytest_codex.whole import write


def test_a_file_is_written_and_its_folder_is_made(tmp_path: Path):
    """And nothing else is left."""
    path = tmp_path / "a" / "report.xml"
    write(path, b"one")
    write(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left"), KeyboardInterrupt()])
def test_what_ends_in_the_middle_leaves_what_was_there(tmp_path: Path, monkeypatch, error):
    """A full disk, or the user."""
    path = tmp_path / "report.xml"
    write(path, b"before")

    def cut(path: Path, data: bytes) -> int:
        with path.open("wb") as file:
            file.write(data[:2])
        raise error

    monkeypatch.setattr(Path, "write_bytes", cut)
    with pytest.raises(type(error)):
        write(path, b"after")
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_in_the_way_stays(tmp_path: Path):
    """A folder of the same name."""
    (tmp_path / "report.xml").mkdir()
    with pytest.raises(IsADirectoryError):
        write(tmp_path / "report.xml", b"after")
    assert [path.name for path in tmp_path.iterdir()] == ["report.xml"]
