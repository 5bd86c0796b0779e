"""A work, a licence with a price per use, a platform's deposit, and five operators who sign."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils import keccak

from chain.ledger.rights import Tier
from tests.contracts.permits import MNEMONIC
from tests.contracts.rights import DAY, SCALE, Terms, by, digest
from tests.contracts.royalty_ledger.stage import EVERYTHING
from tests.contracts.usage_oracle.conftest import Quorum, compacted
from tests.vectors.make_epoch_report import FIELDS, OPERATORS

GENERATION, PLAY, DETECTION = 1, 2, 3
UNIT_PRICE = 4_000_001
DEPOSIT = 10 * UNIT_PRICE
WINDOW = 2 * 60 * 60
HOUR = 3_600
NO_HASH = "0x" + "00" * 32
REPORT_TYPE = [
    {"type": "uint8", "name": "usageKind"},
    {"type": "uint64", "name": "licenceId"},
    {"type": "uint64", "name": "generationId"},
    {"type": "bytes32", "name": "sourceKey"},
    {"type": "uint64", "name": "occurredAt"},
    {"type": "bytes32", "name": "evidence"},
    {"type": "bytes32", "name": "programHash"},
    {"type": "uint40", "name": "deadline"},
]


class Report(NamedTuple):
    """The fields of the `DirectReport` struct, in its order."""

    usage_kind: int
    licence: int
    generation: int
    source_key: bytes
    occurred_at: int
    evidence: bytes
    program: bytes
    deadline: int

    @property
    def event_id(self) -> bytes:
        """As chain/ledger/usage.py says it is made, written out again."""
        return bytes(
            keccak(
                b"antiphon.usage.2"
                + self.usage_kind.to_bytes(1, "big")
                + self.licence.to_bytes(8, "big")
                + self.generation.to_bytes(8, "big")
                + self.source_key
            )
        )


class Held(NamedTuple):
    """The fields of the `Held` struct, in its order."""

    event_id: bytes
    licence: int
    work: int
    platform: str
    token: str
    amount: int
    releasable_from: int


class Desk:
    """Where reports are written, signed and posted, apart from the product's own code."""

    def __init__(
        self, contract: Any, keys: list[Any], terms: Terms, licence: int, work: int, relay: Any
    ) -> None:
        self.contract, self.keys, self.terms = contract, keys, terms
        self.licence, self.work, self.relay = licence, work, relay

    def report(self, now: int, name: str = "a copy", **changes: Any) -> Report:
        report = Report(
            DETECTION, self.licence, 77, digest(name), now, digest("evidence"), digest("rules"),
            now + HOUR,
        )  # fmt: skip
        return report._replace(**changes)

    def message(self, report: Report, **domain: Any) -> Any:
        return encode_typed_data(
            {
                "name": "Antiphon Direct Reports",
                "version": "1",
                "chainId": 31337,
                "verifyingContract": self.contract.address,
                **domain,
            },
            {"DirectReport": REPORT_TYPE},
            dict(zip((field["name"] for field in REPORT_TYPE), report, strict=True)),
        )

    def signatures(
        self, report: Report, signers: tuple[int, ...] = (0, 2, 4), **domain: Any
    ) -> list[tuple[bytes, bytes]]:
        message = self.message(report, **domain)
        return [compacted(self.keys[i].sign_message(message)) for i in signers]

    def posting(self, report: Report, **others: Any) -> tuple[Any, ...]:
        """The arguments of `post`."""
        given = {"terms": self.terms, "signatures": None, **others}
        signatures = given["signatures"]
        signed = self.signatures(report) if signatures is None else signatures
        return (tuple(report), tuple(given["terms"]), signed)

    def post(self, report: Report) -> tuple[Any, Held]:
        """The transaction, and what is locked since."""
        tx = self.contract.post(*self.posting(report), by(self.relay))
        event_id, *rest = tx.events["DirectReportPosted"]["held"]
        return tx, Held(bytes(event_id), *rest)


@pytest.fixture(scope="session")
def direct_reports(ledger_contracts: dict[str, Any]) -> Any:
    return ledger_contracts["DirectReports"]


@pytest.fixture(scope="session")
def oracle(ledger_contracts: dict[str, Any]) -> Any:
    return ledger_contracts["UsageOracle"]


@pytest.fixture(scope="session")
def distributor(ledger_contracts: dict[str, Any]) -> Any:
    return ledger_contracts["EpochDistributor"]


@pytest.fixture(scope="session")
def operator_keys() -> list[Any]:
    """The operators' keys, ascending by address."""
    found = [
        Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}")
        for index in OPERATORS
    ]
    return sorted(found, key=lambda key: key.address.lower())


@pytest.fixture(scope="module")
def terms(stablecoin: Any) -> Terms:
    return Terms(
        Tier.GENERATION,
        stablecoin.address,
        unit_price=UNIT_PRICE,
        royalty_share=SCALE // 10,
        unit_cap=20,
        revenue_cap=20 * UNIT_PRICE,
        duration_seconds=30 * DAY,
    )


@pytest.fixture(scope="module")
def desk(
    direct_reports: Any,
    royalty_ledger: Any,
    stablecoin: Any,
    terms: Terms,
    operator_keys: list[Any],
    register_work: Any,
    grant: Any,
    take_licence: Any,
    steward: Any,
    platform: Any,
    relay: Any,
    payees: list[Any],
) -> Desk:
    """A work with one payee, licensed to the platform, whose deposit is good for ten reports."""
    work = register_work(steward)
    royalty_ledger.setSplit(work, [(payees[0].address, 10_000)], by(steward))
    grant(steward, work, terms)
    licence = take_licence(platform, work, terms, stablecoin)
    stablecoin.approve(direct_reports, EVERYTHING, by(platform))
    direct_reports.deposit(platform, stablecoin, DEPOSIT, by(platform))
    return Desk(direct_reports, operator_keys, terms, licence, work, relay)


@pytest.fixture
def now(devnet: Any) -> int:
    return int(devnet[-1].timestamp)


def leaf_of(event_id: bytes) -> bytes:
    return bytes(keccak(keccak(event_id)))


def node_of(one: bytes, other: bytes) -> bytes:
    return bytes(keccak(min(one, other) + max(one, other)))


class Epochs:
    """Epochs that count two events each, worth nothing, posted on the real oracle."""

    def __init__(self, quorum: Quorum, relay: Any) -> None:
        self.quorum, self.relay = quorum, relay
        self.posted: list[tuple[Any, ...]] = []
        self.previous = NO_HASH

    def count(self, event_id: bytes, other: bytes) -> tuple[tuple[Any, ...], list[bytes]]:
        """Post an epoch that counted both; its report, and the proof of the first."""
        leaves = leaf_of(event_id), leaf_of(other)
        number = len(self.posted) + 1
        report = self.quorum.report(
            epoch=number,
            previousReport=self.previous,
            usageRoot="0x" + node_of(*leaves).hex(),
            usage=[],
            payouts={f"0x{1:040x}": 0},
        )
        posting = self.quorum.posting(report, usage=())
        tx = self.quorum.oracle.postEpoch(*posting, by(self.relay))
        self.previous = str(tx.events["EpochPosted"]["reportHash"])
        self.posted.append(tuple(report[name] for _, name in FIELDS))
        return self.posted[-1], [leaves[1]]


@pytest.fixture
def epochs(
    desk: Desk, oracle: Any, stablecoin: Any, operator_keys: list[Any], relay: Any
) -> Epochs:
    return Epochs(Quorum(oracle, stablecoin, operator_keys), relay)
