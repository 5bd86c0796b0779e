"""What is compiled from C: built once by `make setup` where there is a C compiler.

Whoever uses a library checks it against plain Python or numpy first.

`python -m chain.columns.native` builds the batch hash under `.tools/native` of the checkout, in a
file named after its sources and this machine, so that an old one is never taken for it.
"""

from __future__ import annotations

import ctypes
import hashlib
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_BUILT: Final = Path(__file__).resolve().parents[2] / ".tools" / "native"
# Optimised and free to inline; which vectors may be used is said in the source, function by
# function, and decided on the machine that runs it. No product is fused with a sum unasked, so
# floats come to the same bits at every width; and nobody here asks a root for its errno.
_FLOATS: Final = ("-ffp-contract=off", "-fno-math-errno")
_FLAGS: Final = ("-O3", "-std=gnu11", *_FLOATS, "-shared", "-fPIC")
_COMPILERS: Final = ("cc", "gcc", "clang")
_BUILD_SECONDS_MAX: Final = 120


class NotBuilt(Exception):
    """There is no compiled library; the text says why and what to do."""


@dataclass(frozen=True)
class CompiledLibrary:
    """One library: the module that builds it as a command, its C file with what that includes, and
    for each of its functions what it returns and takes."""

    module: str
    sources: tuple[Path, ...]
    functions: Mapping[str, tuple[Any, list[Any]]]

    def path(self) -> Path:
        """Where the library of these very sources is, or would be."""
        content = hashlib.sha256(b"\0".join(source.read_bytes() for source in self.sources))
        machine = f"{platform.machine()}-{content.hexdigest()[:16]}"
        return _BUILT / f"{self.sources[0].stem}-{machine}.so"

    def load(self) -> ctypes.CDLL:
        """The library. Raises NotBuilt where there is none, or it cannot be loaded or be right."""
        if sys.byteorder != "little":
            raise NotBuilt("this machine is big-endian, the compiled code is not")
        path = self.path()
        if not path.exists():
            raise NotBuilt(f"it was not compiled: run python -m {self.module}")
        try:
            library = ctypes.CDLL(str(path))
        except OSError as error:
            raise NotBuilt(f"{path.name} cannot be loaded: {error}") from error
        for name, (returned, taken) in self.functions.items():
            function = getattr(library, name)
            function.restype, function.argtypes = returned, taken
        return library

    def build(self) -> Path:
        """Compile the library unless it is there. Raises NotBuilt without a working compiler."""
        path = self.path()
        if path.exists():
            return path
        compiler = next(filter(None, map(shutil.which, _COMPILERS)), None)
        if compiler is None:
            raise NotBuilt(f"no C compiler is installed ({', '.join(_COMPILERS)})")
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            fresh = Path(folder) / path.name
            command = [compiler, *_FLAGS, "-o", str(fresh), str(self.sources[0]), "-lm"]
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

    def build_as_command(self, name: str, without: str) -> int:
        """Build and say so, or say what is used instead; never a reason for a set-up to fail."""
        try:
            print(f"{name}: compiled, {self.build().name}")  # noqa: T201 -- a command
        except NotBuilt as reason:
            print(f"{name}: not compiled, {reason}.\n{without}")  # noqa: T201 -- as above
        return 0


_SIZE, _POINTER = ctypes.c_size_t, ctypes.c_void_p

KECCAK_LANES: Final = CompiledLibrary(
    "chain.columns.native",
    tuple(Path(__file__).with_name(f"keccak_lanes.{end}") for end in ("c", "h")),
    {
        "antiphon_lanes": (ctypes.c_int, []),
        "antiphon_keccak256": (
            None,
            [_SIZE, _POINTER, _SIZE, _SIZE, _POINTER, _SIZE, _SIZE],
        ),
        "antiphon_keccak256_pairs": (None, [_SIZE, _POINTER, _POINTER, _SIZE]),
    },
)


def main() -> int:
    """Build the batch hash."""
    return KECCAK_LANES.build_as_command(
        "batch hashing", "Large epochs will be hashed one by one, some 20 times slower."
    )


if __name__ == "__main__":
    sys.exit(main())
