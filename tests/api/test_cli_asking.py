"""The commands that ask a served ledger: what they print, and how they end."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from api.cli import remote
from api.stack.stack import ROOT
from tests.api.served_ledger import Antiphon, antiphon, serving, url
from tests.api.small_ledger import JAVANESE, SmallLedger, recording
from tests.lying_node import lying_node

__all__ = ["antiphon", "url"]

NOTHING_RUNNING = "no Antiphon is running here. Next: antiphon up (or give --api URL)\n"
WORKS = 7


def words(text: str) -> str:
    """A table's text without its lines and padding."""
    return " ".join(text.split())


def test_works_lists_every_title_as_it_is_written(antiphon: Antiphon, url: str) -> None:
    ended = antiphon("works", "--api", url)

    assert (ended.code, ended.err) == (0, "")
    assert f"{JAVANESE} · Lancaran" in ended.out
    # Square brackets are no styles of the terminal.
    assert "[/bold]" in ended.out
    assert "[red]more[/red]" in words(ended.out)
    assert ended.out.count("bafyrei") == WORKS


def test_works_as_json_is_the_apis_answer(antiphon: Antiphon, url: str) -> None:
    ended = antiphon("works", "--json", "--api", f"{url}/")

    assert ended.document == httpx.get(f"{url}/v1/works").json()


def test_works_asks_for_every_page(
    antiphon: Antiphon, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "PAGE", 2)

    ended = antiphon("works", "--json", "--api", url)

    assert [work["work_id"] for work in ended.document["works"]] == list(range(1, WORKS + 1))
    assert ended.document["after"] is None


def test_one_work_shows_consents_split_and_licences(
    antiphon: Antiphon, url: str, ledger: SmallLedger
) -> None:
    table = antiphon("works", "1", "--api", url)
    plain = antiphon("works", "1", "--json", "--api", url)

    assert table.code == 0
    for word in ("TRAINING", "GRANTED", "33.34 %", ledger.devnet.address(19), "yes"):
        assert word in table.out
    assert plain.document == httpx.get(f"{url}/v1/works/1").json()


def test_payouts_are_shown_in_the_currency(
    antiphon: Antiphon, url: str, ledger: SmallLedger
) -> None:
    table = antiphon("payouts", "--api", url)
    plain = antiphon("payouts", "--json", "--api", url)

    assert (table.code, plain.code) == (0, 0)
    assert ledger.heritage.rejecting_payee in table.out
    assert "paid, aUSD" in words(table.out)
    assert "0.007502" in table.out
    assert plain.document == httpx.get(f"{url}/v1/payouts").json()


def test_a_proof_shows_the_call_that_anybody_may_send(
    antiphon: Antiphon, url: str, ledger: SmallLedger
) -> None:
    payee = ledger.heritage.rejecting_payee
    table = antiphon("proof", payee, "--api", url)
    plain = antiphon("proof", payee, "--json", "--api", url)

    assert (table.code, plain.code) == (0, 0)
    assert plain.document == httpx.get(f"{url}/v1/payees/{payee}/proof").json()
    for word in (plain.document["leaf"], plain.document["call"]["to"], "due"):
        assert word in words(table.out)


def test_a_proof_of_an_event_leads_to_its_epoch(
    antiphon: Antiphon, url: str, ledger: SmallLedger
) -> None:
    event_id = "0x" + ledger.lane.settled[0].counted[0].hex()
    table = antiphon("proof", event_id, "--epoch", "1", "--api", url)
    plain = antiphon("proof", event_id, "--epoch", "1", "--json", "--api", url)
    strange = antiphon("proof", "../works", "--epoch", "1", "--api", url)

    assert (table.code, plain.code, strange.code) == (0, 0, 1)
    assert plain.document["event_id"] == event_id
    assert plain.document["usage_root"] in words(table.out)


def test_metrics_name_each_figure_and_of_how_many(antiphon: Antiphon, url: str) -> None:
    table = antiphon("metrics", "--api", url)
    plain = antiphon("metrics", "--json", "--api", url)

    assert (table.code, plain.code) == (0, 0)
    for figure in ("gini", "theil", "jain", "on-chain failure rate", "in hand latency, p90"):
        assert figure in table.out
    assert "10 payees, 5 paid" in table.out
    assert plain.document["failure_rate"]["part"] == 1


def test_a_sound_ledger_verifies_with_exit_0(antiphon: Antiphon, url: str) -> None:
    table = antiphon("verify", "--api", url)
    plain = antiphon("verify", "--json", "--api", url)

    assert (table.code, plain.code) == (0, 0)
    assert "difference: 0 units, 0 discrepancies" in table.out
    assert plain.document["clean"] is True


def test_a_tampered_manifest_ends_verify_with_exit_3_and_its_name(
    antiphon: Antiphon, url: str, ledger: SmallLedger
) -> None:
    path = ledger.app.blocks.path_of(ledger.javanese.manifest)
    sound = path.read_bytes()
    path.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
    try:
        table = antiphon("verify", "--api", url)
        plain = antiphon("verify", "--json", "--api", url)
    finally:
        path.write_bytes(sound)

    place = f"manifest {ledger.javanese.manifest} of work {ledger.javanese.work_id}"
    assert (table.code, plain.code) == (3, 3)
    assert place in words(table.out)
    assert [d["place"] for d in plain.document["discrepancies"]] == [place]


def test_a_found_copy_is_drawn_to_its_payees(
    antiphon: Antiphon, url: str, ledger: SmallLedger
) -> None:
    tree = antiphon("trace", str(ledger.filed.marked), "--api", url)
    plain = antiphon("trace", str(ledger.filed.marked), "--json", "--api", url)

    assert (tree.code, plain.code) == (0, 0)
    for word in (
        f"mark 0x{ledger.filed.generation_id:016x}",
        f"derivative {ledger.filed.work_id}",
        JAVANESE,
        f"60.01 % {ledger.devnet.address(24)}",
    ):
        assert word in tree.out
    assert plain.document["generations"][0]["last_step"] == "PAYEES"


def test_a_file_without_a_mark_ends_with_exit_4(
    antiphon: Antiphon, url: str, tmp_path: Path
) -> None:
    path = recording(tmp_path, "control [live].mp3")

    tree = antiphon("trace", str(path), "--api", url)
    plain = antiphon("trace", str(path), "--json", "--api", url)

    assert (tree.code, plain.code) == (4, 4)
    assert "control [live].mp3" in tree.out
    assert "no mark found. The file was searched for 12 ids issued here" in words(tree.out)
    assert "does not prove that there was none: docs/MISSING_MARK.md" in words(tree.out)
    assert plain.document["generations"] == []


def test_an_id_without_a_derivative_is_said_to_be_issued(
    antiphon: Antiphon, url: str, tmp_path: Path, ledger: SmallLedger
) -> None:
    path = recording(tmp_path, "early.wav")
    ledger.watermark.marks[path.read_bytes()] = [(77, 9.5)]

    ended = antiphon("trace", str(path), "--api", url)

    assert ended.code == 0
    assert "issued, but nothing on chain answers to it" in words(ended.out)


def test_refusals_of_the_server_are_its_own_words_and_exit_1(
    antiphon: Antiphon, url: str, tmp_path: Path, ledger: SmallLedger
) -> None:
    ledger.watermark.refusal = (422, "audio-silent", "the file is silent; check the level")

    silent = antiphon("trace", str(recording(tmp_path, "silent.wav")), "--api", url)
    unknown = antiphon("works", "99", "--api", url)
    huge = antiphon("works", str(2**64), "--api", url)
    missing = antiphon("trace", "lost.wav", "--api", url)
    folder = antiphon("trace", str(tmp_path), "--api", url)

    assert {e.code for e in (silent, unknown, huge, missing, folder)} == {1}
    assert silent.err == "audio-silent: the file is silent; check the level\n"
    assert unknown.err == "not-found: there is no work 99. Next: check the id\n"
    assert huge.err.startswith("request-invalid: path.work_id: ")
    assert missing.err == "lost.wav: no such file\n"
    assert folder.err.endswith(": no such file\n")
    assert {e.out for e in (silent, unknown, huge, missing, folder)} == {""}


def test_a_file_over_the_servers_limit_is_refused_in_words(
    antiphon: Antiphon, tmp_path: Path, ledger: SmallLedger
) -> None:
    path = tmp_path / "long.wav"
    path.write_bytes(bytes(8 << 20))
    with serving(ledger, body_bytes_max=100_000) as address:
        ended = antiphon("trace", str(path), "--api", address)

    assert ended.code == 1
    assert ended.err == "audio-too-large: more than 100000 bytes; cut the file into parts\n"


@pytest.mark.parametrize("command", ["works", "payouts", "metrics", "verify", "trace found.wav"])
def test_with_nothing_running_every_command_says_so(
    antiphon: Antiphon, tmp_path: Path, command: str
) -> None:
    recording(tmp_path, "found.wav")

    ended = antiphon(*command.split())

    assert (ended.code, ended.out, ended.err) == (1, "", NOTHING_RUNNING)


@pytest.mark.parametrize("left", ["", "{", "[]", "null", "{}", '{"url": 1}'])
def test_a_broken_note_of_what_runs_is_as_good_as_none(
    antiphon: Antiphon, tmp_path: Path, left: str
) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "running.json").write_text(left)

    assert antiphon("works").err == NOTHING_RUNNING


def test_what_runs_here_is_found_by_itself(antiphon: Antiphon, tmp_path: Path, url: str) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "running.json").write_text(json.dumps({"api": url}))

    assert antiphon("works").code == 0


def test_a_note_that_outlived_its_process_is_no_traceback(
    antiphon: Antiphon, tmp_path: Path
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "running.json").write_text(json.dumps({"api": address}))

    ended = antiphon("works")

    assert ended.code == 1
    assert "does not answer" in ended.err
    assert "Next: antiphon up" in ended.err


@pytest.mark.parametrize("address", ["http://[", "antiphon.example", "ftp://x", "http://x:99999"])
def test_what_is_no_address_is_said_to_be_that(antiphon: Antiphon, address: str) -> None:
    ended = antiphon("works", "--api", address)

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.count("\n") == 1
    assert "Next:" in ended.err


def test_another_program_at_the_address_is_no_antiphon(antiphon: Antiphon) -> None:
    with lying_node() as other:
        ended = antiphon("works", "--api", other.endpoint)

    assert ended.code == 1
    assert "is not an Antiphon API" in ended.err


@pytest.mark.parametrize("arguments", [("dance",), ("works", "gong"), ("trace",), ("up", "--x")])
def test_wrong_usage_ends_with_exit_2(antiphon: Antiphon, arguments: tuple[str, ...]) -> None:
    assert antiphon(*arguments).code == 2


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys; from api.cli.__main__ import app; "
        "print(sorted({'torch', 'web3', 'sqlalchemy', 'fastapi', 'numpy'} & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


def test_the_installed_command_is_this_one(tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("antiphon")
    if not command.exists():
        pytest.skip("the checkout is not installed in this environment")

    done = subprocess.run([command, "works"], cwd=tmp_path, capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (1, NOTHING_RUNNING)


def test_a_mark_in_other_audio_is_told_without_payees(
    antiphon: Antiphon, url: str, built: SmallLedger, tmp_path: Path
) -> None:
    path = recording(tmp_path, "forgery.mp3")
    body = path.read_bytes()
    built.watermark.marks[body] = [(int(built.filed.generation_id), 21.0)]
    built.watermark.carried_over.add(body)

    tree = antiphon("trace", str(path), "--api", url)
    del built.watermark.marks[body]

    assert "names nobody and pays nobody" in words(tree.out)
    assert "%" not in tree.out.split("landmarks agree")[1]
