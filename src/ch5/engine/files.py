"""Files that are whole or not there, and work that one process at a time does

Read     CONTRIBUTING.md     Tested   tests/test_files.py
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape, glob
from pathlib import Path
from typing import IO

Place = str | os.PathLike[str]


def write(path: Place, data: bytes) -> None:
    """Make `path` hold `data`; a kill at any moment leaves the old file or the new one, on the disk.

    It is written under a name of this process, PATH.NUMBER.part, which is then renamed. A failure removes that
    file, and so does the next write where a kill left it. A symbolic link stays one. Raises OSError naming `path`.
    """
    real = os.path.realpath(path)
    part = f"{real}.{os.getpid()}.part"
    try:
        _remove_parts_of_the_dead(real)
        with open(part, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, real)
    except BaseException as error:
        with suppress(OSError):
            os.unlink(part)
        if isinstance(error, OSError):
            folder = os.path.dirname(real)
            why = "" if os.path.isdir(folder) else f" (there is no folder {folder}: make it first)"
            raise OSError(
                error.errno, f"cannot be written: {error.strerror}{why}", os.fspath(path)
            ) from error
        raise


@contextmanager
def locked(path: Path, work: str) -> Iterator[None]:
    """Hold the file `path` while the block runs; what it says is who does. A kill lets go of it.

    Raises BlockingIOError, naming `work` and who holds it, where another process does. On a file system that
    knows no locks nothing is held.
    """
    file = open(path, "a+")
    while True:
        try:
            _lock(file)
        except (BlockingIOError, PermissionError) as error:
            file.seek(0)
            who = file.read() or "another process"
            file.close()
            raise BlockingIOError(f"{work} is under way already, by {who}: wait for it or end it") from error
        with suppress(FileNotFoundError):
            if os.path.samestat(os.stat(path), os.fstat(file.fileno())):
                break
        file.close()  # who held it has just removed it: this is no longer the file that others see
        file = open(path, "a+")
    try:
        file.truncate(0)
        file.write(f"process {os.getpid()} on {platform.node()}")
        file.flush()
        yield
    finally:
        if sys.platform == "win32":  # where no open file can be removed
            file.close()
        with suppress(OSError):
            path.unlink()
        file.close()


def _lock(file: IO[str]) -> None:
    """Lock it, or raise BlockingIOError (on Windows PermissionError) where another process did."""
    if sys.platform == "win32":
        import msvcrt

        file.seek(2**30)  # far from what is to be read while it is locked
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        return
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except (ImportError, OSError):
        pass  # Python in a browser, some network file systems


def _remove_parts_of_the_dead(real: str) -> None:
    """Remove what killed processes left of their writing to this file."""
    for part in glob(f"{escape(real)}.*.part"):
        number = part[len(real) + 1 : -len(".part")]
        if number.isdecimal() and not _alive(int(number)):
            with suppress(OSError):  # on Windows one that is being written cannot be removed
                os.unlink(part)


def _alive(process: int) -> bool:
    if os.name != "posix":
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True
