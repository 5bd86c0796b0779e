"""From evidence to usage events, or to the reason why not. Pure: no clock, no store, no network.

A mark heard in a found copy never pays by itself. It needs either the platform's signed generation
log or a second detection by another operator with another detector; the sound must be that of the
registered recording, for a mark can be copied onto other audio; and the derivative must be linked
on chain, for that link alone says whose work it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from chain.ledger.identifiers import Digest, GenerationId, LicenceId
from chain.ledger.rights import Tier
from chain.ledger.usage import UsageEvent, UsageKind
from oracle.chain_facts import ChainFacts, DerivativeStanding, LicenceStanding
from oracle.detection_report import DetectionReport
from oracle.generation_log import GenerationLog
from watermark.detection import Corroborated

# Detectors that agree, by different operators, when there is no generation log.
INDEPENDENT_DETECTORS_MIN: Final = 2


class WithheldReason(StrEnum):
    """Why evidence is not (yet) a usage event."""

    WATERMARK_ALONE = "watermark-alone"
    """A mark was heard, but nobody filed a log and no second detector agrees."""
    AMBIGUOUS = "ambiguous"
    """One found copy is said to carry several generations; a person must look."""
    OTHER_RECORDING = "other-recording"
    """The mark sits in another recording than it was made for: carried over or forged."""
    NOT_CORROBORATED = "not-corroborated"
    """Nobody compared the sound with the registered recording, or it was too short to tell."""
    SCORE_TOO_LOW = "score-too-low"
    """The mark's score is under the bar for payment."""
    FALSE_POSITIVE_TOO_LIKELY = "false-positive-too-likely"
    """An unmarked file would score as high too often."""
    NOT_LINKED = "not-linked"
    """No derivative is linked for this generation yet; it is looked at again later."""
    NOT_A_PARENT = "not-a-parent"
    """The licence's work is no parent of the derivative."""
    LICENCE_UNKNOWN = "licence-unknown"
    """No such licence was ever taken."""
    LICENCE_EXPIRED = "licence-expired"
    """The use lies outside the licence's time: it is unlicensed, which money does not mend."""
    LICENCE_UNFIT = "licence-unfit"
    """The licence does not allow generating."""


@dataclass(frozen=True)
class DetectionPolicy:
    """The bar a detection must clear to pay.

    With 10**6 registered generations and 4,000 offsets searched, a score of 8.7 standard deviations
    is reached by chance once in 10**9 files (normal tail, union bound).
    """

    z_milli_min: int = 8_700
    false_positive_ppb_max: int = 1_000


@dataclass(frozen=True)
class Withheld:
    """One thing that was not paid, and why; `licence_id` is None when it concerns all."""

    reason: WithheldReason
    licence_id: LicenceId | None = None


@dataclass(frozen=True)
class Attribution:
    """What evidence amounts to: events to count and things withheld. Never empty."""

    events: tuple[UsageEvent, ...] = ()
    withheld: tuple[Withheld, ...] = ()


def attribute_log(log: GenerationLog, facts: ChainFacts) -> Attribution:
    """One GENERATION event per licence of the log that is a parent's licence and was live."""
    return _attribute(
        UsageKind.GENERATION, log.generation_id, log.log_id, log.started_at, log.licence_ids, facts
    )


def attribute_detections(
    reports: Sequence[DetectionReport],
    logs: Mapping[GenerationId, GenerationLog],
    facts: ChainFacts,
    policy: DetectionPolicy,
) -> Attribution:
    """One DETECTION event per licence, from all reports on one found copy.

    `reports` are all verified reports on one `subject_pcm_sha256`, `logs` the generation logs filed
    for the generations they name. Licences come from the log, or from the derivative's link when
    two independent detectors stand in for a log. One report that calls the sound another recording
    withholds all: the contradiction is for people. The event's time is the earliest report's.
    """
    clear = [r for r in reports if r.z_milli >= policy.z_milli_min]
    if not clear:
        return _withhold(WithheldReason.SCORE_TOO_LOW)
    clear = [r for r in clear if r.false_positive_ppb <= policy.false_positive_ppb_max]
    if not clear:
        return _withhold(WithheldReason.FALSE_POSITIVE_TOO_LIKELY)
    if len({r.generation_id for r in clear}) > 1:
        return _withhold(WithheldReason.AMBIGUOUS)
    generation = clear[0].generation_id
    outcomes = {r.corroboration for r in reports if r.generation_id == generation}
    if Corroborated.OTHER_RECORDING in outcomes:
        return _withhold(WithheldReason.OTHER_RECORDING)
    clear = [r for r in clear if r.corroboration is Corroborated.SAME_RECORDING]
    if not clear:
        return _withhold(WithheldReason.NOT_CORROBORATED)
    log = logs.get(generation)
    if log is None and not _independent(clear):
        return _withhold(WithheldReason.WATERMARK_ALONE)
    licences = log.licence_ids if log is not None else _linked_licences(facts, generation)
    return _attribute(
        UsageKind.DETECTION,
        generation,
        clear[0].subject_pcm_sha256,
        min(r.observed_at for r in clear),
        licences,
        facts,
    )


def _independent(reports: Sequence[DetectionReport]) -> bool:
    """Two operators with two detectors: one operator twice, or one detector twice, is one voice."""
    operators = {r.operator.lower() for r in reports}
    detectors = {r.detector_digest for r in reports}
    return min(len(operators), len(detectors)) >= INDEPENDENT_DETECTORS_MIN


def _linked_licences(facts: ChainFacts, generation: GenerationId) -> tuple[LicenceId, ...]:
    derivative = facts.derivative(generation)
    if derivative is None:
        return ()
    return tuple(sorted({licence for _, licence in derivative.licence_by_parent}))


def _attribute(
    kind: UsageKind,
    generation: GenerationId,
    source_key: Digest,
    occurred_at: int,
    licences: Sequence[LicenceId],
    facts: ChainFacts,
) -> Attribution:
    derivative = facts.derivative(generation)
    if derivative is None:
        return _withhold(WithheldReason.NOT_LINKED)
    events: list[UsageEvent] = []
    withheld: list[Withheld] = []
    for licence_id in licences:
        reason = _why_not(facts.licence(licence_id), derivative, occurred_at)
        if reason is None:
            events.append(UsageEvent(kind, licence_id, generation, source_key, occurred_at))
        else:
            withheld.append(Withheld(reason, licence_id))
    return Attribution(tuple(events), tuple(withheld))


def _why_not(
    licence: LicenceStanding | None, derivative: DerivativeStanding, occurred_at: int
) -> WithheldReason | None:
    if licence is None:
        return WithheldReason.LICENCE_UNKNOWN
    if licence.tier != Tier.GENERATION:
        return WithheldReason.LICENCE_UNFIT
    if not licence.taken_at <= occurred_at < licence.expiry:
        return WithheldReason.LICENCE_EXPIRED
    if not derivative.has_parent(licence.work_id):
        return WithheldReason.NOT_A_PARENT
    return None


def _withhold(reason: WithheldReason) -> Attribution:
    return Attribution(withheld=(Withheld(reason),))
