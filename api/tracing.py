"""From a found file to the people it owes: mark, generation, licence, works, payees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from api import verdict
from api.application import Application
from api.reading import WorkShown, find_work
from chain.client.blocks import BlockPin
from chain.indexer.records import DerivativeRecord, LicenceRecord
from chain.ledger.identifiers import GenerationId
from chain.ledger.rights import BPS_WHOLE, Split, Tier
from chain.metrics.traceability import Step, TraceOutcome
from chain.provenance import (
    Cid,
    GenerationManifest,
    ProvenanceError,
    SealedManifest,
    get_manifest,
)
from watermark.detection import Detection, Identity, Marked, Unmarked

Progress = Callable[[float], None]


@dataclass(frozen=True)
class ParentTraced:
    """A work that went into a derivative, under which licence, and who is paid for it."""

    work: WorkShown
    licence: LicenceRecord
    licence_was_live: bool
    split: Split | None


@dataclass(frozen=True)
class GenerationTraced:
    """Where one identity leads. `derivative` None: the id was issued, and nothing is on chain."""

    identity: Identity
    derivative: DerivativeRecord | None
    work: WorkShown | None
    log: SealedManifest[GenerationManifest] | None
    parents: tuple[ParentTraced, ...]

    @property
    def last_step(self) -> Step:
        """The last step of the way that held. A mark in other audio resolves to nothing."""
        if self.derivative is None or self.identity.is_carried_over:
            return Step.DECODE
        if self.log is None:
            return Step.RESOLVE
        if not all(self._licence_fits(p) for p in self.parents):
            return Step.VERIFY_LOG
        if not self.parents or not all(p.work.titles for p in self.parents):
            return Step.LICENCE
        if not all(self._split_whole(p) for p in self.parents):
            return Step.WORKS
        return Step.PAYEES

    @property
    def told(self) -> str:
        """What comparing the sound says of this identity, in plain words."""
        return verdict.sound(self.identity)

    @property
    def places(self) -> str:
        """Where in the file the mark lies, in plain words."""
        return verdict.places(self.identity)

    @property
    def found_as(self) -> tuple[str, ...]:
        """How rare this is by chance, where it lies, how the copy was altered; in plain words."""
        where = self.places
        altered = verdict.alteration(self.identity)
        return (
            verdict.chance(self.identity.false_positive_rate),
            *((f"it lies at {where}",) if where else ()),
            *((f"this copy is {altered}, which was undone to read it",) if altered else ()),
        )

    def _licence_fits(self, parent: ParentTraced) -> bool:
        return parent.licence_was_live and parent.licence.terms.tier is Tier.GENERATION

    def _split_whole(self, parent: ParentTraced) -> bool:
        split = parent.split
        return split is not None and sum(share.bps for share in split.shares) == BPS_WHOLE


@dataclass(frozen=True)
class Trace:
    """What was heard in a file, and where each identity leads, as of one block."""

    name: str
    detection: Detection
    at: BlockPin
    generations: tuple[GenerationTraced, ...]

    @property
    def is_ambiguous(self) -> bool:
        """Several identities, or a mark in other audio than it was made for: evidence for a person

        to weigh, never a payment by itself.
        """
        return isinstance(self.detection, Marked) and self.detection.is_ambiguous

    @property
    def lookalikes(self) -> tuple[str, ...]:
        """Generations whose recording this seems to be, their mark missing: hints, in words."""
        if not isinstance(self.detection, Unmarked):
            return ()
        return tuple(
            f"sounds like generation {one.generation_id} from {one.offset_ms / 1000:.1f} s on, "
            f"without its mark ({one.agreeing} of {one.compared} landmarks agree): a hint, "
            "no evidence, and never a payment"
            for one in self.detection.lookalikes
        )

    def outcome(self, truth: GenerationId | None) -> TraceOutcome:
        """How this trace counts in a test set whose truth is known; None for an unmarked file.

        A mark in other audio than it was made for names nobody.
        """
        first = next((g for g in self.generations if not g.identity.is_carried_over), None)
        if first is None:
            step = Step.DETECT if isinstance(self.detection, Marked) else None
            return TraceOutcome(truth is not None, step, None)
        named = first.identity.generation_id.value == truth
        return TraceOutcome(truth is not None, first.last_step, named)


def trace(app: Application, found: Path, progress: Progress | None = None) -> Trace:
    """Listen to a file and follow every identity in it.

    Raises AudioRefused kinds and WatermarkFailure kinds, and what refreshing the index raises.
    """
    detection = app.watermark.detect(found, progress)
    at = app.refresh()
    identities = detection.identities if isinstance(detection, Marked) else ()
    return Trace(found.name, detection, at, tuple(follow(app, i, at) for i in identities))


def follow(app: Application, identity: Identity, at: BlockPin) -> GenerationTraced:
    """Where one identity leads."""
    generation = GenerationId(identity.generation_id.value)
    derivative = app.store.by_generation(generation, at=at)
    if derivative is None:
        return GenerationTraced(identity, None, None, None, ())
    work = find_work(app, derivative.child, at)
    log = generation_log(app, work)
    parents = []
    for parent in derivative.parents:
        shown = find_work(app, parent.work_id, at)
        licence = app.store.licence(parent.licence_id, at=at)
        assert shown is not None, "a linked parent is registered"
        assert licence is not None, "a link names a licence"
        split = app.store.split_in_force(parent.work_id, at=at)
        linked_at = derivative.place.timestamp
        live = licence.taken_at <= linked_at < licence.expiry
        parents.append(ParentTraced(shown, licence, live, split.split if split else None))
    return GenerationTraced(identity, derivative, work, log, tuple(parents))


def generation_log(
    app: Application, derivative: WorkShown | None
) -> SealedManifest[GenerationManifest] | None:
    """The log that a derivative's manifest cites, if it is held here and hashes to its id."""
    if derivative is None or derivative.generation is None:
        return None
    try:
        return get_manifest(app.blocks, Cid.parse(derivative.generation), GenerationManifest)
    except ProvenanceError:
        return None
