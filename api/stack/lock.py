"""One process per state folder: two nodes would write the same chain over each other."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import TextIO

from api.stack.processes import StackError

LOCK_FILE = ".antiphon-lock"


class StateInUse(StackError):
    """Another process holds the folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder} is in use by another antiphon. Next: stop that one, or give another --state"
        )


def hold(folder: Path) -> TextIO:
    """Keep a folder to this process until the file is closed. Raises StateInUse.

    The lock goes with the process that took it, however it ends; children do not inherit it.
    """
    file = (folder / LOCK_FILE).open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise StateInUse(folder) from error
    return file
