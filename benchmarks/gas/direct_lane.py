"""The gas of works, licences, links and the direct lane."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from eth_utils import keccak

from benchmarks.gas.workplace import Workplace
from chain.client.licence_registry import terms_tuple
from chain.ledger.identifiers import Address, Digest, WorkId
from chain.ledger.rights import Terms, Tier, WorkKind
from chain.ledger.vectors import AncestorVector, LicensedParent, flatten

PERCENT = 10_000_000
FOREVER = 2**40 - 1
BATCH = 100
WIDE = 480
AMOUNT = 1_000_000
PRICE = 25_000_000
NO_PERMIT = (0, 0, 0, bytes(32), bytes(32))


@dataclass(frozen=True)
class Licensed:
    """A parent as the graph wants it: a work, the platform's licence and its royalty share."""

    work: WorkId
    licence: int
    share: int


@dataclass
class DirectLane:
    """Runs the operations one after another; the steady figure is that of a repeated one."""

    place: Workplace
    gas: dict[str, int] = field(default_factory=dict)
    vectors: dict[int, AncestorVector] = field(default_factory=dict)
    registered: int = 0
    of_twelve: int = 0
    of_thirty_two: int = 0

    def run(self) -> dict[str, int]:
        originals = self.register()
        self.licences(originals)
        self.links(originals)
        self.payments(originals)
        self.disputes(originals)
        return self.gas

    # --- works and licences --------------------------------------------------------------------

    def registration(self, kind: WorkKind) -> tuple[int, int, bytes, bytes]:
        self.registered += 1
        label = f"work {self.registered}"
        return (0, int(kind), keccak(text=label), keccak(text=f"manifest of {label}"))

    def register_one(self, kind: WorkKind, sender: Any) -> int:
        registration = self.registration(kind)
        return self.place.send("WorkRegistry", "register", registration, sender=sender)

    def register(self) -> list[int]:
        """The ids of a batch of originals."""
        steward = self.place.steward
        for _ in range(2):
            self.gas["register"] = self.register_one(WorkKind.RECORDING, steward)
        first = self.work_count() + 1
        batch = [self.registration(WorkKind.RECORDING) for _ in range(BATCH)]
        used = self.place.send("WorkRegistry", "registerBatch", batch, sender=steward)
        self.gas["register_batch"] = used // BATCH
        return list(range(first, first + BATCH))

    def work_count(self) -> int:
        return int(self.place.contracts["WorkRegistry"].workCount())

    def terms(self, share: int) -> Terms:
        return Terms(
            tier=Tier.GENERATION,
            token=Address(self.place.token.address),
            price=PRICE,
            unit_price=250,
            royalty_share=share,
            duration_seconds=365 * 86_400,
            unit_cap=10**9,
            revenue_cap=10**15,
            text_digest=Digest(keccak(text="terms")),
        )

    def take(self, work: int, terms: Terms) -> int:
        """The platform takes a licence, with an allowance instead of a permit."""
        return self.registry("takeLicence", work, terms_tuple(terms), NO_PERMIT)

    def registry(self, method: str, *arguments: Any) -> int:
        """One of the platform's calls to the LicenceRegistry."""
        return self.place.send("LicenceRegistry", method, *arguments, sender=self.place.platform)

    def licensed(self, work: int, controller: Any, share: int) -> Licensed:
        """A work with its controller's consent and the platform's licence."""
        terms = self.terms(share)
        self.consent(work, terms, controller)
        self.take(work, terms)
        licence = int(self.place.contracts["LicenceRegistry"].licenceCount())
        return Licensed(WorkId(work), licence, share)

    def consent(self, work: int, terms: Terms, controller: Any) -> None:
        consent = (work, int(terms.tier), (terms.hash(), FOREVER, 0, False, bytes(32)))
        self.place.send("ConsentRegistry", "proposeConsent", *consent, sender=controller)

    def licences(self, originals: list[int]) -> None:
        work, steward = originals[-1], self.place.steward
        for key in ("licence_first_of_work", "licence_first_of_offer"):
            self.consent(work, self.terms(PERCENT), steward)
            self.gas[key] = self.take(work, self.terms(PERCENT))
        self.gas["licence"] = self.take(work, self.terms(PERCENT))
        holders = [self.place.platform.address] * 10
        batch = (work, terms_tuple(self.terms(PERCENT)), holders, NO_PERMIT)
        self.gas["licence_10"] = self.registry("takeLicences", *batch)

    # --- links ---------------------------------------------------------------------------------

    def link(self, parents: list[Licensed]) -> tuple[int, int]:
        """A new derivative of these: its id and the gas of linking it."""
        platform = self.place.platform
        self.register_one(WorkKind.DERIVATIVE, platform)
        child = self.work_count()
        known = [self.vectors.get(parent.work, AncestorVector()) for parent in parents]
        links = [(parent.work, parent.licence) for parent in parents]
        encoded = [vector.encode() for vector in known]
        arguments = (child, child.to_bytes(32), links, encoded)
        used = self.place.send("DerivativeGraph", "link", *arguments, sender=platform)
        self.vectors[child] = flatten(
            [
                LicensedParent(parent.work, parent.share, vector)
                for parent, vector in zip(parents, known, strict=True)
            ]
        )
        return child, used

    def links(self, originals: list[int]) -> None:
        steward, platform = self.place.steward, self.place.platform
        parents = [self.licensed(work, steward, PERCENT) for work in originals[:32]]
        child, self.gas["link_1"] = self.link(parents[:1])
        for _ in range(11):
            parent = self.licensed(child, platform, 5 * PERCENT)
            child, self.gas["link_depth_12"] = self.link([parent])
        _, self.gas["link_16"] = self.link(parents[:16])
        middles = [
            self.licensed(self.link([parent])[0], platform, PERCENT) for parent in parents[:16]
        ]
        _, self.gas["link_16_of_32"] = self.link(middles)
        self.of_twelve, _ = self.link(parents[:12])
        halves = [self.link(parents[start : start + 15])[0] for start in (0, 15)]
        both = [self.licensed(half, platform, 20 * PERCENT) for half in halves]
        self.of_thirty_two, _ = self.link(both)
        self.gas["link_16_of_512"] = self.link_wide()

    def link_wide(self) -> int:
        """Parents that share no ancestor: each has two parents, of fifteen originals each."""
        steward, platform = self.place.steward, self.place.platform
        known = self.work_count()
        registrations = [self.registration(WorkKind.RECORDING) for _ in range(WIDE)]
        for start in range(0, WIDE, BATCH):
            batch = registrations[start : start + BATCH]
            self.place.send("WorkRegistry", "registerBatch", batch, sender=steward)
        originals = [
            self.licensed(work, steward, PERCENT) for work in range(known + 1, known + WIDE + 1)
        ]
        # Every sixteenth original comes through the same parent: their ids lie between each other.
        middles = [self.link(originals[start::32])[0] for start in range(32)]
        halves = [self.licensed(middle, platform, 20 * PERCENT) for middle in middles]
        tops = [self.link([halves[i], halves[i + 16]])[0] for i in range(16)]
        return self.link([self.licensed(top, platform, 3 * PERCENT) for top in tops])[1]

    # --- payments ------------------------------------------------------------------------------

    def ledger(self, method: str, *arguments: Any) -> int:
        return self.place.send("RoyaltyLedger", method, *arguments, sender=self.place.customer)

    def pay(self, work: int) -> int:
        return self.ledger("pay", work, self.place.token, AMOUNT)

    def settle(self, work: int) -> int:
        """Settles twice; the second time every ancestor has had income before."""
        used = 0
        for _ in range(2):
            self.pay(work)
            used = self.ledger("settle", work, self.place.token, self.vectors[work].encode())
        return used

    def payments(self, originals: list[int]) -> None:
        work, steward = originals[-2], self.place.steward
        shares = [(payee, 1_000) for payee in self.place.payees]
        split = (work, self.place.token, 1, shares)
        self.gas["set_split"] = self.place.send(
            "RoyaltyLedger", "setSplit", work, shares, sender=steward
        )
        for _ in range(2):
            self.gas["pay"] = self.pay(work)
        self.gas["settle_12"] = self.settle(self.of_twelve)
        self.gas["pay_derivative"] = self.pay(self.of_twelve)
        self.gas["settle_32"] = self.settle(self.of_thirty_two)
        for _ in range(2):
            self.gas["push_10"] = self.ledger("push", *split)
            self.pay(work)
        self.gas["claim_10"] = self.ledger("claim", *split, self.place.payees[3])
        self.gas["claim"] = self.claim_alone(originals[-3])

    def claim_alone(self, work: int) -> int:
        """The second claim of a work's only payee."""
        payee = self.place.payees[0]
        split = [(payee, 10_000)]
        self.place.send("RoyaltyLedger", "setSplit", work, split, sender=self.place.steward)
        used = 0
        for _ in range(2):
            self.pay(work)
            used = self.ledger("claim", work, self.place.token, 1, split, payee)
        return used

    # --- disputes ------------------------------------------------------------------------------

    def disputes(self, originals: list[int]) -> None:
        """Two shares of a split of ten; the second time the court holds bonds already."""
        work, customer = originals[-2], self.place.customer
        shares = [(payee, 1_000) for payee in self.place.payees]
        court = self.place.contracts["DisputeCourt"]
        for method, of in (("mint", customer), ("approve", court)):
            self.place.send("DevStablecoin", method, of, PRICE * 10, sender=customer)
        for key, payee in zip(("dispute_first", "dispute"), self.place.payees, strict=False):
            evidence = keccak(text=f"evidence about {payee}")
            self.gas[key] = self.place.send(
                "DisputeCourt", "open", work, payee, evidence, shares, PRICE, sender=customer
            )
