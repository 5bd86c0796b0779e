"""A community's work with two payees and money on it, a disputer with a purse, and elders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest

from tests.contracts.rights import DAY, by, digest

UPHELD, DISMISSED = 1, 2
EVERYTHING = 2**256 - 1
INCOME = 10_000_000_000
MINIMUM_BOND = 25_000_000
ANSWER_TIME, RULING_TIME, FREEZE_MAX, RESPITE = 14 * DAY, 30 * DAY, 90 * DAY, 7 * DAY
PAYEES_TIME = ANSWER_TIME // 3
OPEN, ANSWERED, CASE_UPHELD, CASE_DISMISSED, LAPSED, RELEASED = range(1, 7)


class Matter(NamedTuple):
    """What a case is about, in the order of the struct."""

    disputer: str
    work: int
    payee: str
    evidence: bytes


@pytest.fixture(scope="session")
def court(ledger_contracts: dict[str, Any]) -> Any:
    return ledger_contracts["DisputeCourt"]


@pytest.fixture(scope="session")
def treasury(council: Any) -> Any:
    return council


@pytest.fixture(scope="session")
def disputer(customer: Any) -> Any:
    return customer


@pytest.fixture(scope="session")
def thief(payees: list[Any]) -> Any:
    """The payee whose share is disputed."""
    return payees[0]


@pytest.fixture(scope="session")
def other(payees: list[Any]) -> Any:
    return payees[1]


@pytest.fixture(scope="module")
def coin(
    module_isolation: Any, ledger_contracts: dict[str, Any], royalty_ledger: Any, curator: Any
) -> Any:
    coin = ledger_contracts["DevStablecoin"]
    royalty_ledger.acceptToken(coin, by(curator))
    return coin


@pytest.fixture(scope="module")
def purse(coin: Any, court: Any, royalty_ledger: Any, deployer: Any) -> Callable[[Any], None]:
    """Gives an account plenty, and lets the court and the ledger take of it."""

    def purse(account: Any) -> None:
        coin.mint(account, 10**15, by(deployer))
        for spender in (court, royalty_ledger):
            coin.approve(spender, EVERYTHING, by(account))

    return purse


@pytest.fixture(scope="module")
def purses(purse: Any, disputer: Any, thief: Any, other: Any, platform: Any, stranger: Any) -> None:
    for account in (disputer, thief, other, platform, stranger):
        purse(account)


@pytest.fixture(scope="module")
def community(coin: Any, found_community: Any, steward: Any, elders: list[Any]) -> int:
    return int(found_community(steward, elders, 2))


@pytest.fixture(scope="module")
def split(thief: Any, other: Any) -> list[tuple[str, int]]:
    shares = [(thief.address, 6_000), (other.address, 4_000)]
    return sorted(shares, key=lambda share: share[0].lower())


@pytest.fixture(scope="module")
def work(
    purses: None,
    community: int,
    register_work: Any,
    steward: Any,
    split: list[tuple[str, int]],
    approve_split: Any,
    elders: list[Any],
    royalty_ledger: Any,
    coin: Any,
    platform: Any,
) -> int:
    """Its income waits to be claimed: 6,000 for the disputed payee, 4,000 for the other."""
    work = int(register_work(steward, community))
    approve_split(work, split, elders[:2])
    royalty_ledger.setSplit(work, split, by(steward))
    royalty_ledger.pay(work, coin, INCOME, by(platform))
    return work


@pytest.fixture
def opened(
    court: Any, work: int, split: list[tuple[str, int]], disputer: Any, thief: Any
) -> Callable[..., Matter]:
    """Opens a case; says what it is about."""

    def opened(text: str = "the singer was another", **others: Any) -> Matter:
        by_whom = others.get("disputer", disputer)
        matter = Matter(
            by_whom.address,
            others.get("work", work),
            others.get("payee", thief).address,
            digest(text),
        )
        shares = others.get("split", split)
        court.open(*matter[1:], shares, others.get("bond_max", 10**15), by(by_whom))
        return matter

    return opened


@pytest.fixture(scope="session")
def elder_arbiter(ledger_contracts: dict[str, Any]) -> Any:
    return ledger_contracts["ElderArbiter"]


@pytest.fixture
def decide(
    court: Any, elder_arbiter: Any, consents: Any, community: int, elders: list[Any]
) -> Callable[..., None]:
    """Two elders approve a ruling; nobody has told the court yet."""

    def decide(matter: Matter, ruling: int, by_whom: Sequence[Any] = ()) -> None:
        decision = elder_arbiter.rulingDecision(court, court.caseIdOf(matter), community, ruling)
        for elder in by_whom or elders[:2]:
            consents.approveDecision(community, decision, by(elder))

    return decide


@pytest.fixture
def claim(
    royalty_ledger: Any, work: int, coin: Any, split: list[tuple[str, int]], stranger: Any
) -> Callable[[Any], int]:
    """Claims for a payee; what it was paid."""

    def claim(payee: Any) -> int:
        tx = royalty_ledger.claim(work, coin, 1, split, payee, by(stranger))
        return int(tx.events["PaidOut"]["amount"])

    return claim


@pytest.fixture(scope="session")
def wait(devnet: Any, mine_at: Callable[[int], None]) -> Callable[[int], None]:
    """Lets so many seconds pass, up to a block that views read."""
    return lambda seconds: mine_at(devnet[-1].timestamp + seconds)
