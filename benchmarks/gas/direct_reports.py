"""The gas of single uses: one report, one price locked, one payment released."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from eth_utils import keccak

from benchmarks.gas.epoch_lane import operator_signatures
from benchmarks.gas.workplace import EVERYTHING, WINDOW_SECONDS, Workplace
from chain.client.licence_registry import terms_tuple
from chain.ledger.direct_report import DirectReport
from chain.ledger.identifiers import Digest, GenerationId, LicenceId
from chain.ledger.rights import Terms
from chain.ledger.usage import UsageEvent, UsageKind

DEPOSIT = 10**9


@dataclass
class DirectReports:
    """Reports one use after another; the steady figure is that of a later one."""

    place: Workplace
    licence: int
    terms: Terms
    gas: dict[str, int] = field(default_factory=dict)

    def run(self) -> dict[str, int]:
        contract = self.place.contracts["DirectReports"]
        platform, token = self.place.platform, self.place.token
        self.place.send("PlainToken", "approve", contract, EVERYTHING, sender=platform)
        for _ in range(2):
            given = (platform, token, DEPOSIT)
            self.gas["deposit"] = self.place.send(
                "DirectReports", "deposit", *given, sender=platform
            )
        for key in ("direct_report_first", "direct_report"):
            self.gas[key], held = self.post(key)
        self.place.chain.sleep(WINDOW_SECONDS)
        self.gas["direct_release"] = self.send("release", held)
        return self.gas

    def post(self, name: str) -> tuple[int, Any]:
        """Signed by three of five operators; the gas, and what is locked."""
        contract = self.place.contracts["DirectReports"]
        now = self.place.chain[-1].timestamp
        source = Digest(keccak(text=name))
        event = UsageEvent(
            UsageKind.DETECTION, LicenceId(self.licence), GenerationId(2**63 + 1), source, now
        )
        evidence, rules = Digest(keccak(text="evidence")), Digest(keccak(text="rules"))
        report = DirectReport(event, evidence, rules, now + WINDOW_SECONDS)
        digest = report.digest(self.place.chain.id, contract.address)
        signed = operator_signatures(digest)
        used = self.send("post", report.as_tuple(), terms_tuple(self.terms), signed)
        block = self.place.web3.eth.block_number
        (posted,) = contract.events.DirectReportPosted.get_logs(from_block=block)
        return used, tuple(posted["args"]["held"].values())

    def send(self, method: str, *arguments: Any) -> int:
        return self.place.send("DirectReports", method, *arguments, sender=self.place.customer)
