"""A bundle of a real ledger passes, with no network, and is the same bytes each time."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chain.audit.errors import PeriodInvalid
from chain.audit.export import Bundle
from tests.chain.audit.audit_world import AuditWorld
from tests.chain.audit.checking import ENGINES, PYTHON, answer, opened, run

KINDS = {
    *("container", "files", "headers", "receipts", "events", "content ids", "signatures"),
    *("segments", "licences", "vectors", "direct lane", "direct reports", "reports", "leaves"),
    *("epoch lane", "conservation", "solvency"),
}
# Imported before the verifier runs: whoever opens a socket is found out.
NO_SOCKETS = (
    "import socket, sys, runpy\n"
    "def refuse(*_): raise SystemExit('a socket was opened')\n"
    "socket.socket = refuse\n"
    "sys.argv = sys.argv[1:]\n"
    "sys.path.insert(0, sys.argv[0].rsplit('/', 1)[0])\n"
    "runpy.run_path(sys.argv[0], run_name='__main__')\n"
)


@pytest.fixture
def path(bundle: Bundle, tmp_path: Path) -> Path:
    path = tmp_path / "bundle.zip"
    path.write_bytes(bundle.content)
    return path


@pytest.mark.parametrize("engine", ENGINES, ids=["python", "js"])
def test_every_kind_is_checked_and_everything_passes(
    engine: tuple[str, ...], bundle: Bundle, path: Path
) -> None:
    known = f"0x{bundle.at.hash.hex()}"

    code, found = answer(engine, path, "--expect-block-hash", known)

    assert found["findings"] == []
    assert (code, found["failed"]) == (0, 0)
    assert set(found["checks"]) == KINDS | {"anchor"}
    assert found["passed"] == sum(passed for passed, _ in found["checks"].values())
    assert found["manifest"] == "0x" + bundle.manifest_digest.hex()
    assert found["block"] == [bundle.at.number, known]


def test_both_verifiers_print_the_same_lines(path: Path) -> None:
    told = [run(engine, path).stdout.splitlines() for engine in ENGINES]
    documents = [run(engine, path, "--json").stdout for engine in ENGINES]

    assert told[0] == told[1]
    assert told[0][-1].endswith("checks passed, 0 failed")
    assert documents[0] == documents[1]


def test_the_story_is_in_the_bundle(world: AuditWorld, bundle: Bundle) -> None:
    """Rule, freeze, refusals and both lanes are what the checks above went through."""
    files = opened(bundle.content)
    papers = [json.loads(files[f"epochs/{epoch:06d}.json"]) for epoch in (1, 2, 3)]
    books, direct = (json.loads(files[f"books/{n}.json"]) for n in ("ledger", "direct"))

    assert [rule[:3] for rule in books["rules"]] == [["2", "1", 1], ["1", "1", 2]]
    assert [paper["withheld"] for paper in papers[:2]] == [[], []]
    ((work, _, amount),) = papers[2]["withheld"]
    assert (work, int(amount) > 0) == (str(world.heritage.works[2]), True)
    reasons = sorted(reason for _, reason in papers[1]["refused"])
    assert reasons == ["already-counted"] * 3 + ["generation-unknown", "licence-unknown"]
    assert len(books["derivatives"]) == 2
    # Uses and parent of a path's licences: what is used below is used above.
    path = [(int(used), parent) for *_, used, _, parent in books["licences"][-3:]]
    top = books["licences"][-3][0]
    assert path == [(7, "0"), (6, top), (4, str(int(top) + 1))]
    assert any(int(due) for *_, due in direct["payees"])
    assert papers[0]["proofs"] == []
    assert len(papers[2]["proofs"]) == len(papers[2]["payouts"])


def test_the_same_ledger_at_the_same_block_is_the_same_bytes(
    world: AuditWorld, bundle: Bundle
) -> None:
    assert world.export().content == bundle.content
    assert world.export(from_block=60).manifest_digest != bundle.manifest_digest


@pytest.mark.parametrize("engine", ENGINES, ids=["python", "js"])
def test_an_earlier_block_and_a_period_verify_too(
    engine: tuple[str, ...], world: AuditWorld, tmp_path: Path
) -> None:
    """Some block in the middle, where an epoch waits for its window and money waits."""
    head = world.lane.store.head()
    middle = head.number - 12
    path = tmp_path / "earlier.zip"
    path.write_bytes(world.export(at=world.devnet.node.block(middle), from_block=40).content)

    code, found = answer(engine, path)

    assert (code, found["findings"], found["block"][0]) == (0, [], middle)
    whole = json.loads(run(engine, path, "--json").stdout)["totals"]
    ((_, sums),) = whole.items()
    assert 0 < int(sums["paidIn"]) < 311_112_379


@pytest.mark.parametrize("engine", ENGINES, ids=["python", "js"])
def test_of_a_long_chain_only_needed_headers_go_in_and_that_is_told(
    engine: tuple[str, ...], world: AuditWorld, tmp_path: Path
) -> None:
    path = tmp_path / "sparse.zip"
    path.write_bytes(world.export(headers_max=10).content)

    code, found = answer(engine, path)

    assert (code, found["findings"]) == (0, [])
    assert any(note.startswith("blocks are left out") for note in found["notes"])


def test_blocks_outside_the_ledger_are_refused(world: AuditWorld) -> None:
    with pytest.raises(PeriodInvalid, match="the ledger begins at block 1"):
        world.export(from_block=10**6)


def test_no_socket_is_opened(path: Path) -> None:
    done = subprocess.run(
        [PYTHON[0], "-c", NO_SOCKETS, PYTHON[-1], str(path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "0 failed" in done.stdout


@pytest.mark.parametrize("engine", ENGINES, ids=["python", "js"])
def test_it_passes_where_there_is_no_network(engine: tuple[str, ...], path: Path) -> None:
    alone = [shutil.which("unshare") or "unshare", "-r", "-n"]
    if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody make a network of its own")

    done = subprocess.run([*alone, *engine, str(path)], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_no_verifier_imports_anything_of_ours(bundle: Bundle) -> None:
    files = {n: c.decode() for n, c in opened(bundle.content).items() if n.startswith("verify/")}
    own = {Path(name).stem for name in files}
    assert len(files) == 20
    for name, text in files.items():
        if name.endswith(".py"):
            named = re.findall(r"^(?:import|from) (\w+)", text, re.MULTILINE)
            assert set(named) <= own | sys.stdlib_module_names, name
        else:
            named = re.findall(r'^(?:import|\}) .*from "([^"]+)";$', text, re.MULTILINE)
            assert named or name == "verify/keccak.mjs", name
            assert {n for n in named if not n.startswith("node:")} <= {f"./{n}.mjs" for n in own}
