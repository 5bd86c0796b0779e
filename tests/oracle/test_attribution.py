"""What pays and what does not: each rule of attribution, one at a time."""

from __future__ import annotations

import pytest

from chain.ledger.identifiers import GenerationId, LicenceId, WorkId
from chain.ledger.rights import Tier
from chain.ledger.usage import UsageKind
from oracle.attribution import (
    Attribution,
    DetectionPolicy,
    Withheld,
    WithheldReason,
    attribute_detections,
    attribute_log,
)
from oracle.chain_facts import DerivativeStanding
from oracle.detection_report import DetectionReport
from oracle.generation_log import GenerationLog
from tests.oracle.evidence_fixtures import (
    DAY,
    GENERATION,
    NOW,
    OPERATORS,
    LittleWorld,
    a_log,
    a_report,
    digest,
    little_world,
)
from watermark.detection import Corroborated


def heard(
    *reports: DetectionReport, log: GenerationLog | None = None, world: LittleWorld | None = None
) -> Attribution:
    logs = {} if log is None else {log.generation_id: log}
    return attribute_detections(reports, logs, world or little_world(), DetectionPolicy())


def only_reason(attribution: Attribution) -> WithheldReason:
    assert attribution.events == ()
    (withheld,) = attribution.withheld
    assert withheld.licence_id is None
    return withheld.reason


def test_a_log_pays_every_parent_licence_once() -> None:
    log = a_log()

    attribution = attribute_log(log, little_world())

    assert [e.licence_id for e in attribution.events] == [1, 2]
    assert {e.kind for e in attribution.events} == {UsageKind.GENERATION}
    assert {e.source_key for e in attribution.events} == {log.log_id}
    assert {e.occurred_at for e in attribution.events} == {log.started_at}
    assert attribution.withheld == ()


def test_a_log_waits_until_its_derivative_is_linked() -> None:
    world = little_world()
    world.derivatives.clear()

    assert only_reason(attribute_log(a_log(), world)) == WithheldReason.NOT_LINKED


def test_a_licence_of_a_work_that_is_no_parent_is_withheld_alone() -> None:
    world = little_world()
    world.derivatives[GENERATION] = DerivativeStanding(WorkId(20), ((WorkId(11), LicenceId(1)),))

    attribution = attribute_log(a_log(), world)

    assert [e.licence_id for e in attribution.events] == [1]
    assert attribution.withheld == (Withheld(WithheldReason.NOT_A_PARENT, LicenceId(2)),)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"expiry": NOW - 60}, WithheldReason.LICENCE_EXPIRED),
        ({"taken_at": NOW}, WithheldReason.LICENCE_EXPIRED),
        ({"tier": Tier.TRAINING}, WithheldReason.LICENCE_UNFIT),
    ],
)
def test_a_licence_that_does_not_cover_the_use_is_withheld_alone(
    change: dict[str, object], reason: WithheldReason
) -> None:
    world = little_world()
    world.change_licence(1, **change)

    attribution = attribute_log(a_log(), world)

    assert [e.licence_id for e in attribution.events] == [2]
    assert attribution.withheld == (Withheld(reason, LicenceId(1)),)


def test_an_unknown_licence_is_withheld_alone() -> None:
    world = little_world()
    del world.licences[1]

    assert attribute_log(a_log(), world).withheld == (
        Withheld(WithheldReason.LICENCE_UNKNOWN, LicenceId(1)),
    )


def test_a_watermark_alone_never_pays() -> None:
    assert only_reason(heard(a_report())) == WithheldReason.WATERMARK_ALONE


def test_a_detection_with_its_log_pays_every_parent_licence() -> None:
    attribution = heard(a_report(), log=a_log())

    assert [(e.kind, e.licence_id) for e in attribution.events] == [
        (UsageKind.DETECTION, 1),
        (UsageKind.DETECTION, 2),
    ]
    assert {e.source_key for e in attribution.events} == {digest("found copy")}


def test_two_independent_detectors_stand_in_for_a_log() -> None:
    attribution = heard(
        a_report(OPERATORS[0], observed_at=NOW - 5),
        a_report(OPERATORS[1], observed_at=NOW - 50, detector_digest=digest("detector B")),
    )

    assert [e.licence_id for e in attribution.events] == [1, 2]
    assert {e.occurred_at for e in attribution.events} == {NOW - 50}


def test_one_operator_with_two_detectors_is_one_voice() -> None:
    first, second = a_report(), a_report(detector_digest=digest("detector B"))

    assert only_reason(heard(first, second)) == WithheldReason.WATERMARK_ALONE


def test_two_operators_with_one_detector_are_one_voice() -> None:
    first, second = a_report(OPERATORS[0]), a_report(OPERATORS[1])

    assert only_reason(heard(first, second)) == WithheldReason.WATERMARK_ALONE


def test_a_second_detection_of_the_same_file_makes_no_second_event() -> None:
    once = heard(a_report(), log=a_log())
    twice = heard(a_report(), a_report(OPERATORS[1], observed_at=NOW - 9), log=a_log())

    assert [e.event_id for e in twice.events] == [e.event_id for e in once.events]


def test_a_copy_that_names_two_generations_pays_neither() -> None:
    second = a_report(OPERATORS[1], generation_id=GenerationId(8))

    assert only_reason(heard(a_report(), second, log=a_log())) == WithheldReason.AMBIGUOUS


def test_a_faint_second_name_does_not_hold_up_a_clear_one() -> None:
    faint = a_report(OPERATORS[1], generation_id=GenerationId(8), z_milli=4_900)

    assert len(heard(a_report(), faint, log=a_log()).events) == 2


def test_a_score_under_the_bar_does_not_pay() -> None:
    report = a_report(z_milli=8_699)

    assert only_reason(heard(report, log=a_log())) == WithheldReason.SCORE_TOO_LOW


def test_a_detector_that_errs_too_often_does_not_pay() -> None:
    report = a_report(false_positive_ppb=1_001)

    assert only_reason(heard(report, log=a_log())) == WithheldReason.FALSE_POSITIVE_TOO_LIKELY


def test_a_mark_carried_over_to_other_audio_is_never_paid() -> None:
    """Neither a log nor any number of operators mends it."""
    other = Corroborated.OTHER_RECORDING
    reports = [
        a_report(OPERATORS[0], corroboration=other),
        a_report(OPERATORS[1], corroboration=other, detector_digest=digest("detector B")),
    ]

    assert only_reason(heard(*reports, log=a_log())) == WithheldReason.OTHER_RECORDING


@pytest.mark.parametrize("z_milli", [14_100, 4_900], ids=["clear", "faint"])
def test_one_operator_who_hears_another_recording_withholds_all(z_milli: int) -> None:
    doubt = a_report(OPERATORS[1], corroboration=Corroborated.OTHER_RECORDING, z_milli=z_milli)

    assert only_reason(heard(a_report(), doubt, log=a_log())) == WithheldReason.OTHER_RECORDING


def test_a_mark_whose_sound_nobody_compared_waits() -> None:
    report = a_report(corroboration=Corroborated.NOT_CHECKED)

    assert only_reason(heard(report, log=a_log())) == WithheldReason.NOT_CORROBORATED


def test_an_operator_who_could_not_compare_does_not_hold_up_one_who_did() -> None:
    unchecked = a_report(OPERATORS[1], corroboration=Corroborated.NOT_CHECKED)

    assert len(heard(a_report(), unchecked, log=a_log()).events) == 2


def test_detectors_that_did_not_compare_the_sound_do_not_stand_in_for_a_log() -> None:
    unchecked = a_report(
        OPERATORS[1],
        corroboration=Corroborated.NOT_CHECKED,
        detector_digest=digest("detector B"),
    )

    assert only_reason(heard(a_report(), unchecked)) == WithheldReason.WATERMARK_ALONE


def test_a_copy_found_before_its_derivative_is_linked_waits() -> None:
    world = little_world()
    world.derivatives.clear()

    assert only_reason(heard(a_report(), log=a_log(), world=world)) == WithheldReason.NOT_LINKED


def test_a_copy_found_after_the_licence_ended_is_not_paid_by_it() -> None:
    late = a_report(observed_at=NOW + 40 * DAY)

    attribution = heard(late, log=a_log())

    assert {w.reason for w in attribution.withheld} == {WithheldReason.LICENCE_EXPIRED}
    assert attribution.events == ()
