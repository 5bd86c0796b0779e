"""antiphon audit: the ledger as one file, and checking such a file with no network at all."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from enum import StrEnum
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlencode

import typer

from api.cli.printing import Api, AsJson, print_json, refuse

app = typer.Typer(help=__doc__, no_args_is_help=True)

FAILED_VERIFICATION: Final = 3
NOTHING_TO_CHECK: Final = 2


class Engine(StrEnum):
    """Which of the two verifiers reads the bundle."""

    PYTHON = "python"
    JAVASCRIPT = "js"
    BOTH = "both"


@app.command()
def export(
    out: Annotated[Path, typer.Argument(metavar="OUT.zip", help="The file to make.")],
    from_block: Annotated[
        int | None, typer.Option(min=0, help="Add up money from here on; all of it when left out.")
    ] = None,
    to_block: Annotated[
        int | None, typer.Option(min=0, help="The ledger as of this block; the newest if not.")
    ] = None,
    as_json: AsJson = False,
    api: Api = "",
) -> None:
    """Write everything that anybody needs to compute every payout again into one file.

    Example: antiphon audit export ledger.zip --to-block 1200
    """
    from api.cli.remote import download

    if out.exists():
        refuse(f"{out}: it is there already. Next: name a new file.")
    given = {"from_block": from_block, "to_block": to_block}
    query = urlencode({name: block for name, block in given.items() if block is not None})
    with out.open("wb") as file:
        try:
            download(api, f"/v1/audit/bundle?{query}", file)
        except BaseException:
            out.unlink()
            raise
    told = _manifest_of(out)
    if as_json:
        print_json({"bundle": str(out), "bytes": out.stat().st_size, **told})
        return
    typer.echo(f"{out}: {out.stat().st_size} bytes, up to block {told['block']}")
    typer.echo(f"block hash {told['blockHash']}")
    typer.echo(f"manifest   {told['manifest']}")
    typer.echo(f"Next: antiphon audit verify {out} --expect-block-hash HASH, of a source you trust")


@app.command()
def verify(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE.zip", help="What export wrote.")],
    engine: Annotated[Engine, typer.Option(help="Which verifier reads it.")] = Engine.PYTHON,
    expect_block_hash: Annotated[
        str, typer.Option(help="The newest block's hash, 0x and 64 digits, by another source.")
    ] = "",
    expect_manifest: Annotated[
        str, typer.Option(help="The manifest's digest, as the export printed it.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Recompute every payout from a bundle alone: no node, no network. Exit 3 when a check fails.

    Example: antiphon audit verify ledger.zip --engine both
    """
    given = [str(bundle)]
    for option, value in (
        ("--expect-block-hash", expect_block_hash),
        ("--expect-manifest", expect_manifest),
    ):
        given += [option, value] if value else []
    given += ["--json"] if as_json else []
    engines = [Engine.PYTHON, Engine.JAVASCRIPT] if engine is Engine.BOTH else [engine]
    answers = [_run(each, given) for each in engines]
    first = answers[0]
    if first.returncode == NOTHING_TO_CHECK:
        refuse(f"{first.stderr.strip()}. Next: antiphon audit export OUT.zip makes one.")
    typer.echo(first.stdout, nl=False)
    if any((a.returncode, a.stdout) != (first.returncode, first.stdout) for a in answers):
        refuse("the two verifiers do NOT agree. Next: report both outputs, --engine by --engine.")
    if engine is Engine.BOTH and not as_json:
        typer.echo("both verifiers say the same")
    if first.returncode:
        raise typer.Exit(FAILED_VERIFICATION)


def _run(engine: Engine, given: list[str]) -> subprocess.CompletedProcess[str]:
    """The verifier that is installed here, never the one in the bundle, in a process of its own."""
    with as_file(files("chain.audit") / "verifier") as folder:
        if engine is Engine.PYTHON:
            # -B -E -s: nothing is written, no variable and no package of this machine is heeded.
            command = [sys.executable, "-B", "-E", "-s", str(folder / "verify.py")]
        else:
            node = shutil.which("node")
            if node is None:
                refuse("node: it is not installed. Next: --engine python, or install Node 20.")
            command = [node, str(folder / "verify.mjs")]
        done = subprocess.run([*command, *given], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1, NOTHING_TO_CHECK):
        refuse(f"the {engine} verifier ended unexpectedly: {done.stderr[-400:]}")
    return done


def _manifest_of(out: Path) -> dict[str, str]:
    import hashlib
    import zipfile

    with zipfile.ZipFile(out) as held:
        raw = held.read("MANIFEST.json")
    block, block_hash = json.loads(raw)["block"]
    return {
        "manifest": "0x" + hashlib.sha256(raw).hexdigest(),
        "block": str(block),
        "blockHash": block_hash,
    }
