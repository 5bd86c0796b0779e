"""The compiled part of `chain.columns`: built once by `make setup` where there is a C compiler.

`python -m chain.columns.native` builds it under `.tools/native` of the checkout, in a file named
after its sources and this machine, so that an old one is never taken for it.
"""

from __future__ import annotations

import ctypes
import hashlib
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

_SOURCES: Final = tuple(Path(__file__).with_name(f"keccak_lanes.{end}") for end in ("c", "h"))
_BUILT: Final = Path(__file__).resolve().parents[2] / ".tools" / "native"
# Optimised and free to inline; which vectors may be used is said in the source, function by
# function, and decided on the machine that runs it.
_FLAGS: Final = ("-O3", "-std=gnu11", "-shared", "-fPIC")
_COMPILERS: Final = ("cc", "gcc", "clang")
_BUILD_SECONDS_MAX: Final = 120


class NotBuilt(Exception):
    """There is no compiled library; the text says why and what to do."""


def library_path() -> Path:
    """Where the library of these very sources is, or would be."""
    content = hashlib.sha256(b"\0".join(source.read_bytes() for source in _SOURCES)).hexdigest()
    return _BUILT / f"keccak_lanes-{platform.machine()}-{content[:16]}.so"


def load() -> ctypes.CDLL:
    """The library. Raises NotBuilt where it was not built, cannot be loaded or would be wrong."""
    if sys.byteorder != "little":
        raise NotBuilt("this machine is big-endian, the compiled hash is not")
    path = library_path()
    if not path.exists():
        raise NotBuilt("it was not compiled: run python -m chain.columns.native")
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        raise NotBuilt(f"{path.name} cannot be loaded: {error}") from error
    size, pointer = ctypes.c_size_t, ctypes.c_void_p
    library.antiphon_lanes.restype = ctypes.c_int
    library.antiphon_lanes.argtypes = []
    library.antiphon_keccak256.restype = None
    library.antiphon_keccak256.argtypes = [size, pointer, size, size, pointer, size, size]
    library.antiphon_keccak256_pairs.restype = None
    library.antiphon_keccak256_pairs.argtypes = [size, pointer, pointer, size]
    return library


def build() -> Path:
    """Compile the library unless it is there. Raises NotBuilt without a working compiler."""
    path = library_path()
    if path.exists():
        return path
    compiler = next(filter(None, map(shutil.which, _COMPILERS)), None)
    if compiler is None:
        raise NotBuilt(f"no C compiler is installed ({', '.join(_COMPILERS)})")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        fresh = Path(folder) / path.name
        command = [compiler, *_FLAGS, "-o", str(fresh), str(_SOURCES[0])]
        try:
            subprocess.run(
                command, check=True, capture_output=True, text=True, timeout=_BUILD_SECONDS_MAX
            )
        except subprocess.CalledProcessError as error:
            raise NotBuilt(f"{compiler} refused: {error.stderr.strip()[:500]}") from error
        except subprocess.TimeoutExpired as error:
            raise NotBuilt(f"{compiler} took more than {_BUILD_SECONDS_MAX} s") from error
        # In one step: two that build at once both leave a whole file.
        fresh.replace(path)
    return path


def main() -> int:
    """Build, or say what is used instead; never a reason for a set-up to fail."""
    try:
        print(f"batch hashing: compiled, {build().name}")  # noqa: T201 -- a command
    except NotBuilt as reason:
        print(f"batch hashing: not compiled, {reason}.")  # noqa: T201 -- a command
        print("Large epochs will be hashed one by one, some 20 times slower.")  # noqa: T201 -- as above
    return 0


if __name__ == "__main__":
    sys.exit(main())
