"""Running a verifier on a bundle, as its user does, and writing bundles that were doctored."""

from __future__ import annotations

import hashlib
import importlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from chain.audit.archive import MANIFEST, archive, plain_json

VERIFIER = Path(__file__).resolve().parents[3] / "chain" / "audit" / "verifier"
PYTHON = (sys.executable, "-B", "-E", "-s", str(VERIFIER / "verify.py"))
JAVASCRIPT = ("node", str(VERIFIER / "verify.mjs"))
ENGINES = (PYTHON, JAVASCRIPT)
SEVERAL = Path(__file__).with_name("several.mjs")
Files = dict[str, bytes]


def run(engine: tuple[str, ...], path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [*engine, str(path), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def answer(engine: tuple[str, ...], path: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """Exit status and document."""
    done = run(engine, path, "--json", *options)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout)


def verifier(name: str) -> Any:
    """A module of the Python verifier."""
    sys.path.insert(0, str(VERIFIER))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(VERIFIER))


def python_on(content: bytes) -> dict[str, Any]:
    """What the Python verifier finds, in this process."""
    found: dict[str, Any] = verifier("verify").verify(content)
    return found


def javascript_on(bundles: list[tuple[Path, int, int]], folder: Path) -> list[dict[str, Any]]:
    """What the JavaScript verifier finds in each, with a bit turned (none where the byte is -1)."""
    listed = folder / "several.json"
    listed.write_text(json.dumps([[str(path), *bit] for path, *bit in bundles]))
    command = ["node", str(SEVERAL), str(VERIFIER / "verify.mjs"), str(listed)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def opened(content: bytes) -> Files:
    with zipfile.ZipFile(BytesIO(content)) as held:
        return {name: held.read(name) for name in held.namelist()}


def sealed(files: Mapping[str, bytes], **described: Any) -> bytes:
    """The files as a bundle whose manifest fits them, as a careful forger writes it."""
    manifest = json.loads(files[MANIFEST])
    others = {name: content for name, content in files.items() if name != MANIFEST}
    listed = {n: [len(c), hashlib.sha256(c).hexdigest()] for n, c in others.items()}
    return archive({MANIFEST: plain_json({**manifest, **described, "files": listed}), **others})


def doctored(content: bytes, change: Callable[[Files], None], **described: Any) -> bytes:
    files = opened(content)
    change(files)
    return sealed(files, **described)
