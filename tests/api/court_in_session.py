"""A court in session over the small ledger, for tests of whoever tells of disputes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.application import Application
from api.http.app import create_app
from chain.client.contract import Contract
from chain.client.dispute_court import Matter, Ruling
from chain.client.signer import LocalSigner
from chain.ledger.identifiers import Address, CommunityId, WorkId
from tests.api.small_ledger import SmallLedger
from tests.devnet import CUSTOMER, Devnet
from tests.heritage import ELDERS, digest_of

BOND_MAX = 10**12
MINIMUM_BOND = 25_000_000
DAY = 24 * 3600
PAYEE, OTHER, HELPER = 24, 25, 29


def moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Court:
    """A court in session over the small ledger, and the API that tells of it."""

    ledger: SmallLedger
    app: Application
    http: TestClient

    @property
    def devnet(self) -> Devnet:
        return self.ledger.devnet

    @property
    def work(self) -> WorkId:
        return self.ledger.javanese.work_id

    def open(self, text: str, payee: int = PAYEE, work: WorkId | None = None) -> Matter:
        about = work or self.work
        at = self.app.refresh()
        split = self.app.store.split_in_force(about, at=at)
        return self.devnet.court.open(
            about,
            self.devnet.address(payee),
            digest_of(text),
            split.split if split else None,
            BOND_MAX,
            signer=self.signer(CUSTOMER),
        )

    def signer(self, index: int) -> LocalSigner:
        return self.devnet.signers[index]

    def case_id(self, matter: Matter) -> bytes:
        found: bytes = self.devnet.court._read("caseIdOf", matter.abi(), at=self.devnet.node.head())
        return found

    def route(self, matter: Matter) -> str:
        return f"/v1/disputes/0x{self.case_id(matter).hex()}"

    def told(self, matter: Matter) -> dict[str, Any]:
        answer = self.http.get(self.route(matter))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def page(self, matter: Matter) -> str:
        answer = self.http.get(self.route(matter).removeprefix("/v1"))
        assert answer.status_code == 200, answer.text
        return answer.text

    def opened_at(self, matter: Matter) -> int:
        return self.devnet.court.case_of(matter, at=self.devnet.node.head()).opened_at

    def wait(self, seconds: int) -> None:
        self.devnet.pass_time(seconds)

    def decide(self, matter: Matter, ruling: Ruling) -> None:
        """What the elders of the community that has some decide."""
        arbiter = _Elders(self.devnet.node, self.devnet.deployment.contracts["ElderArbiter"])
        community = self.ledger.heritage.communities[1]
        case = (self.devnet.court.address, self.case_id(matter), community)
        decision = arbiter.decision(*case, ruling)
        for elder in ELDERS[:2]:
            self.devnet.consents.approve_decision(community, decision, signer=self.signer(elder))


class _Elders(Contract):
    NAME = "ElderArbiter"

    def decision(
        self, court: Address, case_id: bytes, community: CommunityId, ruling: Ruling
    ) -> Any:
        at = self.node.head()
        return self._read("rulingDecision", court, case_id, community, int(ruling), at=at)


@pytest.fixture
def court(ledger: SmallLedger, writable: Application) -> Iterator[Court]:
    devnet = ledger.devnet
    for account in (CUSTOMER, PAYEE, HELPER):
        devnet.token.mint(devnet.address(account), BOND_MAX, signer=devnet.signers[account])
        devnet.token.approve(devnet.court.address, BOND_MAX, signer=devnet.signers[account])
    with TestClient(create_app(writable), raise_server_exceptions=False) as http:
        yield Court(ledger, writable, http)
