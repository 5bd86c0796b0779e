"""The gas of the ways to register: committed, signed, by catalogue, as a recording."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from eth_account import Account
from eth_utils import keccak

from benchmarks.gas.workplace import MNEMONIC, Workplace
from chain.ledger.catalogue import Catalogue, CatalogueWork
from chain.ledger.identifiers import Address, CommunityId, Digest
from chain.ledger.keccak import keccak256
from chain.ledger.registration import (
    COMMITMENT_AGE_MIN,
    Registration,
    commitment_of,
    order_digest,
    registration_domain,
)
from chain.ledger.rights import WorkKind
from chain.ledger.sharing import SharingRule

BATCH = 100
MILLION, MILLION_DEPTH = 1_000_000, 20
FOREVER = 2**40 - 1
OWNER_INDEX = 11


@dataclass
class RegistrationWays:
    """Each way once to warm what is shared, then measured: the figure is that of a repeated one."""

    place: Workplace
    gas: dict[str, int] = field(default_factory=dict)
    named: int = 0

    def run(self) -> dict[str, int]:
        for _ in range(2):
            self.committed()
            self.signed()
            self.catalogue()
            self.recording()
        self.sharing_rules()
        return self.gas

    def new(self, kind: WorkKind = WorkKind.RECORDING) -> Registration:
        self.named += 1
        content, manifest = (keccak(text=f"{what} {self.named}") for what in ("pcm", "card"))
        return Registration(CommunityId(0), kind, Digest(content), Digest(manifest))

    def send(self, method: str, *arguments: Any, sender: Any = None) -> int:
        sender = sender or self.place.steward
        return self.place.send("WorkRegistry", method, *arguments, sender=sender)

    def committed(self) -> None:
        works, salt = [self.new()], Digest(keccak(text=f"salt {self.named}"))
        commitment = commitment_of(self.domain(), self.owner(), works, salt)
        self.gas["commit"] = self.send("commit", commitment)
        self.place.chain.sleep(COMMITMENT_AGE_MIN)
        self.gas["reveal"] = self.send("reveal", [w.as_tuple() for w in works], salt)

    def signed(self) -> None:
        self.gas["register_signed"] = self.carry_out([self.new()])
        batch = [self.new() for _ in range(BATCH)]
        self.gas["register_signed_batch"] = self.carry_out(batch) // BATCH

    def carry_out(self, works: list[Registration]) -> int:
        order = order_digest(self.domain(), self.owner(), works, self.named, FOREVER)
        path = f"m/44'/60'/0'/0/{OWNER_INDEX}"
        key = Account.from_mnemonic(MNEMONIC, account_path=path).key
        signature = Account.unsafe_sign_hash(order, key).signature
        given = [work.as_tuple() for work in works]
        return self.send(
            "registerSigned",
            *(self.owner(), given, self.named, FOREVER, signature),
            sender=self.place.customer,
        )

    def catalogue(self) -> None:
        """A million works: one leaf and its twenty siblings stand for the tree."""
        one = self.new(WorkKind.ARCHIVE_ITEM)
        work = CatalogueWork(MILLION - 1, one.kind, one.content_commitment, one.manifest_digest)
        proof = [Digest(keccak(text=f"{self.named}/{level}")) for level in range(MILLION_DEPTH)]
        node: bytes = work.leaf()
        for sibling in proof:
            node = keccak256(node + sibling if node < sibling else sibling + node)
        catalogue = Catalogue(
            self.owner(), CommunityId(0), MILLION, Digest(node), one.manifest_digest
        )
        self.gas["register_catalogue"] = self.send("registerCatalogue", catalogue.as_tuple())
        self.gas["materialise"] = self.send(
            "materialise",
            *(catalogue.as_tuple(), work.as_tuple(), proof),
            sender=self.place.customer,
        )

    def recording(self) -> None:
        self.send("register", self.new(WorkKind.COMPOSITION).as_tuple())
        composition = self.place.contracts["WorkRegistry"].workCount()
        take = self.new(WorkKind.DERIVATIVE)
        self.gas["register_recording"] = self.send(
            "registerRecording", composition, take.as_tuple()
        )

    def sharing_rules(self) -> None:
        rules, steward = self.place.contracts["SharingRules"], self.place.steward
        consents = self.place.contracts["ConsentRegistry"]
        profile = keccak(text="profile")
        self.place.send("ConsentRegistry", "foundCommunity", [], 0, profile, sender=steward)
        community = self.newest_community(consents)
        for epoch in (1_000, 2_000):
            rule = (community, int(SharingRule.FLOOR_PRO_RATA), 2_000, epoch)
            decision = rules.decisionHash(*rule)
            self.place.send(
                "ConsentRegistry", "approveDecision", community, decision, sender=steward
            )
            self.gas["announce_rule"] = self.place.send(
                "SharingRules", "announce", *rule, sender=steward
            )

    def newest_community(self, consents: Any) -> int:
        """Communities are numbered from 1; the steward founded the last one."""
        number = 1
        while consents.communityOf(number)["steward"] != self.place.steward.address:
            number += 1
        return number

    def owner(self) -> Address:
        return Address(self.place.steward.address)

    def domain(self) -> Any:
        registry = Address(self.place.contracts["WorkRegistry"].address)
        return registration_domain(self.place.chain.id, registry)
