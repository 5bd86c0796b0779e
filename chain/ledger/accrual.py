"""The RoyaltyLedger's books, kept a second time from its events alone.

Income accrues as numerators of `SHARE_SCALE` and is divided only when a payee is paid:
due = floor(income of the split's segment * bps / UNIT_NUMERATOR) - paid. Identity, per token:
sum of accrued + SHARE_SCALE * sum of (gross - settled) == SHARE_SCALE * sum of payments.

A cumulative figure that an event carries is compared with ours; a difference is `Inconsistent`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from chain.ledger.errors import Inconsistent
from chain.ledger.identifiers import Address, WorkId
from chain.ledger.rights import SHARE_SCALE, UNIT_NUMERATOR, Split
from chain.ledger.vectors import AncestorVector


@dataclass(frozen=True)
class Flow:
    """`gross`, all payments for a work in base units; `settled`, the part passed on so far."""

    gross: int = 0
    settled: int = 0


@dataclass(frozen=True)
class Custody:
    """`paid_in`, all payments in a token in base units; `paid_out`, all that left for payees."""

    paid_in: int = 0
    paid_out: int = 0

    @property
    def held(self) -> int:
        """What the ledger must hold of the token, donations aside."""
        return self.paid_in - self.paid_out


@dataclass(frozen=True)
class Due:
    """What one payee can still be paid from one split version of one work."""

    work_id: WorkId
    token: Address
    version: int
    payee: Address
    amount: int


@dataclass
class _SplitVersion:
    split: Split
    # Accrued numerator of SHARE_SCALE at which the segment begins; absent means zero.
    starts: dict[Address, int] = field(default_factory=dict)
    paid: dict[tuple[Address, Address], int] = field(default_factory=dict)


class RoyaltyBook:
    """Replays `linked`, `split_set`, `paid`, `settled` and `paid_out` in chain order.

    Every method raises Inconsistent and changes nothing when its event contradicts the books.
    """

    def __init__(self) -> None:
        self._vectors: dict[WorkId, AncestorVector] = {}
        self._versions: dict[WorkId, list[_SplitVersion]] = {}
        self._flows: dict[tuple[WorkId, Address], Flow] = {}
        self._accrued: dict[tuple[WorkId, Address], int] = {}
        self._custody: dict[Address, Custody] = {}

    def linked(self, work_id: WorkId, vector: AncestorVector) -> None:
        """A derivative got its ancestors; from now on its income waits to be settled."""
        if work_id in self._vectors:
            raise Inconsistent(f"links of work {work_id}", "one for good", "a second one")
        if any(self.flow(work_id, token).gross for token in self._custody):
            raise Inconsistent(f"link of work {work_id}", "no income before it", "income")
        self._vectors[work_id] = vector

    def split_set(self, work_id: WorkId, version: int, split: Split) -> None:
        """Who is paid from now on. The first version owns all earlier income of the work."""
        versions = self._versions.get(work_id, [])
        _check(f"split version of work {work_id}", len(versions) + 1, version)
        starts: dict[Address, int] = {}
        if versions:
            for token in self._custody:
                flow = self.flow(work_id, token)
                _check(f"settled before the split of work {work_id}", flow.gross, flow.settled)
                starts[token] = self.accrued(work_id, token)
        self._versions[work_id] = [*versions, _SplitVersion(split, starts)]

    def paid(self, work_id: WorkId, token: Address, amount: int, gross: int) -> None:
        """A payment came in; `gross` is the work's cumulative income after it."""
        place = f"payment for work {work_id} in {token}"
        _check_positive(place, amount)
        flow = self.flow(work_id, token)
        _check(f"{place}: gross", flow.gross + amount, gross)
        if work_id in self._vectors:
            self._flows[work_id, token] = Flow(gross, flow.settled)
        else:
            self._flows[work_id, token] = Flow(gross, gross)
            self._accrue(work_id, token, amount * SHARE_SCALE)
        custody = self.custody(token)
        self._custody[token] = Custody(custody.paid_in + amount, custody.paid_out)

    def settled(self, work_id: WorkId, token: Address, amount: int, settled: int) -> None:
        """A derivative's income was passed on; `settled` is the cumulative part after it."""
        place = f"settlement of work {work_id} in {token}"
        _check_positive(place, amount)
        flow = self.flow(work_id, token)
        _check(f"{place}: amount", flow.gross - flow.settled, amount)
        _check(f"{place}: settled", flow.settled + amount, settled)
        for receiver, numerator in self._vectors[work_id].divide(work_id, amount):
            self._accrue(receiver, token, numerator)
        self._flows[work_id, token] = Flow(flow.gross, settled)

    def paid_out(
        self, work_id: WorkId, token: Address, payee: Address, version: int, amount: int, paid: int
    ) -> None:
        """A payee was paid; `paid` is cumulative for this payee, work, token and version.

        A push or a claim pays all that is due, so any other amount is inconsistent.
        """
        place = f"payout from work {work_id} version {version} to {payee} in {token}"
        _check_positive(place, amount)
        _check(f"{place}: amount", self.due(work_id, token, version, payee), amount)
        _check(f"{place}: paid", self.paid_to(work_id, token, version, payee) + amount, paid)
        self._versions[work_id][version - 1].paid[token, payee] = paid
        custody = self.custody(token)
        self._custody[token] = Custody(custody.paid_in, custody.paid_out + amount)

    def flow(self, work_id: WorkId, token: Address) -> Flow:
        """Cumulative income of a work and the part of it passed on; of an original, all of it."""
        return self._flows.get((work_id, token), Flow())

    def accrued(self, work_id: WorkId, token: Address) -> int:
        """Cumulative income that reached a work, as a numerator of `SHARE_SCALE`."""
        return self._accrued.get((work_id, token), 0)

    def custody(self, token: Address) -> Custody:
        """All payments in and all payouts, in base units."""
        return self._custody.get(token, Custody())

    def split_count(self, work_id: WorkId) -> int:
        """How many split versions the work has had; they count from 1."""
        return len(self._versions.get(work_id, ()))

    def split(self, work_id: WorkId, version: int) -> Split:
        """The split of one version; raises Inconsistent when there is no such version."""
        return self._version(work_id, version).split

    def segment_start(self, work_id: WorkId, token: Address, version: int) -> int:
        """The accrued numerator of `SHARE_SCALE` at which a version's segment begins."""
        return self._version(work_id, version).starts.get(token, 0)

    def segment_income(self, work_id: WorkId, token: Address, version: int) -> int:
        """What a version's segment took in so far, as a numerator of `SHARE_SCALE`."""
        start = self.segment_start(work_id, token, version)
        if version == self.split_count(work_id):
            return self.accrued(work_id, token) - start
        return self.segment_start(work_id, token, version + 1) - start

    def paid_to(self, work_id: WorkId, token: Address, version: int, payee: Address) -> int:
        """Base units paid to a payee so far from one version of one work."""
        return self._version(work_id, version).paid.get((token, payee), 0)

    def due(self, work_id: WorkId, token: Address, version: int, payee: Address) -> int:
        """Base units a payee can be paid now; zero for an account outside the split."""
        bps = self.split(work_id, version).bps_of(payee)
        entitled = self.segment_income(work_id, token, version) * bps // UNIT_NUMERATOR
        return entitled - self.paid_to(work_id, token, version, payee)

    def dues(self) -> Iterator[Due]:
        """All that can be paid now, by work, version, token and payee; nothing that is zero."""
        for work_id in sorted(self._versions):
            for version in range(1, self.split_count(work_id) + 1):
                for token in sorted(self._custody):
                    for share in self.split(work_id, version).shares:
                        amount = self.due(work_id, token, version, share.payee)
                        if amount:
                            yield Due(work_id, token, version, share.payee, amount)

    def unsettled(self, token: Address) -> int:
        """Base units paid for derivatives and not yet passed on."""
        return sum(f.gross - f.settled for (_, t), f in self._flows.items() if t == token)

    def check_identity(self, token: Address) -> None:
        """Raise Inconsistent unless every unit paid in is accrued or waiting, and none twice."""
        accrued = sum(value for (_, t), value in self._accrued.items() if t == token)
        _check(
            f"accrued and unsettled numerators in {token}",
            SHARE_SCALE * self.custody(token).paid_in,
            accrued + SHARE_SCALE * self.unsettled(token),
        )

    def _accrue(self, work_id: WorkId, token: Address, numerator: int) -> None:
        self._accrued[work_id, token] = self.accrued(work_id, token) + numerator

    def _version(self, work_id: WorkId, version: int) -> _SplitVersion:
        versions = self._versions.get(work_id, [])
        if not 1 <= version <= len(versions):
            raise Inconsistent(
                f"split versions of work {work_id}", f"up to {len(versions)}", version
            )
        return versions[version - 1]


def _check(place: str, expected: int, found: int) -> None:
    if expected != found:
        raise Inconsistent(place, expected, found)


def _check_positive(place: str, amount: int) -> None:
    if amount <= 0:
        raise Inconsistent(place, "a positive amount", amount)
