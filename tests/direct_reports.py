"""Reporting single usage events on the development node, as operators and a relay do."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from chain.client.blocks import Receipt
from chain.ledger.direct_report import DirectReport, Held
from chain.ledger.identifiers import Address, Digest, LicenceId, WorkId, address_bytes
from chain.ledger.rights import Terms, Tier
from chain.ledger.usage import UsageEvent, UsageKind
from tests.devnet import FIRST_OPERATOR, PLATFORM, RELAY, THRESHOLD, Devnet
from tests.heritage import GENERATION_PRICE, Heritage, terms_of

HOUR_SECONDS = 3600
RULES = Digest(hashlib.sha256(b"the rules").digest())


def found_copy(licence_id: LicenceId, heritage: Heritage, *, at: int, name: str) -> UsageEvent:
    """A found copy of the derivative, at Unix time `at`."""
    source = Digest(hashlib.sha256(f"copy {name}".encode()).digest())
    return UsageEvent(UsageKind.DETECTION, licence_id, heritage.generation_id, source, at)


@dataclass
class DirectReporter:
    """What operators, a relay and the platform do for single reports."""

    devnet: Devnet
    heritage: Heritage

    @property
    def terms(self) -> Terms:
        return terms_of(self.devnet, Tier.GENERATION, GENERATION_PRICE)

    def deposit(self, amount: int) -> None:
        platform = self.devnet.signers[PLATFORM]
        contract, token = self.devnet.direct_reports, self.devnet.deployment.token
        self.devnet.token.approve(contract.address, amount, signer=platform)
        contract.deposit(platform.address, token, amount, signer=platform)

    def report(self, event: UsageEvent) -> DirectReport:
        deadline = self.devnet.node.head().timestamp + HOUR_SECONDS
        evidence = Digest(hashlib.sha256(event.event_id).digest())
        return DirectReport(event, evidence, RULES, deadline)

    def signatures(self, report: DirectReport) -> list[bytes]:
        digest = report.digest(31337, self.devnet.direct_reports.address)
        operators = sorted(
            self.devnet.signers[FIRST_OPERATOR : FIRST_OPERATOR + THRESHOLD],
            key=lambda signer: address_bytes(signer.address),
        )
        return [signer.sign_digest(digest, chain_id=31337) for signer in operators]

    def post(self, event: UsageEvent) -> Held:
        """Report an event under a GENERATION licence; what is locked for it."""
        report = self.report(event)
        receipt = self.devnet.direct_reports.post(
            report, self.terms, self.signatures(report), signer=self.devnet.signers[RELAY]
        )
        return self.held(receipt)

    def held(self, receipt: Receipt) -> Held:
        (posted,) = self.devnet.direct_reports.events(receipt, "DirectReportPosted")
        held = posted["held"]
        return Held(
            Digest(held["eventId"]),
            LicenceId(held["licenceId"]),
            WorkId(held["workId"]),
            Address(held["platform"]),
            Address(held["token"]),
            held["amount"],
            held["releasableFrom"],
        )

    def release(self, held: Held) -> None:
        self.devnet.direct_reports.release(held, signer=self.devnet.signers[RELAY])
