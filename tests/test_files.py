"""Files are whole or not there, what was left of others is cleared away, and work is done by one at a time."""

import errno
import os
import subprocess
import sys

import pytest

from ch5.engine import files


def test_the_new_file_takes_the_place_of_the_old(tmp_path):
    path = tmp_path / "file"
    for data in (b"one", b"", b"two"):
        files.write(path, data)
        assert path.read_bytes() == data
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("failing", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, failing, error):
    """A full disk, Ctrl-C. What is said names the file that was asked for, not the one beside it."""

    def fails(*_):
        raise error

    files.write(tmp_path / "file", b"old")
    monkeypatch.setattr(os, failing, fails)
    with pytest.raises(type(error)) as raised:
        files.write(tmp_path / "file", b"new")
    assert os.listdir(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"
    if isinstance(error, OSError):
        assert raised.value.errno == errno.ENOSPC
        assert str(raised.value).endswith(
            f"cannot be written: No space left on device: '{tmp_path / 'file'}'"
        )


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a disk that is always full")
def test_a_disk_that_is_full_is_named_as_such(tmp_path, monkeypatch):
    """The real error, of a device that has no room."""
    path = tmp_path / "file"
    (tmp_path / f"file.{os.getpid()}.part").symlink_to("/dev/full")
    with pytest.raises(OSError, match="cannot be written: No space left on device"):
        files.write(path, b"new" * 10_000)
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="asks whether a process is alive")
def test_what_killed_processes_left_is_removed_and_what_others_write_is_not(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as alive:
        names = {f"file.{alive.pid}.part", "file.x.part", "other.1.part", f"other.{gone.pid}.part", "file[1]"}
        for name in {*names, f"file.{gone.pid}.part"}:
            (tmp_path / name).write_bytes(b"part")
        files.write(tmp_path / "file", b"whole")
        assert set(os.listdir(tmp_path)) == names | {"file"}
        alive.stdin.close()
    (tmp_path / f"file[1].{gone.pid}.part").write_bytes(b"part")
    files.write(tmp_path / "file[1]", b"whole")
    assert not list(tmp_path.glob(f"file?1?.{gone.pid}.part"))


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*runs: make it first.*x\.npz"):
        files.write(tmp_path / "runs" / "x.npz", b"")


HOLD = """
import sys
from pathlib import Path
from ch5 import files

with files.locked(Path(sys.argv[1]), "this"):
    print("inside", flush=True)
    input()
"""


@pytest.mark.parametrize("end", ["kill", "end"])
def test_one_process_at_a_time_and_the_other_hears_who(tmp_path, end):
    """A kill lets go; the end of the work removes the file."""
    path = tmp_path / "work.lock"
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
    )
    assert other.stdout.readline() == "inside\n"
    who = rf"^that is under way already, by process {other.pid} on \S+: wait for it or end it$"
    with pytest.raises(BlockingIOError, match=who), files.locked(path, "that"):
        pass
    if end == "kill":
        other.kill()
    other.communicate("\n" if end == "end" else None)
    assert path.exists() == (end == "kill")
    with files.locked(path, "that"):
        assert path.read_text().startswith(f"process {os.getpid()} on ")
    assert os.listdir(tmp_path) == []


def test_a_file_system_without_locks_holds_nothing_up(tmp_path, monkeypatch):
    """Some network file systems know none, nor does Python in a browser."""
    fcntl = pytest.importorskip("fcntl")

    def unknown(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", unknown)
    with files.locked(tmp_path / "work.lock", "this"):
        pass
    assert os.listdir(tmp_path) == []
