"""`antiphon disputes` against a served ledger with one dispute in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from chain.client.dispute_court import Matter
from tests.api.court_in_session import BOND_MAX, PAYEE
from tests.api.served_ledger import Antiphon, antiphon, serving
from tests.api.small_ledger import PRICE, SmallLedger
from tests.devnet import CUSTOMER
from tests.heritage import digest_of

__all__ = ["antiphon"]


@pytest.fixture
def matter(ledger: SmallLedger) -> Iterator[Matter]:
    devnet, work = ledger.devnet, ledger.javanese.work_id
    split = ledger.app.store.split_in_force(work, at=ledger.app.refresh())
    assert split is not None
    customer = devnet.signers[CUSTOMER]
    given = (work, devnet.address(PAYEE), digest_of("another"), split.split, BOND_MAX)
    with devnet.rolled_back():
        devnet.token.mint(customer.address, BOND_MAX, signer=customer)
        devnet.token.approve(devnet.court.address, BOND_MAX, signer=customer)
        yield devnet.court.open(*given, signer=customer)


@pytest.fixture
def url(
    ledger: SmallLedger, matter: Matter, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    # With an index of its own: the shared one would know blocks that are taken back.
    app = ledger.reopen(tmp_path_factory.mktemp("disputed"))
    with serving(replace(ledger, app=app)) as address:
        yield address


def test_disputes_are_listed_and_shown(antiphon: Antiphon, url: str, ledger: SmallLedger) -> None:
    listed = antiphon("disputes", "list", "--standing", "--json", "--api", url)
    (one,) = listed.document["disputes"]
    table = antiphon("disputes", "list", "--api", url)
    shown = antiphon("disputes", "show", one["dispute_id"], "--api", url)
    plain = antiphon("disputes", "show", one["dispute_id"], "--json", "--api", url)

    assert (listed.code, table.code, shown.code) == (0, 0, 0)
    for word in ("waits for an answer", one["frozen_until"], one["payee"]):
        assert word in table.out
    told = " ".join(shown.out.split())
    for word in ("is held until", str(PRICE * 6_001 // 10_000), "answer: contradicts", "bafyrei"):
        assert word in told
    assert "bond: 25.000000 aUSD" in told
    assert antiphon("disputes", "show", "1", "--api", url).out == shown.out
    assert plain.document == httpx.get(f"{url}/v1/disputes/{one['dispute_id']}").json()
    work = str(ledger.javanese.work_id)
    filtered = antiphon(
        "disputes", "list", "--work", work, "--state", "open", "--json", "--api", url
    )
    assert len(filtered.document["disputes"]) == 1
    over = antiphon("disputes", "list", "--over", "--json", "--api", url)
    assert over.document["disputes"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("list", "--state", "lost"), "request-invalid: query.state"),
        (("list", "--payee", "0x12"), "request-invalid: query.payee"),
        (("show", "12"), "there is no dispute 12. Next: antiphon disputes list"),
        (("show", "0"), "there is no dispute 0."),
        (("show", "0x12"), "request-invalid: path.dispute_id"),
        (("show", "0x" + "ab" * 32), "not-found: there is no dispute"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    antiphon: Antiphon, url: str, words: tuple[str, ...], said: str
) -> None:
    ended = antiphon("disputes", *words, "--api", url)

    assert ended.code == 1
    assert said in ended.err
