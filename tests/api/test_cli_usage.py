"""antiphon usage submit: files in, a line told for every row, and nothing twice whatever breaks."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from eth_account import Account

from api import submitting
from api.application import Application
from api.cli import remote_usage
from tests.api.served_ledger import Antiphon, antiphon, serving
from tests.api.small_ledger import SmallLedger
from tests.devnet import CUSTOMER

__all__ = ["antiphon"]

PASSPHRASE = "correct horse"


@dataclass
class Desk:
    """A served ledger with an outbox of its own, and the platform's keystore."""

    url: str
    ledger: SmallLedger
    folder: Path

    def row(self, number: int, **changes: object) -> dict[str, Any]:
        heritage = self.ledger.heritage
        row = {
            "licence": heritage.distribution,
            "generation": f"0x{heritage.generation_id:016x}",
            "line": f"play {number}",
            "occurredAt": self.ledger.devnet.node.head().timestamp - number,
        }
        return row | changes

    def jsonl(self, name: str, rows: list[dict[str, Any]]) -> Path:
        path = self.folder / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path

    def csv(self, name: str, rows: list[dict[str, Any]]) -> Path:
        path = self.folder / name
        with path.open("w", newline="") as file:
            table = csv.DictWriter(file, ["occurredAt", "line", "licence", "generation"])
            table.writeheader()
            table.writerows(rows)
        return path

    @property
    def key(self) -> list[str]:
        return ["--key", f"keystore:{self.folder / 'keystore.json'}", *self.passphrase]

    @property
    def passphrase(self) -> list[str]:
        return ["--passphrase-file", str(self.folder / "passphrase"), "--api", self.url]

    def events(self) -> dict[str, int]:
        return dict(httpx.get(f"{self.url}/v1/usage").json()["events"])


def results(path: Path) -> list[tuple[int, str, str]]:
    """Row, outcome and reason of every line of a results file."""
    with path.with_name(path.name + ".results.csv").open(newline="") as file:
        return [(int(r["row"]), r["outcome"], r["reason"]) for r in csv.DictReader(file)]


def private(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


@contextmanager
def as_served(ledger: SmallLedger, app: Application) -> Iterator[str]:
    served = SmallLedger(**(ledger.__dict__ | {"app": app}))
    with serving(served) as url:
        yield url


@pytest.fixture
def desk(ledger: SmallLedger, writable: Application, tmp_path: Path) -> Iterator[Desk]:
    key = bytes(ledger.platform._key.secret)
    # One round: the tests open it often, and nobody else can.
    keystore = Account.encrypt(key, PASSPHRASE, kdf="pbkdf2", iterations=1)
    (tmp_path / "keystore.json").write_text(json.dumps(keystore))
    private(tmp_path / "passphrase", PASSPHRASE + "\n")
    with as_served(ledger, writable) as url:
        yield Desk(url, ledger, tmp_path)


def test_every_row_of_a_file_is_told_in_its_order(antiphon: Antiphon, desk: Desk) -> None:
    now = desk.ledger.devnet.node.head().timestamp
    rows = [desk.row(n) for n in range(6)]
    rows[1] = desk.row(1, licence=99)
    rows[3] = desk.row(3, occurredAt=now + 5_000)
    rows[4] = desk.row(0)
    path = desk.jsonl("plays.jsonl", rows)
    path.write_text(path.read_text() + "{\n" + json.dumps(desk.row(7, line="")) + "\n")

    ended = antiphon("usage", "submit", str(path), *desk.key)

    assert (ended.code, ended.err) == (5, "")
    assert "8 rows: 3 are accepted, 1 held already, 4 refused; 1 segments" in ended.out
    told = results(path)
    assert [(row, outcome) for row, outcome, _ in told] == [
        (1, "accepted"),
        (2, "refused"),
        (3, "accepted"),
        (4, "refused"),
        (5, "duplicate"),
        (6, "accepted"),
        (7, "refused"),
        (8, "refused"),
    ]
    assert told[1][2] == "licence 99 is unknown"
    assert "ahead of the chain's time: set the clock" in told[3][2]
    assert (told[6][2], told[7][2]) == ("row: is no JSON", "line: is empty")
    assert desk.events() == {"waiting": 3}


def test_a_file_sent_again_in_another_format_and_order_is_held_already(
    antiphon: Antiphon, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [desk.row(n) for n in range(25)]
    first = antiphon("usage", "submit", str(desk.jsonl("a.jsonl", rows)), *desk.key, "--json")
    monkeypatch.setattr(submitting, "SEGMENT_EVENTS_MAX", 10)

    again = antiphon("usage", "submit", str(desk.csv("b.csv", rows[::-1])), *desk.key, "--json")

    assert (first.code, again.code) == (0, 0)
    assert first.document["accepted"] == 25
    assert (again.document["duplicate"], again.document["accepted"]) == (25, 0)
    assert (len(first.document["segments"]), len(again.document["segments"])) == (1, 3)
    assert again.document["held_with_another_time"] == 0
    assert desk.events() == {"waiting": 25}


def test_line_ids_that_are_not_unique_are_pointed_out(antiphon: Antiphon, desk: Desk) -> None:
    antiphon("usage", "submit", str(desk.jsonl("a.jsonl", [desk.row(1), desk.row(2)])), *desk.key)
    renumbered = [desk.row(3, line="play 1"), desk.row(4, line="play 2")]

    ended = antiphon("usage", "submit", str(desk.jsonl("b.jsonl", renumbered)), *desk.key)

    assert ended.code == 0
    assert "2 are held with another time of use" in ended.out
    assert "give it a line id of its own" in results(desk.folder / "b.jsonl")[0][2]
    assert desk.events() == {"waiting": 2}


def test_a_dry_run_files_nothing_and_says_the_same(antiphon: Antiphon, desk: Desk) -> None:
    path = desk.jsonl("plays.jsonl", [desk.row(1), desk.row(2, licence=99)])

    dry = antiphon("usage", "submit", str(path), *desk.key, "--dry-run")
    told = results(path)
    nothing = desk.events()
    wet = antiphon("usage", "submit", str(path), *desk.key)

    assert (dry.code, wet.code) == (5, 5)
    assert "1 would be accepted" in dry.out
    assert nothing == {}
    assert results(path) == told


def test_an_answer_that_was_lost_is_asked_for_again(
    antiphon: Antiphon, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The segment is kept, the answer never arrives: its rows come back as duplicates."""
    monkeypatch.setattr(submitting, "SEGMENT_EVENTS_MAX", 4)
    monkeypatch.setattr(remote_usage, "PATIENCE", (0.0,))
    sent, post = [], httpx.Client.post

    def lossy(client: httpx.Client, url: str, **how: Any) -> httpx.Response:
        answer = post(client, url, **how)
        sent.append(answer.status_code)
        if len(sent) == 2:
            raise httpx.ReadError("the connection was reset")
        return answer

    monkeypatch.setattr(httpx.Client, "post", lossy)
    path = desk.jsonl("plays.jsonl", [desk.row(n) for n in range(10)])

    ended = antiphon("usage", "submit", str(path), *desk.key, "--json")

    assert ended.code == 0
    assert sent == [201, 201, 200, 201]
    assert (ended.document["accepted"], ended.document["duplicate"]) == (6, 4)
    assert desk.events() == {"waiting": 10}


def test_a_server_that_stays_away_ends_it_and_sending_again_goes_on(
    antiphon: Antiphon, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submitting, "SEGMENT_EVENTS_MAX", 4)
    monkeypatch.setattr(remote_usage, "PATIENCE", (0.0, 0.0))
    sent, post = [], httpx.Client.post

    def dying(client: httpx.Client, url: str, **how: Any) -> httpx.Response:
        sent.append(url)
        if len(sent) > 1:
            raise httpx.ConnectError("refused")
        return post(client, url, **how)

    path = desk.jsonl("plays.jsonl", [desk.row(n) for n in range(10)])
    with monkeypatch.context() as patched:
        patched.setattr(httpx.Client, "post", dying)
        ended = antiphon("usage", "submit", str(path), *desk.key)
    told = results(path)
    again = antiphon("usage", "submit", str(path), *desk.key, "--json")

    assert ended.code == 1
    assert "does not answer (ConnectError)" in ended.err
    assert "send the same file again when it answers" in ended.err
    assert len(sent) == 1 + 3
    assert [row for row, _, _ in told] == [1, 2, 3, 4]
    assert (again.document["accepted"], again.document["duplicate"]) == (6, 4)
    assert desk.events() == {"waiting": 10}


def test_a_strangers_key_reports_nothing_under_the_platforms_licence(
    antiphon: Antiphon, desk: Desk
) -> None:
    secret = bytes(desk.ledger.devnet.signers[CUSTOMER]._key.secret).hex()
    key = private(desk.folder / "stranger.key", secret)
    path = desk.jsonl("plays.jsonl", [desk.row(1)])

    ended = antiphon("usage", "submit", str(path), "--key", f"file:{key}", "--api", desk.url)

    assert ended.code == 5
    assert "is held by" in results(path)[0][2]
    assert desk.events() == {}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("plays.jsonl", b"", "it is empty"),
        ("plays.csv", b"a,b\n1,2\n", "its header names a, b; begin it with the line licence,"),
        ("plays.csv", "licence,".encode("utf-16"), "it is written in UTF-16; save it as UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_ends_in_a_sentence(
    antiphon: Antiphon, desk: Desk, name: str, content: bytes, said: str
) -> None:
    path = desk.folder / name
    path.write_bytes(content)

    ended = antiphon("usage", "submit", str(path), *desk.key)

    assert ended.code == 1
    assert said in ended.err
    assert "Traceback" not in ended.err


def test_what_is_wrong_with_key_or_file_ends_in_a_sentence(antiphon: Antiphon, desk: Desk) -> None:
    path = str(desk.jsonl("plays.jsonl", [desk.row(1)]))
    (desk.folder / "torn.json").write_text('{"crypto": ')
    (desk.folder / "open.key").write_text("11" * 32)
    (desk.folder / "open.key").chmod(0o644)
    wrong = ["--passphrase-file", str(private(desk.folder / "wrong", "wrong"))]
    here, sound = ["--api", desk.url], f"keystore:{desk.folder / 'keystore.json'}"

    def said(file: str, key: str, *more: str) -> str:
        ended = antiphon("usage", "submit", file, "--key", key, *more)
        assert ended.code == 1
        return ended.err

    assert "does not open keystore" in said(path, sound, *wrong, *here)
    assert "no keystore of version 3" in said(path, "keystore:torn.json", *desk.passphrase)
    assert "open to others. Next: chmod 600" in said(path, "file:open.key", *here)
    assert "cannot be read" in said(path, "file:nowhere.key", *here)
    assert "a key's place begins with keystore:" in said(path, "11" * 32, *here)
    assert "11" * 32 not in said(path, "11" * 32, *here)
    assert "no such file" in said("nowhere.jsonl", sound, *desk.passphrase)
    assert "--format jsonl or csv" in said("plays.txt", sound, *desk.passphrase)
    assert "no Antiphon is running here" in said(path, sound, *wrong)


def test_status_tells_of_all_usage_and_of_one_segment(antiphon: Antiphon, desk: Desk) -> None:
    path = desk.jsonl("plays.jsonl", [desk.row(n) for n in range(3)])
    done = antiphon("usage", "submit", str(path), *desk.key, "--json").document
    (named,) = done["segments"]

    everything = antiphon("usage", "status", "--api", desk.url)
    one = antiphon("usage", "status", named, "--api", desk.url)
    plain = antiphon("usage", "status", named, "--json", "--api", desk.url)

    assert (everything.code, one.code) == (0, 0)
    assert "events waiting" in everything.out
    assert "3 events of" in " ".join(one.out.split())
    assert plain.document == httpx.get(f"{desk.url}/v1/usage/segments/{named}").json()
